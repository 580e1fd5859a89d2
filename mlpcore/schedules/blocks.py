"""Blocks of the batch: the whole pass over some examples at a time, the gradients added up.

No layer of a dense network couples examples, so this saves memory without computing anything
twice. The loss is a sum over examples; its constant is that of the whole batch.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache, partial

from ..equations import kernels
from ..equations.steps import Op, Step
from ..memory.listing import Listing, listed
from ..memory.reading import COLUMNS, Equations
from ..notation import Var, Y, Z
from ..passes.layouts import Layout
from .moves import Move, Task, chain, played

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


def in_blocks(
    moves: list[Move], task: Task, size: int, derivative_from_Z: bool = False, lay: Layout = COLUMNS
) -> Listing:
    """The moves of a schedule, one block of `size` examples after the other.

    A matrix of a block is named by its examples, and so is a sum: `dL/dW_1` of examples 1 to 8 is
    that of 1 to 4 plus that of 5 to 8. The sum over all examples has the plain name.
    """
    N = task.examples
    if size >= N:
        whole = chain(task, derivative_from_Z, lay)
        return listed(whole.equations, played(moves, whole))
    # The same steps for every block: they do not say how many examples there are.
    inner = chain(replace(task, N=size, loss=replace(task.loss, whole=N)), derivative_from_Z, lay)
    order, count = played(moves, inner), len(inner.equations.made)
    gradients = {n: step for n, step in enumerate(inner.equations.steps) if step.out.kind in _LETTERS}
    number = partial(_number, size)
    parts: list[Equations] = []
    orders: list[int] = []
    begun = 0
    for first in range(0, N, size):
        block = first, min(first + size, N)
        taken = [Step(v.of_examples(block), take(*block), (v,)) for v in (Z(0), Y)]
        sums = [_sum(step.out, step.phase, block, size, N, lay) for step in gradients.values()] if first else []
        parts += [
            inner.equations.of_examples(block, number(block)),
            Equations.read(lay.convert_steps(taken), task.shape.depth, lay, number),
            *sums,
        ]
        then = {n: begun + count + len(taken) + k for k, n in enumerate(gradients)} if first else {}
        orders += range(begun + count, begun + count + len(taken))
        for n in order:
            orders += (begun + n, then[n]) if n in then else (begun + n,)
        begun += count + len(taken) + len(sums)
    return listed(Equations.joined(parts), orders)


# Read once for all networks, as the layers are.
@lru_cache(maxsize=1024)
def _sum(var: Var, phase: str, block: Block, size: int, N: int, lay: Layout) -> Equations:
    """A gradient, or the loss, over the examples up to the end of a block: what it was before, and is in the block."""
    first, stop = block
    operands = var.of_examples((0, first)), var.of_examples(block)
    up_to = var.of_examples(None if stop == N else (0, stop))
    step = Step(up_to, ADD[_LETTERS[var.kind]], operands, phase)
    return Equations.read(lay.convert_steps([step]), var.layer or 0, lay, partial(_number, size))


def _number(size: int, block: Block) -> int:
    """The blocks are 1, 3, 5, ..., and what is summed up to the end of the second and later ones 2, 4, ..."""
    first, stop = block
    return 1 + 2 * (first // size) if first or stop <= size else 2 * ((stop - 1) // size)
