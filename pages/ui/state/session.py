"""The state of one visitor in `st.session_state`: the only file that touches it.

Everything on the screen is a function of `AppState`. Callbacks replace the state as a whole; one
that fails leaves it as it was and puts a sentence beside its widget.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mlpcore import EXAMPLES, SCALES, Course, Schedule
from mlpcore.logits import LABS, Lab
from mlpcore.passes.conventions import WORKSHEET
from mlpcore.training import QUESTIONS
from pages.ui.state import events, history, saved, steps_taken
from pages.ui.state.app_state import CROSS_ENTROPY_EXAMPLE, FIRST_EXAMPLE, AppState
from pages.ui.state.memory_page import Runs
from pages.ui.state.place import Place
from pages.ui.state.training_page import TrainingChoice
from pages.ui.state.validation import read_whole_number

#: What an error in a page leaves in place; everything else, the widgets' values above all, is discarded.
KEPT_KEYS = _STATE, _EVENTS, _LATEST, _TOKEN, _RUNS = "state", "events", "latest", "token", "runs"
#: Set when that has happened.
WIDGETS_DISCARDED = "widgets discarded"
_PAGE_STATE, _WIDGETS, _COURSES, _REQUEST, _BUILT = "page state", "widgets", "trained", "train", "built"

#: What a stage can be about -> the field with its visitor's place.
_PLACES = {"setup": "place", "lab": "lab_place"}

T = TypeVar("T")

#: (laboratory, place before, place after a change of chapter) -> the place of the same cell in the new chapter.
CarryOver = Callable[[Lab, Place, Place], Place]


# --- the state -------------------------------------------------------------------------------


def get_state() -> AppState:
    """Return the visitor's state; of a new visitor that of the link in the address, or the worksheet."""
    try:
        return st.session_state[_STATE]
    except KeyError:
        st.session_state[_TOKEN] = secrets.token_hex(8)
        return _store(saved.open_link(st.query_params.get(saved.LINK_PARAMETER, "")))


def make_state_reader() -> Callable[[], AppState]:
    """Return a function that reads the latest state from any thread: for a file that is made on a click."""
    get_state()
    latest = st.session_state[_LATEST]
    return lambda: latest["state"]


def get_lab() -> Lab:
    """Return the laboratory under the conventions in force."""
    return replace(get_state().lab, conventions=get_state().setup.conventions)


def _store(state: AppState) -> AppState:
    st.session_state[_STATE] = st.session_state.setdefault(_LATEST, {})["state"] = state
    return state


def _update(stroke: Any = None, **changes: Any) -> None:
    before = get_state()
    if "lab" in changes:
        changes["lab"] = replace(changes["lab"], conventions=WORKSHEET)
    after = replace(before, **changes)
    _store(replace(after, history=history.record_change(before, after, stroke)))


def get_runs() -> Runs:
    """Return what was measured in this session."""
    return st.session_state.setdefault(_RUNS, Runs())


def update_runs(**changes: Any) -> None:
    """Replace tickets, reports or the message of the measurements."""
    st.session_state[_RUNS] = replace(get_runs(), **changes)


def build_keep_payload() -> dict[str, Any]:
    """Build what the browser keeps; once for each state, as every component of a page is sent it."""
    state = get_state()
    kept = build_once("keep", (state,), lambda: saved.build_keep_payload(state))
    return {**kept, "session": st.session_state[_TOKEN]}


def build_once(name: str, of: tuple[Any, ...], build: Callable[[], T]) -> T:
    """Return what was built last under this name, or build it: where one of the objects `of` is another one."""
    last, built = st.session_state.setdefault(_BUILT, {}).get(name, ((), None))
    if len(last) != len(of) or any(a is not b for a, b in zip(last, of, strict=True)):
        built = build()
        st.session_state[_BUILT][name] = of, built
    return built


def open_state(document: Mapping[str, Any]) -> None:
    """Replace the state by that of a link or document.

    Raises:
        ValueError: it cannot be read (see `saved.read_saved`).
    """
    state, parts = get_state(), saved.read_saved(document)
    places = {
        name: replace(parts.get(name, getattr(state, name)), rev=getattr(state, name).rev + 1)
        for name in _PLACES.values()
    }
    _update(**parts | places, rev=state.rev + 1, notices={})


