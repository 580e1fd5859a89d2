"""The loss over the steps of a training, under several optimisers from the same start."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..network import Batch
from ..training import Course
from ..training.readings import read_validation
from .base import NO_ZERO, Figure, axis, chart, colour, line, log_axis, upright

#: Of one curve; all steps of a course that has fewer.
_MOST_POINTS = 2001


def find_divergence(course: Course) -> int | None:
    """Find the first step whose loss is infinite or no number; None if there is none."""
    bad = np.flatnonzero(~np.isfinite(course.losses))
    return int(bad[0]) if len(bad) else None


def courses(
    by_name: Mapping[str, Course], at: int, *, logarithmic: bool = False, held_out: Batch | None = None
) -> Figure:
    """Draw the loss before each step and after the last; what has diverged is not drawn.

    Args:
        at: the step that is marked.
        logarithmic: the axis of the loss; losses of 0 have no place on it.
        held_out: examples that are not trained on; their loss is drawn thinner, with dots.
    """
    data = []

    def draw(steps: np.ndarray, losses: np.ndarray, name: str, number: int, **more: object) -> None:
        losses = np.where(losses > 0, losses, np.nan) if logarithmic else losses
        data.append(line(steps, losses, name, number, **more))

    zeros = logarithmic and any((course.losses <= 0).any() for course in by_name.values())
    for number, (name, course) in enumerate(by_name.items()):
        steps = np.unique(np.linspace(0, len(course), _MOST_POINTS).astype(int))
        draw(steps, course.losses[steps], name, number)
        if held_out:
            style = {"color": colour(number), "width": 1.5}
            name = f"{name}, held out"
            found = read_validation(course, held_out, 60)
            draw(*found, name, number, mode="lines+markers", line=style, showlegend=False)
    last = max(map(len, by_name.values()))
    dots = " (dots: examples held out)" if held_out else ""
    return chart(
        data,
        f"Loss over the steps of training{dots}{NO_ZERO * zeros}",
        300 if len(by_name) < 4 else 380,
        axis("steps taken", range=[0, last]),
        log_axis("loss", data) if logarithmic else axis("loss"),
        len(by_name),
        shapes=[upright(at, "--accent", "dot")],
    )
