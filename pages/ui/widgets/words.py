"""What widgets say: text that is safe to show, and complaints beside what was wrong."""

from __future__ import annotations

import re

import streamlit as st

from pages.ui import session


def escaped(text: str) -> str:
    """Our own prose has underscores and stars that are symbols, and what it quotes may hold any: not markup."""
    return re.sub(r"([\\`*_\[\]<>$~:#|!])", r"\\\1", text)


def complain(widget: str) -> None:
    """What was wrong with the last use of a widget, if anything was."""
    if wrong := session.notice(widget):
        st.error(escaped(wrong[0]))
