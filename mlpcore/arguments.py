"""Checks of what a function was given, with messages that name what was expected."""

from __future__ import annotations

import math


def expect(x: object, kind: type, name: str, such_as: str = "") -> None:
    """Raise TypeError unless x is of this kind; the message names both."""
    if isinstance(x, kind):
        return
    example = f", such as {such_as}" if such_as else ""
    found = f"the class {x.__name__}" if isinstance(x, type) else repr(x) if isinstance(x, str) else type(x).__name__
    raise TypeError(f"{name} must be of type {kind.__name__}{example}, not {found}")


def check_finite(x: object, name: str) -> None:
    """Raise ValueError unless x is a finite number."""
    try:
        finite = not isinstance(x, str) and math.isfinite(x)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        finite = False
    if not finite:
        raise ValueError(f"{name} must be a finite number, not {x!r}")
