"""The losses, each a short forward list and a short backward list of its own.

A loss takes the network's output `Z_L` and the targets `Y` to a single number, and gives
back `dL/dZ_L`. The class losses read one-hot targets and, where they need them, softmax
probabilities of the output taken as logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from .notation import A, G, P, Var, Y, Z, dP, dZ, ell, loss, margin
from .ops import scalar
from .registry import Registry
from .scales import SCALES, Scale
from .steps import Op, Step

Array = np.ndarray


def _finite(x: Array) -> Array:
    """Differences of numbers near 1e308 may leave the range of floats; keep them inside it."""
    top = np.finfo(x.dtype).max
    return np.clip(x, -top, top)


def _shifted(o: Array) -> Array:
    """`o - max o` of each column: softmax does not change, and nothing overflows."""
    return _finite(o - o.max(axis=-2, keepdims=True))


def softmax(o: Array) -> Array:
    """`p_jn = exp(o_jn) / sum_k exp(o_kn)`, column by column."""
    e = np.exp(_shifted(o))
    return e / e.sum(axis=-2, keepdims=True)


def _of_true_class(x: Array, y: Array) -> Array:
    return (y * x).sum(axis=-2, keepdims=True)


def _cross_entropy(o: Array, y: Array) -> Array:
    """`log sum_k e^{o_k} - sum_k y_k o_k`; the shift cancels where a column of y sums to 1."""
    shifted = _shifted(o)
    shift = o.max(axis=-2) * (1 - y.sum(axis=-2))
    return np.log(np.exp(shifted).sum(axis=-2)) - (y * shifted).sum(axis=-2) + shift


# --- the equations ---------------------------------------------------------------------------


@cache
def squared_error(c: Scale) -> Op:
    """`c ||Z - Y||_F^2`"""
    return Op(
        "squared error",
        "in,in->",
        lambda Z, Y: ((Z - Y) ** 2 * c.factor(Z.shape[-1])).sum(axis=(-2, -1)),
        lambda Z, Y: rf"{c.latex()}\left\lVert {Z} - {Y}\right\rVert_F^2",
        f"{c.cell()}(sum_in(({{0}} - {{1}})²))",
    )


@cache
def error(c: Scale, twice: bool) -> Op:
    """`c (Z - Y)`, or 2c where a square was differentiated."""
    front, times = c.latex(twice), c.cell(twice)
    return Op(
        "error",
        "in,in->in",
        lambda Z, Y: (Z - Y) * c.factor(Z.shape[-1], twice),
        lambda Z, Y: rf"{front}\left({Z} - {Y}\right)" if front else f"{Z} - {Y}",
        f"{times}({{0}} - {{1}})" if times else "{0} - {1}",
    )


SOFTMAX = Op(
    "softmax", "kn->jn", softmax, lambda Z: rf"\operatorname{{softmax}}({Z})", "exp({0:jn}) / (sum_k(exp({0})))"
)

#: The vjp of softmax: the Jacobian p_j (1[k=j] - p_k), column by column, applied to dL/dP.
SOFTMAX_PULLBACK = Op(
    "softmax pullback",
    "kn,kn->jn",
    lambda P, dP: P * (dP - (P * dP).sum(axis=-2, keepdims=True)),
    lambda P, dP: rf"{P}\odot\left({dP} - \textstyle\sum_k {{{P}}}_{{k}}\,{{{dP}}}_{{k}}\right)",
    "{0:jn}·({1:jn} - (sum_k({0}·{1})))",
)

CROSS_ENTROPY = Op(
    "cross-entropy",
    "kn,kn->n",
    _cross_entropy,
    lambda Z, Y: rf"\log\textstyle\sum_k e^{{{Z}}} - \sum_k {Y}\odot {Z}",
    "log(sum_k(exp({0}))) - (sum_k({1}·{0}))",
)


@cache
def total(c: Scale) -> Op:
    """`c sum_n ell_n`"""
    return Op(
        "sum over examples",
        "n->",
        lambda ell: _finite((ell * c.factor(ell.shape[-1])).sum(axis=-1)),
        lambda ell: rf"{c.latex()}\textstyle\sum_n {{{ell}}}_{{n}}",
        f"{c.cell()}(sum_n({{0}}))" if c.cell() else "sum_n({0})",
    )


#: The gap of rival l to the true class y: x_l - x_y + m, of probabilities or of logits.
GAPS = Op(
    "gaps",
    "kn,kn,->ln",
    lambda x, y, m: _finite(x - _of_true_class(x, y) + scalar(m)),
    lambda x, y, m: rf"{x} - {{{x}}}_{{y}} + {m}",
    "{0:ln} - (sum_k({1}·{0})) + {2}",
)


@cache
def active(at_tie: bool) -> Op:
    """1 where a rival (l != y) has a gap > 0, and at a gap of exactly 0 if `at_tie`."""
    sign, latex = ("≥", r"\ge ") if at_tie else (">", ">")
    return Op(
        "active rivals",
        "ln,ln->ln",
        (lambda G, Y: (1 - Y) * (G >= 0)) if at_tie else (lambda G, Y: (1 - Y) * (G > 0)),
        lambda G, Y: rf"(1 - {Y})\odot \left[{G}{latex}0\right]",
        f"(1 - {{1}})·[{{0}} {sign} 0]",
        kink=lambda G, Y: np.where(Y == 1, 1.0, G),
    )


HINGE = Op(
    "hinge",
    "ln,ln->n",
    lambda A, G: _finite((A * G).sum(axis=-2)),
    lambda A, G: rf"\textstyle\sum_l {A}\odot {G}",
    "sum_l({0}·{1})",
)


@cache
def hinge_pullback(c: Scale) -> Op:
    """`c a_k` for a rival, minus c times the number of active rivals for the true class."""
    front = c.latex()
    counts = r"{A} - {Y}\odot\textstyle\sum_l {{{A}}}_{{l}}"
    return Op(
        "hinge pullback",
        "ln,kn->kn",
        lambda A, Y: (A - Y * A.sum(axis=-2, keepdims=True)) * c.factor(A.shape[-1]),
        lambda A, Y: rf"{front}\left({counts.format(A=A, Y=Y)}\right)" if front else counts.format(A=A, Y=Y),
        f"{c.cell()}({{0:kn}} - {{1}}·(sum_l({{0}})))" if front else "{0:kn} - {1}·(sum_l({0}))",
    )


# --- the losses ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loss:
    """What every loss offers. A frozen value; its numbers, if any, are operands by name.

    Each has a field `scale`: the constant in front of its sum over examples, a name of `SCALES`,
    by default the one it is published with.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    one_hot: ClassVar[bool] = True

    @property
    def c(self) -> Scale:
        return SCALES[self.scale]

    def forward(self, depth: int) -> list[Step]:
        """From `Z_L` and `Y` to `loss`."""
        raise NotImplementedError

    def backward(self, depth: int) -> list[Step]:
        """From what `forward` made to `dL/dZ_L`."""
        raise NotImplementedError

    def constants(self) -> dict[Var, float]:
        """The loss's own numbers, by name."""
        return {}

    def check(self, targets: Array) -> None:
        """Raise ValueError unless the targets are what this loss reads."""
        if not self.one_hot:
            return
        good = np.isin(targets, (0, 1)).all(axis=0) & (targets.sum(axis=0) == 1)
        if not good.all():
            column = int(np.argmin(good))
            shown = ", ".join(f"{v:g}" for v in targets[:6, column]) + (", ..." if len(targets) > 6 else "")
            raise ValueError(
                f"{self.title} reads classes: each example of Y has a single 1 and else 0, "
                f"but example {column + 1} is ({shown})"
            )


