"""What every group of choices has in common: how its fields are checked, and read from a link or a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields as dataclass_fields
from typing import Any

from mlpcore.exchange.plain import Json, fields

_WHOLE = re.compile(r"\d+|\d{1,3}(,\d{3})+", re.ASCII)
_KINDS = {str: "a name", int: "a whole number", float: "a number", bool: "true or false", tuple: "a list of names"}


def check_fields(choice: Any, offered: Mapping[str, Iterable[str]], ranges: Mapping[str, tuple[float, float]]) -> None:
    """Check that every field is of its default's type, and one of the offered names or within its range.

    Raises:
        ValueError: one is not.
    """
    for field in dataclass_fields(choice):
        name, value, kind = field.name, getattr(choice, field.name), type(field.default)
        low, high = ranges.get(name, (None, None))
        limits = "" if low is None else f" from {low:g} to {high:,}"
        is_right = type(value) is kind or (kind is float and type(value) is int)
        if kind is tuple and is_right:
            is_right = all(isinstance(each, str) for each in value)
        if not is_right or (low is not None and not low <= value <= high):
            raise ValueError(f"{name} must be {_KINDS.get(kind, kind.__name__)}{limits}")
        if name in offered and value not in tuple(offered[name]):
            raise ValueError(f"there is no {name} {value!r}; choose one of: {', '.join(offered[name])}")


def read_whole_number(value: object, most: int) -> int:
    """Read what was typed as a whole number from 1 to `most`; commas may set the thousands apart.

    Raises:
        ValueError: it is none.
    """
    text = str(value).strip()  # a browser may send another type than a text field's
    digits = text.replace(",", "")
    if not _WHOLE.fullmatch(text) or len(digits) > 12 or not 1 <= int(digits) <= most:
        raise ValueError(f"“{text[:20]}” is not a whole number from 1 to {most:,}")
    return int(digits)


def read_fields(kind: type, json: Json, what: str, needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read the fields of a dataclass from plain values; lists become tuples.

    Raises:
        ValueError: it is no object, or has an unknown field or lacks a needed one.
    """
    found = fields(json, what, tuple(field.name for field in dataclass_fields(kind)), needed)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
