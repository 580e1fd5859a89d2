"""The activations carried out in place: f into the result, f' into a temporary, piece by piece.

The same floating point operations as `mlpcore.equations.activations` writes, in the same order, for the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from .kernels import (
    Array,
    Call,
    Cells,
    Kernel,
    assign,
    count_piece_cells,
    make_cellwise,
    maximum,
    minimum,
    number,
    zeros,
)


def count_truth_cells(sizes: Mapping[str, int]) -> int:
    """Size a temporary for the truth values of one piece, a byte each."""
    return -(-count_piece_cells(sizes) // 4)


@dataclass(frozen=True)
class InPlace:
    """Hold f and f' of an activation as calls; None where there is only the arithmetic.

    Attributes:
        f: (out, S, *temporaries) -> calls that write f(S) into out.
        derivative: (t, S, *temporaries) -> calls that write f'(S) into t.
        derivative_from_Z: (t, Z, *temporaries) -> the same from the output.
        for_f, for_derivative: sizes of the temporaries of f and of derivative, without t.
        low: set where f' is 1 or this number: derivative then writes truth values, which are quicker to make.
    """

    f: Callable[..., list[Call]] | None = None
    derivative: Callable[..., list[Call]] | None = None
    derivative_from_Z: Callable[..., list[Call]] | None = None
    for_f: tuple[Cells, ...] = ()
    for_derivative: tuple[Cells, ...] = ()
    low: float | None = None

    def apply(self) -> Kernel | None:
        """Make the kernel of `Z = f(S)`."""
        return self.f and make_cellwise(self.f, *self.for_f)

    def pullback(self, way: str) -> Kernel | None:
        """Make the kernel of `delta = dZ (.) f'`.

        Args:
            way: the field that computes f': `derivative` or `derivative_from_Z`.
        """
        into: Callable[..., list[Call]] | None = getattr(self, way)
        if into is None:
            return None

        def calls(out: Array, dZ: Array, X: Array, t: Array, *more: Array) -> list[Call]:
            return [*into(t, X, *more), (np.multiply, (dZ, t, out))]

        def masked(out: Array, dZ: Array, X: Array, t: Array, truth: Array) -> list[Call]:
            truth = truth.view(bool)[: X.size]
            raised = [maximum(t, number(self.low, t), t)] if self.low else []
            return [*into(truth, X), assign(t, truth), *raised, (np.multiply, (dZ, t, out))]

        if self.low is not None:
            return Kernel(
                masked, (count_piece_cells, count_truth_cells), True, overwritable=(0,), operands_as_temporaries={0: 1}
            )
        return make_cellwise(calls, count_piece_cells, *(self.for_derivative if way == "derivative" else ()))


NOT_WRITTEN_OUT = InPlace()


def _compare_to_zero(t: Array, X: Array) -> list[Call]:
    return [(np.greater, (X, number(0, X), t))]


def _decay(t: Array, S: Array) -> list[Call]:
    """Compute e^-|S|; the sign is one bit."""
    bits = np.dtype(f"i{S.itemsize}")
    return [(np.bitwise_or, (S.view(bits), _sign(S.dtype).view(bits), t.view(bits))), (np.exp, (t, t))]


@cache
def _sign(dtype: np.dtype) -> Array:
    return np.asarray(-0.0, dtype)


def _numerator(out: Array, compare: np.ufunc, S: Array, e: Array, truth: Array) -> list[Call]:
    """Compute the numerator of a sigmoid: 1 where `compare(S, 0)`, else e^-|S|, which is at most 1."""
    truth = truth.view(bool)[: S.size]
    return [(compare, (S, number(0, S), truth)), assign(out, truth), maximum(out, e, out)]


def _sigmoid(out: Array, S: Array, e: Array, truth: Array) -> list[Call]:
    """Compute sigmoid(S). S is read for the last time before out is written, so they may be one array."""
    return [
        *_decay(e, S),
        *_numerator(out, np.greater_equal, S, e, truth),
        (np.add, (e, number(1, S), e)),
        (np.divide, (out, e, out)),
    ]


def _both_sigmoids(t: Array, S: Array, e: Array, u: Array, truth: Array) -> list[Call]:
    """Compute sigmoid(S) into t and sigmoid(-S) into u, from one exponential."""
    return [
        *_decay(e, S),
        *_numerator(t, np.greater_equal, S, e, truth),
        *_numerator(u, np.less_equal, S, e, truth),
        (np.add, (e, number(1, S), e)),
        (np.divide, (t, e, t)),
        (np.divide, (u, e, u)),
    ]


def _one_minus_square(t: Array, Z: Array) -> list[Call]:
    return [(np.square, (Z, t)), (np.subtract, (number(1, Z), t, t))]


RELU = InPlace(lambda out, S: [maximum(S, zeros(S), out)], _compare_to_zero, _compare_to_zero, low=0.0)
SIGMOID = InPlace(
    _sigmoid,
    lambda t, S, e, u, truth: [*_both_sigmoids(t, S, e, u, truth), (np.multiply, (t, u, t))],
    lambda t, Z: [(np.subtract, (number(1, Z), Z, t)), (np.multiply, (Z, t, t))],
    (count_piece_cells, count_truth_cells),
    (count_piece_cells, count_piece_cells, count_truth_cells),
)
TANH = InPlace(
    lambda out, S: [(np.tanh, (S, out))],
    lambda t, S: [(np.cosh, (S, t)), (np.square, (t, t)), (np.divide, (number(1, S), t, t))],
    _one_minus_square,
)
SOFTPLUS = InPlace(
    lambda out, S, t: [*_decay(t, S), (np.log1p, (t, t)), maximum(S, zeros(S), out), (np.add, (out, t, out))],
    _sigmoid,
    lambda t, Z: [(np.negative, (Z, t)), (np.expm1, (t, t)), (np.negative, (t, t))],
    (count_piece_cells,),
    (count_piece_cells, count_truth_cells),
)
ELU = InPlace(
    lambda out, S, t: [
        minimum(S, zeros(S), t), (np.expm1, (t, t)), maximum(S, zeros(S), out), (np.add, (out, t, out)),
    ],
    lambda t, S: [minimum(S, zeros(S), t), (np.exp, (t, t))],
    lambda t, Z: [minimum(Z, zeros(Z), t), (np.add, (t, number(1, Z), t))],
    (count_piece_cells,),
)  # fmt: skip
SILU = InPlace(
    lambda out, S, e, u, truth: [*_sigmoid(u, S, e, truth), (np.multiply, (S, u, out))],
    lambda t, S, e, u, truth: [
        *_both_sigmoids(t, S, e, u, truth),
        (np.multiply, (S, u, u)),
        (np.add, (u, number(1, S), u)),
        (np.multiply, (t, u, t)),
    ],
    None,
    (count_piece_cells, count_piece_cells, count_truth_cells),
    (count_piece_cells, count_piece_cells, count_truth_cells),
)


def make_leaky_relu(slope: float) -> InPlace:
    """Make leaky relu; with a slope from 0 to 1, slope S <= S exactly where S >= 0."""
    return InPlace(
        lambda out, S, t: [(np.multiply, (S, number(slope, S), t)), maximum(S, t, out)],
        _compare_to_zero, _compare_to_zero, (count_piece_cells,), low=slope,
    )  # fmt: skip
