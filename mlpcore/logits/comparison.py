"""The same logits and labels under several losses, and the worksheet's own result in one formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..conventions import WORKSHEET, Conventions
from ..losses import Loss, softmax
from ..losses.hinges import _Hinge
from ..network import Array
from ..notation import dO
from ..notation import loss as LOSS
from .lab import run


@dataclass(frozen=True)
class Compared:
    """One loss among several on the same logits and labels.

    Attributes:
        loss: its value; `gradient` dL/dO of shape (classes, N).
        norms: of each example's gradient, shape (N,); `norm` of the whole.
        cosines: to cross-entropy's gradient, each example, shape (N,), NaN where either vanishes;
            `cosine` of the whole.
    """

    loss: float
    gradient: Array
    norms: Array
    norm: float
    cosines: Array
    cosine: float


def compare(
    logits: Array, targets: Array, losses: Mapping[str, Loss], conventions: Conventions = WORKSHEET
) -> dict[str, Compared]:
    """Gradients of several losses on the same logits and labels, beside cross-entropy's.

    Raises:
        KeyError: no `CrossEntropy` among the losses.
        ValueError: see `start`.
    """
    plain = replace(conventions, layout="columns")
    values = {name: run(logits, targets, loss, plain)[1] for name, loss in losses.items()}
    reference = values["CrossEntropy"][dO]
    found = {}
    for name, v in values.items():
        g = v[dO]
        norms = np.sqrt((g**2).sum(axis=0))
        found[name] = Compared(
            float(v[LOSS]),
            g,
            norms,
            float(np.sqrt((g**2).sum())),
            _cosine(g, reference, 0),
            float(_cosine(g, reference)),
        )
    return found


def _cosine(a: Array, b: Array, axis: int | None = None) -> Array:
    size = np.sqrt((a**2).sum(axis=axis) * (b**2).sum(axis=axis))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(size > 0, (a * b).sum(axis=axis) / size, np.nan)


def closed_form(logits: Array, targets: Array, loss: _Hinge) -> Array:
    """The worksheet's own result for the hinge on probabilities, as one formula:
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
