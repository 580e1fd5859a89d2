"""The File menu: solutions out, files and pasted text in. A file is made when its button is clicked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from mlpcore import exchange
from pages.ui.components.stage.pictures import render_pass
from pages.ui.state import saved, session
from pages.ui.state.app_state import AppState
from pages.ui.state.steps_taken import list_steps, run_pass
from pages.ui.widgets.menu import Menu
from pages.ui.widgets.uploads import draw_choice, draw_upload
from pages.ui.widgets.words import escape_markdown

_WIDTH = 460  # fixed, as the menu would otherwise change its width with its content


def _draw_files(about: str) -> None:
    with st.container(width=_WIDTH):
        save, read = st.tabs(["Save", "Open or paste"])
        with save:
            _draw_downloads(about)
        with read:
            draw_upload()


# --- out -------------------------------------------------------------------------------------


def _work_out(read_state: Callable[[], AppState], about: str) -> tuple:
    """Work out the network or laboratory of the latest state: edits rerun only their stage, and not this menu."""
    state = read_state()
    if about == "lab":
        lab = replace(state.lab, conventions=state.setup.conventions)
        return lab, *lab.run()
    return state.setup, list_steps(state), run_pass(state)


def _export(how: Callable[..., Any], read_state: Callable[[], AppState], about: str) -> Any:
    return how(*_work_out(read_state, about))


def _make_zip(read_state: Callable[[], AppState], about: str) -> bytes:
    subject, _, values = _work_out(read_state, about)
    flat = [v for v in values if subject.conventions.lay.is_row(v)]
    return exchange.to_zip(values, {"state.json": saved.write_document(read_state())}, flat)


def _make_document(read_state: Callable[[], AppState], about: str) -> str:
    return saved.write_document(read_state())


def _draw_downloads(about: str) -> None:
    read_state = session.make_state_reader()
    refusal = _explain_too_long(about)
    places, cut = st.columns(2)
    with places:
        decimals = draw_choice("Decimals in LaTeX", [2, 3, 4, 5, 6, 8, 10], 2)
    with cut:
        rounding = draw_choice("Rounding", list(exchange.CUTS), format_func=exchange.CUTS.__getitem__)
    digits = exchange.Digits(decimals, rounding)
    solutions = _SOLUTIONS[about]
    with st.container(gap="xxsmall"):
        for label, (name, words, make) in (_DATA | solutions).items():
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                off = bool(refusal) and label in solutions
                if label == "Spreadsheet" and not exchange.can_write_spreadsheet():
                    off, words = True, "Needs the Python package XlsxWriter, which is not installed here."
                make = partial(make, digits=digits) if label == "LaTeX" else make
                make = partial(_export, make) if label in solutions else make
                data = partial(make, read_state, about)
                st.download_button(label, data, name, on_click="ignore", width=110, key=f"save {label}", disabled=off)
                st.caption(words)
    if refusal:
        st.caption(escape_markdown(refusal[0].upper() + refusal[1:] + "."))


def _explain_too_long(about: str) -> str:
    """Say why the solutions of the present state are too long to be written out; empty where they are not."""
    state = session.get_state()
    try:
        exchange.check_count(
            exchange.count_terms(session.get_lab())
            if about == "lab"
            else exchange.length(state.setup, list_steps(state))
        )
    except ValueError as error:
        return str(error)
    return ""


_LIVE = "Every cell its formula: change a number, and all follows."
_Row = tuple[str, str, Callable]
_DATA: dict[str, _Row] = {
    "State": ("mlpscope.json", "Project file; reopen it here.", _make_document),
    "Matrices": ("matrices.zip", "Every matrix as CSV and .npy, and the state.", _make_zip),
}
_SOLUTIONS: dict[str, dict[str, _Row]] = {
    "setup": {
        "LaTeX": ("pass.tex", "The worked pass, equation by equation.", exchange.document),
        "NumPy": ("pass.py", "Recomputes every number and asserts it.", exchange.numpy_script),
        "PyTorch": ("pass_torch.py", "Likewise, and PyTorch's own gradients.", exchange.torch_script),
        "Pictures": ("pass.html", "Every equation with its heatmaps, as a web page.", render_pass),
        "Notebook": ("pass.ipynb", "For Jupyter, equation by equation.", exchange.notebook),
        "Spreadsheet": ("pass.xlsx", _LIVE, exchange.to_xlsx),
    },
    "lab": {
        "LaTeX": ("exercise_3.tex", "Exercise 3 worked: loss and gradient term by term.", exchange.lab_document),
        "Spreadsheet": ("exercise_3.xlsx", _LIVE, exchange.to_xlsx),
    },
}

FILE = Menu("File", partial(_draw_files, "setup"), text_fields=("pasted",))
LAB_FILE = Menu("File", partial(_draw_files, "lab"), text_fields=("pasted",))
