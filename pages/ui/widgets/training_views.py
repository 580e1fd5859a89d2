"""The views of the page Training: what is drawn of its courses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import streamlit as st

from mlpcore import Batch, Course, Setup, exchange, figures
from mlpcore.figures.course import find_divergence
from mlpcore.training.readings import (
    compute_surface,
    find_arrival,
    list_parameter_cells,
    read_history,
    search_rate,
    sweep_rates,
)
from pages.ui.components.chart.chart import draw_chart
from pages.ui.components.stage.payload import build_course_payload
from pages.ui.components.stage.stage import draw_stage
from pages.ui.state import session
from pages.ui.state.training_page import MOST_QUICK, TrainingChoice
from pages.ui.widgets.bound import bind, choose, on_click
from pages.ui.widgets.words import draw_table, escape_markdown

#: Rates of a sweep.
_SWEEP = np.geomspace(1e-3, 1e2, 21)
#: What may be left of the first loss where a course has arrived.
_ARRIVALS = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001]
#: How a step is drawn.
_KINDS = {"wall": "At a glance", "player": "Equation by equation"}
#: Weights of a list to choose from.
_MOST_LISTED = 500


@dataclass(frozen=True)
class ViewContent:
    """What a view shows: courses of a set-up, and the examples that are held out of it."""

    setup: Setup
    choice: TrainingChoice
    courses: dict[str, Course]
    held_out: Batch | None


def _draw_loss(view: ViewContent) -> None:
    choice, courses = view.choice, view.courses
    choose("training", "logarithmic", st.toggle, "Loss on a logarithmic axis")
    description = f"Loss over {choice.steps} steps under {', '.join(courses)}"
    figure = figures.courses(courses, choice.step, logarithmic=choice.logarithmic, held_out=view.held_out)
    draw_chart("courses", figure, description)
    _draw_numbers(courses, choice.step)
    _draw_buttons(courses, choice.step)
    _draw_downloads(courses)


def _draw_numbers(courses: dict[str, Course], at: int, arrival: float | None = None) -> None:
    """Draw a table of the losses, and where asked after how many steps this share of the first is left."""
    rows = []
    head = ["Loss", "at the start", f"after {at:,}", "at the end", "lowest"]
    if arrival is not None:
        head.append(f"≤ {arrival:.4g} × the first")
    for name, course in courses.items():
        diverged = find_divergence(course)
        end = f"{course.losses[-1]:.5g}" if diverged is None else f"diverges at step {diverged:,}"
        lowest = int(course.losses.argmin()) if diverged is None else None
        best = "" if lowest is None else f"{course.losses[lowest]:.5g} after {lowest:,}"
        rows.append([name, f"{course.losses[0]:.5g}", f"{course.losses[at]:.5g}", end, best])
        if arrival is not None:
            there = find_arrival(course, arrival)
            rows[-1].append("never" if there is None else f"after {there:,} steps")
    draw_table(head, rows)


def _draw_buttons(courses: dict[str, Course], at: int) -> None:
    with st.container(horizontal=True):
        for number, name in enumerate(courses):
            clicked = st.button(
                f"Take the network of step {at:,} ({name})",
                key=f"take course {number}",
                help="Its weights and biases become the parameters on every page; undo brings the present ones back.",
                **on_click(partial(_take, at=at, name=name), "training"),
            )
            if clicked:
                st.rerun()


def _draw_downloads(courses: dict[str, Course]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Losses as CSV",
            partial(exchange.losses_to_csv, courses),
            "losses.csv",
            on_click="ignore",
            key="save losses",
        )
        name, course = _choose_course(courses)
        for library, write in (("NumPy", exchange.numpy_training_script), ("PyTorch", exchange.torch_training_script)):
            st.download_button(
                f"{library} script",
                partial(write, course),
                f"training_{library.lower()}.py",
                on_click="ignore",
                key=f"save training {library}",
                disabled=not exchange.can_write_training(course),
                help=f"Takes every step of {name} again and asserts every loss.",
            )


def _take(setup: Setup, at: int, name: str) -> Setup:
    choice = session.get_state().training
    courses = session.find_courses(choice.of_courses) or choice.train(choice.prepare(setup)[0])
    return replace(setup, net=courses[name].at(at).net)


def _choose_course(courses: dict[str, Course]) -> tuple[str, Course]:
    """Draw the choice of one course where there are several."""
    if len(courses) == 1:
        return next(iter(courses.items()))
    name = st.segmented_control("Course", list(courses), default=next(iter(courses)), label_visibility="collapsed")
    name = name or next(iter(courses))
    return name, courses[name]


def _draw_matrices(view: ViewContent) -> None:
    choice, (name, course) = view.choice, _choose_course(view.courses)
    payload = build_course_payload(course, choice.step)
    about = f"Step {choice.step + 1} of {name}, over the whole batch, with what the optimiser keeps."
    with st.container(horizontal=True, vertical_alignment="center"):
        kind = st.segmented_control("Draw", list(_KINDS), default="wall", format_func=_KINDS.__getitem__,
                                    label_visibility="collapsed") or "wall"  # fmt: skip
        st.caption(escape_markdown(about))
    more = {
        "kind": kind, "example": "", "look": "", "answer": None, "keep": session.build_keep_payload(),
        "cursor": {"rev": 0, "step": 0},
    }  # fmt: skip
    draw_stage(f"course {kind}", payload, more)
    _draw_buttons({name: course}, choice.step)


def _draw_layers(view: ViewContent) -> None:
    _, course = _choose_course(view.courses)
    history = read_history(course, 40)
    at, last = view.choice.step, view.choice.steps
    draw_chart(
        "gradients", figures.gradient_norms(history, at, last), "Norm of the gradient of every layer over the steps"
    )
    draw_chart("updates", figures.update_sizes(history, at, last), "Size of the update against the weights, by layer")
    still = figures.still_units(history, view.setup, at, last)
    if still["data"]:
        draw_chart("still", still, "Share of dead and saturated units of every layer over the steps")
        place = max(0, int(np.searchsorted(history.at, at, side="right")) - 1)
        named = [
            f"{what} in layer {n}: unit {', '.join(map(str, found[n][place]))}"
            for what, found in (("dead", history.dead), ("saturated", history.saturated))
            for n in view.setup.net.shape.layers
            if found[n][place]
        ]
        st.caption(f"After {history.at[place]:,} steps {'; '.join(named) or 'no unit is dead or saturated'}.")
    else:
        st.caption(f"No unit is dead or saturated at the {len(history.at)} steps that were looked at.")


def _draw_weights(view: ViewContent) -> None:
    _, course = _choose_course(view.courses)
    draw_chart("weights", figures.weights(course, view.choice.step), "Every weight and bias over the steps")


def _draw_rate(view: ViewContent) -> None:
    setup, choice, courses = view.setup, view.choice, view.courses
    _, course = _choose_course(courses)
    curve = search_rate(course.at(choice.step), choice.rate)
    draw_chart("rate", figures.rate_curve(curve, choice.rate), "Loss along minus the gradient over the learning rate")
    st.caption(
        f"From step {choice.step:,}: of the rates drawn, η = {curve.best:.4g} makes the loss of one step of gradient "
        f"descent least, {curve.best_loss:.5g} after {curve.losses[0]:.5g}."
    )
    if choice.count_work(setup) * len(_SWEEP) > 4 * MOST_QUICK or choice.steps * len(courses) > 1000:
        st.caption("The sweep over the learning rate is drawn for up to 1,000 steps, those of all optimisers added up.")
        return
    finals = {
        o.title: sweep_rates(setup, o, _SWEEP, choice.steps, **choice.draw_from(setup))
        for o in choice.make_optimisers()
    }
    start = float(course.losses[0])
    draw_chart(
        "sweep", figures.rate_sweep(_SWEEP, finals, start, choice.rate, choice.steps), "Final loss over the rate"
    )


def _draw_paths(view: ViewContent) -> None:
    choice, courses = view.choice, view.courses
    listed = list_parameter_cells(view.setup) if view.setup.net.shape.parameter_cells <= _MOST_LISTED else []
    cells = choice.cells if set(choice.cells) <= set(listed) else ()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(listed) > 1:
            planes: dict[tuple[str, ...], str] = {
                (): "main directions of the paths",
                cells or (listed[0], listed[1]): "two weights",
            }
            choose("training", "cells", st.selectbox, "Plane", now=cells, words=planes)
        for k in (0, 1) if cells else ():
            _draw_cell_choice(cells, k, listed)
        arrival = choice.arrival if choice.arrival in _ARRIVALS else 0.1
        choose("training", "arrival", st.select_slider, "Arrived with, of the first loss", _ARRIVALS, now=arrival,
               format_func="{:.1%}".format)  # fmt: skip
    surface = compute_surface(courses, cells=cells, at=choice.step)
    if surface is None:
        st.info("No parameter moves, so there are no paths.")
        return
    draw_chart("paths", figures.surface(surface, choice.step, choice.steps), "Loss on a plane, and the paths in it")
    if cells:
        st.caption(
            escape_markdown(f"All other weights are those of {next(iter(courses))} after {choice.step:,} steps.")
        )
    _draw_numbers(courses, choice.step, choice.arrival)


def _draw_cell_choice(cells: tuple[str, ...], k: int, listed: list[str]) -> None:
    """Draw the choice of one of the two weights of a plane."""

    def put_cell(choice: TrainingChoice, cell: str) -> TrainingChoice:
        return replace(choice, cells=(cell, cells[1]) if k == 0 else (cells[0], cell))

    others = [cell for cell in listed if cell != cells[1 - k]]
    st.selectbox(("across", "up")[k], others, **bind(f"training cell {k}", cells[k], put_cell, "training", "training"))


def _draw_fit(view: ViewContent) -> None:
    setup, choice, (_, course) = view.setup, view.choice, _choose_course(view.courses)
    unit = 0
    if setup.net.widths[-1] > 1:
        unit = st.number_input("Output unit", 1, setup.net.widths[-1], 1) - 1
    figure = figures.fit(course.at(choice.step), unit)
    draw_chart("fit", figure, f"Output {unit + 1} over the input after {choice.step} steps")


#: Name of a view -> what draws it.
VIEWS_DRAWN: dict[str, Callable[[ViewContent], None]] = {
    "loss": _draw_loss,
    "matrices": _draw_matrices,
    "layers": _draw_layers,
    "weights": _draw_weights,
    "rate": _draw_rate,
    "paths": _draw_paths,
    "fit": _draw_fit,
}
