"""Why that order and that transpose, by shapes: every way to multiply the two matrices, tried."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product as combinations

import numpy as np

from ..equations.steps import Step
from ..notation import Var
from ..passes.layouts import Layout
from ..setup import Setup
from .lines import ROUNDING
from .ways import Product

Array = np.ndarray


@dataclass(frozen=True)
class Candidate:
    """Two matrices in one order, each as it is or transposed.

    Attributes:
        latex: the product as it is written.
        operands: left and right, each with whether it is transposed.
        shapes: their shapes as written.
        result: the product, or None where it cannot be multiplied.
        right: whether it is the gradient, number by number.
        why: what is wrong with it, or that nothing is.
    """

    latex: str
    operands: tuple[tuple[Var, bool], tuple[Var, bool]]
    shapes: tuple[tuple[int, int], tuple[int, int]]
    result: Array | None
    right: bool
    why: str


def candidates(
    setup: Setup, product: Product, trace: tuple[list[Step], dict[Var, Array]] | None = None
) -> list[Candidate]:
    """Try the product of a pass, and every other order and transpose of its two matrices."""
    values, step, lay = dict((trace or setup.run())[1]), product.step, setup.conventions.lay
    operands = list(step.operands)
    if len(operands) == 1:  # a sum over examples is a product with ones
        ones = Var("ones")
        values[ones] = np.ones((setup.batch.N, 1), dtype=setup.net.dtype)
        operands.insert(1 - int(lay.transposes_batches), ones)
    wanted = np.asarray(step.op(*(values[v] for v in step.operands)))
    found = []
    for order in ((0, 1), (1, 0)):
        left, right = (operands[k] for k in order)
        for flips in combinations((False, True), repeat=2):
            found.append(_candidate((left, flips[0]), (right, flips[1]), values, wanted, step.out, lay))
    return found


def _candidate(left: tuple, right: tuple, values: dict, wanted: Array, out: Var, lay: Layout) -> Candidate:
    A, B = (values[v].T if flip else values[v] for v, flip in (left, right))
    latex = r"\,".join(v.latex + (r"^{\top}" if flip else "") for v, flip in (left, right))
    text = [v.symbol + ("ᵀ" if flip else "") for v, flip in (left, right)]
    (across, inner), (outer, down) = _means(left, lay), _means(right, lay)
    size = f"{A.shape[0]}×{A.shape[1]} times {B.shape[0]}×{B.shape[1]}"
    made = f"{A.shape[0]}×{B.shape[1]}"
    result, is_right = None, False
    if A.shape[1] == B.shape[0]:
        with np.errstate(over="ignore", invalid="ignore"):
            result = A @ B
    if result is None:
        why = (
            f"{size}: a row of {text[0]} has {_numbers(A.shape[1])}, one for each of the {inner}; "
            f"a column of {text[1]} has {_numbers(B.shape[0])}, one for each of the {outer}. "
            "Inner dimensions do not match."
        )
    # A single number is its own transpose.
    elif inner == outer and ((across, down) == _means((out, False), lay) or result.shape == (1, 1)):
        why = f"{size} makes {made}, as {out.symbol} needs; the size they share counts the {inner} in both."
        is_right = bool(np.allclose(result.reshape(wanted.shape), wanted, rtol=ROUNDING, equal_nan=True))
    elif inner != outer:
        why = (
            f"{size} can be multiplied only because two sizes are equal here: it would add up over {inner} "
            f"on the left and {outer} on the right."
        )
    else:
        why = f"{size} makes {made}: {out.symbol}, but transposed."
    return Candidate(latex, (left, right), (A.shape, B.shape), result, is_right, why)


_ONE = "one column"


def _numbers(n: int) -> str:
    return f"{n} number" + "s" * (n != 1)


def _means(operand: tuple[Var, bool], lay: Layout) -> tuple[str, str]:
    """Say what the rows and the columns of an operand count."""
    var, flip = operand
    if var.kind == "ones":
        words = ["examples", _ONE]
    else:
        layers = {"unit": var.layer, "input": (var.layer or 0) - 1}
        words = [f"units of layer {layers[axis]}" if axis in layers else "examples" for axis in var.axes]
        words = [w.replace("units of layer 0", "inputs") for w in words]
        words += [_ONE] * (2 - len(words))
        if lay.transposes(var) or (len(var.axes) == 1 and lay.is_row(var)):
            words.reverse()
    return (words[1], words[0]) if flip else (words[0], words[1])
