"""What of a count does not depend on how wide the layers are and how many the examples.

When each matrix is made and freed, in whose place it lies and along which axes it runs is read off
a list of steps once. The bytes at any width and batch are then a few sums over what was read, so
that a page can count under a slider.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..equations.steps import Step
from ..network import Shape
from ..notation import Var
from .listing import Listing
from .reading import CACHED, CATEGORIES, WORKSPACE, Sizes

Array = np.ndarray


def spent(step: Step) -> dict[int, Var]:
    """Temporary of the kernel -> the operand that serves in its place, because this step frees it."""
    spends = step.op.kernel.spends if step.op.kernel else {}
    return {k: step.operands[n] for k, n in spends.items() if step.operands[n] in step.frees}


# Policies that are compared share their equations.
_cells = lru_cache(maxsize=64)(Sizes.cells)


class Outline:
    """A list of steps read for counting: what is left when the numbers are taken out."""

    def __init__(self, listing: Listing) -> None:
        self.sizes = listing.equations.sizes
        found = listing.lives
        self.steps = len(listing.order)
        # Short numbers: outlines are kept, and there may be thousands of lives in one.
        short = np.int16 if self.steps < 2**15 else np.int32
        self.made, self.gone = found.step.astype(short), (found.until + 1).astype(short)
        self.size, self.of = found.size.astype(short), found.category.astype(np.int8)
        equations = len(listing.equations.made)
        #: How often each equation is carried out; and how often again.
        self.often = np.bincount(listing.order, minlength=equations)
        self.again = np.bincount(listing.order[listing.again], minlength=equations)

    def curves(self, item: int, cells: Array) -> Array:
        """Live bytes by category while each step runs, shape (categories, steps).

        Args:
            item: bytes of one number; cells: `Cells.sizes`.
        """
        bytes_ = item * cells[self.size]
        change = np.zeros((len(CATEGORIES), self.steps + 1), dtype=bytes_.dtype)
        row = self.of * np.intp(self.steps + 1)
        flat = change.reshape(-1)  # one index in place of two is four times as quick
        np.add.at(flat, row + self.made, bytes_)
        np.subtract.at(flat, row + self.gone, bytes_)
        return np.cumsum(change, axis=1)[:, :-1]

    def sums(self, shape: Shape, N: int, edges: Mapping[int, int] | None = None) -> Sums:
        """Only the sums, at this size (see `Sizes.extents`)."""
        cells = _cells(self.sizes, self.sizes.extents(shape, N, edges))
        curves = self.curves(shape.itemsize, cells.sizes)
        live = curves.sum(axis=0)
        return Sums(
            int(live.max()),
            tuple(int(x) for x in curves[:, live.argmax()]),
            int((curves[CACHED] + curves[WORKSPACE]).max()),
            int(self.often @ cells.flops),
            int(self.again @ cells.flops),
            int(self.again @ cells.written),
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
