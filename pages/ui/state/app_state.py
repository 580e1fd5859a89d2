"""What one visitor entered, as one value: everything on the screen is a function of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from mlpcore import EXAMPLES, Setup
from mlpcore.logits import LABS, Lab, list_class_losses
from pages.ui.state.history import History
from pages.ui.state.memory_page import MemoryChoice
from pages.ui.state.place import Place

FIRST = "worksheet"
FIRST_LAB = "four answers"


@dataclass(frozen=True)
class LabView:
    """What the charts of the laboratory show.

    Attributes:
        shown: names of the losses that are drawn side by side.
        rate, count: of the descents on the logits, as far as the sliders reach.

    Raises:
        ValueError: no such loss, or none; a number out of range.
    """

    shown: tuple[str, ...] = ("SoftmaxHinge", "CrossEntropy", "ScoreHinge")
    rate: float = 1.0
    count: int = 100

    def __post_init__(self) -> None:
        offered = list_class_losses(0.0)
        if not self.shown or not all(isinstance(name, str) and name in offered for name in self.shown):
            raise ValueError(f"lab_view shows a list of losses, of: {', '.join(offered)}")
        if not 0.1 <= self.rate <= 5 or type(self.count) is not int or not 10 <= self.count <= 300:
            raise ValueError("a descent has a rate from 0.1 to 5 and 10 to 300 steps")

    def showing(self, names: str) -> LabView:
        """The same with these losses, their names parted by blanks; as it is where that cannot be."""
        try:
            return replace(self, shown=tuple(dict.fromkeys(names.split())))
        except ValueError:
            return self


@dataclass(frozen=True)
class Work:
    """The inputs of a session.

    Attributes:
        setup: network, batch, loss and rate as they are now.
        example: the example they were made from.
        schedule: what stays cached: a name, or the spec of a schedule that was built.
        step: the cursor, a number of a step.
        place: where on the derivation page.
        lab: logits, labels and margin of the laboratory; its conventions are the set-up's (see `session.lab`).
        lab_example: what they were made from; `lab_place` where on its page; `lab_view` what its
            charts show.
        memory: sizes and policies that are counted and measured.
        rev: counts the times the cursor was set from here and not by the stage.
        answer: what the stage was last told about its edits.
        notices: name of a widget -> (what was wrong, what it was given).
        fails: counts what was refused, so that a widget that was given nonsense is made anew.
        history: what can be undone and redone.
        says: how often there was something to say to the visitor, and what.
    """

    setup: Setup
    example: str = FIRST
    schedule: str | tuple = "cache S and Z"
    step: int = 0
    place: Place = field(default_factory=Place)
    lab: Lab = LABS[FIRST_LAB].lab
    lab_example: str = FIRST_LAB
    lab_place: Place = field(default_factory=Place)
    lab_view: LabView = field(default_factory=LabView)
    memory: MemoryChoice = field(default_factory=MemoryChoice)
    rev: int = 0
    answer: dict[str, Any] | None = None
    notices: dict[str, tuple[str, Any]] = field(default_factory=dict)
    fails: int = 0
    history: History = field(default_factory=History)
    says: tuple[int, str] = (0, "")


@cache
def everyones() -> Work:
    """What everyone starts with: one value, so that what is still a part of it is quickly seen to be."""
    return Work(EXAMPLES[FIRST].setup)
