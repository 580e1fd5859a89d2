"""Logits and labels, the steps of a loss on them, and both as one value that can be edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..equations.steps import Step, evaluate
from ..losses import Hinge, Loss, SoftmaxHinge, softmax
from ..network import Array, matrix
from ..notation import O, Var, Y, Z, dO, dZ
from ..passes.conventions import WORKSHEET, Conventions


def list_steps(loss: Loss, conventions: Conventions = WORKSHEET) -> list[Step]:
    """List the steps from the logits `O` and the targets `Y` to the loss and back to `dL/dO`."""
    loss = conventions.loss(loss)
    names = {Z(0): O, dZ(0): dO}
    listed = [
        replace(s, out=names.get(s.out, s.out), operands=tuple(names.get(v, v) for v in s.operands))
        for s in (*loss.forward(0), *loss.backward(0))
    ]
    return conventions.lay.convert_steps(listed)


def initial_values(logits: Array, targets: Array, loss: Loss, conventions: Conventions = WORKSHEET) -> dict[Var, Array]:
    """Give every matrix and number the steps start from, laid out as the conventions say.

    Raises:
        ValueError: logits or targets are not matrices of finite numbers of one shape, or the
            targets not what the loss reads.
    """
    o, y = matrix(logits, "the logits"), matrix(targets, "Y")
    if o.shape != y.shape:
        raise ValueError(f"the logits have shape {o.shape} and Y has shape {y.shape}: they need to be the same")
    loss.check(y)
    convert = conventions.lay.convert
    constants = {v: np.asarray(x, dtype=o.dtype) for v, x in loss.constants().items()}
    for value in constants.values():
        value.flags.writeable = False
    return {O: convert(O, o), Y: convert(Y, y), **constants}


def run(
    logits: Array, targets: Array, loss: Loss, conventions: Conventions = WORKSHEET
) -> tuple[list[Step], dict[Var, Array]]:
    """List the steps and compute every matrix in them.

    Raises:
        ValueError: see `initial_values`.
    """
    listed = list_steps(loss, conventions)
    return listed, evaluate(listed, initial_values(logits, targets, loss, conventions))


#: Beyond these a laboratory is no longer drawn.
MAX_CLASSES = 50
MAX_EXAMPLES = 256
_LOSS = SoftmaxHinge()
#: The least probability that an example is given: its log is typed into a cell.
_LEAST = 1e-9


@dataclass(frozen=True, eq=False)
class Lab:
    """Logits, labels and a loss: all that a pass of a loss on its own starts from.

    What is held is laid out as on the worksheet; what `inputs` and `run` give is laid out as the
    conventions say.

    Attributes:
        logits: shape (classes, N).
        targets: one-hot, shape (classes, N).

    Raises:
        ValueError: see `initial_values`; or there are more classes or examples than are drawn.
    """

    logits: Array
    targets: Array
    loss: Hinge = _LOSS
    conventions: Conventions = WORKSHEET
    _inputs: dict[Var, Array] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "logits", matrix(self.logits, "the logits"))
        object.__setattr__(self, "targets", matrix(self.targets, "Y"))
        classes, N = self.logits.shape
        if classes > MAX_CLASSES or N > MAX_EXAMPLES:
            raise ValueError(
                f"here are up to {MAX_CLASSES} classes (rows) and {MAX_EXAMPLES} examples (columns), "
                f"not {classes} and {N}"
            )
        object.__setattr__(self, "_inputs", initial_values(self.logits, self.targets, self.loss, self.conventions))

    @property
    def classes(self) -> int:
        return self.logits.shape[0]

    @property
    def N(self) -> int:
        """The number of examples."""
        return self.logits.shape[1]

    @property
    def labels(self) -> list[int]:
        """The true class of each example, counted from 0."""
        return [int(k) for k in self.targets.argmax(axis=0)]

    def inputs(self) -> dict[Var, Array]:
        """Give everything that can be edited, by name, as read-only arrays."""
        return dict(self._inputs)

    def run(self) -> tuple[list[Step], dict[Var, Array]]:
        """List the steps and compute every matrix in them."""
        steps = list_steps(self.loss, self.conventions)
        return steps, evaluate(steps, self._inputs)

    def with_inputs(self, new: Mapping[Var, Array]) -> Lab:
        """Replace the named inputs.

        Raises:
            ValueError: a shape does not fit, or an entry is not finite.
        """
        values = {v: self.conventions.lay.convert(v, x) for v, x in {**self.inputs(), **new}.items()}
        return replace(self, logits=values[O], targets=values[Y], loss=self.loss.with_constants(values))


def compute_true_class_probabilities(lab: Lab) -> Array:
    """Compute p_y of each example, shape (N,)."""
    return (softmax(lab.logits) * lab.targets).sum(axis=0)


def move_example(lab: Lab, example: int, probabilities: Array) -> Lab:
    """Move one example to these probabilities; its logits are their logs, to three decimals."""
    o = lab.logits.copy()
    o[:, example] = np.round(np.log(probabilities), 3)
    return replace(lab, logits=o)


def make_confidently_wrong(lab: Lab, example: int, share: float = 0.98) -> Lab:
    """Give the strongest wrong class of one example at least this share, and its true class no more than it had.

    An example that is there already stays as it is.
    """
    p = softmax(lab.logits)[:, example]
    true_class = lab.labels[example]
    wrong = np.where(np.arange(lab.classes) == true_class, -1.0, p)
    strongest = int(wrong.argmax())
    if lab.classes < 2 or wrong[strongest] >= share:
        return lab
    moved = np.full(lab.classes, (1 - share) / (lab.classes - 1))
    moved[true_class] = np.clip(p[true_class], _LEAST, moved[true_class])
    moved[strongest] = 1 - moved.sum() + moved[strongest]
    return move_example(lab, example, moved)


def collect_same_class(lab: Lab, example: int) -> dict[int, Array]:
    """Collect the examples with the same true class: number -> probabilities, shape (classes,)."""
    p = softmax(lab.logits).T
    return {n: p[n] for n, label in enumerate(lab.labels) if label == lab.labels[example]}
