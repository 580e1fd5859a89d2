"""The laboratory of exercise 3: its stage, and the charts below it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import streamlit as st

from mlpcore import Conventions, figures, logits
from mlpcore.checking.numerical_gradients import AGREES, DISAGREES, NOT_MEASURABLE
from mlpcore.logits import Lab, LossComparison
from mlpcore.losses import Loss
from mlpcore.notation import dO
from mlpcore.setup import same
from pages.ui.components.chart.chart import draw_chart
from pages.ui.components.stage import chapters_hinge as chapters
from pages.ui.components.stage.board import Trace
from pages.ui.components.stage.stage import draw_stage
from pages.ui.state import session
from pages.ui.state.place import Place
from pages.ui.widgets.bound import choose, on_click
from pages.ui.widgets.stages import apply_restore
from pages.ui.widgets.words import draw_table, escape_markdown


@st.fragment
def draw_hinge_lab() -> None:
    """Draw exercise 3. An edit reruns this fragment only."""
    for stage in ("hinge player", "hinge board"):
        apply_restore(stage)
        session.apply_stage_events(stage, "lab", chapters.carry_cell_over)
    chapter = chapters.get_chapter(session.get_state().lab_place)
    if chapter == "simplex":
        _apply_drops()
    state, lab = session.get_state(), session.get_lab()
    place = state.lab_place
    more = {"example": f"lab {state.lab_example}", "answer": state.answer, "keep": session.build_keep_payload()}
    if chapter == "pass":
        cursor = {"cursor": {"rev": place.rev, "step": place.frame}}
        payload: dict | str
        if same(lab, _make_example_lab(state.lab_example, lab.conventions)):
            payload, words = _build_example_pass(state.lab_example, lab.conventions)
        else:
            payload, words = _build_pass(lab)
        draw_stage("hinge player", payload, more | cursor)
        st.markdown(words)
        return
    trace = lab.run()
    compared: dict[str, LossComparison] = {}
    if chapter == "compare":
        compared = logits.compare(lab.logits, lab.targets, _get_losses(lab), chapters.with_common_scale(lab))
    draw_stage("hinge board", chapters.build_lab_payload(lab, place, trace, state.lab_view.shown, compared), more)
    charts: dict[str, Callable[[Lab], None]] = {
        "margin": _draw_margin,
        "compare": partial(_draw_comparison, compared=compared),
        "sweep": _draw_sweep,
        "simplex": _draw_simplex,
        "descend": _draw_descent,
    }
    if chapter in charts:
        charts[chapter](lab)
    st.markdown(_describe_checks(lab, trace))


def _make_example_lab(example: str, conventions: Conventions) -> Lab:
    return replace(logits.LABS[example].lab, conventions=conventions)


def _build_pass(lab: Lab) -> tuple[dict, str]:
    """Return the payload of the first chapter, and the text below it."""
    trace = lab.run()
    wants = escape_markdown(f"What the loss wants: {lab.loss.wants}. ")
    return chapters.build_lab_payload(lab, Place(), trace), wants + _describe_checks(lab, trace)


@lru_cache(maxsize=64)
def _build_example_pass(example: str, conventions: Conventions) -> tuple[str, str]:
    """Return `_build_pass` of an example as JSON: what a whole class asks for when it comes in at once."""
    payload, words = _build_pass(_make_example_lab(example, conventions))
    return json.dumps(payload), words


def _describe_checks(lab: Lab, trace: Trace) -> str:
    """Describe how closed form, backward pass and numerical gradient agree, and what is special about the case."""
    verdicts = logits.cross_check(lab, trace)
    parts = []
    if verdicts.closed is not None:
        parts.append(
            _format_check(
                AGREES if verdicts.closed <= logits.CLOSE else DISAGREES,
                f"closed form = backward pass ({verdicts.closed:.0e})",
            )
        )
    check = verdicts.check
    left_out = check.size - check.compared - len(check.skipped)
    error = f"{check.error:.0e}, " if check.compared else ""
    words = f"backward pass = central differences ({error}{check.compared} of {check.size} logits compared" + (
        f"; {left_out} not probed, to save time)" if left_out else ")"
    )
    parts.append(_format_check(check.verdict, words))
    at_kinks = [(s.kink.symbol, s.kink_cell) for s in check.skipped if s.kink is not None]
    if at_kinks:
        gaps = list(dict.fromkeys(at_kinks))
        where = ", ".join(f"{name}[{row + 1}, {column + 1}]" for name, (row, column) in gaps[:3])
        more = " …" if len(gaps) > 3 else ""
        parts.append(
            escape_markdown(f"not compared at {len(at_kinks)} logits, which move a gap across 0: {where}{more}")
        )
    parts += [
        f"{count} logits not compared: {reason}"
        for reason, count in Counter(s.reason for s in check.skipped if s.kink is None).items()
    ]
    if lab.classes == 1:
        parts.append(
            escape_markdown(
                "One class has no competing class: the sum over l ≠ y is empty, so loss and gradient are 0."
            )
        )
    elif lab.loss.margin < 0:
        lead = f"{-lab.loss.margin:g} ahead of the true class"
        parts.append(
            escape_markdown(
                f"With a negative margin a competing class contributes to the gradient only once it is {lead}."
            )
        )
    return " · ".join(parts)


def _format_check(verdict: str, words: str) -> str:
    colour, mark = {AGREES: ("green", "✓"), DISAGREES: ("red", "✗"), NOT_MEASURABLE: ("gray", "–")}[verdict]
    return f":{colour}[{mark} {escape_markdown(words)}]"


def _get_losses(lab: Lab) -> dict[str, Loss]:
    """Return the losses that are drawn side by side, in the order in which they are offered."""
    shown = session.get_state().lab_view.shown
    return {name: loss for name, loss in logits.list_class_losses(lab.loss.margin).items() if name in shown}


def _with_margin(lab: Lab, kinks: list[float]) -> Lab:
    return replace(lab, loss=replace(lab.loss, margin=float(kinks[0])))


def _draw_margin(lab: Lab) -> None:
    """Draw buttons to the next kink; loss and gradient over the margin."""
    now = lab.loss.margin
    kinks = logits.find_kinks(lab.logits, lab.targets, lab.loss)
    at = logits.choose_margins(kinks, now)
    before = [k.margin for k in kinks if k.margin < now]
    after = [k.margin for k in kinks if k.margin > now]
    loss = lab.conventions.loss(lab.loss)
    # At the margin in force and at every kink, in one pass.
    left, right = logits.compute_margin_derivatives([now, *(k.margin for k in kinks)], lab.logits, lab.targets, loss)
    derivatives = left[1:], right[1:]
    buttons, text = st.columns([1, 5], vertical_alignment="center")
    with buttons, st.container(horizontal=True):
        for label, where in (("← Kink", before[-1:]), ("Kink →", after[:1])):
            st.button(
                label,
                disabled=not where,
                help="To the next margin at which a gap is exactly 0.",
                **on_click(partial(_with_margin, kinks=where), "margin", "lab"),
            )
    text.markdown(_describe_margin(lab, kinks, left[0]))
    curve = logits.sweep_margin(lab.logits, lab.targets, lab.loss, at, lab.conventions)
    charts = (("loss", "Loss", derivatives), ("norm", "Norm of the gradient", None))
    for column, (what, name, beside) in zip(st.columns(2), charts, strict=True):
        with column:
            figure = figures.over_margin(curve, what, now, kinks, beside)
            draw_chart(f"over margin {what}", figure, f"{name} over the margin, {len(kinks)} kinks")


def _describe_margin(lab: Lab, kinks: list[logits.Kink], derivative: float) -> str:
    """Describe the margin in force in one line; `derivative` is dL/dm on its left."""
    here = logits.find_corner(lab, kinks)
    if here is None:
        each = lab.conventions.loss(lab.loss).c.factor(lab.N)
        text = (
            f"Between kinks dℒ/dm = {derivative:g}: {each:g} for every active competing class. "
            "Ticks mark kinks: margins at which a competing class becomes active."
        )
        return escape_markdown(text)
    where = ", ".join(f"competing class {k + 1} of example {n + 1}" for k, n in here.at[:2]) + (
        " …" if len(here.at) > 2 else ""
    )
    sign = "counts as active" if lab.conventions.at_tie else "does not count as active"
    return ":orange[Kink:] " + escape_markdown(
        f"the gap of {where} is exactly 0. The derivative dℒ/dm jumps from {here.left:g} to {here.right:g} here. "
        f"A gap of exactly 0 {sign} (see Conventions): ‖∂ℒ/∂O‖ is {here.counted:.4g} with it, {here.left_out:.4g} "
        "without."
    )


def _draw_comparison(lab: Lab, compared: dict[str, LossComparison]) -> None:
    """Draw norms and cosines, example by example, and a table for the batch."""
    losses = _get_losses(lab)
    right = logits.compute_true_class_probabilities(lab)
    for column, what in zip(st.columns(2), ("norms", "cosines"), strict=True):
        with column:
            figure = figures.per_example(compared, losses, right, what)
            draw_chart(f"per example {what}", figure, f"{what} of the gradient of each example for every loss")
    draw_table(
        ("loss function", "ℒ", "‖∂ℒ/∂O‖", "cosine to cross-entropy"),
        [
            (
                losses[name].short,
                _format_number(c.loss),
                _format_number(c.norm),
                _format_number(c.cosine if _is_in_range(c.norm) else np.nan),
            )
            for name, c in compared.items()
        ],
    )


def _is_in_range(x: float) -> bool:
    """Tell whether a number is finite and not near the largest float."""
    return bool(np.isfinite(x)) and abs(x) < 1e300


def _format_number(x: float) -> str:
    return f"{x:.4g}" if _is_in_range(x) else "–" if np.isnan(x) else "out of range"


def _draw_sweep(lab: Lab) -> None:
    """Draw loss and gradient over one logit, the others fixed."""
    cell, over = chapters.find_cell(lab, session.get_state().lab_place), chapters.with_common_scale(lab)
    losses = _get_losses(lab)
    at = logits.choose_sweep_values(lab.logits, cell)
    jumps = [logits.find_jumps(lab.logits, lab.targets, loss, cell, at) for loss in losses.values()]
    at = logits.insert_jumps(at, np.concatenate(jumps))
    digits = "".join(str(i + 1) for i in lab.conventions.lay.convert_cell(dO, cell))
    curves = {n: (logits.sweep(lab.logits, lab.targets, loss, cell, at, over), loss) for n, loss in losses.items()}
    wrong = logits.find_confidently_wrong(lab.logits, lab.targets, cell, at)
    for column, what in zip(st.columns(2), ("loss", "gradient"), strict=True):
        with column:
            figure = figures.along_logit(curves, what, cell, digits, float(lab.logits[cell]), wrong)
            draw_chart(f"swept {what}", figure, f"{what} of {len(losses)} losses over one logit")


def _apply_drops() -> None:
    """Apply events on the maps: drags move an example, clicks choose one or say where the chosen one is to go."""
    lab = session.get_lab()
    for name in logits.list_class_losses(0.0):
        example, at = session.read_drop_event(f"simplex {name}")
        if lab.classes != 3 or (example is None and at is None) or (example or 0) >= lab.N:
            continue
        n = chapters.find_cell(lab, session.get_state().lab_place)[1] if example is None else example
        session.replace_lab(logits.move_example(lab, n, figures.to_simplex(**at)) if at else lab, n)


def _draw_simplex(lab: Lab) -> None:
    """Draw the loss over all probabilities of three classes, and its descent direction."""
    if lab.classes != 3:
        st.info(f"This view needs exactly 3 classes; you have {lab.classes}.")
        return
    place = session.get_state().lab_place
    _, n = chapters.find_cell(lab, place)
    right = lab.labels[n]
    button, text = st.columns([3, 8], vertical_alignment="center")
    button.button(
        f"Make example {n + 1} confidently misclassified",
        help=f"Into a hatched corner: a wrong class has p ≥ {logits.CONFIDENT:g}.",
        **on_click(lambda lab: logits.make_confidently_wrong(lab, n), "simplex", "lab"),
    )
    text.caption(
        f"Dots: the examples of class {right + 1}, by number. Drag one, or click where example {n + 1} is to go. "
        "Stronger colour: larger loss. Arrows: −∂ℒ/∂o, by which each logit moves. Solid lines: kinks. Hatched corners: "
        f"confidently misclassified (a wrong class has p ≥ {logits.CONFIDENT:g})."
    )
    losses = _get_losses(lab)
    points = logits.collect_same_class(lab, n)
    over = chapters.with_common_scale(lab)
    for column, (name, loss) in zip(st.columns(len(losses)), losses.items(), strict=True):
        with column:
            figure = figures.simplex(loss, right, over, points, n)
            draw_chart(f"simplex {name}", figure, f"{loss.title} over the simplex, its gradient as arrows")


def _draw_descent(lab: Lab) -> None:
    """Draw gradient descent on the logits, under each loss from the same start."""
    view, place = session.get_state().lab_view, session.get_state().lab_place
    right, n = chapters.find_cell(lab, place)
    losses = _get_losses(lab)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        look: dict[str, Any] = {"label_visibility": "collapsed", "width": 200}
        choose("lab_view", "rate", st.slider, "Rate", 0.1, 5.0, step=0.1, format="rate %.1f", **look)
        choose("lab_view", "count", st.slider, "Steps", 10, 300, step=10, format="%d steps", **look)
    over = chapters.with_common_scale(lab)
    paths = {
        name: logits.descend(lab.logits, lab.targets, loss, view.rate, view.count, over)
        for name, loss in losses.items()
    }
    draw_chart("descents", figures.descents(paths, losses, right, n), "Probability of the true class down each descent")
