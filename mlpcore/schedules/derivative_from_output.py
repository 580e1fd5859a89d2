"""Whether f' can be computed from the output of an activation, and why: what `cache Z` rests on.

Where two preactivations give the same output and different derivatives, the output alone is not
enough; such a pair is computed, not asserted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from ..equations.activations import ACTIVATIONS, Activation

#: Counter-examples are searched for between -8 and 8.
REACH, _POINTS = 8.0, 4001


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
        return Explanation(True, f"{activation}: the output determines the derivative.", f.formula_from_Z)
    found = find_counterexample(f)
    if found is None:
        return Explanation(
            False,
            f"{activation}: no formula for f' from Z is known here, and no two S with one Z and two derivatives were "
            f"found between {-REACH:g} and {REACH:g}. So S is stored.",
        )
    (a, b), (at_a, at_b) = found.S, found.derivatives
    return Explanation(
        False,
        f"{activation}: S = {a:.4g} and S = {b:.4g} both give Z = {found.Z:.4g}, "
        f"but the derivative is {at_a:.4g} at one and {at_b:.4g} at the other. So S is stored.",
        counterexample=found,
    )


def find_counterexample(f: Activation) -> Counterexample | None:
    """Find two S with the same f(S) and different f'(S), between -`REACH` and `REACH`; None where there are none.

    Looks at neighbours with the same value, and bisects where f takes the level of another point of the grid; what it
    gives is verified; of several the one with the largest difference of derivatives.
    """
    assert f.derivative is not None
    grid = np.linspace(-REACH, REACH, _POINTS)
    values = f.f(grid)
    flat = np.flatnonzero(values == values[len(grid) // 2])
    pairs = [(grid[flat[0]], 0.0), (-1.0, 0.0), (0.0, 1.0)]  # a corner, and what is flat beside it
    for turn in np.flatnonzero(np.diff(np.sign(np.diff(values))) != 0) + 1:
        level = 0.5 * (values[turn] + (min if values[turn] < values[turn - 1] else max)(values[0], values[-1]))
        pairs += combinations(_find_crossings(f, level, grid), 2)
    found = []
    for pair in pairs:
        points = np.array(pair, dtype=float)
        (z, other), (a, b) = f.f(points), f.derivative(points)
        if points[0] != points[1] and abs(z - other) <= 1e-12 * abs(z) and abs(a - b) > 1e-6:
            found.append(Counterexample((float(points[0]), float(points[1])), float(z), (float(a), float(b))))
    return max(found, key=lambda x: abs(x.derivatives[0] - x.derivatives[1]), default=None)


def _find_crossings(f: Activation, level: float, grid: np.ndarray) -> np.ndarray:
    """Find where f passes the level, by bisection to the last digit between neighbours of the grid."""
    above = f.f(grid) > level
    passed = np.flatnonzero(np.diff(above))
    low, high = grid[passed], grid[passed + 1]
    for _ in range(60):
        middle = 0.5 * (low + high)
        same_side = (f.f(middle) > level) == above[passed]
        low, high = np.where(same_side, middle, low), np.where(same_side, high, middle)
    return low
