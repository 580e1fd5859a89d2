"""The table of kinds: symbol, LaTeX, word, axes and role of every kind of matrix."""

from __future__ import annotations

from dataclasses import dataclass

#: The role of a matrix: what the user sets, what the forward pass makes, what the
#: backward pass makes. The frame around a matrix shows it everywhere.
ROLES = {"parameter": "set by you", "forward": "forward pass", "gradient": "backward pass"}


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
        role: a name of `ROLES`.
        of: for a derivative of the loss, the kind it is taken by.
    """

    latex: str
    plain: str
    word: str
    axes: tuple[str, ...]
    role: str
    of: str | None = None


def derivative(by: str) -> str:
    """Write `dL/d...` in LaTeX."""
    return rf"\frac{{\partial\mathcal{{L}}}}{{\partial {by}}}"


def _of_data(by: str) -> str:
    return rf"\frac{{\partial\mathcal{{L}}_0}}{{\partial {by}_#}}"


def _local(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial ({by})_{{?}}}}"


def _of_each(by: str) -> str:
    return rf"\frac{{\partial\ell}}{{\partial {by}}}"


KINDS: dict[str, Kind] = {
    "W": Kind("W", "W", "weights", ("unit", "input"), "parameter"),
    "b": Kind("b", "b", "biases", ("unit",), "parameter"),
    "M": Kind("M", "M", "dropout mask", ("unit", "example"), "parameter"),
    "Y": Kind(r"Y_{\mathrm{gt}}", "Y", "targets", ("output", "example"), "parameter"),
    "rate": Kind(r"\eta", "rate", "learning rate", (), "parameter"),
    "margin": Kind("m", "m", "margin", (), "parameter"),
    "strength": Kind(r"\lambda", "lambda", "strength of the penalty", (), "parameter"),
    "mu": Kind(r"\mu", "mu", "momentum", (), "parameter"),
    "beta1": Kind(r"\beta_1", "beta1", "decay rate beta1", (), "parameter"),
    "beta2": Kind(r"\beta_2", "beta2", "decay rate beta2", (), "parameter"),
    "epsilon": Kind(r"\varepsilon", "epsilon", "guard against division by 0", (), "parameter"),
    "decay": Kind(r"\lambda", "decay", "weight decay", (), "parameter"),
    "t": Kind("t", "t", "steps taken", (), "parameter"),
    "length": Kind("T", "T", "steps of the schedule", (), "parameter"),
    "gamma": Kind(r"\gamma", "gamma", "factor of the schedule", (), "parameter"),
    "etat": Kind(r"\eta_t", "rate_t", "learning rate of this step", (), "forward"),
    "clip": Kind("c", "c", "largest norm of the gradient", (), "parameter"),
    "squareW": Kind("q_{W_#}", "q_W_#", "squared norm of the gradient of the weights", (), "forward"),
    "squareb": Kind("q_{b_#}", "q_b_#", "squared norm of the gradient of the biases", (), "forward"),
    "norm": Kind(r"\lVert g\rVert", "norm", "norm of the gradient", (), "forward"),
    "share": Kind("s", "s", "share of the gradient that is kept", (), "forward"),
    "shortW": Kind(r"\bar{g}_{W_#}", "g_W_#", "clipped gradient of the weights", ("unit", "input"), "gradient"),
    "shortb": Kind(r"\bar{g}_{b_#}", "g_b_#", "clipped gradient of the biases", ("unit",), "gradient"),
    "correction1": Kind("c_1", "c1", "sum of weights, gradient", (), "forward"),
    "correction2": Kind("c_2", "c2", "sum of weights, square", (), "forward"),
    "VW": Kind("V_{W_#}", "V_W_#", "velocity of the weights", ("unit", "input"), "parameter"),
    "Vb": Kind("V_{b_#}", "V_b_#", "velocity of the biases", ("unit",), "parameter"),
    "MW": Kind("M_{W_#}", "M_W_#", "averaged gradient of the weights", ("unit", "input"), "parameter"),
    "Mb": Kind("M_{b_#}", "M_b_#", "averaged gradient of the biases", ("unit",), "parameter"),
    "RW": Kind("R_{W_#}", "R_W_#", "squared gradient of the weights", ("unit", "input"), "parameter"),
    "Rb": Kind("R_{b_#}", "R_b_#", "squared gradient of the biases", ("unit",), "parameter"),
    "S": Kind("S", "S", "preactivations", ("unit", "example"), "forward"),
    "Z": Kind("Z", "Z", "activations", ("unit", "example"), "forward"),
    "O": Kind("O", "O", "logits", ("output", "example"), "parameter"),
    "P": Kind("P", "P", "probabilities", ("output", "example"), "forward"),
    "Q": Kind("Q", "Q", "log-probabilities", ("output", "example"), "forward"),
    "G": Kind("G", "G", "gaps", ("output", "example"), "forward"),
    "A": Kind("A", "A", "active competing classes", ("output", "example"), "forward"),
    "T": Kind("T", "T", "competing classes at the maximum", ("output", "example"), "forward"),
    "ell": Kind(r"\ell", "l", "loss of each example", ("example",), "forward"),
    "loss": Kind(r"\mathcal{L}", "L", "loss", (), "forward"),
    "data": Kind(r"\mathcal{L}_0", "L_0", "loss on the data", (), "forward"),
    "penaltyW": Kind(r"\Omega_{W_#}", "Omega_W_#", "penalty of the weights", (), "forward"),
    "penaltyb": Kind(r"\Omega_{b_#}", "Omega_b_#", "penalty of the biases", (), "forward"),
    "gW": Kind(_of_data("W"), "dL_0/dW_#", "gradient of the weights by the data", ("unit", "input"), "gradient"),
    "gb": Kind(_of_data("b"), "dL_0/db_#", "gradient of the biases by the data", ("unit",), "gradient"),
    "dW": Kind(derivative("W"), "dL/dW", "gradient of the weights", ("unit", "input"), "gradient", "W"),
    "db": Kind(derivative("b"), "dL/db", "gradient of the biases", ("unit",), "gradient", "b"),
    "dZ": Kind(derivative("Z"), "dL/dZ", "gradient of the activations", ("unit", "example"), "gradient", "Z"),
    "delta": Kind(r"\delta", "delta", "gradient of the preactivations", ("unit", "example"), "gradient", "S"),
    "slope": Kind("f'_#(S_#)", "f'(S_#)", "derivatives", ("unit", "example"), "forward"),
    "maskedslope": Kind(
        r"\left(M_#\odot f'_#(S_#)\right)", "(M_# ⊙ f'_#(S_#))", "masked derivatives", ("unit", "example"), "forward"
    ),
    "dZdW": Kind(_local("Z_#", "W_#"), "dZ_#/d(W_#)_?", "local derivative", ("unit", "example"), "gradient"),
    "dZdb": Kind(_local("Z_#", "b_#"), "dZ_#/d(b_#)_?", "local derivative", ("unit", "example"), "gradient"),
    "dZdS": Kind(_local("Z_#", "S_#"), "dZ_#/d(S_#)_?", "local derivative", ("unit", "example"), "gradient"),
    "dZdZ": Kind(_local("Z_@", "Z_#"), "dZ_@/d(Z_#)_?", "local derivative", ("above", "example"), "gradient"),
    "dGdO": Kind(_local("G", "O"), "dG/d(O)_?", "local derivative", ("output", "example"), "gradient"),
    "dgdO": Kind(_local(r"(G)_{\cdot n}", "O"), "dG/d(O)_?", "local derivative", ("output",), "gradient"),
    "dPdO": Kind(_local("P", "O"), "dP/d(O)_?", "Jacobian of softmax", ("output", "output"), "gradient"),
    "dpdO": Kind(_local(r"(P)_{\cdot n}", "O"), "dP/d(O)_?", "column of the Jacobian", ("output",), "gradient"),
    "dpdZ": Kind(_local(r"(P)_{\cdot n}", "Z_#"), "dP/d(Z_#)_?", "column of the Jacobian", ("output",), "gradient"),
    "dpdz": Kind(_local("(P)_{?}", "Z_#"), "dP/dZ_#", "derivative of sigmoid", (), "gradient"),
    "cellloss": Kind(r"\ell", "l", "loss of each cell", ("output", "example"), "forward"),
    "dldP": Kind(_of_each("P"), "dl/dP", "derivative of a loss by P", ("output", "example"), "gradient"),
    "dldZ": Kind(_of_each("Z_#"), "dl/dZ_#", "derivative of a loss by Z", ("output", "example"), "gradient"),
    "dLdl": Kind(derivative(r"\ell"), "dL/dl", "weight of each example", ("example",), "gradient"),
    "dLdc": Kind(derivative(r"\ell"), "dL/dl", "weight of each cell", ("output", "example"), "gradient"),
    "mass": Kind(r"\left(\mathbb{1}^{\top}Y_{\mathrm{gt}}\right)_{?}", "(1ᵀY)_?", "sum of targets", (), "forward"),
    "py": Kind("P_y", "P_y", "probability of the true class", ("example",), "forward"),
    "eye": Kind(r"\mathbf{I}", "I", "identity: 1 on the diagonal, else 0", ("output", "output"), "parameter"),
    "terms": Kind(r"\mathrm{terms}", "terms", "terms of the sum", ("unit", "example"), "gradient"),
    "spread": Kind("?", "?", "what each cell would read", ("unit", "example"), "forward"),
    "one": Kind(r"\mathbf{e}_?", "e_?", "1 at one place, else 0", ("any",), "parameter"),
    "ones": Kind(r"\mathbb{1}_N", "1_N", "ones, one an example", ("example",), "parameter"),
    "product": Kind("(S_# - b_#)", "S_# − b_#", "product", ("unit", "example"), "forward"),
    "term": Kind(r"\mathrm{current~term}", "current term", "what this one adds", ("any", "any"), "gradient"),
    "sofar": Kind(r"\mathrm{partial~sum}", "partial sum", "sum of the terms up to here", ("any", "any"), "gradient"),
    "J": Kind("J", "J", "Jacobian", ("any", "any"), "gradient"),
    "vecin": Kind(
        r"\operatorname{vec}\frac{\partial\mathcal{L}}{\partial Z_#}",
        "vec dL/dZ_#",
        "gradient of the activations, stacked",
        ("any", "any"),
        "gradient",
    ),
    "vecout": Kind(r"\operatorname{vec} ?", "vec gradient", "gradient, stacked", ("any", "any"), "gradient"),
    "dG": Kind(derivative("G"), "dL/dG", "gradient of the gaps", ("output", "example"), "gradient", "G"),
    "dO": Kind(derivative("O"), "dL/dO", "gradient of the logits", ("output", "example"), "gradient", "O"),
    "dQ": Kind(derivative("Q"), "dL/dQ", "gradient of the log-probabilities", ("output", "example"), "gradient", "Q"),
    "dP": Kind(derivative("P"), "dL/dP", "gradient of the probabilities", ("output", "example"), "gradient", "P"),
}

#: The words of a plain symbol that are typeset as another sign.
SIGNS = {
    "delta": "δ", "rate": "η", "gamma": "γ", "mu": "μ", "beta1": "β₁", "beta2": "β₂", "epsilon": "ε", "decay": "λ",
    "lambda": "λ", "Omega": "Ω", "l": "ℓ",
}  # fmt: skip
