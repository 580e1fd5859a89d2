"""The stages of the pages, each in a fragment: an edit reruns only it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from mlpcore import EXAMPLES, SCHEDULES, one_pass
from mlpcore.setups import same
from pages.ui import session
from pages.ui.stage.chapters import told
from pages.ui.stage.score import score
from pages.ui.stage.stage import stage


def _look(work: session.Work) -> str:
    example = EXAMPLES[work.example]
    if not same(work.setup, replace(example.setup, conventions=work.setup.conventions)):
        return f"Your own numbers, begun from “{example.title}”."
    return " ".join(filter(None, (example.look, example.source)))


def _played(work: session.Work) -> tuple[str | tuple, str]:
    """The schedule, and what is to be said of it: a plan under a budget may fit no longer after an edit."""
    setup = work.setup
    try:
        one_pass(setup.net, setup.loss, work.schedule, setup.conventions, setup.batch.N)
    except ValueError as error:
        return next(iter(SCHEDULES)), f"{str(error)[:1].upper()}{str(error)[1:]}. Every matrix is kept instead."
    return work.schedule, ""


def _payload(kind: str) -> dict:
    work = session.current()
    schedule, said = _played(work)
    return {
        **score(work.setup, schedule),
        "kind": kind,
        "example": work.example,
        "look": said or _look(work),
        "cursor": {"rev": work.rev, "step": work.step},
        "answer": work.answer,
        "keep": session.kept(),
    }


def restored(name: str) -> None:
    """What the browser kept from a session before this one concerns every widget of the page."""
    if session.take_restored(name):
        st.rerun()


@st.fragment
def player() -> None:
    """One equation at a time. An edit reruns this fragment only."""
    restored("player")
    session.take_reports("player")
    stage("player", _payload("player"))


@st.fragment
def wall() -> None:
    """The whole pass at a glance; a matrix opens its step."""
    restored("wall")
    if session.take_reports("wall"):
        st.switch_page("pages/1_Step_through.py")
    stage("wall", _payload("wall"))


@st.fragment
def derivation() -> None:
    """Exercise 1 on a board, chapter by chapter."""
    restored("derivation")
    session.take_reports("derivation")
    work = session.current()
    payload = told(work.setup, work.place)
    stage("derivation", {**payload, "example": work.example, "answer": work.answer, "keep": session.kept()})
