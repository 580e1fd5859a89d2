"""Read events from the browser. Anything can arrive; what is malformed reads as None or as nothing."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from mlpcore import Setup, Var, Y, exchange, training_step
from mlpcore.exchange import read_matrix
from mlpcore.losses import Loss
from mlpcore.network import Shape
from mlpcore.setup import Editable, with_cells
from pages.ui.state.app_state import MAX_WORK
from pages.ui.state.place import CHOICES
from pages.ui.state.wire_names import wire_name

#: The longest name or value of a choice. Losses are chosen by several names.
_MAX_LENGTH = 40
_MAX_LENGTH_OF_LOSSES = 100
#: JavaScript counts exactly up to here.
_MAX_SAFE_INTEGER = 2**53
_MAX_FLOAT = 1.7976931348623157e308

_Cell = tuple[Var, tuple[int, ...], float]


def read_count(value: Any, below: int = 1_000_000) -> int | None:
    """Return a whole number from 0; by default as large as a step or frame may be in a link."""
    return value if type(value) is int and 0 <= value < below else None


def _is_number(value: Any, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most


def read_drop(event: dict[str, Any]) -> tuple[int | None, dict[str, float] | None]:
    """Return which example of a map was meant and the point {x, y} it goes to; the event may leave out either."""
    point = {axis: event[axis] for axis in ("x", "y") if _is_number(event.get(axis), 1e6)}
    example = read_count(event.get("example"))
    return example, point if len(point) == 2 and (example is not None or "example" not in event) else None


def read_choice(event: dict[str, Any]) -> tuple[str, str] | None:
    """Return the name of a choice and its value."""
    name, value = event.get("name"), event.get("value")
    if not (isinstance(name, str) and isinstance(value, str)) or name not in CHOICES:
        return None
    return (name, value) if len(value) <= (_MAX_LENGTH_OF_LOSSES if name == "shown" else _MAX_LENGTH) else None


def read_held(event: Any) -> tuple[str, tuple[int, ...]] | None:
    """Return the name of a matrix and the index of its cell that a stage holds."""
    name, index = (event.get("id"), event.get("index")) if isinstance(event, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(index, list) or len(index) > 2:
        return None
    return (name, tuple(index)) if all(read_count(i) is not None for i in index) else None


def read_sender(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the client and the sequence number that the reply to an edit must carry."""
    client, seq = event.get("client"), event.get("seq")
    good = isinstance(client, str) and len(client) <= _MAX_LENGTH and read_count(seq, _MAX_SAFE_INTEGER) is not None
    return {"client": client, "seq": seq} if good else None


def read_stroke(event: dict[str, Any]) -> tuple[str, int] | None:
    """Return the gesture that an edit belongs to."""
    number = read_count(event.get("stroke"), _MAX_SAFE_INTEGER)
    return None if number is None else (event["client"], number)


def read_cells(event: dict[str, Any], names: dict[str, Var]) -> list[_Cell]:
    """Return the edited cells: matrix, index, value."""
    cells = event.get("cells")
    return [cell for item in cells if (cell := _read_cell(item, names))] if isinstance(cells, list) else []


def apply_edits(before: Editable, event: dict[str, Any]) -> tuple[Editable, list[dict[str, Any]]]:
    """Return the set-up or laboratory with what was typed or pasted, and for each refused cell the reason."""
    if "paste" in event:
        return apply_paste(before, event["paste"])
    cells = read_cells(event, {wire_name(v): v for v in before.inputs()})
    try:
        after, refused = with_cells(before, cells)
    except ValueError as error:
        var, index, _ = cells[0]
        return before, [{"id": wire_name(var), "index": list(index), "why": str(error)}]
    reasons = [{"id": wire_name(r.var), "index": list(r.cell), "why": r.why} for r in refused]
    return (before if len(refused) == len(cells) else after), reasons


def apply_paste(before: Editable, paste: Any) -> tuple[Editable, list[dict[str, Any]]]:
    """Put a pasted block into a matrix: all of it, or nothing and the reason.

    Args:
        paste: {id, index, turned, text}; `index` of the cell that gets its first number, `turned` where the
            matrix, and so the block, is shown transposed.
    """
    if not isinstance(paste, dict) or not isinstance(text := paste.get("text"), str):
        return before, []
    inputs = before.inputs()
    cell = _read_cell([paste.get("id"), paste.get("index"), 0.0], {wire_name(v): v for v in inputs})
    if cell is None:
        return before, []
    var, index, _ = cell
    shape = np.shape(inputs[var])
    if len(index) != len(shape) or not all(0 <= i < size for i, size in zip(index, shape, strict=True)):
        return before, []
    turned = paste.get("turned") is True if len(shape) == 2 else before.conventions.lay.is_row(var)
    try:
        room = _find_room(shape, index, turned)
        block = read_matrix(text, room.shape if shape else ())
        if len(shape) == 1 and 1 in block.shape:
            block = block.reshape(-1, 1) if room.shape[1] == 1 else block.reshape(1, -1)
        if var == Y and (hint := _recognise_classes(before, block)):
            raise ValueError(hint)
        cells = _spread_block(var, shape, index, block, room)
        # Where targets are classes, a 1 moves the example there: then its zeros are right as well.
        after, refused = with_cells(before, sorted(cells, key=lambda cell: cell[2] != 1))
        if refused:
            raise ValueError(f"{var.symbol}{format_cell(refused[0].cell)}: {refused[0].why}")
    except ValueError as error:
        message = f"{str(error)[:1].upper()}{str(error)[1:]}. Nothing was changed."
        refused_paste: dict[str, Any] = {"id": wire_name(var), "index": list(index), "message": message}
        if isinstance(error, exchange.AmbiguousTextError):
            refused_paste |= {"message": "This can be read in two ways:", "turned": paste.get("turned") is True}
            refused_paste["choices"] = [
                {"label": exchange.describe_reading(each), "text": exchange.to_csv(each.values)}
                for each in error.readings
            ]
        return before, [refused_paste]
    return after, []


