"""The stages of the pages, each in a fragment, so that an edit reruns only its stage."""

from __future__ import annotations

import json
from functools import lru_cache

import streamlit as st

from mlpcore import EXAMPLES, SCHEDULES, Conventions, Schedule
from pages.ui.components.stage.chapters import build_derivation_payload
from pages.ui.components.stage.payload import build_held_change, build_pass_payload, join_json
from pages.ui.components.stage.stage import draw_stage
from pages.ui.state import session
from pages.ui.state.app_state import AppState, make_example_setup
from pages.ui.state.place import Place
from pages.ui.state.steps_taken import find_kept, run_pass
from pages.ui.widgets.choices import name_network

#: What a stage may ask to open -> the page.
_PAGES = {"step": "pages/1_Step_through.py", "why": "pages/2_Derivation.py", "check": "pages/5_Check.py"}


@lru_cache(maxsize=64)
def _build_example_pass(example: str, conventions: Conventions, schedule: Schedule) -> str:
    """Return `_build_pass` of an example: what a whole class asks for when it comes in at once."""
    return _build_pass(AppState(make_example_setup(example, conventions), example, schedule))


@lru_cache(maxsize=64)
def _build_example_board(example: str, conventions: Conventions) -> str:
    """Return the JSON of the board that the derivation page opens with."""
    return json.dumps(build_derivation_payload(make_example_setup(example, conventions), Place()))


def _build_pass(state: AppState) -> str:
    """Return the JSON of a pass and of what to look at in it, or that an edit has outgrown the schedule's budget."""
    update = state.training.step_optimiser, find_kept(state)
    try:
        payload, remark = build_pass_payload(state.setup, state.schedule, *update), ""
    except ValueError as error:
        payload = build_pass_payload(state.setup, next(iter(SCHEDULES.values())), *update)
        remark = f"{str(error)[:1].upper()}{str(error)[1:]}. Every matrix is kept instead."
    return join_json(payload, {"look": remark or describe_network(state)})


def build_pass(state: AppState) -> str:
    """Return `_build_pass`, which is kept for an example that was not changed."""
    if state.is_example_unchanged and not state.training.step_optimiser:
        return _build_example_pass(state.example, state.setup.conventions, state.schedule)
    return _build_pass(state)


def describe_network(state: AppState) -> str:
    """Say what the network is, and what of its example's remarks holds for it."""
    example, unchanged = EXAMPLES[state.example], state.is_example_unchanged
    source = example.source if unchanged else ""
    name = "" if unchanged else f"{name_network(state)}."
    is_plain = not state.training.step_optimiser and state.schedule == next(iter(SCHEDULES.values()))
    remarks = example.describe(state.setup, None if is_plain else run_pass(state))
    return " ".join(filter(None, (name, remarks, source)))


def _apply_events(stage: str) -> None:
    """Apply what happened on a stage, and open the page that it asks for."""
    apply_restore(stage)
    before = session.get_state()
    if asked := session.apply_stage_events(stage):
        st.switch_page(_PAGES[asked])
    if session.get_state().is_example_unchanged != before.is_example_unchanged:
        st.rerun()  # the title of the page names the network


@st.fragment
def draw_pass(kind: str) -> None:
    """Draw the pass as a "wall", at a glance, or as a "player", one equation at a time; that is the stage's key too."""
    _apply_events(kind)
    state = session.get_state()
    of = state.setup, state.schedule, state.example, state.training
    payload = session.build_once("pass", of, lambda: build_pass(state))
    more = {
        "kind": kind,
        "example": state.example,
        "cursor": {"rev": state.rev, "step": state.step},
        "answer": state.answer,
        "held": build_held_change(state.setup, session.read_held_cell(kind)),
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
def draw_derivation() -> None:
    """Draw exercise 1 on a board, chapter by chapter."""
    _apply_events("derivation")
    state = session.get_state()

    def build() -> str:
        if state.place == Place() and state.is_example_unchanged:
            return _build_example_board(state.example, state.setup.conventions)
        return json.dumps(build_derivation_payload(state.setup, state.place))

    payload = session.build_once("board", (state.setup, state.place), build)
    more = {"example": state.example, "answer": state.answer, "keep": session.build_keep_payload()}
    draw_stage("derivation", payload, more)
