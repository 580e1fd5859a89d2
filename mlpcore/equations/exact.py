"""Sums that are zero on the decimals that were entered are zero: 0.18 - 0.28 + 0.1 is not 2.8e-17.

A sum of products is looked at again where it is smaller than what rounding can do to its own terms, and only
there: it is carried out with fractions of the shortest decimals that stand for the operands, through the
piecewise linear layers below. Where that gives 0 the result is 0; any other sum stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ..notation import Var

if TYPE_CHECKING:
    from .steps import Index, Step

Array = np.ndarray

#: A sum of n terms may be off by about n units of rounding of its largest term; terms that are sums themselves by more.
MARGIN = 16
#: Terms that are added as fractions for one matrix: about a tenth of a second.
MOST = 50_000


class NotExactError(ValueError):
    """A number was not made by sums, products and piecewise linear functions of what was entered."""


class ExactZeros:
    """What is known of where the matrices of a pass came from, so that a sum can be carried out exactly.

    Attributes:
        values: every matrix so far; `makers` the step that made each, none for what was entered.
    """

    def __init__(self, values: Mapping[Var, Array]) -> None:
        self.values = values
        self.makers: dict[Var, Step] = {}
        self._known: dict[tuple, Array] = {}

    def restore(self, step: Step, result: Array) -> Array:
        """Set the cells of a result to 0 that are 0 in exact arithmetic."""
        operands = [self.values[v] for v in step.operands]
        if result.ndim != len(step.op.makes) or any(np.ndim(x) != len(r) for x, r in zip(operands, step.op.reads)):
            return result  # many perturbed passes at once: what is perturbed is no decimal
        assert step.op.largest_term is not None
        term = step.op.largest_term(*(float(np.abs(x).max()) for x in operands))
        terms = max(len(x) if np.ndim(x) else 1 for x in operands) + max(
            np.shape(x)[-1] if np.ndim(x) else 1 for x in operands
        )
        doubtful = np.argwhere((result != 0) & (np.abs(result) <= MARGIN * terms * np.finfo(result.dtype).eps * term))
        if not len(doubtful) or len(doubtful) * terms > MOST:
            return result
        result = result.copy()
        for cell in doubtful:
            at = tuple(slice(int(i), int(i) + 1) for i in cell)
            try:
                if not self._carry_out(step, at).any():
                    result[tuple(cell)] = 0
            except NotExactError:
                continue
        return result

    def _carry_out(self, step: Step, at: Index) -> Array:
        """Carry out a block of cells with fractions."""
        bound = dict(zip(step.op.makes, at, strict=True))
        if step.op.examples is not None:
            n, first = bound["n"], step.op.examples[0]
            assert isinstance(n, slice)
            bound["n"] = slice(n.start + first, n.stop + first)
            return self._read(step.operands[0], tuple(bound[a] for a in step.op.reads[0]))
        if not step.op.exact:
            raise NotExactError
        blocks = (tuple(bound.get(a, slice(None)) for a in reads) for reads in step.op.reads)
        result = step.op.arithmetic(*(self._read(v, b) for v, b in zip(step.operands, blocks, strict=True)))
        free = set(step.op.makes) - set("".join(step.op.reads))
        return result[tuple(bound[a] if a in free else slice(None) for a in step.op.makes)]

    def _read(self, var: Var, at: Index) -> Array:
        """Read a block of a matrix as fractions."""
        key = var, *((i.start, i.stop) for i in at if isinstance(i, slice))
        if key not in self._known:
            step = self.makers.get(var)
            if step is not None:
                self._known[key] = self._carry_out(step, at)
            else:
                block = np.asarray(self.values[var])[at]
                self._known[key] = np.array([Fraction(str(x)) for x in block.ravel()], dtype=object).reshape(
                    block.shape
                )
        return self._known[key]
