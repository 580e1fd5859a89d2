"""The laboratory of exercise 4: plan, measure, scaling, and what can be told from Z."""

from __future__ import annotations

import streamlit as st

from pages.ui.state import session
from pages.ui.state.memory_page import CHAPTERS, MemoryChoice, find_subject
from pages.ui.widgets.bound import bind, put
from pages.ui.widgets.memory.derivatives import derivatives
from pages.ui.widgets.memory.measure import measure
from pages.ui.widgets.memory.plan import plan
from pages.ui.widgets.memory.scaling import scaling
from pages.ui.widgets.memory.sizes import choose_sizes
from pages.ui.widgets.stages import draw_silent_stage
from pages.ui.widgets.words import show_errors

__all__ = ["memory", "memory_conventions"]

_CHAPTERS = {"plan": plan, "measure": measure, "scaling": scaling, "slopes": derivatives}


@st.fragment
def memory() -> None:
    """Exercise 4, chapter by chapter. What only counts reruns this fragment and nothing else."""
    work = session.get_state()
    choice: MemoryChoice = work.memory
    about = find_subject(choice, work.setup)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.segmented_control(
            "Chapter",
            list(CHAPTERS),
            format_func=CHAPTERS.__getitem__,
            label_visibility="collapsed",
            width="content",
            **bind("memory chapter", choice.chapter, put("chapter"), "memory"),
        )
        if choice.chapter != "slopes":
            choose_sizes(choice, about)
    show_errors("memory chapter")
    _chapter()


@st.fragment
def _chapter() -> None:
    """Draw a chapter of its own: what is changed in it leaves the sizes above it alone."""
    work = session.get_state()
    choice = work.memory
    _CHAPTERS[choice.chapter](choice, find_subject(choice, work.setup))
    draw_silent_stage()


def memory_conventions() -> list[str]:
    """List what counts as what on this page."""
    return [
        "Bytes are counted from the list of steps: a matrix is there from the step that makes it to the step that "
        "frees it. 1 kB = 1000 B."
    ]
