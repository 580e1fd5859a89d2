"""The derivative by one cell, line by line: exercise 1 with every line checked.

For each kind of matrix the chain rule is the same, `dL/dx = <dL/dZ, dZ/dx>_F`; what differs is
which row, column or cell of the local derivative `dZ/dx` is left standing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..checking.numerical_gradients import choose_probe_count, differences
from ..equations.dense import BIAS_GRADIENT, PULL_BACK, WEIGHT_GRADIENT, drop
from ..equations.steps import Step
from ..network import Network
from ..notation import S, Var, W, Z, after, b, delta, dZ, mask
from ..notation import loss as LOSS
from ..setup import Setup
from .equations import FROBENIUS, TERMS, local_derivative_op, sum_of_products_op, write_out_delta
from .lines import Cell, Claim, Derivation, compare, find_top_layer, name_gradient

Array = np.ndarray


def targets(net: Network) -> list[Var]:
    """List what can be derived by: weights, biases, preactivations and hidden activations, from the last layer down.

    Each is read by an activation that acts cell by cell.
    """
    found = []
    for layer in range(net.depth, 0, -1):
        found += [Z(layer)] if layer < net.depth else []
        found += [S(layer), W(layer)] + ([b(layer)] if net[layer].b is not None else [])
    return [target for target in found if not net[find_top_layer(target)].f.coupled]


@np.errstate(over="ignore", invalid="ignore")  # an infinity is shown as one
def derive(
    setup: Setup,
    target: Var,
    cells: Sequence[Cell] | None = None,
    trace: tuple[list[Step], dict[Var, Array]] | None = None,
) -> Derivation:
    """Exercise 1 for the cells of one matrix (worksheet, from the chain rule to the four equations).

    Args:
        target: a member of `targets(setup.net)`.
        cells: which cells, in the worksheet's layout (unit, input) or (unit, example); None for
            all of them, which takes a local derivative of shape (d, N) for each.
        trace: what `setup.run()` gave, if it is at hand.

    Raises:
        ValueError: there is no such matrix, or no such cell, in this network.
    """
    if target not in targets(setup.net):
        raise ValueError(f"there is no derivation by {target.text}; there is one by: {targets(setup.net)}")
    if setup.loss.penalty:  # a term of its own, added when the derivation is done
        setup, trace = setup.without_penalty(), None
    steps, values = trace or setup.run()
    letters = "i" if target.kind == "b" else "ij"
    d = Derivation(target, name_gradient(target), find_top_layer(target), letters, cells, values, setup.conventions.lay)
    d.slope = _compute_slope(d, setup)
    d.values[Var("ones")] = np.ones(setup.batch.N, dtype=setup.net.dtype)
    if target.kind == "S":
        _add_cellwise_lines(d, steps, setup)
    else:
        _add_product_lines(d, steps)
    if target.kind in ("S", "Z") and (target.layer or 0) < setup.net.depth:
        _add_updated_weights(d, setup)
    return d


def _compute_slope(d: Derivation, setup: Setup) -> Var | None:
    """Carry out f' of the layer, with its dropout mask multiplied in; None where both are 1 everywhere."""
    layer = setup.net[d.top]
    op = layer.f.at_kink(setup.conventions.at_kink).derivative_op
    if op is None:
        return mask(d.top) if layer.dropout else None
    if layer.dropout:
        return d.carry_out(Var("maskedslope", d.top), drop(op), S(d.top), mask(d.top))
    return d.carry_out(Var("slope", d.top), op, S(d.top))


_CHAIN = (
    "The loss depends on {x} only through {Z}: every cell of {Z} contributes its own derivative, and all are added."
)


