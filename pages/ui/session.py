"""What one visitor has: inputs only. The one file that says `st.session_state`.

Everything on the screen is a function of `Work`, made anew on every run. Callbacks replace
the work as a whole; one that fails leaves it as it was and puts a sentence beside its widget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from mlpcore import EXAMPLES, SCHEDULES, Setup, Var
from mlpcore.logits import LABS, Lab
from mlpcore.setups import with_cells
from pages.ui.memory import MemoryChoice, Runs
from pages.ui.stage.board import CHOICES, Place, moved
from pages.ui.stage.score import by_key, key

FIRST = "worksheet"
FIRST_LAB = "four answers"
_WORK = "work"
_SEEN = "seen"
_RUNS = "runs"


@dataclass(frozen=True)
class LabView:
    """What the charts of the laboratory show.

    Attributes:
        shown: names of the losses that are drawn side by side.
        rate, count: of the descents on the logits.
    """

    shown: tuple[str, ...] = ("SoftmaxHinge", "CrossEntropy", "ScoreHinge")
    rate: float = 1.0
    count: int = 100


@dataclass(frozen=True)
class Work:
    """The inputs of a session.

    Attributes:
        setup: network, batch, loss and rate as they are now.
        example: the example they were made from.
        schedule: what stays cached: a name, or the spec of a schedule that was built.
        step: the cursor, a number of a step.
        place: where on the derivation page.
        lab: logits, labels and margin of the laboratory; its conventions are the set-up's (see `lab`).
        lab_example: what they were made from; `lab_place` where on its page; `lab_view` what its
            charts show.
        memory: sizes and policies that are counted and measured.
        rev: counts the times the cursor was set from here and not by the stage.
        answer: what the stage was last told about its edits.
        notices: name of a widget -> (what was wrong, what it was given).
        fails: counts what was refused, so that a widget that was given nonsense is made anew.
    """

    setup: Setup
    example: str = FIRST
    schedule: str | tuple = "cache S and Z"
    step: int = 0
    place: Place = field(default_factory=Place)
    lab: Lab = LABS[FIRST_LAB].lab
    lab_example: str = FIRST_LAB
    lab_place: Place = field(default_factory=Place)
    lab_view: LabView = field(default_factory=LabView)
    memory: MemoryChoice = field(default_factory=MemoryChoice)
    rev: int = 0
    answer: dict[str, Any] | None = None
    notices: dict[str, tuple[str, Any]] = field(default_factory=dict)
    fails: int = 0


def runs() -> Runs:
    """What was measured in this session."""
    return st.session_state.setdefault(_RUNS, Runs())


def put_runs(**changes: Any) -> None:
    """Another ticket, or more reports."""
    st.session_state[_RUNS] = replace(runs(), **changes)


def current() -> Work:
    """The session's work; the worksheet where there is none yet."""
    if _WORK not in st.session_state:
        st.session_state[_WORK] = Work(EXAMPLES[FIRST].setup)
    return st.session_state[_WORK]


def lab() -> Lab:
    """The laboratory, under the conventions in force."""
    return replace(current().lab, conventions=current().setup.conventions)


def _put(**changes: Any) -> None:
    st.session_state[_WORK] = replace(current(), **changes)


def show(widget: str, value: Any) -> str:
    """Make a widget show a value of the work. Call it just before the widget; returns the key.

    Only for widgets that are always on the page: one that the browser builds later (in a
    popover) would start from its own default and report that as a change. See `fresh`.
    """
    if st.session_state.get(widget) != value:
        st.session_state[widget] = value
    return widget


def fresh(name: str, value: Any) -> str:
    """A key for a widget that is given `value` as its default: another value, another widget."""
    return f"{name}={value}~{current().fails}"


def load_example(widget: str | None = None) -> None:
    """Callback: start afresh from the chosen example, or from the present one."""
    name = st.session_state.get(widget) if widget else current().example
    if name in EXAMPLES:
        setup = replace(EXAMPLES[name].setup, conventions=current().setup.conventions)
        _put(setup=setup, example=name, step=0, rev=current().rev + 1, notices={})


def load_lab(widget: str | None = None) -> None:
    """Callback: the chosen logits and labels, or the present ones as they were."""
    name = st.session_state.get(widget) if widget else current().lab_example
    if name in LABS:
        place = replace(current().lab_place, frame=0, rev=current().lab_place.rev + 1)
        _put(lab=LABS[name].lab, lab_example=name, lab_place=place, notices={})


def change_view(widget: str, name: str) -> None:
    """Callback: another value for the field `name` of `lab_view`. An empty choice is none."""
    value = st.session_state.get(widget)
    if value:
        value = tuple(value) if isinstance(value, list | tuple) else value
        _put(lab_view=replace(current().lab_view, **{name: value}))


def clicked(chart: str) -> dict[str, float] | None:
    """Where a chart was clicked since the last run: {x, y}; None if it was not."""
    news = _news(chart, "click")
    at = {axis: news.get(axis) for axis in ("x", "y")}
    good = all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e6 for v in at.values())
    return at if good else None


