"""Central differences: an authority on gradients that shares no formula with the backward pass.

Every gradient of a pass is a derivative of the loss by some matrix (`Var.of`), so every one
can be checked alike: nudge a cell of that matrix, run the steps that follow it, look at the
loss. A probe that steps over a kink measures nothing; such cells are skipped and named.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from ..equations.steps import Step, evaluate
from ..losses import MSE, Loss
from ..network import Array, Batch, Network
from ..notation import Var
from ..notation import loss as LOSS
from ..passes.conventions import WORKSHEET, Conventions
from ..passes.training_step import initial_values, one_pass

#: Five-point central difference: error O(h^4), so h can be large enough to keep rounding small.
OFFSETS = np.array([-2.0, -1.0, 1.0, 2.0])
WEIGHTS = np.array([1.0, -8.0, 8.0, -1.0]) / 12.0
PROBE = 1e-3

#: Worst relative error above which a gradient disagrees.
TOLERANCE = 1e-6
#: Below this share of the loss a gradient is too small for differences of losses to see.
FLOOR = 1e-5


#: Probe at most this many cells of each gradient where a pass is looked at anew on every edit,
#: and fewer where it is large: no more numbers than this in all.
PROBES = 48
PROBED_NUMBERS = 1_000_000


def choose_probe_count(values: Mapping[Var, Array]) -> int:
    """How many cells of a gradient can be probed without keeping a reader waiting."""
    return max(3, min(PROBES, PROBED_NUMBERS // sum(np.size(value) for value in values.values())))


@dataclass(frozen=True)
class Skipped:
    """A cell whose probe crosses a kink: of which matrix, at which cell."""

    cell: tuple[int, ...]
    kink: Var
    kink_cell: tuple[int, ...]


@dataclass(frozen=True)
class Check:
    """One gradient against central differences.

    Attributes:
        error: worst difference, relative to the largest entry of the gradient; NaN where the
            gradient or the loss is not finite, so that nothing can be compared.
        probed: how many cells were compared.
        cells: how many cells the gradient has.
        skipped: cells whose probe crosses a kink.
    """

    error: float
    probed: int
    cells: int
    skipped: tuple[Skipped, ...] = ()

    @property
    def agrees(self) -> bool:
        return self.error <= TOLERANCE


@dataclass(frozen=True)
class GradCheck:
    """The checks of all gradients of a pass, by name."""

    of: Mapping[Var, Check]

    @property
    def worst(self) -> float:
        """The worst relative error of all (NaN where a gradient is not finite)."""
        return float(np.max([c.error for c in self.of.values()]))

    @property
    def agrees(self) -> bool:
        return all(c.agrees for c in self.of.values())

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
    steps: list[Step],
    values: Mapping[Var, Array],
    *,
    most: int | None = None,
    seed: int = 0,
    only: Collection[Var] | None = None,
) -> GradCheck:
    """Compare the gradients of a pass that is already evaluated: `values` holds every matrix of `steps`.

    The gradient of a block of examples is compared with the loss of that block.

    Args:
        only: the gradients to compare; None for all.
    """
    forward = [s for s in steps if s.phase in ("forward", "loss")]
    made = (s.out for s in steps if s.out.of is not None)
    gradients = dict.fromkeys(g for g in made if only is None or g in only)
    return GradCheck({g: _check(g, forward, values, most, seed) for g in gradients})


@dataclass(frozen=True)
class Probe:
    """What changed when cells of a matrix were perturbed.

    Attributes:
        measured: the derivative of every entry of what was watched, one block a nudged cell.
        crossed: for each nudged cell the kink that lies within the probe, or None.
    """

    measured: Array
    crossed: list[tuple[Var, tuple[int, ...]] | None]

    @property
    def good(self) -> Array:
        """Which probes measured something."""
        return np.array([k is None for k in self.crossed], dtype=bool)


def differences(steps: list[Step], values: Mapping[Var, Array], of: Var, by: Var, chosen: Array) -> Probe:
    """Central differences of the matrix `of` by the cells `chosen` (flat numbers) of the matrix `by`.

    Args:
        steps: a list in which `of` is made; `values` holds every matrix of it.
    """
    at = np.asarray(values[by])
    start = next((i + 1 for i, s in enumerate(steps) if s.out == by), 0)
    end = next(i for i, s in enumerate(steps) if s.out == of) + 1

    h = PROBE * np.maximum(1.0, np.abs(at.ravel()[chosen]))
    copies = np.broadcast_to(at.ravel(), (len(chosen), len(OFFSETS), at.size)).copy()
    with np.errstate(over="ignore", invalid="ignore"):
        copies[np.arange(len(chosen)), :, chosen] += h[:, None] * OFFSETS
    runs = evaluate(steps[start:end], {**values, by: copies.reshape(len(chosen), len(OFFSETS), *at.shape)})
    watched = np.asarray(values[of])
    over = (slice(None), *(None,) * watched.ndim)
    with np.errstate(over="ignore", invalid="ignore"):
        # The value itself is taken off before the weighted sum: differences of close numbers are exact.
        moved = np.broadcast_to(runs[of], (len(chosen), len(OFFSETS), *watched.shape)) - watched
        measured = (moved * WEIGHTS[over]).sum(axis=1) / h[over]
        crossed = _crossed(steps[start:end], runs, len(chosen))
    return Probe(measured, crossed)


def _check(gradient: Var, steps: list[Step], values: Mapping[Var, Array], most: int | None, seed: int) -> Check:
    assert gradient.of is not None
    at = np.asarray(values[gradient.of])
    count = at.size
    chosen = np.arange(count)
    if most is not None and count > most:
        chosen = np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
    watched = LOSS.of_examples(gradient.examples)
    probe = differences(steps, values, watched, gradient.of, chosen)
    good = probe.good
    loss = float(values[watched])
    with np.errstate(over="ignore", invalid="ignore"):
        claimed = np.asarray(values[gradient]).ravel()[chosen]
        off = np.abs(probe.measured - claimed)[good]
        largest = max((float(np.abs(x[good]).max(initial=0.0)) for x in (probe.measured, claimed)), default=0.0)
        scale = max(largest, FLOOR * abs(loss), np.finfo(float).tiny)
        error = float(off.max(initial=0.0) / scale)
    if not (np.isfinite(claimed).all() and np.isfinite(loss)):
        error = float("nan")
    skipped = tuple(
        Skipped(tuple(int(i) for i in np.unravel_index(c, at.shape)), *k)
        for c, k in zip(chosen, probe.crossed, strict=True)
        if k is not None
    )
    return Check(error, int(good.sum()), count, skipped)


def _crossed(steps: list[Step], runs: Mapping[Var, Array], probes: int) -> list[tuple[Var, tuple[int, ...]] | None]:
    """For each probe, the first kink that lies within it: a zero that is touched or stepped over."""
    found: list[tuple[Var, tuple[int, ...]] | None] = [None] * probes
    for step in steps:
        if step.op.kink is None:
            continue
        where = step.op.kink(*(runs[v] for v in step.operands))
        if where.ndim < 4:  # not reached by the perturbation
            continue
        sign = np.sign(where)
        inside = sign.min(axis=1) != sign.max(axis=1)
        for probe in np.flatnonzero(inside.any(axis=(-2, -1))):
            if found[probe] is None:
                cell = np.argwhere(inside[probe])[0]
                found[probe] = (step.operands[0], tuple(int(i) for i in cell))
    return found
