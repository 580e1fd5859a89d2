"""The equations of a dense network, one row each, as on the worksheet (exercise 1).

Operands may carry leading axes: the last two are the matrix, so one call can evaluate many
perturbed copies (`mlpcore.checking.numerical_gradients`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from ..notation import S, W, Z, b, mask
from . import kernels
from .activations import ACTIVATIONS
from .steps import Op, Step, View, op_factory

Array = np.ndarray


def transpose(x: Array) -> Array:
    """Swap the last two axes; leading axes stay."""
    return np.swapaxes(x, -1, -2)


def identity(x: Array) -> Array:
    """Return the matrix itself, where another operand is transposed."""
    return x


def scalar(x: Array) -> Array:
    """Add two axes to a single number, so that it broadcasts against matrices with the same leading axes."""
    return x[..., None, None]


LINEAR = Op(
    "linear",
    "ij,jn->in",
    lambda W, Z: W @ Z,
    lambda W, Z: rf"{W}\,{Z}",
    "sum_j({0}·{1})",
    kernel=kernels.make_product(identity, identity),
    exact=True,
    largest_term=lambda W, Z: W * Z,
)

AFFINE = Op(
    "affine",
    "ij,jn,i->in",
    lambda W, Z, b: W @ Z + b[..., None],
    lambda W, Z, b: rf"{W}\,{Z} + {b}",
    "sum_j({0}·{1}) + {2}",
    kernel=kernels.AFFINE,
    exact=True,
    largest_term=lambda W, Z, b: max(W * Z, b),
)

#: dL/dW_l = delta_l Z_{l-1}^T
WEIGHT_GRADIENT = Op(
    "weight gradient",
    "in,jn->ij",
    lambda delta, Z: delta @ transpose(Z),
    lambda delta, Z: rf"{delta}\,{Z}^{{\top}}",
    "sum_n({0}·{1})",
    kernel=kernels.make_product(identity, transpose),
)

#: dL/db_l = delta_l 1_N
BIAS_GRADIENT = Op(
    "bias gradient",
    "in->i",
    lambda delta: delta @ np.ones(delta.shape[-1], delta.dtype),
    lambda delta: rf"{delta}\,\mathbb{{1}}_N",
    "sum_n({0})",
    kernel=kernels.make_sum_over_examples(identity),
)

#: dL/dZ_l = W_{l+1}^T delta_{l+1}
PULL_BACK = Op(
    "pull back",
    "ki,kn->in",
    lambda W, delta: transpose(W) @ delta,
    lambda W, delta: rf"{W}^{{\top}}\,{delta}",
    "sum_k({0}·{1})",
    kernel=kernels.make_product(transpose, identity),
)

_DESCEND: dict[str, Any] = {
    "notation": lambda W, eta, dW: rf"{W} - {eta}\,{dW}",
    "cell": "{0} - {1}·{2}",
    "kernel": kernels.DESCEND,
}

UPDATE_WEIGHTS = Op("update weights", "ij,,ij->ij", lambda W, eta, dW: W - scalar(eta) * dW, **_DESCEND)

UPDATE_BIASES = Op("update biases", "i,,i->i", lambda b, eta, db: b - scalar(eta)[..., 0] * db, **_DESCEND)


@op_factory
def drop(op: Op) -> Op:
    """Give an equation whose result is multiplied, cell by cell, by a dropout mask, its last operand."""
    kink, cell, views = op.kink, op.cell, op.views
    if cell.endswith("({0})"):  # a function of one operand, which is seen through it
        cell, views = "{0'}", {0: View(cell.removesuffix("({0})"), op.notation, op.arithmetic)}

    def arithmetic(*operands: Array) -> Array:
        return operands[-1] * op.arithmetic(*operands[:-1])

    return Op(
        f"masked {op.name}",
        op.subscripts.replace("->", f",{op.makes}->"),
        arithmetic,
        lambda *operands: rf"{operands[-1]}\odot {op.notation(*operands[:-1])}",
        f"{{{len(op.reads)}}}·{cell}",
        kink=kink and (lambda *operands: kink(*operands[:-1])),
        views=views,
        kernel=kernels.wrap_arithmetic(arithmetic) if set(op.reads) == {op.makes} else None,  # softmax reads columns
        exact=op.exact,
    )


# The steps of a layer are the same in every network, so every page and every schedule shares them.
@lru_cache(maxsize=512)
def forward_layer(layer: int, activation: str, biased: bool, masked: bool = False) -> tuple[Step, ...]:
    """List `S_l` and `Z_l` of one layer; `Z_l = M_l (.) f_l(S_l)` where it is masked."""
    affine = (AFFINE, (W(layer), Z(layer - 1), b(layer))) if biased else (LINEAR, (W(layer), Z(layer - 1)))
    return Step(S(layer), *affine), drop_masked(Step(Z(layer), ACTIVATIONS[activation].apply, (S(layer),)), masked)


def drop_masked(step: Step, masked: bool) -> Step:
    """Multiply the mask of its layer into a step, if there is one."""
    if not masked:
        return step
    return replace(step, op=drop(step.op), operands=(*step.operands, mask(step.out.layer or 0)))
