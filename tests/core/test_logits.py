"""A loss on its own: three authorities, kinks of the margin, curves, comparison, descent."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore import logits as lab
from mlpcore.checking.numerical_gradients import check_steps
from mlpcore.losses import softmax

CLASS_LOSSES = {n: c() for n, c in mlp.LOSSES.items() if c.one_hot}
HINGES = [n for n, c in CLASS_LOSSES.items() if mlp.margin in c.constants()]


def drawn(classes, N, seed):
    rng = np.random.default_rng(seed)
    return 2 * rng.normal(size=(classes, N)), lab.one_hot(list(rng.integers(classes, size=N)), classes), rng


sizes = (st.integers(2, 50), st.integers(1, 5), st.integers(0, 2**32 - 1))


@given(*sizes)
def test_closed_form_backward_pass_and_differences_agree(classes, N, seed):
    o, y, rng = drawn(classes, N, seed)
    loss = mlp.SoftmaxHinge(margin=float(rng.normal()))
    steps, values = lab.run(o, y, loss)
    np.testing.assert_allclose(lab.closed_form(o, y, loss), values[mlp.dO], rtol=1e-11, atol=1e-13)
    assert check_steps(steps, values).worst < 1e-7


@pytest.mark.parametrize("name", list(CLASS_LOSSES))
@given(*sizes)
def test_it_is_the_gradient_that_enters_a_network(name, classes, N, seed):
    o, y, _ = drawn(min(classes, 8), N, seed)
    net = mlp.Network((mlp.Layer(np.eye(len(o))),))
    inside = mlp.trace(net, mlp.Batch(o, y), CLASS_LOSSES[name])[1][mlp.dZ(1)]
    np.testing.assert_array_equal(lab.run(o, y, CLASS_LOSSES[name])[1][mlp.dO], inside)


@pytest.mark.parametrize("name", HINGES)
@given(st.integers(2, 8), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_at_a_kink_a_gap_is_zero_and_the_slopes_are_one_sided(name, classes, N, seed):
    o, y, _ = drawn(classes, N, seed)
    loss = CLASS_LOSSES[name]
    found = lab.find_kinks(o, y, loss)
    assert len(found) == N * (classes if name == "OneVsAll" else classes - 1)
    assert found == sorted(found, key=lambda k: k.margin)
    for kink in found[:4]:
        gap = lab.run(o, y, replace(loss, margin=kink.margin))[1][mlp.G][kink.competing_class, kink.example]
        assert abs(gap) < 1e-12
    kink = found[len(found) // 2].margin
    h = 1e-6
    apart = min((abs(k.margin - kink) for k in found if k.margin != kink), default=1)
    (left,), (right,) = lab.compute_margin_derivatives([kink], o, y, loss)
    if apart > 10 * h:
        at = lab.sweep_margin(o, y, loss, np.array([kink - h, kink, kink + h])).loss
        assert (at[1] - at[0]) / h == pytest.approx(left, abs=1e-4)
        assert (at[2] - at[1]) / h == pytest.approx(right, abs=1e-4)
        if name in ("ScoreHinge", "SoftmaxHinge", "OneVsAll"):
            assert right - left == 1


def test_one_sided_slopes_where_the_gap_is_exactly_zero():
    o, y = np.array([[1.0], [0.0], [-3.0]]), lab.one_hot([0], 3)

    def slopes(loss, *margins):
        return [(float(a), float(b)) for a, b in zip(*lab.compute_margin_derivatives(margins, o, y, loss), strict=True)]

    assert slopes(mlp.ScoreHinge(), 1.0, 4.0) == [(0, 1), (1, 2)]
    assert slopes(mlp.CrammerSinger(), 4.0) == [(1, 1)]  # the strongest alone counts
    assert slopes(mlp.SquaredHinge(), 1.0)[0] == pytest.approx((0, 0), abs=1e-12)  # squared: no corner


@pytest.mark.parametrize("name", HINGES)
@given(st.integers(2, 6), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_a_curve_over_margins_is_its_points(name, classes, N, seed):
    o, y, rng = drawn(classes, N, seed)
    margins = np.sort(rng.normal(size=5))
    curve = lab.sweep_margin(o, y, CLASS_LOSSES[name], margins)
    for k, m in enumerate(margins):
        values = lab.run(o, y, replace(CLASS_LOSSES[name], margin=float(m)))[1]
        assert curve.loss[k] == pytest.approx(float(values[mlp.loss]), rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(curve.gradient[k], values[mlp.dO], rtol=1e-12, atol=1e-14)
        assert curve.norm[k] == pytest.approx(np.linalg.norm(values[mlp.dO]), rel=1e-12)


@pytest.mark.parametrize("name", list(CLASS_LOSSES))
@given(st.integers(2, 6), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_a_sweep_is_its_points(name, classes, N, seed):
    o, y, rng = drawn(classes, N, seed)
    at = rng.normal(size=4)
    curve = lab.sweep(o, y, CLASS_LOSSES[name], (1, 0), at)
    for k, x in enumerate(at):
        moved = o.copy()
        moved[1, 0] = x
        values = lab.run(moved, y, CLASS_LOSSES[name])[1]
        assert curve.loss[k] == pytest.approx(float(values[mlp.loss]), rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(curve.gradient[k], values[mlp.dO], rtol=1e-12, atol=1e-14)


def test_confidently_wrong_the_hinge_lets_go_and_cross_entropy_does_not():
    """The point of exercise 3: largest loss, vanishing gradient."""
    o, y = np.array([[0.0], [30.0], [0.0]]), lab.one_hot([0], 3)
    found = lab.compare(o, y, CLASS_LOSSES)
    assert found["SoftmaxHinge"].loss == pytest.approx(3.0, abs=1e-6)  # of at most 3: (1 - 0 + 1) + (0 - 0 + 1)
    assert found["SoftmaxHinge"].norm < 1e-10
    assert found["CrossEntropy"].norm > 1


@given(st.integers(2, 6), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_norms_and_cosines_are_those_of_vectors(classes, N, seed):
    o, y, _ = drawn(classes, N, seed)
    found = lab.compare(o, y, CLASS_LOSSES)
    reference = found["CrossEntropy"].gradient
    assert found["CrossEntropy"].cosine == pytest.approx(1)
    for c in found.values():
        for n in range(N):
            a, b = c.gradient[:, n], reference[:, n]
            assert c.norms[n] == pytest.approx(np.linalg.norm(a))
            if np.linalg.norm(a) > 0:
                assert c.cosines[n] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
            else:
                assert np.isnan(c.cosines[n])


@pytest.mark.parametrize("name", list(CLASS_LOSSES))
def test_the_simplex_is_reached_through_the_logs(name):
    p = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05], [1 / 3, 1 / 3, 1 / 3]])
    curve = lab.evaluate_on_simplex(p, 0, CLASS_LOSSES[name])
    for k, row in enumerate(p):
        values = lab.run(np.log(row)[:, None], lab.one_hot([0], 3), CLASS_LOSSES[name])[1]
        assert curve.loss[k] == pytest.approx(float(values[mlp.loss]))
        np.testing.assert_allclose(curve.gradient[k], values[mlp.dO], rtol=1e-12)
        np.testing.assert_allclose(softmax(np.log(row)[:, None])[:, 0], row)


@pytest.mark.parametrize("name", list(CLASS_LOSSES))
def test_descent_takes_the_steps_it_shows(name):
    o, y = np.array([[0.1, -1.0], [0.3, 0.2], [0.0, 0.5]]), lab.one_hot([0, 2], 3)
    path = lab.descend(o, y, CLASS_LOSSES[name], 0.2, 3)
    here = o
    for k in range(4):
        values = lab.run(here, y, CLASS_LOSSES[name])[1]
        np.testing.assert_allclose(path.at[k], softmax(here), rtol=1e-12)
        assert path.loss[k] == pytest.approx(float(values[mlp.loss]))
        here = here - 0.2 * values[mlp.dO]
    assert path.loss[-1] < path.loss[0]


@pytest.mark.parametrize("layout", list(mlp.LAYOUTS))
def test_layouts_turn_the_laboratory_too(layout):
    o, y, _ = drawn(4, 3, 0)
    plain = lab.run(o, y, mlp.SoftmaxHinge())[1]
    turned = lab.run(o, y, mlp.SoftmaxHinge(), mlp.Conventions(layout))[1]
    np.testing.assert_allclose(turned[mlp.dO], plain[mlp.dO] if layout == "columns" else plain[mlp.dO].T)


@pytest.mark.parametrize(
    ("logits", "targets", "says"),
    [
        ([[1.0, np.nan]], [[1, 1]], "must be finite"),
        ([[1.0], [2.0]], [[1]], "need to be the same"),
        ([[1.0], [2.0]], [[1], [1]], "one-hot"),
        ([["a"]], [[1]], "must be a number"),
    ],
)
def test_bad_input_is_named(logits, targets, says):
    with pytest.raises(ValueError, match=says):
        lab.run(logits, targets, mlp.SoftmaxHinge())


def test_a_label_out_of_range_is_named_with_its_example():
    with pytest.raises(ValueError, match="example 2 has class 4, but there are 3 classes"):
        lab.one_hot([0, 3], 3)


def test_a_loss_without_margin_has_no_margin_curve():
    with pytest.raises(ValueError, match="has no margin"):
        lab.sweep_margin([[1.0], [2.0]], [[1], [0]], mlp.CrossEntropy(), [0.0])
    assert lab.find_kinks([[1.0], [2.0]], [[1], [0]], mlp.CrossEntropy()) == []


@pytest.mark.parametrize("name", HINGES)
@given(st.integers(2, 6), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_a_jump_along_a_logit_is_where_a_gap_is_zero(name, classes, N, seed):
    o, y, _ = drawn(classes, N, seed)
    loss, cell, at = CLASS_LOSSES[name], (1, 0), np.linspace(-9, 9, 61)
    found = lab.find_jumps(o, y, loss, cell, at)
    for x in found:
        moved = o.copy()
        moved[cell] = x
        assert np.abs(lab.run(moved, y, loss)[1][mlp.G][:, 0]).min() < 1e-9
    beside = lab.insert_jumps(at, found)
    assert set(found) <= set(beside)
    before, after = lab.sweep(o, y, loss, cell, found - 1e-9), lab.sweep(o, y, loss, cell, found + 1e-9)
    if name in ("ScoreHinge", "OneVsAll"):  # these are straight between jumps, so all that changes is a jump
        assert (np.abs(before.gradient - after.gradient).max(axis=(1, 2)) >= 1 - 1e-6).all()
    plain = lab.find_jumps(o, y, mlp.CrossEntropy(), cell, at)
    assert len(plain) == 0
