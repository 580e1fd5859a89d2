"""How every page opens and closes: title, navigation, menus; the conventions at its foot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import streamlit as st

from pages.ui.components.toolbar.toolbar import draw_toolbar
from pages.ui.state import session
from pages.ui.widgets.files import FILE
from pages.ui.widgets.menu import Menu, draw_menus

#: Every page, in the order it is offered: file, label.
PAGES = {
    "app.py": "Overview",
    "pages/1_Step_through.py": "Step through",
    "pages/2_Derivation.py": "Derivation",
    "pages/3_Hinge_loss.py": "Hinge loss",
    "pages/4_Memory_and_speed.py": "Memory and speed",
    "pages/5_Check.py": "Check",
    "pages/6_Training.py": "Training",
}

# Streamlit leaves room for the button of a sidebar and for long pages; these are one screen.
_BRAND = """
<h1 class="mlp-brand">MLPScope<span>: {page}</span></h1>
<style>
  /* On a large screen all that is written grows, as the numbers do. */
  html { font-size: clamp(16px, min(0.94vw, 1.67vh), 40px); }
  h1.mlp-brand { font-size: 1rem; font-weight: 700; padding: 0; margin: 0; line-height: 1.2; }
  .mlp-brand span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .block-container, .stMainBlockContainer { padding: 0.6rem 1.4rem 1rem; max-width: none; }
  .stAppHeader { background: transparent; height: 2.6rem; }
  .stMainBlockContainer > div { gap: 0.5rem; }
  /* One row of controls; where it is tight, the name stands above them. */
  @media (max-width: 1439px) {
    .block-container, .stMainBlockContainer { padding-top: 1.05rem; position: relative; }
    .stMainBlockContainer > div { gap: 0.25rem; }
    div:has(> .stHtml > .mlp-brand) { position: absolute; top: 0.05rem; left: 1.7rem; }
    h1.mlp-brand { font-size: 0.72rem; }
    [data-testid="stPageLink"] a { padding: 0.25rem 0.3rem; }
    [data-testid="stPageLink"] a p { font-size: 0.82rem; }
  }
  @media (min-width: 1700px) {
    .stElementContainer:is(.st-key-example, .st-key-lab-example) { width: 17rem; flex-basis: 17rem; }
  }
  /* The menus are a fragment, and Streamlit lets those grow and sets what is in them below one another. */
  div:has(> .stVerticalBlock > [class*="st-key-menu-"] > .stPopover) { flex: 0 0 auto; width: auto; min-width: 0; }
  .stVerticalBlock:has(> [class*="st-key-menu-"] > .stPopover) { flex-direction: row; width: auto; gap: 0.25rem; }
  /* It brings Plotly to pages that may draw no chart yet. */
  .st-key-plotly-loader { position: absolute; width: 1px; height: 1px; overflow: hidden; visibility: hidden; }
  [data-testid="stPageLink"] a:focus-visible { outline: 3px solid #9857c4; outline-offset: -3px; }
  /* Streamlit writes white on the theme's colour, which in the dark is a light one. */
  [data-testid="stBaseButton-primary"], [data-testid="stMultiSelect"] :has(> span[title]) {
    background: #7b3fa0; color: #fff;
  }
  [data-testid="stCaptionContainer"] { color: inherit; opacity: 0.8; }
  /* Streamlit fades after half a second what a rerun has not drawn yet: dragging a slider would make it flicker. */
  .stElementContainer[data-stale="true"] { transition-delay: 3s; }
  .stMarkdown table :is(td, th) { padding: 0.14rem 0.6rem; }
  .mlp-table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  .mlp-table :is(td, th) { padding: 0.14rem 0.6rem; text-align: right; border: 1px solid rgba(128, 128, 128, 0.25); }
  .mlp-table :is(td, th):first-child { text-align: left; }
  .mlp-table :is(th, .strong td) { font-weight: 600; }
  .stHtml:has(.mlp-table) { overflow-x: auto; }
  @media (max-width: 760px) {
    .stMainBlockContainer { padding: 1.05rem 0.6rem 1rem; }
  }
  /* Where Streamlit sets columns below one another, what is drawn stands above its settings. */
  @media (max-width: 640px) {
    .stColumn:has(.st-key-training-settings) { order: 1; }
  }
  @media (max-width: 760px), (max-height: 520px) {
    /* The controls stay one row, which scrolls sideways. */
    div:has(> div > .stHtml > .mlp-brand) { flex-wrap: nowrap; overflow-x: auto; }
    div:has(> .stHtml > .mlp-brand) ~ div { flex: none; }
  }
</style>
"""


@cache
def _make_links() -> list[tuple[st.Page, str]]:
    """Return the pages of the navigation, made once: given only a name, Streamlit looks for its file each time."""
    return [(st.Page(file, default=file == "app.py"), name) for file, name in PAGES.items()]


@contextmanager
def open_page(label: str, *menus: Menu, file: Menu = FILE, charts: bool = False) -> Iterator[None]:
    """Draw the navigation; what the page draws in the `with` block stands beside it.

    Args:
        label: the page's name in `PAGES`.
        menus: the page's menus, after its own controls.
        file: the menu of what goes out and in.
        charts: whether the page has charts.
    """
    # Some hosts start every app with error details shown; this setting overrides theirs.
    st.set_option("client.showErrorDetails", "none")
    session.apply_toolbar_event("tools")
    session.begin_page()
    st.set_page_config(page_title=f"{label} · MLPScope", page_icon="🔬", layout="wide")
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
        st.html(_BRAND.replace("{page}", label), width="content")
        for page, name in _make_links():
            st.page_link(page, label=name, width="content")
        yield
        draw_menus(*menus, file)
        draw_toolbar("tools", session.build_keep_payload())
    if charts:
        # Imported only here, because it imports plotly.
        from pages.ui.components.chart.chart import load_plotly

        load_plotly()


def close_page(conventions: list[str]) -> None:
    """Draw the foot of a page: the conventions in force, and a message if an event could not be handled."""
    if conventions:
        st.caption(" ".join(conventions).replace("_", r"\_"))
    if session.take_widgets_discarded():
        st.toast("What came last could not be taken. Everything that was entered before it is still here.")
