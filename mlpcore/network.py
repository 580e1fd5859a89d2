"""Layer, Network, Batch: frozen values whose shapes are checked when they are made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .equations.activations import ACTIVATIONS, Activation, find_activation
from .notation import Var, W, Y, Z, b

Array = np.ndarray


def matrix(values: Any, name: str, ndim: int = 2) -> Array:
    """Make a read-only float copy of `values` (float32 stays float32, all else is float64).

    Raises:
        ValueError: not `ndim` axes, an empty axis, not numbers, NaN or infinity.
    """
    try:
        array = np.array(values, dtype=getattr(values, "dtype", None))
        array = array.astype(np.float32 if array.dtype == np.float32 else np.float64)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}: every entry must be a number, in rows of equal length") from error
    if array.ndim != ndim:
        wanted = {0: "a single number", 1: "a vector", 2: "a matrix"}[ndim]
        raise ValueError(f"{name} must be {wanted}, but has shape {array.shape}")
    if 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}: no axis may be empty")
    if not np.isfinite(array).all():
        where = tuple(int(i) + 1 for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite, but entry {where} is {array[tuple(i - 1 for i in where)]}")
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False, init=False)
class Layer:
    """`Z_l = f_l(W_l Z_{l-1} + b_l)`.

    Attributes:
        W: weights, shape (d_l, d_{l-1}).
        b: biases, shape (d_l,), or None. No bias is not a zero bias: no formula shows one.
        activation: a name of `ACTIVATIONS`; what other libraries call it is understood.
    """

    W: Array
    b: Array | None
    activation: str

    def __init__(self, W: ArrayLike, b: ArrayLike | None = None, activation: str = "identity") -> None:
        object.__setattr__(self, "W", matrix(W, "W"))
        object.__setattr__(self, "b", None if b is None else matrix(b, "b", ndim=1))
        object.__setattr__(self, "activation", find_activation(activation))
        if self.b is not None and self.b.shape != self.W.shape[:1]:
            raise ValueError(
                f"b has shape {self.b.shape}, but W has shape {self.W.shape}: one bias a row of W is needed"
            )

    @property
    def f(self) -> Activation:
        return ACTIVATIONS[self.activation]


@dataclass(frozen=True)
class Shape:
    """All of a network that a list of steps, and its bytes, depend on: no arrays, so of any size.

    Attributes:
        widths: (d_0, d_1, ..., d_L).
        activations, biases: one a layer: a name of `ACTIVATIONS`, and whether it has a bias.
        dtype: "float64" or "float32".

    Raises:
        ValueError: no layer, a width below 1, or not one activation and one choice of bias a layer.
        KeyError: no such activation.
    """

    widths: tuple[int, ...]
    activations: tuple[str, ...]
    biases: tuple[bool, ...]
    dtype: str = "float64"

    def __post_init__(self) -> None:
        for name in ("widths", "activations", "biases"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.depth < 1:
            raise ValueError("a network needs at least one layer")
        if bad := [d for d in self.widths if d < 1]:
            raise ValueError(f"every layer has at least one unit, not {bad[0]}")
        if not len(self.activations) == len(self.biases) == self.depth:
            raise ValueError(
                f"{self.depth} layers need as many activations and biases, "
                f"not {len(self.activations)} and {len(self.biases)}"
            )
        object.__setattr__(self, "activations", tuple(map(find_activation, self.activations)))

    @classmethod
    def of(
        cls, widths: tuple[int, ...], hidden: str = "relu", output: str = "identity", bias: bool = True, **how: str
    ) -> Shape:
        """Describe a network with one activation in its hidden layers."""
        depth = len(widths) - 1
        return cls(widths, (*(hidden,) * (depth - 1), output), (bias,) * depth, **how)

    @property
    def shape(self) -> Shape:
        return self

    @property
    def narrowest(self) -> Shape:
        """The same network with layers of one unit: no step depends on widths, so it stands for all of its kind."""
        return replace(self, widths=(1,) * (self.depth + 1), dtype="float64")

    @property
    def depth(self) -> int:
        """L, the number of layers."""
        return len(self.widths) - 1

    @property
    def layers(self) -> range:
        """The numbers of the layers, 1 to L."""
        return range(1, self.depth + 1)

    def f(self, layer: int) -> Activation:
        return ACTIVATIONS[self.activations[layer - 1]]

    def biased(self, layer: int) -> bool:
        return self.biases[layer - 1]

    @property
    def itemsize(self) -> int:
        """Bytes of one number."""
        return np.dtype(self.dtype).itemsize

    @property
    def parameter_cells(self) -> int:
        """The numbers in all W_l and b_l."""
        layers = zip(self.widths[1:], self.widths, self.biases, strict=False)
        return sum(above * (below + biased) for above, below, biased in layers)

    def size(self, var: Var, N: int) -> int:
        """Count the numbers of a matrix."""
        return math.prod(shape_of(var, self.widths, N))

    def parameters(self) -> list[Var]:
        """List W_1, b_1, W_2, ...; absent biases are left out."""
        return [v for n in self.layers for v in (W(n), *([b(n)] if self.biased(n) else []))]


@dataclass(frozen=True, eq=False)
class Network:
    """Layers 1 to L. Layer l is `layers[l - 1]`; `net[l]` gives it by its number."""

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if not self.layers:
            raise ValueError("a network needs at least one layer")
        for layer in range(2, self.depth + 1):
            below, above = self[layer - 1].W.shape, self[layer].W.shape
            if above[1] != below[0]:
                raise ValueError(
                    f"W_{layer} has shape {above} and W_{layer - 1} has shape {below}: "
                    f"W_{layer} needs {below[0]} columns, one for each row of W_{layer - 1}"
                )

    def __getitem__(self, layer: int) -> Layer:
        if not 1 <= layer <= self.depth:
            raise IndexError(f"layers count from 1 to {self.depth}; there is no layer {layer}")
        return self.layers[layer - 1]

    @property
    def depth(self) -> int:
        """L, the number of layers."""
        return len(self.layers)

    @property
    def widths(self) -> tuple[int, ...]:
        """(d_0, d_1, ..., d_L)."""
        return (self[1].W.shape[1], *(layer.W.shape[0] for layer in self.layers))

    @property
    def dtype(self) -> np.dtype:
        return self[1].W.dtype

    @property
    def shape(self) -> Shape:
        """The network without its numbers."""
        return Shape(
            self.widths,
            tuple(layer.activation for layer in self.layers),
            tuple(layer.b is not None for layer in self.layers),
            self.dtype.name,
        )

    def parameters(self) -> Iterator[tuple[Var, Array]]:
        """Yield W_1, b_1, W_2, ... with their names, in order; absent biases are left out."""
        for number, layer in enumerate(self.layers, start=1):
            yield W(number), layer.W
            if layer.b is not None:
                yield b(number), layer.b

    def with_parameters(self, values: Mapping[Var, Array]) -> Network:
        """Replace the named parameters."""
        return Network(
            tuple(
                Layer(
                    values.get(W(number), layer.W),
                    None if layer.b is None else values.get(b(number), layer.b),
                    layer.activation,
                )
                for number, layer in enumerate(self.layers, start=1)
            )
        )


@dataclass(frozen=True, eq=False, init=False)
class Batch:
    """N examples, one a column: X of shape (d_0, N), targets Y of shape (d_L, N)."""

    X: Array
    Y: Array

    def __init__(self, X: ArrayLike, Y: ArrayLike) -> None:
        object.__setattr__(self, "X", matrix(X, "X"))
        object.__setattr__(self, "Y", matrix(Y, "Y"))
        if self.X.shape[1] != self.Y.shape[1]:
            raise ValueError(
                f"X has shape {self.X.shape} and Y has shape {self.Y.shape}: both need one column an example"
            )

    @property
    def N(self) -> int:
        """The number of examples."""
        return self.X.shape[1]


def inputs(net: Network, batch: Batch) -> dict[Var, Array]:
    """Name everything a pass starts from.

    Raises:
        ValueError: the batch does not fit the network; both shapes are named.
    """
    first, last = net[1].W.shape, net[net.depth].W.shape
    if batch.X.shape[0] != first[1]:
        raise ValueError(f"X has shape {batch.X.shape} and W_1 has shape {first}: X needs {first[1]} rows")
    if batch.Y.shape[0] != last[0]:
        raise ValueError(f"Y has shape {batch.Y.shape} and W_{net.depth} has shape {last}: Y needs {last[0]} rows")
    return {Z(0): batch.X, Y: batch.Y, **dict(net.parameters())}


def shape_of(var: Var, widths: tuple[int, ...], N: int) -> tuple[int, ...]:
    """Give the shape of a matrix from the layer widths (d_0, ..., d_L) and the batch size alone."""
    layer = var.layer or 0
    if var.examples is not None:
        N = var.examples[1] - var.examples[0]
    size = {
        "unit": widths[layer],
        "input": widths[layer - 1],
        "above": widths[min(layer + 1, len(widths) - 1)],
        "output": widths[-1],
        "example": N,
    }
    return tuple(size[axis] for axis in var.axes)
