"""The backward pass against central differences and against a literal transcription."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.checking import numerical_gradients as gradcheck
from mlpcore.examples import one_hot
from mlpcore.passes.training_step import initial_values, one_pass
from tests.strategies import problems


def assert_not_refuted(check):
    assert check.verdict != "disagrees", {v: c.error for v, c in check.of.items() if c.verdict == "disagrees"}
    for c in check.of.values():
        assert c.compared + len(c.skipped) == c.size
        assert c.compared or not c.agrees


@pytest.mark.parametrize("loss", list(mlp.LOSSES))
@pytest.mark.parametrize("activation", list(mlp.ACTIVATIONS))
@settings(max_examples=100 if settings().max_examples > 25 else 3)
@given(st.data())
def test_every_activation_and_loss(activation, loss, data):
    problem = data.draw(problems(activations=(activation,), losses=(loss,)))
    assert_not_refuted(mlp.check_grads(*problem))


@given(problems())
def test_mixed_networks(problem):
    assert_not_refuted(mlp.check_grads(*problem))


@given(problems(losses=("MSE",)))
def test_central_differences_written_out(problem):
    """A second authority: plain loops over the parameters, none of the checker's code."""
    net, batch, loss = problem
    grads = mlp.gradients(net, batch, loss)
    steps = mlp.check_grads(net, batch, loss)
    h = 1e-5
    for var, value in net.parameters():
        gradient = mlp.Var("d" + var.kind, var.layer)
        kinks = {s.cell for s in steps.of[gradient].skipped}
        for cell in np.ndindex(value.shape):
            if cell in kinks:
                continue
            at = []
            for sign in (1, -1):
                nudged = value.copy()
                nudged[cell] += sign * h
                at.append(mlp.trace(net.with_parameters({var: nudged}), batch, loss)[1][mlp.loss])
            measured = (at[0] - at[1]) / (2 * h)
            size = max(1.0, abs(at[0]), float(np.abs(grads[gradient]).max()))
            assert abs(measured - grads[gradient][cell]) < 1e-6 * size


@given(problems(losses=("SoftmaxHinge",), max_depth=1, activations=("identity",)))
def test_softmax_hinge_is_the_sheet_s_triple_sum(problem):
    net, batch, loss = problem
    values = mlp.trace(net, batch, loss)[1]
    o, m = values[mlp.Z(1)], loss.margin
    p = np.exp(o) / np.exp(o).sum(axis=0)
    classes, N = o.shape
    written = np.zeros_like(o)
    for i in range(N):
        y = int(batch.Y[:, i].argmax())
        for j in range(classes):
            for k in range(classes):
                if k != y and p[k, i] - p[y, i] + m >= 0:
                    written[j, i] += p[j, i] * ((k == j) - (y == j) - p[k, i] + p[y, i])
    np.testing.assert_allclose(values[mlp.dZ(1)], written, rtol=1e-12, atol=1e-14)


@given(problems(losses=("CrossEntropy", "SoftmaxHinge", "ScoreHinge")))
def test_class_gradients_sum_to_zero_over_classes(problem):
    net, batch, loss = problem
    at_output = mlp.trace(net, batch, loss)[1][mlp.dZ(net.depth)]
    np.testing.assert_allclose(at_output.sum(axis=0), 0, atol=1e-12)


def test_gap_of_exactly_zero_is_active():
    net = mlp.Network((mlp.Layer(np.eye(2)),))
    values = mlp.trace(net, mlp.Batch([[1.0], [0.0]], [[1.0], [0.0]]), mlp.ScoreHinge(margin=1.0))[1]
    assert values[mlp.G][1, 0] == 0
    assert values[mlp.A][:, 0].tolist() == [0, 1]
    assert values[mlp.dZ(1)][:, 0].tolist() == [-1, 1]


def test_relu_at_exactly_zero_lets_nothing_through():
    assert mlp.ACTIVATIONS["relu"].derivative(np.zeros((1, 1))) == 0


def test_a_kink_inside_the_probe_is_skipped_and_named():
    net = mlp.Network((mlp.Layer([[1.0], [2.0]], None, "relu"), mlp.Layer([[1.0, 1.0]])))
    check = mlp.check_grads(net, mlp.Batch([[0.0, 1.0]], [[1.0, 0.0]]))
    skipped = check.skipped[mlp.delta(1)]
    assert {(s.cell, s.kink, s.kink_cell) for s in skipped} == {((i, 0), mlp.S(1), (i, 0)) for i in (0, 1)}
    assert {s.reason for s in skipped} == {"kink"}
    assert check.of[mlp.delta(1)].verdict == "not measurable"
    assert check.of[mlp.delta(1)].compared == 2
    assert check.of[mlp.dW(2)].agrees
    assert check.of[mlp.dW(2)].compared == 2


