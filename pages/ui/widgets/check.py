"""The page Check: a learner's matrices as text, the verdict on every cell, and the mistake that explains them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from mlpcore import MISTAKES, Conventions, Optimiser, Setup, Var, check_work, evaluate, exchange, training_step
from mlpcore.checking.work import FOLLOWS, LONG_PASS, OPEN, RIGHT, WRONG, Judged, WorkReport
from mlpcore.exchange import Digits, NamedText
from pages.ui.components.stage import chapters, chapters_hinge
from pages.ui.state import session
from pages.ui.state.app_state import MAX_WORK, AppState
from pages.ui.state.steps_taken import StepsTaken, find_steps, list_steps
from pages.ui.state.wire_names import wire_name
from pages.ui.widgets.bound import bind, on_click
from pages.ui.widgets.stages import draw_silent_stage
from pages.ui.widgets.words import escape_markdown, show_errors

#: Of a larger matrix the first rows and columns are shown.
_MOST_SHOWN = 16
_MOST_PLACES = 6
#: A float has no more.
_MOST_DIGITS = 17
#: Of more mistakes that give the same numbers, the first are shown with their equations.
_MOST_EQUATIONS = 4
#: Conventions that are tried on the whole work.
_MOST_CONVENTIONS = 4
_MARKS = {RIGHT: "✓", FOLLOWS: "↳", WRONG: "✗", OPEN: "?"}
_COLOURS = {RIGHT: "green", FOLLOWS: "gray", WRONG: "red", OPEN: "gray"}
_PLACEHOLDER = """S_1 = [[0.458, 0.1205, -0.442, 0.1195], ...]
dL/dW_1 =
-0.0033  -0.0041
-0.0050  -0.0061
-0.0376   0.0018"""
_ONE_CELL = re.compile(r"\s*([\w/∂δ]{1,20})\s*[\[(]\s*\d+\s*,\s*\d+\s*[\])]\s*=")
_STYLE = """<style>
  .mlp-check { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  .mlp-check td { padding: 0.1rem 0.5rem; text-align: right; border: 1px solid rgba(128, 128, 128, 0.25); }
  .mlp-check .wrong { outline: 2px solid #d33; outline-offset: -2px; font-weight: 600; }
  .mlp-check .follows { border-bottom: 2px dotted rgba(128, 128, 128, 0.9); }
  .mlp-check td:focus { outline: 3px solid #6a3fa0; outline-offset: -3px; }
  .mlp-check small { display: block; font-weight: 400; opacity: 0.8; white-space: nowrap; }
  .stHtml:has(.mlp-check) { overflow-x: auto; }
</style>"""


def draw_check() -> None:
    """Draw the field for the work, and the verdicts on it."""
    draw_silent_stage()
    field, verdicts = st.columns([2, 3], gap="medium")
    work = session.get_state().work
    refused = session.get_notice("work")
    with field:
        st.text_area(
            "Your matrices, each with its name: a table, NumPy, MATLAB, LaTeX, or a solution with its numbers",
            **bind("work", refused[1] if refused else work, _limit_work, "work"),
            height=340,
            placeholder=_PLACEHOLDER,
        )
        st.caption("They are compared with the network of the other pages when you leave the field (or Ctrl+Enter).")
        show_errors("work")
        with st.container(horizontal=True):
            st.button("Show an example with a mistake", on_click=_put, args=(_write_example,))
            st.button("Clear", on_click=_put, args=(lambda _: "",), disabled=not work)
    with verdicts:
        if work.strip():
            _draw_verdicts(session.get_state())


def _limit_work(work: str, text: str | None) -> str:
    """Take a text of the field, unless it is too long."""
    text = str(text or "")
    if len(text) > MAX_WORK:
        raise ValueError(f"the text has {len(text):,} characters; {MAX_WORK:,} are the most that is read")
    return text


def _put(write: Callable[[Setup], str]) -> None:
    """Put a text in place of the work."""
    setup = session.get_state().setup
    session.change_at_once(lambda _: write(setup), "work", "work")


def _write_example(setup: Setup) -> str:
    """Write the pass of this network with a mistake in it: the first of a few that can be seen in what is written."""
    lay = setup.conventions.lay
    here = replace(setup, conventions=replace(setup.conventions, layout="columns"))
    steps = training_step(here.net, here.loss, conventions=here.conventions)
    shown = [s.out for s in steps if s.phase in ("forward", "backward") and exchange.name_of(s.out.text) == s.out]
    digits = Digits(4)
    for name in ("W already updated", "forgot f'", "no 1/N", "Y - Z for Z - Y"):
        values = evaluate(MISTAKES[name].rewrite(steps), here.inputs())
        rows = {v: exchange.files.rows_of(lay.convert(v, values[v])) for v in shown}
        text = "\n\n".join(
            f"{v.text} =\n" + "\n".join("  ".join(map(digits, row)) for row in x) for v, x in rows.items()
        )
        report = check_work(setup, text, pairs=False)
        if report.first_wrong and name in report.of[report.first_wrong].mistakes:
            return text
    return ""


@dataclass(frozen=True)
class _Task:
    """What is compared with what.

    Attributes:
        work: the text.
        optimiser: what makes the update; None for plain descent.
        taken: the steps after which the set-up is, with what the optimiser keeps from them.
    """

    setup: Setup
    work: str
    optimiser: Optimiser | None
    taken: StepsTaken | None

    def check(self, named: NamedText, **how: Any) -> WorkReport:
        """Judge matrices that were read."""
        kept = self.taken.find_kept(self.optimiser) if self.taken else None
        if self.taken and kept:
            before, now = self.taken.setup.conventions.lay, self.setup.conventions.lay
            kept = {v: now.convert(v, before.convert(v, x)) for v, x in kept.items()}
        return check_work(self.setup, dict(named.matrices), optimiser=self.optimiser, state=kept, **how)


@lru_cache(maxsize=64)
def _judge(task: _Task) -> tuple[WorkReport, NamedText]:
    """Judge the matrices of a text, without pairs of mistakes. Returns what else has a name as well."""
    named = _read(task.setup, task.work)
    return task.check(named, pairs=False) if named.matrices else WorkReport({}), named


def _read(setup: Setup, work: str) -> NamedText:
    """Read the matrices of this pass in a text."""
    shapes = exchange.list_shapes(setup)
    named = exchange.list_named(work, shapes)
    for var in named.matrices.keys() - shapes.keys():
        del named.matrices[var]
        named.errors[var.text] = "it is no matrix of this pass"
    return named


@lru_cache(maxsize=64)
def _find_pairs(task: _Task) -> Mapping[Var, Judged]:
    """Judge them with pairs of mistakes, and draw a progress bar meanwhile."""
    bar = st.progress(0.0, "No single mistake fits all of it. Trying two at once …")
    report = task.check(_read(task.setup, task.work), progress=bar.progress)
    bar.empty()
    return report.of


def _draw_verdicts(state: AppState) -> None:
    setup, optimiser = state.setup, state.training.step_optimiser
    task = _Task(setup, state.work, optimiser, find_steps(state) if optimiser else None)
    try:
        report, named = _judge(task)
        if not (report.of or named.errors or named.formulas):
            _offer_names(setup, state.work)
            return
    except ValueError as error:
        st.error(escape_markdown(str(error)))
        return
    for name, why in list(named.errors.items())[:_MOST_PLACES]:
        st.error(escape_markdown(f"{name} is not read: {why}"))
    if report.of:
        st.html(_STYLE)
        _draw_summary(setup, report)
    if optimiser and any(var.new for var in report.of):
        st.caption(escape_markdown(f"The update is the one that is shown on Step through: {optimiser.title}."))
    _draw_notes(named)
    offered = _offer_conventions(task, report)
    unexplained = {}
    for var in sorted(report.of, key=lambda var: report.of[var].verdict != WRONG):
        judged = report.of[var]
        _draw_matrix(var, judged, is_given=var in setup.inputs())
        if judged.verdict != WRONG:
            continue
        if len(report.of) > 1 and any(
            c in offered and c.layout != setup.conventions.layout for c in judged.conventions
        ):
            continue  # the whole solution is in another layout: stated once, above
        _draw_mistakes(state, var, judged, offered)
        if not judged.is_explained:
            unexplained[var] = st.container()
    # Last, so that all that a single mistake explains is on the screen before.
    for var, place in unexplained.items():
        with place:
            _draw_pairs(setup, _find_pairs(task)[var])


def _offer_names(setup: Setup, work: str) -> None:
    """Ask which matrix a text without a name is."""
    if cell := _ONE_CELL.match(work):
        raise ValueError(
            f"{cell[1]} is given by single cells: write the matrix whole, {cell[1]} = ..., with ? for open cells"
        )
    try:
        reading = exchange.list_readings(work)[0]
    except ValueError as error:
        why = f" As one matrix it cannot be read either: {error}." if re.search(r"\d", work) else ""
        raise ValueError(
            f"No name of a matrix with its numbers, such as dL/dW_1 = ..., is in this text.{why}"
        ) from None
    values = setup.run()[1]
    shape = reading.values.shape
    fitting = [v for v, x in values.items() if np.size(x) == reading.values.size and exchange.name_of(v.text) == v]
    fitting.sort(key=lambda v: (v.role != "gradient", np.shape(values[v]) != shape))
    if not fitting:
        st.error(escape_markdown(f"No matrix of this pass has the shape of this one, {shape[0]}×{shape[1]}."))
        return
    st.markdown("Which matrix is this?")
    with st.container(horizontal=True):
        for var in fitting[:16]:
            st.button(var.symbol, on_click=_put, args=(lambda _, v=var: f"{v.text} =\n{work.strip()}",))


def _draw_notes(named: NamedText) -> None:
    """Name what has a name and was not read, or not alone."""
    formulas = [var.symbol for var in dict.fromkeys(named.formulas) if var not in named.matrices]
    if formulas:
        words = f"Formulas and code are not run: of {', '.join(formulas)} nothing is read. Paste the numbers they give."
        st.info(escape_markdown(words))
    if named.repeated:
        twice = ", ".join(var.symbol for var in dict.fromkeys(named.repeated))
        st.warning(escape_markdown(f"Given more than once, with other numbers: {twice}. The last one is read."))
    if named.activations_are_a:
        words = "This text has activations A_l: its Z_l are read as S_l, its dZ_l as δ_l, and A_l as Z_l."
        st.caption(escape_markdown(words))
    if named.unknown:
        st.caption(escape_markdown(f"Not read, as these names are not known here: {', '.join(named.unknown)}."))


def _draw_summary(setup: Setup, report: WorkReport) -> None:
    first = report.first_wrong
    computed = {var: judged for var, judged in report.of.items() if var not in setup.inputs()}
    if first is None and not computed:
        names = ", ".join(var.symbol for var in report.of)
        st.markdown(escape_markdown(f"Only what is given was read ({names}): nothing that is computed was compared."))
        return
    verdicts = np.concatenate([judged.cells.ravel() for judged in (computed if first is None else report.of).values()])
    cells, right = int((verdicts != OPEN).sum()), int((verdicts == RIGHT).sum())
    if first is None and report.verdict == RIGHT:
        many = "Both" if len(computed) == 2 else f"All {len(computed)}"
        words = f"✓ {many} matrices are right" if len(computed) > 1 else "✓ This matrix is right"
        if len(computed) < len(report.of):
            words = f"✓ What is computed is right: {', '.join(var.symbol for var in computed)}"
        if len(verdicts) > cells:
            words = "✓ All cells that are filled in are right"
        counted = f"{right} of {cells} cells, " if cells > 1 else ""
        st.markdown(f"**:green[{escape_markdown(words)}]** ({counted}to the digits written)")
        return
    if first is None and not cells:
        st.markdown("No cell is filled in.")
        return
    if first is None:
        words = "the others are what your own earlier numbers give, rounded as you wrote them"
        st.markdown(f"**:green[✓ Nothing is wrong]** ({right} of {cells} cells are right; {words})")
        return
    st.markdown(f"**:red[✗]** First wrong: **{escape_markdown(first.symbol)}**")
    order = list(report.of)
    following = [v.symbol for v in order[order.index(first) :] if report.of[v].verdict == FOLLOWS]
    if following:
        words = f"{', '.join(following)}: right given your own earlier numbers, so not wrong a second time."
        st.markdown(escape_markdown(words))
    if cells > 1:
        st.caption(f"{right} of {cells} cells are right.")


def _draw_matrix(var: Var, judged: Judged, is_given: bool) -> None:
    verdict = judged.verdict
    count = int((judged.cells == verdict).sum())
    share = f"{count} of {judged.cells.size} cells " if verdict != RIGHT and judged.cells.size > 1 else ""
    missing = [f"row {i + 1}, column {j + 1}" for i, j in np.argwhere(exchange.files.rows_of(judged.cells) == OPEN)]
    words = judged.shape or f"{share}{verdict}"
    if missing and verdict != OPEN:
        words += f"; not filled in: {'; '.join(missing[:_MOST_PLACES])}{' …' * (len(missing) > _MOST_PLACES)}"
    coloured = f":{_COLOURS[verdict]}[{_MARKS[verdict]} {escape_markdown(words)}]"
    if is_given and verdict == RIGHT:
        coloured = f":gray[as given{escape_markdown(words.removeprefix(RIGHT))}]"
    st.markdown(f"**{escape_markdown(var.symbol)}** {escape_markdown(var.word)} {coloured}")
    rows, columns = (exchange.files.rows_of(judged.given)).shape
    st.html(_make_table(var, judged))
    if rows > _MOST_SHOWN or columns > _MOST_SHOWN:
        wrong = np.argwhere(exchange.files.rows_of(judged.cells) == WRONG)
        hidden = [f"row {i + 1}, column {j + 1}" for i, j in wrong if max(i, j) >= _MOST_SHOWN]
        more = f" Wrong beyond them: {'; '.join(hidden[:8])}{' …' * (len(hidden) > 8)}." if hidden else ""
        shown = f"{min(rows, _MOST_SHOWN)} rows and {min(columns, _MOST_SHOWN)} columns"
        st.caption(f"The first {shown} of {rows}×{columns}.{more}")


def _make_table(var: Var, judged: Judged) -> str:
    """Write a matrix as given, with what a wrong cell should be below it; Tab goes to the first wrong cell."""
    given, cells, unit = (exchange.files.rows_of(x) for x in (judged.given, judged.cells, judged.unit))
    right = None if judged.shape else exchange.files.rows_of(judged.right)
    wrong = np.argwhere(cells[:_MOST_SHOWN, :_MOST_SHOWN] == WRONG)
    first = tuple(wrong[0]) if len(wrong) else (0, 0)
    body = []
    for i in range(min(len(given), _MOST_SHOWN)):
        row = []
        for j in range(min(given.shape[1], _MOST_SHOWN)):
            places = _count_places(unit[i, j])
            own, verdict = _write(given[i, j], places), str(cells[i, j])
            spoken, below = f"row {i + 1}, column {j + 1}: {own}, {verdict}", ""
            if right is not None and verdict in (FOLLOWS, WRONG):
                while (should := _write(right[i, j], places)) == own and places < _MOST_DIGITS:
                    places += 1
                    own = _write(given[i, j], places)
                spoken = f"row {i + 1}, column {j + 1}: {own}, should be {should}, {verdict}"
                below = f"<small>→ {should}</small>"
            kind = {RIGHT: "right", FOLLOWS: "follows", WRONG: "wrong", OPEN: "open"}[verdict]
            row.append(
                f'<td class="{kind}" role="gridcell" tabindex="{0 if (i, j) == first else -1}" '
                f'aria-label="{escape(spoken)}" title="{escape(spoken)}">{own}{below}</td>'
            )
        body.append(f"<tr>{''.join(row)}</tr>")
    return f'<table class="mlp-check" role="grid" aria-label="{escape(var.spoken)}">{"".join(body)}</table>'


def _count_places(unit: float) -> int:
    return int(np.clip(np.round(-np.log10(unit)), 0, _MOST_PLACES)) if unit > 0 else _MOST_PLACES


def _write(x: float, places: int) -> str:
    """Write a number with so many decimals; a smaller or larger one, or an exact one, with its digits; ? for NaN."""
    if np.isnan(x):
        return "?"
    x += 0.0  # -0.0 becomes 0.0
    fixed = f"{x:.{places}f}"
    exact = abs(float(fixed) - x) <= 1e-12 and places == _MOST_PLACES
    text = f"{x:.{max(places, 6)}g}" if exact or x == 0 or not 10.0**-places <= abs(x) < 1e5 else fixed
    return text.replace("-", "−")


# --- mistakes --------------------------------------------------------------------------------


def _offer_conventions(task: _Task, report: WorkReport) -> list[Conventions]:
    """Offer the conventions under which the most matrices are right, where wrong ones are right under any."""
    setup = task.setup
    wrong = [judged for judged in report.of.values() if judged.verdict == WRONG]
    found = list(dict.fromkeys(c for judged in wrong for c in judged.conventions))[:_MOST_CONVENTIONS]
    counts = {c: _count_right(_judge(replace(task, setup=replace(setup, conventions=c)))[0]) for c in found}
    best = max(counts.values(), default=0)
    if best <= _count_right(report):
        return []
    offered = [c for c, count in counts.items() if count == best]
    for conventions in offered:
        words = _describe_change(setup.conventions, conventions)
        if best < len(report.of):
            sentence = f"With {words}, {best} of {len(report.of)} matrices would be right, not {_count_right(report)}."
        else:
            share = "all matrices are" if best > 1 else "it is"
            sentence = f"Right, as your course writes it: with {words}, {share} right."
        st.markdown(escape_markdown(sentence))
        st.button(f"Use {words}", **on_click(partial(replace, conventions=conventions), "conventions"))
    return offered


def _count_right(report: WorkReport) -> int:
    return sum(judged.verdict == RIGHT for judged in report.of.values())


def _draw_mistakes(state: AppState, var: Var, judged: Judged, offered: Sequence[Conventions]) -> None:
    """Draw the mistakes that give a matrix, all of them, or by what factor it is wrong."""
    now = state.setup.conventions
    first, more = judged.mistakes[:_MOST_EQUATIONS], judged.mistakes[_MOST_EQUATIONS:]
    others = [_describe_change(now, c) for c in judged.conventions if c not in offered]
    if others:
        st.markdown(escape_markdown(f"Right with {' or '.join(others)}."))
    if judged.conventions and first:
        st.markdown("If your course does not write it so, it is a mistake:")
    if len(judged.mistakes) > 1:
        st.markdown("These give your numbers alike, and cannot be told apart on this network:")
    for name in first:
        _draw_mistake(state, var, name, judged)
    if more:
        st.markdown("\n".join(f"- **{escape_markdown(n)}** · {escape_markdown(MISTAKES[n].sentence)}" for n in more))
    if not (judged.mistakes or judged.conventions or judged.shape):
        factor = f"{judged.factor:.4g}" if judged.factor is not None and (judged.cells == WRONG).sum() > 1 else "1"
        times = f" Every wrong cell is {factor} times what it should be." if float(factor) not in (0, 1) else ""
        st.markdown(escape_markdown(f"No single known mistake gives these numbers.{times}"))


def _draw_pairs(setup: Setup, judged: Judged) -> None:
    """Draw the pairs of mistakes that give a matrix."""
    for a, b in (judged.pairs or ())[:8]:
        st.markdown(escape_markdown(f"Both: {a}. {MISTAKES[a].sentence} And {b}. {MISTAKES[b].sentence}"))
    if judged.pairs == ():
        st.markdown("No two known mistakes at once give these numbers.")
    elif judged.pairs is None:
        is_long = sum(np.size(x) for x in setup.run()[1].values()) > LONG_PASS
        why = "too large a network" if is_long else "too few digits are wrong, so that some pair would fit by chance"
        st.markdown(f"Two mistakes at once were not tried: {why}.")


def _draw_mistake(state: AppState, var: Var, name: str, judged: Judged) -> None:
    setup = state.setup
    mistake, step = MISTAKES[name], judged.steps.get(name)
    with st.container(border=True):
        st.markdown(f"**{escape_markdown(name)}** · {escape_markdown(mistake.sentence)}")
        if name in judged.against:
            other = judged.against[name].symbol
            st.markdown(escape_markdown(f"It would change {other} too, but your {other} is without it."))
        elif step:
            conventions = replace(setup.conventions, layout="columns")
            steps = training_step(
                setup.net, setup.loss, conventions=conventions, optimiser=state.training.step_optimiser
            )
            own = next(s for s in steps if s.out == step.out)
            st.markdown(f"yours: ${step.latex}$\n\nright: ${own.latex}$")
            if setup.conventions.layout != "columns":
                st.caption("Written in the worksheet's layout: examples are columns.")
        _draw_chapter_link(f"chapter {var.text} {name}", mistake.chapter, step.out if step else var)


def _draw_chapter_link(key: str, chapter: str, out: Var) -> None:
    """Draw the button that opens what explains an equation (see `Mistake.chapter`)."""
    page, _, name = chapter.rpartition("/")
    if chapter == "step":
        label, file = f"Step through: {out.symbol}", "pages/1_Step_through.py"
    elif page == "hinge":
        label, file = f"Hinge loss: {chapters_hinge.CHAPTERS[name]}", "pages/3_Hinge_loss.py"
    else:
        label, file = f"Derivation: {chapters.CHAPTERS[name][0]}", "pages/2_Derivation.py"
    if st.button(label, key=key, on_click=_open_chapter, args=(chapter, out)):
        st.switch_page(file)


def _open_chapter(chapter: str, out: Var) -> None:
    page, _, name = chapter.rpartition("/")
    state = session.get_state()
    if chapter == "step":
        outs = [step.out for step in list_steps(state)]
        session.open_step(outs.index(out) if out in outs else 0)
        return
    about = "lab_place" if page else "place"
    parameter = Var(out.info.of or "", out.layer)
    place = getattr(state, about).with_choice("chapter", name)
    if parameter in state.setup.inputs():
        place = place.with_choice("target", wire_name(parameter))
    session.change_at_once(lambda _: place, "chapter", about)


def _describe_change(before: Conventions, after: Conventions) -> str:
    """Describe the one convention that differs."""
    if before.layout != after.layout:
        return f"{after.lay.equation} (a row of Z is {'an example' if after.lay.transposes_batches else 'a unit'})"
    if before.scale != after.scale:
        return f"the constant {after.scale} in front of the loss"
    if before.at_kink != after.at_kink:
        return f"relu'(0) = {after.at_kink:g}"
    return f"a gap of exactly 0 {'active' if after.at_tie else 'not active'}"
