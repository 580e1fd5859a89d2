"""Equations carried out in place: NumPy calls on given buffers, no allocation on the way.

A kernel does the same floating point operations as the `arithmetic` of its equation, in the same
order, so both give the same bits; a test holds them to it. What works cell by cell is done in
pieces of `CHUNK` cells, which stay in the cache, so its temporaries are never larger than that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from operator import setitem

import numpy as np

Array = np.ndarray
#: A function and its arguments, the buffer for the result among them.
Call = tuple[Callable, tuple]
#: How many cells a temporary has, from how far each letter of the equation runs.
Cells = Callable[[Mapping[str, int]], int]

#: Cells worked on at a time. One piece and its temporaries fit into a level-2 cache.
CHUNK = 16384
#: Bytes of a line of the cache.
ALIGNED = 64
#: Rows of so many cells are short: NumPy's own loop from row to row takes longer than the cells.
SHORT = 256


def chunk(sizes: Mapping[str, int]) -> int:
    """A temporary as large as one piece."""
    return min(math.prod(sizes.values()), CHUNK)


@dataclass(frozen=True)
class Kernel:
    """How an equation is carried out in place.

    Attributes:
        calls: (out, *operands, *temporaries) -> the calls in order; temporaries are flat.
        temporaries: the cells of each.
        cellwise: each cell of the result reads that same cell of its operands, or a single number,
            so that flat pieces can be given instead of matrices.
        over: operands whose place the result may take, because each cell of them is read before
            that cell of the result is written.
        copies: the result is its operand: where it takes its place, nothing is left to do.
        spends: temporary -> the operand that serves in its place, in a step that frees it.
    """

    calls: Callable[..., list[Call]]
    temporaries: tuple[Cells, ...] = ()
    cellwise: bool = False
    over: tuple[int, ...] = ()
    copies: bool = False
    spends: Mapping[int, int] = field(default_factory=dict)


def cellwise(calls: Callable[..., list[Call]], *temporaries: Cells) -> Kernel:
    """A kernel that works on flat pieces and may overwrite its first operand."""
    return Kernel(calls, temporaries, True, over=(0,))


def product(left: Callable[[Array], Array], right: Callable[[Array], Array]) -> Kernel:
    """A product of two matrices, each as it stands or transposed."""
    return Kernel(lambda out, A, B: [times(left(A), right(B), out)])


def times(A: Array, B: Array, out: Array) -> Call:
    """`A B` with the bits of `np.matmul`. The method answers sooner, but sums a block of examples, which
    has gaps between its rows, in another order."""
    if A.flags.forc and B.flags.forc:
        return A.dot, (B, out)
    return np.matmul, (A, B, out)


def _short_rows(sizes: Mapping[str, int]) -> int:
    """As many whole rows as a piece holds, where they are short; else nothing."""
    return min(sizes["i"], CHUNK // sizes["n"]) * sizes["n"] if sizes["n"] <= SHORT else 0


def plus_bias(out: Array, W: Array, Z: Array, b: Array, t: Array) -> list[Call]:
    """`W Z + b`: short rows are added to copies of b, which spares NumPy a loop a row."""
    product, column = times(W, Z, out), b[:, None]
    if not t.size:
        return [product, (np.add, (out, column, out))]
    calls = [product]
    at_once = t.size // out.shape[1]
    for first in range(0, len(out), at_once):
        here = out[first : first + at_once]
        here = out if here.shape == out.shape else here
        copies = t[: here.size].reshape(here.shape)
        calls += [assign(copies, column[first : first + at_once]), (np.add, (here, copies, here))]
    return calls


AFFINE = Kernel(plus_bias, (_short_rows,))


def sum_over_examples(turn: Callable[[Array], Array]) -> Kernel:
    """`delta 1_N` as the product it is: many times quicker than a sum along an axis."""

    def calls(out: Array, delta: Array, t: Array) -> list[Call]:
        delta = turn(delta)
        if not t.size:
            return [(delta.dot, (_all(1, delta.dtype)[: delta.shape[1]], out))]
        return [(t.fill, (1,)), (delta.dot, (t, out))]

    return Kernel(calls, (lambda sizes: sizes["n"] if sizes["n"] > CHUNK else 0,))


def aligned(size: int) -> Array:
    """So many bytes from the start of a line of the cache on: wide loads across two lines take longer."""
    return from_a_line(np.empty(size + ALIGNED, np.uint8))[:size]


def from_a_line(block: Array) -> Array:
    """These bytes from the first start of a line of the cache on."""
    return block[-block.ctypes.data % ALIGNED :]


@cache
def _all(x: int, dtype: np.dtype) -> Array:
    """One piece of a number that all equations share."""
    piece = aligned(CHUNK * dtype.itemsize).view(dtype)
    piece[...] = x
    piece.flags.writeable = False
    return piece


def zeros(like: Array) -> Array:
    """Zeros for one piece. An array beats the number 0 in `maximum`, about twofold."""
    return _all(0, like.dtype)[: like.size]


def maximum(x: Array, y: Array, out: Array) -> Call:
    """`max(x, y)`: NumPy wants this result by its name."""
    return _maximum, (x, y, out)


def _maximum(x: Array, y: Array, out: Array) -> None:
    np.maximum(x, y, out=out)


def minimum(x: Array, y: Array, out: Array) -> Call:
    """`min(x, y)`, likewise."""
    return _minimum, (x, y, out)


def _minimum(x: Array, y: Array, out: Array) -> None:
    np.minimum(x, y, out=out)


def assign(out: Array, x: Array) -> Call:
    """`out[...] = x`: copied, repeated or turned into another type quicker than by a ufunc."""
    return setitem, (out, ..., x)


def number(x: float, like: Array) -> Array:
    """A constant in the precision of a matrix."""
    return _number(x, like.dtype)


@lru_cache
def _number(x: float, dtype: np.dtype) -> Array:
    return np.asarray(x, dtype)


COPY = Kernel(lambda out, x: [(np.positive, (x, out))], cellwise=True, over=(0,), copies=True)
ADD = cellwise(lambda out, x, y: [(np.add, (x, y, out))])
DESCEND = Kernel(
    lambda out, W, eta, dW, t: [(np.multiply, (eta, dW, t)), (np.subtract, (W, t, out))],
    (chunk,), cellwise=True, over=(0,), spends={0: 2},
)  # fmt: skip


def by_pieces(f: Callable[..., Array]) -> Kernel:
    """Where there is only the arithmetic cell by cell: piece by piece, with temporaries on the side."""
    return cellwise(lambda out, *operands: [(_assign, (f, out, *operands))])


def _assign(f: Callable[..., Array], out: Array, *operands: Array) -> None:
    out[...] = f(*operands)


def whole(op: Callable[..., Array], kernel: Kernel | None, out: Array, operands: list, temporaries: list) -> list[Call]:
    """The calls of one equation on its matrices; without a kernel, its arithmetic and a copy."""
    if kernel is None:
        return [(_assign, (op, out, *operands))]
    return kernel.calls(out, *operands, *temporaries)


def in_pieces(kernel: Kernel, out: Array, operands: list, temporaries: list, at_once: int) -> list[Call]:
    """The calls of an equation that works cell by cell, on flat matrices and single numbers.

    Args:
        temporaries: None where an operand serves.
        at_once: for so many cells the temporaries are large enough.
    """
    calls = []
    for first in range(0, out.size, at_once):
        piece = slice(first, min(first + at_once, out.size))
        into = out[piece]
        # The very array where an operand is overwritten: NumPy need not find out how the two overlap.
        here = [into if x is out else x[piece] if np.ndim(x) else x for x in operands]
        aside = (here[kernel.spends[k]] if t is None else t[: piece.stop - first] for k, t in enumerate(temporaries))
        calls += kernel.calls(into, *here, *aside)
    return calls
