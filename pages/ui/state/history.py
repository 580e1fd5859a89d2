"""Undo and redo: states are immutable, so earlier ones are simply kept.

A history is two lists of entries, one to go back to and one to go forward to. It is capped in number
and in bytes; the oldest entries go first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mlpcore.logits import Lab
from mlpcore.setup import Setup, same

#: The fields of the state that an undo brings back. Where a visitor is on a page is not among them.
UNDOABLE = ("setup", "example", "schedule", "lab", "lab_example", "work")
MAX_ENTRIES = 100
MAX_BYTES = 16_000_000

#: The values of `UNDOABLE`, in its order.
Entry = tuple[Any, ...]


@dataclass(frozen=True)
class History:
    """The entries before the present one, newest last, and those that were undone, next one last.

    Attributes:
        stroke: the gesture of the last edit; all edits of one gesture are undone together.
    """

    past: tuple[Entry, ...] = ()
    future: tuple[Entry, ...] = ()
    stroke: Any = None


def _make_entry(state: Any) -> Entry:
    return tuple(getattr(state, name) for name in UNDOABLE)


def is_equal(a: Any, b: Any) -> bool:
    """Compare two values of a field, set-ups and laboratories bit by bit."""
    return a is b or (same(a, b) if isinstance(a, Setup | Lab) else bool(a == b))


def estimate_bytes(entry: Entry) -> int:
    """Estimate how many bytes an entry keeps alive."""
    set_ups = [x.inputs().values() for x in entry if isinstance(x, Setup | Lab)]
    texts = sum(len(x) for x in entry if isinstance(x, str))
    return 1_000 + texts + sum(value.nbytes for values in set_ups for value in values)


def record_change(before: Any, after: Any, stroke: Any = None) -> History:
    """Return the history of a state that was changed from `before` to `after`."""
    history = before.history
    old, new = _make_entry(before), _make_entry(after)
    if all(map(is_equal, old, new)):
        return history
    if stroke is not None and stroke == history.stroke:
        return replace(history, future=())
    past: list[Entry] = []
    total = 0
    for entry in reversed((*history.past[-MAX_ENTRIES + 1 :], old)):
        total += estimate_bytes(entry)
        if past and total > MAX_BYTES:
            break
        past.append(entry)
    return History(tuple(reversed(past)), (), stroke)


def undo(state: Any) -> Any:
    """Return the state before its last edit; itself if there is none."""
    past, future = state.history.past, state.history.future
    return _restore(state, past[-1], past[:-1], (*future, _make_entry(state))) if past else state


def redo(state: Any) -> Any:
    """Return the state before its last undo; itself if there is none."""
    past, future = state.history.past, state.history.future
    return _restore(state, future[-1], (*past, _make_entry(state)), future[:-1]) if future else state


def _restore(state: Any, entry: Entry, past: tuple[Entry, ...], future: tuple[Entry, ...]) -> Any:
    return replace(state, **dict(zip(UNDOABLE, entry, strict=True)), history=History(past, future), notices={})
