"""The laboratory of exercise 4: plan, measure, scaling, and what can be told from Z."""

from __future__ import annotations

import streamlit as st

from pages.ui.state import session
from pages.ui.state.memory_page import CHAPTERS, find_subject
from pages.ui.widgets.bound import choose
from pages.ui.widgets.memory.derivatives import draw_derivatives
from pages.ui.widgets.memory.measure import draw_measure
from pages.ui.widgets.memory.plan import draw_plan
from pages.ui.widgets.memory.scaling import draw_scaling
from pages.ui.widgets.memory.sizes import choose_sizes
from pages.ui.widgets.stages import draw_silent_stage
from pages.ui.widgets.words import show_errors

BYTES_CONVENTION = (
    "Bytes are counted from the list of steps: a matrix is there from the step that makes it to the step that "
    "frees it. 1 kB = 1000 B."
)
_CHAPTERS = {"plan": draw_plan, "measure": draw_measure, "scaling": draw_scaling, "slopes": draw_derivatives}


@st.fragment
def draw_memory() -> None:
    """Exercise 4, chapter by chapter. What only counts reruns this fragment and nothing else."""
    state = session.get_state()
    choice = state.memory
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        choose("memory", "chapter", st.segmented_control, "Chapter", words=CHAPTERS, label_visibility="collapsed",
               width="content")  # fmt: skip
        if choice.chapter != "slopes":
            choose_sizes(choice, find_subject(choice, state.setup))
    _draw_chapter()


@st.fragment
def _draw_chapter() -> None:
    """Draw a chapter of its own: what is changed in it leaves the sizes above it alone."""
    state = session.get_state()
    show_errors("memory")
    _CHAPTERS[state.memory.chapter](state.memory, find_subject(state.memory, state.setup))
    draw_silent_stage()
