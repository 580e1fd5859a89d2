"""Streamlit widgets over mlpcore values, and the two stages. No page builds its own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from mlpcore import ACTIVATIONS, EXAMPLES, LAYOUTS, LOSSES, SCALES, SCHEDULES, Setup, margin
from mlpcore.setups import MAX_DEPTH, MAX_EXAMPLES, MAX_WIDTH, resized, with_loss
from pages.ui import session
from pages.ui.stage.chapters import told
from pages.ui.stage.score import score
from pages.ui.stage.stage import stage


def _whole(text: str, top: int) -> int:
    if not text.strip().isdecimal() or len(text) > 9 or not 1 <= int(text) <= top:
        raise ValueError(f"“{text[:20]}” is not a whole number from 1 to {top}")
    return int(text)


def _complain(widget: str) -> None:
    if wrong := session.notice(widget):
        st.error(_escaped(wrong[0]))


def choose_example() -> None:
    """The gallery, with one sentence on what to look at in the chosen one."""
    work = session.current()
    st.selectbox(
        "Example",
        list(EXAMPLES),
        format_func=lambda name: EXAMPLES[name].title,
        key=session.show("example", work.example),
        on_change=session.load_example,
        args=("example",),
        label_visibility="collapsed",
        width=240,
    )


def start_again() -> None:
    """The way back to the example as it was."""
    st.button(
        "Start again",
        on_click=session.load_example,
        help="Put every number of the example back as it was; conventions stay.",
    )


def _escaped(text: str) -> str:
    """Our own prose has underscores and stars that are symbols, not markup."""
    return text.replace("_", r"\_").replace("*", r"\*")


def choose_loss() -> None:
    """The losses; where the targets do not fit, a message and the way to make them fit."""
    work = session.current()
    st.selectbox(
        "Loss",
        list(LOSSES),
        format_func=lambda name: LOSSES[name].title,
        key=session.show("loss", work.setup.loss.name),
        on_change=session.change,
        args=("loss", with_loss),
        label_visibility="collapsed",
        width=210,
    )


def loss_complaint() -> None:
    """Where a chosen loss cannot read the targets: why, and the way to make them fit."""
    wrong = session.notice("loss")
    if not wrong:
        return
    text, tried = wrong
    with st.container(horizontal=True, vertical_alignment="center"):
        st.error(_escaped(text))
        st.button(
            "Turn the targets into classes",
            help="For each example the largest entry of Y becomes 1, the others 0.",
            on_click=session.change,
            args=(None, lambda setup, _: with_loss(setup, tried, as_classes=True), "loss"),
        )


def choose_schedule() -> None:
    """What stays cached between the forward and the backward pass."""
    work = session.current()
    st.selectbox(
        "Keep for the backward pass",
        list(SCHEDULES),
        format_func=lambda name: f"Memory: {name}",
        key=session.show("schedule", work.schedule),
        on_change=session.choose_schedule,
        args=("schedule",),
        label_visibility="collapsed",
        width=250,
        help="\n\n".join(f"**{s.name}**: {s.why}" for s in SCHEDULES.values()),
    )


# --- the shape of the network ----------------------------------------------------------------


def _shape(setup: Setup) -> dict:
    net = setup.net
    return {
        "widths": net.widths,
        "N": setup.batch.N,
        "activations": tuple(layer.activation for layer in net.layers),
        "biases": tuple(layer.b is not None for layer in net.layers),
    }


def _put(values: tuple, place: int, value: object) -> tuple:
    return (*values[:place], value, *values[place + 1 :])


def _width(setup: Setup, value: int, layer: int) -> Setup:
    return resized(setup, **_shape(setup) | {"widths": _put(setup.net.widths, layer, value)})


def _examples(setup: Setup, value: int) -> Setup:
    return resized(setup, **_shape(setup) | {"N": value})


def _activation(setup: Setup, value: str, layer: int) -> Setup:
    shape = _shape(setup)
    return resized(setup, **shape | {"activations": _put(shape["activations"], layer - 1, value)})


def _bias(setup: Setup, value: bool, layer: int) -> Setup:
    shape = _shape(setup)
    return resized(setup, **shape | {"biases": _put(shape["biases"], layer - 1, value)})


def _depth(setup: Setup, _: object, by: int) -> Setup:
    """One layer more or fewer, below the last one, which keeps its width and activation."""
    shape = _shape(setup)
    if by > 0:
        grown = {
            "widths": (*shape["widths"][:-1], 3, shape["widths"][-1]),
            "activations": (*shape["activations"][:-1], "relu", shape["activations"][-1]),
            "biases": (*shape["biases"], shape["biases"][-1]),
        }
    else:
        grown = {
            "widths": (*shape["widths"][:-2], shape["widths"][-1]),
            "activations": (*shape["activations"][:-2], shape["activations"][-1]),
            "biases": shape["biases"][:-1],
        }
    return resized(setup, **shape | grown)


def edit_layers() -> None:
    """Behind a button: sizes, activations and biases, layer by layer. What still fits is kept."""
    setup = session.current().setup
    net = setup.net

    def asked(name: str, value: object, how: object) -> dict:
        key = session.fresh(name, value)
        return {"key": key, "on_change": session.change, "args": (key, how, name)}

    def size(label: str, name: str, value: int, top: int, how: object) -> None:
        # A text field: a number field turns what is no number into its smallest one, silently.
        st.text_input(label, str(value), **asked(name, value, lambda setup, text: how(setup, _whole(text, top))))

    left, right = st.columns(2)
    with left:
        size("Inputs", "width 0", net.widths[0], MAX_WIDTH, partial(_width, layer=0))
        _complain("width 0")
    with right:
        size("Examples", "examples", setup.batch.N, MAX_EXAMPLES, _examples)
        _complain("examples")
    for number, layer in enumerate(net.layers, start=1):
        units, f, bias = st.columns([2, 3, 2], vertical_alignment="bottom")
        with units:
            name = f"width {number}"
            size(f"Units of layer {number}", name, net.widths[number], MAX_WIDTH, partial(_width, layer=number))
        with f:
            how = partial(_activation, layer=number)
            names = list(ACTIVATIONS)
            chosen = names.index(layer.activation)
            st.selectbox("Activation", names, chosen, **asked(f"activation {number}", layer.activation, how))
        with bias:
            has = layer.b is not None
            st.checkbox("Biases", has, **asked(f"bias {number}", has, partial(_bias, layer=number)))
        _complain(name)
    with st.container(horizontal=True):
        for label, by, possible in (("Add a layer", 1, net.depth < MAX_DEPTH), ("Remove a layer", -1, net.depth > 1)):
            st.button(
                label, disabled=not possible, on_click=session.change, args=(None, partial(_depth, by=by), "depth")
            )
    _complain("depth")


# --- the stages ------------------------------------------------------------------------------


def _look(work: session.Work) -> str:
    example = EXAMPLES[work.example]
    if work.setup != replace(example.setup, conventions=work.setup.conventions):
        return f"Your own numbers, begun from “{example.title}”."
    return " ".join(filter(None, (example.look, example.source)))


def _payload(kind: str) -> dict:
    work = session.current()
    return {
        **score(work.setup, work.schedule),
        "kind": kind,
        "example": work.example,
        "look": _look(work),
        "cursor": {"rev": work.rev, "step": work.step},
        "answer": work.answer,
    }


@st.fragment
def player() -> None:
    """One equation at a time. An edit reruns this fragment only."""
    session.take_reports("player")
    stage("player", _payload("player"))


@st.fragment
def wall() -> None:
    """The whole pass at a glance; a matrix opens its step."""
    if session.take_reports("wall"):
        st.switch_page("pages/1_Step_through.py")
    stage("wall", _payload("wall"))


@st.fragment
def derivation() -> None:
    """Exercise 1 on a board, chapter by chapter."""
    session.take_reports("derivation")
    work = session.current()
    payload = told(work.setup, work.place)
    stage("derivation", {**payload, "example": work.example, "answer": work.answer})


# --- conventions -----------------------------------------------------------------------------

_KINK = {0.0: "0", 0.5: "½", 1.0: "1"}
_TIE = {True: "≥ 0", False: "> 0"}


def _convention(setup: Setup, value: object, field: str) -> Setup:
    return replace(setup, conventions=replace(setup.conventions, **{field: value}))


def choose_conventions() -> None:
    """Behind a button: every formula, matrix and check on every page follows."""
    setup = session.current().setup
    now = setup.conventions
    scales = {None: f"{setup.loss.scale}, as this loss is published", **{name: name for name in SCALES}}
    with st.popover("Conventions"):
        _choice("Examples are", "layout", {name: f"{name}: {lay.says}" for name, lay in LAYOUTS.items()}, now.layout)
        _choice("In front of the sum over examples", "scale", scales, now.scale)
        if any(layer.f.corner for layer in setup.net.layers):
            _choice("relu'(0)", "at_kink", _KINK, now.at_kink)
        if margin in setup.inputs():
            _choice("A rival class is active where its gap to the right one is", "at_tie", _TIE, now.at_tie)


def _choice(label: str, field: str, words: dict, value: object) -> None:
    key = session.fresh(field, value)
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
    setup = session.current().setup
    relu = any(layer.f.corner for layer in setup.net.layers)
    return setup.conventions.sentences(relu, hinge=margin in setup.inputs())
