"""The loss over the steps of a training, under several optimisers from the same start."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..training import Course
from .base import LEGEND_ABOVE, Figure, axis, heading, line, upright


def find_divergence(course: Course) -> int | None:
    """Find the first step whose loss is infinite or no number; None if there is none."""
    bad = np.flatnonzero(~np.isfinite(course.losses))
    return int(bad[0]) if len(bad) else None


def courses(by_name: Mapping[str, Course], at: int, *, logarithmic: bool = False) -> Figure:
    """Draw the loss before each step and after the last; what has diverged is not drawn.

    Args:
        at: the step that is marked.
        logarithmic: the axis of the loss; losses of 0 have no place on it.
    """
    data = []
    for number, (name, course) in enumerate(by_name.items()):
        losses = np.where(course.losses > 0, course.losses, np.nan) if logarithmic else course.losses
        data.append(line(np.arange(len(losses)), losses, name, number))
    last = max(map(len, by_name.values()))
    return {
        "data": data,
        "layout": {
            "title": heading("Loss over the steps of training"),
            "height": 380,
            "margin": {"t": 36, "b": 44, "r": 12},
            "xaxis": axis("steps taken", range=[0, last]),
            "yaxis": axis("loss", type="log" if logarithmic else "linear"),
            "showlegend": len(by_name) > 1,
            "legend": LEGEND_ABOVE,
            "shapes": [upright(at, "--accent", "dot")],
        },
    }
