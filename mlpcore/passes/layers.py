"""Forward, backward and update: the worksheet's equations as lists of steps.

They need the shape of a network, not its numbers: a `Network` or a `Shape`.
"""

from __future__ import annotations

from functools import lru_cache

from ..equations import dense
from ..equations.activations import ACTIVATIONS
from ..equations.steps import Step
from ..network import Network, Shape
from ..notation import S, W, Z, after, b, db, delta, dW, dZ, mask
from ..notation import rate as RATE


def forward(net: Network | Shape) -> list[Step]:
    """List `S_l = W_l Z_{l-1} + b_l` and `Z_l = f_l(S_l)` for l = 1, ..., L."""
    shape = net.shape
    return [step for layer in shape.kinds for step in dense.forward_layer(*layer)]


def backward(net: Network | Shape, at_kink: float = 0.0, *, derivative_from_Z: bool = False) -> list[Step]:
    """List, from `dL/dZ_L` down, `delta_l`, `dL/dW_l`, `dL/db_l`, `dL/dZ_{l-1}` for l = L, ..., 1.

    Args:
        derivative_from_Z: compute f' from the output wherever that determines it, else from `S_l`.
    """
    shape = net.shape
    return [step for layer in reversed(shape.kinds) for step in backward_layer(*layer, at_kink, derivative_from_Z)]


@lru_cache(maxsize=512)
def backward_layer(
    layer: int, activation: str, biased: bool, masked: bool, at_kink: float, derivative_from_Z: bool
) -> tuple[Step, ...]:
    """List `delta_l`, `dL/dW_l`, `dL/db_l` if there is a bias, `dL/dZ_{l-1}` if there is a layer below.

    With a mask `delta_l = M_l (.) dL/dZ_l (.) f_l'(S_l)`; the masked output does not determine f'.
    """
    f = ACTIVATIONS[activation].at_kink(at_kink)
    if f.coupled and masked:
        back = Step(delta(layer), f.coupled[2], (dZ(layer), S(layer), mask(layer)), "backward")
    elif f.coupled:
        back = Step(delta(layer), f.coupled[1], (Z(layer), dZ(layer)), "backward")
    else:
        from_Z = derivative_from_Z and f.derivative_from_Z is not None and not masked
        pullback, argument = (f.pullback_from_Z, Z(layer)) if from_Z else (f.pullback, S(layer))
        operands = (dZ(layer), argument)[: len(pullback.reads)]
        back = dense.drop_masked(Step(delta(layer), pullback, operands, "backward"), masked)
    steps = [back, Step(dW(layer), dense.WEIGHT_GRADIENT, (delta(layer), Z(layer - 1)), "backward")]
    if biased:
        steps.append(Step(db(layer), dense.BIAS_GRADIENT, (delta(layer),), "backward"))
    if layer > 1:
        steps.append(Step(dZ(layer - 1), dense.PULL_BACK, (W(layer), delta(layer)), "backward"))
    return tuple(steps)


def update(net: Network | Shape) -> list[Step]:
    """List one step of gradient descent: `W_l - rate dL/dW_l`, from the last layer to the first.

    Old parameter and gradient are read for the last time: the new parameter can take the old one's place.
    """
    shape = net.shape
    steps = []
    for layer in reversed(shape.layers):
        rows = [(dense.UPDATE_WEIGHTS, W(layer), dW(layer))]
        if shape.biased(layer):
            rows.append((dense.UPDATE_BIASES, b(layer), db(layer)))
        steps += [Step(after(x), op, (x, RATE, dx), "update", frees=(x, dx)) for op, x, dx in rows]
    return steps
