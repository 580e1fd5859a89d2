"""Undo and redo: nothing is changed in place, so what was there before is still there.

A history is two lists of inputs, what was before and what was undone. It is capped in number and
in bytes; the oldest go first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mlpcore.logits import Lab
from mlpcore.setup import Setup, same

#: The fields of the work that an undo brings back. Where someone is, is not undone.
UNDONE = ("setup", "example", "schedule", "lab", "lab_example")
MOST = 100
MOST_BYTES = 16_000_000

Entry = tuple[Any, ...]


@dataclass(frozen=True)
class History:
    """What was before, newest last, and what was undone, next last.

    Attributes:
        stroke: the gesture of the last edit; what belongs to the same one is undone with it.
    """

    past: tuple[Entry, ...] = ()
    future: tuple[Entry, ...] = ()
    stroke: Any = None


def _entry(work: Any) -> Entry:
    return tuple(getattr(work, name) for name in UNDONE)


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    return same(a, b) if isinstance(a, Setup | Lab) else bool(a == b)


def weight(entry: Entry) -> int:
    """About how many bytes an entry keeps alive."""
    return 1_000 + sum(x.nbytes for x in entry if isinstance(x, Setup | Lab))


def noted(before: Any, after: Any, stroke: Any = None) -> History:
    """The history of a work that was changed from `before` to `after`."""
    history = before.history
    old, new = _entry(before), _entry(after)
    if all(map(_same, old, new)):
        return history
    if stroke is not None and stroke == history.stroke:
        return replace(history, future=())
    past, total = [], 0
    for entry in reversed((*history.past[-MOST + 1 :], old)):
        total += weight(entry)
        if past and total > MOST_BYTES:
            break
        past.append(entry)
    return History(tuple(reversed(past)), (), stroke)


def undone(work: Any) -> Any:
    """The work before its last edit; itself where there is none."""
    return _turned(work, "past", "future")


def redone(work: Any) -> Any:
    """The work before its last undo; itself where there is none."""
    return _turned(work, "future", "past")


def _turned(work: Any, source: str, target: str) -> Any:
    *rest, entry = getattr(work.history, source) or [None]
    if entry is None:
        return work
    moved = {source: tuple(rest), target: (*getattr(work.history, target), _entry(work)), "stroke": None}
    return replace(work, **dict(zip(UNDONE, entry, strict=True)), history=History(**moved), notices={})
