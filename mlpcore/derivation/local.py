"""The derivative by one cell, line by line: exercise 1 with every line checked.

For each kind of matrix the chain rule is the same, `dL/dx = <dL/dZ, dZ/dx>_F`; what differs is
which row, column or cell of the local derivative `dZ/dx` is left standing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..checking.numerical_gradients import Probe, choose_probe_count, differences
from ..equations.dense import BIAS_GRADIENT, PULL_BACK, WEIGHT_GRADIENT, drop
from ..equations.steps import Op, Step
from ..network import Network, shape_of
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
    sizes = shape_of(target, setup.net.widths, setup.batch.N)
    cells = tuple(np.ndindex(sizes)) if cells is None else tuple(tuple(c) for c in cells)
    for cell in cells:
        if len(cell) != len(sizes) or not all(0 <= i < n for i, n in zip(cell, sizes, strict=True)):
            raise ValueError(f"{target.text} has shape {sizes}: there is no cell {cell}")
    if setup.loss.penalty:  # a term of its own, added when the derivation is done
        setup, trace = setup.without_penalty(), None
    steps, values = trace or setup.run()
    lay, top = setup.conventions.lay, find_top_layer(target)
    d = Derivation(target, name_gradient(target), top, "ij"[: len(sizes)], sizes, cells, dict(values), lay)

    d.slope = _compute_slope(d, setup)
    ones = {}
    for axis, letter in enumerate(d.letters):
        e = ones[letter] = Var("one", at=letter)
        d.values[e] = np.eye(sizes[axis], dtype=setup.net.dtype)[[c[axis] for c in cells]]
        d.stacked.add(e)
    d.values[Var("ones")] = np.ones(setup.batch.N, dtype=setup.net.dtype)

    flat = np.array([np.ravel_multi_index(lay.convert_cell(target, c), values[target].shape) for c in cells])
    by_loss = differences(steps, values, LOSS, target, flat)
    by_cell = differences(steps, values, Z(top), target, flat)
    {"W": _weights, "b": _biases, "Z": _activations, "S": _preactivations}[target.kind](
        d, ones, (by_loss, by_cell), steps, setup
    )
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


_DIFFERENCES = "central differences"
_FIRST = "the first line"
_CHAIN = (
    "The loss depends on {x} only through {Z}: every cell of {Z} contributes its own derivative, and all are added."
)


def _chain(d: Derivation, unit: Var, example: Var, probes: tuple[Probe, Probe], f: str = "") -> Array:
    """Add the two lines with which every derivation opens: the chain rule, and the local derivative."""
    by_loss, by_cell = probes
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
    x = f"{d.target.symbol}[{', '.join(letters)}]"
    names = {"x": x, "Z": Z(d.top).symbol, "f": f}
    first = d.claim(cell, FROBENIUS, whole, here, of=by_loss, against=_DIFFERENCES, why=_CHAIN.format(**names))
    why = _STANDS[d.target.kind].format(**names)
    d.claim(here, op, *(v for v, _ in parts), of=by_cell, against=_DIFFERENCES, why=why)
    d.carry_out(Var("terms"), TERMS, whole, here)
    d.values[cell] = first
    d.stacked.add(cell)
    return first


def _whole(d: Derivation, first: Array, matrix: Array) -> Array:
    """Put the numbers of the first line, cell by cell, into a copy of the matrix they are compared with."""
    found = np.array(matrix, dtype=float)
    for cell, value in zip(d.cells, first, strict=True):
        found[d.lay.convert_cell(d.gradient, cell)] = value
    return found


def _before_delta(d: Derivation, step: Step) -> Step:
    """Write the matrix equation with `dL/dZ ⊙ f'` where `delta` will stand."""
    layer = d.top
    if d.slope is None:
        return replace(step, operands=tuple(dZ(layer) if v == delta(layer) else v for v in step.operands))
    at = step.operands.index(delta(layer))
    operands = (*step.operands[:at], dZ(layer), d.slope, *step.operands[at + 1 :])
    return replace(step, op=write_out_delta(step.op, at), operands=operands)


def _delta_line(d: Derivation, steps: list[Step], values: dict[Var, Array]) -> None:
    """Add `delta := dL/dZ ⊙ f'`, the matrix that every line has in common."""
    layer = d.top
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


def _end(d: Derivation, first: Array, steps: list[Step], op: Op, *operands: Var) -> None:
    """Add the matrix equation, written out and with delta, and the definition of delta between them."""
    why = f"The same for all {' and '.join(d.letters)} at once."
    final = d.equation(d.gradient, op, *operands)
    value = final.op(*(d.values[v] for v in final.operands))
    all_cells = len(d.cells) == value.size
    against = "the first line, cell by cell" if all_cells else "the first line at this cell"
    d.claim(d.gradient, _before_delta(d, final), of=_whole(d, first, value), against=against, why=why)
    _delta_line(d, steps, d.values)
    d.claim(
        d.gradient,
        final,
        of=d.values[d.gradient],
        against="the matrix of the pass",
        why="With the name, the equation is short.",
    )


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


def _sum(d: Derivation, ones: dict[str, Var], first: Array, at: str, letter: str, *read: Var) -> None:
    """Add what the zeros leave of the first line, with the numbers of one row, column or cell."""
    slopes = (d.select(d.slope, at, ones),) if d.slope else ()
    vectors = (d.select(dZ(d.top), at, ones), *slopes, *read)
    cell = d.part(d.gradient, d.letters)
    d.claim(
        cell, sum_of_products_op(letter, len(vectors)), *vectors, of=first, against=_FIRST, why=_LEFT[d.target.kind]
    )


def _dot(d: Derivation, first: Array, letter: str, a: Var, b: Var) -> None:
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
    d.claim(d.part(d.gradient, d.letters), sum_of_products_op(letter, 2), a, b, of=first, against=_FIRST, why=why)


def _weights(d: Derivation, ones: dict, probes: tuple, steps: list, setup: Setup) -> None:
    below = Z(d.top - 1)
    row = d.select(below, "j·", ones)
    first = _chain(d, ones["i"], row, probes)
    _sum(d, ones, first, "i·", "n", row)
    _dot(d, first, "n", d.select(delta(d.top), "i·", ones), row)
    _end(d, first, steps, WEIGHT_GRADIENT, delta(d.top), below)


def _biases(d: Derivation, ones: dict, probes: tuple, steps: list, setup: Setup) -> None:
    first = _chain(d, ones["i"], Var("ones"), probes)
    _sum(d, ones, first, "i·", "n")
    _dot(d, first, "n", d.select(delta(d.top), "i·", ones), Var("ones"))
    _end(d, first, steps, BIAS_GRADIENT, delta(d.top))


def _activations(d: Derivation, ones: dict, probes: tuple, steps: list, setup: Setup) -> None:
    weights = W(d.top)
    column = d.select(weights, "·i", ones)
    first = _chain(d, column, ones["j"], probes)
    _sum(d, ones, first, "·j", "k", column)
    _dot(d, first, "k", column, d.select(delta(d.top), "·j", ones))
    _end(d, first, steps, PULL_BACK, weights, delta(d.top))
    _with_updated_weights(d, d.gradient, setup)


def _with_updated_weights(d: Derivation, out: Var, setup: Setup) -> None:
    """Add a line that does not hold, on purpose: going back through the weights after the step."""
    assert out.layer is not None
    weights = W(out.layer + 1)
    wrong = d.equation(out, PULL_BACK, after(weights), delta(out.layer + 1))
    why = (
        f"What would go wrong with the updated {weights.symbol}: the gradient is taken at the weights that made "
        f"this loss. After the step (rate {setup.rate:g}) those are gone, and this would mix two networks."
    )
    d.claim(out, wrong, of=d.values[out], against="the gradient", why=why, meant=False)


def _preactivations(d: Derivation, ones: dict, probes: tuple, steps: list, setup: Setup) -> None:
    layer = d.top
    first = _chain(d, ones["i"], ones["j"], probes, f=setup.net[layer].activation)
    _sum(d, ones, first, "ij", "")
    rule = next(s for s in steps if s.out == delta(layer))
    whole = _whole(d, first, rule.op(*(d.values[v] for v in rule.operands)))
    against = "the first line, cell by cell"
    why = "The same for all i and j at once: a product cell by cell."
    if d.slope is None:
        why = f"The derivative of {setup.net[layer].activation} is 1 everywhere: nothing is left to multiply with."
    d.claim(delta(layer), rule, of=whole, against=against, why=why)
    back = [s for s in steps if s.phase == "backward" and not s.recompute]
    end = next(n for n, s in enumerate(back) if s.out == dZ(layer))
    if layer == setup.net.depth:
        made, where = back[: end + 1], "the loss: its constant enters here, and nowhere else"
    else:
        made, where = [back[end]], f"the layer above: so {delta(layer).symbol} is made from {delta(layer + 1).symbol}"
    for step in made:
        why = f"{step.out.symbol} comes from {where}."
        d.claim(step.out, step, of=d.values[step.out], against="the matrix of the pass", why=why)
    if layer < setup.net.depth:
        _with_updated_weights(d, dZ(layer), setup)
