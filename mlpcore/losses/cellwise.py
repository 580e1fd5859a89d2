"""Losses summed over the cells of the output: binary cross-entropy, absolute error, Huber, mean over all cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..equations.activations import minus_size, sigmoid
from ..equations.softmax import finite
from ..equations.steps import Op, Step, op_factory
from ..notation import P, Y, Z, dZ, loss
from .equations import error
from .loss import MSE, Array, Loss
from .scales import CELL_SCALES, Scale

#: Where Huber's loss goes over from a parabola to straight lines.
THRESHOLD = 1.0


def _sum(name: str, c: Scale, of_cell: Callable, latex: Callable, cell: str, kink: Callable | None = None) -> Op:
    """Give `c sum_in l(z_in, y_in)`."""
    return Op(
        name,
        "in,in->",
        lambda Z, Y: finite(of_cell(Z, Y).sum(axis=-1).sum(axis=-1) * c.factor(Z.shape[-1], d=Z.shape[-2])),
        lambda Z, Y: rf"{c.latex()}\textstyle\sum {latex(Z, Y)}",
        c.multiply(f"sum_in({cell})"),
        kink=kink,
    )


SIGMOID = Op("output sigmoid", "in->in", sigmoid, lambda Z: rf"\sigma({Z})", "1 / (1 + exp(-({0})))")


@op_factory
def binary_cross_entropy(c: Scale) -> Op:
    """Give `c sum log(1 + e^z) - y z`, as max(z, 0) - y z + log(1 + e^-|z|), in which nothing overflows."""

    def of_cell(Z: Array, Y: Array) -> Array:
        return np.maximum(Z, 0) - Y * Z + np.log1p(np.exp(minus_size(Z)))

    return _sum(
        "binary cross-entropy",
        c,
        of_cell,
        lambda Z, Y: rf"\log\left(1 + \exp({Z})\right) - {Y}\odot {Z}",
        "log(1 + exp({0})) - {1}·{0}",
    )


def _side(Z: Array, Y: Array) -> Array:
    return np.sign(Z - Y)


@op_factory
def absolute_error(c: Scale) -> Op:
    """Give `c sum |z - y|`."""
    return _sum(
        "absolute error",
        c,
        lambda Z, Y: np.abs(Z - Y),
        lambda Z, Y: rf"\left|{Z} - {Y}\right|",
        "abs({0} - {1})",
        kink=_side,
    )


@op_factory
def absolute_error_pullback(c: Scale) -> Op:
    """Give `c sign(z - y)`."""
    return Op(
        "absolute error pullback",
        "in,in->in",
        lambda Z, Y: np.sign(Z - Y) * c.factor(Z.shape[-1], d=Z.shape[-2]),
        lambda Z, Y: rf"{c.latex()}\operatorname{{sign}}\left({Z} - {Y}\right)",
        f"{c.cell()}sign({{0}} - {{1}})",
        kink=_side,
    )


def _clip(D: Array) -> Array:
    return np.minimum(np.maximum(D, -THRESHOLD), THRESHOLD)


def _piece(Z: Array, Y: Array) -> Array:
    return np.sign(Z - Y - THRESHOLD) + np.sign(Z - Y + THRESHOLD)


@op_factory
def huber(c: Scale) -> Op:
    """Give `c sum h(z - y)`: d^2/2 up to the threshold 1, |d| - 1/2 beyond (Huber 1964), as `k d - k^2/2`.

    k is d clipped to the threshold, so that one line serves both pieces.
    """

    def of_cell(Z: Array, Y: Array) -> Array:
        D = Z - Y
        k = _clip(D)
        return k * D - k * k / 2

    return _sum(
        "huber",
        c,
        of_cell,
        lambda Z, Y: rf"\operatorname{{huber}}\left({Z} - {Y}\right)",
        "huber({0} - {1})",
        kink=_piece,
    )


@op_factory
def huber_pullback(c: Scale) -> Op:
    """Give `c (z - y)` clipped to c times the threshold."""
    return Op(
        "huber pullback",
        "in,in->in",
        lambda Z, Y: _clip(Z - Y) * c.factor(Z.shape[-1], d=Z.shape[-2]),
        lambda Z, Y: rf"{c.latex()}\operatorname{{clip}}\left({Z} - {Y}\right)",
        f"{c.cell()}clip({{0}} - {{1}})",
        kink=_piece,
    )


@dataclass(frozen=True)
class CellLoss(Loss):
    """A sum over the cells of the output, by default with the constant 1/(N d) of PyTorch's and Keras' mean."""

    one_hot = False
    scales = CELL_SCALES
    scale: str = field(default="1/(N d)", kw_only=True)


@dataclass(frozen=True)
class CellMSE(CellLoss, MSE):
    """`L = 1/(N d) ||Z_L - Y||_F^2`: the mean over all cells."""

    name = "MSE over N d"
    title = "Mean squared error over all cells"


@dataclass(frozen=True)
class BinaryCrossEntropy(CellLoss):
    """`L = 1/(N d) sum -y log p - (1 - y) log(1 - p)` with `p = sigmoid(Z_L)`; `dL/dZ_L = (P - Y)/(N d)`.

    The output is taken as logits. In p, `dL/dp = (p - y) / (p (1 - p))`, and sigmoid' = p (1 - p) cancels.
    """

    name = "BinaryCrossEntropy"
    title = "Binary cross-entropy of sigmoid"
    short = "binary cross-entropy"
    unit_targets = True

    def forward(self, depth: int) -> list[Step]:
        return [Step(P, SIGMOID, (Z(depth),), "loss"), Step(loss, binary_cross_entropy(self.c), (Z(depth), Y), "loss")]

    def backward(self, depth: int) -> list[Step]:
        return [Step(dZ(depth), error(self.c, twice=False), (P, Y), "backward")]


@dataclass(frozen=True)
class MAE(CellLoss):
    """`L = 1/(N d) sum |Z_L - Y|`; its derivative at 0 is 0."""

    name = "MAE"
    title = "Mean absolute error"
    short = "absolute error"
    equation = staticmethod(absolute_error)
    gradient = staticmethod(absolute_error_pullback)


@dataclass(frozen=True)
class Huber(CellLoss):
    """Squared near 0, absolute from an error of 1 on (Huber 1964)."""

    name = "Huber"
    title = "Huber's loss"
    short = "Huber"
    equation = staticmethod(huber)
    gradient = staticmethod(huber_pullback)
