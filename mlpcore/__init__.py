"""mlpcore: the forward and backward pass of a multilayer perceptron as a list of equations.

    >>> import mlpcore as mlp
    >>> sheet = mlp.EXAMPLES["worksheet"]
    >>> steps, values = mlp.trace(sheet.net, sheet.batch, loss=sheet.loss)
    >>> print(f"{values[mlp.loss]:.5f}")
    0.49161

Conventions are the worksheet's: examples are columns, layers count from 1,
`S_l = W_l Z_{l-1} + b_l`, `Z_l = f_l(S_l)`, `delta_l = dL/dS_l`.
"""

from . import cells, derivation, logits
from .backprop import gradients, one_pass, sgd, trace, training_step
from .compiled import Program
from .conventions import LAYOUTS, Conventions
from .cost import Count, count_pass, live_bytes, peak_bytes
from .examples import EXAMPLES, Example
from .gradcheck import GradCheck, check_grads
from .losses import LOSSES, MSE, CrammerSinger, CrossEntropy, OneVsAll, ScoreHinge, SoftmaxHinge, SquaredHinge
from .network import Batch, Layer, Network, Shape, shape_of
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
from .passes import backward, forward, update
from .planner import within
from .scales import SCALES
from .schedules import SCHEDULES, Schedule, binomial, blocks, every
from .setups import Setup
from .steps import Op, Step, evaluate, influence, provenance

__all__ = [
    "A", "ACTIVATIONS", "Batch", "Conventions", "Count", "CrammerSinger", "CrossEntropy", "EXAMPLES", "Example", "G",
    "GradCheck", "KINDS", "LAYOUTS", "LOSSES", "Layer", "MSE", "Network", "O", "OneVsAll", "Op", "P", "Program", "S",
    "SCALES", "SCHEDULES", "Schedule", "ScoreHinge", "Setup", "Shape", "SoftmaxHinge", "SquaredHinge", "Step", "T",
    "Var", "W", "Y", "Z", "after", "b", "backward", "binomial", "blocks", "cells", "check_grads", "count_pass", "dG",
    "dO", "dP", "dW", "dZ", "db", "delta", "derivation", "ell", "evaluate", "every", "forward", "gradients",
    "influence", "live_bytes", "logits", "loss", "margin", "one_pass", "peak_bytes", "provenance", "rate", "sgd",
    "shape_of", "trace", "training_step", "update", "within",
]  # fmt: skip
