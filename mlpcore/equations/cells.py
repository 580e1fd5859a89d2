"""The formula of one cell: a small language that is read with numbers or with symbols.

An `Op.cell` such as `"sum_j({0}·{1}) + {2}"` is text with these marks:

    {k}        the cell of operand k that stands at the operand's own subscripts
    {k:kn}     the same operand at other subscripts
    {k'}       operand k seen through its `View`, e.g. relu'(S)
    {#n}       the size of axis n
    sum_jn(…)  the inner text once for each value of j and n, joined by plus signs
    max_k(…)   likewise, joined by commas, within max( )

`parse` turns it into a tree of plain lists that travels to the browser as JSON, where the
same formula is filled in under the pointer; `numbers` and `symbols` read it here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from ..notation import Var
from .steps import Op, Step, axis_sizes, bind

#: A parsed formula: text, ["ref", operand, subscripts, viewed], ["size", letter],
#: ["sum", letters, tree] or ["max", letters, tree].
Tree = list[Any]

_MARK = re.compile(
    r"\{#(?P<size>\w)\}|\{(?P<ref>\d+)(?P<view>'?)(?::(?P<at>\w+))?\}|(?P<over>sum|max)_(?P<axes>\w+)\(|[()]"
)

#: Above this many terms a written sum shows its first and last ones and counts the rest.
LONGEST_SUM = 8


# The trees of the equations in use: a payload takes the tree of every step, and an edit changes none.
@lru_cache(maxsize=256)
def parse(op: Op) -> Tree:
    """Parse the cell formula of an operation into a tree of lists, numbers and text."""
    cell = op.cell
    root: Tree = []
    stack = [(root, False)]  # (tree, whether its closing parenthesis ends a sum)
    position = 0

    def text(value: str) -> None:
        tree = stack[-1][0]
        if value and tree and isinstance(tree[-1], str):
            tree[-1] += value
        elif value:
            tree.append(value)

    for mark in _MARK.finditer(cell):
        text(cell[position : mark.start()])
        position = mark.end()
        if mark["size"]:
            stack[-1][0].append(["size", mark["size"]])
        elif mark["ref"]:
            operand = int(mark["ref"])
            stack[-1][0].append(["ref", operand, mark["at"] or op.reads[operand], bool(mark["view"])])
        elif mark["over"]:
            body: Tree = []
            stack[-1][0].append([mark["over"], mark["axes"], body])
            stack.append((body, True))
        elif mark[0] == "(":
            text("(")
            stack.append((stack[-1][0], False))
        else:
            _, ends_sum = stack.pop()
            if not ends_sum:
                text(")")
    text(cell[position:])
    return root


def plain(value: float) -> str:
    """Write a number to its last digit, as Python reads it back."""
    return repr(float(value))


def _zeros(body: Tree, places: list, letters: str, operands: list, at: Mapping[str, Any]) -> set:
    """Find where a long sum of products has a factor that is exactly 0: these terms need not be written."""
    factors = [node for node in body if not isinstance(node, str)]
    if any(node[0] != "ref" or node[3] for node in factors) or any(n != "·" for n in body if isinstance(n, str)):
        return set()

    def factor(node: list, place: tuple) -> float:
        where = {**at, **dict(zip(letters, place, strict=True))}
        return operands[node[1]][tuple(where[a] for a in node[2])]

    return {place for place in places if any(factor(node, place) == 0 for node in factors)}


def numbers(
    step: Step,
    values: Mapping[Var, np.ndarray],
    cell: tuple[int, ...],
    form: Callable[[float], str] = plain,
    longest: int = LONGEST_SUM,
) -> str:
    """Write the formula of one cell with numbers in place of symbols.

    >>> numbers(step, values, (0, 0))       # S_1[1,1] of the worksheet
    '0.6·0.75 + 0.01·0.8'
    """
    op = step.op
    operands = [np.asarray(values[v]) for v in step.operands]
    size = axis_sizes(op, operands)

    def write(tree: Tree, at: Mapping[str, Any], out: str = "") -> str:
        for node in tree:
            if isinstance(node, str):
                out += node
            elif node[0] == "size":
                out += str(size[node[1]])
            elif node[0] == "ref":
                _, k, letters, viewed = node
                number = form(operands[k][tuple(at[a] for a in letters)])
                if viewed:
                    out += f"{op.views[k].name}({number})"
                else:
                    out += f"({number})" if number.startswith(("-", "−")) and out and out[-1] not in "(=" else number
            else:
                how, letters, body = node
                join = " + " if how == "sum" else ", "
                out += "" if how == "sum" else "max("
                places = list(product(*(range(size[a]) for a in letters)))
                zeros = _zeros(body, places, letters, operands, at) if len(places) > longest else set()
                left = [place for place in places if place not in zeros] or places
                shown = left if len(left) <= longest else [*left[: longest - 1], left[-1]]
                for count, place in enumerate(shown):
                    if count and count == len(shown) - 1 and len(shown) < len(left):
                        out += f"{join}… {len(left) - len(shown)} more …"
                    out = write(body, {**at, **dict(zip(letters, place, strict=True))}, out + join if count else out)
                if len(left) < len(places):
                    out += f" + {len(places) - len(left)} zero term{'s' * (len(places) - len(left) > 1)}"
                out += "" if how == "sum" else ")"
        return out

    return write(parse(op), bind(op.makes, cell, op.examples[0] if op.examples else 0))


_LATEX = [("≥", r"\ge "), ("²", "^2"), (r"exp(", r"\exp("), (r"log(", r"\log("), (r"max(", r"\max("), ("new ", "")]


def typeset(text: str, times: str) -> str:
    """Write a piece of a formula in LaTeX, with this sign of multiplication."""
    text = re.sub(r"(\d+)/\(([^()]*)\)·", r"\\frac{\1}{\2}·", text)
    text = re.sub(r"(?<![\d.])(\d+)/(\d+)·", r"\\frac{\1}{\2}·", text)
    for plain_text, latex in [("·", times), *_LATEX]:
        text = text.replace(plain_text, latex)
    function = r"(?<![\\a-z])([a-z]{3,}\d?(?: [a-z]+)*)(?:_([\d.e-]+))?\("
    return re.sub(
        function, lambda m: rf"\operatorname{{{m[1].replace(' ', '~')}}}{f'_{{{m[2]}}}' if m[2] else ''}(", text
    )


def symbols(step: Step) -> str:
    """Write the formula of any cell with symbols, in LaTeX: `(S_1)_{in} = \\sum_j (W_1)_{ij} (Z_0)_{jn}`."""
    op = step.op

    def write(tree: Tree) -> str:
        out = ""
        for node in tree:
            if isinstance(node, str):
                out += typeset(node, r"\,")
            elif node[0] == "size":
                out += "N" if node[1] == "n" else f"d_{{{node[1]}}}"
            elif node[0] == "ref":
                _, k, letters, viewed = node
                symbol = step.operands[k].latex_at(letters)
                out += op.views[k].latex(symbol) if viewed else symbol
            else:
                out += rf"\{node[0]}_{{{','.join(node[1])}}} {write(node[2])}"
        return out

    return f"{step.out.latex_at(op.makes)} = {write(parse(op))}"
