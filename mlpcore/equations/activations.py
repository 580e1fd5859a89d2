"""The activations, with f beside f'."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache, wraps
from typing import Any, cast

import numpy as np

from ..registry import Registry, UnknownNameError
from . import inplace, kernels
from .inplace import InPlace
from .softmax import MASKED_SOFTMAX_PULLBACK, SOFTMAX, SOFTMAX_PULLBACK, softmax
from .steps import Op, View, as_numbers

Array = np.ndarray


Function = Callable[[Array], Array]


@dataclass(frozen=True)
class Activation:
    """A non-linearity and its derivative, side by side.

    Attributes:
        name: as it is chosen and typeset.
        f: S -> Z, elementwise.
        derivative: S -> f'(S); None where f' is 1 everywhere, so that nothing is read.
        derivative_from_Z: Z -> f'(S) where the output alone determines it, else None.
        formula_from_Z: that derivative in LaTeX.
        cell: f in the language of `mlpcore.equations.cells`; by default its name before its argument.
        exact: f is linear in pieces and takes fractions as well.
        share: how far f'(0) is on its way from the left derivative to the right one, see `at_kink`.
        parameter: its number, where it has one; `family` makes the same with another.
        coupled: where it does not act cell by cell, what gives Z_l of S_l, delta_l of Z_l and dL/dZ_l, and under a
            dropout mask delta_l of dL/dZ_l, S_l and M_l.
        kinks: where f or f' has a corner, so that a difference across it measures neither side.
        corner: where f itself has a corner at 0, its derivatives on the left and on the right.
        into: f and f' again, written into given buffers; `NOT_WRITTEN_OUT` where there is only the arithmetic.
    """

    name: str
    f: Function
    derivative: Function | None
    derivative_from_Z: Function | None
    formula_from_Z: str = ""
    cell: str = ""
    kinks: tuple[float, ...] = ()
    corner: tuple[float, float] | None = None
    into: InPlace = inplace.NOT_WRITTEN_OUT
    exact: bool = False
    share: float = 0.0
    parameter: float | None = None
    family: Family | None = None
    coupled: tuple[Op, Op, Op] | None = None

    def __post_init__(self) -> None:
        for way in ("f", "derivative", "derivative_from_Z"):
            if function := getattr(self, way):
                object.__setattr__(self, way, _take_numbers(function))

    def __repr__(self) -> str:
        return f"ACTIVATIONS[{self.name!r}]" + (f".at_kink({self.share})" if self.share else "")

    def __reduce__(self) -> tuple[Callable, tuple]:
        return _find_at_kink, (self.name, self.share)

    @property
    def base(self) -> str:
        """Its row in `ACTIVATIONS`: its name without a number."""
        return self.family.name if self.family else self.name

    @property
    def latex(self) -> str:
        number = self.name.removeprefix(self.base)[1:-1]
        return rf"\operatorname{{{self.base.replace(' ', '~')}}}" + (f"_{{{number}}}" if number else "")

    @property
    def function(self) -> str:
        """Its name as it stands in the formula of a cell: `leaky relu_0.2`."""
        return self.name.replace("(", "_").removesuffix(")")

    @cached_property
    def apply(self) -> Op:
        """Give `Z_l = f_l(S_l)`."""
        if self.coupled:
            return self.coupled[0]
        if self.derivative is None:
            op = Op(self.name, "in->in", self.f, lambda S: S, "{0}", kernel=kernels.COPY, exact=True)
        else:
            op = Op(
                self.name,
                "in->in",
                self.f,
                lambda S: rf"{self.latex}({S})",
                self.cell or f"{self.function}({{0}})",
                kink=self._find_pieces if self.kinks else None,
                kernel=self.into.apply() or kernels.wrap_arithmetic(self.f),
                exact=self.exact,
            )
        return op.made_by(getattr, self, "apply")

    def _find_pieces(self, S: Array) -> Array:
        """Tell the pieces between kinks apart; a kink itself lies between two numbers."""
        return sum((np.sign(S - kink) for kink in self.kinks), start=np.zeros_like(S))

    def at_kink(self, share: float) -> Activation:
        """Give the same f with f'(0) this share of the way from its left derivative to its right one."""
        return _at_kink(self, share) if self.corner and share else self

    @cached_property
    def derivative_op(self) -> Op | None:
        """Give `f_l'(S_l)` of every cell; None where it is 1 everywhere."""
        if self.derivative is None:
            return None
        name = f"{self.name} derivative"
        op = Op(name, "in->in", self.derivative, lambda S: rf"{self.latex}'({S})", f"{self.function}'({{0}})")
        return op.made_by(getattr, self, "derivative_op")

    @cached_property
    def pullback(self) -> Op:
        """Give `delta_l = dL/dZ_l (.) f_l'(S_l)`: the vector-Jacobian product of the activation."""
        op = self._pullback("derivative", f"{self.function}'", lambda S: rf"{self.latex}'({S})")
        return op.made_by(getattr, self, "pullback")

    @cached_property
    def pullback_from_Z(self) -> Op:
        """Give the same with f' computed from the output, written `f_l'[Z_l]`; needs `derivative_from_Z`."""
        op = self._pullback("derivative_from_Z", f"{self.function}'[Z]", lambda Z: rf"{self.latex}'[{Z}]")
        return op.made_by(getattr, self, "pullback_from_Z")

    def _pullback(self, way: str, view_name: str, latex: Callable[[str], str]) -> Op:
        name = f"{self.name} pullback"
        if self.derivative is None:
            return Op(name, "in->in", lambda dZ: dZ, lambda dZ: dZ, "{0}", kernel=kernels.COPY)
        derivative: Function = getattr(self, way)

        def arithmetic(dZ: Array, X: Array) -> Array:
            return dZ * derivative(X)

        return Op(
            name,
            "in,in->in",
            arithmetic,
            lambda dZ, X: rf"{dZ}\odot {latex(X)}",
            "{0}·{1'}",
            views={1: View(view_name, latex, derivative)},
            kernel=self.into.pullback(way) or kernels.wrap_arithmetic(arithmetic),
        )


