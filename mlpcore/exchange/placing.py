"""Where matrices that were read go in a set-up, and every way they may be meant: turned, or as numbers of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..network import Batch, Layer, Network, one_hot
from ..notation import Var, Y, Z
from ..passes.layouts import LAYOUTS, Layout
from ..setup import Setup, resized
from .preview import shape_words
from .tables import LabelledTable
from .written import WrittenMatrix

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Placement:
    """One way to put what was read into a set-up.

    Attributes:
        title: how it is meant: `2×6, transposed: looks like examples in rows`.
        values: the inputs that it replaces, laid out as the set-up's conventions say.
        activations: of each layer, where the file is a whole network.
        single: it was in single precision, and stays so.
    """

    title: str
    values: dict[Var, Array]
    activations: tuple[str, ...] = ()
    single: bool = False

    def apply(self, setup: Setup) -> Setup:
        """Replace these inputs; depth, widths and batch follow their sizes.

        Raises:
            ValueError: they do not fit each other, the loss or the limits.
        """
        placed = place(setup, self.values, self.activations)
        return _to_single(placed) if self.single else placed


#: "N" or a layer -> its size, and the matrix that it was read off.
KnownSizes = dict[str | int, tuple[int, Var]]


def _read_sizes(shaped: Mapping[Var, Array], depth: int, lay: Layout) -> tuple[KnownSizes, tuple[Var, Var] | None]:
    """Read the batch and the widths off matrices in this layout; return the first two that do not fit as well."""
    sizes: KnownSizes = {}
    for var, x in shaped.items():
        layer = var.layer or 0
        places: dict[str, str | int] = {"example": "N", "unit": layer, "input": layer - 1, "output": depth}
        for axis, size in zip(var.axes, lay.convert(var, x).shape):
            known, other = sizes.setdefault(places[axis], (size, var))
            if known != size:
                return sizes, (other, var)
    return sizes, None


def place(setup: Setup, values: Mapping[Var, Array], activations: Sequence[str] = ()) -> Setup:
    """Replace several inputs at once; weights of more layers than there are make the network deeper.

    Args:
        values: laid out as the conventions of the set-up say; a vector may lie or stand.
        activations: of each layer, where the values are a whole network: then what is not given goes.

    Raises:
        ValueError: two of them do not fit each other, or a size or number is not one for here.
    """
    net, lay = setup.net, setup.conventions.lay
    weights = {var.layer for var in values if var.kind == "W"}
    whole = weights == set(range(1, len(weights) + 1)) and (activations or len(weights) > net.depth)
    depth = len(weights) if whole else net.depth
    shaped = {var: _fit_axes(var, np.asarray(x, dtype=np.float64)) for var, x in values.items()}
    for var in shaped:
        if (var.layer or 0) > depth:
            missing = f"W_{depth + 1} is missing"
            raise ValueError(f"{var.text} is of layer {var.layer}, and this network has {depth}: {missing}")
    sizes, clash = _read_sizes(shaped, depth, lay)
    if clash:
        first, second = (f"{var.text} {shape_words(shaped[var])}" for var in clash)
        fitting = [other.title for other in LAYOUTS.values() if not _read_sizes(shaped, depth, other)[1]]
        advice = f", unless examples are {' or '.join(fitting)}: see Conventions" if fitting else ""
        raise ValueError(f"{first} and {second} do not fit each other{advice}")
    old = (*net.widths[: depth + 1], *[net.widths[-1]] * (depth - net.depth))
    widths = tuple(sizes.get(k, (old[k], None))[0] for k in range(depth + 1))
    N = sizes.get("N", (setup.batch.N, None))[0]
    biased = {var.layer for var in shaped if var.kind == "b"}
    if not activations:
        biased |= {n for n, layer in enumerate(net.layers, start=1) if layer.b is not None}
        known_f = [layer.activation for layer in net.layers]
        activations = (known_f[:-1] + [known_f[0]] * depth)[: depth - 1] + known_f[-1:]
    biases = tuple(n in biased for n in range(1, depth + 1))
    now = tuple(layer.b is not None for layer in net.layers)
    if (widths, N, tuple(activations), biases) != (net.widths, setup.batch.N, net.shape.activations, now):
        setup = _take_depth(setup, depth)
        setup = resized(setup, widths, N, tuple(activations), biases)
    return setup.with_inputs(shaped)


def _to_single(setup: Setup) -> Setup:
    layers = (
        replace(x, W=x.W.astype(np.float32), b=None if x.b is None else x.b.astype(np.float32))
        for x in setup.net.layers
    )
    batch = Batch(setup.batch.X.astype(np.float32), setup.batch.Y.astype(np.float32))
    return replace(setup, net=Network(tuple(layers)), batch=batch)


def _take_depth(setup: Setup, depth: int) -> Setup:
    """Make the last layer one of another depth's, so that what has no place any more goes, and targets stay."""
    if depth >= setup.net.depth:
        return setup
    layers = setup.net.layers[:depth]
    last = layers[-1]
    d_L, below = setup.net.widths[-1], last.W.shape[1]
    return replace(
        setup,
        net=Network((*layers[:-1], Layer(np.zeros((d_L, below)), None, setup.net.layers[-1].activation))),
        batch=Batch(setup.batch.X, setup.batch.Y),
    )


