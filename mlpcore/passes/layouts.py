"""Layouts: whether examples are columns or rows, and which way the weights lie.

A layout is a reading of the finished list: every step is replaced by the one that says the same
of transposed matrices, so that schedules, checks and the stage need not know of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from operator import getitem

import numpy as np

from ..equations.dense import AFFINE, BIAS_GRADIENT, LINEAR, PULL_BACK, WEIGHT_GRADIENT, identity, transpose
from ..equations.kernels import Call, Kernel, make_product, make_sum_over_examples
from ..equations.steps import Op, Step
from ..notation import Var
from ..registry import Registry

Array = np.ndarray

#: The axes of weights, of their gradients and of what an optimiser keeps beside them.
_WEIGHTS = ("unit", "input")


@dataclass(frozen=True, eq=False, repr=False)
class Layout:
    """Which way the matrices lie: a row of `LAYOUTS`, compared by identity.

    Attributes:
        name: in links and files.
        title: as it is chosen.
        equation: the forward equation.
        sentence: one sentence for the user.
        transposes_batches, transposes_weights: whether these are transposed against the worksheet.
        products: name of an equation -> the equation in this layout, and the order in which it
            takes the operands. The products of matrices are written out; what works cell by cell
            or example by example is transposed by rule.
    """

    name: str
    title: str
    equation: str
    sentence: str
    transposes_batches: bool
    transposes_weights: bool
    products: Mapping[str, tuple[Op, tuple[int, ...]]]

    def __post_init__(self) -> None:
        for name, (op, _) in self.products.items():
            op.made_by(_find_product, self.name, name)

    def __repr__(self) -> str:
        return f"LAYOUTS[{self.name!r}]"

    def __reduce__(self) -> tuple[Callable, tuple]:
        return getitem, (LAYOUTS, self.name)

    def transposes(self, var: Var) -> bool:
        """Tell whether a matrix is transposed against the worksheet."""
        if len(var.axes) != 2:
            return False
        return self.transposes_weights if var.axes == _WEIGHTS else self.transposes_batches

    def convert(self, var: Var, value: Array) -> Array:
        """Take a matrix from the worksheet's layout to this one, or back; leading axes stay."""
        return transpose(value) if self.transposes(var) else value

    def convert_cell(self, var: Var, cell: tuple[int, ...]) -> tuple[int, ...]:
        """Take the indices of a cell from the worksheet's layout to this one, or back."""
        return cell[::-1] if self.transposes(var) else cell

    def is_row(self, var: Var) -> bool:
        """Tell whether a vector is drawn as a row, one number a column."""
        return len(var.axes) == 1 and (var.axes[0] == "example") != self.transposes_batches

    def convert_steps(self, steps: Iterable[Step]) -> list[Step]:
        """Rewrite a list of the worksheet's layout in this one."""
        if not (self.transposes_batches or self.transposes_weights):
            return list(steps)
        return [self._convert_step(step) for step in steps]

    def _convert_step(self, step: Step) -> Step:
        if step.op.name in self.products:
            op, order = self.products[step.op.name]
            return replace(step, op=op, operands=tuple(step.operands[k] for k in order))
        flags = tuple(self.transposes(v) for v in step.operands)
        return replace(step, op=_transpose_op(step.op, flags, self.transposes(step.out)))


def _transpose_op(op: Op, flags: tuple[bool, ...], out: bool) -> Op:
    """Give the equation of transposed operands (where flagged) with a transposed result."""
    if not any(flags) and not out:
        return op

    def restore(operands: tuple[Array, ...]) -> list[Array]:
        return [transpose(x) if flag else x for x, flag in zip(operands, flags, strict=True)]

    def arithmetic(*operands: Array) -> Array:
        result = op.arithmetic(*restore(operands))
        return transpose(result) if out else result

    reads = [letters[::-1] if flag else letters for letters, flag in zip(op.reads, flags, strict=True)]
    kink = op.kink
    # Cell by cell on matrices that all lie the same way, the same kernel serves.
    sides = (flag == out for flag, letters in zip(flags, op.reads, strict=True) if len(letters) == 2)
    transposed = replace(
        op,
        subscripts=",".join(reads) + "->" + (op.makes[::-1] if out else op.makes),
        arithmetic=arithmetic,
        kernel=op.kernel if op.kernel is not None and op.kernel.cellwise and all(sides) else None,
        cell=re.sub(
            r"\{(\d+)('?):(\w\w)\}", lambda m: f"{{{m[1]}{m[2]}:{m[3][::-1] if flags[int(m[1])] else m[3]}}}", op.cell
        ),
        kink=kink and (lambda *xs: transpose(kink(*restore(xs))) if flags[0] else kink(*restore(xs))),
    )
    return transposed.made_by(_transpose_op, op, flags, out)


