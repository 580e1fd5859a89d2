"""The page Training: whole courses, anew with every move of a slider, and every matrix of every step."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from mlpcore import (
    DATASETS,
    INITIALISATIONS,
    OPTIMISERS,
    RATE_SCHEDULES,
    Course,
    Momentum,
    Nesterov,
    Setup,
    standardise,
)
from mlpcore.training import QUESTIONS, Question
from pages.ui.state import session
from pages.ui.state.training_page import (
    CONSTANT,
    MOST_QUICK,
    MOST_WORK,
    VIEWS,
    TrainingChoice,
    make_table_setup,
)
from pages.ui.widgets.bound import choose, on_click
from pages.ui.widgets.menu import Menu, draw_menu
from pages.ui.widgets.stages import draw_silent_stage
from pages.ui.widgets.training_views import VIEWS_DRAWN, ViewContent
from pages.ui.widgets.words import escape_markdown, show_errors

_RATES = [float(f"{m}e{e}") for e in range(-4, 2) for m in (1, 2, 5)]
_STEPS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000]
_LENGTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]
_CLIPS = [0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]
_SCALES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]
_STRENGTHS = [0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]


def draw_training() -> None:
    """Draw the courses of the present network, and what can be changed about them."""
    if session.take_training_request():
        _train_on_request()
    _draw_courses(session.get_state().setup)


@st.fragment
def _draw_courses(named: Setup) -> None:
    """Draw the page below its head, which names this network."""
    draw_silent_stage()
    setup, choice = session.get_state().setup, session.get_state().training
    if setup is not named:
        st.rerun()
    left, right = st.columns([3, 8], gap="medium")
    with left, st.container(key="training-settings"):
        _draw_question(choice)
        _draw_choices(setup, choice)
    with right:
        if not choice.optimisers:
            st.info("Choose at least one optimiser.")
            return
        try:
            rest, held_out = choice.prepare(setup)
            courses = _train(rest, choice)
        except ValueError as error:
            st.info(escape_markdown(f"Not trained: {error}."))
            return
        if not courses:
            return
        choose("training", "view", st.segmented_control, "Show", words=VIEWS, label_visibility="collapsed")
        choose("training", "at", st.slider, "Step", 0, choice.steps, now=choice.step)
        show_errors("training")
        if choice.question:
            _draw_answer(QUESTIONS[choice.question], courses)
        view = ViewContent(rest, choice, courses, held_out)
        try:
            VIEWS_DRAWN[choice.view](view)
        except ValueError as error:  # the course has diverged at this step, or has too many inputs to be drawn
            st.info(escape_markdown(f"Nothing to draw: {error}."))
    st.caption(_describe(view))


def _draw_answer(question: Question, courses: dict[str, Course]) -> None:
    try:
        st.info(escape_markdown(question.answer(*courses.values())))
    except (ValueError, ArithmeticError) as error:
        st.info(escape_markdown(f"This network gives no answer: {error}."))


def _train(setup: Setup, choice: TrainingChoice) -> dict[str, Course] | None:
    """Train at once what follows a slider, where it is not what was trained last; offer to train what takes longer."""
    courses = session.find_courses(choice.of_courses)
    if courses is None and not MOST_QUICK < choice.count_work(setup) <= MOST_WORK:
        return session.keep_courses(choice.of_courses, choice.train(setup))
    if courses is None and st.button(f"Train {_describe_run(choice)}", type="primary"):
        session.request_training()
        st.rerun()
    return courses


def _describe_run(choice: TrainingChoice) -> str:
    made = choice.make_optimisers()
    return f"{choice.steps:,} steps of {made[0].title if len(made) == 1 else f'{len(made)} optimisers'}"


def _train_on_request() -> None:
    """Train what takes long, with the time left. Not in a fragment: Streamlit ends a run only for one of the page."""
    choice = session.get_state().training
    place, start, total = st.empty(), time.monotonic(), _describe_run(choice)
    with place.container():
        bar = st.progress(0.0, total)
        st.button("Cancel")

    def report(share: float) -> None:
        """Show what is done; where Cancel was pressed, Streamlit begins the page anew here."""
        left = (time.monotonic() - start) * (1 - share) / share if share else 0.0
        bar.progress(share, f"{total}: {share:.0%}{f', {left:.0f} s left' if share else ''}")

    session.keep_courses(choice.of_courses, choice.train(choice.prepare(session.get_state().setup)[0], report))
    place.empty()


def _draw_question(choice: TrainingChoice) -> None:
    titles = {"": "Ask a question", **{name: question.title for name, question in QUESTIONS.items()}}
    st.selectbox("Question", list(titles), format_func=titles.__getitem__, label_visibility="collapsed",
                 key=session.sync_widget("question", choice.question),
                 on_change=session.ask_question, args=("question",))  # fmt: skip


def _slide(
    label: str, field: str, stops: Sequence[float], now: float | None = None, write: Callable[..., str] = "{:g}".format
) -> None:
    """Draw a slider over these stops and the present value, by default that of the field."""
    now = getattr(session.get_state().training, field) if now is None else now
    choose("training", field, st.select_slider, label, sorted({*stops, now}), now=now, format_func=write)


def _draw_choices(setup: Setup, choice: TrainingChoice) -> None:
    titles = {name: kind.title for name, kind in OPTIMISERS.items()}
    choose("training", "optimisers", st.multiselect, "Optimisers", now=list(choice.optimisers), words=titles)
    _slide("Learning rate η", "rate", _RATES)
    if any(issubclass(OPTIMISERS[name], Momentum | Nesterov) for name in choice.optimisers):
        choose("training", "mu", st.slider, "Momentum μ", 0.0, 0.99, step=0.01)
    _slide("Steps", "steps", _STEPS, write=str)
    if setup.loss.penalty:
        _slide(
            "Penalty λ", "strength", _STRENGTHS, choice.strength if choice.strength >= 0 else float(setup.loss.strength)
        )
    if setup.net.shape.masked:
        choose("training", "redraw", st.toggle, "New dropout masks at every step")
    for menu in (
        Menu("Initial weights", partial(_draw_start, choice)),
        Menu("Schedule, clipping, batches", partial(_draw_schedule, choice)),
        Menu("Data", partial(_draw_data, choice), text_fields=("training table",)),
    ):
        draw_menu(menu, st.expander)


def _draw_start(choice: TrainingChoice) -> None:
    drawn = {"": "The present weights", **{i.name: i.title for i in INITIALISATIONS.values()}}
    choose("training", "start", st.selectbox, "Drawn", words=drawn)
    if choice.start:
        _slide("Scale", "scale", _SCALES)
        choose("training", "start_seed", st.slider, "Seed of the weights", 0, max(100, choice.start_seed))


def _draw_schedule(choice: TrainingChoice) -> None:
    schedules = {CONSTANT: "Constant", **{name: kind.title for name, kind in RATE_SCHEDULES.items()}}
    choose("training", "schedule", st.selectbox, "Schedule of the rate", words=schedules)
    if choice.schedule != CONSTANT:
        _slide("Steps of the schedule", "length", _LENGTHS, write=str)
    _slide("Largest norm of the gradient", "clip", _CLIPS, write=lambda c: f"{c:g}" if c else "any")
    choose("training", "batch", st.number_input, "Examples of a step (0: all)", 0, 256)
    if choice.batch:
        choose("training", "seed", st.number_input, "Seed of the batches", 0, 10**9)


def _draw_data(choice: TrainingChoice) -> None:
    choose("training", "dataset", st.selectbox, "Data set", words={d.name: d.title for d in DATASETS.values()})
    choose("training", "examples", st.number_input, "Examples", 2, 256)
    choose("training", "noise", st.slider, "Noise", 0.0, 1.0, step=0.05)
    choose("training", "data_seed", st.number_input, "Seed", 0, 10**9)
    fits = "A network that fits them becomes yours."
    _draw_change("Use these data", choice.make_setup, fits)
    st.text_area("or a table, its last column the target", height=70, key="training table",
                 placeholder="a row an example")  # fmt: skip
    _draw_change(
        "Use this table",
        lambda setup: make_table_setup(session.get_widget_value("training table") or "", setup),
        fits,
    )
    show_errors("data")
    _draw_change("Standardise the inputs", standardise, "Every input gets mean 0 and deviation 1.")
    choose("training", "held_out", st.slider, "Held out for validation", 0.0, 0.5, step=0.05, format="percent")


def _draw_change(label: str, how: Callable[[Setup], Setup], about: str) -> None:
    """Draw a button that makes another network."""
    st.button(label, help=f"{about} Undo brings yours back.", **on_click(how, "data"))


def _describe(view: ViewContent) -> str:
    """Say what every course has in common."""
    loss, N, batch = view.setup.conventions.loss(view.setup.loss), view.setup.batch.N, view.choice.batch
    over = f"{N} example{'s' * (N > 1)} (held out: {view.held_out.N})" if view.held_out else "all examples"
    how = f"the whole batch of {N} at every step"
    if 0 < batch < N:
        how = f"{batch} example{'s' * (batch > 1)} a step, drawn anew each epoch"
    start = INITIALISATIONS[view.choice.start].title if view.choice.start else ""
    begin = f"{start}, scale {view.choice.scale:g}, seed {view.choice.start_seed}" if start else "the present network"
    masks = "Every step draws new dropout masks, from their seed plus its number, and its loss is that under them"
    if not view.choice.redraw:
        masks = "The dropout masks stay the same in every step"
    text = f"{loss.title}, over {over}; {how}. All optimisers begin at {begin}."
    return escape_markdown(text + f" {masks}; predictions drop nothing." * bool(view.setup.net.shape.masked))
