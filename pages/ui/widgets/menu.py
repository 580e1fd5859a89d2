"""Buttons with something behind them, which is made only while it is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.ui.state import session


@dataclass(frozen=True)
class Menu:
    """A button; `fill` draws what is behind it. What was typed into the widgets `typed` outlasts its closing."""

    label: str
    fill: Callable[[], None]
    typed: tuple[str, ...] = ()


# Twice a day it runs by itself: where something is due, a page that finds its server again asks for
# a run. Else it would wait for the next click, with numbers of a session that is gone.
@st.fragment(run_every=43_200)
def menus(*offered: Menu) -> None:
    """The menus of a page, side by side.

    Most visitors look behind none of them most of the time, and a field that nobody sees costs
    as much as one that is seen. Opening and closing reruns this fragment alone; a choice in it
    concerns the page, and reruns that. One fragment for all: each costs as much as three widgets.
    """
    if session.is_page_outdated():
        st.rerun()
    for menu in offered:
        show(menu)


def show(menu: Menu) -> None:
    """One menu, in whatever fragment its choices concern."""
    behind = st.popover(menu.label, key=f"menu {menu.label}", on_change="rerun")
    if behind.open:
        with behind:
            menu.fill()
    else:
        session.keep_widget_values(*menu.typed)
