"""The dynamic programme of the planner: the best ways to do a chain of layers, from those of its stretches.

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

#: What computing again costs: operations of products first, then cells written one by one.
Cost = tuple[int, int]


def leaves(lo: int, hi: int, segments: bool) -> list[Reverse]:
    """The moves that do a stretch at once, the one that keeps everything first."""
    if hi - lo == 1:
        return [Reverse(lo, hi, recompute=False)]
    return [Reverse(lo, hi, recompute=False), Reverse(lo, hi)] if segments else []


def undominated(plans: Iterable[tuple]) -> list:
    """Of tuples that begin with a peak and a cost, those than which no other has both as small; fewest bytes first."""
    kept: list = []
    for plan in sorted(plans, key=itemgetter(0, 1)):
        if not kept or plan[1] < kept[-1][1]:
            kept.append(plan)
    return kept


class Part(NamedTuple):
    """A stretch done in some way: a leaf, or an advance and the two parts above and below it.

    Its moves count layers from the start of the stretch, so that one part serves all stretches that are alike.
    """

    peak: int
    cost: Cost
    how: tuple


def fronts(
    depth: int,
    counted: Callable[[Move, int], tuple[int, Cost]],
    checkpoints: list[int],
    made: list[int],
    segments: bool,
    kind: Callable[[int, int], Hashable] = lambda lo, hi: (lo, hi),
) -> list[Part]:
    """The front of the whole chain, from fronts of ever longer stretches.

    The peak of a stretch lo to hi holds all that is alive in it but older checkpoints, which do not
    change while it is done, and what the layers above hi have made: that is `Z_lo`, whose last reader it
    has, and what its own layers make.

    Args:
        counted: (move, hi) -> peak and cost of a move in a stretch that ends at hi, `Z_lo` within a
            `Reverse` counted, within an `Advance` not.
        checkpoints: the size of each `Z_l`; made: of what each layer leaves when its backward pass is done.
        kind: (lo, hi) -> stretches of one kind have one front.
    """
    done: dict[Hashable, list[Part]] = {}
    for length in range(1, depth + 1):
        for lo in range(depth - length + 1):
            hi, here = lo + length, kind(lo, lo + length)
            if here in done:
                continue
            at_once = leaves(lo, hi, segments)
            found: list[tuple] = [(*counted(leaf, hi), replace(leaf, lo=0, hi=length)) for leaf in at_once]
            # The first leaf computes every layer once, and nothing computes less: as many bytes are of no use.
            most = found[0][0] if found else math.inf
            for m in range(lo + 1, hi):
                peak, cost = counted(Advance(lo, m), hi)
                kept, gradients = checkpoints[lo], sum(made[m + 1 : hi + 1])
                upper, lower = _beside(kept, done[kind(m, hi)]), _beside(gradients, done[kind(lo, m)])
                found += _split(kept + peak, cost, Advance(0, m - lo), most, upper, lower)
            done[here] = [Part(peak, cost, tuple(how)) for peak, cost, *how in undominated(found)]
    return done[kind(0, depth)]


#: Parts, fewest bytes first, with the bytes of each beside what else is there; the last is for ever.
_Row = tuple[list[float], list[Part]]


def _beside(bytes: int, parts: list[Part]) -> _Row:
    return [*(bytes + p.peak for p in parts), math.inf], parts


def _split(
    least: int, cost: Cost, advance: Advance, most: float, upper: _Row, lower: _Row
) -> Iterator[tuple[int, Cost, Advance, Part, Part]]:
    """For every peak below `most` that is of use, the cheapest of each part that fits: what a `Part` is made from.

    Args:
        least, cost: of the advance.
    """
    (needs, uppers), (needs_too, lowers) = upper, lower
    (products, cells), u, v = cost, 0, 0
    peak = max(least, needs[0], needs_too[0])
    while peak < most:
        while needs[u + 1] <= peak:
            u += 1
        while needs_too[v + 1] <= peak:
            v += 1
        (more, others), (again, too) = uppers[u].cost, lowers[v].cost
        yield peak, (products + more + again, cells + others + too), advance, uppers[u], lowers[v]
        peak = min(needs[u + 1], needs_too[v + 1])


def flat(part: Part, lo: int) -> Iterator[Move]:
    """The moves of a part that starts at layer lo, in turn."""
    left = [(part, lo)]
    while left:
        here, at = left.pop()
        move, *parts = here.how
        yield replace(move, lo=at + move.lo, hi=at + move.hi)
        if parts:
            upper, lower = parts
            left += [(lower, at), (upper, at + move.hi)]
