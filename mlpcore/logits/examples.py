"""Logits and labels that each show one thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..losses import SoftmaxHinge
from ..network import one_hot
from ..registry import Registry
from .lab import Lab


@dataclass(frozen=True)
class LabExample:
    """A laboratory with a title and one sentence on what to look at."""

    title: str
    look: str
    lab: Lab


def _lab(logits: list[list[float]], labels: list[int], margin: float) -> Lab:
    return Lab(np.array(logits), one_hot(labels, len(logits)), SoftmaxHinge(margin))


def _ten() -> Lab:
    rng = np.random.default_rng(5)
    logits = np.round(2 * rng.normal(size=(5, 10)), 1)
    return Lab(logits, one_hot([n % 5 for n in range(10)], 5), SoftmaxHinge(0.3))


#: Name -> `LabExample`, in the order they are offered.
LABS: dict[str, LabExample] = Registry(
    "laboratory",
    {
        "four answers": LabExample(
            "Four answers, three classes",
            "Class 1 is the true class of all four. Example 1 is confidently misclassified: its loss is the largest, "
            "its column of dL/dO almost zero.",
            _lab([[-2.0, 0.4, 1.0, 4.0], [5.0, 0.9, 0.8, 0.0], [0.0, 0.2, -0.5, -1.0]], [0, 0, 0, 0], 0.3),
        ),
        "ten": LabExample(
            "Ten examples, five classes",
            "Compare the columns: where the true class has little probability, the hinge has little gradient.",
            _ten(),
        ),
        "tie": LabExample(
            "A gap of exactly 0",
            "Two equal logits and margin 0: the worksheet counts such a gap as active (>= 0); see Conventions.",
            _lab([[1.0, 0.5], [1.0, 1.5], [0.0, 0.5]], [0, 2], 0.0),
        ),
        "two": LabExample(
            "Two classes",
            "Each class has one competing class: dL/do_1 = -dL/do_2, at most 1/2 in size.",
            _lab([[3.0, 1.0, 0.0, -1.0, -4.0], [0.0, 0.0, 0.0, 0.0, 0.0]], [0, 0, 0, 0, 0], 0.5),
        ),
        "edge": LabExample(
            "Enormous logits",
            "Softmax subtracts the largest logit first, so nothing overflows; the other probabilities are exactly 0.",
            _lab([[745.0, -1e4, 1e308], [0.0, 1e4, -1e308], [-745.0, 0.0, 0.0]], [0, 0, 1], 0.3),
        ),
        "one": LabExample(
            "One class",
            "A single class has no competing class: the sum over l != y is empty, so loss and gradient are 0.",
            _lab([[1.0, -2.0]], [0, 0], 0.3),
        ),
    },
)
