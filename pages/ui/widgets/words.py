"""What widgets say: text that is safe to show, and complaints beside what was wrong."""

from __future__ import annotations

import streamlit as st

from pages.ui import session


def escaped(text: str) -> str:
    """Our own prose has underscores and stars that are symbols, not markup."""
    return text.replace("_", r"\_").replace("*", r"\*")


def complain(widget: str) -> None:
    """What was wrong with the last use of a widget, if anything was."""
    if wrong := session.notice(widget):
        st.error(escaped(wrong[0]))
