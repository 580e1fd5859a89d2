"""Offsets of buffers in one arena, found from their lifetimes alone.

A buffer is a rectangle: as wide as the steps it is needed in, as high as its bytes. Rectangles move up and down
only (dynamic storage allocation, NP-hard). No arena is smaller than the most that is alive at once, and nearly
always one of that size exists.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ..memory.cost import Life

#: Above this many buffers only first-fit is tried: the search calls itself up to three times a buffer.
MOST_SEARCHED = 270
#: How many priorities the search tries under each limit.
PRIORITIES = 100
#: Limits of the search, in per cent above the peak.
EXCESS = (0, 1, 2, 5)


class Buffer(NamedTuple):
    """Bytes that are needed from step `first` to step `last`."""

    first: int
    last: int
    size: int


def list_buffers(lives: Iterable[Life]) -> list[Buffer]:
    """List the buffers of some lives by number; lives in one buffer follow each other."""
    buffers: dict[int, Buffer] = {}
    for life in lives:
        first, last, size = buffers.get(life.place, (life.made, life.freed, life.bytes))
        buffers[life.place] = Buffer(first, max(last, life.freed), size)
    return [buffers[n] for n in range(len(buffers))]


def place_buffers(buffers: Sequence[Buffer], peak: int, spare: int = 0) -> tuple[list[int], int]:
    """Place buffers so that no two overlap that are needed in the same step.

    Args:
        peak: the most bytes that are needed in one step.
        spare: bytes above the peak that do not matter where gradients then lie side by side.

    Returns:
        The offset of each, and the size of the arena: the peak where a placement that tight was found, else more.
    """
    placements = [_first_fit(buffers, order) for order in islice(_orders(buffers), 4)]
    if _find_top(buffers, placements[0]) <= peak + spare:
        return placements[0], _find_top(buffers, placements[0])
    best = min(placements, key=lambda offsets: _find_top(buffers, offsets))
    for percent in EXCESS if len(buffers) <= MOST_SEARCHED else ():
        limit = peak + peak * percent // 100
        for n, order in enumerate(islice(_orders(buffers), PRIORITIES)):
            if limit >= _find_top(buffers, best):
                break
            # Hard cases are of two kinds: some need many priorities, others many moves.
            best = _Search(buffers, limit, order, (2, 12)[n % 2] * len(buffers)).find() or best
    return best, _find_top(buffers, best)


def _find_top(buffers: Sequence[Buffer], offsets: Sequence[int]) -> int:
    return max((o + b.size for o, b in zip(offsets, buffers, strict=True)), default=0)


def _orders(buffers: Sequence[Buffer]) -> Iterator[list[int]]:
    """Yield priorities of buffers: four that often succeed, then random mixtures, the same in every run."""
    numbers = range(len(buffers))
    life = [1 + b.last - b.first for b in buffers]
    last_made = max((b.first for b in buffers if b.size), default=0)
    end = max((b.last for b in buffers), default=0)
    result = [b.first < b.last and (b.last > last_made or b.last == end) for b in buffers]
    # Gradients first, as they are made: where they lie side by side, their updates are one equation.
    yield sorted(
        numbers,
        key=lambda n: (0, buffers[n].last, -buffers[n].first) if result[n] else (1, -buffers[n].size, 0),
    )
    yield sorted(numbers, key=lambda n: (-life[n], -buffers[n].size))
    yield sorted(numbers, key=lambda n: (-buffers[n].size, buffers[n].first))
    yield sorted(numbers, key=lambda n: (buffers[n].first, -buffers[n].last))
    rng = random.Random(0)
    while True:
        a, b, noise = rng.uniform(0, 1.5), rng.uniform(0, 1.5), rng.uniform(0, 1)
        weight = [x.size**a * life[n] ** b * rng.lognormvariate(0, noise) for n, x in enumerate(buffers)]
        yield sorted(numbers, key=lambda n: -weight[n])


def _first_fit(buffers: Sequence[Buffer], order: Iterable[int]) -> list[int]:
    """Place each buffer as low as it fits, in this order."""
    steps = 1 + max((b.last for b in buffers), default=0)
    alive: list[list[int]] = [[] for _ in range(steps)]
    offsets = [0] * len(buffers)
    for n in order:
        b, low = buffers[n], 0
        beside = {k for t in range(b.first, b.last + 1) for k in alive[t]}
        for start, stop in sorted((offsets[k], offsets[k] + buffers[k].size) for k in beside):
            if start - low >= b.size:
                break
            low = max(low, stop)
        offsets[n] = low
        for t in range(b.first, b.last + 1):
            alive[t].append(n)
    return offsets


class _Search:
    """Depth-first search from the bottom up: fill the lowest stretch of the skyline, or leave a gap there.

    What may be left empty under the limit is known for every step, so a gap too many ends a branch at once.
    """

    def __init__(self, buffers: Sequence[Buffer], limit: int, order: Iterable[int], moves: int) -> None:
        self.buffers, self.moves = buffers, moves
        steps = 1 + max(b.last for b in buffers)
        self.height, self.needed = [0] * steps, [0] * steps
        for b in buffers:
            for t in range(b.first, b.last + 1):
                self.needed[t] += b.size
        self.spare = [limit - n for n in self.needed]
        self.left = [n for n in order if buffers[n].size]
        self.offsets = [0] * len(buffers)

    def find(self) -> list[int] | None:
        """Find offsets within the limit; None where that takes too many moves or there are none."""
        if not self.left:
            return self.offsets
        self.moves -= 1
        low, first, last = self._lowest_stretch()
        tried = set()
        for n in self.left:
            b = self.buffers[n]
            if self.moves > 0 and first <= b.first and b.last <= last and b not in tried:
                tried.add(b)
                left, self.left = self.left, [k for k in self.left if k != n]
                self.offsets[n] = low
                self._lay(b, b.size)
                if self.find():
                    return self.offsets
                self._lay(b, -b.size)
                self.left = left
        beside = [self.height[t] for t in (first - 1, last + 1) if 0 <= t < len(self.needed) and self.needed[t]]
        gap = min(beside, default=low) - low
        if self.moves > 0 and 0 < gap <= min(self.spare[first : last + 1]):
            self._raise(first, last, gap)
            if self.find():
                return self.offsets
            self._raise(first, last, -gap)
        return None

    def _lowest_stretch(self) -> tuple[int, int, int]:
        """Find the height and both ends of the lowest stretch over which something is left to place."""
        low, first = min((h, t) for t, h in enumerate(self.height) if self.needed[t])
        last = first
        while last + 1 < len(self.height) and self.needed[last + 1] and self.height[last + 1] == low:
            last += 1
        return low, first, last

    def _lay(self, b: Buffer, size: int) -> None:
        for t in range(b.first, b.last + 1):
            self.height[t] += size
            self.needed[t] -= size

    def _raise(self, first: int, last: int, gap: int) -> None:
        for t in range(first, last + 1):
            self.height[t] += gap
            self.spare[t] -= gap
