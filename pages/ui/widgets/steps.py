"""Take the step: the updated parameters become the parameters."""

from __future__ import annotations

import streamlit as st

from pages.ui.state import session
from pages.ui.state.steps_taken import StepsTaken, find_steps
from pages.ui.widgets.words import escape_markdown, show_errors

_NUMBER = "number of steps"


def draw_steps() -> None:
    """Draw the buttons that take steps, and how many were taken."""
    taken = find_steps(session.get_state())
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Take the step", on_click=session.take_steps, args=(1,), help="W and b become their new values.")
        for count in (10, 100):
            st.button(f"Take {count}", on_click=session.take_steps, args=(count,))
        st.number_input(_NUMBER, 1, None, 1000, key=_NUMBER, label_visibility="collapsed", width=110, step=100)
        st.button("Take so many", on_click=session.take_chosen_steps, args=(_NUMBER,))
        if taken:
            st.button("Rewind to the start", on_click=session.rewind_steps)
            st.markdown(escape_markdown(_describe(taken)))
    show_errors("steps")


def _describe(taken: StepsTaken) -> str:
    steps = "1 step" if taken.count == 1 else f"{taken.count:,} steps"
    text = f"{steps} taken. In the last one L went from {taken.before:.5g} to {taken.after:.5g}"
    return f"{text}: it made the loss larger." if taken.after > taken.before else f"{text}."
