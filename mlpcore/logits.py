"""A loss on its own: logits and labels in, loss and gradient by the logits out (exercise 3).

The steps are the loss's own, with `O` for the network's output, so what holds here holds in a
network: this is where `dL/dZ_L` comes from. Curves are passes stacked along a leading axis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .conventions import WORKSHEET, Conventions
from .losses import Loss, softmax
from .losses.hinges import _Hinge
from .network import Array, matrix
from .notation import A, G, O, Var, Y, Z, dG, dO, dZ, ell, margin
from .notation import loss as LOSS
from .steps import Step, evaluate


def one_hot(labels: Sequence[int], classes: int) -> Array:
    """Targets of shape (classes, N) from labels that count from 0.

    Raises:
        ValueError: a label is not a class; it is named with its example.
    """
    for n, label in enumerate(labels, start=1):
        if not 0 <= label < classes:
            raise ValueError(f"example {n} has class {label + 1}, but there are {classes} classes")
    return np.eye(classes)[:, list(labels)]


def steps(loss: Loss, conventions: Conventions = WORKSHEET) -> list[Step]:
    """From the logits `O` and the targets `Y` to the loss and back to `dL/dO`."""
    loss = conventions.loss(loss)
    names = {Z(0): O, dZ(0): dO}
    listed = [
        replace(s, out=names.get(s.out, s.out), operands=tuple(names.get(v, v) for v in s.operands))
        for s in (*loss.forward(0), *loss.backward(0))
    ]
    return conventions.lay.steps(listed)


def start(logits: Array, targets: Array, loss: Loss, conventions: Conventions = WORKSHEET) -> dict[Var, Array]:
    """Every matrix and number the steps start from, laid out as the conventions say.

    Raises:
        ValueError: logits or targets are not matrices of finite numbers of one shape, or the
            targets not what the loss reads.
    """
    o, y = matrix(logits, "the logits"), matrix(targets, "Y")
    if o.shape != y.shape:
        raise ValueError(f"the logits have shape {o.shape} and Y has shape {y.shape}: they need to be the same")
    loss.check(y)
    turn = conventions.lay.turn
    return {O: turn(O, o), Y: turn(Y, y), **{v: np.asarray(x, dtype=o.dtype) for v, x in loss.constants().items()}}


def run(
    logits: Array, targets: Array, loss: Loss, conventions: Conventions = WORKSHEET
) -> tuple[list[Step], dict[Var, Array]]:
    """The steps and every matrix in them.

    Raises:
        ValueError: see `start`.
    """
    listed = steps(loss, conventions)
    return listed, evaluate(listed, start(logits, targets, loss, conventions))


# --- the margin ------------------------------------------------------------------------------


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
    where = np.argwhere(np.asarray(targets) != 1)
    return sorted((Kink(float(-gaps[k, n]), int(k), int(n)) for k, n in where), key=lambda kink: kink.margin)


@dataclass(frozen=True)
class Curve:
    """Loss and gradient along a line of passes.

    Attributes:
        at: what was varied, shape (P,).
        loss: shape (P,); `of_each` the loss of each example, shape (P, N), if the loss has them.
        gradient: `dL/dO`, shape (P, classes, N).
    """

    at: Array
    loss: Array
    of_each: Array | None
    gradient: Array

    @property
    def norm(self) -> Array:
        """The Frobenius norm of the gradient, shape (P,)."""
        return np.sqrt((self.gradient**2).sum(axis=(-2, -1)))


def _curve(at: Array, listed: list[Step], values: Mapping[Var, Array]) -> Curve:
    found = evaluate(listed, values)
    points, shape = len(at), np.shape(values[O])[-2:]
    return Curve(
        at,
        np.broadcast_to(found[LOSS], (points,)),
        np.broadcast_to(found[ell], (points, shape[1])) if ell in found else None,
        np.broadcast_to(found[dO], (points, *shape)),
    )


def along_margin(
    logits: Array, targets: Array, loss: Loss, margins: Array, conventions: Conventions = WORKSHEET
) -> Curve:
    """Loss and gradient for every one of the margins.

    Raises:
        ValueError: the loss has no margin, or see `start`.
    """
    if margin not in loss.constants():
        raise ValueError(f"{loss.title} has no margin")
    plain = replace(conventions, layout="columns")
    at = np.asarray(margins, dtype=float)
    return _curve(at, steps(loss, plain), start(logits, targets, loss, plain) | {margin: at})


def slopes_at(kink: float, logits: Array, targets: Array, loss: Loss) -> tuple[float, float]:
    """`dL/dm` on the left and on the right of a margin: the pull of the rivals active on either side.

    For a hinge the loss grows by the constant for every active rival when the margin grows by 1.
    """
    sides = []
    for at_tie in (False, True):  # just below, a gap of exactly zero is not yet active; just above it is
        here = replace(loss, margin=kink, at_tie=at_tie)
        values = run(logits, targets, here)[1]
        pulls = values[dG] if dG in values else here.c.factor(np.shape(values[O])[-1]) * values[A]
        sides.append(float(pulls.sum()))
    return sides[0], sides[1]


# --- comparison ------------------------------------------------------------------------------


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


def sweep(
    logits: Array, targets: Array, loss: Loss, cell: tuple[int, int], at: Array, conventions: Conventions = WORKSHEET
) -> Curve:
    """Loss and gradient while one logit takes every one of the values `at` and the others stay."""
    plain = replace(conventions, layout="columns")
    values = start(logits, targets, loss, plain)
    at = np.asarray(at, dtype=float)
    stacked = np.repeat(values[O][None], len(at), axis=0)
    stacked[(slice(None), *cell)] = at
    return _curve(at, steps(loss, plain), values | {O: stacked})


def on_simplex(probabilities: Array, label: int, loss: Loss, conventions: Conventions = WORKSHEET) -> Curve:
    """Loss and gradient of one example at every given point of the simplex.

    Args:
        probabilities: shape (P, classes), positive, rows summing to 1; the logits are their logs.
    """
    p = np.asarray(probabilities, dtype=float)
    plain = replace(conventions, layout="columns")
    y = one_hot([label], p.shape[1])
    values = start(np.zeros_like(y), y, loss, plain) | {O: np.log(p)[:, :, None]}
    return _curve(np.arange(len(p)), steps(loss, plain), values)


def descend(
    logits: Array, targets: Array, loss: Loss, rate: float, count: int, conventions: Conventions = WORKSHEET
) -> Curve:
    """Gradient descent on the logits themselves: the start and `count` steps.

    Returns:
        A curve whose `at` are the probabilities reached, shape (count + 1, classes, N).
    """
    plain = replace(conventions, layout="columns")
    listed, values = steps(loss, plain), start(logits, targets, loss, plain)
    o, path = values[O], []
    for _ in range(count + 1):
        found = evaluate(listed, values | {O: o})
        path.append((softmax(o), found[LOSS], found.get(ell), found[dO]))
        o = o - rate * found[dO]
    p, total, each, gradient = zip(*path, strict=True)
    return Curve(np.stack(p), np.array(total), None if each[0] is None else np.stack(each), np.stack(gradient))


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
