"""A step with its numbers, as a notebook shows it."""

from __future__ import annotations

from html import escape

import numpy as np

from .equations import cells
from .equations.steps import Step
from .exchange.digits import Digits
from .exchange.latex import write_lines
from .notation import Z
from .passes.conventions import WORKSHEET, Conventions
from .values import Values, draw


class StepView:
    """An equation with its operands, its result and the sum behind one cell."""

    def __init__(
        self,
        step: Step,
        values: Values,
        cell: tuple[int, ...] | None = None,
        *,
        conventions: Conventions = WORKSHEET,
        digits: Digits | None = None,
    ) -> None:
        """Show a step.

        Args:
            values: every matrix of the pass, as `trace` gives them.
            cell: whose formula is written out, counted from 0; by default the first.

        Raises:
            KeyError: a matrix of the step is not among the values.
            IndexError: the result has no such cell.
        """
        self.step, self.values, self.digits, self.lay = step, values, digits or Digits(), conventions.lay
        result = np.asarray(values[step.out])
        self.cell = (0,) * result.ndim if cell is None else cell
        result[self.cell]

    def _repr_html_(self) -> str:
        drawn = "".join(draw(self.values, v) for v in (*dict.fromkeys(self.step.operands), self.step.out))
        at = f"[{', '.join(str(i + 1) for i in self.cell)}]" if self.cell else ""
        formula = cells.numbers(self.step, self.values, self.cell, self.digits)
        result = self.digits(float(np.asarray(self.values[self.step.out])[self.cell]))
        sum_ = escape(f"{self.step.out.symbol}{at} = {formula} = {result}")
        return f"<div>$\\displaystyle {escape(self.step.latex)}$</div><div>{drawn}</div><div><code>{sum_}</code></div>"

    def _repr_latex_(self) -> str:
        N = np.shape(self.values[Z(0)])[0 if self.lay.transposes(Z(0)) else 1]
        lines = write_lines(self.step, self.values, self.digits, self.lay, N)
        return "$$\\begin{aligned}" + r" \\ ".join(lines) + "\\end{aligned}$$"
