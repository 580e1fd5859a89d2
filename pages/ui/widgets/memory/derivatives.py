"""The chapter Z only: for every activation whether its output determines its derivative, and why."""

from __future__ import annotations

import streamlit as st

from mlpcore import figures
from mlpcore.equations.activations import CELLWISE
from mlpcore.schedules.derivative_from_output import explain
from pages.ui.components.chart.chart import draw_chart
from pages.ui.state import session
from pages.ui.state.memory_page import MemoryChoice, Subject
from pages.ui.widgets.bound import choose
from pages.ui.widgets.words import escape_markdown


def draw_derivatives(choice: MemoryChoice, about: Subject) -> None:
    """Show that f' over Z is a function, or that it is not."""
    at_kink = session.get_state().setup.conventions.at_kink
    name = choice.activation
    choose("memory", "activation", st.pills, "Activation", list(CELLWISE), label_visibility="collapsed")
    here = explain(name, at_kink)
    draw_chart(
        "slope", figures.derivative_over_output(name, at_kink), f"{name} over S, and its derivative over its output"
    )
    if here.enough:
        st.markdown(
            escape_markdown(f"Left: Z = f(S). Right: every Z has one derivative. {here.why} S need not be stored.")
        )
    elif here.counterexample is None:
        st.markdown(escape_markdown(f"Left: Z = f(S). Right: f' over Z. {here.why}"))
    else:
        st.markdown(
            escape_markdown(
                f"Left: one Z, two S. Right: over that Z stand two derivatives, so f' is no function of Z. {here.why}"
            )
        )
    # Markdown, for the formulas.
    head = ["| activation | f' computable from Z? | f' from Z, or why not |", "|:--|:--|:--|"]
    st.markdown("\n".join([*head, *(f"| {' | '.join(_row(n, at_kink))} |" for n in CELLWISE)]))


def _row(name: str, at_kink: float) -> tuple[str, str, str]:
    t = explain(name, at_kink)
    latex = t.latex.replace("|", r"\vert ")  # a stroke would end the cell of the table
    why = (f"${latex}$" if latex else t.why) if t.enough else escape_markdown(t.why.partition(": ")[2])
    return name, "yes" if t.enough else "**no**" if t.counterexample else "not known", why
