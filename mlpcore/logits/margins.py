"""The margin: where a rival becomes active, and how the loss bends there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..losses import Loss
from ..losses.equations import ONE_VS_ALL_GAPS
from ..network import Array
from ..notation import A, G, O, dG, margin
from .lab import run, steps


@dataclass(frozen=True)
class Kink:
    """A margin at which a rival becomes active: gap (rival, example) crosses zero there."""

    margin: float
    rival: int
    example: int


def kinks(logits: Array, targets: Array, loss: Loss) -> list[Kink]:
    """Every margin at which a gap is zero, from the smallest up; none where the loss has no margin."""
    if margin not in loss.constants():
        return []
    gaps = run(logits, targets, replace(loss, margin=0.0))[1][G]
    # Between classes only rivals have a gap to the true one; one against all, every class has its own.
    own = any(s.op is ONE_VS_ALL_GAPS for s in steps(loss))
    where = np.argwhere(np.ones_like(gaps) if own else np.asarray(targets) != 1)
    return sorted((Kink(float(-gaps[k, n]), int(k), int(n)) for k, n in where), key=lambda kink: kink.margin)


def slopes_at(kink: float, logits: Array, targets: Array, loss: Loss) -> tuple[float, float]:
    """`dL/dm` on the left and on the right of a margin: the pull of the rivals active on either side.

    For a hinge the loss grows by the constant for every active rival when the margin grows by 1.
    """
    scores = run(logits, targets, loss)[1][G] - loss.margin
    # A computed kink is off by rounding, so that its gap may be on either side of 0: step clear of that.
    clear = 16 * np.finfo(float).eps * max(1.0, abs(kink), float(np.abs(scores).max()))
    sides = []
    for margin_beside in (kink - clear, kink + clear):
        beside = replace(loss, margin=margin_beside)
        values = run(logits, targets, beside)[1]
        pulls = values[dG] if dG in values else beside.c.factor(np.shape(values[O])[-1]) * values[A]
        sides.append(float(pulls.sum()))
    return sides[0], sides[1]
