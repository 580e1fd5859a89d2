"""The laboratory of exercise 3: its stage, and the charts below it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import streamlit as st

from mlpcore import Conventions, figures, logits
from mlpcore.logits import Lab, LossComparison
from mlpcore.losses import Loss
from mlpcore.notation import dO
from mlpcore.setup import same
from pages.ui.components.chart.chart import chart
from pages.ui.components.stage import chapters_hinge as chapters
from pages.ui.components.stage.stage import stage
from pages.ui.state import session
from pages.ui.state.app_state import LabView
from pages.ui.state.place import Place
from pages.ui.widgets.stages import restored
from pages.ui.widgets.words import escaped, table


@st.fragment
def hinge() -> None:
    """Exercise 3, chapter by chapter. An edit reruns this fragment only."""
    for kind in ("player", "board"):
        restored(f"hinge {kind}")
        session.apply_stage_events(f"hinge {kind}", "lab", chapters.arrived)
    chapter = chapters.chapter_of(session.get_state().lab_place)
    if chapter == "simplex":
        _drops()
    work, lab = session.get_state(), session.get_lab()
    place = work.lab_place
    more = {"example": f"lab {work.lab_example}", "answer": work.answer, "keep": session.build_keep_payload()}
    if chapter == "pass":
        untouched = same(lab, _begun(work.lab_example, lab.conventions))
        score, said = _pass_of_example(work.lab_example, lab.conventions) if untouched else _pass(lab)
        stage("hinge player", score, more | {"cursor": {"rev": place.rev, "step": place.frame}})
        st.markdown(said)
        return
    ran = lab.run()
    found = logits.compare(lab.logits, lab.targets, _losses(lab), chapters.evenly(lab)) if chapter == "compare" else {}
    stage("hinge board", chapters.told(lab, place, ran, work.lab_view.shown, found), more)
    below = {
        "margin": _margin,
        "compare": partial(_compare, found=found),
        "sweep": _sweep,
        "simplex": _simplex,
        "descend": _descend,
    }
    if chapter in below:
        below[chapter](lab, ran[1])
    st.markdown(_words(lab, ran))


def _begun(example: str, conventions: Conventions) -> Lab:
    return replace(logits.LABS[example].lab, conventions=conventions)


def _pass(lab: Lab) -> tuple[dict, str]:
    """The first chapter: its score, and what is said below."""
    ran = lab.run()
    return chapters.told(lab, Place(), ran), escaped(f"What the loss wants: {lab.loss.wants}. ") + _words(lab, ran)


@lru_cache(maxsize=64)
def _pass_of_example(example: str, conventions: Conventions) -> tuple[str, str]:
    """Likewise, as JSON, of what all of a class see when they come in at once."""
    score, said = _pass(_begun(example, conventions))
    return json.dumps(score), said


def _words(lab: Lab, ran: chapters.Ran) -> str:
    """What the three authorities say, and what there is to say of a margin or a class."""
    said = logits.cross_check(lab, ran)
    parts = []
    if said.closed is not None:
        parts.append(_seal(said.closed <= logits.CLOSE, f"closed form = backward pass ({said.closed:.0e})"))
    check = said.check
    beside = check.cells - check.probed - len(check.skipped)
    error = f"{check.error:.0e}, {check.probed} of {check.cells} logits" + (
        f"; {beside} not probed, to save time" * bool(beside)
    )
    parts.append(_seal(check.agrees, f"backward pass = central differences ({error})"))
    if check.skipped:
        gaps = list(dict.fromkeys((s.kink.symbol, s.kink_cell) for s in check.skipped))
        where = ", ".join(f"{name}[{row + 1}, {column + 1}]" for name, (row, column) in gaps[:3])
        more = " …" if len(gaps) > 3 else ""
        parts.append(escaped(f"not compared at {len(check.skipped)} logits, which move a gap across 0: {where}{more}"))
    if lab.classes == 1:
        parts.append(escaped("One class has no rival: the sum over l ≠ y is empty, so loss and gradient are 0."))
    elif lab.loss.margin < 0:
        lead = f"{-lab.loss.margin:g} ahead of the right class"
        parts.append(escaped(f"A negative margin asks for no lead: a rival pulls only once it is {lead}."))
    return " · ".join(parts)


def _seal(good: bool, words: str) -> str:
    return f":green[✓ {escaped(words)}]" if good else f":red[✗ {escaped(words)}]"


def _viewed(view: LabView, value: Any, field: str) -> LabView:
    """Another value of a field."""
    return replace(view, **{field: value})


def _losses(lab: Lab) -> dict[str, Loss]:
    """Which losses are drawn side by side, in the order in which they are offered."""
    shown = session.get_state().lab_view.shown
    return {name: loss for name, loss in logits.list_class_losses(lab.loss.margin).items() if name in shown}


def _with_margin(lab: Lab, value: float) -> Lab:
    return replace(lab, loss=replace(lab.loss, margin=float(value)))


def _margin(lab: Lab, _: dict) -> None:
    """The margin under the hand; loss and gradient over it, with every kink."""
    now = lab.loss.margin
    found = logits.find_kinks(lab.logits, lab.targets, lab.loss)
    at = logits.choose_margins(found, now)
    before = [k.margin for k in found if k.margin < now]
    after = [k.margin for k in found if k.margin > now]
    loss = lab.conventions.loss(lab.loss)
    # At the margin in force and at every kink, in one pass.
    left, right = logits.compute_margin_derivatives([now, *(k.margin for k in found)], lab.logits, lab.targets, loss)
    slopes = left[1:], right[1:]
    buttons, says = st.columns([1, 5], vertical_alignment="center")
    with buttons, st.container(horizontal=True):
        for label, where in (("← Kink", before[-1:]), ("Kink →", after[:1])):
            st.button(
                label,
                disabled=not where,
                help="To the next margin at which a gap is exactly 0.",
                on_click=session.change,
                args=(None, lambda lab, _, where=where: _with_margin(lab, where[0]), "margin"),
                kwargs={"about": "lab"},
            )
    says.markdown(_at_margin(lab, found, left[0]))
    curve = logits.sweep_margin(lab.logits, lab.targets, lab.loss, at, lab.conventions)
    shown = (("loss", "Loss", slopes), ("norm", "Norm of the gradient", None))
    for column, (what, says, beside) in zip(st.columns(2), shown, strict=True):
        with column:
            figure = figures.over_margin(curve, what, now, found, beside)
            chart(f"over margin {what}", figure, f"{says} over the margin, {len(found)} kinks")


def _at_margin(lab: Lab, found: list[logits.Kink], slope: float) -> str:
    """What there is to say of the margin in force, in one line; `slope` is dL/dm on its left."""
    here = logits.find_corner(lab, found)
    if here is None:
        each = lab.conventions.loss(lab.loss).c.factor(lab.N)
        said = (
            f"Between kinks dL/dm = {slope:g}: {each:g} for every active rival. "
            "A stroke on the axis is a kink: a margin at which a rival becomes active."
        )
        return escaped(said)
    where = ", ".join(f"rival {k + 1} of example {n + 1}" for k, n in here.at[:2]) + (" …" if len(here.at) > 2 else "")
    sign = "≥ 0, it counts" if lab.conventions.at_tie else "> 0, it does not count"
    return ":orange[Kink:] " + escaped(
        f"the gap of {where} is exactly 0. dL/dm {here.left:g} left, {here.right:g} right; ‖∂L/∂O‖ "
        f"{here.counted:.4g} if it counts, {here.left_out:.4g} if not. Conventions: {sign}."
    )


def _compare(lab: Lab, _: dict, found: dict[str, LossComparison]) -> None:
    """Norms and cosines, example by example and for the batch."""
    losses = _losses(lab)
    right = logits.compute_true_class_probabilities(lab)
    for column, what in zip(st.columns(2), ("norms", "cosines"), strict=True):
        with column:
            figure = figures.per_example(found, losses, right, what)
            chart(f"per example {what}", figure, f"{what} of the gradient of each example for every loss")
    table(
        ("loss function", "L", "‖∂L/∂O‖", "cosine to cross-entropy"),
        [
            (losses[name].short, _number(c.loss), _number(c.norm), _number(c.cosine if _fits(c.norm) else np.nan))
            for name, c in found.items()
        ],
    )


def _fits(x: float) -> bool:
    """Whether a number is one, and was not cut off where floats end."""
    return bool(np.isfinite(x)) and abs(x) < 1e300


def _number(x: float) -> str:
    return f"{x:.4g}" if _fits(x) else "–" if np.isnan(x) else "out of range"


def _sweep(lab: Lab, _: dict) -> None:
    """One logit moves, the others stay."""
    place = session.get_state().lab_place
    cell, over = chapters.at_rest(lab, place), chapters.evenly(lab)
    losses = _losses(lab)
    at = logits.choose_sweep_values(lab.logits, cell)
    found = [logits.find_jumps(lab.logits, lab.targets, loss, cell, at) for loss in losses.values()]
    at = logits.insert_jumps(at, np.concatenate(found))
    place = "".join(str(i + 1) for i in lab.conventions.lay.convert_cell(dO, cell))
    curves = {n: (logits.sweep(lab.logits, lab.targets, loss, cell, at, over), loss) for n, loss in losses.items()}
    wrong = logits.find_confidently_wrong(lab.logits, lab.targets, cell, at)
    for column, what in zip(st.columns(2), ("loss", "gradient"), strict=True):
        with column:
            figure = figures.along_logit(curves, what, cell, place, float(lab.logits[cell]), wrong)
            chart(f"swept {what}", figure, f"{what} of {len(losses)} losses over one logit")


def _drops() -> None:
    """An example that was dragged on a map goes there; so does the chosen one by a click; a clicked one is chosen."""
    lab = session.get_lab()
    for name in logits.list_class_losses(0.0):
        example, at = session.read_drop_event(f"simplex {name}")
        if lab.classes != 3 or (example is None and at is None) or (example or 0) >= lab.N:
            continue
        n = chapters.at_rest(lab, session.get_state().lab_place)[1] if example is None else example
        session.replace_lab(logits.move_example(lab, n, figures.to_simplex(**at)) if at else lab, n)


def _simplex(lab: Lab, _: dict) -> None:
    """The loss over all probabilities of three classes, with its pull."""
    if lab.classes != 3:
        st.info(
            f"The simplex is a triangle for three classes; here {'is' if lab.classes == 1 else 'are'} {lab.classes}."
        )
        return
    place = session.get_state().lab_place
    _, n = chapters.at_rest(lab, place)
    right = lab.labels[n]
    does, says = st.columns([1, 4], vertical_alignment="center")
    does.button(
        f"Make example {n + 1} confidently wrong",
        help="Into the dotted corner: one rival has almost all probability.",
        on_click=session.change,
        args=(None, lambda lab, _: logits.make_confidently_wrong(lab, n), "simplex"),
        kwargs={"about": "lab"},
    )
    says.caption(
        f"Dots: the examples of class {right + 1}, by number. Drag one, or click where example {n + 1} is to go. "
        "Darker: larger loss. Arrows: −∂L/∂o, the pull on each logit. Solid lines: kinks. Beyond a dotted line the "
        "answer is confidently wrong: there the hinge of p is darkest and its arrows vanish."
    )
    losses = _losses(lab)
    points = logits.collect_same_class(lab, n)
    over = chapters.evenly(lab)
    for column, (name, loss) in zip(st.columns(len(losses)), losses.items(), strict=True):
        with column:
            figure = figures.simplex(loss, right, over, points, n)
            chart(f"simplex {name}", figure, f"{loss.title} over the simplex, its gradient as arrows")


def _descend(lab: Lab, _: dict) -> None:
    """Gradient descent on the logits themselves, under each loss from the same start."""
    view, place = session.get_state().lab_view, session.get_state().lab_place
    right, n = chapters.at_rest(lab, place)
    losses = _losses(lab)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sliders = (("Rate", "rate", 0.1, 5.0, 0.1, "rate %.1f"), ("Steps", "count", 10, 300, 10, "%d steps"))
        for label, name, low, high, step, words in sliders:
            st.slider(
                label,
                low,
                high,
                step=step,
                format=words,
                label_visibility="collapsed",
                key=session.sync_widget(f"descent {name}", getattr(view, name)),
                on_change=session.change,
                args=(f"descent {name}", partial(_viewed, field=name)),
                kwargs={"about": "lab_view"},
                width=200,
            )
    over = chapters.evenly(lab)
    paths = {
        name: logits.descend(lab.logits, lab.targets, loss, view.rate, view.count, over)
        for name, loss in losses.items()
    }
    chart("descents", figures.descents(paths, losses, right, n), "Probability of the right class down each descent")
