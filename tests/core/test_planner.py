"""The best plan under a budget: against every plan, against the binomial bound, against the counter."""

import math
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.memory.cost import count, count_pass
from mlpcore.memory.liveness import mark_liveness
from mlpcore.memory.planner import (
    find_best,
    find_front,
    find_stretch_front,
    keep_undominated,
    list_leaves,
    task_of,
)
from mlpcore.schedules import Advance, Schedule, extra_layers
from mlpcore.schedules.moves import carry_out, list_equations


@st.composite
def tasks(draw, deepest):
    L = draw(st.integers(1, deepest))
    shape = mlp.Shape(
        draw(st.lists(st.integers(1, 20), min_size=L + 1, max_size=L + 1)),
        draw(st.lists(st.sampled_from(tuple(mlp.ACTIVATIONS)), min_size=L, max_size=L)),
        draw(st.lists(st.booleans(), min_size=L, max_size=L)),
    )
    return task_of(shape, draw(st.integers(1, 60)), mlp.LOSSES[draw(st.sampled_from(tuple(mlp.LOSSES)))]())


def list_all(lo, hi):
    """Every way to do the layers lo + 1 to hi."""
    for leaf in list_leaves(lo, hi):
        yield (leaf,)
    for m in range(lo + 1, hi):
        for upper in list_all(m, hi):
            for lower in list_all(lo, m):
                yield (Advance(lo, m), *upper, *lower)


@settings(max_examples=40)
@given(tasks(5))
def test_the_dynamic_programme_finds_what_trying_every_plan_finds(task):
    tried = []
    for moves in list_all(0, task.shape.depth):
        counted = count(mark_liveness(carry_out(moves, list_equations(task))), task.shape, task.N)
        tried.append((counted.peak, (counted.recomputed_flops, counted.recomputed_cells)))
    assert [(p.peak, p.cost) for p in find_front(task)] == keep_undominated(tried)


@settings(max_examples=25)
@given(tasks(10))
def test_every_plan_of_a_front_has_its_stated_counts_and_computes_the_gradients(task):
    plans = find_front(task)
    assert [p.peak for p in plans] == sorted({p.peak for p in plans})
    assert all(a.cost > b.cost for a, b in pairwise(plans))
    for plan in plans:
        counted = count_pass(task.shape, task.N, task.loss, Schedule("", "", lambda _, p=plan: list(p.moves)))
        assert (counted.peak, counted.recomputed_flops) == (plan.peak, plan.cost[0])
        made = {s.out for s in counted.steps}
        assert {mlp.dW(n) for n in task.shape.layers} | {mlp.loss} <= made
    assert plans[-1].cost == (0, 0)


@settings(max_examples=40)
@given(tasks(8), st.integers(0, 3000))
def test_never_over_budget_and_an_impossible_budget_names_the_least_that_works(task, budget):
    least = find_front(task)[0].peak
    if budget >= least:
        assert count_pass(task.shape, task.N, task.loss, mlp.within(budget)).peak <= budget
        return
    with pytest.raises(ValueError, match=f"the least that would do is {least:,} bytes"):
        count_pass(task.shape, task.N, task.loss, mlp.within(budget))
    assert count_pass(task.shape, task.N, task.loss, mlp.within(least)).peak == least


@pytest.mark.parametrize("depth", [1, 2, 5, 10, 13])
def test_a_chain_of_equal_layers_meets_the_binomial_bound(depth):
    """In the bound's own accounting: what is to be started from again takes a slot, the input too, nothing else."""

    def counted(move, hi):
        layers = move.hi - move.lo
        several_at_once = not isinstance(move, Advance) and layers > 1
        return math.inf if several_at_once else 0, (0 if hi == depth else layers, 0)

    parts = find_stretch_front(depth, counted, [1] * (depth + 1), [0] * (depth + 1), lambda lo, hi: (lo, hi))
    for slots in range(1, depth + 1):
        fewest = min(p.cost[0] for p in parts if p.peak <= slots)
        assert fewest == extra_layers(depth, slots)


@pytest.mark.parametrize("depth", [4, 7, 10])
def test_in_the_bytes_of_the_binomial_schedule_no_more_is_computed_again(depth):
    task = task_of(mlp.Shape.of((2,) * (depth + 1), "tanh", bias=False), 10_000)
    for slots in range(1, depth + 1):
        binomial = count_pass(task.shape, task.N, task.loss, mlp.binomial(slots))
        plan = find_best(task, binomial.peak)
        assert plan.cost[0] <= binomial.recomputed_flops
        assert plan.peak <= binomial.peak


def test_a_budget_that_holds_everything_computes_nothing_again():
    for schedule in ("cache S and Z", "cache S", "every √L layers", "recompute everything"):
        shape = mlp.Shape.of((30, 20, 10, 20, 30, 5), "gelu")
        counted = count_pass(shape, 100, mlp.MSE(), schedule)
        plan = find_best(task_of(shape, 100), counted.peak)
        assert plan.cost[0] <= counted.recomputed_flops


def test_a_network_too_deep_to_plan_for_is_refused_with_the_reason():
    with pytest.raises(ValueError, match="up to 32 layers, not 33"):
        find_front(task_of(mlp.Shape.of((2,) * 34), 4))


def test_half_the_bytes_is_half_or_the_least():
    shape = mlp.Shape.of((64,) * 11, "tanh")
    half = count_pass(shape, 4096, mlp.MSE(), "best in half the bytes")
    assert half.peak <= count_pass(shape, 4096, mlp.MSE()).peak / 2
    assert half.recomputed_flops == 0 or half.peak > count_pass(shape, 4096, mlp.MSE()).peak / 4
    tiny = mlp.Shape.of((2, 1))
    assert count_pass(tiny, 1, mlp.MSE(), "best in half the bytes").peak == find_front(task_of(tiny, 1))[0].peak


def test_the_optimum_at_every_budget_is_found_at_once():
    """No clock in a claim: the work is bounded instead. 10 unequal layers, every budget, from one front."""
    rng = np.random.default_rng(0)
    shape = mlp.Shape.of(tuple(int(d) for d in rng.integers(10, 500, 11)), "gelu")
    begun = time.thread_time()
    plans = find_front(task_of(shape, 256))
    assert len(plans) > 5
    assert time.thread_time() - begun < 20  # about 0.1 s; trying every plan would take days
