"""Liveness of a list of steps: what is recomputed, what each step frees, and which matrices share a buffer.

Two sweeps over a plain list, as in a compiler: backward for what is still read later, forward for
the step in which each matrix is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress

from ..equations.steps import Step
from ..notation import Var


def mark_liveness(
    steps: Sequence[Step], recomputed: Sequence[bool] | None = None, read_after: Iterable[Var] = ()
) -> tuple[Step, ...]:
    """Mark recomputations and frees; leave out recomputations that nothing reads.

    A step frees the operands that no later step reads. What the list does not make (inputs,
    parameters) and what no step reads (gradients, the loss) is never freed.

    Args:
        steps: in the order they are carried out, with nothing marked.
        recomputed: whether each is a recomputation; by default, whether its matrix was made before.
        read_after: matrices that are still needed when the list is done.
    """
    numbers: dict[Var, int] = {}
    numbered: dict[int, tuple[int, list[int]]] = {}  # a step that is repeated is one object
    for step in steps:
        if id(step) not in numbered:
            operands = [numbers.setdefault(v, len(numbers)) for v in step.operands]
            numbered[id(step)] = numbers.setdefault(step.out, len(numbers)), operands
    outs = [numbered[id(step)][0] for step in steps]
    first_made = {out: n for n, out in reversed(list(enumerate(outs)))}
    needed = {numbers[v] for v in read_after}
    written: dict[tuple, Step] = {}
    marked = []
    for n in reversed(range(len(steps))):
        step, out, operands = steps[n], *numbered[id(steps[n])]
        recompute = recomputed[n] if recomputed is not None else first_made[out] < n
        if recompute and out not in needed:
            continue
        needed.discard(out)
        last_reads = tuple([v not in needed and first_made.get(v, n) < n for v in operands])
        needed.update(operands)
        key = id(step), recompute, last_reads
        if key not in written:
            frees = tuple(dict.fromkeys(compress(step.operands, last_reads)))
            phase = "backward" if recompute else step.phase
            written[key] = Step(step.out, step.op, step.operands, phase, recompute, frees)
        marked.append(written[key])
    return tuple(reversed(marked))


def find_lifetimes(steps: Sequence[Step]) -> list[tuple[int, int, int | None]]:
    """Find when the result of each step is alive, and where it is stored.

    Returns:
        For each step: the step that frees its result, the last one where none does; the last step in which its buffer
        is its own, as a result that overwrites it may be made while it is freed; and the step whose result is in
        that buffer first, None where it takes no bytes, as a view of an input and an updated parameter that overwrites
        the old one.
    """
    freed = [len(steps) - 1] * len(steps)
    until = freed.copy()
    buffer: list[int | None] = list(range(len(steps)))
    made: dict[Var, int] = {}
    for n, step in enumerate(steps):
        for var in step.frees:
            source = made.get(var)
            if source is not None:
                freed[source] = until[source] = n
        overwritten = step.takes if step.frees else None
        if step.op.examples is not None:
            buffer[n] = None
        elif overwritten is not None:
            source = made.get(overwritten)
            buffer[n] = None if source is None else buffer[source]
            if source is not None:
                until[source] = n - 1
        made[step.out] = n
    return list(zip(freed, until, buffer, strict=True))


def find_operands_in_place_of_temporaries(step: Step) -> dict[int, Var]:
    """Map temporaries of a kernel to the operands that serve in their place, because the step frees them."""
    serving = step.op.kernel.operands_as_temporaries if step.op.kernel else {}
    return {k: step.operands[n] for k, n in serving.items() if step.operands[n] in step.frees}
