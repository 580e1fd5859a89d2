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
    """Draw the choice of an example."""
    state = session.get_state()
    own = [] if state.is_example_unchanged else [OWN]
    st.selectbox(
        "Example",
        [*own, *EXAMPLES],
        format_func=lambda name: name_network(state) if name == OWN else EXAMPLES[name].title,
        key=session.sync_widget("example", OWN if own else state.example),
        on_change=session.load_example,
        args=("example",),
        label_visibility="collapsed",
        width=196,
    )


def draw_restart_button() -> None:
    """Draw the button that brings the example back as it was."""
    st.button(
        "Start again",
        on_click=session.load_example,
        help=escape_markdown(f"Back to “{EXAMPLES[session.get_state().example].title}” as it was; conventions stay."),
    )


def choose_loss() -> None:
    """Draw the choice of a loss; one that the targets do not fit is refused (see `show_loss_error`)."""
    name = session.get_state().setup.loss.name
    key = session.make_widget_key("loss", name)
    st.selectbox(
        "Loss",
        list(LOSSES),
        list(LOSSES).index(name),
        format_func=lambda name: LOSSES[name].title,
        key=key,
        on_change=session.change,
        args=(key, with_loss, "loss"),
    )
    show_loss_error("in the menu")
    _offer_fitting_output()


def _offer_fitting_output() -> None:
    """Offer the loss and the last layer that fit each other, with the reason, where the present ones do not."""
    if found := fit_output(session.get_state().setup):
        fitted, why = found
        st.caption(escape_markdown(why))
        st.button(
            f"Take {fitted.loss.short} with identity in the last layer",
            key="fit output",
            on_click=session.change,
            args=(None, lambda setup, _: (fit_output(setup) or (setup, ""))[0], "loss"),
        )


def choose_penalty() -> None:
    """Draw the choice of a penalty on the parameters; its strength is a number of the pass, edited there too."""
    loss = session.get_state().setup.loss
    kind, amount, biases = st.columns([3, 2, 2], vertical_alignment="bottom")
    with kind:
        options = [None, *PENALTIES]
        _choose_of_loss(
            partial(st.selectbox, "Penalty", options, options.index(loss.penalty), format_func=lambda p: p or "none"),
            "penalty",
            loss.penalty,
        )
    if loss.penalty:
        with amount:
            _choose_of_loss(partial(st.text_input, "Strength λ", f"{loss.strength:g}"), "strength", loss.strength)
        with biases:
            _choose_of_loss(
                partial(st.checkbox, "Biases too", loss.penalises_biases), "penalises_biases", loss.penalises_biases
            )
    show_errors("penalty", "strength", "penalises_biases")


def _choose_of_loss(draw: Callable[..., Any], field: str, now: Any) -> None:
    key = session.make_widget_key(field, now)
    draw(key=key, on_change=session.change, args=(key, partial(_with_field_of_loss, field=field), field))


def _with_field_of_loss(setup: Setup, value: Any, field: str) -> Setup:
    value = read_numeral(str(value))[0] if field == "strength" else value
    return replace(setup, loss=replace(setup.loss, **{field: value}))


def show_loss_error(where: str = "on the page") -> None:
    """Show why a chosen loss does not fit the targets, and offer to make them fit.

    Args:
        where: the menu covers the page, so it shows this as well, with a button of another key.
    """
    notice = session.get_notice("loss")
    if not notice:
        return
    text, name = notice
    text += f". The loss is still “{session.get_state().setup.loss.title}”."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error(escape_markdown(text))
        if _fits_as_classes(name):
            st.button(
                "Turn the targets into classes" if LOSSES[name].one_hot else "Turn the targets into 0 and 1",
                key=f"as classes {where}",
                help="For each example the largest entry of Y becomes 1, the others 0."
                if LOSSES[name].one_hot
                else "Entries of Y above the middle of its range become 1, the others 0.",
                on_click=session.change,
                args=(None, lambda setup, _: with_loss(setup, name, as_classes=True), "loss"),
            )


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
    key = session.make_widget_key("schedule", now)
    st.selectbox(
        "Cached for the backward pass",
        offered,
        offered.index(now),
        key=key,
        on_change=session.choose_schedule,
        args=(key,),
        help="\n\n".join(f"**{s.name}**: {s.why}" for s in SCHEDULES.values()),
    )


# --- conventions -----------------------------------------------------------------------------

_KINK = {0.0: "0", 0.5: "½", 1.0: "1"}
_TIE = {True: "≥ 0", False: "> 0"}


def _with_convention(setup: Setup, value: Any, field: str) -> Setup:
    return replace(setup, conventions=replace(setup.conventions, **{field: value}))


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
    words = words if value in words else words | {value: str(value)}  # from a link or a file
    key = session.make_widget_key(field, value)
    st.selectbox(
        label,
        list(words),
        list(words).index(value),
        format_func=words.__getitem__,
        key=key,
        on_change=session.change,
        args=(key, partial(_with_convention, field=field), field),
    )


def list_conventions() -> list[str]:
    """List the conventions in force that matter for the present network."""
    setup = session.get_state().setup
    sentences = setup.conventions.sentences(setup.net.shape.activations, hinge=margin in setup.inputs())
    if setup.loss.penalty:
        what = "weights and biases" if setup.loss.penalises_biases else "weights"
        sentences.append(
            f"Loss and gradients carry a penalty of the {what} ({setup.loss.penalty}); "
            "the page Derivation explains the loss on the data."
        )
    return sentences


CONVENTIONS = Menu("Conventions", partial(_draw_conventions, lab=False))
LAB_CONVENTIONS = Menu("Conventions", partial(_draw_conventions, lab=True))
