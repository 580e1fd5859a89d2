"""A set-up is all that a training step starts from; every edit makes a new one.

Nothing is changed in place, so what was there before an edit is still there, and an edit
that does not fit raises before anything is lost. One set of limits holds for every way in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Protocol, Self, TypeVar

import numpy as np

from .arguments import check_finite
from .equations.steps import Step, evaluate
from .losses import LOSSES, MSE, Loss
from .network import Array, Batch, Layer, Network
from .notation import P, Q, S, Var, Y, Z, rate
from .passes.conventions import WORKSHEET, Conventions
from .passes.training_step import initial_values, training_step
from .schedules import Schedule

MAX_DEPTH = 8
MAX_WIDTH = 256
MAX_EXAMPLES = 256
#: Rows and columns of one matrix.
MAX_SIDE = max(MAX_WIDTH, MAX_EXAMPLES)
#: Weights, biases, inputs and targets together: what a file below takes.
MAX_NUMBERS = 300_000
#: Characters of a text or file that is read at all.
MAX_TEXT = 4_000_000

Cell = tuple[int, ...]


@dataclass(frozen=True)
class Setup:
    """Network, batch, loss and learning rate; made only if they fit each other.

    What is stored is laid out as on the worksheet; what `inputs` and `run` give, and the cells
    that `with_cells` takes, are laid out as the conventions say.

    Raises:
        ValueError: the batch does not fit the network, the targets the loss, the rate is not
            finite, or a size is beyond the limits of this module.
    """

    net: Network
    batch: Batch
    loss: Loss = field(default_factory=MSE)
    rate: float = 0.5
    conventions: Conventions = WORKSHEET

    _inputs: dict[Var, Array] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        values = initial_values(self.net, self.batch, self.loss, self.conventions)
        check_finite(self.rate, "the rate")
        check_sizes(self.net.widths, self.batch.N)
        values[rate] = np.asarray(self.rate, dtype=self.net.dtype)
        for value in values.values():
            value.flags.writeable = False
        object.__setattr__(self, "_inputs", values)

    def inputs(self) -> dict[Var, Array]:
        """Give everything that can be edited, by name, as read-only arrays; single numbers have shape ()."""
        return dict(self._inputs)

    def run(self, schedule: str | Schedule = "cache S and Z") -> tuple[list[Step], dict[Var, Array]]:
        """List a pass, the update and the loss after it, and compute every matrix in them."""
        steps = training_step(self.net, self.loss, schedule, self.conventions, self.batch.N)
        return steps, evaluate(steps, self.inputs())

    def without_penalty(self) -> Setup:
        """Give the set-up with the loss on the data alone."""
        return replace(self, loss=replace(self.loss, penalty=None))

    def with_inputs(self, new: dict[Var, Array]) -> Setup:
        """Replace the named inputs.

        Raises:
            ValueError: a shape does not fit, or an entry is not finite.
        """
        values = {v: self.conventions.lay.convert(v, x) for v, x in (self.inputs() | new).items()}
        return replace(
            self,
            net=self.net.with_parameters(values),
            batch=Batch(values[Z(0)], values[Y]),
            loss=self.loss.with_constants(values),
            rate=float(values[rate]),
        )


def check_sizes(widths: tuple[int, ...], N: int) -> None:
    """Raise ValueError where a network or batch is larger than the app draws."""
    if not 1 <= len(widths) - 1 <= MAX_DEPTH:
        raise ValueError(f"a network here has 1 to {MAX_DEPTH} layers, not {len(widths) - 1}")
    for layer, width in enumerate(widths):
        if not 1 <= width <= MAX_WIDTH:
            where = "the input" if layer == 0 else f"layer {layer}"
            raise ValueError(f"{where} has 1 to {MAX_WIDTH} units, not {width}")
    if not 1 <= N <= MAX_EXAMPLES:
        raise ValueError(f"a batch here has 1 to {MAX_EXAMPLES} examples, not {N}")
    count = sum((below + 1) * above for below, above in pairwise(widths)) + (widths[0] + widths[-1]) * N
    if count > MAX_NUMBERS:
        raise ValueError(f"network and batch here have at most {MAX_NUMBERS:,} numbers together, not {count:,}")


def check_shape(rows: int, columns: int, row: int | None = None) -> None:
    """Raise ValueError where a matrix has more rows or columns than any here may have.

    Args:
        row: the row that has so many columns, if it is known.
    """
    if rows > MAX_SIDE:
        raise ValueError(f"a matrix here has at most {MAX_SIDE} rows; this one goes on after row {MAX_SIDE}")
    if columns > MAX_SIDE:
        where = "a row" if row is None else f"row {row}"
        raise ValueError(f"{where} has more than {MAX_SIDE} cells, and a row here has no more")


@dataclass(frozen=True)
class Refusal:
    """An edit that was not taken, and why, in the user's words."""

    var: Var
    cell: Cell
    why: str


