"""What a schedule is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..equations.steps import Step
from ..memory.liveness import mark_liveness
from ..passes.layouts import Layout
from .blocks import list_blocks
from .moves import COLUMNS, Move, Task, carry_out, list_equations


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

    def steps(self, task: Task, lay: Layout = COLUMNS) -> tuple[Step, ...]:
        """List the pass: every step with what is freed after it.

        Raises:
            ValueError: the schedule depends on the number of examples and the task does not say it.
        """
        moves = self.moves(task)
        if self.block is not None:
            steps = list_blocks(moves, task, self.block(task.examples), self.derivative_from_Z, lay)
        else:
            steps = carry_out(moves, list_equations(task, self.derivative_from_Z, lay))
        return mark_liveness(steps)
