"""What a schedule is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..steps import Step
from .blocks import in_blocks
from .moves import Move, Task, played, with_frees


@dataclass(frozen=True)
class Schedule:
    """A policy: what stays cached, and what is computed again, between forward and backward.

    Attributes:
        name: as it is chosen.
        why: one sentence for the user.
        moves: what is done in turn, for a task.
        slope_from_Z: the backward pass tells f' from the output wherever it determines it.
        block: N -> how many examples are worked on at a time; None for the whole batch at once.
        spec: how it was built, (constructor, arguments) as plain data; () for what has a name.
    """

    name: str
    why: str
    moves: Callable[[Task], list[Move]]
    slope_from_Z: bool = False
    block: Callable[[int], int] | None = None
    spec: tuple = ()

    @property
    def same_formulas(self) -> bool:
        """Whether every number is made as by `cache S and Z`, and so agrees with it to the last bit."""
        return not self.slope_from_Z and self.block is None

    def steps(self, task: Task) -> list[Step]:
        """The pass as one list: every step with what is freed after it.

        Raises:
            ValueError: the schedule depends on the number of examples and the task does not say it.
        """
        if self.block is None:
            return with_frees(played(self.moves(task), task, self.slope_from_Z))
        return with_frees(in_blocks(self.moves(task), task, self.block(task.examples), self.slope_from_Z))