class Editable(Protocol):
    """What can be edited cell by cell: a set-up, or logits on their own."""

    @property
    def loss(self) -> Loss: ...

    @property
    def conventions(self) -> Conventions: ...

    def inputs(self) -> dict[Var, Array]: ...

    def with_inputs(self, new: dict[Var, Array]) -> Self: ...


E = TypeVar("E", bound=Editable)


def same(a: Editable, b: Editable) -> bool:
    """Tell whether two set-ups (or two laboratories) are the same to the last bit."""
    return _list_parts(a) == _list_parts(b)


def _list_parts(of: Editable) -> list:
    kinds = [(layer.activation, layer.dropout) for layer in of.net.layers] if isinstance(of, Setup) else []
    return [of.loss, of.conventions, kinds, {v: (x.shape, x.dtype, x.tobytes()) for v, x in of.inputs().items()}]


def with_cells(setup: E, edits: Iterable[tuple[Var, Cell, float]]) -> tuple[E, list[Refusal]]:
    """Replace single cells, and list the edits that were refused.

    With a loss on classes a 1 typed into the targets moves the example to that class. With soft targets the others of
    an example share what a number typed into them leaves; several cells of one example are taken if they sum to 1.
    """
    edits = list(edits)
    values = {v: x.copy() for v, x in setup.inputs().items()}
    refused = []
    if setup.loss.soft_targets:
        of_targets = [edit for edit in edits if edit[0] == Y and not _explain_refusal(values, *edit)]
        edits = [edit for edit in edits if edit not in of_targets]
        refused += _set_soft_targets(setup.conventions.lay.convert(Y, values[Y]), setup, of_targets)
    for var, cell, value in edits:
        why = _explain_refusal(values, var, cell, value)
        if not why and var == Y and setup.loss.one_hot:
            if value == 1:
                example = setup.conventions.lay.convert_cell(Y, cell)[1]
                setup.conventions.lay.convert(Y, values[Y])[:, example] = 0
            elif value != values[Y][cell]:
                why = f"{setup.loss.title} needs one-hot targets: type 1 at the true class"
        if why:
            refused.append(Refusal(var, cell, why))
        else:
            values[var][cell] = value
    return setup.with_inputs(values), refused


def _set_soft_targets(targets: Array, setup: Editable, edits: list[tuple[Var, Cell, float]]) -> list[Refusal]:
    """Write soft targets, laid out as on the worksheet, example by example; list the edits that were refused."""
    places = [setup.conventions.lay.convert_cell(Y, cell) for _, cell, _ in edits]
    refused: list[Refusal] = []
    for example in dict.fromkeys(example for _, example in places):
        here = [(place[0], edit) for place, edit in zip(places, edits, strict=True) if place[1] == example]
        new = targets[:, example].copy()
        for unit, (_, _, value) in here:
            new[unit] = value
        if len(here) == 1 and 0 <= new[here[0][0]] <= 1:
            unit = here[0][0]
            others = np.delete(np.arange(len(new)), unit)
            rest = new[others].sum()
            if new[unit] and not rest:
                new[others], rest = 1.0, float(len(others))
            new[others] *= (1 - new[unit]) / (rest or 1.0)
        if _reads(setup.loss, new[:, None]):
            targets[:, example] = new
        else:
            why = f"{setup.loss.title} needs targets from 0 to 1 that sum to 1 in an example: type 1 at the true class"
            refused += [Refusal(Y, edit[1], why) for _, edit in here]
    return refused


def _reads(loss: Loss, targets: Array) -> bool:
    try:
        loss.check(targets)
    except ValueError:
        return False
    return True


def _explain_refusal(values: dict[Var, Array], var: Var, cell: Cell, value: float) -> str:
    if var not in values:
        return f"{var.text} is computed, not typed"
    shape = values[var].shape
    if len(cell) != len(shape) or not all(0 <= i < n for i, n in zip(cell, shape, strict=True)):
        return f"{var.text} has shape {shape}: there is no such cell"
    return "" if np.isfinite(value) else "only finite numbers can be used here"


