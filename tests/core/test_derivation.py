"""Exercise 1: every statement of the derivation on random networks, against authorities of its own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.derivation import derive, targets
from mlpcore.equations.steps import feeds
from tests.core.test_cells import evaluate_text
from tests.strategies import setups

SHEET = mlp.EXAMPLES["worksheet"].setup


def drawn(data, setup):
    assume(targets(setup.net))  # none where every layer is softmax
    return data.draw(st.sampled_from(targets(setup.net)))


def local_of(d):
    return d.values[next(v for v in d.stacked if v.kind.startswith("dZd"))]


@given(setups(), st.data())
def test_every_line_is_true(setup, data):
    d = derive(setup, drawn(data, setup))
    for claim in d.claims:
        assert claim.verdict != "disagrees" or not claim.meant, (claim.step, claim.error)
        assert claim.holds or not claim.meant or "differences" in claim.against, (claim.step, claim.error)
    written = [c for c in d.claims if c.step.out == d.gradient and c.meant]
    assert written or d.target.kind == "S"


@given(setups(max_depth=3), st.data())
def test_local_derivatives_are_the_sheet_s_sums_with_indicators(setup, data):
    """A literal transcription: four loops and the indicator."""
    target = drawn(data, setup)
    d = derive(setup, target)
    turn, net = setup.conventions.lay.convert, setup.net
    values = {v: turn(v, x) for v, x in setup.run()[1].items()}
    layer, top = target.layer, d.top
    f = net[top].f
    slope = np.ones_like(values[mlp.S(top)]) if f.derivative is None else f.derivative(values[mlp.S(top)])
    slope = slope * values.get(mlp.mask(top), 1)
    found = np.asarray(turn(mlp.dZ(top), local_of(d)))
    for c, cell in enumerate(d.cells):
        for k, n in np.ndindex(slope.shape):
            i, j = (*cell, None)[:2]
            if target.kind == "W":
                wanted = slope[k, n] * values[mlp.Z(layer - 1)][j, n] * (i == k)
            elif target.kind == "b":
                wanted = slope[k, n] * (i == k)
            elif target.kind == "Z":
                wanted = slope[k, n] * values[mlp.W(top)][k, i] * (j == n)
            else:
                wanted = slope[k, n] * (i == k) * (j == n)
            assert found[c, k, n] == pytest.approx(wanted, rel=1e-12, abs=1e-14)


@given(setups(max_depth=3, activations=("identity", "tanh", "gelu", "softplus")), st.data())
def test_local_derivatives_agree_with_differences_of_the_pass(setup, data):
    """Nudge the cell, run the pass of a whole new network, look at Z: none of the derivation's code."""
    target = drawn(data, setup)
    if target.kind not in "Wb":
        target = next(v for v in targets(setup.net) if v.kind == "W")
    d = derive(setup, target)
    found = np.asarray(setup.conventions.lay.convert(mlp.dZ(d.top), local_of(d)))
    value, h = dict(setup.net.parameters())[target], 1e-5
    for c, cell in enumerate(d.cells):
        at = []
        for sign in (1, -1):
            nudged = value.copy()
            nudged[cell] += sign * h
            at.append(mlp.trace(setup.net.with_parameters({target: nudged}), setup.batch, setup.loss)[1][mlp.Z(d.top)])
        np.testing.assert_allclose(found[c], (at[0] - at[1]) / (2 * h), rtol=1e-5, atol=1e-7)


@given(setups(), st.data())
def test_frobenius_products_fill_the_gradient(setup, data):
    d = derive(setup, drawn(data, setup))
    gradient = setup.without_penalty().run()[1][d.gradient]
    filled = np.full(gradient.shape, np.nan)
    for cell, value in zip(d.cells, d.claims[0].value, strict=True):
        filled[setup.conventions.lay.convert_cell(d.gradient, cell)] = value
    scale = max(np.abs(gradient).max(), 1e-12)
    np.testing.assert_allclose(filled, gradient, rtol=1e-9, atol=1e-12 * scale)


