"""What is chosen at the top of a page: example, loss, schedule, conventions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from mlpcore import EXAMPLES, LAYOUTS, LOSSES, PENALTIES, SCALES, SCHEDULES, Setup, margin
from mlpcore.exchange.numerals import read_numeral
from mlpcore.setup import fit_output, with_loss
from pages.ui.state import session
from pages.ui.state.app_state import AppState
from pages.ui.widgets.bound import bind_in_menu, choose_in_menu, on_click
from pages.ui.widgets.menu import Menu
from pages.ui.widgets.words import escape_markdown, show_errors

#: Offered in place of an example's name once something was edited, so that no title stands over other numbers.
OWN = "your network"


def name_network(state: AppState) -> str:
    """Name what is on the pages: an example, what was begun from it and still has weights of it, or neither."""
    example = EXAMPLES[state.example]
    if state.is_example_unchanged:
        return example.title
    pairs = zip(state.setup.net.layers, example.net.layers, strict=False)
    has_begun_there = any(np.array_equal(mine.W, its.W) for mine, its in pairs)
    return f"Your network, begun from “{example.title}”" if has_begun_there else "Your network"


def choose_example() -> None:
    """Draw the choice of an example, and the button that brings it back as it was."""
    state = session.get_state()
    titles = {name: example.title for name, example in EXAMPLES.items()}
    if not state.is_example_unchanged:
        titles = {OWN: name_network(state)} | titles
    st.selectbox(
        "Example",
        list(titles),
        format_func=titles.__getitem__,
        key=session.sync_widget("example", state.example if state.is_example_unchanged else OWN),
        on_change=session.load_example,
        args=("example",),
        label_visibility="collapsed",
        width=196,
    )
    words = escape_markdown(f"Back to “{titles[state.example]}” as it was; conventions stay.")
    st.button("Start again", on_click=session.load_example, help=words)


def choose_loss() -> None:
    """Draw the choice of a loss; one that the targets do not fit is refused (see `_show_loss_error`)."""
    titles = {name: kind.title for name, kind in LOSSES.items()}
    choose_in_menu("Loss", titles, "loss", session.get_state().setup.loss.name, with_loss)
    _show_loss_error()
    _offer_fitting_output()


def _offer_fitting_output() -> None:
    """Offer the loss and the last layer that fit each other, with the reason, where the present ones do not."""
    if found := fit_output(session.get_state().setup):
        fitted, why = found
        st.caption(escape_markdown(why))
        label = f"Take {fitted.loss.short} with identity in the last layer"
        st.button(label, key="fit output", **on_click(lambda setup: (fit_output(setup) or (setup, ""))[0], "loss"))


def choose_penalty() -> None:
    """Draw the choice of a penalty on the parameters; its strength is a number of the pass, edited there too."""
    loss = session.get_state().setup.loss

    def bound(field: str, read: Callable[[Any], Any] = lambda value: value) -> dict[str, Any]:
        def change(setup: Setup, value: Any) -> Setup:
            return replace(setup, loss=replace(setup.loss, **{field: read(value)}))

        return bind_in_menu(field, getattr(loss, field), change)

    kind, amount, biases = st.columns([3, 2, 2], vertical_alignment="bottom")
    options = [None, *PENALTIES]
    kind.selectbox(
        "Penalty", options, options.index(loss.penalty), format_func=lambda p: p or "none", **bound("penalty")
    )
    if loss.penalty:
        amount.text_input("Strength λ", f"{loss.strength:g}", **bound("strength", lambda x: read_numeral(str(x))[0]))
        biases.checkbox("Biases too", loss.penalises_biases, **bound("penalises_biases"))
    show_errors("penalty", "strength", "penalises_biases")


def _show_loss_error() -> None:
    """Show why a chosen loss does not fit the targets, and offer to make them fit."""
    notice = session.get_notice("loss")
    if not notice:
        return
    text, name = notice
    text += f". The loss is still “{session.get_state().setup.loss.title}”."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error(escape_markdown(text))
        if _fits_as_classes(name):
            label, why = "classes", "For each example the largest entry of Y becomes 1, the others 0."
            if not LOSSES[name].one_hot:
                label, why = "0 and 1", "Entries of Y above the middle of its range become 1, the others 0."
            how = on_click(lambda setup: with_loss(setup, name, as_classes=True), "loss")
            st.button(f"Turn the targets into {label}", key="as classes", help=why, **how)


def _fits_as_classes(name: Any) -> bool:
    """Tell whether a loss fits once the targets are turned into classes."""
    try:
        with_loss(session.get_state().setup, name, as_classes=True)
    except (ValueError, KeyError, TypeError):
        return False
    return True


def choose_schedule() -> None:
    """Draw the choice of what stays cached between the forward and the backward pass."""
    now = session.get_state().schedule.name
    # A schedule with numbers, from the page Memory, has no name in the registry.
    offered = list(dict.fromkeys([*SCHEDULES, now]))
    why = "\n\n".join(f"**{s.name}**: {s.why}" for s in SCHEDULES.values())
    bound = bind_in_menu("schedule", now, lambda _, name: SCHEDULES[name], about="schedule")
    st.selectbox("Cached for the backward pass", offered, offered.index(now), help=why, **bound)


# --- conventions -----------------------------------------------------------------------------

_KINK = {0.0: "0", 0.5: "½", 1.0: "1"}
_TIE = {True: "≥ 0", False: "> 0"}


def _draw_conventions(lab: bool) -> None:
    """Draw the choice of conventions, which every formula, matrix and check on every page follows.

    Args:
        lab: whether the page is about the laboratory's loss instead of the network's.
    """
    setup = session.get_state().setup
    now, loss = setup.conventions, session.get_lab().loss if lab else setup.loss
    scales: dict[str | None, str] = {
        None: f"{loss.c.title} for {loss.short}, as published",
        **{name: f"{scale.title} for every loss" for name, scale in SCALES.items()},
    }
    _draw_convention(
        "Examples are", "layout", {name: f"{lay.title}: {lay.equation}" for name, lay in LAYOUTS.items()}, now.layout
    )
    _draw_convention("Reduction: sum / mean / half mean", "scale", scales, now.scale)
    if not lab and any(layer.f.corner for layer in setup.net.layers):
        _draw_convention("relu'(0)", "at_kink", _KINK, now.at_kink)
    if margin in loss.constants():
        _draw_convention("A competing class is active where its gap to the true one is", "at_tie", _TIE, now.at_tie)


def _draw_convention(label: str, field: str, words: dict[Any, str], value: Any) -> None:
    def change(setup: Setup, value: Any) -> Setup:
        return replace(setup, conventions=replace(setup.conventions, **{field: value}))

    # The present one may be from a link or a file.
    choose_in_menu(label, words | {value: words.get(value, str(value))}, field, value, change)


def list_conventions() -> list[str]:
    """List the conventions in force that matter for the present network."""
    setup = session.get_state().setup
    sentences = setup.conventions.sentences(setup.net.shape.activations, setup.loss)
    if setup.loss.penalty:
        what = "weights and biases" if setup.loss.penalises_biases else "weights"
        sentences.append(
            f"Loss and gradients carry a penalty of the {what} ({setup.loss.penalty}); "
            "the page Derivation explains the loss on the data."
        )
    return sentences


CONVENTIONS = Menu("Conventions", partial(_draw_conventions, lab=False))
LAB_CONVENTIONS = Menu("Conventions", partial(_draw_conventions, lab=True))
