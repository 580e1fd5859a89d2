"""Which network is counted: that of the app, a preset, or sizes typed and dragged here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from mlpcore import ACTIVATIONS, LOSSES
from mlpcore.memory.sizes import DTYPES, MOST_EXAMPLES, MOST_LAYERS, MOST_UNITS, PRESETS, Sizes, read_widths
from pages.ui.state.memory_page import OWN, TYPED, MemoryChoice, Subject, ladder
from pages.ui.state.validation import read_whole_number
from pages.ui.widgets.bound import Change, bind, bind_in_menu, choose, put
from pages.ui.widgets.menu import Menu, draw_menu
from pages.ui.widgets.words import show_errors

#: Characters of the widths that there is room for above the choice of a network.
_LONGEST = 24


def choose_sizes(choice: MemoryChoice, about: Subject) -> None:
    """Draw preset, depth, width and batch; the rest behind a button."""
    sizes = about.sizes
    words = {OWN: "current network"} | {name: name for name in PRESETS}
    if choice.source == TYPED:
        words[TYPED] = "sizes chosen here"
    # In the label, where they may change: the browser names a choice by its words, and those have to stay.
    widths = sizes.text if len(sizes.text) <= _LONGEST else f"{sizes.text[:_LONGEST]}…"
    choose("memory", "source", st.selectbox, f"Network: {widths}", words=words, width=230)
    st.slider(
        "Layers",
        1,
        MOST_LAYERS,
        width=120,
        **bind("memory depth", sizes.depth, resize(about, Sizes.with_depth), "memory"),
    )
    st.select_slider(
        "Units in a hidden layer",
        ladder(sizes.hidden, MOST_UNITS),
        format_func="{:,}".format,
        width=180,
        disabled=sizes.depth == 1,
        **bind("memory width", sizes.hidden, resize(about, Sizes.with_width), "memory"),
    )
    st.select_slider(
        "Examples",
        ladder(sizes.N, MOST_EXAMPLES),
        format_func="{:,}".format,
        width=180,
        **bind("memory batch", sizes.N, resize(about, put("N")), "memory"),
    )
    draw_menu(Menu("More", partial(_more, about)))
    widgets = (f"memory {name}" for name in ("depth", "width", "batch", "more"))
    show_errors(*widgets, kept=f"Still {sizes.text}, examples: {sizes.N:,}.")


def resize(about: Subject, change: Change) -> Change:
    """Make the change to other sizes, made from those that are shown; they are typed ones from then on."""
    return lambda choice, value: replace(choice, source=TYPED, sizes=change(about.sizes, value))


def _more(about: Subject) -> None:
    """Draw what is typed: in a popover, so under keys that change with the value."""
    sizes = about.sizes

    def bound(field: str, value: object, read: Callable[[Any], Any]) -> dict[str, Any]:
        how = resize(about, lambda sizes, value: replace(sizes, **{field: read(value)}))
        return bind_in_menu(f"memory {field}", value, how, "memory", "memory more")

    st.text_input("Widths, input to output", sizes.text, **bound("widths", sizes.text, lambda x: read_widths(str(x))),
                  help="784-512-256-10, or 128 x 17 for seventeen equal ones: sixteen layers.")  # fmt: skip
    st.text_input("Examples", str(sizes.N), **bound("N", sizes.N, lambda x: read_whole_number(x, MOST_EXAMPLES)))
    for label, field, options in (
        ("Numbers", "dtype", list(DTYPES)),
        ("Activation of the hidden layers", "activation", list(dict.fromkeys((*ACTIVATIONS, sizes.activation)))),
        ("Loss", "loss", list(LOSSES)),
    ):
        value = getattr(sizes, field)
        st.selectbox(label, options, options.index(value), format_func=_title, **bound(field, value, str))
    st.checkbox("Biases", sizes.biases, **bound("biases", sizes.biases, bool))


def _title(name: str) -> str:
    return LOSSES[name].title if name in LOSSES else name
