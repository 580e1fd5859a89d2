"""The optimisers: what a step makes of the gradients, as rows of the update phase with state matrices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import ClassVar

import numpy as np

from ..equations import optimisers as rules
from ..equations.optimisers import Rule
from ..equations.steps import Op, Step
from ..network import Array, Network, Shape, shape_of
from ..notation import Var, after
from ..notation import rate as RATE
from ..registry import Registry
from .layers import update
from .layouts import Layout
from .rate_schedules import RateSchedule

COUNT, CORRECTION_1, CORRECTION_2 = Var("t"), Var("correction1"), Var("correction2")
CLIP, NORM, SHARE, RATE_NOW = Var("clip"), Var("norm"), Var("share"), Var("etat")

#: Result, equation, operands. `x` is the parameter and `g` its gradient; a capital is a state matrix, with `+` after
#: the step; all else is the name of a number. Rows run in order: the row of `M` reads `M` as it was, later ones `M+`.
Row = tuple[str, Rule, str]


@dataclass(frozen=True)
class Optimiser:
    """What every optimiser offers. A frozen value; its numbers are operands by name.

    Attributes:
        rate: the learning rate.
        schedule: how the rate changes from step to step; None for not at all.
        clip: the largest norm of all gradients together; a longer one is shortened to it. None for any.

    Raises:
        ValueError: a number is not finite, or outside the range in which the method is defined.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    #: The letters of its state matrices: V velocity, M and R running averages of gradient and squared gradient.
    state_letters: ClassVar[str] = ""
    #: Those of one parameter, where no choice changes them; gradient descent's by default.
    equations: ClassVar[Sequence[Row]] = (("x", rules.DESCEND, "x rate g"),)
    rate: float = 0.01
    schedule: RateSchedule | None = field(default=None, kw_only=True)
    clip: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for var, x in self.numbers().items():
            below_one = var.kind in ("mu", "beta1", "beta2")
            if type(x) not in (int, float) or not np.isfinite(x) or (below_one and not 0 <= x < 1):
                wanted = "from 0 to below 1" if below_one else "a finite number"
                raise ValueError(f"{self.title}: the {var.word} must be {wanted}, not {x!r}")
        if self.clip is not None and self.clip <= 0:
            raise ValueError(f"{self.title}: the {CLIP.word} must be above 0, not {self.clip!r}")

    def numbers(self) -> dict[Var, float]:
        """Give the numbers it reads, by name, the learning rate first."""
        found = {Var(f.name): getattr(self, f.name) for f in fields(self) if f.type == "float"}
        return found | (self.schedule.numbers() if self.schedule else {}) | ({CLIP: self.clip} if self.clip else {})

    def rows(self) -> Sequence[Row]:
        """List the equations of one parameter."""
        return self.equations

    def corrections(self) -> list[tuple[Var, Op, tuple[Var, ...]]]:
        """List equations of single numbers that come before the rows and read the count of steps."""
        return []

    @property
    def counts_steps(self) -> bool:
        """Whether the number of a step is read."""
        return bool(self.schedule or self.corrections())

    def state(self, net: Network | Shape) -> list[Var]:
        """List the state matrices, and the count of steps where it is read."""
        shape = net.shape
        matrices = [
            Var(letter + x.kind, x.layer) for letter in self.state_letters for x in reversed(shape.parameters())
        ]
        return [*([COUNT] if self.counts_steps else []), *matrices]

    def initial_state(self, net: Network | Shape) -> dict[Var, Array]:
        """Give the state before the first step, as on the worksheet: zeros."""
        shape = net.shape
        return {v: np.zeros(shape_of(v, shape.widths, 1), shape.dtype) for v in self.state(shape)}

    def list_inputs(self, net: Network | Shape, lay: Layout, state: Mapping[Var, Array] | None = None) -> dict:
        """Give all that its rows read besides the network: its numbers and its state, laid out by `lay`.

        Args:
            state: after earlier steps; by default that before the first.

        Raises:
            ValueError: the state is not that of this optimiser and network.
        """
        first = {v: lay.convert(v, x) for v, x in self.initial_state(net).items()}
        state = first if state is None else state
        if {v: np.shape(x) for v, x in state.items()} != {v: x.shape for v, x in first.items()}:
            wanted = ", ".join(f"{v} of shape {x.shape}" for v, x in first.items()) or "nothing"
            raise ValueError(f"this is no state of {self.title} for this network, which keeps {wanted}")
        return dict(state) | {v: np.asarray(x, net.shape.dtype) for v, x in self.numbers().items()}

    def count_state_bytes(self, net: Network | Shape) -> int:
        """Count the bytes that it keeps from step to step."""
        shape = net.shape
        cells = sum(math.prod(shape_of(v, shape.widths, 1)) for v in self.state(shape))
        return cells * np.dtype(shape.dtype).itemsize

    def update(self, net: Network | Shape) -> list[Step]:
        """List a step from the gradients, equation by equation, from the last layer to the first.

        What is read for the last time is freed, so that what is new can take its place.
        """
        shape = net.shape
        rows: list[tuple[Var, Op, tuple[Var, ...]]] = []
        if self.counts_steps:
            rows.append((after(COUNT), rules.COUNT, (COUNT,)))
        if self.schedule:
            rows.append((RATE_NOW, self.schedule.op, (RATE, after(COUNT), *self.schedule.numbers())))
        rows += [*self.corrections(), *self._clip_rows(shape)]
        for out, rule, operands in self.rows():
            for x in reversed(shape.parameters()):
                names = tuple(self._name(letter, x) for letter in operands.split())
                rows.append((after(self._name(out, x)), rule.of[len(x.axes)], names))
        numbers = self.numbers()
        steps: list[Step] = []
        read_later: set[Var] = set()
        for out_var, op, operands_ in reversed(rows):
            last = dict.fromkeys(v for v in operands_ if v not in read_later and v not in numbers and not v.new)
            read_later |= set(operands_)
            steps.append(Step(out_var, op, operands_, "update", frees=tuple(last)))
        return steps[::-1]

    def _clip_rows(self, shape: Shape) -> list[tuple[Var, Op, tuple[Var, ...]]]:
        """List the norm of all gradients and their shortening."""
        if self.clip is None:
            return []

        def name(prefix: str, x: Var) -> Var:
            return Var(prefix + x.kind, x.layer)

        parameters = shape.parameters()[::-1]
        return [
            *((name("square", x), rules.SUM_SQUARES[len(x.axes)], (name("d", x),)) for x in parameters),
            (NORM, rules.make_norm(len(parameters)), tuple(name("square", x) for x in parameters)),
            (SHARE, rules.CLIP, (CLIP, NORM)),
            *((name("short", x), rules.SHORTEN.of[len(x.axes)], (name("d", x), SHARE)) for x in parameters),
        ]

    def _name(self, text: str, x: Var) -> Var:
        """Name an operand of a row for the parameter x."""
        if text == "x":
            return x
        if text == "g":
            return Var(("d" if self.clip is None else "short") + x.kind, x.layer)
        if text == "rate" and self.schedule:
            return RATE_NOW
        if text[0].isupper():
            return Var(text[0] + x.kind, x.layer, new=text.endswith("+"))
        return Var(text)


