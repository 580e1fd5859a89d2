"""The shape of the network: sizes, activations and biases, layer by layer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from mlpcore import ACTIVATIONS, INITIALISATIONS, Dropout, Network, Setup, initialise
from mlpcore.setup import MAX_DEPTH, MAX_EXAMPLES, MAX_WIDTH, resized
from pages.ui.state import session
from pages.ui.widgets.choices import choose_loss, choose_penalty, choose_schedule
from pages.ui.widgets.menu import Menu
from pages.ui.widgets.words import show_errors


def _read_whole_number(value: object, top: int) -> int:
    text = str(value)  # a browser may send another type than a text field's
    if not text.strip().isdecimal() or len(text) > 9 or not 1 <= int(text) <= top:
        raise ValueError(f"“{text[:20]}” is not a whole number from 1 to {top}")
    return int(text)


def _read_number(value: object) -> float:
    try:
        return float(str(value).strip().replace(",", "."))
    except ValueError:
        raise ValueError(f"“{str(value)[:20]}” is not a number") from None


def _shape(setup: Setup) -> dict:
    net = setup.net
    return {
        "widths": net.widths,
        "N": setup.batch.N,
        "activations": tuple(layer.activation for layer in net.layers),
        "biases": tuple(layer.b is not None for layer in net.layers),
    }


def _with_item(values: tuple, place: int, value: object) -> tuple:
    return (*values[:place], value, *values[place + 1 :])


def _with_width(setup: Setup, value: int, layer: int) -> Setup:
    return resized(setup, **_shape(setup) | {"widths": _with_item(setup.net.widths, layer, value)})


def _with_examples(setup: Setup, value: int) -> Setup:
    return resized(setup, **_shape(setup) | {"N": value})


def _with_activation(setup: Setup, value: str, layer: int) -> Setup:
    shape = _shape(setup)
    return resized(setup, **shape | {"activations": _with_item(shape["activations"], layer - 1, value)})


def _with_parameter(setup: Setup, text: object, layer: int) -> Setup:
    family = setup.net[layer].f.family
    return _with_activation(setup, family.at(_read_number(text)).name, layer) if family else setup


def _with_bias(setup: Setup, value: bool, layer: int) -> Setup:
    shape = _shape(setup)
    return resized(setup, **shape | {"biases": _with_item(shape["biases"], layer - 1, value)})


def _with_dropout(setup: Setup, layer: int, dropout: Dropout | None) -> Setup:
    layers = _with_item(setup.net.layers, layer - 1, replace(setup.net[layer], dropout=dropout))
    return replace(setup, net=Network(layers))


def _with_keep(setup: Setup, text: object, layer: int) -> Setup:
    """Take the probability to keep an output; 1 is no dropout."""
    keep, old = _read_number(text), setup.net[layer].dropout
    return _with_dropout(setup, layer, None if keep == 1 else Dropout(keep, old.seed if old else 0))


def _with_new_mask(setup: Setup, _: object, layer: int) -> Setup:
    old = setup.net[layer].dropout
    return _with_dropout(setup, layer, old and Dropout(old.keep, old.seed + 1))


def _with_depth(setup: Setup, _: object, by: int) -> Setup:
    """Add or remove a layer below the last one, which keeps its width and activation."""
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


def _with_sizes(setup: Setup, text: object) -> Setup:
    """Read sizes such as `3-5-4-3`; the last layer keeps its activation, new ones before it have relu.

    Raises:
        ValueError: it is no list of at least two whole numbers, or one is beyond the limits.
    """
    parts = re.split(r"[-\u2013\u2212,x\u00d7\s]+", str(text).strip())
    if len(parts) < 2:
        raise ValueError("a network has at least an input and an output, as in 3-5-4-3")
    widths = tuple(_read_whole_number(part, MAX_WIDTH) for part in parts)
    shape, depth = _shape(setup), len(widths) - 1
    *hidden, last = shape["activations"]
    activations = (*(hidden + ["relu"] * depth)[: depth - 1], last)
    biases = (shape["biases"] + shape["biases"][-1:] * depth)[:depth]
    return resized(setup, **shape | {"widths": widths, "activations": activations, "biases": biases})


def _with_activations(setup: Setup, name: str) -> Setup:
    return resized(setup, **_shape(setup) | {"activations": (name,) * setup.net.depth})


def _draw_network() -> None:
    """Draw the loss, what is kept for the backward pass, and the layers."""
    choose_loss()
    choose_penalty()
    choose_schedule()
    _draw_layers()
    _draw_initialisation()


def _bind(name: str, value: object, how: Callable) -> dict[str, Any]:
    key = session.make_widget_key(name, value)
    return {"key": key, "on_change": session.change, "args": (key, how, name)}


def _draw_size(label: str, name: str, value: int, top: int, how: Callable) -> None:
    # A text field, because a number field silently turns other text into its smallest number.
    st.text_input(
        label, str(value), **_bind(name, value, lambda setup, text: how(setup, _read_whole_number(text, top)))
    )


def _draw_layers() -> None:
    """Draw sizes, activations and biases, layer by layer. Numbers that still fit are kept."""
    setup = session.get_state().setup
    net = setup.net

    sizes, every = st.columns(2)
    with sizes:
        written = "-".join(map(str, net.widths))
        st.text_input("Sizes, as 3-5-4-3", written, **_bind("sizes", written, _with_sizes))
        show_errors("sizes", kept=f"Sizes: still {written}.")
    with every:
        used = {layer.f.base for layer in net.layers}
        common = list(ACTIVATIONS).index(used.pop()) if len(used) == 1 else None
        key = _bind("activations", common, _with_activations)
        st.selectbox("All activations", list(ACTIVATIONS), common, placeholder="they differ", **key)
        show_errors("activations", kept="The activations are as they were.")
    left, right = st.columns(2)
    with left:
        _draw_size("Inputs", "width 0", net.widths[0], MAX_WIDTH, partial(_with_width, layer=0))
        show_errors("width 0", kept=f"Inputs: still {net.widths[0]}.")
    with right:
        _draw_size("Examples", "examples", setup.batch.N, MAX_EXAMPLES, _with_examples)
        show_errors("examples", kept=f"Examples: still {setup.batch.N}.")
    for number in net.shape.layers:
        _draw_layer(setup, number)
    with st.container(horizontal=True):
        for label, by, possible in (("Add a layer", 1, net.depth < MAX_DEPTH), ("Remove a layer", -1, net.depth > 1)):
            st.button(
                label, disabled=not possible, on_click=session.change, args=(None, partial(_with_depth, by=by), "depth")
            )
    show_errors("depth")


def _draw_layer(setup: Setup, number: int) -> None:
    """Draw units, activation, biases and dropout of a layer."""
    net, layer = setup.net, setup.net[number]
    drop, family = layer.dropout, layer.f.family
    units, f, bias, keep = st.columns([2, 3, 2, 2], vertical_alignment="bottom")
    width, activation, parameter, kept = (f"{name} {number}" for name in ("width", "activation", "parameter", "keep"))
    with units:
        how: Callable = partial(_with_width, layer=number)
        _draw_size(f"Units of layer {number}", width, net.widths[number], MAX_WIDTH, how)
    with f:
        names, name = list(ACTIVATIONS), layer.f.base
        how = partial(_with_activation, layer=number)
        st.selectbox("Activation", names, names.index(name), **_bind(activation, name, how))
        if family:
            value = f"{layer.f.parameter:.12g}"
            how = partial(_with_parameter, layer=number)
            st.text_input(f"{family.name.capitalize()}: {family.symbol}", value, **_bind(parameter, value, how))
    with bias:
        has = layer.b is not None
        st.checkbox("Biases", has, **_bind(f"bias {number}", has, partial(_with_bias, layer=number)))
    probability = f"{drop.keep if drop else 1:.12g}"
    if number < net.depth:
        with keep:
            why = "Dropout: each output is kept with this probability and divided by it, else 0. 1 keeps all."
            st.text_input("Keep", probability, help=why, **_bind(kept, probability, partial(_with_keep, layer=number)))
    if drop:
        st.button(
            f"Draw M_{number} anew",
            help=f"The mask is drawn from seed {drop.seed}{', then edited' * (drop.mask is not None)}.",
            key=f"new mask {number}",
            on_click=session.change,
            args=(None, partial(_with_new_mask, layer=number), kept),
        )
    show_errors(width, kept=f"Units of layer {number}: still {net.widths[number]}.")
    show_errors(activation, parameter, kept=f"Layer {number}: still {layer.activation}.")
    show_errors(kept, kept=f"Keep probability of layer {number}: still {probability}.")


_INITIALISATION = ("initialisation", "initial scale", "initial seed")


def _draw_initialisation() -> None:
    """Draw the choice of how weights are drawn anew, and the button that does it."""
    how, scale, seed = st.columns([3, 2, 2])
    kind, factor, number = _INITIALISATION
    titles = {i.name: i.title for i in INITIALISATIONS.values()}
    with how:
        st.selectbox("New weights", list(titles), 4, format_func=titles.__getitem__, key=kind)
    with scale:
        st.number_input("Scale", value=1.0, step=0.1, key=factor)
    with seed:
        st.number_input("Seed", 0, 10**9, 0, key=number)
    st.button(
        "Draw the weights anew",
        on_click=session.change,
        args=(None, _with_new_weights, "initialisation"),
        help="The same seed gives the same weights. Biases become 0.",
    )
    show_errors("initialisation")


def _with_new_weights(setup: Setup, _: object) -> Setup:
    how, scale, seed = (session.get_widget_value(key) for key in _INITIALISATION)
    return replace(setup, net=initialise(setup.net, str(how), scale=float(scale), seed=int(seed)))


NETWORK = Menu("Network", _draw_network, _INITIALISATION)
