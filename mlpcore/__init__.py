"""mlpcore: the forward and backward pass of a multilayer perceptron as a list of equations.

    >>> import mlpcore as mlp
    >>> sheet = mlp.EXAMPLES["worksheet"]
    >>> steps, values = mlp.trace(sheet.net, sheet.batch, loss=sheet.loss)
    >>> print(f"{values[mlp.loss]:.5f}")
    0.49161

Conventions are the worksheet's: examples are columns, layers count from 1,
`S_l = W_l Z_{l-1} + b_l`, `Z_l = f_l(S_l)`, `delta_l = dL/dS_l`.
"""

from . import cells, derivation, exchange, logits
from .backprop import backward, forward, gradients, sgd, trace, training_step
from .conventions import LAYOUTS, Conventions
from .cost import live_bytes, peak_bytes
from .examples import EXAMPLES, Example
from .gradcheck import GradCheck, check_grads
from .losses import LOSSES, MSE, CrammerSinger, CrossEntropy, OneVsAll, ScoreHinge, SoftmaxHinge, SquaredHinge
from .network import Batch, Layer, Network, shape_of
from .notation import (
    KINDS,
    A,
    G,
    O,
    P,
    S,
    T,
    Var,
    W,
    Y,
    Z,
    after,
    b,
    db,
    delta,
    dG,
    dO,
    dP,
    dW,
    dZ,
    ell,
    loss,
    margin,
    rate,
)
from .ops import ACTIVATIONS
from .scales import SCALES
from .schedules import SCHEDULES
from .setups import Setup
from .steps import Op, Step, evaluate, influence, provenance

__all__ = [
    "ACTIVATIONS", "EXAMPLES", "KINDS", "LAYOUTS", "LOSSES", "SCALES", "SCHEDULES", "A", "Batch", "Conventions",
    "CrammerSinger", "CrossEntropy", "Example", "G", "GradCheck", "Layer", "MSE", "Network", "OneVsAll", "O", "Op", "P",
    "S", "ScoreHinge", "Setup", "SoftmaxHinge", "SquaredHinge", "Step", "T", "Var", "W", "Y", "Z", "after", "b",
    "backward", "cells", "check_grads", "dG", "dO", "dP", "dW", "dZ", "db", "delta", "derivation", "ell", "evaluate",
    "exchange", "forward", "gradients", "influence", "live_bytes", "logits", "loss", "margin", "peak_bytes",
    "provenance", "rate", "sgd", "shape_of", "trace", "training_step",
]  # fmt: skip
