"""The File menu: solutions out, files and pasted text in. A file is made when its button is clicked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from mlpcore import Setup, Var, exchange
from mlpcore.passes.training_step import training_step
from mlpcore.setup import same, with_matrix
from pages.ui.components.stage.pictures import render_pass
from pages.ui.state import saved, session
from pages.ui.state.app_state import AppState
from pages.ui.widgets.menu import Menu
from pages.ui.widgets.words import escape_markdown

_MAX_PASTE = 100_000
_WIDTH = 460  # fixed, as the menu would otherwise change its width with its content


def _draw_files() -> None:
    with st.container(width=_WIDTH):
        save, read = st.tabs(["Save", "Open or paste"])
        with save:
            _draw_downloads()
        with read:
            _draw_upload()


def _draw_choice(label: str, options: list[Any], default: int = 0, **more: Any) -> Any:
    """Draw a choice and return its option; the default one if a browser sent anything else."""
    chosen = st.selectbox(label, options, default, **more)
    return chosen if chosen in options else options[default]


# --- out -------------------------------------------------------------------------------------


def _export(how: Callable[..., Any], read_state: Callable[[], AppState]) -> Any:
    """Export a solution of the latest state: edits rerun only their stage, and not this menu."""
    state = read_state()
    return how(state.setup, *state.setup.run(state.schedule))


def _export_latex(read_state: Callable[[], AppState], digits: exchange.Digits) -> str:
    return _export(partial(exchange.document, digits=digits), read_state)


def _make_zip(read_state: Callable[[], AppState]) -> bytes:
    state = read_state()
    _, values = state.setup.run(state.schedule)
    flat = [v for v in values if state.setup.conventions.lay.is_row(v)]
    return exchange.to_zip(values, {"state.json": saved.write_document(state)}, flat)


def _make_document(read_state: Callable[[], AppState]) -> str:
    return saved.write_document(read_state())


def _draw_downloads() -> None:
    read_state = session.make_state_reader()
    state = session.get_state()
    refusal = ""
    try:
        exchange.check_count(exchange.length(state.setup, training_step(state.setup.net, state.setup.loss)))
    except ValueError as error:
        refusal = str(error)
    places, cut = st.columns(2)
    with places:
        decimals = _draw_choice("Decimals in LaTeX", [2, 3, 4, 5, 6, 8, 10], 2)
    with cut:
        how = _draw_choice("The rest is", list(exchange.CUTS))
    digits = exchange.Digits(decimals, how)
    data_files: dict[str, tuple[str, str, Callable]] = {
        "State": ("mlpscope.json", "All that was entered, to open here again.", _make_document),
        "Matrices": ("matrices.zip", "Every matrix as CSV and .npy, and the state.", _make_zip),
    }
    solutions: dict[str, tuple[str, str, Callable]] = {
        "LaTeX": ("pass.tex", "The worked pass, as on the worksheet.", partial(_export_latex, digits=digits)),
        "NumPy": ("pass.py", "Computes every number again and asserts it.", partial(_export, exchange.numpy_script)),
        "PyTorch": ("pass_torch.py", "Likewise, and PyTorch's own gradients.", partial(_export, exchange.torch_script)),
        "Pictures": ("pass.html", "Every equation with its heatmaps, as a web page.", partial(_export, render_pass)),
        "Notebook": ("pass.ipynb", "For Jupyter, equation by equation.", partial(_export, exchange.notebook)),
    }
    for label, (name, words, make) in (data_files | solutions).items():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            off = bool(refusal) and label in solutions
            data = partial(make, read_state=read_state)
            st.download_button(label, data, name, on_click="ignore", width=110, key=f"save {label}", disabled=off)
            st.caption(words)
    if refusal:
        st.caption(escape_markdown(refusal[0].upper() + refusal[1:] + "."))


# --- in --------------------------------------------------------------------------------------


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"this file is not text: byte {error.start + 1} is of no letter") from None


@st.fragment
def _draw_upload() -> None:
    """Draw the way in of a file or a paste: shown first as it would be taken, then taken."""
    setup = session.get_state().setup
    file = st.file_uploader("A state (.json) or a matrix (.csv, .txt)", ["json", "csv", "txt", "tsv"])
    pasted = st.text_area(
        "or paste: a table, NumPy, MATLAB, LaTeX, or a state", height=90, max_chars=_MAX_PASTE, key="pasted"
    )
    try:
        text = _decode(file.getvalue()) if file else str(pasted)
        if not text.strip():
            st.caption("It is shown here before anything changes.")
        elif text.lstrip().startswith("{"):
            _offer_state(setup, text)
        else:
            _offer_matrix(setup, exchange.read_matrix(text))
    except ValueError as error:
        st.error(escape_markdown(str(error)))


def _offer_state(setup: Setup, text: str) -> None:
    state = saved.read_saved({"doc": text})
    if "setup" in state:
        st.markdown(escape_markdown(exchange.summary(state["setup"])))
    st.caption(escape_markdown(f"This replaces: {', '.join(state) or 'nothing'}. It can be undone."))
    if st.button("Open it", type="primary", disabled=not state):
        session.open_state({"doc": text})
        st.rerun()


def _offer_matrix(setup: Setup, x: Any) -> None:
    inputs = list(setup.inputs())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = f"This is {exchange.shape_words(x)}. Put it into"
        var: Var = _draw_choice(label, inputs, _guess_input(inputs, setup, x), format_func=_describe_input)
        new = with_matrix(setup, var, x)
        is_there = same(new, setup)
        if st.button("Use it", type="primary", disabled=is_there):
            session.change(None, lambda setup, _: with_matrix(setup, var, x), "pasted")
            st.rerun()
    words = exchange.resized_words(setup, new)
    if is_there:
        st.success(escape_markdown(f"{var.text} is this matrix."))
    elif words:
        st.caption(escape_markdown(f"Sizes follow: {words}. What fits is kept."))
    st.code(exchange.table(x), language=None)


def _guess_input(inputs: list[Var], setup: Setup, x: Any) -> int:
    """Return the index of the first input of this size, or 0."""
    values = setup.inputs()
    return next((k for k, v in enumerate(inputs) if exchange.shape_words(values[v]) == exchange.shape_words(x)), 0)


def _describe_input(var: Var) -> str:
    return f"{var.symbol}, {var.word}"


FILE = Menu("File", _draw_files, text_fields=("pasted",))
