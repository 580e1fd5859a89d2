"""A list of steps in short: the equations that occur, by number, and which of them is carried out in turn.

A policy that computes much again carries out few equations many times. What is computed for nothing
and what may go after which step is found here for all steps at once, so that a page can count under
a slider; the list of `Step` is written out where somebody reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..equations.steps import Step
from ..passes.layouts import Layout
from .reading import AHEAD, BEHIND, CACHED, COLUMNS, GRADIENTS, RESULT, SCRATCH, VIEW, WORKSPACE, Equations

Array = np.ndarray


class Lives(NamedTuple):
    """All that is alive in some steps, without its bytes: temporaries of the kernels, then matrices (see `cost.Life`).

    Attributes:
        step: the step that makes it.
        place: the first step whose result lies in the same place; -1 for a temporary, which has one of its own.
        freed, until: as in `cost.Life`.
        category: a number of `CATEGORIES`; size: of `Cells.sizes`.
    """

    step: Array
    place: Array
    freed: Array
    until: Array
    category: Array
    size: Array


@dataclass(frozen=True, eq=False)
class Listing:
    """A list of steps.

    Attributes:
        equations: what can be carried out.
        order: the number of the equation that each step carries out, shape (steps,).
        again: whether a step computes a matrix a second time, likewise.
        source: the step that made each operand, shape (steps, most operands); -1 for an input.
        frees: whether an operand is read for the last time and goes, likewise.
    """

    equations: Equations
    order: Array
    again: Array
    source: Array
    frees: Array

    @classmethod
    def of(cls, steps: Sequence[Step], depth: int, lay: Layout = COLUMNS) -> Listing:
        """A list of steps that is written out, with what it frees as it says."""
        numbers: dict[tuple, int] = {}
        order = np.array([numbers.setdefault((s.out, s.op.name, s.operands), len(numbers)) for s in steps])
        equations = Equations.read((steps[n] for n in np.unique(order, return_index=True)[1]), depth, lay)
        again = np.array([s.recompute for s in steps])
        frees = np.zeros((len(steps), equations.reads.shape[1]), dtype=bool)
        for n, step in enumerate(steps):
            frees[n, : len(step.operands)] = [v in step.frees for v in step.operands]
        return cls(equations, order, again, _source(equations, order), frees)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The list, written out. Steps that are the same in all are one object."""
        written: dict[tuple, Step] = {}
        found = []
        for what in zip(self.order.tolist(), self.again.tolist(), map(tuple, self.frees.tolist()), strict=True):
            if what not in written:
                n, again, frees = what
                step = self.equations.steps[n]
                gone = dict.fromkeys(v for v, goes in zip(step.operands, frees, strict=False) if goes)
                phase = "backward" if again else step.phase
                written[what] = Step(step.out, step.op, step.operands, phase, again, tuple(gone))
            found.append(written[what])
        return tuple(found)

    @cached_property
    def lives(self) -> Lives:
        """Which matrices and temporaries are alive when, and where they lie."""
        equations, order, frees, n = self.equations, self.order, self.frees, len(self.order)
        steps = np.arange(n)
        # Of what each step makes: when it goes, and what it lies in the place of, n being no matrix of the list.
        freed = np.full(n + 1, n - 1)
        freed[self.source[frees]] = np.nonzero(frees)[0]
        over = equations.over[order] & frees
        takes, operand = over.any(axis=1), over.argmax(axis=1)
        taken = np.where(takes, self.source[steps, operand], n)
        until = freed.copy()
        until[taken[takes]] = steps[takes] - 1
        place = np.append(np.where(takes, taken, steps), n)
        place[place < 0] = n
        while (place != place[place]).any():
            place = place[place]
        # A view of an input, and a parameter that is updated where it lies, take no bytes.
        made = np.flatnonzero(~np.append(equations.flag(VIEW)[order], True)[place[:n]])
        behind = equations.flag(BEHIND)[order] | self.again
        cached = equations.flag(AHEAD)[order] & ~self.again & behind[freed[:n]]
        category = np.where(equations.flag(RESULT)[order], GRADIENTS, np.where(cached, CACHED, WORKSPACE))

        sizes = equations.sizes
        each = np.diff(sizes.first)[order]
        at = np.repeat(steps, each)
        which = np.arange(len(at)) - np.repeat(np.cumsum(each) - each, each) + sizes.first[order[at]]
        serves = sizes.serves[which]
        # The sizes of pieces follow those of what each equation makes; the last is nothing.
        size = np.where((serves >= 0) & frees[at, serves], -1, which + len(equations.made))
        pieces = at, np.full(len(at), -1), at, at, np.full(len(at), SCRATCH), size
        matrices = made, place[made], freed[made], until[made], category[made], order[made]
        return Lives(*map(np.concatenate, zip(pieces, matrices, strict=True)))


def listed(
    equations: Equations, order: Sequence[int], again: Array | None = None, read_after: Iterable[int] = ()
) -> Listing:
    """Steps in this order, each with what no later one reads; what would be computed again for nothing is left out.

    Args:
        again: whether each is a recomputation; by default, whether its matrix was made before.
        read_after: equations whose results are read after the list, by number.
    """
    order = np.array(order)
    if again is None:
        again = np.ones(len(order), dtype=bool)
        again[np.unique(equations.made[order], return_index=True)[1]] = False
    while True:
        source = _source(equations, order)
        last = np.full(len(order) + 1, -1)  # what is at -1 stands for the inputs
        np.maximum.at(last, source, np.arange(len(order))[:, None])
        for n in read_after:
            last[np.flatnonzero(order == n)[-1]] = len(order)
        idle = again & (last[:-1] < 0)
        if not idle.any():  # else one of them may have been the last reader of another, as the S of an identity
            break
        order, again = order[~idle], again[~idle]
    goes = (last[source] == np.arange(len(order))[:, None]) & (source >= 0)
    return Listing(equations, order, again, source, goes)


def _source(equations: Equations, order: Array) -> Array:
    """The step that made each operand as it is when it is read; -1 for an input."""
    made, reads, n = equations.made[order], equations.reads[order], len(order)
    when = made * n + np.arange(n)
    by_matrix = np.argsort(when)
    before = np.searchsorted(when[by_matrix], reads * n + np.arange(n)[:, None]) - 1
    found = by_matrix[before]
    return np.where((before >= 0) & (made[found] == reads), found, -1)
