"""What a schedule costs at some size, quick enough for a slider: a count that knows equal blocks are equal.

Between the first block of a batch and the last every block is made of the same steps over the same
bytes, so three blocks tell what ten thousand would: the peak to the byte, and operations by the share
of examples, in which every product is linear.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from ..losses import Loss
from ..network import Shape
from ..passes.conventions import WORKSHEET, Conventions
from ..schedules import SCHEDULES, Schedule
from .cost import Count, count, input_bytes
from .planner import BudgetSchedule, find_front, task_of
from .sizes import Sizes

#: Blocks that are counted: the first, one of those between, the last.
SHOWN = 3
#: In deeper networks the planner would take seconds, and a page waits for it.
PLANNED = 24
#: The name of the schedule all others are compared with.
BASE = next(iter(SCHEDULES))


class Totals(NamedTuple):
    """What a schedule costs, in sums.

    Attributes:
        schedule: its name.
        peak, activations: bytes (see `Count`); `at_peak` those of the peak by category.
        parameters, inputs: bytes that stand apart: W and b; X and Y.
        flops, recomputed_flops: operations of all matrix products, and of those that are recomputed.
        state: bytes that an optimiser keeps from step to step.
    """

    schedule: str
    peak: int
    at_peak: dict[str, int]
    parameters: int
    inputs: int
    activations: int
    flops: int
    recomputed_flops: int
    state: int = 0

    @property
    def total(self) -> int:
        """Peak, parameters, inputs and state: what has to fit."""
        return self.peak + self.parameters + self.inputs + self.state

    def list_bytes(self) -> dict[str, int]:
        """Give the bytes of `total` by what they are spent on, at the step of the peak."""
        return self.at_peak | {"parameters": self.parameters, "inputs": self.inputs, "state": self.state}


@dataclass(frozen=True)
class Tally:
    """A schedule counted, step by step and in sums.

    Attributes:
        count: of the pass, or of a pass over the first two blocks and the last.
        blocks: how many blocks there are; 1 for a schedule without.
        totals: of the whole pass.
    """

    count: Count
    blocks: int
    totals: Totals

    @property
    def left_out(self) -> int:
        """How many equal blocks are not in `count`."""
        return max(0, self.blocks - SHOWN)


def tally(shape: Shape, N: int, loss: Loss, schedule: Schedule, conventions: Conventions = WORKSHEET) -> Tally:
    """Count a schedule for a network of this shape and N examples. No arrays: any size.

    Raises:
        ValueError: no schedule fits the budget, or the network is too deep for the planner.
    """
    if schedule.planned:
        _check_depth(shape)
    counted, blocks = N, 1
    if schedule.block is not None:
        size = schedule.block_size(N)
        blocks = -(-N // size)
        counted = N - size * max(0, blocks - SHOWN)
        schedule = replace(schedule, block=size)
    steps = schedule.steps(task_of(shape, counted, loss, conventions=conventions), conventions.lay)
    found = count(steps, shape, counted, conventions.lay)
    flops, recomputed = (n * N // counted for n in (sum(found.flops), found.recomputed_flops))
    apart = found.parameters, input_bytes(shape, N), found.activations
    sums = Totals(schedule.name, found.peak, found.at(found.at_peak), *apart, flops, recomputed)
    return Tally(found, blocks, sums)


# A few numbers for each size and schedule: the table of all schedules (20 ms at 16 layers) and the curves of
# Scaling (50 counts) are redrawn at each stop of a slider that changes one of them.
@lru_cache(maxsize=1024)
def totals(shape: Shape, N: int, loss: Loss, schedule: Schedule, conventions: Conventions = WORKSHEET) -> Totals:
    """Count a schedule in sums alone.

    Raises:
        ValueError: as `tally`.
    """
    return tally(shape, N, loss, schedule, conventions).totals


def compare(
    shape: Shape, N: int, loss: Loss, schedules: Iterable[Schedule], conventions: Conventions = WORKSHEET
) -> dict[str, Totals]:
    """Count those of the schedules that can be counted here, by name; where none fits a budget, it is left out."""
    found = {}
    for schedule in schedules:
        with suppress(ValueError):
            found[schedule.name] = totals(shape, N, loss, schedule, conventions)
    return found


def find_budget_schedules(
    shape: Shape, N: int, loss: Loss, conventions: Conventions = WORKSHEET
) -> tuple[BudgetSchedule, ...]:
    """Find the best schedule for every budget, fewest bytes first.

    Raises:
        ValueError: the network is too deep to be planned while a page waits.
    """
    _check_depth(shape)
    return find_front(task_of(shape, N, loss, conventions=conventions))


def _check_depth(shape: Shape) -> None:
    if shape.depth > PLANNED:
        raise ValueError(
            f"the planner is asked up to {PLANNED} layers here, and this network has {shape.depth}: "
            "take another schedule, or fewer layers"
        )


#: What a network is made larger along -> (words for an axis, sizes that are counted).
AXES = {
    "depth": ("layers", (1, 2, 4, 8, 16, 32)),
    "width": ("units in a hidden layer", tuple(4**k for k in range(1, 8))),
    "batch": ("examples", tuple(8**k for k in range(0, 7))),
}
#: Along an axis the planner searches up to this depth.
PLANNED_ALONG = 16


def find_size(sizes: Sizes, axis: str) -> int:
    """Find where sizes are on an axis of `AXES`."""
    return {"depth": sizes.depth, "width": sizes.hidden, "batch": sizes.N}[axis]


def resize_along(sizes: Sizes, axis: str, value: int) -> Sizes:
    """Make the sizes larger or smaller along an axis."""
    if value == find_size(sizes, axis):
        return sizes  # hidden layers of several widths stay as they are
    if axis == "batch":
        return replace(sizes, N=value)
    return sizes.with_depth(value) if axis == "depth" else sizes.with_width(value)


def count_along(
    sizes: Sizes, axis: str, schedules: Sequence[Schedule], conventions: Conventions = WORKSHEET
) -> dict[str, list[tuple[int, Totals]]]:
    """Count every schedule at every size of an axis, and at the present one; by name."""
    found: dict[str, list[tuple[int, Totals]]] = {schedule.name: [] for schedule in schedules}
    for value in sorted({*AXES[axis][1], find_size(sizes, axis)}):
        here = resize_along(sizes, axis, value)
        quick = (s for s in schedules if not (s.planned and here.depth > PLANNED_ALONG))
        for name, sums in compare(here.shape, here.N, here.costs, quick, conventions).items():
            found[name].append((value, sums))
    return found
