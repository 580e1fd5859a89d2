"""The chapters of the laboratory of exercise 3: a pass to step through, boards, and benches under charts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from mlpcore import logits
from mlpcore.logits import Lab, LossComparison
from mlpcore.notation import A, G, O, P, Var, Y, dO, dP, ell
from mlpcore.notation import margin as MARGIN
from mlpcore.passes.conventions import Conventions
from pages.ui.components.stage.board import Board, Ran, tile
from pages.ui.components.stage.score import Json, mathml, played
from pages.ui.state.place import Place
from pages.ui.state.wire_names import wire_name

#: Name -> title. Those that are a bench (see `_BOARDS`) have charts below their matrices.
CHAPTERS = {
    "pass": "Step by step",
    "terms": "Term by term",
    "jacobian": "Softmax Jacobian",
    "margin": "Margin",
    "compare": "Losses compared",
    "sweep": "One logit swept",
    "simplex": "Simplex",
    "descend": "Descent",
}

NONE: Mapping[str, LossComparison] = MappingProxyType({})

LEGEND = (
    "⟨A, B⟩_F: multiply cell by cell and add all · p = softmax(o) · G: gap p_l − p_y + m of rival l to the right "
    "class y · A: 1 where a rival is active · m: margin."
)


def chapter_of(place: Place) -> str:
    """The chapter a visitor is on."""
    return place.chapter if place.chapter in CHAPTERS else "pass"


def _framed(board: Board, letters: str, each: int = 0) -> list[tuple[int, ...]]:
    """Frames over class j and example n (or one of them); the cells that are sent, as on the worksheet."""
    lab: Lab = board.setup
    lay, size = board.lay, {"j": lab.classes, "n": lab.N}
    shown = letters[::-1] if len(letters) == 2 and lay.transposes(O) else letters
    have = board.frames(shown, tuple(size[a] for a in shown), each)
    cells = [tuple(int(i) for i in np.unravel_index(f, tuple(size[a] for a in shown))) for f in have]
    return [cell[::-1] if shown != letters else cell for cell in cells]


def _at(board: Board, var: Var, letters: str) -> str:
    return letters[::-1] if board.lay.transposes(var) else letters


def terms(board: Board, ran: Ran) -> None:
    """The worksheet's sum over rivals for one cell of dL/dO, the inactive ones struck through."""
    lab: Lab = board.setup
    d = logits.terms(lab, _framed(board, "jn", lab.classes * lab.N), ran)
    board.derivation(d)
    here = next(v for v in d.stacked if v.kind == "dGdO")
    for var in (here, Var("terms")):
        board.matrices[wire_name(var)] |= {"struck": wire_name(A)}
    board.matrix(A)
    at, column = _at(board, dO, "jn"), _at(board, G, "·n")
    board.claim(d.claims[0], numbers=False, strip=[
        tile(wire_name(A), column),
        tile(wire_name(here), column, "⊙"),
        tile(wire_name(Var("terms")), column, "=", scale="sum"),
        tile(board.matrix(dO), at, "Σ →", fills=True, scale="sum"),
    ])  # fmt: skip
    board.claim(d.claims[1], numbers=False, strip=[
        tile(board.matrix(O), at),
        tile(board.matrix(P), column, "→"),
        tile(board.matrix(Y), column, "and"),
        tile(board.matrix(G), column, "→"),
    ])  # fmt: skip
    board.claim(d.claims[2], numbers=False)
    loss = lab.conventions.loss(lab.loss)
    whole = _WRITTEN_OUT.replace("{c}", loss.c.latex()).replace("{over}", r"\ge" if loss.at_tie else ">")
    board.lines.insert(0, {
        "formula": mathml(whole), "spoken": "exercise 3 (ii)",
        "why": "Exercise 3 (ii), as on the worksheet: for logit j, the sum over examples i and rivals l of each.",
    })  # fmt: skip
    made = wire_name(d.part(dO, "jn"))
    board.matrices[made]["text"] = dO.symbol
    board.frame |= {"reads": made, "legend": LEGEND}


_WRITTEN_OUT = (
    r"\frac{\partial\mathcal{L}}{\partial o_j} = {c}\sum_i\sum_{l\neq y_i} p_j\left(\mathbf{1}_l^j - \mathbf{1}_{y_i}^j"
    r" - p_l + p_{y_i}\right)\mathbf{1}_{\{p_l - p_{y_i} + m {over} 0\}}"
)


