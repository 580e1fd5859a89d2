"""Blocks of the batch: the whole pass over some examples at a time, the gradients added up.

No layer of a dense network couples examples, so this saves memory without computing anything
twice. The loss is a sum over examples; its constant is that of the whole batch.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from .. import kernels
from ..notation import Var, Y, Z
from ..steps import Op, Step
from .moves import Move, Task, played

Block = tuple[int, int]

ADD = {
    letters: Op(
        "add",
        f"{letters},{letters}->{letters}",
        lambda x, y: x + y,
        lambda x, y: f"{x} + {y}",
        "{0} + {1}",
        kernel=kernels.ADD,
    )
    for letters in ("ij", "i", "")
}
_LETTERS = {"dW": "ij", "db": "i", "loss": ""}


@cache
def take(first: int, stop: int) -> Op:
    """The examples `first` to `stop` of a matrix: its columns, not copied."""
    return Op(
        "take examples",
        "jn->jn",
        lambda X: X[..., first:stop],
        lambda X: rf"\text{{examples }} {first + 1}:{stop} \text{{ of }} {X}",
        "{0}",
        examples=(first, stop),
    )


def in_blocks(moves: list[Move], task: Task, size: int, slope_from_Z: bool = False) -> list[Step]:
    """The moves of a schedule, one block of `size` examples after the other.

    A matrix of a block is named by its examples, and so is a sum: `dL/dW_1` of examples 1 to 8 is
    that of 1 to 4 plus that of 5 to 8. The sum over all examples has the plain name.
    """
    N = task.examples
    if size >= N:
        return played(moves, task, slope_from_Z)
    # The same steps for every block: they do not say how many examples there are.
    inner = played(moves, replace(task, N=size, loss=replace(task.loss, whole=N)), slope_from_Z)
    read = {v for step in inner for v in step.operands}
    steps = []
    for first in range(0, N, size):
        stop = min(first + size, N)
        steps += [Step(v.of_examples((first, stop)), take(first, stop), (v,)) for v in (Z(0), Y) if v in read]
        for step in inner:
            steps += _of_block(step, (first, stop), N)
    return steps


def _of_block(step: Step, block: Block, N: int) -> list[Step]:
    out = step.out.of_examples(block)
    operands = tuple(v.of_examples(block) for v in step.operands)
    here = Step(out, step.op, operands, step.phase, step.recompute, step.frees)
    first, stop = block
    if step.out.kind not in _LETTERS or not first:
        return [here]
    add = ADD[_LETTERS[step.out.kind]]
    return [here, Step(_sum(step.out, stop, N), add, (_sum(step.out, first, N), out), step.phase)]


def _sum(var: Var, stop: int, N: int) -> Var:
    """The sum over the first `stop` examples."""
    return var.of_examples(None if stop == N else (0, stop))
