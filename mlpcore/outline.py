"""What of a count does not depend on how wide the layers are and how many the examples.

When each matrix is made and freed, in whose place it lies and along which axes it runs is read off
a list of steps once. The bytes at any width and batch are then a few sums over what was read, so
that a page can count under a slider.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from .conventions import LAYOUTS, Layout
from .network import Shape, shape_of
from .notation import Var
from .schedules import RESULTS
from .steps import Step

COLUMNS = LAYOUTS["columns"]

#: What bytes are spent on, apart from parameters and inputs, which no schedule changes.
CATEGORIES = ("cached", "workspace", "gradients", "scratch")

#: A number in the list of extents: the widths d_0 to d_L, the examples of the batch, those of each block.
Extent = int


@lru_cache(maxsize=256)
def _is_product(subscripts: str) -> bool:
    """Whether an equation is a product of two matrices: they share one letter, and it is summed over."""
    operands, made = subscripts.split("->")
    reads = operands.split(",")
    if len(reads) < 2:
        return False
    shared = set(reads[0]) & set(reads[1])
    return len(shared) == 1 and len(set("".join(reads))) == 3 and not shared & set(made)


def spent(step: Step) -> dict[int, Var]:
    """Temporary of the kernel -> the operand that serves in its place, because this step frees it."""
    spends = step.op.kernel.spends if step.op.kernel else {}
    return {k: step.operands[n] for k, n in spends.items() if step.operands[n] in step.frees}


def _none(_: Mapping[str, int]) -> int:
    return 0


@dataclass(slots=True)
class Stretch:
    """A life without its bytes (see `cost.Life`).

    Attributes:
        until: the last step before another matrix takes its place; `freed` where none does.
        size: a number in `Outline.sizes`.
    """

    var: Var | None
    made: int
    freed: int
    until: int
    category: str
    place: int
    again: bool
    size: int


class Outline:
    """A list of steps read for counting: what is left when the numbers are taken out.

    Attributes:
        sizes: how many cells there are of each size that occurs: the extents to multiply, or, for a
            temporary of a kernel, its own function and the extents of its letters.
    """

    def __init__(self, steps: Sequence[Step], depth: int, lay: Layout = COLUMNS) -> None:
        self.blocks: dict[tuple[int, int], Extent] = {}
        self.sizes: dict[tuple, int] = {}

        @cache
        def laid(var: Var) -> tuple[Extent, ...]:
            # The shape of a matrix whose layers are as wide as their number is the list of its extents.
            batch = depth + 1
            at = shape_of(var, range(batch), batch)
            if var.examples is not None:
                block = self.blocks.setdefault(var.examples, batch + 1 + len(self.blocks))
                at = tuple(block if axis == "example" else x for axis, x in zip(var.axes, at, strict=True))
            return at[::-1] if lay.turns(var) else at

        def letters(step: Step) -> dict[str, Extent]:
            found: dict[str, Extent] = {}
            for names, var in zip((*step.op.reads, step.op.makes), (*step.operands, step.out), strict=True):
                found |= zip(names, laid(var), strict=True)
            return found

        stretches = self._stretches(steps, laid, letters)
        # Short numbers: outlines are kept, and there may be thousands of stretches in one.
        short = np.int16 if max(len(steps), len(self.sizes)) < 2**15 else np.int32
        self.made = np.array([s.made for s in stretches], dtype=short)
        self.gone = np.array([s.until + 1 for s in stretches], dtype=short)
        self.size = np.array([s.size for s in stretches], dtype=short)
        self.of = np.array([CATEGORIES.index(s.category) for s in stretches], dtype=np.int8)
        self.steps = len(steps)
        self.products = [tuple(sorted(letters(s).values())) if _is_product(s.op.subscripts) else None for s in steps]
        self.cells = [None if p else self._size(laid(s.out)) for s, p in zip(steps, self.products, strict=True)]
        again = [step.recompute for step in steps]
        #: (the extents of a product, whether it is computed again) -> how often; cells likewise.
        self.often = Counter((p, a) for p, a in zip(self.products, again, strict=True) if p)
        self.cells_again = Counter(c for c, a in zip(self.cells, again, strict=True) if a and c is not None)
        self.stretches = stretches

    # --- reading -----------------------------------------------------------------------------------

    def _size(self, what: tuple) -> int:
        return self.sizes.setdefault(what, len(self.sizes))

    def _stretches(
        self,
        steps: Sequence[Step],
        laid: Callable[[Var], tuple[Extent, ...]],
        letters: Callable[[Step], dict[str, Extent]],
    ) -> list[Stretch]:
        found: list[Stretch] = []
        current: dict[Var, Stretch] = {}
        lying: dict[int, Stretch] = {}
        places = 0
        for n, step in enumerate(steps):
            kernel = step.op.kernel
            served = spent(step)
            for k, cells in enumerate(kernel.temporaries if kernel else ()):
                size = self._size((_none,) if k in served else (cells, *letters(step).items()))
                found.append(Stretch(None, n, n, n, "scratch", places, False, size))
                places += 1
            takes = step.takes
            # A view of an input, and a parameter that is updated where it lies, take no bytes.
            if takes in current or (takes is None and not step.op.examples):
                place = current[takes].place if takes else places
                places += takes is None
                last, size = len(steps) - 1, self._size(laid(step.out))
                life = Stretch(step.out, n, last, last, "workspace", place, step.recompute, size)
                if place in lying:
                    lying[place].until = n - 1
                current[step.out] = lying[place] = life
                found.append(life)
            for var in step.frees:
                if var in current:
                    life = current.pop(var)
                    life.freed, life.until = n, min(life.until, n)
        for life in found:
            if life.var is None:
                continue
            if life.var.kind in RESULTS:
                life.category = "gradients"
            elif steps[life.made].phase in ("forward", "loss") and steps[life.freed].phase == "backward":
                life.category = "cached"
        return found

    def light(self) -> Outline:
        """The same without what is told step by step and life by life: for sums, and quickly kept."""
        light = copy(self)
        light.stretches, light.products, light.cells = [], [], []
        return light

    # --- filling in --------------------------------------------------------------------------------

    def extents(self, shape: Shape, N: int, edges: Mapping[int, int] | None = None) -> list[int]:
        """How long each extent is.

        Args:
            edges: where a block begins or ends in truth, for each number at which one does in the steps.
        """
        at = edges or {}
        blocks = (at.get(stop, stop) - at.get(first, first) for first, stop in self.blocks)
        return [*shape.widths, N, *blocks]

    def in_cells(self, extents: Sequence[int]) -> list[int]:
        """The cells of each of `sizes`."""
        return [
            what[0]({letter: extents[e] for letter, e in what[1:]}) if what and callable(what[0])
            else math.prod(extents[e] for e in what)
            for what in self.sizes
        ]  # fmt: skip

    def curves(self, item: int, cells: Sequence[int]) -> np.ndarray:
        """Live bytes by category while each step runs, shape (categories, steps).

        Args:
            item: bytes of one number; cells: what `in_cells` gives.
        """
        # Exact at any size: whole numbers of any length where 64 bits might not do.
        exact = item * max(cells, default=0) * max(1, len(self.size)) < 2**62
        bytes_ = (item * np.array(cells, dtype=np.int64 if exact else object))[self.size]
        change = np.zeros((len(CATEGORIES), self.steps + 1), dtype=bytes_.dtype)
        np.add.at(change, (self.of, self.made), bytes_)
        np.subtract.at(change, (self.of, self.gone), bytes_)
        return np.cumsum(change, axis=1)[:, :-1]

    def sums(self, shape: Shape, N: int, edges: Mapping[int, int] | None = None) -> Sums:
        """Only the sums, at this size."""
        extents = self.extents(shape, N, edges)
        cells = self.in_cells(extents)
        curves = self.curves(shape.itemsize, cells)
        live = curves.sum(axis=0)
        flops = [0, 0]
        for (product, again), often in self.often.items():
            flops[again] += 2 * often * math.prod(extents[e] for e in product)
        return Sums(
            int(live.max()),
            tuple(int(x) for x in curves[:, live.argmax()]),
            int((curves[CATEGORIES.index("cached")] + curves[CATEGORIES.index("workspace")]).max()),
            sum(flops),
            flops[True],
            sum(often * cells[size] for size, often in self.cells_again.items()),
        )


class Sums(NamedTuple):
    """What a list of steps costs, in sums (see `cost.Count`).

    Attributes:
        peak, activations: bytes; `at_peak` those of the peak by category.
        flops, again: operations of all products, and of those that are recomputations.
        cells_again: cells written by recomputations that are no products.
    """

    peak: int
    at_peak: tuple[int, ...]
    activations: int
    flops: int
    again: int
    cells_again: int