# The activations with a corner, under the shares in use: an Op must be one object for all steps that use it.
@lru_cache(maxsize=64)
def _at_kink(f: Activation, share: float) -> Activation:
    assert f.corner is not None
    left, right = f.corner

    def choose(elsewhere: Function | None) -> Function | None:
        at_0 = left + share * (right - left)
        return elsewhere and (lambda X: np.where(X == 0, at_0, elsewhere(X)).astype(X.dtype))

    return replace(
        f,
        derivative=choose(f.derivative),
        # Where f is flat on the left, the outputs of 0 and of a preactivation below 0 are the same.
        derivative_from_Z=choose(f.derivative_from_Z) if left else None,
        into=InPlace(f.into.f, for_f=f.into.for_f),
        share=share,
    )


def _find_at_kink(name: str, share: float) -> Activation:
    return ACTIVATIONS[name].at_kink(share)


def _take_numbers(function: Function) -> Function:
    """Let a function of arrays take lists and integers."""

    @wraps(function)
    def take(x: Any) -> Array:
        return function(as_numbers(x))

    return function if hasattr(function, "__wrapped__") else take


def minus_size(S: Array) -> Array:
    """Compute -|S| so that a library that differentiates it goes on smoothly at 0, where -|S| has a corner."""
    return np.where(S > 0, -S, S)


def sigmoid(S: Array) -> Array:
    """Compute 1 / (1 + e^-S) elementwise, without overflow on either side."""
    e = np.exp(minus_size(S))
    return np.where(S > 0, 1.0, e) / (1.0 + e)


def _softplus(S: Array) -> Array:
    return np.maximum(S, 0) + np.log1p(np.exp(minus_size(S)))


# NumPy has no erfc; math.erfc is exact to the last digits and the networks here are small.
_erfc: Any = np.frompyfunc(math.erfc, 1, 1)


def normal_cdf(S: Array) -> Array:
    """Compute Phi(S), the standard normal distribution function, elementwise."""
    return 0.5 * _erfc(-S / math.sqrt(2.0)).astype(S.dtype)