def _find_product(layout: str, name: str) -> Op:
    return LAYOUTS[layout].products[name][0]


_ROWS_BIAS_GRADIENT = replace(
    BIAS_GRADIENT,
    kernel=make_sum_over_examples(transpose),
    subscripts="ni->i",
    arithmetic=lambda delta: transpose(delta) @ np.ones(delta.shape[-2], delta.dtype),
    notation=lambda delta: rf"\mathbb{{1}}_N^{{\top}}\,{delta}",
)


def _rows(linear: Op, weight_gradient: Op, order: tuple[int, int], pull_back: Op) -> dict:
    """List the products where examples are rows; the bias is added to each row of the linear one."""
    kernel = linear.kernel
    assert kernel is not None

    def calls(out: Array, Z: Array, W: Array, b: Array) -> list[Call]:
        return [*kernel.calls(out, Z, W), (np.add, (out, b, out))]

    affine = Op(
        "affine",
        linear.subscripts.replace("->", ",i->"),
        lambda Z, W, b: linear(Z, W) + b[..., None, :],
        lambda Z, W, b: f"{linear.notation(Z, W)} + {b}",
        linear.cell + " + {2}",
        kernel=Kernel(calls),
        exact=True,
        largest_term=lambda Z, W, b: max(Z * W, b),
    )
    return {
        "linear": (linear, (1, 0)),
        "affine": (affine, (1, 0, 2)),
        "weight gradient": (weight_gradient, order),
        "bias gradient": (_ROWS_BIAS_GRADIENT, (0,)),
        "pull back": (pull_back, (1, 0)),
    }


def _product(name: str, subscripts: str, left: Callable, right: Callable, notation: Callable) -> Op:
    summed = next(a for a in subscripts if a.isalpha() and a not in subscripts.split("->")[1])
    return Op(
        name,
        subscripts,
        lambda A, B: left(A) @ right(B),
        notation,
        f"sum_{summed}({{0}}·{{1}})",
        kernel=make_product(left, right),
        exact=True,
        largest_term=(lambda A, B: A * B) if name == "linear" else None,
    )


#: Everything transposed, as NumPy's and Keras' users write it: S = Z W + b.
_ROWS = _rows(
    _product("linear", "nj,ji->ni", identity, identity, lambda Z, W: rf"{Z}\,{W}"),
    _product("weight gradient", "nj,ni->ji", transpose, identity, lambda Z, delta: rf"{Z}^{{\top}}\,{delta}"),
    (1, 0),
    _product("pull back", "nk,ik->ni", identity, transpose, lambda delta, W: rf"{delta}\,{W}^{{\top}}"),
)

#: Examples in rows, weights as PyTorch's `Linear` keeps them: S = Z W^T + b.
_ROWS_TORCH = _rows(
    _product("linear", "nj,ij->ni", identity, transpose, lambda Z, W: rf"{Z}\,{W}^{{\top}}"),
    _product("weight gradient", "ni,nj->ij", transpose, identity, lambda delta, Z: rf"{delta}^{{\top}}\,{Z}"),
    (0, 1),
    _product("pull back", "nk,ki->ni", identity, identity, lambda delta, W: rf"{delta}\,{W}"),
)

#: Name -> `Layout`. The first is the worksheet's.
LAYOUTS: dict[str, Layout] = Registry.of(
    "layout",
    Layout("columns", "columns", "S = W Z + b", "Examples are columns.", False, False, {}),
    Layout("rows", "rows", "S = Z W + b", "Examples are rows and every matrix is transposed.", True, True, _ROWS),
    Layout(
        "rows, W kept",
        "rows, W stored as in PyTorch (out × in)",
        "S = Z Wᵀ + b",
        "Examples are rows, W is stored as in PyTorch (out × in).",
        True,
        False,
        _ROWS_TORCH,
    ),
)

assert {op.name for op in (LINEAR, AFFINE, WEIGHT_GRADIENT, BIAS_GRADIENT, PULL_BACK)} == set(_ROWS) == set(_ROWS_TORCH)
