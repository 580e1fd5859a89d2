"""The glossary as code: every matrix of a pass has a kind, a symbol and a word.

A `Var` names one matrix (`S(1)`, `dW(2)`, `loss`); `KINDS` says what that kind of
matrix is called, how it is typeset, what its axes count and what part it plays.
Conventions are the worksheet's: examples are columns, layers count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

#: The part a matrix plays: what the user sets, what the forward pass makes, what the
#: backward pass makes. The frame around a matrix says it everywhere.
PARTS = {"parameter": "set by you", "forward": "forward pass", "gradient": "backward pass"}


@dataclass(frozen=True)
class Kind:
    """One row of the glossary.

    Attributes:
        latex: the symbol; `#` stands for the layer, `@` for the one above it, `?` for the indices
            of the cell it is about. Without a `#` the layer follows as a subscript.
        plain: the symbol in plain text, likewise; `dL/d` starts a derivative of the loss.
        word: what people call it.
        axes: what each axis counts, () for a single number: `unit` of the layer, `input` (unit of
            the layer before), `output` (unit of the last layer), `example` of the batch.
            `mlpcore.network.shape_of` turns them into sizes.
        part: a name of `PARTS`.
        of: for a derivative of the loss, the kind it is taken by.
    """

    latex: str
    plain: str
    word: str
    axes: tuple[str, ...]
    part: str
    of: str | None = None


def _d(by: str) -> str:
    return rf"\frac{{\partial\mathcal{{L}}}}{{\partial {by}}}"


def _local(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial ({by})_{{?}}}}"


KINDS: dict[str, Kind] = {
    "W": Kind("W", "W", "weights", ("unit", "input"), "parameter"),
    "b": Kind("b", "b", "biases", ("unit",), "parameter"),
    "Y": Kind(r"Y_{\mathrm{gt}}", "Y", "targets", ("output", "example"), "parameter"),
    "rate": Kind(r"\eta", "rate", "learning rate", (), "parameter"),
    "margin": Kind("m", "m", "margin", (), "parameter"),
    "S": Kind("S", "S", "preactivations", ("unit", "example"), "forward"),
    "Z": Kind("Z", "Z", "activations", ("unit", "example"), "forward"),
    "O": Kind("O", "O", "logits", ("output", "example"), "parameter"),
    "P": Kind("P", "P", "probabilities", ("output", "example"), "forward"),
    "G": Kind("G", "G", "gaps", ("output", "example"), "forward"),
    "A": Kind("A", "A", "active rivals", ("output", "example"), "forward"),
    "T": Kind("T", "T", "rivals at the top", ("output", "example"), "forward"),
    "ell": Kind(r"\ell", "l", "loss of each example", ("example",), "forward"),
    "loss": Kind(r"\mathcal{L}", "L", "loss", (), "forward"),
    "dW": Kind(_d("W"), "dL/dW", "gradient of the weights", ("unit", "input"), "gradient", "W"),
    "db": Kind(_d("b"), "dL/db", "gradient of the biases", ("unit",), "gradient", "b"),
    "dZ": Kind(_d("Z"), "dL/dZ", "gradient of the activations", ("unit", "example"), "gradient", "Z"),
    "delta": Kind(r"\delta", "delta", "gradient of the preactivations", ("unit", "example"), "gradient", "S"),
    "slope": Kind("f'_#(S_#)", "f'(S_#)", "slopes", ("unit", "example"), "forward"),
    "dZdW": Kind(_local("Z_#", "W_#"), "dZ_#/d(W_#)_?", "local derivative", ("unit", "example"), "gradient"),
    "dZdb": Kind(_local("Z_#", "b_#"), "dZ_#/d(b_#)_?", "local derivative", ("unit", "example"), "gradient"),
    "dZdS": Kind(_local("Z_#", "S_#"), "dZ_#/d(S_#)_?", "local derivative", ("unit", "example"), "gradient"),
    "dZdZ": Kind(_local("Z_@", "Z_#"), "dZ_@/d(Z_#)_?", "local derivative", ("above", "example"), "gradient"),
    "dGdO": Kind(_local("G", "O"), "dG/d(O)_?", "local derivative", ("output", "example"), "gradient"),
    "dgdO": Kind(_local(r"(G)_{\cdot n}", "O"), "dG/d(O)_?", "local derivative", ("output",), "gradient"),
    "dPdO": Kind(_local("P", "O"), "dP/d(O)_?", "Jacobian of softmax", ("output", "output"), "gradient"),
    "py": Kind("P_y", "P_y", "probability of the right class", ("example",), "forward"),
    "eye": Kind(r"\mathbf{1}", "1", "indicator: 1 on the diagonal", ("output", "output"), "parameter"),
    "terms": Kind(r"\mathrm{terms}", "terms", "terms of the sum", ("unit", "example"), "gradient"),
    "spread": Kind("?", "?", "what each cell would read", ("unit", "example"), "forward"),
    "one": Kind(r"\mathbf{1}_?", "1_?", "indicator", ("any",), "parameter"),
    "ones": Kind(r"\mathbb{1}_N", "1_N", "ones, one an example", ("example",), "parameter"),
    "product": Kind("(S_# - b_#)", "S_# − b_#", "product", ("unit", "example"), "forward"),
    "term": Kind(r"\mathrm{added}", "added", "what this one adds", ("any", "any"), "gradient"),
    "sofar": Kind(r"\mathrm{so~far}", "so far", "sum so far", ("any", "any"), "gradient"),
    "J": Kind("J", "J", "Jacobian", ("any", "any"), "gradient"),
    "vecin": Kind(
        r"\operatorname{vec}\frac{\partial\mathcal{L}}{\partial Z_#}",
        "vec dL/dZ_#",
        "gradient of the activations, stacked",
        ("any", "any"),
        "gradient",
    ),
    "vecout": Kind(r"\operatorname{vec} ?", "vec gradient", "gradient, stacked", ("any", "any"), "gradient"),
    "dG": Kind(_d("G"), "dL/dG", "gradient of the gaps", ("output", "example"), "gradient", "G"),
    "dO": Kind(_d("O"), "dL/dO", "gradient of the logits", ("output", "example"), "gradient", "O"),
    "dP": Kind(_d("P"), "dL/dP", "gradient of the probabilities", ("output", "example"), "gradient", "P"),
}


_TYPESET = {
    "delta": (("delta", "δ"),),
    "rate": (("rate", "η"),),
    "ell": (("l", "ℓ"),),
    **dict.fromkeys(("dZdW", "dZdb", "dZdS", "dZdZ"), (("dZ_", "∂Z_"), ("/d", "/∂"))),
    **dict.fromkeys(("dGdO", "dgdO", "dPdO"), (("dG", "∂G"), ("dP", "∂P"), ("/d", "/∂"))),
}


@dataclass(frozen=True)
class Var:
    """The name of one matrix, or of a part of one.

    Attributes:
        kind: a name of `KINDS`.
        layer: its layer, if it has one.
        new: it belongs to the network after the update.
        at: the indices that are held, in the worksheet's order: `"ij"` for one cell, `"j·"` for
            row j, `"·j"` for column j.
        turned: the matrix is laid out transposed, so the indices are written the other way round.
        examples: the block of the batch it belongs to, as (first, stop) from 0: columns of a matrix
            with examples, or a gradient or loss summed over those examples alone. None for all.
    """

    kind: str
    layer: int | None = None
    new: bool = False
    at: str = ""
    turned: bool = False
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
        """What is held, and letters for what is not, as they are written."""
        free = iter(letters[::-1] if self.turned else letters)
        at = "".join(next(free, "·") if index == "·" else index for index in self.at)
        return at[::-1] if self.turned else at

    def _fill(self, text: str, indices: str) -> str:
        layer = "" if self.layer is None else str(self.layer)
        above = "" if self.layer is None else str(self.layer + 1)
        return text.replace("#", layer).replace("@", above).replace("?", indices)

    def _latex(self, letters: str) -> str:
        indices = self._indices(letters).replace("·", r"\cdot ")
        symbol = self._fill(self.info.latex, indices)
        if self.info.of and self.kind != "delta" and self.layer is not None:
            inner = f"{KINDS[self.info.of].latex}_{{{self.layer}}}"
            return _d(f"({inner})_{{{indices}}}" if indices else inner)
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
        """The symbol of one cell, the free indices being these letters: `(W_1)_{ij}`, `(Z_0)_{jn}`."""
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
        for plain, typeset in _TYPESET.get(self.kind, (("dL/d", "∂L/∂"),)):
            text = text.replace(plain, typeset)
        return text

    @property
    def spoken(self) -> str:
        """For a screen reader: `W 1`, `d L d W 1`."""
        text = self.text.replace(f"[{self.block}]", f" of examples {self.block.replace(':', ' to ')}")
        text = text.replace("dL/d", "d L d ").replace("/d", " by ")
        for local in ("dZ_", "dG ", "dP "):
            text = text.replace(local, f"d {local[1]} ")
        return " ".join(text.replace("_", " ").replace("(", " ").replace(")", " ").replace("·", "").split())

    @property
    def word(self) -> str:
        if self.kind == "Z" and self.layer == 0:
            return "inputs"
        return self.info.word + (" after the step" if self.new else "")

    @property
    def part(self) -> str:
        if self.kind == "Z" and self.layer == 0:
            return "parameter"
        return "forward" if self.new else self.info.part

    @property
    def upright(self) -> bool:
        """Whether this part of a matrix is a column of it."""
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
        """The part of this matrix in a block of the batch; what does not depend on examples stays whole."""
        if self.part == "parameter" and "example" not in self.info.axes:
            return self
        return replace(self, examples=examples)

    def __repr__(self) -> str:
        return self.text


def S(layer: int) -> Var:
    """Preactivations `S_l = W_l Z_{l-1} + b_l`, shape (d_l, N)."""
    return Var("S", layer)


def Z(layer: int) -> Var:
    """Activations `Z_l = f_l(S_l)`, shape (d_l, N); `Z(0)` is the input X."""
    return Var("Z", layer)


def W(layer: int) -> Var:
    """Weights of layer l, shape (d_l, d_{l-1})."""
    return Var("W", layer)


def b(layer: int) -> Var:
    """Biases of layer l, shape (d_l,)."""
    return Var("b", layer)


def delta(layer: int) -> Var:
    """`delta_l = dL/dS_l`, shape (d_l, N)."""
    return Var("delta", layer)


def dW(layer: int) -> Var:
    """`dL/dW_l`, shape (d_l, d_{l-1})."""
    return Var("dW", layer)


def db(layer: int) -> Var:
    """`dL/db_l`, shape (d_l,)."""
    return Var("db", layer)


def dZ(layer: int) -> Var:
    """`dL/dZ_l`, shape (d_l, N)."""
    return Var("dZ", layer)


Y = Var("Y")
rate = Var("rate")
margin = Var("margin")
O = Var("O")
P = Var("P")
G = Var("G")
A = Var("A")
T = Var("T")
ell = Var("ell")
dO = Var("dO")
dP = Var("dP")
dG = Var("dG")
loss = Var("loss")


def after(var: Var) -> Var:
    """The same matrix of the network after the update."""
    return Var(var.kind, var.layer, new=True)
