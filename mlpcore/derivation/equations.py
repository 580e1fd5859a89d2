"""The equations of a derivation: what picks, the local derivative, the Frobenius product."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..equations.steps import Op, op_factory
from ..notation import Var
from ..passes.layouts import LAYOUTS

Array = np.ndarray


def multiply_masked(x: Array, mask: Array) -> Array:
    """`x * mask`, where 0 times anything is 0: what an indicator leaves out is not read."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(mask == 0, 0, x * mask)


def align(x: Array, letters: str, result: str) -> Array:
    """Shape a vector over one letter to broadcast against matrices over two."""
    if letters == result or len(letters) == 2:
        return x
    return x[..., :, None] if letters == result[0] else x[..., None, :]


@op_factory
def selection_op(letters: str, fixed: str) -> Op:
    """Select the row, the column or the cell of a matrix where the indicators of the fixed letters are 1."""
    free = "".join(a for a in letters if a not in fixed)

    def arithmetic(A: Array, *indicators: Array) -> Array:
        for letter, e in zip(fixed, indicators, strict=True):
            A = multiply_masked(A, align(e, letter, letters))
        return A.sum(axis=tuple(letters.index(a) - len(letters) for a in fixed))

    marks = "".join(f"·{{{k + 1}}}" for k in range(len(fixed)))
    return Op(
        "pick",
        f"{letters},{','.join(fixed)}->{free}",
        arithmetic,
        lambda A, *ones: rf"{A}\,{{}}".join(["", *ones]),
        f"sum_{fixed}({{0}}{marks})",
    )


@op_factory
def local_derivative_op(reads: tuple[str, ...], layout: str, unit: Var, example: Var) -> Op:
    """Give the local derivative: f', times a vector over units, times one over examples.

    It is written f' ⊙ (column times row); which of the two vectors is the column is the layout's.
    """
    left, right = (example, unit) if LAYOUTS[layout].transposes_batches else (unit, example)
    # Indicators, ones and columns of a matrix stand upright, so on the right they are turned.
    upright = right.kind in ("one", "ones") or right.is_column
    product = rf"{left.latex}\,{right.latex}" + (r"^{\top}" if upright else "")

    def arithmetic(*operands: Array) -> Array:
        result = align(operands[0], reads[0], "kn")
        for x, letters in zip(operands[1:], reads[1:], strict=True):
            result = multiply_masked(result, align(x, letters, "kn"))
        return result

    def notation(*operands: str) -> str:
        return rf"{operands[0]}\odot\left({product}\right)" if len(operands) == 3 else product

    cell = "·".join(f"{{{k}}}" for k in range(len(reads)))
    return Op("local derivative", ",".join(reads) + "->kn", arithmetic, notation, cell)


@op_factory
def write_out_delta(op: Op, at: int) -> Op:
    """Give an equation with `x ⊙ y` for operand number `at`."""
    reads = (*op.reads[: at + 1], *op.reads[at:])

    def join(xs: tuple, product: Callable) -> list:
        return [*xs[:at], product(xs[at], xs[at + 1]), *xs[at + 2 :]]

    cell = op.cell
    for k in range(len(op.reads), at, -1):
        cell = cell.replace(f"{{{k}}}", f"{{{k + 1}}}")
    return Op(
        f"{op.name} written out",
        ",".join(reads) + "->" + op.makes,
        lambda *xs: op(*join(xs, lambda x, y: x * y)),
        lambda *xs: op.notation(*join(xs, lambda x, y: rf"\left({x}\odot {y}\right)")),
        cell.replace(f"{{{at}}}", f"{{{at}}}·{{{at + 1}}}", 1),
    )


#: <A, B>_F = sum of all A_kn B_kn
FROBENIUS = Op(
    "Frobenius product",
    "kn,kn->",
    lambda A, B: multiply_masked(A, B).sum(axis=(-2, -1)),
    lambda A, B: rf"\left\langle {A},\, {B}\right\rangle_F",
    "sum_kn({0}·{1})",
)

TERMS = Op("term by term", "kn,kn->kn", lambda A, B: multiply_masked(A, B), lambda A, B: rf"{A}\odot {B}", "{0}·{1}")


@op_factory
def sum_of_products_op(letter: str, count: int) -> Op:
    """Sum the products of `count` vectors over one letter; over none, multiply numbers."""

    def arithmetic(*operands: Array) -> Array:
        result = operands[0]
        for x in operands[1:]:
            result = result * x
        return result.sum(axis=-1) if letter else result

    inner = "·".join(f"{{{k}}}" for k in range(count))

    def notation(*operands: str) -> str:
        if count == 2 and letter:
            return r"\;\cdot\; ".join(operands)
        if letter:  # more than two vectors: no product of rows, but a sum over what they share
            return rf"\sum_{{{letter}}} " + r"\,".join(x.replace(r"\cdot ", letter) for x in operands)
        return r"\,".join(operands)

    reads = ",".join([letter] * count)
    return Op("sum of products", f"{reads}->", arithmetic, notation, f"sum_{letter}({inner})" if letter else inner)
