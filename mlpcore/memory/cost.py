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
last + 1 is the workspace of a gradient on its way down. `tests/test_cost.py` holds it to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from ..equations.steps import Step
from ..losses import MSE, Loss
from ..network import Network, Shape, shape_of
from ..notation import Var
from ..passes.conventions import WORKSHEET, Conventions
from ..passes.layers import update
from ..passes.layouts import Layout
from ..passes.training_step import one_pass
from ..schedules import Schedule
from .listing import Listing
from .reading import CATEGORIES, COLUMNS


class Life(NamedTuple):
    """One stretch of one matrix: a line of the timeline. A matrix made twice has two.

    Attributes:
        var: the matrix; None for a temporary of one step.
        made, freed: the first and the last step that it is alive in.
        bytes: its size.
        category: a name of `CATEGORIES`.
        place: the number of the buffer it lies in; lives in one place follow each other.
        until: the last step in which the place is its own: the next one there may be made as it is freed.
        again: it is a recomputation.
    """

    var: Var | None
    made: int
    freed: int
    bytes: int
    category: str
    place: int
    until: int
    again: bool


@dataclass(frozen=True)
class Place:
    """A buffer: the steps it is needed from and to, its bytes, and whether fewer would do."""

    first: int
    last: int
    bytes: int
    divisible: bool = False


@dataclass(frozen=True)
class Count:
    """What a list of steps costs.

    Attributes:
        steps: the list.
        lives: the timeline, in the order the matrices are made.
        flops: for each step the operations of its matrix product, a multiplication and an addition a
            term; 0 for a step that is none.
        cells: for each step the cells it writes cell by cell; 0 for a product.
        parameters, inputs: bytes that stand apart: W and b; X and Y.
    """

    steps: tuple[Step, ...]
    lives: tuple[Life, ...]
    flops: tuple[int, ...]
    cells: tuple[int, ...]
    parameters: int
    inputs: int

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The buffers, by number: what the lives in one place need together."""
        found: dict[int, Place] = {}
        for life in self.lives:
            piece = life.var is None and self.steps[life.made].op.kernel.cellwise
            old = found.get(life.place, Place(life.made, life.freed, life.bytes, piece))
            found[life.place] = replace(old, last=max(old.last, life.freed))
        return tuple(found[n] for n in range(len(found)))

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
        """The bytes while a step runs, by category."""
        return {c: curve[step] for c, curve in self.by_category.items()}

    @property
    def total(self) -> int:
        """Peak, parameters and inputs together: what has to fit."""
        return self.peak + self.parameters + self.inputs

    @property
    def again(self) -> int:
        """Operations of the matrix products that are recomputations."""
        return sum(f for f, s in zip(self.flops, self.steps, strict=True) if s.recompute)


def count(steps: Sequence[Step], shape: Shape, N: int, lay: Layout = COLUMNS) -> Count:
    """Count a list of steps, laid out like this, for a network of this shape and N examples."""
    return filled(Listing.of(steps, shape.depth, lay), steps, shape, N)


def filled(
    listing: Listing, steps: Sequence[Step], shape: Shape, N: int, edges: Mapping[int, int] | None = None
) -> Count:
    """The count of steps that are also there in short, at this size.

    Args:
        edges: see `Sizes.extents`; the blocks are named by what they are in truth.
    """
    sizes, found = listing.equations.sizes, listing.lives
    cells = sizes.cells(sizes.extents(shape, N, edges))
    item = shape.itemsize

    @cache
    def named(var: Var) -> Var:
        return var.of_examples(var.examples and tuple(edges[at] for at in var.examples))

    def in_truth(step: Step) -> Step:
        operands, frees = (tuple(map(named, x)) for x in (step.operands, step.frees))
        return Step(named(step.out), step.op, operands, step.phase, step.recompute, frees)

    if edges:
        steps = tuple(map(in_truth, steps))
    in_turn = np.argsort(found.step, kind="stable")
    columns = (x[in_turn].tolist() for x in (*found[:-1], item * cells.sizes[found.size]))
    places: dict[int, int] = {}
    told = []
    for n, (made, place, freed, until, category, size) in enumerate(zip(*columns, strict=True)):
        piece = place < 0
        where = places.setdefault(-1 - n if piece else place, len(places))
        var, again = (None, False) if piece else (steps[made].out, steps[made].recompute)
        told.append(Life(var, made, freed, size, CATEGORIES[category], where, until, again))
    return Count(
        tuple(steps),
        tuple(told),
        tuple(cells.flops[listing.order].tolist()),
        tuple(cells.written[listing.order].tolist()),
        item * shape.parameter_cells,
        input_bytes(shape, N),
    )


def input_bytes(shape: Shape, N: int) -> int:
    """The bytes of X and Y."""
    return shape.itemsize * N * (shape.widths[0] + shape.widths[-1])


def laid(var: Var, shape: Shape, N: int, lay: Layout = COLUMNS) -> tuple[int, ...]:
    """The shape of a matrix as it lies in a layout."""
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
    """The most bytes that are alive at once in a pass over N examples (see the head of this file).

    Raises:
        ValueError: N is not at least 1.
        KeyError: no such schedule.
    """
    return count_pass(net, N, loss, schedule, dtype).peak
