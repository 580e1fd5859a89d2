"""The half of the File menu that takes things in: shown first as they would be taken, then taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from mlpcore import ACTIVATIONS, Setup, Var, exchange
from mlpcore.exchange import Placement
from mlpcore.setup import MAX_DEPTH, same
from pages.ui.state import events, saved, session
from pages.ui.widgets.words import escape_markdown

_TYPES = ["json", "csv", "txt", "tsv", "md", "tex", "py", "m", "ipynb", "npy", "npz", "safetensors", "pt", "h5", "onnx"]


@st.fragment
def draw_upload() -> None:
    """Draw the way in of a file or a paste."""
    setup = session.get_state().setup
    file = st.file_uploader("A state, a network (.npz, .safetensors) or matrices (.csv, .npy, .txt, …)", _TYPES)
    pasted = st.text_area("or paste: a table, NumPy, MATLAB, LaTeX, or a state", height=90, key="pasted")
    try:
        if file and exchange.is_binary(file.name):
            _offer_arrays(setup, file.name, file.getvalue())
            return
        text = exchange.decode_text(file.getvalue()) if file else str(pasted)
        if not text.strip():
            st.caption("It is shown here before anything changes.")
        elif re.match(r"\s*\{(?!\s*\{)", text) and ('"format"' in text or "[" not in text):
            _offer_state(setup, text)
        else:
            _offer_text(setup, text)
    except ValueError as error:
        words, _, code = str(error).partition("\n\n")
        st.error(escape_markdown(words))
        if code:
            st.code(code, language="python")


def _offer_state(setup: Setup, text: str) -> None:
    state = saved.read_saved({"doc": text})
    if "setup" in state:
        st.markdown(escape_markdown(exchange.summary(state["setup"])))
    st.caption(
        escape_markdown(
            "This replaces your current network and view. It can be undone." if state else "There is nothing in it."
        )
    )
    if st.button("Apply", type="primary", disabled=not state):
        session.open_state({"doc": text})
        st.rerun()


def _offer_text(setup: Setup, text: str) -> None:
    """Offer one matrix, a table with labels, or all matrices that have names."""
    try:
        readings = exchange.list_readings(text)
    except ValueError as error:
        if labelled := exchange.read_labelled(text):
            _offer(setup, exchange.place_labelled(setup, labelled))
            return
        found = exchange.list_named(text, exchange.list_shapes(setup)).take()
        if not found:
            raise error
        _offer_check(text, found, setup)
        _offer_named(setup, found)
        return
    if labelled := exchange.read_labelled(text):
        with_classes = "a table with a column of classes"
        if draw_choice("This is", [with_classes, "one matrix"]) == with_classes:
            _offer(setup, exchange.place_labelled(setup, labelled))
            return
    named = {}
    with suppress(ValueError):
        named = exchange.list_named(text, exchange.list_shapes(setup)).take()
    _offer_check(text, named, setup)
    if sum(var in setup.inputs() for var in named) > 1:
        _offer_named(setup, named)
        return
    computed_here = events.list_computed(setup.net.shape, setup.loss).values()
    entered = next((var for var in named if var in setup.inputs()), None)
    if entered or not any(var in computed_here and not var.new for var in named):
        _offer_matrix(setup, readings, entered)


def _offer_check(text: str, found: dict[Var, exchange.WrittenMatrix], setup: Setup) -> None:
    """Offer to compare matrices that are computed here, and so cannot be entered."""
    computed_here = events.list_computed(setup.net.shape, setup.loss).values()
    computed = [var.symbol for var in found if var in computed_here]
    if computed and st.button(f"Check {', '.join(computed[:4])}{' …' * (len(computed) > 4)}", type="primary"):
        session.change_at_once(lambda _: text, "work", "work")
        st.switch_page("pages/5_Check.py")


def _offer_matrix(setup: Setup, readings: Sequence[exchange.WrittenMatrix], named: Var | None) -> None:
    inputs = list(setup.inputs())
    guess = inputs.index(named) if named else _guess_input(inputs, setup, readings)
    label = f"This is {exchange.shape_words(readings[0].values)}. Put it into"
    where, how = st.columns(2)
    with where:
        var: Var = draw_choice(label, inputs, guess, format_func=lambda var: f"{var.symbol}, {var.word}")
    with how:
        placement = _choose_placement(exchange.list_placements(setup, var, readings))
    _offer(setup, placement, readings[0].notes)


def _offer_named(setup: Setup, found: dict[Var, exchange.WrittenMatrix]) -> None:
    placement = exchange.place_named(setup, found)
    computed = [var.text for var in found if var not in placement.values]
    notes = [f"{', '.join(computed[:12])}{', …' * (len(computed) > 12)}: computed here, not entered"] * bool(computed)
    _offer(setup, placement, notes)


def _offer_arrays(setup: Setup, name: str, data: bytes) -> None:
    """Offer the network in a file, or one of its matrices where it holds none."""
    arrays = exchange.read_arrays(name, data)
    file = exchange.find_network(arrays)
    if file:
        _offer_network(setup, file)
        return
    matrices = {key: x for key, x in arrays.items() if x.ndim <= 2 and x.size}
    if not matrices:
        raise ValueError("this file holds no matrix and no vector")
    names = {key: var for key in matrices if (var := exchange.name_of(key)) in setup.inputs()}
    named = {var: exchange.to_written(matrices[key]) for key, var in names.items()}
    by_name = f"{', '.join(var.symbol for var in named)}, by their names"
    if len(named) > 1 and draw_choice("This is", [by_name, "one matrix"]) == by_name:
        _offer_named(setup, named)
        return
    key = draw_choice("Matrix", list(matrices)) if len(matrices) > 1 else next(iter(matrices))
    x = exchange.to_written(matrices[key])
    _offer_matrix(setup, [x], None)


def _offer_network(setup: Setup, file: exchange.NetworkFile) -> None:
    orientation = file.orientations[0]
    if len(file.orientations) > 1:
        orientation = draw_choice("Weights lie as", list(file.orientations))
    widths = file.widths(orientation)
    examples = max([x.shape[1] for x in file.list_inputs(orientation).values()], default=setup.batch.N)
    units, count, words = exchange.limit_size(widths, examples)
    depth = min(len(file.layers), MAX_DEPTH)
    hidden, last = st.columns(2)
    with hidden:
        f = draw_choice("Hidden layers", list(ACTIVATIONS), list(ACTIVATIONS).index("relu")) if depth > 1 else "relu"
    with last:
        f_out = draw_choice("Last layer", list(ACTIVATIONS))
    if words:
        st.warning(escape_markdown(words))
    if file.dtype != "float64":
        kept = "this set-up is computed in it" if file.dtype == "float32" else "computed here in float64"
        st.caption(f"The file holds {file.dtype}: {kept}.")
    notes = [f"{', '.join(file.others[:8])} in the file"] * bool(file.others)
    activations = (f,) * (depth - 1) + (f_out,)
    _offer(setup, file.place(setup, activations, orientation, units, count), notes)


def _choose_placement(placements: Sequence[Placement]) -> Placement:
    """Ask where a matrix can be meant in several ways, and say in which it is where only one fits."""
    if len(placements) == 1:
        st.caption(escape_markdown(f"Read as {placements[0].title}."))
        return placements[0]
    titles = [each.title for each in placements]
    return placements[titles.index(draw_choice("Read it as", titles))]


def _offer(setup: Setup, placement: Placement, notes: Sequence[str] = ()) -> None:
    """Show what would change, and take it on a click."""
    if len(placement.values) > 1:
        st.caption(escape_markdown(f"Read as {placement.title}."))
    new = placement.apply(setup)
    is_there = same(new, setup)
    if st.button("Apply", type="primary", disabled=is_there):
        session.change_at_once(placement.apply, "pasted")
        st.rerun()
    words = exchange.resized_words(setup, new)
    if is_there:
        names = [var.text for var in placement.values]
        st.success(escape_markdown(f"{', '.join(names)} {'is this matrix' if len(names) == 1 else 'are these'}."))
    elif words:
        st.caption(escape_markdown(f"Sizes follow: {words}. What fits is kept."))
    if notes:
        st.caption(escape_markdown(f"Not part of the numbers: {'; '.join(notes)}."))
    for var in list(placement.values)[:8]:
        value = new.inputs()[var]
        several = f"{var.text}\n" if len(placement.values) > 1 else ""
        st.code(several + exchange.table(value.reshape(1, -1) if value.ndim < 2 else value), language=None)


def _guess_input(inputs: list[Var], setup: Setup, readings: Sequence[exchange.WrittenMatrix]) -> int:
    """Return the index of the first input of this size, or of this size turned, or 0."""
    values = setup.inputs()
    for turned in (False, True):
        shapes = [reading.shape[::-1] if turned else reading.shape for reading in readings]
        for k, var in enumerate(inputs):
            shape = values[var].shape
            if shape in shapes or (len(shape) == 1 and (shape[0], 1) in shapes):
                return k
    return 0


def draw_choice(label: str, options: list[Any], default: int = 0, **more: Any) -> Any:
    """Draw a choice and return its option; the default one if a browser sent anything else."""
    chosen = st.selectbox(label, options, default, **more)
    return chosen if chosen in options else options[default]