def list_computed(shape: Shape, loss: Loss) -> dict[str, Var]:
    """List the matrices that a learner's can be checked against, by their names on the wire."""
    outs = (step.out for step in training_step(shape, loss))
    return {wire_name(var): var for var in outs if exchange.name_of(var.text) == var}


def read_computed(setup: Setup, event: dict[str, Any]) -> Var | None:
    """Return the computed matrix that an event brings a learner's numbers of, if it does."""
    paste = event.get("paste")
    if not (isinstance(paste, dict) and isinstance(paste.get("text"), str) and isinstance(paste.get("id"), str)):
        return None
    return list_computed(setup.net.shape, setup.loss).get(paste["id"])


def add_work(work: str, var: Var, paste: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Put a learner's numbers of a matrix under its name into the work to check; or return why not.

    An earlier text of this matrix alone is replaced; any other text stays before it.
    """
    text = paste["text"].strip()
    try:
        if paste.get("turned") is True:
            raise ValueError(f"paste it on {var.symbol} itself, not on its transpose")
        if var not in exchange.list_named(text).take():
            exchange.read_written(text)
            text = f"{var.text} =\n{text}"
        if work.strip() and _list_names(work) != {var}:
            text = f"{work.rstrip()}\n\n{text}"
        if len(text) > MAX_WORK:
            raise ValueError(f"the text has {len(text):,} characters; {MAX_WORK:,} are the most that is read")
    except ValueError as error:
        message = f"{str(error)[:1].upper()}{str(error)[1:]}. Nothing was taken."
        return work, [{"id": wire_name(var), "index": [0] * len(var.axes), "message": message}]
    return text, []


def _list_names(text: str) -> set[Var]:
    """List the matrices that are named in a text; one that cannot be read names none."""
    try:
        return set(exchange.list_named(text).take())
    except ValueError:
        return set()


def _find_room(shape: tuple[int, ...], index: tuple[int, ...], turned: bool) -> np.ndarray:
    """Return the cells from `index` on, by number, as they are drawn: shape (rows, columns)."""
    shown = np.arange(prod(shape)).reshape(shape if len(shape) == 2 else (-1, 1))
    first = shown.ravel()[0] if not index else np.ravel_multi_index(index, shape)
    shown = shown.T if turned else shown
    ((row, column),) = np.argwhere(shown == first)
    return shown[row:, column:]


def _recognise_classes(before: Editable, block: np.ndarray) -> str:
    """Return what to say where whole numbers, one an example, are pasted into targets that are one-hot."""
    targets = before.inputs()[Y]
    whole = 1 in block.shape and (block >= 0).all() and (block == np.floor(block)).all()
    if not (before.loss.one_hot and whole and block.size in targets.shape and block.max() > 1):
        return ""
    return "these look like the class of each example; File, Open or paste makes them one-hot and shows them first"


def _spread_block(
    var: Var, shape: tuple[int, ...], index: tuple[int, ...], block: np.ndarray, room: np.ndarray
) -> list[_Cell]:
    """Return the cells that a block covers in a matrix of this shape when its first number is at `index`.

    Raises:
        ValueError: the block covers more cells than there are.
    """
    if block.shape[0] > room.shape[0] or block.shape[1] > room.shape[1]:
        size, left = ("×".join(map(str, each.shape)) for each in (block, room))
        place = f"{var.symbol}{format_cell(index)}"
        turned = "; transposed it would fit" if block.T.shape == room.shape else ""
        raise ValueError(f"the pasted block is {size}, but from {place} on there is room for {left}{turned}")
    covered = np.unravel_index(room[: block.shape[0], : block.shape[1]].ravel(), shape)
    cells = zip(*(axis.tolist() for axis in covered), strict=True) if shape else [()]
    return [(var, cell, x) for cell, x in zip(cells, block.ravel().tolist(), strict=True)]


def format_cell(cell: tuple[int, ...]) -> str:
    """Write the place of a cell behind the name of its matrix: `[1, 2]`, nothing for a single number."""
    return f"[{', '.join(str(i + 1) for i in cell)}]" if cell else ""


def _read_cell(item: Any, names: dict[str, Var]) -> _Cell | None:
    if not (isinstance(item, list) and len(item) == 3):
        return None
    name, index, value = item
    if not (isinstance(name, str) and name in names and isinstance(index, list) and _is_number(value, _MAX_FLOAT)):
        return None
    return (names[name], tuple(index), float(value)) if all(type(i) is int for i in index) else None
