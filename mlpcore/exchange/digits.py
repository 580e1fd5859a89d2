"""Numbers with chosen decimals: rounded, truncated, or as the worksheet prints them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

import numpy as np

from ..notation import Var

#: Name -> how the digits that are left off are treated, in words.
CUTS = {"rounded": "round", "truncated": "truncate", "worksheet": "as the worksheet"}

# Binary fractions leave dust in the last places: 0.1205 is met as 0.12050000000000001.
_CLEAN = Context(prec=14)
_WORK = Context(prec=40)
_LARGE, _MOST = 1e5, 14


@dataclass(frozen=True)
class Digits:
    """How numbers are written.

    Attributes:
        places: decimals, 0 to 14, zeros at the end included; 0 itself is written without.
        cut: a name of `CUTS`. The worksheet truncates, except delta_1, which it rounds (and dL/dZ_1, whose cells
            delta_1 takes as they are); it leaves zeros at the end out of numbers that need fewer decimals, and gives
            the loss one decimal more.
        short: leave zeros at the end out where a number needs fewer decimals.
        power: whether numbers are written with a power of ten; None for those that are very large or very small. All
            of a matrix are where its largest is, or has one digit and another would vanish.

    Raises:
        ValueError: not such a number of places; KeyError: no such cut.
    """

    places: int = 4
    cut: str = "rounded"
    short: bool = False
    power: bool | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.places <= _MOST:
            raise ValueError(f"0 to {_MOST} decimals can be written, not {self.places}")
        CUTS[self.cut]

    def for_matrix(self, var: Var, x: np.ndarray) -> Digits:
        """Choose how a matrix is written: its numbers alike, none with a power of ten beside one without."""
        digits = self
        if self.cut == "worksheet":
            cut = "rounded" if var.kind in ("delta", "dZ") and var.layer == 1 else "truncated"
            digits = replace(self, places=min(self.places + (var.kind == "loss"), _MOST), cut=cut, short=True)
        size = np.abs(np.asarray(x, dtype=float))
        size = size[np.isfinite(size) & (size > 0)]
        return replace(digits, power=size.size > 0 and digits._needs_power(float(size.max()), float(size.min())))

    def _needs_power(self, largest: float, smallest: float) -> bool:
        vanishes = smallest < 10.0**-self.places and largest < 10.0 ** min(0, 1 - self.places)
        return largest >= _LARGE or vanishes

    def __call__(self, x: float) -> str:
        """Write a number as plain text."""
        return self._write(x, "{0}e{1}".format)

    def latex(self, x: float) -> str:
        if np.isnan(x):
            return r"\mathrm{NaN}"
        if np.isinf(x):
            return r"\infty" if x > 0 else r"-\infty"
        return self._write(x, r"{0}\cdot 10^{{{1}}}".format)

    def _write(self, x: float, write_power: Callable[[str, int], str]) -> str:
        if x == 0 or not np.isfinite(x):
            return "0" if x == 0 else str(x)
        number = _CLEAN.create_decimal(repr(float(x)))
        if not (self._needs_power(abs(x), abs(x)) if self.power is None else self.power):
            return self._cut(number)
        exponent = number.adjusted()
        return write_power(self._cut(_WORK.scaleb(number, -exponent)), exponent)

    def _cut(self, number: Decimal) -> str:
        cut = number.quantize(
            Decimal(1).scaleb(-self.places), ROUND_HALF_UP if self.cut == "rounded" else ROUND_DOWN, _WORK
        )
        text = f"{cut:f}"
        is_short = (self.short or self.cut == "worksheet") and cut == number and "." in text
        return text.rstrip("0").rstrip(".") if is_short else text
