"""What a browser may say, read from what it did say: anything can arrive, and what is wrong is nothing."""

from __future__ import annotations

from typing import Any

from mlpcore import Var
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
    """What it becomes by the cells that were typed, and what is to be said of those that were refused."""
    cells = edits(message, by_key(held))
    try:
        new, refused = with_cells(held, cells)
    except ValueError as error:
        var, cell, _ = cells[0]
        return held, [{"id": key(var), "index": list(cell), "why": str(error)}]
    told = [{"id": key(r.var), "index": list(r.cell), "why": r.why} for r in refused]
    return (held if len(refused) == len(cells) else new), told


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
