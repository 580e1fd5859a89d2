"""A schedule says what stays cached between the forward and the backward pass.

It turns a pass into one list: every step with what is freed after it, and what was dropped
recomputed, as a visible step just before the step that reads it (exercise 4). A schedule is
short data, moves along the layers (`Advance`, `Reverse`); everything else is read off the list.
"""

from __future__ import annotations

from collections.abc import Callable

from ..registry import Registry
from . import builders
from .builders import binomial, blocks, every, extra_layers, within
from .moves import Advance, Move, Reverse, Task
from .schedule import Plain, Schedule

#: Name -> `Schedule`. What stands here can be chosen, and what can be chosen is tested.
SCHEDULES: dict[str, Schedule] = Registry.of(
    "schedule",
    Schedule("cache S and Z", "Every matrix stays until its last reader.", builders.keep_all),
    Schedule(
        "cache S",
        "Only preactivations stay; the backward pass recomputes each hidden activation in place.",
        builders.keep_preactivations,
    ),
    Schedule(
        "cache Z",
        "Only activations stay; f' is computed from Z, and S stays where Z does not determine f'.",
        builders.keep_all,
        derivative_from_Z=True,
    ),
    Schedule(
        "every 2nd layer",
        "Gradient checkpointing: every second activation stays; the layer between two of them is recomputed.",
        builders.keep_every,
        arguments=(2,),
    ),
    Schedule(
        "every √L layers",
        "Gradient checkpointing, every √L layers: about 2√L matrices stay in place of L (Chen et al. 2016).",
        builders.keep_every_root,
    ),
    Schedule(
        "binomial",
        "About log L checkpoints, moved while the backward pass runs (revolve, Griewank and Walther 2000).",
        builders.keep_log_checkpoints,
    ),
    Schedule(
        "recompute everything",
        "Nothing stays: every layer is recomputed from the input.",
        builders.keep_binomial,
        arguments=(1,),
    ),
    Schedule(
        "micro-batches",
        "About √N examples at a time, gradients accumulated. Nothing is computed twice.",
        builders.keep_all,
        block=builders.ceil_root,
    ),
    Schedule(
        "best in half the bytes",
        "Half the bytes of caching everything, or the fewest that are possible, with as little recomputation "
        "as possible.",
        builders.keep_within_half,
        planned=True,
    ),
    former={"blocks of the batch": "micro-batches"},
)


#: Name -> builder, for schedules that are named by how they were built.
BUILDERS: dict[str, Callable[..., Schedule]] = Registry(
    "kind of schedule", {"every": every, "binomial": binomial, "blocks": blocks, "within": within}
)


def find(schedule: Plain | list | Schedule) -> Schedule:
    """Find a schedule by its name or by how it was built, as plain data (`("every", 3)`); one passes through.

    The one place where plain data of callers, links and files become a `Schedule`.

    Raises:
        KeyError: no such schedule.
    """
    if isinstance(schedule, Schedule):
        return schedule
    if isinstance(schedule, str):
        return SCHEDULES[schedule]
    if not isinstance(schedule, (list, tuple)) or len(schedule) < 2:
        raise TypeError(f'a schedule is a name, or how it is built such as ("every", 3), not {schedule!r}')
    kind, number, *inside = schedule
    return BUILDERS[kind](number, *map(find, inside))


__all__ = [
    "BUILDERS", "SCHEDULES", "Advance", "Move", "Reverse", "Schedule", "Task", "binomial", "blocks", "every",
    "extra_layers", "find", "within",
]  # fmt: skip
