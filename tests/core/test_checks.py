"""The gradient check against gradients that are right and gradients that were spoiled: no red on the former, no
green on the latter."""

from collections import Counter

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.checking.numerical_gradients import PROBED_NUMBERS, PROBES, check_steps, choose_probe_count, measure_change
from mlpcore.examples import one_hot
from mlpcore.setup import with_cells


def draw_problem(rng):
    """Draw a network of depth 1 to 8 whose inputs are as large as 1e-3 to 1e4, some with zeros and exact kinks."""
    depth, N, scale = int(rng.integers(1, 9)), int(rng.integers(1, 5)), 10.0 ** rng.uniform(-3, 4)
    widths = rng.integers(2, 5, depth + 1)
    X = np.round(rng.uniform(rng.choice([-1, 0]), 1, (widths[0], N)) * scale, 3)
    if rng.random() < 0.1:
        X[:, 0] = 0
    layers = []
    for layer in range(depth):
        W = 0.7 * rng.normal(size=(widths[layer + 1], widths[layer]))
        if layer == 0 and rng.random() < 0.7:
            W /= scale
        b = rng.normal(size=widths[layer + 1]) * rng.choice([0.2, 0.2, 0.0])
        layers.append(mlp.Layer(W, b if rng.random() < 0.6 else None, str(rng.choice(list(mlp.ACTIVATIONS)))))
    loss = mlp.LOSSES[str(rng.choice(list(mlp.LOSSES)))]()
    if loss.one_hot:
        Y = one_hot(list(rng.integers(widths[-1], size=N)), widths[-1])
    else:
        Y = loss.fit_targets(rng.normal(size=(widths[-1], N)) * rng.choice([1.0, 1.0, scale]))
    return mlp.Network(tuple(layers)), mlp.Batch(X, Y), loss


def spoil(rng, x):
    """Spoil a gradient: by a factor, a sign, zeros, one cell by 1 %, or by transposing it where it is square."""
    ways = [x * 1.001, -x, x * 0]
    if x.ndim:
        cell = np.arange(x.size).reshape(x.shape) == rng.choice(np.flatnonzero(x))
        largest = np.arange(x.size).reshape(x.shape) == np.abs(x).argmax()
        ways += [np.where(cell, 1.01 * x, x), np.where(largest, 1.01 * x, x)]
    if x.ndim == 2 and x.shape[0] == x.shape[1] and not np.allclose(x, x.T, rtol=1e-2):
        ways.append(x.T)
    return ways[rng.integers(len(ways))]


def try_networks(seed, count):
    rng, found = np.random.default_rng(seed), Counter()
    for _ in range(count):
        net, batch, loss = draw_problem(rng)
        try:
            steps, values = mlp.trace(net, batch, loss)
        except ValueError:
            continue
        if not all(np.isfinite(x).all() for x in values.values()):
            continue
        check = mlp.check_steps(steps, values)
        found.update(c.verdict for c in check.of.values())
        gradients = [v for v in check.of if np.abs(values[v]).max() > 0]
        if gradients:
            chosen = gradients[rng.integers(len(gradients))]
            spoiled = {**values, chosen: spoil(rng, values[chosen])}
            found["spoiled " + mlp.check_steps(steps, spoiled, only=[chosen]).of[chosen].verdict] += 1
    return found


def assert_honest(found):
    assert found["disagrees"] == 0, found
    assert found["spoiled agrees"] == 0, found
    assert found["agrees"] > 5 * found["not measurable"], found
    assert found["spoiled disagrees"] > 5 * found["spoiled not measurable"], found


@pytest.mark.parametrize("seed", range(3))
def test_no_right_gradient_is_refuted_and_no_spoiled_one_confirmed(seed):
    assert_honest(try_networks(seed, 50))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 120))
def test_ten_thousand_networks(seed):
    assert_honest(try_networks(seed, 500))


def check_one_layer(X, Y, activations, loss=None, widths=None, seed=0):
    rng = np.random.default_rng(seed)
    widths = widths or (len(X), len(Y))
    layers = [mlp.Layer(rng.normal(size=(b, a)), None, f) for a, b, f in zip(widths, widths[1:], activations)]
    return mlp.check_grads(mlp.Network(tuple(layers)), mlp.Batch(X, Y), loss)


def test_inputs_of_any_size_are_measured():
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (3, 4)).astype(float)
    assert check_one_layer(pixels, one_hot([0, 1, 2, 1], 3), ["identity"], mlp.CrossEntropy()).verdict != "disagrees"
    prices = check_one_layer(
        [[310.5, 402.1], [288.7, 355.0], [1.0, 2.0]], [[1.0, 0.0]], ["tanh", "tanh"], None, (3, 2, 1)
    )
    assert prices.verdict != "disagrees"
    houses = check_one_layer([[2104.0, 1416.0, 852.0], [5.0, 3.0, 2.0]], [[460.0, 232.0, 178.0]], ["identity"])
    assert houses.agrees


def test_nothing_compared_is_not_green():
    net = mlp.Network((mlp.Layer(np.ones((2, 2)), np.zeros(2), "relu"),))
    check = mlp.check_grads(net, mlp.Batch(np.zeros((2, 1)), np.ones((2, 1))))
    of = check.of[mlp.db(1)]
    assert (of.verdict, of.compared) == ("not measurable", 0)
    assert {s.reason for s in of.skipped} == {"kink"}
    assert check.of[mlp.dW(1)].verdict == "not measurable"  # zeros beside zeros
    assert not np.isfinite(of.error)


