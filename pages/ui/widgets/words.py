"""What widgets say: text that is safe to show, and complaints beside what was wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from pages.ui.state import session


def escaped(text: str) -> str:
    """Our own prose has underscores and stars that are symbols, and what it quotes may hold any: not markup."""
    return re.sub(r"([\\`*_\[\]<>$~:#|!])", r"\\\1", text)


def complain(*widgets: str) -> None:
    """What was wrong with the last use of these widgets, if anything was."""
    notices = session.get_state().notices
    for widget in widgets:
        if wrong := notices.get(widget):
            st.error(escaped(wrong[0]))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], strong: Sequence[str] = ()) -> None:
    """A small table of plain words and numbers, quicker than a dataframe and than Markdown.

    Args:
        strong: the first cells of rows that are set bold.
    """

    def line(cells: Sequence[str], tag: str) -> str:
        inner = escape("\t".join(cells)).replace("\t", f"</{tag}><{tag}>")
        return f"<tr{' class=strong' if cells[0] in strong else ''}><{tag}>{inner}</{tag}></tr>"

    body = "".join(line(row, "td") for row in rows)
    st.html(f'<table class="mlp-table"><thead>{line(head, "th")}</thead><tbody>{body}</tbody></table>')