# --- pages ------------------------------------------------------------------------------------


def begin_page() -> None:
    """Remember the state that a whole page is about to show."""
    st.session_state[_PAGE_STATE] = get_state()
    if st.session_state.get(_COURSES, (None,))[0] != _get_page():
        st.session_state.pop(_COURSES, None)


def _get_page() -> str | None:
    context = get_script_run_ctx()
    return context.page_script_hash if context else None


def is_page_outdated() -> bool:
    """Tell whether the state is another one than the whole page shows."""
    return st.session_state.get(_PAGE_STATE) is not get_state()


def take_widgets_discarded() -> bool:
    """Return whether an error discarded the widgets' values since the page was last drawn to its end."""
    return st.session_state.pop(WIDGETS_DISCARDED, False)


# --- widgets ---------------------------------------------------------------------------------


def keep_widget_values(*widgets: str) -> None:
    """Keep what was typed into widgets that are not on the page now: Streamlit would drop it."""
    for widget in filter(st.session_state.__contains__, widgets):
        st.session_state[widget] = st.session_state[widget]


def get_widget_value(widget: str) -> Any:
    """Return the value of a widget, for a button that reads several; None if it has none."""
    return st.session_state.get(_get_key(widget))


def sync_widget(widget: str, value: Any) -> str:
    """Make a widget show a value of the state. Call it just before the widget; returns the key.

    Not for a popover, where the widget would report its default as a change (see `make_widget_key`). The value is set
    anew on every page and chapter: Streamlit reports what a widget showed before it was gone, and shows its default.
    A value that was not chosen in the widget makes another widget of it: a message that was under way still carries
    what the old one showed, and Streamlit would take that for a choice.
    """
    state = get_state()
    page = _get_page(), state.lab_place.chapter, state.memory.chapter
    last_page, drawn, keys = st.session_state.get(_WIDGETS, (page, frozenset(), {}))
    drawn = drawn if last_page == page else frozenset()
    key = keys.get(widget, widget)
    if st.session_state.get(key, value) != value:
        key = f"{widget}~{int(key.removeprefix(widget).lstrip('~') or 0) + 1}"
    if widget not in drawn or key not in st.session_state:
        st.session_state[key] = value
    st.session_state[_WIDGETS] = page, drawn | {widget}, keys | {widget: key}
    return key


def _get_key(widget: str) -> str:
    """Return the key with which a widget was last drawn."""
    _, _, keys = st.session_state.get(_WIDGETS, (None, None, {}))
    return keys.get(widget, widget)


def make_widget_key(name: str, value: Any) -> str:
    """Return a key for a widget with the default `value`: another value, another widget."""
    return f"{name}={value}~{get_state().refusals}"


def get_notice(widget: str) -> tuple[str, Any] | None:
    """Return what was wrong with the last use of a widget, and the value it had."""
    return get_state().notices.get(widget)


# --- callbacks -------------------------------------------------------------------------------


def _read_option(widget: str, options: Mapping[str, Any]) -> str | None:
    name = get_widget_value(widget)
    return name if isinstance(name, str) and name in options else None


def load_example(widget: str | None = None) -> None:
    """Start from the chosen example, or again from the present one."""
    name = _read_option(widget, EXAMPLES) if widget else get_state().example
    if name is not None:
        _start_from(name)


def _start_from(example: str) -> None:
    setup = replace(EXAMPLES[example].setup, conventions=get_state().setup.conventions)
    _update(setup=setup, example=example, step=0, rev=get_state().rev + 1, notices={})


def load_lab(widget: str | None = None) -> None:
    """Start from the chosen logits and labels, or again from the present ones."""
    name = _read_option(widget, LABS) if widget else get_state().lab_example
    if name is not None:
        place = replace(get_state().lab_place, frame=0, rev=get_state().lab_place.rev + 1)
        _update(lab=LABS[name].lab, lab_example=name, lab_place=place, notices={})