@dataclass(frozen=True)
class MSE(Loss):
    """`L = 1/(2N) ||Z_L - Y||_F^2` (worksheet, exercise 1)."""

    name = "MSE"
    title = "Mean squared error"
    one_hot = False
    scale: str = "1/(2N)"

    def forward(self, depth: int) -> list[Step]:
        return [Step(loss, squared_error(self.c), (Z(depth), Y), "loss")]

    def backward(self, depth: int) -> list[Step]:
        return [Step(dZ(depth), error(self.c, twice=True), (Z(depth), Y), "backward")]


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """`L = 1/N sum_n -log p_{y_n}` with `p = softmax(Z_L)`; `dL/dZ_L = (P - Y)/N`.

    Computed from the logits, `log sum_k e^{o_k} - o_y` (Bridle 1990), so that a probability
    that rounds to zero costs no accuracy.
    """

    name = "CrossEntropy"
    title = "Cross-entropy of softmax"
    scale: str = "1/N"

    def forward(self, depth: int) -> list[Step]:
        return [
            Step(P, SOFTMAX, (Z(depth),), "loss"),
            Step(ell, CROSS_ENTROPY, (Z(depth), Y), "loss"),
            Step(loss, total(self.c), (ell,), "loss"),
        ]

    def backward(self, depth: int) -> list[Step]:
        return [Step(dZ(depth), error(self.c, twice=False), (P, Y), "backward")]


@dataclass(frozen=True)
class _Hinge(Loss):
    margin: float = 1.0
    scale: str = "1"
    at_tie: bool = True

    def __post_init__(self) -> None:
        if not np.isfinite(self.margin):
            raise ValueError(f"the margin must be a finite number, not {self.margin}")

    def constants(self) -> dict[Var, float]:
        return {margin: self.margin}

    def _rivals(self, scores: Var) -> list[Step]:
        return [
            Step(G, GAPS, (scores, Y, margin), "loss"),
            Step(A, active(self.at_tie), (G, Y), "loss"),
            Step(ell, HINGE, (A, G), "loss"),
            Step(loss, total(self.c), (ell,), "loss"),
        ]


@dataclass(frozen=True)
class SoftmaxHinge(_Hinge):
    """`L = sum_n sum_{l != y} max(0, p_l - p_y + margin)`, `p = softmax(Z_L)` (exercise 3).

    A sum over examples, and a rival is active at >= 0, both as on the worksheet.
    """

    name = "SoftmaxHinge"
    title = "Hinge of softmax probabilities"

    def forward(self, depth: int) -> list[Step]:
        return [Step(P, SOFTMAX, (Z(depth),), "loss"), *self._rivals(P)]

    def backward(self, depth: int) -> list[Step]:
        return [
            Step(dP, hinge_pullback(self.c), (A, Y), "backward"),
            Step(dZ(depth), SOFTMAX_PULLBACK, (P, dP), "backward"),
        ]


@dataclass(frozen=True)
class ScoreHinge(_Hinge):
    """`L = sum_n sum_{l != y} max(0, o_l - o_y + margin)` with `o = Z_L` (Weston and Watkins 1999)."""

    name = "ScoreHinge"
    title = "Hinge of logits (Weston-Watkins)"

    def forward(self, depth: int) -> list[Step]:
        return self._rivals(Z(depth))

    def backward(self, depth: int) -> list[Step]:
        return [Step(dZ(depth), hinge_pullback(self.c), (A, Y), "backward")]


#: Name -> class. What stands here can be chosen, and what can be chosen is tested.
LOSSES: dict[str, type[Loss]] = Registry("loss", {c.name: c for c in (MSE, CrossEntropy, SoftmaxHinge, ScoreHinge)})
