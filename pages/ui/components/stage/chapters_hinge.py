"""The chapters of the laboratory of exercise 3: a pass to step through, boards, and matrices above charts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import numpy as np

from mlpcore import logits
from mlpcore.logits import Lab, LossComparison
from mlpcore.losses.scales import SCALES
from mlpcore.notation import A, G, O, P, Var, Y, dO, dP, ell
from mlpcore.notation import margin as MARGIN
from mlpcore.passes.conventions import Conventions
from pages.ui.components.stage.board import Board, Trace
from pages.ui.components.stage.payload import Json, build_steps_payload, to_mathml
from pages.ui.state.place import Place
from pages.ui.state.wire_names import wire_name

#: Name -> title. Those arranged as a bench (see `_BOARDS`) have charts below their matrices.
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

NO_COMPARISON: Mapping[str, LossComparison] = MappingProxyType({})

LEGEND = (
    "⟨A, B⟩_F: multiply cell by cell and add all · p = softmax(o) · G: gap p_l − p_y + m of class l to the true "
    "class y · A: 1 where a competing class is active · m: margin."
)


def get_chapter(place: Place) -> str:
    """Return the chapter a visitor is on."""
    return place.chapter if place.chapter in CHAPTERS else "pass"


def _set_frames(board: Board[Lab], letters: str, each: int = 0) -> list[tuple[int, ...]]:
    """Set frames over class j and example n, or one of them. Returns the cells that are sent, indexed (j, n)."""
    return board.set_cell_frames(O, letters, {"j": board.setup.classes, "n": board.setup.N}, each)


def fill_terms(board: Board[Lab], trace: Trace) -> None:
    """Show the worksheet's sum over competing classes for one cell of dL/dO, the inactive ones struck through."""
    lab = board.setup
    d = logits.terms(lab, _set_frames(board, "jn", lab.classes * lab.N), trace)
    board.add_derivation(d)
    here = next(v for v in d.stacked if v.kind == "dGdO")
    for var in (here, Var("terms")):
        board.matrices[wire_name(var)] |= {"struck": wire_name(A)}
    why = "Exercise 3 (ii): for logit j, the sum over examples i and competing classes l of each."
    board.add_line(logits.write_double_sum(lab.conventions.loss(lab.loss)), why)
    at, column = board.order_letters(dO, "jn"), board.order_letters(G, "·n")
    board.add_claim(d.claims[0], numbers=False, strip=[
        board.make_tile(A, column),
        board.make_tile(here, column, "⊙"),
        board.make_tile(Var("terms"), column, "=", scale="sum"),
        board.make_tile(dO, at, "Σ →", fills=True, scale="sum"),
    ])  # fmt: skip
    board.add_claim(d.claims[1], numbers=False, strip=[
        board.make_tile(O, at),
        board.make_tile(P, column, "→"),
        board.make_tile(Y, column, "and"),
        board.make_tile(G, column, "→"),
    ])  # fmt: skip
    for claim in d.claims[2:]:
        board.add_claim(claim, numbers=False)
    made = wire_name(d.part(dO, "jn"))
    board.matrices[made]["text"] = dO.symbol
    board.frame |= {"reads": made, "legend": LEGEND}


def fill_jacobian(board: Board[Lab], trace: Trace) -> None:
    """Show dp_k/do_j of one example, off-diagonals included, and dL/dO through it."""
    lab = board.setup
    d = logits.jacobians(lab, _set_frames(board, "jn", lab.classes**2), trace)
    board.add_derivation(d)
    J = next(v for v in d.stacked if v.kind == "dPdO")
    p, g = (d.part(v, "·n") for v in (P, dP))
    board.add_claim(d.claims[1], numbers=False, strip=[
        board.make_tile(P, board.order_letters(P, "·n")),
        board.make_tile(p, "k", "→"),
        board.make_tile(J, board.order_letters(J, "kj"), "→"),
    ])  # fmt: skip
    line = board.add_claim(d.claims[0], numbers=False)
    board.matrices[line["value"]]["text"] = d.part(dO, "·n").symbol
    factors = [
        board.make_tile(J, board.order_letters(J, "kj"), "", True, label=to_mathml(J.latex + r"^{\top}")),
        board.make_tile(g, "k", "·"),
    ]
    if board.lay.transposes(O):  # rows stand left of what they are multiplied with
        factors = [board.make_tile(g, "k"), board.make_tile(J, board.order_letters(J, "kj"), "·")]
    line["strip"] = [
        *factors,
        board.make_tile(line["value"], "j", "=", scale="sum"),
        board.make_tile(dO, board.order_letters(dO, "jn"), "→", fills=True, scale="sum"),
    ]
    board.frame |= {"reads": line["value"], "legend": LEGEND}


