"""The chapters of the derivation page: which lines and matrices each puts on its board."""

from __future__ import annotations

import re
from dataclasses import replace
from math import prod

from mlpcore.checking.numerical_gradients import NOT_MEASURABLE, check_steps, choose_probe_count
from mlpcore.derivation import Derivation, count_jacobian, derive, derive_output, jacobian, targets
from mlpcore.derivation.lines import find_top_layer, name_gradient
from mlpcore.derivation.ways import Product
from mlpcore.equations.steps import Step
from mlpcore.network import Network, shape_of
from mlpcore.notation import S, Var, W, Z, delta, dZ
from mlpcore.setup import Setup
from pages.ui.components.stage.board import Board, Trace
from pages.ui.components.stage.chapters_products import fill_transpose, fill_ways
from pages.ui.components.stage.payload import Json, to_mathml
from pages.ui.state.place import Place
from pages.ui.state.wire_names import wire_name

#: A Jacobian with more numbers is counted, not drawn.
MAX_JACOBIAN = 4096


#: True in every layout.
LEGEND = (
    "⟨A, B⟩_F: multiply cell by cell and add all · ⊙: cell by cell · e_i: 1 at i, else 0 · 𝟙_N: N ones · "
    "A_i·: row i · A_·j: column j · f': the derivative of the activation · δ_l = ∂L/∂S_l."
)


def _choose_target(board: Board[Setup]) -> Var:
    offered = {wire_name(v): v for v in targets(board.setup.net)}
    options = {
        name: (name_gradient(v).latex, f"{name_gradient(v).spoken}, {name_gradient(v).word}")
        for name, v in offered.items()
    }
    return offered[board.add_choice("target", "Gradient", options, first="W1")]


def _add_forward_steps(board: Board[Setup], trace: Trace, layer: int) -> None:
    """Add the two forward steps of a layer, to explain the cells that are zero."""
    for step in trace[0]:
        if step.phase == "forward" and step.out in (S(layer), Z(layer)) and not step.recompute:
            board.add_equation(step)


def _add_derivation(board: Board[Setup], trace: Trace) -> tuple[Derivation, Var, str]:
    """Add the derivation for the frames that are sent. Returns it, the chosen matrix, and the letters of dL/dZ."""
    target = _choose_target(board)
    setup = board.setup
    sizes = shape_of(target, setup.net.widths, setup.batch.N)
    top = find_top_layer(target)
    letters = "ij"[: len(sizes)]
    each = setup.net.widths[top] * setup.batch.N
    cells = board.set_cell_frames(target, letters, dict(zip(letters, sizes, strict=True)), each)
    d = derive(setup, target, cells=cells, trace=trace)
    _add_forward_steps(board, trace, top)
    board.add_derivation(d)
    unit, example = tuple({"W": "in", "b": "in", "Z": "kj", "S": "ij"}[target.kind])
    return d, target, unit + example


def fill_cell(board: Board[Setup], trace: Trace) -> None:
    """Show one cell: its local derivative beside dL/dZ, their Frobenius product, and the cell that gets it."""
    d, target, kn = _add_derivation(board, trace)
    d_output = dZ(d.top)
    here = next(v for v in d.stacked if v.kind.startswith("dZd"))
    at = board.order_letters(d_output, kn)
    letters = board.frame["letters"]
    # For the explanation of a zero: what it does not depend on.
    board.matrices[wire_name(here)] |= {"why": "zero", "of": wire_name(Z(d.top)), "by": wire_name(target)}
    board.add_claim(d.claims[0], strip=[
        board.make_tile(target, letters),
        board.make_tile(d_output, at),
        board.make_tile(here, at, "⊙"),
        board.make_tile(Var("terms"), at, "=", scale="sum"),
        board.make_tile(d.gradient, letters, "Σ →", fills=True, scale="sum"),
    ], numbers=False)  # fmt: skip
    strip = [board.make_tile(d.slope, at)] if d.slope else []
    spread = next((v for v in d.stacked if v.kind == "spread"), here)
    strip.append(board.make_tile(spread, at, "⊙" if strip else ""))
    if target.kind == "W":
        strip.append(board.make_tile(Z(d.top - 1), board.order_letters(Z(0), "jn"), "from"))
    if target.kind == "Z":
        strip.append(board.make_tile(W(d.top), board.order_letters(W(d.top), "ki"), "from"))
    board.add_claim(d.claims[1], strip=strip, numbers=False)
    # The line of numbers explains this cell while no other is pointed at.
    board.frame["reads"] = board.lines[0]["value"]
    board.frame["legend"] = LEGEND


def fill_lines(board: Board[Setup], trace: Trace) -> None:
    """Show the derivation of exercise 1 line by line, symbols on the left and numbers on the right."""
    d, _, kn = _add_derivation(board, trace)
    for claim in d.claims:
        line = board.add_claim(claim)
        single = not claim.step.op.makes
        local = claim.step.out.kind.startswith("dZd")
        if not single:
            letters = board.order_letters(dZ(d.top), kn) if local else board.frame["letters"]
            about = local or claim.step.out == d.gradient
            line["strip"] = [board.make_tile(line["value"], letters if about else "")]
        line["numbers"] = single
    board.frame["legend"] = LEGEND


