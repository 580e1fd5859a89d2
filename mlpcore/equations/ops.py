"""The equations of a dense network, one row each, and the activations with f beside f'.

Every row reads like the worksheet (exercise 1). Operands may carry leading axes: the last
two are the matrix, so one call can evaluate many perturbed copies (`mlpcore.checking.numerical_gradients`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from ..registry import Registry
from . import inplace, kernels
from .inplace import LEAK, InPlace
from .steps import Op, View

Array = np.ndarray


def T(x: Array) -> Array:
    """The transpose; leading axes stay."""
    return np.swapaxes(x, -1, -2)


def as_it_is(x: Array) -> Array:
    """The matrix itself, where another is transposed."""
    return x


def scalar(x: Array) -> Array:
    """A single number, so shaped that it meets matrices with the same leading axes."""
    return x[..., None, None]


# --- the equations of exercise 1 -------------------------------------------------------------

LINEAR = Op(
    "linear",
    "ij,jn->in",
    lambda W, Z: W @ Z,
    lambda W, Z: rf"{W}\,{Z}",
    "sum_j({0}·{1})",
    kernel=kernels.product(as_it_is, as_it_is),
)

AFFINE = Op(
    "affine",
    "ij,jn,i->in",
    lambda W, Z, b: W @ Z + b[..., None],
    lambda W, Z, b: rf"{W}\,{Z} + {b}",
    "sum_j({0}·{1}) + {2}",
    kernel=kernels.AFFINE,
)

#: dL/dW_l = delta_l Z_{l-1}^T
WEIGHT_GRADIENT = Op(
    "weight gradient",
    "in,jn->ij",
    lambda delta, Z: delta @ T(Z),
    lambda delta, Z: rf"{delta}\,{Z}^{{\top}}",
    "sum_n({0}·{1})",
    kernel=kernels.product(as_it_is, T),
)

#: dL/db_l = delta_l 1_N
BIAS_GRADIENT = Op(
    "bias gradient",
    "in->i",
    lambda delta: delta @ np.ones(delta.shape[-1], delta.dtype),
    lambda delta: rf"{delta}\,\mathbb{{1}}_N",
    "sum_n({0})",
    kernel=kernels.sum_over_examples(as_it_is),
)

#: dL/dZ_l = W_{l+1}^T delta_{l+1}
PULL_BACK = Op(
    "pull back",
    "ki,kn->in",
    lambda W, delta: T(W) @ delta,
    lambda W, delta: rf"{W}^{{\top}}\,{delta}",
    "sum_k({0}·{1})",
    kernel=kernels.product(T, as_it_is),
)

_DESCEND = {
    "notation": lambda W, eta, dW: rf"{W} - {eta}\,{dW}",
    "cell": "{0} - {1}·{2}",
    "kernel": kernels.DESCEND,
}

UPDATE_WEIGHTS = Op("update weights", "ij,,ij->ij", lambda W, eta, dW: W - scalar(eta) * dW, **_DESCEND)

UPDATE_BIASES = Op("update biases", "i,,i->i", lambda b, eta, db: b - scalar(eta)[..., 0] * db, **_DESCEND)


# --- activations -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Activation:
    """A non-linearity and its derivative, side by side.

    Attributes:
        name: as it is chosen and typeset.
        f: S -> Z, elementwise.
        slope: S -> f'(S); None where f' is 1 everywhere, so that nothing is read.
        slope_from_Z: Z -> f'(S) where the output alone determines it, else None.
        cell: f in the language of `mlpcore.equations.cells`.
        kinked: f or f' has a corner at S = 0, so a difference across 0 measures neither side.
        corner: where f itself has a corner at 0, its slopes on the left and on the right.
        into: f and f' once more, into given buffers, where that is written out.
    """

    name: str
    f: Callable[[Array], Array]
    slope: Callable[[Array], Array] | None
    slope_from_Z: Callable[[Array], Array] | None
    cell: str
    kinked: bool = False
    corner: tuple[float, float] | None = None
    into: InPlace = inplace.NOT_WRITTEN_OUT

    @property
    def latex(self) -> str:
        return rf"\operatorname{{{self.name.replace(' ', '~')}}}"

    @cached_property
    def apply(self) -> Op:
        """`Z_l = f_l(S_l)`."""
        if self.slope is None:
            return Op(self.name, "in->in", self.f, lambda S: S, "{0}", kernel=kernels.COPY)
        return Op(
            self.name,
            "in->in",
            self.f,
            lambda S: rf"{self.latex}({S})",
            self.cell,
            kink=(lambda S: S) if self.kinked else None,
            kernel=self.into.apply() or kernels.by_pieces(self.f),
        )

    def at_kink(self, share: float) -> Activation:
        """The same f with f'(0) this share of the way from its left slope to its right one."""
        return _at_kink(self, share) if self.corner and share else self

    @cached_property
    def derivative(self) -> Op:
        """`f_l'(S_l)`, the slope at every cell; there is none to speak of where it is 1 everywhere."""
        return Op(f"{self.name} slope", "in->in", self.slope, lambda S: rf"{self.latex}'({S})", f"{self.name}'({{0}})")

    @cached_property
    def pullback(self) -> Op:
        """`delta_l = dL/dZ_l (.) f_l'(S_l)`: the vjp of the activation."""
        return self._pullback("slope", f"{self.name}'", lambda S: rf"{self.latex}'({S})")

    @cached_property
    def pullback_from_Z(self) -> Op:
        """The same with the slope told from the output, written `f_l'[Z_l]`; needs `slope_from_Z`."""
        return self._pullback("slope_from_Z", f"{self.name}'[Z]", lambda Z: rf"{self.latex}'[{Z}]")

    def _pullback(self, way: str, sees: str, latex: Callable[[str], str]) -> Op:
        name = f"{self.name} pullback"
        if self.slope is None:
            return Op(name, "in->in", lambda dZ: dZ, lambda dZ: dZ, "{0}", kernel=kernels.COPY)
        slope = getattr(self, way)
        return Op(
            name,
            "in,in->in",
            lambda dZ, X: dZ * slope(X),
            lambda dZ, X: rf"{dZ}\odot {latex(X)}",
            "{0}·{1'}",
            views={1: View(sees, latex, slope)},
            kernel=self.into.pullback(way) or kernels.by_pieces(lambda dZ, X: dZ * slope(X)),
        )


