"""Bytes, operations and seconds in words, and bytes as they are typed."""

from __future__ import annotations

import re

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def read_bytes(text: str) -> int:
    """Read bytes as they are typed: `16 GB`, `512 MiB`, `40000`.

    Raises:
        ValueError: it is something else.
    """
    found = re.fullmatch(r"\s*([\d.,' ]{1,24}?)\s*([kmgt]?i?)b?(?:ytes?)?\s*", text, re.ASCII | re.IGNORECASE)
    unit = _UNITS.get(found[2].lower()) if found else None
    digits = re.sub(r",(?=\d{3}(\D|$))|[' ]", "", found[1]).replace(",", ".") if found else ""
    if unit is None or not re.fullmatch(r"\d+(\.\d*)?|\.\d+", digits):
        raise ValueError(f"“{text.strip()[:20]}” is not a number of bytes: write 16 GB, 512 MiB or 40000")
    return round(float(digits) * unit)


def bytes_text(n: float) -> str:
    """Write bytes in words, three digits: `1.23 MB`. Units of 1000."""
    return _write(n, {"TB": 1e12, "GB": 1e9, "MB": 1e6, "kB": 1e3}) or f"{n:,.0f} B"


def flops_text(n: float) -> str:
    """Write operations in words: `3.2 GFLOP`."""
    return _write(n, {"EFLOP": 1e18, "PFLOP": 1e15, "TFLOP": 1e12, "GFLOP": 1e9, "MFLOP": 1e6}) or f"{n:,.0f} FLOP"


def seconds_text(seconds: float) -> str:
    """Write a time in words, three digits."""
    return _write(seconds, {"s": 1.0, "ms": 1e-3}) or f"{three_digits(seconds * 1e6)} µs"


def _write(x: float, units: dict[str, float]) -> str:
    """Write a number in the largest unit that it reaches; nothing below the smallest."""
    return next((f"{three_digits(x / size)} {unit}" for unit, size in units.items() if x >= 0.9995 * size), "")


def three_digits(x: float) -> str:
    """Write three digits, without an exponent and without trailing zeros after the point."""
    if x >= 999.5:
        return f"{x:,.0f}"
    digits = 3 - len(str(int(float(f"{x:.3g}")))) if x >= 0.9995 else 3
    return f"{x:.{digits}f}"
