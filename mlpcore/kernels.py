"""Equations carried out in place: NumPy calls on given buffers, no allocation on the way.

A kernel does the same floating point operations as the `arithmetic` of its equation, in the same
order, so both give the same bits; a test holds them to it. What works cell by cell is done in
pieces of `CHUNK` cells, which stay in the cache, so its temporaries are never larger than that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
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
SHORT = 128


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
        spare: it is quicker with one more temporary, a byte a cell of a piece. That is not counted:
            it is given only where the arena has room at that step.
    """

    calls: Callable[..., list[Call]]
    temporaries: tuple[Cells, ...] = ()
    cellwise: bool = False
    over: tuple[int, ...] = ()
    copies: bool = False
    spare: bool = False


def cellwise(calls: Callable[..., list[Call]], temporaries: int = 0, over: tuple[int, ...] = (0,)) -> Kernel:
    """A kernel that works on flat pieces."""
    return Kernel(calls, (chunk,) * temporaries, True, over)


def product(left: Callable[[Array], Array], right: Callable[[Array], Array]) -> Kernel:
    """A product of two matrices, each as it stands or transposed."""
    return Kernel(lambda out, A, B: [(np.matmul, (left(A), right(B), out))])


def _short_rows(sizes: Mapping[str, int]) -> int:
    """As many whole rows as a piece holds, where they are short; else nothing."""
    return min(sizes["i"], CHUNK // sizes["n"]) * sizes["n"] if sizes["n"] <= SHORT else 0


def plus_bias(out: Array, W: Array, Z: Array, b: Array, t: Array) -> list[Call]:
    """`W Z + b`: short rows are added to copies of b, which spares NumPy a loop a row."""
    product, column = (np.matmul, (W, Z, out)), b[:, None]
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
            return [(np.dot, (delta, _all(1, delta.dtype)[: delta.shape[1]], out))]
        return [(t.fill, (1,)), (np.dot, (delta, t, out))]

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
    return partial(np.maximum, x, y, out=out), ()


def minimum(x: Array, y: Array, out: Array) -> Call:
    """`min(x, y)`, likewise."""
    return partial(np.minimum, x, y, out=out), ()


def assign(out: Array, x: Array) -> Call:
    """`out[...] = x`: copied, repeated or turned into another type quicker than by a ufunc."""
    return setitem, (out, ..., x)


def number(x: float, like: Array) -> Array:
    """A constant in the precision of a matrix, made once."""
    return np.asarray(x, like.dtype)


COPY = Kernel(lambda out, x: [(np.positive, (x, out))], cellwise=True, over=(0,), copies=True)
ADD = cellwise(lambda out, x, y: [(np.add, (x, y, out))])
DESCEND = cellwise(lambda out, W, eta, dW, t: [(np.multiply, (eta, dW, t)), (np.subtract, (W, t, out))], temporaries=1)


# --- activations: f into out, f' into the first temporary -----------------------------------------


@dataclass(frozen=True)
class InPlace:
    """f and f' of an activation as calls; None where there is only the arithmetic.

    Attributes:
        f: (out, S, *temporaries); slope: (t, S, *temporaries) leaves f'(S) in t;
        slope_from_Z: (t, Z, *temporaries) likewise.
        for_f, for_slope: how many temporaries f and slope take, t not counted.
        mask: f' is 0 or 1, and t is given as truth values: quicker to make.
    """

    f: Callable[..., list[Call]] | None = None
    slope: Callable[..., list[Call]] | None = None
    slope_from_Z: Callable[..., list[Call]] | None = None
    for_f: int = 0
    for_slope: int = 0
    mask: bool = False

    def apply(self) -> Kernel | None:
        """`Z = f(S)`."""
        return self.f and cellwise(self.f, self.for_f)

    def pullback(self, slope: str) -> Kernel | None:
        """`delta = dZ (.) f'`, f' by the named way."""
        into = getattr(self, slope)

        def calls(out: Array, dZ: Array, X: Array, t: Array, *more: Array) -> list[Call]:
            return [*into(t, X, *more), (np.multiply, (dZ, t, out))]

        def masked(out: Array, dZ: Array, X: Array, t: Array, spare: Array | None = None) -> list[Call]:
            if spare is None:  # NumPy makes numbers of truth values on its way, a buffer at a time
                t = t.view(bool)[: X.size]
                return [*into(t, X), (np.multiply, (dZ, t, out))]
            truth = spare.view(bool)
            return [*into(truth, X), assign(t, truth), (np.multiply, (dZ, t, out))]

        if into and self.mask:
            return Kernel(masked, (chunk,), True, over=(0,), spare=True)
        return into and cellwise(calls, 1 + (self.for_slope if slope == "slope" else 0))


NOT_WRITTEN_OUT = InPlace()


def _positive(t: Array, X: Array) -> list[Call]:
    return [(np.greater, (X, number(0, X), t))]


def _leaky(leak: float) -> InPlace:
    def slope(t: Array, X: Array) -> list[Call]:
        return [*_positive(t, X), maximum(t, number(leak, X), t)]

    # leak S <= S exactly where S >= 0.
    return InPlace(lambda out, S, t: [(np.multiply, (S, number(leak, S), t)), maximum(S, t, out)], slope, slope, 1)


def _decay(t: Array, S: Array) -> list[Call]:
    """e^-|S|"""
    return [(np.abs, (S, t)), (np.negative, (t, t)), (np.exp, (t, t))]


def _sigmoid(out: Array, S: Array, e: Array, u: Array) -> list[Call]:
    # The numerator is 1 where S >= 0 and else e^-|S|, which is at most 1.
    return [
        *_decay(e, S),
        (np.greater_equal, (S, number(0, S), u)),
        maximum(u, e, u),
        (np.add, (e, number(1, S), e)),
        (np.divide, (u, e, out)),
    ]


def _both_sigmoids(t: Array, S: Array, e: Array, u: Array) -> list[Call]:
    """sigmoid(S) into t and sigmoid(-S) into u, from one exponential."""
    return [
        *_decay(e, S),
        (np.greater_equal, (S, number(0, S), t)),
        maximum(t, e, t),
        (np.less_equal, (S, number(0, S), u)),
        maximum(u, e, u),
        (np.add, (e, number(1, S), e)),
        (np.divide, (t, e, t)),
        (np.divide, (u, e, u)),
    ]


def _squared_off(t: Array, Z: Array) -> list[Call]:
    return [(np.square, (Z, t)), (np.subtract, (number(1, Z), t, t))]


RELU = InPlace(lambda out, S: [maximum(S, zeros(S), out)], _positive, _positive, mask=True)
SIGMOID = InPlace(
    _sigmoid,
    lambda t, S, e, u: [*_both_sigmoids(t, S, e, u), (np.multiply, (t, u, t))],
    lambda t, Z: [(np.subtract, (number(1, Z), Z, t)), (np.multiply, (Z, t, t))],
    2,
    2,
)
TANH = InPlace(
    lambda out, S: [(np.tanh, (S, out))], lambda t, S: [(np.tanh, (S, t)), *_squared_off(t, t)], _squared_off
)
SOFTPLUS = InPlace(
    lambda out, S, t: [*_decay(t, S), (np.log1p, (t, t)), maximum(S, zeros(S), out), (np.add, (out, t, out))],
    _sigmoid,
    lambda t, Z: [(np.negative, (Z, t)), (np.expm1, (t, t)), (np.negative, (t, t))],
    1,
    2,
)
ELU = InPlace(
    lambda out, S, t: [
        minimum(S, zeros(S), t), (np.expm1, (t, t)), maximum(S, zeros(S), out), (np.add, (out, t, out)),
    ],
    lambda t, S: [minimum(S, zeros(S), t), (np.exp, (t, t))],
    lambda t, Z: [minimum(Z, zeros(Z), t), (np.add, (t, number(1, Z), t))],
    1,
)  # fmt: skip
SILU = InPlace(
    lambda out, S, e, u: [*_sigmoid(u, S, e, u), (np.multiply, (S, u, out))],
    lambda t, S, e, u: [
        *_both_sigmoids(t, S, e, u),
        (np.multiply, (S, u, u)),
        (np.add, (u, number(1, S), u)),
        (np.multiply, (t, u, t)),
    ],
    None,
    2,
    2,
)
LEAKY_RELU = _leaky(0.01)


def by_pieces(f: Callable[[Array], Array]) -> Kernel:
    """Where there is only the arithmetic cell by cell: piece by piece, with temporaries on the side."""
    return cellwise(lambda out, *operands: [(_assign, (f, out, *operands))])


def _assign(f: Callable[..., Array], out: Array, *operands: Array) -> None:
    out[...] = f(*operands)


def whole(op: Callable[..., Array], kernel: Kernel | None, out: Array, operands: list, temporaries: list) -> list[Call]:
    """The calls of one equation on its matrices; without a kernel, its arithmetic and a copy."""
    if kernel is None:
        return [(_assign, (op, out, *operands))]
    return kernel.calls(out, *operands, *temporaries)


def in_pieces(kernel: Kernel, out: Array, operands: list, temporaries: list) -> list[Call]:
    """The calls of an equation that works cell by cell, on flat matrices and single numbers."""
    at_once = min(CHUNK, *(t.size for t in temporaries)) if temporaries else CHUNK
    calls = []
    for first in range(0, out.size, at_once):
        piece = slice(first, min(first + at_once, out.size))
        into = out[piece]
        # The very array where an operand is overwritten: NumPy need not find out how the two overlap.
        here = [into if x is out else x[piece] if np.ndim(x) else x for x in operands]
        calls += kernel.calls(into, *here, *(t[: piece.stop - first] for t in temporaries))
    return calls
