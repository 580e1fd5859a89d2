"""The equations of the losses, one row each: forward rows first, then what pulls them back."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..equations.dense import scalar
from ..equations.kernels import Kernel
from ..equations.softmax import count_column_cells, finite, shift_logits
from ..equations.steps import Op, op_factory
from . import kernels
from .scales import Scale

Array = np.ndarray


def _of_true_class(x: Array, y: Array) -> Array:
    return (y * x).sum(axis=-2, keepdims=True)


def _cross_entropy(o: Array, y: Array) -> Array:
    """Compute `log sum_k e^{o_k} - sum_k y_k o_k`; the shift cancels where a column of y sums to 1."""
    shifted = shift_logits(o)
    shift = o.max(axis=-2) * (1 - y.sum(axis=-2))
    return np.log(np.exp(shifted).sum(axis=-2)) - (y * shifted).sum(axis=-2) + shift


@op_factory
def squared_error(c: Scale) -> Op:
    """Give `c ||Z - Y||_F^2`."""
    return Op(
        "squared error",
        "in,in->",
        lambda Z, Y: kernels.sum_squares(Z - Y) * c.factor(Z.shape[-1], d=Z.shape[-2]),
        lambda Z, Y: rf"{c.latex()}\left\lVert {Z} - {Y}\right\rVert_F^2",
        c.multiply("sum_in(({0} - {1})²)"),
        kernel=Kernel(partial(kernels.squared_error, c), (kernels.count_row_cells, lambda sizes: sizes["i"])),
    )


@op_factory
def error(c: Scale, twice: bool) -> Op:
    """Give `c (Z - Y)`, or 2c where a square was differentiated."""
    front = c.latex(twice)
    return Op(
        "error",
        "in,in->in",
        lambda Z, Y: (Z - Y) * c.factor(Z.shape[-1], twice, Z.shape[-2]),
        lambda Z, Y: rf"{front}\left({Z} - {Y}\right)" if front else f"{Z} - {Y}",
        c.multiply("{0} - {1}", twice),
        kernel=Kernel(partial(kernels.subtract_targets, c, twice), overwritable=(0,)),
    )


CROSS_ENTROPY = Op(
    "cross-entropy",
    "kn,kn->n",
    _cross_entropy,
    lambda Z, Y: rf"\log\textstyle\sum_k \exp({Z}) - \sum_k {Y}\odot {Z}",
    "log(sum_k(exp({0}))) - (sum_k({1}·{0}))",
    kernel=Kernel(kernels.cross_entropy, (kernels.count_matrix_cells,) * 2 + (count_column_cells,) * 2),
)


#: `q_jn = o_jn - log sum_k e^{o_kn}`
LOG_SOFTMAX = Op(
    "log softmax",
    "kn->jn",
    lambda Z: finite(shift_logits(Z) - np.log(np.exp(shift_logits(Z)).sum(axis=-2, keepdims=True))),
    lambda Z: rf"\log\operatorname{{softmax}}({Z})",
    "{0:jn} - log(sum_k(exp({0})))",
)

#: The vjp of log-softmax: the Jacobian 1[k=j] - p_j with p = e^q, column by column, applied to dL/dQ.
LOG_SOFTMAX_PULLBACK = Op(
    "log softmax pullback",
    "jn,kn->jn",
    lambda Q, dQ: dQ - np.exp(Q) * dQ.sum(axis=-2, keepdims=True),
    lambda Q, dQ: rf"{dQ} - \exp({Q})\odot\textstyle\sum_k {{{dQ}}}_{{k}}",
    "{1:jn} - exp({0})·(sum_k({1}))",
)

LIKELIHOOD = Op(
    "negative log-likelihood",
    "kn,kn->n",
    lambda Y, Q: -(Y * Q).sum(axis=-2),
    lambda Y, Q: rf"-\textstyle\sum_k {Y}\odot {Q}",
    "-(sum_k({0}·{1}))",
)


@op_factory
def likelihood_pullback(c: Scale) -> Op:
    """Give `-c Y`."""
    return Op(
        "likelihood pullback",
        "kn->kn",
        lambda Y: -Y * c.factor(Y.shape[-1]),
        lambda Y: rf"-{c.latex()}\,{Y}",
        f"-{c.cell()}{{0}}",
    )


@op_factory
def total(c: Scale) -> Op:
    """Give `c sum_n ell_n`."""
    return Op(
        "sum over examples",
        "n->",
        lambda ell: finite((ell * c.factor(ell.shape[-1])).sum(axis=-1)),
        lambda ell: rf"{c.latex()}\textstyle\sum_n {{{ell}}}_{{n}}",
        c.multiply("sum_n({0})"),
        kernel=Kernel(partial(kernels.sum_losses, c), (count_column_cells,)),
    )


#: The gap of a competing class l to the true class y: x_l - x_y + m, of probabilities or of logits.
GAPS = Op(
    "gaps",
    "kn,kn,->ln",
    lambda x, y, m: finite(x - _of_true_class(x, y) + scalar(m)),
    lambda x, y, m: rf"{x} - {{{x}}}_{{y}} + {m}",
    "{0:ln} - (sum_k({1}·{0})) + {2}",
    exact=True,
    largest_term=lambda x, y, m: max(x, m),
)


def _edge(at_tie: bool) -> tuple[np.ufunc, str, str]:
    """Give the comparison of a gap with 0, and its sign in text and in LaTeX."""
    return (np.greater_equal, "≥", r"\ge ") if at_tie else (np.greater, ">", ">")


@op_factory
def active(at_tie: bool) -> Op:
    """Give 1 where a competing class (l != y) has a gap > 0, and at a gap of exactly 0 if `at_tie`."""
    over, sign, latex = _edge(at_tie)
    return Op(
        "active competing classes",
        "ln,ln->ln",
        lambda G, Y: (1 - Y) * over(G, 0),
        lambda G, Y: rf"(1 - {Y})\odot \left[{G}{latex}0\right]",
        f"(1 - {{1}})·[{{0}} {sign} 0]",
        kink=lambda G, Y: np.where(Y == 1, 1.0, np.sign(G)),
    )


#: `m - t o` with t = 1 for the true class and -1 for any other: every class on its own.
ONE_VS_ALL_GAPS = Op(
    "one-vs-rest gaps",
    "kn,kn,->kn",
    lambda o, y, m: finite(scalar(m) - (2 * y - 1) * o),
    lambda o, y, m: rf"{m} - \left(2{y} - 1\right)\odot {o}",
    "{2} - (2·{1} - 1)·{0}",
    exact=True,
    largest_term=lambda o, y, m: max(o, m),
)


@op_factory
def active_classes(at_tie: bool) -> Op:
    """Give 1 where a gap is > 0, and at a gap of exactly 0 if `at_tie`, of every class."""
    over, sign, latex = _edge(at_tie)
    return Op(
        "active classes",
        "ln->ln",
        lambda G: over(G, 0).astype(G.dtype),
        lambda G: rf"\left[{G}{latex}0\right]",
        f"[{{0}} {sign} 0]",
        kink=np.sign,
    )


#: The largest gap of a competing class, or 0, which is the entry of the true class.
TOP = Op(
    "largest gap",
    "kn,kn->n",
    lambda G, Y: ((1 - Y) * G).max(axis=-2),
    lambda G, Y: rf"\max_k\, (1 - {Y})\odot {G}",
    "max_k((1 - {1})·{0})",
)


def _changes_of_active_class(G: Array, Y: Array, top: Array) -> Array:
    """Tell which class has the largest gap and whether that gap is above 0: where this changes there is a kink."""
    competing = np.where(Y == 1, -np.inf, G)
    first = competing.max(axis=-2, keepdims=True)
    order = np.sort(competing, axis=-2)
    second = order[..., -2:-1, :] if competing.shape[-2] > 1 else np.full_like(first, -np.inf)
    largest_other = np.where(competing == first, second, first)
    with np.errstate(invalid="ignore"):
        lead = np.where(np.isinf(largest_other), 1.0, competing - largest_other)
    return np.where(Y == 1, 1.0, 3 * np.sign(lead) + np.sign(first))


@op_factory
def at_top(at_tie: bool) -> Op:
    """Give 1 where a competing class is active and none has a larger gap."""
    over, sign, latex = _edge(at_tie)
    return Op(
        "competing classes at the maximum",
        "ln,ln,n->ln",
        lambda G, Y, top: (1 - Y) * over(G, 0) * (top[..., None, :] <= G),
        lambda G, Y, top: rf"(1 - {Y})\odot \left[{G}{latex}0\right]\odot\left[{G}\ge {top}\right]",
        f"(1 - {{1}})·[{{0}} {sign} 0]·[{{0}} ≥ {{2}}]",
        kink=_changes_of_active_class,
    )


#: Classes that tie for the largest gap share it: any convex combination is a subgradient.
SHARE = Op(
    "shared",
    "kn->ln",
    lambda T: T / np.maximum(1, T.sum(axis=-2, keepdims=True)),
    lambda T: rf"\frac{{{T}}}{{\max\left(1, \sum_k {{{T}}}_{{k}}\right)}}",
    "{0:ln} / max(1, sum_k({0}))",
)

HINGE = Op(
    "hinge",
    "ln,ln->n",
    lambda A, G: finite((A * G).sum(axis=-2)),
    lambda A, G: rf"\textstyle\sum_l {A}\odot {G}",
    "sum_l({0}·{1})",
)


@op_factory
def hinge_pullback(c: Scale) -> Op:
    """Give `c a_k` for a competing class, and for the true class minus c times the number of active ones."""
    front = c.latex()

    def write(A: str, Y: str) -> str:
        return rf"{A} - {Y}\odot\textstyle\sum_l {{{A}}}_{{l}}"

    return Op(
        "hinge pullback",
        "ln,kn->kn",
        lambda A, Y: finite(A - Y * finite(A.sum(axis=-2, keepdims=True))) * c.factor(A.shape[-1]),
        lambda A, Y: rf"{front}\left({write(A, Y)}\right)" if front else write(A, Y),
        c.multiply("{0:kn} - {1}·(sum_l({0}))"),
    )


SQUARED_HINGE = Op(
    "squared hinge",
    "ln,ln->n",
    lambda A, G: finite((A * G * G).sum(axis=-2)),
    lambda A, G: rf"\textstyle\sum_l {A}\odot {G}^{{\odot 2}}",
    "sum_l({0}·({1})²)",
)


@op_factory
def squared_hinge_pullback(c: Scale) -> Op:
    """Give `2c a g`: twice the gap where a class is active."""
    return Op(
        "squared hinge pullback",
        "ln,ln->ln",
        lambda A, G: finite(A * G * c.factor(A.shape[-1], twice=True)),
        lambda A, G: rf"{c.latex(twice=True)}\,{A}\odot {G}",
        f"{c.cell(twice=True)}{{0}}·{{1}}",
    )


@op_factory
def one_vs_all_pullback(c: Scale) -> Op:
    """Give `-c t a` with t = 1 for the true class and -1 for any other."""
    return Op(
        "one-vs-rest pullback",
        "kn,kn->kn",
        lambda A, Y: (1 - 2 * Y) * A * c.factor(A.shape[-1]),
        lambda A, Y: rf"{c.latex()}\left(1 - 2{Y}\right)\odot {A}",
        f"{c.cell()}(1 - 2·{{1}})·{{0}}",
    )
