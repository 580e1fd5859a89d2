"""How every page opens: title, navigation, and the conventions at its foot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pages.ui import session
from pages.ui.tools.tools import tools
from pages.ui.widgets.files import file_menu

#: Every page, in the order it is offered: file, label.
PAGES = {
    "app.py": "Whole pass",
    "pages/1_Step_through.py": "Step through",
    "pages/2_Derivation.py": "Derivation",
    "pages/3_Hinge_loss.py": "Hinge loss",
    "pages/4_Memory_and_speed.py": "Memory",
}

# Streamlit leaves room for a sidebar's button and for long pages; ours are one screen.
_STYLE = """
<style>
  .block-container, .stMainBlockContainer { padding: 0.6rem 1.4rem 1rem; max-width: none; }
  .stAppHeader { background: transparent; height: 2.6rem; }
  .stMainBlockContainer > div { gap: 0.5rem; }
  /* One row of controls; where it is tight, the name is the first to go. */
  @media (max-width: 1399px) { div:has(> .st-key-brand) { display: none; } }
  /* A menu is a fragment, and Streamlit lets those grow: no wider than its button. */
  div:has(> .stVerticalBlock > [class*="st-key-menu-"]) { flex: 0 0 auto; width: auto; min-width: 0; }
  .stMarkdown table :is(td, th) { padding: 0.14rem 0.6rem; }
  .mlp-table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  .mlp-table :is(td, th) { padding: 0.14rem 0.6rem; text-align: right; border: 1px solid rgba(128, 128, 128, 0.25); }
  .mlp-table :is(td, th):first-child { text-align: left; }
  .mlp-table :is(th, .strong td) { font-weight: 600; }
  .stHtml:has(.mlp-table) { overflow-x: auto; }
  @media (max-width: 640px) { .stMainBlockContainer { padding: 2.4rem 0.6rem 1rem; } }
</style>
"""


@contextmanager
def open_page(label: str, charts: bool = False) -> Iterator[None]:
    """The first line of every page: navigation, and beside it the page's own controls.

    Args:
        label: the page's own name in `PAGES`.
        charts: whether the page draws any.
    """
    # Some hosts start every app with details shown; what is set here wins.
    st.set_option("client.showErrorDetails", "none")
    session.take_tools("tools")
    session.drawn()
    st.set_page_config(page_title=f"{label} · MLPScope", page_icon="🔬", layout="wide")
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
        with st.container(key="brand", width="content"):
            st.markdown("**MLPScope**", width="content")
        for file, name in PAGES.items():
            st.page_link(file, label=name, width="content")
        yield
        file_menu()
        tools("tools", session.kept())
    if charts:
        # Only where they are needed: the first of them loads plotly.
        from pages.ui.chart.chart import open_charts

        open_charts()
    _ask_again()


@st.fragment(run_every=43_200)
def _ask_again() -> None:
    """Nothing, twice a day: where something is due, a page that finds its server again asks for a run.

    Else it would wait for the next click, with numbers of a session that is gone.
    """


def close_page(conventions: list[str]) -> None:
    """The last line of every page: choices made where mathematics leaves one."""
    st.caption(" ".join([*conventions, "Layers count from 1."]).replace("_", r"\_"))
