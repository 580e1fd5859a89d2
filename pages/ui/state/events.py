"""What a browser may say, read from what it did say: anything can arrive, and what is wrong is nothing."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from mlpcore import Var
from mlpcore.exchange import read_matrix
from mlpcore.setup import Editable, with_cells
from pages.ui.state.names import by_key, key
from pages.ui.state.place import CHOICES


def step(message: dict[str, Any]) -> int | None:
    """The number of a step."""
    return count(message.get("step"))


def count(value: Any, below: int = 1_000_000) -> int | None:
    """A whole number from 0; no step and no frame has a larger one, nor would a link with it be opened again."""
    return value if type(value) is int and 0 <= value < below else None


def drop(message: dict[str, Any]) -> tuple[int | None, dict[str, float] | None]:
    """Which example was meant on a map, and the place {x, y} it is to go to; either may be left out."""
    at = {axis: message.get(axis) for axis in ("x", "y")}
    good = all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e6 for v in at.values())
    example = count(message.get("example"))
    return example, at if good and (example is not None or "example" not in message) else None


#: Names and values of choices are ours and short; what is longer is not one. Losses are chosen by several names.
_LONGEST = 40
_SEVERAL = 100
#: A browser counts exactly up to here.
_SAFE = 2**53


def choice(message: dict[str, Any]) -> tuple[str, str] | None:
    """The name of a choice and what was chosen."""
    name, value = message.get("name"), message.get("value")
    if not (isinstance(name, str) and isinstance(value, str)) or name not in CHOICES:
        return None
    return (name, value) if len(value) <= (_SEVERAL if name == "shown" else _LONGEST) else None


def signed(message: dict[str, Any]) -> dict[str, Any] | None:
    """Who typed, and which of their messages this is: for the answer."""
    client, seq = message.get("client"), message.get("seq")
    good = isinstance(client, str) and len(client) <= _LONGEST and count(seq, _SAFE) is not None
    return {"client": client, "seq": seq} if good else None


def stroke(message: dict[str, Any]) -> tuple[str, int] | None:
    """The gesture that an edit belongs to."""
    number = message.get("stroke")
    return None if count(number, _SAFE) is None else (message["client"], number)


def edits(message: dict[str, Any], names: dict[str, Var]) -> list[tuple[Var, tuple[int, ...], float]]:
    """The cells that were typed: matrix, place, value."""
    cells = message.get("cells")
    return [found for item in cells if (found := _edit(item, names))] if isinstance(cells, list) else []


def edited(held: Editable, message: dict[str, Any]) -> tuple[Editable, list[dict[str, Any]]]:
    """What it becomes by what was typed or pasted, and what is to be said of the cells that were refused."""
    if "paste" in message:
        return pasted(held, message["paste"])
    cells = edits(message, by_key(held))
    try:
        new, refused = with_cells(held, cells)
    except ValueError as error:
        var, cell, _ = cells[0]
        return held, [{"id": key(var), "index": list(cell), "why": str(error)}]
    told = [{"id": key(r.var), "index": list(r.cell), "why": r.why} for r in refused]
    return (held if len(refused) == len(cells) else new), told


def pasted(held: Editable, paste: Any) -> tuple[Editable, list[dict[str, Any]]]:
    """Put a pasted block into a matrix, its first number at a cell: all of it, or nothing and why not.

    Args:
        paste: {id, index, turned, text}; `turned` where the matrix is drawn transposed, and the block so meant.
    """
    if not isinstance(paste, dict) or not isinstance(text := paste.get("text"), str):
        return held, []
    if (cell := _edit([paste.get("id"), paste.get("index"), 0.0], by_key(held))) is None:
        return held, []
    var, index, _ = cell
    value = np.asarray(held.inputs()[var])
    if len(index) != value.ndim or not all(0 <= i < size for i, size in zip(index, value.shape, strict=True)):
        return held, []
    turned = paste.get("turned") is True if value.ndim == 2 else held.conventions.lay.flat(var)
    try:
        block = read_matrix(text)
        cells = [(var, at, x) for at, x in _targets(var, value.shape, index, block, turned)]
        # Where targets are classes, a 1 moves the example there: then its zeros are right as well.
        new, refused = with_cells(held, sorted(cells, key=lambda cell: cell[2] != 1))
        if refused:
            raise ValueError(f"{var.symbol}{_place(refused[0].cell)}: {refused[0].why}")
    except ValueError as error:
        why = str(error)
        return held, [
            {"id": key(var), "index": list(index), "message": f"{why[0].upper()}{why[1:]}. Nothing was changed."}
        ]
    return new, []


def _targets(
    var: Var, shape: tuple[int, ...], index: tuple[int, ...], block: np.ndarray, turned: bool
) -> list[tuple[tuple[int, ...], float]]:
    """The cells of a matrix of this shape that a block covers when its first number is at `index`, and their numbers.

    Raises:
        ValueError: it covers more than there is.
    """
    drawn = np.arange(prod(shape)).reshape(shape if len(shape) == 2 else (-1, 1))
    first = drawn.ravel()[0] if not index else np.ravel_multi_index(index, shape)
    drawn = drawn.T if turned else drawn
    ((row, column),) = np.argwhere(drawn == first)
    room = drawn[row:, column:]
    if block.shape[0] > room.shape[0] or block.shape[1] > room.shape[1]:
        size, left = ("×".join(map(str, each.shape)) for each in (block, room))
        place = f"{var.symbol}{_place(index)}"
        raise ValueError(f"the pasted block is {size}, but from {place} on there is room for {left}")
    covered = np.unravel_index(room[: block.shape[0], : block.shape[1]].ravel(), shape)
    cells = zip(*(axis.tolist() for axis in covered), strict=True) if shape else [()]
    return list(zip(cells, block.ravel().tolist(), strict=True))


def _place(cell: tuple[int, ...]) -> str:
    return f"[{', '.join(str(i + 1) for i in cell)}]" if cell else ""


def _edit(item: Any, names: dict[str, Var]) -> tuple[Var, tuple[int, ...], float] | None:
    if not (isinstance(item, list) and len(item) == 3):
        return None
    name, cell, value = item
    if not (isinstance(name, str) and name in names and isinstance(cell, list)):
        return None
    if not all(isinstance(i, int) and not isinstance(i, bool) for i in cell):
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > 1.7976931348623157e308:
        return None
    return names[name], tuple(cell), float(value)
