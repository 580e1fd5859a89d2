"""What widgets say: text that is safe to show, and complaints beside what was wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import streamlit as st

from pages.ui import session


def escaped(text: str) -> str:
    """Our own prose has underscores and stars that are symbols, and what it quotes may hold any: not markup."""
    return re.sub(r"([\\`*_\[\]<>$~:#|!])", r"\\\1", text)


def complain(widget: str) -> None:
    """What was wrong with the last use of a widget, if anything was."""
    if wrong := session.notice(widget):
        st.error(escaped(wrong[0]))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> None:
    """A small table of words, quicker than a dataframe; the first `left` columns are set left, the others right."""
    marks = [":--" if n < left else "--:" for n in range(len(head))]
    lines = [head, marks, *rows]
    st.markdown("\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines))
