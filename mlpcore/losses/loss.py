"""What every loss offers, and those on classes that have no margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np

from ..arguments import check_finite
from ..equations.penalties import PENALTIES
from ..equations.softmax import SOFTMAX
from ..equations.steps import Op, Step
from ..notation import P, Q, Var, Y, Z, dQ, dZ, ell, loss, strength
from . import equations
from .scales import SCALES, Scale

Array = np.ndarray

#: How far from 1 the sum of soft targets may be: they were typed with a few digits.
ROUNDED = 1e-6


@dataclass(frozen=True)
class Loss:
    """What every loss offers. A frozen value; its numbers, if any, are operands by name.

    Attributes:
        scale: the constant in front of its sum over examples, a name of `scales`, by default the
            one it is published with.
        penalty: what is added for the parameters, a name of `PENALTIES`; None for nothing. Whoever lists the steps of
            a pass adds it (`mlpcore.passes.penalties`), `forward` and `backward` do without.
        strength: what the penalty is multiplied by; penalises_biases: whether biases are penalised as well.
        whole: the number of examples of the whole batch, where the loss is of a block of it: the
            constant is that of the whole, so that the blocks add up to it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    #: A word or two, for a caption or beside a curve.
    short: ClassVar[str]
    #: For a loss on classes: what it is of one example, in LaTeX (o its logits, p their softmax, y its true class),
    #: and what it wants.
    each: ClassVar[str] = ""
    wants: ClassVar[str] = ""
    one_hot: ClassVar[bool] = True
    #: Whether a loss on classes also reads soft targets: numbers from 0 to 1 that sum to 1 in each example.
    soft_targets: ClassVar[bool] = False
    #: Whether targets are numbers from 0 to 1.
    unit_targets: ClassVar[bool] = False
    #: Name -> constant, those that it may have in front.
    scales: ClassVar[Mapping[str, Scale]] = SCALES
    #: Where one equation is all of `forward`, and one of `backward`: the constant -> the equation.
    equation: ClassVar[staticmethod[[Scale], Op]]
    gradient: ClassVar[staticmethod[[Scale], Op]]
    scale: str = field(default="1", kw_only=True)
    penalty: str | None = field(default=None, kw_only=True)
    strength: float = field(default=0.01, kw_only=True)
    penalises_biases: bool = field(default=False, kw_only=True)
    whole: int | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        _ = self.c  # an unknown scale raises here
        if self.penalty is not None:
            PENALTIES[self.penalty]
        check_finite(self.strength, "the strength of the penalty")

    @property
    def c(self) -> Scale:
        return replace(self.scales[self.scale], whole=self.whole)

    def forward(self, depth: int) -> list[Step]:
        """List the steps from `Z_L` and `Y` to `loss`."""
        return [Step(loss, self.equation(self.c), (Z(depth), Y), "loss")]

    def backward(self, depth: int) -> list[Step]:
        """List the steps from what `forward` made to `dL/dZ_L`."""
        return [Step(dZ(depth), self.gradient(self.c), (Z(depth), Y), "backward")]

    def constants(self) -> dict[Var, float]:
        """Give the loss's own numbers, by name."""
        return {strength: self.strength} if self.penalty else {}

    def with_constants(self, values: Mapping[Var, Any]) -> Self:
        """Replace those of the loss's own numbers that are among `values`."""
        changes: dict[str, Any] = {v.kind: float(values[v]) for v in self.constants() if v in values}
        return replace(self, **changes)

    def fit_targets(self, targets: Array) -> Array:
        """Make targets that this loss reads: classes (see `classes`), or 1 where they are above the middle, else 0."""
        if self.one_hot:
            return classes(targets)
        if self.unit_targets and (targets.min() < 0 or targets.max() > 1):
            return (targets > (targets.min() + targets.max()) / 2).astype(targets.dtype)
        return targets

    def check(self, targets: Array) -> None:
        """Raise ValueError unless the targets are what this loss reads."""
        if self.unit_targets and not ((targets >= 0) & (targets <= 1)).all():
            worst = targets.flat[int(np.argmax(np.abs(targets - 0.5)))]
            raise ValueError(
                f"{self.title} reads targets from 0 to 1, but Y has {worst:g}; mean squared error reads any number"
            )
        if not self.one_hot:
            return
        if self.soft_targets:
            good = (targets >= 0).all(axis=0) & (np.abs(targets.sum(axis=0) - 1) <= ROUNDED)
        else:
            good = np.isin(targets, (0, 1)).all(axis=0) & (targets.sum(axis=0) == 1)
        if not good.all():
            column = int(np.argmin(good))
            shown = ", ".join(f"{v:g}".replace("-", "−") for v in targets[:6, column]) + (
                ", ..." if len(targets) > 6 else ""
            )
            needs = "one-hot targets, or soft ones that sum to 1" if self.soft_targets else "one-hot targets"
            raise ValueError(
                f"{self.title} needs {needs}; example {column + 1} of Y is ({shown}); {_name_fitting_loss(targets)}"
            )