@dataclass(frozen=True)
class SGD(Optimiser):
    """Gradient descent: `x - rate g`."""

    name = "SGD"
    title = "Gradient descent"

    def update(self, net: Network | Shape) -> list[Step]:
        """List a step, layer by layer, as on the worksheet."""
        return super().update(net) if self.schedule or self.clip else update(net)


@dataclass(frozen=True)
class Momentum(Optimiser):
    """Momentum (Polyak 1964).

    Attributes:
        mu: the share of the velocity that is kept.
        sign: `+` adds the gradient to the velocity, `V = mu V + g`, and the step is `x - rate V`; `-` makes the
            velocity the step itself, `V = mu V - rate g`, and the step is `x + V`.
    """

    name = "Momentum"
    title = "Momentum"
    state_letters = "V"
    mu: float = 0.9
    sign: str = "+"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sign not in ("+", "-"):
            raise ValueError(f"the sign of the velocity is + or -, not {self.sign!r}")

    def rows(self) -> Sequence[Row]:
        """List velocity and step."""
        if self.sign == "-":
            return [("V", rules.STEP_VELOCITY, "V mu rate g"), ("x", rules.MOVE, "x V+")]
        return [("V", rules.VELOCITY, "V mu g"), ("x", rules.DESCEND, "x rate V+")]


