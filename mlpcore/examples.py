"""The worksheet and the gallery: networks that each show one thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .logits import one_hot
from .losses import MSE, CrossEntropy, Loss
from .network import Batch, Layer, Network
from .registry import Registry
from .setup import Setup


@dataclass(frozen=True)
class Example:
    """A set-up with a title, one sentence on what to look at, and where it comes from."""

    title: str
    look: str
    setup: Setup
    source: str = ""

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


def _random(widths: tuple[int, ...], activations: list[str], seed: int) -> Network:
    """Weights of variance 1 / d_{l-1}, biases near zero, rounded so that they can be read."""
    rng = np.random.default_rng(seed)
    return Network(
        tuple(
            Layer(
                np.round(rng.normal(size=(rows, cols)) / np.sqrt(cols), 2),
                np.round(0.1 * rng.normal(size=rows), 2),
                f,
            )
            for cols, rows, f in zip(widths, widths[1:], activations, strict=False)
        )
    )


WORKSHEET = Setup(
    Network(
        (
            Layer([[0.6, 0.01], [0.7, 0.43], [0, 0.88]], None, "relu"),
            Layer([[0.02, 0.03, 0.09]], None, "identity"),
        )
    ),
    Batch([[0.75, 0.2, -0.75, 0.2], [0.8, 0.05, 0.8, -0.05]], [[1, 1, -1, -1]]),
    MSE(),
    0.5,
)

XOR = Setup(
    Network((Layer([[1, 1], [1, 1]], [0, -1], "relu"), Layer([[1.1, -1.9]], [0.1], "identity"))),
    Batch([[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]]),
    MSE(),
    0.1,
)

# One example, so 1/(2N) is the source's 1/2; its targets and rate are as published.
MAZUR = Setup(
    Network(
        (
            Layer([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35], "sigmoid"),
            Layer([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60], "sigmoid"),
        )
    ),
    Batch([[0.05], [0.10]], [[0.01], [0.99]]),
    MSE(),
    0.5,
)

DEAD_RELU = Setup(
    Network(
        (
            Layer([[0.8, 0.3], [-0.5, -0.4], [0.2, 0.9]], [0.1, -1.0, 0.0], "relu"),
            Layer([[0.5, 0.7, -0.4]], [0.0], "identity"),
        )
    ),
    Batch([[0.9, 0.3, 0.6, 0.1], [0.2, 0.7, 0.5, 0.8]], [[1, 0, 1, 0]]),
)

SATURATED = Setup(
    Network(
        (
            Layer([[9.0, 8.0], [0.5, -0.4]], [6.0, 0.1], "sigmoid"),
            Layer([[0.7, 0.6]], [-0.2], "sigmoid"),
        )
    ),
    Batch([[0.9, 0.3, 0.6], [0.2, 0.7, 0.5]], [[1, 0, 1]]),
)

SYMMETRIC = Setup(
    Network(
        (
            Layer([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]], [0, 0, 0], "tanh"),
            Layer([[0.3, 0.3, 0.3]], [0.0], "identity"),
        )
    ),
    Batch([[0.9, -0.3, 0.6, -0.8], [0.2, 0.7, -0.5, 0.4]], [[1, 0, 1, 0]]),
)

THREE_CLASSES = Setup(
    Network(
        (
            Layer([[0.9, -0.4], [-0.6, 0.8], [0.3, 0.5]], [0.1, 0.0, -0.25], "tanh"),
            Layer([[1.2, -0.7, 0.1], [-0.8, 1.1, 0.2], [-0.3, -0.2, 0.9]], [0.0, 0.1, -0.1], "identity"),
        )
    ),
    Batch([[1.0, -0.8, 0.2, 0.9, -0.5], [-0.6, 0.9, 0.7, 0.1, 0.4]], one_hot([0, 1, 2, 1, 1], 3)),
    CrossEntropy(),
)


def _larger() -> Setup:
    rng = np.random.default_rng(7)
    labels = [n % 3 for n in range(16)]
    X = np.round(rng.normal(size=(4, 16)) * 0.6 + np.eye(4, 3)[:, labels], 2)
    return Setup(
        _random((4, 8, 8, 3), ["relu", "tanh", "identity"], seed=3), Batch(X, one_hot(labels, 3)), CrossEntropy(), 0.2
    )


#: Name -> `Example`, in the order they are offered.
EXAMPLES: dict[str, Example] = Registry(
    "example",
    {
        "worksheet": Example(
            "Worksheet, exercise 2 (2-3-1)",
            "Example 3 reaches only unit 3: two zeros in Z_1 become two zeros in delta_1.",
            WORKSHEET,
            "Assignment 1, exercise 2. The sheet cuts digits off where we round: its last digit may be one less",
        ),
        "xor": Example(
            "XOR (2-2-1)",
            "Unit 2 wakes only for input (1, 1): look at its row of Z_1, then at who gets a gradient.",
            XOR,
            "Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.1, weights moved off the solution",
        ),
        "mazur": Example(
            "Published 2-2-2 sigmoid example",
            "Loss 0.298371, and 0.40 becomes 0.358916, as published. Its biases stay fixed there; here they learn.",
            MAZUR,
            "Matt Mazur, A Step by Step Backpropagation Example (2015)",
        ),
        "dead relu": Example(
            "A dead ReLU",
            "Row 2 of S_1 is negative for every example: row 2 of delta_1 and of dL/dW_1 is zero, for good.",
            DEAD_RELU,
        ),
        "saturated": Example(
            "A saturated sigmoid",
            "Row 1 of S_1 is large, sigmoid' is almost 0 there: compare row 1 of dL/dZ_1 with row 1 of delta_1.",
            SATURATED,
        ),
        "symmetric": Example(
            "Symmetric initialisation",
            "All rows of W_1 are equal, so all rows of dL/dW_1 are equal, and after the step they still are.",
            SYMMETRIC,
        ),
        "three classes": Example(
            "Three classes, softmax (2-3-3)",
            "dL/dZ_2 is (P - Y)/N: every column sums to zero, negative only at the true class.",
            THREE_CLASSES,
        ),
        "larger": Example(
            "A larger one (4-8-8-3, batch of 16)",
            "Sixteen examples at once: dL/dW_3 sums sixteen products in every cell.",
            _larger(),
        ),
    },
)