def _name_fitting_loss(targets: Array) -> str:
    """Say which loss reads targets that are not one-hot."""
    if not ((targets >= 0) & (targets <= 1)).all():
        return "mean squared error reads any number"
    if (np.abs(targets.sum(axis=0) - 1) <= ROUNDED).all():
        return "cross-entropy reads soft targets"
    return "binary cross-entropy reads numbers from 0 to 1, several classes at once too"


def classes(targets: Array) -> Array:
    """Make one-hot targets from any: the largest entry of each column becomes its class."""
    return np.eye(len(targets))[:, targets.argmax(axis=0)]


@dataclass(frozen=True)
class MSE(Loss):
    """`L = 1/(2N) ||Z_L - Y||_F^2` (worksheet, exercise 1)."""

    name = "MSE"
    title = "Mean squared error"
    short = "squared error"
    one_hot = False
    equation = staticmethod(equations.squared_error)
    gradient = staticmethod(partial(equations.error, twice=True))
    scale: str = field(default="1/(2N)", kw_only=True)


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """`L = 1/N sum_n -log p_{y_n}` with `p = softmax(Z_L)`; `dL/dZ_L = (P - Y)/N`.

    Soft targets y in place of one-hot ones: `1/N sum_n -sum_k y_k log p_k`, with the same gradient.
    Computed from the logits, `log sum_k e^{o_k} - o_y` (Bridle 1990), so that a probability
    that rounds to zero costs no accuracy.
    """

    name = "CrossEntropy"
    title = "Cross-entropy of softmax"
    short = "cross-entropy"
    each = r"-\log p_y"
    wants = "the true class is to have all the probability"
    soft_targets = True
    scale: str = field(default="1/N", kw_only=True)

    def forward(self, depth: int) -> list[Step]:
        return [
            Step(P, SOFTMAX, (Z(depth),), "loss"),
            Step(ell, equations.CROSS_ENTROPY, (Z(depth), Y), "loss"),
            Step(loss, equations.total(self.c), (ell,), "loss"),
        ]

    def backward(self, depth: int) -> list[Step]:
        return [Step(dZ(depth), equations.error(self.c, twice=False), (P, Y), "backward")]


@dataclass(frozen=True)
class NLL(Loss):
    """Cross-entropy in two steps: `Q = log softmax(Z_L)`, then `L = 1/N sum_n -sum_k y_k q_k`."""

    name = "NLL"
    title = "Negative log-likelihood of log-softmax"
    short = "log-likelihood"
    each, wants = CrossEntropy.each, CrossEntropy.wants
    soft_targets = True
    scale: str = field(default="1/N", kw_only=True)

    def forward(self, depth: int) -> list[Step]:
        return [
            Step(Q, equations.LOG_SOFTMAX, (Z(depth),), "loss"),
            Step(ell, equations.LIKELIHOOD, (Y, Q), "loss"),
            Step(loss, equations.total(self.c), (ell,), "loss"),
        ]

    def backward(self, depth: int) -> list[Step]:
        return [
            Step(dQ, equations.likelihood_pullback(self.c), (Y,), "backward"),
            Step(dZ(depth), equations.LOG_SOFTMAX_PULLBACK, (Q, dQ), "backward"),
        ]
