"""The worked pass as LaTeX, in the worksheet's style: symbols, then numbers, then the result.

Each equation is the step's own notation, once with symbols for its operands and once with their
matrices. Needs `article` and `amsmath`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from ..equations import cells
from ..equations.steps import Step
from ..notation import Var
from ..passes.layouts import Layout
from ..rendering import write_latex
from ..setup import Setup
from .digits import Digits
from .files import rows_of

Array = np.ndarray

#: Of a larger matrix the first and last rows and columns are written, with dots between.
MOST_ROWS, MOST_COLUMNS = 16, 16
#: Of a line that is still too wide, likewise.
_FEWER_COLUMNS = 7

PHASES = {
    "forward": "Forward pass",
    "loss": "Loss",
    "backward": "Backward pass",
    "update": "Update",
    "after": "After the step",
}

_CUT_WORDS = {
    "rounded": "rounded to {} decimals",
    "truncated": "truncated to {} decimals",
    "worksheet": r"truncated to {} decimals, those of $\delta_1$ rounded, as the worksheet prints them",
}

_HEAD = r"""\documentclass[a4paper]{article}
\usepackage{amsmath}
\setcounter{MaxMatrixCols}{40}
\setlength{\textwidth}{170mm}\setlength{\oddsidemargin}{-5mm}\setlength{\evensidemargin}{-5mm}
\setlength{\textheight}{245mm}\setlength{\topmargin}{-15mm}\setlength{\parindent}{0pt}
\allowdisplaybreaks
\begin{document}
"""

# How many characters of numbers a line of the page holds, by size; beyond that a product is broken.
_SIZES = ((76, r"\normalsize"), (96, r"\small"), (116, r"\scriptsize"), (150, r"\tiny"))
_BETWEEN = re.compile(r"(\\end\{bmatrix\}(?:\^\{\\top\})?)((?:(?!matrix).)+?)(\\begin\{bmatrix\})")


def matrix(x: Array, digits: Digits, flat: bool = False, most: int = MOST_COLUMNS) -> str:
    """Write a matrix as `bmatrix`, a single number as itself."""
    if np.ndim(x) == 0:
        return digits.latex(float(x))
    return write_latex(rows_of(x, flat), (MOST_ROWS, most), digits.latex)


def _write_matrix(var: Var, x: Array, digits: Digits, lay: Layout, most: int = MOST_COLUMNS) -> str:
    return matrix(x, digits.for_matrix(var, x), lay.is_row(var), most)


def _insert_numbers(
    step: Step, values: Mapping[Var, Array], digits: Digits, lay: Layout, N: int, most: int = MOST_COLUMNS
) -> str:
    """Write the step's notation with the operands' matrices in place of their symbols, and N as a number."""
    marks = [f"@{k}@" for k in range(len(step.operands))]
    text = step.op.notation(*marks)
    text = re.sub(r"(?<=\d)N\b", rf"\\cdot {N}", text)
    text = re.sub(r"(?<![A-Za-z\\])N\b", str(N), text)
    for k, var in enumerate(step.operands):
        x = values[var]
        if view := step.op.views.get(k):
            seen = view.arithmetic(x)
            text = text.replace(view.latex(marks[k]), _write_matrix(var, seen, digits, lay, most))
        text = text.replace(f"({marks[k]})", rf"\left({marks[k]}\right)")
        number = _write_matrix(var, x, digits, lay, most)
        text = text.replace(marks[k], rf"\left({number}\right)" if number[0] == "-" else number)
    return text


def write_lines(step: Step, values: Mapping[Var, Array], digits: Digits, lay: Layout, N: int) -> list[str]:
    """Write an equation as its lines: symbols, numbers, result; a line that repeats another is left out."""
    left, symbols = step.latex.split(" = ", 1)
    result = _write_matrix(step.out, values[step.out], digits, lay)
    lines = [f"{left} &= {symbols}"]
    numbers = _insert_numbers(step, values, digits, lay, N)
    if max(map(_measure_width, _break_line(numbers))) > _SIZES[-1][0]:
        numbers = _insert_numbers(step, values, digits, lay, N, _FEWER_COLUMNS)
    if numbers != result:
        lines.append(f"&= {numbers}")
    if np.ndim(values[step.out]) == 0 and all(np.size(values[v]) <= cells.LONGEST_SUM for v in step.operands):
        lines.append(f"&= {_write_by_hand(step, values, digits)}")
    return [*lines, f"&= {result}"]


def _write_by_hand(step: Step, values: Mapping[Var, Array], digits: Digits) -> str:
    """Write how a single number is worked out on paper."""
    return cells.numbers(step, values, (), digits.latex).replace("·", r"\cdot ").replace("²", "^2")


def document(setup: Setup, steps: Iterable[Step], values: Mapping[Var, Array], digits: Digits | None = None) -> str:
    """Write the complete worked pass, ready to compile."""
    digits, lay = digits or Digits(), setup.conventions.lay
    sizes = "-".join(map(str, setup.net.widths))
    out = [
        _HEAD,
        rf"\section*{{A network {sizes}, {setup.batch.N} example{'s' * (setup.batch.N != 1)}}}",
        f"{_describe(setup)} Numbers are {_CUT_WORDS[digits.cut].format(digits.places)}; "
        "they were computed in double precision and only then written.",
        r"\subsection*{Given}",
    ]
    out += [_typeset([f"{v.latex} &= {_write_matrix(v, x, digits, lay)}"]) for v, x in setup.inputs().items()]
    phase = ""
    for step in steps:
        if step.phase != phase:
            phase = step.phase
            out.append(rf"\subsection*{{{PHASES[phase]}}}")
        again = "Recomputed, because it was not cached:\n" if step.recompute else ""
        out.append(again + _typeset(write_lines(step, values, digits, lay, setup.batch.N)))
    return "\n".join([*out, r"\end{document}", ""])


def _describe(setup: Setup) -> str:
    loss = setup.conventions.loss(setup.loss)
    sentences = [f"Loss: {loss.title.lower()}, with the constant ${loss.c.name}$.", setup.conventions.lay.sentence]
    return " ".join(sentences).replace("ᵀ", r"$^{\top}$").replace("_", r"\_")


def _typeset(lines: list[str]) -> str:
    """Typeset lines aligned at the sign of equality, as large as the page allows."""
    lines = [piece for line in lines for piece in _break_line(line)]
    wide = max(map(_measure_width, lines))
    size = next((size for most, size in _SIZES if wide <= most), _SIZES[-1][1])
    tight = "" if size == r"\normalsize" else r"\setlength{\arraycolsep}{2pt}"
    body = " \\\\\n".join(map(_replace_fonts, lines))
    return f"{{{size}{tight}\n\\begin{{align*}}\n{body}\n\\end{{align*}}}}"


def _break_line(line: str) -> list[str]:
    """Break a wide line so that each matrix is on a line of its own, where no bracket stands around it.

    Brackets that grow cannot be broken across lines, so they become large ones of a fixed size.
    """
    if _measure_width(line) <= _SIZES[-1][0]:
        return [line]

    def split(found: re.Match) -> str:
        before = line[: found.end(1)]
        if before.count("{") != before.count("}") or found[2].count("{") != found[2].count("}"):
            return found[0]
        return f"{found[1]}\n&\\qquad {found[2]}{found[3]}"

    parts = _BETWEEN.sub(split, line)
    return (parts.replace(r"\left", r"\bigl").replace(r"\right", r"\bigr") if "\n" in parts else parts).split("\n")


def _measure_width(line: str) -> int:
    """Estimate how many characters wide a line is: the widest row of each matrix, one after the other."""
    total = 0
    for number, piece in enumerate(line.split(r"\begin{bmatrix}")):
        inside, _, after = piece.partition(r"\end{bmatrix}") if number else ("", "", piece)
        rows = inside.split(r"\\")
        total += max(sum(len(cell.strip()) + cell.count("-") + 2 for cell in row.split("&")) for row in rows)
        total += len(re.sub(r"\\[a-z]+", "x", after))
    return total


def _replace_fonts(line: str) -> str:
    """Replace the fonts beyond amsmath: a bold one for the double-struck."""
    return line.replace(r"\mathbb{1}", r"\mathbf{1}")
