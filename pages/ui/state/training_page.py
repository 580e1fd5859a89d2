"""What is chosen on the page Training: inputs only, and the courses that follow from them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from mlpcore import (
    DATASETS,
    INITIALISATIONS,
    MSE,
    OPTIMISERS,
    RATE_SCHEDULES,
    SGD,
    Batch,
    BinaryCrossEntropy,
    Course,
    CrossEntropy,
    Momentum,
    Nesterov,
    Optimiser,
    Setup,
    exchange,
    initialise,
    make_setup,
    one_hot,
    train,
)
from mlpcore.losses import Loss
from mlpcore.training import QUESTIONS, fit_network, hold_out
from pages.ui.state.steps_taken import MAX_WORK
from pages.ui.state.validation import check_fields, one_of, within

#: Name -> title of what is shown of a course.
VIEWS = {
    "loss": "Loss",
    "matrices": "Every matrix",
    "layers": "Layers",
    "weights": "Weights",
    "rate": "Learning rate",
    "paths": "Paths",
    "fit": "Fit",
}
#: No schedule: the rate stays as it is.
CONSTANT = "constant"
MOST_STEPS = 20_000
#: Operations of all courses together, about: what follows a slider, and what is carried out at all. Without a server
#: there is one thread, which can neither show progress nor be interrupted.
MOST_QUICK = 1_000_000_000 if sys.platform == "emscripten" else 4_000_000_000
MOST_WORK = MOST_QUICK if sys.platform == "emscripten" else 10 * MAX_WORK
#: The calls of a step, as operations that take as long.
_CALLS = 200_000


@dataclass(frozen=True)
class TrainingChoice:
    """The inputs of the page Training.

    Attributes:
        view: a name of `VIEWS`.
        optimisers: names of `OPTIMISERS`.
        rate, mu: learning rate and momentum of those that have one.
        schedule: a name of `RATE_SCHEDULES`, or `CONSTANT`; length: its steps.
        clip: the largest norm of the gradient; 0 for any.
        batch: examples of a step; 0 for all. seed: of the draw of batches.
        steps: of the courses; at: the step that is looked at; logarithmic: the axis of the loss.
        dataset: a name of `DATASETS`; examples, noise, data_seed: of its draw.
        held_out: the share of the examples that is not trained on, drawn with `data_seed`.
        arrival: the share of the first loss at which a course has arrived.
        cells: two weights or biases by name, whose plane is shown; none for the main directions of the paths.
        question: a name of `QUESTIONS`, or nothing.
        start: a name of `INITIALISATIONS`, or nothing for the present weights; scale, start_seed: of that draw.
        strength: of the penalty, where the loss has one; below 0 for that of the loss.
        redraw: whether every step draws new dropout masks.

    Raises:
        ValueError: nothing of that name, or a number out of range.
    """

    view: str = one_of(VIEWS, "loss")
    optimisers: tuple[str, ...] = one_of(OPTIMISERS, ("SGD",))
    rate: float = within(0, 100, 0.1)
    mu: float = within(0, 0.999, 0.9)
    schedule: str = one_of((CONSTANT, *RATE_SCHEDULES), CONSTANT)
    length: int = within(1, 10**6, 100)
    clip: float = within(0, 10**6, 0.0)
    batch: int = within(0, 256, 0)
    seed: int = within(0, 10**9, 0)
    steps: int = within(1, MOST_STEPS, 200)
    at: int = within(0, MOST_STEPS, MOST_STEPS)
    logarithmic: bool = False
    dataset: str = one_of(DATASETS, "moons")
    examples: int = within(2, 256, 80)
    noise: float = within(0, 10, 0.1)
    data_seed: int = within(0, 10**9, 0)
    held_out: float = within(0, 0.9, 0.0)
    arrival: float = within(0, 1, 0.1)
    cells: tuple[str, ...] = ()
    question: str = one_of(("", *QUESTIONS), "")
    start: str = one_of(("", *INITIALISATIONS), "")
    scale: float = within(-100, 100, 1.0)
    start_seed: int = within(0, 10**9, 0)
    strength: float = within(-1, 100, -1.0)
    redraw: bool = True

    def __post_init__(self) -> None:
        check_fields(self)
        if len(self.cells) not in (0, 2):
            raise ValueError(f"a plane is that of 2 weights, not of {len(self.cells)}")

    @property
    def step(self) -> int:
        """The step that is looked at, within the course."""
        return min(self.at, self.steps)

    @property
    def of_courses(self) -> TrainingChoice:
        """What makes the courses, without what is shown of them."""
        return replace(self, view="loss", at=MOST_STEPS, logarithmic=False, arrival=0.1, cells=(), question="")

    def make_optimisers(self) -> list[Optimiser]:
        """Make the optimisers that are chosen, with all their numbers."""
        schedule = None if self.schedule == CONSTANT else RATE_SCHEDULES[self.schedule](length=self.length)
        made = [OPTIMISERS[name](rate=self.rate, schedule=schedule, clip=self.clip or None) for name in self.optimisers]
        return [replace(o, mu=self.mu) if isinstance(o, Momentum | Nesterov) else o for o in made]

    @cached_property
    def step_optimiser(self) -> Optimiser | None:
        """What makes the step on the pages of the network, at their rate: the first one; None for plain descent."""
        first = next(iter(self.make_optimisers()), None)
        return None if first == SGD(self.rate) else first

    def prepare(self, setup: Setup) -> tuple[Setup, Batch | None]:
        """Give the set-up that is trained, with its initial weights and its penalty, and the examples held out of it.

        Raises:
            ValueError: there is one example only, so none can be held out.
        """
        rest, held_out = hold_out(setup, self.held_out, self.data_seed)
        if self.start:
            net = initialise(rest.net, self.start, scale=self.scale, seed=self.start_seed)
            rest = replace(rest, net=net)
        if self.strength >= 0 and rest.loss.penalty:
            rest = replace(rest, loss=replace(rest.loss, strength=self.strength))
        return rest, held_out

    def count_work(self, setup: Setup) -> int:
        """Count the operations of all courses, about."""
        of_step = _CALLS + 6 * setup.net.shape.parameter_cells * setup.batch.N
        return of_step * self.steps * len(self.optimisers)

    def train(self, setup: Setup, report: Callable[[float], None] | None = None) -> dict[str, Course]:
        """Train with every chosen optimiser from the same start, a set-up of `prepare`.

        Args:
            report: is called with the share that is done; what it raises ends the training.

        Raises:
            ValueError: it would take too long.
        """
        work = self.count_work(setup)
        if work > MOST_WORK:
            raise ValueError(
                f"at this size at most {max(1, MOST_WORK * self.steps // work):,} steps of each are taken here"
            )
        made, courses = self.make_optimisers(), {}
        for number, o in enumerate(made):

            def report_step(taken: int, before: int = number * self.steps) -> None:
                if report:
                    report((before + taken) / (len(made) * self.steps))

            courses[o.title] = train(setup, self.steps, o, **self.draw_from(setup), report=report_step)
        return courses

    def draw_from(self, setup: Setup) -> dict[str, Any]:
        """Give what is drawn in every step, as `train` takes it."""
        size = self.batch if 0 < self.batch < setup.batch.N else None
        return {"batch_size": size, "seed": self.seed, "redraw": self.redraw}

    def pose(self, question: str) -> TrainingChoice:
        """Give the choice with which a question is answered."""
        asked = QUESTIONS[question]
        return replace(
            self, question=question, optimisers=asked.optimisers, rate=asked.rate, steps=asked.steps, view=asked.view,
            at=asked.steps if asked.at is None else asked.at, mu=0.9, schedule=CONSTANT, clip=0.0, batch=0,
            held_out=0.0, cells=(), logarithmic=False, start="", strength=-1.0,
        )  # fmt: skip

    def make_setup(self, setup: Setup) -> Setup:
        """Make the set-up of the chosen data set, under the conventions in force."""
        made = make_setup(self.dataset, self.examples, noise=self.noise, seed=self.data_seed, rate=setup.rate)
        return replace(made, conventions=setup.conventions)


def make_table_setup(text: str, setup: Setup) -> Setup:
    """Make a set-up of a pasted table: a row an example, the target in its last column, or a column of labels.

    Raises:
        ValueError: it cannot be read, or is beyond the limits of a set-up; with the place in the text.
    """
    loss: Loss
    if labelled := exchange.read_labelled(text):
        X, loss = labelled.features.T, CrossEntropy()
        targets = one_hot([labelled.classes.index(label) for label in labelled.labels], max(2, len(labelled.classes)))
    else:
        table = exchange.read_matrix(text)
        if table.shape[1] < 2:
            raise ValueError("a table needs two columns or more: the inputs, and the target last")
        X, targets = table[:, :-1].T, table[:, -1:].T
        loss = BinaryCrossEntropy() if np.isin(targets, (0, 1)).all() else MSE()
    return replace(fit_network(X, targets, loss, rate=setup.rate), conventions=setup.conventions)
