"""What is chosen on the page Training: inputs only, and the courses that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from mlpcore import (
    DATASETS,
    OPTIMISERS,
    RATE_SCHEDULES,
    Course,
    Momentum,
    Nesterov,
    Optimiser,
    Setup,
    make_setup,
    train,
)
from pages.ui.state.steps_taken import MAX_WORK

#: Name -> title of what is shown of a course.
VIEWS = {
    "loss": "Loss",
    "matrices": "Every matrix",
    "layers": "Layers",
    "rate": "Learning rate",
    "paths": "Paths",
    "fit": "Fit",
}
#: No schedule: the rate stays as it is.
CONSTANT = "constant"
MOST_STEPS = 2000
#: Operations of all courses together, about: what follows a slider.
MOST_WORK = MAX_WORK // 4


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

    Raises:
        ValueError, KeyError: nothing of that name, or a number out of range.
    """

    view: str = "loss"
    optimisers: tuple[str, ...] = ("SGD",)
    rate: float = 0.1
    mu: float = 0.9
    schedule: str = CONSTANT
    length: int = 100
    clip: float = 0.0
    batch: int = 0
    seed: int = 0
    steps: int = 200
    at: int = MOST_STEPS
    logarithmic: bool = False
    dataset: str = "moons"
    examples: int = 80
    noise: float = 0.1
    data_seed: int = 0

    def __post_init__(self) -> None:
        for name in self.optimisers:
            OPTIMISERS[name]
        DATASETS[self.dataset]
        for field, names in (("view", VIEWS), ("schedule", (CONSTANT, *RATE_SCHEDULES))):
            if getattr(self, field) not in tuple(names):
                raise ValueError(f"there is no {field} {getattr(self, field)!r}; choose one of: {', '.join(names)}")
        whole = {
            "length": (1, 10**6), "batch": (0, 256), "seed": (0, 10**9), "steps": (1, MOST_STEPS),
            "at": (0, MOST_STEPS), "examples": (2, 256), "data_seed": (0, 10**9),
        }  # fmt: skip
        real = {"rate": (0, 100), "mu": (0, 0.999), "clip": (0, 10**6), "noise": (0, 10)}
        for field, (low, high) in {**whole, **real}.items():
            value = getattr(self, field)
            kinds = (int,) if field in whole else (int, float)
            if type(value) not in kinds or not low <= value <= high:
                raise ValueError(f"{field} must be a{' whole' if field in whole else ''} number from {low} to {high:,}")
        if type(self.logarithmic) is not bool:
            raise ValueError("logarithmic must be true or false")

    @property
    def step(self) -> int:
        """The step that is looked at, within the course."""
        return min(self.at, self.steps)

    def make_optimisers(self) -> list[Optimiser]:
        """Make the optimisers that are chosen, with all their numbers."""
        schedule = None if self.schedule == CONSTANT else RATE_SCHEDULES[self.schedule](length=self.length)
        made = [OPTIMISERS[name](rate=self.rate, schedule=schedule, clip=self.clip or None) for name in self.optimisers]
        return [replace(o, mu=self.mu) if isinstance(o, Momentum | Nesterov) else o for o in made]

    def train(self, setup: Setup) -> dict[str, Course]:
        """Train with every chosen optimiser from the same start.

        Raises:
            ValueError: it would take too long to follow a slider.
        """
        work = 6 * setup.net.shape.parameter_cells * setup.batch.N * self.steps * len(self.optimisers)
        if work > MOST_WORK:
            raise ValueError(f"at this size that is {work:,} operations, and {MOST_WORK:,} are the limit: fewer steps")
        size = self.batch if 0 < self.batch < setup.batch.N else None
        return {o.title: train(setup, self.steps, o, batch_size=size, seed=self.seed) for o in self.make_optimisers()}

    def make_setup(self, setup: Setup) -> Setup:
        """Make the set-up of the chosen data set, under the conventions in force."""
        made = make_setup(self.dataset, self.examples, noise=self.noise, seed=self.data_seed, rate=setup.rate)
        return replace(made, conventions=setup.conventions)


def put(field: str, choice: TrainingChoice, value: Any) -> TrainingChoice:
    """Give the choice with another value of a field; nothing chosen is no change."""
    if value is None:
        return choice
    changes: dict[str, Any] = {field: tuple(value) if field == "optimisers" else value}
    return replace(choice, **changes)


def read_choice(data: dict[str, Any]) -> TrainingChoice:
    """Read a choice from plain values.

    Raises:
        ValueError, KeyError: a field is no value of its kind.
    """
    if not isinstance(data.get("optimisers", []), list) or any(
        isinstance(x, list | dict) for name, x in data.items() if name != "optimisers"
    ):
        raise ValueError("training has a field that is no name and no number")
    if "optimisers" in data:
        data = data | {"optimisers": tuple(map(str, data["optimisers"]))}
    return TrainingChoice(**data)


FIELDS = tuple(field.name for field in fields(TrainingChoice))
