"""Exercise 3 term by term: against differences, the backward pass, and a literal transcription of the sheet."""

from dataclasses import replace
from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore import logits as lab
from mlpcore.logits import LABS, Lab
from mlpcore.logits.derived import jacobians, terms
from mlpcore.setup import with_cells


@st.composite
def labs(draw, most=5, examples=4):
    classes, N = draw(st.integers(2, most)), draw(st.integers(1, examples))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = list(rng.integers(classes, size=N))
    conventions = mlp.Conventions(draw(st.sampled_from(tuple(mlp.LAYOUTS))), draw(st.sampled_from((None, "1", "1/N"))))
    loss = mlp.SoftmaxHinge(margin=float(rng.normal() / 2))
    return Lab(2 * rng.normal(size=(classes, N)), lab.one_hot(labels, classes), loss, conventions)


@given(labs())
def test_every_line_holds_for_every_cell(one):
    for derived in (terms(one), jacobians(one)):
        for claim in derived.claims:
            assert claim.verdict != "disagrees", (claim.step, claim.error)
            assert claim.holds or "differences" in claim.against, (claim.step, claim.error)


@given(labs())
def test_the_first_line_is_the_worksheets_sum_over_rivals(one):
    """A literal transcription: sum_l p_j (1[l=j] - 1[y=j] - p_l + p_y) 1[p_l - p_y + m >= 0]."""
    e = np.exp(one.logits)
    p = e / e.sum(axis=0)
    c = 1 / one.N if one.conventions.scale == "1/N" else 1
    found = terms(one)
    for (j, n), value in zip(found.cells, found.claims[0].value, strict=True):
        y, total = one.labels[n], 0.0
        for r in range(one.classes):
            if r != y and p[r, n] - p[y, n] + one.loss.margin >= 0:
                total += p[j, n] * ((r == j) - (y == j) - p[r, n] + p[y, n])
        assert value == pytest.approx(c * total, rel=1e-11, abs=1e-14)


@given(labs())
def test_the_terms_add_up_and_only_active_rivals_have_one(one):
    found = terms(one)
    cell = next(s.out for s in found.steps if s.op.name == "sum over competing classes")
    np.testing.assert_allclose(found.values[cell], found.claims[0].value, rtol=1e-12, atol=1e-15)
    lay = one.conventions.lay
    active = lay.convert(mlp.A, found.values[mlp.A])
    for (_, n), block in zip(found.cells, found.values[mlp.Var("terms")], strict=True):
        block = lay.convert(mlp.P, block)
        assert not block[active == 0].any()
        assert not np.delete(block, n, axis=1).any()


@given(labs())
def test_rows_and_columns_of_the_jacobian_sum_to_zero(one):
    found = jacobians(one)
    J = next(v for v in found.stacked if v.kind == "dPdO")
    assert np.abs(found.values[J].sum(axis=1)).max() < 1e-15
    assert np.abs(found.values[J].sum(axis=2)).max() < 1e-15


@given(labs(), st.floats(-50, 50))
def test_columns_sum_to_zero_and_a_shift_of_the_logits_changes_nothing(one, shift):
    values = one.run()[1]
    upright = one.conventions.lay.convert(mlp.dO, values[mlp.dO])
    assert np.abs(upright.sum(axis=0)).max() < 1e-14
    shifted = replace(one, logits=one.logits + shift).run()[1]
    gaps = np.abs(values[mlp.G][values[mlp.Y] == 0])
    if gaps.min(initial=1) > 1e-9:
        np.testing.assert_allclose(shifted[mlp.dO], values[mlp.dO], rtol=1e-9, atol=1e-12)


def test_a_wrong_term_is_caught(monkeypatch):
    """The seals are lost when the worksheet's term is changed by a sign or by one part in a thousand."""
    from mlpcore.logits import derived as module

    right = module.GAP_DERIVATIVE
    for wrong in (lambda *a: -right(*a), lambda *a: 1.001 * right(*a)):
        monkeypatch.setattr(module, "GAP_DERIVATIVE", replace(right, arithmetic=wrong))
        first, local, *_, whole = module.terms(LABS["ten"].lab).claims
        assert not first.holds
        assert not local.holds
        assert not whole.holds


def test_the_three_authorities_disagree_when_one_is_wrong(monkeypatch):
    from mlpcore.logits import comparison

    one = LABS["ten"].lab
    assert lab.cross_check(one).verdict == "agrees"
    steps, values = one.run()
    bent = {**values, mlp.dO: values[mlp.dO] * (1 + 1e-5)}
    said = lab.cross_check(one, (steps, bent))
    assert said.closed > lab.CLOSE
    assert not said.check.agrees
    monkeypatch.setattr(comparison, "closed_form", lambda *a: lab.closed_form(*a) * (1 + 1e-10))
    assert lab.cross_check(one).verdict == "disagrees"


def test_at_a_tie_the_worksheet_counts_the_rival_and_the_kink_is_named():
    tie = LABS["tie"].lab
    here = lab.find_corner(tie)
    assert set(here.at) == {(1, 0), (0, 1)}
    assert here.right - here.left == 2
    assert here.counted > here.left_out
    skipped = lab.cross_check(tie).check.skipped
    assert {s.kink for s in skipped} == {mlp.G}
    assert lab.find_corner(LABS["ten"].lab) is None


