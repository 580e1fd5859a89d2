"""The best plan under a byte budget: as little as possible computed again.

A plan takes the chain of layers apart: either a stretch of layers keeps what its backward pass reads
(every S, or every S and Z), or it is split at a checkpoint, the upper part first. Checkpoints stay
until their part is done. Within these plans the answer is the best one: for small depth by trying and
counting every plan, above it by a dynamic programme over stretches (as Beaumont et al. 2020 for
chains of unequal layers), which the tests hold against the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .conventions import WORKSHEET, Conventions
from .listing import listed
from .losses import MSE, Loss
from .network import Network, Shape
from .notation import Z, dZ
from .outline import Outline
from .schedules import BUILDERS, SCHEDULES, Advance, Move, Reverse, Schedule, Task
from .schedules.moves import chain, played

#: Up to this depth every plan is tried and counted.
EXHAUSTIVE = 4
#: In deeper networks the dynamic programme would take more than seconds.
DEEPEST = 32

#: What computing again costs: operations of products first, then cells written one by one.
Cost = tuple[int, int]


class BudgetError(ValueError):
    """No plan fits; `least` bytes would do."""

    def __init__(self, budget: int, least: int) -> None:
        super().__init__(f"no plan fits into {budget:,} bytes: the least that would do is {least:,} bytes")
        self.least = least


@dataclass(frozen=True)
class Plan:
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


def _leaves(lo: int, hi: int, segments: bool) -> list[Reverse]:
    if hi - lo == 1:
        return [Reverse(lo, hi, again=False)]
    return [Reverse(lo, hi, again=False), Reverse(lo, hi)] if segments else []


def _all_moves(lo: int, hi: int, segments: bool) -> Iterator[tuple[Move, ...]]:
    for leaf in _leaves(lo, hi, segments):
        yield (leaf,)
    for m in range(lo + 1, hi):
        for upper in _all_moves(m, hi, segments):
            for lower in _all_moves(lo, m, segments):
                yield (Advance(lo, m), *upper, *lower)


def _exhaustive(task: Task, segments: bool) -> list[Plan]:
    plans = []
    alike = _alike(task)
    for moves in _all_moves(0, task.shape.depth, segments):
        plans.append(Plan(*_weighed(_outline(alike, moves), task), moves, True))
    return _undominated(plans)


def _alike(task: Task) -> Task:
    """The task at the smallest size: plans are made of the same steps at any."""
    return replace(task, shape=task.shape.narrowest, N=1)


@lru_cache(maxsize=512)
def _outline(alike: Task, moves: tuple[Move, ...]) -> Outline:
    along = chain(alike)
    return Outline(listed(along.equations, played(moves, along)))


def _weighed(outline: Outline, task: Task) -> tuple[int, Cost]:
    """Peak and cost at the size of the task."""
    sums = outline.sums(task.shape, task.N)
    return sums.peak, (sums.again, sums.cells_again)


def _undominated(plans: list) -> list:
    kept: list = []
    for plan in sorted(plans, key=lambda p: (p.peak, p.cost)):
        if not kept or plan.cost < kept[-1].cost:
            kept.append(plan)
    return kept


# --- the dynamic programme -------------------------------------------------------------------------


class _Part(NamedTuple):
    """A stretch done in some way: a leaf, or an advance and the two parts above and below it."""

    peak: int
    cost: Cost
    how: tuple


def _dynamic(task: Task, segments: bool) -> list[Plan]:
    depth, shape = task.shape.depth, task.shape
    above = [0] * (depth + 1)
    for v in reversed(shape.parameters()):
        above[v.layer - 1] += shape.itemsize * shape.size(v, task.N)
    above[depth - 1] += shape.itemsize  # the loss
    above = [sum(above[n:]) for n in range(depth + 1)]
    # The input is there before and after.
    checkpoints = [0, *(shape.itemsize * shape.size(Z(n), task.N) for n in shape.layers)]
    parts = fronts(depth, _counter(task), checkpoints, above, segments)
    return [Plan(p.peak, p.cost, tuple(_flat(p)), False) for p in parts]


def fronts(
    depth: int,
    counted: Callable[[Move, int], tuple[int, Cost]],
    checkpoints: list[int],
    above: list[int],
    segments: bool,
) -> list[_Part]:
    """The front of the whole chain, from fronts of ever longer stretches.

    The peak of a stretch lo to hi holds all that is alive in it but older checkpoints, which do not
    change while it is done: what comes from the layers above hi, and `Z_lo`, whose last reader it has.

    Args:
        counted: (move, hi) -> peak and cost of a move in a stretch that ends at hi, `Z_lo` within a
            `Reverse` counted, within an `Advance` not.
        checkpoints: the size of each `Z_l`; above: what stays from the layers above l.
    """
    done: dict[tuple[int, int], list[_Part]] = {}
    for length in range(1, depth + 1):
        for lo in range(depth - length + 1):
            hi = lo + length
            parts = []
            for leaf in _leaves(lo, hi, segments):
                peak, cost = counted(leaf, hi)
                parts.append(_Part(peak + above[hi], cost, (leaf,)))
            for m in range(lo + 1, hi):
                peak, cost = counted(Advance(lo, m), hi)
                least = peak + checkpoints[lo] + above[hi]
                parts += _split(least, cost, checkpoints[lo], done[m, hi], done[lo, m], Advance(lo, m))
            done[lo, hi] = _undominated(parts)
    return done[0, depth]


def _split(least: int, cost: Cost, kept: int, upper: list[_Part], lower: list[_Part], move: Advance) -> list[_Part]:
    """For every peak that is of use, the cheapest of each part that fits."""
    found = []
    u = v = -1
    for peak in sorted({max(least, kept + p.peak) for p in upper} | {max(least, p.peak) for p in lower}):
        while u + 1 < len(upper) and kept + upper[u + 1].peak <= peak:
            u += 1
        while v + 1 < len(lower) and lower[v + 1].peak <= peak:
            v += 1
        if u >= 0 and v >= 0:
            parts = upper[u], lower[v]
            total = tuple(cost[k] + sum(p.cost[k] for p in parts) for k in range(2))
            found.append(_Part(peak, total, (move, *parts)))
    return found


def _flat(part: _Part) -> Iterator[Move]:
    left: list[Move | _Part] = [part]
    while left:
        here = left.pop()
        if isinstance(here, _Part):
            left += reversed(here.how)
        else:
            yield here


def _counter(task: Task) -> Callable[[Move, int], tuple[int, Cost]]:
    """Peak and cost of a move in a stretch that ends at layer hi, by counting its steps.

    Moves over the same widths, activations and biases are counted once: a chain of equal layers is
    quick at any depth.
    """
    shape, depth, like = task.shape, task.shape.depth, _alike(task)
    known: dict[tuple, tuple[int, Cost]] = {}

    def counted(move: Move, hi: int) -> tuple[int, Cost]:
        here = slice(move.lo, move.hi)
        alike = shape.widths[move.lo : move.hi + 1], shape.activations[here], shape.biases[here]
        key = (type(move), getattr(move, "again", None), alike, move.lo == 0, hi == depth)
        if key not in known:
            known[key] = _weighed(_outline_within(like, move, hi), task)
        peak, cost = known[key]
        waits = isinstance(move, Advance) and hi < depth  # dL/dZ_hi lies there and is not touched
        return peak + (shape.itemsize * shape.size(dZ(hi), task.N) if waits else 0), cost

    return counted


@lru_cache(maxsize=512)
def _outline_within(alike: Task, move: Move, hi: int) -> Outline:
    """The steps of a move in a stretch that ends at layer hi."""
    along = chain(alike)
    order, top = played([move], along), hi == alike.shape.depth
    if isinstance(move, Advance):
        before, read_after = [], [along.ahead(0, move.hi)[-1]]
    else:
        pull = [] if top else [along.back[hi + 1][-1]]  # dL/dZ_hi, and Z_lo
        before, read_after = [*pull, *along.ahead(0, move.lo)[-1:]], []
    # Below the last stretch everything ahead was computed before, and in the last what is dropped within it.
    ahead = along.ahead(0, hi)
    again = [(n in ahead and not top) or n in order[:k] for k, n in enumerate(order)]
    return Outline(listed(along.equations, [*before, *order], np.array([False] * len(before) + again), read_after))


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
