"""What a schedule is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..memory.listing import Listing, listed
from ..memory.reading import COLUMNS
from ..passes.layouts import Layout
from .blocks import in_blocks
from .moves import Move, Task, chain, played


@dataclass(frozen=True)
class Schedule:
    """A policy: what stays cached, and what is computed again, between forward and backward.

    Attributes:
        name: as it is chosen.
        why: one sentence for the user.
        moves: what is done in turn, for a task.
        derivative_from_Z: the backward pass tells f' from the output wherever it determines it.
        block: N -> how many examples are worked on at a time; None for the whole batch at once.
        spec: how it was built, (constructor, arguments) as plain data; () for what has a name.
    """

    name: str
    why: str
    moves: Callable[[Task], list[Move]]
    derivative_from_Z: bool = False
    block: Callable[[int], int] | None = None
    spec: tuple = ()

    @property
    def same_formulas(self) -> bool:
        """Whether every number is made as by `cache S and Z`, and so agrees with it to the last bit."""
        return not self.derivative_from_Z and self.block is None

    def listing(self, task: Task, lay: Layout = COLUMNS) -> Listing:
        """The pass as one list: every step with what is freed after it.

        Raises:
            ValueError: the schedule depends on the number of examples and the task does not say it.
        """
        moves = self.moves(task)
        if self.block is not None:
            return in_blocks(moves, task, self.block(task.examples), self.derivative_from_Z, lay)
        along = chain(task, self.derivative_from_Z, lay)
        return listed(along.equations, played(moves, along))
