"""The worked pass as LaTeX, in the worksheet's style: symbols, then numbers, then the result.

Each equation is the step's own notation, once with symbols for its operands and once with their
matrices. Needs `article` and `amsmath`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

import numpy as np

from ..equations import cells
from ..equations.steps import Step
from ..logits import Lab
from ..notation import Var
from ..passes.layouts import Layout
from ..rendering import write_latex
from ..setup import Setup
from .digits import Digits
from .files import list_given, rows_of

Array = np.ndarray

#: Of a larger matrix the first and last rows and columns are written, with dots between.
MOST_ROWS, MOST_COLUMNS = 16, 16

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
    "worksheet": r"truncated to {} decimals, those of $\delta_1$ and $\partial L/\partial Z_1$ rounded, "
    "as the worksheet prints them",
}

_HEAD = r"""\documentclass[a4paper]{article}
\usepackage{amsmath}
\setcounter{MaxMatrixCols}{40}
\setlength{\textwidth}{170mm}\setlength{\oddsidemargin}{-5mm}\setlength{\evensidemargin}{-5mm}
\setlength{\textheight}{245mm}\setlength{\topmargin}{-15mm}\setlength{\parindent}{0pt}
\allowdisplaybreaks
\begin{document}
"""

# How many characters of numbers a line of the page holds, by size; a longer line is broken.
_SIZES = ((70, r"\normalsize"), (95, r"\small"), (103, r"\footnotesize"), (112, r"\scriptsize"))
_WIDEST = _SIZES[-1][0]
#: Where a line may be broken: after a matrix that another follows, and before a sign in a sum.
_BREAK = re.compile(r"\\end\{bmatrix\}(?:\^\{(?:\\top|\\odot 2)\})?(?=.*\\begin\{bmatrix\})| (?=[+-] )")
_SIGNS = re.compile(r"\\[A-Za-z]+ ?|[-+=]")
_BRACKETS = re.compile(r"\\(left|right)(?:\\[A-Za-z]+|.)")


def _write_matrix(var: Var, x: Array, digits: Digits, lay: Layout, most: int) -> str:
    """Write a matrix as `bmatrix`, a single number as itself."""
    write = digits.for_matrix(var, x).latex
    return write_latex(rows_of(x, lay.is_row(var)), (MOST_ROWS, most), write) if np.ndim(x) else write(float(x))


def _insert_numbers(step: Step, values: Mapping[Var, Array], digits: Digits, lay: Layout, N: int, most: int) -> str:
    """Write the step's notation with the operands' matrices in place of their symbols, and N as a number."""
    marks = [f"@{k}@" for k in range(len(step.operands))]
    text = insert_count(_write_ones(step, step.op.notation(*marks), N), N)
    for k, each in step.op.views.items():  # before their parentheses grow
        text = text.replace(each.latex(marks[k]), f"@view {k}@")
    text = _grow_parentheses(text, [m for m, v in zip(marks, step.operands, strict=True) if np.ndim(values[v])])
    for k, var in enumerate(step.operands):
        x = values[var]
        if (seen := step.op.views.get(k)) is not None:
            text = text.replace(f"@view {k}@", _write_matrix(var, seen.arithmetic(x), digits, lay, most))
        number = _write_matrix(var, x, digits, lay, most)
        text = text.replace(marks[k], rf"\left({number}\right)" if number[0] == "-" else number)
    return text


def insert_count(text: str, N: int) -> str:
    """Write the number of examples in place of N."""
    text = re.sub(r"(?<=\d)N\b", rf"\\cdot {N}", text)
    return re.sub(r"(?<![A-Za-z\\])N\b", str(N), text)


def _write_ones(step: Step, text: str, N: int | str = "N") -> str:
    """Write how many ones a vector of ones has: as many as its matrix has examples."""
    count = next((stop - first for first, stop in (v.examples for v in step.operands if v.examples)), N)
    return text if count == "N" else text.replace(r"\mathbb{1}_N", rf"\mathbb{{1}}_{{{count}}}")


def _grow_parentheses(text: str, marks: list[str]) -> str:
    """Make parentheses around what stands for a matrix grow with it."""
    opened: list[int] = []
    signs = list(text)
    for place, sign in enumerate(text):
        if sign == "(":
            opened.append(place)
        elif sign == ")":
            first = opened.pop()
            fixed = text[:first].endswith(r"\left")
            if not fixed and any(mark in text[first:place] for mark in marks):
                signs[first], signs[place] = r"\left(", r"\right)"
    return "".join(signs)


def write_lines(step: Step, values: Mapping[Var, Array], digits: Digits, lay: Layout, N: int) -> list[str]:
    """Write an equation as its lines: symbols, numbers, result; a line that repeats another is left out.

    Of matrices that are too wide for the page fewer columns are written.
    """
    left, symbols = step.latex.split(" = ", 1)
    symbols = _write_ones(step, symbols)

    def write(most: int) -> list[str]:
        result = _write_matrix(step.out, values[step.out], digits, lay, most)
        numbers = _insert_numbers(step, values, digits, lay, N, most)
        lines = [f"{left} &= {symbols}", *([f"&= {numbers}"] if numbers != result else [])]
        if np.ndim(values[step.out]) == 0 and all(np.size(values[v]) <= cells.LONGEST_SUM for v in step.operands):
            by_hand = cells.typeset(cells.numbers(step, values, (), digits.latex), r"\cdot ")
            lines.append(f"&= {by_hand}")
        return [*lines, f"&= {result}"]

    return _fit_columns(write)


def _fit_columns(write: Callable[[int], list[str]]) -> list[str]:
    """Write lines with as many columns of each matrix as fit on the page, at least three."""
    for most in (MOST_COLUMNS, 12, 10, 8, 6, 4):
        lines = write(most)
        if _measure_lines(_break_lines(lines)) <= _WIDEST:
            return lines
    return write(3)


def document(setup: Setup, steps: Iterable[Step], values: Mapping[Var, Array], digits: Digits | None = None) -> str:
    """Write the complete worked pass, ready to compile."""
    sizes, N = "-".join(map(str, setup.net.widths)), setup.batch.N
    title = f"A network {sizes}, {N} example{'s' * (N != 1)}"
    return write_document(title, setup, N, steps, values, digits or Digits())


def write_document(
    title: str,
    subject: Setup | Lab,
    N: int,
    steps: Iterable[Step],
    values: Mapping[Var, Array],
    digits: Digits,
    more: Iterable[str] = (),
) -> str:
    """Write the inputs and every step of a network or a laboratory, and `more` below them."""
    lay = subject.conventions.lay
    out = [
        _HEAD,
        rf"\section*{{{title}}}",
        f"{_describe(subject)} Numbers are {_CUT_WORDS[digits.cut].format(digits.places)}; "
        "they were computed in double precision and only then written.",
        r"\subsection*{Given}",
    ]
    steps = list(steps)
    out += [_write_input(v, x, digits, lay) for v, x in list_given(subject.inputs(), steps, values).items()]
    phase = ""
    for step in steps:
        if step.phase != phase:
            phase = step.phase
            out.append(rf"\subsection*{{{PHASES[phase]}}}")
        again = "Recomputed, because it was not cached:\n" if step.recompute else ""
        out.append(again + typeset(write_lines(step, values, digits, lay, N)))
    return "\n".join([*out, *more, r"\end{document}", ""])


def _write_input(var: Var, x: Array, digits: Digits, lay: Layout) -> str:
    return typeset(_fit_columns(lambda most: [f"{var.latex} &= {_write_matrix(var, x, digits, lay, most)}"]))


def _describe(subject: Setup | Lab) -> str:
    loss = subject.conventions.loss(subject.loss)
    sentences = [f"Loss: {loss.title.lower()}, with the constant ${loss.c.name}$.", subject.conventions.lay.sentence]
    return " ".join(sentences).replace("ᵀ", r"$^{\top}$").replace("×", r"$\times$").replace("_", r"\_")


def typeset(lines: list[str]) -> str:
    """Typeset lines aligned at the sign of equality, as large as the page allows; the first stays with the second."""
    lines = _break_lines(lines)
    wide = _measure_lines(lines)
    size = next((size for most, size in _SIZES if wide <= most), _SIZES[-1][1])
    tight = "" if size == r"\normalsize" else r"\setlength{\arraycolsep}{2pt}"
    # Of the fonts beyond amsmath: a bold one for the double-struck.
    first, *rest = (line.replace(r"\mathbb{1}", r"\mathbf{1}") for line in lines)
    body = " \\\\*\n".join([first, " \\\\\n".join(rest)] if rest else [first])
    return f"{{{size}{tight}\n\\begin{{align*}}\n{body}\n\\end{{align*}}}}"


def _break_lines(lines: list[str]) -> list[str]:
    room = _WIDEST - _measure_width(lines[0].split("&")[0])
    return [piece for line in lines for piece in _break_line(line, room)]


def _break_line(line: str, room: int) -> list[str]:
    """Break the right-hand side of a line that is too wide where a person would, each piece as long as the page allows.

    Brackets that are open at a break are closed and opened again without a sign, so that they grow on each line.
    """
    if _measure_width(line.split("&", 1)[1]) <= room:
        return [line]
    pieces = [line]
    for depth in range(4):  # the fewer parentheses a break is in, the better it reads
        places = [end for found in _BREAK.finditer(line) if _is_outside(line[: (end := found.end())], depth)]
        pieces, start = [], 0
        for place, following in pairwise([*places, len(line)]):
            if place > start and _measure_width(line[start:following]) > room - 6:
                pieces.append(line[start:place])
                start = place
        pieces.append(line[start:])
        if max(map(_measure_width, pieces)) <= room:
            break
    out, opened = [], 0
    for number, piece in enumerate(pieces):
        before = opened
        opened += sum(1 if found[1] == "left" else -1 for found in _BRACKETS.finditer(piece))
        piece = piece.strip()
        if number:
            piece = r"&\qquad {}" + r"\left." * before + re.sub(r"^\\,", r"\\cdot ", piece)
        out.append(piece + r"\right." * opened)
    return out


def _is_outside(before: str, depth: int) -> bool:
    """Tell whether a place is outside of braces and of matrices, and in so many small parentheses at most."""
    small = re.sub(r"\\left\(|\\right\)", "", before)
    if small.count("(") - small.count(")") > depth:
        return False
    return before.count("{") == before.count("}") and before.count(r"\begin{") == before.count(r"\end{")


def _measure_width(text: str) -> int:
    """Estimate how many digits wide a text is: its matrices, column by column, and what stands between them."""
    total = 0
    for number, piece in enumerate(text.split(r"\begin{bmatrix}")):
        inside, _, between = piece.partition(r"\end{bmatrix}") if number else ("", "", piece)
        columns = zip(*(row.split("&") for row in inside.split(r"\\")), strict=True)
        total += sum(max(len(_SIGNS.sub("xx", cell.strip())) for cell in column) + 1 for column in columns)
        total += len(re.sub(r"[{}_^&\s]", "", _SIGNS.sub("xxx", between)))
    return total


def _measure_lines(lines: Iterable[str]) -> int:
    """Estimate how wide lines are that are aligned at their signs."""
    halves = [line.split("&", 1) for line in lines]
    return max(_measure_width(half[0]) for half in halves) + max(_measure_width(half[-1]) for half in halves)