def _add_bench(board: Board[Lab], letters: str, *shown: tuple[Var, str], formula: str = "", why: str = "") -> None:
    """Add one line of matrices, those that the charts below are drawn from."""
    scale = board.setup.conventions.scale
    if scale and not formula:
        why = f"Reduction of every loss: {SCALES[scale].title} (see Losses compared, or Conventions)."
    marked = letters and letters.rjust(2, "·")
    strip = []
    for var, sign in shown:
        letters = board.order_letters(var, marked if len(var.axes) == 2 else marked[-1:])
        strip.append(board.make_tile(var, letters, sign, scale=wire_name(var)))
    board.add_line(formula, why, strip=strip)


_HINGE = r"\mathcal{L} = {c}\sum_n\sum_{l\neq y_n}\max(0,\; p_l - p_{y_n} + m),\quad p = \operatorname{softmax}(o)"


def fill_margin(board: Board[Lab], _: Trace) -> None:
    """Show the active set as the margin moves."""
    c = board.setup.conventions.loss(board.setup.loss).c.latex()
    shown = ((O, ""), (MARGIN, "and"), (G, "→"), (A, "→"), (ell, "→"), (dO, "→"))
    _add_bench(board, "", *shown, formula=_HINGE.replace("{c}", c), why=f"Exercise 3 (i): {board.setup.loss.wants}.")


def fill_comparison(board: Board[Lab], _: Trace, compared: Mapping[str, LossComparison]) -> None:
    """Show the gradient of every loss on one scale, or its difference from that of cross-entropy."""
    lab = board.setup
    show = board.add_choice("show", "Show", {
        "gradient": ("∂L/∂O", "the gradient of each loss"),
        "difference": ("difference from cross-entropy", "the difference from cross-entropy's gradient"),
    })  # fmt: skip
    scale = with_common_scale(lab).scale or ""
    offered = COMMON_SCALES if scale in COMMON_SCALES else {**COMMON_SCALES, scale: f"{scale} of the sum"}
    board.add_choice("over", "Loss", {name: (words, words) for name, words in offered.items()}, first=scale)
    contenders = logits.list_class_losses(lab.loss.margin)
    why = f"The same logits and labels, m = {lab.loss.margin:g}, one scale for all."
    strip = board.add_line(_SHOWN[show], why, strip=[])["strip"]
    for name, c in compared.items():
        board.values[dO] = board.lay.convert(dO, getattr(c, show))
        short = contenders[name].short
        # The caption is the loss's; the kind of matrix is the same for all.
        names: Json = {
            "label": to_mathml(rf"\text{{{short}}}"),
            "text": f"∂L/∂O, {short}",
            "spoken": f"gradient of the loss by O, {short}",
        }
        strip.append(board.make_tile(board.add_matrix(dO, name=f"dO.{name}", **names), scale="same"))
        board.add_line(rf"\text{{{short}:}}\;\; \ell = {contenders[name].each}", f"{contenders[name].wants}.")


def with_common_scale(lab: Lab) -> Conventions:
    """Return conventions with one constant for every loss: their own, or else a sum over examples."""
    return replace(lab.conventions, scale=lab.conventions.scale or next(iter(COMMON_SCALES)))


_SHOWN = {
    "gradient": dO.latex,
    "difference": rf"{dO.latex} - \frac{{\partial\mathcal{{L}}_{{\mathrm{{CE}}}}}}{{\partial O}}",
}

#: Constants that all compared losses may carry in front of their sum over examples.
COMMON_SCALES = {"1": "sum over examples", "1/N": "mean"}


def fill_sweep(board: Board[Lab], _: Trace) -> None:
    """Show one chosen logit, which is varied."""
    _set_frames(board, "jn")
    _add_bench(board, "jn", (O, ""), (P, "→"), (ell, "→"), (dO, "→"))


