"""The best schedule under a byte budget: as little as possible is recomputed.

Such a schedule takes the chain of layers apart: either a stretch of layers keeps what its backward pass reads
(every S, or every S and Z), or it is split at a checkpoint, the upper part first. Checkpoints stay
until their part is done. Within these schedules the answer is the best one: for small depth by trying and
counting every one, above it by dynamic programming over stretches (as Beaumont et al. 2020 for
chains of unequal layers), which the tests hold against the first.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..equations.steps import Step
from ..losses import MSE, Loss
from ..network import Network, Shape
from ..notation import Z, dZ
from ..passes.conventions import WORKSHEET, Conventions
from ..schedules import Advance, Move, Task
from ..schedules.moves import carry_out, list_equations
from .cost import count
from .liveness import mark_liveness
from .stretches import Cost, find_stretch_front, flatten, keep_undominated, list_leaves

#: Up to this depth every schedule is tried and counted.
EXHAUSTIVE = 4
#: In deeper networks dynamic programming would take more than seconds.
DEEPEST = 32


class BudgetError(ValueError):
    """No schedule fits; `least` bytes would do."""

    def __init__(self, budget: int, least: int) -> None:
        super().__init__(f"no plan fits into {budget:,} bytes: the least that would do is {least:,} bytes")
        self.least = least


class BudgetSchedule(NamedTuple):
    """A schedule of a front.

    Attributes:
        peak: its counted peak in bytes, gradients and scratch with it.
        cost: what it recomputes.
        moves: what is done in turn.
        exact: whether every schedule was tried; else it is found by dynamic programming.
    """

    peak: int
    cost: Cost
    moves: tuple[Move, ...]
    exact: bool

    @property
    def method(self) -> str:
        """How it was found, for a label."""
        return "exhaustive search" if self.exact else "dynamic programming"


def find_front(task: Task, *, segments: bool = True) -> tuple[BudgetSchedule, ...]:
    """Find the best schedule for every budget: each needs more bytes than the one before and recomputes less.

    Args:
        segments: several layers may keep their S together; else each is a stretch of its own, as in
            the binomial schedule.

    Raises:
        ValueError: the task does not say how many examples there are, or the network is too deep.
    """
    if task.shape.depth > DEEPEST:
        raise ValueError(f"the best plan is looked for in up to {DEEPEST} layers, not {task.shape.depth}")
    return _search(replace(task, N=task.examples), segments)


# Fronts of a few sizes: one for 16 layers takes 0.15 s, and a slider of budgets asks for the same one at each stop.
@lru_cache(maxsize=64)
def _search(task: Task, segments: bool) -> tuple[BudgetSchedule, ...]:
    exact = task.shape.depth <= EXHAUSTIVE
    return tuple(_try_all(task, segments) if exact else _solve(task, segments))


def find_best(task: Task, budget: int) -> BudgetSchedule:
    """Find the schedule under the budget that recomputes least.

    Raises:
        BudgetError: a ValueError that says the least bytes that would do.
    """
    front = find_front(task)
    fitting = [schedule for schedule in front if schedule.peak <= budget]
    if not fitting:
        raise BudgetError(budget, front[0].peak)
    return fitting[-1]


# --- every schedule, counted -----------------------------------------------------------------------


def _list_all(lo: int, hi: int, segments: bool) -> Iterator[tuple[Move, ...]]:
    for leaf in list_leaves(lo, hi, segments):
        yield (leaf,)
    for m in range(lo + 1, hi):
        for upper in _list_all(m, hi, segments):
            for lower in _list_all(lo, m, segments):
                yield (Advance(lo, m), *upper, *lower)


def _try_all(task: Task, segments: bool) -> list[BudgetSchedule]:
    found = []
    equations = list_equations(task)
    for moves in _list_all(0, task.shape.depth, segments):
        found.append(BudgetSchedule(*_weigh(mark_liveness(carry_out(moves, equations)), task), moves, True))
    return keep_undominated(found)


def _weigh(steps: tuple[Step, ...], task: Task) -> tuple[int, Cost]:
    """Count the peak and the recomputation cost of some steps at the size of the task."""
    found = count(steps, task.shape, task.examples)
    return found.peak, (found.recomputed_flops, found.recomputed_cells)


# --- dynamic programming --------------------------------------------------------------------------


def _solve(task: Task, segments: bool) -> list[BudgetSchedule]:
    depth, shape = task.shape.depth, task.shape
    made = [0] * (depth + 1)
    for layer, (below, above, biased) in enumerate(zip(shape.widths, shape.widths[1:], shape.biases, strict=False), 1):
        made[layer] = shape.itemsize * above * (below + biased)
    made[depth] += shape.itemsize  # the loss
    # The input is there before and after.
    checkpoints = [0, *(shape.itemsize * shape.size(Z(n), task.examples) for n in shape.layers)]
    parts = find_stretch_front(depth, _make_counter(task), checkpoints, made, segments, _key_stretches(shape))
    return [BudgetSchedule(p.peak, p.cost, tuple(flatten(p, 0)), False) for p in parts]


def _key_stretches(shape: Shape) -> Callable[[int, int], Hashable]:
    """Give the key of a stretch of layers: where two agree, the same is to be done at the same cost."""

    def key_of(lo: int, hi: int) -> Hashable:
        kinds = tuple(layer[1:] for layer in shape.kinds[lo:hi])
        return lo == 0, hi == shape.depth, shape.widths[lo : hi + 1], kinds

    return key_of


def _make_counter(task: Task) -> Callable[[Move, int], tuple[int, Cost]]:
    """Give the function that counts peak and cost of a move in a stretch that ends at layer hi.

    Moves over layers that are alike are counted once: a chain of equal layers is quick at any depth.
    """
    shape, depth, key_of = task.shape, task.shape.depth, _key_stretches(task.shape)
    known: dict[tuple, tuple[int, Cost]] = {}

    def count_move(move: Move, hi: int) -> tuple[int, Cost]:
        key = type(move), getattr(move, "recompute", None), key_of(move.lo, move.hi), hi == depth
        if key not in known:
            known[key] = _weigh(_list_stretch(task, move, hi), task)
        peak, cost = known[key]
        waits = isinstance(move, Advance) and hi < depth  # dL/dZ_hi lies there and is not touched
        return peak + (shape.itemsize * shape.size(dZ(hi), task.examples) if waits else 0), cost

    return count_move


def _list_stretch(task: Task, move: Move, hi: int) -> tuple[Step, ...]:
    """List the steps of a move in a stretch that ends at layer hi."""
    equations = list_equations(task)
    steps, top = carry_out([move], equations), hi == task.shape.depth
    if isinstance(move, Advance):
        before, read_after = [], [equations.compute_layers(0, move.hi)[-1].out]
    else:
        pull = [] if top else [equations.backward[hi + 1][-1]]  # dL/dZ_hi, and Z_lo
        before, read_after = [*pull, *equations.compute_layers(0, move.lo)[-1:]], []
    # Below the last stretch every layer was computed before, and in the last what is dropped within it.
    earlier = set() if top else {step.out for step in equations.compute_layers(0, hi)}
    recomputed = [False] * len(before)
    for step in steps:
        recomputed.append(step.out in earlier)
        earlier.add(step.out)
    return mark_liveness([*before, *steps], recomputed, read_after)


def task_of(
    net: Network | Shape,
    N: int,
    loss: Loss | None = None,
    dtype: np.typing.DTypeLike | None = None,
    conventions: Conventions = WORKSHEET,
) -> Task:
    """Describe a pass for a schedule, from a network or a shape and a batch of N examples."""
    shape = net.shape if dtype is None else replace(net.shape, dtype=np.dtype(dtype).name)
    return Task(shape, conventions.loss(loss or MSE()), N, conventions.at_kink)
