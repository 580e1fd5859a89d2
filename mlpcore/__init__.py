"""mlpcore: the forward and backward pass of a multilayer perceptron as a list of equations.

    >>> import mlpcore as mlp
    >>> sheet = mlp.EXAMPLES["worksheet"]
    >>> steps, values = mlp.trace(sheet.net, sheet.batch, loss=sheet.loss)
    >>> print(f"{values[mlp.loss]:.5f}")
    0.49161

Conventions are the worksheet's: examples are columns, layers count from 1,
`S_l = W_l Z_{l-1} + b_l`, `Z_l = f_l(S_l)`, `delta_l = dL/dS_l`.
"""

from . import derivation, exchange, frames, logits
from .checking.mistakes import MISTAKES, Mistake
from .checking.numerical_gradients import GradCheck, check_grads, check_steps
from .compiled import Program, compile_pass
from .display import StepView
from .equations import cells
from .equations.activations import ACTIVATIONS
from .equations.penalties import PENALTIES
from .equations.steps import Op, Step, evaluate, influence, provenance
from .examples import EXAMPLES, Example
from .exchange.work import check_work
from .initialisation import INITIALISATIONS, Initialisation, initialise
from .losses import (
    LOSSES,
    MAE,
    MSE,
    NLL,
    BinaryCrossEntropy,
    CellMSE,
    CrammerSinger,
    CrossEntropy,
    Huber,
    OneVsAll,
    ScoreHinge,
    SoftmaxHinge,
    SquaredHinge,
)
from .losses.scales import SCALES
from .memory.cost import Count, count_pass, live_bytes, peak_bytes
from .network import Batch, Dropout, Layer, Network, Shape, one_hot, shape_of
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
    mask,
    rate,
    strength,
)
from .passes.conventions import Conventions
from .passes.layers import backward, forward, update
from .passes.layouts import LAYOUTS
from .passes.optimisers import OPTIMISERS, SGD, AdaGrad, Adam, AdamW, Momentum, Nesterov, Optimiser, RMSProp
from .passes.rate_schedules import RATE_SCHEDULES, CosineDecay, RateSchedule, StepDecay, WarmUp
from .passes.training_step import gradients, one_pass, sgd, trace, training_step
from .schedules import SCHEDULES, Schedule, binomial, blocks, every, within
from .setup import Setup
from .training import DATASETS, Course, make_setup, standardise, train
from .values import Matrix, Values

__version__ = "0.1.0"

__all__ = [
    "ACTIVATIONS",
    "DATASETS",
    "EXAMPLES",
    "INITIALISATIONS",
    "KINDS",
    "LAYOUTS",
    "LOSSES",
    "MAE",
    "MISTAKES",
    "MSE",
    "NLL",
    "OPTIMISERS",
    "PENALTIES",
    "RATE_SCHEDULES",
    "SCALES",
    "SCHEDULES",
    "SGD",
    "A",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Batch",
    "BinaryCrossEntropy",
    "CellMSE",
    "Conventions",
    "CosineDecay",
    "Count",
    "Course",
    "CrammerSinger",
    "CrossEntropy",
    "Dropout",
    "Example",
    "G",
    "GradCheck",
    "Huber",
    "Initialisation",
    "Layer",
    "Matrix",
    "Mistake",
    "Momentum",
    "Nesterov",
    "Network",
    "O",
    "OneVsAll",
    "Op",
    "Optimiser",
    "P",
    "Program",
    "RMSProp",
    "RateSchedule",
    "S",
    "Schedule",
    "ScoreHinge",
    "Setup",
    "Shape",
    "SoftmaxHinge",
    "SquaredHinge",
    "Step",
    "StepDecay",
    "StepView",
    "T",
    "Values",
    "Var",
    "W",
    "WarmUp",
    "Y",
    "Z",
    "after",
    "b",
    "backward",
    "binomial",
    "blocks",
    "cells",
    "check_grads",
    "check_steps",
    "check_work",
    "compile_pass",
    "count_pass",
    "dG",
    "dO",
    "dP",
    "dW",
    "dZ",
    "db",
    "delta",
    "derivation",
    "ell",
    "evaluate",
    "every",
    "exchange",
    "forward",
    "frames",
    "gradients",
    "influence",
    "initialise",
    "live_bytes",
    "logits",
    "loss",
    "make_setup",
    "margin",
    "mask",
    "one_hot",
    "one_pass",
    "peak_bytes",
    "provenance",
    "rate",
    "sgd",
    "shape_of",
    "standardise",
    "strength",
    "trace",
    "train",
    "training_step",
    "update",
    "within",
]