def normal_pdf(S: Array) -> Array:
    """Compute phi(S), the standard normal density, elementwise."""
    return np.exp(-0.5 * S * S) / math.sqrt(2.0 * math.pi)


def _sech_squared(S: Array) -> Array:
    """Compute tanh'(S) = 1 / cosh(S)^2, which is accurate where 1 - tanh(S)^2 cancels."""
    with np.errstate(over="ignore"):
        return 1 / np.cosh(S) ** 2


@dataclass(frozen=True, eq=False)
class Family:
    """Activations that differ in one number.

    Attributes:
        name: of the one with the number `usual`; any other is called `leaky relu(0.2)`.
        symbol: what the number is called.
        low, high: the numbers that are taken, both included.
        make: number -> the activation, without its name.
    """

    name: str
    symbol: str
    usual: float
    low: float
    high: float
    make: Callable[..., dict[str, Any]]

    def at(self, number: float) -> Activation:
        """Make the activation with this number; one object for each.

        Raises:
            UnknownNameError: the number is out of range.
        """
        if not self.low <= number <= self.high:
            raise UnknownNameError(
                f"the {self.symbol} of {self.name} is a number from {self.low:g} to {self.high:g}, not {number:g}"
            )
        return _make_member(self, float(number))


# The activations in use: an Op must be one object for all steps that use it.
@lru_cache(maxsize=256)
def _make_member(family: Family, number: float) -> Activation:
    name = family.name + (f"({repr(number).removesuffix('.0')})" if number != family.usual else "")
    return Activation(name, **family.make(number), parameter=number, family=family)


def _make_leaky_relu(slope: float) -> dict[str, Any]:
    return {
        "f": lambda S: np.where(S > 0, S, (Fraction(str(slope)) if S.dtype == object else slope) * S),
        "derivative": lambda S: np.where(S > 0, 1.0, slope).astype(S.dtype),
        "derivative_from_Z": lambda Z: np.where(Z > 0, 1.0, slope).astype(Z.dtype),
        "formula_from_Z": rf"f' = 1 \text{{ where }} Z > 0, \text{{ else }} {slope:g}",
        "kinks": (0.0,),
        "corner": (slope, 1.0),
        "into": inplace.make_leaky_relu(slope),
        "exact": True,
    }


def _make_elu(alpha: float) -> dict[str, Any]:
    return {
        "f": lambda S: np.where(S > 0, S, np.expm1(np.where(S > 0, 0, S)) * alpha),
        "derivative": lambda S: np.where(S > 0, 1.0, np.exp(np.minimum(S, 0)) * alpha).astype(S.dtype),
        "derivative_from_Z": lambda Z: np.where(Z > 0, 1.0, Z + alpha).astype(Z.dtype),
        "formula_from_Z": rf"f' = 1 \text{{ where }} Z > 0, \text{{ else }} Z + {alpha:g}",
        "kinks": (0.0,),
        "corner": (alpha, 1.0) if alpha != 1 else None,
        "into": inplace.ELU if alpha == 1 else inplace.NOT_WRITTEN_OUT,
    }


def _make_silu(beta: float) -> dict[str, Any]:
    return {
        "f": lambda S: S * sigmoid(S * beta),
        "derivative": lambda S: sigmoid(S * beta) * (1 + S * beta * sigmoid(-S * beta)),
        "derivative_from_Z": None,
        "into": inplace.SILU if beta == 1 else inplace.NOT_WRITTEN_OUT,
    }


def _make_clip(name: str, low: int, high: int) -> Activation:
    def is_inside(x: Array) -> Array:
        return ((x > low) & (x < high)).astype(x.dtype)

    formula, kinks = f"f' = [{low} < Z < {high}]", (float(low), float(high))
    return Activation(name, lambda S: np.minimum(np.maximum(S, low), high), is_inside, is_inside, formula, kinks=kinks)


#: A name with a number, as `leaky relu(0.2)`.
_MEMBER = re.compile(r"(.+?)\s*\(\s*([^()]+?)\s*\)")


