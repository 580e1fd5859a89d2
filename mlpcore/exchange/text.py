"""Matrices as people paste them: tables, spreadsheet blocks, NumPy, MATLAB and LaTeX.

The text is gone over once, a row at a time, and left at the first thing that cannot be taken;
how long a row may be is checked before it is split. So refusing a text costs one look at it, and
reading it takes eight bytes a number.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np

from ..setup import MAX_SIDE, MAX_TEXT, check_shape

Array = np.ndarray

#: Characters of one row; a number has about 20.
_LONGEST_ROW = 40_000
#: Characters before and after the brackets of a literal: a name, a call, a dtype.
_LONGEST_EDGE = 200
#: How far one looks to tell what parts the cells.
_GLANCE = 100_000

_MINUS = dict.fromkeys(map(ord, "\u2212\u2013\ufe63\uff0d"), "-")
_BLANKS = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\ufeff"), " ")
_TYPED = str.maketrans(_MINUS | _BLANKS)

_PLAIN = re.compile(r"[-+.\deE,;&\s]*", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eEdD][+-]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity|∞|\\infty)", re.IGNORECASE)

# Blanks between two numbers, and commas that cannot be decimal ones.
_BLANK_PARTED = re.compile(r"[\d.],?[ \u00a0]+[-+.\d\u2212]")
_PARTING_COMMA = re.compile(r",\s|\s,|\.|,[^\s,]*,")

_LATEX_BEGIN = re.compile(r"\\begin\s*\{((?:[pbBvV]|small|bsmall|psmall)?matrix\*?|array)\}")
_LATEX_EDGE = re.compile(r"\\left\s*[\[(|.]|\\\[|\$|&|\s|\\displaystyle")
_LATEX_AFTER = re.compile(r"\\right\s*[\])|.]|\\\]|\$|\\(?:end|tag|label)\{[^{}]*\}|[\s.,;&\\]")
_LATEX_TURNED = re.compile(r"(\\right\s*[\])|.])?\^\{?\s*(\\top|T|\\intercal|\\mathsf\{T\}|\\mathrm\{T\})")
_LATEX_POWER = re.compile(r"\\(?:cdot|times)10\^\{?([-+]?\d+)\}?")
_LATEX_SPACE = re.compile(r"\\[,;:! ]|~|\\hline|\\phantom\{-?\}|[{}$\s]")

_CALL = re.compile(r"\s*(?:[\w.]+\s*=\s*)?(?:[\w.]+\s*\(\s*)?")
_CLOSE = re.compile(r"\s*(?:,\s*dtype\s*=\s*[\w.'\"]+\s*)?,?\s*\)?\s*('|\.T|\.')?\s*;?\s*")
_NESTED_ROW = re.compile(r"[\s,]*\[([^\[\]]*)\]")


def read_matrix(text: str) -> Array:
    """Read the matrix that a text shows, shape (rows, columns), float64.

    Cells are parted by tabs, semicolons, commas or blanks; with tabs, semicolons or blanks a
    comma is a decimal comma. A first line without any number is taken for a heading, lines
    that begin with # or % for remarks. NumPy and MATLAB literals and LaTeX's matrices may
    carry a name in front (`W_1 =`) and be transposed (`.T`, `'`, `^T`).

    Raises:
        ValueError: what is wrong, with its row and column; or more than the app draws.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(f"the text has {len(text):,} characters; {MAX_TEXT:,} are the most that is read")
    begin = _LATEX_BEGIN.search(text)
    if begin:
        values, turned = _read_latex(text, begin)
    elif "[" in text:
        values, turned = _read_brackets(text)
    else:
        values, turned = _read_table(text), False
    return np.ascontiguousarray(values.T) if turned else values


def number(cell: str) -> float:
    """Read the number in a cell, as people write it: decimal comma, unicode minus, 1e-3.

    Raises:
        ValueError: it is none, or not finite.
    """
    typed = cell.translate(_TYPED).strip()
    if typed.count(",") == 1 and "." not in typed:
        typed = typed.replace(",", ".")
    if not typed:
        raise ValueError("the cell is empty")
    if _NOT_FINITE.fullmatch(typed):
        raise ValueError(f"{clip(cell)} is not a finite number")
    if not _NUMBER.fullmatch(typed):
        raise ValueError(f"“{clip(cell)}” is not a number")
    value = float(typed.lower().replace("d", "e"))
    if not isfinite(value):
        raise ValueError(f"{clip(cell)} is too large: numbers here end at 1.8e308")
    return value


