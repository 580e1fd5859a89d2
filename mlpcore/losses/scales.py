"""What a sum over examples is multiplied by: the constant in front of a loss.

A gradient carries the same constant, times 2 where a square was differentiated; both are
written by the same row, so that the 1/N of a gradient is the 1/N of its loss.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..registry import Registry


@dataclass(frozen=True)
class Scale:
    """A constant `1`, `1/2`, `1/N`, `1/(2N)` or `1/(N d)`, and twice that.

    Attributes:
        name: as it is chosen.
        mean: divided by the number of examples.
        half: divided by 2, so that the 2 of a differentiated square goes away.
        whole: the number of examples of the whole batch, where only a block of it is looked at.
        outputs: divided by the number of outputs too, which only an equation with the cells of the output knows.
    """

    name: str
    mean: bool
    half: bool
    whole: int | None = None
    outputs: bool = False

    @property
    def title(self) -> str:
        """Name the reduction over the examples: `half mean (1/(2N))`."""
        words = ("half " if self.half else "") + ("mean" if self.mean else "sum")
        return f"{words}{' over all cells' * self.outputs} ({self.name})"

    def _parts(self, twice: bool) -> tuple[int, int]:
        """Give the numerator and the number beside N in the denominator."""
        return (1, 1) if twice and self.half else (2 if twice else 1, 2 if self.half else 1)

    def factor(self, N: int, twice: bool = False, d: int = 1) -> float:
        """Give the constant as a number, for N examples of d outputs."""
        above, below = self._parts(twice)
        return above / (below * (self.whole or N) * (d if self.outputs else 1)) if self.mean else above / below

    def latex(self, twice: bool = False) -> str:
        """Write the constant in front of a formula; nothing for 1."""
        above, below = self._parts(twice)
        under = ("" if below == 1 else str(below)) + ("N" if self.mean else "") + (r"\,d" if self.outputs else "")
        return rf"\frac{{{above}}}{{{under}}}" if under else "" if above == 1 else str(above)

    def cell(self, twice: bool = False) -> str:
        """Write the same in the language of `mlpcore.equations.cells`, with the sign of multiplication."""
        above, below = self._parts(twice)
        if self.mean:
            N = self.whole or "{#n}"
            if self.outputs:
                return f"{above}/({N}·{{#i}})·"
            return f"{above}/" + (f"{N}·" if below == 1 else f"({below}·{N})·")
        return f"{above}/{below}·" if below > 1 else "" if above == 1 else f"{above}·"

    def multiply(self, formula: str, twice: bool = False) -> str:
        """Write the constant in front of the formula of a cell; the formula alone for 1."""
        return f"{self.cell(twice)}({formula})" if self.cell(twice) else formula


#: Name -> `Scale`.
SCALES: dict[str, Scale] = Registry.of(
    "scale",
    Scale("1/(2N)", mean=True, half=True),
    Scale("1/N", mean=True, half=False),
    Scale("1/2", mean=False, half=True),
    Scale("1", mean=False, half=False),
)

#: Those, and the mean over all cells of the output.
CELL_SCALES: dict[str, Scale] = Registry(
    "scale", SCALES | {"1/(N d)": Scale("1/(N d)", mean=True, half=False, outputs=True)}
)
