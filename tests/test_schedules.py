"""What is kept must change nothing but memory: exercise 4."""

import numpy as np
import pytest
from hypothesis import given

import mlpcore as mlp
from mlpcore.backprop import one_pass, start
from mlpcore.schedules import RESULTS
from tests.strategies import problems


@given(problems())
def test_every_schedule_gives_the_same_gradients_bit_for_bit(problem):
    net, batch, loss = problem
    expected = mlp.gradients(net, batch, loss)
    for schedule in mlp.SCHEDULES:
        grads = mlp.gradients(net, batch, loss, schedule)
        assert grads.keys() == expected.keys()
        for var in expected:
            np.testing.assert_array_equal(grads[var], expected[var])


@given(problems())
def test_a_plan_reads_only_what_is_alive_and_frees_all_but_its_results(problem):
    """A simulator that knows nothing but names: a schedule is data."""
    net, batch, loss = problem
    for schedule in mlp.SCHEDULES:
        given_ = set(start(net, batch, loss))
        alive = set(given_)
        for step in one_pass(net, loss, schedule):
            assert set(step.operands) <= alive, (schedule, step)
            alive.add(step.out)
            assert set(step.frees) <= alive - given_
            alive -= set(step.frees)
        assert {v.kind for v in alive - given_} <= set(RESULTS)


def test_cache_s_computes_hidden_activations_again_just_before_they_are_read():
    steps = one_pass(mlp.EXAMPLES["larger"].net, mlp.CrossEntropy(), "cache S")
    again = [i for i, s in enumerate(steps) if s.recompute]
    assert [steps[i].out for i in again] == [mlp.Z(2), mlp.Z(1)]
    assert [steps[i + 1].out for i in again] == [mlp.dW(3), mlp.dW(2)]
    assert all(steps[i].operands == (mlp.S(s.layer),) for i in again for s in [steps[i].out])


def test_bytes_counted_on_paper():
    """2-3-1, N = 4, float64. Forward: S_1 12, Z_1 12, S_2 4, Z_2 4 numbers; then L 1, dZ_2 4, ...

    Keeping all, the most stands at dL/dZ_1: S_1 12, L 1, delta_2 4, dW_2 3, dZ_1 12 = 32;
    and at delta_1: S_1 12, L 1, dW_2 3, dZ_1 12, delta_1 12 = 40.
    """
    net = mlp.EXAMPLES["worksheet"].net
    steps = one_pass(net)
    counts = mlp.live_bytes(steps, net.widths, 4)
    assert counts[:4] == [96, 192, 224, 256]
    assert mlp.peak_bytes(net, 4) == 40 * 8
    assert mlp.peak_bytes(net, 4, dtype=np.float32) == 40 * 4


def test_counted_bytes_are_those_of_the_arrays():
    for name in mlp.SCHEDULES:
        example = mlp.EXAMPLES["larger"]
        steps = one_pass(example.net, example.loss, name)
        values, most = dict(start(example.net, example.batch, example.loss)), 0
        given_ = set(values)
        for step in steps:
            values.update(mlp.evaluate([step], values))
            most = max(most, sum(np.asarray(x).nbytes for v, x in values.items() if v not in given_))
            for var in step.frees:
                values.pop(var, None)
        assert most == mlp.peak_bytes(example.net, example.batch.N, example.loss, name)


def test_keeping_only_s_needs_less_in_a_deep_net():
    net = mlp.Network(tuple(mlp.Layer(np.eye(16), None, "tanh") for _ in range(8)))
    assert mlp.peak_bytes(net, 64, schedule="cache S") < 0.75 * mlp.peak_bytes(net, 64)


def test_counting_needs_a_batch():
    with pytest.raises(ValueError, match="at least one example"):
        mlp.peak_bytes(mlp.EXAMPLES["xor"].net, 0)
