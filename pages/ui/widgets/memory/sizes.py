"""Which network is counted: that of the app, a preset, or sizes typed and dragged here."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from mlpcore import ACTIVATIONS, LOSSES
from mlpcore.memory.sizes import DTYPES, MOST_EXAMPLES, MOST_LAYERS, MOST_UNITS, PRESETS, Sizes, read_widths
from pages.ui.state import session
from pages.ui.state.memory_page import OWN, TYPED, Change, MemoryChoice, Subject, ladder, put, resize, sized
from pages.ui.widgets.menu import Menu, draw_menu
from pages.ui.widgets.words import show_errors


def bind_choice(key: str, how: Change, value: object = None, name: str | None = None) -> dict[str, Any]:
    """Give the arguments of a widget that changes the choice; it shows the value if it has one."""
    return {
        "key": session.sync_widget(key, value) if value is not None else key,
        "on_change": session.change,
        "args": (key, how, name),
        "kwargs": {"about": "memory"},
    }


#: Characters of the widths that there is room for above the choice of a network.
_LONGEST = 24


def _flag(value: object) -> bool:
    return value is True


def choose_sizes(choice: MemoryChoice, about: Subject) -> None:
    """Draw preset, depth, width and batch; the rest behind a button."""
    sizes = about.sizes
    names = [OWN, *PRESETS, *([TYPED] if choice.source == TYPED else [])]
    # In the label, where they may change: the browser names a choice by its words, and those have to stay.
    widths = sizes.text if len(sizes.text) <= _LONGEST else f"{sizes.text[:_LONGEST]}…"
    words = {OWN: "current network", TYPED: "sizes chosen here"}
    st.selectbox(
        f"Network: {widths}",
        names,
        format_func=lambda name: words.get(name, name),
        width=230,
        **bind_choice("memory source", put("source"), choice.source),
    )
    st.slider(
        "Layers",
        1,
        MOST_LAYERS,
        width=120,
        **bind_choice("memory depth", resize(about, Sizes.with_depth), sizes.depth),
    )
    st.select_slider(
        "Units in a hidden layer",
        ladder(sizes.hidden, MOST_UNITS),
        format_func="{:,}".format,
        width=180,
        disabled=sizes.depth == 1,
        **bind_choice("memory width", resize(about, Sizes.with_width), sizes.hidden),
    )
    st.select_slider(
        "Examples",
        ladder(sizes.N, MOST_EXAMPLES),
        format_func="{:,}".format,
        width=180,
        **bind_choice("memory batch", resize(about, sized(N=int)), sizes.N),
    )
    draw_menu(Menu("More", partial(_more, about)))
    widgets = (f"memory {name}" for name in ("source", "depth", "width", "batch", "more"))
    show_errors(*widgets, kept=f"Still {sizes.text}, examples: {sizes.N:,}.")


def _more(about: Subject) -> None:
    """Draw what is typed: in a popover, so under keys that change with the value."""
    sizes = about.sizes
    fresh = partial(session.make_widget_key)

    def arguments(name: str, value: object, how) -> dict:
        return bind_choice(fresh(f"memory {name}", value), resize(about, how), name="memory more")

    st.text_input("Widths, input to output", sizes.text, **arguments("widths", sizes.text, sized(widths=_widths)),
                  help="784-512-256-10, or 128 x 17 for seventeen equal ones: sixteen layers.")  # fmt: skip
    st.text_input("Examples", str(sizes.N), **arguments("N", sizes.N, sized(N=_whole)))
    for label, name, options in (
        ("Numbers", "dtype", list(DTYPES)),
        ("Activation of the hidden layers", "activation", list(dict.fromkeys((*ACTIVATIONS, sizes.activation)))),
        ("Loss", "loss", list(LOSSES)),
    ):
        value = getattr(sizes, name)
        chosen = arguments(name, value, sized(**{name: str}))
        st.selectbox(label, options, options.index(value), format_func=_title, **chosen)
    st.checkbox("Biases", sizes.biases, **arguments("biases", sizes.biases, sized(biases=_flag)))


def _title(name: str) -> str:
    return LOSSES[name].title if name in LOSSES else name


def _widths(text: object) -> tuple[int, ...]:
    return read_widths(str(text))


def _whole(text: str) -> int:
    digits = str(text).strip().replace(",", "")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 12:
        raise ValueError(f"“{str(text)[:20]}” is not a whole number")
    return int(digits)
