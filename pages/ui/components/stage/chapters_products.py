"""The chapters about products: why that order and transpose, and one product seen four ways."""

from __future__ import annotations

import re
from dataclasses import replace
from math import prod

import numpy as np

from mlpcore.checking.numerical_gradients import AGREES
from mlpcore.derivation import candidates, products, walk
from mlpcore.derivation.lines import compare
from mlpcore.derivation.ways import Product
from mlpcore.equations import cells
from mlpcore.equations.steps import axis_sizes
from mlpcore.notation import Var, dW
from mlpcore.passes.layouts import LAYOUTS
from mlpcore.setup import Setup
from pages.ui.components.stage.board import Board, Trace
from pages.ui.components.stage.payload import Json, to_mathml
from pages.ui.state.wire_names import wire_name

_MEETS = {
    "dot products": "Row {r} of A meets column {c} of B: one number.",
    "combinations of columns": "Add B[{s}, {c}] × column {s} of A to column {c} of OUT.",
    "combinations of rows": "Add A[{r}, {s}] × row {s} of B to row {r} of OUT.",
    "outer products": "Column {s} of A times row {s} of B: a matrix of rank at most one.",
}
_SUMS = {
    "dot products": "Row {r} of A is added up.",
    "outer products": "Add column {s} of A: the part of one example.",
}


def _add_pieces(board: Board[Setup], product: Product, way: str, trace: Trace) -> None:
    """Add a product made piece by piece: its operands, what this piece adds, and the sum so far."""
    letters, made = product.letters(way), product.step.op.makes
    size = _get_sizes(product, trace)
    have = board.set_frames(letters, size, each=prod(size[a] for a in made))
    w = walk(board.setup, product, way, frames=have, trace=trace)
    board.values |= w.values
    strip, names = [], []
    for k, (var, reads, turned) in enumerate(
        zip(product.step.operands, product.step.op.reads, product.turned, strict=True)
    ):
        strip.append(board.make_factor_tile(var, reads, turned, first=k == 0))
        names.append(var.symbol + ("ᵀ" if turned else ""))
    for e in w.values:
        if e.kind == "one":
            board.add_matrix(e, stack=True)
    # What a product is made of is of its kind: a forward product has no gradient in it.
    part = board.matrices[board.add_matrix(product.step.out)]["part"]
    added = board.add_matrix(Var("term"), w.terms, stack=True, row=board.lay.is_row(product.step.out), part=part)
    so_far = board.add_matrix(Var("sofar"), w.sums, stack=True, row=board.lay.is_row(product.step.out), part=part)
    board.add_matrix(product.step.out)
    board.add_equation(product.step)
    board.add_equation(w.step)
    strip += [
        board.make_tile(added, made, "→", only=True, scale="sum"),
        board.make_tile(so_far, made, "Σ", fills="order", scale="sum"),
    ]
    by_name = {"r": "{r}", "s": "{s}", "c": "{c}"} | {m: f"{{{a}}}" for m, a in product.roles.items()}
    sentence = (_MEETS if len(names) == 2 else _SUMS)[way]
    for mark in "rsc":
        sentence = sentence.replace(f"{{{mark}}}", by_name[mark])
    marks = {"A": names[0], "B": names[-1], "OUT": product.step.out.symbol}
    board.frame["says"] = re.sub(r"\bOUT\b|\bA\b|\bB\b", lambda m: marks[m[0]], sentence)
    why = f"{w.count} piece{'s' * (w.count > 1)}: whichever way it is cut, they add up to {product.step.out.symbol}."
    board.add_line(product.step.latex, why, strip=strip, check=_check_sum(board, product, way, trace))


def _check_sum(board: Board[Setup], product: Product, way: str, trace: Trace) -> Json:
    """Check that the last sum is the product."""
    last = walk(board.setup, product, way, frames=[prod(board.frame["sizes"]) - 1], trace=trace)
    verdict, error, _ = compare(last.sums[0], last.values[product.step.out])
    against = f"{product.step.out.symbol}, all added"
    return {"holds": verdict == AGREES, "meant": True, "error": f"{error:.0e}", "against": against}


def _get_sizes(product: Product, trace: Trace) -> dict[str, int]:
    return axis_sizes(product.step.op, (trace[1][v] for v in product.step.operands))


def _choose_product(board: Board[Setup], products: list[Product], first: str = "") -> Product:
    offered = {wire_name(p.step.out): p for p in products}
    options = {name: (p.step.latex, f"{p.step.out.spoken}, {p.step.out.word}") for name, p in offered.items()}
    return offered[board.add_choice("product", "Product", options, first)]


