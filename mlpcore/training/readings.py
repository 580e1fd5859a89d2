"""What a course shows besides its loss: gradients, updates, units that no longer learn, and the rate itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..equations.activations import ACTIVATIONS
from ..equations.steps import evaluate
from ..network import Array
from ..notation import S, Var, W, Z
from ..notation import loss as LOSS
from ..passes.layers import forward
from ..passes.optimisers import Optimiser
from ..passes.penalties import penalise
from ..passes.training_step import gradients
from ..setup import Setup
from .course import Course, train

#: A unit is saturated where f' is below this share of its largest value for every example.
SATURATED = 0.05


@dataclass(frozen=True, eq=False)
class History:
    """Readings of a course at some of its steps, layer by layer.

    Attributes:
        at: the steps, shape (K,).
        gradients: layer -> the norm of dL/dW_l and dL/db_l together, shape (K,).
        updates: layer -> the norm of what the step adds to W_l over the norm of W_l, shape (K,).
        dead: layer -> for each step the units whose f' is 0 for every example.
        saturated: layer -> for each step those whose f' is small for every example, but not 0 (see `SATURATED`).
    """

    at: Array
    gradients: Mapping[int, Array]
    updates: Mapping[int, Array]
    dead: Mapping[int, list[tuple[int, ...]]]
    saturated: Mapping[int, list[tuple[int, ...]]]


def read_history(course: Course, points: int = 60) -> History:
    """Read a course at about so many of its steps, the whole batch at each; where it has diverged it is not read."""
    last = int(np.argmin(np.isfinite(course.losses))) if not np.isfinite(course.losses).all() else len(course)
    at = np.unique(np.linspace(0, max(0, last - 1), points).round().astype(int))
    layers = course.setup.net.shape.layers
    found: dict[str, dict[int, list]] = {name: {n: [] for n in layers} for name in ("g", "u", "dead", "saturated")}
    with np.errstate(over="ignore", invalid="ignore"):
        for k in at.tolist():
            values = course.trace(k)[1]
            new = course.parameters(k + 1) if k < len(course) else course.parameters(k)
            for n in layers:
                parts = [values[v] for v in (Var("dW", n), Var("db", n)) if v in values]
                found["g"][n].append(np.sqrt(sum((x * x).sum() for x in parts)))
                size = np.linalg.norm(values[W(n)])
                found["u"][n].append(np.linalg.norm(new[W(n)] - values[W(n)]) / size if size else np.nan)
                dead, saturated = find_still_units(course.setup, n, values[S(n)])
                found["dead"][n].append(dead)
                found["saturated"][n].append(saturated)
    arrays = {name: {n: np.array(x) for n, x in found[name].items()} for name in ("g", "u")}
    return History(at, arrays["g"], arrays["u"], found["dead"], found["saturated"])


def find_still_units(setup: Setup, layer: int, preactivations: Array) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Find the units of a layer, counted from 1, that are dead and that are saturated (see `History`)."""
    f = ACTIVATIONS[setup.net[layer].activation].at_kink(setup.conventions.at_kink)
    if f.derivative is None:
        return (), ()
    slopes = np.abs(f.derivative(setup.conventions.lay.convert(S(layer), preactivations)))
    peak = np.abs(f.derivative(np.linspace(-8.0, 8.0, 1601))).max()
    dead = (slopes == 0).all(axis=1)
    still = (slopes <= SATURATED * peak).all(axis=1) & ~dead
    return tuple((np.flatnonzero(dead) + 1).tolist()), tuple((np.flatnonzero(still) + 1).tolist())


def compute_losses(setup: Setup, parameters: Mapping[Var, Array]) -> Array:
    """Compute the loss for many parameters at once: each has the same leading axes, which the result has too."""
    lay, net = setup.conventions.lay, setup.net
    steps = penalise(forward(net) + setup.conventions.loss(setup.loss).forward(net.depth), setup.loss, net)
    return np.asarray(evaluate(lay.convert_steps(steps), setup.inputs() | dict(parameters))[LOSS])


@dataclass(frozen=True, eq=False)
class RateCurve:
    """The loss along minus the gradient: L(w - eta g) over eta.

    Attributes:
        rates, losses: the curve, both of shape (K,).
        linear: what the gradient alone predicts, L - eta ||g||^2.
        best, best_loss: the rate that makes the loss of this one step least, among those of the curve, refined.
    """

    rates: Array
    losses: Array
    linear: Array
    best: float
    best_loss: float


