"""The course of a training: what many steps make of a set-up.

The steps are those of a pass and of an optimiser, compiled; parameters and state matrices lie in one block, which
is copied before every step, or before every few where that would take too much memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Any

import numpy as np

from ..compiled import Program
from ..equations.steps import Step, evaluate
from ..network import Array, Network
from ..notation import Var, mask
from ..notation import loss as LOSS
from ..passes.layouts import Layout
from ..passes.optimisers import SGD, Optimiser
from ..passes.training_step import initial_values, list_loss, one_pass, training_step
from ..setup import Setup

#: Steps of one course.
MAX_STEPS = 100_000
#: Bytes of the copies of parameters and state that a course keeps.
MAX_COPIES = 64_000_000


class Runner:
    """A step and the loss before it, compiled for one set-up and one optimiser."""

    def __init__(
        self,
        setup: Setup,
        optimiser: Optimiser,
        batch_size: int | None = None,
        seed: int = 0,
        redraw: bool = False,
        state: Mapping[Var, Array] | None = None,
    ) -> None:
        lay = setup.conventions.lay
        self.lock = Lock()
        net, self._setup, self._examples, self._seed = setup.net, setup, batch_size or setup.batch.N, seed
        self._mini = self._examples < setup.batch.N
        self.steps: list[Step] = one_pass(net, setup.loss, conventions=setup.conventions, N=self._examples)
        self.steps += lay.convert_steps(optimiser.update(net))
        whole = initial_values(net, setup.batch, setup.loss, setup.conventions)
        self._redrawn = {n: d for n, layer in enumerate(net.layers, start=1) if redraw and (d := layer.dropout)}
        whole |= {mask(n): np.array(whole[mask(n)], order="C") for n in self._redrawn}  # written to before a step
        self._whole = {v: x for v, x in whole.items() if "example" in v.axes}
        self._batch = pick_examples(self._whole, np.arange(self._examples), lay) if self._mini else {}
        values = whole | self._batch | optimiser.list_inputs(net, lay, state)
        self.program = Program(self.steps, values, net.shape, self._examples, lay)
        self._first_loss = self.program.values[LOSS]
        self.loss_steps = lay.convert_steps(list_loss(net, setup.loss, setup.conventions))
        parameters = {v: x for v, x in self.program.parameters.items() if v in whole}
        self._loss = Program(self.loss_steps, whole | parameters, net.shape, setup.batch.N, lay)

    @property
    def block(self) -> Array:
        """Parameters and state, side by side."""
        return self.program.parameter_block

    def compute_loss(self, number: int) -> float:
        """Compute the loss of the present parameters over all examples, under the masks of step `number`."""
        self._draw_masks(number)
        return float(self._loss.run()[LOSS])

    def take_step(self, number: int) -> float:
        """Take step `number`, counted from 0, within `run_quietly`. Returns the loss before it, over all examples."""
        if not self._mini:
            self._draw_masks(number)
            self.program.run_once()
            return float(self._first_loss)
        before = self.compute_loss(number)
        for var, x in pick_examples(self._whole, self._draw(number), self._setup.conventions.lay).items():
            self._batch[var][...] = x
        self.program.run_once()
        return before

    def _draw_masks(self, number: int) -> None:
        lay, N = self._setup.conventions.lay, self._setup.batch.N
        for n, dropout in self._redrawn.items():
            x = dropout.move_on(number).find_mask(n, self._setup.net.widths[n], N)
            self._whole[mask(n)][...] = lay.convert(mask(n), x)

    def _draw(self, number: int) -> Array:
        """Draw the examples of a step: every epoch goes once through a new order; a rest is left out."""
        epoch, place = divmod(number, self._setup.batch.N // self._examples)
        order = np.random.default_rng((self._seed, epoch)).permutation(self._setup.batch.N)
        return order[place * self._examples : (place + 1) * self._examples]


def pick_examples(values: Mapping[Var, Array], chosen: Array, lay: Layout) -> dict[Var, Array]:
    """Copy these examples of inputs, targets and masks, laid out by `lay`."""
    return {v: np.take(x, chosen, 0 if lay.transposes_batches else 1) for v, x in values.items()}


@dataclass(frozen=True, eq=False)
class Course:
    """The steps of a training and what they led to.

    Attributes:
        setup: what it started from.
        optimiser: what made the steps.
        losses: the loss over all examples before each step and after the last, shape (steps + 1,); a course that
            diverges goes on through infinity and NaN.
        steps: the equations of one step: forward, loss, backward, update.
        batch_size, seed: how many examples a step takes, None for all, and the seed of their draw.
        redraw: whether every step has dropout masks of its own, drawn from their seed plus its number; the loss
            before a step is that under its masks.
    """

    setup: Setup
    optimiser: Optimiser
    losses: Array
    steps: tuple[Step, ...]
    _runner: Runner
    _copies: Array
    _stride: int
    batch_size: int | None = None
    seed: int = 0
    redraw: bool = False

    def __len__(self) -> int:
        return len(self.losses) - 1

    @property
    def draws(self) -> dict[str, Any]:
        """What `train` is given about the examples and the masks of a step."""
        return {"batch_size": self.batch_size, "seed": self.seed, "redraw": self.redraw}

    def __reduce__(self) -> tuple:
        """Pickle what it starts from: trained again, it is the same to the last bit."""
        return self.repeat, (self.setup, len(self), self.optimiser)

    @property
    def repeat(self) -> Callable[..., Course]:
        """`train` with the draws of this course and the state that its optimiser began with."""
        return partial(train, **self.draws, state=self.state(0))

    @property
    def loss_steps(self) -> list[Step]:
        """The equations of the loss over all examples."""
        return self._runner.loss_steps

    def _copy_block(self, k: int) -> Array:
        """Copy parameters and state after k steps, from the copy before; the runner serves one caller at a time."""
        if not 0 <= k <= len(self):
            raise IndexError(f"the course has {len(self)} steps; there is no step {k}")
        near = self._copies[k // self._stride]
        if k % self._stride == 0:
            return near.copy()
        with self._runner.lock:
            self._runner.block[...] = near
            with Program.run_quietly():
                for number in range(k // self._stride * self._stride, k):
                    self._runner.take_step(number)
            return self._runner.block.copy()

    def parameters(self, k: int) -> dict[Var, Array]:
        """Give weights and biases after k steps, laid out as the conventions say.

        Raises:
            IndexError: there is no such step.
        """
        return self._read(k, state=False)

    def state(self, k: int) -> dict[Var, Array]:
        """Give the matrices that the optimiser keeps, after k steps, and its count of steps where it has one.

        Raises:
            IndexError: there is no such step.
        """
        return self._read(k, state=True)

    def _read(self, k: int, *, state: bool) -> dict[Var, Array]:
        block, start, found = self._copy_block(k), 0, {}
        kept = set(self.optimiser.state(self.setup.net))
        for v, x in self._runner.program.parameters.items():
            if (v in kept) == state:
                found[v] = block[start : start + x.size].reshape(x.shape)
            start += x.size
        return found

    def trace(self, k: int) -> tuple[list[Step], dict[Var, Array]]:
        """List step k + 1 over the whole batch, the update by the optimiser, and compute every matrix in it.

        Raises:
            IndexError: there is no such step.
        """
        setup = self._find_masked(k)
        steps = training_step(setup.net, setup.loss, conventions=setup.conventions, optimiser=self.optimiser)
        given = self.optimiser.list_inputs(setup.net, setup.conventions.lay, self.state(k))
        return steps, evaluate(steps, setup.inputs() | given | self.parameters(k))

    def at(self, k: int) -> Setup:
        """Give the set-up after k steps: the same but for its parameters, and its masks where they are redrawn.

        Raises:
            IndexError: there is no such step.
            ValueError: the course has diverged there, so the parameters are not finite.
        """
        parameters = self.parameters(k)
        if not all(np.isfinite(x).all() for x in parameters.values()):
            raise ValueError(f"the course has diverged: after {k:,} steps not every weight is finite")
        return self._find_masked(k).with_inputs(parameters) if k else self.setup

    def _find_masked(self, k: int) -> Setup:
        """Give the set-up with the masks of step k + 1."""
        net = self.setup.net
        if not (self.redraw and net.shape.masked):
            return self.setup
        layers = (replace(layer, dropout=layer.dropout and layer.dropout.move_on(k)) for layer in net.layers)
        return replace(self.setup, net=Network(tuple(layers)))


def train(
    setup: Setup,
    steps: int = 50,
    optimiser: Optimiser | None = None,
    *,
    batch_size: int | None = None,
    seed: int = 0,
    redraw: bool = False,
    state: Mapping[Var, Array] | None = None,
    report: Callable[[int], None] | None = None,
) -> Course:
    """Train a network.

    Args:
        setup: network, batch, loss and conventions to start from.
        steps: how many steps are taken.
        optimiser: by default gradient descent with the set-up's learning rate.
        batch_size: examples of a step, drawn anew each epoch; by default all of them.
        seed: of that draw.
        redraw: draw new dropout masks for every step, else those of the set-up are kept.
        state: of the optimiser after earlier steps, as `Course.state` gives it; by default that before the first.
        report: is called with the number of steps taken, a hundred times or so; what it raises ends the training.

    Raises:
        ValueError: too many steps, none of a batch's examples, or the state of another optimiser.
    """
    if type(steps) is not int or not 0 <= steps <= MAX_STEPS:
        raise ValueError(f"a course has 0 to {MAX_STEPS:,} steps, not {steps}")
    if batch_size is not None and not 1 <= batch_size <= setup.batch.N:
        raise ValueError(f"a step takes 1 to {setup.batch.N} examples, not {batch_size}")
    optimiser = SGD(setup.rate) if optimiser is None else optimiser
    runner = Runner(setup, optimiser, batch_size, seed, redraw, state)
    stride = max(1, -(-(steps + 1) * runner.block.nbytes // MAX_COPIES))
    copies = np.empty((steps // stride + 1, runner.block.size), runner.block.dtype)
    losses = np.empty(steps + 1)
    with Program.run_quietly():
        copies[0] = runner.block
        for number in range(steps):
            if report and number % max(1, steps // 100) == 0:
                report(number)
            losses[number] = runner.take_step(number)
            if (number + 1) % stride == 0:
                copies[(number + 1) // stride] = runner.block
    losses[steps] = runner.compute_loss(steps)
    losses.flags.writeable = False
    size = batch_size if batch_size != setup.batch.N else None
    return Course(setup, optimiser, losses, tuple(runner.steps), runner, copies, stride, size, seed, redraw)
