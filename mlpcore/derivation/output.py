"""Where a backward pass begins: why dL/dZ_L is (P - Y)/N for the cross-entropies, and (Z_L - Y)/N for squared error.

The loss of one example (or of one cell) is derived by one number of the output, line by line; the constant in front
of the sum over examples comes last, so that it is seen to enter once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from ..checking.numerical_gradients import Probe, differences
from ..equations.optimisers import make_number_op
from ..equations.steps import Op, Step, evaluate, op_factory
from ..losses import MSE, BinaryCrossEntropy, CrossEntropy
from ..losses.equations import total
from ..losses.scales import SCALES, Scale
from ..notation import P, Var, Y, Z, dW, dZ, ell
from ..notation import loss as LOSS
from ..setup import Setup
from .equations import multiply_masked, sum_of_products_op
from .lines import ROUNDING, Cell, Derivation

Array = np.ndarray
CELL_LOSS = Var("cellloss")
#: What rounding leaves of a difference of numbers from 0 to 1.
_EPS = 64 * float(np.finfo(float).eps)
#: A probability this close to 0 or 1 has too few digits left for 1 - p.
_LEAST = 1e-8

#: ell_n = -sum_k y_kn log p_kn; a class that is not wanted is not read.
LOG_LOSS = Op(
    "log loss",
    "kn,kn->n",
    lambda P, Y: multiply_masked(-np.log(P), Y).sum(axis=-2),
    lambda P, Y: rf"-\textstyle\sum_k {Y}\odot\log {P}",
    "-(sum_k({1}·log({0})))",
    largest_term=lambda P, Y: 1.0,  # where p is near 1, log p is rounded as 1 is
)

#: The derivative of -y log p by p.
LOG_DERIVATIVE = Op(
    "derivative of the log loss",
    "k,k->k",
    lambda p, y: multiply_masked(-1 / p, y),
    lambda p, y: rf"-\frac{{{y}}}{{{p}}}",
    "-{1} / {0}",
)


def _quotient(o: Array, every: Array, oj: Array, is_j: Array) -> Array:
    top = every.max(axis=-1, keepdims=True)  # subtracted from every logit, it changes nothing, and nothing overflows
    e, total, ej = np.exp(o - top), np.exp(every - top).sum(axis=-1, keepdims=True), np.exp(oj[..., None] - top)
    return (is_j * e * total - e * ej) / total**2


#: dp_k/do_j by the quotient rule, before anything cancels.
QUOTIENT_RULE = Op(
    "quotient rule",
    "k,l,,k->k",
    _quotient,
    lambda o, every, oj, is_j: (
        r"\frac{\mathbf{1}_k^j\,e^{o_k}\sum_l e^{o_l} - e^{o_k}\,e^{o_j}}{\left(\sum_l e^{o_l}\right)^2}"
    ),
    "({3}·exp({0})·(sum_l(exp({1}))) - exp({0})·exp({2})) / (sum_l(exp({1})))²",
)

#: dp_k/do_j = p_k (1[k=j] - p_j)
SOFTMAX_COLUMN = Op(
    "column of softmax's Jacobian",
    "k,k,->k",
    lambda p, is_j, pj: p * (is_j - pj[..., None]),
    lambda p, is_j, pj: rf"{p}\odot\left({is_j} - {pj}\right)",
    "{0}·({1} - {2})",
)


PUT_IN = Op(
    "put in",
    "k,k,k,->",
    lambda y, p, is_j, pj: multiply_masked(-1 / p * p * (is_j - pj[..., None]), y).sum(axis=-1),
    lambda y, p, is_j, pj: r"\textstyle\sum_k -\frac{y_k}{p_k}\,p_k\left(\mathbf{1}_k^j - p_j\right)",
    "sum_k(-{0} / {1}·{1}·({2} - {3}))",
)
CANCELLED = Op(
    "p cancelled",
    "k,k,->",
    lambda y, is_j, pj: (-y * (is_j - pj[..., None])).sum(axis=-1),
    lambda y, is_j, pj: r"-\textstyle\sum_k y_k\left(\mathbf{1}_k^j - p_j\right)",
    "-(sum_k({0}·({1} - {2})))",
)
SPLIT = Op(
    "sum split",
    ",k,->",
    lambda pj, y, yj: pj * y.sum(axis=-1) - yj,
    lambda pj, y, yj: r"p_j\textstyle\sum_k y_k - y_j",
    "{0}·(sum_k({1})) - {2}",
)
SUM = Op("sum", "k->", lambda y: y.sum(axis=-1), lambda y: rf"\textstyle\sum_k {y}", "sum_k({0})")
DIFFERENCE = make_number_op("difference", lambda p, y: p - y, lambda p, y: f"{p} - {y}", "{0} - {1}")

#: The loss of each cell: binary cross-entropy, and the squared error.
CELL_LOG_LOSS = Op(
    "log loss of each cell",
    "in,in->in",
    lambda P, Y: multiply_masked(-np.log(P), Y) + multiply_masked(-np.log(1 - P), 1 - Y),
    lambda P, Y: rf"-{Y}\odot\log {P} - \left(1 - {Y}\right)\odot\log\left(1 - {P}\right)",
    "-{1}·log({0}) - (1 - {1})·log(1 - {0})",
)
SQUARES = Op(
    "square of each error",
    "in,in->in",
    lambda Z, Y: (Z - Y) ** 2,
    lambda Z, Y: rf"\left({Z} - {Y}\right)^2",
    "({0} - {1})²",
)
BY_P = make_number_op(
    "derivative of both logs",
    lambda p, y: multiply_masked(-1 / p, y) + multiply_masked(1 / (1 - p), 1 - y),
    lambda p, y: r"-\frac{y}{p} + \frac{1 - y}{1 - p}",
    "-{1} / {0} + (1 - {1}) / (1 - {0})",
)
ONE_FRACTION = make_number_op(
    "one fraction",
    lambda p, y: (p - y) / (p * (1 - p)),
    lambda p, y: r"\frac{p - y}{p\left(1 - p\right)}",
    "({0} - {1}) / ({0}·(1 - {0}))",
)
SIGMOID_DERIVATIVE = make_number_op(
    "sigmoid'", lambda p: p * (1 - p), lambda p: rf"{p}\left(1 - {p}\right)", "{0}·(1 - {0})"
)
BOTH_FACTORS = make_number_op(
    "both factors",
    lambda p, y: (p - y) / (p * (1 - p)) * (p * (1 - p)),
    lambda p, y: r"\frac{p - y}{p\left(1 - p\right)}\;p\left(1 - p\right)",
    "({0} - {1}) / ({0}·(1 - {0}))·{0}·(1 - {0})",
)
TWICE = make_number_op(
    "derivative of a square", lambda z, y: 2 * (z - y), lambda z, y: rf"2\left({z} - {y}\right)", "2·({0} - {1})"
)


@op_factory
def total_of_cells(c: Scale) -> Op:
    """Give `c sum_in l_in`."""
    return Op(
        "sum over cells",
        "in->",
        lambda x: x.sum(axis=(-2, -1)) * c.factor(x.shape[-1], d=x.shape[-2]),
        lambda x: rf"{c.latex()}\textstyle\sum_{{in}} {{{x}}}_{{in}}",
        c.multiply("sum_in({0})"),
    )


@op_factory
def weigh(c: Scale, letters: str) -> Op:
    """Give the constant c in front of the sum: the derivative of the loss by each of its terms."""

    def arithmetic(x: Array) -> Array:
        return np.full_like(x, c.factor(x.shape[-1], d=x.shape[-2] if letters == "in" else 1))

    return Op(
        "weight of each term",
        f"{letters}->{letters}",
        arithmetic,
        lambda x: c.latex() or "1",
        c.cell().removesuffix("·") or "1",
    )


@np.errstate(all="ignore")  # an infinity is shown as one
def derive_output(
    setup: Setup, cells: Sequence[Cell] | None = None, trace: tuple[list[Step], dict[Var, Array]] | None = None
) -> Derivation:
    """Derive `dL/dZ_L` for cells (j, n) of the output, from the loss of one example (or cell).

    A loss that is neither a cross-entropy nor a squared error is derived by the steps of its own backward pass alone.

    Args:
        cells: which cells, in the worksheet's layout (unit, example); None for all.
        trace: what `setup.run()` gave, if it is at hand.
    """
    if setup.loss.penalty:  # not a part of dL/dZ_L
        setup, trace = setup.without_penalty(), None
    steps, values = trace or setup.run()
    depth, lay = setup.net.depth, setup.conventions.lay
    d = Derivation(Z(depth), dZ(depth), depth, "jn", cells, values, lay)
    loss = setup.conventions.loss(setup.loss)
    lines = {CrossEntropy: _add_softmax_lines, BinaryCrossEntropy: _add_sigmoid_lines, MSE: _add_square_lines}
    write = next((found for kind, found in lines.items() if isinstance(loss, kind)), None)
    back = [s for s in steps if s.phase == "backward" and not s.recompute]
    back = back[: next(n for n, s in enumerate(back) if s.out == d.gradient) + 1]
    if write is None:
        for step in back:
            by = step.out.of or step.out
            why = f"A step of the backward pass: the derivative of the loss by {by.symbol}."
            d.claim(step.out, step, of=_measure_whole(steps, values, by), why=why)
        return d
    plain = lay.convert_steps(replace(loss, scale="1").forward(depth))
    here = d.part(Var("dldZ", depth), "jn")
    term, total_op = write(d, here, plain, d.measure(plain, LOSS, d.target, values=evaluate(plain, d.values)))
    d.claim(
        LOSS, total_op(loss.c), term, of=values[LOSS], against="the pass", rounding=_EPS / _LEAST,
        why=_describe_constant(setup, steps, values),
    )  # fmt: skip
    own = lay.convert_steps([Step(LOSS, total_op(loss.c), (term,), "loss")])
    letters = "n" if term == ell else "jn"
    each, op = Var("dLdl" if term == ell else "dLdc"), weigh(loss.c, "n" if term == ell else "in")
    d.claim(each, op, term, of=_measure_whole(own, d.values, term), why=_ONE_CONSTANT, keep=True)
    cell, factors = d.part(d.gradient, "jn"), (d.select(each, letters), here)
    of, why = d.measure(steps, LOSS, d.target), "The chain rule once more."
    d.claim(cell, sum_of_products_op("", 2), *factors, of=of, why=why, keep=True)
    d.claim(
        d.gradient, back[-1], of=d.fill_cells(values[d.gradient], d.values[cell]), against="the line before",
        rounding=_EPS, why="The same for all j and n at once: where the backward pass begins.",
    )  # fmt: skip
    return d


_ONE_CONSTANT = "Every term of the sum has this weight. The constant enters here, and nowhere else."


def _describe_constant(setup: Setup, steps: list[Step], values: dict[Var, Array]) -> str:
    """Say what the constant does to the gradient of a batch that holds every example twice."""
    examples = 0 if setup.conventions.lay.transposes_batches else 1
    twice = {v: np.concatenate([values[v]] * 2, axis=examples) for v in (Z(0), Y, *setup.net.shape.masks())}
    last = dW(setup.net.depth)
    gradients = values[last], evaluate(steps, setup.inputs() | twice)[last]
    before, after = (float(np.linalg.norm(x)) for x in gradients)
    if not before or not np.isfinite(before + after):
        return "The losses of all examples in one number."
    same = abs(after / before - 1) < ROUNDING
    found = f"leaves {last.symbol} as it is" if same else f"makes {last.symbol} {after / before:.4g} times as large"
    return f"The losses of all examples in one number. Every example twice (N = {2 * setup.batch.N}) {found}."


def take(probe: Probe, pick: Callable[[Array], Array], cells: int) -> Probe:
    """Take a part of what was measured, one entry for each of so many cells."""
    return Probe(pick(probe.measured), pick(probe.estimate), pick(probe.steps), [None] * cells)


def _measure_whole(steps: list[Step], values: dict[Var, Array], by: Var) -> Probe:
    """Measure the loss by every cell of a matrix."""
    probe = differences(steps, values, LOSS, by, np.arange(values[by].size))
    return take(probe, partial(np.reshape, shape=values[by].shape), len(values[by]))


def _measure_by_p(d: Derivation, op: Op, term: Var, total: Op, cells: Sequence[Cell]) -> Probe:
    """Measure the sum of the losses, computed from the probabilities, by cells of them; other examples are left out."""
    examples = sorted({n for _, n in cells})
    values = {v: np.take(d.values[v], examples, axis=0 if d.lay.transposes(v) else 1) for v in (P, Y)}
    own = d.lay.convert_steps([Step(term, op, (P, Y), "loss"), Step(LOSS, total, (term,), "loss")])
    here = [(k, examples.index(n)) for k, n in cells]
    return d.measure(own, LOSS, P, here, evaluate(own, values))


@np.errstate(all="ignore")
def add_quotient_rule(d: Derivation, column: Var, steps: list[Step]) -> None:
    """Add dp_k/do_j of one example by the quotient rule, and what it simplifies to.

    Args:
        column: its name.
        steps: a list that makes P from the logits, the target of the derivation.
    """
    o, p = (d.select(v, "·n") for v in (d.target, P))
    oj, pj = (d.select(v, "jn") for v in (d.target, P))
    is_j, examples = d.ones["j"], [n for _, n in d.cells]

    def pick(x: Array) -> Array:
        return d.lay.convert(P, x)[np.arange(len(examples)), :, examples]

    quotient = d.claim(
        column, QUOTIENT_RULE, o, o, oj, is_j, of=take(d.measure(steps, P, d.target), pick, len(examples)),
        why="The quotient rule: o_j stands above the line in p_j alone, and below it in every probability.",
    )  # fmt: skip
    d.claim(
        column, SOFTMAX_COLUMN, p, is_j, pj, of=quotient, against="the line before", rounding=_EPS, keep=True,
        why="Exponentials divided by their sum are probabilities.",
    )  # fmt: skip


# Each of these takes what the pass computes from the output as a plain sum, without the constant in front, and that sum
# measured by the cells of the output.

#: The loss of an example or of a cell, and what makes the equation of the loss of them from its constant.
Written = tuple[Var, Callable[[Scale], Op]]


def _add_softmax_lines(d: Derivation, here: Var, plain: list[Step], by_sum: Probe) -> Written:
    """Add the lines of cross-entropy: -y/p through a column of softmax's Jacobian is p - y."""
    one = d.ones["j"]
    # Soft targets that were typed with a few digits sum to 1 within what the loss accepts.
    off = float(np.abs(1 - d.lay.convert(Y, d.values[Y]).sum(axis=0)).max())
    size = max(1.0, float(np.abs(d.values[d.target]).max()))
    d.claim(
        ell, LOG_LOSS, P, Y, of=d.values[ell], against="the pass, from the logits", rounding=(off + _EPS) * size,
        why="The loss of an example: −log p of each class times its target; a target of 0 adds nothing.",
    )  # fmt: skip
    p, y = (d.select(v, "·n") for v in (P, Y))
    column = Var("dpdZ", d.top, at="jn", transposed=d.lay.transposes(d.target))
    g = d.part(Var("dldP"), "·n")
    examples = sorted({n for _, n in d.cells})
    probe = _measure_by_p(d, LOG_LOSS, ell, total(SCALES["1"]), [(k, n) for n in examples for k in range(d.sizes[0])])
    rows = [examples.index(n) for _, n in d.cells]
    measured = take(probe, lambda x: x.reshape(len(examples), -1)[rows], len(rows))
    why = "The derivative of −log p is −1/p: the less probable the true class, the larger."
    d.claim(g, LOG_DERIVATIVE, p, y, of=measured, why=why, keep=True)
    add_quotient_rule(d, column, plain)
    pj, yj = d.part(P, "jn"), d.select(Y, "jn")
    chain = d.claim(
        here, sum_of_products_op("k", 2), g, column, of=by_sum,
        why="The chain rule: output j moves the loss through every probability of its example, and all are added.",
    )  # fmt: skip
    for op, operands, why in (
        (PUT_IN, (y, p, one, pj), "Both derivatives put in."),
        (CANCELLED, (y, one, pj), "p_k cancels against 1/p_k."),
        (SPLIT, (pj, y, yj), "The indicator leaves the term k = j; p_j is the same in all terms."),
    ):
        d.claim(here, op, *operands, of=chain, against="the chain rule", rounding=_EPS, why=why)
    ones, why = np.ones(len(d.cells)), "The targets of an example sum to 1."
    d.claim(Var("mass", at="n"), SUM, y, of=ones, against="1", rounding=off, why=why)
    d.claim(
        here, DIFFERENCE, pj, yj, of=chain, against="the chain rule", rounding=_EPS + off, keep=True,
        why="What is left: probability minus target.",
    )  # fmt: skip
    return ell, total


