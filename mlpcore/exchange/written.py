"""A matrix as it was written: its numbers, how many digits each has, and what was left out around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from ..setup import MAX_SIDE, check_shape
from .numerals import DECIMAL, EXACT, read_numeral

Array = np.ndarray

#: Characters of one row; a number has about 20.
LONGEST_ROW = 40_000


@dataclass(frozen=True, eq=False)
class WrittenMatrix:
    """What a text shows.

    Attributes:
        values: shape (rows, columns), float64.
        decimals: for each cell how many digits after the point were written; below 0 for 2e+01, infinite for 1/3.
        notes: what of the text is no cell of the matrix (a heading, row names), or was read in a way worth a look.
    """

    values: Array
    decimals: Array
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.values.shape
        return rows, columns

    @property
    def T(self) -> WrittenMatrix:
        """The same, transposed."""
        values, decimals = np.ascontiguousarray(self.values.T), np.ascontiguousarray(self.decimals.T)
        return WrittenMatrix(values, decimals, self.notes)

    def scale(self, factor: float) -> WrittenMatrix:
        """Multiply by a power of ten that stands before the matrix.

        Raises:
            ValueError: a number becomes too large, or the factor is 0 or infinite in floats.
        """
        if not 0 < factor < np.inf:
            raise ValueError(f"the power of ten before the matrix is {factor:g}")
        with np.errstate(over="ignore"):
            values = self.values * factor
        if np.isinf(values).any():
            raise ValueError("a number is too large: numbers here end at 1.8e308")
        return WrittenMatrix(values, self.decimals - round(np.log10(factor)), self.notes)


def to_written(x: Array) -> WrittenMatrix:
    """Take an array as if it had been written with all its digits; a vector becomes a row."""
    values = np.atleast_2d(np.asarray(x, dtype=np.float64))
    check_shape(*values.shape)
    return WrittenMatrix(values, np.full(values.shape, EXACT, dtype=np.float32))


@dataclass
class Rows:
    """Rows as they are read: the numbers of each, and their decimals."""

    numbers: list[list[float]] = field(default_factory=list)
    decimals: list[list[float]] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.numbers)

    def add(self, cells: list[str], commas: str = DECIMAL, first: int = 1) -> None:
        """Read the cells of the next row; `first` is the column of the first one.

        Raises:
            ValueError: a cell that is no number, by row and column; a row of another length.
        """
        row = self.count + 1
        numbers, decimals = _read_cells(cells, row, commas, first)
        if self.numbers and len(numbers) != len(self.numbers[0]):
            raise ValueError(f"row {row} has {_cells(len(numbers))}, row 1 has {_cells(len(self.numbers[0]))}")
        self.numbers.append(numbers)
        self.decimals.append(decimals)

    def extend(self, cells: list[str]) -> None:
        """Make the one row there is longer."""
        numbers, decimals = _read_cells(cells, 1)
        self.numbers = [[*chain(*self.numbers), *numbers]]
        self.decimals = [[*chain(*self.decimals), *decimals]]
        check_shape(1, len(self.numbers[0]), 1)

    def matrix(self, *notes: str) -> WrittenMatrix:
        if not any(self.numbers):
            raise ValueError("there are no numbers in this text")
        return WrittenMatrix(np.array(self.numbers), np.array(self.decimals, dtype=np.float32), notes)


def _cells(count: int) -> str:
    return f"{count:,} cell" + "s" * (count != 1)


def _read_cells(cells: list[str], row: int, commas: str = DECIMAL, first: int = 1) -> tuple[list[float], list[float]]:
    check_shape(1, len(cells), row)
    numbers, decimals = [], []
    for column, cell in enumerate(cells, start=first):
        try:
            number, digits = read_numeral(cell, commas)
        except ValueError as error:
            raise ValueError(f"row {row}, column {column}: {error}") from None
        numbers.append(number)
        decimals.append(digits)
    return numbers, decimals


def cut(text: str, start: int, end: int, row: int, sep: str | None) -> str:
    """Take a row's text, once it is known to be short enough to be cut up."""
    check_shape(row, 1)
    if sep and (count := text.count(sep, start, end) + 1) > MAX_SIDE + 3:
        raise ValueError(f"row {row} has {count:,} cells; a row here has at most {MAX_SIDE}")
    if end - start > LONGEST_ROW:
        raise ValueError(f"row {row} has {end - start:,} characters; a row here has at most {LONGEST_ROW:,}")
    return text[start:end]
