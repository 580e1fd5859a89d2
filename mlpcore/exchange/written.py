"""A matrix as it was written: its numbers, how many digits each has, and what was left out around them."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from ..setup import MAX_SIDE, check_shape
from .numerals import DECIMAL, EXACT, TYPED, read_numeral

Array = np.ndarray

#: Characters of one row; a number has about 20.
LONGEST_ROW = 40_000
#: Signs of a row whose cells need no closer look.
_PLAIN = re.compile(r"[-+.\deE,;&\s]*", re.ASCII)


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
    """Rows as they are read: numbers and decimals one after the other, and how long each row is."""

    numbers: array = field(default_factory=lambda: array("d"))
    decimals: array = field(default_factory=lambda: array("f"))
    count: int = 0
    width: int = 0

    def add(self, row: tuple[list[float], list[float]]) -> None:
        numbers, decimals = row
        if self.count and len(numbers) != self.width:
            raise ValueError(f"row {self.count + 1} has {_cells(len(numbers))}, row 1 has {_cells(self.width)}")
        self.count, self.width = self.count + 1, len(numbers)
        self.numbers.extend(numbers)
        self.decimals.extend(decimals)

    def extend(self, row: tuple[list[float], list[float]]) -> None:
        """Make the one row there is longer."""
        check_shape(1, self.width + len(row[0]), 1)
        self.numbers.extend(row[0])
        self.decimals.extend(row[1])
        self.count, self.width = 1, len(self.numbers)

    def matrix(self, *notes: str) -> WrittenMatrix:
        if not self.numbers:
            raise ValueError("there are no numbers in this text")
        shape = self.count, self.width
        values = np.frombuffer(self.numbers, dtype=np.float64).reshape(shape).copy()
        return WrittenMatrix(values, np.frombuffer(self.decimals, dtype=np.float32).reshape(shape).copy(), notes)


def _cells(count: int) -> str:
    return f"{count:,} cell" + "s" * (count != 1)


def cut(text: str, start: int, end: int, row: int, sep: str | None) -> str:
    """Take a row's text, once it is known to be short enough to be cut up."""
    check_shape(row, 1)
    if sep and (count := text.count(sep, start, end) + 1) > MAX_SIDE + 3:
        raise ValueError(f"row {row} has {count:,} cells; a row here has at most {MAX_SIDE}")
    if end - start > LONGEST_ROW:
        raise ValueError(f"row {row} has {end - start:,} characters; a row here has at most {LONGEST_ROW:,}")
    return text[start:end]


def read_cells(cells: list[str], row: int, commas: str = DECIMAL, first: int = 1) -> tuple[list[float], list[float]]:
    """Read the numbers of a row, cell by cell; `first` is the column of the first one.

    Raises:
        ValueError: a cell that is no number, by row and column.
    """
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


def read_row(piece: str, sep: str | None, row: int, commas: str = DECIMAL) -> tuple[list[float], list[float]]:
    """Read the numbers of a row: at once where nothing but digits is in it, else cell by cell.

    Args:
        sep: what parts the cells; None for blanks.
    """
    if not piece.isascii():
        check_shape(1, len(piece.split(sep, MAX_SIDE)), row)  # before copies of it are made, four bytes a letter
        piece = piece.translate(TYPED)
    if commas == DECIMAL and _PLAIN.fullmatch(piece) and (sep == "," or "," not in piece or "." not in piece):
        cells = (piece if sep == "," else piece.replace(",", ".")).split(sep, MAX_SIDE)
        check_shape(1, len(cells), row)
        try:
            numbers = list(map(float, cells))
        except ValueError:
            pass
        else:
            if all(map(isfinite, numbers)):
                return numbers, [_count_decimals(cell) for cell in cells]
    return read_cells(piece.split(sep, MAX_SIDE), row, commas)


def _count_decimals(cell: str) -> int:
    """Count the digits after the point of a cell that `float` reads."""
    mantissa, _, exponent = cell.strip().lower().partition("e")
    _, _, fraction = mantissa.partition(".")
    return min(max(len(fraction) - int(exponent[:7] or 0), -400), 400)
