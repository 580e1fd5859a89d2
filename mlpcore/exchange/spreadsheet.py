"""The worked pass as a spreadsheet with live formulas: each matrix a block, each computed cell its formula.

A formula is read off the formula of a cell (`mlpcore.equations.cells`) with places of the sheet for its operands.
Functions such as f and f' are read off their own arithmetic (`mlpcore.exchange.tracing`). What cannot be written
so is a value, and its heading names it as one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np

from ..equations import cells
from ..equations.steps import Op, Step, axis_sizes, bind
from ..logits import Lab
from ..notation import Var
from ..setup import Setup
from .files import file_name, list_given, rows_of
from .latex import PHASES
from .scripts import check_length
from .tracing import Traced

Array = np.ndarray
Cell = tuple[int, int]

#: Spreadsheets take no longer ones.
_LONGEST_FORMULA = 8_000
_INFIX = {
    "greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "=", "add": "+",
    "subtract": "-", "multiply": "*", "divide": "/", "power": "^",
}  # fmt: skip
_FUNCTIONS = {
    "maximum": "MAX({0},{1})", "minimum": "MIN({0},{1})", "bitwise_and": "AND({0},{1})", "where": "IF({0},{1},{2})",
    "exp": "EXP({0})", "expm1": "(EXP({0})-1)", "log": "LN({0})", "log1p": "LN(1+{0})", "tanh": "TANH({0})",
    "cosh": "COSH({0})", "cos": "COS({0})", "sqrt": "SQRT({0})", "absolute": "ABS({0})", "sign": "SIGN({0})",
    "erfc": "ERFC({0})", "negative": "(-{0})",
}  # fmt: skip
#: Pieces of the formula of a cell, as a spreadsheet writes them.
_WORDS = {
    " ": "", "·": "*", "≥": ">=", "²": "^2", "[": "(", "]": ")", "π": "PI()", "log(": "LN(", "floor(": "INT(",
    "clip(": "MEDIAN(-1,1,",
} | {f"{name}(": f"{name.upper()}(" for name in ("exp", "abs", "sign", "max", "min", "sqrt", "cos")}  # fmt: skip
#: These take whole ranges, one cell after the other.
_CELLWISE = {"exp", "log", "abs", "sign", "sqrt"}
_HUBER = re.compile(r"huber\(([^()]*)\)")


def can_write_spreadsheet() -> bool:
    """Tell whether the package that writes them is there."""
    return find_spec("xlsxwriter") is not None


def to_xlsx(subject: Setup | Lab, steps: Iterable[Step], values: Mapping[Var, Array]) -> bytes:
    """Write inputs and every step as an .xlsx file; needs XlsxWriter.

    Raises:
        ValueError: the pass is too large to be written out.
    """
    import xlsxwriter
    from xlsxwriter.utility import xl_range_abs

    check_length(values)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "nan_inf_to_errors": True}) as book:
        sheet = book.add_worksheet("Pass")
        heading, name = book.add_format({"bold": True, "font_size": 14}), book.add_format({"bold": True})
        number = {"num_format": "0.0000"}
        given, computed = book.add_format(number | {"bg_color": "#fff2cc"}), book.add_format(number)
        for block in list_blocks(subject, steps, values):
            if block.phase:
                sheet.write_string(block.row - 2, 0, block.phase, heading)
            sheet.write_string(block.row - 1, 0, block.title, name)
            last_row, last_column = np.add((block.row - 1, block.column - 1), block.values.shape)
            place = xl_range_abs(block.row, block.column, last_row, last_column)
            book.define_name(block.name, f"=Pass!{place}")
            for (i, j), x in np.ndenumerate(block.values):
                cell = block.row + i, block.column + j
                if block.formulas is None:
                    sheet.write_number(*cell, x, computed if block.computed else given)
                else:
                    sheet.write_formula(*cell, block.formulas[i][j], computed, x if np.isfinite(x) else "#NUM!")
    return out.getvalue()


@dataclass(frozen=True, eq=False)
class Block:
    """A matrix on a sheet.

    Attributes:
        row, column: of its first cell, counted from 0.
        name: the name that the sheet gives its cells.
        values: shape (rows, columns).
        formulas: of each cell; None for what is entered, and for what has none.
        phase: a heading above it, where one begins.
    """

    row: int
    column: int
    name: str
    title: str
    values: Array
    computed: bool
    formulas: list[list[str]] | None = None
    phase: str = ""


def list_blocks(subject: Setup | Lab, steps: Iterable[Step], values: Mapping[Var, Array]) -> Iterator[Block]:
    """List the matrices of a pass from top to bottom, the inputs first; what is recomputed stands there once."""
    lay = subject.conventions.lay
    places: dict[Var, _Place] = {}
    row, phase = 0, ""
    steps = list(steps)
    given = list_given(subject.inputs(), steps, values)
    for var, step in [*((v, None) for v in given), *((s.out, s) for s in steps)]:
        if var in places:
            continue
        heading = PHASES[step.phase] if step else "Given: change a number here"
        row += 3 if heading != phase else 2
        x = np.asarray(values[var])
        table = rows_of(x, lay.is_row(var))
        places[var] = _Place(row, 1, x.ndim, lay.is_row(var))
        formulas = _write_formulas(step, values, places, table.shape) if step else None
        title = f"{var.symbol}: {var.word}" + ("; values only, without formulas" if step and not formulas else "")
        yield Block(
            row, 1, file_name(var), title, table, step is not None, formulas, heading if heading != phase else ""
        )
        phase, row = heading, row + len(table)


@dataclass(frozen=True)
class _Place:
    """Where a matrix, vector or number stands: its first cell, its axes, and whether a vector is one row."""

    row: int
    column: int
    axes: int
    is_row: bool

    def orient(self, over: tuple[Any, Any], along: tuple[Any, ...]) -> tuple[Any, Any]:
        """Order what belongs to its axes as (rows, columns), `over` for an axis that it has not."""
        if self.axes == 2:
            return along[0], along[1]
        one = along[0] if along else over[0]
        return (over[0], one) if self.is_row else (one, over[1])

    def write(self, first: tuple[int, ...], last: tuple[int, ...]) -> str:
        """Write a cell, `C5`, or the range from one to another, `C5:D9`."""
        from xlsxwriter.utility import xl_rowcol_to_cell

        corners = []
        for index in (first, last):
            i, j = self.orient((0, 0), index)
            corners.append(xl_rowcol_to_cell(self.row + i, self.column + j))
        return corners[0] if first == last else ":".join(corners)


def _write_formulas(
    step: Step, values: Mapping[Var, Array], places: Mapping[Var, _Place], shape: Cell
) -> list[list[str]] | None:
    """Write the formula of each cell; None where one of them cannot be written."""
    try:
        texts = ["=" + write_cell(step, index, values, places) for index in np.ndindex(np.shape(values[step.out]))]
    except NotImplementedError:
        return None
    rows, columns = shape
    return [texts[i * columns : (i + 1) * columns] for i in range(rows)]


def write_cell(step: Step, index: tuple[int, ...], values: Mapping[Var, Array], places: Mapping[Var, _Place]) -> str:
    """Write the formula of one cell.

    Raises:
        NotImplementedError: a function in it is unknown to spreadsheets, or it is too long.
    """
    op, standing = step.op, [places[v] for v in step.operands]
    size = axis_sizes(op, [np.asarray(values[v]) for v in step.operands])

    def write(tree: cells.Tree, at: Mapping[str, Any], over: str = "") -> str:
        """Write a piece, the letters of `over` standing for all their positions."""
        out = ""
        for node in tree:
            if isinstance(node, str):
                for word, written in _WORDS.items():
                    node = node.replace(word, written)
                out += node
            elif node[0] == "size":
                out += str(size[node[1]])
            elif node[0] == "ref":
                first = tuple(0 if a in over else at[a] for a in node[2])
                last = tuple(size[a] - 1 if a in over else at[a] for a in node[2])
                place = standing[node[1]].write(first, last)
                out += _trace(op.views[node[1]].arithmetic, place) if node[3] else place
            else:
                how, letters, body = node
                terms = list(product(*(range(size[a]) for a in letters)))
                if how == "sum" and len(terms) > 1 and (short := _write_range(body, letters, standing)):
                    out += short.format(*(write([part], at, letters) for part in body), write(body, at, letters))
                else:
                    each = [write(body, {**at, **dict(zip(letters, term, strict=True))}) for term in terms]
                    out += "+".join(each) if how == "sum" else f"MAX({','.join(each)})"
        return out

    at = bind(op.makes, index, op.examples[0] if op.examples else 0)
    tree = cells.parse(op)
    if op.reads == (op.makes,) and _is_function(op, tree):
        text = _trace(op.arithmetic, write([["ref", 0, op.makes, False]], at))
    else:
        text = _HUBER.sub(r"(MEDIAN(-1,1,\1)*(\1)-MEDIAN(-1,1,\1)^2/2)", write(tree, at))
    if len(text) > _LONGEST_FORMULA or re.search(r"[a-z']", text):
        raise NotImplementedError(f"{op.name} cannot be written in a spreadsheet")
    return text


def _is_function(op: Op, tree: cells.Tree) -> bool:
    """Tell whether a cell is a function of the cell at the same place, and of nothing else."""
    marks = [node for node in tree if not isinstance(node, str)]
    return len(tree) > 1 and all(node == ["ref", 0, op.makes, False] for node in marks)


def _write_range(body: cells.Tree, letters: str, standing: list[_Place]) -> str:
    """Give how a sum is written over ranges: with its pieces, the last of which is the whole; empty where it cannot."""
    marks = [node for node in body if not isinstance(node, str)]
    if any(node[0] != "ref" or node[3] for node in marks):
        return ""
    if not set(re.findall(r"(\w+)\(", "".join(n for n in body if isinstance(n, str)))) <= _CELLWISE:
        return ""
    ways = [standing[k].orient(("", ""), tuple(a if a in letters else "" for a in at)) for _, k, at, _ in marks]
    ways = [way for way in ways if any(way)]
    if len(body) == 1:
        return "SUM({0})"
    if len(set(ways)) == 1:
        return f"SUMPRODUCT({{{len(body)}}})"
    if len(body) == 3 and body[1] == "·" and len(ways) == 2:
        return "MMULT({0},{2})" if ways[0][1] else "MMULT({2},{0})"
    return ""


def _trace(function: Callable[[Any], Any], place: str) -> str:
    """Write a function of one cell, from its own arithmetic."""
    return _write_traced(function(Traced([[0.5]], "name", place)))


def _write_traced(x: Any) -> str:
    if not isinstance(x, Traced):
        number = repr(np.asarray(x).item()).removesuffix(".0")
        return f"({number})" if number.startswith("-") else number
    if x.head == "name":
        return x.args[0]
    if x.head == "swapaxes":
        return _write_traced(x.args[0])
    if x.head == "astype":
        text = _write_traced(x.args[0])
        return f"IF({text[1:-1] if text.startswith('(') else text},1,0)" if x.args[0].dtype == bool else text
    args = [_write_traced(each) for each in x.args]
    if x.head in _INFIX:
        return f"({args[0]}{_INFIX[x.head]}{args[1]})"
    if x.head not in _FUNCTIONS:
        raise NotImplementedError(f"{x.head} cannot be written in a spreadsheet")
    if x.head != "negative":
        args = [text[1:-1] if text.startswith("(") else text for text in args]
    return _FUNCTIONS[x.head].format(*args)