def clip(text: str) -> str:
    """Shorten a text to what is quoted of it, on one line."""
    line = " ".join(text[:80].split())
    return line if len(line) <= 24 and len(text) <= 80 else f"{line[:24]}…"


@dataclass
class _Rows:
    """Rows as they are read: their numbers one after the other, and how long each is."""

    numbers: array
    count: int = 0
    width: int = 0

    def add(self, row: list[float]) -> None:
        if self.count and len(row) != self.width:
            raise ValueError(f"row {self.count + 1} has {_cells(len(row))}, row 1 has {_cells(self.width)}")
        self.count, self.width = self.count + 1, len(row)
        self.numbers.extend(row)

    def matrix(self) -> Array:
        if not self.numbers:
            raise ValueError("there are no numbers in this text")
        return np.frombuffer(self.numbers, dtype=np.float64).reshape(self.count, self.width).copy()


def _cells(count: int) -> str:
    return f"{count:,} cell" + "s" * (count != 1)


def _cut(text: str, start: int, end: int, row: int, sep: str | None) -> str:
    """Take a row's text, once it is known to be short enough to be cut up."""
    check_shape(row, 1)
    if sep and (count := text.count(sep, start, end) + 1) > MAX_SIDE + 1:
        raise ValueError(f"row {row} has {count:,} cells; a row here has at most {MAX_SIDE}")
    if end - start > _LONGEST_ROW:
        raise ValueError(f"row {row} has {end - start:,} characters; a row here has at most {_LONGEST_ROW:,}")
    return text[start:end]


def _numbers(cells: list[str], row: int) -> list[float]:
    check_shape(1, len(cells), row)
    values = []
    for column, cell in enumerate(cells, start=1):
        try:
            values.append(number(cell))
        except ValueError as error:
            raise ValueError(f"row {row}, column {column}: {error}") from None
    return values


def _row(piece: str, sep: str | None, row: int) -> list[float]:
    """Read the numbers of a row: at once where nothing but digits is in it, else cell by cell."""
    if not piece.isascii():
        check_shape(1, len(piece.split(sep, MAX_SIDE)), row)  # before copies of it are made, four bytes a letter
        piece = piece.translate(_TYPED)
    if _PLAIN.fullmatch(piece):
        cells = (piece if sep == "," else piece.replace(",", ".")).split(sep, MAX_SIDE)
        check_shape(1, len(cells), row)
        try:
            values = [float(cell) for cell in cells]
        except ValueError:
            pass
        else:
            if all(map(isfinite, values)) and (sep == "," or "," not in piece or "." not in piece):
                return values
    return _numbers(piece.split(sep, MAX_SIDE), row)


# --- tables ----------------------------------------------------------------------------------


def _separator(text: str, start: int, end: int) -> str | None:
    """Find what separates the cells of a table; None for blanks."""
    if text.find("\t", start, end) >= 0:
        return "\t"
    if text.find(",", start, end) < 0:
        return None
    end = min(end, start + _GLANCE)
    decimal = _BLANK_PARTED.search(text, start, end) and not _PARTING_COMMA.search(text, start, end)
    return None if decimal else ","


def _read_table(text: str) -> Array:
    rows, lines = _Rows(array("d")), re.compile(r"[^\r\n]+")
    sep = _separator(text, 0, len(text))
    if ";" in text and sep != "\t":
        if _BLANK_PARTED.search(text, 0, _GLANCE):
            lines = re.compile(r"[^;\r\n]+")  # as MATLAB parts rows
        else:
            sep = ";"
    heading = ""
    for found in lines.finditer(text):
        piece = _cut(text, found.start(), found.end(), rows.count + 1, sep)
        if not piece.strip() or piece.lstrip()[0] in "#%":
            continue
        piece = piece if sep == "\t" else piece.strip()
        try:
            rows.add(_table_row(piece, sep, rows.count + 1))
        except ValueError as error:
            if rows.count or heading or not _is_heading(piece, sep):
                raise
            heading = str(error)
    if heading and not rows.count:
        raise ValueError(heading)
    return rows.matrix()


def _table_row(piece: str, sep: str | None, row: int) -> list[float]:
    if '"' not in piece:
        return _row(piece, sep, row)
    if sep is None:
        return _numbers([cell.strip('"') for cell in piece.split(None, MAX_SIDE)], row)
    return _numbers(next(csv.reader([piece], delimiter=sep, skipinitialspace=True)), row)


def _is_heading(piece: str, sep: str | None) -> bool:
    """Tell whether no cell is a number, and not a slip like `nan` or `1.2.3` either."""
    return not any(
        re.match(r'\s*"?[-+.\d\u2212]|\s*"?(nan|inf)', cell, re.I) or not cell for cell in piece.split(sep, MAX_SIDE)
    )


