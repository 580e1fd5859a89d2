"""The best plan under a byte budget: as little as possible computed again.

A plan takes the chain of layers apart: either a stretch of layers keeps what its backward pass reads
(every S, or every S and Z), or it is split at a checkpoint, the upper part first. Checkpoints stay
until their part is done. Within these plans the answer is the best one: for small depth by trying and
counting every plan, above it by a dynamic programme over stretches (as Beaumont et al. 2020 for
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
from ..schedules import BUILDERS, SCHEDULES, Advance, Move, Schedule, Task
from ..schedules.moves import carry_out, list_equations
from .cost import count
from .liveness import mark_liveness
from .stretches import Cost, flat, fronts, leaves, undominated

#: Up to this depth every plan is tried and counted.
EXHAUSTIVE = 4
#: In deeper networks the dynamic programme would take more than seconds.
DEEPEST = 32


class BudgetError(ValueError):
    """No plan fits; `least` bytes would do."""

    def __init__(self, budget: int, least: int) -> None:
        super().__init__(f"no plan fits into {budget:,} bytes: the least that would do is {least:,} bytes")
        self.least = least


class Plan(NamedTuple):
    """A plan of a front.

    Attributes:
        peak: its counted peak in bytes, gradients and scratch with it.
        cost: what it computes again.
        moves: as a schedule plays them.
        exact: whether every plan was tried; else it is the answer of the dynamic programme.
    """

    peak: int
    cost: Cost
    moves: tuple[Move, ...]
    exact: bool

    @property
    def by(self) -> str:
        """How it was found, for a label."""
        return "exhaustive search" if self.exact else "dynamic programme"


def front(task: Task, *, segments: bool = True) -> tuple[Plan, ...]:
    """The best plan for every budget: each needs more bytes than the one before and computes less again.

    Args:
        segments: several layers may keep their S together; else each is a stretch of its own, as in
            the binomial schedule.

    Raises:
        ValueError: the task does not say how many examples there are, or the network is too deep.
    """
    if task.shape.depth > DEEPEST:
        raise ValueError(f"the best plan is looked for in up to {DEEPEST} layers, not {task.shape.depth}")
    return _front(replace(task, N=task.examples), segments)


@lru_cache(maxsize=64)
def _front(task: Task, segments: bool) -> tuple[Plan, ...]:
    exact = task.shape.depth <= EXHAUSTIVE
    return tuple(_exhaustive(task, segments) if exact else _dynamic(task, segments))


def best(task: Task, budget: int) -> Plan:
    """The plan under the budget that computes least again.

    Raises:
        BudgetError: a ValueError that says the least bytes that would do.
    """
    plans = front(task)
    fitting = [plan for plan in plans if plan.peak <= budget]
    if not fitting:
        raise BudgetError(budget, plans[0].peak)
    return fitting[-1]


def within(budget: int) -> Schedule:
    """The best plan under so many bytes: of `Count.peak`, gradients and scratch with it.

    Its steps raise `BudgetError`, a ValueError with the least bytes that would do, where none fits.
    """
    return Schedule(
        f"within {budget:,} bytes",
        f"As little as possible is computed again in {budget:,} bytes.",
        lambda task: list(best(task, budget).moves),
        spec=("within", budget),
    )


BUILDERS["within"] = within


def within_half(task: Task) -> list[Move]:
    """Half the bytes that caching everything needs, or the least that will do."""
    plans = front(task)
    return list(best(task, max(plans[0].peak, plans[-1].peak // 2)).moves)


SCHEDULES["best in half the bytes"] = Schedule(
    "best in half the bytes",
    "In half the bytes that caching everything needs, or the least that will do, as little as possible is "
    "computed again.",
    within_half,
)


# --- every plan, counted ---------------------------------------------------------------------------


def _all_moves(lo: int, hi: int, segments: bool) -> Iterator[tuple[Move, ...]]:
    for leaf in leaves(lo, hi, segments):
        yield (leaf,)
    for m in range(lo + 1, hi):
        for upper in _all_moves(m, hi, segments):
            for lower in _all_moves(lo, m, segments):
                yield (Advance(lo, m), *upper, *lower)


def _exhaustive(task: Task, segments: bool) -> list[Plan]:
    plans = []
    equations = list_equations(task)
    for moves in _all_moves(0, task.shape.depth, segments):
        plans.append(Plan(*_weigh(mark_liveness(carry_out(moves, equations)), task), moves, True))
    return undominated(plans)


def _weigh(steps: tuple[Step, ...], task: Task) -> tuple[int, Cost]:
    """Count the peak and the recomputation cost of some steps at the size of the task."""
    found = count(steps, task.shape, task.examples)
    return found.peak, (found.again, found.recomputed_cells)


# --- the dynamic programme -------------------------------------------------------------------------


def _dynamic(task: Task, segments: bool) -> list[Plan]:
    depth, shape = task.shape.depth, task.shape
    made = [0] * (depth + 1)
    for v in shape.parameters():
        made[v.layer] += shape.itemsize * shape.size(v, task.N)
    made[depth] += shape.itemsize  # the loss
    # The input is there before and after.
    checkpoints = [0, *(shape.itemsize * shape.size(Z(n), task.N) for n in shape.layers)]
    parts = fronts(depth, _counter(task), checkpoints, made, segments, _kinds(shape))
    return [Plan(p.peak, p.cost, tuple(flat(p, 0)), False) for p in parts]


def _kinds(shape: Shape) -> Callable[[int, int], Hashable]:
    """What there is to tell a stretch of layers by: where two agree, the same is to be done at the same price."""

    def kind(lo: int, hi: int) -> Hashable:
        here = slice(lo, hi)
        return lo == 0, hi == shape.depth, shape.widths[lo : hi + 1], shape.activations[here], shape.biases[here]

    return kind


def _counter(task: Task) -> Callable[[Move, int], tuple[int, Cost]]:
    """Peak and cost of a move in a stretch that ends at layer hi, by counting its steps.

    Moves over layers that are alike are counted once: a chain of equal layers is quick at any depth.
    """
    shape, depth, kind = task.shape, task.shape.depth, _kinds(task.shape)
    known: dict[tuple, tuple[int, Cost]] = {}

    def counted(move: Move, hi: int) -> tuple[int, Cost]:
        key = type(move), getattr(move, "recompute", None), kind(move.lo, move.hi), hi == depth
        if key not in known:
            known[key] = _weigh(_list_stretch(task, move, hi), task)
        peak, cost = known[key]
        waits = isinstance(move, Advance) and hi < depth  # dL/dZ_hi lies there and is not touched
        return peak + (shape.itemsize * shape.size(dZ(hi), task.examples) if waits else 0), cost

    return counted


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
    """What a plan is made for, from a network or a shape and a batch of N examples."""
    shape = net.shape if dtype is None else replace(net.shape, dtype=np.dtype(dtype).name)
    return Task(shape, conventions.loss(loss or MSE()), N, conventions.at_kink)
