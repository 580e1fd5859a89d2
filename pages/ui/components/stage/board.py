"""The board: what the stage is told when it shows a derivation, as plain JSON.

A board is a few lines, each an equation with its matrices side by side, and frames that it can
be moved through: the cells of a gradient, or the pieces of a product. Matrices that differ from
frame to frame travel as a stack. As in the score, nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from mlpcore.derivation import Claim, Derivation
from mlpcore.equations.steps import Step
from mlpcore.notation import ROLES, Var
from mlpcore.passes.layouts import Layout
from mlpcore.setup import Editable
from pages.ui.components.stage.score import Json, mathml, matrix_of, pack, seen_in, step_of
from pages.ui.state.place import Place
from pages.ui.state.wire_names import wire_name

#: A stack above this many numbers is sent for the present frame only; others are asked for.
STACKED = 20_000


#: The steps of a pass and its matrices.
Ran = tuple[list[Step], dict[Var, np.ndarray]]


@dataclass
class Board:
    """A board being put together."""

    setup: Editable
    values: dict[Var, np.ndarray]
    place: Place
    matrices: dict[str, Json] = field(default_factory=dict)
    steps: list[Json] = field(default_factory=list)
    vars: dict[str, Var] = field(default_factory=dict)
    lines: list[Json] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    chain: list[Json] = field(default_factory=list)
    frame: Json = field(default_factory=lambda: {"letters": "", "sizes": [], "have": [0, 1], "at": 0, "says": ""})

    @property
    def lay(self) -> Layout:
        return self.setup.conventions.lay

    @cached_property
    def editable(self) -> Collection[Var]:
        return self.setup.inputs().keys()

    # --- what can be chosen, and the frames -------------------------------------------------

    def choose(self, name: str, label: str, options: Mapping[str, tuple[str, str]], first: str = "") -> str:
        """A row of buttons. `options`: value -> (LaTeX or plain text, spoken). Returns what is chosen."""
        wanted = self.place.chosen.get(name)
        chosen = wanted if wanted in options else (first or next(iter(options)))
        shown = [
            {"value": value, "label": mathml(text) if "\\" in text or "_" in text else text, "spoken": spoken}
            for value, (text, spoken) in options.items()
        ]
        self.choices.append({"name": name, "label": label, "options": shown, "chosen": chosen})
        return chosen

    def frames(self, letters: str, sizes: tuple[int, ...], each: int, says: str = "") -> list[int]:
        """Set the frames; returns those whose stacks are to be sent, each of `each` numbers."""
        count = prod(sizes)
        at = min(self.place.frame, count - 1)
        have = list(range(count)) if count * each <= STACKED else [at]
        self.frame = {
            "letters": letters,
            "sizes": list(sizes),
            "have": [have[0], len(have)],
            "at": at,
            "says": says,
        }
        return have

    # --- matrices and equations ---------------------------------------------------------------

    def matrix(self, var: Var, stack: np.ndarray | None = None, name: str = "", **more: Any) -> str:
        """Put a matrix among those that are sent; returns its name on the wire."""
        name = name or wire_name(var)
        self.vars[name] = var
        if name not in self.matrices:
            value = self.values[var] if stack is None else stack[0]
            told = matrix_of(var, value, self.lay, var in self.editable)
            if stack is not None:
                told |= {"values": pack(stack, exact=False), "stack": True}
            self.matrices[name] = told | more
        return name

    def factor(self, var: Var, letters: str, turned: bool, first: bool) -> Json:
        """A matrix as a factor of a product in a line, transposed where the product takes it so."""
        label = mathml(var.latex + (r"^{\top}" if turned else ""))
        return tile(self.matrix(var), letters, "" if first else "·", turned, label=label)

    def equation(self, step: Step, out: str = "") -> None:
        """Put an equation, and its matrices, among those that tell where a number comes from."""
        for var in step.operands if out else (*step.operands, step.out):
            if var in self.values:
                self.matrix(var)
        self.matrices |= seen_in(step, self.values, self.lay)
        told = step_of(step, self.lay)
        self.steps.append({**told, "out": out or told["out"]})

    def derivation(self, d: Derivation) -> None:
        """The matrices and equations of a derivation."""
        for var in {v for s in (*d.steps, *(c.step for c in d.claims)) for v in (*s.operands, s.out)}:
            if var in d.values:
                self.values[var] = d.values[var]
                more = {"text": "column times row", "spoken": "column times row"} if var.kind == "spread" else {}
                self.matrix(var, d.values[var] if var in d.stacked else None, **more)
        for step in d.steps:
            self.equation(step)

    def claim(self, claim: Claim, **more: Any) -> Json:
        """A line that states something: its equation, what it gives, whether it is true."""
        name = f"claim{len(self.lines)}"
        self.matrix(claim.step.out, claim.value if claim.per_cell else claim.value[None], name, text=_whole(claim.step))
        self.equation(claim.step, name)
        latex = claim.step.latex if claim.meant else claim.step.latex.replace(" = ", r" \neq ", 1)
        if not claim.meant:
            right = claim.step.op.notation(*(v.latex for v in claim.step.operands))
            self.matrices[name] |= {"label": mathml(right), "text": "with the updated weights", "word": "no gradient"}
        line = {
            "formula": mathml(latex),
            "spoken": claim.step.op.name,
            "value": name,
            "why": claim.why,
            "check": {
                "holds": bool(claim.holds),
                "meant": claim.meant,
                "error": _error(claim),
                "against": claim.against,
                "unseen": list(claim.unseen) if claim.per_cell else [],
            },
            **more,
        }
        self.lines.append(line)
        return line

    def origins(self, ran: Ran) -> None:
        """The pass's own equation of every matrix that is shown, so that each number can say what made it.

        And of the others what they read, so that what a number feeds is not lost where they are not drawn.
        """
        made = {s.out: s for s in ran[0]}
        known = {s["out"] for s in self.steps}
        for name in {spec["id"] for line in self.lines for spec in line.get("strip", [])}:
            step = made.get(self.vars.get(name))
            if step and name not in known:
                self.equation(step)
        self.chain = [
            {"out": wire_name(s.out), "text": s.out.symbol, "makes": s.op.makes,
             "operands": [wire_name(v) for v in s.operands], "reads": list(s.op.reads)}
            for s in ran[0]
        ]  # fmt: skip

    def told(self, kind: str, arrangement: str) -> Json:
        """The whole, ready for the stage."""
        return {
            "kind": kind,
            "arrangement": arrangement,
            "matrices": self.matrices,
            # A board writes its own lines; of a step it needs what a number's origin is told with.
            "steps": [{k: v for k, v in s.items() if k not in ("formula", "index", "tiles")} for s in self.steps],
            "chain": self.chain,
            "checks": {},
            "parts": ROLES,
            "lines": self.lines,
            "choices": self.choices,
            "frame": self.frame,
            "cursor": {"rev": self.place.rev, "frame": self.frame["at"]},
        }


def _error(claim: Claim) -> str:
    if not np.isfinite(claim.error):
        return ""
    return f"{claim.error:.0e}" if claim.meant else f"{claim.error:.0%}"


def _whole(step: Step) -> str:
    """The symbol of what a line is about, without the indices that a frame fills in."""
    return step.out.whole.symbol if step.out.at else step.out.symbol


def tile(name: str, letters: str = "", sign: str = "", turned: bool = False, **more: Any) -> Json:
    """A matrix in a line.

    Args:
        letters: what its axes run over; a letter that the frame holds lights a row, a column or a cell.
        sign: what stands before it.
        more: `label`; `fills`, it is veiled until the frames have passed over it.
    """
    down, across = (letters[::-1] if turned else letters).ljust(2)[:2]
    return {
        "id": name, "of": name, "slot": "strip", "letters": letters, "sign": sign, "turned": turned,
        "rows": down.strip(), "cols": across.strip(), **more,
    }  # fmt: skip
