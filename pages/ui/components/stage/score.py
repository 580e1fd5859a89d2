"""The score: what the stage is told to play, as plain JSON.

Matrices with their values, steps with their operands, subscripts and formulas, and where on
the stage each operand stands. Everything here is read off the steps; nothing is computed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from latex2mathml.converter import convert

from mlpcore.checking.numerical_gradients import GradCheck, check_steps, choose_probe_count
from mlpcore.equations import cells
from mlpcore.equations.steps import Op, Step, evaluate
from mlpcore.losses import Loss
from mlpcore.network import Shape
from mlpcore.notation import ROLES, Var
from mlpcore.passes.conventions import Conventions
from mlpcore.passes.layouts import Layout
from mlpcore.passes.training_step import training_step
from mlpcore.schedules import SCHEDULES
from mlpcore.setup import Editable, Setup
from pages.ui.state.wire_names import wire_name

Json = dict[str, Any]

#: Matrices above this many cells travel as bytes: shorter, and quicker to read, than digits.
PACKED = 1024
PHASES = {
    "forward": "Forward",
    "loss": "Loss",
    "backward": "Backward",
    "update": "Update",
    "after": "After the step",
    "derivation": "Derivation",
}


@lru_cache(maxsize=4096)
def mathml(latex: str) -> str:
    """LaTeX of ours as MathML, mended where browsers and the converter differ.

    Browsers draw no double-struck variant, but the character itself.
    """
    drawn = convert(latex).replace('<mn mathvariant="double-struck">1</mn>', "<mn>𝟙</mn>")
    # A prime is a character of its own height; as a superscript it would float away.
    prime = r"<msubsup><mi>f</mi>(<m\w+>\w+</m\w+>)<mi>&#x02032;</mi></msubsup>"
    drawn = re.sub(prime, r"<msub><mi>𝑓′</mi>\1</msub>", drawn)
    return re.sub(r"<msup><mo>([\w ]+)</mo><mi>&#x02032;</mi></msup>", r"<mi>\1′</mi>", drawn)


def pack(array: np.ndarray, exact: bool = True) -> list[Any] | Json:
    """The values of a matrix, row by row; NaN and infinity as words, for JSON has none.

    Args:
        exact: every bit is needed, because the browser may send values back. Else a large
            matrix travels in single precision, where its numbers are within that range.
    """
    flat = np.asarray(array, dtype=np.float64).ravel()
    if flat.size > PACKED:
        sizes = np.abs(flat[flat != 0])
        narrow = not exact and ((sizes > 1e-37) & (sizes < 1e38)).all()
        kind, form = ("f32", "<f4") if narrow else ("f64", "<f8")
        return {kind: base64.b64encode(flat.astype(form).tobytes()).decode("ascii")}
    if np.isfinite(flat).all():
        return flat.tolist()
    return [x if np.isfinite(x) else str(x) for x in flat.tolist()]


def score(setup: Setup, schedule: str | tuple) -> Json:
    """The whole of a training step, ready for the stage.

    Raises:
        ValueError: the schedule is a plan under a budget that this network does not fit.
    """
    steps, told = _script(setup.net.shape, setup.loss, schedule, setup.conventions, setup.batch.N)
    values = evaluate(steps, setup.inputs())
    return {**numbers(setup, steps, values), "steps": told, "parts": ROLES, "cards": cards(values)}


@lru_cache(maxsize=128)
def _script(
    shape: Shape, loss: Loss, schedule: str | tuple, conventions: Conventions, N: int
) -> tuple[list[Step], list[Json]]:
    """The steps, and what the stage is told of them. No number of a matrix is in it: an edit leaves it as it is."""
    steps = training_step(shape, loss, schedule, conventions, N)
    return steps, [step_of(step, conventions.lay, schedule == next(iter(SCHEDULES))) for step in steps]


def played(what: Editable, steps: list[Step], values: Mapping[Var, np.ndarray]) -> Json:
    """Steps and their matrices, ready to be stepped through."""
    told = [step_of(step, what.conventions.lay) for step in steps]
    return {**numbers(what, steps, values), "steps": told, "parts": ROLES}


def numbers(what: Editable, steps: list[Step], values: Mapping[Var, np.ndarray]) -> Json:
    """The matrices, also as the steps see them, and what central differences say of the gradients."""
    check = check_steps(steps, values, most=choose_probe_count(values))
    editable, lay = what.inputs(), what.conventions.lay
    matrices = {wire_name(v): matrix_of(v, values[v], lay, v in editable) for v in values}
    for step in steps:
        matrices |= seen_in(step, values, lay)
    return {"matrices": matrices, "checks": checks_of(check)}


def seen_in(step: Step, values: Mapping[Var, np.ndarray], lay: Layout) -> Json:
    """The operands that a step sees through a function, as matrices of their own."""
    found = {}
    for position, view in step.op.views.items():
        var = step.operands[position]
        found[_seen(step, position)] = {
            **matrix_of(var, view.arithmetic(values[var]), lay, False),
            "label": mathml(view.latex(var.latex)),
            "text": f"{view.name}({var.symbol})",
            "spoken": f"{view.name} of {var.spoken}",
        }
    return found


def _seen(step: Step, position: int) -> str:
    return f"{step.op.views[position].name}({wire_name(step.operands[position])})"


def matrix_of(var: Var, value: np.ndarray, lay: Layout, editable: bool) -> Json:
    """A matrix as the stage draws it."""
    value = np.asarray(value)
    return {
        "label": mathml(var.latex),
        "text": var.symbol,
        "spoken": var.spoken,
        "word": var.word,
        "part": var.role,
        "shape": list(value.shape),
        "row": lay.is_row(var),
        "values": pack(value, exact=editable),
        "editable": editable,
    }


def step_of(step: Step, lay: Layout, keeps_all: bool = True) -> Json:
    """A step as the stage plays it."""
    views = {k: {"id": _seen(step, k), "name": view.name} for k, view in step.op.views.items()}
    return {
        "out": wire_name(step.out),
        "makes": step.op.makes,
        "operands": [wire_name(v) for v in step.operands],
        "reads": list(step.op.reads),
        "formula": mathml(step.latex),
        "index": mathml(cells.symbols(step)),
        "spoken": spoken(step),
        "cell": cells.parse(step.op),
        "views": {str(k): v for k, v in views.items()},
        "tiles": placed(step, views, lay),
        "phase": PHASES[step.phase],
        "examples": step.op.examples,
        "recompute": step.recompute,
        "frees": [] if keeps_all else [v.symbol for v in step.frees],
    }


def spoken(step: Step) -> str:
    """The equation for a screen reader."""
    operands = " and ".join(v.spoken for v in step.operands)
    return f"{step.out.spoken}, {step.out.word}: {step.op.name} of {operands}"


def placed(step: Step, views: Mapping[int, Json], lay: Layout) -> list[Json]:
    """Where each operand stands, so that a row and a column meet in the cell they make.

    The result is in the corner. What shares its row letter stands left of it, what shares its
    column letter above it, turned round (transposed) where that letter runs the other way.
    """
    down, across = _sides(step.op.makes, lay.is_row(step.out))
    tiles: list[Json] = []
    taken: set[str] = set()
    for position, (var, letters) in enumerate(zip(step.operands, step.op.reads, strict=True)):
        rows, cols = _sides(letters, lay.is_row(var))
        turn = len(letters) == 2 and rows != down and (cols == down != "" or rows == across != "")
        if turn:
            rows, cols = cols, rows
        slot = _slot(step.op, letters, rows, cols, down, across, taken)
        taken.add(slot)
        view = views.get(position)
        shown = step.op.views[position].latex(var.latex) if view else var.latex
        tiles.append(
            {
                "id": view["id"] if view else wire_name(var),
                "of": wire_name(var),
                "position": position,
                "slot": slot,
                "rows": rows,
                "cols": cols,
                "turned": turn,
                "label": mathml(shown + r"^{\top}" if turn else shown),
            }
        )
    return [
        *tiles,
        {"id": wire_name(step.out), "of": wire_name(step.out), "slot": "result", "rows": down, "cols": across},
    ]


def _sides(letters: str, flat: bool) -> tuple[str, str]:
    """The letters that run down and across a matrix."""
    if len(letters) == 2:
        return letters[0], letters[1]
    return ("", letters) if flat else (letters, "")


def _slot(op: Op, letters: str, rows: str, cols: str, down: str, across: str, taken: set[str]) -> str:
    if not letters or (len(op.makes) == 2 and len(letters) < 2):
        return "right"
    wanted = ["left", "above"]
    if rows != down and cols == across and across:
        wanted = ["above", "left"]
    elif len(op.makes) == 1 and letters == op.makes:
        wanted = ["left", "right"]
    return next((slot for slot in wanted if slot not in taken), "right")


def checks_of(check: GradCheck) -> Json:
    """What central differences say of each gradient."""
    return {
        wire_name(v): {
            "agrees": c.agrees,
            "error": f"{c.error:.0e}" if np.isfinite(c.error) else "out of range",
            "probed": c.probed,
            "cells": c.cells,
            "skipped": [
                f"{v.of.symbol}{_place(s.cell)}: the kink of {s.kink.symbol}{_place(s.kink_cell)} lies inside the probe"
                for s in c.skipped[:4]
            ],
            "skips": len(c.skipped),
        }
        for v, c in check.of.items()
    }


def _place(cell: tuple[int, ...]) -> str:
    return "[" + ", ".join(str(i + 1) for i in cell) + "]"


def cards(values: Mapping[Var, np.ndarray]) -> list[Json]:
    """The wall: a card for the inputs, one for each layer, one for the loss.

    Within a layer what is made going forward stands above its gradient, and that above the
    updated parameter, so that a column of the card is one matrix and what is said about it.
    """
    depth = max(v.layer or 0 for v in values)
    blocks = sorted({f"[{v.block}]" for v in values if v.block}, key=lambda b: int(b[1:].split(":")[0]))

    def rows(*lines: str, layer: int | None = None) -> list[list[str | None]]:
        here = {wire_name(v) for v in values}
        names = [
            [(n if layer is None else f"{n}{layer}") + block for n in line.split()]
            for line in lines
            for block in ("", *blocks)
        ]
        return [row for line in names if any(row := [n if n in here else None for n in line])]

    return [
        {"title": "Input", "rows": rows("Z0", "Y", "rate margin")},
        *(
            {"title": f"Layer {n}", "rows": rows("W b S Z", "dW db delta dZ", "new.W new.b", layer=n)}
            for n in range(1, depth + 1)
        ),
        {"title": "Loss", "rows": rows("P G T A", "ell loss new.loss", "dP dG")},
    ]
