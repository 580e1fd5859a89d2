"""Conventions: choices that mathematics leaves open, and the same pass under other ones.

The constant in front of a loss and the two choices at a corner go into the equations. The
layout is a reading of the finished list: every step is turned into the one that says the same
of transposed matrices, so that schedules, checks and the stage need not know of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..equations.kernels import Kernel, product, sum_over_examples
from ..equations.ops import AFFINE, BIAS_GRADIENT, LINEAR, PULL_BACK, WEIGHT_GRADIENT, T, as_it_is
from ..equations.steps import Op, Step
from ..losses import Loss
from ..losses.scales import SCALES
from ..notation import Var
from ..registry import Registry

Array = np.ndarray

#: Kinds that are laid out like weights, in a layout that leaves weights as they are.
_WEIGHTS = ("W", "dW")


@dataclass(frozen=True, eq=False)
class Layout:
    """Which way the matrices lie. There are those in `LAYOUTS`; each is equal to itself alone.

    Attributes:
        name: as it is chosen.
        says: the forward equation.
        why: one sentence for the user.
        turns_batches, turns_weights: whether these are transposed against the worksheet.
        products: name of an equation -> the equation in this layout, and the order in which it
            takes the operands. The products of matrices are written out; what works cell by cell
            or example by example is turned by rule.
    """

    name: str
    says: str
    why: str
    turns_batches: bool
    turns_weights: bool
    products: Mapping[str, tuple[Op, tuple[int, ...]]]

    def turns(self, var: Var) -> bool:
        """Whether a matrix is transposed against the worksheet."""
        if len(var.axes) != 2:
            return False
        return self.turns_weights if var.kind in _WEIGHTS else self.turns_batches

    def turn(self, var: Var, value: Array) -> Array:
        """The matrix from the worksheet's layout to this one, or back; leading axes stay."""
        return T(value) if self.turns(var) else value

    def cell(self, var: Var, cell: tuple[int, ...]) -> tuple[int, ...]:
        """The place of a cell from the worksheet's layout to this one, or back."""
        return cell[::-1] if self.turns(var) else cell

    def flat(self, var: Var) -> bool:
        """Whether a vector lies flat: one number a column."""
        return len(var.axes) == 1 and (var.axes[0] == "example") != self.turns_batches

    def steps(self, steps: Iterable[Step]) -> list[Step]:
        """The list as it reads in this layout."""
        if not (self.turns_batches or self.turns_weights):
            return list(steps)
        return [self._step(step) for step in steps]

    def _step(self, step: Step) -> Step:
        if step.op.name in self.products:
            op, order = self.products[step.op.name]
            return replace(step, op=op, operands=tuple(step.operands[k] for k in order))
        flags = tuple(self.turns(v) for v in step.operands)
        return replace(step, op=_turned(step.op, flags, self.turns(step.out)))


def _turned(op: Op, flags: tuple[bool, ...], out: bool) -> Op:
    """The equation of transposed operands (where flagged) with a transposed result."""
    if not any(flags) and not out:
        return op

    def back(operands: tuple[Array, ...]) -> list[Array]:
        return [T(x) if flag else x for x, flag in zip(operands, flags, strict=True)]

    def arithmetic(*operands: Array) -> Array:
        result = op.arithmetic(*back(operands))
        return T(result) if out else result

    reads = [letters[::-1] if flag else letters for letters, flag in zip(op.reads, flags, strict=True)]
    return replace(
        op,
        subscripts=",".join(reads) + "->" + (op.makes[::-1] if out else op.makes),
        arithmetic=arithmetic,
        kernel=op.kernel if _turns_whole(op, flags, out) else None,
        cell=re.sub(
            r"\{(\d+)('?):(\w\w)\}",
            lambda m: f"{{{m[1]}{m[2]}:{m[3][::-1] if flags[int(m[1])] else m[3]}}}",
            op.cell,
        ),
        kink=op.kink and (lambda *operands: T(op.kink(*back(operands))) if flags[0] else op.kink(*back(operands))),
    )


def _turns_whole(op: Op, flags: tuple[bool, ...], out: bool) -> bool:
    """Whether an equation works cell by cell on matrices that all lie the same way: then no matter which."""
    sides = (flag == out for flag, letters in zip(flags, op.reads, strict=True) if len(letters) == 2)
    return op.kernel is not None and op.kernel.cellwise and all(sides)


_ROWS_BIAS_GRADIENT = replace(
    BIAS_GRADIENT,
    kernel=sum_over_examples(T),
    subscripts="ni->i",
    arithmetic=lambda delta: T(delta) @ np.ones(delta.shape[-2], delta.dtype),
    notation=lambda delta: rf"\mathbb{{1}}_N^{{\top}}\,{delta}",
)


