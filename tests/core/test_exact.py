"""Sums that cancel on the decimals that were entered are exactly 0; every other number stays as it is."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.equations.exact import ExactZeros
from mlpcore.examples import one_hot


def decimals(rng, shape, digits=2):
    return np.round(rng.uniform(-1, 1, shape), digits)


def exact_product(*matrices):
    """A product of matrices in fractions of the decimals as they are written."""
    first, *rest = (np.array([[Fraction(str(x)) for x in row] for row in m], dtype=object) for m in matrices)
    for m in rest:
        first = first @ m
    return first


@given(st.integers(0, 2**32 - 1))
def test_planted_cancellations_vanish_and_nothing_else_changes(seed):
    rng = np.random.default_rng(seed)
    W, X = decimals(rng, (3, 4)), decimals(rng, (4, 5))
    W[:, 3] = np.round(rng.uniform(0.1, 1, 3), 1)
    for n in range(3):  # the bias and the last input take a whole sum away
        exact = exact_product(W[:, :3], X[:3])
        X[3, n] = float(-exact[n % 3, n] / Fraction(str(W[n % 3, 3])))
    steps = mlp.forward(mlp.Network((mlp.Layer(W, None, "relu"),)))
    got = mlp.evaluate(steps, {mlp.W(1): W, mlp.Z(0): X})[mlp.S(1)]
    exact, plain = exact_product(W, X), W @ X
    for cell in np.ndindex(got.shape):
        assert got[cell] == (0 if exact[cell] == 0 else plain[cell])


@pytest.mark.parametrize("layout", list(mlp.LAYOUTS))
@pytest.mark.parametrize("schedule", list(mlp.SCHEDULES))
def test_the_shipped_zero_is_zero_in_every_layout_and_schedule(layout, schedule):
    one = mlp.EXAMPLES["three classes"]
    conventions = mlp.Conventions(layout)
    steps = mlp.one_pass(one.net, one.loss, schedule, conventions, one.batch.N)
    setup = mlp.Setup(one.net, one.batch, one.loss, one.rate, conventions)
    values = mlp.evaluate(steps, setup.inputs())
    blocks = [conventions.lay.convert(v, x) for v, x in values.items() if (v.kind, v.layer, v.new) == ("S", 1, False)]
    got = np.hstack(blocks)
    assert got[0, 2] == 0
    assert np.count_nonzero(got) == got.size - 1


@pytest.mark.parametrize("f", [f.name for f in mlp.ACTIVATIONS.values() if f.exact])
@pytest.mark.parametrize("schedule", ["cache S", "micro-batches"])
def test_a_sum_is_zero_through_what_is_linear_in_pieces(f, schedule):
    above, below = mlp.ACTIVATIONS[f].f(np.array([0.3, -0.3]))
    last = [[0.1, float(-0.1 * above / below) if below else 0.1]]  # nothing to cancel with where f is 0
    net = mlp.Network((mlp.Layer([[0.1, 0.2], [-0.3, 0]], None, f), mlp.Layer(np.round(last, 9))))
    setup = mlp.Setup(net, mlp.Batch(np.ones((2, 2)), [[1.0, 0.0]]))
    values = mlp.evaluate(mlp.one_pass(net, setup.loss, schedule, mlp.Conventions(), 2), setup.inputs())
    found = np.hstack([x for v, x in values.items() if (v.kind, v.layer, v.new) == ("S", 2, False)])
    assert found.any() == (below == 0)


def test_relu_lets_nothing_back_through_a_zero_that_floats_miss():
    one = mlp.EXAMPLES["three classes"]
    net = mlp.Network((mlp.Layer(one.net[1].W, one.net[1].b, "relu"), one.net[2]))
    values = mlp.trace(net, one.batch, one.loss)[1]
    assert values[mlp.delta(1)][0, 2] == 0
    check = mlp.check_grads(net, one.batch, one.loss)
    assert check.of[mlp.delta(1)].cells[0, 2] == "not measurable"  # both sides of the kink differ


def test_a_gap_is_zero_through_the_layers_below():
    net = mlp.Network((mlp.Layer([[0.1, 0.2], [0.3, 0.0]], None, "relu"), mlp.Layer(np.eye(2))))
    values = mlp.trace(net, mlp.Batch([[1.0], [1.0]], one_hot([1], 2)), mlp.ScoreHinge(margin=0.0))[1]
    assert 0.1 + 0.2 != 0.3
    assert values[mlp.G].ravel().tolist() == [0, 0]
    # Through tanh no decimal stays one: the sum is left as floats give it.
    curved = mlp.Network((mlp.Layer([[0.1, 0.2], [0.3, 0.0]], None, "tanh"), mlp.Layer(np.eye(2))))
    values = mlp.trace(curved, mlp.Batch([[1.0], [1.0]], one_hot([1], 2)), mlp.ScoreHinge(margin=0.0))[1]
    assert values[mlp.G][0, 0] == np.tanh(0.1 + 0.2) - np.tanh(0.3)


def test_perturbed_passes_are_left_alone():
    steps = mlp.forward(mlp.Network((mlp.Layer([[0.18, -0.28, 0.1]]),)))
    X = np.ones((2, 3, 1))
    got = mlp.evaluate(steps, {mlp.W(1): np.array([[0.18, -0.28, 0.1]]), mlp.Z(0): X})[mlp.S(1)]
    assert (got == np.array([[0.18, -0.28, 0.1]]) @ X).all()


def test_the_work_is_bounded(monkeypatch):
    from mlpcore.equations import exact

    monkeypatch.setattr(exact, "MOST", 0)
    values = mlp.trace(mlp.EXAMPLES["three classes"].net, mlp.EXAMPLES["three classes"].batch)[1]
    assert values[mlp.S(1)][0, 2] != 0
    assert ExactZeros(values).makers == {}
