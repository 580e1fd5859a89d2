"""The board: the payload of a derivation, as plain JSON.

A board has lines, each an equation with its matrices side by side, and frames to move through:
the cells of a gradient, or the pieces of a product. Matrices that differ from frame to frame
travel as a stack. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any, Generic, TypeVar

import numpy as np

from mlpcore.checking.numerical_gradients import NOT_MEASURABLE
from mlpcore.derivation import Claim, Derivation
from mlpcore.equations.steps import Step
from mlpcore.logits import Lab
from mlpcore.notation import ROLES, Var
from mlpcore.passes.layouts import Layout
from mlpcore.setup import Setup
from pages.ui.components.stage.payload import (
    Json,
    build_matrix,
    build_step,
    build_views,
    pack_values,
    split_letters,
    to_mathml,
)
from pages.ui.state.place import Place
from pages.ui.state.wire_names import wire_name

#: Of a stack with more numbers only the present frame is sent; the browser asks for the others.
MAX_STACK = 20_000

#: A board has lines of its own; of a step it needs only what explains a number.
EXPLAINS = ("out", "makes", "operands", "reads", "cell", "views", "examples")

#: The steps of a pass and the values of its matrices.
Trace = tuple[list[Step], dict[Var, np.ndarray]]

T = TypeVar("T", bound=Setup | Lab)


@dataclass
class Board(Generic[T]):
    """A board under construction.

    Attributes:
        vars: the matrices by their names on the wire.
        chain: the equations of the pass, for what a number feeds.
        frame: letters and sizes of the axes that the frames run over, and which frames are sent.
    """

    setup: T
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

    def add_choice(self, name: str, label: str, options: Mapping[str, tuple[str, str]], first: str = "") -> str:
        """Add a row of buttons. `options`: value -> (LaTeX or plain text, spoken). Returns the chosen value."""
        wanted = (self.place.chosen.get(name, ""), first, *options)
        chosen = next(value for value in wanted if value in options)
        shown = [
            {"value": value, "label": to_mathml(text) if "\\" in text or "_" in text else text, "spoken": spoken}
            for value, (text, spoken) in options.items()
        ]
        self.choices.append({"name": name, "label": label, "options": shown, "chosen": chosen})
        return chosen

    def set_frames(self, letters: str, size: Mapping[str, int], each: int = 0) -> list[int]:
        """Set the frames. Returns those whose stacks, each of `each` numbers, are to be sent."""
        sizes = [size[a] for a in letters]
        count = prod(sizes)
        at = min(self.place.frame, count - 1)
        have = list(range(count)) if count * each <= MAX_STACK else [at]
        self.frame |= {"letters": letters, "sizes": sizes, "have": [have[0], len(have)], "at": at}
        return have

    def set_cell_frames(self, var: Var, letters: str, size: Mapping[str, int], each: int = 0) -> list[tuple[int, ...]]:
        """Set a frame for each cell of a matrix, or of one of its axes, in the order of the layout in force.

        Returns the cells whose stacks, each of `each` numbers, are to be sent, indexed as in the worksheet.
        """
        have = self.set_frames(self.order_letters(var, letters), size, each)
        cells = np.transpose(np.unravel_index(have, self.frame["sizes"])).tolist()
        return [self.lay.convert_cell(var, tuple(cell)) for cell in cells]

    def order_letters(self, var: Var, letters: str) -> str:
        """Return the letters of a matrix in the order of the layout in force."""
        return letters[::-1] if self.lay.transposes(var) else letters

    # --- matrices and equations ---------------------------------------------------------------

    def add_matrix(
        self, var: Var, value: np.ndarray | None = None, name: str = "", stack: bool = False, **more: Any
    ) -> str:
        """Add a matrix, by default as it is in the pass. Returns its name on the wire.

        Args:
            stack: `value` holds it for each of the frames.
        """
        name = name or wire_name(var)
        self.vars[name] = var
        if name not in self.matrices:
            value = self.values[var] if value is None else value
            matrix = build_matrix(var, value[0] if stack else value, self.lay, var in self.editable)
            if stack:
                matrix |= {"values": pack_values(value, exact=False), "stack": True}
            self.matrices[name] = matrix | more
        return name

    def make_tile(self, of: Var | str, letters: str = "", sign: str = "", turned: bool = False, **more: Any) -> Json:
        """Make the tile of a matrix in a line, and add the matrix.

        Args:
            of: the matrix, or the name on the wire of one that is there.
            letters: subscripts of its axes; those that the frame fixes highlight a row, a column or a cell.
            sign: the sign before it.
            turned: whether it is shown transposed.
            more: `label` in place of its symbol; `fills`: a cell is veiled until a frame with its letters was looked
                at, or with "order" until the frames have passed it; `only`: just the cells of the present frame are
                shown; `scale`: tiles with one word share a colour scale; `blocks`: rows and columns of the blocks
                between which lines are drawn; `small`: it is shown whole, without scrolling.
        """
        name = of if isinstance(of, str) else self.add_matrix(of)
        down, across = split_letters(letters[::-1] if turned else letters, self.matrices[name]["row"])
        return {
            "id": name, "of": name, "slot": "strip", "letters": letters, "sign": sign, "turned": turned,
            "rows": down, "cols": across, **more,
        }  # fmt: skip

    def make_factor_tile(self, var: Var, letters: str, turned: bool, first: bool) -> Json:
        """Make the tile of a matrix as a factor of a product, transposed if the product takes it so."""
        label = to_mathml(var.latex + (r"^{\top}" if turned else ""))
        return self.make_tile(var, letters, "" if first else "·", turned, label=label)

    def add_equation(self, step: Step, out: str = "") -> None:
        """Add an equation and its matrices, to explain where a number comes from."""
        for var in step.operands if out else (*step.operands, step.out):
            if var in self.values:
                self.add_matrix(var)
        self.matrices |= build_views(step, self.values, self.lay)
        payload = build_step(step, self.lay)
        self.steps.append({**payload, "out": out or payload["out"]})

    def add_derivation(self, d: Derivation) -> None:
        """Add the matrices and equations of a derivation."""
        for step in (*d.steps, *(claim.step for claim in d.claims)):
            for var in (*step.operands, step.out):
                if var in d.values:
                    self.values[var] = d.values[var]
                    words = ("text", "spoken") if var.kind == "spread" else ()
                    more: Json = dict.fromkeys(words, "column times row")
                    self.add_matrix(var, stack=var in d.stacked, **more)
        for step in d.steps:
            self.add_equation(step)

    def add_line(self, latex: str, why: str, **more: Any) -> Json:
        """Add and return a line: its formula, if it has one, a sentence, and `more`, such as its matrices (`strip`)."""
        line = {"formula": latex and to_mathml(latex), "why": why, **more}
        self.lines.append(line)
        return line

    def add_claim(self, claim: Claim, **more: Any) -> Json:
        """Add and return the line of a claim: its equation, its value, whether it holds."""
        name, out, latex = f"claim{len(self.lines)}", claim.step.out, claim.step.latex
        # Without the indices that the frame fills in.
        text = (out.whole if out.at else out).symbol
        self.add_matrix(out, claim.value, name, claim.per_cell, text=text)
        self.add_equation(claim.step, name)
        if not claim.meant:
            latex = latex.replace(" = ", r" \neq ", 1)
            right = to_mathml(claim.step.op.notation(*(v.latex for v in claim.step.operands)))
            self.matrices[name] |= {"label": right, "text": "with the updated weights", "word": "no gradient"}
        check = {
            "holds": bool(claim.holds),
            "meant": claim.meant,
            "error": _format_error(claim),
            "against": claim.against,
            "unseen": list(claim.unseen) if claim.per_cell else [],
        }
        return self.add_line(latex, claim.why, value=name, check=check, **more)

    def add_origins(self, trace: Trace) -> None:
        """Add the pass's own equation of every matrix in a line, to explain where its numbers come from.

        Of the other equations the chain names the operands, to show what a number feeds.
        """
        makers = {s.out: s for s in trace[0]}
        known = {s["out"] for s in self.steps}
        for name in dict.fromkeys(spec["id"] for line in self.lines for spec in line.get("strip", [])):
            step = makers.get(self.vars[name]) if name in self.vars else None
            if step and name not in known:
                self.add_equation(step)
        self.chain = [
            {"out": wire_name(s.out), "text": s.out.symbol, "makes": s.op.makes,
             "operands": [wire_name(v) for v in s.operands], "reads": list(s.op.reads)}
            for s in trace[0]
        ]  # fmt: skip

    def build_payload(self, arrangement: str) -> Json:
        """Build the payload of the whole board."""
        return {
            "kind": "board",
            "arrangement": arrangement,
            "matrices": self.matrices,
            "steps": [{k: s[k] for k in EXPLAINS} for s in self.steps],
            "chain": self.chain,
            "checks": {},
            "parts": ROLES,
            "lines": self.lines,
            "choices": self.choices,
            "frame": self.frame,
            "cursor": {"rev": self.place.rev, "frame": self.frame["at"]},
        }


def _format_error(claim: Claim) -> str:
    if not np.isfinite(claim.error) or (claim.meant and claim.verdict == NOT_MEASURABLE):
        return ""
    return f"{claim.error:.0e}" if claim.meant else f"{claim.error:.0%}"
