"""Numbers with chosen digits, rounded or cut off as on paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

import numpy as np

#: Name -> how the digits that are left off are treated.
CUTS = {"rounded": ROUND_HALF_UP, "truncated": ROUND_DOWN}

# Binary fractions leave dust in the last places: 0.1205 is met as 0.12050000000000001.
_CLEAN = Context(prec=14)
_WORK = Context(prec=40)
_LARGE, _MOST = 1e5, 14


@dataclass(frozen=True)
class Digits:
    """How numbers are written.

    Attributes:
        places: decimals, 0 to 14.
        cut: a name of `CUTS`. The worksheet's digits are mostly truncated.

    Raises:
        ValueError: not such a number of places; KeyError: no such cut.
    """

    places: int = 4
    cut: str = "rounded"

    def __post_init__(self) -> None:
        if not 0 <= self.places <= _MOST:
            raise ValueError(f"0 to {_MOST} decimals can be written, not {self.places}")
        CUTS[self.cut]

    def __call__(self, x: float) -> str:
        """Write exact numbers as they are, others with all their places: `0.5`, but `0.0050` for 0.00503."""
        return self.written(x, "{0}e{1}".format)

    def latex(self, x: float) -> str:
        if np.isnan(x):
            return r"\mathrm{NaN}"
        if np.isinf(x):
            return r"\infty" if x > 0 else r"-\infty"
        return self.written(x, r"{0}\cdot 10^{{{1}}}".format)

    def written(self, x: float, power: Callable[[str, int], str]) -> str:
        """Write the number; a very large or small one with a power of ten, as `power` writes it."""
        if x == 0 or not np.isfinite(x):
            return "0" if x == 0 else str(x)
        number = _CLEAN.create_decimal(repr(float(x)))
        if abs(number) < _LARGE:
            text = self._cut(number)
            if any(c in text for c in "123456789"):
                return text
        exponent = number.adjusted()
        return power(self._cut(_WORK.scaleb(number, -exponent)), exponent)

    def _cut(self, number: Decimal) -> str:
        cut = number.quantize(Decimal(1).scaleb(-self.places), CUTS[self.cut], _WORK)
        text = f"{cut:f}"
        return text.rstrip("0").rstrip(".") if cut == number and "." in text else text
