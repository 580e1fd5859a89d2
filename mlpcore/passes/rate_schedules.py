"""Learning-rate schedules: the rate of a step from its number t, counted from 1. A row of the update phase each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from ..equations.optimisers import make_number_op
from ..equations.steps import Op
from ..notation import Var
from ..registry import Registry


@dataclass(frozen=True)
class RateSchedule:
    """What every schedule of a rate offers. A frozen value; its numbers are operands by name.

    Attributes:
        length: how many steps it takes.

    Raises:
        ValueError: a number is not above 0.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    #: (rate, t, its numbers) -> the rate of step t.
    op: ClassVar[Op]
    length: float = 100

    def __init_subclass__(cls) -> None:
        cls.op.made_by(getattr, cls, "op")

    def __post_init__(self) -> None:
        for var, x in self.numbers().items():
            if type(x) not in (int, float) or not 0 < x < np.inf:
                raise ValueError(f"{self.title}: the {var.word} must be a number above 0, not {x!r}")

    def numbers(self) -> dict[Var, float]:
        """Give its numbers, by name."""
        return {Var(f.name): getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True)
class StepDecay(RateSchedule):
    """The rate times `gamma` after every `length` steps."""

    name = "step"
    title = "In steps"
    op = make_number_op(
        "rate in steps",
        lambda eta, t, T, gamma: eta * gamma ** np.floor((t - 1) / T),
        lambda eta, t, T, gamma: rf"{eta}\,{gamma}^{{\lfloor ({t} - 1) / {T}\rfloor}}",
        "{0}·{3}^(floor(({1} - 1) / {2}))",
    )
    gamma: float = 0.5


@dataclass(frozen=True)
class CosineDecay(RateSchedule):
    """Half a cosine down to 0 over `length` steps (Loshchilov and Hutter 2017, one period), then 0."""

    name = "cosine"
    title = "Cosine"
    op = make_number_op(
        "rate by cosine",
        lambda eta, t, T: eta * (1 + np.cos(np.pi * np.minimum(1, (t - 1) / T))) / 2,
        lambda eta, t, T: rf"\frac{{{eta}}}{{2}}\left(1 + \cos\left(\pi\min(1, ({t} - 1) / {T})\right)\right)",
        "{0}·(1 + cos(π·min(1, ({1} - 1) / {2}))) / 2",
    )


@dataclass(frozen=True)
class WarmUp(RateSchedule):
    """A straight line up to the rate over the first `length` steps (Goyal et al. 2017)."""

    name = "warm-up"
    title = "Warm-up"
    op = make_number_op(
        "rate by warm-up",
        lambda eta, t, T: eta * np.minimum(1, t / T),
        lambda eta, t, T: rf"{eta}\min\left(1, {t} / {T}\right)",
        "{0}·min(1, {1} / {2})",
    )
    length: float = 10


#: Name -> class; constant is no schedule at all. What stands here can be chosen, and what can be chosen is tested.
RATE_SCHEDULES: Mapping[str, type[RateSchedule]] = Registry.of("rate schedule", StepDecay, CosineDecay, WarmUp)
