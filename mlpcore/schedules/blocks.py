"""Blocks of the batch: the whole pass over some examples at a time, the gradients added up.

No layer of a dense network couples examples, so this saves memory without computing anything
twice. The loss is a sum over examples; its constant is that of the whole batch.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache

from ..equations import kernels
from ..equations.steps import Op, Step, op_factory
from ..notation import Var, Y, Z
from ..passes.layouts import Layout
from ..passes.penalties import penalise
from .moves import Move, Task, carry_out, list_equations

Block = tuple[int, int]


@op_factory
def add_matrices(letters: str) -> Op:
    """Give the equation that adds what has these axes."""
    return Op(
        "add",
        f"{letters},{letters}->{letters}",
        lambda x, y: x + y,
        lambda x, y: f"{x} + {y}",
        "{0} + {1}",
        kernel=kernels.ADD,
    )


_LETTERS = {"dW": "ij", "db": "i", "loss": ""}


# The equations of a few thousand blocks: a step that is repeated stays one object.
@lru_cache(maxsize=4096)
def take_examples(first: int, stop: int) -> Op:
    """Give the equation for the examples `first` to `stop` of a matrix: its columns, not copied."""
    return Op(
        "take examples",
        "jn->jn",
        lambda X: X[..., first:stop],
        lambda X: rf"\text{{examples }} {first + 1}:{stop} \text{{ of }} {X}",
        "{0}",
        examples=(first, stop),
    ).made_by(take_examples, first, stop)


def list_blocks(moves: list[Move], task: Task, size: int, derivative_from_Z: bool, lay: Layout) -> list[Step]:
    """List the steps of the moves, one block of `size` examples after the other.

    A matrix of a block is named by its examples, and so is a sum: `dL/dW_1` of examples 1 to 8 is
    that of 1 to 4 plus that of 5 to 8. The sum over all examples has the plain name.
    """
    N = task.examples
    if size >= N:
        return carry_out(moves, list_equations(task, derivative_from_Z, lay))
    # The same steps for every block: they do not say how many examples there are.
    # The penalty does not depend on examples: it is added once, to the sums.
    loss = replace(task.loss, whole=N, penalty=None)
    inner = carry_out(moves, list_equations(replace(task, loss=loss), derivative_from_Z, lay))
    given = (Z(0), Y, *task.shape.masks())
    steps: list[Step] = []
    for first in range(0, N, size):
        block = first, min(first + size, N)
        name_in_block = cache(lambda var, block=block: var.of_examples(block))
        steps += lay.convert_steps(Step(name_in_block(v), take_examples(*block), (v,)) for v in given)
        named: dict[int, Step] = {}  # a step that is repeated stays one object
        for step in inner:
            if id(step) not in named:
                operands = tuple(map(name_in_block, step.operands))
                named[id(step)] = Step(name_in_block(step.out), step.op, operands, step.phase)
            steps.append(named[id(step)])
            if first and step.out.kind in _LETTERS:
                steps += lay.convert_steps([_add_block(step.out, step.phase, block, N)])
    return penalise(steps, task.loss, task.shape, lay)


def _add_block(var: Var, phase: str, block: Block, N: int) -> Step:
    """Add a gradient, or the loss, of a block to the sum over the examples before it."""
    first, stop = block
    operands = var.of_examples((0, first)), var.of_examples(block)
    return Step(var.of_examples(None if stop == N else (0, stop)), add_matrices(_LETTERS[var.kind]), operands, phase)
