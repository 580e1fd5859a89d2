"""The shape of the network: sizes, activations and biases, layer by layer."""

from __future__ import annotations

from functools import partial

import streamlit as st

from mlpcore import ACTIVATIONS, Setup
from mlpcore.setup import MAX_DEPTH, MAX_EXAMPLES, MAX_WIDTH, resized
from pages.ui.state import session
from pages.ui.widgets.choices import choose_loss, choose_schedule
from pages.ui.widgets.menu import Menu
from pages.ui.widgets.words import complain


def _whole(text: object, top: int) -> int:
    text = str(text)
    if not text.strip().isdecimal() or len(text) > 9 or not 1 <= int(text) <= top:
        raise ValueError(f"“{text[:20]}” is not a whole number from 1 to {top}")
    return int(text)


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


def _network() -> None:
    """The loss, what is kept for the backward pass, and the layers."""
    choose_loss()
    choose_schedule()
    _layers()


def _layers() -> None:
    """Sizes, activations and biases, layer by layer. What still fits is kept."""
    setup = session.get_state().setup
    net = setup.net

    def asked(name: str, value: object, how: object) -> dict:
        key = session.make_widget_key(name, value)
        return {"key": key, "on_change": session.change, "args": (key, how, name)}

    def size(label: str, name: str, value: int, top: int, how: object) -> None:
        # A text field: a number field turns what is no number into its smallest one, silently.
        st.text_input(label, str(value), **asked(name, value, lambda setup, text: how(setup, _whole(text, top))))

    left, right = st.columns(2)
    with left:
        size("Inputs", "width 0", net.widths[0], MAX_WIDTH, partial(_width, layer=0))
        complain("width 0")
    with right:
        size("Examples", "examples", setup.batch.N, MAX_EXAMPLES, _examples)
        complain("examples")
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
        complain(name)
    with st.container(horizontal=True):
        for label, by, possible in (("Add a layer", 1, net.depth < MAX_DEPTH), ("Remove a layer", -1, net.depth > 1)):
            st.button(
                label, disabled=not possible, on_click=session.change, args=(None, partial(_depth, by=by), "depth")
            )
    complain("depth")


NETWORK = Menu("Network", _network)