@dataclass(frozen=True)
class Nesterov(Optimiser):
    """Momentum that looks ahead (Nesterov 1983; Sutskever et al. 2013): `x - rate (g + mu V)`."""

    name = "Nesterov"
    title = "Nesterov's momentum"
    state_letters = "V"
    equations = (("V", rules.VELOCITY, "V mu g"), ("x", rules.LOOK_AHEAD, "x rate g mu V+"))
    mu: float = 0.9


@dataclass(frozen=True)
class AdaGrad(Optimiser):
    """A rate for every weight, smaller the more it has moved (Duchi et al. 2011)."""

    name = "AdaGrad"
    title = "AdaGrad"
    state_letters = "R"
    equations = (("R", rules.ADD_SQUARE, "R g"), ("x", rules.DIVIDED, "x rate g R+ epsilon"))
    epsilon: float = 1e-10


@dataclass(frozen=True)
class RMSProp(Optimiser):
    """The gradient divided by its recent size (Hinton 2012)."""

    name = "RMSProp"
    title = "RMSProp"
    state_letters = "R"
    equations = (("R", rules.AVERAGE_SQUARE, "R beta2 g"), ("x", rules.DIVIDED, "x rate g R+ epsilon"))
    beta2: float = 0.99
    epsilon: float = 1e-8


@dataclass(frozen=True)
class Adam(Optimiser):
    """Running averages of gradient and squared gradient (Kingma and Ba 2015).

    Attributes:
        correction: divide both by the sum of their weights, without which the averages begin near 0.
    """

    name = "Adam"
    title = "Adam"
    state_letters = "MR"
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    correction: bool = True

    def corrections(self) -> list[tuple[Var, Op, tuple[Var, ...]]]:
        """List the two sums of weights."""
        if not self.correction:
            return []
        t = after(COUNT)
        return [
            (CORRECTION_1, rules.CORRECTION, (Var("beta1"), t)),
            (CORRECTION_2, rules.CORRECTION, (Var("beta2"), t)),
        ]

    def rows(self) -> Sequence[Row]:
        """List both averages and the step."""
        averages: list[Row] = [("M", rules.AVERAGE, "M beta1 g"), ("R", rules.AVERAGE_SQUARE, "R beta2 g")]
        if not self.correction:
            return [*averages, ("x", rules.DIVIDED, "x rate M+ R+ epsilon")]
        return [*averages, ("x", rules.CORRECTED, "x rate M+ correction1 R+ correction2 epsilon")]


@dataclass(frozen=True)
class Uncorrected(Adam):
    """Adam without its bias correction, to be compared with it."""

    name = "Uncorrected"
    title = "Adam without correction"
    correction: bool = field(default=False, init=False)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), of weights and biases."""

    name = "AdamW"
    title = "AdamW"
    correction: bool = field(default=True, init=False)
    decay: float = 0.01

    def rows(self) -> Sequence[Row]:
        """List both averages and the step with its decay."""
        operands = "x rate M+ correction1 R+ correction2 epsilon decay"
        return [*super().rows()[:2], ("x", rules.CORRECTED_DECAY, operands)]


#: Name -> class. What stands here can be chosen, and what can be chosen is tested.
OPTIMISERS: Mapping[str, type[Optimiser]] = Registry.of(
    "optimiser", SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam, Uncorrected, AdamW
)
