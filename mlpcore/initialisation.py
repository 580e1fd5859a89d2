"""Initialisations: what weights are before the first step. Biases begin at 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import getitem

import numpy as np

from .arguments import check_finite
from .network import Array, Network
from .notation import W, b
from .registry import Registry

Draw = Callable[[np.random.Generator, int, int], Array]


@dataclass(frozen=True, repr=False)
class Initialisation:
    """A way to draw weights: a row of `INITIALISATIONS`.

    Attributes:
        name: as it is chosen.
        title: for the user.
        latex: the distribution of one weight; `s` is the scale, `d` the units of the layer, `d'` those below.
        draw: generator, d, d' -> weights of scale 1, shape (d, d').
    """

    name: str
    title: str
    latex: str
    draw: Draw

    def __repr__(self) -> str:
        return f"INITIALISATIONS[{self.name!r}]"

    def __reduce__(self) -> tuple[Callable, tuple]:
        return getitem, (INITIALISATIONS, self.name)


def _draw_orthogonal(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Draw orthonormal rows or columns, whichever are fewer (Saxe et al. 2014), by QR with the signs of R fixed."""
    Q, R = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    Q = Q * np.where(np.diag(R) < 0, -1.0, 1.0)
    return Q if rows >= columns else Q.T


def _draw_xavier(rng: np.random.Generator, rows: int, columns: int) -> Array:
    bound = np.sqrt(6 / (rows + columns))
    return rng.uniform(-bound, bound, (rows, columns))


#: Name -> `Initialisation`. What stands here can be chosen, and what can be chosen is tested.
INITIALISATIONS: dict[str, Initialisation] = Registry.of(
    "initialisation",
    Initialisation("zeros", "Zeros", "0", lambda rng, rows, columns: np.zeros((rows, columns))),
    Initialisation("constant", "Constant", "s", lambda rng, rows, columns: np.ones((rows, columns))),
    Initialisation("uniform", "Uniform", "U(-s, s)", lambda rng, rows, columns: rng.uniform(-1, 1, (rows, columns))),
    Initialisation(
        "normal", "Normal", r"\mathcal{N}(0, s^2)", lambda rng, rows, columns: rng.normal(size=(rows, columns))
    ),
    # Glorot and Bengio 2010, section 4.2.1.
    Initialisation("Xavier", "Xavier (Glorot), uniform", r"U\left(\pm s\sqrt{\frac{6}{d + d'}}\right)", _draw_xavier),
    # He et al. 2015, section 2.2.
    Initialisation(
        "He",
        "He (Kaiming), normal",
        r"\mathcal{N}\left(0, s^2\frac{2}{d'}\right)",
        lambda rng, rows, columns: rng.normal(0, np.sqrt(2 / columns), (rows, columns)),
    ),
    Initialisation("orthogonal", "Orthogonal", r"s\,Q", _draw_orthogonal),
)


def initialise(net: Network, how: str = "Xavier", *, scale: float = 1.0, seed: int = 0) -> Network:
    """Draw the weights of a network anew, the same for the same seed; biases become 0.

    Args:
        how: a name of `INITIALISATIONS`.
        scale: what every weight is multiplied by.
        seed: 0 or above; each layer draws from a generator of its own.

    Raises:
        KeyError: no such initialisation.
        ValueError: the scale is not finite, or the seed not a whole number from 0.
    """
    check_finite(scale, "the scale")
    if type(seed) is not int or seed < 0:
        raise ValueError(f"the seed must be a whole number from 0, not {seed!r}")
    draw = INITIALISATIONS[how].draw
    values = {}
    for number, layer in enumerate(net.layers, start=1):
        values[W(number)] = (scale * draw(np.random.default_rng((seed, number)), *layer.W.shape)).astype(net.dtype)
        values[b(number)] = np.zeros(len(layer.W), net.dtype)
    return net.with_parameters(values)