def replace_lab(lab: Lab, frame: int) -> None:
    """Replace the laboratory and go to a frame of its board."""
    place = get_state().lab_place
    _update(lab=lab, lab_place=replace(place, frame=frame, rev=place.rev + 1))


def ask_question(widget: str) -> None:
    """Take the network, the optimisers and the view that answer the chosen question, or close the answer."""
    state = get_state()
    if name := _read_option(widget, QUESTIONS):
        setup = replace(QUESTIONS[name].setup, conventions=state.setup.conventions)
        _update(setup=setup, training=state.training.pose(name), step=0, rev=state.rev + 1, notices={})
    else:
        _update(training=replace(state.training, question=""))


def request_training() -> None:
    """Let the next run of the page train what takes long."""
    st.session_state[_REQUEST] = True


def take_training_request() -> bool:
    """Tell whether a training was requested, once."""
    return st.session_state.pop(_REQUEST, False)


def find_courses(choice: TrainingChoice) -> dict[str, Course] | None:
    """Find what was trained last, if it was for this choice and the present network."""
    _, setup, trained, courses = st.session_state.get(_COURSES, (None,) * 4)
    return courses if setup is get_state().setup and trained == choice else None


def keep_courses(choice: TrainingChoice, courses: dict[str, Course]) -> dict[str, Course]:
    """Keep courses until others are trained or another page is opened. Returns them."""
    st.session_state[_COURSES] = _get_page(), get_state().setup, choice, courses
    return courses


def play_schedule(schedule: Schedule) -> None:
    """Use a schedule on every page, and go to the first step."""
    _update(schedule=schedule, step=0, rev=get_state().rev + 1)


def change(widget: str, how: Callable[[Any, Any], Any], name: str, about: str = "setup") -> None:
    """Replace a field of the state by `how(field, value of the widget)` (see `change_at_once`).

    Args:
        widget: the key of the widget.
    """
    if _get_key(widget) in st.session_state:  # else it was left behind on another page and has no value any more
        value = get_widget_value(widget)
        change_at_once(lambda whole: how(whole, value), name, about, value)


def change_at_once(how: Callable[[Any], Any], name: str, about: str = "setup", value: Any = None) -> None:
    """Replace a field of the state by `how(field)`, or keep it and note what is wrong.

    Args:
        name: the name of the notice.
        about: "setup", "lab", "lab_view", "memory", "training", "place" or "work".
        value: what was entered, for the notice.
    """
    state = get_state()
    try:
        new = how(get_lab() if about == "lab" else getattr(state, about))
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        _update(notices=state.notices | {name: (str(error), value)}, refusals=state.refusals + 1)
    else:
        _update(**{about: new}, notices={})


def open_step(number: int) -> None:
    """Put the cursor on a step of the pass."""
    _update(step=number, rev=get_state().rev + 1)


def take_steps(count: object) -> None:
    """Take so many steps, a whole number as it was typed: the parameters after them become the parameters."""
    state = get_state()
    try:
        _update(**steps_taken.take_steps(state, read_whole_number(count, 10**9)), notices={})
    except (ValueError, ArithmeticError) as error:
        _update(notices=state.notices | {"steps": (str(error), count)})


def take_chosen_steps(widget: str) -> None:
    """Take as many steps as are typed in a widget."""
    take_steps(st.session_state.get(widget))


def rewind_steps() -> None:
    """Bring back the set-up before the first step that was taken."""
    _update(**steps_taken.rewind(get_state()), notices={})


# --- events from components ------------------------------------------------------------------


def _get_reader(component: str) -> Callable[[str], dict[str, Any]]:
    """Return a function that reads the events of a component by name, each event once."""
    state: Any = st.session_state.get(component)  # once: Streamlit makes a class of its own for every reading
    handled = st.session_state.setdefault(_EVENTS, {})

    def read(name: str) -> dict[str, Any]:
        event = state.get(name) if hasattr(state, "get") else None
        if not isinstance(event, dict) or handled.get((component, name)) == event:
            return {}
        if event.get("session", st.session_state.get(_TOKEN)) != st.session_state.get(_TOKEN):
            return {}  # sent to a session that has ended: it is part of what is restored, or is sent again
        handled[component, name] = event
        return event

    return read


