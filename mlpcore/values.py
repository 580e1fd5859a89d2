"""The matrices of a pass as a notebook shows them: found by name, drawn as heatmaps with their digits."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from html import escape
from typing import Any

import numpy as np

from .notation import ROLES, Var
from .rendering import largest, render_matrix, write_latex

#: Rows and columns of a larger matrix that are shown.
_MOST = 12, 16


class Matrix(np.ndarray):
    """An array that knows which matrix of a pass it is; what is computed from it is a plain array again.

    Attributes:
        name: its name; None for a part of it.
        axes: what each axis counts.
    """

    name: Var | None
    axes: tuple[str, ...]

    def __array_finalize__(self, _: Any) -> None:
        self.name, self.axes = None, ()

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        plain = np.asarray(array)
        return plain[()] if return_scalar else plain

    @property
    def table(self) -> np.ndarray:
        """The numbers with two axes: a vector upright, or as a row where it has one number an example."""
        x = np.asarray(self)
        return x if x.ndim == 2 else x.reshape((-1, 1) if self.axes and self.axes != ("example",) else (1, -1))

    def _repr_html_(self) -> str:
        if self.ndim > 2:
            return f"<pre>{escape(repr(np.asarray(self)))}</pre>"
        scale = largest([self])
        size = "×".join(map(str, self.shape)) + f", full colour at {scale:.4g}" if self.ndim else ""
        caption = " ".join(filter(None, [write_html(self.name) if self.name else "", size]))
        style = "display:inline-block;margin:0 1.2em 0.6em 0;vertical-align:top"
        table = render_matrix(self.table, scale, _MOST, ".4g")
        return f'<figure style="{style}"><figcaption>{caption}</figcaption>{table}</figure>'

    def _repr_latex_(self) -> str:
        left = f"{self.name.latex} = " if self.name else ""
        return rf"$\displaystyle {left}{write_latex(self.table, _MOST, '{:.4g}'.format)}$"


class Values(dict[Var, Any]):
    """Every matrix of a pass by its name: `values[mlp.dW(1)]`, or `values["dW_1"]`."""

    def __init__(self, values: Mapping[Var, Any] = {}, transposed: Collection[Var] = ()) -> None:
        """Hold the matrices.

        Args:
            transposed: those that lie transposed against the worksheet.
        """
        super().__init__(values)
        self.transposed = frozenset(transposed)

    def __getitem__(self, name: Var | str) -> Any:
        var = name if isinstance(name, Var) else self._find(name)
        value = super().__getitem__(var)
        if np.ndim(value) == 0:
            return value
        matrix = value.view(Matrix)
        matrix.name, matrix.axes = var, var.axes[::-1] if var in self.transposed else var.axes
        return matrix

    def _find(self, name: str) -> Var:
        wanted = _simplify(name) if isinstance(name, str) else name
        for var in self:
            if wanted in (_simplify(var.text), "X" if var == Var("Z", 0) else var.kind if var.layer is None else ""):
                return var
        names = ", ".join(v.text.replace("dL/d", "d") for v in self)
        raise KeyError(f"there is no matrix {name!r} in this pass; it has {names}")

    def _repr_html_(self) -> str:
        wall = ""
        for role, words in ROLES.items():
            if held := [draw(self, v) for v in self if v.role == role]:
                wall += f"<h4>{words.capitalize()}</h4><div>{''.join(held)}</div>"
        return wall


def draw(values: Values, var: Var) -> str:
    """Draw a matrix as a heatmap under its symbol, or write a single number beside it."""
    value = values[var]
    return value._repr_html_() if np.ndim(value) else f"<p>{write_html(var)} = {float(value):.6g}</p>"


def _simplify(name: str) -> str:
    """Write a name without what people leave out: `dL/dW_1`, `dL_dW_1` and `dW_1` as `dW1`."""
    return re.sub(r"^dL[/_]?d|_|\s", lambda m: "d" if m[0].startswith("dL") else "", name)


def write_html(var: Var) -> str:
    """Write the symbol of a matrix with its layer as a subscript: `∂L/∂W<sub>1</sub>`."""
    return re.sub(r"_(\w+)", r"<sub>\1</sub>", escape(var.symbol))
