"""The penalties, one row each: a term of the loss beside what it adds to a gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import getitem

import numpy as np

from ..registry import Registry
from .optimisers import Rule
from .steps import Op, op_factory

Array = np.ndarray


class Term:
    """The term of a loss that one parameter makes, for weights (two axes) and for biases (one)."""

    def __init__(
        self, name: str, f: Callable, notation: Callable[..., str], cell: str, kink: Callable | None = None
    ) -> None:
        """Make the term.

        Args:
            f: (parameter, sum over all of its cells) -> the term of strength 1.
            cell: its formula, `#` in place of the sum over the cells.
            kink: as in `Op`.
        """

        def make(axes: str) -> Op:
            over = tuple(range(-len(axes), 0))
            return Op(
                f"{name}, {'weights' if len(axes) == 2 else 'biases'}",
                f"{axes},->",
                lambda x, strength: strength * f(x, lambda y: y.sum(axis=over)),
                notation,
                cell.replace("#", f"sum_{axes}"),
                kink=kink and (lambda x, strength: kink(x)),
            )

        self.of: dict[int, Op] = {2: make("ij"), 1: make("i")}


@dataclass(frozen=True, repr=False)
class Penalty:
    """A penalty on parameters: a row of `PENALTIES`.

    Attributes:
        name: as it is chosen.
        latex: what it adds to the loss.
        term: what one parameter adds to the loss.
        gradient: the gradient of the loss on the data, strength, parameter -> the gradient with the penalty.
    """

    name: str
    latex: str
    term: Term
    gradient: Rule

    def __post_init__(self) -> None:
        for part in ("term", "gradient"):
            for axes, op in getattr(self, part).of.items():
                op.made_by(_find_op, self.name, part, axes)

    def __repr__(self) -> str:
        return f"PENALTIES[{self.name!r}]"

    def __reduce__(self) -> tuple[Callable, tuple]:
        return getitem, (PENALTIES, self.name)


def _find_op(penalty: str, part: str, axes: int) -> Op:
    return getattr(PENALTIES[penalty], part).of[axes]


def _squares(name: str, factor: float, front: str, written: str, twice: str, latex_twice: str) -> Penalty:
    """Give a multiple of the sum of squares; 1/2 is common because the 2 of its derivative goes away."""
    return Penalty(
        name,
        front.format(r"\lambda") + r"\lVert W\rVert_F^2",
        Term(
            name,
            lambda x, total: factor * total(x * x),
            lambda x, strength: rf"{front.format(strength)}\left\lVert {x}\right\rVert^2",
            f"{written}{{1}}·(#(({{0}})²))",
        ),
        Rule(
            f"{name} gradient",
            "x.x",
            lambda g, strength, x: g + 2 * factor * strength * x,
            lambda g, strength, x: rf"{g} + {latex_twice}{strength}\,{x}",
            f"{{0}} + {twice}{{1}}·{{2}}",
        ),
    )


#: Name -> `Penalty`. What stands here can be chosen, and what can be chosen is tested.
PENALTIES: dict[str, Penalty] = Registry.of(
    "penalty",
    _squares("L2", 0.5, r"\frac{{{}}}{{2}}", "1/2·", "", ""),
    _squares("L2 without 1/2", 1.0, "{}", "", "2·", r"2\,"),
    Penalty(
        "L1",
        r"\lambda\lVert W\rVert_1",
        Term(
            "L1",
            lambda x, total: total(np.abs(x)),
            lambda x, strength: rf"{strength}\left\lVert {x}\right\rVert_1",
            "{1}·(#(abs({0})))",
            kink=np.sign,
        ),
        Rule(
            "L1 gradient",
            "x.x",
            lambda g, strength, x: g + strength * np.sign(x),
            lambda g, strength, x: rf"{g} + {strength}\operatorname{{sign}}\left({x}\right)",
            "{0} + {1}·sign({2})",
        ),
    ),
)


@op_factory
def add(count: int) -> Op:
    """Give the sum of so many single numbers."""
    return Op(
        f"add {count} terms",
        "," * (count - 1) + "->",
        lambda *terms: sum(terms[1:], start=terms[0]),
        lambda *terms: " + ".join(terms),
        " + ".join(f"{{{k}}}" for k in range(count)),
    )
