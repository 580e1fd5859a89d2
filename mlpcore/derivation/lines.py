"""What a derivation is made of: equations that can be carried out, and claims compared with something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field

import numpy as np

from ..checking.numerical_gradients import AGREES, DISAGREES, NOT_MEASURABLE, Probe, differences
from ..equations.steps import Op, Step
from ..notation import Var, delta
from ..passes.layouts import Layout
from .equations import selection_op

Array = np.ndarray
Cell = tuple[int, ...]

#: Two ways to the same number may differ by rounding, not by more.
ROUNDING = 1e-9

#: The held letters of a part of a matrix -> the letters of its axes while it is taken, and those that are fixed.
_SELECTED = {
    "j·": ("jn", "j"), "i·": ("kn", "k"), "·j": ("kn", "n"), "·n": ("kn", "n"), "·i": ("ki", "i"),
    "ij": ("kn", "kn"), "jn": ("jn", "jn"), "n": ("n", "n"),
}  # fmt: skip


def name_gradient(target: Var) -> Var:
    """Name the derivative of the loss by a matrix as the pass does."""
    assert target.layer is not None
    return delta(target.layer) if target.kind == "S" else Var("d" + target.kind, target.layer)


def find_top_layer(target: Var) -> int:
    """Find the layer whose activations read a matrix first."""
    assert target.layer is not None
    return target.layer + (target.kind == "Z")


@dataclass(frozen=True)
class Claim:
    """One line of a derivation: an equation, what its right-hand side gives, and whether it is true.

    Attributes:
        step: the equation.
        value: its right-hand side; with `per_cell` one entry for each of `cells`.
        against: what it was compared with.
        error: the worst difference, relative to the largest entry; NaN if nothing could be compared.
        verdict: "agrees", "disagrees" or "not measurable", as of a gradient.
        why: one sentence for the reader.
        meant: False for a line that does not hold, on purpose; its error is relative to the right value.
        unseen: which of the cells could not be compared, because no difference measures them.
    """

    step: Step
    value: Array
    per_cell: bool
    against: str
    error: float
    verdict: str
    why: str
    meant: bool = True
    unseen: tuple[int, ...] = ()

    @property
    def holds(self) -> bool:
        return self.verdict == AGREES


@dataclass
class Derivation:
    """Everything about the derivative of the loss by the cells of one matrix.

    Attributes:
        target: the matrix; `gradient` its gradient, `top` the layer whose activations are derived.
        letters: the letters of a cell, `"ij"` or `"i"`, and `sizes` how far each runs.
        cells: which cells, in the worksheet's layout: the chosen ones, or all of them.
        values: every matrix of the pass, of `steps` and the indicator of each letter in `ones`; those in `stacked` have
            a leading axis with one entry for each of `cells`.
        steps: the equations beyond those of the pass.
        claims: the derivation, line by line.
        slope: what dL/dZ is multiplied by, cell by cell: f', the mask of dropout, or both; None where neither is.

    Raises:
        ValueError: the matrix has no such cell.
    """

    target: Var
    gradient: Var
    top: int
    letters: str
    chosen: InitVar[Sequence[Cell] | None]
    values: dict[Var, Array]
    lay: Layout
    cells: tuple[Cell, ...] = field(init=False)
    steps: list[Step] = field(default_factory=list)
    ones: dict[str, Var] = field(default_factory=dict)
    stacked: set[Var] = field(default_factory=set)
    claims: list[Claim] = field(default_factory=list)
    slope: Var | None = None

    def __post_init__(self, chosen: Sequence[Cell] | None) -> None:
        self.values = dict(self.values)
        self.sizes = self.lay.convert(self.target, self.values[self.target]).shape
        self.cells = tuple(np.ndindex(self.sizes)) if chosen is None else tuple(tuple(c) for c in chosen)
        for cell in self.cells:
            if len(cell) != len(self.sizes) or not all(0 <= i < n for i, n in zip(cell, self.sizes, strict=True)):
                raise ValueError(f"{self.target.text} has shape {self.sizes}: there is no cell {cell}")
        for axis, letter in enumerate(self.letters):
            e = self.ones[letter] = Var("one", at=letter)
            self.values[e] = np.eye(self.sizes[axis])[[c[axis] for c in self.cells]]
            self.stacked.add(e)

    def part(self, var: Var, at: str) -> Var:
        """Name a row, column or cell of a matrix by the letters of the worksheet."""
        return var._replace(at=at, transposed=self.lay.transposes(var))

    def equation(self, out: Var, op: Op, *operands: Var) -> Step:
        """Make a step in the layout that is in force."""
        return self.lay.convert_steps([Step(out, op, operands, "derivation")])[0]

    def carry_out(self, out: Var, op: Op, *operands: Var) -> Var:
        """Carry out an equation and keep it among the steps."""
        step = self.equation(out, op, *operands)
        return self._keep(step, step.op(*(self.values[v] for v in step.operands)))

    def _keep(self, step: Step, value: Array) -> Var:
        self.values[step.out] = value
        self.steps.append(step)
        if any(v in self.stacked for v in step.operands):
            self.stacked.add(step.out)
        return step.out

    def select(self, var: Var, at: str) -> Var:
        """Take the part of a matrix that the indicators leave; `at` names the letters of its axes."""
        letters, fixed = _SELECTED[at]
        return self.carry_out(
            self.part(var, at), selection_op(letters, fixed), var, *(self.ones[a] for a in at if a != "·")
        )

    def measure(
        self,
        steps: Sequence[Step],
        of: Var,
        by: Var,
        cells: Sequence[Cell] | None = None,
        values: dict[Var, Array] | None = None,
    ) -> Probe:
        """Take central differences of a matrix by cells of another, those of the derivation by default."""
        values = self.values if values is None else values
        places = [self.lay.convert_cell(by, c) for c in (self.cells if cells is None else cells)]
        flat = np.array([np.ravel_multi_index(place, values[by].shape) for place in places])
        return differences(steps, values, of, by, flat)

    def claim(
        self,
        out: Var,
        op: Op | Step,
        *operands: Var,
        of: Array | Probe,
        why: str,
        against: str = "central differences",
        meant: bool = True,
        rounding: float = 0.0,
        keep: bool = False,
    ) -> Array:
        """Add a line: an equation and the value (or probe) that it is compared with, to within `rounding` if given.

        Args:
            keep: put the equation among the steps, and its value among the values.
        """
        step = op if isinstance(op, Step) else self.equation(out, op, *operands)
        value = step.op(*(self.values[v] for v in step.operands))
        per_cell = any(v in self.stacked for v in step.operands)
        verdict, error, unseen = compare(value, of, rounding)
        if not meant:
            assert not isinstance(of, Probe)
            size = float(np.abs(of).max(initial=0.0))
            error = float(np.abs(value - of).max(initial=0.0)) / max(size, np.finfo(float).tiny)
        self.claims.append(Claim(step, value, per_cell, against, error, verdict, why, meant, unseen))
        if keep:
            self._keep(step, value)
        return value

    def fill_cells(self, matrix: Array, numbers: Array) -> Array:
        """Put a number for each cell into a copy of the gradient."""
        filled = np.array(matrix, dtype=float)
        for cell, number in zip(self.cells, numbers, strict=True):
            filled[self.lay.convert_cell(self.gradient, cell)] = number
        return filled


def compare(value: Array, of: Array | Probe, rounding: float = 0.0) -> tuple[str, float, tuple[int, ...]]:
    """Compare a value with what is known of it.

    Args:
        rounding: how far terms that cancel may move a value that is not a probe's, beside `ROUNDING` of the largest.

    Returns:
        The verdict; the largest difference relative to the largest entry, NaN where nothing was compared; and
        which of the cells of a probe could not be compared.
    """
    if isinstance(of, Probe):
        verdict, error, cells = of.judge(value)
        if verdict == NOT_MEASURABLE and np.any(np.asarray(value)[cells == AGREES]):
            verdict = AGREES  # where it was compared; the cells that were not are named
        unmeasured = (cells == NOT_MEASURABLE).reshape(len(cells), -1).all(axis=1)
        return verdict, error, tuple(int(n) for n in np.flatnonzero(unmeasured))
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.abs(value - of).max(initial=0.0)
        scale = max(float(np.abs(value).max(initial=0.0)), float(np.abs(of).max(initial=0.0)), np.finfo(float).tiny)
        error = float(off / scale)
    agrees = off <= ROUNDING * scale + rounding
    return NOT_MEASURABLE if np.isnan(error) else AGREES if agrees else DISAGREES, error, ()