def _add_chain(d: Derivation, unit: Var, example: Var, steps: list[Step], f: str = "") -> Array:
    """Add the two lines with which every derivation opens: the chain rule, and the local derivative."""
    by_loss, by_cell = (d.measure(steps, of, d.target) for of in (LOSS, Z(d.top)))
    whole = dZ(d.top)
    # Slopes first, then what is read, then the indicator, as on the worksheet.
    vectors = sorted(((unit, "k"), (example, "n")), key=lambda v: v[0].kind == "one")
    parts = ([(d.slope, "kn")] if d.slope else []) + vectors
    op = local_derivative_op(tuple(letters for _, letters in parts), d.lay.name, unit, example)
    here = Var("dZd" + d.target.kind, d.target.layer, at=d.letters, transposed=d.lay.transposes(d.target))
    d.carry_out(here, op, *(v for v, _ in parts))
    if d.slope:  # the column times the row on its own, so that the page shows a product that was computed
        alone = local_derivative_op(tuple(letters for _, letters in vectors), d.lay.name, unit, example)
        d.carry_out(Var("spread", at=alone.notation(*(v.latex for v, _ in vectors))), alone, *(v for v, _ in vectors))
    cell = d.part(d.gradient, d.letters)
    letters = d.letters[::-1] if d.lay.transposes(d.target) else d.letters
    names = {"x": f"{d.target.symbol}[{', '.join(letters)}]", "Z": Z(d.top).symbol, "f": f}
    first = d.claim(cell, FROBENIUS, whole, here, of=by_loss, why=_CHAIN.format(**names))
    d.claim(here, op, *(v for v, _ in parts), of=by_cell, why=_STANDS[d.target.kind].format(**names))
    d.carry_out(Var("terms"), TERMS, whole, here)
    d.values[cell] = first
    d.stacked.add(cell)
    return first


def _write_before_delta(d: Derivation, step: Step) -> Step:
    """Write the matrix equation with `dL/dZ ⊙ f'` where `delta` will stand."""
    layer = d.top
    if d.slope is None:
        return replace(step, operands=tuple(dZ(layer) if v == delta(layer) else v for v in step.operands))
    at = step.operands.index(delta(layer))
    operands = (*step.operands[:at], dZ(layer), d.slope, *step.operands[at + 1 :])
    return replace(step, op=write_out_delta(step.op, at), operands=operands)


def _add_delta(d: Derivation, steps: list[Step]) -> None:
    """Add `delta := dL/dZ ⊙ f'`, the matrix that every line has in common."""
    layer, values = d.top, d.values
    step = next(s for s in steps if s.out == delta(layer))
    size = values[delta(layer)].size
    some = np.unique(np.linspace(0, size - 1, min(size, choose_probe_count(values))).astype(int))
    probe = differences(steps, values, LOSS, S(layer), some)
    value = step.op(*(values[v] for v in step.operands))
    verdict, error, _ = compare(np.asarray(value).ravel()[some], probe)
    why = (
        f"All gradients of layer {layer} contain this matrix, so it gets a name. "
        f"It is ∂L/∂{S(layer).symbol}: how the loss moves with each preactivation."
    )
    d.claims.append(Claim(step, value, False, f"central differences by {S(layer).symbol}", error, verdict, why))


_STANDS = {
    "W": "{x} is read by unit i of {Z} only, so all else is 0; there it meets input j of each example.",
    "b": "{x} is added to unit i in every example, each time with factor 1; no other unit reads it.",
    "Z": "No example reads another, so only example j of {Z} moves; there each unit k reads {x} by its own weight.",
    "S": "{f} acts on every number alone: {x} moves one cell of {Z}. One derivative a cell, no matrix of them.",
}
_LEFT = {
    "W": "Only unit i is left of the sum over units; the sum over the examples stays.",
    "b": "One bias serves all examples, so what they all ask of it is added up.",
    "Z": "Only example j is left of the sum over examples; the sum over the units above stays.",
    "S": "Of the whole sum one term is left.",
}


def _add_sum(d: Derivation, first: Array, at: str, letter: str, *read: Var) -> None:
    """Add what the zeros leave of the first line, with the numbers of one row, column or cell."""
    slopes = (d.select(d.slope, at),) if d.slope else ()
    vectors = (d.select(dZ(d.top), at), *slopes, *read)
    op = sum_of_products_op(letter, len(vectors))
    d.claim(d.part(d.gradient, d.letters), op, *vectors, of=first, against="the first line", why=_LEFT[d.target.kind])


