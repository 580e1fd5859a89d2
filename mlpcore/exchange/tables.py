"""Matrices as tables: of spreadsheets, CSV files, markdown, and as pandas, R, MATLAB, Octave and Julia print them."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

import numpy as np

from ..setup import MAX_SIDE, check_shape
from .numerals import COMMA_THOUSANDS, DECIMAL, POINT_THOUSANDS, clip
from .written import Rows, WrittenMatrix, cut

#: How far one looks to tell what parts the cells.
_GLANCE = 100_000

# Blanks between two numbers, and commas that cannot be decimal ones.
_BLANK_PARTED = re.compile(r"[\d.],?[ \u00a0]+[-+.\d\u2212]")
_PARTING_COMMA = re.compile(r",\s|\s,|\.|,[^\s,]*,")
_POINT_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{3})+,\d", re.ASCII)
_COMMA_THOUSANDS = re.compile(r"(?<![\d,])\d{1,3}(?:,\d{3})+\.\d|(?<![\d,])\d{1,3}(?:,\d{3}){2,}(?![\d,])", re.ASCII)
_DECIMAL_POINT = re.compile(r"\d\.\d|(?<!\d)\.\d")
_COMMA_NUMBER = re.compile(r"(?<!\d)(\d*),(\d+)", re.ASCII)
#: Rows of one comma and nothing else: one cell with a decimal comma, or two whole numbers?
_TWO_READINGS = re.compile(r"(?:[ \t]*[-+\u2212]?\d+,\d+[ \t]*(?:[\r\n]+|$))+", re.ASCII)
_COMMA_BLANK = re.compile(r",[ ]+")

# What stands around a matrix that a program prints.
_SPREADSHEET_ERROR = re.compile(r"\s*#(?:N/A|NV|DIV/0!|[A-ZÄÖÜ]+[!?])")
_NAME = re.compile(r"\s*[^\W\d][\w.]*\s*(?::=|=|<-|←)\s*")
_FACTOR = re.compile(r"\s*(1(?:\.0+)?e[-+]?\d{1,3})\s*\*\s*", re.IGNORECASE)
_PIECE = re.compile(r"\s*Columns?\s+\d+(?:\s+(?:through|and|to)\s+\d+)?\s*:?\s*", re.IGNORECASE)
_HEADER = re.compile(
    r"\s*(?:\d+(?:[×x]\d+|-element)\s+[\w{}., ]+:|Diagonal Matrix|\[\d+ rows x \d+ columns\]|dtype:.*|ans)\s*"
)
_RULE = re.compile(r"[\s|+:=-]*[-=]{3}[\s|+:=-]*|\s*\|(?:\s*:?-+:?\s*\|)+\s*")
_SEP = re.compile(r"\s*\"?sep=(.)\"?\s*")
_R_COLUMNS = re.compile(r"(?:\s*\[,\d+\])+\s*")
_R_ROW = re.compile(r"\[\d+,\]")
_R_VECTOR = re.compile(r"\s*\[\d+\](?=\s)")
_NO_LABEL = re.compile(r"\s*\"?[-+.\u2212]?(?:\d|nan|na|inf|infinity)\b", re.IGNORECASE)


@dataclass(frozen=True)
class TableFormat:
    """How a table is to be read.

    Attributes:
        sep: what parts the cells; None for blanks.
        rows_by_semicolon: semicolons part rows, as in MATLAB.
        commas: how commas are used in a cell.
        comma_blank: a comma with a blank after it parts cells, one without is a decimal comma.
    """

    sep: str | None
    rows_by_semicolon: bool = False
    commas: str = DECIMAL
    comma_blank: bool = False


def list_table_formats(text: str) -> list[TableFormat]:
    """List the ways in which a table can be read, the likeliest first."""
    glance = text[:_GLANCE]
    if found := _SEP.match(glance):
        return [TableFormat(found[1], commas=_find_commas(glance))]
    if glance.lstrip().startswith(("|", "+--")):
        return [TableFormat("|", commas=_find_commas(glance))]
    if _R_ROW.search(glance) or _R_VECTOR.match(glance):
        return [TableFormat(None)]
    if "\t" in text:
        return _with_thousands(TableFormat("\t"), glance)
    if ";" in text:
        by_rows = _BLANK_PARTED.search(glance)
        sep = _parting(glance) if by_rows else ";"
        return (
            _with_thousands(TableFormat(sep, bool(by_rows)), glance)
            if sep != ","
            else [TableFormat(sep, bool(by_rows))]
        )
    if "," not in text:
        return [TableFormat(None)]
    if "." not in glance and re.search(r"\d,\d", glance) and _COMMA_BLANK.search(glance):
        return [TableFormat(";", comma_blank=True), TableFormat(",")]
    if '"' not in glance and _TWO_READINGS.fullmatch(glance):
        return [TableFormat(";")] if has_decimal_commas(glance) else [TableFormat(","), TableFormat(";")]
    sep = _parting(glance)
    return [TableFormat(sep)] if sep == "," else _with_thousands(TableFormat(sep), glance)


def has_decimal_commas(text: str) -> bool:
    """Tell whether every comma stands in a number that is no pair of whole numbers: 0,35 or 1,05."""
    pairs = _COMMA_NUMBER.findall(text)
    if not pairs or len(pairs) < text.count(","):
        return False
    zero_led = all(before == "0" for before, _ in pairs) and any(len(after) > 1 for _, after in pairs)
    return zero_led or any(len(after) > 1 and after[0] == "0" for _, after in pairs)


def _parting(glance: str) -> str | None:
    """Tell whether commas or blanks part the cells."""
    if "," not in glance or (_BLANK_PARTED.search(glance) and not _PARTING_COMMA.search(glance)):
        return None
    if _COMMA_THOUSANDS.search(glance) and not _PARTING_COMMA.search(_COMMA_THOUSANDS.sub("", glance)):
        return None
    return ","


def _find_commas(glance: str) -> str:
    if _POINT_THOUSANDS.search(glance):
        return POINT_THOUSANDS
    return COMMA_THOUSANDS if _COMMA_THOUSANDS.search(glance) else DECIMAL


def _with_thousands(table_format: TableFormat, glance: str) -> list[TableFormat]:
    """Add the reading in which every comma parts thousands, where every comma could."""
    commas = _find_commas(glance)
    pairs = _COMMA_NUMBER.findall(glance) if commas == DECIMAL else ()
    by_comma = TableFormat(table_format.sep, table_format.rows_by_semicolon, COMMA_THOUSANDS)
    if pairs and all(len(after) == 3 and before and before[0] != "0" for before, after in pairs):
        return [by_comma] if _DECIMAL_POINT.search(glance) else [table_format, by_comma]
    return [TableFormat(table_format.sep, table_format.rows_by_semicolon, commas)]


def read_table(text: str, table_format: TableFormat) -> WrittenMatrix:
    """Read the matrix of a table that is laid out like this.

    Raises:
        ValueError: a cell that is no number, by row and column; rows of unequal length; two tables.
    """
    table = _Table(table_format)
    lines = re.compile(r"[^;\r\n]+" if table_format.rows_by_semicolon else r"[^\r\n]+")
    stop = 0
    for found in lines.finditer(text):
        if max(text.count(end, stop, found.start()) for end in "\r\n") > 1:
            table.gap = True
        stop = found.end()
        piece = cut(text, found.start(), stop, table.rows.count + 1, table_format.sep)
        table.feed(piece)
    return table.finish()


def _is_label(cell: str) -> bool:
    return cell.strip(" \t\"'#_")[:1].isalpha()


class _Table:
    """A table as it is read, line after line."""

    def __init__(self, table_format: TableFormat) -> None:
        self.table_format = table_format
        self.rows = Rows()
        self.pieces: list[WrittenMatrix] = []
        self.heading: list[str] | None = None
        self.named = False  # the first column holds the names of the rows
        self.gap = False  # an empty line was passed
        self.begun = False
        self.factor = 1.0
        self.counting: list[str] = []  # the first row, which may number the columns
        self.notes: list[str] = []

    def feed(self, piece: str) -> None:
        """Take the next line."""
        if not piece.strip(" \t\r;,|\u00a0\ufeff"):
            self.gap = True
            return
        if self._skip(piece):
            return
        if not self.begun:
            piece = piece.lstrip("\ufeff")
            if name := _NAME.match(piece):
                self._note(f"the name “{clip(name[0].rstrip(' =:<-←'))}”")
                piece = piece[name.end() :]
            self.begun = True
            if not piece.strip():
                return
        if self.gap and self.rows.count and not self._begins_piece(piece):
            raise ValueError(
                f"after row {self.rows.count} comes an empty line, then more numbers: paste one matrix at a time, "
                "or take the empty line out"
            )
        self.gap = False
        if self.table_format.sep is None and _R_VECTOR.match(piece):
            self.rows.extend(_R_VECTOR.sub("", piece, count=1).split(None, MAX_SIDE))
            return
        self._read(piece)

    def _note(self, words: str) -> None:
        if words not in self.notes and len(self.notes) < 8:
            self.notes.append(words)

    def _skip(self, piece: str) -> bool:
        """Pass over what is no row: a remark, a rule, what a program prints around a matrix."""
        if len(piece) > 2000:
            return False
        if piece.lstrip()[0] in "#%" and not _SPREADSHEET_ERROR.match(piece):
            self._note(f"the remark “{clip(piece.strip())}”")
            return True
        if factor := _FACTOR.fullmatch(piece):
            self.factor = float(factor[1])
            self._note(f"every number is multiplied by {factor[1]}")
            return True
        if _PIECE.fullmatch(piece):
            self._close_piece()
            self.begun = True
            return True
        return bool(_RULE.fullmatch(piece) or _HEADER.fullmatch(piece) or (not self.begun and _SEP.fullmatch(piece)))

    def _begins_piece(self, piece: str) -> bool:
        """Tell whether columns go on here, as R and pandas print a wide table; their heading comes again."""
        if self.table_format.sep is None and self.heading and not _NO_LABEL.match(piece):
            self._close_piece()
            return True
        return False

    def _close_piece(self) -> None:
        if self.rows.count:
            self.pieces.append(self.rows.matrix())
            check_shape(1, sum(part.shape[1] for part in self.pieces), 1)
            self.rows, self.heading, self.named = Rows(), None, False

    def _read(self, piece: str) -> None:
        if _R_COLUMNS.fullmatch(piece):
            self._close_piece()
            self.heading = piece.split()
            self._note("the numbers of rows and columns")
            return
        cells = self.split(piece)
        if not self.rows.count and self.heading is None and self._is_heading(piece, cells):
            self._note(f"the heading “{clip(' '.join(self.heading or ()))}”")
            return
        if self.counting and self.rows.count == 1 and len(cells) == len(self.counting) + 1:
            self.heading, self.rows = self.counting, Rows()
        if not self.rows.count and self.heading:
            by_blanks = self.table_format.sep is None
            self.named = len(self.heading) == len(cells) - 1 if by_blanks else not self.heading[0].strip()
            if self.named:
                self._note("the first column: it has no heading and names the rows")
        self.rows.add(cells[self.named :], self.table_format.commas)

    def split(self, piece: str) -> list[str]:
        """Cut a line at what parts its cells; empty cells at its end are none."""
        sep = self.table_format.sep
        if sep is None:
            piece = re.sub(r"\s*([·×⋅])\s*(?=10)", r"\1", piece)
            return [cell.strip('"') for cell in piece.split(None, MAX_SIDE + 1)]
        piece = piece if sep == "\t" else piece.strip()
        if sep == "|":
            piece = piece.removeprefix("|")
        piece = piece.rstrip(sep + " ")
        if self.table_format.comma_blank:
            piece = _COMMA_BLANK.sub(";", piece)
        check_shape(1, piece.count(sep), self.rows.count + 1)
        if '"' in piece:
            return next(csv.reader([piece], delimiter=sep, skipinitialspace=True))
        return piece.split(sep, MAX_SIDE + 1)

    def _is_heading(self, piece: str, cells: list[str]) -> bool:
        """Tell whether a line names the columns, and keep the names.

        A heading has no number in it; where its first cell is empty, or blanks part the cells, names may be numbers
        that count the columns.
        """
        names = cells
        if self.table_format.sep is None:
            piece = piece.removesuffix("\\")
            names = re.split(r"\s{2,}" if re.search(r"\S\s{2,}\S", piece) else r"\s+", piece.strip(), maxsplit=MAX_SIDE)
        named = self.table_format.sep is not None and len(names) > 1 and not names[0].strip()
        counted = [name.strip() for name in names if name.strip()]
        counts = len(counted) > 1 and counted in ([str(first + k) for k in range(len(counted))] for first in (0, 1))
        if counts and self.table_format.sep is None and piece.startswith("  "):
            self.counting = counted
        elif (counts and named) or not any(_NO_LABEL.match(name) or not _is_label(name) for name in names[named:]):
            self.heading = names
        return self.heading is not None

    def finish(self) -> WrittenMatrix:
        if self.heading and not self.rows.count and not self.pieces:
            self.rows.add(self.heading[:1])  # the heading was the first row, and its first cell is no number
        last = self.rows.matrix(*self.notes)
        if self.pieces:
            parts = [*self.pieces, last]
            if len({part.shape[0] for part in parts}) > 1:
                heights = ", ".join(str(part.shape[0]) for part in parts[:5])
                raise ValueError(f"the matrix is printed in pieces of columns, and they have unequal rows: {heights}")
            check_shape(1, sum(part.shape[1] for part in parts), 1)
            values, decimals = (np.hstack(each) for each in zip(*((part.values, part.decimals) for part in parts)))
            last = WrittenMatrix(values, decimals, (*self.notes, f"{len(parts)} pieces of columns, side by side"))
        return last if self.factor == 1 else last.scale(self.factor)


# --- tables with labels ----------------------------------------------------------------------

_LABEL_HEADING = re.compile(r"(?:label|class|target|species|category|digit|variety|y)s?", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class LabelledTable:
    """A table whose last or first column says the class of each row.

    Attributes:
        features: the other columns, shape (examples, features).
        labels: the class of each example.
        classes: every class once, sorted.
    """

    features: np.ndarray
    labels: tuple[str, ...]
    classes: tuple[str, ...]


def read_labelled(text: str) -> LabelledTable | None:
    """Read a table in which one column holds labels: words, or numbers under such a heading; None for any other.

    Raises:
        ValueError: a cell that is no number, by row and column.
    """
    lines = [line for line in text[: MAX_SIDE * 4000].splitlines() if line.strip()]
    if len(lines) < 2 or len(lines) > MAX_SIDE + 1 or any(sign in text for sign in "[{\\"):
        return None
    table_format = list_table_formats(text)[0]
    table = _Table(table_format)
    rows = [[cell.strip() for cell in table.split(line)] for line in lines]
    heading = rows.pop(0) if not any(map(_NO_LABEL.match, rows[0])) else None
    width = len(rows[0])
    if width < 2 or any(len(row) != width for row in rows) or (heading and len(heading) != width):
        return None
    column = next((k for k in (-1, 0) if _holds_labels(heading, rows, k)), None)
    if column is None:
        return None
    labels = tuple(row.pop(column) for row in rows)
    body = Rows()
    for row in rows:
        body.add(row, table_format.commas, first=1 if column else 2)
    numeric = all(label.isdecimal() and len(label) < 10 for label in labels)
    classes = tuple(sorted(set(labels), key=(lambda label: (int(label), label)) if numeric else None))
    if len(classes) > 256:
        raise ValueError(f"the column of labels holds {len(classes)} classes; 256 are the most here")
    return LabelledTable(body.matrix().values, labels, classes)


def _holds_labels(heading: list[str] | None, rows: list[list[str]], column: int) -> bool:
    if all(_is_label(row[column]) for row in rows):
        return not _NO_LABEL.match(rows[0][column])
    return bool(heading and _LABEL_HEADING.fullmatch(heading[column].strip('"')))
