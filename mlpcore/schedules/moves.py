"""What a policy is made of, moves along the chain of layers, and how they become a list of steps."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise

from ..equations.steps import Step
from ..losses import Loss
from ..memory.reading import COLUMNS, Equations
from ..network import Shape
from ..passes.layers import backward_layer, forward_layer
from ..passes.layouts import Layout


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
        again: the activations are dropped all the same and computed again, each from its S, just
            before the step that reads it (exercise 4).
    """

    lo: int
    hi: int
    again: bool = True


#: What is done in turn. The last layer is always reversed first, the first layer last.
Move = Advance | Reverse


@dataclass(frozen=True, eq=False)
class Chain:
    """The equations of a pass by number: `S` and `Z` of each layer, the loss, and the layers back.

    Attributes:
        middle: the numbers of those of the loss, there and back.
        back: layer -> the numbers of those of its backward pass.
    """

    equations: Equations
    middle: range
    back: Mapping[int, range]

    def ahead(self, lo: int, hi: int) -> range:
        """The numbers of `S` and `Z` of the layers lo + 1 to hi."""
        return range(2 * lo, 2 * hi)


def chain(task: Task, derivative_from_Z: bool = False, lay: Layout = COLUMNS) -> Chain:
    """The equations of a task in a layout."""
    return _chain(task.shape.narrowest, task.loss, task.at_kink, derivative_from_Z, lay)


# A few: a page that compares policies takes most of them from one chain.
@lru_cache(maxsize=16)
def _chain(shape: Shape, loss: Loss, at_kink: float, derivative_from_Z: bool, lay: Layout) -> Chain:
    kinds = list(zip(shape.layers, shape.activations, shape.biases, strict=True))
    parts = [_part(lay, kind[0], forward_layer, *kind) for kind in kinds]
    parts.append(_part(lay, shape.depth, around, loss, shape.depth))
    parts += [_part(lay, kind[0], backward_layer, *kind, at_kink, derivative_from_Z) for kind in reversed(kinds)]
    ends = accumulate((len(part.made) for part in parts), initial=0)
    ranges = [range(*pair) for pair in pairwise(ends)]
    back = dict(zip(reversed(shape.layers), ranges[shape.depth + 1 :], strict=True))
    return Chain(Equations.joined(parts), ranges[shape.depth], back)


def around(loss: Loss, depth: int) -> tuple[Step, ...]:
    """The steps of a loss, there and back."""
    return *loss.forward(depth), *loss.backward(depth)


# Read once for all networks: a layer is the same in each.
@lru_cache(maxsize=512)
def _part(lay: Layout, depth: int, make: Callable[..., tuple[Step, ...]], *what: Hashable) -> Equations:
    """What `make` makes of `what` in a network of this depth, read."""
    return Equations.read(lay.convert_steps(make(*what)), depth, lay)


def played(moves: Iterable[Move], along: Chain) -> list[int]:
    """Moves as the numbers of the equations they carry out."""
    depth = len(along.back)
    order: list[int] = []
    for move in moves:
        order += along.ahead(move.lo, move.hi)
        if isinstance(move, Advance):
            continue
        if move.hi < depth:
            order.pop()  # Z_hi is read by layers that are done
        else:
            order += along.middle
        for layer in range(move.hi, move.lo, -1):
            delta, *rest = along.back[layer]
            order.append(delta)
            if move.again and layer - 1 > move.lo:
                order.append(along.ahead(0, layer - 1)[-1])  # Z_{l-1}, for dL/dW_l
            order += rest
    return order
