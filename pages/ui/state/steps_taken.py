"""Steps of gradient descent that were taken on a page of the network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mlpcore import Setup, train
from mlpcore.training.course import MAX_STEPS

#: Operations of all steps that are taken at once, about: some seconds.
MAX_WORK = 20_000_000_000


@dataclass(frozen=True, eq=False)
class StepsTaken:
    """How a set-up came about by taking steps; an edit makes a set-up that has none.

    Attributes:
        setup: the set-up after the steps, the very object that is in the state.
        start: the set-up before the first one.
        count: how many steps lie between.
        before, after: the loss before and after the last one.
    """

    setup: Setup
    start: Setup
    count: int
    before: float
    after: float


def find_steps(state: Any) -> StepsTaken | None:
    """Find how the present set-up came about; None if it was entered."""
    return next((taken for taken in state.taken if taken.setup is state.setup), None)


def take_steps(state: Any, count: int) -> dict[str, Any]:
    """Return the changes of the state after so many steps of gradient descent.

    Raises:
        ValueError: too many steps at once, or parameters that leave the range of floats.
    """
    setup = state.setup
    if not 1 <= count <= MAX_STEPS:
        raise ValueError(f"steps can be taken 1 to {MAX_STEPS:,} at once, not {count:,}")
    work = 6 * setup.net.shape.parameter_cells * setup.batch.N
    if count * work > MAX_WORK:
        raise ValueError(f"at this size at most {max(1, MAX_WORK // work):,} steps can be taken at once")
    course = train(setup, count)
    so_far = find_steps(state)
    start, before = (so_far.start, so_far.count) if so_far else (setup, 0)
    new = StepsTaken(course.at(count), start, before + count, *course.losses[-2:].tolist())
    entries = (*state.history.past, *state.history.future)
    reachable = {id(setup), *(id(entry[0]) for entry in entries)}
    return {"setup": new.setup, "taken": (*(t for t in state.taken if id(t.setup) in reachable), new)}


def rewind(state: Any) -> dict[str, Any]:
    """Return the changes of the state that bring back the set-up before the first step."""
    so_far = find_steps(state)
    return {"setup": replace(so_far.start)} if so_far else {}
