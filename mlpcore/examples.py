"""The worksheet and the gallery: networks that each show one thing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import getitem
from typing import Any, NamedTuple

import numpy as np

from .equations.activations import sigmoid
from .losses import MSE, BinaryCrossEntropy, CrossEntropy, Loss, softmax
from .network import Array, Batch, Dropout, Layer, Network, one_hot
from .notation import S, Var, W, Y, Z, after, delta, dW, dZ, mask
from .notation import loss as LOSS
from .passes.layouts import Layout
from .registry import Registry
from .setup import Setup


class Remark(NamedTuple):
    """What is to be seen in a pass: words that stand only while their predicate holds.

    Attributes:
        words: `{S_1: row 2}` names row 2 of S_1 as the layout in force has it; an upper-case R begins a sentence.
        holds: takes the set-up and its values in the worksheet's layout.
    """

    words: str
    holds: Callable[[Setup, Mapping[Var, Array]], Any]

    def write(self, lay: Layout) -> str:
        """Write the words in a layout."""

        def place(mark: re.Match[str]) -> str:
            var, word = _NAMED[mark[1]], mark[2]
            if lay.transposes(var):
                word = _OTHER_WAY.sub(lambda m: _TRANSPOSED[m[0]], word)
            return word

        return re.sub(r"\{(\w+): ([^}]*)\}", place, self.words)


_LOSS = MSE()
_NAMED = {v.text.replace("/", ""): v for v in (S(1), Z(1), W(1), W(2), dW(1), delta(1), dZ(1), dZ(2))}
_TRANSPOSED = {"row": "column", "Row": "Column", "column": "row", "Column": "Row"}
_OTHER_WAY = re.compile("|".join(_TRANSPOSED))


class Example:
    """A set-up with a title, remarks on what to look at, and where it comes from."""

    def __init__(self, title: str, setup: Setup, *remarks: Remark, source: str = "") -> None:
        self.title, self.setup, self.remarks, self.source = title, setup, remarks, source

    def __repr__(self) -> str:
        return f"Example({self.title!r})"

    def __reduce__(self) -> tuple[Callable, tuple]:
        return getitem, (EXAMPLES, next(name for name, row in EXAMPLES.items() if row is self))

    @property
    def look(self) -> str:
        """What to look at, as the example stands."""
        return self.describe(self.setup)

    def describe(self, setup: Setup, values: Mapping[Var, np.ndarray] | None = None) -> str:
        """Say what is to be seen in a set-up that may have been edited: only what holds, in its layout.

        Args:
            values: the matrices of the pass that is shown, where its schedule or its optimiser is another.
        """
        if setup.net.widths != self.net.widths or setup.batch.N != self.batch.N:
            return ""
        lay = setup.conventions.lay
        plain = {v: lay.convert(v, x) for v, x in (setup.run()[1] | dict(values or {})).items()}
        return " ".join(r.write(lay) for r in self.remarks if r.holds(setup, plain))

    @property
    def net(self) -> Network:
        return self.setup.net

    @property
    def batch(self) -> Batch:
        return self.setup.batch

    @property
    def loss(self) -> Loss:
        return self.setup.loss

    @property
    def rate(self) -> float:
        return self.setup.rate


def _setup(batch: Batch, *layers: Layer, loss: Loss = _LOSS, rate: float = 0.5) -> Setup:
    return Setup(Network(layers), batch, loss, rate)


_WORKSHEET = _setup(
    Batch([[0.75, 0.2, -0.75, 0.2], [0.8, 0.05, 0.8, -0.05]], [[1, 1, -1, -1]]),
    Layer([[0.6, 0.01], [0.7, 0.43], [0, 0.88]], None, "relu"),
    Layer([[0.02, 0.03, 0.09]], None, "identity"),
)

_XOR = _setup(
    Batch([[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]]),
    Layer([[1, 1], [1, 1]], [0, -1], "relu"),
    Layer([[1.1, -1.9]], [0.1], "identity"),
    rate=0.1,
)

# One example, so 1/(2N) is the source's 1/2; its targets and rate are as published.
_MAZUR = _setup(
    Batch([[0.05], [0.10]], [[0.01], [0.99]]),
    Layer([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35], "sigmoid"),
    Layer([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60], "sigmoid"),
)

_DEAD_RELU = _setup(
    Batch([[0.9, 0.3, 0.6, 0.1], [0.2, 0.7, 0.5, 0.8]], [[1, 0, 1, 0]]),
    Layer([[0.8, 0.3], [-0.5, -0.4], [0.2, 0.9]], [0.1, -1.0, 0.0], "relu"),
    Layer([[0.5, 0.7, -0.4]], [0.0], "identity"),
)

_SATURATED = _setup(
    Batch([[0.9, 0.3, 0.6], [0.2, 0.7, 0.5]], [[1, 0, 1]]),
    Layer([[9.0, 8.0], [0.5, -0.4]], [6.0, 0.1], "sigmoid"),
    Layer([[0.7, 0.6]], [-0.2], "sigmoid"),
)

_SYMMETRIC = _setup(
    Batch([[0.9, -0.3, 0.6, -0.8], [0.2, 0.7, -0.5, 0.4]], [[1, 0, 1, 0]]),
    Layer([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]], [0, 0, 0], "tanh"),
    Layer([[0.3, 0.3, 0.3]], [0.0], "identity"),
)

_THREE_CLASSES = _setup(
    Batch([[1.0, -0.8, 0.2, 0.9, -0.5], [-0.6, 0.9, 0.7, 0.1, 0.4]], one_hot([0, 1, 2, 1, 1], 3)),
    Layer([[0.9, -0.4], [-0.6, 0.8], [0.3, 0.5]], [0.1, 0.0, -0.25], "tanh"),
    Layer([[1.2, -0.7, 0.1], [-0.8, 1.1, 0.2], [-0.3, -0.2, 0.9]], [0.0, 0.1, -0.1], "identity"),
    loss=CrossEntropy(),
)

_DROPOUT = _setup(
    Batch([[0.9, -0.3, 0.6, -0.8], [0.2, 0.7, -0.5, 0.4]], [[1, 0, 1, 0]]),
    Layer([[0.8, 0.3], [-0.5, 0.9], [0.6, -0.7]], [0.1, 0.2, 0.3], "tanh", Dropout(0.5, seed=1)),
    Layer([[0.5, 0.7, -0.4]], [0.0], "identity"),
)

_CONFIDENTLY_WRONG = _setup(
    Batch([[1, -1, 0.2], [1, -0.5, -0.3]], [[0, 0, 1]]),
    Layer([[2, 0], [0, 2]], [0, 0], "tanh"),
    Layer([[4, 3]], [0], "identity"),
    loss=BinaryCrossEntropy(),
)


def _larger() -> Setup:
    """Draw 4-8-8-3: weights of variance 1 / d_{l-1}, biases near zero, rounded so that they can be read."""
    rng = np.random.default_rng(7)
    labels = [n % 3 for n in range(16)]
    X = np.round(rng.normal(size=(4, 16)) * 0.6 + np.eye(4, 3)[:, labels], 2)
    rng = np.random.default_rng(3)
    layers = []
    for below, units, f in ((4, 8, "relu"), (8, 8, "tanh"), (8, 3, "identity")):
        W, b = rng.normal(size=(units, below)) / np.sqrt(below), 0.1 * rng.normal(size=units)
        layers.append(Layer(np.round(W, 2), np.round(b, 2), f))
    return _setup(Batch(X, one_hot(labels, 3)), *layers, loss=CrossEntropy(), rate=0.2)


#: Name -> `Example`, in the order they are offered.
EXAMPLES: dict[str, Example] = Registry(
    "example",
    {
        "worksheet": Example(
            "Worksheet, exercise 2 (2-3-1)",
            _WORKSHEET,
            Remark(
                "Example 3 reaches only unit 3: two zeros in Z_1 become two zeros in δ_1.",
                lambda _, v: [*(v[Z(1)][:, 2] != 0)] == [*(v[delta(1)][:, 2] != 0)] == [False, False, True],
            ),
            source="Assignment 1, exercise 2.",
        ),
        "xor": Example(
            "XOR (2-2-1)",
            _XOR,
            Remark(
                "Unit 2 is active only for input (1, 1): compare {Z_1: row 2 of Z_1} with {delta_1: row 2 of δ_1}.",
                lambda _, v: any(v[Z(1)][1] != 0) and [*(v[Z(1)][1] != 0)] == [*(v[Z(0)] == 1).all(axis=0)],
            ),
            source="Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.1, weights moved off the solution",
        ),
        "mazur": Example(
            "Published 2-2-2 sigmoid example",
            _MAZUR,
            Remark(
                "Loss 0.298371, and 0.40 becomes 0.358916, as published.",
                lambda _, v: (
                    abs(v[LOSS] - 0.298371) < 1e-6
                    and v[W(2)][0, 0] == 0.40
                    and abs(v[after(W(2))][0, 0] - 0.358916) < 1e-6
                ),
            ),
            Remark(
                "The publication keeps the biases fixed; here they learn.",
                lambda setup, _: setup.net.shape.biases == (True, True) and setup.rate != 0,
            ),
            source="Matt Mazur, A Step by Step Backpropagation Example (2015)",
        ),
        "dead relu": Example(
            "A dead ReLU",
            _DEAD_RELU,
            Remark(
                "{S_1: Row 2 of S_1} is negative: {delta_1: row 2 of δ_1} and {dLdW_1: row 2 of ∂L/∂W_1} are "
                "zero, and stay so while the inputs stay the same.",
                lambda setup, v: (
                    setup.net[1].activation == "relu"
                    and (v[S(1)][1] < 0).all()
                    and not v[delta(1)][1].any()
                    and not v[dW(1)][1].any()
                ),
            ),
        ),
        "saturated": Example(
            "A saturated sigmoid",
            _SATURATED,
            Remark(
                "{S_1: Row 1 of S_1} is above 5, where sigmoid' is below 0.01: compare {dLdZ_1: row 1 of ∂L/∂Z_1} "
                "with {delta_1: row 1 of δ_1}.",
                lambda setup, v: setup.net[1].activation == "sigmoid" and (v[S(1)][0] > 5).all(),
            ),
        ),
        "symmetric": Example(
            "Symmetric initialisation",
            _SYMMETRIC,
            Remark(
                "The units of layer 1 are equal ({W_1: rows} of W_1, entries of b_1, {W_2: columns} of W_2), so "
                "all {dLdW_1: rows of ∂L/∂W_1} are equal, and after the step those of W_1 still are.",
                lambda setup, v: (
                    all((x == x[:1]).all() for x in (v[W(1)], setup.net[2].W.T, v[dW(1)], v[after(W(1))]))
                    and (setup.net[1].b is None or len(set(setup.net[1].b.tolist())) == 1)
                ),
            ),
        ),
        "three classes": Example(
            "Three classes, softmax (2-3-3)",
            _THREE_CLASSES,
            Remark(
                "∂L/∂Z_2 is (P − Y)/N: every {dLdZ_2: column} sums to zero, and only the true class is negative.",
                lambda setup, v: (
                    setup.loss.name == "CrossEntropy"
                    and np.allclose(v[dZ(2)], (softmax(v[Z(2)]) - v[Y]) / setup.batch.N, rtol=1e-9, atol=1e-12)
                    and [*(v[dZ(2)] < 0).ravel()] == [*(v[Y] == 1).ravel()]
                ),
            ),
        ),
        "dropout": Example(
            "Dropout in both passes (2-3-1)",
            _DROPOUT,
            Remark(
                "Where the mask M_1 is 0, Z_1 is 0 and so is δ_1: from that example the unit learns nothing. What "
                "is kept is divided by the keep probability, forwards and backwards.",
                lambda setup, v: (
                    setup.net[1].dropout is not None
                    and [*(v[mask(1)] != 0).ravel()] == [*(v[Z(1)] != 0).ravel()] == [*(v[delta(1)] != 0).ravel()]
                    and set(v[mask(1)].ravel()) == {0, 1 / setup.net[1].dropout.keep}
                ),
            ),
            source="Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, Dropout (2014), with inverted scaling",
        ),
        "confidently wrong": Example(
            "Confidently misclassified: cross-entropy or squared error (2-2-1)",
            _CONFIDENTLY_WRONG,
            Remark(
                "Example 1 is misclassified with p > 0.95, and its ∂L/∂Z_2 = (P − Y)/N is the largest. Squared "
                "error of σ(Z_2) would multiply P − Y by p(1 − p), which is below 0.01: it would hardly learn.",
                lambda setup, v: (
                    setup.loss.name == "BinaryCrossEntropy"
                    and np.allclose(v[dZ(2)], (sigmoid(v[Z(2)]) - v[Y]) / setup.batch.N, rtol=1e-9, atol=1e-12)
                    and (v[Y][0, 0] == 0 and sigmoid(v[Z(2)])[0, 0] > 0.95)
                    and np.abs(v[dZ(2)]).argmax() == 0
                    and sigmoid(v[Z(2)])[0, 0] * sigmoid(-v[Z(2)])[0, 0] < 0.01
                ),
            ),
        ),
        "larger": Example(
            "A larger one (4-8-8-3, batch of 16)",
            _larger(),
            Remark(
                "Sixteen examples at once: ∂L/∂W_3 sums sixteen products in every cell.",
                lambda _, v: not any(x.block for x in v),
            ),
        ),
    },
)