@pytest.mark.parametrize("wrong", [lambda x: 1.001 * x, lambda x: x + 1e-4, lambda x: -x, np.zeros_like])
@pytest.mark.parametrize("var", [mlp.dZ(2), mlp.delta(2), mlp.dW(2), mlp.dZ(1), mlp.delta(1), mlp.dW(1)])
def test_a_wrong_gradient_is_caught(var, wrong):
    sheet = mlp.EXAMPLES["worksheet"]
    steps, values = mlp.trace(sheet.net, sheet.batch)
    check = gradcheck.check_steps(steps, {**values, var: wrong(values[var])})
    assert not check.of[var].agrees
    assert not check.agrees


def test_a_gradient_that_is_not_finite_does_not_agree():
    sheet = mlp.EXAMPLES["worksheet"]
    steps, values = mlp.trace(sheet.net, sheet.batch)
    broken = values[mlp.dW(1)].copy()
    broken[0, 0] = np.nan
    assert not gradcheck.check_steps(steps, {**values, mlp.dW(1): broken}).agrees


def test_a_sample_of_cells_is_compared_when_asked():
    larger = mlp.EXAMPLES["larger"]
    check = mlp.check_grads(larger.net, larger.batch, larger.loss, most=5)
    assert {c.compared + len(c.skipped) for v, c in check.of.items() if v.kind == "delta"} == {5}


@given(problems())
def test_gradients_are_those_of_the_trace(problem):
    net, batch, loss = problem
    values = mlp.trace(net, batch, loss)[1]
    grads = mlp.gradients(net, batch, loss)
    kinds = {mlp.loss} | {mlp.Var("d" + v.kind, v.layer) for v, _ in net.parameters()}
    assert set(grads) == kinds
    for var, value in grads.items():
        np.testing.assert_array_equal(value, values[var])


@given(problems(), st.floats(-2, 2))
def test_sgd_takes_the_step(problem, rate):
    net, batch, loss = problem
    grads = mlp.gradients(net, batch, loss)
    after = dict(mlp.sgd(net, grads, rate).parameters())
    for var, value in net.parameters():
        np.testing.assert_array_equal(after[var], value - rate * grads[mlp.Var("d" + var.kind, var.layer)])


def test_float32_stays_float32():
    net = mlp.Network((mlp.Layer(np.ones((2, 3), np.float32), np.ones(2, np.float32), "gelu"),))
    batch = mlp.Batch(np.ones((3, 4), np.float32), one_hot([0, 1, 0, 1], 2).astype(np.float32))
    for name in mlp.LOSSES:
        values = mlp.trace(net, batch, mlp.LOSSES[name]())[1]
        assert {np.asarray(v).dtype for v in values.values()} == {np.dtype(np.float32)}, name


def test_stacked_passes_are_the_passes_one_by_one():
    """The checker runs many copies at once along leading axes; that must change nothing."""
    for example in mlp.EXAMPLES.values():
        steps = one_pass(example.net, example.loss)
        values = initial_values(example.net, example.batch, example.loss)
        single = mlp.evaluate(steps, values)
        stacked = mlp.evaluate(steps, {v: np.stack([x, x]) for v, x in values.items()})
        for var, value in single.items():
            np.testing.assert_allclose(stacked[var][1], value, rtol=1e-13, atol=1e-15)


def test_replacing_an_operation_reaches_the_check():
    """The seal is computed from what ran: a pullback without its slope is seen."""
    sheet = mlp.EXAMPLES["worksheet"]
    steps = one_pass(sheet.net)
    forgot = [replace(s, op=replace(s.op, arithmetic=lambda dZ, S: dZ)) if s.out == mlp.delta(1) else s for s in steps]
    values = mlp.evaluate(forgot, initial_values(sheet.net, sheet.batch))
    check = gradcheck.check_steps(forgot, values)
    assert not check.of[mlp.delta(1)].agrees
    assert not check.of[mlp.dW(1)].agrees
    assert check.of[mlp.dW(2)].agrees
