"""The chapters of the derivation page: which lines and matrices each puts on its board."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mlpcore.checking.numerical_gradients import check_steps, choose_probe_count
from mlpcore.derivation import count_jacobian, derive, jacobian, targets
from mlpcore.derivation.lines import find_top_layer, name_gradient
from mlpcore.derivation.ways import Product
from mlpcore.equations.steps import Step
from mlpcore.network import Network, shape_of
from mlpcore.notation import S, Var, W, Z, delta, dZ
from mlpcore.setup import Setup
from pages.ui.components.stage.board import Board, Ran, tile
from pages.ui.components.stage.chapters_products import transpose, ways
from pages.ui.components.stage.score import Json, mathml
from pages.ui.state.place import Place
from pages.ui.state.wire_names import wire_name

#: A Jacobian above this many numbers is counted, not drawn.
DRAWN = 4096


LEGEND = (
    "⟨A, B⟩_F: multiply cell by cell and add all · ⊙: cell by cell · 1_i: a column with a 1 at i, else 0 · "
    "𝟙_N: N ones · (Z)_j·: row j · f': the slope of the activation · δ_l = ∂L/∂S_l."
)


def _target(board: Board) -> Var:
    found = {wire_name(v): v for v in targets(board.setup.net)}
    options = {
        name: (name_gradient(v).latex, f"{name_gradient(v).spoken}, {name_gradient(v).word}")
        for name, v in found.items()
    }
    return found[board.choose("target", "Gradient", options, first="W1")]


def _at(board: Board, var: Var, letters: str) -> str:
    """Letters of a matrix in the layout in force."""
    return letters[::-1] if board.lay.transposes(var) else letters


def _pass_steps(board: Board, ran: Ran, layer: int) -> None:
    """The two forward steps of a layer, so that a zero can say what it does not read."""
    for step in ran[0]:
        if step.phase == "forward" and step.out in (S(layer), Z(layer)) and not step.recompute:
            board.equation(step)


def _derived(board: Board, ran: Ran) -> tuple:
    """The derivation by the chosen matrix, for the frames that are sent, and the letters of its matrices."""
    target = _target(board)
    setup = board.setup
    sizes = shape_of(target, setup.net.widths, setup.batch.N)
    top = find_top_layer(target)
    letters = "ij"[: len(sizes)]
    have = board.frames(
        _at(board, target, letters), tuple(sizes[letters.index(a)] for a in _at(board, target, letters)),
        each=setup.net.widths[top] * setup.batch.N,
    )  # fmt: skip
    shown = board.frame["sizes"]
    lay = setup.conventions.lay
    cells = [lay.convert_cell(target, tuple(int(i) for i in np.unravel_index(f, shown))) for f in have]
    d = derive(setup, target, cells=cells, trace=ran)
    _pass_steps(board, ran, top)
    board.derivation(d)
    unit, example = {"W": "in", "b": "in", "Z": "kj", "S": "ij"}[target.kind]
    return d, target, unit + example


def cell(board: Board, ran: Ran) -> None:
    """One cell: its local derivative beside dL/dZ, their Frobenius product, and where that lands."""
    d, target, kn = _derived(board, ran)
    whole = dZ(d.top)
    here = next(v for v in d.stacked if v.kind.startswith("dZd"))
    at = _at(board, whole, kn)
    letters = board.frame["letters"]
    # So that a zero can say what it does not read.
    board.matrices[wire_name(here)] |= {"why": "zero", "of": wire_name(Z(d.top)), "by": wire_name(target)}
    board.claim(d.claims[0], strip=[
        tile(board.matrix(target), letters),
        tile(board.matrix(whole), at),
        tile(wire_name(here), at, "⊙"),
        tile(wire_name(Var("terms")), at, "=", scale="sum"),
        tile(board.matrix(d.gradient), letters, "Σ →", fills=True, scale="sum"),
    ], numbers=False)  # fmt: skip
    strip = []
    slope, spread = Var("slope", d.top), next((v for v in d.stacked if v.kind == "spread"), here)
    if slope in d.values:
        strip.append(tile(wire_name(slope), at))
    strip.append(tile(wire_name(spread), at, "⊙" if strip else ""))
    if target.kind == "W":
        strip.append(tile(board.matrix(Z(d.top - 1)), _at(board, Z(0), "jn"), "from"))
    if target.kind == "Z":
        strip.append(tile(board.matrix(W(d.top)), _at(board, W(d.top), "ki"), "from"))
    board.claim(d.claims[1], strip=strip, numbers=False)
    # What the numbers line says when nothing is pointed at: the cell that is being made.
    board.frame["reads"] = board.lines[0]["value"]
    board.frame["legend"] = LEGEND


def lines(board: Board, ran: Ran) -> None:
    """The derivation of exercise 1, line by line, symbols on the left and numbers on the right."""
    d, _, kn = _derived(board, ran)
    for claim in d.claims:
        line = board.claim(claim)
        single = not claim.step.op.makes
        local = claim.step.out.kind.startswith("dZd")
        if not single:
            letters = _at(board, dZ(d.top), kn) if local else board.frame["letters"]
            about = local or claim.step.out == d.gradient
            line["strip"] = [tile(line["value"], letters if about else "")]
        line["numbers"] = single
    board.frame["legend"] = LEGEND


def full(board: Board, ran: Ran) -> None:
    """The Jacobian nobody forms, beside what backpropagation computes in its place."""
    target = _target(board)
    setup = board.setup
    count = count_jacobian(setup.net.widths, setup.batch.N, target)
    gradient, top = name_gradient(target), find_top_layer(target)
    written = gradient.symbol if target.kind == "S" else f"{delta(top).symbol} and {gradient.symbol}"
    why = (
        f"J has {count.rows:,} × {count.columns:,} = {count.numbers:,} numbers ({_bytes(8 * count.numbers)}), of which "
        f"{count.nonzero:,} can differ from 0. Backpropagation writes down {count.instead:,} instead "
        f"({_bytes(8 * count.instead)}): {written}. {_stacking(board, dZ(top), gradient)}"
    )
    if count.numbers > DRAWN:
        why += f" Drawn up to {DRAWN:,} numbers; take fewer units or examples to see it."
        board.lines.append({"formula": mathml(r"J^{\top}"), "spoken": "Jacobian", "why": why})
        return
    J = jacobian(setup, target, ran)
    board.values |= J.values
    names = {J.step.out: f"vec {gradient.symbol}", J.step.operands[1]: f"vec {dZ(top).symbol}"}
    for var in J.values:
        board.matrix(var, **({"text": names[var], "spoken": names[var]} if var in names else {}))
    board.equation(J.step)
    rows, cols = J.blocks
    given, out = J.step.operands[1], J.step.out
    board.lines.append({
        "formula": mathml(rf"{J.step.latex},\quad {J.latex}"),
        "spoken": "Jacobian",
        "why": why,
        "strip": [
            tile(wire_name(Var("J")), "ab", "", True, label=mathml(r"J^{\top}"), blocks=[cols, rows], small=True),
            tile(wire_name(given), "ax", "·"),
            tile(wire_name(out), "bx", "="),
        ],
    })  # fmt: skip


def _stacking(board: Board, given: Var, gradient: Var) -> str:
    """What vec means here: units fastest, which is column by column or, in a turned matrix, row by row."""
    ways = [f"{v.symbol} {'row by row' if board.lay.transposes(v) else 'column by column'}" for v in (given, gradient)]
    return "vec writes a matrix as one column: " + ", ".join(ways[: len(gradient.axes)]) + "."


def _bytes(n: int) -> str:
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if n < 1000 or unit == "TB":
            return f"{n:,.0f} {unit}" if unit == "bytes" else f"{n:,.1f} {unit}"
        n /= 1000
    return ""


def ladder(board: Board, ran: Ran) -> None:
    """The recursion from L down to 1, every matrix to the same scale."""
    steps, values = ran
    net = board.setup.net
    checks = check_steps(steps, values, most=choose_probe_count(values)).of
    made = {s.out: s for s in steps if s.phase == "backward" and not s.recompute}
    _loss(board, steps)
    for layer in range(net.depth, 0, -1):
        pull, rule = made[dZ(layer)], made[delta(layer)]
        strip, rung = [], f"rung {layer}"
        if layer < net.depth:
            for k, (var, turned) in enumerate(zip(pull.operands, Product(pull).turned, strict=True)):
                strip.append(board.factor(var, "", turned, first=k == 0))
            strip.append(tile(board.matrix(dZ(layer)), "", "=", scale=rung))
        else:
            for var in dict.fromkeys(v for s in steps if s.phase == "loss" for v in s.operands):
                if var.kind in ("Z", "Y", "P"):
                    strip.append(tile(board.matrix(var), ""))
            strip.append(tile(board.matrix(dZ(layer)), "", "→", scale=rung))
        for step in (pull, rule):
            board.equation(step)
        views = board.steps[-1]["views"]
        if views:
            strip.append(tile(views["1"]["id"], "", "⊙"))
        strip.append(tile(wire_name(delta(layer)), "", "=", scale=rung))
        check = checks[delta(layer)]
        where = "from the loss" if layer == net.depth else f"from δ of layer {layer + 1}"
        board.lines.append({
            "formula": mathml(_rung(pull, rule, layer == net.depth)),
            "spoken": f"delta {layer}",
            "why": f"Layer {layer}: δ {where}; with it {_uses(net, layer)}.",
            "check": {"holds": check.agrees, "meant": True, "against": "central differences",
                      "error": f"{check.error:.0e}" if np.isfinite(check.error) else ""},
            "strip": strip,
        })  # fmt: skip


def _loss(board: Board, steps: list[Step]) -> None:
    """What is differentiated: the loss, from the output and the targets."""
    setup = board.setup
    listed = [s for s in steps if s.phase == "loss"]
    for step in listed:
        board.equation(step)
    c = setup.conventions.loss(setup.loss).c
    square = " Differentiating the square gives a 2." if setup.loss.name == "MSE" else ""
    board.lines.append({
        "formula": mathml(r",\quad ".join(s.latex for s in listed)),
        "spoken": "the loss",
        "why": f"L = {setup.net.depth} layers, N = {setup.batch.N} examples; {setup.loss.title}, with the constant "
               f"{c.name} in front of the sum over examples.{square}",
    })  # fmt: skip


def _uses(net: Network, layer: int) -> str:
    if net[layer].b is None:
        return f"∂L/∂W_{layer} is one product away"
    return f"∂L/∂W_{layer} and ∂L/∂b_{layer} are one product away"


def _rung(pull: Step, rule: Step, top: bool) -> str:
    """`delta_l = (W^T delta) ⊙ f'` in one line."""
    inner = pull.op.notation(*(v.latex for v in pull.operands))
    if top and len(rule.operands) == 1:
        return rf"{rule.out.latex} = {inner}"
    front = pull.out.latex if top else (rf"\left({inner}\right)" if len(rule.operands) > 1 else inner)
    return f"{rule.out.latex} = " + rule.op.notation(front, *(v.latex for v in rule.operands[1:]))


#: Name -> (title, how its lines stand, what puts them there).
CHAPTERS = {
    "cell": ("One cell", "scene", cell),
    "lines": ("Line by line", "proof", lines),
    "transpose": ("Why transpose", "scene", transpose),
    "ways": ("A product four ways", "scene", ways),
    "ladder": ("From L down to 1", "rungs", ladder),
    "jacobian": ("The full Jacobian", "scene", full),
}


def told(setup: Setup, place: Place) -> Json:
    """The board of the chapter a visitor is on."""
    ran = setup.run()
    board = Board(setup, dict(ran[1]), replace(place, chosen={**place.chosen, "chapter": place.chapter}))
    name = board.choose("chapter", "", {name: (title, title) for name, (title, _, _) in CHAPTERS.items()})
    _, arrangement, chapter = CHAPTERS[name]
    chapter(board, ran)
    board.origins(ran)
    return board.told("board", arrangement)