def apply_toolbar_event(toolbar: str) -> None:
    """Undo or redo, if the buttons or keys asked for it since the last run."""
    what = _get_reader(toolbar)("do").get("what")
    if what in ("undo", "redo"):
        _store((history.undo if what == "undo" else history.redo)(get_state()))


def apply_restore_event(stage: str) -> bool:
    """Open the state that the browser kept of an earlier session, if it sent one. Returns whether it did."""
    event = _get_reader(stage)("restore")
    if event:
        try:
            open_state(event)
        except ValueError as error:
            message = f"What was kept in this tab could not be brought back: {error}."
            _update(message=(get_state().message[0] + 1, message))
    return bool(event)


def read_drop_event(chart: str) -> tuple[int | None, dict[str, float] | None]:
    """Return what was chosen or dropped on a map since the last run (see `events.read_drop`)."""
    return events.read_drop(_get_reader(chart)("drop"))


def read_held_cell(stage: str) -> tuple[str, tuple[int, ...]] | None:
    """Return the cell that a stage holds, however often it is drawn (see `events.read_held`)."""
    state: Any = st.session_state.get(stage)
    return events.read_held(state.get("hold")) if hasattr(state, "get") else None


def apply_stage_events(stage: str, about: str = "setup", carry_over: CarryOver | None = None) -> str:
    """Apply what happened on a stage about `about` (of `_PLACES`) since the last run: edits, cursor, choices.

    Returns:
        What the stage asks to open: "step", "check", "why" (where the backward pass begins), or nothing.
    """
    read, place = _get_reader(stage), _PLACES[about]
    work = get_state().work
    if event := read("edits"):
        _apply_edits(event, about)

    def go_to(frame: int) -> None:
        _update(**{place: replace(getattr(get_state(), place), frame=frame)})

    if (step := events.read_count(read("cursor").get("step"))) is not None:
        _update(step=step) if about == "setup" else go_to(step)
    if choice := events.read_choice(read("choose")):
        _apply_choice(place, *choice, carry_over)
    event = read("pick")
    current = event.get("rev") == getattr(get_state(), place).rev
    if current and (frame := events.read_count(event.get("frame"))) is not None:
        go_to(frame)
    event = read("open")
    if (step := events.read_count(event.get("step"))) is not None:
        if (example := event.get("example")) in (FIRST_EXAMPLE, CROSS_ENTROPY_EXAMPLE):
            _start_from(example)
        if example == CROSS_ENTROPY_EXAMPLE:
            _update(place=get_state().place.with_choice("chapter", "output"))
            return "why"
        open_step(step)
        return "step"
    return "check" if get_state().work is not work else ""


def _apply_edits(event: dict[str, Any], about: str) -> None:
    """Take the edited cells that fit, and prepare the reply, which names those that do not."""
    if sender := events.read_sender(event):
        state = get_state()
        new: Any
        if about == "setup" and (var := events.read_computed(state.setup, event)):
            about = "work"
            new, refused = events.add_work(state.work, var, event["paste"])
        else:
            new, refused = events.apply_edits(get_lab() if about == "lab" else state.setup, event)
        _update(events.read_stroke(event), **{about: new}, answer={**sender, "refused": refused})


def _apply_choice(place: str, name: str, value: str, carry_over: CarryOver | None) -> None:
    """Apply a button above a stage: a choice of its page, or the constant in front of every loss."""
    state = get_state()
    if name == "shown":
        _update(lab_view=state.lab_view.with_losses(value))
    elif name == "over":
        if value in SCALES:
            _update(setup=replace(state.setup, conventions=replace(state.setup.conventions, scale=value)))
    else:
        before = getattr(state, place)
        after = before.with_choice(name, value)
        if carry_over is not None and name == "chapter":
            after = carry_over(get_lab(), before, after)
        _update(**{place: after})