def fill_output(board: Board[Setup], trace: Trace) -> None:
    """Show why the backward pass begins with (P − Y)/N, or with what its loss has in its place, line by line."""
    setup = board.setup
    by = Z(setup.net.depth)
    sizes = {"j": setup.net.widths[-1], "n": setup.batch.N}
    order = board.order_letters(by, "jn")
    d = derive_output(setup, board.set_cell_frames(by, "jn", sizes, prod(sizes.values())), trace)
    board.add_derivation(d)
    for claim in d.claims:
        makes = claim.step.op.makes
        line = board.add_claim(claim, numbers=not makes)
        at = makes if claim.per_cell else order if len(makes) == 2 else "n"
        line["strip"] = [board.make_tile(line["value"], at)] if makes else []
    first = d.claims[0].step.operands
    board.lines[0]["strip"] = [board.make_tile(v, order, "and" if k else "") for k, v in enumerate(first)] + [
        board.lines[0]["strip"][0] | {"sign": "→"}
    ]
    words = {
        "o_": f"o: example n of {by.symbol}", "p_": "p: example n of P", "y_": "y: example n of Y",
        r"\mathbf{1}_k^j": "1_k^j: 1 where k = j, else 0", r"\odot": "⊙: cell by cell",
    }  # fmt: skip
    written = " ".join(claim.step.latex for claim in d.claims)
    found = [text for sign, text in words.items() if re.search(rf"(?<![a-zA-Z]){re.escape(sign)}", written)]
    board.frame["legend"] = " · ".join(found) + "." * bool(found)


def fill_jacobian(board: Board[Setup], trace: Trace) -> None:
    """Show the full Jacobian, beside what backpropagation computes in its place."""
    target = _choose_target(board)
    setup = board.setup
    count = count_jacobian(setup.net.widths, setup.batch.N, target)
    gradient, top = name_gradient(target), find_top_layer(target)
    whole, instead = (_format_bytes(setup.net.dtype.itemsize * n) for n in (count.numbers, count.instead))
    written = gradient.symbol if target.kind == "S" else f"{delta(top).symbol} and {gradient.symbol}"
    why = (
        f"J has {count.rows:,} × {count.columns:,} = {count.numbers:,} numbers ({whole}), "
        f"of which {count.nonzero:,} can differ from 0. Backpropagation writes down {count.instead:,} instead "
        f"({instead}): {written}. {_describe_vec(board, dZ(top), gradient)}"
    )
    if count.numbers > MAX_JACOBIAN:
        why += f" Drawn up to {MAX_JACOBIAN:,} numbers; take fewer units or examples to see it."
        board.add_line(r"J^{\top}", why)
        return
    J = jacobian(setup, target, trace)
    board.values |= J.values
    names = {J.step.out: f"vec {gradient.symbol}", J.step.operands[1]: f"vec {dZ(top).symbol}"}
    for var in J.values:
        more: Json = {"text": names[var], "spoken": names[var]} if var in names else {}
        board.add_matrix(var, **more)
    board.add_equation(J.step)
    rows, cols = J.blocks
    given, out = J.step.operands[1], J.step.out
    transposed = {"label": to_mathml(r"J^{\top}"), "blocks": [cols, rows], "small": True}
    board.add_line(rf"{J.step.latex},\quad {J.latex}", why, strip=[
        board.make_tile(Var("J"), "ab", "", True, **transposed),
        board.make_tile(given, "ax", "·"),
        board.make_tile(out, "bx", "="),
    ])  # fmt: skip


def _describe_vec(board: Board[Setup], given: Var, gradient: Var) -> str:
    """Describe vec: units vary fastest, which is column by column or, in a transposed layout, row by row."""
    ways = [f"{v.symbol} {'row by row' if board.lay.transposes(v) else 'column by column'}" for v in (given, gradient)]
    return "vec writes a matrix as one column: " + ", ".join(ways[: len(gradient.axes)]) + "."


