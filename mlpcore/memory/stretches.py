"""Dynamic programming of the planner: the best schedules of a chain of layers, from those of its stretches.

A stretch is done as a leaf, one move over all of its layers, or is split at a checkpoint: an advance to
it, the part above, the part below. As Beaumont et al. 2020 for chains of unequal layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from operator import itemgetter
from typing import NamedTuple

from ..schedules import Advance, Move, Reverse

#: What recomputation costs: operations of products first, then cells written one by one.
Cost = tuple[int, int]


def list_leaves(lo: int, hi: int, segments: bool) -> list[Reverse]:
    """List the moves that do a stretch at once, the one that keeps everything first."""
    if hi - lo == 1:
        return [Reverse(lo, hi, recompute=False)]
    return [Reverse(lo, hi, recompute=False), Reverse(lo, hi)] if segments else []


def keep_undominated(schedules: Iterable[tuple]) -> list:
    """Keep, of tuples that begin with peak and cost, the Pareto front of both; fewest bytes first."""
    front: list = []
    for schedule in sorted(schedules, key=itemgetter(0, 1)):
        if not front or schedule[1] < front[-1][1]:
            front.append(schedule)
    return front


class StretchSchedule(NamedTuple):
    """A stretch done in some way: a leaf, or an advance and the two parts above and below it.

    Its moves count layers from the start of the stretch, so that one part serves all stretches that are alike.
    """

    peak: int
    cost: Cost
    how: tuple


def find_stretch_front(
    depth: int,
    count_move: Callable[[Move, int], tuple[int, Cost]],
    checkpoints: list[int],
    made: list[int],
    segments: bool,
    key_of: Callable[[int, int], Hashable] = lambda lo, hi: (lo, hi),
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
            at_once = list_leaves(lo, hi, segments)
            found: list[tuple] = [(*count_move(leaf, hi), replace(leaf, lo=0, hi=length)) for leaf in at_once]
            # The first leaf computes every layer once, and nothing computes less: as many bytes are of no use.
            most = found[0][0] if found else math.inf
            for m in range(lo + 1, hi):
                peak, cost = count_move(Advance(lo, m), hi)
                kept, gradients = checkpoints[lo], sum(made[m + 1 : hi + 1])
                upper, lower = _beside(kept, done[key_of(m, hi)]), _beside(gradients, done[key_of(lo, m)])
                found += _split(kept + peak, cost, Advance(0, m - lo), most, upper, lower)
            done[here] = [StretchSchedule(peak, cost, tuple(how)) for peak, cost, *how in keep_undominated(found)]
    return done[key_of(0, depth)]


#: Parts, fewest bytes first, with the bytes of each beside what else is there; the last is for ever.
_Row = tuple[list[float], list[StretchSchedule]]


def _beside(bytes: int, parts: list[StretchSchedule]) -> _Row:
    return [*(bytes + p.peak for p in parts), math.inf], parts


def _split(
    least: int, cost: Cost, advance: Advance, most: float, upper: _Row, lower: _Row
) -> Iterator[tuple[float, Cost, Advance, StretchSchedule, StretchSchedule]]:
    """Find, for every peak below `most` that is of use, the cheapest of each part that fits.

    Args:
        least, cost: of the advance.
    """
    (upper_bytes, uppers), (lower_bytes, lowers) = upper, lower
    (products, cells), u, v = cost, 0, 0
    peak = max(least, upper_bytes[0], lower_bytes[0])
    while peak < most:
        while upper_bytes[u + 1] <= peak:
            u += 1
        while lower_bytes[v + 1] <= peak:
            v += 1
        (upper_products, upper_cells), (lower_products, lower_cells) = uppers[u].cost, lowers[v].cost
        total = products + upper_products + lower_products, cells + upper_cells + lower_cells
        yield peak, total, advance, uppers[u], lowers[v]
        peak = min(upper_bytes[u + 1], lower_bytes[v + 1])


def flatten(part: StretchSchedule, lo: int) -> Iterator[Move]:
    """List the moves of a part that starts at layer lo, in turn."""
    left = [(part, lo)]
    while left:
        here, at = left.pop()
        move, *parts = here.how
        yield replace(move, lo=at + move.lo, hi=at + move.hi)
        if parts:
            upper, lower = parts
            left += [(lower, at), (upper, at + move.hi)]