def resized(
    setup: Setup, widths: tuple[int, ...], N: int, activations: tuple[str, ...], biases: tuple[bool, ...]
) -> Setup:
    """Change the layer widths (d_0, ..., d_L), batch size, activations and biases.

    What fits stays; what is new gets small numbers, the same every time.

    Raises:
        ValueError: a size is beyond the limits, or the loss needs more outputs.
    """
    check_sizes(widths, N)
    _check_outputs(setup.loss, widths[-1])
    old, layers = setup.net, []
    for layer, (cols, rows) in enumerate(pairwise(widths), start=1):
        before = old[layer] if layer <= old.depth else None
        W = _resize(before.W if before else None, (rows, cols), seed=layer)
        b = None
        if biases[layer - 1]:
            b = _resize(before.b if before else None, (rows,), seed=100 + layer, new=0.0)
        dropout = before.dropout if before and layer < len(widths) - 1 else None
        layers.append(Layer(W, b, activations[layer - 1], dropout))
    X = _resize(setup.batch.X, (widths[0], N), seed=0)
    targets = _resize(setup.batch.Y, (widths[-1], N), seed=200, new=0.0)
    for n in range(N if setup.loss.one_hot else 0):
        if not _reads(setup.loss, targets[:, n : n + 1]):
            targets[:, n : n + 1] = setup.loss.fit_targets(targets[:, n : n + 1])
    return replace(setup, net=Network(tuple(layers)), batch=Batch(X, targets))


def _resize(old: Array | None, shape: tuple[int, ...], seed: int, new: float | None = None) -> Array:
    if new is None:
        array = np.round(np.random.default_rng(seed).normal(size=shape) / np.sqrt(shape[-1]), 2)
    else:
        array = np.full(shape, new)
    if old is not None and old.ndim == len(shape):
        overlap = tuple(slice(min(a, b)) for a, b in zip(old.shape, shape, strict=True))
        array[overlap] = old[overlap]
    return array


def _check_outputs(loss: Loss, outputs: int) -> None:
    """Raise ValueError where a loss on classes has one output: with one class it would be 0."""
    if loss.one_hot and outputs < 2:
        raise ValueError(
            f"{loss.title} compares the true class with competing ones, and with one output there is none: "
            "it needs two or more units in the last layer"
        )


def with_loss(setup: Setup, name: str, *, as_classes: bool = False) -> Setup:
    """Change the loss.

    Args:
        as_classes: turn the targets into what the loss reads, classes or numbers from 0 to 1.

    Raises:
        ValueError: the targets are not what the loss reads, or it needs more outputs.
        KeyError: no such loss.
    """
    old = setup.loss
    new = LOSSES[name](penalty=old.penalty, penalises_biases=old.penalises_biases)
    _check_outputs(new, setup.net.widths[-1])
    new = new.with_constants(setup.loss.constants())
    targets = new.fit_targets(setup.batch.Y) if as_classes else setup.batch.Y
    return replace(setup, loss=new, batch=Batch(setup.batch.X, targets))


def fit_output(setup: Setup) -> tuple[Setup, str] | None:
    """Find what fits the activation of the last layer better, and why; None where nothing is wrong.

    A loss that makes probabilities takes logits, so that the last layer is to leave its sums as they are. A squared
    error after sigmoid is multiplied by sigmoid', which binary cross-entropy cancels.
    """
    depth, last = setup.net.depth, setup.net.layers[-1]
    makes = next((s.op.name for s in setup.loss.forward(depth) if s.out in (P, Q)), "").removeprefix("output ")
    plain = Network((*setup.net.layers[:-1], replace(last, activation="identity")))
    if makes and last.activation != "identity":
        Z_L = setup.run()[1][Z(depth)]
        why = (
            f"{setup.loss.title} applies {makes} to {Z(depth).symbol} itself and takes any number, but "
            f"{last.activation} leaves only {Z_L.min():.3g} to {Z_L.max():.3g} here."
        )
        return replace(setup, net=plain), why
    if isinstance(setup.loss, MSE) and last.activation == "sigmoid":
        values = setup.run()[1]
        share = last.f.derivative(values[S(depth)]).mean() if last.f.derivative else 1.0
        why = (
            f"After sigmoid a squared error is multiplied by sigmoid'({S(depth).symbol}), {share:.3g} on average "
            "here; binary cross-entropy applies sigmoid itself, and in its gradient sigmoid' cancels."
        )
        return with_loss(replace(setup, net=plain), "BinaryCrossEntropy", as_classes=True), why
    return None