def search_rate(setup: Setup, rate: float, points: int = 161) -> RateCurve:
    """Follow the loss along minus the gradient, as far as it is below its start and to the present rate."""
    grads = gradients(setup.net, setup.batch, setup.loss, conventions=setup.conventions)
    start = float(grads.pop(LOSS))
    inputs = setup.inputs()
    ways = {Var(v.kind[1:], v.layer): g for v, g in grads.items()}

    def follow(rates: Array) -> Array:
        moved = {v: inputs[v] - rates.reshape(-1, *(1,) * g.ndim) * g for v, g in ways.items()}
        return np.broadcast_to(compute_losses(setup, moved), rates.shape)

    doubled = 2.0 ** np.arange(-20, 21)
    over = np.flatnonzero(~(follow(doubled) <= start))
    beyond = float(doubled[over[0]]) if len(over) else float(doubled[-1])
    rates = np.linspace(0.0, min(max(1.25 * beyond, 1.1 * abs(rate)), 20 * beyond), points)
    losses = follow(rates)
    square = sum(float((g * g).sum()) for g in grads.values())
    low, high = 0.0, beyond
    for _ in range(4):
        near = np.linspace(low, high, 101)
        found = follow(near)
        place = int(np.nanargmin(np.where(np.isfinite(found), found, np.inf)))
        low, high = near[max(0, place - 1)], near[min(100, place + 1)]
    return RateCurve(rates, losses, start - rates * square, float(near[place]), float(found[place]))


def sweep_rates(setup: Setup, optimiser: Optimiser, rates: Sequence[float] | Array, steps: int) -> Array:
    """Train with each of the rates from the same start; the final losses, infinite or NaN where it diverged."""
    return np.array([train(setup, steps, replace(optimiser, rate=float(rate))).losses[-1] for rate in rates])


@dataclass(frozen=True, eq=False)
class Surface:
    """The loss over a plane through the paths of courses (Li et al. 2018): their two main directions.

    Attributes:
        x, y: how far along each direction, shape (K,); losses: shape (K, K), one row a y.
        paths: name of a course -> its steps in the plane, shape (steps, 2).
        share: how much of the paths' spread lies in the plane, from 0 to 1.
    """

    x: Array
    y: Array
    losses: Array
    paths: Mapping[str, Array]
    share: float


def compute_surface(courses: Mapping[str, Course], points: int = 41, most: int = 200) -> Surface | None:
    """Compute the loss on the plane in which the courses move most; None where none of them moves."""
    first = next(iter(courses.values()))
    flat = {name: _sample_path(course, most) for name, course in courses.items()}
    flat = {name: path[np.abs(path).max(axis=1) < 1e6] for name, path in flat.items()}
    origin = flat[next(iter(courses))][0]
    moved = np.concatenate(list(flat.values())) - origin
    _, sizes, directions = np.linalg.svd(moved, full_matrices=False)
    if not sizes[0] or not np.isfinite(sizes).all():
        return None
    plane = directions[:2] if len(directions) > 1 else np.stack([directions[0], np.zeros_like(directions[0])])
    paths = {name: (path - origin) @ plane.T for name, path in flat.items()}
    ends = np.concatenate(list(paths.values()))
    low, high = ends.min(axis=0), ends.max(axis=0)
    room = 0.2 * max(float((high - low).max()), 1e-3)
    x, y = (np.linspace(low[k] - room, high[k] + room, points) for k in (0, 1))
    at = origin + x[None, :, None] * plane[0] + y[:, None, None] * plane[1]
    parameters, start = {}, 0
    for v in first.setup.net.shape.parameters():
        value = first.parameters(0)[v]
        parameters[v] = at[..., start : start + value.size].reshape(points, points, *value.shape)
        start += value.size
    share = float((sizes[:2] ** 2).sum() / (sizes**2).sum())
    return Surface(x, y, compute_losses(first.setup, parameters), paths, share)


def _sample_path(course: Course, most: int) -> Array:
    """Give the parameters of about so many steps, flat, in the order of `Shape.parameters`."""
    at = np.unique(np.linspace(0, len(course), most).round().astype(int))
    order = course.setup.net.shape.parameters()
    found = (course.parameters(int(k)) for k in at)
    return np.array([np.concatenate([values[v].ravel() for v in order]) for values in found])


def predict(setup: Setup, X: Array) -> Array:
    """Compute the output for other inputs, shape (d_0, M), as on the worksheet: (d_L, M)."""
    values: dict[Var, Array] = {Z(0): X, **dict(setup.net.parameters())}
    return evaluate(forward(setup.net), values)[Z(setup.net.depth)]
