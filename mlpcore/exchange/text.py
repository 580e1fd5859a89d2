"""Matrices as people paste them: one parser for every way in.

The text is gone over a row at a time, and left at the first thing that cannot be taken; how long a
row may be is checked before it is split. So refusing a text costs one look at it, and reading it
takes ten bytes a number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..setup import MAX_TEXT
from .latex_input import BEGIN, read_latex
from .literals import brackets_of, called, check_after, read_literal, refuse_call
from .tables import list_table_formats, read_table
from .written import WrittenMatrix

Array = np.ndarray

_PROMPT = re.compile(r"\s*(?:Out\s*\[\d+\]:|In\s*\[\d+\]:|>>>|>>|octave(?:\.exe)?(?::\d+)?>|julia>)[ \t]*")
_R_PRINTED = re.compile(r"\s*(?:\[,?\d+,?\](?=[ \t]+\[,\d+\]|[ \t]*$|[ \t]+[^\s\[\]])|.*\n\[1,\])")
_TYPED_LINE = re.compile(r"\s*(?:>>>|In\s*\[\d+\]:|>>|octave(?:\.exe)?(?::\d+)?>|julia>)[^\r\n]*\r?\n(?=\s*\S)")


class AmbiguousTextError(ValueError):
    """A text that can be read in several ways, all of which fit: `readings`, the likeliest first."""

    def __init__(self, readings: Sequence[WrittenMatrix]) -> None:
        super().__init__(f"this can be read in two ways: {' or '.join(map(describe_reading, readings))}")
        self.readings = tuple(readings)


def read_matrix(text: str, shape: Sequence[int] | None = None) -> Array:
    """Read the matrix that a text shows, shape (rows, columns), float64.

    Cells are parted by tabs, semicolons, commas or blanks; with tabs, semicolons or blanks a comma
    is a decimal comma. NumPy, MATLAB and LaTeX may carry a name in front (`W_1 =`) and be
    transposed (`.T`, `'`, `^T`); what programs print around a matrix is passed over.

    Args:
        shape: the size of what it is for; it decides where a text can be read in two ways. Without
            it the likelier is read.

    Raises:
        ValueError: what is wrong, with its row and column; more than the app draws.
        AmbiguousTextError: two ways to read it, both of which fit.
    """
    return read_written(text, shape).values


def read_written(text: str, shape: Sequence[int] | None = None) -> WrittenMatrix:
    """Read the matrix that a text shows, with the decimals of each cell and what was left out around it.

    Args, raises: as `read_matrix`.
    """
    return choose_reading(list_readings(text), shape)


def list_readings(text: str) -> list[WrittenMatrix]:
    """List the ways in which a text can be read, the likeliest first.

    Raises:
        ValueError: there is none.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(f"the text has {len(text):,} characters; {MAX_TEXT:,} are the most that is read")
    text = strip_prompt(text)
    if BEGIN.search(text):
        return [read_latex(text)]
    if not _R_PRINTED.match(text[:2000]) and (literal := brackets_of(text)) is not None:
        readings, end = read_literal(literal)
        check_after(literal, end)
        return readings
    readings, error = [], None
    for table_format in list_table_formats(text):
        try:
            readings.append(read_table(text, table_format))
        except ValueError as refusal:
            error = error or refusal
    if not readings:
        raise refuse_call(name) if (name := called(text)) else error or ValueError("there are no numbers in this text")
    return readings


def strip_prompt(text: str) -> str:
    """Leave out the prompt of a session, and the line typed at it where its answer follows."""
    typed = _TYPED_LINE.match(text[:2000])
    if typed and "[" not in typed[0].partition("]:")[2] and "=" not in typed[0]:
        text = text[typed.end() :]
    prompt = _PROMPT.match(text[:200])
    return text[prompt.end() :] if prompt else text


def choose_reading(readings: Sequence[WrittenMatrix], shape: Sequence[int] | None) -> WrittenMatrix:
    """Choose by the size of what it is for: what has this size, else what alone fits into it, else the likeliest.

    Raises:
        AmbiguousTextError: several fit, and none has this size.
    """
    if shape is None or len(readings) == 1:
        return readings[0]
    size = tuple(shape)
    sizes = [size] if len(size) == 2 else [(1, 1)] if not size else [(size[0], 1), (1, size[0])]
    exact = [reading for reading in readings if reading.shape in sizes]
    fitting = exact or [
        reading for reading in readings if any(all(n <= m for n, m in zip(reading.shape, most)) for most in sizes)
    ]
    if len(fitting) > 1:
        raise AmbiguousTextError(fitting)
    return (fitting or list(readings))[0]


def describe_reading(reading: WrittenMatrix) -> str:
    """Write how a reading begins, and its size."""
    first = reading.values[0, :2]
    return f"{'×'.join(map(str, reading.shape))} beginning with {' and '.join(f'{x:g}' for x in first)}"


def decode_text(raw: bytes) -> str:
    """Decode a file: UTF-8, UTF-16 with its mark or without, else Windows-1252.

    Raises:
        ValueError: the file is not text.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        guesses = ["utf-16"]
    elif b"\0" in raw[:2000]:
        guesses = ["utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"]
    else:
        guesses = ["utf-8-sig", "cp1252"]
    for encoding in guesses:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ValueError("this file is not text")