def _add_cell_loss(d: Derivation, op: Op, read: Var, step: Step, rounding: float, why: str) -> Written:
    """Add the line of the loss of each cell, compared with the pass's equation carried out on that cell alone."""
    alone = step.op(*(d.values[v].reshape(-1, 1, 1) for v in step.operands)).reshape(d.values[d.target].shape)
    d.claim(CELL_LOSS, op, read, Y, of=alone, against="the pass, cell by cell", rounding=rounding, why=why, keep=True)
    return CELL_LOSS, total_of_cells


def _add_sigmoid_lines(d: Derivation, here: Var, plain: list[Step], by_sum: Probe) -> Written:
    """Add the lines of binary cross-entropy: sigmoid' cancels against the denominator of dl/dp."""
    least = float((d.values[P] * (1 - d.values[P])).min())
    rounding = _EPS / max(least, _LEAST)
    why = "The loss of each cell: −log p of what is to be 1, −log(1 − p) of what is to be 0."
    written = _add_cell_loss(d, CELL_LOG_LOSS, P, plain[-1], rounding, why)
    p, y = d.select(P, "jn"), d.select(Y, "jn")
    g, slope = d.part(Var("dldP"), "jn"), Var("dpdz", d.top, at="jn", transposed=d.lay.transposes(d.target))
    of = _measure_by_p(d, CELL_LOG_LOSS, CELL_LOSS, total_of_cells(SCALES["1"]), d.cells)
    both = d.claim(g, BY_P, p, y, of=of, why="Each logarithm by itself.")
    why = "As one fraction."
    d.claim(g, ONE_FRACTION, p, y, of=both, against="the line before", rounding=rounding, why=why, keep=True)
    at = tuple(np.transpose([d.lay.convert_cell(P, c) for c in d.cells]))
    probe = d.measure(plain, P, d.target)
    measured = take(probe, lambda x: x[(np.arange(len(d.cells)), *at)], len(d.cells))
    why = "The derivative of sigmoid: near 0 where p is near 0 or 1."
    d.claim(slope, SIGMOID_DERIVATIVE, p, of=measured, why=why, keep=True)
    why = "The chain rule: one output moves one probability."
    chain = d.claim(here, sum_of_products_op("", 2), g, slope, of=by_sum, why=why)
    why = "Both derivatives put in: σ' = p (1 − p) stands above and below the line."
    d.claim(here, BOTH_FACTORS, p, y, of=chain, against="the chain rule", rounding=_EPS, why=why)
    why = "σ' cancels. What is left: probability minus target."
    d.claim(here, DIFFERENCE, p, y, of=chain, against="the chain rule", rounding=_EPS, why=why, keep=True)
    return written


def _add_square_lines(d: Derivation, here: Var, plain: list[Step], by_sum: Probe) -> Written:
    """Add the lines of a squared error: the 2 of the square."""
    why = "The loss of each cell: the square of its error."
    written = _add_cell_loss(d, SQUARES, d.target, plain[-1], 0.0, why)
    z, y = d.select(d.target, "jn"), d.select(Y, "jn")
    why = "The derivative of a square; no other cell reads this one."
    d.claim(here, TWICE, z, y, of=by_sum, why=why, keep=True)
    return written
