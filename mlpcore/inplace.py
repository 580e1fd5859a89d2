"""The activations carried out in place: f into the result, f' into a temporary, piece by piece.

The same floating point operations as `mlpcore.ops` writes, in the same order, for the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .kernels import Array, Call, Kernel, assign, cellwise, chunk, maximum, minimum, number, zeros


def truths(sizes: Mapping[str, int]) -> int:
    """Room for the truth values of one piece, a byte each."""
    return -(-chunk(sizes) // 4)


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

        def masked(out: Array, dZ: Array, X: Array, t: Array, truth: Array) -> list[Call]:
            truth = truth.view(bool)[: X.size]
            return [*into(truth, X), assign(t, truth), (np.multiply, (dZ, t, out))]

        if into and self.mask:
            return Kernel(masked, (chunk, truths), True, over=(0,), spends={0: 1})
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