def put_lab(lab: Lab) -> None:
    """Another laboratory, from what a chart reported."""
    _put(lab=lab)


def value_of(widget: str) -> Any:
    """What a widget of a form holds, for a button that reads several; None where it has none."""
    return st.session_state.get(widget)


def choose_schedule(widget: str) -> None:
    """Callback: another schedule. The cursor stays on the equation it is on."""
    name = st.session_state.get(widget)
    if name in SCHEDULES:
        _put(schedule=name)


def play(schedule: str | tuple) -> None:
    """This schedule on every page, from the first step."""
    _put(schedule=schedule, step=0, rev=current().rev + 1)


def change(
    widget: str | None, how: Callable[[Any, Any], Any], name: str | None = None, *, about: str = "setup"
) -> None:
    """Callback: replace the set-up (or the laboratory) by `how(what it is, value of the widget)`.

    Where that raises ValueError, nothing changes and its message stands beside the widget.

    Args:
        widget: the key whose value is read; None for a button, which has none.
        name: what `notice` is asked by, where the key is `fresh` and so does not last.
        about: "setup", "lab" or "memory".
    """
    work = current()
    if widget is not None and widget not in st.session_state:
        return  # left behind on another page: it has no value any more
    value = st.session_state[widget] if widget else None
    try:
        new = how(lab() if about == "lab" else getattr(work, about), value)
    except (ValueError, KeyError, TypeError) as error:
        _put(notices=work.notices | {name or widget: (str(error), value)}, fails=work.fails + 1)
    else:
        _put(**{about: new}, notices={})


def notice(widget: str) -> tuple[str, Any] | None:
    """What was wrong with the last use of a widget, and what it was given."""
    return current().notices.get(widget)


#: What a stage can be about -> where its visitor's place is kept.
_PLACES = {"setup": "place", "lab": "lab_place"}


def take_reports(stage: str, about: str = "setup") -> bool:
    """Take in what a stage reported since the last run: edits, cursor, a step to open.

    A stage's state stays in the session from run to run, so each report is taken once.

    Args:
        about: what its matrices are, a name of `_PLACES`.

    Returns:
        Whether the stage asks to open a step on the page that plays them.
    """
    if message := _news(stage, "edits"):
        _take_edits(message, about)
    place = _PLACES[about]

    def move(**how: Any) -> None:
        _put(**{place: moved(getattr(current(), place), **how)})

    if (step := _step(_news(stage, "cursor"))) is not None:
        _put(step=step) if about == "setup" else move(frame=step)
    if chosen := _choice(_news(stage, "choose")):
        move(chosen=chosen)
    picked = _news(stage, "pick")
    if picked.get("rev") == getattr(current(), place).rev and (frame := _count(picked.get("frame"))) is not None:
        move(frame=frame)
    if (step := _step(_news(stage, "open"))) is None:
        return False
    _put(step=step, rev=current().rev + 1)
    return True


def _news(stage: str, name: str) -> dict[str, Any]:
    state = st.session_state.get(stage)
    value = state.get(name) if hasattr(state, "get") else None
    seen = st.session_state.setdefault(_SEEN, {})
    if not isinstance(value, dict) or seen.get((stage, name)) == value:
        return {}
    seen[stage, name] = value
    return value


def _step(message: dict[str, Any]) -> int | None:
    return _count(message.get("step"))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


#: Names and values of choices are ours and short; what is longer is not one.
_LONGEST = 40


def _choice(message: dict[str, Any]) -> tuple[str, str] | None:
    name, value = message.get("name"), message.get("value")
    if not (isinstance(name, str) and isinstance(value, str)) or max(len(name), len(value)) > _LONGEST:
        return None
    return (name, value) if name in CHOICES else None


def _take_edits(message: dict[str, Any], about: str) -> None:
    """Apply what was typed on the stage and answer it.

    A browser can send anything: what is not an edit is not applied, and a cell that cannot
    be changed is refused by name.
    """
    client, seq = message.get("client"), message.get("seq")
    if not isinstance(client, str) or not isinstance(seq, int):
        return
    held = lab() if about == "lab" else current().setup
    names = by_key(held)
    edits = [edit for item in _list(message.get("cells")) if (edit := _edit(item, names))]
    try:
        held, refused = with_cells(held, edits)
        told = [{"id": key(r.var), "index": list(r.cell), "why": r.why} for r in refused]
    except ValueError as error:
        var, cell, _ = edits[0]
        told = [{"id": key(var), "index": list(cell), "why": str(error)}]
    _put(**{about: held}, answer={"client": client[:32], "seq": seq, "refused": told})


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _edit(item: Any, names: dict[str, Var]) -> tuple[Var, tuple[int, ...], float] | None:
    if not (isinstance(item, list) and len(item) == 3):
        return None
    name, cell, value = item
    if not (isinstance(name, str) and name in names and isinstance(cell, list)):
        return None
    if not all(isinstance(i, int) and not isinstance(i, bool) for i in cell):
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > 1.7976931348623157e308:
        return None
    return names[name], tuple(cell), float(value)
