"""The page Training: the loss over many steps, anew with every move of a slider."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from mlpcore import OPTIMISERS, Course, Momentum, Nesterov, Optimiser, Setup, figures, train
from mlpcore.figures.course import find_divergence
from pages.ui.components.chart.chart import draw_chart
from pages.ui.state import session
from pages.ui.state.steps_taken import MAX_WORK
from pages.ui.widgets.stages import draw_silent_stage
from pages.ui.widgets.words import draw_table, escape_markdown, show_errors

_RATES = [float(f"{m}e{e}") for e in range(-4, 2) for m in (1, 2, 5)]
_STEPS = [10, 20, 50, 100, 200, 500, 1000, 2000]


def draw_training() -> None:
    """Draw the courses of the present network, and what can be changed about them."""
    draw_silent_stage()
    _draw_courses()


@st.fragment
def _draw_courses() -> None:
    setup = session.get_state().setup
    left, right = st.columns([3, 8], gap="medium")
    with left:
        names = st.multiselect("Optimisers", list(OPTIMISERS), ["SGD"], format_func=lambda name: OPTIMISERS[name].title)
        rate = st.select_slider("Learning rate η", _RATES, 0.1, format_func="{:g}".format)
        optimisers = [OPTIMISERS[name](rate=rate) for name in names]
        if any(isinstance(o, Momentum | Nesterov) for o in optimisers):
            mu = st.slider("Momentum μ", 0.0, 0.99, 0.9)
            optimisers = [replace(o, mu=mu) if isinstance(o, Momentum | Nesterov) else o for o in optimisers]
        steps = st.select_slider("Steps", _STEPS, 200)
        logarithmic = st.toggle("Loss on a logarithmic axis")
    if not optimisers:
        right.info("Choose at least one optimiser.")
        return
    work = 6 * setup.net.shape.parameter_cells * setup.batch.N * steps * len(optimisers)
    if work > MAX_WORK / 4:
        right.info(f"At this size that is {work:,} operations, and {MAX_WORK // 4:,} are the limit: take fewer steps.")
        return
    courses = {optimiser.title: train(setup, steps, optimiser) for optimiser in optimisers}
    with right:
        at = st.slider("Step", 0, steps, steps, key=f"step of {steps}")
        said = f"Loss over {steps} steps under {', '.join(courses)}"
        draw_chart("courses", figures.courses(courses, at, logarithmic=logarithmic), said)
        _draw_numbers(courses, at)
        _draw_buttons(courses, optimisers, at)


def _draw_numbers(courses: dict[str, Course], at: int) -> None:
    rows = []
    for name, course in courses.items():
        diverged = find_divergence(course)
        end = f"{course.losses[-1]:.5g}" if diverged is None else f"diverges at step {diverged:,}"
        lowest = int(course.losses.argmin()) if diverged is None else None
        best = "" if lowest is None else f"{course.losses[lowest]:.5g} after {lowest:,}"
        rows.append((name, f"{course.losses[0]:.5g}", f"{course.losses[at]:.5g}", end, best))
    draw_table(("Loss", "at the start", f"after {at:,}", "at the end", "lowest"), rows)


def _draw_buttons(courses: dict[str, Course], optimisers: list[Optimiser], at: int) -> None:
    with st.container(horizontal=True):
        for number, name in enumerate(courses):
            st.button(
                f"Take the network of step {at:,} ({name})",
                key=f"take course {number}",
                help="Its weights and biases become the parameters on every page; undo brings the present ones back.",
                on_click=session.change,
                args=(None, partial(_take, at=at, optimiser=optimisers[number]), "training"),
            )
    show_errors("training")


def _take(setup: Setup, _: object, *, at: int, optimiser: Optimiser) -> Setup:
    return train(setup, at, optimiser).at(at)


def describe_training() -> list[str]:
    """List the sentences at the foot of the page."""
    setup = session.get_state().setup
    loss = setup.conventions.loss(setup.loss)
    sentence = f"{loss.title}, over the whole batch of {setup.batch.N} at every step; all optimisers begin here."
    return [escape_markdown(sentence)]
