"""What a course shows besides its loss: gradients, updates, units that no longer learn, and the rate itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..compiled import Program
from ..equations.activations import ACTIVATIONS
from ..equations.steps import evaluate
from ..network import Array, Batch
from ..notation import S, Var, W
from ..notation import loss as LOSS
from ..notation import rate as RATE
from ..passes.optimisers import Optimiser
from ..passes.training_step import gradients, list_loss
from ..setup import Setup
from .course import Course, Runner

#: A unit is saturated where f' is below this share of its largest value for every example.
SATURATED = 0.05


@dataclass(frozen=True, eq=False)
class CourseHistory:
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


def read_history(course: Course, points: int = 60) -> CourseHistory:
    """Read a course at about so many of its steps, the whole batch at each; where it has diverged it is not read."""
    last = int(np.argmin(np.isfinite(course.losses))) if not np.isfinite(course.losses).all() else len(course)
    at = np.unique(np.linspace(0, max(0, last - 1), points).round().astype(int))
    layers = course.setup.net.shape.layers
    rows: dict[int, list[tuple]] = {n: [] for n in layers}
    with np.errstate(over="ignore", invalid="ignore"):
        for k in at.tolist():
            values = course.trace(k)[1]
            new = course.parameters(k + 1) if k < len(course) else course.parameters(k)
            for n in layers:
                norm = np.sqrt(sum((values[v] ** 2).sum() for v in (Var("dW", n), Var("db", n)) if v in values))
                size = np.linalg.norm(values[W(n)])
                update = np.linalg.norm(new[W(n)] - values[W(n)]) / size if size else np.nan
                rows[n].append((norm, update, *find_still_units(course.setup, n, values[S(n)])))
    norms, updates, dead, saturated = ({n: [row[k] for row in rows[n]] for n in layers} for k in range(4))
    gradients = {n: np.array(x) for n, x in norms.items()}
    return CourseHistory(at, gradients, {n: np.array(x) for n, x in updates.items()}, dead, saturated)


def find_still_units(setup: Setup, layer: int, preactivations: Array) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Find the units of a layer, counted from 1, that are dead and that are saturated (see `CourseHistory`)."""
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
    steps = setup.conventions.lay.convert_steps(list_loss(setup.net, setup.loss, setup.conventions))
    return np.asarray(evaluate(steps, setup.inputs() | dict(parameters))[LOSS])


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
    rises = ~(follow(doubled) <= start)
    beyond = float(doubled[rises.argmax() if rises.any() else -1])
    rates = np.linspace(0.0, min(max(1.25 * beyond, 1.1 * abs(rate)), 20 * beyond), points)
    losses = follow(rates)
    square = sum(float((g * g).sum()) for g in grads.values())
    tried = [(rates, losses)]
    for _ in range(3):  # between the neighbours of the best so far
        near, found = tried[-1]
        place = int(np.argmin(np.where(np.isfinite(found), found, np.inf)))
        near = np.linspace(near[max(0, place - 1)], near[min(len(near) - 1, place + 1)], 101)
        tried.append((near, follow(near)))
    every, found = (np.concatenate(x) for x in zip(*tried, strict=True))
    place = int(np.argmin(np.where(np.isfinite(found), found, np.inf)))
    return RateCurve(rates, losses, start - rates * square, float(every[place]), float(found[place]))


def sample_parameters(course: Course, most: int) -> tuple[Array, dict[Var, Array]]:
    """Give about so many steps, shape (K,), and weights and biases after each, of shape (K, ...)."""
    at = np.unique(np.linspace(0, len(course), most).round().astype(int))
    found = [course.parameters(int(k)) for k in at]
    return at, {v: np.array([values[v] for values in found]) for v in course.setup.net.shape.parameters()}


def read_validation(course: Course, held_out: Batch, most: int = 200) -> tuple[Array, Array]:
    """Compute the loss over other examples after about so many steps: those steps and the losses, shape (K,).

    Nothing is dropped.
    """
    at, parameters = sample_parameters(course, most)
    setup = replace(course.setup, net=course.setup.net.without_dropout(), batch=held_out)
    with np.errstate(over="ignore", invalid="ignore"):
        return at, np.broadcast_to(compute_losses(setup, parameters), at.shape)


def find_arrival(course: Course, share: float) -> int | None:
    """Find after how many steps the loss is at most this share of its start; None if it never is."""
    there = np.flatnonzero(course.losses <= share * course.losses[0])
    return int(there[0]) if len(there) else None


