"""The same logits and labels under several losses, and the worksheet's own result in one formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..checking.numerical_gradients import DISAGREES, Check, check_steps, choose_probe_count
from ..equations.steps import Step
from ..losses import LOSSES, CrossEntropy, Loss, SoftmaxHinge, softmax
from ..network import Array
from ..notation import Var, dO
from ..notation import loss as LOSS
from ..notation import margin as MARGIN
from ..passes.conventions import WORKSHEET, Conventions
from .curves import norm, scaled
from .lab import Lab, run


@dataclass(frozen=True)
class LossComparison:
    """One loss among several on the same logits and labels.

    Attributes:
        loss: its value; `gradient` dL/dO of shape (classes, N), `difference` that less cross-entropy's.
        norms: of each example's gradient, shape (N,); `norm` of the whole.
        cosines: to cross-entropy's gradient, each example, shape (N,), NaN where either vanishes;
            `cosine` of the whole.
    """

    loss: float
    gradient: Array
    difference: Array
    norms: Array
    norm: float
    cosines: Array
    cosine: float


def list_class_losses(margin: float) -> dict[str, Loss]:
    """List every loss on classes, those that have a margin with this one. Exercise 3's comes first."""
    made = {name: kind() for name, kind in LOSSES.items() if kind.one_hot}
    first = SoftmaxHinge.name
    order = [first, *(name for name in made if name != first)]
    return {name: made[name].with_constants({MARGIN: margin}) for name in order}


def compare(
    logits: Array, targets: Array, losses: Mapping[str, Loss], conventions: Conventions = WORKSHEET
) -> dict[str, LossComparison]:
    """Compute the gradients of several losses on the same logits and labels, beside cross-entropy's.

    Raises:
        ValueError: see `initial_values`.
    """
    plain = replace(conventions, layout="columns")
    values = {name: run(logits, targets, loss, plain)[1] for name, loss in losses.items()}
    reference = run(logits, targets, CrossEntropy(), plain)[1][dO]
    found = {}
    for name, v in values.items():
        g = v[dO]
        cosines, cosine = _cosine(g, reference, 0), float(_cosine(g, reference))
        found[name] = LossComparison(float(v[LOSS]), g, g - reference, norm(g, 0), float(norm(g)), cosines, cosine)
    return found


def _cosine(a: Array, b: Array, axis: int | None = None) -> Array:
    a, b = scaled(a, axis)[0], scaled(b, axis)[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        return (a * b).sum(axis=axis) / (norm(a, axis) * norm(b, axis))


@np.errstate(over="ignore", under="ignore")
def closed_form(logits: Array, targets: Array, loss: SoftmaxHinge) -> Array:
    """Compute the worksheet's own result for the hinge on probabilities in one formula:
    `dL/do_j = c sum_{l != y} p_j (1[l=j] - 1[y=j] - p_l + p_y) 1[p_l - p_y + m >= 0]`.

    Returns:
        Shape (classes, N).
    """
    o, y = np.asarray(logits, dtype=float), np.asarray(targets, dtype=float)
    p = softmax(o)
    right = (y * p).sum(axis=0, keepdims=True)
    gaps = p - right + loss.margin
    pulls = (1 - y) * ((gaps >= 0) if loss.at_tie else (gaps > 0))
    classes = len(o)
    # terms[l, j, n] = p_j (1[l=j] - 1[y=j] - p_l + p_y)
    same = np.eye(classes)[:, :, None]
    terms = p[None] * (same - y[None] - p[:, None] + right[None])
    return loss.c.factor(o.shape[1]) * (pulls[:, None] * terms).sum(axis=0)


@dataclass(frozen=True)
class CrossCheck:
    """Three ways to `dL/dO` that share no code.

    Attributes:
        closed: the worst difference of the closed form from the backward pass, relative to the largest
            entry; None where the loss has no closed form here.
        check: the backward pass against central differences.
    """

    closed: float | None
    check: Check

    @property
    def verdict(self) -> str:
        """What holds of all of them: one that is refuted decides."""
        return DISAGREES if self.closed is not None and self.closed > CLOSE else self.check.verdict


#: Two formulas for the same number may differ by rounding.
CLOSE = 1e-12


def cross_check(lab: Lab, trace: tuple[list[Step], dict[Var, Array]] | None = None) -> CrossCheck:
    """Compare the closed form, the step-by-step backward pass and central differences."""
    steps, values = trace or lab.run()
    closed = None
    if isinstance(lab.loss, SoftmaxHinge):
        found = lab.conventions.lay.convert(dO, values[dO])
        direct = closed_form(lab.logits, lab.targets, lab.conventions.loss(lab.loss))
        largest, off = float(np.abs(found).max()), float(np.abs(found - direct).max())
        closed = off / max(largest, np.finfo(float).tiny) if off > TINY else 0.0
    return CrossCheck(closed, check_steps(steps, values, most=choose_probe_count(values), only=[dO]).of[dO])


#: Below this a difference is of the size of what probabilities themselves are rounded by.
TINY = 1e-17
