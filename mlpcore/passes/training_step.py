"""A pass under a schedule, a training step, and what they compute for a network and a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..arguments import check_finite, expect
from ..equations.steps import Step, evaluate
from ..losses import MSE, Loss
from ..network import Array, Batch, Network, Shape, inputs
from ..notation import Var, after
from ..notation import rate as RATE
from ..schedules import Schedule, Task, find
from ..values import Values
from .conventions import WORKSHEET, Conventions
from .layers import forward, update
from .optimisers import Optimiser
from .penalties import penalise

_LOSS = MSE()
_SCHEDULE = "cache S and Z"


def one_pass(
    net: Network | Shape,
    loss: Loss = _LOSS,
    schedule: str | Schedule = _SCHEDULE,
    conventions: Conventions = WORKSHEET,
    N: int | None = None,
) -> list[Step]:
    """List forward, loss and backward under a schedule: what is cached, freed and recomputed.

    Args:
        N: the number of examples, for a schedule that depends on it.

    Raises:
        ValueError: the schedule needs N.
        KeyError: no such schedule.
    """
    return list(_pass(net.shape, loss, schedule, conventions, N))


# The lists of the networks, losses and schedules in use. No numbers are in them, so an edit reuses them.
@lru_cache(maxsize=128)
def _pass(
    shape: Shape, loss: Loss, schedule: str | Schedule, conventions: Conventions, N: int | None
) -> tuple[Step, ...]:
    task = Task(shape, conventions.loss(loss), N, conventions.at_kink)
    return find(schedule).steps(task, conventions.lay)


def training_step(
    net: Network | Shape,
    loss: Loss = _LOSS,
    schedule: str | Schedule = _SCHEDULE,
    conventions: Conventions = WORKSHEET,
    N: int | None = None,
    optimiser: Optimiser | None = None,
) -> list[Step]:
    """List a pass, the update, and the loss of the updated network: the whole of exercise 2.

    Args:
        N: the number of examples, for a schedule that depends on it.
        optimiser: what makes the update; by default gradient descent.
    """
    after_pass = _after_pass(net.shape, loss, conventions, optimiser)
    return one_pass(net, loss, schedule, conventions, N) + list(after_pass)


def list_loss(net: Network | Shape, loss: Loss, conventions: Conventions = WORKSHEET) -> list[Step]:
    """List the equations from the inputs to the loss with its penalty, in the worksheet's layout."""
    return penalise(forward(net) + conventions.loss(loss).forward(net.shape.depth), loss, net)


@lru_cache(maxsize=128)
def _after_pass(shape: Shape, loss: Loss, conventions: Conventions, optimiser: Optimiser | None) -> tuple[Step, ...]:
    """List what follows a pass in a training step."""
    parameters = set(shape.parameters())
    new_loss = [
        replace(
            step,
            out=after(step.out),
            # What the update leaves alone (input, targets, margin) has no new version.
            operands=tuple(v if v.role == "parameter" and v not in parameters else after(v) for v in step.operands),
            phase="after",
        )
        for step in list_loss(shape, loss, conventions)
    ]
    rows = optimiser.update(shape) if optimiser else update(shape)
    return tuple(conventions.lay.convert_steps(rows + new_loss))


def initial_values(
    net: Network, batch: Batch, loss: Loss = _LOSS, conventions: Conventions = WORKSHEET
) -> dict[Var, Array]:
    """Give every matrix and number a pass starts from, laid out as the conventions say.

    Raises:
        ValueError: the batch does not fit the network, or the targets the loss.
    """
    values = {v: conventions.lay.convert(v, x) for v, x in inputs(net, batch).items()}
    expect(loss, Loss, "loss", "MSE()")
    loss.check(batch.Y)
    return values | {v: np.asarray(x, dtype=net.dtype) for v, x in loss.constants().items()}


def trace(
    net: Network,
    batch: Batch,
    loss: Loss = _LOSS,
    schedule: str | Schedule = _SCHEDULE,
    conventions: Conventions = WORKSHEET,
) -> tuple[list[Step], Values]:
    """List the steps of a pass and compute every matrix in it, none freed.

    Raises:
        ValueError: the batch does not fit the network, or the targets the loss.
        KeyError: no such schedule.
    """
    values = initial_values(net, batch, loss, conventions)
    steps = one_pass(net, loss, schedule, conventions, batch.N)
    return steps, _name(evaluate(steps, values), conventions)


def _name(values: Mapping[Var, Array], conventions: Conventions) -> Values:
    return Values(values, [v for v in values if conventions.lay.transposes(v)])


def gradients(
    net: Network,
    batch: Batch,
    loss: Loss = _LOSS,
    schedule: str | Schedule = _SCHEDULE,
    conventions: Conventions = WORKSHEET,
) -> Values:
    """Compute `dW(l)`, `db(l)` and `loss`; the intermediates are freed on the way, as scheduled.

    Raises:
        ValueError: the batch does not fit the network, or the targets the loss.
        KeyError: no such schedule.
    """
    initial = initial_values(net, batch, loss, conventions)
    steps = one_pass(net, loss, schedule, conventions, batch.N)
    values = evaluate(steps, initial, free=True)
    return _name({v: x for v, x in values.items() if v.kind in ("dW", "db", "loss")}, conventions)


def sgd(net: Network, grads: Mapping[Var, Array], rate: float, conventions: Conventions = WORKSHEET) -> Network:
    """Take one step of gradient descent, from gradients laid out as the conventions say.

    Raises:
        ValueError: the rate is not finite, or the step leaves the range of floats.
        KeyError: a gradient is missing.
    """
    expect(net, Network, "net")
    check_finite(rate, "the rate")
    grads = {v: conventions.lay.convert(v, x) for v, x in grads.items()}
    values = evaluate(update(net), {**dict(net.parameters()), **grads, RATE: np.asarray(rate, dtype=net.dtype)})
    return net.with_parameters({v: values[after(v)] for v, _ in net.parameters()})
