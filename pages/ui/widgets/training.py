"""The page Training: whole courses, anew with every move of a slider, and every matrix of every step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from mlpcore import (
    DATASETS,
    OPTIMISERS,
    RATE_SCHEDULES,
    Course,
    Momentum,
    Nesterov,
    Setup,
    exchange,
    figures,
    standardise,
)
from mlpcore.figures.course import find_divergence
from mlpcore.training.readings import compute_surface, read_history, search_rate, sweep_rates
from pages.ui.components.chart.chart import draw_chart
from pages.ui.components.stage.payload import build_course_payload
from pages.ui.components.stage.stage import draw_stage
from pages.ui.state import session
from pages.ui.state.training_page import CONSTANT, MOST_WORK, VIEWS, TrainingChoice, put
from pages.ui.widgets.stages import draw_silent_stage
from pages.ui.widgets.words import draw_table, escape_markdown, show_errors

_RATES = [float(f"{m}e{e}") for e in range(-4, 2) for m in (1, 2, 5)]
_STEPS = [10, 20, 50, 100, 200, 500, 1000, 2000]
_LENGTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]
_CLIPS = [0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]
#: Rates of a sweep.
_SWEEP = np.geomspace(1e-3, 1e2, 21)


def draw_training() -> None:
    """Draw the courses of the present network, and what can be changed about them."""
    _draw_courses()


@st.fragment
def _draw_courses() -> None:
    draw_silent_stage()
    setup, choice = session.get_state().setup, session.get_state().training
    left, right = st.columns([3, 8], gap="medium")
    with left:
        _draw_choices(setup, choice)
    with right:
        if not choice.optimisers:
            st.info("Choose at least one optimiser.")
            return
        try:
            courses = choice.train(setup)
        except ValueError as error:
            st.info(escape_markdown(f"{error}."))
            return
        _choose(partial(st.segmented_control, "Show", list(VIEWS), format_func=VIEWS.__getitem__,
                        label_visibility="collapsed"), "view", choice.view)  # fmt: skip
        _choose(partial(st.slider, "Step", 0, choice.steps), "at", choice.step)
        show_errors("training")
        _VIEWS[choice.view](setup, choice, courses)


def _choose(draw: Callable[..., Any], field: str, now: Any) -> None:
    """Draw a widget that shows and changes one field of the choice."""
    key = session.sync_widget(f"training {field}", now)
    draw(key=key, on_change=session.change, args=(key, partial(put, field), "training"), kwargs={"about": "training"})


def _with_stop(stops: list, now: Any) -> list:
    """Give the stops of a slider, with the present value among them."""
    return sorted({*stops, now})


def _draw_choices(setup: Setup, choice: TrainingChoice) -> None:
    titles = {name: kind.title for name, kind in OPTIMISERS.items()}
    _choose(partial(st.multiselect, "Optimisers", list(titles), format_func=titles.__getitem__),
            "optimisers", list(choice.optimisers))  # fmt: skip
    number = "{:g}".format
    _choose(partial(st.select_slider, "Learning rate η", _with_stop(_RATES, choice.rate), format_func=number),
            "rate", choice.rate)  # fmt: skip
    if any(issubclass(OPTIMISERS[name], Momentum | Nesterov) for name in choice.optimisers):
        _choose(partial(st.slider, "Momentum μ", 0.0, 0.99, step=0.01), "mu", choice.mu)
    _choose(partial(st.select_slider, "Steps", _with_stop(_STEPS, choice.steps)), "steps", choice.steps)
    with st.expander("Schedule, clipping, batches"):
        schedules = {CONSTANT: "Constant", **{name: kind.title for name, kind in RATE_SCHEDULES.items()}}
        _choose(partial(st.selectbox, "Schedule of the rate", list(schedules), format_func=schedules.__getitem__),
                "schedule", choice.schedule)  # fmt: skip
        if choice.schedule != CONSTANT:
            _choose(partial(st.select_slider, "Steps of the schedule", _with_stop(_LENGTHS, choice.length)),
                    "length", choice.length)  # fmt: skip
        clips = _with_stop(_CLIPS, choice.clip)
        _choose(partial(st.select_slider, "Largest norm of the gradient", clips,
                        format_func=lambda c: f"{c:g}" if c else "any"), "clip", choice.clip)  # fmt: skip
        _choose(partial(st.number_input, "Examples of a step (0: all)", 0, 256), "batch", choice.batch)
        if choice.batch:
            _choose(partial(st.number_input, "Seed of the batches", 0, 10**9), "seed", choice.seed)
    with st.expander("Data"):
        sets = {d.name: d.title for d in DATASETS.values()}
        _choose(partial(st.selectbox, "Data set", list(sets), format_func=sets.__getitem__), "dataset", choice.dataset)
        _choose(partial(st.number_input, "Examples", 2, 256), "examples", choice.examples)
        _choose(partial(st.slider, "Noise", 0.0, 1.0, step=0.05), "noise", choice.noise)
        _choose(partial(st.number_input, "Seed", 0, 10**9), "data_seed", choice.data_seed)
        for label, how, about in (
            ("Use these data", lambda setup, _: choice.make_setup(setup), "A network that fits them becomes yours."),
            ("Standardise the inputs", lambda setup, _: standardise(setup), "Every input gets mean 0 and deviation 1."),
        ):
            clicked = st.button(
                label, on_click=session.change, args=(None, how, "training"), help=f"{about} Undo brings it back."
            )
            if clicked:
                st.rerun()  # the head of the page names the network


def _draw_loss(setup: Setup, choice: TrainingChoice, courses: dict[str, Course]) -> None:
    _choose(partial(st.toggle, "Loss on a logarithmic axis"), "logarithmic", choice.logarithmic)
    description = f"Loss over {choice.steps} steps under {', '.join(courses)}"
    draw_chart("courses", figures.courses(courses, choice.step, logarithmic=choice.logarithmic), description)
    _draw_numbers(courses, choice.step)
    _draw_buttons(courses, choice.step)
    _draw_downloads(courses)


def _draw_numbers(courses: dict[str, Course], at: int) -> None:
    rows = []
    for name, course in courses.items():
        diverged = find_divergence(course)
        end = f"{course.losses[-1]:.5g}" if diverged is None else f"diverges at step {diverged:,}"
        lowest = int(course.losses.argmin()) if diverged is None else None
        best = "" if lowest is None else f"{course.losses[lowest]:.5g} after {lowest:,}"
        rows.append((name, f"{course.losses[0]:.5g}", f"{course.losses[at]:.5g}", end, best))
    draw_table(("Loss", "at the start", f"after {at:,}", "at the end", "lowest"), rows)


def _draw_buttons(courses: dict[str, Course], at: int) -> None:
    with st.container(horizontal=True):
        for number, name in enumerate(courses):
            clicked = st.button(
                f"Take the network of step {at:,} ({name})",
                key=f"take course {number}",
                help="Its weights and biases become the parameters on every page; undo brings the present ones back.",
                on_click=session.change,
                args=(None, partial(_take, at=at, name=name), "training"),
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


def _take(setup: Setup, _: object, at: int, name: str) -> Setup:
    return session.get_state().training.train(setup)[name].at(at)


def _choose_course(courses: dict[str, Course]) -> tuple[str, Course]:
    """Draw the choice of one course where there are several."""
    if len(courses) == 1:
        return next(iter(courses.items()))
    name = st.segmented_control("Course", list(courses), default=next(iter(courses)), label_visibility="collapsed")
    name = name or next(iter(courses))
    return name, courses[name]


def _draw_matrices(setup: Setup, choice: TrainingChoice, courses: dict[str, Course]) -> None:
    name, course = _choose_course(courses)
    try:
        payload = build_course_payload(course, choice.step)
    except ValueError as error:
        st.info(escape_markdown(f"{name}: {error}."))
        return
    st.caption(
        escape_markdown(f"Step {choice.step + 1} of {name}, over the whole batch, with what the optimiser keeps.")
    )
    more = {"kind": "wall", "example": "", "look": "", "answer": None, "keep": session.build_keep_payload()}
    draw_stage("course", payload, more)
    _draw_buttons({name: course}, choice.step)


def _draw_layers(setup: Setup, choice: TrainingChoice, courses: dict[str, Course]) -> None:
    _, course = _choose_course(courses)
    history = read_history(course, 40)
    at, last = choice.step, choice.steps
    draw_chart(
        "gradients", figures.gradient_norms(history, at, last), "Norm of the gradient of every layer over the steps"
    )
    draw_chart("updates", figures.update_sizes(history, at, last), "Size of the update against the weights, by layer")
    still = figures.still_units(history, setup, at, last)
    if still["data"]:
        draw_chart("still", still, "Share of dead and saturated units of every layer over the steps")
    else:
        st.caption("No unit is dead or saturated at the steps that were looked at.")


def _draw_rate(setup: Setup, choice: TrainingChoice, courses: dict[str, Course]) -> None:
    name, course = _choose_course(courses)
    try:
        here = course.at(choice.step)
    except ValueError as error:
        st.info(escape_markdown(f"{name}: {error}."))
        return
    curve = search_rate(here, choice.rate)
    draw_chart("rate", figures.rate_curve(curve, choice.rate), "Loss along minus the gradient over the learning rate")
    st.caption(
        f"From step {choice.step:,}: of all rates, η = {curve.best:.4g} makes the loss of one step of gradient descent "
        f"least, {curve.best_loss:.5g} after {curve.losses[0]:.5g}."
    )
    work = 6 * setup.net.shape.parameter_cells * setup.batch.N * choice.steps * len(courses) * len(_SWEEP)
    if work > MOST_WORK or choice.steps * len(courses) > 1000:
        st.caption("The sweep over the learning rate is drawn for up to 1,000 steps in all.")
        return
    finals = {o.title: sweep_rates(setup, o, _SWEEP, choice.steps) for o in choice.make_optimisers()}
    start = float(course.losses[0])
    draw_chart(
        "sweep", figures.rate_sweep(_SWEEP, finals, start, choice.rate, choice.steps), "Final loss over the rate"
    )


def _draw_paths(setup: Setup, choice: TrainingChoice, courses: dict[str, Course]) -> None:
    surface = compute_surface(courses)
    if surface is None:
        st.info("No parameter moves, so there is no plane of the paths.")
        return
    draw_chart("paths", figures.surface(surface, choice.step, choice.steps), "Loss on the plane of the paths")
    _draw_numbers(courses, choice.step)


def _draw_fit(setup: Setup, choice: TrainingChoice, courses: dict[str, Course]) -> None:
    name, course = _choose_course(courses)
    unit = 0
    if setup.net.widths[-1] > 1:
        unit = st.number_input("Output unit", 1, setup.net.widths[-1], 1) - 1
    try:
        figure = figures.fit(course.at(choice.step), unit)
    except ValueError as error:
        st.info(escape_markdown(f"{name}: {error}."))
        return
    draw_chart("fit", figure, f"Output {unit + 1} over the input after {choice.step} steps")


_VIEWS: dict[str, Callable[[Setup, TrainingChoice, dict[str, Course]], None]] = {
    "loss": _draw_loss,
    "matrices": _draw_matrices,
    "layers": _draw_layers,
    "rate": _draw_rate,
    "paths": _draw_paths,
    "fit": _draw_fit,
}


def describe_training() -> list[str]:
    """List the sentences at the foot of the page."""
    state = session.get_state()
    loss, batch = state.setup.conventions.loss(state.setup.loss), state.training.batch
    N = state.setup.batch.N
    how = (
        f"{batch} examples a step, drawn anew each epoch" if 0 < batch < N else f"the whole batch of {N} at every step"
    )
    return [escape_markdown(f"{loss.title}, over all examples; {how}. All optimisers begin at the present network.")]
