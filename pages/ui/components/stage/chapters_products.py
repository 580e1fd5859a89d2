"""The chapters about products: why that order and transpose, and one product seen four ways."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from mlpcore.derivation import candidates, products, walk
from mlpcore.derivation.lines import measure_error
from mlpcore.derivation.ways import Product
from mlpcore.equations.steps import axis_sizes
from mlpcore.notation import Var, dW
from mlpcore.passes.layouts import LAYOUTS
from pages.ui.components.stage.board import Board, Ran, tile
from pages.ui.components.stage.score import Json, mathml
from pages.ui.state.wire_names import wire_name

_MEETS = {
    "dot products": "Row {r} of A meets column {c} of B: one number.",
    "combinations of columns": "Column {s} of A, taken B[{s}, {c}] times, is added to column {c}.",
    "combinations of rows": "Row {s} of B, taken A[{r}, {s}] times, is added to row {r}.",
    "outer products": "Column {s} of A times row {s} of B: a whole matrix, of rank one.",
}
_SUMS = {
    "dot products": "Row {r} of A is added up.",
    "outer products": "Column {s} of A is added: one example's part.",
}


def _walked(board: Board, product: Product, way: str, ran: Ran) -> None:
    """A product made piece by piece: its operands, what this piece adds, and the sum so far."""
    letters, made = product.letters(way), product.step.op.makes
    size = _sizes(product, ran)
    have = board.frames(letters, tuple(size[a] for a in letters), each=prod(size[a] for a in made))
    w = walk(board.setup, product, way, frames=have, trace=ran)
    board.values |= w.values
    strip, names = [], []
    for k, (var, reads, turned) in enumerate(
        zip(product.step.operands, product.step.op.reads, product.turned, strict=True)
    ):
        strip.append(board.factor(var, reads, turned, first=k == 0))
        names.append(var.symbol + ("ᵀ" if turned else ""))
    for e in w.values:
        if e.kind == "one":
            board.matrix(e, w.values[e])
    added = board.matrix(Var("term"), w.terms, row=board.lay.is_row(product.step.out))
    so_far = board.matrix(Var("sofar"), w.sums, row=board.lay.is_row(product.step.out))
    board.matrix(product.step.out)
    board.equation(product.step)
    board.equation(w.step)
    strip += [tile(added, made, "→", only=True, scale="sum"), tile(so_far, made, "Σ", fills="order", scale="sum")]
    by_name = {"r": "{r}", "s": "{s}", "c": "{c}"} | {m: f"{{{a}}}" for m, a in product.roles.items()}
    says = (_MEETS if len(names) == 2 else _SUMS)[way]
    for mark in "rsc":
        says = says.replace(f"{{{mark}}}", by_name[mark])
    board.frame["says"] = says.replace("A", names[0]).replace("B", names[-1])
    board.lines.append({
        "formula": mathml(product.step.latex),
        "spoken": product.step.op.name,
        "why": f"{w.count} pieces: whichever way it is cut, they add up to {product.step.out.symbol}.",
        "strip": strip,
        "check": _adds_up(board, product, way, ran),
    })  # fmt: skip


def _adds_up(board: Board, product: Product, way: str, ran: Ran) -> Json:
    """Whether the last sum is the product."""
    last = walk(board.setup, product, way, frames=[prod(board.frame["sizes"]) - 1], trace=ran)
    error, allowed = measure_error(last.sums[0], last.values[product.step.out], ran[1])
    against = f"{product.step.out.symbol}, all added"
    return {"holds": error <= allowed, "meant": True, "error": f"{error:.0e}", "against": against}


def _sizes(product: Product, ran: Ran) -> dict[str, int]:
    return axis_sizes(product.step.op, (ran[1][v] for v in product.step.operands))


def _product(board: Board, among: list[Product], first: str = "") -> Product:
    found = {wire_name(p.step.out): p for p in among}
    options = {name: (p.step.latex, f"{p.step.out.spoken}, {p.step.out.word}") for name, p in found.items()}
    return found[board.choose("product", "Product", options, first=first if first in found else "")]


def transpose(board: Board, ran: Ran) -> None:
    """Why that order and that transpose: by shapes, by indices, by outer products."""
    gradients = [p for p in products(board.setup) if p.step.phase == "backward"]
    product = _product(board, gradients, first=wire_name(dW(1)))
    how = board.choose(
        "how", "Seen", {h: (h, h) for h in ("by shapes", "by indices", "by outer products")}, first="by shapes"
    )
    if how == "by outer products":
        return _walked(board, product, "outer products", ran)
    if how == "by indices":
        return _indices(board, product, ran)
    found = candidates(board.setup, product, ran)
    options = {str(n): (c.latex, " times ".join(_spoken(*o) for o in c.operands)) for n, c in enumerate(found)}
    right = next(str(n) for n, c in enumerate(found) if c.right)
    chosen = found[int(board.choose("candidate", "Try", options, first=right))]
    # Whether it is right is said of what was tried, not before.
    board.choices[-1]["options"][found.index(chosen)]["mark"] = "✓" if chosen.right else "✗"
    strip = []
    for k, (var, flip) in enumerate(chosen.operands):
        if var.kind == "ones":
            board.values[var] = np.ones((board.setup.batch.N, 1))
        strip.append(board.factor(var, "ab", flip, first=k == 0))
    if chosen.result is not None:
        board.values[Var("term")] = chosen.result
        strip.append(
            tile(board.matrix(Var("term"), word="product", text="product"), "", "=", label=mathml(chosen.latex))
        )
    board.matrix(product.step.out)
    sign = "✓" if chosen.right else "≠" if chosen.result is not None else "is not defined; wanted:"
    strip.append(tile(wire_name(product.step.out), "", sign, scale="sum"))
    board.lines.append({
        "formula": mathml(chosen.latex),
        "spoken": " times ".join(_spoken(*o) for o in chosen.operands),
        "why": chosen.why,
        "check": {"holds": chosen.right, "meant": True, "against": product.step.out.symbol, "verdict": True},
        "strip": strip,
    })  # fmt: skip
    return None


def _spoken(var: Var, flip: bool) -> str:
    return var.spoken + (" transposed" if flip else "")


def _indices(board: Board, product: Product, ran: Ran) -> None:
    """The sum written out for every cell: the index that is summed has to stand inside."""
    step = product.step
    letters, made = step.op.makes, step.out
    size = _sizes(product, ran)
    board.frames(letters, tuple(size[a] for a in letters), each=0)
    summed = product.roles["s"]
    strip = [
        tile(board.matrix(v), reads, "and" if k else "")
        for k, (v, reads) in enumerate(zip(step.operands, step.op.reads))
    ]
    strip.append(tile(board.matrix(made), letters, "→", fills=True))
    board.equation(step)
    told = board.steps[-1]
    where = [
        f"{v.symbol} as its {_nth(reads, summed)} index" for v, reads in zip(step.operands, step.op.reads, strict=True)
    ]
    why = f"The sum runs over {summed}, which stands in {' and in '.join(where)}. "
    if len(step.operands) == 2:
        first, second = step.op.reads
        wanted = [first.endswith(summed), second.startswith(summed)]
        why += "A product of matrices sums over the last index of the left one and the first of the right one"
        turned = [v.symbol for v, good in zip(step.operands, wanted, strict=True) if not good]
        why += f", so {' and '.join(turned)} must be transposed." if turned else ": they stand right as they are."
    board.lines.append({"formula": told["index"], "spoken": told["spoken"], "why": why, "strip": strip})
    why = "The same for every cell at once."
    if len(letters) == 2:
        left, right = (v.symbol for v in step.operands)
        why += f" The order: {letters[0]}, the row of the result, comes from {left}, so {left} stands left; "
        why += f"{letters[1]}, its column, comes from {right}, so {right} stands right."
    board.lines.append({"formula": mathml(step.latex), "spoken": told["spoken"], "why": why})
    laid = [rf"\text{{{name}: }} {latex}" for name, latex in _laid(board, made).items()]
    board.lines.append({
        "formula": mathml(r",\qquad ".join(laid)),
        "spoken": "in every layout",
        "why": "The same sum where examples are columns, and where they are rows (Conventions).",
    })  # fmt: skip
    board.frame["reads"] = wire_name(made)


def _laid(board: Board, made: Var) -> dict[str, str]:
    """The product as it reads in every layout."""
    setup = board.setup
    turned = {name: replace(setup, conventions=replace(setup.conventions, layout=name)) for name in LAYOUTS}
    return {name: next(p.step.latex for p in products(s) if p.step.out == made) for name, s in turned.items()}


def _nth(reads: str, letter: str) -> str:
    return ("first", "second")[reads.index(letter)] if len(reads) == 2 else "only"


def ways(board: Board, ran: Ran) -> None:
    """Any product of the pass, four ways."""
    product = _product(board, products(board.setup))
    way = board.choose("way", "As", {w: (w, w) for w in product.ways})
    _walked(board, product, way, ran)