def _fit_axes(var: Var, x: Array) -> Array:
    ndim = len(var.axes)
    if x.ndim == ndim:
        return x
    if x.ndim == 2 and ndim == 1 and 1 in x.shape:
        return x.ravel()
    if ndim == 0 and x.size == 1:
        return x.reshape(())
    raise ValueError(f"{var.text} is {'a vector' if ndim else 'a single number'}, and this is {shape_words(x)}")


# --- ways to mean one matrix -----------------------------------------------------------------


def list_placements(setup: Setup, var: Var, readings: Sequence[WrittenMatrix]) -> list[Placement]:
    """List every way in which a text may be meant for one input, the likeliest first.

    Raises:
        ValueError: it fits in no way.
    """
    found: list[tuple[float, Placement]] = []
    refusal = None
    for rank, reading in enumerate(readings):
        for score, placement in _list_ways(setup, var, reading.values):
            try:
                placement.apply(setup)
            except ValueError as error:
                refusal = refusal or error
            else:
                found.append((score - rank / 8, placement))
    if not found:
        raise refusal or ValueError(f"this does not fit {var.text}")
    return [placement for _, placement in sorted(found, key=lambda pair: -pair[0])]


def _list_ways(setup: Setup, var: Var, x: Array) -> list[tuple[float, Placement]]:
    shape = setup.inputs()[var].shape
    here = _count_matching(shape, x.shape)
    ways = [(float(here), Placement(shape_words(x), {var: x}))]
    if len(shape) == 2 and x.shape != shape and x.shape[0] != x.shape[1]:
        there = _count_matching(shape, x.T.shape)
        side = "columns" if setup.conventions.lay.transposes(var) else "rows"
        why = f": looks like examples in {side}" if there > here and var in (Y, Z(0)) else ""
        ways.append((there - 0.25, Placement(f"{shape_words(x.T)}, transposed{why}", {var: x.T})))
    if var == Y:
        ways += _list_classes(setup, x)
    return ways


def _count_matching(shape: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum(a == b for a, b in zip(shape, other))


def _list_classes(setup: Setup, x: Array) -> list[tuple[float, Placement]]:
    """List the ways to take whole numbers as the class of each example, counted from 0 or from 1."""
    labels = x.ravel()
    if 1 not in x.shape or (labels < 0).any() or (labels != np.floor(labels)).any() or labels.max() >= 256:
        return []
    held = setup.net.widths[-1]
    score = 3.0 if setup.loss.one_hot or held > 1 else 0.0
    ways = []
    for first in (0, 1)[: 1 + (labels.min() > 0)]:
        targets = one_hot([int(k) - first for k in labels], max(held, int(labels.max()) + 1 - first, 2))
        value = setup.conventions.lay.convert(Y, targets)
        title = f"{shape_words(value)} one-hot, classes counted from {first}"
        ways.append((score - 0.5 * (first != (labels.min() > 0)), Placement(title, {Y: value})))
    return ways


def place_named(setup: Setup, found: Mapping[Var, WrittenMatrix]) -> Placement:
    """Make one placement of all named matrices that are inputs; whole numbers for Y become classes where it needs them.

    Raises:
        ValueError: none of them is an input.
    """
    inputs = setup.inputs()
    given = {v: written.values for v, written in found.items() if not v.new and (v in inputs or v.kind in ("W", "b"))}
    if not given:
        raise ValueError("of the matrices in this text none can be entered here: they are computed")
    if Y in given and setup.loss.one_hot and (ways := _list_classes(setup, given[Y])):
        given[Y] = max(ways, key=lambda way: way[0])[1].values[Y]
    return Placement(", ".join(f"{var.text} {shape_words(x)}" for var, x in given.items()), given)


def place_labelled(setup: Setup, table: LabelledTable) -> Placement:
    """Make a placement of a table with a column of labels: the other columns into X, the labels into Y as classes."""
    lay = setup.conventions.lay
    targets = one_hot([table.classes.index(label) for label in table.labels], max(len(table.classes), 2))
    values = {Z(0): lay.convert(Z(0), table.features.T), Y: lay.convert(Y, targets)}
    names = ", ".join(f"{name} = {k}" for k, name in enumerate(table.classes[:6], start=1))
    more = ", …" if len(table.classes) > 6 else ""
    return Placement(f"X {shape_words(values[Z(0)])} and Y {shape_words(values[Y])}, classes {names}{more}", values)
