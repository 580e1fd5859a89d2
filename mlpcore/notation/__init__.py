"""The glossary as code: every matrix of a pass has a kind, a symbol and a word.

A `Var` names one matrix (`S(1)`, `dW(2)`, `loss`); `KINDS` says what that kind of
matrix is called, how it is typeset, what its axes count and what role it has.
Conventions are the worksheet's: examples are columns, layers count from 1.
"""

from __future__ import annotations

from .kinds import KINDS, ROLES, Kind
from .var import Var

__all__ = [
    "KINDS", "ROLES", "A", "G", "Kind", "O", "P", "Q", "S", "T", "Var", "W", "Y", "Z", "after", "b", "dG", "dO", "dP",
    "dQ", "dW", "dZ", "db", "delta", "ell", "loss", "margin", "mask", "rate", "strength",
]  # fmt: skip


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


def mask(layer: int) -> Var:
    """Dropout mask `M_l` in `Z_l = M_l (.) f_l(S_l)`, shape (d_l, N)."""
    return Var("M", layer)


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
strength = Var("strength")
O = Var("O")
P = Var("P")
Q = Var("Q")
G = Var("G")
A = Var("A")
T = Var("T")
ell = Var("ell")
dO = Var("dO")
dP = Var("dP")
dQ = Var("dQ")
dG = Var("dG")
loss = Var("loss")


def after(var: Var) -> Var:
    """Name the same matrix of the network after the update."""
    return Var(var.kind, var.layer, new=True)
