"""Mistakes people make in a pass: each a rewriting of the list of equations, a row of `MISTAKES`.

The rewriting works on a list in the worksheet's layout (examples are columns). An equation with a mistake in it
keeps the result and the notation of what was written instead; its dependency and cell formula are not those of
the equation it replaces, so such a list is evaluated and typeset, not derived or scheduled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from operator import getitem
from typing import Any

import numpy as np

from ..equations.activations import Activation, find_applied
from ..equations.dense import transpose
from ..equations.softmax import softmax
from ..equations.steps import Op, Step
from ..losses.equations import active, active_classes, at_top
from ..losses.scales import Scale
from ..network import Array
from ..notation import S, Var, W, Z, after, b, db, dW, dZ, rate
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
        given = (x for step in self.steps if step.out.kind in ("loss", "data") for x in step.op.arguments)
        return next((x for x in given if isinstance(x, Scale)), None)


#: One equation of a pass -> the equation with the mistake in it; None where it cannot be made.
Alter = Callable[[Step, Pass], Step | None]


@dataclass(frozen=True, repr=False)
class Mistake:
    """A row of `MISTAKES`.

    Attributes:
        name: as it is reported.
        sentence: what was done, in one sentence.
        chapter: what explains the equation: a chapter of the derivation (a key of `CHAPTERS` in
            pages/ui/components/stage/chapters.py), or of the page about losses ("hinge/terms"), or the equation
            itself in the pass ("step").
        operations: names of the operations in whose equations it can be made; none for any.
        alter: writes one such equation with the mistake in it.
        everywhere: it is made in all equations or in none: a place alone is no case of it.
        left_out: of what one is missing: "input", "example", or nothing.
    """

    name: str
    sentence: str
    chapter: str
    operations: Collection[str]
    alter: Alter
    everywhere: bool = False
    left_out: str = ""

    def __repr__(self) -> str:
        return f"MISTAKES[{self.name!r}]"

    def __reduce__(self) -> tuple[Callable, tuple]:
        return getitem, (MISTAKES, self.name)

    def rewrite(self, steps: Sequence[Step], left_out: int = -1) -> list[Step]:
        """Write the list with the mistake in every equation where it can be made; the list itself where in none."""
        context = Pass(tuple(steps), left_out)
        return [self._alter(step, context) or step for step in steps]

    def places(self, steps: Sequence[Step]) -> list[int]:
        """List the numbers of the equations where it can be made."""
        context = Pass(tuple(steps))
        return [k for k, step in enumerate(steps) if self._alter(step, context)]

    def _alter(self, step: Step, context: Pass) -> Step | None:
        return self.alter(step, context) if not self.operations or step.op.name in self.operations else None

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


def _enter(name: str, sentence: str, chapter: str, operations: Collection[str], alter: Alter, **more: Any) -> None:
    MISTAKES[name] = Mistake(name, sentence, chapter, operations, alter, **more)


def _rewrite(step: Step, arithmetic: Callable, notation: Callable, operands: tuple[Var, ...] = ()) -> Step:
    """Give the step with another right-hand side."""
    op = Op(f"{step.op.name}, mistaken", step.op.subscripts, arithmetic, notation, step.op.cell)
    return replace(step, op=op, operands=operands or step.operands)


def _wrap(step: Step, change: Callable[..., Array], latex: Callable[..., str]) -> Step:
    """Give the step with its result changed; both functions take the result and the operands."""
    own = step.op
    return _rewrite(step, lambda *xs: change(own.arithmetic(*xs), *xs), lambda *xs: latex(own.notation(*xs), *xs))


def _change_operand(step: Step, place: int, change: Callable[[Array], Array], latex: Callable[[str], str]) -> Step:
    """Give the step with one operand changed before it is read; `place` may count from the end."""

    def put(xs: tuple, by: Callable) -> list:
        changed = list(xs)
        changed[place] = by(xs[place])
        return changed

    own = step.op
    return _rewrite(step, lambda *xs: own.arithmetic(*put(xs, change)), lambda *xs: own.notation(*put(xs, latex)))


def _read(step: Step, place: int, var: Var) -> Step:
    """Give the step with another matrix as an operand."""
    operands = (*step.operands[:place], var, *step.operands[place + 1 :])
    return _rewrite(step, step.op.arithmetic, step.op.notation, operands)


#: Names of operations: S_l = W_l Z_{l-1} + b_l, and products that may be transposed.
_WEIGHTED_SUM = ("linear", "affine")
_PRODUCTS = ("weight gradient", "pull back", *_WEIGHTED_SUM)


def _find_layer(step: Step) -> int:
    return step.out.layer or 0


# --- the constant in front of the loss -------------------------------------------------------


def _enter_constant(
    name: str,
    sentence: str,
    factor: Callable[[int, int, Scale], float],
    latex: str,
    where: Callable[[Scale, bool], object],
) -> None:
    """Enter a wrong constant of the loss and of the first gradient.

    Args:
        factor: numbers of examples and of outputs (0 for a vector), the right constant -> what it is multiplied by.
        where: the right constant, and whether it is a gradient's -> whether the mistake can be made.
    """

    def alter(step: Step, context: Pass) -> Step | None:
        is_loss = step.out.kind in ("loss", "data") and not step.out.new
        c = context.scale
        if c is None or not (is_loss or step is context.first_gradient) or not where(c, not is_loss):
            return None

        def change(result: Array, x: Array, *_: Array) -> Array:
            return np.asarray(result * factor(x.shape[-1], x.shape[-2] if x.ndim > 1 else 0, c))

        return _wrap(step, change, lambda right, *_: rf"{latex}\left({right}\right)")

    _enter(name, sentence, "output", (), alter)


# fmt: off
_enter_constant("no 1/N", "The sum over the examples was not divided by their number N.",
                lambda N, d, c: N, "N", lambda c, _: c.mean)
_enter_constant("1/N twice", "The sum over the examples was divided by N a second time.",
                lambda N, d, c: 1 / N, r"\frac{1}{N}", lambda c, _: c.mean)
_enter_constant("1/2 kept", "The 1/2 of the squared error was kept, though the 2 of the derivative cancels it.",
                lambda N, d, c: 0.5, r"\frac{1}{2}", lambda c, gradient: c.half and gradient)
_enter_constant("factor 2", "The result is twice what it should be: the 2 of a square was not cancelled.",
                lambda N, d, c: 2.0, "2", lambda c, _: True)
_enter_constant("mean over N·d", "The mean was taken over all N·d numbers, not over the N examples.",
                lambda N, d, c: 1 / (d * (1 if c.mean else N)) if d else 1.0, r"\frac{1}{d}",
                lambda c, _: not c.outputs)
_enter_constant("mean over N", "The sum was divided by the N examples, not by all N·d numbers.",
                lambda N, d, c: d or 1.0, "d", lambda c, _: c.outputs)
_enter_constant("mean over N·d, no 1/2", "The mean of all N·d squares was taken, as a library does, without the 1/2.",
                lambda N, d, c: 2 / d if d else 1.0, r"\frac{2}{d}", lambda c, _: c.half)
_enter_constant("no 1/(N·d)", "The sum over all cells was not divided by their number N·d.",
                lambda N, d, c: d * N or 1.0, "N d", lambda c, _: c.outputs)
_enter_constant("sum without a constant", "The squares were summed without any constant in front.",
                lambda N, d, c: 2.0 * (N if c.mean else 1), "2N", lambda c, _: c.half)

# --- signs and the update --------------------------------------------------------------------

_enter("Y - Z for Z - Y", "The sign of the first gradient is wrong: target minus output in place of output minus "
       "target.", "output", (),
       lambda step, context: _wrap(step, lambda result, *_: -result, lambda right, *_: rf"-\left({right}\right)")
       if step is context.first_gradient else None)
# fmt: on


def _enter_update(name: str, sentence: str, arithmetic: Callable, notation: Callable, *, of_descent: bool) -> None:
    """Enter another equation of the update, from a parameter, the rate beside it, and its gradient.

    Args:
        of_descent: it takes the place of gradient descent's; otherwise of any other optimiser's.
    """

    def alter(step: Step, context: Pass) -> Step | None:
        if step.phase != "update" or step.out.kind not in ("W", "b"):
            return None
        layer = _find_layer(step)
        operands = (W(layer), rate, dW(layer)) if step.out.kind == "W" else (b(layer), rate, db(layer))
        if (step.operands == operands) != of_descent:
            return None
        return _rewrite(step, lambda w, eta, g: arithmetic(w, _beside(eta, w), g), notation, operands)

    _enter(name, sentence, "step", (), alter)


def _beside(eta: Array, w: Array) -> Array:
    return eta.reshape(eta.shape + (1,) * (w.ndim - eta.ndim))


# fmt: off
_enter_update("ascent", "The gradient was added: that climbs, and descent subtracts.",
              lambda w, eta, g: w + eta * g, lambda w, eta, g: rf"{w} + {eta}\,{g}", of_descent=True)
_enter_update("rate forgotten", "The gradient was subtracted without the learning rate.",
              lambda w, eta, g: w - g, lambda w, eta, g: f"{w} - {g}", of_descent=True)
_enter_update("rate twice", "The learning rate was multiplied in twice.",
              lambda w, eta, g: w - eta**2 * g, lambda w, eta, g: rf"{w} - {eta}^2\,{g}", of_descent=True)
_enter_update("gradient descent", "Gradient descent's update was made; the optimiser that is chosen makes another.",
              lambda w, eta, g: w - eta * g, lambda w, eta, g: rf"{w} - {eta}\,{g}", of_descent=False)
# fmt: on

# --- activations -----------------------------------------------------------------------------


def _find_activation(step: Step) -> Any:
    """Give the activation whose derivative a step multiplies in, where it does."""
    f = find_applied(step.op) if step.out.kind == "delta" else None
    return f if f and f.derivative else None


def _enter_derivative(
    name: str,
    sentence: str,
    where: Callable[[Activation, bool], object],
    arithmetic: Callable[[Any, Array, Array], Array],
    notation: Callable[[Activation, str, str], str],
) -> None:
    """Enter another function of f, dL/dZ and S in place of dL/dZ times f'(S); a dropout mask stays a factor.

    Args:
        where: the activation, and whether it is the output's -> whether the mistake can be made.
    """

    def alter(step: Step, context: Pass) -> Step | None:
        f = _find_activation(step)
        if f is None or not where(f, step.out.layer == context.depth):
            return None
        return _rewrite(
            step,
            lambda dZ, S, *M: math.prod(M, start=arithmetic(f, dZ, S)),
            lambda dZ, S, *M: r"\odot ".join((*M, notation(f, dZ, S))),
        )

    _enter(name, sentence, "ladder", (), alter)


# fmt: off
_enter_derivative("forgot f'", "The derivative of the hidden layer's activation was not multiplied in.",
                  lambda f, output: not output, lambda f, dZ, S: dZ, lambda f, dZ, S: dZ)
_enter_derivative("forgot the output's f'", "The derivative of the output's activation was not multiplied in.",
                  lambda f, output: output, lambda f, dZ, S: dZ, lambda f, dZ, S: dZ)
_enter("f' at Z for f' at S", "The derivative was taken at the activation Z; it is taken at the preactivation S.",
       "ladder", (), lambda step, context: _read(step, 1, Z(_find_layer(step))) if _find_activation(step) else None)
_enter_derivative("f' by the formula for Z, put in S", "The formula of f' that takes the output Z was given the "
                  "preactivation S: for tanh 1 − S² in place of 1 − Z².", lambda f, output: f.derivative_from_Z,
                  lambda f, dZ, S: dZ * f.derivative_from_Z(S), lambda f, dZ, S: rf"{dZ}\odot {f.latex}'[{S}]")
_enter_derivative("f for f'", "The activation itself was multiplied in, not its derivative.",
                  lambda f, output: True, lambda f, dZ, S: dZ * f.f(S), lambda f, dZ, S: rf"{dZ}\odot {f.latex}({S})")
_enter_derivative("relu' from S ≥ 0", "relu' was taken as 1 where the preactivation is exactly 0.",
                  lambda f, output: f.corner, lambda f, dZ, S: f.at_kink(1.0).pullback.arithmetic(dZ, S),
                  lambda f, dZ, S: rf"{dZ}\odot \left[{S}\ge 0\right]")
_enter_derivative("f' as a matrix product", "f' was multiplied as a matrix; it is multiplied cell by cell.",
                  lambda f, output: True, lambda f, dZ, S: dZ @ f.derivative(S),
                  lambda f, dZ, S: rf"{dZ}\;{f.latex}'({S})")

# --- dropout ---------------------------------------------------------------------------------

_enter("mask forgotten in the backward pass", "The gradient of a unit that was dropped was kept: the mask is missing.",
       "step", (), lambda step, context: _change_operand(step, -1, np.ones_like, lambda M: r"\mathbb{1}")
       if step.op.name.startswith("masked ") and step.out.kind == "delta" else None)
_enter("dropout without 1/keep", "What was kept was not divided by the probability to be kept.", "step", (),
       lambda step, context: _change_operand(step, -1, lambda M: (M != 0).astype(M.dtype),
                                             lambda M: rf"\left[{M}\ne 0\right]")
       if step.op.name.startswith("masked ") else None)

# --- products --------------------------------------------------------------------------------

_enter("transpose forgotten", "A matrix was multiplied in as it is; it has to be transposed.", "transpose",
       ("weight gradient", "pull back"),
       lambda step, context: _rewrite(step, lambda a, b: a @ b, lambda a, b: rf"{a}\,{b}"))
# fmt: on

#: Operation -> the product with its factors in the wrong order.
_SWAPPED: dict[str, tuple[Callable, Callable]] = {
    "weight gradient": (lambda d, z: transpose(z) @ d, lambda d, z: rf"{z}^{{\top}}\,{d}"),
    "pull back": (lambda w, d: d @ transpose(w), lambda w, d: rf"{d}\,{w}^{{\top}}"),
    "linear": (lambda w, z: z @ w, lambda w, z: rf"{z}\,{w}"),
    "affine": (lambda w, z, b: z @ w + b[..., None], lambda w, z, b: rf"{z}\,{w} + {b}"),
}

# fmt: off
_enter("factors in the wrong order", "The factors of the product are in the wrong order.", "transpose", _PRODUCTS,
       lambda step, context: _rewrite(step, *_SWAPPED[step.op.name]))
_enter("the result transposed", "The result is transposed.", "transpose", _PRODUCTS,
       lambda step, context: _wrap(step, lambda r, *_: transpose(r), lambda r, *_: rf"\left({r}\right)^{{\top}}"))
_enter("δ_l Z_l for δ_l Z_{l-1}", "δ was multiplied by its own layer's output; it takes that layer's input.",
       "transpose", ("weight gradient",),
       lambda step, context: _read(step, 1, Z(_find_layer(step))) if step.out.kind in ("dW", "gW") else None)
_enter("S for Z in dL/dW", "The preactivations S below were used where the activations Z belong.", "transpose",
       ("weight gradient",),
       lambda step, context: _read(step, 1, S(_find_layer(step) - 1)) if _find_layer(step) > 1 else None)
_enter("activation forgotten", "The next layer read the preactivations S: the activation was not applied.", "step",
       _WEIGHTED_SUM, lambda step, context: _read(step, 1, S(_find_layer(step) - 1))
       if _find_layer(step) > 1 and not step.out.new else None)
_enter("dL/dZ for δ", "dL/dZ was used where δ belongs: f' is missing in what follows.", "transpose",
       ("weight gradient", "pull back"),
       lambda step, context: _read(step, 0, dZ(_find_layer(step))) if step.op.name == "weight gradient"
       else _read(step, 1, dZ(_find_layer(step) + 1)))
# fmt: on

# --- order -----------------------------------------------------------------------------------


def _update_weights_first(step: Step, context: Pass) -> Step:
    layer = _find_layer(step) + 1
    return _rewrite(
        step,
        lambda w, d, eta, g: transpose(w - _beside(eta, w) * g) @ d,
        lambda w, d, eta, g: rf"{after(W(layer)).latex}^{{\top}}\,{d}",
        (*step.operands, rate, dW(layer)),
    )


def _without(x: Array, k: int, axis: int) -> Array:
    """Give the matrix with row or column k set to 0; the sum over it loses that term."""
    if -k > x.shape[axis]:
        raise ValueError("there is no such row or column")
    x = np.array(x)
    x[(Ellipsis, k, slice(None)) if axis == -2 else (Ellipsis, k)] = 0
    return x


# fmt: off
_enter("W already updated", "The weights above were already updated when the gradient was taken back through them.",
       "ladder", ("pull back",), _update_weights_first)
_enter("bias left out", "The bias was not added.", "step", ("affine",), lambda step, context: None if step.out.new
       else _rewrite(step, lambda w, z, b: w @ z, lambda w, z, b: rf"{w}\,{z}"))
_enter("an input left out", "One input of the layer is missing from the sum.", "step", _WEIGHTED_SUM,
       lambda step, context: None if step.out.new else _change_operand(
           step, 1, lambda z: _without(z, context.left_out, -2), lambda z: rf"{z}^{{(\text{{one row missing}})}}"),
       left_out="input")

# --- biases ----------------------------------------------------------------------------------

_enter("mean for db", "The mean over the examples was taken for the bias; it is the sum (the loss's constant is in δ).",
       "transpose", ("bias gradient",),
       lambda step, context: _rewrite(step, lambda d: d.mean(axis=-1),
                                      lambda d: rf"\frac{{1}}{{N}}{d}\,\mathbb{{1}}_N"))
_enter("mean for dW",
       "The mean over the examples was taken for the weights; it is the sum (the loss's constant is in δ).",
       "transpose", ("weight gradient",),
       lambda step, context: _wrap(step, lambda result, d, z: result / d.shape[-1],
                                   lambda right, *_: rf"\frac{{1}}{{N}}{right}"))
_enter("db from the first example", "The bias gradient is δ of the first example alone; it is the sum over all.",
       "transpose", ("bias gradient",),
       lambda step, context: _rewrite(step, lambda d: d[..., 0], lambda d: rf"{{{d}}}_{{\cdot 1}}"))
_enter("one sum for all db", "δ was summed over everything: each bias has a sum of its own row.", "transpose",
       ("bias gradient",), lambda step, context: _rewrite(
           step, lambda d: np.broadcast_to(d.sum(axis=(-2, -1), keepdims=True)[..., 0], d.shape[:-1]),
           lambda d: rf"\textstyle\sum_{{in}} {{{d}}}_{{in}}"))
_enter("db from dL/dZ", "The bias gradient was summed from dL/dZ; it is summed from δ.", "transpose",
       ("bias gradient",), lambda step, context: _read(step, 0, dZ(_find_layer(step))))
# fmt: on

# --- the batch -------------------------------------------------------------------------------


def _enter_missing_example(name: str, sentence: str, of_others: bool) -> None:
    """Enter a sum without one example, divided by N, or by the number of the others."""

    def alter(step: Step, context: Pass) -> Step | None:
        if of_others and not (context.scale and context.scale.mean):
            return None
        missing = _change_operand(
            step, 0, lambda d: _without(d, context.left_out, -1), lambda d: rf"{d}^{{(\text{{one column missing}})}}"
        )
        if not of_others:
            return missing
        return _wrap(
            missing,
            lambda result, d, *_: result * (d.shape[-1] / max(d.shape[-1] - 1, 1)),
            lambda right, *_: rf"\frac{{N}}{{N-1}}{right}",
        )

    _enter(name, sentence, "transpose", ("weight gradient", "bias gradient"), alter, left_out="example")


_enter_missing_example("an example missing", "One example is missing from the sum; it was divided by all N.", False)
_enter_missing_example("mean without an example", "One example is missing, and the mean is over the others.", True)
_enter(
    "rows taken for columns",
    "The inputs were read row by row where an example is a column.",
    "step",
    (),
    lambda step, context: (
        _change_operand(
            step,
            step.operands.index(Z(0)),
            lambda x: transpose(x).reshape(x.shape),
            lambda x: rf"{x}^{{\text{{rows}}}}",
        )
        if Z(0) in step.operands
        else None
    ),
    everywhere=True,
)

# --- losses ----------------------------------------------------------------------------------


def _reads_probabilities(step: Step, context: Pass, of: str = "") -> bool:
    """Tell whether a step is P - Y, with P made by this function ("softmax", "output sigmoid"; any if empty)."""
    made = next((s.op.name for s in context.steps if s.out.kind == "P"), None)
    return step.op.name == "error" and made is not None and of in ("", made)


def _write_gradient(step: Step, context: Pass, change: Callable, latex: Callable) -> Step:
    """Give the first gradient with another function of output and target, its constant kept."""
    c = context.scale
    front = c.latex() if c else ""
    return _rewrite(
        step,
        lambda z, y: change(z, y) * (c.factor(z.shape[-1], d=z.shape[-2]) if c else 1.0),
        lambda z, y: rf"{front}\left({latex(z, y)}\right)",
    )


def _enter_error(name: str, sentence: str, of: str, change: Callable, latex: Callable) -> None:
    """Enter another function of P and Y in place of P - Y."""
    _enter(
        name,
        sentence,
        "output",
        ("error",),
        lambda step, context: (
            _write_gradient(step, context, change, latex) if _reads_probabilities(step, context, of) else None
        ),
    )


def _drop_off_diagonal(step: Step, context: Pass) -> Step | None:
    if step.op.name == "softmax pullback":
        return _rewrite(step, lambda p, d: p * (1 - p) * d, lambda p, d: rf"{p}\odot(1-{p})\odot {d}")
    if not _reads_probabilities(step, context, "softmax"):
        return None
    return _write_gradient(step, context, lambda p, y: -y * (1 - p), lambda p, y: rf"-{y}\odot(1-{p})")


def _forget_softmax(step: Step, context: Pass) -> Step | None:
    if step.op.name == "softmax pullback":
        return _rewrite(step, lambda p, d: d, lambda p, d: d)
    return _read(step, 0, Z(context.depth)) if _reads_probabilities(step, context) else None


# fmt: off
_enter_error("-Y/P for P - Y", "The derivative by the probabilities, −Y/P, was used as the one by the logits.",
             "", lambda p, y: -y / p, lambda p, y: rf"-\frac{{{y}}}{{{p}}}")
_enter_error("dL/dp for P - Y", "The derivative by the probabilities was taken; σ' = p(1 − p) is missing.",
             "output sigmoid", lambda p, y: (p - y) / (p * (1 - p)),
             lambda p, y: rf"\frac{{{p}-{y}}}{{{p}\odot(1-{p})}}")
_enter_error("1 - y dropped", "Only y log p was differentiated: (1 − y) log(1 − p) belongs to the loss as well.",
             "output sigmoid", lambda p, y: -y * (1 - p), lambda p, y: rf"-{y}\odot(1-{p})")
_enter_error("σ' or softmax' kept",
             "P − Y was multiplied by the derivative p(1 − p) once more: it is in P − Y already.",
             "", lambda p, y: (p - y) * p * (1 - p), lambda p, y: rf"({p}-{y})\odot {p}\odot(1-{p})")
_enter("softmax's off-diagonal dropped", "Softmax was differentiated as if every class were on its own: p(1 − p).",
       "hinge/jacobian", (), _drop_off_diagonal)
_enter("σ or softmax forgotten",
       "The logits were used where their probabilities belong, or softmax was not differentiated.",
       "hinge/jacobian", (), _forget_softmax)
_enter("target forgotten", "The target was not subtracted: the first gradient is that of a target of 0.", "output",
       ("error", "absolute error pullback", "huber pullback"),
       lambda step, context: _change_operand(step, 1, np.zeros_like, lambda y: "0"))
_enter("softmax over the examples", "Softmax ran along the wrong axis, over the examples: the classes of an "
       "example sum to 1.", "step", ("softmax", "log softmax"),
       lambda step, context: _rewrite(step, lambda x: transpose(step.op.arithmetic(transpose(x))),
                                      lambda x: step.op.notation(rf"{x}^{{\top}}") + r"^{\top}"))
_enter("Z - Y kept whole", "The error itself was used: |z − y| has its sign as derivative, and Huber clips it.",
       "ladder", ("absolute error pullback", "huber pullback"),
       lambda step, context: _write_gradient(step, context, lambda z, y: z - y, lambda z, y: f"{z} - {y}"))
_enter("logits for probabilities", "The gaps were formed from the logits; this loss reads the probabilities.",
       "hinge/terms", ("gaps",), lambda step, context: _read(step, 0, Z(context.depth))
       if step.operands[0].kind == "P" else None, everywhere=True)
_enter("probabilities for logits", "The gaps were formed from the probabilities; this loss reads the logits.",
       "hinge/terms", ("gaps", "one-vs-rest gaps"),
       lambda step, context: _change_operand(step, 0, softmax, lambda x: rf"\operatorname{{softmax}}({x})")
       if step.operands[0].kind != "P" else None, everywhere=True)
# fmt: on


def _count_true_class(step: Step, context: Pass) -> Step:
    compare, sign = (np.greater_equal, r"\ge ") if step.op is active(True) else (np.greater, ">")
    return _rewrite(step, lambda G, Y: compare(G, 0).astype(G.dtype), lambda G, Y: rf"\left[{G}{sign}0\right]")


def _divide_true_class(result: Array, A: Array, Y: Array) -> Array:
    count = (A * (1 - Y)).sum(axis=-2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((Y == 1) & (count > 0), result / count, result)


def _swap_tie(step: Step, context: Pass) -> Step | None:
    for make, at_tie in product((active, active_classes, at_top), (True, False)):
        if step.op is make(at_tie):
            return replace(step, op=replace(make(not at_tie), name=f"{step.op.name}, mistaken"))
    return None


# fmt: off
_enter("l = y counted", "The true class was counted as a competing one.", "hinge/terms",
       ("active competing classes",), _count_true_class, everywhere=True)
_enter("the true class gives nothing", "The true class got no gradient: it gets minus the number of active classes.",
       "hinge/terms", ("hinge pullback",),
       lambda step, context: _wrap(step, lambda result, A, Y: result * (1 - Y),
                                   lambda right, A, Y: rf"(1-{Y})\odot\left({right}\right)"))
_enter("the true class gives -1", "The true class got −1, whatever the number of active classes.", "hinge/terms",
       ("hinge pullback",),
       lambda step, context: _wrap(step, _divide_true_class,
                                   lambda right, *_: rf"\left({right}\right)_{{\text{{true class: }}-1}}"))
_enter("> for ≥ at a tie", "A class whose gap is exactly 0 was treated the other way round.", "hinge/margin",
       (), _swap_tie, everywhere=True)
_enter("margin's sign", "The margin was subtracted; it is added.", "hinge/margin", ("gaps", "one-vs-rest gaps"),
       lambda step, context: _change_operand(step, 2, lambda m: -m, lambda m: rf"(-{m})"), everywhere=True)
# fmt: on

# --- rounding on the way ---------------------------------------------------------------------


def _enter_rounding(places: int, how: str, function: str, round_off: Callable[[Array], Array]) -> None:
    many = "s" * (places != 1)

    def change(result: Array, *_: Array) -> Array:
        return round_off(np.asarray(result, float) * 10.0**places) / 10.0**places

    _enter(
        f"intermediates {how} to {places} digit{many}",
        f"Every number on the way was {how} to {places} decimal{many} before the next was computed.",
        "step",
        (),
        lambda step, context: _wrap(
            step, change, lambda right, *_: rf"\operatorname{{{function}}}_{places}\left({right}\right)"
        ),
        everywhere=True,
    )


for _places in (4, 3, 2, 1):
    _enter_rounding(_places, "rounded", "round", np.round)
    _enter_rounding(_places, "truncated", "trunc", np.trunc)
