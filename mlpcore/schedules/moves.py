"""What a schedule is made of, moves along the chain of layers, and how they become a list of steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain

from ..equations.dense import forward_layer
from ..equations.steps import Step
from ..losses import Loss
from ..network import Shape
from ..passes.layers import backward_layer
from ..passes.layouts import LAYOUTS, Layout
from ..passes.penalties import penalise

COLUMNS = LAYOUTS["columns"]


@dataclass(frozen=True)
class Task:
    """What a schedule arranges: a pass of a network of this shape over N examples.

    `N` may be None where the size of the batch is not known; most schedules do not ask.
    """

    shape: Shape
    loss: Loss
    N: int | None = None
    at_kink: float = 0.0

    @property
    def examples(self) -> int:
        """N, for a schedule that cannot do without."""
        if self.N is None:
            raise ValueError("this schedule depends on the size of the batch: say how many examples there are")
        return self.N


@dataclass(frozen=True)
class Advance:
    """Compute from `Z_lo` up to `Z_hi`, of which only `Z_hi` is for later: a checkpoint."""

    lo: int
    hi: int


@dataclass(frozen=True)
class Reverse:
    """Compute layers lo+1 to hi from `Z_lo`, keep what their backward pass reads, then run it.

    Attributes:
        drop_activations: each Z is dropped as soon as the forward pass has read it, and recomputed from its S just
            before the step that reads it (exercise 4).
    """

    lo: int
    hi: int
    drop_activations: bool = True


#: What is done in turn. The last layer is always reversed first, the first layer last.
Move = Advance | Reverse


@dataclass(frozen=True, eq=False)
class Equations:
    """The equations of a pass, each once, nothing freed.

    Attributes:
        forward: `S_1`, `Z_1`, `S_2`, ..., `Z_L`.
        loss: those of the loss, forward and backward.
        backward: layer -> those of its backward pass.
    """

    forward: tuple[Step, ...]
    loss: tuple[Step, ...]
    backward: Mapping[int, tuple[Step, ...]]

    def compute_layers(self, lo: int, hi: int) -> tuple[Step, ...]:
        """Give `S` and `Z` of the layers lo + 1 to hi."""
        return self.forward[2 * lo : 2 * hi]


def list_equations(task: Task, derivative_from_Z: bool = False, lay: Layout = COLUMNS) -> Equations:
    """List the equations of a task in a layout."""
    return _list_equations(task.shape.narrowest, task.loss, task.at_kink, derivative_from_Z, lay)


# The equations of a few structures: turned layouts take 0.7 ms for 16 layers, and all schedules share them.
@lru_cache(maxsize=16)
def _list_equations(shape: Shape, loss: Loss, at_kink: float, derivative_from_Z: bool, lay: Layout) -> Equations:
    penalised = partial(penalise, loss=loss, net=shape, lay=lay)
    return Equations(
        tuple(lay.convert_steps(chain.from_iterable(forward_layer(*layer) for layer in shape.kinds))),
        tuple(penalised(lay.convert_steps((*loss.forward(shape.depth), *loss.backward(shape.depth))))),
        {
            layer[0]: tuple(penalised(lay.convert_steps(backward_layer(*layer, at_kink, derivative_from_Z))))
            for layer in shape.kinds
        },
    )


def carry_out(moves: Iterable[Move], equations: Equations) -> list[Step]:
    """List the equations that the moves carry out, in turn."""
    depth = len(equations.backward)
    steps: list[Step] = []
    for move in moves:
        steps += equations.compute_layers(move.lo, move.hi)
        if isinstance(move, Advance):
            continue
        if move.hi == depth:
            steps += equations.loss
        elif steps[-1].out not in equations.backward[move.hi][0].operands:
            steps.pop()  # Z_hi is read by layers that are done
        for layer in range(move.hi, move.lo, -1):
            delta, *rest = equations.backward[layer]
            steps.append(delta)
            if move.drop_activations and layer - 1 > move.lo:
                steps.append(equations.compute_layers(0, layer - 1)[-1])  # Z_{l-1}, for dL/dW_l
            steps += rest
    return steps
