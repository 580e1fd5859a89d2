"""Layer, Network, Batch: frozen values whose shapes are checked when they are made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import check_finite, expect
from .equations.activations import ACTIVATIONS, Activation, find_activation
from .equations.dense import forward_layer
from .equations.steps import evaluate
from .notation import Var, W, Y, Z, b, mask

Array = np.ndarray


def matrix(values: Any, name: str, ndim: int = 2) -> Array:
    """Make a read-only float copy of `values` (float32 stays float32, all else is float64).

    Raises:
        ValueError: not `ndim` axes, an empty axis, not numbers, NaN or infinity.
    """
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufO":
            raise ValueError("strings, dates and complex numbers are none")
        array = array.astype(np.float32 if array.dtype == np.float32 else np.float64)
    except (ValueError, TypeError, RuntimeError) as error:
        hint = f"; this {type(values).__name__} is not: {error}" if hasattr(values, "shape") else ""
        raise ValueError(f"{name}: every entry must be a number, in rows of equal length{hint}") from error
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


def one_hot(labels: ArrayLike, classes: int | None = None) -> Array:
    """Make targets of shape (classes, N) from labels that count from 0.

    Args:
        classes: how many there are; by default the highest label and those below it.

    Raises:
        ValueError: a label is not a class; it is named with its example.
    """
    given = np.asarray(labels)
    if given.ndim != 1 or given.size == 0 or (given != np.floor(given)).any():
        raise ValueError(f"labels must be a vector of whole numbers from 0, not of shape {given.shape}")
    given = given.astype(int)
    classes = int(given.max()) + 1 if classes is None else classes
    for n, label in enumerate(given, start=1):
        if not 0 <= label < classes:
            raise ValueError(f"example {n} has class {label + 1}, but there are {classes} classes")
    return np.eye(classes)[:, given]


class _ByValue:
    """Equal, and hashed, by the fields: arrays by precision and numbers, of which -0.0 equals 0.0."""

    def _list_values(self) -> list:
        values = (getattr(self, f.name) for f in fields(self))  # type: ignore[arg-type]
        return [(x.shape, x.dtype, (x + 0.0).tobytes()) if isinstance(x, np.ndarray) else x for x in values]

    def __eq__(self, other: object) -> bool:
        return self._list_values() == other._list_values() if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._list_values()))


@dataclass(frozen=True, eq=False, repr=False)
class Dropout(_ByValue):
    """Inverted dropout (Srivastava et al. 2014): `Z_l = M_l (.) f_l(S_l)`, each cell of M_l 1/keep or 0.

    Attributes:
        keep: the probability that a cell is kept, above 0 and at most 1.
        seed: of the draw.
        mask: given in place of the drawn one, shape (d_l, N).

    Raises:
        ValueError: keep or seed is no such number, or the mask is no matrix of finite numbers.
    """

    keep: float
    seed: int = 0
    mask: Array | None = None

    def __post_init__(self) -> None:
        check_finite(self.keep, "the keep probability")
        if not 0 < self.keep <= 1:
            raise ValueError(f"a unit is kept with a probability above 0 and at most 1, not {self.keep:g}")
        if not (isinstance(self.seed, int) and self.seed >= 0):
            raise ValueError(f"a seed is a whole number from 0, not {self.seed!r}")
        if self.mask is not None:
            object.__setattr__(self, "mask", matrix(self.mask, "the dropout mask"))

    def draw(self, layer: int, units: int, N: int) -> Array:
        """Draw the mask of a layer, shape (units, N): the same from the same seed, examples added on the right."""
        return (self.keep > np.random.default_rng((self.seed, layer)).random((N, units)).T) / self.keep

    def find_mask(self, layer: int, units: int, N: int) -> Array:
        """Give the mask for N examples: the given one as far as it reaches, and what is drawn beyond it."""
        found = self.draw(layer, units, N)
        if self.mask is not None:
            overlap = tuple(slice(min(a, b)) for a, b in zip(self.mask.shape, found.shape, strict=True))
            found[overlap] = self.mask[overlap]
        return found

    def move_on(self, steps: int) -> Dropout:
        """Give that of so many steps later: the mask is drawn, from the seed plus their number."""
        return Dropout(self.keep, self.seed + steps) if steps else self

    def with_mask(self, layer: int, x: Array) -> Dropout:
        """Set the mask."""
        return replace(self, mask=None if np.array_equal(x, self.draw(layer, *x.shape).astype(x.dtype)) else x)

    def __repr__(self) -> str:
        given = "" if self.mask is None else f", {self.mask.tolist()}"
        return f"Dropout({self.keep}, {self.seed}{given})"


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Layer(_ByValue):
    """`Z_l = f_l(W_l Z_{l-1} + b_l)`. Equal are layers with the same numbers, activation and dropout.

    Attributes:
        W: weights, shape (d_l, d_{l-1}).
        b: biases, shape (d_l,), or None. No bias is not a zero bias: no formula shows one.
        activation: a name of `ACTIVATIONS`, or with its own number, `leaky relu(0.2)`; what other libraries call it is
            understood.
        dropout: of its outputs; None for none.
    """

    W: Array
    b: Array | None
    activation: str
    dropout: Dropout | None

    def __init__(
        self, W: ArrayLike, b: ArrayLike | None = None, activation: str = "identity", dropout: Dropout | None = None
    ) -> None:
        object.__setattr__(self, "W", matrix(W, "W"))
        object.__setattr__(self, "b", None if b is None else matrix(b, "b", ndim=1))
        object.__setattr__(self, "activation", find_activation(activation))
        if dropout is not None:
            expect(dropout, Dropout, "dropout", "Dropout(keep=0.8)")
        object.__setattr__(self, "dropout", dropout)
        if self.b is not None and self.b.shape != self.W.shape[:1]:
            raise ValueError(
                f"b has shape {self.b.shape}, but W has shape {self.W.shape}: one bias a row of W is needed"
            )

    @property
    def f(self) -> Activation:
        return ACTIVATIONS[self.activation]

    def __repr__(self) -> str:
        b = None if self.b is None else self.b.tolist()
        dropout = f", {self.dropout!r}" if self.dropout else ""
        return f"Layer({self.W.tolist()}, {b}, {self.activation!r}{dropout})"


@dataclass(frozen=True)
class Shape:
    """All of a network that a list of steps, and its bytes, depend on: no arrays, so of any size.

    Attributes:
        widths: (d_0, d_1, ..., d_L).
        activations, biases: one a layer: a name of `ACTIVATIONS`, and whether it has a bias.
        dtype: "float64" or "float32".
        masked: the layers with dropout, by number.

    Raises:
        ValueError: no layer, a width below 1, or not one activation and one choice of bias a layer.
        KeyError: no such activation.
    """

    widths: tuple[int, ...]
    activations: tuple[str, ...]
    biases: tuple[bool, ...]
    dtype: str = "float64"
    masked: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("widths", "activations", "biases", "masked"):
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
        cls, widths: tuple[int, ...], hidden: str = "relu", output: str = "identity", bias: bool = True, **how: Any
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

    @property
    def kinds(self) -> list[tuple[int, str, bool, bool]]:
        """For each layer its number, its activation, whether it has a bias and whether it has a dropout mask."""
        masks = (n in self.masked for n in self.layers)
        return list(zip(self.layers, self.activations, self.biases, masks, strict=True))

    def masks(self) -> list[Var]:
        """List the dropout masks."""
        return [mask(n) for n in self.masked]

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


@dataclass(frozen=True)
class Network:
    """Layers 1 to L. Layer l is `layers[l - 1]`; `net[l]` gives it by its number."""

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        expect(self.layers, Iterable, "layers", "(Layer(W_1), Layer(W_2))")
        object.__setattr__(self, "layers", tuple(self.layers))
        if not self.layers:
            raise ValueError("a network needs at least one layer")
        for number, given in enumerate(self.layers, start=1):
            expect(given, Layer, f"layer {number}")
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

    @cached_property
    def shape(self) -> Shape:
        """The network without its numbers."""
        return Shape(
            self.widths,
            tuple(layer.activation for layer in self.layers),
            tuple(layer.b is not None for layer in self.layers),
            self.dtype.name,
            tuple(n for n, layer in enumerate(self.layers, start=1) if layer.dropout),
        )

    def predict(self, X: ArrayLike) -> Array:
        """Compute the output Z_L, shape (d_L, N), of examples X, shape (d_0, N), one a column; nothing is dropped.

        Raises:
            ValueError: X is no matrix of numbers, or does not have d_0 rows.
        """
        values = {Z(0): matrix(X, "X"), **dict(self.parameters())}
        _check_rows("X", values[Z(0)], 1, self[1].W.shape, 1)
        steps = [s for layer in self.without_dropout().shape.kinds for s in forward_layer(*layer)]
        return evaluate(steps, values)[Z(self.depth)]

    def without_dropout(self) -> Network:
        """Give the network as it predicts: no output is dropped."""
        return Network(tuple(replace(layer, dropout=None) for layer in self.layers))

    def parameters(self) -> Iterator[tuple[Var, Array]]:
        """Yield W_1, b_1, W_2, ... with their names, in order; absent biases are left out."""
        for number, layer in enumerate(self.layers, start=1):
            yield W(number), layer.W
            if layer.b is not None:
                yield b(number), layer.b

    def with_parameters(self, values: Mapping[Var, Array]) -> Network:
        """Replace the named parameters and masks."""
        layers = []
        for number, layer in enumerate(self.layers, start=1):
            bias = None if layer.b is None else values.get(b(number), layer.b)
            dropout = layer.dropout
            if dropout and mask(number) in values:
                dropout = dropout.with_mask(number, values[mask(number)])
            layers.append(Layer(values.get(W(number), layer.W), bias, layer.activation, dropout))
        return Network(tuple(layers))


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Batch(_ByValue):
    """N examples, one a column: X of shape (d_0, N), targets Y of shape (d_L, N).

    Targets may be given as class labels, a vector of N integers from 0; they become one-hot (see `one_hot`).
    """

    X: Array
    Y: Array

    def __init__(self, X: ArrayLike, Y: ArrayLike, classes: int | None = None) -> None:
        object.__setattr__(self, "X", matrix(X, "X"))
        given = Y if isinstance(Y, (list, tuple)) and Y and isinstance(Y[0], (list, tuple)) else np.asarray(Y)
        is_labels = isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind in "iu"
        object.__setattr__(self, "Y", matrix(one_hot(given, classes) if is_labels else Y, "Y"))
        if self.X.shape[1] != self.Y.shape[1]:
            raise ValueError(
                f"X has shape {self.X.shape} and Y has shape {self.Y.shape}: both need one column an example"
            )

    @property
    def N(self) -> int:
        """The number of examples."""
        return self.X.shape[1]

    def __repr__(self) -> str:
        return f"Batch({self.X.tolist()}, {self.Y.tolist()})"


def inputs(net: Network, batch: Batch) -> dict[Var, Array]:
    """Name everything a pass starts from.

    Raises:
        ValueError: the batch does not fit the network; both shapes are named.
    """
    expect(net, Network, "net")
    expect(batch, Batch, "batch")
    _check_rows("X", batch.X, 1, net[1].W.shape, 1)
    _check_rows("Y", batch.Y, net.depth, net[net.depth].W.shape, 0)
    masks = {
        mask(number): layer.dropout.find_mask(number, len(layer.W), batch.N).astype(net.dtype)
        for number, layer in enumerate(net.layers, start=1)
        if layer.dropout
    }
    return {Z(0): batch.X, Y: batch.Y, **dict(net.parameters()), **masks}


def _check_rows(name: str, x: Array, layer: int, shape: tuple[int, ...], axis: int) -> None:
    if x.shape[0] != shape[axis]:
        raise ValueError(f"{name} has shape {x.shape} and W_{layer} has shape {shape}: {name} needs {shape[axis]} rows")


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
