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

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

import numpy as np

from .backprop import one_pass
from .conventions import LAYOUTS, WORKSHEET, Conventions, Layout
from .losses import MSE, Loss
from .network import Network, Shape, shape_of
from .notation import Var, Y, Z
from .passes import update
from .schedules import RESULTS, Schedule
from .steps import Op, Step

COLUMNS = LAYOUTS["columns"]

#: What bytes are spent on, apart from parameters and inputs, which no schedule changes.
CATEGORIES = ("cached", "workspace", "gradients", "scratch")


@dataclass(frozen=True)
class Life:
    """One stretch of one matrix: a line of the timeline. A matrix made twice has two.

    Attributes:
        var: the matrix; None for a temporary of one step.
        made, freed: the first and the last step that it is alive in.
        bytes: its size.
        category: a name of `CATEGORIES`.
        place: the number of the buffer it lies in; lives in one place follow each other.
        again: it is a recomputation.
    """

    var: Var | None
    made: int
    freed: int
    bytes: int
    category: str
    place: int
    again: bool = False


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
        return {c: self._curve(x for x in self._occupants if x.category == c) for c in CATEGORIES}

    @cached_property
    def _occupants(self) -> list[Life]:
        """The lives, each ending where the next one takes its place."""
        last: dict[int, int] = {}
        cut = []
        for n, life in enumerate(self.lives):
            if life.place in last:
                k = last[life.place]
                cut[k] = replace(cut[k], freed=life.made - 1)
            last[life.place] = n
            cut.append(life)
        return cut

    def _curve(self, lives: Iterable[Life]) -> list[int]:
        change = [0] * (len(self.steps) + 1)
        for life in lives:
            change[life.made] += life.bytes
            change[life.freed + 1] -= life.bytes
        return list(accumulate(change))[:-1]

    @cached_property
    def live(self) -> list[int]:
        """Live bytes while each step runs: all categories."""
        return self._curve(self._occupants)

    @property
    def peak(self) -> int:
        """The most bytes alive at once."""
        return max(self.live)

    @property
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
    item = shape.itemsize
    lives: list[dict] = []
    current: dict[Var, dict] = {}
    places = 0

    def live(var: Var | None, made: int, freed: int, cells: int, category: str, place: int, again: bool) -> dict:
        lives.append(
            {"var": var, "made": made, "freed": freed, "bytes": item * cells, "category": category}
            | {"place": place, "again": again}
        )
        return lives[-1]

    for n, step in enumerate(steps):
        for cells in temporaries(step, shape, N, lay):
            live(None, n, n, cells, "scratch", places, False)
            places += 1
        takes = step.takes
        # A view of an input, and a parameter that is updated where it lies, take no bytes.
        if takes in current or (takes is None and not step.op.examples):
            place = current[takes]["place"] if takes else places
            places += takes is None
            cells = shape.size(step.out, N)
            current[step.out] = live(step.out, n, len(steps) - 1, cells, "workspace", place, step.recompute)
        for var in step.frees:
            if var in current:
                current.pop(var)["freed"] = n
    _categorise(lives, steps)
    return Count(
        tuple(steps),
        tuple(Life(**life) for life in lives),
        tuple(flops(step, shape, N, lay) for step in steps),
        tuple(0 if is_product(step.op) else shape.size(step.out, N) for step in steps),
        item * sum(shape.size(v, N) for v in shape.parameters()),
        item * (shape.size(Z(0), N) + shape.size(Y, N)),
    )


def _categorise(lives: list[dict], steps: Sequence[Step]) -> None:
    for life in lives:
        var = life["var"]
        if var is None:
            continue
        if var.kind in RESULTS:
            life["category"] = "gradients"
        elif steps[life["made"]].phase in ("forward", "loss") and steps[life["freed"]].phase == "backward":
            life["category"] = "cached"


def laid(var: Var, shape: Shape, N: int, lay: Layout = COLUMNS) -> tuple[int, ...]:
    """The shape of a matrix as it lies in a layout."""
    worksheet = shape_of(var, shape.widths, N)
    return worksheet[::-1] if lay.turns(var) else worksheet


def sizes(step: Step, shape: Shape, N: int, lay: Layout = COLUMNS) -> dict[str, int]:
    """How far each letter of an equation runs."""
    found: dict[str, int] = {}
    for letters, var in zip((*step.op.reads, step.op.makes), (*step.operands, step.out), strict=True):
        found |= zip(letters, laid(var, shape, N, lay))
    return found


def temporaries(step: Step, shape: Shape, N: int, lay: Layout = COLUMNS) -> list[int]:
    """The cells of each temporary that the kernel of a step is given; none where an operand serves."""
    kernel = step.op.kernel
    if kernel is None or not kernel.temporaries:
        return []
    letters, served = sizes(step, shape, N, lay), spent(step)
    return [0 if k in served else cells(letters) for k, cells in enumerate(kernel.temporaries)]


def spent(step: Step) -> dict[int, Var]:
    """Temporary -> the operand that serves in its place, because this step frees it."""
    spends = step.op.kernel.spends if step.op.kernel else {}
    return {k: step.operands[n] for k, n in spends.items() if step.operands[n] in step.frees}


def is_product(op: Op) -> bool:
    """Whether an equation is a product of two matrices: they share one letter, and it is summed over."""
    if len(op.reads) < 2:
        return False
    shared = set(op.reads[0]) & set(op.reads[1])
    return len(shared) == 1 and len(set("".join(op.reads))) == 3 and not shared & set(op.makes)


def flops(step: Step, shape: Shape, N: int, lay: Layout = COLUMNS) -> int:
    """`2 d_l d_{l-1} N` for a product: a multiplication and an addition a term."""
    return 2 * math.prod(sizes(step, shape, N, lay).values()) if is_product(step.op) else 0


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
        steps += conventions.lay.steps(update(shape))
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
