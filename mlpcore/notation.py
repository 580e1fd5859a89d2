"""The glossary as code: every matrix of a pass has a kind, a symbol and a word.

A `Var` names one matrix (`S(1)`, `dW(2)`, `loss`); `KINDS` says what that kind of
matrix is called, how it is typeset, what its axes count and what part it plays.
Conventions are the worksheet's: examples are columns, layers count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass

#: The part a matrix plays: what the user sets, what the forward pass makes, what the
#: backward pass makes. The frame around a matrix says it everywhere.
PARTS = {"parameter": "set by you", "forward": "forward pass", "gradient": "backward pass"}


@dataclass(frozen=True)
class Kind:
    """One row of the glossary.

    Attributes:
        latex: the symbol, without layer.
        plain: the symbol in plain text; `dL/d` starts a derivative.
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


KINDS: dict[str, Kind] = {
    "W": Kind("W", "W", "weights", ("unit", "input"), "parameter"),
    "b": Kind("b", "b", "biases", ("unit",), "parameter"),
    "Y": Kind(r"Y_{\mathrm{gt}}", "Y", "targets", ("output", "example"), "parameter"),
    "rate": Kind(r"\eta", "rate", "learning rate", (), "parameter"),
    "margin": Kind("m", "m", "margin", (), "parameter"),
    "S": Kind("S", "S", "preactivations", ("unit", "example"), "forward"),
    "Z": Kind("Z", "Z", "activations", ("unit", "example"), "forward"),
    "P": Kind("P", "P", "probabilities", ("output", "example"), "forward"),
    "G": Kind("G", "G", "gaps", ("output", "example"), "forward"),
    "A": Kind("A", "A", "active rivals", ("output", "example"), "forward"),
    "ell": Kind(r"\ell", "l", "loss of each example", ("example",), "forward"),
    "loss": Kind(r"\mathcal{L}", "L", "loss", (), "forward"),
    "dW": Kind(_d("W"), "dL/dW", "gradient of the weights", ("unit", "input"), "gradient", "W"),
    "db": Kind(_d("b"), "dL/db", "gradient of the biases", ("unit",), "gradient", "b"),
    "dZ": Kind(_d("Z"), "dL/dZ", "gradient of the activations", ("unit", "example"), "gradient", "Z"),
    "delta": Kind(r"\delta", "delta", "gradient of the preactivations", ("unit", "example"), "gradient", "S"),
    "dP": Kind(_d("P"), "dL/dP", "gradient of the probabilities", ("output", "example"), "gradient", "P"),
}


@dataclass(frozen=True)
class Var:
    """The name of one matrix: its kind, its layer, and whether it belongs to the network
    after the update (`new`)."""

    kind: str
    layer: int | None = None
    new: bool = False

    @property
    def info(self) -> Kind:
        return KINDS[self.kind]

    @property
    def axes(self) -> tuple[str, ...]:
        """What each axis counts, in the worksheet's layout."""
        return self.info.axes

    @property
    def latex(self) -> str:
        symbol = self.info.latex
        if self.info.of and self.layer is not None and self.kind != "delta":
            return _d(f"{KINDS[self.info.of].latex}_{{{self.layer}}}")
        sub = "" if self.layer is None else f"_{{{self.layer}}}"
        return symbol + sub + (r"^{\mathrm{new}}" if self.new else "")

    @property
    def text(self) -> str:
        """The symbol in plain text: `W_1`, `dL/dZ_2`, `new W_1`."""
        sub = "" if self.layer is None else f"_{self.layer}"
        return ("new " if self.new else "") + self.info.plain + sub

    @property
    def symbol(self) -> str:
        """The symbol as it is typeset, on one line: `δ_1`, `∂L/∂W_1`, `η`."""
        greek = {"delta": "δ", "rate": "η", "ell": "ℓ"}.get(self.kind, self.info.plain.replace("dL/d", "∂L/∂"))
        sub = "" if self.layer is None else f"_{self.layer}"
        return ("new " if self.new else "") + greek + sub

    @property
    def spoken(self) -> str:
        """For a screen reader: `W 1`, `d L d W 1`."""
        return self.text.replace("dL/d", "d L d ").replace("_", " ")

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
    def of(self) -> Var | None:
        """What a gradient is the derivative of the loss by; None for what is no gradient."""
        return Var(self.info.of, self.layer) if self.info.of else None

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
P = Var("P")
G = Var("G")
A = Var("A")
ell = Var("ell")
dP = Var("dP")
loss = Var("loss")


def after(var: Var) -> Var:
    """The same matrix of the network after the update."""
    return Var(var.kind, var.layer, new=True)
