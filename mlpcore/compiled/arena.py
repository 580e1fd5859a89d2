"""Where buffers lie in one arena, found from their lives alone.

A buffer is a rectangle, as wide as the steps it is needed in and as high as its bytes; rectangles
move up and down only. No arena is lower than the most that is alive at once, and nearly always one
as low exists: first a few greedy orders are tried, then a search that fills the skyline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate, compress, islice
from typing import NamedTuple

import numpy as np

from ..memory.cost import Place

#: Greedy orders are all that is tried for more buffers than this.
MANY = 600
#: So many orders of candidates are searched; every second one patiently, so many moves and 3 a buffer,
#: the others for 2 moves a buffer: hard plans are of two kinds, and each yields to one of these.
ORDERS, PATIENT = 300, 400
#: Some plans fit into no arena as low as the most that is alive at once. After the first few orders the
#: temporaries of what works cell by cell are made so many times smaller, for more pieces.
PARTS, FIRST = (1, 2, 8), 20
#: Where all orders find nothing within the bound even so, so many per cent more are allowed, and more again.
GAPS = (0, 1, 3, 6)

Key = Callable[[int], object]


class Lying(NamedTuple):
    """Where the buffers lie.

    Attributes:
        offsets: one for each buffer, in bytes.
        size: bytes of the arena.
        parts: so many times smaller are the buffers that are divisible (see `divided`).
    """

    offsets: list[int]
    size: int
    parts: int = 1


def placed(places: Sequence[Place]) -> Lying:
    """Buffers alive in the same step do not overlap.

    The arena is as large as the most that is alive at once wherever a placement as tight was found,
    as in all of 10,000 random plans (`tests/test_compiled.py`); else up to some per cent larger, and
    then `Count.peak` is less than the arena.
    """
    bound = most_alive(places)
    loose = []
    for parts in PARTS:
        smaller = divided(places, parts)
        for key in _greedy_orders(smaller):
            offsets = _greedy(smaller, sorted(range(len(smaller)), key=key))
            size = max(bound, _size(smaller, offsets))
            loose.append(Lying(offsets, size, parts))
            if size == bound:
                return loose[-1]
        if offsets := _searched(smaller, bound, FIRST):
            return Lying(offsets, bound, parts)
    best = min(loose, key=lambda lying: lying.size)
    for gap in GAPS:
        most = bound + bound * gap // 100
        if most < best.size and (offsets := _searched(smaller, most)):
            return Lying(offsets, max(bound, _size(smaller, offsets)), parts)
    return best


def divided(places: Sequence[Place], parts: int) -> list[Place]:
    """Divisible buffers so many times smaller, in whole numbers of either precision."""
    if parts == 1:
        return list(places)
    return [replace(p, bytes=min(p.bytes, -(-p.bytes // (8 * parts)) * 8)) if p.divisible else p for p in places]


def _size(places: Sequence[Place], offsets: Sequence[int]) -> int:
    return max((o + p.bytes for o, p in zip(offsets, places, strict=True)), default=0)


def most_alive(places: Sequence[Place]) -> int:
    """The most bytes that are needed in one step."""
    change = [0] * (2 + max((p.last for p in places), default=0))
    for p in places:
        change[p.first] += p.bytes
        change[p.last + 1] -= p.bytes
    return max(accumulate(change))


def _greedy_orders(places: Sequence[Place]) -> list[Key]:
    end = max((p.last for p in places), default=0)
    all_made = max((p.first for p in places if p.bytes), default=0)
    stays = [p.first < p.last and (p.last == end or p.last > all_made) for p in places]
    return [
        # What is there when all is made comes first, in the order it is made: gradients lie side by side.
        lambda n: (not stays[n], places[n].bytes <= 8, places[n].first if stays[n] else -places[n].bytes),
        lambda n: (-places[n].bytes, places[n].first),
        lambda n: (places[n].first - places[n].last, -places[n].bytes),
        lambda n: (places[n].first, -places[n].last),
    ]


def _greedy(places: Sequence[Place], order: Sequence[int]) -> list[int]:
    """Each buffer as low as it fits, in this order."""
    offsets = [0] * len(places)
    done: list[int] = []
    for n in order:
        p, low = places[n], 0
        beside = sorted(
            (offsets[k], offsets[k] + places[k].bytes)
            for k in done
            if places[k].first <= p.last and p.first <= places[k].last
        )
        for first, stop in beside:
            if first - low >= p.bytes:
                break
            low = max(low, stop)
        offsets[n] = low
        done.append(n)
    return offsets


def _searched(places: Sequence[Place], most: int, orders: int = ORDERS) -> list[int] | None:
    """Offsets within so many bytes, where one of the first so many searches finds them."""
    for key, moves in islice(_searches(places), orders if len(places) <= MANY else 0):
        if offsets := _Search(places, most, key).offsets(moves):
            return offsets
    return None


def _searches(places: Sequence[Place]) -> Iterator[tuple[Key, int]]:
    """The orders in which candidates are tried, long lives first, then others, then at random; and
    after how many moves each is given up."""
    patient, short = PATIENT + 3 * len(places), 2 * len(places)
    bytes_ = np.array([float(p.bytes) for p in places])
    long = np.array([1.0 + p.last - p.first for p in places])
    yield lambda n: (-long[n], -bytes_[n]), patient
    yield lambda n: (-bytes_[n], places[n].first), patient
    yield lambda n: (places[n].first, -places[n].last), patient
    yield lambda n: (-places[n].last, places[n].first), patient
    for seed in range((ORDERS - 4) // 2):
        rng = np.random.default_rng(seed)
        first = bytes_ ** rng.uniform(0, 1.5) * long * rng.uniform(0.2, 1.2, len(places))
        yield (-first).__getitem__, patient
        rng = np.random.default_rng(seed)
        size, life, noise = rng.uniform(0, 0.7), rng.uniform(0, 1), rng.uniform(0, 1)
        first = bytes_**size * long**life * np.exp(noise * rng.normal(size=len(places)))
        yield (-first).__getitem__, short


class _Search:
    """Depth first: in the lowest stretch of the skyline, lay a buffer that fits or leave the rest empty.

    What is left empty under the bound is known beforehand for every step, so a gap too many ends
    a branch at once.
    """

    def __init__(self, places: Sequence[Place], bound: int, key: Key) -> None:
        self.places = places
        self.steps = 1 + max(p.last for p in places)
        self.height = [0] * self.steps
        self.needed = [0] * self.steps
        for p in places:
            for t in range(p.first, p.last + 1):
                self.needed[t] += p.bytes
        self.spare = [bound - n for n in self.needed]
        self.left = dict.fromkeys(sorted((n for n, p in enumerate(places) if p.bytes), key=key))
        self.at = [0] * len(places)

    def offsets(self, moves: int) -> list[int] | None:
        """Offsets within the bound, or None where none were found within so many moves."""
        open_choices = []
        for _ in range(moves):
            if not self.left:
                return self.at
            low, first, last = self._lowest()
            open_choices.append((self._choices(low, first, last), []))
            # Back to the last choice that has another way to go.
            while open_choices:
                choices, undo = open_choices[-1]
                if undo:
                    undo.pop()()
                if (back := next(choices, None)) is not None:
                    undo.append(back)
                    break
                open_choices.pop()
            else:
                return None
        return None

    def _choices(self, low: int, first: int, last: int) -> Iterator[Callable[[], None]]:
        """Each way on from here is taken, and given back as what undoes it."""
        tried = set()
        for n in list(self.left):
            p = self.places[n]
            if first <= p.first and p.last <= last and p not in tried:
                tried.add(p)
                self.at[n] = low
                del self.left[n]
                self._lay(p, p.bytes)
                yield partial(self._take_back, n)
        gap = self._gap(low, first, last)
        if gap:
            self._raise(first, last, gap)
            yield partial(self._raise, first, last, -gap)

    def _take_back(self, n: int) -> None:
        self._lay(self.places[n], -self.places[n].bytes)
        self.left[n] = None

    def _lowest(self) -> tuple[int, int, int]:
        """The height and the ends of the lowest stretch over which something is left to lay."""
        low = min(compress(self.height, self.needed))
        first = self.height.index(low)
        while not self.needed[first]:
            first = self.height.index(low, first + 1)
        last = first
        while last + 1 < self.steps and self.needed[last + 1] and self.height[last + 1] == low:
            last += 1
        return low, first, last

    def _lay(self, p: Place, size: int) -> None:
        for t in range(p.first, p.last + 1):
            self.height[t] += size
            self.needed[t] -= size

    def _gap(self, low: int, first: int, last: int) -> int:
        """Up to its lower neighbour, where that wastes no more than there is to spare; else 0."""
        # Steps in which nothing is left to lay are done: no buffer reaches across them.
        beside = [self.height[t] for t in (first - 1, last + 1) if 0 <= t < self.steps and self.needed[t]]
        gap = min(beside) - low if beside else 0
        enough = all(self.spare[t] >= gap for t in range(first, last + 1))
        return gap if enough else 0

    def _raise(self, first: int, last: int, gap: int) -> None:
        for t in range(first, last + 1):
            self.height[t] += gap
            self.spare[t] -= gap
