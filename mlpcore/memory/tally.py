"""What a policy costs at some size, quick enough for a slider: a count that knows equal blocks are equal.

Between the first block of a batch and the last every block is made of the same steps over the same
bytes, so three blocks tell what ten thousand would: the peak to the byte, and operations by the share
of examples, in which every product is linear.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from ..losses import Loss
from ..network import Shape
from ..passes.conventions import WORKSHEET, Conventions
from ..schedules import SCHEDULES, Move, Task, find
from .cost import CATEGORIES, Count, filled, input_bytes
from .listing import Listing
from .outline import Outline
from .planner import Plan, front, task_of
from .sizes import Sizes

#: A policy as plain data: a name of `SCHEDULES`, or what `Schedule.spec` says.
Policy = str | tuple

#: Blocks that are counted: the first, one of those between, the last.
SHOWN = 3
#: Deeper networks are not planned while a page waits: the planner would take seconds.
PLANNED = 24
#: The policy all others are held against.
BASE = next(iter(SCHEDULES))


@dataclass(frozen=True)
class Tally:
    """A policy counted.

    Attributes:
        policy: its name.
        count: of the pass, or of a pass over the first two blocks and the last.
        N: how many examples there are in truth; `counted` of them are in `count`.
        blocks: how many blocks there are in truth; 1 for a policy without.
        inputs: bytes of X and Y.
    """

    policy: str
    count: Count
    N: int
    counted: int
    blocks: int
    inputs: int

    @property
    def left_out(self) -> int:
        """How many equal blocks are not in `count`."""
        return max(0, self.blocks - SHOWN)

    @property
    def peak(self) -> int:
        """The most bytes alive at once, parameters and inputs apart."""
        return self.count.peak

    @property
    def total(self) -> int:
        """Peak, parameters and inputs: what has to fit."""
        return self.peak + self.count.parameters + self.inputs

    @property
    def activations(self) -> int:
        """The most bytes of cached matrices and workspace at once: what a policy decides on."""
        return self.count.activations

    @property
    def flops(self) -> int:
        """Operations of all matrix products."""
        return sum(self.count.flops) * self.N // self.counted

    @property
    def again(self) -> int:
        """Of these, the operations of products computed again."""
        return self.count.again * self.N // self.counted

    def spent(self) -> dict[str, int]:
        """What the bytes of `total` are spent on, at the step of the peak."""
        at = self.count.at(self.count.at_peak)
        return {c: at[c] for c in CATEGORIES} | {"parameters": self.count.parameters, "inputs": self.inputs}


#: Examples in a block where a list is made for any size of block.
_BLOCK = 2


def _listed(
    alike: Shape, loss: Loss, policy: Policy, conventions: Conventions, moves: tuple[Move, ...], blocks: int
) -> Listing:
    """The steps of a policy at any width and batch.

    Args:
        alike: the network with layers of one unit.
        moves: those of a plan, which depend on the size; () for other policies.
        blocks: how many there are in the list; 0 for the whole batch at once.
    """
    schedule = find(policy)
    if moves:
        schedule = replace(schedule, moves=lambda _: list(moves))
    if blocks:
        schedule = replace(schedule, block=lambda _: _BLOCK)
    task = Task(alike, conventions.loss(loss), _BLOCK * blocks or 1, conventions.at_kink)
    return schedule.listing(task, conventions.lay)


# Those whose steps are looked at, and not all that they are compared with: one may take nearly a megabyte.
_listing = lru_cache(maxsize=64)(_listed)


@lru_cache(maxsize=512)
def _outline(*what) -> Outline:
    """What is left of a list where only sums are asked for."""
    return Outline(_listed(*what))


class _Case(NamedTuple):
    """How a policy is counted at some size: what is listed, and what fills it in."""

    name: str
    what: tuple
    counted: int
    blocks: int
    edges: dict[int, int]


def _case(shape: Shape, N: int, loss: Loss, policy: Policy, conventions: Conventions) -> _Case:
    if N < 1:
        raise ValueError(f"a batch has at least one example, not {N}")
    schedule = find(policy)
    moves: tuple[Move, ...] = ()
    if planned(policy):
        _check_depth(shape)
        policy, moves = BASE, tuple(schedule.moves(task_of(shape, N, loss, conventions=conventions)))
    counted, blocks, edges = N, 1, {}
    if schedule.block is not None:
        size = min(schedule.block(N), N)
        blocks = -(-N // size)
        counted = N - size * max(0, blocks - SHOWN)
    shown = min(blocks, SHOWN) if blocks > 1 else 0
    if shown:
        edges = {_BLOCK * k: size * k for k in range(shown)} | {_BLOCK * shown: counted}
    return _Case(schedule.name, (shape.narrowest, loss, policy, conventions, moves, shown), counted, blocks, edges)


# Few: the steps of one may take megabytes.
@lru_cache(maxsize=16)
def tally(shape: Shape, N: int, loss: Loss, policy: Policy, conventions: Conventions = WORKSHEET) -> Tally:
    """Count a policy for a network of this shape and N examples. No arrays: any size.

    Raises:
        ValueError: N is not at least 1, no plan fits, or the network is too deep to be planned here.
        KeyError: no such policy.
    """
    case = _case(shape, N, loss, policy, conventions)
    listing = _listing(*case.what)
    found = filled(listing, listing.steps, shape, case.counted, case.edges)
    return Tally(case.name, found, N, case.counted, case.blocks, input_bytes(shape, N))


@dataclass(frozen=True)
class Totals:
    """What is left of a `Tally` where only its sums are asked for."""

    policy: str
    peak: int
    at_peak: tuple[int, ...]
    parameters: int
    inputs: int
    activations: int
    flops: int
    again: int

    @property
    def total(self) -> int:
        """Peak, parameters and inputs: what has to fit."""
        return self.peak + self.parameters + self.inputs

    def spent(self) -> dict[str, int]:
        """What the bytes of `total` are spent on, at the step of the peak."""
        apart = {"parameters": self.parameters, "inputs": self.inputs}
        return dict(zip(CATEGORIES, self.at_peak, strict=True)) | apart


@lru_cache(maxsize=4096)
def totals(shape: Shape, N: int, loss: Loss, policy: Policy, conventions: Conventions = WORKSHEET) -> Totals:
    """The sums of a tally, and quicker.

    Raises:
        ValueError, KeyError: as `tally`.
    """
    case = _case(shape, N, loss, policy, conventions)
    sums = _outline(*case.what).sums(shape, case.counted, case.edges)
    flops, again = (x * N // case.counted for x in (sums.flops, sums.again))
    apart = shape.itemsize * shape.parameter_cells, input_bytes(shape, N)
    return Totals(case.name, sums.peak, sums.at_peak, *apart, sums.activations, flops, again)


def compared(
    shape: Shape, N: int, loss: Loss, policies: Sequence[Policy], conventions: Conventions = WORKSHEET
) -> dict[Policy, Totals]:
    """Those of the policies that can be counted here, in order; a plan that does not exist is left out."""
    found = {}
    for policy in policies:
        with suppress(ValueError):
            found[policy] = totals(shape, N, loss, policy, conventions)
    return found


def planned(policy: Policy) -> bool:
    """Whether the planner is behind a policy."""
    return policy == "best in half the bytes" or (isinstance(policy, tuple) and policy[0] == "within")


def budgets(shape: Shape, N: int, loss: Loss, conventions: Conventions = WORKSHEET) -> tuple[Plan, ...]:
    """The best plan for every budget, fewest bytes first.

    Raises:
        ValueError: the network is too deep to be planned here.
    """
    _check_depth(shape)
    return front(task_of(shape, N, loss, conventions=conventions))


def _check_depth(shape: Shape) -> None:
    if shape.depth > PLANNED:
        raise ValueError(
            f"the planner is asked up to {PLANNED} layers here, and this network has {shape.depth}: "
            "take another policy, or fewer layers"
        )


#: What a network is made larger along -> (words for an axis, sizes that are counted).
AXES = {
    "depth": ("layers", (1, 2, 4, 8, 16, 32)),
    "width": ("units in a hidden layer", tuple(4**k for k in range(1, 8))),
    "batch": ("examples", tuple(8**k for k in range(0, 7))),
}
#: Over depth, plans are made up to here.
PLANNED_ALONG = 16


def place_on(sizes: Sizes, axis: str) -> int:
    """Where sizes are on an axis of `AXES`."""
    return {"depth": sizes.depth, "width": sizes.hidden, "batch": sizes.N}[axis]


def put_on(sizes: Sizes, axis: str, value: int) -> Sizes:
    """The same sizes, made larger or smaller along an axis."""
    if value == place_on(sizes, axis):
        return sizes  # hidden layers of several widths stay as they are
    if axis == "batch":
        return replace(sizes, N=value)
    return sizes.with_depth(value) if axis == "depth" else sizes.with_width(value)


def along(sizes: Sizes, axis: str, policies: Sequence[Policy]) -> dict[Policy, list[tuple[int, Totals]]]:
    """Every policy counted at every size of an axis, and at the present one."""
    at = sorted({*AXES[axis][1], place_on(sizes, axis)})
    found: dict[Policy, list[tuple[int, Totals]]] = {policy: [] for policy in policies}
    for value in at:
        here = put_on(sizes, axis, value)
        asked = [p for p in policies if not (planned(p) and here.depth > PLANNED_ALONG)]
        for policy, sums in compared(here.shape, here.N, here.costs, asked).items():
            found[policy].append((value, sums))
    return found
