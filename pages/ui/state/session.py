"""What one visitor has: inputs only. The one file that says `st.session_state`.

Everything on the screen is a function of `Work`, made anew on every run. Callbacks replace
the work as a whole; one that fails leaves it as it was and puts a sentence beside its widget.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mlpcore import EXAMPLES, SCALES, SCHEDULES
from mlpcore.logits import LABS, Lab
from mlpcore.passes.conventions import WORKSHEET
from pages.ui.state import events as messages
from pages.ui.state import history
from pages.ui.state import saved as parts
from pages.ui.state.app_state import Work, everyones
from pages.ui.state.memory_page import Runs
from pages.ui.state.place import Place, moved

#: What an error in a page leaves in place; everything else, the widgets' values above all, is discarded.
KEPT_KEYS = _WORK, _SEEN, _LATEST, _TOKEN, _RUNS = "work", "seen", "latest", "token", "runs"
#: Set when that has happened.
WIDGETS_DISCARDED = "widgets discarded"
_DRAWN, _SHOWN = "drawn", "shown"


def runs() -> Runs:
    """What was measured in this session."""
    return st.session_state.setdefault(_RUNS, Runs())


def put_runs(**changes: Any) -> None:
    """Another ticket, or more reports."""
    st.session_state[_RUNS] = replace(runs(), **changes)


def current() -> Work:
    """The session's work; where there is none yet, what the address brings, or the worksheet."""
    try:
        return st.session_state[_WORK]  # and not `in` before it, which is as much again: it is asked for 14 times a run
    except KeyError:
        st.session_state[_TOKEN] = secrets.token_hex(8)
        return _set(parts.begun(st.query_params.get(parts.PARAMETER, "")))


def drawn() -> None:
    """A whole page is being drawn of the work as it is now."""
    st.session_state[_DRAWN] = current()


def stale() -> bool:
    """Whether there is other work than the one the whole page was last drawn of."""
    return st.session_state.get(_DRAWN) is not current()


def take_widgets_discarded() -> bool:
    """Return whether an error discarded the widgets' values since the page was last drawn to its end."""
    return st.session_state.pop(WIDGETS_DISCARDED, False)


def hold(*widgets: str) -> None:
    """Keep what was typed into widgets that are not on the page now: else Streamlit forgets it."""
    for widget in filter(st.session_state.__contains__, widgets):
        st.session_state[widget] = st.session_state[widget]


def lab() -> Lab:
    """The laboratory, under the conventions in force."""
    return replace(current().lab, conventions=current().setup.conventions)


def _set(work: Work) -> Work:
    st.session_state[_WORK] = st.session_state.setdefault(_LATEST, {})["work"] = work
    return work


def _put(stroke: Any = None, **changes: Any) -> None:
    before = current()
    if "lab" in changes:
        changes["lab"] = replace(changes["lab"], conventions=WORKSHEET)
    after = replace(before, **changes)
    _set(replace(after, history=history.noted(before, after, stroke)))


def latest() -> Callable[[], Work]:
    """The work as it will be when this is called, from whatever thread: for a file that is made on a click."""
    current()
    held = st.session_state[_LATEST]
    return lambda: held["work"]


def kept() -> dict[str, Any]:
    """What the browser is told to keep, and what stands beside it: can be undone, is to be said."""
    if (work := current()) is not (held := st.session_state[_LATEST]).get("told"):  # it is asked for twice a run
        held |= {"told": work, "kept": parts.kept(work, everyones())}
    return {**held["kept"], "session": st.session_state[_TOKEN]}


def take_tools(tools: str) -> None:
    """Undo or redo, where the buttons or keys asked for it since the last run."""
    if (what := _news(tools)("do").get("what")) in ("undo", "redo"):
        _set(history.undone(current()) if what == "undo" else history.redone(current()))


def take_restored(stage: str) -> bool:
    """Whether the browser brought back what a session before this one had; it is then in force."""
    if not (message := _news(stage)("restore")):
        return False
    open_state(message, "What was kept in this tab could not be brought back: {}.")
    return True


def open_state(told: Mapping[str, Any], complaint: str = "") -> str:
    """Replace the work by what a link or document tells. Returns what was wrong; a `complaint` says it on the page."""
    work = current()
    try:
        state = parts.opened(told)
    except ValueError as error:
        if complaint:
            _put(says=(work.says[0] + 1, complaint.format(error)))
        return str(error)
    places = {
        name: replace(state.get(name, getattr(work, name)), rev=getattr(work, name).rev + 1)
        for name in _PLACES.values()
    }
    _put(**state | places, rev=work.rev + 1, notices={})
    return ""


def show(widget: str, value: Any) -> str:
    """Make a widget show a value of the work. Call it just before the widget; returns the key.

    Not in a popover, where it would report its default as a change (see `fresh`). The first time on a page or in a
    chapter always says it: Streamlit still tells what a widget showed before it was gone, and shows its default.
    """
    work = current()
    where = get_script_run_ctx().page_script_hash, work.lab_place.chapter, work.memory.chapter
    at, shown = st.session_state.get(_SHOWN, (where, frozenset()))
    shown = shown if at == where else frozenset()
    if widget not in shown or st.session_state.get(widget) != value:
        st.session_state[widget] = value
    st.session_state[_SHOWN] = where, shown | {widget}
    return widget


def fresh(name: str, value: Any) -> str:
    """A key for a widget that is given `value` as its default: another value, another widget."""
    return f"{name}={value}~{current().fails}"


def _named(widget: str, offered: Mapping[str, Any]) -> str | None:
    name = st.session_state.get(widget)
    return name if isinstance(name, str) and name in offered else None