class _Activations(Registry):
    """The rows, and the activations with another number than a row's."""

    def __missing__(self, name: Any) -> Activation:
        found = _MEMBER.fullmatch(name) if isinstance(name, str) else None
        if found is None or found[1] not in self:
            return cast(Activation, super().__missing__(name))
        family = self[found[1]].family
        try:
            return family.at(float(found[2]))
        except (AttributeError, ValueError):
            raise UnknownNameError(f"there is no number {found[2]!r} for {found[1]}") from None


#: Name -> `Activation`. A row here appears in every select box and in every test.
ACTIVATIONS: dict[str, Activation] = _Activations("activation")

for _row in (
    Activation("identity", lambda S: S, None, None, "f' = 1"),
    Activation(
        "relu",
        lambda S: np.maximum(S, 0),
        lambda S: (S > 0).astype(S.dtype),
        lambda Z: (Z > 0).astype(Z.dtype),
        "f' = [Z > 0]",
        kinks=(0.0,),
        corner=(0.0, 1.0),
        into=inplace.RELU,
        exact=True,
    ),
    Family("leaky relu", "slope", 0.01, 0, 1, _make_leaky_relu).at(0.01),
    Activation(
        "sigmoid",
        sigmoid,
        lambda S: sigmoid(S) * sigmoid(-S),
        lambda Z: Z * (1 - Z),
        r"f' = Z\odot(1 - Z)",
        into=inplace.SIGMOID,
    ),
    Activation("tanh", np.tanh, _sech_squared, lambda Z: 1 - Z**2, "f' = 1 - Z^2", into=inplace.TANH),
    Activation("softplus", _softplus, sigmoid, lambda Z: -np.expm1(-Z), "f' = 1 - e^{-Z}", into=inplace.SOFTPLUS),
    Family("elu", "α", 1, 0, 100, _make_elu).at(1),
    _make_clip("relu6", 0, 6),
    _make_clip("hard tanh", -1, 1),
    Activation(
        "softsign",
        lambda S: S / (1 + abs(S)),
        lambda S: (1 + abs(S)) ** -2.0,
        lambda Z: (1 - abs(Z)) ** 2.0,
        "f' = (1 - |Z|)^2",
        kinks=(0.0,),
    ),
    Activation(
        "mish",
        lambda S: S * np.tanh(_softplus(S)),
        lambda S: np.tanh(_softplus(S)) + S * sigmoid(S) * (1 - np.tanh(_softplus(S)) ** 2),
        None,
    ),
    Activation("gelu", lambda S: S * normal_cdf(S), lambda S: normal_cdf(S) + S * normal_pdf(S), None),
    Family("silu", "β", 1, 0, 100, _make_silu).at(1),
    Activation("softmax", softmax, None, None, coupled=(SOFTMAX, SOFTMAX_PULLBACK, MASKED_SOFTMAX_PULLBACK)),
):
    ACTIVATIONS[_row.name] = _row

#: Those that act cell by cell.
CELLWISE = {name: f for name, f in ACTIVATIONS.items() if not f.coupled}

#: What other libraries call them.
_ELSEWHERE = {"linear": "identity", "none": "identity", "swish": "silu", "logistic": "sigmoid"}


def find_activation(name: str) -> str:
    """Give the registry's name of an activation: `ReLU`, `leaky_relu(0.2)`, `linear`, `swish` are understood.

    Raises:
        KeyError: there is none; the message lists those that there are.
    """
    if name in ACTIVATIONS or not isinstance(name, str):
        return ACTIVATIONS[name].name
    base, number = found.groups() if (found := _MEMBER.fullmatch(name)) else (name, None)
    plain = "".join(c for c in base.lower() if c.isalnum())
    plain = _ELSEWHERE.get(plain, plain)
    known = next((known for known in ACTIVATIONS if known.replace(" ", "") == plain), None)
    return ACTIVATIONS[name if known is None else known if number is None else f"{known}({number})"].name


def find_applied(op: Op) -> Activation | None:
    """Find the activation that an equation applies, or goes back through, under a mask or not."""
    try:
        return ACTIVATIONS[op.name.removeprefix("masked ").removesuffix(" pullback")]
    except KeyError:
        return None
