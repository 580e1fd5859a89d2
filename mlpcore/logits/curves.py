"""Passes stacked along a line: one number is varied, and the loss and its gradient are followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..equations.steps import Step, evaluate
from ..losses import Loss, softmax
from ..network import Array, one_hot
from ..notation import G, O, Var, dO, margin
from ..notation import loss as LOSS
from ..passes.conventions import WORKSHEET, Conventions
from .lab import initial_values, list_steps


def scaled(x: Array, axis: int | tuple[int, ...] | None = None) -> tuple[Array, Array]:
    """Divide x by its largest size along some axes, so that squares stay in the range of floats; and that size."""
    size = np.maximum(np.abs(x).max(axis=axis, keepdims=True), np.finfo(float).tiny)
    return x / size, np.squeeze(size, axis=axis)


def norm(x: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """Compute the Euclidean norm along some axes; infinite only where it is beyond the range of floats itself."""
    direction, size = scaled(x, axis)
    with np.errstate(over="ignore"):
        return size * np.sqrt((direction**2).sum(axis=axis))


@dataclass(frozen=True)
class LossCurve:
    """Loss and gradient along a line of passes.

    Attributes:
        at: what was varied, shape (P,).
        loss: shape (P,).
        gradient: `dL/dO`, shape (P, classes, N).
    """

    at: Array
    loss: Array
    gradient: Array

    @property
    def norm(self) -> Array:
        """The Frobenius norm of the gradient, shape (P,)."""
        return norm(self.gradient, (-2, -1))


def _begin(logits: Array, targets: Array, loss: Loss, conventions: Conventions) -> tuple[list[Step], dict[Var, Array]]:
    """List the steps and what they start from, laid out as on the worksheet."""
    plain = replace(conventions, layout="columns")
    return list_steps(loss, plain), initial_values(logits, targets, loss, plain)


def _curve(at: Array, listed: list[Step], values: Mapping[Var, Array]) -> LossCurve:
    found = evaluate(listed, values)
    points, shape = len(at), np.shape(values[O])[-2:]
    return LossCurve(at, np.broadcast_to(found[LOSS], (points,)), np.broadcast_to(found[dO], (points, *shape)))


def _stack(logits: Array, cell: tuple[int, int], at: Array) -> Array:
    """Repeat the logits with one of them replaced by every one of the values."""
    stacked = np.repeat(logits[None], len(at), axis=0)
    stacked[(slice(None), *cell)] = at
    return stacked


def sweep_margin(
    logits: Array, targets: Array, loss: Loss, margins: Array, conventions: Conventions = WORKSHEET
) -> LossCurve:
    """Compute loss and gradient for every one of the margins.

    Raises:
        ValueError: the loss has no margin, or see `initial_values`.
    """
    if margin not in loss.constants():
        raise ValueError(f"{loss.title} has no margin")
    listed, values = _begin(logits, targets, loss, conventions)
    at = np.asarray(margins, dtype=float)
    return _curve(at, listed, values | {margin: at})


def sweep(
    logits: Array, targets: Array, loss: Loss, cell: tuple[int, int], at: Array, conventions: Conventions = WORKSHEET
) -> LossCurve:
    """Compute loss and gradient while one logit takes every one of the values `at` and the others stay."""
    listed, values = _begin(logits, targets, loss, conventions)
    at = np.asarray(at, dtype=float)
    return _curve(at, listed, values | {O: _stack(values[O], cell, at)})


def choose_sweep_values(logits: Array, cell: tuple[int, int]) -> Array:
    """Choose the values over which one logit is swept: around those of the other classes, and past its own."""
    column = np.clip(np.asarray(logits, dtype=float)[:, cell[1]], -40.0, 40.0)
    middle = float(np.median(np.delete(column, cell[0]))) if len(column) > 1 else 0.0
    reach = max(8.0, abs(float(column[cell[0]]) - middle) + 1)
    return np.linspace(middle - reach, middle + reach, 161)


def find_jumps(logits: Array, targets: Array, loss: Loss, cell: tuple[int, int], at: Array) -> Array:
    """Find where a gap of the swept logit's example crosses zero, so that the gradient jumps: by halving, 50 times."""
    if margin not in loss.constants():
        return np.array([])
    listed = [s for s in list_steps(loss) if s.phase == "loss"]
    values, n = initial_values(logits, targets, loss), cell[1]

    def gaps(x: Array) -> Array:
        return evaluate(listed, values | {O: _stack(values[O], cell, x)})[G][:, :, n]

    over = gaps(at) >= 0
    where, which = np.nonzero(over[1:] != over[:-1])
    low, high = at[where], at[where + 1]
    for _ in range(50 if len(where) else 0):
        middle = (low + high) / 2
        same = (gaps(middle)[np.arange(len(middle)), which] >= 0) == over[where, which]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.unique(high)


def insert_jumps(at: Array, found: Array) -> Array:
    """Insert two points at every jump, so close that it is drawn as a vertical line."""
    return np.unique([*at, *found, *(found - 1e-9)])


#: Where a competing class has this probability, the answer is called confidently wrong.
CONFIDENT = 0.95


def find_confidently_wrong(logits: Array, targets: Array, cell: tuple[int, int], at: Array) -> Array:
    """Tell for every value of the swept logit whether some competing class has almost all probability."""
    k, n = cell
    p = softmax(_stack(np.asarray(logits, dtype=float)[:, [n]], (k, 0), at))[:, :, 0]
    return (p * (1 - np.asarray(targets)[:, n])).max(axis=1) >= CONFIDENT


def evaluate_on_simplex(
    probabilities: Array, label: int, loss: Loss, conventions: Conventions = WORKSHEET
) -> LossCurve:
    """Compute loss and gradient of one example at every given point of the simplex.

    Args:
        probabilities: shape (P, classes), positive, rows summing to 1; the logits are their logs.
    """
    p = np.asarray(probabilities, dtype=float)
    y = one_hot([label], p.shape[1])
    listed, values = _begin(np.zeros_like(y), y, loss, conventions)
    return _curve(np.arange(len(p)), listed, values | {O: np.log(p)[:, :, None]})


def descend(
    logits: Array, targets: Array, loss: Loss, rate: float, count: int, conventions: Conventions = WORKSHEET
) -> LossCurve:
    """Follow gradient descent on the logits: the start and `count` steps.

    Returns:
        A curve whose `at` are the probabilities reached, shape (count + 1, classes, N).
    """
    listed, values = _begin(logits, targets, loss, conventions)
    o, path = values[O], []
    for _ in range(count + 1):
        found = evaluate(listed, values | {O: o})
        path.append((softmax(o), found[LOSS], found[dO]))
        o = o - rate * found[dO]
    p, total, gradient = zip(*path, strict=True)
    return LossCurve(np.stack(p), np.array(total), np.stack(gradient))
