"""The File menu: solutions out, files and pasted text in. Nothing is made before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from mlpcore import Setup, Var, exchange
from mlpcore.passes.training_step import training_step
from mlpcore.setup import same, with_matrix
from pages.ui.components.stage.pictures import pictures
from pages.ui.state import saved, session
from pages.ui.widgets.menu import Menu
from pages.ui.widgets.words import escaped

_TOO_LONG_TEXT = 100_000
_WIDTH = 460  # else the menu would change its own with what is in it


def _files() -> None:
    with st.container(width=_WIDTH):
        save, read = st.tabs(["Save", "Open or paste"])
        with save:
            _save()
        with read:
            _read()


def _one_of(label: str, options: list[Any], default: int = 0, **more: Any) -> Any:
    """What is chosen of the options; the default where a browser sent what is none, or no choice at all."""
    chosen = st.selectbox(label, options, default, **more)
    return chosen if chosen in options else options[default]


# --- out -------------------------------------------------------------------------------------


def _ran(how: Callable[..., Any], latest: Callable[[], session.AppState]) -> Any:
    """A solution of the work as it is when the button is clicked, for edits rerun only their stage."""
    work = latest()
    return how(work.setup, *work.setup.run(work.schedule))


def _latex(latest: Callable[[], session.AppState], digits: exchange.Digits) -> str:
    return _ran(partial(exchange.document, digits=digits), latest)


def _zipped(latest: Callable[[], session.AppState]) -> bytes:
    work = latest()
    _, values = work.setup.run(work.schedule)
    flat = [v for v in values if work.setup.conventions.lay.is_row(v)]
    return exchange.to_zip(values, {"state.json": saved.write_document(work)}, flat)


def _stated(latest: Callable[[], session.AppState]) -> str:
    return saved.write_document(latest())


def _save() -> None:
    latest = session.make_state_reader()
    work = session.get_state()
    told = ""
    try:
        exchange.check_count(exchange.length(work.setup, training_step(work.setup.net, work.setup.loss)))
    except ValueError as error:
        told = str(error)
    places, cut = st.columns(2)
    with places:
        decimals = _one_of("Decimals in LaTeX", [2, 3, 4, 5, 6, 8, 10], 2)
    with cut:
        how = _one_of("The rest is", list(exchange.CUTS))
    digits = exchange.Digits(decimals, how)
    long = {
        "State": ("mlpscope.json", "All that was entered, to open here again.", _stated),
        "Matrices": ("matrices.zip", "Every matrix as CSV and .npy, and the state.", _zipped),
    }
    written = {
        "LaTeX": ("pass.tex", "The worked pass, as on the worksheet.", partial(_latex, digits=digits)),
        "NumPy": ("pass.py", "Computes every number again and asserts it.", partial(_ran, exchange.numpy_script)),
        "PyTorch": ("pass_torch.py", "Likewise, and PyTorch's own gradients.", partial(_ran, exchange.torch_script)),
        "Pictures": ("pass.html", "Every equation with its heatmaps, as a web page.", partial(_ran, pictures)),
        "Notebook": ("pass.ipynb", "For Jupyter, equation by equation.", partial(_ran, exchange.notebook)),
    }
    for label, (name, words, make) in (long | written).items():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            off = bool(told) and label in written
            data = partial(make, latest=latest)
            st.download_button(label, data, name, on_click="ignore", width=110, key=f"save {label}", disabled=off)
            st.caption(words)
    if told:
        st.caption(escaped(told[0].upper() + told[1:] + "."))


# --- in --------------------------------------------------------------------------------------


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"this file is not text: byte {error.start + 1} is of no letter") from None


@st.fragment
def _read() -> None:
    """A file or a paste, shown as it would be taken, then taken."""
    setup = session.get_state().setup
    file = st.file_uploader("A state (.json) or a matrix (.csv, .txt)", ["json", "csv", "txt", "tsv"])
    pasted = st.text_area(
        "or paste: a table, NumPy, MATLAB, LaTeX, or a state", height=90, max_chars=_TOO_LONG_TEXT, key="pasted"
    )
    try:
        text = _decoded(file.getvalue()) if file else str(pasted)
        if not text.strip():
            st.caption("It is shown here before anything changes.")
        elif text.lstrip().startswith("{"):
            _offer_state(setup, text)
        else:
            _offer_matrix(setup, exchange.read_matrix(text))
    except ValueError as error:
        st.error(escaped(str(error)))


def _offer_state(setup: Setup, text: str) -> None:
    state = saved.read_saved({"doc": text})
    if "setup" in state:
        st.markdown(escaped(exchange.summary(state["setup"])))
    st.caption(escaped(f"This replaces: {', '.join(state) or 'nothing'}. It can be undone."))
    if st.button("Open it", type="primary", disabled=not state):
        session.open_state({"doc": text})
        st.rerun()


def _offer_matrix(setup: Setup, x: Any) -> None:
    inputs = list(setup.inputs())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = f"This is {exchange.shape_words(x)}. Put it into"
        var: Var = _one_of(label, inputs, _likely(inputs, setup, x), format_func=_name)
        new = with_matrix(setup, var, x)
        there = same(new, setup)
        if st.button("Use it", type="primary", disabled=there):
            session.change(None, lambda held, _: with_matrix(held, var, x), "pasted")
            st.rerun()
    words = exchange.resized_words(setup, new)
    if there:
        st.success(escaped(f"{var.text} is this matrix."))
    elif words:
        st.caption(escaped(f"Sizes follow: {words}. What fits is kept."))
    st.code(exchange.table(x), language=None)


def _likely(inputs: list[Var], setup: Setup, x: Any) -> int:
    """The first input that has this size already."""
    held = setup.inputs()
    return next((k for k, v in enumerate(inputs) if exchange.shape_words(held[v]) == exchange.shape_words(x)), 0)


def _name(var: Var) -> str:
    return f"{var.symbol}, {var.word}"


FILE = Menu("File", _files, typed=("pasted",))
