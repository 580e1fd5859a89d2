"""The full Jacobian of a layer's activations, which no program forms: `vec(dW) = J^T vec(dL/dZ)`.

`vec` puts a matrix into one column, unit by unit within an example (for weights: unit by unit
within an input). In that order the Jacobian is a Kronecker product with a diagonal in front
(Magnus and Neudecker 1988): `diag(vec f') (Z^T x I)` by weights, `diag(vec f') (I x W)` by the
activations below.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from ..equations.dense import PULL_BACK
from ..equations.steps import Step
from ..network import shape_of
from ..notation import Var, W, Z, dZ
from ..setup import Setup
from .lines import find_top_layer
from .local import derive

Array = np.ndarray


@dataclass(frozen=True)
class JacobianSize:
    """How many numbers a Jacobian has, and what backpropagation computes in its place.

    Attributes:
        rows, columns: its shape; `numbers` their product.
        nonzero: how many can differ from zero, whatever the weights.
        instead: the numbers of delta and of the gradient, where they are not the same.
    """

    rows: int
    columns: int
    nonzero: int
    instead: int

    @property
    def numbers(self) -> int:
        return self.rows * self.columns


@dataclass(frozen=True)
class Jacobian:
    """`d vec(Z) / d vec(target)`.

    Attributes:
        step: `vec(gradient) = J^T vec(dL/dZ)`; `values` its matrices.
        latex: the Jacobian as a Kronecker product.
        blocks: rows and columns of one block.
    """

    step: Step
    values: dict[Var, Array]
    latex: str
    blocks: tuple[int, int]


def count_jacobian(widths: tuple[int, ...], N: int, target: Var) -> JacobianSize:
    """Count the numbers of a Jacobian from the layer widths (d_0, ..., d_L) and the batch size alone."""
    units = widths[find_top_layer(target)]
    size = prod(shape_of(target, widths, N))
    each = {"W": N, "b": N, "Z": units, "S": 1}[target.kind]  # how many cells one cell of the target moves
    delta = 0 if target.kind == "S" else units * N  # delta is that gradient itself
    return JacobianSize(units * N, size, size * each, delta + size)


@np.errstate(over="ignore", invalid="ignore")  # an infinity is shown as one
def jacobian(setup: Setup, target: Var, trace: tuple[list[Step], dict[Var, Array]] | None = None) -> Jacobian:
    """Put the Jacobian together as a matrix from the local derivative of every cell.

    Raises:
        ValueError: there is no derivation by this matrix in this network.
    """
    d = derive(setup, target, trace=trace)
    lay, units = d.lay, setup.net.widths[d.top]
    here = next(v for v in d.stacked if v.kind.startswith("dZd"))

    def vec(var: Var, matrix: Array) -> Array:
        """Examples slowest, units fastest; leading axes stay."""
        return np.swapaxes(lay.convert(var, matrix), -1, -2).reshape(*matrix.shape[:-2], -1)

    columns = np.arange(len(d.cells)).reshape(d.sizes)
    order = columns.T.ravel() if columns.ndim == 2 else columns  # units fastest here too
    J = vec(dZ(d.top), d.values[here])[order].T
    vecin, vecout = Var("vecin", d.top), Var("vecout", at=d.gradient.latex)
    step = Step(vecout, PULL_BACK, (Var("J"), vecin), "derivation")
    values = {Var("J"): J, vecin: vec(dZ(d.top), d.values[dZ(d.top)])[:, None]}
    values[vecout] = step.op(*(values[v] for v in step.operands))
    return Jacobian(
        step,
        values,
        _latex(setup, target, d.top, d.slope),
        (units, d.sizes[0]),
    )


def _latex(setup: Setup, target: Var, top: int, slope: Var | None) -> str:
    lay = setup.conventions.lay
    layer = target.layer or 0
    front = "" if slope is None else rf"\operatorname{{diag}}\left(\operatorname{{vec}} {slope.latex}\right)"

    def turned(var: Var, unless: bool) -> str:
        return var.latex if lay.transposes(var) == unless else var.latex + r"^{\top}"

    identity = r"\mathbf{I}_{%d}"
    units = setup.net.widths[top]
    right = {
        "W": rf"\left({turned(Z(layer - 1), True)}\otimes {identity % units}\right)",
        "b": rf"\left(\mathbb{{1}}_N\otimes {identity % units}\right)",
        "Z": rf"\left({identity % setup.batch.N}\otimes {turned(W(top), False)}\right)",
        "S": "" if front else identity % (units * setup.batch.N),
    }[target.kind]
    return rf"J = {front}\,{right}" if front and right else rf"J = {front or right}"
