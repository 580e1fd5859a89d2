"""How every page opens: title, navigation, and the conventions at its foot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import streamlit as st

from pages.ui.components.toolbar.toolbar import tools
from pages.ui.state import session
from pages.ui.widgets.files import FILE
from pages.ui.widgets.menu import Menu, menus

#: Every page, in the order it is offered: file, label.
PAGES = {
    "app.py": "Whole pass",
    "pages/1_Step_through.py": "Step through",
    "pages/2_Derivation.py": "Derivation",
    "pages/3_Hinge_loss.py": "Hinge loss",
    "pages/4_Memory_and_speed.py": "Memory",
}

# Streamlit leaves room for a sidebar's button and for long pages; ours are one screen.
_BRAND = """
<b class="mlp-brand">MLPScope</b>
<style>
  .block-container, .stMainBlockContainer { padding: 0.6rem 1.4rem 1rem; max-width: none; }
  .stAppHeader { background: transparent; height: 2.6rem; }
  .stMainBlockContainer > div { gap: 0.5rem; }
  /* One row of controls; where it is tight, the name is the first to go. */
  @media (max-width: 1399px) { div:has(> .stHtml > .mlp-brand) { display: none; } }
  /* The menus are a fragment, and Streamlit lets those grow and sets what is in them below one another. */
  div:has(> .stVerticalBlock > [class*="st-key-menu-"]) { flex: 0 0 auto; width: auto; min-width: 0; }
  .stVerticalBlock:has(> [class*="st-key-menu-"]) { flex-direction: row; width: auto; gap: 0.25rem; }
  /* It brings Plotly to pages that may draw no chart yet. */
  .st-key-plotly-loader { position: absolute; width: 1px; height: 1px; overflow: hidden; visibility: hidden; }
  .stMarkdown table :is(td, th) { padding: 0.14rem 0.6rem; }
  .mlp-table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  .mlp-table :is(td, th) { padding: 0.14rem 0.6rem; text-align: right; border: 1px solid rgba(128, 128, 128, 0.25); }
  .mlp-table :is(td, th):first-child { text-align: left; }
  .mlp-table :is(th, .strong td) { font-weight: 600; }
  .stHtml:has(.mlp-table) { overflow-x: auto; }
  @media (max-width: 640px) { .stMainBlockContainer { padding: 2.4rem 0.6rem 1rem; } }
</style>
"""


@cache
def _links() -> list[tuple[st.Page, str]]:
    """What the navigation leads to: Streamlit looks a file up on the disk each time that it is only named."""
    return [(st.Page(file, default=file == "app.py"), name) for file, name in PAGES.items()]


@contextmanager
def open_page(label: str, *offered: Menu, charts: bool = False) -> Iterator[None]:
    """The first line of every page: navigation, and beside it the page's own controls.

    Args:
        label: the page's own name in `PAGES`.
        offered: the page's menus, that stand after its controls.
        charts: whether the page draws any.
    """
    # Some hosts start every app with details shown; what is set here wins.
    st.set_option("client.showErrorDetails", "none")
    session.apply_toolbar_event("tools")
    session.begin_page()
    st.set_page_config(page_title=f"{label} · MLPScope", page_icon="🔬", layout="wide")
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
        st.html(_BRAND, width="content")
        for page, name in _links():
            st.page_link(page, label=name, width="content")
        yield
        menus(*offered, FILE)
        tools("tools", session.build_keep_payload())
    if charts:
        # Only where they are needed: the first of them loads plotly.
        from pages.ui.components.chart.chart import open_charts

        open_charts()


def close_page(conventions: list[str]) -> None:
    """The last line of every page: choices made where mathematics leaves one."""
    st.caption(" ".join([*conventions, "Layers count from 1."]).replace("_", r"\_"))
    if session.take_widgets_discarded():
        st.toast("What came last could not be taken. Everything that was entered before it is still here.")
