"""A product seen four ways: four orders of the same three loops.

`C_rc = sum_s A_rs B_sc` adds one number for every (r, s, c). Holding r and c gives a dot product,
holding c and s a column of A scaled, holding r and s a row of B scaled, holding s an outer
product. Indicators fix what is held, so each way is one equation, and the sum of what it
adds is the product, whichever way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from ..equations.dense import AFFINE, BIAS_GRADIENT, LINEAR, PULL_BACK, WEIGHT_GRADIENT
from ..equations.steps import Op, Step, axis_sizes, op_factory
from ..notation import Var
from ..passes.layers import backward, forward
from ..registry import Registry
from ..setup import Setup
from .equations import align, multiply_masked

Array = np.ndarray

_PRODUCTS = (LINEAR, WEIGHT_GRADIENT, BIAS_GRADIENT, PULL_BACK)

#: Name -> what is held: r the row of the result, c its column, s what is summed over.
WAYS: dict[str, str] = Registry(
    "way", {"dot products": "rc", "combinations of columns": "cs", "combinations of rows": "rs", "outer products": "s"}
)


@dataclass(frozen=True)
class Product:
    """A product of the pass as an equation of its own: without the bias, which is added after it."""

    step: Step

    @property
    def roles(self) -> dict[str, str]:
        """r, c and s as the letters of this equation."""
        makes = self.step.op.makes
        summed = next(a for letters in self.step.op.reads for a in letters if a not in makes)
        return {"r": makes[0], "s": summed, **({"c": makes[1]} if len(makes) == 2 else {})}

    @property
    def ways(self) -> list[str]:
        """The ways there are; a sum over columns has no rows to combine."""
        roles = self.roles
        return ["dot products", "outer products"] if "c" not in roles else list(WAYS)

    @property
    def turned(self) -> tuple[bool, ...]:
        """Which operands are written transposed, so that rows meet columns."""
        roles = self.roles
        # A sum over columns has one operand: the second pair of letters has none to meet.
        upright = (roles["r"] + roles["s"], roles["s"] + roles.get("c", ""))
        return tuple(reads != wanted for reads, wanted in zip(self.step.op.reads, upright, strict=False))

    def letters(self, way: str) -> str:
        """Give what a way holds, as letters of this equation."""
        roles = self.roles
        return "".join(roles[a] for a in WAYS[way] if a in roles)


def products(setup: Setup) -> list[Product]:
    """List every product of matrices in a pass, in order."""
    found = []
    for step in forward(setup.net) + backward(setup.net):
        if step.op is AFFINE:
            step = replace(step, out=Var("product", step.out.layer), op=LINEAR, operands=step.operands[:2])
        if step.op in _PRODUCTS:
            found.append(step)
    return [Product(step) for step in setup.conventions.lay.convert_steps(found)]


@dataclass(frozen=True)
class Walk:
    """A product made one piece at a time.

    Attributes:
        count: how many pieces there are in all.
        frames: which of them, by their place in the order; `terms` and `sums` have one entry each.
        step: the equation of one piece.
        values: the operands, the result, and the indicators of `frames`.
        terms: what each piece adds, in the shape of the result.
        sums: the sum of that piece and all before it.
    """

    count: int
    frames: tuple[int, ...]
    step: Step
    values: dict[Var, Array]
    terms: Array
    sums: Array


@op_factory
def hold_letters(op: Op, letters: str) -> Op:
    """Add indicators to an equation: only where they are 1 is anything read."""
    first = {a: next(k for k, reads in enumerate(op.reads) if a in reads) for a in letters}

    def arithmetic(*operands: Array) -> Array:
        matrices, indicators = list(operands[: len(op.reads)]), operands[len(op.reads) :]
        for letter, e in zip(letters, indicators, strict=True):
            k = first[letter]
            matrices[k] = multiply_masked(matrices[k], align(e, letter, op.reads[k]))
        return op(*matrices)

    body = op.cell
    for mark, letter in enumerate(letters, start=len(op.reads)):
        k = first[letter]
        body = body.replace(f"{{{k}}}", f"{{{k}}}·{{{mark}}}")
    return Op(
        f"{op.name}, a piece",
        ",".join([*op.reads, *letters]) + "->" + op.makes,
        arithmetic,
        lambda *operands: op.notation(*operands[: len(op.reads)]),
        body,
    )


@np.errstate(over="ignore", invalid="ignore")  # an infinity is shown as one
def walk(
    setup: Setup,
    product: Product,
    way: str,
    frames: Sequence[int] | None = None,
    trace: tuple[list[Step], dict[Var, Array]] | None = None,
) -> Walk:
    """Make a product piece by piece.

    Args:
        product: a member of `products(setup)`.
        way: a name of `WAYS` that the product has.
        frames: which pieces; None for all.

    Raises:
        KeyError: no such way.
        ValueError: the product has no such way, or there is no such piece.
    """
    if WAYS[way] and way not in product.ways:
        raise ValueError(f"{product.step.out.text} is not made by {way}")
    values, op = (trace or setup.run())[1], product.step.op
    operands = [values[v] for v in product.step.operands]
    letters = product.letters(way)
    size = axis_sizes(op, operands)
    sizes = tuple(size[a] for a in letters)
    frames = tuple(range(prod(sizes))) if frames is None else tuple(frames)
    if not all(0 <= f < prod(sizes) for f in frames):
        raise ValueError(f"there are {prod(sizes)} pieces, so no piece {frames}")
    at = np.stack(np.unravel_index(np.array(frames, dtype=int), sizes), axis=-1)

    piece = hold_letters(op, letters)
    here = [np.eye(n)[at[:, axis]] for axis, n in enumerate(sizes)]
    upto = [(np.arange(n) <= at[:, axis, None]).astype(float) for axis, n in enumerate(sizes)]
    terms = piece(*operands, *here)
    # All up to a piece: the last letter up to its place, and with two letters all before the first.
    sums = piece(*operands, *here[:-1], upto[-1])
    if len(sizes) == 2:
        sums = sums + piece(*operands, upto[0] - here[0], np.ones_like(upto[1]))
    ones = {Var("one", at=a): e for a, e in zip(letters, here, strict=True)}
    result = {product.step.out: product.step.op(*operands)}
    return Walk(
        prod(sizes), frames, Step(Var("term"), piece, (*product.step.operands, *ones), "derivation"),
        {**dict(zip(product.step.operands, operands, strict=True)), **ones, **result}, terms, sums,
    )  # fmt: skip
