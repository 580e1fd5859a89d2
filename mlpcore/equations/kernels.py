"""Equations carried out in place: NumPy calls on given buffers, without allocation.

A kernel does the same floating point operations as the `arithmetic` of its equation, in the same
order, so both give the same bits; a test holds them to it. What works cell by cell is done in
pieces of `CHUNK` cells, which stay in the cache, so its temporaries are never larger than that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from operator import setitem
from typing import Any

import numpy as np

Array = np.ndarray
#: A function and its arguments, the buffer for the result among them.
Call = tuple[Callable, tuple]
#: How many cells a temporary has, from how far each letter of the equation runs.
Cells = Callable[[Mapping[str, int]], int]

#: Cells per piece. One piece and its temporaries fit into a level-2 cache.
CHUNK = 16384
#: Bytes of a cache line.
ALIGNED = 64
#: Up to so many cells a row is short: NumPy's loop from row to row takes longer than the cells.
SHORT = 256


def count_piece_cells(sizes: Mapping[str, int]) -> int:
    """Size a temporary as one piece."""
    return min(math.prod(sizes.values()), CHUNK)


@dataclass(frozen=True)
class Kernel:
    """How an equation is carried out in place.

    Attributes:
        calls: (out, *operands, *temporaries) -> the calls in order; temporaries are flat.
        temporaries: the cells of each.
        cellwise: each cell of the result reads that same cell of its operands, or a single number,
            so that flat pieces can be given instead of matrices.
        overwritable: operands whose buffer the result may take, because each cell of them is read before
            that cell of the result is written.
        is_copy: the result is its operand: where it takes its buffer, nothing is left to do.
        operands_as_temporaries: number of a temporary -> number of the operand that serves in its place, in a
            step that frees it.
    """

    calls: Callable[..., list[Call]]
    temporaries: tuple[Cells, ...] = ()
    cellwise: bool = False
    overwritable: tuple[int, ...] = ()
    is_copy: bool = False
    operands_as_temporaries: Mapping[int, int] = field(default_factory=dict)


def make_cellwise(calls: Callable[..., list[Call]], *temporaries: Cells) -> Kernel:
    """Make a kernel that works on flat pieces and may overwrite its first operand."""
    return Kernel(calls, temporaries, True, overwritable=(0,))


def make_product(left: Callable[[Array], Array], right: Callable[[Array], Array]) -> Kernel:
    """Make the kernel of a product of two matrices, each as it stands or transposed."""
    return Kernel(lambda out, A, B: [multiply(left(A), right(B), out)])


def multiply(A: Array, B: Array, out: Array) -> Call:
    """Call `A B`, with the bits of `np.matmul`.

    The method `dot` costs less a call, but sums a block of examples, which has gaps between its rows, in
    another order.
    """
    if A.flags.forc and B.flags.forc:
        return A.dot, (B, out)
    return np.matmul, (A, B, out)


def _count_short_row_cells(sizes: Mapping[str, int]) -> int:
    """Count the cells of the full rows that a piece holds, where there are several short ones; else 0."""
    short = sizes["n"] <= SHORT and sizes["i"] > 1
    return min(sizes["i"], CHUNK // sizes["n"]) * sizes["n"] if short else 0


def add_bias(out: Array, W: Array, Z: Array, b: Array, t: Array) -> list[Call]:
    """Call `W Z + b`: short rows are added to copies of b, which spares NumPy a loop a row; one row to a number."""
    product, column = multiply(W, Z, out), b[:, None] if len(b) > 1 else b.reshape(())
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


AFFINE = Kernel(add_bias, (_count_short_row_cells,))


def make_sum_over_examples(turn: Callable[[Array], Array]) -> Kernel:
    """Make the kernel of `delta 1_N` as the product it is: many times quicker than a sum along an axis."""

    def calls(out: Array, delta: Array, t: Array) -> list[Call]:
        delta = turn(delta)
        if not t.size:
            return [(delta.dot, (_fill_piece(1, delta.dtype)[: delta.shape[1]], out))]
        return [(t.fill, (1,)), (delta.dot, (t, out))]

    return Kernel(calls, (lambda sizes: sizes["n"] if sizes["n"] > CHUNK else 0,))


def allocate_aligned(size: int) -> Array:
    """Allocate so many bytes from the start of a cache line on: wide loads across two lines take longer."""
    return align(np.empty(size + ALIGNED, np.uint8))[:size]


def align(block: Array) -> Array:
    """Drop the bytes before the first start of a cache line."""
    return block[-block.ctypes.data % ALIGNED :]


@cache
def _fill_piece(x: int, dtype: np.dtype) -> Array:
    """Fill one read-only piece with a number, for all equations."""
    piece = allocate_aligned(CHUNK * dtype.itemsize).view(dtype)
    piece[...] = x
    piece.flags.writeable = False
    return piece


def zeros(like: Array) -> Array:
    """Give zeros for one piece: in `maximum` an array is about twice as fast as the number 0."""
    return _fill_piece(0, like.dtype)[: like.size]


def maximum(x: Array, y: Array, out: Array) -> Call:
    """Call `max(x, y)`: NumPy 2.4 deprecates its result as a positional argument."""
    return partial(np.maximum, out=out), (x, y)


def minimum(x: Array, y: Array, out: Array) -> Call:
    """Call `min(x, y)`, likewise."""
    return partial(np.minimum, out=out), (x, y)


def assign(out: Array, x: Array) -> Call:
    """Call `out[...] = x`: it copies, repeats or converts faster than a ufunc."""
    return setitem, (out, ..., x)


def number(x: float, like: Array) -> Array:
    """Give a constant in the precision of a matrix."""
    return _number(x, like.dtype)


# The few constants of the kernels, in two precisions.
@lru_cache
def _number(x: float, dtype: np.dtype) -> Array:
    return np.asarray(x, dtype)


COPY = Kernel(lambda out, x: [(np.positive, (x, out))], cellwise=True, overwritable=(0,), is_copy=True)
ADD = make_cellwise(lambda out, x, y: [(np.add, (x, y, out))])
DESCEND = Kernel(
    lambda out, W, eta, dW, t: [(np.multiply, (eta, dW, t)), (np.subtract, (W, t, out))],
    (count_piece_cells,), cellwise=True, overwritable=(0,), operands_as_temporaries={0: 2},
)  # fmt: skip


def wrap_arithmetic(f: Callable[..., Array]) -> Kernel:
    """Make a kernel of arithmetic that works cell by cell and allocates; piece by piece, so never a full matrix."""
    return make_cellwise(lambda out, *operands: [(_assign, (f, out, *operands))])


class _Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """A result that is written down, not computed: a ufunc and its inputs; an operand has none."""

    def __init__(self, rows: list[_Traced], ufunc: Any = None, inputs: tuple = ()) -> None:
        self.rows, self.ufunc, self.inputs = rows, ufunc, inputs

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object) -> _Traced:
        self.rows.append(_Traced(self.rows, ufunc, inputs))
        return self.rows[-1]


def trace_arithmetic(f: Callable[..., Array]) -> Kernel:
    """Make a kernel of arithmetic that calls ufuncs only, cell by cell, in an expression: no result is read twice.

    Below `CHUNK` cells a result takes the place of one that it reads, or a buffer of its own; a full piece allocates.
    """

    def calls(out: Array, *operands: Array) -> list[Call]:
        if out.size == CHUNK:
            return [(_assign, (f, out, *operands))]
        rows: list[_Traced] = []
        given = [_Traced(rows) for _ in operands]
        result = f(*given)
        arrays = {id(x): operand for x, operand in zip(given, operands, strict=True)}
        made: list[Call] = []
        for row in rows:
            read = [arrays[id(x)] if isinstance(x, _Traced) else number(x, out) for x in row.inputs]
            target = out
            if row is not result:
                shape = out.shape if any(x.ndim for x in read) else ()
                own = [arrays[id(x)] for x in row.inputs if isinstance(x, _Traced) and x.ufunc]
                target = next((x for x in own if x.shape == shape), np.empty(shape, out.dtype))
            arrays[id(row)] = target
            is_minimum = row.ufunc is np.minimum
            made.append(minimum(read[0], read[1], target) if is_minimum else (row.ufunc, (*read, target)))
        return made

    return make_cellwise(calls)


def _assign(f: Callable[..., Array], out: Array, *operands: Array) -> None:
    out[...] = f(*operands)


def call_on_matrices(
    op: Callable[..., Array], kernel: Kernel | None, out: Array, operands: list[Array], temporaries: list[Array]
) -> list[Call]:
    """List the calls of one equation on its matrices; without a kernel, its arithmetic and a copy."""
    if kernel is None:
        return [(_assign, (op, out, *operands))]
    return kernel.calls(out, *operands, *temporaries)


def call_in_pieces(kernel: Kernel, out: Array, operands: list[Array], temporaries: list[Array | None]) -> list[Call]:
    """List the calls of an equation that works cell by cell, on flat matrices and single numbers.

    Args:
        temporaries: each as large as a piece; None where an operand serves.
    """
    calls = []
    for start in range(0, out.size, CHUNK):
        piece = slice(start, min(start + CHUNK, out.size))
        target = out[piece]
        # The very array where an operand is overwritten: NumPy need not find out how the two overlap.
        pieces = [target if x is out else x[piece] if x.ndim else x for x in operands]
        aside = [
            pieces[kernel.operands_as_temporaries[k]] if t is None else t[: target.size]
            for k, t in enumerate(temporaries)
        ]
        calls += kernel.calls(target, *pieces, *aside)
    return calls
