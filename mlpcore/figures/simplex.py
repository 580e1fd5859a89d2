"""The probability simplex of three classes: a loss as a map, its gradient as arrows, its kinks as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..equations.steps import evaluate
from ..logits import CONFIDENT, evaluate_on_simplex, list_steps
from ..losses import Loss
from ..network import Array, one_hot
from ..notation import G, O, Y
from ..passes.conventions import Conventions
from .base import Figure, heading, label, numbers, scatter, zero_line

#: The corners, class 1 at the left, class 2 at the right, class 3 on top.
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
_SIDE = 61
_EDGE = 1e-3


def to_plane(p: Sequence[Array] | Array) -> Array:
    """Map points of the simplex, shape (P, 3), to places in the triangle, shape (P, 2)."""
    return np.asarray(p) @ CORNERS


def to_simplex(x: float, y: float) -> Array:
    """Map a place in the triangle to probabilities, kept inside and away from 0 so that their logs are finite."""
    third = y / CORNERS[2, 1]
    second = x - third / 2
    p = np.clip([1 - second - third, second, third], _EDGE, None)
    return p / p.sum()


def _grid(side: int) -> tuple[Array, Array, Array, Array]:
    """Give x and y of a grid over the triangle, the probabilities of its points, and which lie inside."""
    x, y = np.linspace(0, 1, side), np.linspace(0, CORNERS[2, 1], side)
    xs, ys = np.meshgrid(x, y)
    third = ys / CORNERS[2, 1]
    p: Array = np.stack([1 - (xs - third / 2) - third, xs - third / 2, third], axis=-1).reshape(-1, 3)
    inside: Array = np.all(p > -1e-9, axis=1)
    p = np.clip(p, 1e-9, None)
    return x, y, p / p.sum(axis=1, keepdims=True), inside


def triangle(**more: Any) -> Figure:
    """Draw the edges of the simplex."""
    style = {"color": "--quiet", "width": 1.5}
    return scatter(*CORNERS[[0, 1, 2, 0]].T, mode="lines", line=style, hoverinfo="skip", **more)


def corners(true_class: int, **more: Any) -> list[Figure]:
    """Write the names of the corners."""
    return [
        label(
            float(x), float(y) + (0.1 if k == 2 else -0.1),  # clear of the dot of an example in the corner
            f"class {k + 1}" + (" (true)" if k == true_class else ""),
            xanchor="center", **more,
        )
        for k, (x, y) in enumerate(CORNERS)
    ]  # fmt: skip


def plane(number: str = "", **across: Any) -> Figure:
    """Set up the hidden axes of a triangle, the same length in both directions."""
    x, y = f"x{number}", f"y{number}"
    hidden = {"visible": False}
    return {
        f"xaxis{number}": {**hidden, "range": [-0.12, 1.12], "constrain": "domain", "anchor": y, **across},
        f"yaxis{number}": {**hidden, "range": [-0.15, 1.01], "scaleanchor": x, "anchor": x},
    }


def simplex(loss: Loss, true_class: int, conventions: Conventions, points: Mapping[int, Array], chosen: int) -> Figure:
    """Draw the loss of one example over the simplex, with the pull -dL/do at its points.

    The figure carries `drops`: the examples whose scatter, its last trace, can be dragged.

    Args:
        true_class: counted from 0.
        points: example -> its probabilities, shape (3,): those of this true class.
        chosen: which of them is the chosen one.
    """
    # The chosen one stands on top.
    examples = sorted(points, key=lambda n: n == chosen)
    return {
        "data": [*_map(loss, true_class, conventions), _examples(points, examples, chosen)],
        "drops": examples,
        "layout": {
            "title": heading(loss.short),
            "height": 264,
            "margin": {"l": 8, "r": 8, "t": 30, "b": 8},
            **plane(),
            "annotations": corners(true_class),
        },
    }


# A map of 61 x 61 points for each loss and true class in view, so that moving an example redraws none.
@lru_cache(maxsize=64)
def _map(loss: Loss, true_class: int, conventions: Conventions) -> tuple[Figure, ...]:
    """Draw what does not depend on where the examples are: loss, kinks and pulls."""
    x, y, p, inside = _grid(_SIDE)
    curve = evaluate_on_simplex(p, true_class, loss, conventions)
    z = curve.loss  # also outside, so that the edge of the triangle is no staircase (see `_outside`)
    norms = np.where(inside, curve.norm, np.nan)
    heat = {
        "type": "heatmap", "x": numbers(x), "y": numbers(y), "z": numbers(z.reshape(_SIDE, _SIDE), 4), "zmin": 0.0,
        # Where a loss grows without bound, its corners would leave the rest pale.
        "zmax": float(np.percentile(z[inside], 97)) or 1.0, "zsmooth": "best", "hoverongaps": False,
        "colorscale": [[0, "--paper"], [0.5, "--middle"], [1, "--strong"]], "showscale": False,
        "customdata": numbers(np.column_stack([p, norms]).reshape(_SIDE, _SIDE, 4), 3),
        "hovertemplate": "p = (%{customdata[0]:.2f}, %{customdata[1]:.2f}, %{customdata[2]:.2f})"
        "<br>loss %{z:.3g}, ‖∂L/∂o‖ %{customdata[3]:.2g}<extra></extra>",
    }  # fmt: skip
    return (
        heat,
        *_outside(),
        triangle(),
        *_confident(true_class),
        *_kinks(loss, true_class, conventions),
        _arrows(loss, true_class, conventions),
    )


def _confident(true_class: int) -> list[Figure]:
    """Hatch each wrong corner: there a wrong class has a probability of `CONFIDENT` or more."""
    areas = []
    fill = {"shape": "/", "size": 4, "solidity": 0.5, "bgcolor": "--paper", "fgcolor": "--ink"}
    style = {"color": "--ink", "width": 2}
    for wrong in {0, 1, 2} - {true_class}:
        ends = [CONFIDENT * CORNERS[wrong] + (1 - CONFIDENT) * CORNERS[k] for k in range(3) if k != wrong]
        area = np.array([CORNERS[wrong], *ends, CORNERS[wrong]])
        areas.append(scatter(*area.T, mode="lines", fill="toself", fillpattern=fill, line=style, hoverinfo="skip"))
    return areas


def _outside() -> list[Figure]:
    """Cover what the map has outside the triangle."""
    (x0, y0), (x1, _), (x2, y2) = CORNERS.tolist()
    low, high = y0 - 0.05, y2 + 0.05
    sides = (
        [(x0, y0), (x2, y2), (x2, high), (x0 - 0.05, high), (x0 - 0.05, low), (x0, low)],
        [(x1, y0), (x2, y2), (x2, high), (x1 + 0.05, high), (x1 + 0.05, low), (x1, low)],
        [(x0 - 0.05, y0), (x1 + 0.05, y0), (x1 + 0.05, low), (x0 - 0.05, low)],
    )
    style: Figure = {"fill": "toself", "fillcolor": "--paper", "line": {"width": 0}, "hoverinfo": "skip"}
    return [scatter(*np.transpose(side), mode="lines", **style) for side in sides]


def _kinks(loss: Loss, true_class: int, conventions: Conventions) -> list[Figure]:
    """Draw the lines on which a gap is zero: there the gradient jumps."""
    plain = conventions.loss(loss)
    listed = [s for s in list_steps(plain) if s.phase == "loss"]
    if G not in {s.out for s in listed}:
        return []
    x, y, p, inside = _grid(_SIDE)
    targets = one_hot([true_class], 3)
    values = {O: np.log(p)[:, :, None], Y: targets, **{v: np.asarray(c) for v, c in loss.constants().items()}}
    gaps = evaluate(listed, values)[G][:, :, 0]
    drawn = (k for k in range(3) if k != true_class or loss.name == "OneVsAll")
    return [zero_line(x, y, np.where(inside, gaps[:, k], np.nan).reshape(_SIDE, _SIDE), 5) for k in drawn]


def _arrows(loss: Loss, true_class: int, conventions: Conventions) -> Figure:
    """Draw -dL/do at a few points: how hard each logit is pulled, towards its own corner."""
    steps_ = 9
    p = np.array([(i, j, steps_ - i - j) for i in range(steps_ + 1) for j in range(steps_ + 1 - i)], dtype=float)
    p = (p + 0.25) / (steps_ + 0.75)
    curve = evaluate_on_simplex(p, true_class, loss, conventions)
    pull = -curve.gradient[:, :, 0] @ CORNERS
    largest = max(float(np.linalg.norm(pull, axis=1).max()), np.finfo(float).tiny)
    start = to_plane(p)
    end = start + 0.1 * pull / largest
    side = 0.18 * (end - start)
    across = side[:, ::-1] * [1, -1]
    gap = np.full_like(start, np.nan)
    path = np.stack([start, end, end - side + 0.6 * across, end, end - side - 0.6 * across, gap], axis=1).reshape(-1, 2)
    return scatter(*path.T, mode="lines", line={"color": "--ink", "width": 1.3}, hoverinfo="skip")


#: More dots than these would hide the map behind their numbers.
_NUMBERED = 12


def _examples(points: Mapping[int, Array], examples: Sequence[int], chosen: int) -> Figure:
    """Draw the examples, numbered; the chosen one ringed."""
    at = to_plane([points[n] for n in examples])
    few = len(examples) <= _NUMBERED
    here = [n == chosen for n in examples]
    marker = {
        "color": "--paper", "opacity": 1, "size": [20 if h else 17 if few else 9 for h in here],
        "line": {"color": ["--minus" if h else "--ink" for h in here], "width": [4 if h else 1.5 for h in here]},
    }  # fmt: skip
    text = [str(n + 1) if few or n == chosen else "" for n in examples]
    font = {"color": "--ink", "size": 12}
    return scatter(*at.T, mode="markers+text", text=text, textfont=font, marker=marker, hoverinfo="skip")