def test_zeros_in_place_of_a_small_gradient_are_refuted():
    rng = np.random.default_rng(0)
    net = mlp.Network(tuple(mlp.Layer(rng.normal(size=(3, 3)), None, "sigmoid") for _ in range(8)))
    steps, values = mlp.trace(net, mlp.Batch(rng.normal(size=(3, 2)), rng.normal(size=(3, 2))))
    assert mlp.check_steps(steps, values).of[mlp.dW(1)].agrees
    spoiled = {**values, mlp.dW(1): np.zeros((3, 3))}
    assert mlp.check_steps(steps, spoiled).of[mlp.dW(1)].verdict == "disagrees"


def test_a_gap_that_cancels_is_known_to_its_terms_only():
    net, batch = mlp.Network((mlp.Layer([[1.0], [0.0]]),)), mlp.Batch([[16.0, 40.0]], one_hot([0, 0], 2))
    check = mlp.check_grads(net, batch, mlp.SoftmaxHinge())  # p_l - p_y + 1 of example 2 is 4e-18, and rounds to 0
    assert check.of[mlp.delta(1)].cells[1, 1] == "not measurable"
    assert check.verdict == "not measurable"


def test_a_loss_that_is_rounded_to_zero_refutes_nothing():
    net, batch = mlp.Network((mlp.Layer([[180.0], [0.0]]),)), mlp.Batch([[1.0]], one_hot([0], 2))
    check = mlp.check_grads(net, batch, mlp.CrossEntropy())  # p of the other class is 7e-79
    assert check.verdict == "not measurable"
    assert not any("disagrees" in c.cells for c in check.of.values())


def test_kinks_anywhere_are_known():
    net = mlp.Network((mlp.Layer([[1.0]], None, "hard tanh"),))
    check = mlp.check_grads(net, mlp.Batch([[1.0, 0.5, -3.0]], [[0.2, 0.1, 0.3]]))
    assert check.of[mlp.delta(1)].cells.tolist() == [["not measurable", "agrees", "agrees"]]
    assert [s.reason for s in check.of[mlp.delta(1)].skipped] == ["kink"]
    assert check.verdict == "not measurable"


def test_single_precision_is_judged_as_such():
    rng = np.random.default_rng(1)
    net = mlp.Network((mlp.Layer(rng.normal(size=(3, 2)).astype(np.float32), None, "tanh"),))
    batch = mlp.Batch(rng.normal(size=(2, 4)).astype(np.float32), rng.normal(size=(3, 4)).astype(np.float32))
    steps, values = mlp.trace(net, batch)
    assert mlp.check_steps(steps, values).agrees
    wrong = {**values, mlp.dW(1): values[mlp.dW(1)] * np.float32(1.001)}
    assert mlp.check_steps(steps, wrong).verdict == "disagrees"


def test_the_numerical_gradient_can_be_looked_at():
    sheet = mlp.EXAMPLES["worksheet"]
    steps, values = mlp.trace(sheet.net, sheet.batch)
    of = mlp.check_steps(steps, values).of[mlp.dW(1)]
    np.testing.assert_allclose(of.numerical, values[mlp.dW(1)], rtol=1e-9)
    assert (of.estimate < 1e-9).all()
    assert (of.steps > 0).all()
    assert of.cells.shape == (3, 2)


@pytest.mark.parametrize("name", list(mlp.EXAMPLES))
def test_the_change_of_the_loss_is_that_of_another_network_and_tends_to_the_gradient(name):
    setup = mlp.EXAMPLES[name].setup
    steps, values = setup.run()
    checks = check_steps(steps, values).of
    for var in (step.out for step in steps if step.out.of is not None):
        cell = tuple(size - 1 for size in np.shape(values[var.of]))
        change = measure_change(steps, values, mlp.loss, var.of, cell, 0.01)
        if var.of in setup.inputs():
            moved, _ = with_cells(setup, [(var.of, cell, float(values[var.of][cell]) + 0.01)])
            assert change == pytest.approx(float(moved.run()[1][mlp.loss] - values[mlp.loss]), abs=1e-15)
        if checks[var].cells[cell] == "agrees":
            per_step = measure_change(steps, values, mlp.loss, var.of, cell, 2.0**-20) / 2.0**-20
            assert per_step == pytest.approx(float(values[var][cell]), rel=1e-3, abs=1e-5)


def test_the_larger_a_pass_the_fewer_cells_are_probed_but_never_none():
    large = {mlp.W(1): np.broadcast_to(0.0, PROBED_NUMBERS + 1)}
    half = {mlp.W(1): np.broadcast_to(0.0, PROBED_NUMBERS // 2)}
    assert [choose_probe_count(x) for x in (large, half, {mlp.loss: np.zeros(())})] == [1, 2, PROBES]


@pytest.mark.parametrize("penalty", mlp.PENALTIES)
@pytest.mark.parametrize("layout", mlp.LAYOUTS)
def test_a_bias_of_0_under_a_penalty_with_a_kink_is_not_measurable(penalty, layout):
    setup = mlp.EXAMPLES["dropout"].setup
    loss = mlp.MSE(penalty=penalty, strength=0.3, penalises_biases=True)
    found = mlp.check_grads(setup.net, setup.batch, loss, conventions=mlp.Conventions(layout)).of[mlp.db(2)]
    if penalty == "L1":
        (skipped,) = found.skipped
        assert (found.verdict, skipped.reason, skipped.kink, skipped.kink_cell) == (
            "not measurable",
            "kink",
            mlp.b(2),
            (0,),
        )
    else:
        assert found.agrees
