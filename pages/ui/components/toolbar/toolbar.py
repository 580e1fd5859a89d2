"""Undo, redo and the link: three small buttons on every page, and their keys.

What they show they hear from the stage in the browser, because an edit reruns only that.
"""

from __future__ import annotations

import streamlit as st

from pages.ui.server.assets import script

_mount = st.components.v2.component(
    "mlpscope_tools",
    html='<div class="tools" role="toolbar" aria-label="Undo, redo, link">\n</div>',
    js=script("toolbar"),
)


def tools(key: str, kept: dict) -> None:
    """Draw them. What is asked for (`do`) is component state under `key`."""
    _mount(key=key, data=[kept], on_do_change=lambda: None, width="content")
