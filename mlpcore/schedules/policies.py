"""The policies, as moves along the chain of layers."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

from .moves import Advance, Move, Reverse, Task
from .schedule import Schedule


def keep_all(task: Task) -> list[Move]:
    """Every layer keeps what its backward pass reads."""
    return [Reverse(0, task.shape.depth, recompute=False)]


def keep_preactivations(task: Task) -> list[Move]:
    """Every layer keeps its S; the activations are computed again where they are read."""
    return [Reverse(0, task.shape.depth)]


def in_segments(depth: int, k: int) -> list[Move]:
    """Checkpoints at k, 2k, ...; each segment between two of them is computed again as a whole."""
    cuts = [*range(0, depth, k), depth]
    segments = list(pairwise(cuts))
    return [Advance(lo, hi) for lo, hi in segments[:-1]] + [Reverse(lo, hi) for lo, hi in reversed(segments)]


def layer_by_layer(task: Task) -> list[Move]:
    """Nothing stays: each layer's turn starts from the input again."""
    moves: list[Move] = []
    for layer in range(task.shape.depth, 0, -1):
        moves += [Advance(0, layer - 1)] if layer > 1 else []
        moves.append(Reverse(layer - 1, layer))
    return moves


@cache
def extra_layers(depth: int, slots: int) -> int:
    """The fewest layers computed again with so many checkpoints, the input being one of them.

    `r L - beta(slots + 1, r - 1)` with `beta(s, r) = (s + r)! / (s! r!)` and r the least number for
    which `beta(slots, r) >= L` (Griewank and Walther 2000, Algorithm 799: revolve).
    """
    r = 0
    while math.comb(slots + r, slots) < depth:
        r += 1
    return r * depth - math.comb(slots + r, slots + 1)


def binomial_moves(depth: int, slots: int) -> list[Move]:
    """Where to put the checkpoints so that as few layers as possible are computed again."""
    moves: list[Move] = []
    left = [(0, depth, slots)]
    while left:
        lo, hi, free = left.pop()
        n = hi - lo
        if n == 1:
            moves.append(Reverse(lo, hi))
        elif free == 1:
            for top in range(hi, lo, -1):
                moves += [Advance(lo, top - 1)] if top - 1 > lo else []
                moves.append(Reverse(top - 1, top))
        else:
            m = lo + _first_checkpoint(n, free)
            moves.append(Advance(lo, m))
            left += [(lo, m, free), (m, hi, free - 1)]
    return moves


@cache
def _first_checkpoint(n: int, slots: int) -> int:
    """How far to advance: the place where the two parts are cheapest together."""
    return min(range(1, n), key=lambda m: m + extra_layers(m, slots) + extra_layers(n - m, slots - 1))


def every(k: int) -> Schedule:
    """A checkpoint every k layers.

    Raises:
        ValueError: k is not at least 1.
    """
    if k < 1:
        raise ValueError(f"a checkpoint stands every 1, 2, 3, ... layers, not every {k}")
    return Schedule(
        f"every {k} layers",
        f"Every {k} layers an activation stays; the backward pass computes what lies between them again.",
        lambda task: in_segments(task.shape.depth, k),
        spec=("every", k),
    )


def binomial(slots: int) -> Schedule:
    """So many checkpoints, the input being one, placed where fewest layers are computed again.

    Raises:
        ValueError: not at least one checkpoint.
    """
    if slots < 1:
        raise ValueError(f"the input is a checkpoint: at least 1 is needed, not {slots}")
    return Schedule(
        f"binomial, {slots} checkpoints",
        f"{slots} checkpoints, moved while the backward pass runs so that fewest layers are computed again.",
        lambda task: binomial_moves(task.shape.depth, min(slots, task.shape.depth)),
        spec=("binomial", slots),
    )


def blocks(size: int, inside: Schedule | None = None) -> Schedule:
    """The batch in blocks of so many examples; `inside` says what stays within a block.

    Raises:
        ValueError: the size is not at least 1.
    """
    if size < 1:
        raise ValueError(f"a block has at least one example, not {size}")
    kept = inside or Schedule("cache S and Z", "", keep_all)
    return Schedule(
        f"blocks of {size} examples" + (f", {inside.name}" if inside else ""),
        f"{size} examples at a time; their gradients add up. Nothing is computed twice.",
        kept.moves,
        kept.derivative_from_Z,
        lambda N: size,
        ("blocks", size, *([inside.spec or inside.name] if inside else [])),
    )