def jacobian(board: Board, ran: Ran) -> None:
    """dp_k/do_j of one example, off-diagonals included, and dL/dO through it."""
    lab: Lab = board.setup
    d = logits.jacobians(lab, _framed(board, "jn", lab.classes**2), ran)
    board.derivation(d)
    J = next(v for v in d.stacked if v.kind == "dPdO")
    p, g = (d.part(v, "·n") for v in (P, dP))
    board.claim(d.claims[1], numbers=False, strip=[
        tile(board.matrix(P), _at(board, P, "·n")),
        tile(wire_name(p), "k", "→"),
        tile(wire_name(J), _at(board, J, "kj"), "→"),
    ])  # fmt: skip
    line = board.claim(d.claims[0], numbers=False)
    board.matrices[line["value"]]["text"] = d.part(dO, "·n").symbol
    factors = [
        tile(wire_name(J), _at(board, J, "kj"), "", True, label=mathml(J.latex + r"^{\top}")),
        tile(wire_name(g), "k", "·"),
    ]
    if board.lay.transposes(O):  # rows stand left of what they are multiplied with
        factors = [tile(wire_name(g), "k"), tile(wire_name(J), _at(board, J, "kj"), "·")]
    line["strip"] = [
        *factors,
        tile(line["value"], "j", "=", scale="sum"),
        tile(board.matrix(dO), _at(board, dO, "jn"), "→", fills=True, scale="sum"),
    ]
    board.frame |= {"reads": line["value"], "legend": LEGEND}


def _bench(board: Board, letters: str, *shown: tuple[Var, str], formula: str = "", why: str = "") -> None:
    """One line of matrices: what the charts below are drawn from."""
    scale = board.setup.conventions.scale
    if scale and not formula:
        why = f"Every loss carries {scale} in front of its sum over examples: see Losses compared, or Conventions."
    at = "".join(a for a in "jn" if a in letters)
    marked = at if len(at) == 2 else "·n" if at == "n" else ""
    strip = []
    for var, sign in shown:
        own = marked if len(var.axes) == 2 else marked[-1:]
        strip.append(
            tile(board.matrix(var), _at(board, var, own) if len(own) == 2 else own, sign, scale=wire_name(var))
        )
    board.lines.append({"formula": formula and mathml(formula), "spoken": "", "why": why, "strip": strip})


_HINGE = r"\mathcal{L} = {c}\sum_n\sum_{l\neq y_n}\max(0,\; p_l - p_{y_n} + m),\quad p = \operatorname{softmax}(o)"


def margin(board: Board, _: Ran) -> None:
    """The active set, as the margin moves."""
    c = board.setup.conventions.loss(board.setup.loss).c.latex()
    shown = ((O, ""), (MARGIN, "and"), (G, "→"), (A, "→"), (ell, "→"), (dO, "→"))
    _bench(board, "", *shown, formula=_HINGE.replace("{c}", c), why=f"Exercise 3 (i): {board.setup.loss.wants}.")


def compare(board: Board, _: Ran, found: Mapping[str, LossComparison]) -> None:
    """The gradient of every loss on one scale, or its difference from cross-entropy's."""
    lab: Lab = board.setup
    show = board.choose("show", "Show", {
        "gradient": ("∂L/∂O", "the gradient of each loss"),
        "difference": ("difference from cross-entropy", "the difference from cross-entropy's gradient"),
    })  # fmt: skip
    board.frames("", (), 0)
    over = evenly(lab)
    offered = OVER if over.scale in OVER else {**OVER, over.scale: f"{over.scale} of the sum"}
    board.choose("over", "Loss", {scale: (words, words) for scale, words in offered.items()}, first=over.scale)
    contenders = logits.list_class_losses(lab.loss.margin)
    strip: list[Json] = []
    board.lines.append({
        "formula": mathml(_SHOWN[show]), "spoken": "gradients",
        "why": f"The same logits and labels, m = {lab.loss.margin:g}, one scale for all.", "strip": strip,
    })  # fmt: skip
    for name, c in found.items():
        board.values[dO] = board.lay.convert(dO, getattr(c, show))
        short = contenders[name].short
        # The caption is the loss's; the kind of matrix is the same for all.
        names = {"label": mathml(rf"\text{{{short}}}"), "text": f"∂L/∂O, {short}", "spoken": f"d L d O, {short}"}
        strip.append(tile(board.matrix(dO, name=f"dO.{name}", **names), scale="same"))
        defined = rf"\text{{{short}:}}\;\; \ell = {contenders[name].each}"
        board.lines.append({"formula": mathml(defined), "spoken": short, "why": f"{contenders[name].wants}."})


