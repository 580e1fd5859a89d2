"""Menus: popovers whose content is made only while they are open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.ui.state import session


@dataclass(frozen=True)
class Menu:
    """A popover under a button.

    Attributes:
        fill: draws its content.
        text_fields: keys of widgets whose text outlasts its closing.
    """

    label: str
    fill: Callable[[], None]
    text_fields: tuple[str, ...] = ()


# A fragment that is due makes a page that reconnects to a restarted server ask for a run at once; otherwise
# it would show numbers of an ended session until the next click. Twice a day is enough for that.
@st.fragment(run_every=43_200)
def draw_menus(*menus: Menu) -> None:
    """Draw the menus of a page side by side.

    They are closed most of the time, so their widgets are made only when opened. Opening and closing reruns
    this fragment alone; a choice inside reruns the page. One fragment for all costs as much as three widgets.
    """
    if session.is_page_outdated():
        st.rerun()
    for menu in menus:
        draw_menu(menu)


def draw_menu(menu: Menu, make: Callable[..., Any] = st.popover) -> None:
    """Draw one menu, in the fragment that its choices concern, as what `make` makes: a popover or an expander."""
    container = make(menu.label, key=f"menu {menu.label}", on_change="rerun")
    if container.open:
        with container:
            menu.fill()
    else:
        session.keep_widget_values(*menu.text_fields)
