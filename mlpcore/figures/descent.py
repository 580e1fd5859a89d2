"""Descents on the logits themselves, under several losses from the same start."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..logits import LossCurve
from ..losses import Loss
from ..network import Array
from .base import Figure, axis, ends, heading, line, scatter
from .simplex import corners, plane, to_plane, triangle


def find_arrival(curve: LossCurve, true_class: int, example: int) -> int | None:
    """Find the step from which on the true class leads every competing class, or None."""
    p = curve.at[:, :, example]
    competing = np.delete(p, true_class, axis=1)
    not_leading = np.flatnonzero(p[:, true_class] <= competing.max(axis=1, initial=0.0))
    first = int(not_leading[-1]) + 1 if len(not_leading) else 0
    return first if first < len(p) else None


def descents(paths: Mapping[str, LossCurve], losses: Mapping[str, Loss], true_class: int, example: int) -> Figure:
    """Draw the true class's probability step by step and, with three classes, the ways through the simplex.

    The figure carries `play`: which traces grow from step to step, and which stand at the last one.

    Args:
        true_class, example: both counted from 0.
    """
    three = next(iter(paths.values())).at.shape[1] == 3
    data: list[Figure] = []
    moving: list[list[int]] = []
    drawn: list[tuple[str, int, Array, Array]] = []
    for number, (name, curve) in enumerate(paths.items()):
        p = curve.at[:, true_class, example]
        at = np.arange(len(p))
        step = find_arrival(curve, true_class, example)
        caption = f"{losses[name].short}: " + (f"right from step {step}" if step is not None else "still wrong")
        drawn.append((caption, number, at, p))
        panels: list[tuple[Array, Array, Figure]] = [(at, p, {})]
        if three:
            way = to_plane(curve.at[:, :, example])
            panels.append((way[:, 0], way[:, 1], {"xaxis": "x2", "yaxis": "y2"}))
        for x, y, axes in panels:
            moving.append([len(data), len(data) + 1])
            data.append(line(x, y, losses[name].short, number, **axes))
            marker = {"color": f"--series{number}", "size": 11}
            data.append(scatter(x[-1:], y[-1:], marker=marker, hoverinfo="skip", cliponaxis=False, **axes))
    last = len(drawn[0][2]) - 1
    layout: Figure = {
        "title": heading(f"p of the true class (class {true_class + 1}, example {example + 1})"),
        "height": 300,
        "margin": {"t": 32, "b": 40, "r": 8 if three else 12 + 5.5 * max(len(row[0]) for row in drawn)},
        "xaxis": axis(
            "step of gradient descent on the logits", range=[0, last], domain=[0, 0.42 if three else 1.0]
        ),
        "yaxis": {"range": [-0.03, 1.03]},
        "annotations": ends(drawn, last, 0.085),
    }  # fmt: skip
    if three:
        data.append(triangle(xaxis="x2", yaxis="y2"))
        layout |= plane("2", domain=[0.62, 1.0])
        layout["annotations"] += corners(true_class, xref="x2", yref="y2")
    # On a phone the triangle stands below, as wide as the screen.
    places = {"xaxis": [0.0, 0.32], "yaxis": [0.6, 1.0], "xaxis2": [0.0, 1.0], "yaxis2": [0.0, 0.5]}
    below = {name: {"domain": domain} for name, domain in places.items()}
    return {
        "data": data,
        "layout": layout,
        "narrow": {"height": 560, **below} if three else {},
        "play": {"steps": last, "pairs": moving, "ends": len(paths)},
    }
