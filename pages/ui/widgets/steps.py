"""Take the step: the updated parameters become the parameters."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from mlpcore import OPTIMISERS
from pages.ui.state import session
from pages.ui.state.steps_taken import StepsTaken, find_steps
from pages.ui.state.training_page import TrainingChoice
from pages.ui.widgets.bound import bind, choose
from pages.ui.widgets.words import escape_markdown, show_errors

_NUMBER = "number of steps"


def draw_steps() -> None:
    """Draw the buttons that take steps, and how many were taken."""
    state = session.get_state()
    taken, training = find_steps(state), state.training
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Take the step", on_click=session.take_steps, args=(1,), help="W and b become their new values.")
        for count in (10, 100):
            st.button(f"Take {count}", on_click=session.take_steps, args=(count,))
        # A text field, because a number field takes its old number where it refuses what is typed.
        st.text_input(_NUMBER, "1,000", key=_NUMBER, label_visibility="collapsed", width=110)
        st.button("Take so many", on_click=session.take_chosen_steps, args=(_NUMBER,))
        _draw_optimiser(training)
        if state.setup.net.shape.masked:
            choose("training", "redraw", st.toggle, "New dropout masks at every step")
        if taken:
            st.button("Rewind to the start", on_click=session.rewind_steps)
            st.markdown(escape_markdown(_describe(taken)))
    show_errors("steps")


def _draw_optimiser(training: TrainingChoice) -> None:
    titles = {name: kind.title for name, kind in OPTIMISERS.items()}
    first = next(iter(training.optimisers), next(iter(titles)))

    def put_first(choice: TrainingChoice, name: str) -> TrainingChoice:
        return replace(choice, optimisers=(name, *(other for other in choice.optimisers[1:] if other != name)))

    st.selectbox("Optimiser", list(titles), format_func=titles.__getitem__, width=220, label_visibility="collapsed",
                 **bind("step optimiser", first, put_first, "training", "training"))  # fmt: skip


def _describe(taken: StepsTaken) -> str:
    steps = "1 step" if taken.count == 1 else f"{taken.count:,} steps"
    text = f"{steps} taken. In the last one L went from {taken.before:.5g} to {taken.after:.5g}"
    return f"{text}: it made the loss larger." if taken.after > taken.before else f"{text}."
