"""A schedule says what stays cached between the forward and the backward pass.

It turns a pass into one list: every step with what is freed after it, and what was dropped
computed again, as a visible step just before the step that reads it (exercise 4). A policy is
short data, moves along the layers (`Advance`, `Reverse`); everything else is read off the list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..registry import Registry
from .moves import Advance, Move, Reverse, Task
from .policies import (
    binomial,
    binomial_moves,
    blocks,
    every,
    extra_layers,
    in_segments,
    keep_all,
    keep_preactivations,
    layer_by_layer,
)
from .schedule import Schedule


def _root(n: int) -> int:
    """The least whole number whose square is at least n."""
    return math.isqrt(n - 1) + 1


#: Name -> `Schedule`. What stands here can be chosen, and what can be chosen is tested.
SCHEDULES: dict[str, Schedule] = Registry(
    "schedule",
    {
        s.name: s
        for s in (
            Schedule("cache S and Z", "Every matrix stays until its last reader.", keep_all),
            Schedule(
                "cache S",
                "Only preactivations stay; the backward pass computes each hidden activation again in place.",
                keep_preactivations,
            ),
            Schedule(
                "cache Z",
                "Only activations stay; f' is told from the output, and S stays only where it cannot be (gelu, silu).",
                keep_all,
                derivative_from_Z=True,
            ),
            Schedule(
                "every 2nd layer",
                "Every second activation stays; the layer between two of them is computed again.",
                every(2).moves,
            ),
            Schedule(
                "every √L layers",
                "A checkpoint every √L layers: about 2√L matrices where L would stay (Chen et al. 2016).",
                lambda task: in_segments(task.shape.depth, _root(task.shape.depth)),
            ),
            Schedule(
                "binomial",
                "About log L checkpoints, moved while the backward pass runs (revolve, Griewank and Walther 2000).",
                lambda task: binomial_moves(task.shape.depth, task.shape.depth.bit_length()),
            ),
            Schedule(
                "recompute everything", "Nothing stays: every layer is computed again from the input.", layer_by_layer
            ),
            Schedule(
                "blocks of the batch",
                "About √N examples at a time; their gradients add up. Nothing is computed twice.",
                keep_all,
                block=_root,
            ),
        )
    },
)


#: Constructor -> function, for schedules that are named by how they were built.
BUILDERS: dict[str, Callable[..., Schedule]] = Registry(
    "kind of schedule", {"every": every, "binomial": binomial, "blocks": blocks}
)


def find(schedule: str | Sequence | Schedule) -> Schedule:
    """A schedule by its name, by its spec (`("every", 3)`, as plain data), or itself.

    Raises:
        KeyError: no such schedule.
    """
    if isinstance(schedule, Schedule):
        return schedule
    if isinstance(schedule, str):
        return SCHEDULES[schedule]
    kind, number, *inside = schedule
    return BUILDERS[kind](number, *(find(s) for s in inside))


__all__ = [
    "BUILDERS", "SCHEDULES", "Advance", "Move", "Reverse", "Schedule", "Task", "binomial", "blocks", "every",
    "extra_layers", "find",
]  # fmt: skip
