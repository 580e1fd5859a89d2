"""Matrices as code: NumPy, PyTorch, TensorFlow, SymPy, MATLAB, Mathematica, JSON; typed or printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from ..setup import MAX_SIDE
from .numerals import clip
from .tables import has_decimal_commas
from .written import LONGEST_ROW, Rows, WrittenMatrix, cut

#: Characters before and after the brackets of a literal: a name, a call, a dtype.
_LONGEST_EDGE = 400
#: Lines of a printed vector are filled up to this width before they are wrapped.
_FILLED = 60

#: Calls that say what their numbers are, and compute nothing.
_PLAIN_CALLS = {
    "array", "asarray", "asanyarray", "matrix", "mat", "tensor", "Tensor", "as_tensor", "Parameter", "FloatTensor",
    "DoubleTensor", "constant", "Variable", "Matrix", "ImmutableMatrix", "MutableDenseMatrix", "Array", "list", "tuple",
}  # fmt: skip
_NAME = r"(?:[^\s=\[\](){}<>+*@;\"'#|]|\w'){1,60}"
_BEFORE = re.compile(
    rf"\s*(?:\{{\s*[\"']{_NAME}[\"']\s*:\s*|(?:new\s+)?{_NAME}\s*(?::=|=|<-|←)\s*)?"
    r"(?:Parameter containing:\s*)?"
    r"(?:<tf\.(?:Tensor|Variable)\b[^\[\]]{0,200}numpy=\s*)?"
    r"((?:[A-Za-z_][\w.]*\s*\(\s*)*)"
)
_CALLED = re.compile(r"([\w.]+)\s*\(")
_AFTER = re.compile(
    r"\s*(?:,\s*(?:dtype|device|requires_grad|grad_fn|shape|copy|weak_type|layout)\s*=\s*"
    r"(?:\([^()]{0,40}\)|<[^<>]{0,80}>|'[^']{0,40}'|\"[^\"]{0,40}\"|[\w.:]{1,40})\s*)*,?\s*[)>}\s]*"
    r"(\.T\b|\.mT\b|\.t\(\)|\.transpose\(\)|\.'|')?\s*[;,]?\s*(?:[#%][^\r\n]*\s*)?",
)
_INNER = re.compile(r"\s*\[")
_NESTED_ROW = re.compile(r"[\s,;]*\[([^\[\]]*)\]")
_END = re.compile(r"[\s,;]*\]")
_NEXT_LIST = re.compile(r"\s*[,\r\n]\s*\[")
#: Two numbers of a row without a comma between them.
_PARTED = re.compile(r"\d[ \t\u00a0;]+[-+.\d\u2212]")
_PARTING_COMMA = re.compile(r"(?<!\d),|,(?!\d)")
_BRACKET = re.compile(r"[\[\]]")
_CALL = re.compile(rf"\s*(?:{_NAME}\s*(?::=|=)\s*)?([A-Za-z_][\w.]*)\s*\(")


def brackets_of(text: str) -> str | None:
    """Give the text with square brackets, where it holds a literal of any brackets; else None."""
    if "[" in text:
        return text
    opened = text[:_LONGEST_EDGE].lstrip()
    named = re.match(rf"{_NAME}\s*(?::=|=)\s*(?=[({{])|(?:[A-Za-z_][\w.]*)(?=\(\s*\()", opened)
    opened = opened[named.end() :] if named else opened
    if opened.startswith("{"):
        return text.translate({ord("{"): "[", ord("}"): "]"})
    flat = opened.startswith("(") and "," in opened and text.count("(") == 1 and text.rstrip(" \r\n\t;").endswith(")")
    if flat or re.match(r"\(\s*\(", opened):
        return text.translate({ord("("): "[", ord(")"): "]"})
    return None


def called(text: str) -> str:
    """Give the name of the function that a text calls first, unless it computes nothing; empty for none."""
    found = _CALL.match(text[:_LONGEST_EDGE])
    return found[1] if found and found[1].rsplit(".")[-1] not in _PLAIN_CALLS else ""


def refuse_call(name: str) -> ValueError:
    """Make the error for a text that would have to be carried out."""
    return ValueError(f"{clip(name)}(…) is a call, and nothing is computed here: paste what it prints")


def read_literal(text: str) -> tuple[list[WrittenMatrix], int]:
    """Read `[[1, 2], [3, 4]]` as NumPy writes and prints it, `[1 2; 3 4]` as MATLAB does.

    Returns:
        The ways to read it, the likeliest first, and where it ends, with what belongs to it.

    Raises:
        ValueError: what is wrong, by row and column.
    """
    start = text.find("[")
    _check_before(text, start)
    if _INNER.match(text, start + 1):
        rows, stop = _split_lists(text, start + 1)
        readings = _read_rows(rows) if rows else []
        stop = _find_end(text, stop, len(rows))
    elif _NEXT_LIST.match(text, stop := _close(text, start + 1)):
        rows, stop = _split_lists(text, start)
        readings = _read_rows(rows, "each list is a row")
    else:
        readings = _read_flat(text, start + 1, stop - 1)
    after = _AFTER.match(text, stop)
    end = after.end() if after else stop
    if after and after[1]:
        readings = [reading.T for reading in readings]
    return readings, end


def check_after(text: str, end: int) -> None:
    """Raise ValueError where more stands after a literal than belongs to it."""
    if text[end : end + _LONGEST_EDGE].strip() or len(text) > end + _LONGEST_EDGE:
        raise ValueError(f"after the brackets stands “{clip(text[end : end + 80])}”: only one matrix is read at a time")


def _check_before(text: str, start: int) -> None:
    before = _BEFORE.fullmatch(text, 0, start) if start <= _LONGEST_EDGE else None
    if not before:
        stray = text[max(0, start - 80) : start]
        raise ValueError(f"before the brackets stands “{clip(stray)}”: only one matrix is read at a time")
    for name in _CALLED.findall(before[1]):
        if name.rsplit(".")[-1] not in _PLAIN_CALLS:
            raise refuse_call(name)


def _close(text: str, begin: int) -> int:
    found = _BRACKET.search(text, begin)
    if not found:
        raise ValueError("a bracket [ is not closed")
    if found[0] == "[":
        raise ValueError(f"a bracket [ inside of a row: “{clip(text[begin : found.end() + 19])}”: a row holds numbers")
    return found.end()


def _split_lists(text: str, start: int) -> tuple[list[str], int]:
    """Split lists that stand one after the other into the insides of each; and where they end."""
    rows: list[str] = []
    while found := _NESTED_ROW.match(text, start):
        rows.append(cut(text, *found.span(1), len(rows) + 1, ",").strip(" \t\r\n;").rstrip(","))
        start = found.end()
    return rows, start


def _find_end(text: str, start: int, count: int) -> int:
    if found := _END.match(text, start):
        return found.end()
    rest = text[start : start + 80]
    if not rest.strip():
        raise ValueError("a bracket [ is not closed")
    raise ValueError(f"row {count + 1}: a row in brackets [ ] is expected where “{clip(rest)}” stands")


def _read_flat(text: str, start: int, end: int) -> list[WrittenMatrix]:
    """Read what stands between one pair of brackets: rows as MATLAB parts them, or one vector that was wrapped."""
    inside = text[start:end] if end - start <= LONGEST_ROW else ""
    rows = list(_split_rows(text, start, end))
    if "\n" not in inside.strip() or re.search("[;,]", inside):
        readings = _read_rows(rows)
        return readings[::-1] if inside.count(",") > 1 else readings
    vector = []
    with suppress(ValueError):
        vector = _read_rows([inside], "one vector, printed on several lines")
    try:
        readings = [*_read_rows(rows), *vector]
    except ValueError:  # such as rows of unequal length
        if not vector:
            raise
        return vector
    # NumPy fills its lines, and prints whole floats as `1.`, which people do not type.
    first_line = inside.lstrip("\r\n").partition("\n")[0]
    is_filled = len(first_line) > _FILLED or re.search(r"\d\.(?!\d)", first_line)
    return readings[::-1] if is_filled else readings


def _read_rows(pieces: Sequence[str], *notes: str) -> list[WrittenMatrix]:
    """Read rows whose cells commas part, or blanks; then with decimal commas, and blanks or semicolons between cells.

    Commas may be decimal ones where each is inside of a number, and other signs part cells, or there is one as in 0,35.
    """
    readings: list[WrittenMatrix] = []
    errors: list[ValueError] = []

    def read(split: Callable[[str], list[str]], *notes: str) -> None:
        rows = Rows()
        try:
            for piece in pieces:
                rows.add(split(piece))
            readings.append(rows.matrix(*notes))
        except ValueError as error:
            errors.append(error)

    read(lambda piece: piece.split("," if "," in piece else None, MAX_SIDE), *notes)
    text = "\n".join(pieces)
    is_parted = _PARTED.search(text) and not _PARTING_COMMA.search(text)
    if "," in text and (is_parted or ("." not in text and has_decimal_commas(text))):
        read(lambda piece: re.split(r"[;\s]\s*", piece, maxsplit=MAX_SIDE), *notes, "each comma as a decimal comma")
    if not readings:
        raise errors[0]
    return readings


def _split_rows(text: str, start: int, end: int) -> Iterator[str]:
    """Yield rows separated by semicolons or ends of lines; a line that ends in a comma or ... goes on."""
    begun, row = "", 1
    for found in re.compile(r"[^;\r\n]+").finditer(text, start, end):
        piece = begun + cut(text, found.start(), found.end(), row, ",").strip()
        ended = text[found.end() : found.end() + 1] in (";", "]")
        begun = ""
        if not ended and piece.endswith("..."):
            begun = piece[:-3] + " "
        elif not ended and piece.endswith(","):
            begun = piece
        elif piece:
            yield piece.rstrip(",")
            row += 1
        if len(begun) > LONGEST_ROW:
            raise ValueError(f"row {row} has over {LONGEST_ROW:,} characters")
    if begun.strip():
        yield begun.strip().rstrip(",")
