"""Exercise 3 (ii): the gradient of the hinge on probabilities, term by term, and through the Jacobian.

As in exercise 1 an indicator is one more operand, so that "by one logit" is an equation over the
same matrices: `dL/do_jn = c <A, dG/do_jn>_F`, where A holds which competing classes are active and
`dG_l/do_j = p_j (1[l=j] - 1[y=j] - p_l + p_y)` is the worksheet's term.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..checking.numerical_gradients import Probe
from ..derivation.equations import FROBENIUS, TERMS, align, multiply_masked, selection_op
from ..derivation.lines import Cell, Derivation
from ..derivation.output import add_quotient_rule, take
from ..equations.steps import Op, Step, op_factory
from ..losses import Hinge, SoftmaxHinge
from ..losses.scales import Scale
from ..network import Array
from ..notation import A, G, O, P, Var, Y, dO, dP
from ..notation import loss as LOSS
from .lab import Lab

#: p_y of each example.
OF_TRUE_CLASS = Op(
    "of the true class",
    "kn,kn->n",
    lambda P, Y: (P * Y).sum(axis=-2),
    lambda P, Y: rf"\textstyle\sum_k {{{Y}}}_{{k}}\,{{{P}}}_{{k}}",
    "sum_k({1}·{0})",
)


def _gap_derivative(pj: Array, l_is_j: Array, y_is_j: Array, p: Array, py: Array, here: Array) -> Array:
    def row(x: Array) -> Array:
        return align(x, "n", "ln")

    bracket = align(l_is_j, "l", "ln") - row(y_is_j) - p + row(py)
    return multiply_masked(row(pj) * bracket, np.broadcast_to(row(here), bracket.shape))


_TERM = r"p_j\left(\mathbf{1}_l^j - \mathbf{1}_y^j - p_l + p_y\right)"

#: dG_l/do_j = p_j (1[l=j] - 1[y=j] - p_l + p_y), in the column of the one example that reads o_jn.
GAP_DERIVATIVE = Op(
    "derivative of the gaps",
    "n,l,n,ln,n,n->ln",
    _gap_derivative,
    lambda pj, j, yj, p, py, n: rf"{_TERM}\,{n}^{{\top}}",
    "{0}·({1} - {2} - {3} + {4})·{5}",
)

#: dp_k/do_j = p_k (1[k=j] - p_j)
JACOBIAN = Op(
    "Jacobian of softmax",
    "k,j,kj->kj",
    lambda p, q, same: p[..., :, None] * (same - q[..., None, :]),
    lambda p, q, same: rf"\operatorname{{diag}}\left({p}\right) - {p}\,{q}^{{\top}}",
    "{0}·({2} - {1})",
)

THROUGH = Op(
    "through the Jacobian",
    "kj,k->j",
    lambda J, g: (J * g[..., :, None]).sum(axis=-2),
    lambda J, g: rf"{J}^{{\top}}\,{g}",
    "sum_k({0}·{1})",
)


#: The same where examples are rows: what stood upright lies flat.
_ROW_NOTATION: dict[str, Callable[..., str]] = {
    GAP_DERIVATIVE.name: lambda pj, j, yj, p, py, n: rf"{n}\,{_TERM}",
    JACOBIAN.name: lambda p, q, same: rf"\operatorname{{diag}}\left({p}\right) - {p}^{{\top}}\,{q}",
    THROUGH.name: lambda J, g: rf"{g}\,{J}",
}


def write_double_sum(loss: Hinge) -> str:
    """Write the gradient by one logit as exercise 3 (ii) has it, in LaTeX."""
    over = r"\ge" if loss.at_tie else ">"
    return (
        rf"\frac{{\partial\mathcal{{L}}}}{{\partial o_j}} = {loss.c.latex()}\sum_i\sum_{{l\neq y_i}} "
        r"p_j\left(\mathbf{1}_l^j - \mathbf{1}_{y_i}^j - p_l + p_{y_i}\right)"
        rf"\mathbf{{1}}_{{\{{p_l - p_{{y_i}} + m {over} 0\}}}}"
    )


@op_factory
def _write_in_rows(op: Op) -> Op:
    return replace(op, notation=_ROW_NOTATION[op.name])


def _lay_out(d: Derivation, op: Op) -> Op:
    """Write the equation as in the layout in force."""
    return _write_in_rows(op) if d.lay.transposes(O) else op


@op_factory
def sum_over_active(c: Scale) -> Op:
    """Give `c <A, dG/do_jn>_F`."""
    return Op(
        "sum over active competing classes",
        FROBENIUS.subscripts,
        lambda A, slope: c.factor(A.shape[-1]) * FROBENIUS(A, slope),
        lambda A, slope: c.latex() + FROBENIUS.notation(A, slope),
        c.multiply(FROBENIUS.cell),
    )


@op_factory
def sum_over_competing(c: Scale) -> Op:
    """Give `c sum_l a_l dG_l/do_j`; the indicator of the example says how many there are."""
    return Op(
        "sum over competing classes",
        "l,l,n->",
        lambda a, slope, here: c.factor(here.shape[-1]) * (a * slope).sum(axis=-1),
        lambda a, slope, here: rf"{c.latex()}\textstyle\sum_l {{{a}}}_{{l}}\,{slope}",
        c.multiply("sum_l({0}·{1})"),
    )


def _begin(lab: Lab, cells: Sequence[Cell] | None, trace: tuple | None) -> tuple[Derivation, list[Step]]:
    """Begin a derivation by cells (j, n) of the logits."""
    if not isinstance(lab.loss, SoftmaxHinge):
        raise ValueError(f"exercise 3 derives the hinge on probabilities, not: {lab.loss.title}")
    steps, values = trace or lab.run()
    return Derivation(O, dO, 0, "jn", cells, values, lab.conventions.lay), steps


def terms(lab: Lab, cells: Sequence[Cell] | None = None, trace: tuple | None = None) -> Derivation:
    """Derive the worksheet's sum for cells (j, n) of `dL/dO`, compared with differences and the backward pass.

    Args:
        cells: which cells, in the worksheet's layout (class, example); None for all.
        trace: what `lab.run()` gave, if it is at hand.

    Raises:
        ValueError: the loss is another than the hinge on probabilities.
    """
    d, steps = _begin(lab, cells, trace)
    j, n = d.ones["j"], d.ones["n"]
    pj, yj = d.select(P, "j·"), d.select(Y, "j·")
    py = d.carry_out(Var("py"), OF_TRUE_CLASS, P, Y)
    here = Var("dGdO", at="jn", transposed=d.lay.transposes(O))
    parts = (pj, j, yj, P, py, n)
    slope = _lay_out(d, GAP_DERIVATIVE)
    d.carry_out(here, slope, *parts)
    c = lab.conventions.loss(lab.loss).c
    cell = d.part(dO, "jn")
    first = d.claim(
        cell, sum_over_active(c), A, here, of=d.measure(steps, LOSS, O),
        why="Only active competing classes contribute: each adds the derivative of its own gap.",
    )  # fmt: skip
    d.claim(
        here, slope, *parts, of=d.measure(steps, G, O),
        why="Softmax divides by a sum over all classes, so that every logit moves every probability: −p_l + p_y "
            "is that sum's part; 1[l=j] and 1[y=j] are the two exponentials' own.",
    )  # fmt: skip
    add_quotient_rule(d, Var("dpdO", at="jn", transposed=d.lay.transposes(O)), steps)
    d.carry_out(Var("terms"), TERMS, A, here)
    # The same sum over the competing classes of the one example that reads the logit, written out below the board.
    column = d.carry_out(Var("dgdO", at="jn", transposed=here.transposed), selection_op("kn", "n"), here, n)
    d.carry_out(cell, sum_over_competing(c), d.select(A, "·n"), column, n)
    made = next(s for s in steps if s.out == dO)
    d.claim(
        dO, made, of=d.fill_cells(d.values[dO], first), against="the first line",
        why="The backward pass goes through dL/dP and the Jacobian of softmax in one step, for all cells at once.",
    )  # fmt: skip
    return d


def jacobians(lab: Lab, cells: Sequence[Cell] | None = None, trace: tuple | None = None) -> Derivation:
    """Derive the Jacobian of softmax for the example of every cell (j, n), and `dL/dO` through it.

    Raises:
        ValueError: the loss is another than the hinge on probabilities.
    """
    d, steps = _begin(lab, cells, trace)
    p, g = d.select(P, "·n"), d.select(dP, "·n")
    eye = Var("eye")
    d.values[eye] = np.eye(lab.classes)
    J = Var("dPdO", at="·n", transposed=d.lay.transposes(O))
    written = _lay_out(d, JACOBIAN)
    d.carry_out(J, written, p, p, eye)
    columns = np.stack([d.lay.convert(dO, d.values[dO])[:, n] for _, n in d.cells])
    d.claim(
        d.part(dO, "·n"), _lay_out(d, THROUGH), J, g, of=columns, against="the backward pass",
        why="A logit moves every probability, so its gradient collects from all of dL/dP. Rows and columns of the "
            "Jacobian sum to 0: adding the same number to every logit changes nothing.",
    )  # fmt: skip
    d.claim(
        J, written, p, p, eye, of=_measure_jacobian(d, steps, lab.classes),
        why="p_k (1 − p_k) on the diagonal, −p_k p_j off it: what one class gains the others lose.",
    )  # fmt: skip
    return d


def _measure_jacobian(d: Derivation, steps: list[Step], classes: int) -> Probe:
    """Measure the Jacobian of each cell's example by central differences, a logit at a time."""
    examples = sorted({n for _, n in d.cells})
    turned = d.lay.transposes(Var("dPdO"))

    def stack(part: Array) -> Array:
        blocks = d.lay.convert(P, part).reshape(len(examples), classes, classes, -1)  # example, j, k, n
        found = {n: blocks[at, :, :, n] for at, n in enumerate(examples)}
        return np.stack([found[n] if turned else found[n].T for _, n in d.cells])

    return take(d.measure(steps, P, O, [(j, n) for n in examples for j in range(classes)]), stack, len(d.cells))
