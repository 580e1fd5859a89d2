"""What a schedule is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from ..equations.steps import Step
from ..memory.liveness import mark_liveness
from ..passes.layouts import Layout
from .blocks import list_blocks
from .moves import COLUMNS, Move, Task, carry_out, list_equations

#: A schedule as plain data: its name, or (name in `BUILDERS`, number, schedule inside of a block).
Plain = str | tuple


@dataclass(frozen=True, repr=False)
class Schedule:
    """What stays cached, and what is recomputed, between forward and backward. Equal if built alike.

    Attributes:
        name: as it is chosen.
        why: one sentence for the user.
        moves: (task, *arguments) -> what is done in turn.
        derivative_from_Z: the backward pass computes f' from the output wherever that determines it.
        block: how many examples are worked on at a time, or a function of N; None for the whole batch.
        arguments: of `moves`.
        built: the name in `BUILDERS` and the arguments it was built with; () for one of `SCHEDULES`.
        planned: the planner searches for it, which takes seconds for a deep network.
    """

    name: str
    why: str
    moves: Callable[..., list[Move]]
    derivative_from_Z: bool = False
    block: Callable[[int], int] | int | None = None
    arguments: tuple[Hashable, ...] = ()
    built: tuple[Hashable, ...] = ()
    planned: bool = False

    def __repr__(self) -> str:
        return f"Schedule({self.plain!r})"

    @property
    def plain(self) -> Plain:
        """As it is written in links and files: its name, or how it was built. `find` reads it."""
        if not self.built:
            return self.name
        return tuple(x.plain if isinstance(x, Schedule) else x for x in self.built)

    def block_size(self, N: int) -> int:
        """Give how many of N examples are worked on at a time."""
        size = self.block(N) if callable(self.block) else self.block
        return N if size is None else min(size, N)

    def steps(self, task: Task, lay: Layout = COLUMNS) -> tuple[Step, ...]:
        """List the pass: every step with what is freed after it.

        Raises:
            ValueError: the schedule depends on the number of examples and the task does not say it.
        """
        moves = self.moves(task, *self.arguments)
        if self.block is not None:
            steps = list_blocks(moves, task, self.block_size(task.examples), self.derivative_from_Z, lay)
        else:
            steps = carry_out(moves, list_equations(task, self.derivative_from_Z, lay))
        return mark_liveness(steps)
