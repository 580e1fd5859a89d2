"""Matrices as LaTeX writes them, ours and other people's."""

from __future__ import annotations

import re

from .numerals import clip
from .written import Rows, WrittenMatrix, cut

#: Characters before and after a matrix: a name, an equals sign, delimiters.
_LONGEST_EDGE = 200

BEGIN = re.compile(r"\\begin\s*\{((?:[pbBvV]|small|bsmall|psmall)?matrix\*?|array|tabular)\}")
_EDGE = re.compile(r"\\left\s*(?:\\?[\[({|.])|\\\[|\$|&|\s|\\displaystyle|\\begin\{(?:equation|align|gather)\*?\}")
_AFTER = re.compile(
    r"\\right\s*(?:\\?[\])}|.])|\\\]|\$|\\(?:end|tag|label)\{[^{}]*\}|\\(?:text|mathrm)\{[.,;\s]*\}|[\s.,;&\\]"
)
_TRANSPOSED = re.compile(
    r"\s*(?:\\right\s*\\?[\])}|.])?\s*(?:\^\{?\s*(?:\\top|\\intercal|\\prime|T|t"
    r"|\\(?:mathsf|mathrm|text|mathit|rm|operatorname)\s*\{?\s*T\s*\}?)\s*\}?|')"
)
_ROW_END = re.compile(r"\\\\\*?(?:[ \t]*\[[^\]\[\r\n&]{0,16}\])?|\\(?:tabularnewline|cr)\b")
_NOTHING = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|displaystyle|textstyle|quad|qquad|,|;|:|!)(?![a-zA-Z])"
    r"|\\ |~|\$|\\(?:cmidrule|cline)(?:\([lr]*\))?\{[^{}]*\}"
)
_PHANTOM = re.compile(r"\\h?phantom\{[^{}]*\}")
_THOUSANDS = re.compile(r"(?<=\d)(?:\\,|\{,\})(?=\d{3}(?!\d))")
_STYLED = re.compile(
    r"\\(?:mathbf|mathrm|mathit|boldsymbol|bm|textbf|text|boxed|underline|num|textcolor\{\w+\})\{([^{}]*)\}"
)
_FRACTION = re.compile(r"\\[tdc]?frac\s*(?:\{\s*([^{}]*)\s*\}|(\d))\s*(?:\{\s*([^{}]*)\s*\}|(\d))")
_POWER = re.compile(r"\s*\\(?:cdot|times|,)\s*(?=10\s*\^)")
_SIGN = re.compile(r"^([-+])\s+(?=[\d.\\])")
_BRACED = re.compile(r"\{([-+,])\}")


def read_latex(text: str) -> WrittenMatrix:
    r"""Read `\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}` and its sisters, with a name before them or without.

    Of a chain `A = B C = D` of several the last is read.

    Raises:
        ValueError: what is wrong, by row and column; more than one matrix after the last equals sign.
    """
    begins = BEGIN.finditer(text)
    begin = last = next(begins)
    count = 1
    for last in begins:  # noqa: B007
        count += 1
    if count > 1:
        before = text[max(0, last.start() - _LONGEST_EDGE) : last.start()]
        if not _EDGE.sub("", before).endswith("="):
            raise ValueError(f"there are {count} matrices in this text: paste one of them")
        begin = last
    else:
        before = _EDGE.sub("", text[max(0, begin.start() - _LONGEST_EDGE) : begin.start()])
        if begin.start() > _LONGEST_EDGE or (before and not before.endswith("=")):
            raise ValueError(f"before the matrix stands “{clip(before)}”: only a name and = may stand there")
    matrix, end = read_environment(text, begin)
    if after := _AFTER.sub("", text[end : end + _LONGEST_EDGE]):
        raise ValueError(f"after the matrix stands “{clip(after)}”: nothing but the matrix is read")
    return matrix


def read_environment(text: str, begin: re.Match) -> tuple[WrittenMatrix, int]:
    """Read the matrix that begins here, transposed where it says so; and where it ends."""
    name, start = begin[1], begin.end()
    end = text.find(rf"\end{{{name}}}", start)
    if end < 0:
        raise ValueError(rf"\begin{{{name}}} is not closed by \end{{{name}}}")
    after = end + len(name) + 6
    transposed = _TRANSPOSED.match(text, after)
    if name in ("array", "tabular") or name.endswith("*"):
        close = "]" if name.endswith("*") else "}"
        start = max(text.find(close, start, min(end, start + 80)) + 1, start)
    rows = Rows()
    notes: list[str] = []
    named = False  # the first column holds the names of the rows
    while start < end:
        stop = _ROW_END.search(text, start, end)
        piece = cut(text, start, stop.start() if stop else end, rows.count + 1, "&")
        start = stop.end() if stop else end
        cells = [clean_cell(cell) for cell in piece.split("&")]
        if not any(cells):
            continue
        if name == "tabular" and not rows.count and not notes:
            named = len(cells) > 1 and not cells[0]
            if named or not any(re.search(r"\d", cell) for cell in cells):
                notes.append(f"the heading “{clip(' '.join(cells))}”")
                notes += ["the first column: it has no heading and names the rows"] * named
                continue
        rows.add(cells[named:], first=1 + named)
    matrix = rows.matrix(*notes)
    return (matrix.T, transposed.end()) if transposed else (matrix, after)


def clean_cell(cell: str) -> str:
    """Write a cell without what LaTeX needs and the number does not."""
    if "\\" not in cell and "{" not in cell and "$" not in cell and "~" not in cell:
        return _SIGN.sub(r"\1", cell.strip())
    cell = _THOUSANDS.sub("", _PHANTOM.sub("", cell))
    cell = _NOTHING.sub(" ", _BRACED.sub(r"\1", _POWER.sub("·", cell)))
    cell = _FRACTION.sub(lambda found: f"{found[1] or found[2]}/{found[3] or found[4]}", cell)
    cell = _STYLED.sub(r"\1", cell).replace(r"\%", "%").strip()
    while cell.startswith("{") and cell.endswith("}"):
        cell = cell[1:-1].strip()
    return _SIGN.sub(r"\1", cell)
