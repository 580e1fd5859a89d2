"""The name of one matrix, or of a part of one, as it is typeset, written and spoken."""

from __future__ import annotations

import re
from typing import NamedTuple

from .kinds import KINDS, SIGNS, Kind, derivative

_DIFFERENTIAL = re.compile(r"(?<![a-z])d(?=[A-Zl]\w*/d)|(?<=/)d")
_SIGN = re.compile(rf"(?<![^\W_])({'|'.join(SIGNS)})(?![a-z])")


class Var(NamedTuple):
    """The name of one matrix, or of a part of one.

    Attributes:
        kind: a name of `KINDS`.
        layer: its layer, if it has one.
        new: it belongs to the network after the update.
        at: the indices that are held, in the worksheet's order: `"ij"` for one cell, `"j·"` for
            row j, `"·j"` for column j.
        transposed: the matrix is laid out transposed, so the indices are written the other way round.
        examples: the block of the batch it belongs to, as (first, stop) from 0: columns of a matrix
            with examples, or a gradient or loss summed over those examples alone. None for all.
    """

    kind: str
    layer: int | None = None
    new: bool = False
    at: str = ""
    transposed: bool = False
    examples: tuple[int, int] | None = None

    @property
    def info(self) -> Kind:
        return KINDS[self.kind]

    @property
    def axes(self) -> tuple[str, ...]:
        """What each axis counts, in the worksheet's layout."""
        if not self.at or "?" in self.info.latex:  # then the indices are of what it is taken by
            return self.info.axes
        return tuple(axis for axis, index in zip(self.info.axes, self.at, strict=True) if index == "·")

    def _indices(self, letters: str = "") -> str:
        """Write the indices that are held, and letters for the others."""
        free = iter(letters[::-1] if self.transposed else letters)
        at = "".join(next(free, "·") if index == "·" else index for index in self.at)
        return at[::-1] if self.transposed else at

    def _fill(self, text: str, indices: str) -> str:
        layer = "" if self.layer is None else str(self.layer)
        above = "" if self.layer is None else str(self.layer + 1)
        return text.replace("#", layer).replace("@", above).replace("?", indices)

    def _latex(self, letters: str) -> str:
        indices = self._indices(letters).replace("·", r"\cdot ")
        symbol = self._fill(self.info.latex, indices)
        if self.info.of and self.kind != "delta" and self.layer is not None:
            inner = f"{KINDS[self.info.of].latex}_{{{self.layer}}}"
            return derivative(f"({inner})_{{{indices}}}" if indices else inner)
        if "#" not in self.info.latex and self.layer is not None:
            symbol += f"_{{{self.layer}}}"
        if indices and "?" not in self.info.latex:
            symbol = f"{symbol}_{{{indices}}}" if symbol.endswith(")") else f"({symbol})_{{{indices}}}"
        return rf"{{{symbol}^{{\mathrm{{new}}}}}}" if self.new else symbol

    @property
    def block(self) -> str:
        """The examples of a block as they are written, counted from 1: `5:8`."""
        return "" if self.examples is None else f"{self.examples[0] + 1}:{self.examples[1]}"

    @property
    def latex(self) -> str:
        latex = self._latex("")
        return f"{latex}[{self.block}]" if self.block else latex

    def latex_at(self, letters: str) -> str:
        """Write the symbol of one cell, the free indices being these letters: `(W_1)_{ij}`, `(Z_0)_{jn}`."""
        if not letters:
            return self.latex
        if self.kind == "one":
            return f"{self.latex}^{{{letters}}}"
        if self.kind.startswith(("dZd", "dGd", "dPd")):
            top, below = self.latex.split("}{", 1)
            name = top.removeprefix(r"\frac{\partial ")
            return rf"\frac{{\partial ({name})_{{{letters}}}}}{{{below}"
        if "·" in self.at:
            return self._latex(letters)
        latex = self.latex
        # A lone letter, or what ends in a bracket, needs none before its subscript; else it would be misread.
        return (
            rf"{latex}_{{{letters}}}"
            if len(latex) == 1 or latex.endswith(")")
            else rf"\left({latex}\right)_{{{letters}}}"
        )

    @property
    def text(self) -> str:
        """The symbol in plain text: `W_1`, `dL/dZ_2`, `new W_1`, `(Z_0)_j·`, `S_1[5:8]`."""
        plain, indices = self.info.plain, self._indices()
        text = self._fill(plain, indices)
        if "#" not in plain and self.layer is not None:
            text += f"_{self.layer}"
        if indices and "?" not in plain:
            front, symbol = ("dL/d", text[4:]) if text.startswith("dL/d") else ("", text)
            text = f"{front}({symbol})_{indices}"
        return ("new " if self.new else "") + text + (f"[{self.block}]" if self.block else "")

    @property
    def symbol(self) -> str:
        """The symbol as it is typeset, on one line: `δ_1`, `∂L/∂W_1`, `η`."""
        text = self.text
        if "/d" in text:
            text = _DIFFERENTIAL.sub("∂", text).replace("L_0/", "L₀/")
        return _SIGN.sub(lambda m: SIGNS[m[0]], text)

    @property
    def spoken(self) -> str:
        """For a screen reader: `W 1`, `gradient of the loss by W 1`."""
        text = self.text.replace(f"[{self.block}]", f" of examples {self.block.replace(':', ' to ')}")
        text = text.replace("dL/d", "gradient of the loss by ").replace("/d", " by ")
        for local in ("dZ_", "dG ", "dP ", "dl "):
            text = text.replace(local, f"d {local[1]} ")
        return " ".join(text.replace("_", " ").replace("(", " ").replace(")", " ").replace("·", "").split())

    @property
    def word(self) -> str:
        if self.kind == "Z" and self.layer == 0:
            return "inputs"
        return self.info.word + (" after the step" if self.new else "")

    @property
    def role(self) -> str:
        if self.kind == "Z" and self.layer == 0:
            return "parameter"
        return "forward" if self.new else self.info.role

    @property
    def is_column(self) -> bool:
        """Tell whether this part of a matrix is a column of it."""
        return self._indices().startswith("·")

    @property
    def whole(self) -> Var:
        """The matrix that this is a part of."""
        return Var(self.kind, self.layer, self.new)

    @property
    def of(self) -> Var | None:
        """What a gradient is the derivative of the loss by; None for what is no gradient."""
        if not self.info.of:
            return None
        return Var(self.info.of, self.layer).of_examples(self.examples)

    def of_examples(self, examples: tuple[int, int] | None) -> Var:
        """Name the part of this matrix in a block of the batch; what does not depend on examples stays whole."""
        if self.examples == examples or (self.role == "parameter" and "example" not in self.info.axes):
            return self
        return Var(self.kind, self.layer, self.new, self.at, self.transposed, examples)

    def __repr__(self) -> str:
        return self.text
