"""The payload of a pass: what Python sends the stage, as plain JSON.

It holds matrices with their values, steps with their operands, subscripts and formulas, and where on
the stage each operand stands. All of it is read off the steps; nothing is computed here.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from latex2mathml.converter import convert

from mlpcore.checking.numerical_gradients import (
    NOT_PROBED,
    Check,
    GradCheck,
    Skipped,
    check_steps,
    choose_probe_count,
    measure_change,
)
from mlpcore.equations import cells
from mlpcore.equations.steps import Op, Step, evaluate
from mlpcore.losses import Loss
from mlpcore.network import Shape
from mlpcore.notation import ROLES, Var
from mlpcore.notation import loss as LOSS
from mlpcore.passes.conventions import Conventions
from mlpcore.passes.layouts import Layout
from mlpcore.passes.optimisers import Optimiser
from mlpcore.passes.training_step import training_step
from mlpcore.schedules import SCHEDULES, Schedule, find
from mlpcore.setup import Setup
from mlpcore.training import Course
from pages.ui.state.events import format_cell, list_computed
from pages.ui.state.wire_names import wire_name

Json = dict[str, Any]

#: Matrices with more cells travel as bytes: shorter, and quicker to read, than digits.
MAX_LIST = 1024
PHASES = {
    "forward": "Forward",
    "loss": "Loss",
    "backward": "Backward",
    "update": "Update",
    "after": "After the step",
    "derivation": "Derivation",
}


@lru_cache(maxsize=4096)
def to_mathml(latex: str) -> str:
    """Convert LaTeX to MathML that every browser draws: the character 𝟙, where the converter writes a variant of 1."""
    # The converter sets a name of two words in one piece only where this character parts them.
    text = convert(re.sub(r"(\\operatorname\{\w+)~", "\\1\u00a0", latex)).replace(
        '<mn mathvariant="double-struck">1</mn>', "<mn>𝟙</mn>"
    )
    # The converter sets log and tanh as letters, glued to what precedes them, and max as an operator.
    text = re.sub(r"<mi>([a-z]{2,})</mi>", r"<mo>\1</mo>", text)
    # A prime is a character of its own height; as a superscript it would float away.
    prime = r"<msubsup><mi>f</mi>(<m\w+>\w+</m\w+>)<mi>&#x02032;</mi></msubsup>"
    text = re.sub(prime, r"<msub><mi>𝑓′</mi>\1</msub>", text)
    number = r"<msubsup><mo>([\w\xa0]+)</mo>(<mrow><mn>[\d.]+</mn></mrow>)<mi>&#x02032;</mi></msubsup>"
    text = re.sub(number, r"<msub><mi>\1′</mi>\2</msub>", text)
    text = re.sub(r"<msup><mo>([\w\xa0]+)</mo><mi>&#x02032;</mi></msup>", r"<mi>\1′</mi>", text)
    # A thin space on each side, as in TeX; one is enough after an operator, and none stands before a parenthesis.
    word = '<mo lspace="0.17em" rspace="0.17em">'
    text = re.sub(r"<mo>([a-z][\w\xa0]+)</mo>", rf"{word}\1</mo>", text)
    text = text.replace(f"</mo>{word}", '</mo><mo lspace="0" rspace="0.17em">')
    return re.sub(r'rspace="0.17em">([\w\xa0]+</mo>(?:<mrow>)?<mo[^>]*>&#x00028;)', r'rspace="0">\1', text)


def pack_values(array: np.ndarray, exact: bool = True) -> list[Any] | Json:
    """Return the values of a matrix, row by row; NaN and infinity as words, as JSON has neither.

    Args:
        exact: keep every bit, because the browser may send values back. Otherwise a large
            matrix travels in single precision, if its numbers are within that range.
    """
    flat = np.asarray(array, dtype=np.float64).ravel()
    if flat.size > MAX_LIST:
        sizes = np.abs(flat[flat != 0])
        narrow = not exact and ((sizes > 1e-37) & (sizes < 1e38)).all()
        kind, form = ("f32", "<f4") if narrow else ("f64", "<f8")
        return {kind: base64.b64encode(flat.astype(form).tobytes()).decode("ascii")}
    if np.isfinite(flat).all():
        return flat.tolist()
    return [x if np.isfinite(x) else str(x) for x in flat.tolist()]


def build_pass_payload(
    setup: Setup,
    schedule: str | Schedule,
    optimiser: Optimiser | None = None,
    kept: Mapping[Var, np.ndarray] | None = None,
) -> str:
    """Build the payload of a training step at the learning rate of the set-up, as JSON.

    Args:
        optimiser, kept: what makes the update, by default gradient descent, and its state after earlier steps.

    Raises:
        ValueError: the schedule is one under a byte budget that this network exceeds.
    """
    net, conventions = setup.net, setup.conventions
    steps, written = _build_steps(net.shape, setup.loss, find(schedule), conventions, setup.batch.N, optimiser)
    given = optimiser.list_inputs(net, conventions.lay, kept) if optimiser else {}
    values = evaluate(steps, given | setup.inputs())
    matrices = build_matrices(steps, values, conventions.lay, setup.inputs())
    return join_json(written, matrices, {"cards": build_cards(values)})


def join_json(*parts: Json | str) -> str:
    """Join objects, or the JSON of objects that are not empty, to the JSON of one."""
    texts = (part if isinstance(part, str) else json.dumps(part) for part in parts)
    return "{" + ",".join(text[1:-1] for text in texts) + "}"


@lru_cache(maxsize=128)
def _build_steps(
    shape: Shape, loss: Loss, schedule: Schedule, conventions: Conventions, N: int, optimiser: Optimiser | None
) -> tuple[list[Step], str]:
    """Return the steps and the JSON of all that edits of values leave as it is: most of the payload."""
    steps = training_step(shape, loss, schedule, conventions, N, optimiser)
    keeps_all = schedule == next(iter(SCHEDULES.values()))
    payload = {
        "steps": [build_step(step, conventions.lay, keeps_all) for step in steps],
        "parts": ROLES,
        "checkable": [*list_computed(shape, loss)],
    }
    return steps, json.dumps(payload)


#: By how much a number grows in the sentence about a gradient's cell, which the browser writes with the same number.
NUDGE = 0.01


def build_held_change(setup: Setup, held: tuple[str, tuple[int, ...]] | None) -> Json | None:
    """Build how the loss changes when the number that a held cell of a gradient is about grows by `NUDGE`."""
    if held is None:
        return None
    (name, cell), (steps, values) = held, setup.run()
    by = next((s.out.of for s in steps if s.out.of is not None and wire_name(s.out) == name), None)
    shape = None if by is None else np.shape(values[by])
    if by is None or shape is None or len(cell) != len(shape) or any(i >= n for i, n in zip(cell, shape, strict=True)):
        return None
    change = measure_change(steps, values, LOSS, by, cell, NUDGE)
    return {"id": name, "index": list(cell), "change": change} if np.isfinite(change) else None


def build_steps_payload(
    steps: list[Step], values: Mapping[Var, np.ndarray], lay: Layout, editable: Collection[Var] = ()
) -> Json:
    """Build the payload of steps that are played one by one, with their matrices."""
    payloads = [build_step(step, lay) for step in steps]
    return {**build_matrices(steps, values, lay, editable), "steps": payloads, "parts": ROLES}


def build_course_payload(course: Course, k: int) -> Json:
    """Build the payload of step k + 1 of a training, which is looked at and not edited.

    Raises:
        ValueError: the course has diverged there.
    """
    course.at(k)
    steps, values = course.trace(k)
    return {**build_steps_payload(steps, values, course.setup.conventions.lay), "cards": build_cards(values)}


def build_matrices(steps: list[Step], values: Mapping[Var, np.ndarray], lay: Layout, editable: Collection[Var]) -> Json:
    """Build the matrices, the views the steps have of them, and the checks of the gradients."""
    check = check_steps(steps, values, most=choose_probe_count(values))
    matrices = {wire_name(v): build_matrix(v, values[v], lay, v in editable) for v in values}
    for step in steps:
        matrices |= build_views(step, values, lay)
    return {"matrices": matrices, "checks": build_checks(check, steps, values)}


def build_views(step: Step, values: Mapping[Var, np.ndarray], lay: Layout) -> Json:
    """Build the operands that a step reads through a function, as matrices of their own."""
    views = {}
    for position, view in step.op.views.items():
        var = step.operands[position]
        views[_name_view(step, position)] = {
            **build_matrix(var, view.arithmetic(values[var]), lay, False),
            "label": to_mathml(view.latex(var.latex)),
            "text": f"{view.name}({var.symbol})",
            "spoken": f"{view.name} of {var.spoken}",
        }
    return views


def _name_view(step: Step, position: int) -> str:
    return f"{step.op.views[position].name}({wire_name(step.operands[position])})"


def build_matrix(var: Var, value: np.ndarray, lay: Layout, editable: bool) -> Json:
    """Build a matrix as the stage draws it."""
    value = np.asarray(value)
    return {
        "label": to_mathml(var.latex),
        "text": var.symbol,
        "spoken": var.spoken,
        "word": var.word,
        "part": var.role,
        "shape": list(value.shape),
        "row": lay.is_row(var),
        "values": pack_values(value, exact=editable),
        "editable": editable,
    }


def build_step(step: Step, lay: Layout, keeps_all: bool = True) -> Json:
    """Build a step as the stage plays it."""
    views = {k: {"id": _name_view(step, k), "name": view.name} for k, view in step.op.views.items()}
    return {
        "out": wire_name(step.out),
        "makes": step.op.makes,
        "operands": [wire_name(v) for v in step.operands],
        "reads": list(step.op.reads),
        "formula": to_mathml(step.latex),
        "index": to_mathml(cells.symbols(step)),
        "spoken": describe_step(step),
        "cell": cells.parse(step.op),
        "views": {str(k): v for k, v in views.items()},
        "tiles": place_tiles(step, views, lay),
        "phase": PHASES[step.phase],
        "examples": step.op.examples,
        "recompute": step.recompute,
        "frees": [] if keeps_all else [v.symbol for v in step.frees],
    }


def describe_step(step: Step) -> str:
    """Describe the equation for a screen reader."""
    operands = " and ".join(v.spoken for v in step.operands)
    return f"{step.out.spoken}, {step.out.word}: {step.op.name} of {operands}"


def place_tiles(step: Step, views: Mapping[int, Json], lay: Layout) -> list[Json]:
    """Place the operands so that a row and a column meet in the cell they make.

    The result is in the corner. An operand with the same row letter stands left of it, one with the
    same column letter above it, transposed if that letter runs the other way.
    """
    down, across = split_letters(step.op.makes, lay.is_row(step.out))
    tiles: list[Json] = []
    taken: set[str] = set()
    for position, (var, letters) in enumerate(zip(step.operands, step.op.reads, strict=True)):
        rows, cols = split_letters(letters, lay.is_row(var))
        turn = len(letters) == 2 and rows != down and (cols == down != "" or rows == across != "")
        if turn:
            rows, cols = cols, rows
        slot = _choose_slot(step.op, letters, rows, cols, down, across, taken)
        taken.add(slot)
        view = views.get(position)
        shown = step.op.views[position].latex(var.latex) if view else var.latex
        tiles.append(
            {
                "id": view["id"] if view else wire_name(var),
                "of": wire_name(var),
                "slot": slot,
                "rows": rows,
                "cols": cols,
                "turned": turn,
                "label": to_mathml(shown + r"^{\top}" if turn else shown),
            }
        )
    return [
        *tiles,
        {"id": wire_name(step.out), "of": wire_name(step.out), "slot": "result", "rows": down, "cols": across},
    ]


def split_letters(letters: str, flat: bool) -> tuple[str, str]:
    """Split the subscripts of a matrix into the letter that runs down and the one that runs across."""
    if len(letters) == 2:
        return letters[0], letters[1]
    return ("", letters) if flat else (letters, "")


def _choose_slot(op: Op, letters: str, rows: str, cols: str, down: str, across: str, taken: set[str]) -> str:
    if not letters or (len(op.makes) == 2 and len(letters) < 2):
        return "right"
    wanted = ["left", "above"]
    if rows != down and cols == across and across:
        wanted = ["above", "left"]
    elif len(op.makes) == 1 and letters == op.makes:
        wanted = ["left", "right"]
    return next((slot for slot in wanted if slot not in taken), "right")


#: Gradients of up to so many cells can be opened to see each cell's check.
OPENED = 200


def build_checks(check: GradCheck, steps: list[Step], values: Mapping[Var, np.ndarray]) -> Json:
    """Build the verdict of the numerical gradient on each gradient; `steps` and `values` are those of the pass."""
    return {
        wire_name(v): {
            "verdict": c.verdict,
            "error": f"{c.error:.0e}" if np.isfinite(c.error) else "",
            "compared": c.compared,
            "cells": c.size,
            "skipped": [f"{v.symbol}{format_cell(s.cell)} {_explain_skip(s)}" for s in c.skipped[:4]],
            "skips": len(c.skipped),
            "why": _summarise_skips(c.skipped, steps, values),
            **({"details": _build_details(c)} if c.size <= OPENED else {}),
        }
        for v, c in check.of.items()
    }


def _build_details(check: Check) -> Json:
    """Build what the opened badge shows of every cell; a verdict is its first letter, `-` where no cell was probed."""
    letters = {NOT_PROBED: "-"}
    return {
        "numerical": _round_values(check.numerical, 9),
        "estimate": _round_values(check.estimate, 1),
        "steps": _round_values(check.steps, 2),
        "verdicts": "".join(letters.get(v, v[0]) for v in check.cells.ravel()),
    }


def _round_values(values: np.ndarray, digits: int) -> list[float | str]:
    """Round to so many digits: no more are shown; what is not finite is left out."""
    return [float(f"{x:.{digits}g}") if np.isfinite(x) else "" for x in values.ravel().tolist()]


def _explain_skip(skipped: Skipped) -> str:
    """Say why a cell could not be measured."""
    if skipped.kink is not None:
        return f"is not measurable: the kink of {skipped.kink.symbol}{format_cell(skipped.kink_cell)} is in every probe"
    if skipped.reason == "out of range":
        return "is not measurable: it, or the loss, is beyond the range of numbers"
    return "is not measurable: it is smaller than what rounding does to the loss"


def _summarise_skips(skipped: tuple[Skipped, ...], steps: list[Step], values: Mapping[Var, np.ndarray]) -> str:
    """Count the cells that were not measured, by reason."""
    counts = Counter(_name_reason(s, steps, values) for s in skipped)
    return "; ".join(f"{n} cell{'s' * (n > 1)} not checked: {reason}" for reason, n in counts.items())


def _name_reason(skipped: Skipped, steps: list[Step], values: Mapping[Var, np.ndarray]) -> str:
    """Name why a cell was not measured: `the input of relu is exactly 0`."""
    if skipped.kink is None:
        return "smaller than rounding" if skipped.reason == "below rounding" else "out of range"
    value = float(values[skipped.kink][skipped.kink_cell])
    what = f"an entry of {skipped.kink.symbol}"
    if skipped.kink.kind == "S":
        step = next(s for s in steps if s.op.kink and s.operands[0] == skipped.kink)
        what = f"the input of {step.op.name}"
    return f"{what} is exactly 0" if value == 0 else f"{what} is too close to a kink"


#: The gradients of a layer, what optimisers keep of it before and after the step, and its new parameters.
_UPDATED = "gW gb dW db shortW shortb VW Vb MW Mb RW Rb new.VW new.Vb new.MW new.Mb new.RW new.Rb new.W new.b"


def build_cards(values: Mapping[Var, np.ndarray]) -> list[Json]:
    """Build the cards of the wall: one for the data, one for each layer, one for the loss.

    A card has a row for each phase: what is given, the forward pass, the backward pass, the update with its gradients.
    """
    depth = max(v.layer or 0 for v in values)
    blocks = sorted({f"[{v.block}]" for v in values if v.block}, key=lambda b: int(b[1:].split(":")[0]))
    here = {wire_name(v) for v in values}

    def rows(*lines: str, layer: int | str = "") -> list[list[str]]:
        return [
            [name for n in line.split() for block in ("", *blocks) if (name := f"{n}{layer}{block}") in here]
            for line in lines
        ]

    return [
        {"title": "Data", "rows": rows("", "Z0", "Y", "rate margin strength t etat norm share new.t")},
        *(
            {"title": f"Layer {n}", "rows": rows("W b M", "S Z penaltyW penaltyb", "delta dZ", _UPDATED, layer=n)}
            for n in range(1, depth + 1)
        ),
        {"title": "Loss", "rows": rows("", "P Q G T A ell data loss", "dP dQ dG", "new.loss")},
    ]
