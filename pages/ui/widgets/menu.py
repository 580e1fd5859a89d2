"""A button with something behind it, which is made only while it is open."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.ui import session


@st.fragment
def menu(label: str, fill: Callable[[], None], typed: tuple[str, ...] = ()) -> None:
    """A button; `fill` draws what is behind it. What was typed into the widgets `typed` outlasts its closing.

    Most visitors look behind none of them most of the time, and a field that nobody sees costs
    as much as one that is seen. Opening and closing reruns this fragment alone; a choice in it
    concerns the page, and reruns that.
    """
    if session.stale():
        st.rerun()
    behind = st.popover(label, key=f"menu {label}", on_change="rerun")
    if behind.open:
        with behind:
            fill()
    else:
        session.hold(*typed)