def _add_dot(d: Derivation, first: Array, letter: str, a: Var, b: Var) -> None:
    """Add the same as one row or column times another."""
    if b.kind == "ones":
        why = "A sum over examples is a product with a vector of ones."
    else:
        if a.is_column and not b.is_column:  # rows are named first, as a product takes them
            a, b = b, a
        ways = ["column" if v.is_column else "row" for v in (a, b)]
        held = [v.at.replace("·", "") for v in (a, b)]
        x, y = (f"{way} {letter} of {v.whole.symbol}" for way, letter, v in zip(ways, held, (a, b), strict=True))
        why = f"{x[0].upper()}{x[1:]} meets {y}. A product of matrices takes rows times columns, so "
        other = {"row": "column", "column": "row"}
        if ways[0] == ways[1]:
            why += f"one {ways[0]} must be turned into a {other[ways[0]]}: this is the transpose."
        else:
            why += "here nothing needs to be turned."
    d.claim(
        d.part(d.gradient, d.letters), sum_of_products_op(letter, 2), a, b, of=first, against="the first line", why=why
    )


def _add_product_lines(d: Derivation, steps: list[Step]) -> None:
    """Add the lines of a gradient that is a product of matrices, from one cell to all of them."""
    top = d.top
    operands: tuple[Var, ...]
    if d.target.kind == "W":
        at, letter, op, operands = "i·", "n", WEIGHT_GRADIENT, (delta(top), Z(top - 1))
        unit, example = d.ones["i"], d.select(Z(top - 1), "j·")
    elif d.target.kind == "b":
        at, letter, op, operands = "i·", "n", BIAS_GRADIENT, (delta(top),)
        unit, example = d.ones["i"], Var("ones")
    else:
        at, letter, op, operands = "·j", "k", PULL_BACK, (W(top), delta(top))
        unit, example = d.select(W(top), "·i"), d.ones["j"]
    first = _add_chain(d, unit, example, steps)
    read = [v for v in (unit, example) if v.kind != "one"]
    _add_sum(d, first, at, letter, *(v for v in read if v.kind != "ones"))
    part = d.select(delta(top), at)
    _add_dot(d, first, letter, *((part, *read) if at == "i·" else (*read, part)))
    final = d.equation(d.gradient, op, *operands)
    value = final.op(*(d.values[v] for v in final.operands))
    d.claim(
        d.gradient, _write_before_delta(d, final), of=d.fill_cells(value, first),
        against="the first line, cell by cell" if len(d.cells) == value.size else "the first line at this cell",
        why=f"The same for all {' and '.join(d.letters)} at once.",
    )  # fmt: skip
    _add_delta(d, steps)
    why = "With the name, the equation is short."
    d.claim(d.gradient, final, of=d.values[d.gradient], against="the matrix of the pass", why=why)


def _add_updated_weights(d: Derivation, setup: Setup) -> None:
    """Add a line that does not hold, on purpose: going back through the weights after the step."""
    assert d.target.layer is not None
    out, above = dZ(d.target.layer), d.target.layer + 1
    why = (
        f"What would go wrong with the updated {W(above).symbol}: the gradient is taken at the weights that made "
        f"this loss. After a step of gradient descent on the loss of the data (rate {setup.rate:g}) those are gone, "
        "and this would mix two networks."
    )
    wrong = after(W(above)), delta(above)
    d.claim(out, PULL_BACK, *wrong, of=d.values[out], against="the gradient", why=why, meant=False)


def _add_cellwise_lines(d: Derivation, steps: list[Step], setup: Setup) -> None:
    """Add the lines of the gradient of preactivations, and where dL/dZ of their layer comes from."""
    layer, f = d.top, setup.net[d.top].activation
    first = _add_chain(d, d.ones["i"], d.ones["j"], steps, f)
    _add_sum(d, first, "ij", "")
    rule = next(s for s in steps if s.out == delta(layer))
    whole = d.fill_cells(rule.op(*(d.values[v] for v in rule.operands)), first)
    why = "The same for all i and j at once: a product cell by cell."
    if d.slope is None:
        why = f"The derivative of {f} is 1 everywhere: nothing is left to multiply with."
    d.claim(delta(layer), rule, of=whole, against="the first line, cell by cell", why=why)
    back = [s for s in steps if s.phase == "backward" and not s.recompute]
    end = next(n for n, s in enumerate(back) if s.out == dZ(layer))
    if layer == setup.net.depth:
        made, where = back[: end + 1], "the loss: its constant enters here, and nowhere else"
    else:
        made, where = [back[end]], f"the layer above: so {delta(layer).symbol} is made from {delta(layer + 1).symbol}"
    for step in made:
        why = f"{step.out.symbol} comes from {where}."
        d.claim(step.out, step, of=d.values[step.out], against="the matrix of the pass", why=why)
