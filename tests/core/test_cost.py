"""Bytes and operations against paper, against real arrays, and against the formulas for equal widths."""

import math
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.compiled.arena import list_buffers
from mlpcore.memory.cost import CATEGORIES, count, count_pass
from mlpcore.network import inputs
from mlpcore.passes.training_step import initial_values, one_pass
from tests.strategies import problems

N = 1000


def equal(L, width=64, **how):
    return mlp.Shape.of((width,) * (L + 1), "tanh", bias=False, **how)


def units(L, schedule):
    """What a schedule keeps and works with, in units of one layer's activation."""
    return count_pass(equal(L), N, mlp.MSE(), schedule).activations / (64 * N * 8)


@pytest.mark.parametrize("L", [3, 4, 8, 9, 16, 25])
def test_the_formulas_for_equal_widths(L):
    assert units(L, "cache S and Z") == 2 * L - 1
    assert units(L, "cache S") == L + 1
    assert units(L, "cache Z") == L + 1
    assert units(L, "recompute everything") == 3
    for k in range(2, L):
        if L % k == 0:
            assert units(L, mlp.every(k)) == L / k + k - 1 + 1


def test_a_block_needs_its_share():
    whole = count_pass(equal(8), 1024, mlp.MSE(), "cache S and Z").activations
    for size in (512, 256, 64):
        part = count_pass(equal(8), 1024, mlp.MSE(), mlp.blocks(size))
        assert max(part.by_category["cached"]) == max(count_pass(equal(8), size, mlp.MSE()).by_category["cached"])
        assert part.activations <= whole * size / 1024


@given(problems(max_depth=6))
def test_operations_of_a_pass_are_those_of_its_products(problem):
    """2N (3 sum d_l d_{l-1} - d_1 d_0), and 2N d_l d_{l-1} more for a layer computed again."""
    net, batch, loss = problem
    d = net.widths
    products = [2 * batch.N * d[n] * d[n - 1] for n in range(1, len(d))]
    for schedule in mlp.SCHEDULES:
        counted = count_pass(net, batch.N, loss, schedule)
        again = [s.out.layer for s in counted.steps if s.recompute and s.out.kind == "S"]
        extra = sum(products[layer - 1] for layer in again)
        assert counted.recomputed_flops == extra
        assert sum(counted.flops) == 3 * sum(products) - products[0] + extra


@settings(max_examples=60)
@given(problems(max_depth=6), st.integers(1, 4))
def test_counted_bytes_are_those_of_arrays(problem, size):
    """A simulator that holds arrays: one byte count a step, nothing in common with the counter."""
    net, batch, loss = problem
    for schedule in (*mlp.SCHEDULES.values(), mlp.blocks(size, mlp.SCHEDULES["cache S"])):
        steps = one_pass(net, loss, schedule, N=batch.N)
        counted = count(steps, net.shape, batch.N)
        values = dict(initial_values(net, batch, loss))
        given_ = set(values)
        for n, step in enumerate(steps):
            values |= {step.out: step.op(*(values[v] for v in step.operands))}
            here = {v: x.nbytes for v, x in values.items() if v not in given_ and v.kind not in "YM" and v.layer != 0}
            doubled = here[step.takes] if step.takes else 0
            assert sum(here.values()) - doubled == counted.live[n] - counted.at(n)["scratch"], (schedule.name, step)
            for var in step.frees:
                del values[var]


@settings(max_examples=60)
@given(problems(max_depth=5))
def test_categories_add_up_and_lives_make_the_curve(problem):
    net, batch, loss = problem
    for schedule in mlp.SCHEDULES:
        counted = count_pass(net, batch.N, loss, schedule)
        assert [sum(counted.at(n).values()) for n in range(len(counted.steps))] == counted.live
        assert counted.live[counted.at_peak] == counted.peak == max(counted.live)
        assert all(life.made <= life.freed for life in counted.lives)
        assert {life.category for life in counted.lives} <= set(CATEGORIES)
        live = [0] * len(counted.steps)
        for buffer in list_buffers(counted.lives):
            for n in range(buffer.first, buffer.last + 1):
                live[n] += buffer.size
        assert live == counted.live
        assert counted.parameters == sum(x.nbytes for _, x in net.parameters())
        assert counted.inputs == sum(x.nbytes for v, x in inputs(net, batch).items() if "example" in v.axes)
        assert counted.total == counted.peak + counted.parameters + counted.inputs
        gradients = sum(x.nbytes for _, x in net.parameters()) + 8
        ends = counted.by_category["gradients"][-1]
        assert ends == gradients if mlp.SCHEDULES[schedule].block is None else ends >= gradients


def test_what_is_cached_is_what_the_schedule_states():
    def cached(schedule):
        counted = count_pass(equal(5), N, mlp.MSE(), schedule)
        return {life.var for life in counted.lives if life.category == "cached"} - {mlp.Z(5)}

    S, Z = {mlp.S(n) for n in range(1, 5)}, {mlp.Z(n) for n in range(1, 5)}
    assert cached("cache S and Z") == S | Z
    assert cached("cache S") == S
    assert cached("cache Z") == Z
    assert cached(mlp.every(2)) == {mlp.Z(2), mlp.Z(4)}


def test_one_step_without_arrays_at_sizes_that_would_never_fit():
    begun = time.thread_time()
    counted = count_pass(mlp.Shape.of((10**6,) * 201), 10**7, mlp.MSE())
    assert counted.peak > 10**15
    assert counted.activations == (2 * 200 - 1) * 10**13 * 8
    assert math.isclose(sum(counted.flops), 2 * 10**7 * (3 * 200 - 1) * 10**12)
    assert time.thread_time() - begun < 20  # hours, if anything were allocated


def test_dtype_and_biases():
    with_bias = mlp.Shape.of((5, 7, 3))
    without = mlp.Shape.of((5, 7, 3), bias=False)
    for schedule in mlp.SCHEDULES:
        double, single = (mlp.peak_bytes(with_bias, 16, None, schedule, t) for t in ("float64", np.float32))
        assert double == 2 * single
    assert count_pass(with_bias, 16).parameters - count_pass(without, 16).parameters == 10 * 8
    assert count_pass(mlp.Shape.of((5, 7, 3), dtype="float32"), 16).parameters == (35 + 21 + 10) * 4


def test_the_update_is_stored_in_place_of_the_parameters():
    shape = mlp.Shape.of((50, 60, 10))
    plain, updated = count_pass(shape, 2000), count_pass(shape, 2000, updated=True)
    assert updated.peak == plain.peak
    after = updated.live[len(plain.steps) :]
    assert after[0] == updated.by_category["gradients"][len(plain.steps)]  # nothing on the side
    # Each gradient goes with the update that reads it: W_2, b_2, W_1, and L stays.
    assert [a - b for a, b in pairwise(after)] == [600 * 8, 10 * 8, 3000 * 8]
    assert after[-1] == (60 + 1) * 8


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: mlp.peak_bytes(mlp.EXAMPLES["xor"].net, 0), "at least one example"),
        (lambda: mlp.Shape((3,), (), ()), "at least one layer"),
        (lambda: mlp.Shape((3, 0), ("relu",), (True,)), "at least one unit"),
        (lambda: mlp.Shape((3, 2), ("relu", "relu"), (True,)), "2 and 1"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_the_reason(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