def _format_bytes(n: int) -> str:
    if n < 1000:
        return f"{n} bytes"
    power = min(4, (len(str(n)) - 1) // 3)
    return f"{n / 1000**power:,.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"


def fill_ladder(board: Board[Setup], trace: Trace) -> None:
    """Show the recursion from the last layer to the first, every matrix on the same scale."""
    steps, values = trace
    net = board.setup.net
    checks = check_steps(steps, values, most=choose_probe_count(values)).of
    makers = {s.out: s for s in steps if s.phase == "backward" and not s.recompute}
    _add_loss(board, steps)
    for layer in range(net.depth, 0, -1):
        pull, rule = makers[dZ(layer)], makers[delta(layer)]
        strip: list[Json] = []
        rung = f"rung {layer}"
        if layer < net.depth:
            for k, (var, turned) in enumerate(zip(pull.operands, Product(pull).turned, strict=True)):
                strip.append(board.make_factor_tile(var, "", turned, first=k == 0))
            strip.append(board.make_tile(dZ(layer), "", "=", scale=rung))
        else:
            for var in dict.fromkeys(v for s in steps if s.phase == "loss" for v in (*s.operands, s.out)):
                if var.kind in ("Z", "Y", "P"):
                    strip.append(board.make_tile(var, ""))
            if len(rule.operands) > 1:
                strip.append(board.make_tile(dZ(layer), "", "→", scale=rung))
        for step in (pull, rule):
            board.add_equation(step)
        views, cellwise = board.steps[-1]["views"], not net[layer].f.coupled
        for k, var in enumerate(rule.operands):
            if var != dZ(layer):
                shown = views[str(k)]["id"] if str(k) in views else board.add_matrix(var)
                strip.append(board.make_tile(shown, "", "⊙" if cellwise else ""))
        sign = "=" if cellwise and (layer < net.depth or len(rule.operands) > 1) else "→"
        strip.append(board.make_tile(delta(layer), "", sign, scale=rung))
        check = checks[delta(layer)]
        where = "from the loss" if layer == net.depth else f"from δ of layer {layer + 1}"
        why = f"Layer {layer}: δ {where}; with it {_name_gradients(net, layer)}."
        board.add_line(_write_rung(pull, rule, layer == net.depth), why, strip=strip, check={
            "holds": check.agrees, "meant": True, "against": "central differences",
            "error": f"{check.error:.0e}" if check.verdict != NOT_MEASURABLE else "",
        })  # fmt: skip


def _add_loss(board: Board[Setup], steps: list[Step]) -> None:
    """Add the line of what is differentiated: the loss, from the output and the targets."""
    setup = board.setup
    loss_steps = [s for s in steps if s.phase == "loss"]
    for step in loss_steps:
        board.add_equation(step)
    c = setup.conventions.loss(setup.loss).c
    square = " The factor 2 cancels 1/2." if setup.loss.name == "MSE" and c.half else ""
    board.add_line(
        r",\quad ".join(s.latex for s in loss_steps),
        f"depth {setup.net.depth}, {setup.batch.N} example{'s' * (setup.batch.N > 1)}; {setup.loss.title}, "
        f"reduction: {c.title}.{square}",
    )


def _name_gradients(net: Network, layer: int) -> str:
    if net[layer].b is None:
        return f"∂L/∂W_{layer} is one matrix product"
    return f"∂L/∂W_{layer} and ∂L/∂b_{layer} are one matrix product each"


def _write_rung(pull: Step, rule: Step, top: bool) -> str:
    """Write `delta_l = (W^T delta) ⊙ f'` in one line of LaTeX."""
    inner = pull.op.notation(*(v.latex for v in pull.operands))
    if top and len(rule.operands) == 1:
        return rf"{rule.out.latex} = {inner}"
    front = pull.out.latex if top else (rf"\left({inner}\right)" if len(rule.operands) > 1 else inner)
    return f"{rule.out.latex} = " + rule.op.notation(*(front if v == pull.out else v.latex for v in rule.operands))


#: Name -> (title, arrangement of its lines, the function that fills its board).
CHAPTERS = {
    "cell": ("One cell", "scene", fill_cell),
    "lines": ("Line by line", "proof", fill_lines),
    "transpose": ("Why transpose", "scene", fill_transpose),
    "ways": ("A product four ways", "scene", fill_ways),
    "output": ("Derivative of the loss", "scene", fill_output),
    "ladder": ("Last layer to first", "rungs", fill_ladder),
    "jacobian": ("The full Jacobian", "scene", fill_jacobian),
}


def build_derivation_payload(setup: Setup, place: Place) -> Json:
    """Build the board of the chapter a visitor is on; a penalty is no part of what is derived."""
    setup = setup.without_penalty() if setup.loss.penalty else setup
    trace = setup.run()
    board = Board(setup, dict(trace[1]), replace(place, chosen={**place.chosen, "chapter": place.chapter}))
    # Where every layer is softmax there is no derivation by a cell.
    offered = {n: row for n, row in CHAPTERS.items() if targets(setup.net) or n not in ("cell", "lines", "jacobian")}
    name = board.add_choice("chapter", "", {name: (title, title) for name, (title, _, _) in offered.items()})
    _, arrangement, fill = CHAPTERS[name]
    fill(board, trace)
    if board.frame.get("legend") == LEGEND and any(layer.f.coupled for layer in setup.net.layers):
        board.frame["legend"] += " Softmax couples the units of an example: its δ stands in Last layer to first."
    board.add_origins(trace)
    # What is read line by line may scroll.
    return board.build_payload(arrangement) | ({"legible": True} if name == "output" else {})
