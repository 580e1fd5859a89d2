"""Text in widgets: escaped prose, errors beside the widget they concern, small tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from pages.ui.state import session


def escape_markdown(text: str) -> str:
    """Escape all markup: underscores and stars are symbols in our prose, and quoted input may hold anything."""
    return re.sub(r"([\\`*_\[\]<>$~:#|!])", r"\\\1", text)


def show_errors(*widgets: str, kept: str = "") -> None:
    """Show what was wrong with the last use of these widgets, if anything was, and what is still in force."""
    for widget in widgets:
        if notice := session.get_notice(widget):
            st.error(escape_markdown(f"{notice[0]}. {kept}" if kept else notice[0]))


def draw_table(head: Sequence[str], rows: Iterable[Sequence[str]], strong: Sequence[str] = ()) -> None:
    """Draw a small table of plain words and numbers, faster than a dataframe or Markdown.

    Args:
        strong: the first cells of the rows to set bold.
    """

    def line(cells: Sequence[str], tag: str) -> str:
        inner = escape("\t".join(cells)).replace("\t", f"</{tag}><{tag}>")
        return f"<tr{' class=strong' if cells[0] in strong else ''}><{tag}>{inner}</{tag}></tr>"

    body = "".join(line(row, "td") for row in rows)
    st.html(f'<table class="mlp-table"><thead>{line(head, "th")}</thead><tbody>{body}</tbody></table>')
