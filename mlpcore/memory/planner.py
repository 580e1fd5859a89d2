"""The best schedule under a byte budget: as little as possible is recomputed.

Such a schedule takes the chain of layers apart: a stretch of layers is done at once and keeps what its backward pass
reads (every S, or every S and Z), or it is split at a checkpoint: an advance to it, the part above, the part below.
Checkpoints stay until their part is done. Within these schedules the answer is the best one, found by dynamic
programming over ever longer stretches (as Beaumont et al. 2020 for chains of unequal layers); the tests hold it
against trying every schedule.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from ..equations.steps import Step
from ..losses import MSE, Loss
from ..network import Network, Shape
from ..notation import Z, dZ
from ..passes.conventions import WORKSHEET, Conventions
from ..schedules import Advance, Move, Reverse, Task
from ..schedules.moves import carry_out, list_equations
from .cost import count
from .liveness import mark_liveness

_LOSS = MSE()

#: In deeper networks the search would take more than seconds.
DEEPEST = 32

#: What recomputation costs: operations of products first, then cells written one by one.
Cost = tuple[int, int]


class BudgetSchedule(NamedTuple):
    """A schedule of a front.

    Attributes:
        peak: its counted peak in bytes, gradients and scratch with it.
        cost: what it recomputes.
        moves: what is done in turn.
    """

    peak: int
    cost: Cost
    moves: tuple[Move, ...]


# Fronts of a few sizes: one for 16 layers takes 0.15 s, and a slider of budgets asks for the same one at each stop.
@lru_cache(maxsize=64)
def find_front(task: Task) -> tuple[BudgetSchedule, ...]:
    """Find the best schedule for every budget: each needs more bytes than the one before and recomputes less.

    Raises:
        ValueError: the task does not say how many examples there are, or the network is too deep.
    """
    depth, shape = task.shape.depth, task.shape
    if depth > DEEPEST:
        raise ValueError(f"the best plan is looked for in up to {DEEPEST} layers, not {depth}")
    made = [0] * (depth + 1)
    for layer, (below, above, biased) in enumerate(zip(shape.widths, shape.widths[1:], shape.biases, strict=False), 1):
        made[layer] = shape.itemsize * above * (below + biased)
    made[depth] += shape.itemsize  # the loss
    # The input is there before and after.
    checkpoints = [0, *(shape.itemsize * shape.size(Z(n), task.examples) for n in shape.layers)]
    parts = find_stretch_front(depth, _make_counter(task), checkpoints, made, _key_stretches(shape))
    return tuple(BudgetSchedule(p.peak, p.cost, tuple(_flatten(p))) for p in parts)


def find_best(task: Task, budget: int) -> BudgetSchedule:
    """Find the schedule under the budget that recomputes least.

    Raises:
        ValueError: none fits; the message names the least bytes that would do.
    """
    front = find_front(task)
    fitting = [schedule for schedule in front if schedule.peak <= budget]
    if not fitting:
        raise ValueError(f"no plan fits into {budget:,} bytes: the least that would do is {front[0].peak:,} bytes")
    return fitting[-1]


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
        key = type(move), isinstance(move, Reverse) and move.drop_activations, key_of(move.lo, move.hi), hi == depth
        if key not in known:
            found = count(_list_stretch(task, move, hi), shape, task.examples)
            known[key] = found.peak, (found.recomputed_flops, found.recomputed_cells)
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


# --- dynamic programming --------------------------------------------------------------------------


class StretchSchedule(NamedTuple):
    """A stretch done in some way: a leaf, or an advance and the two parts above and below it.

    Its moves count layers from the start of the stretch, so that one part serves all stretches that are alike.
    """

    peak: int
    cost: Cost
    how: tuple


def list_leaves(lo: int, hi: int) -> list[Reverse]:
    """List the moves that do a stretch at once, the one that keeps everything first."""
    return [Reverse(lo, hi, drop_activations=False), *([Reverse(lo, hi)] if hi - lo > 1 else [])]


def keep_undominated(schedules: Iterable[tuple]) -> list:
    """Keep, of tuples that begin with peak and cost, the Pareto front of both; fewest bytes first."""
    front: list = []
    for schedule in sorted(schedules, key=itemgetter(0, 1)):
        if not front or schedule[1] < front[-1][1]:
            front.append(schedule)
    return front


def find_stretch_front(
    depth: int,
    count_move: Callable[[Move, int], tuple[int, Cost]],
    checkpoints: list[int],
    made: list[int],
    key_of: Callable[[int, int], Hashable],
) -> list[StretchSchedule]:
    """Find the front of the whole chain, from fronts of ever longer stretches.

    The peak of a stretch lo to hi holds all that is alive in it but older checkpoints, which do not
    change while it is done, and what the layers above hi have made: that is `Z_lo`, whose last reader it
    has, and what its own layers make.

    Args:
        count_move: (move, hi) -> peak and cost of a move in a stretch that ends at hi, `Z_lo` within a
            `Reverse` counted, within an `Advance` not.
        checkpoints: the size of each `Z_l`; made: of what each layer leaves when its backward pass is done.
        key_of: (lo, hi) -> stretches with equal keys have one front.
    """
    done: dict[Hashable, list[StretchSchedule]] = {}
    for length in range(1, depth + 1):
        for lo in range(depth - length + 1):
            hi, here = lo + length, key_of(lo, lo + length)
            if here in done:
                continue
            found: list[tuple] = [
                (*count_move(leaf, hi), replace(leaf, lo=0, hi=length)) for leaf in list_leaves(lo, hi)
            ]
            # The first leaf computes every layer once, and nothing computes less: as many bytes are of no use.
            most = found[0][0]
            for m in range(lo + 1, hi):
                peak, cost = count_move(Advance(lo, m), hi)
                upper, lower = done[key_of(m, hi)], done[key_of(lo, m)]
                gradients = sum(made[m + 1 : hi + 1])
                upper_bytes = [checkpoints[lo] + part.peak for part in upper]  # fewest first, as in every front
                lower_bytes = [gradients + part.peak for part in lower]
                least = max(checkpoints[lo] + peak, upper_bytes[0], lower_bytes[0])
                # For every peak that is of use, the cheapest of each part that fits.
                for limit in sorted({max(least, x) for x in (*upper_bytes, *lower_bytes)}):
                    if limit < most:
                        above = upper[bisect_right(upper_bytes, limit) - 1]
                        below = lower[bisect_right(lower_bytes, limit) - 1]
                        work = cost[0] + above.cost[0] + below.cost[0], cost[1] + above.cost[1] + below.cost[1]
                        found.append((limit, work, Advance(0, m - lo), above, below))
            done[here] = [StretchSchedule(peak, cost, tuple(how)) for peak, cost, *how in keep_undominated(found)]
    return done[key_of(0, depth)]


def _flatten(part: StretchSchedule, lo: int = 0) -> Iterator[Move]:
    """List the moves of a part that starts at layer lo, in turn."""
    move, *parts = part.how
    yield replace(move, lo=lo + move.lo, hi=lo + move.hi)
    if parts:
        upper, lower = parts
        yield from _flatten(upper, lo + move.hi)
        yield from _flatten(lower, lo)


def task_of(net: Network | Shape, N: int, loss: Loss = _LOSS, conventions: Conventions = WORKSHEET) -> Task:
    """Describe a pass for a schedule, from a network or a shape and a batch of N examples."""
    return Task(net.shape, conventions.loss(loss), N, conventions.at_kink)