@given(labs())
def test_a_kinks_margin_puts_its_gap_at_exactly_zero(one):
    kink = lab.find_kinks(one.logits, one.targets, one.loss)[0]
    at = replace(one, loss=replace(one.loss, margin=kink.margin))
    gap = one.conventions.lay.convert(mlp.G, at.run()[1][mlp.G])[kink.competing_class, kink.example]
    assert gap == 0
    assert (kink.competing_class, kink.example) in lab.find_corner(at).at


# --- numbers at the edge -----------------------------------------------------------------------


def precise(column, y, margin):
    """Loss and gradient of one example in 60 digits."""
    getcontext().prec = 60
    o = [Decimal(x) for x in column]
    e = [(x - max(o)).exp() if x - max(o) > -(10**5) else Decimal(0) for x in o]
    p = [x / sum(e) for x in e]
    m = Decimal(margin)
    active = [r for r in range(len(o)) if r != y and p[r] - p[y] + m >= 0]
    loss = sum((p[r] - p[y] + m for r in active), Decimal(0))
    gradient = [sum((p[j] * ((r == j) - (y == j) - p[r] + p[y]) for r in active), Decimal(0)) for j in range(len(o))]
    return float(loss), [float(g) for g in gradient]


@pytest.mark.parametrize("y", [0, 1, 2])
@pytest.mark.parametrize("margin", [0.3, 1.0, -0.2])
@pytest.mark.parametrize("size", [745.0, 1e4, 1e308, 20.0])
def test_enormous_logits_are_finite_and_right_to_the_last_digits(size, margin, y):
    column = [size, 0.0, -size]
    one = Lab(np.array([column]).T, lab.one_hot([y], 3), mlp.SoftmaxHinge(margin))
    values = one.run()[1]
    loss, gradient = precise(column, y, margin)
    assert np.isfinite(values[mlp.dO]).all()
    assert float(values[mlp.loss]) == pytest.approx(loss, rel=1e-14, abs=2.3e-16)
    np.testing.assert_allclose(values[mlp.dO][:, 0], gradient, rtol=1e-12, atol=2.3e-16)


# --- logits that are edited ----------------------------------------------------------------------


def test_one_class_has_no_rival():
    values = LABS["one"].lab.run()[1]
    assert values[mlp.loss] == 0
    assert not values[mlp.dO].any()


@pytest.mark.parametrize("layout", list(mlp.LAYOUTS))
def test_cells_of_a_laboratory_are_edited_like_those_of_a_network(layout):
    one = replace(LABS["four answers"].lab, conventions=mlp.Conventions(layout))
    cell = one.conventions.lay.convert_cell(mlp.O, (2, 1))
    new, refused = with_cells(one, [(mlp.O, cell, 7.5), (mlp.margin, (), -0.25), (mlp.P, (0, 0), 1.0)])
    assert new.logits[2, 1] == 7.5
    assert new.loss.margin == -0.25
    assert [(r.var, r.why) for r in refused] == [(mlp.P, "P is computed, not typed")]
    moved, _ = with_cells(one, [(mlp.Y, cell, 1.0)])
    assert moved.labels[1] == 2
    assert one.logits[2, 1] == 0.2


@pytest.mark.parametrize(
    ("logits", "says"),
    [(np.zeros((51, 1)), "up to 50 classes"), (np.zeros((2, 257)), "256 examples"), ([[np.inf]], "must be finite")],
)
def test_logits_beyond_the_limits_are_refused_with_the_limit(logits, says):
    shape = np.shape(logits)
    with pytest.raises(ValueError, match=says):
        Lab(logits, lab.one_hot([0] * shape[1], shape[0]))


def test_exercise_3_is_about_one_loss():
    other = replace(LABS["ten"].lab, loss=mlp.CrossEntropy())
    for derive in (terms, jacobians):
        with pytest.raises(ValueError, match="hinge on probabilities"):
            derive(other)
    assert lab.cross_check(other).closed is None


@pytest.mark.parametrize("example", range(4))
def test_an_example_made_wrong_is_wrong_and_the_hinge_lets_go_of_it(example):
    one = lab.make_confidently_wrong(LABS["four answers"].lab, example)
    assert lab.compute_true_class_probabilities(one)[example] < 0.05
    found = lab.compare(one.logits, one.targets, lab.list_class_losses(0.3), mlp.Conventions(scale="1"))
    assert found["SoftmaxHinge"].norms[example] < 0.1 < 0.9 < found["CrossEntropy"].norms[example]


@pytest.mark.parametrize("name", list(LABS))
def test_every_example_runs_and_its_authorities_agree(name):
    example = LABS[name]
    assert example.title
    assert example.look
    found = lab.cross_check(example.lab)
    assert found.closed is None or found.closed <= lab.CLOSE
    assert (
        found.check.agrees
        or {s.reason for s in found.check.skipped} == {"kink"}
        or not example.lab.run()[1][mlp.dO].any()
    )
    assert found.verdict != "disagrees"