def evenly(lab: Lab) -> Conventions:
    """One constant for every loss: that of the conventions, else a sum over examples."""
    return replace(lab.conventions, scale=lab.conventions.scale or next(iter(OVER)))


_SHOWN = {
    "gradient": dO.latex,
    "difference": rf"{dO.latex} - \frac{{\partial\mathcal{{L}}_{{\mathrm{{CE}}}}}}{{\partial O}}",
}

#: What all losses that are compared carry in front of their sum over examples.
OVER = {"1": "sum over examples", "1/N": "mean"}


def sweep(board: Board, _: Ran) -> None:
    """One logit is chosen; the others stay."""
    _framed(board, "jn")
    _bench(board, "jn", (O, ""), (P, "→"), (ell, "→"), (dO, "→"))


def example(board: Board, _: Ran) -> None:
    """One example is chosen."""
    _framed(board, "n")
    _bench(board, "n", (O, ""), (Y, "and"), (ell, "→"), (dO, "→"))


#: The chapters whose charts draw several losses.
SEVERAL = ("compare", "sweep", "simplex", "descend")


def _offer(board: Board, shown: Collection[str]) -> None:
    """Which losses are drawn, chosen above all that changes its place with their number."""
    offered = logits.list_class_losses(board.setup.loss.margin)
    options = [{"value": name, "label": loss.short, "spoken": loss.title} for name, loss in offered.items()]
    chosen = [name for name in offered if name in shown]
    board.choices.append({"name": "shown", "label": "Losses", "options": options, "chosen": chosen, "many": True})


_BOARDS = {
    "terms": (terms, "scene"),
    "jacobian": (jacobian, "scene"),
    "margin": (margin, "bench"),
    "compare": (compare, "bench"),
    "sweep": (sweep, "bench"),
    "simplex": (example, "bench"),
    "descend": (example, "bench"),
}


def told(
    lab: Lab, place: Place, ran: Ran, shown: Collection[str] = (), found: Mapping[str, LossComparison] = NONE
) -> Json:
    """What the stage of the laboratory is told.

    Args:
        shown: names of the losses that are drawn side by side, on the chapters that do.
        found: what they are compared by, on the chapter that does.

    The cursor of the chapter that is played is not in it.
    """
    name = chapter_of(place)
    board = Board(lab, dict(ran[1]), replace(place, chosen={**place.chosen, "chapter": name}))
    board.choose("chapter", "", {n: (title, title) for n, title in CHAPTERS.items()})
    if name == "pass":
        return {**played(lab, *ran), "kind": "player", "choices": board.choices}
    put, arrangement = _BOARDS[name]
    if name in SEVERAL:
        _offer(board, shown)
    put(board, ran, found) if name == "compare" else put(board, ran)
    board.origins(ran)
    # Six matrices stand in two rows; terms are to be read, and may scroll for it.
    low, high = logits.choose_slider_range(lab.loss.margin)
    knob = {"of": wire_name(MARGIN), "label": "Margin m", "low": low, "high": high, "step": 0.005}
    legible = {"legible": True}
    more = {"margin": {"knob": knob}, "compare": {"room": 330}, "terms": legible, "jacobian": legible}
    return board.told("board", arrangement) | more.get(name, {})


#: What the frames of a chapter run over; those of the others are steps or nothing.
_FRAMES = {"terms": "jn", "jacobian": "jn", "sweep": "jn", "simplex": "n", "descend": "n"}


def at_rest(lab: Lab, place: Place) -> tuple[int, int]:
    """The class j and example n that the frame of a board stands at, as on the worksheet."""
    letters = _FRAMES.get(chapter_of(place), "")
    if letters != "jn":
        n = min(place.frame, lab.N - 1) if letters else 0
        return lab.labels[n], n
    shape = lab.inputs()[O].shape
    cell = np.unravel_index(min(place.frame, lab.classes * lab.N - 1), shape)
    return lab.conventions.lay.convert_cell(O, tuple(int(i) for i in cell))


def arrived(lab: Lab, before: Place, after: Place) -> Place:
    """The place in another chapter that is about the same logit or example as the one before."""
    old, new = (_FRAMES.get(chapter_of(p), "") for p in (before, after))
    if not old or not new:
        return after
    j, n = at_rest(lab, before)
    cell = lab.conventions.lay.convert_cell(O, (j, n))
    return replace(after, frame=n if new == "n" else int(np.ravel_multi_index(cell, lab.inputs()[O].shape)))
