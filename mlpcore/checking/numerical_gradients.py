"""Central differences: an authority on gradients that shares no formula with the backward pass.

Every gradient of a pass is a derivative of the loss by some matrix (`Var.of`), so every one can be checked
alike: perturb a cell of that matrix, run the steps that follow it, look at the loss. The step adapts to each
cell and comes with an estimate of its own error (two step sizes must agree, as in Ridders 1982); where no
step size measures anything, because of a kink or of rounding, the verdict says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..equations.steps import Step, evaluate
from ..losses import MSE, Loss
from ..network import Array, Batch, Network
from ..notation import Var
from ..notation import loss as LOSS
from ..passes.conventions import WORKSHEET, Conventions
from ..passes.training_step import initial_values, one_pass

AGREES, DISAGREES, NOT_MEASURABLE, NOT_PROBED = "agrees", "disagrees", "not measurable", "not probed"

#: Five-point central difference: error O(h^4), so h can be large enough to keep rounding small.
OFFSETS = np.array([-2.0, -1.0, 1.0, 2.0])
WEIGHTS = np.array([1.0, -8.0, 8.0, -1.0]) / 12.0

EPS = float(np.finfo(float).eps)

#: Step sizes as shares of max(1, |w|), powers of two so that they are added exactly: 0.125 to 2e-10.
SIZES = 2.0 ** -np.arange(3.0, 34.0, 2.5).round()
#: The two that are tried first; they suffice for most cells, the others are tried where they do not.
FIRST = (2, 3)

#: A derivative counts as measured when its estimated error is at most this share of it.
MEASURED = 1e-5
#: A claimed derivative disagrees when it is off by more than this share of it, beyond the estimated error.
TOLERANCE = 8e-6
#: Rounding of a loss, in units of its last place, that a difference may carry.
ROUNDED = 8.0

#: Probe at most this many cells of each gradient where a pass is looked at anew on every edit,
#: and fewer where it is large: no more numbers than this in all.
PROBES = 48
PROBED_NUMBERS = 1_000_000


def choose_probe_count(values: Mapping[Var, Array]) -> int:
    """Choose how many cells of a gradient can be probed without keeping a reader waiting."""
    return max(1, min(PROBES, PROBED_NUMBERS // sum(map(np.size, values.values()))))


@dataclass(frozen=True)
class Skipped:
    """A cell that could not be measured, and why.

    Attributes:
        cell: its index in the gradient.
        reason: "kink", "below rounding" or "out of range".
        kink, kink_cell: the matrix and the cell whose kink is inside every probe.
    """

    cell: tuple[int, ...]
    reason: str
    kink: Var | None = None
    kink_cell: tuple[int, ...] = ()


@dataclass(frozen=True)
class Check:
    """One gradient against central differences.

    Attributes:
        verdict: "agrees", "disagrees" or "not measurable".
        cells: the same for each cell, shape of the gradient; "not probed" where no difference was taken.
        numerical: the differences, NaN where there is none; `estimate` their estimated errors; `steps` the
            step sizes; all of the gradient's shape.
        error: the worst difference among the cells that were compared, relative to the largest entry of the
            gradient; NaN where none was.
        skipped: the cells that could not be measured.
    """

    verdict: str
    cells: Array
    numerical: Array
    estimate: Array
    steps: Array
    error: float
    skipped: tuple[Skipped, ...] = ()

    @property
    def agrees(self) -> bool:
        return self.verdict == AGREES

    @property
    def compared(self) -> int:
        """How many cells were compared."""
        return int(((self.cells == AGREES) | (self.cells == DISAGREES)).sum())

    @property
    def size(self) -> int:
        """How many cells the gradient has."""
        return self.cells.size


@dataclass(frozen=True)
class GradCheck:
    """The checks of all gradients of a pass, by name."""

    of: Mapping[Var, Check]

    @property
    def worst(self) -> float:
        """The worst relative error of all that was compared; NaN where nothing was."""
        errors = [c.error for c in self.of.values() if np.isfinite(c.error)]
        return max(errors, default=float("nan"))

    @property
    def verdict(self) -> str:
        """What holds of all gradients together: one that disagrees decides, then one that could not be measured."""
        verdicts = {c.verdict for c in self.of.values()}
        return next((v for v in (DISAGREES, NOT_MEASURABLE) if v in verdicts), AGREES if verdicts else NOT_MEASURABLE)

    @property
    def agrees(self) -> bool:
        return self.verdict == AGREES

    @property
    def skipped(self) -> dict[Var, tuple[Skipped, ...]]:
        return {v: c.skipped for v, c in self.of.items() if c.skipped}


def check_grads(
    net: Network,
    batch: Batch,
    loss: Loss | None = None,
    *,
    most: int | None = None,
    seed: int = 0,
    conventions: Conventions = WORKSHEET,
) -> GradCheck:
    """Compare every gradient of a pass with central differences.

    Args:
        most: probe at most this many cells of each gradient, drawn with `seed`; None for all.

    Raises:
        ValueError: the batch does not fit the network, or the targets the loss.
    """
    loss = loss or MSE()
    steps = one_pass(net, loss, conventions=conventions)
    return check_steps(steps, evaluate(steps, initial_values(net, batch, loss, conventions)), most=most, seed=seed)


def check_steps(
    steps: Sequence[Step],
    values: Mapping[Var, Array],
    *,
    most: int | None = None,
    seed: int = 0,
    only: Collection[Var] | None = None,
) -> GradCheck:
    """Compare the gradients of a pass that is already evaluated: `values` holds every matrix of `steps`.

    The gradient of a block of examples is compared with the loss of that block.

    Args:
        most, seed: as in `check_grads`.
        only: the gradients to compare; None for all.
    """
    values = dict(values)  # plain: a matrix is looked up a few hundred times
    forward = [s for s in steps if s.phase in ("forward", "loss")]
    computed = (s.out for s in steps if s.out.of is not None)
    gradients = dict.fromkeys(g for g in computed if only is None or g in only)
    return GradCheck({g: _check(g, forward, values, most, seed) for g in gradients})


Kink = tuple[Var, tuple[int, ...]]


@dataclass(frozen=True)
class Probe:
    """What changed when cells of a matrix were perturbed.

    Attributes:
        measured: the derivative of every entry of what was watched, shape (cells, *watched).
        estimate: the estimated error of each, infinite where nothing was measured.
        steps: the step size of each.
        kinks: for each cell the kink that is inside every probe, or None.
    """

    measured: Array
    estimate: Array
    steps: Array
    kinks: list[Kink | None]

    @np.errstate(over="ignore", invalid="ignore")
    def judge(self, claimed: Array, precision: float = EPS) -> tuple[str, float, Array]:
        """Compare a claimed gradient, shape of `measured`, with what was measured.

        A cell agrees within `TOLERANCE` of itself and the estimated error; one that is exactly 0 agrees if the
        difference vanishes beside the largest. The gradient agrees if every cell was compared, not all of them
        zeros, and none disagrees.

        Args:
            precision: of the arithmetic that the claim was computed with.

        Returns:
            The verdict, the worst error relative to the largest entry (NaN where nothing was compared), and the
            verdict of each cell.
        """
        claimed = np.asarray(claimed, dtype=float)
        known = np.isfinite(self.estimate) & np.isfinite(claimed)
        off = np.abs(claimed - self.measured)
        size = np.where(known, np.maximum(np.abs(claimed), np.abs(self.measured)), 0.0)
        largest = float(size.max(initial=0.0))
        allowed = TOLERANCE * size + self.estimate + 64 * precision * largest
        is_small = self.estimate <= MEASURED * largest
        measured = known & (self.estimate <= MEASURED * size)
        # Sums that cancel on the way are rounded as the largest numbers are.
        rounding = ROUNDED * EPS * largest / self.steps
        # A loss of exactly 0 may be one that was rounded to it: what would move it by less is not refuted.
        hidden = (self.estimate == 0) & (off * self.steps <= ROUNDED * EPS)
        wrong = (
            known
            & ~hidden
            & ((measured & (off > allowed)) | (is_small & (off > allowed + 9 * (self.estimate + rounding))))
        )
        right = (measured | (known & is_small & (claimed == 0))) & (off <= allowed)
        cells = np.where(wrong, DISAGREES, np.where(right, AGREES, NOT_MEASURABLE))
        compared = right | wrong
        if not compared.any():
            return NOT_MEASURABLE, float("nan"), cells
        error = float(off[compared].max() / (largest or 1.0))
        if wrong.any():
            return DISAGREES, error, cells
        return AGREES if largest > 0 and compared.all() else NOT_MEASURABLE, error, cells


@np.errstate(over="ignore", invalid="ignore")
def differences(steps: Sequence[Step], values: Mapping[Var, Array], of: Var, by: Var, chosen: Array) -> Probe:
    """Take central differences of the matrix `of` by the cells `chosen` (flat numbers) of the matrix `by`.

    Args:
        steps: a list in which `of` is made; `values` holds every matrix of it.
    """
    run = _Perturbation(_select_steps(steps, of, by), values, of, by)
    scale = run.scale[chosen]
    first = run.measure(chosen, FIRST)
    coarse = first.measured[:, 0]
    estimate = np.abs(coarse - first.measured[:, 1]) + first.rounding[:, 0]
    size = np.abs(coarse)
    vanishing = (size <= estimate) & (estimate <= 1e-4 * MEASURED * size.max(initial=0.0))
    is_good = (estimate <= 0.1 * MEASURED * size) | vanishing
    is_open = ~is_good.reshape(len(chosen), -1).all(axis=1) | first.crossed.any(axis=1)
    if not is_open.any():
        taken = np.broadcast_to(_beside(scale * SIZES[FIRST[0]], coarse), coarse.shape)
        return Probe(coarse, estimate, taken, [None] * len(chosen))
    measured = np.full((len(chosen), len(SIZES), *run.watched.shape), np.nan)
    rounding, kinks = np.full_like(measured, np.inf), first.kinks
    others = tuple(k for k in range(len(SIZES)) if k not in FIRST)
    second = run.measure(chosen[is_open], others)
    for cells, sizes, found in ((np.arange(len(chosen)), FIRST, first), (np.flatnonzero(is_open), others, second)):
        at = np.ix_(cells, np.array(sizes))
        measured[at] = np.where(_beside(found.crossed, found.measured), np.nan, found.measured)
        rounding[at], kinks[cells] = found.rounding, found.kinks
    # The size with the least estimated error is taken, for every entry of what is watched.
    errors = _estimate_errors(measured, rounding)
    best = errors.argmin(axis=1, keepdims=True)
    measured, estimate = (np.take_along_axis(x, best, 1)[:, 0] for x in (measured, errors))
    inside = [None if np.isfinite(estimate[n]).any() else kink for n, kink in enumerate(kinks)]
    return Probe(measured, estimate, SIZES[best[:, 0]] * _beside(scale, measured), inside)


def _select_steps(steps: Sequence[Step], of: Var, by: Var) -> Sequence[Step]:
    """Select the steps after the one that makes `by`, up to the one that makes `of`."""
    made = [step.out for step in steps]
    return steps[made.index(by) + 1 if by in made else 0 : made.index(of) + 1]


@np.errstate(over="ignore", invalid="ignore")
def measure_change(
    steps: Sequence[Step], values: Mapping[Var, Array], of: Var, by: Var, cell: tuple[int, ...], step: float
) -> float:
    """Return by how much the number `of` changes when one cell of `by` grows by `step`: what follows is evaluated anew.

    Args:
        steps: a list in which `of` is made; `values` holds every matrix of it.
    """
    moved = np.array(values[by], dtype=float)
    moved[cell] += step
    return float(evaluate(_select_steps(steps, of, by), {**values, by: moved})[of]) - float(values[of])


def _beside(per_cell: Array, watched: Array) -> Array:
    """Give numbers of cells the axes of what is watched."""
    return per_cell.reshape(*per_cell.shape, *(1,) * (watched.ndim - per_cell.ndim))


def _estimate_errors(measured: Array, rounding: Array) -> Array:
    """Estimate the error at each size: its distance to the next smaller one, and rounding; shape (cells, sizes, ...).

    What rounding does is known from the smaller sizes: differences there vary by it, the more the smaller they are.
    """
    sizes = SIZES.reshape(1, -1, *(1,) * (measured.ndim - 2))
    apart = np.full_like(measured, np.nan)
    apart[:, :-1] = np.abs(measured[:, :-1] - measured[:, 1:])
    noise = np.zeros_like(apart)
    noise[:, :-1] = np.nan_to_num(apart[:, :-1] * sizes[:, 1:], nan=0.0, posinf=0.0)
    below = np.maximum.accumulate(noise[:, ::-1], axis=1)[:, ::-1]  # the largest from this size down
    smaller = np.concatenate([below[:, 1:], np.zeros_like(below[:, :1])], axis=1) / sizes
    # A sum that no longer moves may move less than its last place: what moved last bounds that.
    moves = np.nan_to_num(np.abs(measured) * sizes, nan=np.inf)
    least = np.minimum.accumulate(np.where(moves == 0, np.inf, moves), axis=1)
    still = np.where((measured == 0) & np.isfinite(least), least / sizes, 0.0)
    error = apart + np.maximum(np.maximum(rounding, smaller), still)
    return np.where(np.isfinite(error), error, np.inf)


class _Differences(NamedTuple):
    """What was measured for some cells at some step sizes.

    Attributes:
        measured, rounding: the differences and what rounding does to them, shape (cells, sizes, *watched).
        crossed: whether a kink is inside the probe, shape (cells, sizes).
        kinks: for each cell the kink inside its smallest probe, or None.
    """

    measured: Array
    rounding: Array
    crossed: Array
    kinks: Array


class _Perturbation:
    """A list of steps, run again from perturbed cells of one matrix."""

    def __init__(self, steps: Sequence[Step], values: Mapping[Var, Array], of: Var, by: Var) -> None:
        self.steps, self.values, self.of, self.by = steps, values, of, by
        # In double precision whatever the pass was computed in: one double among the operands is enough.
        self.at, self.watched = (np.asarray(values[v], dtype=float) for v in (by, of))
        self.at = self.at.ravel()
        # What is rounded on the way: a gap of probabilities may cancel to much less than its terms.
        terms = [
            largest(*(float(np.abs(values[v]).max()) for v in s.operands))
            for s in steps
            if s.phase == "loss" and (largest := s.op.largest_term)
        ]
        self.size = np.abs(self.watched)
        if terms:
            self.size = np.where(self.size == 0, 0.0, np.maximum(self.size, max(terms)))
        # What the step sizes are shares of: the power of two next to max(1, |w|).
        self.scale = 2.0 ** np.rint(np.log2(np.maximum(1.0, np.abs(self.at))))

    def measure(self, cells: Array, sizes: Sequence[int]) -> _Differences:
        """Take differences, so many cells in one run that it stays within a few million numbers."""
        numbers = len(sizes) * len(OFFSETS) * (self.at.size + sum(np.size(self.values[s.out]) for s in self.steps))
        at_once = max(1, 4_000_000 // numbers)
        parts = [self._measure(cells[k : k + at_once], sizes) for k in range(0, max(1, len(cells)), at_once)]
        return _Differences(*map(np.concatenate, zip(*parts, strict=True)))

    def _measure(self, cells: Array, sizes: Sequence[int]) -> _Differences:
        n, points = len(cells), len(sizes) * len(OFFSETS)
        h = self.scale[cells, None] * SIZES[list(sizes)]
        copies = np.empty((n, points, self.at.size))
        copies[:] = self.at
        copies[np.arange(n), :, cells] += (h[:, :, None] * OFFSETS).reshape(n, points)
        runs = evaluate(
            self.steps, {**self.values, self.by: copies.reshape(n, points, *np.shape(self.values[self.by]))}
        )
        found = np.empty((n, points, *self.watched.shape))
        found[:] = runs[self.of]
        # The value itself is taken off before the weighted sum: differences of close numbers are exact.
        moved = (found - self.watched).reshape(n, len(sizes), len(OFFSETS), *self.watched.shape)
        measured = np.moveaxis(moved, 2, -1) @ WEIGHTS
        h = _beside(h, measured)
        return _Differences(measured / h, self.size * (ROUNDED * EPS) / h, *self._find_kinks(runs, n, len(sizes)))

    def _find_kinks(self, runs: Mapping[Var, Array], cells: int, sizes: int) -> tuple[Array, Array]:
        """Find which probes have a kink inside, a piece that is left or a boundary that is touched, and the first."""
        crossed, kinks = np.zeros((cells, sizes), dtype=bool), np.full(cells, None)
        for step in self.steps:
            if step.op.kink is None:
                continue
            pieces = step.op.kink(*(runs[v] for v in step.operands))
            here = step.op.kink(*(self.values[v] for v in step.operands))
            if pieces.ndim == here.ndim:  # not reached by the perturbation
                continue
            pieces = pieces.reshape(cells, sizes, len(OFFSETS), *here.shape)
            inside = (pieces != here).any(axis=2)
            touched = inside.reshape(cells, sizes, -1).any(axis=-1)
            for cell in np.flatnonzero(touched[:, -1] & ~crossed[:, -1]):
                kinks[cell] = step.operands[0], tuple(np.argwhere(inside[cell, -1])[0].tolist())
            crossed |= touched
        return crossed, kinks


def _check(gradient: Var, steps: list[Step], values: Mapping[Var, Array], most: int | None, seed: int) -> Check:
    assert gradient.of is not None
    claimed = np.asarray(values[gradient])
    count = claimed.size
    chosen = np.arange(count)
    if most is not None and count > most:
        chosen = np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
    watched = LOSS.of_examples(gradient.examples)
    probe = differences(steps, values, watched, gradient.of, chosen)
    numbers = claimed.ravel()[chosen]
    verdict, error, probed = probe.judge(numbers, float(np.finfo(claimed.dtype).eps))

    def place(found: Array, otherwise: float | str) -> Array:
        """Put what was found for the chosen cells at their places."""
        whole = np.full(count, otherwise, dtype=object if otherwise == NOT_PROBED else float)
        whole[chosen] = found
        return whole.reshape(claimed.shape)

    in_range = np.isfinite(float(values[watched])) & np.isfinite(numbers)
    skipped = []
    for n in np.flatnonzero(probed == NOT_MEASURABLE):
        cell = tuple(int(i) for i in np.unravel_index(chosen[n], claimed.shape))
        reason = "kink" if probe.kinks[n] else "below rounding" if in_range[n] else "out of range"
        skipped.append(Skipped(cell, reason, *(probe.kinks[n] or ())))
    return Check(
        verdict,
        place(probed, NOT_PROBED),
        place(np.where(np.isfinite(probe.estimate), probe.measured, np.nan), np.nan),
        place(probe.estimate, np.inf),
        place(probe.steps, np.nan),
        error,
        tuple(skipped),
    )
