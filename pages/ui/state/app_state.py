"""The state: what one visitor entered, as one value. Everything on the screen is a function of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from typing import Any

from mlpcore import EXAMPLES, SCHEDULES, Conventions, Schedule, Setup
from mlpcore.logits import LABS, Lab, list_class_losses
from mlpcore.setup import same
from pages.ui.state.history import History
from pages.ui.state.memory_page import MemoryChoice
from pages.ui.state.place import Place
from pages.ui.state.steps_taken import StepsTaken
from pages.ui.state.training_page import TrainingChoice
from pages.ui.state.validation import check_fields, within

FIRST_EXAMPLE = "worksheet"
CROSS_ENTROPY_EXAMPLE = "three classes"
FIRST_LAB = "four answers"
#: Where caching less shows in the peak, as it does not on the worksheet or at 784-512-256-10.
FIRST_SIZES = "exercise 4"
#: Characters of the work that is checked.
MAX_WORK = 100_000


@dataclass(frozen=True)
class LabView:
    """What the charts of the laboratory show.

    Attributes:
        shown: names of the losses that are drawn side by side.
        rate, count: learning rate and number of steps of the descents on the logits.

    Raises:
        ValueError: an unknown loss, no loss at all, or a number out of range.
    """

    shown: tuple[str, ...] = ("SoftmaxHinge", "CrossEntropy", "ScoreHinge")
    rate: float = within(0.1, 5, 1.0)
    count: int = within(10, 300, 100)

    def __post_init__(self) -> None:
        check_fields(self)
        offered = list_class_losses(0.0)
        if not self.shown or not set(self.shown) <= set(offered):
            raise ValueError(f"lab_view shows a list of losses, of: {', '.join(offered)}")

    def with_losses(self, names: str) -> LabView:
        """Return the view of these losses, names separated by blanks; the view itself if one of them is unknown."""
        try:
            return replace(self, shown=tuple(dict.fromkeys(names.split())))
        except ValueError:
            return self


@dataclass(frozen=True)
class AppState:
    """What one visitor entered.

    Attributes:
        setup: network, batch, loss and learning rate.
        example: name of the example the set-up was made from.
        schedule: what stays cached.
        step: the cursor, the number of a step.
        place: where the visitor is on the derivation page.
        lab: logits, labels and margin of the laboratory; the conventions are the set-up's (see `session.get_lab`).
        lab_example: name of the example the laboratory was made from.
        lab_place: where the visitor is on the page of the laboratory.
        lab_view: what the charts of the laboratory show.
        memory: sizes and schedules to count and to measure.
        work: the text of matrices that are to be checked.
        training: what is chosen on the page Training.
        rev: counts how often the cursor was set by Python and not by the stage.
        answer: the last reply to a stage's edits.
        notices: name of a widget -> (what was wrong, the value it had).
        refusals: counts refused values, so that a widget that held one is made anew.
        history: what can be undone and redone.
        taken: steps that were taken, for every set-up that undo and redo can reach.
        message: (how many messages there were so far, the last one).
    """

    setup: Setup
    example: str = FIRST_EXAMPLE
    schedule: Schedule = SCHEDULES["cache S and Z"]
    step: int = 0
    place: Place = field(default_factory=Place)
    lab: Lab = LABS[FIRST_LAB].lab
    lab_example: str = FIRST_LAB
    lab_place: Place = field(default_factory=Place)
    lab_view: LabView = field(default_factory=LabView)
    memory: MemoryChoice = field(default_factory=lambda: MemoryChoice(source=FIRST_SIZES))
    work: str = ""
    training: TrainingChoice = field(default_factory=TrainingChoice)
    rev: int = 0
    answer: dict[str, Any] | None = None
    notices: dict[str, tuple[str, Any]] = field(default_factory=dict)
    refusals: int = 0
    history: History = field(default_factory=History)
    taken: tuple[StepsTaken, ...] = ()
    message: tuple[int, str] = (0, "")

    @cached_property
    def is_example_unchanged(self) -> bool:
        """Whether every number is still the example's; conventions may differ."""
        return same(self.setup, make_example_setup(self.example, self.setup.conventions))


@lru_cache(maxsize=64)
def make_example_setup(example: str, conventions: Conventions) -> Setup:
    """Make the set-up of an example under the conventions in force."""
    return replace(EXAMPLES[example].setup, conventions=conventions)


@cache
def make_initial_state() -> AppState:
    """Return the state of a new visitor: always the same object, so that unchanged parts are found by identity."""
    return AppState(EXAMPLES[FIRST_EXAMPLE].setup)
