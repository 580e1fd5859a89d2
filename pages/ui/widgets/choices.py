"""What is chosen on top of a page: example, loss, schedule, conventions."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from mlpcore import EXAMPLES, LAYOUTS, LOSSES, SCALES, SCHEDULES, Setup, margin
from mlpcore.schedules import find
from mlpcore.setup import with_loss
from pages.ui.state import session
from pages.ui.widgets.menu import Menu
from pages.ui.widgets.words import escaped


def choose_example() -> None:
    """The gallery, with one sentence on what to look at in the chosen one."""
    work = session.get_state()
    st.selectbox(
        "Example",
        list(EXAMPLES),
        format_func=lambda name: EXAMPLES[name].title,
        key=session.sync_widget("example", work.example),
        on_change=session.load_example,
        args=("example",),
        label_visibility="collapsed",
        width=236,
    )


def start_again() -> None:
    """The way back to the example as it was."""
    st.button(
        "Start again",
        on_click=session.load_example,
        help="Put every number of the example back as it was; conventions stay.",
    )


def choose_loss() -> None:
    """The losses; where the targets do not fit, see `loss_complaint`."""
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


def loss_complaint() -> None:
    """Where a chosen loss cannot read the targets: why, and the way to make them fit."""
    wrong = session.get_notice("loss")
    if not wrong:
        return
    text, tried = wrong
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error(escaped(text))
        if _turnable(tried):
            st.button(
                "Turn the targets into classes",
                help="For each example the largest entry of Y becomes 1, the others 0.",
                on_click=session.change,
                args=(None, lambda setup, _: with_loss(setup, tried, as_classes=True), "loss"),
            )


def _turnable(tried: object) -> bool:
    """Whether the loss that was tried would be taken with targets turned into classes."""
    try:
        with_loss(session.get_state().setup, tried, as_classes=True)
    except (ValueError, KeyError, TypeError):
        return False
    return True


def choose_schedule() -> None:
    """What stays cached between the forward and the backward pass."""
    now = session.get_state().schedule
    # A schedule that was built on the page Memory has no name in the registry.
    offered = list(dict.fromkeys([*SCHEDULES, now]))
    key = session.make_widget_key("schedule", now)
    st.selectbox(
        "Keep for the backward pass",
        offered,
        offered.index(now),
        format_func=lambda name: find(name).name,
        key=key,
        on_change=session.choose_schedule,
        args=(key,),
        help="\n\n".join(f"**{s.name}**: {s.why}" for s in SCHEDULES.values()),
    )


# --- conventions -----------------------------------------------------------------------------

_KINK = {0.0: "0", 0.5: "½", 1.0: "1"}
_TIE = {True: "≥ 0", False: "> 0"}


def _convention(setup: Setup, value: object, field: str) -> Setup:
    return replace(setup, conventions=replace(setup.conventions, **{field: value}))


def _conventions(lab: bool) -> None:
    """Every formula, matrix and check on every page follows.

    Args:
        lab: the page is about the laboratory's loss and not about the network's.
    """
    setup = session.get_state().setup
    now, loss = setup.conventions, session.get_lab().loss if lab else setup.loss
    scales = {None: f"{loss.scale}: {loss.short}, as published", **{name: f"{name} for every loss" for name in SCALES}}
    _choice("Examples are", "layout", {name: f"{name}: {lay.equation}" for name, lay in LAYOUTS.items()}, now.layout)
    _choice("In front of the sum over examples", "scale", scales, now.scale)
    if not lab and any(layer.f.corner for layer in setup.net.layers):
        _choice("relu'(0)", "at_kink", _KINK, now.at_kink)
    if margin in loss.constants():
        _choice("A rival class is active where its gap to the right one is", "at_tie", _TIE, now.at_tie)


def _choice(label: str, field: str, words: dict, value: object) -> None:
    words = words if value in words else words | {value: str(value)}  # by a link or a file
    key = session.make_widget_key(field, value)
    st.selectbox(
        label,
        list(words),
        list(words).index(value),
        format_func=words.get,
        key=key,
        on_change=session.change,
        args=(key, partial(_convention, field=field), field),
    )


def conventions() -> list[str]:
    """The choices in force, where mathematics leaves one, that the present network meets."""
    setup = session.get_state().setup
    relu = any(layer.f.corner for layer in setup.net.layers)
    return setup.conventions.sentences(relu, hinge=margin in setup.inputs())


CONVENTIONS = Menu("Conventions", partial(_conventions, lab=False))
LAB_CONVENTIONS = Menu("Conventions", partial(_conventions, lab=True))
