"""Data sets to train on, drawn from a seed, and a network that fits each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..initialisation import initialise
from ..losses import MSE, BinaryCrossEntropy, CrossEntropy, Loss
from ..network import Array, Batch, Layer, Network
from ..registry import Registry
from ..setup import Setup

#: 100 digits of 8x8 pixels from 0 to 16 (g), with their classes: ten of each from the test set of Alpaydin and Kaynak,
#: Optical Recognition of Handwritten Digits, UCI (1998), CC BY 4.0.
_DIGITS = Path(__file__).with_name("digits.txt")


@dataclass(frozen=True, repr=False)
class DataSet:
    """Data to train on: a row of `DATASETS`.

    Attributes:
        name, title: as it is chosen, and for the user.
        draw: (generator, examples, noise) -> inputs (d_0, N), targets (d_L, N).
        loss: which reads these targets.
        hidden: units of the hidden layers.
        activation: of those.
    """

    name: str
    title: str
    draw: Callable[[np.random.Generator, int, float], tuple[Array, Array]]
    loss: Loss
    hidden: tuple[int, ...] = (8,)
    activation: str = "tanh"

    def __repr__(self) -> str:
        return f"DATASETS[{self.name!r}]"


def _two_classes(points: Array, labels: Array, rng: np.random.Generator, noise: float) -> tuple[Array, Array]:
    return points + noise * rng.normal(size=points.shape), labels[None, :].astype(float)


def _draw_xor(rng: np.random.Generator, N: int, noise: float) -> tuple[Array, Array]:
    corners = np.array([[0, 0, 1, 1], [0, 1, 0, 1]], float)[:, np.arange(N) % 4]
    return _two_classes(corners, corners[0] != corners[1], rng, noise)


def _draw_moons(rng: np.random.Generator, N: int, noise: float) -> tuple[Array, Array]:
    labels = np.arange(N) % 2
    angle = np.pi * rng.uniform(size=N)
    upper = np.stack([np.cos(angle), np.sin(angle)])
    return _two_classes(np.where(labels, np.array([[1.0], [0.5]]) - upper, upper), labels, rng, noise)


def _draw_circles(rng: np.random.Generator, N: int, noise: float) -> tuple[Array, Array]:
    labels = np.arange(N) % 2
    angle, radius = 2 * np.pi * rng.uniform(size=N), np.where(labels, 0.5, 1.0)
    return _two_classes(radius * np.stack([np.cos(angle), np.sin(angle)]), labels, rng, noise)


def _draw_spirals(rng: np.random.Generator, N: int, noise: float) -> tuple[Array, Array]:
    labels = np.arange(N) % 2
    t = np.sqrt(rng.uniform(size=N))
    angle = 3 * np.pi * t + np.pi * labels
    return _two_classes(t * np.stack([np.cos(angle), np.sin(angle)]), labels, rng, noise)


def _draw_line(rng: np.random.Generator, N: int, noise: float) -> tuple[Array, Array]:
    x = rng.uniform(-1, 1, (1, N))
    return x, 0.7 * x + 0.2 + noise * rng.normal(size=(1, N))


def _draw_digits(rng: np.random.Generator, N: int, noise: float) -> tuple[Array, Array]:
    rows = [line.split() for line in _DIGITS.read_text(encoding="ascii").splitlines()]
    pixels = np.array([[int(c, 17) for c in row] for _, row in rows], float).T / 16
    labels = np.array([int(label) for label, _ in rows])
    chosen = np.arange(min(N, len(rows)))
    X = pixels[:, chosen]
    return X + noise * rng.normal(size=X.shape), np.eye(10)[:, labels[chosen]]


#: Name -> `DataSet`. What stands here can be chosen, and what can be chosen is tested.
DATASETS: dict[str, DataSet] = Registry.of(
    "data set",
    DataSet("xor", "XOR", _draw_xor, BinaryCrossEntropy(), (4,)),
    DataSet("moons", "Two moons", _draw_moons, BinaryCrossEntropy()),
    DataSet("circles", "Circles", _draw_circles, BinaryCrossEntropy()),
    DataSet("spirals", "Spirals", _draw_spirals, BinaryCrossEntropy(), (16, 8)),
    DataSet("line", "A line with noise", _draw_line, MSE(), (6,)),
    DataSet("digits", "Digits, 8x8 pixels", _draw_digits, CrossEntropy(), (16,), "relu"),
)


def make_setup(name: str, examples: int = 80, *, noise: float = 0.1, seed: int = 0, rate: float = 0.1) -> Setup:
    """Make a set-up for a data set: its examples, a network that fits them, a loss that reads the targets.

    Raises:
        KeyError: no such data set.
        ValueError: a size beyond the limits of a set-up.
    """
    data = DATASETS[name]
    X, targets = data.draw(np.random.default_rng(seed), examples, noise)
    return fit_network(X, targets, data.loss, data.hidden, data.activation, seed=seed, rate=rate)


def fit_network(
    X: Array,
    targets: Array,
    loss: Loss,
    hidden: tuple[int, ...] = (8,),
    activation: str = "tanh",
    *,
    seed: int = 0,
    rate: float = 0.1,
) -> Setup:
    """Make a set-up of inputs (d_0, N) and targets (d_L, N), with a network that fits them, drawn from the seed.

    Raises:
        ValueError: a size beyond the limits of a set-up, or targets that do not fit the loss.
    """
    widths = (len(X), *hidden, len(targets))
    kinds = (*(activation,) * len(hidden), "identity")
    layers = [
        Layer(np.zeros((above, below)), np.zeros(above), f)
        for (below, above), f in zip(pairwise(widths), kinds, strict=True)
    ]
    how = "He" if activation == "relu" else "Xavier"
    return Setup(initialise(Network(tuple(layers)), how, seed=seed), Batch(X, targets), loss, rate)


def standardise(setup: Setup) -> Setup:
    """Move every input to mean 0 and scale it to standard deviation 1; one that does not vary becomes 0."""
    X = setup.batch.X
    spread = X.std(axis=1, keepdims=True)
    moved = (X - X.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    return replace(setup, batch=Batch(moved, setup.batch.Y))


def hold_out(setup: Setup, share: float, seed: int = 0) -> tuple[Setup, Batch | None]:
    """Split the examples: a set-up without this share of them, and those, drawn from the seed; None for a share of 0.

    Both have an example at least.

    Raises:
        ValueError: there is one example only.
    """
    X, targets, N = setup.batch.X, setup.batch.Y, setup.batch.N
    if not share:
        return setup, None
    if N < 2:
        raise ValueError("there is one example only, so none can be held out")
    order, count = np.random.default_rng(seed).permutation(N), min(N - 1, max(1, round(share * N)))
    out, rest = np.sort(order[:count]), np.sort(order[count:])
    return replace(setup, batch=Batch(X[:, rest], targets[:, rest])), Batch(X[:, out], targets[:, out])
