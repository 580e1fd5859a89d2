"""One number as people write it: decimal comma, unicode minus, 1.2·10⁻³, 1/3, 10%, (1.50)."""

from __future__ import annotations

import re
from math import inf, isfinite, log10

_MINUS = dict.fromkeys(map(ord, "\u2212\u2013\ufe63\uff0d"), "-")
_BLANKS = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\ufeff"), " ")
TYPED = str.maketrans(_MINUS | _BLANKS)
_RAISED = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")

#: How commas and points are used in a text: a comma is the decimal mark (a point is one as well), commas part
#: thousands, or points part thousands and the comma is the decimal mark.
DECIMAL, COMMA_THOUSANDS, POINT_THOUSANDS = "decimal comma", "thousands by comma", "thousands by point"

#: The decimals of a number whose digits are all exact: there is no last digit that was rounded.
EXACT = inf

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.(\d*))?|\.(\d+))(?:[eEdD]([+-]?\d{1,6}))?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|na|inf|infinity|∞|\\infty)", re.IGNORECASE)
_ELIDED = re.compile(r"\.\.\.|…|⋯|⋮|⋱|\\[cdlv]?dots")
_GROUPED = {
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?", re.ASCII),
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?", re.ASCII),
}
_POWER = re.compile(r"(?:([^\s·×*⋅]+)\s*[·×*⋅]\s*|([+-]?))10(?:\^\{?\s*([-+]?\d{1,6})\s*\}?|([⁻⁺]?[⁰¹²³⁴-⁹]{1,6}))")
_WRAPPED = re.compile(r"(?:np\.|numpy\.)?float(?:16|32|64)\(([^()]*)\)")
_ACCOUNTANT = re.compile(r"\(\s*([^()+-][^()]*)\)")
_FRACTION = re.compile(r"([^/⁄]+)(?://|[/⁄])([^/⁄]+)")


def clip(text: str) -> str:
    """Shorten a text to what is quoted of it, on one line."""
    line = " ".join(text[:80].split())
    return line if len(line) <= 24 and len(text) <= 80 else f"{line[:24]}…"


def read_numeral(cell: str, commas: str = DECIMAL) -> tuple[float, float]:
    """Read the number in a cell, and its decimals: 2 for 0.25, -1 for 2e+01, `EXACT` for 1/3.

    A fraction with decimals, 0.9014/4, has as many as the digits of its parts give, not a whole number.

    Args:
        commas: how the text uses commas; `DECIMAL` also takes `1,234.5` and `1.234,5` by what comes last.

    Raises:
        ValueError: it is none, or not finite.
    """
    typed = cell.translate(TYPED).strip()
    if not typed:
        raise ValueError("the cell is empty")
    if _NOT_FINITE.fullmatch(typed):
        raise ValueError(f"{clip(cell)} is not a finite number")
    if _ELIDED.fullmatch(typed):
        raise ValueError(f"“{clip(cell)}” stands for numbers that were left out; all of them are needed")
    try:
        value, decimals = _read_typed(typed[:200], commas)
    except ValueError:
        raise ValueError(f"“{clip(cell)}” is not a number") from None
    if not isfinite(value) or len(typed) > 200:
        raise ValueError(f"{clip(cell)} is too large: numbers here end at 1.8e308")
    return value, decimals


def _read_typed(typed: str, commas: str) -> tuple[float, float]:
    if "," in typed or (commas == POINT_THOUSANDS and "." in typed):
        typed = _unify_point(typed, commas)
    if found := _NUMBER.fullmatch(typed):
        digits = len(found[1] or found[2] or "")
        value = float(typed.lower().replace("d", "e"))
        return value, min(max(digits - int(found[3] or 0), -400), 400)
    if typed.endswith("%"):
        value, decimals = _read_typed(typed[:-1].rstrip(), commas)
        return value / 100, decimals + 2
    if inner := _ACCOUNTANT.fullmatch(typed):
        value, decimals = _read_typed(inner[1].strip(), commas)
        return -value, decimals
    if inner := _WRAPPED.fullmatch(typed):
        return _read_typed(inner[1].strip(), commas)
    if power := _POWER.fullmatch(typed):
        exponent = power[3] or power[4].translate(_RAISED)
        return _read_typed(f"{power[1] or power[2] + '1'}e{exponent}", DECIMAL)
    if fraction := _FRACTION.fullmatch(typed):
        (above, places), (below, places_below) = (_read_typed(part.strip(), commas) for part in fraction.groups())
        if below:
            # What one unit of the last digit of each moves the fraction by; whole numbers are exact.
            share = abs(above / below)
            unit = sum(10.0**-n * size for n, size in ((places, 1.0), (places_below, share)) if n > 0)
            return above / below, log10(abs(below) / unit) if unit else EXACT
    raise ValueError(typed)


def _unify_point(typed: str, commas: str) -> str:
    """Write a number with a point as its decimal mark, and nothing between thousands."""
    if commas == POINT_THOUSANDS:
        if "." in typed and not _GROUPED["."].fullmatch(typed):
            raise ValueError(typed)
        return typed.replace(".", "").replace(",", ".")
    if commas == DECIMAL and typed.count(",") == 1 and "." not in typed:
        return typed.replace(",", ".")
    if _GROUPED[","].fullmatch(typed):
        return typed.replace(",", "")
    if commas == DECIMAL and _GROUPED["."].fullmatch(typed):
        return typed.replace(".", "").replace(",", ".")
    raise ValueError(typed)
