"""The schedules: functions that give their moves along the chain of layers, and builders that take a number."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

from .moves import Advance, Move, Reverse, Task
from .schedule import Schedule


def keep_all(task: Task) -> list[Move]:
    """Keep of every layer what its backward pass reads."""
    return [Reverse(0, task.shape.depth, drop_activations=False)]


def keep_preactivations(task: Task) -> list[Move]:
    """Keep the S of every layer; the activations are recomputed where they are read."""
    return [Reverse(0, task.shape.depth)]


def keep_every(task: Task, k: int) -> list[Move]:
    """Put checkpoints at k, 2k, ...; each segment between two of them is recomputed as a whole."""
    depth = task.shape.depth
    segments = list(pairwise([*range(0, depth, k), depth]))
    return [Advance(lo, hi) for lo, hi in segments[:-1]] + [Reverse(lo, hi) for lo, hi in reversed(segments)]


def keep_every_root(task: Task) -> list[Move]:
    """Keep a checkpoint every √L layers."""
    return keep_every(task, ceil_root(task.shape.depth))


def keep_binomial(task: Task, slots: int) -> list[Move]:
    """Put so many checkpoints, the input being one, where as few layers as possible are recomputed."""
    moves: list[Move] = []
    left = [(0, task.shape.depth, min(slots, task.shape.depth))]
    while left:
        lo, hi, free = left.pop()
        if hi - lo == 1:
            moves.append(Reverse(lo, hi))
            continue
        m = hi - 1 if free == 1 else lo + _first_checkpoint(hi - lo, free)
        moves.append(Advance(lo, m))
        left += [(lo, m, free), (m, hi, free - 1)]
    return moves


def keep_log_checkpoints(task: Task) -> list[Move]:
    """Keep about log L checkpoints, placed as `keep_binomial` does."""
    return keep_binomial(task, task.shape.depth.bit_length())


def ceil_root(n: int) -> int:
    """Compute the least whole number whose square is at least n."""
    return math.isqrt(n - 1) + 1


def extra_layers(depth: int, slots: int) -> int:
    """Compute the fewest layers that are recomputed with so many checkpoints, the input being one of them.

    `r L - beta(slots + 1, r - 1)` with `beta(s, r) = (s + r)! / (s! r!)` and r the least number for
    which `beta(slots, r) >= L` (Griewank and Walther 2000, Algorithm 799: revolve).
    """
    r = 0
    while math.comb(slots + r, slots) < depth:
        r += 1
    return r * depth - math.comb(slots + r, slots + 1)


def _first_checkpoint(n: int, slots: int) -> int:
    """Find how far to advance: to where the two parts are cheapest together."""
    return min(range(1, n), key=lambda m: m + extra_layers(m, slots) + extra_layers(n - m, slots - 1))


def every(k: int) -> Schedule:
    """Build the schedule with a checkpoint every k layers.

    Raises:
        ValueError: k is not at least 1.
    """
    if k < 1:
        raise ValueError(f"a checkpoint stands every 1, 2, 3, ... layers, not every {k}")
    return Schedule(
        f"every {k} layers",
        f"Gradient checkpointing: every {k} layers an activation stays; what lies between them is recomputed.",
        keep_every,
        arguments=(k,),
        built=("every", k),
    )


def binomial(slots: int) -> Schedule:
    """Build the schedule with so many checkpoints, the input being one, placed where fewest layers are recomputed.

    Raises:
        ValueError: not at least one checkpoint.
    """
    if slots < 1:
        raise ValueError(f"the input is a checkpoint: at least 1 is needed, not {slots}")
    return Schedule(
        f"binomial, {slots} checkpoints",
        f"{slots} checkpoints, moved while the backward pass runs so that fewest layers are recomputed.",
        keep_binomial,
        arguments=(slots,),
        built=("binomial", slots),
    )


def blocks(size: int, inside: Schedule | None = None) -> Schedule:
    """Build the schedule that works on so many examples at a time; `inside` says what stays within a block.

    Raises:
        ValueError: the size is not at least 1.
    """
    if size < 1:
        raise ValueError(f"a micro-batch has at least one example, not {size}")
    within_block = inside or Schedule("cache S and Z", "", keep_all)
    return replace(
        within_block,
        name=f"micro-batches of {size}" + (f", {inside.name}" if inside else ""),
        why=f"{size} example{'s' * (size > 1)} at a time, gradients accumulated. Nothing is computed twice.",
        block=size,
        built=("blocks", size, *([inside] if inside else [])),
    )


def within(budget: int) -> Schedule:
    """Build the best schedule under so many bytes: of `Count.peak`, gradients and scratch with it.

    Its steps raise a ValueError with the least bytes that would do, where none fits.
    """
    return Schedule(
        f"within {budget:,} bytes",
        f"As little as possible is recomputed in {budget:,} bytes.",
        keep_within,
        arguments=(budget,),
        built=("within", budget),
        planned=True,
    )


def keep_within(task: Task, budget: int) -> list[Move]:
    """Search for the moves that recompute least within a budget in bytes."""
    from ..memory.planner import find_best  # which counts schedules, and so imports them

    return list(find_best(task, budget).moves)


def keep_within_half(task: Task) -> list[Move]:
    """Search within half the bytes that caching everything needs, or the least that will do."""
    from ..memory.planner import find_front

    front = find_front(task)
    return keep_within(task, max(front[0].peak, front[-1].peak // 2))
