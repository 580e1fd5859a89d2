"""Equations of the losses carried out in place; the hinges have only their arithmetic."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..equations.kernels import CHUNK, Call, number
from ..equations.softmax import shift_in_place
from .scales import Scale

Array = np.ndarray


def sum_squares(D: Array) -> Array:
    """Sum all squares: at once where the cells fit into one piece, else row by row."""
    if D.shape[-2] * D.shape[-1] <= CHUNK:
        flat = D.reshape(*D.shape[:-2], -1)
        return np.vecdot(flat, flat)
    return np.vecdot(D, D).sum(axis=-1)


def count_row_cells(sizes: Mapping[str, int]) -> int:
    """Size a temporary for the full rows that a piece holds, at least one."""
    return min(sizes["i"], max(1, CHUNK // sizes["n"])) * sizes["n"]


def squared_error(c: Scale, out: Array, Z: Array, Y: Array, t: Array, sums: Array) -> list[Call]:
    """Call `c ||Z - Y||^2`: a few rows of differences at a time in t, the sum of squares of each row in sums."""
    rows, N = Z.shape
    at_once = t.size // N
    factor = number(c.factor(N, d=rows), Z)
    if rows * N <= CHUNK:
        # Not in place: for a single number NumPy takes long to find out how operand and result overlap.
        total = sums[:1].reshape(())
        scaled = np.multiply, (total, factor, out)
        return [(np.subtract, (Z, Y, t.reshape(Z.shape))), (t.dot, (t, total)), scaled]
    calls = []
    for first in range(0, rows, at_once):
        piece = slice(first, min(first + at_once, rows))
        here = t[: (piece.stop - first) * N].reshape(-1, N)
        calls += [(np.subtract, (Z[piece], Y[piece], here)), (np.vecdot, (here, here, sums[piece]))]
    return [*calls, (np.add.reduce, (sums, -1, None, out)), (np.multiply, (out, factor, out))]


def subtract_targets(c: Scale, twice: bool, out: Array, Z: Array, Y: Array) -> list[Call]:
    """Call `c (Z - Y)`."""
    return [(np.subtract, (Z, Y, out)), (np.multiply, (out, number(c.factor(Z.shape[-1], twice, Z.shape[-2]), Z), out))]


def count_matrix_cells(sizes: Mapping[str, int]) -> int:
    """Size a temporary like the operand."""
    return sizes["k"] * sizes["n"]


def cross_entropy(out: Array, o: Array, y: Array, e: Array, x: Array, top: Array, s: Array) -> list[Call]:
    """Call `log sum_k e^{o_k} - sum_k y_k o_k`, shifted as in the arithmetic."""
    e, x = e.reshape(o.shape), x.reshape(o.shape)
    return [
        *shift_in_place(e, o, top),
        (np.multiply, (y, e, x)),
        (np.exp, (e, e)),
        (np.add.reduce, (e, -2, None, out)),
        (np.log, (out, out)),
        (np.add.reduce, (x, -2, None, s)),
        (np.subtract, (out, s, out)),
        (np.add.reduce, (y, -2, None, s)),
        (np.subtract, (number(1, o), s, s)),
        (np.multiply, (top, s, s)),
        (np.add, (out, s, out)),
    ]


def sum_losses(c: Scale, out: Array, ell: Array, t: Array) -> list[Call]:
    """Call `c sum_n ell_n`."""
    largest = np.finfo(ell.dtype).max
    return [
        (np.multiply, (ell, number(c.factor(ell.size), ell), t)),
        (np.add.reduce, (t, -1, None, out)),
        (np.clip, (out, -largest, largest, out)),
    ]
