"""Softmax: an activation whose derivative is a matrix for each example, and what losses read their probabilities by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .kernels import Call, Kernel
from .steps import Op

Array = np.ndarray


def finite(x: Array) -> Array:
    """Clip to the range of floats: differences of numbers near 1e308 may leave it."""
    if x.dtype == object:  # fractions have no end
        return x
    top = np.finfo(x.dtype).max
    return np.clip(x, -top, top)


def shift_logits(o: Array) -> Array:
    """Compute `o - max o` of each column: softmax does not change, and nothing overflows."""
    with np.errstate(over="ignore"):
        return finite(o - o.max(axis=-2, keepdims=True))


def softmax(o: Array) -> Array:
    """Compute `p_jn = exp(o_jn) / sum_k exp(o_kn)`, column by column."""
    e = np.exp(shift_logits(o))
    return e / e.sum(axis=-2, keepdims=True)


def count_column_cells(sizes: Mapping[str, int]) -> int:
    """Size a temporary of one number an example."""
    return sizes["n"]


def shift_in_place(out: Array, o: Array, top: Array) -> list[Call]:
    """Call `o - max_k o_k`, column by column, clipped to finite numbers as `shift_logits` does."""
    largest = np.finfo(o.dtype).max
    return [
        (np.maximum.reduce, (o, -2, None, top)),
        (np.subtract, (o, top, out)),
        (np.clip, (out, -largest, largest, out)),
    ]


def softmax_in_place(out: Array, o: Array, top: Array) -> list[Call]:
    """Call softmax, column by column; top holds the largest logit and then the sum."""
    return [
        *shift_in_place(out, o, top),
        (np.exp, (out, out)),
        (np.add.reduce, (out, -2, None, top)),
        (np.divide, (out, top, out)),
    ]


SOFTMAX = Op(
    "softmax",
    "kn->jn",
    softmax,
    lambda Z: rf"\operatorname{{softmax}}({Z})",
    "exp({0:jn}) / (sum_k(exp({0})))",
    kernel=Kernel(softmax_in_place, (count_column_cells,)),
)

#: The vjp of softmax: the Jacobian p_j (1[k=j] - p_k), column by column, applied to dL/dP.
SOFTMAX_PULLBACK = Op(
    "softmax pullback",
    "kn,kn->jn",
    lambda P, dP: P * (dP - (P * dP).sum(axis=-2, keepdims=True)),
    lambda P, dP: rf"{P}\odot\left({dP} - \textstyle\sum_k {{{P}}}_{{k}}\,{{{dP}}}_{{k}}\right)",
    "{0:jn}·({1:jn} - (sum_k({0}·{1})))",
)


def _pull_back_masked(dZ: Array, S: Array, M: Array) -> Array:
    return SOFTMAX_PULLBACK.arithmetic(softmax(S), M * dZ)


#: The same under a dropout mask, as on attention weights (Vaswani et al. 2017): Z = M (.) P does not determine P where
#: a cell is dropped, so P is computed from S.
MASKED_SOFTMAX_PULLBACK = Op(
    "masked softmax pullback",
    "kn,kn,kn->jn",
    _pull_back_masked,
    lambda dZ, S, M: SOFTMAX_PULLBACK.notation(SOFTMAX.notation(S), rf"({M}\odot {dZ})"),
    "exp({1:jn}) / (sum_k(exp({1})))·({2:jn}·{0:jn} - (sum_k(exp({1})·{2}·{0})) / (sum_k(exp({1}))))",
)
