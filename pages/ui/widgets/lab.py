"""What is typed and chosen in the laboratory of exercise 3: logits, labels, and where they come from."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from mlpcore import Setup, Z, logits
from mlpcore.exchange import read_matrix
from mlpcore.logits import LABS, Lab
from mlpcore.losses import SoftmaxHinge
from mlpcore.notation import O
from mlpcore.setup import classes, with_loss
from pages.ui.state import session
from pages.ui.widgets.menu import Menu
from pages.ui.widgets.words import complain


def choose_lab() -> None:
    """Logits and labels that each show one thing; what has another size by now is called by that."""
    now, chosen = session.get_state().lab, session.get_state().lab_example
    own = now.logits.shape != LABS[chosen].lab.logits.shape
    st.selectbox(
        "Logits",
        list(LABS),
        format_func=lambda name: (
            f"Yours: classes {now.classes}, examples {now.N}" if own and name == chosen else LABS[name].title
        ),
        key=session.sync_widget("lab example", session.get_state().lab_example),
        on_change=session.load_lab,
        args=("lab example",),
        label_visibility="collapsed",
        width=240,
    )


def start_lab_again() -> None:
    """The way back to the example as it was."""
    st.button("Start again", on_click=session.load_lab, help="Put logits, labels and margin back as they were.")


def _labels(text: str, count: int) -> list[int]:
    parts = text.replace(",", " ").replace(";", " ").split()
    for part in parts:
        if not (part.isdecimal() and len(part) < 5 and int(part) >= 1):
            raise ValueError(f"“{part[:20]}” is not a class: classes count from 1")
    if len(parts) != count:
        raise ValueError(f"{len(parts)} right classes for {count} examples: one is needed for each column")
    return [int(part) - 1 for part in parts]


def _typed(lab: Lab, _: object, fields: tuple[str, str]) -> Lab:
    text, labels = (str(session.get_widget_value(field) or "") for field in fields)
    o = read_matrix(text) if text.strip() else lab.conventions.lay.convert(O, lab.logits)
    o = lab.conventions.lay.convert(O, o)
    return replace(lab, logits=o, targets=logits.one_hot(_labels(labels, o.shape[1]), len(o)))


def _of_network(lab: Lab, _: object) -> Lab:
    setup = session.get_state().setup
    output = setup.run()[1][Z(setup.net.depth)]
    return replace(lab, logits=setup.conventions.lay.convert(Z(0), output), targets=classes(setup.batch.Y))


def _into_network(setup: Setup, _: object) -> Setup:
    new = with_loss(setup, SoftmaxHinge.name, as_classes=True)
    return replace(new, loss=replace(new.loss, margin=session.get_state().lab.loss.margin))


def _logits() -> None:
    """Other logits and labels, from a paste or from the network, and this loss into it."""
    lab = session.get_lab()
    turned = lab.conventions.lay.transposes(O)
    st.text_area(
        "Paste logits: a row for each " + ("example" if turned else "class, a column for each example"),
        key="pasted logits",
        placeholder="2.0  0.5  -1\n0.1  1.5   3",
        height=120,
    )
    labels = ", ".join(str(k + 1) for k in lab.labels)
    # Other labels in the laboratory, another field; what was typed into this one stays when it is refused.
    fields = ("pasted logits", f"pasted labels={labels}")
    st.text_input("Right class of each example", labels, key=fields[1])
    st.button(
        "Use these",
        type="primary",
        on_click=session.change,
        args=(None, partial(_typed, fields=fields), "pasted"),
        kwargs={"about": "lab"},
    )
    complain("pasted")
    there = session.get_state().setup.loss == session.get_state().lab.loss
    with st.container(horizontal=True):
        st.button(
            "Take the network's output",
            help="Z_L of the network on the other pages; the largest target of each example is its class.",
            on_click=session.change,
            args=(None, _of_network, "taken"),
            kwargs={"about": "lab"},
        )
        st.button(
            "Use this loss in the network",
            help="The hinge on probabilities with this margin becomes the loss of every page; the largest target of "
            "each example becomes 1, the others 0.",
            disabled=there,
            on_click=session.change,
            args=(None, _into_network, "given"),
        )
    if there:
        st.caption(f"It is the loss of every page, with m = {lab.loss.margin:g}. Undo brings back the one before.")
    for name in ("taken", "given"):
        complain(name)


def lab_conventions() -> list[str]:
    """The choices in force that a hinge meets."""
    return session.get_state().setup.conventions.sentences(relu=False, hinge=True)


LOGITS = Menu("Logits", _logits, typed=("pasted logits",))