def load_example(widget: str | None = None) -> None:
    """Callback: start afresh from the chosen example, or from the present one."""
    name = _named(widget, EXAMPLES) if widget else current().example
    if name is not None:
        setup = replace(EXAMPLES[name].setup, conventions=current().setup.conventions)
        _put(setup=setup, example=name, step=0, rev=current().rev + 1, notices={})


def load_lab(widget: str | None = None) -> None:
    """Callback: the chosen logits and labels, or the present ones as they were."""
    name = _named(widget, LABS) if widget else current().lab_example
    if name is not None:
        place = replace(current().lab_place, frame=0, rev=current().lab_place.rev + 1)
        _put(lab=LABS[name].lab, lab_example=name, lab_place=place, notices={})


def dropped(chart: str) -> tuple[int | None, dict[str, float] | None]:
    """What was chosen or dropped on a map since the last run, see `messages.drop`."""
    return messages.drop(_news(chart)("drop"))


def put_lab(lab: Lab, frame: int) -> None:
    """Another laboratory, from what a chart reported, and the frame that this is about."""
    _put(lab=lab, lab_place=replace(place := current().lab_place, frame=frame, rev=place.rev + 1))


def value_of(widget: str) -> Any:
    """What a widget of a form holds, for a button that reads several; None where it has none."""
    return st.session_state.get(widget)


def choose_schedule(widget: str) -> None:
    """Callback: another schedule. The cursor stays on the equation it is on."""
    if (name := _named(widget, SCHEDULES)) is not None:
        _put(schedule=name)


def play(schedule: str | tuple) -> None:
    """This schedule on every page, from the first step."""
    _put(schedule=schedule, step=0, rev=current().rev + 1)


def change(
    widget: str | None, how: Callable[[Any, Any], Any], name: str | None = None, *, about: str = "setup"
) -> None:
    """Callback: replace the set-up by `how(what it is, value of the widget)`, or say beside it why that cannot be.

    Args:
        widget: the key whose value is read; None for a button, which has none.
        name: what `notice` is asked by, where the key is `fresh` and so does not last.
        about: "setup", "lab", "lab_view" or "memory".
    """
    work = current()
    if widget is not None and widget not in st.session_state:
        return  # left behind on another page: it has no value any more
    value = st.session_state[widget] if widget else None
    try:
        new = how(lab() if about == "lab" else getattr(work, about), value)
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        _put(notices=work.notices | {name or widget: (str(error), value)}, fails=work.fails + 1)
    else:
        _put(**{about: new}, notices={})


def notice(widget: str) -> tuple[str, Any] | None:
    """What was wrong with the last use of a widget, and what it was given."""
    return current().notices.get(widget)


def _choose(about: str, name: str, value: str, arrived: Arrived | None) -> None:
    """A button above a stage: a place on its page, or the constant in front of every loss."""
    work = current()
    if name == "shown":
        return _put(lab_view=work.lab_view.showing(value))
    if name == "over":
        if value in SCALES:
            _put(setup=replace(work.setup, conventions=replace(work.setup.conventions, scale=value)))
        return
    before = getattr(work, _PLACES[about])
    after = moved(before, chosen=(name, value))
    if arrived is not None and name == "chapter":
        after = arrived(lab(), before, after)
    _put(**{_PLACES[about]: after})


#: What a stage can be about -> where its visitor's place is kept.
_PLACES = {"setup": "place", "lab": "lab_place"}


#: (laboratory, place before, place after a change of chapter) -> the place about the same cell there.
Arrived = Callable[[Lab, Place, Place], Place]


def take_reports(stage: str, about: str = "setup", arrived: Arrived | None = None) -> bool:
    """Take in what a stage about `about` (of `_PLACES`) reported since the last run: edits, cursor, a step to open.

    Returns whether the stage asks to open a step on the page that plays them.
    """
    news = _news(stage)
    if message := news("edits"):
        _take_edits(message, about)
    place = _PLACES[about]

    def move(**how: Any) -> None:
        _put(**{place: moved(getattr(current(), place), **how)})

    if (step := messages.step(news("cursor"))) is not None:
        _put(step=step) if about == "setup" else move(frame=step)
    if chosen := messages.choice(news("choose")):
        _choose(about, *chosen, arrived)
    picked = news("pick")
    now = picked.get("rev") == getattr(current(), place).rev
    if now and (frame := messages.count(picked.get("frame"))) is not None:
        move(frame=frame)
    if (step := messages.step(news("open"))) is None:
        return False
    _put(step=step, rev=current().rev + 1)
    return True


def _news(stage: str) -> Callable[[str], dict[str, Any]]:
    """What a component reported since the last run, by name. Each report is told once."""
    state = st.session_state.get(stage)  # once: Streamlit makes a class of its own for every reading
    seen = st.session_state.setdefault(_SEEN, {})

    def news(name: str) -> dict[str, Any]:
        value = state.get(name) if hasattr(state, "get") else None
        if not isinstance(value, dict) or seen.get((stage, name)) == value:
            return {}
        if value.get("session", st.session_state.get(_TOKEN)) != st.session_state.get(_TOKEN):
            return {}  # sent to a session that is gone: it is in what was brought back, or is sent again
        seen[stage, name] = value
        return value

    return news


def _take_edits(message: dict[str, Any], about: str) -> None:
    """Apply what was typed on the stage and answer it: what is no edit is not applied, what cannot be is refused."""
    if signed := messages.signed(message):
        held, told = messages.edited(lab() if about == "lab" else current().setup, message)
        _put(messages.stroke(message), **{about: held}, answer={**signed, "refused": told})
