"""The equations of the optimisers, one row each: what a parameter and its running averages become in a step.

A rule works cell by cell on one parameter, so it is the same for weights and for biases.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..registry import name_constant
from . import kernels
from .steps import Op, op_factory

Array = np.ndarray


class Rule:
    """An equation of one parameter, for weights (two axes) and for biases (one)."""

    def __init__(self, name: str, cells: str, f: Callable[..., Array], notation: Callable[..., str], cell: str) -> None:
        """Make the rule.

        Args:
            cells: one character an operand: `x` for what has the axes of the parameter, `.` for a single number;
                `x.x` for x - eta v: matrix x, number eta, matrix v.
            f: the arithmetic, cell by cell.
        """
        kernel = kernels.trace_arithmetic(f)  # one for both, so that adjacent parameters can be updated at once

        def make(axes: str) -> Op:
            def arithmetic(*operands: Array) -> Array:
                where = (..., *(None for _ in axes))
                return f(*(x[where] if mark == "." else x for mark, x in zip(cells, operands, strict=True)))

            subscripts = ",".join(axes if mark == "x" else "" for mark in cells) + "->" + axes
            what = "weights" if len(axes) == 2 else "biases"
            op = Op(f"{name}, {what}", subscripts, arithmetic, notation, cell, kernel=kernel)
            return op.made_by(_find_op, self, len(axes))

        self.of: dict[int, Op] = {2: make("ij"), 1: make("i")}

    def __reduce__(self) -> tuple[Callable, tuple]:
        return name_constant(self)


def _find_op(rule: Rule, axes: int) -> Op:
    return rule.of[axes]


def make_number_op(name: str, f: Callable[..., Array], notation: Callable[..., str], cell: str) -> Op:
    """Make an equation of single numbers: those that stand in its cell."""
    count = len(set(re.findall(r"\{(\d)\}", cell)))
    return Op(name, "," * (count - 1) + "->", f, notation, cell, kernel=kernels.trace_arithmetic(f))


def _root(x: Array, epsilon: Array) -> Array:
    return np.sqrt(x) + epsilon


COUNT = make_number_op("count steps", lambda t: t + 1, lambda t: f"{t} + 1", "{0} + 1")

#: The sum of the weights of a running average that began at 0 (Kingma and Ba 2015, section 3).
CORRECTION = make_number_op(
    "bias correction", lambda beta, t: 1 - beta**t, lambda beta, t: f"1 - {beta}^{{{t}}}", "1 - {0}^({1})"
)


@op_factory
def _sum_squares(axes: str) -> Op:
    over = tuple(range(-len(axes), 0))
    notation = r"\lVert {0}\rVert^2".format
    return Op("sum of squares", f"{axes}->", lambda g: (g * g).sum(axis=over), notation, f"sum_{axes}(({{0}})²)")


#: The sum of the squares of one gradient.
SUM_SQUARES = {2: _sum_squares("ij"), 1: _sum_squares("i")}


@op_factory
def make_norm(count: int) -> Op:
    """Give the root of the sum of so many sums of squares: the norm of all gradients together."""
    return make_number_op(
        "norm of the gradient",
        lambda *squares: np.sqrt(sum(squares[1:], start=squares[0])),
        lambda *squares: rf"\sqrt{{{' + '.join(squares)}}}",
        f"sqrt({' + '.join(f'{{{k}}}' for k in range(count))})",
    )


#: 1 up to the largest norm c, beyond it what shortens the gradient to c (Pascanu et al. 2013).
CLIP = make_number_op(
    "clip",
    lambda c, norm: np.minimum(1, c / norm),
    lambda c, norm: rf"\min\left(1, {c} / {norm}\right)",
    "min(1, {0} / {1})",
)

SHORTEN = Rule("shorten", "x.", lambda g, s: s * g, lambda g, s: rf"{s}\,{g}", "{1}·{0}")

DESCEND = Rule("descend", "x.x", lambda x, eta, v: x - eta * v, lambda x, eta, v: rf"{x} - {eta}\,{v}", "{0} - {1}·{2}")

MOVE = Rule("move", "xx", lambda x, v: x + v, lambda x, v: f"{x} + {v}", "{0} + {1}")

#: The velocity, with the gradient added to it (Sutskever et al. 2013, as PyTorch writes it).
VELOCITY = Rule("velocity", "x.x", lambda v, mu, g: mu * v + g, lambda v, mu, g: rf"{mu}\,{v} + {g}", "{1}·{0} + {2}")

#: The velocity as a step that is taken (Polyak 1964; Goodfellow et al. 2016, algorithm 8.2).
STEP_VELOCITY = Rule(
    "step velocity",
    "x..x",
    lambda v, mu, eta, g: mu * v - eta * g,
    lambda v, mu, eta, g: rf"{mu}\,{v} - {eta}\,{g}",
    "{1}·{0} - {2}·{3}",
)

#: Nesterov's look ahead, as PyTorch writes it: the gradient counts once more beside the new velocity.
LOOK_AHEAD = Rule(
    "look ahead",
    "x.x.x",
    lambda x, eta, g, mu, v: x - eta * (g + mu * v),
    lambda x, eta, g, mu, v: rf"{x} - {eta}\left({g} + {mu}\,{v}\right)",
    "{0} - {1}·({2} + {3}·{4})",
)

ADD_SQUARE = Rule("add square", "xx", lambda r, g: r + g * g, lambda r, g: rf"{r} + {g}\odot {g}", "{0} + {1}·{1}")

AVERAGE = Rule(
    "average",
    "x.x",
    lambda m, beta, g: beta * m + (1 - beta) * g,
    lambda m, beta, g: rf"{beta}\,{m} + (1 - {beta})\,{g}",
    "{1}·{0} + (1 - {1})·{2}",
)

AVERAGE_SQUARE = Rule(
    "average square",
    "x.x",
    lambda r, beta, g: beta * r + (1 - beta) * (g * g),
    lambda r, beta, g: rf"{beta}\,{r} + (1 - {beta})\,{g}\odot {g}",
    "{1}·{0} + (1 - {1})·({2}·{2})",
)

DIVIDED = Rule(
    "descend by root",
    "x.xx.",
    lambda x, eta, g, r, epsilon: x - eta * g / _root(r, epsilon),
    lambda x, eta, g, r, epsilon: rf"{x} - {eta}\,\frac{{{g}}}{{\sqrt{{{r}}} + {epsilon}}}",
    "{0} - {1}·{2} / (sqrt({3}) + {4})",
)

_ADAM: dict[str, Any] = {
    "notation": lambda m, c, r, d, epsilon: rf"\frac{{{m} / {c}}}{{\sqrt{{{r} / {d}}} + {epsilon}}}",
    "cell": "({2} / {3}) / (sqrt({4} / {5}) + {6})",
}

CORRECTED = Rule(
    "descend corrected",
    "x.x.x..",
    lambda x, eta, m, c, r, d, epsilon: x - eta * ((m / c) / _root(r / d, epsilon)),
    lambda x, eta, *rest: rf"{x} - {eta}\,{_ADAM['notation'](*rest)}",
    "{0} - {1}·(" + _ADAM["cell"] + ")",
)

#: Decoupled weight decay (Loshchilov and Hutter 2019).
CORRECTED_DECAY = Rule(
    "descend corrected with decay",
    "x.x.x...",
    lambda x, eta, m, c, r, d, epsilon, decay: x - eta * ((m / c) / _root(r / d, epsilon) + decay * x),
    lambda x, eta, m, c, r, d, epsilon, decay: (
        rf"{x} - {eta}\left({_ADAM['notation'](m, c, r, d, epsilon)} + {decay}\,{x}\right)"
    ),
    "{0} - {1}·(" + _ADAM["cell"] + " + {7}·{0})",
)
