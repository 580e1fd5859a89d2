"""Plain JSON, read with care: fields, words and numbers of the right kind, and matrices with their limits."""

from __future__ import annotations

import base64
import sys
from typing import Any

import numpy as np

from ..network import Array
from ..setup import check_shape
from .numerals import clip

Json = Any

#: Matrices above this many cells are written as bytes.
_WRITTEN = 1024


def fields(data: Json, what: str, known: tuple[str, ...], needed: tuple[str, ...] = ()) -> dict[str, Json]:
    """Read the fields of an object that has those that are needed and no unknown ones."""
    if not isinstance(data, dict):
        raise ValueError(f"{what} must be an object with the fields {', '.join(known)}")
    for name in data:
        if name not in known:
            raise ValueError(f"{what} has a field “{clip(name)}”; its fields are {', '.join(known)}")
    for name in needed:
        if name not in data:
            raise ValueError(f"{what} has no field “{name}”")
    return data


def word(data: Json, what: str) -> str:
    """Read a string of at most 100 characters."""
    if not isinstance(data, str) or len(data) > 100:
        raise ValueError(f"{what} must be a word")
    return data


def real(data: Json, what: str) -> float:
    """Read a finite number."""
    if not isinstance(data, int | float) or isinstance(data, bool) or not abs(data) <= sys.float_info.max:
        raise ValueError(f"{what} must be a finite number")
    return float(data)


# --- matrices --------------------------------------------------------------------------------


def write_array(x: Array) -> Json:
    """Write a matrix or vector as lists, or as bytes where it is large."""
    if x.size <= _WRITTEN:
        return x.astype(np.float64).tolist()
    return {"f64": base64.b64encode(x.astype("<f8").tobytes()).decode("ascii"), "shape": list(x.shape)}


def read_array(data: Json, what: str, ndim: int = 2) -> Array:
    """Read what `write_array` wrote; sizes are checked before an array is made.

    Raises:
        ValueError: a row or cell that is none, with its place.
    """
    if isinstance(data, dict):
        return _unpacked(fields(data, what, ("f64", "shape"), ("f64", "shape")), what, ndim)
    rows = [data] if ndim == 1 else data
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        raise ValueError(f"{what} must be a list of {'numbers' if ndim == 1 else 'rows, each a list of numbers'}")
    check_shape(len(rows), 1)
    numbers = []
    for number, row in enumerate(rows, start=1):
        where = f"{what}, row {number}" if ndim == 2 else what
        if len(row) != len(rows[0]):
            raise ValueError(f"{where} has {len(row)} numbers, row 1 has {len(rows[0])}")
        check_shape(1, len(row), number)
        numbers.append([real(x, f"{where}, column {column}") for column, x in enumerate(row, start=1)])
    array = np.array(numbers)
    return array[0] if ndim == 1 else array


def _unpacked(data: dict[str, Json], what: str, ndim: int) -> Array:
    shape = data["shape"]
    if not isinstance(shape, list) or len(shape) != ndim or not all(type(n) is int and n > 0 for n in shape):
        raise ValueError(f"{what}: shape must be {ndim} whole numbers above 0")
    check_shape(*(shape if ndim == 2 else (1, *shape)))
    size = 8 * int(np.prod(shape))
    if not isinstance(data["f64"], str) or len(data["f64"]) != 4 * -(-size // 3):
        raise ValueError(f"{what}: f64 must hold the {size} bytes of {'x'.join(map(str, shape))} numbers, in base64")
    try:
        raw = base64.b64decode(data["f64"], validate=True)
        array = np.frombuffer(raw, dtype="<f8").reshape(shape).astype(np.float64)
    except ValueError:
        raise ValueError(f"{what}: f64 is not base64 of {'x'.join(map(str, shape))} numbers") from None
    if not np.isfinite(array).all():
        raise ValueError(f"{what}: every number must be finite")
    return array
