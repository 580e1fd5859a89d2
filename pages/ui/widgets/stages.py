"""The stages of the pages, each in a fragment: an edit reruns only it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import streamlit as st

from mlpcore import EXAMPLES, SCHEDULES, Conventions, Setup
from mlpcore.setup import same
from pages.ui.components.stage.chapters import told
from pages.ui.components.stage.score import score
from pages.ui.components.stage.stage import stage
from pages.ui.state import session
from pages.ui.state.place import Place


def _untouched(work: session.AppState) -> bool:
    """Whether every number is the example's still."""
    return same(work.setup, _begun(work.example, work.setup.conventions))


def _begun(example: str, conventions: Conventions) -> Setup:
    return replace(EXAMPLES[example].setup, conventions=conventions)


@lru_cache(maxsize=64)
def _score_of_example(example: str, conventions: Conventions, schedule: str | tuple) -> tuple[str, str]:
    """The JSON of what all of a class see when they come in at once, and what is to be said of the schedule."""
    played, said = _played(_begun(example, conventions), schedule)
    return json.dumps(played), said


@lru_cache(maxsize=64)
def _board_of_example(example: str, conventions: Conventions) -> str:
    """Likewise, of the page where exercise 1 opens."""
    return json.dumps(told(_begun(example, conventions), Place()))


def _look(work: session.AppState, untouched: bool) -> str:
    example = EXAMPLES[work.example]
    if not untouched:
        return f"Your own numbers, begun from “{example.title}”."
    return " ".join(filter(None, (example.look, example.source)))


def _played(setup: Setup, schedule: str | tuple) -> tuple[dict, str]:
    """The score, and what is to be said of its schedule: a plan under a budget may fit no longer after an edit."""
    try:
        return score(setup, schedule), ""
    except ValueError as error:
        said = f"{str(error)[:1].upper()}{str(error)[1:]}. Every matrix is kept instead."
        return score(setup, next(iter(SCHEDULES))), said


def _score(kind: str) -> tuple[dict | str, dict]:
    """The score, and what stands beside it."""
    work = session.get_state()
    untouched = _untouched(work)
    if untouched:
        made, said = _score_of_example(work.example, work.setup.conventions, work.schedule)
    else:
        made, said = _played(work.setup, work.schedule)
    beside = {
        "kind": kind,
        "example": work.example,
        "look": said or _look(work, untouched),
        "cursor": {"rev": work.rev, "step": work.step},
        "answer": work.answer,
        "keep": session.build_keep_payload(),
    }
    return made, beside


def restored(name: str) -> None:
    """What the browser kept from a session before this one concerns every widget of the page."""
    if session.apply_restore_event(name):
        st.rerun()


def silent() -> None:
    """For a page that has no stage: what the browser is to keep, told anew where it may have changed."""
    restored("silent")
    stage("silent", {"kind": "silent", "keep": session.build_keep_payload()})


@st.fragment
def player() -> None:
    """One equation at a time. An edit reruns this fragment only."""
    restored("player")
    session.apply_stage_events("player")
    stage("player", *_score("player"))


@st.fragment
def wall() -> None:
    """The whole pass at a glance; a matrix opens its step."""
    restored("wall")
    if session.apply_stage_events("wall"):
        st.switch_page("pages/1_Step_through.py")
    stage("wall", *_score("wall"))


@st.fragment
def derivation() -> None:
    """Exercise 1 on a board, chapter by chapter."""
    restored("derivation")
    session.apply_stage_events("derivation")
    work = session.get_state()
    if _untouched(work) and work.place == Place():
        board = _board_of_example(work.example, work.setup.conventions)
    else:
        board = told(work.setup, work.place)
    stage("derivation", board, {"example": work.example, "answer": work.answer, "keep": session.build_keep_payload()})
