"""Undo, redo and the link: three small buttons on every page, and their keyboard shortcuts.

After an edit, which reruns only the stage, the stage updates them in the browser.
"""

from __future__ import annotations

import streamlit as st

from pages.ui.server.assets import script

_mount = st.components.v2.component(
    "mlpscope_tools",
    html='<div class="tools" role="toolbar" aria-label="Undo, redo, link, help">\n</div>',
    js=script("toolbar"),
)


def draw_toolbar(key: str, keep: dict) -> None:
    """Draw them. The event `do` is component state under `key`."""
    _mount(key=key, data=[keep], on_do_change=lambda: None, width="content")