def name_cell(var: Var, cell: tuple[int, ...]) -> str:
    """Name a cell of a matrix, counted from 1: `W_1[2, 3]`."""
    return f"{var.text}[{', '.join(str(k + 1) for k in cell)}]"


def list_parameter_cells(setup: Setup) -> list[str]:
    """Name every weight and bias, in the order in which a path has them."""
    inputs = setup.inputs()
    return [name_cell(v, cell) for v in setup.net.shape.parameters() for cell in np.ndindex(inputs[v].shape)]


def sweep_rates(
    setup: Setup,
    optimiser: Optimiser,
    rates: Sequence[float] | Array,
    steps: int,
    batch_size: int | None = None,
    seed: int = 0,
    redraw: bool = False,
) -> Array:
    """Train with each of the rates from the same start, as `train` does.

    Returns:
        The final losses, infinite or NaN where it diverged.
    """
    runner = Runner(setup, optimiser, batch_size, seed, redraw)
    start, number, finals = runner.block.copy(), runner.program.values[RATE], []
    for rate in rates:
        runner.block[...], number[...] = start, rate
        with Program.run_quietly():
            for k in range(steps):
                runner.take_step(k)
        finals.append(runner.compute_loss(steps))
    return np.array(finals)


@dataclass(frozen=True, eq=False)
class Surface:
    """The loss over a plane, and the paths of courses in it.

    Attributes:
        x, y: how far along each direction, shape (K,); losses: shape (K, K), one row a y.
        paths: name of a course -> its steps in the plane, shape (steps, 2).
        share: how much of the paths' spread lies in the plane, from 0 to 1.
        names: of the two directions.
    """

    x: Array
    y: Array
    losses: Array
    paths: Mapping[str, Array]
    share: float
    names: tuple[str, str]


def compute_surface(
    courses: Mapping[str, Course], points: int = 41, most: int = 200, *, cells: Sequence[str] = (), at: int = 0
) -> Surface | None:
    """Compute the loss on the plane in which the courses move most (Li et al. 2018); None where none of them moves.

    Args:
        cells: two of `list_parameter_cells`, whose plane is taken instead; all else is as the first course has it
            after `at` steps.
    """
    first = next(iter(courses.values()))
    shape = first.setup.net.shape
    paths = {name: _flatten(sample_parameters(course, most)[1]) for name, course in courses.items()}
    paths = {name: path[np.abs(path).max(axis=1) < 1e6] for name, path in paths.items()}
    origin = next(iter(paths.values()))[0].copy()
    moved = np.concatenate(list(paths.values())) - origin
    if cells:
        chosen = [list_parameter_cells(first.setup).index(cell) for cell in cells]
        values = first.parameters(at)
        now = _flatten({v: values[v][None] for v in shape.parameters()})[0]
        origin = now if np.abs(now).max() < 1e6 else origin
        origin[chosen] = 0  # so that the plane has the values of these two
        plane = np.eye(len(origin))[chosen]
    else:
        plane = np.linalg.svd(moved, full_matrices=False)[2][:2]
        plane = np.concatenate([plane, np.zeros((2 - len(plane), len(origin)))])
    spread = float((moved**2).sum())
    if not spread:
        return None
    share = float(((moved @ plane.T) ** 2).sum()) / spread
    paths = {name: (path - origin) @ plane.T for name, path in paths.items()}
    ends = np.concatenate(list(paths.values()))
    low, high = ends.min(axis=0), ends.max(axis=0)
    room = 0.2 * max(float((high - low).max()), 1e-3)
    x, y = (np.linspace(low[k] - room, high[k] + room, points) for k in (0, 1))
    start = {v: first.setup.inputs()[v] for v in shape.parameters()}
    cuts = np.cumsum([x.size for x in start.values()])[:-1]
    losses = []
    for height in y:  # row by row, because all points at once may need a gigabyte
        parts = np.split(origin + x[:, None] * plane[0] + height * plane[1], cuts, axis=1)
        parameters = {v: part.reshape(points, *start[v].shape) for v, part in zip(start, parts, strict=True)}
        losses.append(np.broadcast_to(compute_losses(first.setup, parameters), points))
    names = (cells[0], cells[1]) if cells else ("first main direction", "second main direction")
    return Surface(x, y, np.array(losses), paths, share, names)


def _flatten(parameters: Mapping[Var, Array]) -> Array:
    """Put the parameters of each step side by side, shape (K, cells)."""
    return np.concatenate([x.reshape(len(x), -1) for x in parameters.values()], axis=1)
