"""Conventions: choices that mathematics leaves open.

The constant in front of a loss and the two choices at a corner go into the equations; the layout
is a reading of the finished list (`mlpcore.passes.layouts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from ..arguments import expect
from ..equations.activations import ACTIVATIONS
from ..losses import Loss
from ..losses.hinges import Hinge
from ..losses.scales import SCALES
from .layouts import LAYOUTS, Layout

L = TypeVar("L", bound=Loss)


@dataclass(frozen=True)
class Conventions:
    """What is chosen where mathematics leaves a choice. The defaults are the worksheet's.

    Attributes:
        layout: a name of `LAYOUTS`.
        scale: a name of `SCALES` for every loss, or None for the one each is published with.
        at_kink: f'(0) of relu and leaky relu, as a share of the way from the left derivative
            to the right one: 0, 1/2 and 1 are in use.
        at_tie: whether a competing class whose gap is exactly 0 is active (>=), or not (>).

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
            raise ValueError("the derivative at a corner lies between the two sides, so at_kink from 0 to 1")
        if type(self.at_tie) is not bool:
            raise ValueError("at_tie must be true or false")

    @property
    def lay(self) -> Layout:
        """Look up the layout."""
        return LAYOUTS[self.layout]

    def loss(self, loss: L) -> L:
        """Give the loss the constant and the choice at a tie that are in force."""
        expect(loss, Loss, "loss", "MSE()")
        changes: dict[str, Any] = {} if self.scale is None else {"scale": self.scale}
        if hasattr(loss, "at_tie") and not self.at_tie:
            changes["at_tie"] = False
        return replace(loss, **changes)

    def sentences(self, activations: Iterable[str] | None, loss: Loss | None) -> list[str]:
        """Say what is in force, for a foot line.

        Args:
            activations: those of the network, None where the page is about none; loss: its loss, or None.
        """
        sentences = [*self._describe_corners(activations or ())]
        if isinstance(loss, Hinge):
            sentences.append(self.loss(loss).describe_tie())
        if self.scale is not None:
            sentences.append(f"Reduction of every loss: {SCALES[self.scale].title}.")
        equation = "." if activations is None else f": {self.lay.equation}."
        return [*sentences, self.lay.sentence[:-1] + equation]

    def _describe_corners(self, activations: Iterable[str]) -> Iterator[str]:
        """Say what f'(0) is for each activation with a corner at 0."""
        for name in sorted(set(activations)):
            if (f := ACTIVATIONS[name].at_kink(self.at_kink)).corner is not None and f.derivative is not None:
                share = float(f.derivative(np.zeros(1))[0])
                flow = {0.0: "nothing", 1.0: "everything"}.get(share, f"{share:g} of what arrives")
                yield f"{f.function}'(0) = {share:g}: at a preactivation of exactly 0, {flow} flows back."


#: The worksheet's own.
WORKSHEET = Conventions()
