"""Matrices as CSV and .npy, one by one or all of a pass in a zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from keyword import iskeyword

import numpy as np

from ..equations.steps import Step
from ..notation import Var

Array = np.ndarray

#: A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WHEN = (2020, 1, 1, 0, 0, 0)  # the same state gives the same bytes


def field(text: str) -> str:
    """Write words as a field of a CSV file: what a spreadsheet would take for a formula is prefixed with '."""
    text = f"'{text}" if text.startswith(_FORMULA) else text
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',;"\n\r') else text


def rows_of(x: Array, flat: bool = False) -> Array:
    """Give any array two axes: a vector becomes a column, or a row where `flat`."""
    x = np.asarray(x)
    return x if x.ndim == 2 else x.reshape((1, -1) if flat or x.ndim == 0 else (-1, 1))


def list_given(inputs: Mapping[Var, Array], steps: Iterable[Step], values: Mapping[Var, Array]) -> dict[Var, Array]:
    """List what a pass starts from: its inputs, then what else it reads, as the numbers and state of an optimiser."""
    steps = list(steps)
    known = {*inputs, *(step.out for step in steps)}
    return dict(inputs) | {v: values[v] for step in steps for v in step.operands if v not in known}


def to_csv(x: Array, flat: bool = False) -> str:
    """Write the bare numbers, to the last digit, a line for each row."""
    return "".join(",".join(map(repr, row)) + "\n" for row in rows_of(x, flat).astype(np.float64).tolist())


def to_npy(x: Array) -> bytes:
    """Write what `numpy.load` reads back; no pickle in it."""
    out = io.BytesIO()
    np.save(out, np.asarray(x, order="C"), allow_pickle=False)
    return out.getvalue()


def file_name(var: Var) -> str:
    """Name a matrix as Python and file systems take it: `W_1`, `dL_dW_1`, `W_1_new`."""
    text = var.text.removeprefix("new ").replace("/", "_").replace(f"[{var.block}]", "")
    if var.kind == "ell":
        text = "ell"  # l and L would be one file where names ignore case
    if var.examples:
        text += f"_of_{var.block.replace(':', '_to_')}"
    return text + ("_new" if var.new else "_" if iskeyword(text) else "")


def to_zip(values: Mapping[Var, Array], extra: Mapping[str, str] | None = None, flat: Iterable[Var] = ()) -> bytes:
    """Pack every matrix as CSV and .npy, a list of them, and further files by name."""
    flat = set(flat)
    listed = ["file,matrix,word,rows,columns\n"]
    files: dict[str, bytes] = {}
    for var, value in values.items():
        name = file_name(var)
        files[f"csv/{name}.csv"] = to_csv(value, var in flat).encode()
        files[f"npy/{name}.npy"] = to_npy(value)
        size = rows_of(value, var in flat).shape
        listed.append(",".join([name, field(var.text), field(var.word), *map(str, size)]) + "\n")
    files["matrices.csv"] = "".join(listed).encode()
    files |= {name: text.encode() for name, text in (extra or {}).items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
