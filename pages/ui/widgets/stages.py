"""The stages of the pages, each in a fragment, so that an edit reruns only its stage."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import streamlit as st

from mlpcore import EXAMPLES, SCHEDULES, Conventions, Schedule, Setup
from mlpcore.setup import same
from pages.ui.components.stage.chapters import build_derivation_payload
from pages.ui.components.stage.payload import Json, build_pass_payload
from pages.ui.components.stage.stage import draw_stage
from pages.ui.state import session
from pages.ui.state.app_state import AppState
from pages.ui.state.place import Place


def _is_unchanged(state: AppState) -> bool:
    """Tell whether every number is still the example's."""
    return same(state.setup, _make_example_setup(state.example, state.setup.conventions))


def _make_example_setup(example: str, conventions: Conventions) -> Setup:
    return replace(EXAMPLES[example].setup, conventions=conventions)


@lru_cache(maxsize=64)
def _build_example_pass(example: str, conventions: Conventions, schedule: Schedule) -> tuple[str, str]:
    """Return `_build_pass` of an example as JSON: what a whole class asks for when it comes in at once."""
    payload, remark = _build_pass(_make_example_setup(example, conventions), schedule)
    return json.dumps(payload), remark


@lru_cache(maxsize=64)
def _build_example_board(example: str, conventions: Conventions) -> str:
    """Return the JSON of the board that the derivation page opens with."""
    return json.dumps(build_derivation_payload(_make_example_setup(example, conventions), Place()))


def _build_pass(setup: Setup, schedule: Schedule) -> tuple[Json, str]:
    """Return the payload of a pass, and a remark if an edit has outgrown the byte budget of its schedule."""
    try:
        return build_pass_payload(setup, schedule), ""
    except ValueError as error:
        remark = f"{str(error)[:1].upper()}{str(error)[1:]}. Every matrix is kept instead."
        return build_pass_payload(setup, next(iter(SCHEDULES.values()))), remark


def _draw_pass(kind: str) -> None:
    """Draw the pass on a stage of this kind, which is also its key."""
    state = session.get_state()
    example = EXAMPLES[state.example]
    payload: Json | str
    if _is_unchanged(state):
        payload, remark = _build_example_pass(state.example, state.setup.conventions, state.schedule)
        look = " ".join(filter(None, (example.look, example.source)))
    else:
        payload, remark = _build_pass(state.setup, state.schedule)
        look = f"Your own numbers, begun from “{example.title}”."
    more = {
        "kind": kind,
        "example": state.example,
        "look": remark or look,
        "cursor": {"rev": state.rev, "step": state.step},
        "answer": state.answer,
        "keep": session.build_keep_payload(),
    }
    draw_stage(kind, payload, more)


def apply_restore(stage: str) -> None:
    """Rerun the page if the browser brought back the state of an earlier session, which concerns every widget."""
    if session.apply_restore_event(stage):
        st.rerun()


def draw_silent_stage() -> None:
    """Draw a stage without matrices, for a page that has no other: it sends the browser what to keep."""
    apply_restore("silent")
    draw_stage("silent", {"kind": "silent", "keep": session.build_keep_payload()})


@st.fragment
def draw_player() -> None:
    """Draw the pass one equation at a time."""
    apply_restore("player")
    session.apply_stage_events("player")
    _draw_pass("player")


@st.fragment
def draw_wall() -> None:
    """Draw the whole pass at a glance; a matrix opens its step."""
    apply_restore("wall")
    if session.apply_stage_events("wall"):
        st.switch_page("pages/1_Step_through.py")
    _draw_pass("wall")


@st.fragment
def draw_derivation() -> None:
    """Draw exercise 1 on a board, chapter by chapter."""
    apply_restore("derivation")
    session.apply_stage_events("derivation")
    state = session.get_state()
    payload: Json | str
    if state.place == Place() and _is_unchanged(state):
        payload = _build_example_board(state.example, state.setup.conventions)
    else:
        payload = build_derivation_payload(state.setup, state.place)
    more = {"example": state.example, "answer": state.answer, "keep": session.build_keep_payload()}
    draw_stage("derivation", payload, more)
