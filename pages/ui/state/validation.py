"""What every group of choices has in common: how its fields are checked, and read from a link or a file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field as dataclass_field
from dataclasses import fields as dataclass_fields
from typing import Any

from mlpcore.exchange.plain import Json, fields

_WHOLE = re.compile(r"\d+|\d{1,3}(,\d{3})+", re.ASCII)
_KINDS = {str: "a name", int: "a whole number", float: "a number", bool: "true or false", tuple: "a list of names"}


def one_of(names: Iterable[str], default: str | tuple[str, ...]) -> Any:
    """Declare a field of a dataclass that holds one of these names, or several of them in a tuple."""
    return dataclass_field(default=default, metadata={"names": names})


def within(low: float, high: float, default: float) -> Any:
    """Declare a field of a dataclass that holds a number of its default's type in this range."""
    return dataclass_field(default=default, metadata={"range": (low, high)})


def check_fields(choice: Any) -> None:
    """Check that every field is of its default's type, and of the names (`one_of`) or in the range (`within`) declared.

    Raises:
        ValueError: one is not.
    """
    for field in dataclass_fields(choice):
        name, value, kind = field.name, getattr(choice, field.name), type(field.default)
        low, high = field.metadata.get("range", (None, None))
        limits = "" if low is None else f" from {low:g} to {high:,}"
        is_right = type(value) is kind or (kind is float and type(value) is int)
        if kind is tuple and is_right:
            is_right = all(isinstance(each, str) for each in value)
        if not is_right or (low is not None and not low <= value <= high):
            raise ValueError(f"{name} must be {_KINDS.get(kind, kind.__name__)}{limits}")
        if names := tuple(field.metadata.get("names", ())):
            for each in value if kind is tuple else (value,):
                if each not in names:
                    raise ValueError(f"{name}: there is no {each!r}; choose one of: {', '.join(names)}")


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
