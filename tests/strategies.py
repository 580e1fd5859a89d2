"""Random networks, batches and losses. What a registry offers is what is drawn."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from mlpcore import (
    ACTIVATIONS,
    LAYOUTS,
    LOSSES,
    PENALTIES,
    SCALES,
    Batch,
    Conventions,
    Dropout,
    Layer,
    Network,
    Setup,
)
from mlpcore.examples import one_hot

#: Every activation, and those with a number with another one too.
NAMES = (*ACTIVATIONS, *(f.family.at(0.3).name for f in ACTIVATIONS.values() if f.family))


@st.composite
def problems(draw, activations=NAMES, losses=tuple(LOSSES), max_depth=4, max_width=5, biases=None):
    """(net, batch, loss): every activation x loss x depth 1 to `max_depth` x with and without biases and dropout."""
    depth = draw(st.integers(1, max_depth))
    widths = draw(st.lists(st.integers(1, max_width), min_size=depth + 1, max_size=depth + 1))
    N = draw(st.integers(1, 5))
    name = draw(st.sampled_from(losses))
    with_bias = draw(st.booleans()) if biases is None else biases
    # The numbers themselves come from a seeded generator: shapes are what should shrink.
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    layers = []
    for cols, rows in pairwise(widths):
        W, b = rng.normal(size=(rows, cols)), rng.normal(size=rows) if with_bias else None
        f, dropout = draw(st.sampled_from(activations)), draw(st.sampled_from((None, None, Dropout(0.6, seed=1))))
        layers.append(Layer(W, b, f, dropout))
    net = Network(tuple(layers))
    with_margin = "margin" in {field.name for field in fields(LOSSES[name])}
    numbers = {"margin": float(rng.normal())} if with_margin else {}
    if penalty := draw(st.sampled_from((None, *PENALTIES))):
        numbers |= {"penalty": penalty, "strength": 0.3, "penalises_biases": draw(st.booleans())}
    loss = LOSSES[name](**numbers)
    if loss.one_hot:
        targets = one_hot(list(rng.integers(widths[-1], size=N)), widths[-1])
        if loss.soft_targets and rng.uniform() < 0.5:
            targets = rng.dirichlet(np.ones(widths[-1]), N).T
    else:
        targets = rng.uniform(size=(widths[-1], N)) if loss.unit_targets else rng.normal(size=(widths[-1], N))
    return net, Batch(rng.normal(size=(widths[0], N)), targets), loss


@st.composite
def setups(draw, **how):
    """The same as a set-up, in any layout and with any constant in front of the loss."""
    net, batch, loss = draw(problems(**({"max_depth": 5, "max_width": 4} | how)))
    conventions = Conventions(draw(st.sampled_from(tuple(LAYOUTS))), draw(st.sampled_from((None, *SCALES))))
    return Setup(net, batch, loss, 0.3, conventions)


def take_examples(net, batch, chosen):
    """Some examples of a batch, and the network with the masks of those."""
    layers = []
    for n, layer in enumerate(net.layers, start=1):
        if d := layer.dropout:
            d = replace(d, mask=d.find_mask(n, len(layer.W), batch.N)[:, chosen])
        layers.append(replace(layer, dropout=d))
    return Network(tuple(layers)), Batch(batch.X[:, chosen], batch.Y[:, chosen])
