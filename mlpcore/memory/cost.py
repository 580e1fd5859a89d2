"""Bytes and operations counted from a list of steps: no clock, no arrays, any size.

What is counted. A matrix is there from the step that makes it to the step that frees it; while a
step runs its result stands beside its operands. Two things save a matrix: a result that takes the
place of an operand freed by the same step (`Step.takes`: delta_l over dL/dZ_l, Z_l over an S_l
that does not stay, dL/dZ_L over Z_L) needs none of its own, and a block of examples is a view.
Temporaries within a step are counted too, as `scratch`; they are pieces, never whole matrices of
the hidden layers. Parameters, inputs and targets are there before and after and stand apart.

In units of one layer's activation, for L layers of one width under MSE with an identity at the end,
what is cached and worked with (gradients of the parameters and scratch apart) comes to: cache S and Z
2L - 1; cache S L + 1; cache Z L + 1; every k layers L/k + k - 1 + 1; recompute everything 3. The
last + 1 is the workspace of a gradient on its way down. `tests/core/test_cost.py` holds it to that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from ..equations.steps import Op, Step
from ..losses import MSE, Loss
from ..network import Network, Shape, shape_of
from ..notation import Var, Y, Z
from ..passes.conventions import WORKSHEET, Conventions
from ..passes.layers import update
from ..passes.layouts import Layout
from ..passes.training_step import one_pass
from ..schedules import Schedule
from ..schedules.moves import COLUMNS
from .liveness import find_lifetimes, find_operands_in_place_of_temporaries

#: What a pass is for: no step of it reads them, so they stay.
RESULTS = ("dW", "db", "loss")

#: What bytes are spent on, apart from parameters and inputs, which no schedule changes.
CATEGORIES = ("cached", "workspace", "gradients", "scratch")


class Life(NamedTuple):
    """One stretch of one matrix: a line of the timeline. A matrix made twice has two.

    Attributes:
        var: the matrix; None for a temporary of one step.
        made, freed: the first and the last step that it is alive in.
        bytes: its size.
        category: a name of `CATEGORIES`.
        place: the number of the buffer it is in; lives in one place follow each other.
        until: the last step in which the place is its own: the next one there may be made as it is freed.
        recomputed: it is a recomputation.
    """

    var: Var | None
    made: int
    freed: int
    bytes: int
    category: str
    place: int
    until: int
    recomputed: bool


@dataclass(frozen=True)
class Count:
    """What a list of steps costs.

    Attributes:
        steps: the list.
        lives: the timeline, in the order the matrices are made.
        flops: for each step the operations of its matrix product, a multiplication and an addition a
            term; 0 for a step that is none.
        cells: for each step the cells it writes cell by cell; 0 for a product.
        parameters, inputs: bytes that stand apart: W and b; X, Y and the masks of dropout.
    """

    steps: tuple[Step, ...]
    lives: tuple[Life, ...]
    flops: tuple[int, ...]
    cells: tuple[int, ...]
    parameters: int
    inputs: int

    @cached_property
    def by_category(self) -> dict[str, list[int]]:
        """For each category its live bytes while each step runs; they add up to `live`."""
        changes = {c: [0] * (len(self.steps) + 1) for c in CATEGORIES}
        for life in self.lives:
            change = changes[life.category]
            change[life.made] += life.bytes
            change[life.until + 1] -= life.bytes
        return {c: list(accumulate(change))[:-1] for c, change in changes.items()}

    @cached_property
    def live(self) -> list[int]:
        """Live bytes while each step runs: all categories."""
        return list(map(sum, zip(*self.by_category.values(), strict=True)))

    @cached_property
    def peak(self) -> int:
        """The most bytes alive at once."""
        return max(self.live)

    @cached_property
    def at_peak(self) -> int:
        """The number of the (first) step that causes the peak."""
        return self.live.index(self.peak)

    @cached_property
    def activations(self) -> int:
        """The most bytes of cached matrices and workspace at once: what a schedule can change."""
        return max(c + w for c, w in zip(self.by_category["cached"], self.by_category["workspace"], strict=True))

    def at(self, step: int) -> dict[str, int]:
        """Give the bytes while a step runs, by category."""
        return {c: curve[step] for c, curve in self.by_category.items()}

    @property
    def total(self) -> int:
        """Peak, parameters and inputs together: what has to fit."""
        return self.peak + self.parameters + self.inputs

    @property
    def recomputed_flops(self) -> int:
        """Operations of the matrix products that are recomputations."""
        return sum(f for f, s in zip(self.flops, self.steps, strict=True) if s.recompute)

    @property
    def recomputed_cells(self) -> int:
        """Cells that recomputations write cell by cell."""
        return sum(n for n, s in zip(self.cells, self.steps, strict=True) if s.recompute)


def find_in_place(lives: Sequence[Life]) -> list[tuple[Life, Life]]:
    """Pair each life that ends because a result takes its place with the life of that result."""
    last: dict[int, Life] = {}
    pairs = []
    for life in lives:
        old = last.get(life.place)
        if old is not None and old.until < old.freed == life.made:
            pairs.append((old, life))
        last[life.place] = life
    return pairs


class _StepCost(NamedTuple):
    """What one step costs: cells of its result and of its temporaries, and the operations of a product."""

    made: int
    temporaries: tuple[int, ...]
    flops: int


def count(steps: Sequence[Step], shape: Shape, N: int, lay: Layout = COLUMNS) -> Count:
    """Count a list of steps, laid out like this, for a network of this shape and N examples."""
    item = shape.itemsize
    laid_out = _remember_shapes(shape, N, lay)
    known: dict[int, _StepCost] = {}  # a step that is repeated is one object
    lives: list[Life] = []
    places: dict[Hashable, int] = {}
    costs = []
    for n, (step, (freed, until, first)) in enumerate(zip(steps, find_lifetimes(steps), strict=True)):
        cost = known.get(id(step)) or known.setdefault(id(step), _measure_step(step, laid_out))
        costs.append(cost)
        for k, cells in enumerate(cost.temporaries):
            place = places.setdefault((n, k), len(places))
            lives.append(Life(None, n, n, item * cells, "scratch", place, n, False))
        if first is not None:
            category, place = _categorise(step, steps[freed]), places.setdefault(first, len(places))
            lives.append(Life(step.out, n, freed, item * cost.made, category, place, until, step.recompute))
    return Count(
        tuple(steps),
        tuple(lives),
        tuple(cost.flops for cost in costs),
        tuple(0 if cost.flops else cost.made for cost in costs),
        item * shape.parameter_cells,
        input_bytes(shape, N),
    )


# The shapes of a few passes, which the schedules that a page compares share: 0.91 of the time at 16 layers.
@lru_cache(maxsize=4)
def _remember_shapes(shape: Shape, N: int, lay: Layout) -> Callable[[Var], tuple[int, ...]]:
    return lru_cache(maxsize=4096)(lambda var: laid(var, shape, N, lay))


def _measure_step(step: Step, laid_out: Callable[[Var], tuple[int, ...]]) -> _StepCost:
    shapes = tuple([laid_out(v) for v in (*step.operands, step.out)])
    return _measure_equation(step.op, shapes, tuple(find_operands_in_place_of_temporaries(step)))


# A few numbers for each equation and size: layers that are alike share them, and so do the schedules that a page
# compares: 0.85 of the time at 16 layers.
@lru_cache(maxsize=4096)
def _measure_equation(op: Op, shapes: tuple[tuple[int, ...], ...], spared: tuple[int, ...]) -> _StepCost:
    """Measure an equation from the shapes of its operands and its result; `spared` temporaries need no buffer."""
    axes = zip((*op.reads, op.makes), shapes, strict=True)
    sizes = {letter: n for letters, matrix in axes for letter, n in zip(letters, matrix, strict=True)}
    temporaries = op.kernel.temporaries if op.kernel else ()
    return _StepCost(
        math.prod(shapes[-1]),
        tuple(0 if k in spared else cells(sizes) for k, cells in enumerate(temporaries)),
        2 * math.prod(sizes.values()) if op.is_product else 0,
    )


def _categorise(step: Step, freeing: Step) -> str:
    """Find what the bytes of a result are spent on, from the steps that make and free it."""
    if step.out.kind in RESULTS:
        return "gradients"
    ahead = step.phase in ("forward", "loss") and not step.recompute
    return "cached" if ahead and (freeing.phase == "backward" or freeing.recompute) else "workspace"


def input_bytes(shape: Shape, N: int) -> int:
    """Compute the bytes of X, Y and the masks of dropout."""
    return shape.itemsize * sum(shape.size(v, N) for v in (Z(0), Y, *shape.masks()))


def laid(var: Var, shape: Shape, N: int, lay: Layout = COLUMNS) -> tuple[int, ...]:
    """Give the shape of a matrix as a layout has it."""
    worksheet = shape_of(var, shape.widths, N)
    return worksheet[::-1] if lay.transposes(var) else worksheet


def live_bytes(
    steps: Sequence[Step], widths: tuple[int, ...], N: int, dtype: np.typing.DTypeLike = np.float64
) -> list[int]:
    """Bytes of all that the steps have made and not yet freed, while each step runs (see `count`)."""
    layers = len(widths) - 1
    shape = Shape(widths, ("identity",) * layers, (False,) * layers, np.dtype(dtype).name)
    return count(steps, shape, N).live


def count_pass(
    net: Network | Shape,
    N: int,
    loss: Loss | None = None,
    schedule: str | Schedule = "cache S and Z",
    dtype: np.typing.DTypeLike | None = None,
    *,
    conventions: Conventions = WORKSHEET,
    updated: bool = False,
) -> Count:
    """Count a pass over N examples, without arrays: for any widths, depth and batch.

    Args:
        dtype: float64 or float32; the network's own where not given.
        updated: the update of the parameters, in place, belongs to it.

    Raises:
        ValueError: N is not at least 1.
        KeyError: no such schedule.
    """
    if N < 1:
        raise ValueError(f"a batch has at least one example, not {N}")
    shape = net.shape if dtype is None else replace(net.shape, dtype=np.dtype(dtype).name)
    steps = one_pass(shape, loss or MSE(), schedule, conventions, N)
    if updated:
        steps += conventions.lay.convert_steps(update(shape))
    return count(steps, shape, N, conventions.lay)


def peak_bytes(
    net: Network | Shape,
    N: int,
    loss: Loss | None = None,
    schedule: str | Schedule = "cache S and Z",
    dtype: np.typing.DTypeLike | None = None,
) -> int:
    """Count the most bytes that are alive at once in a pass over N examples (see the head of this file).

    Raises:
        ValueError: N is not at least 1.
        KeyError: no such schedule.
    """
    return count_pass(net, N, loss, schedule, dtype).peak
