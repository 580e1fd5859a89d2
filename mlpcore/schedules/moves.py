"""What a policy is made of, moves along the chain of layers, and how they become a list of steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..losses import Loss
from ..network import Shape
from ..notation import Var
from ..passes import backward, forward
from ..steps import Step

#: What a pass is for: never freed.
RESULTS = ("dW", "db", "loss")


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


def played(moves: Iterable[Move], task: Task, slope_from_Z: bool = False) -> list[Step]:
    """Moves as steps; what is made a second time is a recomputation."""
    depth = task.shape.depth
    ahead = forward(task.shape)
    back = {layer: [] for layer in task.shape.layers}
    for step in backward(task.shape, task.at_kink, slope_from_Z=slope_from_Z):
        # dL/dZ_{l-1} is the last step of layer l.
        back[step.out.layer + (step.out.kind == "dZ")].append(step)
    steps: list[Step] = []
    made: set[Var] = set()

    def put(step: Step) -> None:
        again = step.out in made
        made.add(step.out)
        steps.append(Step(step.out, step.op, step.operands, "backward", recompute=True) if again else step)

    for move in moves:
        computed = ahead[2 * move.lo : 2 * move.hi]
        if isinstance(move, Reverse) and move.hi < depth:
            computed.pop()  # Z_hi is read by layers that are done
        for step in computed:
            put(step)
        if isinstance(move, Advance):
            continue
        if move.hi == depth:
            for step in (*task.loss.forward(depth), *task.loss.backward(depth)):
                put(step)
        for layer in range(move.hi, move.lo, -1):
            for step in back[layer]:
                if move.again and step.out.kind == "dW" and layer - 1 > move.lo:
                    put(ahead[2 * (layer - 1) - 1])
                put(step)
    return steps


def with_frees(steps: list[Step], read_after: Iterable[Var] = ()) -> list[Step]:
    """Each step with what no later step reads; what would be computed again for nothing is left out.

    Read backwards: liveness ends at a definition.

    Args:
        read_after: what is read after the list.
    """
    made = {step.out for step in steps}
    needed: set[Var] = set(read_after)
    planned = []
    for step in reversed(steps):
        if step.recompute and step.out not in needed:
            continue  # the S of an identity: its slope reads nothing
        needed.discard(step.out)
        last = [v for v in step.operands if v in made and v not in needed and not is_result(v)]
        needed.update(step.operands)
        frees = tuple(dict.fromkeys(last))
        # Written out: `replace` would take most of the time here.
        planned.append(Step(step.out, step.op, step.operands, step.phase, step.recompute, frees))
    return planned[::-1]


def is_result(var: Var) -> bool:
    """Whether a matrix is what the pass is for; the gradient of a block alone is not."""
    return var.kind in RESULTS and var.examples is None
