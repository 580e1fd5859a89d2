"""The hinges: losses that are zero once the true class leads by a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..arguments import check_finite
from ..equations.softmax import SOFTMAX, SOFTMAX_PULLBACK
from ..equations.steps import Step
from ..notation import A, G, P, T, Var, Y, Z, dG, dP, dZ, ell, loss, margin
from . import equations
from .loss import Loss
from .scales import SCALES


@dataclass(frozen=True)
class Hinge(Loss):
    """A loss with a margin.

    Attributes:
        margin: by how much the true class is to lead.
        at_tie: whether a class whose gap is exactly 0 is active.

    Raises:
        ValueError: the margin is not finite.
    """

    #: Which class is active; `sign` and `effect` are what `at_tie` chooses.
    tie: ClassVar[str] = "A competing class is active where its gap is {sign} 0: a gap of exactly 0 {effect}."

    margin: float = 1.0
    at_tie: bool = True

    def describe_tie(self) -> str:
        """State which classes are active, and what a gap of exactly 0 does to the gradient."""
        sign, effect = (">=", "contributes to the gradient") if self.at_tie else (">", "does not contribute")
        return self.tie.format(sign=sign, effect=effect)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_finite(self.margin, "the margin")

    def constants(self) -> dict[Var, float]:
        return {margin: self.margin, **super().constants()}

    def backward(self, depth: int) -> list[Step]:
        return [Step(dZ(depth), equations.hinge_pullback(self.c), (A, Y), "backward")]

    def _gap_steps(self, scores: Var) -> list[Step]:
        return [
            Step(G, equations.GAPS, (scores, Y, margin), "loss"),
            Step(A, equations.active(self.at_tie), (G, Y), "loss"),
            Step(ell, equations.HINGE, (A, G), "loss"),
            Step(loss, equations.total(self.c), (ell,), "loss"),
        ]


@dataclass(frozen=True)
class SoftmaxHinge(Hinge):
    """`L = sum_n sum_{l != y} max(0, p_l - p_y + margin)`, `p = softmax(Z_L)` (exercise 3).

    A sum over examples, and a competing class is active at >= 0, both as on the worksheet.
    """

    name = "SoftmaxHinge"
    title = "Hinge of softmax probabilities"
    short = "hinge loss on probabilities"
    each = r"\sum_{l\neq y}\max(0,\; p_l - p_y + m)"
    wants = "the true class is to have at least m more probability than each competing class"

    def forward(self, depth: int) -> list[Step]:
        return [Step(P, SOFTMAX, (Z(depth),), "loss"), *self._gap_steps(P)]

    def backward(self, depth: int) -> list[Step]:
        return [
            Step(dP, equations.hinge_pullback(self.c), (A, Y), "backward"),
            Step(dZ(depth), SOFTMAX_PULLBACK, (P, dP), "backward"),
        ]


@dataclass(frozen=True)
class ScoreHinge(Hinge):
    """`L = sum_n sum_{l != y} max(0, o_l - o_y + margin)` with `o = Z_L` (Weston and Watkins 1999)."""

    name = "ScoreHinge"
    title = "Hinge of logits (Weston-Watkins)"
    short = "Weston-Watkins"
    each = r"\sum_{l\neq y}\max(0,\; o_l - o_y + m)"
    wants = "the logit of the true class is to lead that of each competing class by at least m"

    def forward(self, depth: int) -> list[Step]:
        return self._gap_steps(Z(depth))


@dataclass(frozen=True)
class CrammerSinger(Hinge):
    """`L = sum_n max(0, max_{l != y} o_l - o_y + margin)` with `o = Z_L` (Crammer and Singer 2001).

    Only the strongest competing class has a gradient; classes that tie for it share it.
    """

    name = "CrammerSinger"
    title = "Hinge of the strongest competing class (Crammer-Singer)"
    short = "Crammer-Singer"
    each = r"\max(0,\; \max_{l\neq y} o_l - o_y + m)"
    wants = "the logit of the true class is to lead that of the strongest competing class by at least m"
    tie = (
        "The strongest competing class is active where its gap is {sign} 0, and classes that tie for it share: "
        "a gap of exactly 0 {effect}."
    )

    def forward(self, depth: int) -> list[Step]:
        return [
            Step(G, equations.GAPS, (Z(depth), Y, margin), "loss"),
            Step(ell, equations.TOP, (G, Y), "loss"),
            Step(T, equations.at_top(self.at_tie), (G, Y, ell), "loss"),
            Step(A, equations.SHARE, (T,), "loss"),
            Step(loss, equations.total(self.c), (ell,), "loss"),
        ]


@dataclass(frozen=True)
class SquaredHinge(Hinge):
    """`L = sum_n sum_{l != y} max(0, o_l - o_y + margin)^2` with `o = Z_L`.

    The Weston-Watkins gaps, squared as in the L2-SVM (Tang 2013): the gradient grows with the gap.
    """

    name = "SquaredHinge"
    title = "Squared hinge of logits"
    short = "squared hinge"
    each = r"\sum_{l\neq y}\max(0,\; o_l - o_y + m)^2"
    wants = "as Weston-Watkins, but the gradient grows with the gap"
    tie = "A competing class is active where its gap is {sign} 0; of a gap of exactly 0 the gradient is 0 either way."

    def forward(self, depth: int) -> list[Step]:
        *gaps, _, _ = self._gap_steps(Z(depth))
        return [
            *gaps,
            Step(ell, equations.SQUARED_HINGE, (A, G), "loss"),
            Step(loss, equations.total(self.c), (ell,), "loss"),
        ]

    def backward(self, depth: int) -> list[Step]:
        return [
            Step(dG, equations.squared_hinge_pullback(self.c), (A, G), "backward"),
            Step(dZ(depth), equations.hinge_pullback(SCALES["1"]), (dG, Y), "backward"),
        ]


@dataclass(frozen=True)
class OneVsAll(Hinge):
    """`L = sum_n sum_k max(0, margin - t_k o_k)`, t = 1 for the true class, else -1 (Rifkin and Klautau 2004).

    One binary hinge a class: no class is compared with another.
    """

    name = "OneVsAll"
    title = "One-vs-rest hinge of logits"
    short = "one-vs-rest"
    each = r"\max(0,\; m - o_y) + \sum_{l\neq y}\max(0,\; m + o_l)"
    wants = "each class on its own: the logit of the true class is to be at least m, every other at most −m"
    tie = "A class is active where its gap is {sign} 0: a gap of exactly 0 {effect}."

    def forward(self, depth: int) -> list[Step]:
        return [
            Step(G, equations.ONE_VS_ALL_GAPS, (Z(depth), Y, margin), "loss"),
            Step(A, equations.active_classes(self.at_tie), (G,), "loss"),
            Step(ell, equations.HINGE, (A, G), "loss"),
            Step(loss, equations.total(self.c), (ell,), "loss"),
        ]

    def backward(self, depth: int) -> list[Step]:
        return [Step(dZ(depth), equations.one_vs_all_pullback(self.c), (A, Y), "backward")]
