"""The File menu: solutions out, files and pasted text in. A file is made when its button is clicked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from mlpcore import exchange
from mlpcore.passes.training_step import training_step
from pages.ui.components.stage.pictures import render_pass
from pages.ui.state import saved, session
from pages.ui.state.app_state import AppState
from pages.ui.widgets.menu import Menu
from pages.ui.widgets.uploads import draw_choice, draw_upload
from pages.ui.widgets.words import escape_markdown

_WIDTH = 460  # fixed, as the menu would otherwise change its width with its content


def _draw_files() -> None:
    with st.container(width=_WIDTH):
        save, read = st.tabs(["Save", "Open or paste"])
        with save:
            _draw_downloads()
        with read:
            draw_upload()


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
        decimals = draw_choice("Decimals in LaTeX", [2, 3, 4, 5, 6, 8, 10], 2)
    with cut:
        how = draw_choice("Rounding", list(exchange.CUTS), format_func=exchange.CUTS.__getitem__)
    digits = exchange.Digits(decimals, how)
    data_files: dict[str, tuple[str, str, Callable]] = {
        "State": ("mlpscope.json", "Project file; reopen it here.", _make_document),
        "Matrices": ("matrices.zip", "Every matrix as CSV and .npy, and the state.", _make_zip),
    }
    solutions: dict[str, tuple[str, str, Callable]] = {
        "LaTeX": ("pass.tex", "The worked pass, equation by equation.", partial(_export_latex, digits=digits)),
        "NumPy": ("pass.py", "Recomputes every number and asserts it.", partial(_export, exchange.numpy_script)),
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


FILE = Menu("File", _draw_files, text_fields=("pasted",))