# --- literals --------------------------------------------------------------------------------


def _read_brackets(text: str) -> tuple[Array, bool]:
    """Read `[[1, 2], [3, 4]]` as NumPy writes and prints it, `[1 2; 3 4]` as MATLAB does."""
    start, end = text.find("["), text.rfind("]")
    if end < start:
        raise ValueError("a bracket [ is opened and not closed")
    _edge(text, 0, start, _CALL, "before")
    turned = _edge(text, end + 1, len(text), _CLOSE, "after")
    rows = _Rows(array("d"))
    if text.find("[", start + 1, end) >= 0:
        for row, (a, b) in enumerate(_nested(text, start + 1, end), start=1):
            sep = "," if text.find(",", a, b) >= 0 else None
            rows.add(_row(_cut(text, a, b, row, sep).strip().rstrip(","), sep, row))
    else:
        for piece in _matlab(text, start + 1, end):
            row = rows.count + 1
            rows.add(_row(piece, "," if "," in piece else None, row))
    return rows.matrix(), turned is not None


def _edge(text: str, start: int, end: int, known: re.Pattern, where: str) -> str | None:
    """Read what stands around the brackets, if it is nothing but a name, a call, a transposition."""
    fits = known.fullmatch(text, start, end) if end - start <= _LONGEST_EDGE else None
    if not fits:
        stray = text[start : start + 80] if where == "after" else text[max(start, end - 80) : end]
        raise ValueError(f"{where} the brackets stands “{clip(stray)}”: only one matrix is read at a time")
    return fits[1] if known.groups else None


def _nested(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    row = 0
    while found := _NESTED_ROW.match(text, start, end):
        row, start = row + 1, found.end()
        yield found.span(1)
    rest = text[start : min(end, start + 80)]
    if text[start:end].strip(", \r\n\t"):
        raise ValueError(f"row {row + 1}: a row in brackets [ ] is expected where “{clip(rest)}” stands")


def _matlab(text: str, start: int, end: int) -> Iterator[str]:
    """Yield rows separated by semicolons or ends of lines; a line that ends in a comma or ... goes on."""
    begun, row = "", 1
    for found in re.compile(r"[^;\r\n]+").finditer(text, start, end):
        piece = begun + _cut(text, found.start(), found.end(), row, ",").strip()
        ended = text[found.end() : found.end() + 1] in (";", "]")
        begun = ""
        if not ended and piece.endswith("..."):
            begun = piece[:-3] + " "
        elif not ended and piece.endswith(","):
            begun = piece
        elif piece:
            yield piece.rstrip(",")
            row += 1
        if len(begun) > _LONGEST_ROW:
            raise ValueError(f"row {row} has over {_LONGEST_ROW:,} characters")
    if begun.strip():
        yield begun.strip().rstrip(",")


def _read_latex(text: str, begin: re.Match) -> tuple[Array, bool]:
    """Read `\\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix}` and its sisters."""
    more = sum(1 for _ in _LATEX_BEGIN.finditer(text, begin.end()))
    if more:
        raise ValueError(f"there are {more + 1} matrices in this text: paste one of them")
    name, start = begin[1], begin.end()
    end = text.find(rf"\end{{{name}}}", start)
    if end < 0:
        raise ValueError(rf"\begin{{{name}}} is not closed by \end{{{name}}}")
    before = _LATEX_EDGE.sub("", text[max(0, begin.start() - _LONGEST_EDGE) : begin.start()])
    if begin.start() > _LONGEST_EDGE or (before and not before.endswith("=")):
        raise ValueError(f"before the matrix stands “{clip(before)}”: only a name and = may stand there")
    turned = _LATEX_TURNED.match(text, end + len(name) + 6)
    rest = turned.end() if turned else end + len(name) + 6
    if after := _LATEX_AFTER.sub("", text[rest : rest + _LONGEST_EDGE]):
        raise ValueError(f"after the matrix stands “{clip(after)}”: nothing but the matrix is read")
    if name == "array" or name.endswith("*"):
        start = max(text.find("}" if name == "array" else "]", start, min(end, start + 80)) + 1, start)
    rows = _Rows(array("d"))
    while start < end:
        stop = text.find("\\\\", start, end)
        stop = end if stop < 0 else stop
        piece = _cut(text, start, stop, rows.count + 1, "&")
        if piece.strip():
            row = rows.count + 1
            rows.add(_row(_LATEX_POWER.sub(r"e\1", _LATEX_SPACE.sub("", piece)), "&", row))
        start = stop + 2
    return rows.matrix(), turned is not None
