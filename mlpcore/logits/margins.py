"""The margin: where a competing class becomes active, and how the loss bends there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..equations.steps import evaluate
from ..losses import Loss
from ..losses.equations import ONE_VS_ALL_GAPS
from ..network import Array
from ..notation import A, G, dG, dO, margin
from .curves import norm
from .lab import Lab, initial_values, list_steps, run


@dataclass(frozen=True)
class Kink:
    """A margin at which a competing class becomes active: its gap in this example crosses zero there."""

    margin: float
    competing_class: int
    example: int


def find_kinks(logits: Array, targets: Array, loss: Loss) -> list[Kink]:
    """Find every margin at which a gap is zero, from the smallest up; none where the loss has no margin."""
    if margin not in loss.constants():
        return []
    gaps = run(logits, targets, loss.with_constants({margin: 0.0}))[1][G]
    # Only competing classes have a gap to the true one; one-vs-all, every class has its own.
    own = any(s.op is ONE_VS_ALL_GAPS for s in list_steps(loss))
    where = np.argwhere(np.ones_like(gaps) if own else np.asarray(targets) != 1)
    return sorted((Kink(float(-gaps[k, n]), int(k), int(n)) for k, n in where), key=lambda kink: kink.margin)


def compute_margin_derivatives(
    margins: Sequence[float] | Array, logits: Array, targets: Array, loss: Loss
) -> tuple[Array, Array]:
    """Compute `dL/dm` on the left and on the right of margins, shape (M,) each.

    For a hinge the loss grows by the constant for every active class when the margin grows by 1.
    """
    at = np.asarray(margins, dtype=float)
    values = initial_values(logits, targets, loss)
    scores = evaluate(list_steps(loss), values)[G] - loss.constants()[margin]
    # A computed kink is off by rounding, so that its gap may be on either side of 0: step clear of that.
    clear = 16 * np.finfo(float).eps * np.maximum(max(1.0, float(np.abs(scores).max())), np.abs(at))
    sides = evaluate(list_steps(loss), values | {margin: np.stack([at - clear, at + clear])})
    pulls = sides[dG] if dG in sides else loss.c.factor(np.shape(scores)[-1]) * sides[A]
    left, right = pulls.sum(axis=(-2, -1))
    return left, right


@dataclass(frozen=True)
class Corner:
    """A margin in force at which some gaps are exactly zero.

    Attributes:
        at: (class, example) whose gap is zero.
        left, right: `dL/dm` on either side.
        counted, left_out: the norm of `dL/dO` where such a class is active (>= 0), and where it is not (> 0).
    """

    at: tuple[tuple[int, int], ...]
    left: float
    right: float
    counted: float
    left_out: float


def find_corner(lab: Lab, found: list[Kink] | None = None) -> Corner | None:
    """Describe the margin in force, if it is a kink; else None.

    Args:
        found: what `find_kinks` gave, if it is at hand.
    """
    found = find_kinks(lab.logits, lab.targets, lab.loss) if found is None else found
    at = tuple((k.competing_class, k.example) for k in found if k.margin == lab.loss.margin)
    if not at:
        return None
    norms = []
    for at_tie in (True, False):
        under = replace(lab, conventions=replace(lab.conventions, at_tie=at_tie))
        norms.append(float(norm(under.run()[1][dO])))
    loss = lab.conventions.loss(lab.loss)
    left, right = compute_margin_derivatives([loss.margin], lab.logits, lab.targets, loss)
    return Corner(at, float(left[0]), float(right[0]), *norms)


def choose_margins(found: list[Kink], now: float) -> Array:
    """Choose the margins over which curves are drawn: past every kink and the present one."""
    at = [k.margin for k in found]
    low, high = min([-1.0, now, *at]), max([1.2, now, *at])
    # The gradient jumps at a kink: with a point just before it, the jump is drawn upright.
    return np.unique([*np.linspace(low, high, 201), *at, *(np.array(at) - 1e-9)])


def choose_slider_range(now: float) -> tuple[float, float]:
    """Choose the margins that are offered: those of the kinks of probabilities, and further to the present one."""
    return min(-1.0, float(np.floor(now))), max(1.2, float(np.ceil(now)))
