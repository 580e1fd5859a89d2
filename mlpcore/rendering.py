"""A matrix as an HTML table whose colours say sign and size, and as LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

Array = np.ndarray

#: The poles of the colour scale of the stage on a light page, in RGB.
_PLUS, _MINUS = np.array([33, 104, 190]), np.array([206, 88, 12])


def largest(matrices: Iterable[Array]) -> float:
    """Find the largest finite size of a cell, what full colour means; 1 where all are 0."""
    sizes = np.concatenate([np.zeros(0), *(np.abs(np.ravel(x)) for x in matrices)])
    return float(sizes[np.isfinite(sizes)].max(initial=0.0)) or 1.0


def render_matrix(x: Array, scale: float, most: tuple[int, int] | None = None, form: str = ".6g") -> str:
    """Render a matrix as a table, white at 0 and full colour at `scale`.

    Args:
        most: rows and columns that are shown of a larger one: the first ones and the last.
    """
    down, across = (choose_indices(size, limit) for size, limit in zip(x.shape, most or x.shape, strict=True))
    body = ""
    for i in down:
        cells = (_render_cell(None if i is None or j is None else float(x[i, j]), scale, form) for j in across)
        body += f"<tr>{''.join(cells)}</tr>"
    return f'<table cellpadding="4" style="border-collapse:collapse;text-align:right">{body}</table>'


def write_latex(x: Array, most: tuple[int, int], write: Callable[[float], str]) -> str:
    """Write a matrix as `bmatrix`, dots in place of what is left out of a larger one."""
    down, across = (choose_indices(size, limit) for size, limit in zip(x.shape, most, strict=True))

    def cell(i: int | None, j: int | None) -> str:
        if i is None:
            return r"\ddots" if j is None else r"\vdots"
        return r"\cdots" if j is None else write(float(x[i, j]))

    rows = r" \\ ".join(" & ".join(cell(i, j) for j in across) for i in down)
    return rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"


def choose_indices(size: int, most: int) -> list[int | None]:
    """List the indices that are shown; None stands for those left out."""
    return list(range(size)) if size <= most else [*range(most - 2), None, size - 1]


def _render_cell(value: float | None, scale: float, form: str) -> str:
    if value is None or not np.isfinite(value):
        return f"<td>{'…' if value is None else value}</td>"
    share = 0.92 * min(1.0, abs(value) / scale)
    colour = np.round(255 + ((_MINUS if value < 0 else _PLUS) - 255) * share).astype(int)
    # White where black would be harder to read.
    ink = "#fff" if colour @ [0.299, 0.587, 0.114] < 130 else "#000"
    return f'<td style="background:rgb({",".join(map(str, colour))});color:{ink}">{value:{form}}</td>'