@given(setups(max_depth=2, max_width=3), st.data())
def test_numbers_written_out_give_the_value(setup, data):
    target = drawn(data, setup)
    cell = tuple(0 for _ in derive(setup, target).sizes)
    d = derive(setup, target, cells=[cell])
    single = {v: x[0] if v in d.stacked else x for v, x in d.values.items()}
    for claim in d.claims:
        if claim.per_cell and not claim.step.op.makes:
            text = mlp.cells.numbers(claim.step, single, (), longest=10**6)
            assert evaluate_text(text) == pytest.approx(float(claim.value[0]), rel=1e-9, abs=1e-12), text


@given(setups(max_depth=2, max_width=3), st.data())
def test_equations_read_what_they_declare(setup, data):
    """Push each operand cell of each equation, indicators included, on values without zeros."""
    d = derive(setup, drawn(data, setup), cells=None)
    rng = np.random.default_rng(0)
    for step in [*d.steps, *(c.step for c in d.claims)]:
        shapes = {v: np.shape(d.values[v])[(v in d.stacked) :] for v in step.operands}
        values = {v: rng.uniform(0.3, 0.9, shape) for v, shape in shapes.items()}
        before = np.asarray(step.op(*(values[v] for v in step.operands)))
        for position, operand in enumerate(step.operands):
            for cell in np.ndindex(shapes[operand]):
                pushed = values[operand].copy()
                pushed[cell] += 0.37
                after = np.asarray(step.op(*({**values, operand: pushed}[v] for v in step.operands)))
                declared = np.zeros(before.shape, dtype=bool)
                for k, v in enumerate(step.operands):
                    if v == operand:
                        declared[feeds(step, k, cell)] = True
                moved = before != after
                assert not (moved & ~declared).any(), (step, operand)
                smooth = step.op.name in ("pick", "local derivative", "Frobenius product", "sum of products")
                if smooth and step.operands.count(operand) == 1:
                    assert moved[feeds(step, position, cell)].all(), (step, operand)


@pytest.mark.parametrize("wrong", [lambda x: 1.001 * x, lambda x: -x, lambda x: x + 1e-3])
@pytest.mark.parametrize("target", [mlp.W(1), mlp.S(1), mlp.Z(1), mlp.W(2)])
def test_a_wrong_gradient_breaks_a_line(target, wrong):
    steps, values = SHEET.run()
    layer = target.layer + (target.kind == "Z")
    d = derive(SHEET, target, trace=(steps, {**values, mlp.dZ(layer): wrong(values[mlp.dZ(layer)])}))
    assert not d.claims[0].holds


def test_the_updated_weights_give_another_number():
    line = derive(SHEET, mlp.Z(1)).claims[-1]
    assert not line.meant
    assert not line.holds
    by_hand = SHEET.run()[1][mlp.after(mlp.W(2))].T @ SHEET.run()[1][mlp.delta(2)]
    np.testing.assert_allclose(line.value, by_hand)
    still = derive(replace(SHEET, rate=0.0), mlp.Z(1)).claims[-1]
    assert still.holds


def test_the_sheet_s_own_cell():
    d = derive(SHEET, mlp.W(1), cells=[(2, 1)])
    assert np.nonzero(local_of(d)[0])[0].tolist() == [2, 2, 2]  # relu' drops the fourth
    assert float(d.claims[0].value[0]) == pytest.approx(0.0018, abs=1e-4)


@pytest.mark.parametrize("bad", [mlp.Z(0), mlp.Z(2), mlp.b(1), mlp.W(3), mlp.Y])
def test_what_cannot_be_derived_by_is_refused_with_what_can(bad):
    with pytest.raises(ValueError, match="there is one by"):
        derive(SHEET, bad)


@pytest.mark.parametrize("cell", [(3, 0), (-1, 0), (0,)])
def test_a_cell_that_is_not_there(cell):
    with pytest.raises(ValueError, match=r"shape \(3, 2\)"):
        derive(SHEET, mlp.W(1), cells=[cell])


def test_an_infinity_is_left_out_where_an_indicator_is_zero():
    big = replace(SHEET, batch=mlp.Batch([[1e308, 0.2], [0.8, 1e308]], [[1.0, 1.0]]))
    net = mlp.Network((mlp.Layer([[1e308, 0.0], [0.5, 0.5]]), mlp.Layer([[1.0, 0.0]])))
    d = derive(replace(big, net=net), mlp.W(2), cells=[(0, 1)])
    assert np.isfinite(local_of(d)).all()
