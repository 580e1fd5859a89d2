"""Bytes counted from a list of steps: no clock, no arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from .backprop import one_pass
from .losses import MSE, Loss
from .network import Network, shape_of
from .steps import Step


def live_bytes(
    steps: Iterable[Step], widths: tuple[int, ...], N: int, dtype: np.typing.DTypeLike = np.float64
) -> list[int]:
    """Bytes of all that the steps have made and not yet freed, while each step runs.

    A step's result stands beside its operands until the step is over. Parameters, inputs
    and targets are there before and after, and are not counted; gradients are.
    """
    itemsize = np.dtype(dtype).itemsize
    alive: dict[object, int] = {}
    counts = []
    for step in steps:
        alive[step.out] = itemsize * math.prod(shape_of(step.out, widths, N))
        counts.append(sum(alive.values()))
        for var in step.frees:
            alive.pop(var, None)
    return counts


def peak_bytes(
    net: Network,
    N: int,
    loss: Loss | None = None,
    schedule: str = "cache S and Z",
    dtype: np.typing.DTypeLike | None = None,
) -> int:
    """The most bytes that are alive at once in a pass over N examples (see `live_bytes`).

    Raises:
        ValueError: N is not at least 1.
        KeyError: no such schedule.
    """
    if N < 1:
        raise ValueError(f"a batch has at least one example, not {N}")
    steps = one_pass(net, loss or MSE(), schedule, N=N)
    return max(live_bytes(steps, net.widths, N, dtype or net.dtype))