def fill_transpose(board: Board[Setup], trace: Trace) -> None:
    """Show why the product has that order and that transpose: by shapes, by indices, by outer products."""
    gradients = [p for p in products(board.setup) if p.step.phase == "backward"]
    product = _choose_product(board, gradients, first=wire_name(dW(1)))
    how = board.add_choice(
        "how", "Seen", {h: (h, h) for h in ("by shapes", "by indices", "by outer products")}, first="by shapes"
    )
    if how == "by outer products":
        return _add_pieces(board, product, "outer products", trace)
    if how == "by indices":
        return _add_index_lines(board, product, trace)
    found = candidates(board.setup, product, trace)
    options = {str(n): (c.latex, " times ".join(_describe_factor(*o) for o in c.operands)) for n, c in enumerate(found)}
    right = next(str(n) for n, c in enumerate(found) if c.right)
    chosen = found[int(board.add_choice("candidate", "Try", options, first=right))]
    # The mark stands only on what was tried.
    board.choices[-1]["options"][found.index(chosen)]["mark"] = "✓" if chosen.right else "✗"
    strip = []
    for k, (var, flip) in enumerate(chosen.operands):
        if var.kind == "ones":
            board.values[var] = np.ones((board.setup.batch.N, 1))
        strip.append(board.make_factor_tile(var, "ab", flip, first=k == 0))
    if chosen.result is not None:
        board.values[Var("term")] = chosen.result
        tried = board.add_matrix(Var("term"), word="product", text="product")
        strip.append(board.make_tile(tried, "", "=", label=to_mathml(chosen.latex)))
    sign = "✓" if chosen.right else "≠" if chosen.result is not None else "is not defined; wanted:"
    strip.append(board.make_tile(product.step.out, "", sign, scale="sum"))
    check = {"holds": chosen.right, "meant": True, "against": product.step.out.symbol, "verdict": True}
    board.add_line(chosen.latex, chosen.why, strip=strip, check=check)
    return None


def _describe_factor(var: Var, flip: bool) -> str:
    return var.spoken + (" transposed" if flip else "")


def _add_index_lines(board: Board[Setup], product: Product, trace: Trace) -> None:
    """Add the sum for every cell written out: the index that is summed must stand inside."""
    step = product.step
    letters, made = step.op.makes, step.out
    board.set_frames(letters, _get_sizes(product, trace))
    summed = product.roles["s"]
    strip = [
        board.make_tile(v, reads, "and" if k else "") for k, (v, reads) in enumerate(zip(step.operands, step.op.reads))
    ]
    strip.append(board.make_tile(made, letters, "→", fills=True))
    board.add_equation(step)
    where = [
        f"{v.symbol} as its {_name_position(reads, summed)} index"
        for v, reads in zip(step.operands, step.op.reads, strict=True)
    ]
    why = f"The sum runs over {summed}, which stands in {' and in '.join(where)}. "
    if len(step.operands) == 2:
        first, second = step.op.reads
        wanted = [first.endswith(summed), second.startswith(summed)]
        why += "A product of matrices sums over the last index of the left one and the first of the right one"
        turned = [v.symbol for v, good in zip(step.operands, wanted, strict=True) if not good]
        why += f", so {' and '.join(turned)} must be transposed." if turned else ": they stand right as they are."
    board.add_line(cells.symbols(step), why, strip=strip)
    why = "The same for every cell at once."
    if len(letters) == 2:
        left, right = (v.symbol for v in step.operands)
        why += f" The order: {letters[0]}, the row of the result, comes from {left}, so {left} stands left; "
        why += f"{letters[1]}, its column, comes from {right}, so {right} stands right."
    board.add_line(step.latex, why)
    formulas = [rf"\text{{{name}: }} {latex}" for name, latex in _write_in_layouts(board, made).items()]
    board.add_line(
        r",\qquad ".join(formulas),
        "The same sum where examples are columns, and where they are rows (Conventions).",
    )
    board.frame["reads"] = wire_name(made)


def _write_in_layouts(board: Board[Setup], made: Var) -> dict[str, str]:
    """Return the LaTeX of the product in every layout."""
    setup = board.setup
    setups = {name: replace(setup, conventions=replace(setup.conventions, layout=name)) for name in LAYOUTS}
    written = ((LAYOUTS[name].title, products(s)) for name, s in setups.items())
    return {title: next(p.step.latex for p in found if p.step.out == made) for title, found in written}


def _name_position(reads: str, letter: str) -> str:
    return ("first", "second")[reads.index(letter)] if len(reads) == 2 else "only"


def fill_ways(board: Board[Setup], trace: Trace) -> None:
    """Show any product of the pass in four ways."""
    product = _choose_product(board, products(board.setup))
    way = board.add_choice("way", "As", {w: (w, w) for w in product.ways})
    _add_pieces(board, product, way, trace)
