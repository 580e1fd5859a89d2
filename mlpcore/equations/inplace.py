"""The activations carried out in place: f into the result, f' into a temporary, piece by piece.

The same floating point operations as `mlpcore.equations.activations` writes, in the same order, for the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from .kernels import Array, Call, Cells, Kernel, assign, cellwise, chunk, maximum, minimum, number, zeros


def truths(sizes: Mapping[str, int]) -> int:
    """Room for the truth values of one piece, a byte each."""
    return -(-chunk(sizes) // 4)


@dataclass(frozen=True)
class InPlace:
    """f and f' of an activation as calls; None where there is only the arithmetic.

    Attributes:
        f: (out, S, *temporaries); derivative: (t, S, *temporaries) leaves f'(S) in t;
        derivative_from_Z: (t, Z, *temporaries) likewise.
        for_f, for_derivative: the temporaries that f and derivative take, t not counted.
        low: where f' is 1 or this number, derivative gives truth values: quicker to make.
    """

    f: Callable[..., list[Call]] | None = None
    derivative: Callable[..., list[Call]] | None = None
    derivative_from_Z: Callable[..., list[Call]] | None = None
    for_f: tuple[Cells, ...] = ()
    for_derivative: tuple[Cells, ...] = ()
    low: float | None = None

    def apply(self) -> Kernel | None:
        """`Z = f(S)`."""
        return self.f and cellwise(self.f, *self.for_f)

    def pullback(self, way: str) -> Kernel | None:
        """`delta = dZ (.) f'`, f' by the named way."""
        into = getattr(self, way)

        def calls(out: Array, dZ: Array, X: Array, t: Array, *more: Array) -> list[Call]:
            return [*into(t, X, *more), (np.multiply, (dZ, t, out))]

        def masked(out: Array, dZ: Array, X: Array, t: Array, truth: Array) -> list[Call]:
            truth = truth.view(bool)[: X.size]
            lifted = [maximum(t, number(self.low, t), t)] if self.low else []
            return [*into(truth, X), assign(t, truth), *lifted, (np.multiply, (dZ, t, out))]

        if into and self.low is not None:
            return Kernel(masked, (chunk, truths), True, over=(0,), spends={0: 1})
        return into and cellwise(calls, chunk, *(self.for_derivative if way == "derivative" else ()))


#: Of leaky relu.
LEAK = 0.01
NOT_WRITTEN_OUT = InPlace()


def _positive(t: Array, X: Array) -> list[Call]:
    return [(np.greater, (X, number(0, X), t))]


def _decay(t: Array, S: Array) -> list[Call]:
    """e^-|S|, the sign being one bit."""
    bits = np.dtype(f"i{S.itemsize}")
    return [(np.bitwise_or, (S.view(bits), _sign(S.dtype).view(bits), t.view(bits))), (np.exp, (t, t))]


@cache
def _sign(dtype: np.dtype) -> Array:
    return np.asarray(-0.0, dtype)


def _above(out: Array, where: np.ufunc, S: Array, e: Array, truth: Array) -> list[Call]:
    """The numerator of a sigmoid: 1 where that is so of S and 0, else e^-|S|, which is at most 1."""
    truth = truth.view(bool)[: S.size]
    return [(where, (S, number(0, S), truth)), assign(out, truth), maximum(out, e, out)]


def _sigmoid(out: Array, S: Array, e: Array, truth: Array) -> list[Call]:
    """S is read for the last time before out is written: they may be one."""
    return [
        *_decay(e, S),
        *_above(out, np.greater_equal, S, e, truth),
        (np.add, (e, number(1, S), e)),
        (np.divide, (out, e, out)),
    ]


def _both_sigmoids(t: Array, S: Array, e: Array, u: Array, truth: Array) -> list[Call]:
    """sigmoid(S) into t and sigmoid(-S) into u, from one exponential."""
    return [
        *_decay(e, S),
        *_above(t, np.greater_equal, S, e, truth),
        *_above(u, np.less_equal, S, e, truth),
        (np.add, (e, number(1, S), e)),
        (np.divide, (t, e, t)),
        (np.divide, (u, e, u)),
    ]


def _squared_off(t: Array, Z: Array) -> list[Call]:
    return [(np.square, (Z, t)), (np.subtract, (number(1, Z), t, t))]


RELU = InPlace(lambda out, S: [maximum(S, zeros(S), out)], _positive, _positive, low=0.0)
SIGMOID = InPlace(
    _sigmoid,
    lambda t, S, e, u, truth: [*_both_sigmoids(t, S, e, u, truth), (np.multiply, (t, u, t))],
    lambda t, Z: [(np.subtract, (number(1, Z), Z, t)), (np.multiply, (Z, t, t))],
    (chunk, truths),
    (chunk, chunk, truths),
)
TANH = InPlace(
    lambda out, S: [(np.tanh, (S, out))], lambda t, S: [(np.tanh, (S, t)), *_squared_off(t, t)], _squared_off
)
SOFTPLUS = InPlace(
    lambda out, S, t: [*_decay(t, S), (np.log1p, (t, t)), maximum(S, zeros(S), out), (np.add, (out, t, out))],
    _sigmoid,
    lambda t, Z: [(np.negative, (Z, t)), (np.expm1, (t, t)), (np.negative, (t, t))],
    (chunk,),
    (chunk, truths),
)
ELU = InPlace(
    lambda out, S, t: [
        minimum(S, zeros(S), t), (np.expm1, (t, t)), maximum(S, zeros(S), out), (np.add, (out, t, out)),
    ],
    lambda t, S: [minimum(S, zeros(S), t), (np.exp, (t, t))],
    lambda t, Z: [minimum(Z, zeros(Z), t), (np.add, (t, number(1, Z), t))],
    (chunk,),
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
    (chunk, chunk, truths),
    (chunk, chunk, truths),
)
# leak S <= S exactly where S >= 0.
LEAKY_RELU = InPlace(
    lambda out, S, t: [(np.multiply, (S, number(LEAK, S), t)), maximum(S, t, out)],
    _positive, _positive, (chunk,), low=LEAK,
)  # fmt: skip
