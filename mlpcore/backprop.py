"""Forward, backward and update: the worksheet's equations as lists of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .conventions import WORKSHEET, Conventions
from .losses import MSE, Loss
from .network import Array, Batch, Network, inputs
from .notation import S, Var, W, Z, after, b, db, delta, dW, dZ
from .notation import rate as RATE
from .ops import AFFINE, BIAS_GRADIENT, LINEAR, PULL_BACK, UPDATE_BIASES, UPDATE_WEIGHTS, WEIGHT_GRADIENT
from .schedules import SCHEDULES
from .steps import Step, evaluate

_LOSS = MSE()
_SCHEDULE = "cache S and Z"


def forward(net: Network) -> list[Step]:
    """`S_l = W_l Z_{l-1} + b_l` and `Z_l = f_l(S_l)` for l = 1, ..., L."""
    steps = []
    for layer in range(1, net.depth + 1):
        if net[layer].b is None:
            steps.append(Step(S(layer), LINEAR, (W(layer), Z(layer - 1))))
        else:
            steps.append(Step(S(layer), AFFINE, (W(layer), Z(layer - 1), b(layer))))
        steps.append(Step(Z(layer), net[layer].f.apply, (S(layer),)))
    return steps


def backward(net: Network, at_kink: float = 0.0) -> list[Step]:
    """From `dL/dZ_L` down: `delta_l`, `dL/dW_l`, `dL/db_l`, `dL/dZ_{l-1}` for l = L, ..., 1."""
    steps = []
    for layer in range(net.depth, 0, -1):
        pullback = net[layer].f.at_kink(at_kink).pullback
        reads = (dZ(layer), S(layer))[: len(pullback.reads)]
        steps.append(Step(delta(layer), pullback, reads, "backward"))
        steps.append(Step(dW(layer), WEIGHT_GRADIENT, (delta(layer), Z(layer - 1)), "backward"))
        if net[layer].b is not None:
            steps.append(Step(db(layer), BIAS_GRADIENT, (delta(layer),), "backward"))
        if layer > 1:
            steps.append(Step(dZ(layer - 1), PULL_BACK, (W(layer), delta(layer)), "backward"))
    return steps


def update(net: Network) -> list[Step]:
    """One step of gradient descent: `W_l - rate dL/dW_l`, from the last layer to the first."""
    steps = []
    for layer in range(net.depth, 0, -1):
        steps.append(Step(after(W(layer)), UPDATE_WEIGHTS, (W(layer), RATE, dW(layer)), "update"))
        if net[layer].b is not None:
            steps.append(Step(after(b(layer)), UPDATE_BIASES, (b(layer), RATE, db(layer)), "update"))
    return steps


def one_pass(
    net: Network, loss: Loss = _LOSS, schedule: str = _SCHEDULE, conventions: Conventions = WORKSHEET
) -> list[Step]:
    """Forward, loss and backward under a schedule: what is kept, freed and computed again."""
    loss = conventions.loss(loss)
    ahead = forward(net) + loss.forward(net.depth)
    back = loss.backward(net.depth) + backward(net, conventions.at_kink)
    return conventions.lay.steps(SCHEDULES[schedule].plan(ahead, back, net))


def training_step(
    net: Network, loss: Loss = _LOSS, schedule: str = _SCHEDULE, conventions: Conventions = WORKSHEET
) -> list[Step]:
    """A pass, the update, and the loss of the updated network: the whole of exercise 2."""
    again = [
        replace(
            step,
            out=after(step.out),
            # What the update leaves alone (input, targets, margin) has no new version.
            operands=tuple(v if v.part == "parameter" and v.kind not in "Wb" else after(v) for v in step.operands),
            phase="after",
        )
        for step in forward(net) + conventions.loss(loss).forward(net.depth)
    ]
    return one_pass(net, loss, schedule, conventions) + conventions.lay.steps(update(net) + again)


def start(net: Network, batch: Batch, loss: Loss = _LOSS, conventions: Conventions = WORKSHEET) -> dict[Var, Array]:
    """Every matrix and number a pass starts from, laid out as the conventions say.

    Raises:
        ValueError: the batch does not fit the network, or the targets the loss.
    """
    values = {v: conventions.lay.turn(v, x) for v, x in inputs(net, batch).items()}
    loss.check(batch.Y)
    return values | {v: np.asarray(x, dtype=net.dtype) for v, x in loss.constants().items()}


def trace(
    net: Network,
    batch: Batch,
    loss: Loss = _LOSS,
    schedule: str = _SCHEDULE,
    conventions: Conventions = WORKSHEET,
) -> tuple[list[Step], dict[Var, Array]]:
    """The steps of a pass and every matrix in it, none freed.

    Raises:
        ValueError: the batch does not fit the network, or the targets the loss.
        KeyError: no such schedule.
    """
    steps = one_pass(net, loss, schedule, conventions)
    return steps, evaluate(steps, start(net, batch, loss, conventions))


def gradients(
    net: Network,
    batch: Batch,
    loss: Loss = _LOSS,
    schedule: str = _SCHEDULE,
    conventions: Conventions = WORKSHEET,
) -> dict[Var, Array]:
    """`dW(l)`, `db(l)` and `loss`; the intermediates are freed on the way, as scheduled.

    Raises:
        ValueError: the batch does not fit the network, or the targets the loss.
        KeyError: no such schedule.
    """
    steps = one_pass(net, loss, schedule, conventions)
    values = evaluate(steps, start(net, batch, loss, conventions), free=True)
    return {v: x for v, x in values.items() if v.kind in ("dW", "db", "loss")}


def sgd(net: Network, grads: Mapping[Var, Array], rate: float, conventions: Conventions = WORKSHEET) -> Network:
    """The network after one step of gradient descent, from gradients laid out as the conventions say.

    Raises:
        ValueError: the rate is not finite, or the step leaves the range of floats.
        KeyError: a gradient is missing.
    """
    if not np.isfinite(rate):
        raise ValueError(f"the rate must be a finite number, not {rate}")
    grads = {v: conventions.lay.turn(v, x) for v, x in grads.items()}
    values = evaluate(update(net), {**dict(net.parameters()), **grads, RATE: np.asarray(rate, dtype=net.dtype)})
    return net.with_parameters({v: values[after(v)] for v, _ in net.parameters()})
