"""Mistakes people make in a pass: each a rewriting of the list of equations, a row of `MISTAKES`.

The rewriting works on a list in the worksheet's layout (examples are columns). An equation with a mistake in it
keeps the result and the notation of what was written instead; its dependency and cell formula are not those of
the equation it replaces, so such a list is evaluated and typeset, not derived or scheduled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import getitem
from typing import Any

import numpy as np

from ..equations.activations import find_applied
from ..equations.dense import transpose
from ..equations.softmax import softmax
from ..equations.steps import Op, Step
from ..losses.cellwise import absolute_error, binary_cross_entropy, huber
from ..losses.equations import active, active_classes, at_top, squared_error, total
from ..losses.scales import CELL_SCALES, Scale
from ..network import Array
from ..notation import S, W, Y, Z, after, dW, dZ, rate
from ..registry import Registry

#: Inputs and examples that are left out one by one in search of the one that is missing.
MOST_LEFT_OUT = 16


@dataclass(frozen=True)
class Pass:
    """What a rewriting may look at: the list, and sizes where they are known.

    Attributes:
        steps: the list of equations.
        left_out: which example or input is left out, counted from the end of the axis (-1 is the last).
    """

    steps: tuple[Step, ...]
    left_out: int = -1

    @property
    def depth(self) -> int:
        return max(step.out.layer or 0 for step in self.steps)

    @property
    def first_gradient(self) -> Step | None:
        """The step that differentiates the loss, and carries its constant."""
        return next((step for step in self.steps if step.phase == "backward"), None)

    @property
    def scale(self) -> Scale | None:
        """The constant in front of the loss."""
        written = [(step.op.name, step.op.cell) for step in self.steps if step.out.kind in ("loss", "data")]
        sums = ((c, make(c)) for c in CELL_SCALES.values() for make in _SUMS)
        return next((c for c, op in sums if (op.name, op.cell) in written), None)


#: What makes the last equation of a loss, which carries its constant.
_SUMS = (squared_error, total, binary_cross_entropy, absolute_error, huber)

#: One equation of a pass -> the equation with the mistake in it; None where it cannot be made.
Alter = Callable[[Step, Pass], Step | None]


@dataclass(frozen=True, repr=False)
class Mistake:
    """A row of `MISTAKES`.

    Attributes:
        name: as it is reported.
        sentence: what was done, in one sentence.
        alter: writes one equation with the mistake in it.
        chapter: what explains the equation: a chapter of the derivation, or of the page about losses
            ("hinge/terms"), or the equation itself in the pass ("step").
        everywhere: it is made in all equations or in none: a place alone is no case of it.
        left_out: of what one is missing: "input", "example", or nothing.
    """

    name: str
    sentence: str
    alter: Alter
    chapter: str = "step"
    everywhere: bool = False
    left_out: str = ""

    def __repr__(self) -> str:
        return f"MISTAKES[{self.name!r}]"

    def __reduce__(self) -> tuple[Callable, tuple]:
        return getitem, (MISTAKES, self.name)

    def rewrite(self, steps: Sequence[Step], left_out: int = -1) -> list[Step]:
        """Write the list with the mistake in every equation where it can be made; the list itself where in none."""
        context = Pass(tuple(steps), left_out)
        return [self.alter(step, context) or step for step in steps]

    def places(self, steps: Sequence[Step]) -> list[int]:
        """List the numbers of the equations where it can be made."""
        context = Pass(tuple(steps))
        return [k for k, step in enumerate(steps) if self.alter(step, context) is not None]

    def variants(self, steps: Sequence[Step], inputs: int, examples: int) -> Iterator[list[Step]]:
        """Yield the lists with the mistake everywhere, then in one equation alone."""
        places = self.places(steps)
        if not places:
            return
        count = {"input": inputs, "example": examples, "": 1}[self.left_out]
        for left_out in range(-1, -1 - min(count, MOST_LEFT_OUT), -1):
            changed = self.rewrite(steps, left_out)
            yield changed
            if len(places) > 1 and not self.everywhere:
                for place in places:
                    yield [*steps[:place], changed[place], *steps[place + 1 :]]


#: Name -> `Mistake`, in the order they are tried.
MISTAKES: dict[str, Mistake] = Registry("mistake")


def _add(name: str, sentence: str, chapter: str = "step", **more: Any) -> Callable[[Alter], Alter]:
    def enter(alter: Alter) -> Alter:
        MISTAKES[name] = Mistake(name, sentence, alter, chapter, **more)
        return alter

    return enter


def _rewrite_op(step: Step, tag: str, arithmetic: Callable, notation: Callable, operands: tuple = ()) -> Step:
    """Give the step with another right-hand side."""
    op = Op(f"{step.op.name}, {tag}", step.op.subscripts, arithmetic, notation, step.op.cell)
    return replace(step, op=op, operands=operands or step.operands)


def _wrap(step: Step, tag: str, change: Callable[..., Array], latex: Callable[[str], str]) -> Step:
    """Give the step with its result changed; `change` takes the result and the operands."""

    def arithmetic(*operands: Array) -> Array:
        return change(step.op.arithmetic(*operands), *operands)

    return _rewrite_op(step, tag, arithmetic, lambda *xs: latex(step.op.notation(*xs)))


def _rewritten(
    name: str,
    sentence: str,
    applies: Callable[[Step], bool],
    arithmetic: Callable,
    notation: Callable,
    chapter: str = "step",
) -> None:
    """Enter another right-hand side of the equations to which it applies."""

    def alter(step: Step, context: Pass) -> Step | None:
        return _rewrite_op(step, name, arithmetic, notation) if applies(step) else None

    MISTAKES[name] = Mistake(name, sentence, alter, chapter)


# --- the constant in front of the loss -------------------------------------------------------

_Factor = Callable[[Array, Scale, bool], float]


def _count_examples(x: Array) -> int:
    return int(x.shape[-1])


def _scaled(name: str, sentence: str, factor: _Factor, latex: str, where: Callable[[Scale, bool], bool]) -> None:
    """Enter a wrong constant: the first gradient, and the loss, times `factor(first operand, right one, square)`."""

    def alter(step: Step, context: Pass) -> Step | None:
        is_loss = step.out.kind in ("loss", "data") and not step.out.new
        c = context.scale
        if c is None or not (is_loss or step is context.first_gradient) or not where(c, not is_loss):
            return None
        square = step.op.name in ("error", "squared hinge pullback") and not is_loss

        def change(result: Array, x: Array, *_: Array) -> Array:
            return np.asarray(result * factor(x, c, square))

        return _wrap(step, name, change, lambda right: rf"{latex}\left({right}\right)")

    MISTAKES[name] = Mistake(name, sentence, alter, "output")


_scaled("no 1/N", "The sum over the examples was not divided by their number N.",
        lambda x, c, _: _count_examples(x), "N", lambda c, _: c.mean)  # fmt: skip
_scaled("1/N twice", "The sum over the examples was divided by N a second time.",
        lambda x, c, _: 1 / _count_examples(x), r"\frac{1}{N}", lambda c, _: c.mean)  # fmt: skip
_scaled("1/2 kept", "The 1/2 of the squared error was kept, though the 2 of the derivative cancels it.",
        lambda x, c, _: 0.5, r"\frac{1}{2}", lambda c, gradient: c.half and gradient)  # fmt: skip
_scaled("factor 2", "The result is twice what it should be: the 2 of a square was not cancelled.",
        lambda x, c, _: 2.0, "2", lambda c, _: True)  # fmt: skip
_scaled("mean over N·d", "The mean was taken over all N·d numbers, not over the N examples.",
        lambda x, c, _: 1 / (x.shape[-2] * (1 if c.mean else _count_examples(x))) if x.ndim > 1 else 1.0,
        r"\frac{1}{d}", lambda c, _: not c.outputs)  # fmt: skip
_scaled("mean over N", "The sum was divided by the N examples, not by all N·d numbers.",
        lambda x, c, _: x.shape[-2] if x.ndim > 1 else 1.0, "d", lambda c, _: c.outputs)  # fmt: skip
_scaled("mean over N·d, no 1/2", "The mean of all N·d squares was taken, as a library does, without the 1/2.",
        lambda x, c, _: 2 / x.shape[-2] if x.ndim > 1 else 1.0, r"\frac{2}{d}", lambda c, _: c.half)  # fmt: skip
_scaled("no 1/(N·d)", "The sum over all cells was not divided by their number N·d.",
        lambda x, c, _: x.shape[-2] * _count_examples(x) if x.ndim > 1 else 1.0, "N d",
        lambda c, _: c.outputs)  # fmt: skip
_scaled("sum without a constant", "The squares were summed without any constant in front.",
        lambda x, c, _: 2.0 * (_count_examples(x) if c.mean else 1), "2N", lambda c, _: c.half)  # fmt: skip

# --- signs and the update --------------------------------------------------------------------


@_add(
    "Y - Z for Z - Y",
    "The sign of the first gradient is wrong: target minus output in place of output minus target.",
    "output",
)
def _(step: Step, context: Pass) -> Step | None:
    if step is not context.first_gradient:
        return None
    return _wrap(step, "sign", lambda result, *_: -result, lambda right: rf"-\left({right}\right)")


def _beside(eta: Array, w: Array) -> Array:
    return eta.reshape(eta.shape + (1,) * (w.ndim - eta.ndim))


def _is_update(step: Step) -> bool:
    return step.phase == "update"


_rewritten("ascent", "The gradient was added: that climbs, and descent subtracts.", _is_update,
           lambda w, eta, g: w + _beside(eta, w) * g, lambda w, eta, g: rf"{w} + {eta}\,{g}")  # fmt: skip
_rewritten("rate forgotten", "The gradient was subtracted without the learning rate.", _is_update,
           lambda w, eta, g: w - g, lambda w, eta, g: f"{w} - {g}")  # fmt: skip
_rewritten("rate twice", "The learning rate was multiplied in twice.", _is_update,
           lambda w, eta, g: w - _beside(eta, w) ** 2 * g, lambda w, eta, g: rf"{w} - {eta}^2\,{g}")  # fmt: skip

# --- activations -----------------------------------------------------------------------------


def _activation_of(step: Step) -> Any:
    """Give the activation whose derivative a step multiplies in, where it does."""
    f = find_applied(step.op) if step.out.kind == "delta" else None
    return f if f and f.derivative else None


def _rewrite_pullback(step: Step, tag: str, arithmetic: Callable, notation: Callable) -> Step:
    """Give the step with another function of dL/dZ and S; a dropout mask stays a factor."""
    return _rewrite_op(
        step,
        tag,
        lambda dZ, S, *M: math.prod(M, start=arithmetic(dZ, S)),
        lambda dZ, S, *M: r"\odot ".join((*M, notation(dZ, S))),
    )


def _forget_derivative(step: Step) -> Step | None:
    if _activation_of(step) is None:
        return None
    return _rewrite_pullback(step, "no f'", lambda dZ, _: dZ, lambda dZ, _: dZ)


@_add("forgot f'", "The derivative of the hidden layer's activation was not multiplied in.", "ladder")
def _(step: Step, context: Pass) -> Step | None:
    return _forget_derivative(step) if step.out.layer != context.depth else None


@_add("forgot the output's f'", "The derivative of the output's activation was not multiplied in.", "ladder")
def _(step: Step, context: Pass) -> Step | None:
    return _forget_derivative(step) if step.out.layer == context.depth else None


@_add(
    "f' at Z for f' at S", "The derivative was taken at the activation Z; it is taken at the preactivation S.", "ladder"
)
def _(step: Step, context: Pass) -> Step | None:
    if _activation_of(step) is None or step.out.layer is None:
        return None
    return _replace_operand(step, 1, Z(step.out.layer), "f'(Z)")


@_add("f for f'", "The activation itself was multiplied in, not its derivative.", "ladder")
def _(step: Step, context: Pass) -> Step | None:
    f = _activation_of(step)
    return f and _rewrite_pullback(step, "f", lambda dZ, S: dZ * f.f(S), lambda dZ, S: rf"{dZ}\odot {f.latex}({S})")


@_add("relu' from S ≥ 0", "relu' was taken as 1 where the preactivation is exactly 0.", "ladder")
def _(step: Step, context: Pass) -> Step | None:
    f = _activation_of(step)
    if f is None or not f.corner:
        return None
    pullback = f.at_kink(1.0).pullback
    return _rewrite_pullback(step, "≥", pullback.arithmetic, lambda dZ, S: rf"{dZ}\odot \left[{S}\ge 0\right]")


@_add("f' as a matrix product", "f' was multiplied as a matrix; it is multiplied cell by cell.", "ladder")
def _(step: Step, context: Pass) -> Step | None:
    f = _activation_of(step)
    return f and _rewrite_pullback(
        step, "ladder", lambda dZ, S: dZ @ f.derivative(S), lambda dZ, S: rf"{dZ}\;{f.latex}'({S})"
    )


# --- dropout ---------------------------------------------------------------------------------


def _change_mask(step: Step, tag: str, change: Callable[[Array], Array], latex: Callable[[str], str]) -> Step | None:
    if not step.op.name.startswith("masked "):
        return None
    return _rewrite_op(
        step,
        tag,
        lambda *xs: step.op.arithmetic(*xs[:-1], change(xs[-1])),
        lambda *xs: step.op.notation(*xs[:-1], latex(xs[-1])),
    )


@_add("mask forgotten in the backward pass", "The gradient of a unit that was dropped was kept: the mask is missing.")
def _(step: Step, context: Pass) -> Step | None:
    return _change_mask(step, "no mask", np.ones_like, lambda M: r"\mathbb{1}") if step.out.kind == "delta" else None


@_add("dropout without 1/keep", "What was kept was not divided by the probability to be kept.")
def _(step: Step, context: Pass) -> Step | None:
    return _change_mask(step, "no 1/keep", lambda M: (M != 0).astype(M.dtype), lambda M: rf"\left[{M}\ne 0\right]")


# --- products --------------------------------------------------------------------------------


_rewritten("transpose forgotten", "A matrix was multiplied in as it is; it has to be transposed.",
           lambda step: step.op.name in ("weight gradient", "pull back"),
           lambda a, b: a @ b, lambda a, b: rf"{a}\,{b}", "transpose")  # fmt: skip


@_add("factors in the wrong order", "The factors of the product are in the wrong order.", "transpose")
def _(step: Step, context: Pass) -> Step | None:
    name = step.op.name
    if name == "weight gradient":
        return _rewrite_op(step, "order", lambda d, z: transpose(z) @ d, lambda d, z: rf"{z}^{{\top}}\,{d}")
    if name == "pull back":
        return _rewrite_op(step, "order", lambda w, d: d @ transpose(w), lambda w, d: rf"{d}\,{w}^{{\top}}")
    if name == "linear":
        return _rewrite_op(step, "order", lambda w, z: z @ w, lambda w, z: rf"{z}\,{w}")
    if name == "affine":
        return _rewrite_op(step, "order", lambda w, z, b: z @ w + b[..., None], lambda w, z, b: rf"{z}\,{w} + {b}")
    return None


@_add("the result transposed", "The result is transposed.", "transpose")
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name not in ("weight gradient", "pull back", "linear", "affine"):
        return None
    return _wrap(step, "transposed", lambda r, *_: transpose(r), lambda right: rf"\left({right}\right)^{{\top}}")


def _replace_operand(step: Step, place: int, var: Any, tag: str) -> Step:
    operands = tuple(var if k == place else v for k, v in enumerate(step.operands))
    return _rewrite_op(step, tag, step.op.arithmetic, step.op.notation, operands)


@_add(
    "δ_l Z_l for δ_l Z_{l-1}", "δ was multiplied by its own layer's output; it takes that layer's input.", "transpose"
)
def _(step: Step, context: Pass) -> Step | None:
    if step.out.kind not in ("dW", "gW") or step.op.name != "weight gradient":
        return None
    return _replace_operand(step, 1, Z(step.out.layer or 0), "Z_l")


@_add("S for Z in dL/dW", "The preactivations S below were used where the activations Z belong.", "transpose")
def _(step: Step, context: Pass) -> Step | None:
    layer = step.out.layer or 0
    if step.op.name != "weight gradient" or layer < 2:
        return None
    return _replace_operand(step, 1, S(layer - 1), "S")


@_add("activation forgotten", "The next layer read the preactivations S: the activation was not applied.")
def _(step: Step, context: Pass) -> Step | None:
    layer = step.out.layer or 0
    if step.op.name not in ("linear", "affine") or step.out.new or layer < 2:
        return None
    return _replace_operand(step, 1, S(layer - 1), "S")


@_add("dL/dZ for δ", "dL/dZ was used where δ belongs: f' is missing in what follows.", "transpose")
def _(step: Step, context: Pass) -> Step | None:
    layer = step.out.layer or 0
    if step.op.name == "weight gradient":
        return _replace_operand(step, 0, dZ(layer), "dZ")
    if step.op.name == "pull back":
        return _replace_operand(step, 1, dZ(layer + 1), "dZ")
    return None


# --- order -----------------------------------------------------------------------------------


@_add(
    "W already updated",
    "The weights above were already updated when the gradient was taken back through them.",
    "ladder",
)
def _(step: Step, context: Pass) -> Step | None:
    layer = (step.out.layer or 0) + 1
    if step.op.name != "pull back":
        return None
    return _rewrite_op(
        step,
        "updated W",
        lambda w, d, eta, g: transpose(w - _beside(eta, w) * g) @ d,
        lambda w, d, eta, g: rf"{after(W(layer)).latex}^{{\top}}\,{d}",
        (*step.operands, rate, dW(layer)),
    )


@_add("bias left out", "The bias was not added.")
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name != "affine" or step.out.new:
        return None
    return _rewrite_op(step, "no bias", lambda w, z, b: w @ z, lambda w, z, b: rf"{w}\,{z}")


def _without(x: Array, k: int, axis: int) -> Array:
    """Give the matrix with row or column k set to 0; the sum over it loses that term."""
    if -k > x.shape[axis]:
        raise ValueError("there is no such row or column")
    x = np.array(x)
    x[(Ellipsis, k, slice(None)) if axis == -2 else (Ellipsis, k)] = 0
    return x


@_add("an input left out", "One input of the layer is missing from the sum.", left_out="input")
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name not in ("linear", "affine") or step.out.new:
        return None
    k = context.left_out
    return _rewrite_op(
        step,
        "an input missing",
        lambda w, z, *b: step.op.arithmetic(w, _without(z, k, -2), *b),
        lambda w, z, *b: step.op.notation(w, rf"{z}^{{(\text{{one row missing}})}}", *b),
    )


# --- biases ----------------------------------------------------------------------------------


def _is_bias_gradient(step: Step) -> bool:
    return step.op.name == "bias gradient"


_rewritten("mean for db", "The mean over the examples was taken for the bias; it is the sum (δ has its 1/N already).",
           _is_bias_gradient, lambda d: d.mean(axis=-1),
           lambda d: rf"\frac{{1}}{{N}}{d}\,\mathbb{{1}}_N", "transpose")  # fmt: skip
_rewritten("one sum for all db", "δ was summed over everything: each bias has a sum of its own row.",
           _is_bias_gradient, lambda d: np.broadcast_to(d.sum(axis=(-2, -1), keepdims=True)[..., 0], d.shape[:-1]),
           lambda d: rf"\textstyle\sum_{{in}} {{{d}}}_{{in}}", "transpose")  # fmt: skip


@_add("db from dL/dZ", "The bias gradient was summed from dL/dZ; it is summed from δ.", "transpose")
def _(step: Step, context: Pass) -> Step | None:
    return _replace_operand(step, 0, dZ(step.out.layer or 0), "dZ") if _is_bias_gradient(step) else None


# --- the batch -------------------------------------------------------------------------------


def _leave_example_out(name: str, sentence: str, of_others: bool) -> None:
    """Enter a sum without one example, divided by N, or by the number of the others."""

    def alter(step: Step, context: Pass) -> Step | None:
        mean = bool(context.scale and context.scale.mean)
        if step.op.name not in ("weight gradient", "bias gradient") or (of_others and not mean):
            return None

        def arithmetic(d: Array, *z: Array) -> Array:
            N = d.shape[-1]
            result = step.op.arithmetic(_without(d, context.left_out, -1), *z)
            return result * (N / (N - 1)) if of_others and N > 1 else result

        def notation(d: str, *z: str) -> str:
            front = r"\frac{N}{N-1}" if of_others else ""
            return front + step.op.notation(rf"{d}^{{(\text{{one column missing}})}}", *z)

        return _rewrite_op(step, "an example missing", arithmetic, notation)

    MISTAKES[name] = Mistake(name, sentence, alter, "transpose", left_out="example")


_leave_example_out("an example missing", "One example is missing from the sum; it was divided by all N.", False)
_leave_example_out("mean without an example", "One example is missing, and the mean is over the others.", True)


def _take_rows(x: Array) -> Array:
    return transpose(x).reshape(x.shape)


@_add("rows taken for columns", "The inputs were read row by row where an example is a column.", everywhere=True)
def _(step: Step, context: Pass) -> Step | None:
    if Z(0) not in step.operands:
        return None
    place = step.operands.index(Z(0))
    return _rewrite_op(
        step,
        "rows",
        lambda *xs: step.op.arithmetic(*(_take_rows(x) if k == place else x for k, x in enumerate(xs))),
        lambda *xs: step.op.notation(*(rf"{x}^{{\text{{rows}}}}" if k == place else x for k, x in enumerate(xs))),
    )


# --- losses ----------------------------------------------------------------------------------


def _reads_probabilities(step: Step, context: Pass, of: str = "") -> bool:
    """Tell whether a step is P - Y, with P made by this function ("softmax", "output sigmoid"; any if empty)."""
    made = next((s.op.name for s in context.steps if s.out.kind == "P"), None)
    return step.op.name == "error" and made is not None and of in ("", made)


def _write_gradient(step: Step, context: Pass, tag: str, change: Callable, latex: Callable) -> Step:
    """Give the first gradient with another function of output and target, its constant kept."""
    c = context.scale
    front = c.latex() if c else ""
    return _rewrite_op(
        step,
        tag,
        lambda z, y: change(z, y) * (c.factor(z.shape[-1], d=z.shape[-2]) if c else 1.0),
        lambda z, y: rf"{front}\left({latex(z, y)}\right)",
    )


def _of_probabilities(name: str, sentence: str, of: str, change: Callable, latex: Callable) -> None:
    """Enter another function of P and Y in place of P - Y."""

    def alter(step: Step, context: Pass) -> Step | None:
        return _write_gradient(step, context, name, change, latex) if _reads_probabilities(step, context, of) else None

    MISTAKES[name] = Mistake(name, sentence, alter, "output")


_of_probabilities("-Y/P for P - Y", "The derivative by the probabilities, −Y/P, was used as the one by the logits.",
                  "", lambda p, y: -y / p, lambda p, y: rf"-\frac{{{y}}}{{{p}}}")  # fmt: skip
_of_probabilities("dL/dp for P - Y", "The derivative by the probabilities was taken; σ' = p(1 − p) is missing.",
                  "output sigmoid", lambda p, y: (p - y) / (p * (1 - p)),
                  lambda p, y: rf"\frac{{{p}-{y}}}{{{p}\odot(1-{p})}}")  # fmt: skip
_of_probabilities("1 - y dropped", "Only y log p was differentiated: (1 − y) log(1 − p) belongs to the loss as well.",
                  "output sigmoid", lambda p, y: -y * (1 - p), lambda p, y: rf"-{y}\odot(1-{p})")  # fmt: skip
_of_probabilities("σ' or softmax' kept",
                  "P − Y was multiplied by the derivative p(1 − p) once more: it is in P − Y already.",
                  "", lambda p, y: (p - y) * p * (1 - p),
                  lambda p, y: rf"({p}-{y})\odot {p}\odot(1-{p})")  # fmt: skip


@_add(
    "softmax's off-diagonal dropped",
    "Softmax was differentiated as if every class were on its own: p(1 − p).",
    "hinge/jacobian",
)
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name == "softmax pullback":
        return _rewrite_op(step, "diagonal", lambda p, d: p * (1 - p) * d, lambda p, d: rf"{p}\odot(1-{p})\odot {d}")
    if not _reads_probabilities(step, context, "softmax"):
        return None
    return _write_gradient(step, context, "diagonal", lambda p, y: -y * (1 - p), lambda p, y: rf"-{y}\odot(1-{p})")


@_add(
    "σ or softmax forgotten",
    "The logits were used where their probabilities belong, or softmax was not differentiated.",
    "hinge/jacobian",
)
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name == "softmax pullback":
        return _rewrite_op(step, "none", lambda p, d: d, lambda p, d: d)
    return _replace_operand(step, 0, Z(context.depth), "Z") if _reads_probabilities(step, context) else None


@_add(
    "Z - Y kept whole", "The error itself was used: |z − y| has its sign as derivative, and Huber clips it.", "ladder"
)
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name not in ("absolute error pullback", "huber pullback"):
        return None
    return _write_gradient(step, context, "error", lambda z, y: z - y, lambda z, y: f"{z} - {y}")


@_add(
    "logits for probabilities",
    "The gaps were formed from the logits; this loss reads the probabilities.",
    "hinge/terms",
    everywhere=True,
)
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name != "gaps" or step.operands[0].kind != "P":
        return None
    return _replace_operand(step, 0, Z(context.depth), "Z")


@_add(
    "probabilities for logits",
    "The gaps were formed from the probabilities; this loss reads the logits.",
    "hinge/terms",
    everywhere=True,
)
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name not in ("gaps", "one-vs-rest gaps") or step.operands[0].kind == "P":
        return None
    return _rewrite_op(
        step,
        "P",
        lambda x, *more: step.op.arithmetic(softmax(x), *more),
        lambda x, *more: step.op.notation(rf"\operatorname{{softmax}}({x})", *more),
    )


@_add("l = y counted", "The true class was counted as a competing one.", "hinge/terms", everywhere=True)
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name != "active competing classes":
        return None
    at_tie = step.op is active(True)
    sign = r"\ge " if at_tie else ">"
    return _rewrite_op(
        step,
        "all",
        lambda G, Y: (G >= 0 if at_tie else G > 0).astype(G.dtype),
        lambda G, Y: rf"\left[{G}{sign}0\right]",
    )


@_add(
    "the true class gives nothing",
    "The true class got no gradient: it gets minus the number of active classes.",
    "hinge/terms",
)
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name != "hinge pullback":
        return None
    return _wrap(
        step, "no true class", lambda r, A, Y: r * (1 - Y), lambda right: rf"(1-{Y.latex})\odot\left({right}\right)"
    )


@_add("the true class gives -1", "The true class got −1, whatever the number of active classes.", "hinge/terms")
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name != "hinge pullback":
        return None

    def change(result: Array, A: Array, Y: Array) -> Array:
        count = (A * (1 - Y)).sum(axis=-2, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((Y == 1) & (count > 0), result / count, result)

    return _wrap(step, "-1", change, lambda right: rf"\left({right}\right)_{{\text{{true class: }}-1}}")


@_add(
    "> for ≥ at a tie",
    "A class whose gap is exactly 0 was treated the other way round.",
    "hinge/margin",
    everywhere=True,
)
def _(step: Step, context: Pass) -> Step | None:
    for make in (active, active_classes, at_top):
        for at_tie in (True, False):
            if step.op is make(at_tie):
                return replace(step, op=replace(make(not at_tie), name=f"{step.op.name}, tie"))
    return None


@_add("margin's sign", "The margin was subtracted; it is added.", "hinge/margin", everywhere=True)
def _(step: Step, context: Pass) -> Step | None:
    if step.op.name not in ("gaps", "one-vs-rest gaps"):
        return None
    return _rewrite_op(
        step,
        "-m",
        lambda x, y, m: step.op.arithmetic(x, y, -m),
        lambda x, y, m: step.op.notation(x, y, rf"(-{m})"),
    )


# --- rounding on the way ---------------------------------------------------------------------


def _rounds(places: int, cut: str, round_off: Callable[[Array], Array]) -> None:
    name = f"intermediates {cut} to {places} digit" + "s" * (places != 1)

    def alter(step: Step, context: Pass) -> Step:
        function = r"\operatorname{" + ("round" if cut == "rounded" else "trunc") + f"}}_{places}"
        change = lambda r, *_: round_off(np.asarray(r, float) * 10.0**places) / 10.0**places  # noqa: E731
        return _wrap(step, name, change, lambda right: rf"{function}\left({right}\right)")

    MISTAKES[name] = Mistake(
        name,
        f"Every number on the way was {cut} to {places} decimal{'s' * (places != 1)} before the next was computed.",
        alter,
        everywhere=True,
    )


for _places in (4, 3, 2, 1):
    _rounds(_places, "rounded", np.round)
    _rounds(_places, "truncated", np.trunc)
