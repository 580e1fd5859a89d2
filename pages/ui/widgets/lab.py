"""What is typed and chosen in the laboratory of exercise 3: logits and labels."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from mlpcore import Setup, Z, exchange, logits
from mlpcore.logits import LABS, Lab
from mlpcore.losses import SoftmaxHinge, classes
from mlpcore.notation import O
from mlpcore.setup import with_loss
from pages.ui.state import session
from pages.ui.widgets.bound import on_click
from pages.ui.widgets.menu import Menu
from pages.ui.widgets.uploads import draw_choice
from pages.ui.widgets.words import show_errors


def choose_lab() -> None:
    """Draw the choice of example logits and labels, and the button that brings them back as they were.

    Logits of another size are named by their size.
    """
    now, chosen = session.get_state().lab, session.get_state().lab_example
    titles = {name: example.title for name, example in LABS.items()}
    if now.logits.shape != LABS[chosen].lab.logits.shape:
        titles[chosen] = f"Yours: classes {now.classes}, examples {now.N}"
    st.selectbox(
        "Logits",
        list(titles),
        format_func=titles.__getitem__,
        key=session.sync_widget("lab example", chosen),
        on_change=session.load_lab,
        args=("lab example",),
        label_visibility="collapsed",
        width=204,
    )
    st.button("Start again", on_click=session.load_lab, help="Put logits, labels and margin back as they were.")


def _read_labels(text: str, count: int) -> list[int]:
    parts = text.replace(",", " ").replace(";", " ").split()
    for part in parts:
        if not (part.isdecimal() and len(part) < 5 and int(part) >= 1):
            raise ValueError(f"“{part[:20]}” is not a class: classes count from 1")
    if len(parts) != count:
        raise ValueError(f"{len(parts)} true classes for {count} examples: one is needed for each column")
    return [int(part) - 1 for part in parts]


def _with_typed_logits(lab: Lab, fields: tuple[str, str], choice: tuple[str, int]) -> Lab:
    """Take logits and labels from their fields.

    Args:
        choice: a text that can be read in several ways, and the number of the one that was chosen.
    """
    text, labels = (str(session.get_widget_value(field) or "") for field in fields)
    o = lab.conventions.lay.convert(O, lab.logits)
    if text.strip():
        readings = _list_readings(text, o.shape)
        if len(readings) > 1 and choice[0] != text:
            raise exchange.AmbiguousTextError(readings)
        o = readings[choice[1] if len(readings) > 1 else 0].values
    o = lab.conventions.lay.convert(O, o)
    return replace(lab, logits=o, targets=logits.one_hot(_read_labels(labels, o.shape[1]), len(o)))


def _list_readings(text: str, shape: tuple[int, ...]) -> list[exchange.WrittenMatrix]:
    """List the ways to read a text; the one of this shape alone, where there is one."""
    readings = exchange.list_readings(text)
    return [reading for reading in readings if reading.shape == shape][:1] or readings


def _choose_reading(text: str, shape: tuple[int, ...]) -> tuple[str, int]:
    """Ask how a text is meant that can be read in several ways; return it and the number of the reading."""
    try:
        readings = _list_readings(text, shape)
    except ValueError:  # the reason stands beside the button
        readings = []
    if len(readings) < 2:
        return "", 0
    titles = list(map(exchange.describe_reading, readings))
    return text, titles.index(draw_choice("Read it as", titles))


def _take_network_output(lab: Lab) -> Lab:
    setup = session.get_state().setup
    output = setup.run()[1][Z(setup.net.depth)]
    return replace(lab, logits=setup.conventions.lay.convert(Z(0), output), targets=classes(setup.batch.Y))


def _put_loss_into_network(setup: Setup) -> Setup:
    return replace(with_loss(setup, SoftmaxHinge.name, as_classes=True), loss=session.get_state().lab.loss)


def _draw_logits() -> None:
    """Draw the menu that takes logits and labels from a paste or the network, and this loss into the network."""
    lab = session.get_lab()
    turned = lab.conventions.lay.transposes(O)
    text = st.text_area(
        "Paste logits: a row for each " + ("example" if turned else "class, a column for each example"),
        key="pasted logits",
        placeholder="2.0  0.5  -1\n0.1  1.5   3",
        height=120,
    )
    choice = _choose_reading(text or "", lab.inputs()[O].shape)
    labels = ", ".join(str(k + 1) for k in lab.labels)
    # Other labels in the laboratory make another field; refused text stays in this one.
    fields = ("pasted logits", f"pasted labels={labels}")
    st.text_input("True class of each example", labels, key=fields[1])
    st.button(
        "Apply",
        type="primary",
        **on_click(partial(_with_typed_logits, fields=fields, choice=choice), "pasted", "lab"),
    )
    show_errors("pasted")
    in_use = session.get_state().setup.loss == session.get_state().lab.loss
    with st.container(horizontal=True):
        st.button(
            "Take the network's output",
            help="Z_L of the network on the other pages; the largest target of each example is its class.",
            **on_click(_take_network_output, "taken", "lab"),
        )
        st.button(
            "Use this loss in the network",
            help="The hinge on probabilities with this margin becomes the loss of every page; the largest target of "
            "each example becomes 1, the others 0.",
            disabled=in_use,
            **on_click(_put_loss_into_network, "given"),
        )
    if in_use:
        st.caption(f"It is the loss of every page, with m = {lab.loss.margin:g}. Undo brings back the one before.")
    show_errors("taken", "given")


def list_lab_conventions() -> list[str]:
    """List the conventions in force that matter for a hinge."""
    state = session.get_state()
    return state.setup.conventions.sentences(None, state.lab.loss)


LOGITS = Menu("Logits", _draw_logits, text_fields=("pasted logits",))
