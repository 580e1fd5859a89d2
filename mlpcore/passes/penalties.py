"""Penalties on the parameters: terms of the loss and of every gradient, a rewriting of the list.

`L = L_0 + Omega_1 + ... + Omega_L` with the loss on the data `L_0`; `dL/dW_l = dL_0/dW_l + dOmega_l/dW_l`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..equations.penalties import PENALTIES, add
from ..equations.steps import Step
from ..losses import Loss
from ..network import Network, Shape
from ..notation import Var, strength
from ..notation import loss as LOSS
from .layouts import LAYOUTS, Layout

#: The loss on the data alone.
DATA = Var("data")


def penalise(steps: Iterable[Step], loss: Loss, net: Network | Shape, lay: Layout = LAYOUTS["columns"]) -> list[Step]:
    """Add the penalty of a loss to a list that was made without it, laid out like `lay`.

    What made the loss makes the loss on the data, and what made a gradient makes that of the loss on the data.
    """
    if loss.penalty is None:
        return list(steps)
    penalty = PENALTIES[loss.penalty]
    penalised = [x for x in net.shape.parameters() if x.kind == "W" or loss.penalises_biases]
    by_gradient = {Var("d" + x.kind, x.layer): x for x in penalised}
    terms = [Var("penalty" + x.kind, x.layer) for x in penalised]
    rewritten: list[Step] = []
    for step in steps:
        if step.out == LOSS:
            data = DATA
            rows = [
                Step(term, penalty.term.of[len(x.axes)], (x, strength), "loss")
                for term, x in zip(terms, penalised, strict=True)
            ]
            rows.append(Step(LOSS, add(1 + len(terms)), (DATA, *terms), "loss"))
        elif x := by_gradient.get(step.out):
            data = Var("g" + x.kind, x.layer)
            rows = [Step(step.out, penalty.gradient.of[len(x.axes)], (data, strength, x), "backward")]
        else:
            rewritten.append(step)
            continue
        rewritten += [replace(step, out=data), *lay.convert_steps(rows)]
    return rewritten