def fill_example(board: Board[Lab], _: Trace) -> None:
    """Show one chosen example."""
    _set_frames(board, "n")
    _add_bench(board, "n", (O, ""), (Y, "and"), (ell, "→"), (dO, "→"))


#: The chapters whose charts draw several losses.
CHAPTERS_OF_LOSSES = ("compare", "sweep", "simplex", "descend")


def _offer_losses(board: Board[Lab], shown: Collection[str]) -> None:
    """Add the choice of losses above everything whose position depends on their number."""
    offered = logits.list_class_losses(board.setup.loss.margin)
    options = [
        {"value": name, "label": loss.short, "spoken": f"{loss.title}: {loss.short}"} for name, loss in offered.items()
    ]
    chosen = [name for name in offered if name in shown]
    board.choices.append({"name": "shown", "label": "Losses", "options": options, "chosen": chosen, "many": True})


_BOARDS: dict[str, tuple[Callable[[Board[Lab], Trace], None], str]] = {
    "terms": (fill_terms, "scene"),
    "jacobian": (fill_jacobian, "scene"),
    "margin": (fill_margin, "bench"),
    "sweep": (fill_sweep, "bench"),
    "simplex": (fill_example, "bench"),
    "descend": (fill_example, "bench"),
}


def build_lab_payload(
    lab: Lab,
    place: Place,
    trace: Trace,
    shown: Collection[str] = (),
    compared: Mapping[str, LossComparison] = NO_COMPARISON,
) -> Json:
    """Build the payload of the laboratory's stage, without the cursor of the chapter that is played.

    Args:
        shown: names of the losses to draw side by side, in the chapters of several losses.
        compared: the comparison of those losses, in the chapter "compare".
    """
    name = get_chapter(place)
    board = Board(lab, dict(trace[1]), replace(place, chosen={**place.chosen, "chapter": name}))
    board.add_choice("chapter", "", {n: (title, title) for n, title in CHAPTERS.items()})
    if name == "pass":
        payload = build_steps_payload(*trace, board.lay, board.editable)
        return {**payload, "kind": "player", "choices": board.choices}
    if name in CHAPTERS_OF_LOSSES:
        _offer_losses(board, shown)
    fill, arrangement = _BOARDS.get(name, (partial(fill_comparison, compared=compared), "bench"))
    fill(board, trace)
    board.add_origins(trace)
    # Six matrices stand in two rows of limited height; terms are kept legible and may scroll instead.
    low, high = logits.choose_slider_range(lab.loss.margin)
    knob = {"of": wire_name(MARGIN), "label": "Margin m", "low": low, "high": high, "step": 0.005}
    legible: Json = {"legible": True}
    more: dict[str, Json] = {"margin": {"knob": knob}, "compare": {"room": 330}, "terms": legible, "jacobian": legible}
    return board.build_payload(arrangement) | more.get(name, {})


#: Subscripts that the frames of a chapter run over; other chapters have steps or no frames.
_FRAMES = {"terms": "jn", "jacobian": "jn", "sweep": "jn", "simplex": "n", "descend": "n"}


def find_cell(lab: Lab, place: Place) -> tuple[int, int]:
    """Return the class j and example n of the present frame, or the right class of its example."""
    letters = _FRAMES.get(get_chapter(place), "")
    if letters != "jn":
        n = min(place.frame, lab.N - 1) if letters else 0
        return lab.labels[n], n
    shape = lab.inputs()[O].shape
    cell = np.unravel_index(min(place.frame, lab.classes * lab.N - 1), shape)
    j, n = lab.conventions.lay.convert_cell(O, tuple(int(i) for i in cell))
    return j, n


def carry_cell_over(lab: Lab, before: Place, after: Place) -> Place:
    """Return the place in another chapter that is about the same logit or example."""
    old, new = (_FRAMES.get(get_chapter(p), "") for p in (before, after))
    if not old or not new:
        return after
    j, n = find_cell(lab, before)
    frame = (
        n
        if new == "n"
        else int(np.ravel_multi_index(lab.conventions.lay.convert_cell(O, (j, n)), lab.inputs()[O].shape))
    )
    return replace(after, frame=frame)
