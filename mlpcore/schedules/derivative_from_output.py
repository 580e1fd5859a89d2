"""Whether f' can be computed from the output of an activation, and why: what `cache Z` rests on.

Where two preactivations give the same output and different derivatives, the output alone is not
enough; such a pair is computed, not asserted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..equations.activations import ACTIVATIONS, Activation

#: Activation -> f' in terms of Z, in LaTeX. A new activation needs no row.
FORMULAS = {
    "identity": "f' = 1",
    "relu": r"f' = [Z > 0]",
    "leaky relu": r"f' = 1 \text{ where } Z > 0, \text{ else } 0.01",
    "sigmoid": r"f' = Z\odot(1 - Z)",
    "tanh": r"f' = 1 - Z^2",
    "softplus": r"f' = 1 - e^{-Z}",
    "relu6": r"f' = [0 < Z < 6]",
    "hard tanh": r"f' = [-1 < Z < 1]",
    "softsign": r"f' = (1 - |Z|)^2",
    "elu": r"f' = 1 \text{ where } Z > 0, \text{ else } Z + 1",
}


@dataclass(frozen=True)
class Counterexample:
    """Two preactivations with one output and two derivatives."""

    S: tuple[float, float]
    Z: float
    derivatives: tuple[float, float]


@dataclass(frozen=True)
class Explanation:
    """Whether the output of an activation is enough, and why.

    Attributes:
        enough: the output determines the derivative.
        why: one sentence.
        latex: the derivative in terms of Z, where it is known.
        counterexample: where the output is not enough.
    """

    enough: bool
    why: str
    latex: str = ""
    counterexample: Counterexample | None = None


# A sentence or two for each activation: the bisection of a counterexample takes 2 ms, and the page asks for all.
@lru_cache(maxsize=64)
def explain(activation: str, at_kink: float = 0.0) -> Explanation:
    """Explain whether f' can be computed from Z for an activation.

    Args:
        at_kink: the convention for f'(0), as in `mlpcore.Conventions`.

    Raises:
        KeyError: no such activation.
    """
    f = ACTIVATIONS[activation].at_kink(at_kink)
    if f.derivative is None or f.derivative_from_Z is not None:
        return Explanation(True, f"{activation}: the output determines the slope.", FORMULAS.get(activation, ""))
    found = find_counterexample(f)
    (a, b), (at_a, at_b) = found.S, found.derivatives
    return Explanation(
        False,
        f"{activation}: S = {a:.4g} and S = {b:.4g} both give Z = {found.Z:.4g}, "
        f"but the slope is {at_a:.4g} at one and {at_b:.4g} at the other. So S has to stay.",
        counterexample=found,
    )


def find_counterexample(f: Activation) -> Counterexample:
    """Find two S with the same f(S) and different f'(S), for an activation that first falls, then rises.

    Where f is flat left of its corner, the corner and a point left of it are such a pair.
    """
    grid = np.linspace(-8.0, 8.0, 4001)
    values = f.f(grid)
    lowest = int(values.argmin())
    if values[0] == values[lowest]:  # flat: relu with a slope at 0 that is not 0
        points = np.array([-1.0, 0.0])
    else:
        level = 0.5 * (values[lowest] + min(values[0], values[-1]))
        points = np.array(
            [_find_crossing(f, level, grid[0], grid[lowest]), _find_crossing(f, level, grid[-1], grid[lowest])]
        )
    assert f.derivative is not None
    a, b = f.derivative(points)
    return Counterexample((float(points[0]), float(points[1])), float(f.f(points)[0]), (float(a), float(b)))


def _find_crossing(f: Activation, level: float, above: float, below: float) -> float:
    """Find where f passes the level, by bisection to the last digit."""
    for _ in range(200):
        middle = 0.5 * (above + below)
        if f.f(np.array([middle]))[0] > level:
            above = middle
        else:
            below = middle
    return above
