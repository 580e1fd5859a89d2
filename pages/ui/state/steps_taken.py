"""Steps that were taken on a page of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlpcore import Optimiser, Setup, Step, Var, after, evaluate, loss, train, training_step
from mlpcore.network import Array
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
        before, after: the loss before and after the last one, under its dropout masks.
        optimiser, kept: what made the last step, and its state after it.
    """

    setup: Setup
    start: Setup
    count: int
    before: float
    after: float
    optimiser: Optimiser
    kept: Mapping[Var, Array]

    def find_kept(self, optimiser: Optimiser | None) -> Mapping[Var, Array] | None:
        """Find what an optimiser keeps from these steps; None where it did not make them."""
        if optimiser is None or type(optimiser) is not type(self.optimiser):
            return None
        return self.kept if self.kept.keys() == set(optimiser.state(self.setup.net)) else None


def find_steps(state: Any) -> StepsTaken | None:
    """Find how the present set-up came about; None if it was entered."""
    return next((taken for taken in state.taken if taken.setup is state.setup), None)


def find_kept(state: Any) -> Mapping[Var, Array] | None:
    """Find what the optimiser of the step keeps from the steps before; None where it did not make them."""
    taken = find_steps(state)
    return taken.find_kept(state.training.step_optimiser) if taken else None


def run_pass(state: Any) -> dict[Var, Array]:
    """Compute every matrix of the pass and of the update, as the stage shows them."""
    setup, optimiser = state.setup, state.training.step_optimiser
    given = optimiser.list_inputs(setup.net, setup.conventions.lay, find_kept(state)) if optimiser else {}
    return evaluate(list_steps(state), given | setup.inputs())


def list_steps(state: Any) -> list[Step]:
    """List the pass and the update of the chosen optimiser, as the stage shows them."""
    setup, optimiser = state.setup, state.training.step_optimiser
    return training_step(setup.net, setup.loss, state.schedule, setup.conventions, setup.batch.N, optimiser)


def take_steps(state: Any, count: int) -> dict[str, Any]:
    """Return the changes of the state after so many steps of the chosen optimiser, at the learning rate of the set-up.

    Raises:
        ValueError: too many steps at once, or parameters that leave the range of floats.
    """
    setup = state.setup
    if not 1 <= count <= MAX_STEPS:
        raise ValueError(f"steps can be taken 1 to {MAX_STEPS:,} at once, not {count:,}")
    work = 6 * setup.net.shape.parameter_cells * setup.batch.N
    if count * work > MAX_WORK:
        raise ValueError(f"at this size at most {max(1, MAX_WORK // work):,} steps can be taken at once")
    chosen = state.training.step_optimiser
    optimiser = chosen and replace(chosen, rate=setup.rate)
    course = train(setup, count, optimiser, redraw=state.training.redraw, state=find_kept(state))
    so_far = find_steps(state)
    start, before = (so_far.start, so_far.count) if so_far else (setup, 0)
    end, last = course.at(count), course.trace(count - 1)[1]
    losses = float(last[loss]), float(last[after(loss)])
    new = StepsTaken(end, start, before + count, *losses, course.optimiser, course.state(count))
    entries = (*state.history.past, *state.history.future)
    reachable = {id(setup), *(id(entry[0]) for entry in entries)}
    return {"setup": new.setup, "taken": (*(t for t in state.taken if id(t.setup) in reachable), new)}


def rewind(state: Any) -> dict[str, Any]:
    """Return the changes of the state that bring back the set-up before the first step."""
    so_far = find_steps(state)
    return {"setup": replace(so_far.start)} if so_far else {}