@cache
def _at_kink(f: Activation, share: float) -> Activation:
    left, right = f.corner

    def slope(S: Array) -> Array:
        return np.where(S == 0, left + share * (right - left), f.slope(S)).astype(S.dtype)

    # From the output alone a preactivation of 0 cannot be told from one below where f is flat there.
    return replace(f, slope=slope, slope_from_Z=slope if left else None, into=InPlace(f.into.f, for_f=f.into.for_f))


def sigmoid(S: Array) -> Array:
    """1 / (1 + e^-S), without overflow on either side."""
    e = np.exp(-np.abs(S))
    return np.where(S >= 0, 1.0, e) / (1.0 + e)


# NumPy has no erf; math.erf is exact to the last digit and the networks here are small.
_erf = np.frompyfunc(math.erf, 1, 1)


def normal_cdf(S: Array) -> Array:
    """Phi(S), the standard normal distribution function."""
    return (0.5 * (1.0 + _erf(S / math.sqrt(2.0)).astype(S.dtype))).astype(S.dtype)


def normal_pdf(S: Array) -> Array:
    """phi(S), its density."""
    return np.exp(-0.5 * S * S) / math.sqrt(2.0 * math.pi)


#: Name -> `Activation`. A row here appears in every select box and in every test.
ACTIVATIONS: dict[str, Activation] = Registry("activation")


def _add(*rows: Activation) -> None:
    ACTIVATIONS.update({row.name: row for row in rows})


_add(
    Activation("identity", lambda S: S, None, None, "{0}"),
    Activation(
        "relu",
        lambda S: np.maximum(S, 0),
        lambda S: (S > 0).astype(S.dtype),
        lambda Z: (Z > 0).astype(Z.dtype),
        "relu({0})",
        kinked=True,
        corner=(0.0, 1.0),
        into=inplace.RELU,
    ),
    Activation(
        "leaky relu",
        lambda S: np.where(S > 0, S, LEAK * S),
        lambda S: np.where(S > 0, 1.0, LEAK).astype(S.dtype),
        lambda Z: np.where(Z > 0, 1.0, LEAK).astype(Z.dtype),
        "leaky relu({0})",
        kinked=True,
        corner=(LEAK, 1.0),
        into=inplace.LEAKY_RELU,
    ),
    Activation(
        "sigmoid",
        sigmoid,
        lambda S: sigmoid(S) * sigmoid(-S),
        lambda Z: Z * (1 - Z),
        "sigmoid({0})",
        into=inplace.SIGMOID,
    ),
    Activation("tanh", np.tanh, lambda S: 1 - np.tanh(S) ** 2, lambda Z: 1 - Z**2, "tanh({0})", into=inplace.TANH),
    Activation(
        "softplus",
        lambda S: np.maximum(S, 0) + np.log1p(np.exp(-np.abs(S))),
        sigmoid,
        lambda Z: -np.expm1(-Z),
        "softplus({0})",
        into=inplace.SOFTPLUS,
    ),
    Activation(
        "elu",
        lambda S: np.where(S > 0, S, np.expm1(np.minimum(S, 0))),
        lambda S: np.where(S > 0, 1.0, np.exp(np.minimum(S, 0))).astype(S.dtype),
        lambda Z: np.where(Z > 0, 1.0, Z + 1).astype(Z.dtype),
        "elu({0})",
        kinked=True,
        into=inplace.ELU,
    ),
    Activation(
        "gelu",
        lambda S: S * normal_cdf(S),
        lambda S: normal_cdf(S) + S * normal_pdf(S),
        None,
        "gelu({0})",
    ),
    Activation(
        "silu",
        lambda S: S * sigmoid(S),
        lambda S: sigmoid(S) * (1 + S * sigmoid(-S)),
        None,
        "silu({0})",
        into=inplace.SILU,
    ),
)
