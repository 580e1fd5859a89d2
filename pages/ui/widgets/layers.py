"""The shape of the network: sizes, activations and biases, layer by layer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from mlpcore import ACTIVATIONS, INITIALISATIONS, Dropout, Network, Setup, initialise
from mlpcore.exchange.numerals import read_numeral
from mlpcore.setup import MAX_DEPTH, MAX_EXAMPLES, MAX_WIDTH, resized
from pages.ui.state import session
from pages.ui.state.validation import read_whole_number
from pages.ui.widgets.bound import bind_in_menu, on_click
from pages.ui.widgets.choices import choose_loss, choose_penalty, choose_schedule
from pages.ui.widgets.menu import Menu
from pages.ui.widgets.words import show_errors


def _reshape(setup: Setup, **changes: Any) -> Setup:
    """Change sizes, activations or biases (see `resized`)."""
    now: dict[str, Any] = {
        "widths": setup.net.widths,
        "N": setup.batch.N,
        "activations": tuple(layer.activation for layer in setup.net.layers),
        "biases": tuple(layer.b is not None for layer in setup.net.layers),
    }
    return resized(setup, **now | changes)


def _with_item(values: tuple, place: int, value: object) -> tuple:
    return (*values[:place], value, *values[place + 1 :])


def _with_width(setup: Setup, text: object, layer: int) -> Setup:
    return _reshape(setup, widths=_with_item(setup.net.widths, layer, read_whole_number(text, MAX_WIDTH)))


def _with_examples(setup: Setup, text: object) -> Setup:
    return _reshape(setup, N=read_whole_number(text, MAX_EXAMPLES))


def _with_activation(setup: Setup, name: str, layer: int) -> Setup:
    return _reshape(setup, activations=_with_item(setup.net.shape.activations, layer - 1, name))


def _with_parameter(setup: Setup, text: object, layer: int) -> Setup:
    family = setup.net[layer].f.family
    return _with_activation(setup, family.at(read_numeral(str(text))[0]).name, layer) if family else setup


def _with_bias(setup: Setup, value: bool, layer: int) -> Setup:
    return _reshape(setup, biases=_with_item(setup.net.shape.biases, layer - 1, value))


def _with_dropout(setup: Setup, layer: int, dropout: Dropout | None) -> Setup:
    layers = _with_item(setup.net.layers, layer - 1, replace(setup.net[layer], dropout=dropout))
    return replace(setup, net=Network(layers))


def _with_keep(setup: Setup, text: object, layer: int) -> Setup:
    """Take the probability to keep an output; 1 is no dropout."""
    keep, old = read_numeral(str(text))[0], setup.net[layer].dropout
    return _with_dropout(setup, layer, None if keep == 1 else Dropout(keep, old.seed if old else 0))


def _with_new_mask(setup: Setup, layer: int) -> Setup:
    old = setup.net[layer].dropout
    return _with_dropout(setup, layer, old and Dropout(old.keep, old.seed + 1))


def _with_widths(setup: Setup, widths: tuple[int, ...]) -> Setup:
    """Take these widths; the last layer keeps its activation, new ones before it have relu."""
    shape, depth = setup.net.shape, len(widths) - 1
    *hidden, last = shape.activations
    activations = (*(hidden + ["relu"] * depth)[: depth - 1], last)
    return _reshape(
        setup, widths=widths, activations=activations, biases=(shape.biases + shape.biases[-1:] * depth)[:depth]
    )


def _with_sizes(setup: Setup, text: object) -> Setup:
    """Read sizes such as `3-5-4-3`.

    Raises:
        ValueError: it is no list of at least two whole numbers, or one is beyond the limits.
    """
    parts = re.split(r"\s*[-\u2013\u2212,x\u00d7]\s*|\s+", str(text).strip())
    if len(parts) < 2:
        raise ValueError("a network has at least an input and an output, as in 3-5-4-3")
    if "" in parts:
        raise ValueError(f"in “{str(text)[:20]}” a size is missing; write them as in 3-5-4-3")
    return _with_widths(setup, tuple(read_whole_number(part, MAX_WIDTH) for part in parts))


def _with_activations(setup: Setup, name: str) -> Setup:
    return _reshape(setup, activations=(name,) * setup.net.depth)


def _draw_network() -> None:
    """Draw the loss, what is kept for the backward pass, and the layers."""
    choose_loss()
    choose_penalty()
    choose_schedule()
    _draw_layers()
    _draw_initialisation()


def _draw_layers() -> None:
    """Draw sizes, activations and biases, layer by layer. Numbers that still fit are kept."""
    setup = session.get_state().setup
    net = setup.net

    # Text fields, because a number field silently turns other text into its smallest number.
    sizes, every = st.columns(2)
    with sizes:
        written = "-".join(map(str, net.widths))
        st.text_input("Sizes, as 3-5-4-3", written, **bind_in_menu("sizes", written, _with_sizes))
        show_errors("sizes", kept=f"Sizes: still {written}.")
    with every:
        used = {layer.f.base for layer in net.layers}
        common = list(ACTIVATIONS).index(used.pop()) if len(used) == 1 else None
        bound = bind_in_menu("activations", common, _with_activations)
        st.selectbox("All activations", list(ACTIVATIONS), common, placeholder="they differ", **bound)
        show_errors("activations", kept="The activations are as they were.")
    left, right = st.columns(2)
    with left:
        _draw_width(setup, "Inputs", 0)
        show_errors("width 0", kept=f"Inputs: still {net.widths[0]}.")
    with right:
        N = str(setup.batch.N)
        st.text_input("Examples", N, **bind_in_menu("examples", N, _with_examples))
        show_errors("examples", kept=f"Examples: still {N}.")
    for number in net.shape.layers:
        _draw_layer(setup, number)
    grown, less = (*net.widths[:-1], 3, net.widths[-1]), (*net.widths[:-2], net.widths[-1])
    with st.container(horizontal=True):
        for label, widths, possible in (
            ("Add a layer", grown, net.depth < MAX_DEPTH),
            ("Remove a layer", less, net.depth > 1),
        ):
            st.button(label, disabled=not possible, **on_click(partial(_with_widths, widths=widths), "depth"))
    show_errors("depth")


def _draw_width(setup: Setup, label: str, layer: int) -> None:
    now = str(setup.net.widths[layer])
    st.text_input(label, now, **bind_in_menu(f"width {layer}", now, partial(_with_width, layer=layer)))


def _draw_layer(setup: Setup, number: int) -> None:
    """Draw units, activation, biases and dropout of a layer."""
    net, layer = setup.net, setup.net[number]
    drop, family = layer.dropout, layer.f.family

    def bound(name: str, value: object, how: Callable) -> dict[str, Any]:
        return bind_in_menu(f"{name} {number}", value, partial(how, layer=number))

    units, f, bias, keep = st.columns([2, 3, 2, 2], vertical_alignment="bottom")
    with units:
        _draw_width(setup, f"Units of layer {number}", number)
    with f:
        names, name = list(ACTIVATIONS), layer.f.base
        st.selectbox("Activation", names, names.index(name), **bound("activation", name, _with_activation))
        if family:
            value = f"{layer.f.parameter:.12g}"
            label = f"{family.name.capitalize()}: {family.symbol}"
            st.text_input(label, value, **bound("parameter", value, _with_parameter))
    with bias:
        has = layer.b is not None
        st.checkbox("Biases", has, **bound("bias", has, _with_bias))
    probability = f"{drop.keep if drop else 1:.12g}"
    if number < net.depth:
        with keep:
            why = "Dropout: each output is kept with this probability and divided by it, else 0. 1 keeps all."
            st.text_input("Keep", probability, help=why, **bound("keep", probability, _with_keep))
    if drop:
        st.button(
            f"Draw M_{number} anew",
            help=f"The mask is drawn from seed {drop.seed}{', then edited' * (drop.mask is not None)}.",
            key=f"new mask {number}",
            **on_click(partial(_with_new_mask, layer=number), f"keep {number}"),
        )
    show_errors(f"width {number}", kept=f"Units of layer {number}: still {net.widths[number]}.")
    show_errors(f"activation {number}", f"parameter {number}", kept=f"Layer {number}: still {layer.activation}.")
    show_errors(f"keep {number}", kept=f"Keep probability of layer {number}: still {probability}.")


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
    words = "The same seed gives the same weights. Biases become 0."
    st.button("Draw the weights anew", help=words, **on_click(_with_new_weights, "initialisation"))
    show_errors("initialisation")


def _with_new_weights(setup: Setup) -> Setup:
    how, scale, seed = (session.get_widget_value(key) for key in _INITIALISATION)
    return replace(setup, net=initialise(setup.net, str(how), scale=float(scale), seed=int(seed)))


NETWORK = Menu("Network", _draw_network, _INITIALISATION)