def _rows(linear: Op, weight_gradient: Op, order: tuple[int, int], pull_back: Op) -> dict:
    """The products where examples are rows; the bias is added to each row of the linear one."""
    affine = Op(
        "affine",
        linear.subscripts.replace("->", ",i->"),
        lambda Z, W, b: linear(Z, W) + b[..., None, :],
        lambda Z, W, b: f"{linear.notation(Z, W)} + {b}",
        linear.cell + " + {2}",
        kernel=Kernel(lambda out, Z, W, b: [*linear.kernel.calls(out, Z, W), (np.add, (out, b, out))]),
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
        kernel=product(left, right),
    )


#: Everything transposed, as NumPy's and Keras' users write it: S = Z W + b.
_ROWS = _rows(
    _product("linear", "nj,ji->ni", as_it_is, as_it_is, lambda Z, W: rf"{Z}\,{W}"),
    _product("weight gradient", "nj,ni->ji", T, as_it_is, lambda Z, delta: rf"{Z}^{{\top}}\,{delta}"),
    (1, 0),
    _product("pull back", "nk,ik->ni", as_it_is, T, lambda delta, W: rf"{delta}\,{W}^{{\top}}"),
)

#: Examples in rows, weights as PyTorch's `Linear` keeps them: S = Z W^T + b.
_ROWS_TORCH = _rows(
    _product("linear", "nj,ij->ni", as_it_is, T, lambda Z, W: rf"{Z}\,{W}^{{\top}}"),
    _product("weight gradient", "ni,nj->ij", T, as_it_is, lambda delta, Z: rf"{delta}^{{\top}}\,{Z}"),
    (0, 1),
    _product("pull back", "nk,ki->ni", as_it_is, as_it_is, lambda delta, W: rf"{delta}\,{W}"),
)

#: Name -> `Layout`. The first is the worksheet's.
LAYOUTS: dict[str, Layout] = Registry(
    "layout",
    {
        layout.name: layout
        for layout in (
            Layout(
                "columns", "S = W Z + b", "Examples are columns: S = W Z + b, as on the worksheet.", False, False, {}
            ),
            Layout(
                "rows",
                "S = Z W + b",
                "Examples are rows and every matrix is transposed: S = Z W + b.",
                True,
                True,
                _ROWS,
            ),
            Layout(
                "rows, W kept",
                "S = Z Wᵀ + b",
                "Examples are rows, W as in PyTorch: S = Z Wᵀ + b.",
                True,
                False,
                _ROWS_TORCH,
            ),
        )
    },
)

assert {op.name for op in (LINEAR, AFFINE, WEIGHT_GRADIENT, BIAS_GRADIENT, PULL_BACK)} == set(_ROWS) == set(_ROWS_TORCH)


@dataclass(frozen=True)
class Conventions:
    """What is chosen where mathematics leaves a choice. The defaults are the worksheet's.

    Attributes:
        layout: a name of `LAYOUTS`.
        scale: a name of `SCALES` for every loss, or None for the one each is published with.
        at_kink: f'(0) of relu and leaky relu, as a share of the way from the left slope to the
            right one: 0, 1/2 and 1 are in use.
        at_tie: whether a rival whose gap is exactly 0 is active (>=), or not (>).

    Raises:
        KeyError: no such layout or scale.
        ValueError: `at_kink` is not between 0 and 1, or `at_tie` neither true nor false.
    """

    layout: str = "columns"
    scale: str | None = None
    at_kink: float = 0.0
    at_tie: bool = True

    def __post_init__(self) -> None:
        LAYOUTS[self.layout]
        if self.scale is not None:
            SCALES[self.scale]
        if type(self.at_kink) not in (int, float) or not 0 <= self.at_kink <= 1:
            raise ValueError("the slope at a corner lies between the two sides, so at_kink from 0 to 1")
        if type(self.at_tie) is not bool:
            raise ValueError("at_tie must be true or false")

    @property
    def lay(self) -> Layout:
        return LAYOUTS[self.layout]

    def loss(self, loss: Loss) -> Loss:
        """The loss with the constant and the choice at a tie that are in force."""
        changes: dict[str, object] = {} if self.scale is None else {"scale": self.scale}
        if hasattr(loss, "at_tie") and not self.at_tie:
            changes["at_tie"] = False
        return replace(loss, **changes)

    def sentences(self, relu: bool, hinge: bool) -> list[str]:
        """What is in force, for a foot line.

        Args:
            relu: whether a relu or leaky relu is met; hinge: whether a hinge is.
        """
        said = [self.lay.why]
        if self.scale is not None:
            said.insert(0, f"Every loss carries the constant {self.scale}.")
        if hinge:
            said.insert(
                0,
                "A rival is active when its gap is >= 0: at a gap of exactly 0 it pulls."
                if self.at_tie
                else "A rival is active when its gap is > 0: at a gap of exactly 0 it does not pull.",
            )
        if relu:
            flow = {0: "nothing flows back", 1: "everything flows back"}.get(self.at_kink, "a part flows back")
            said.insert(0, f"relu'(0) = {self.at_kink:g}: at a preactivation of exactly 0 {flow}.")
        return said


#: The worksheet's own.
WORKSHEET = Conventions()
