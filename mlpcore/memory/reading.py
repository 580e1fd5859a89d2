"""Equations read as numbers: which matrices each makes and reads, and along which axes it runs.

A row of whole numbers for each equation, read off once. Layers are alike whatever the network they stand
in, so the rows of a network are those of its layers put together. What is done in which order is said by
a `Listing`, what it costs by an `Outline`: both are sums over these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..equations.steps import Step
from ..network import Shape, shape_of
from ..notation import KINDS, Var
from ..passes.layouts import LAYOUTS, Layout

Array = np.ndarray

COLUMNS = LAYOUTS["columns"]

#: What a pass is for: no step of it reads them, so they stay.
RESULTS = ("dW", "db", "loss")

#: What bytes are spent on, apart from parameters and inputs, which no schedule changes.
CATEGORIES = ("cached", "workspace", "gradients", "scratch")
CACHED, WORKSPACE, GRADIENTS, SCRATCH = range(len(CATEGORIES))

#: An equation has so many operands at most.
MOST = 4
#: A number in the list of extents: 0 is one, 1 the examples of the batch, then d_0 to d_L; those of a block of
#: examples from the end, by the number of the block.
Extent = int
#: A block of examples -> its number, from 1; what is of all examples has 0.
Index = Callable[[tuple[int, int]], int]

_BATCH = 1
#: The number of a matrix: its kind, its layer, whether it is that after the update, its block, each above the last.
_LAYER, _NEW, _BLOCK = 1 << 6, 1 << 20, 1 << 21
_KINDS = {kind: n for n, kind in enumerate(KINDS)}
#: The kinds of which each block has a matrix of its own.
_BY_EXAMPLE = np.array([Var(kind).of_examples((0, 1)).examples is not None for kind in KINDS])

#: The columns of a row: the matrices by number, and the extents of what is made and of the product of two matrices.
_MADE, _READS, _SIZE, _PRODUCT, _OVER = 0, slice(1, 5), slice(5, 7), slice(7, 10), slice(10, 14)
#: Whether the result is a part of what is there; belongs to the forward pass; to the backward one; is what the
#: pass is for.
VIEW, AHEAD, BEHIND, RESULT = range(14, 18)


class Piece(NamedTuple):
    """A temporary of an equation: what its kernel works with on the side.

    Attributes:
        cells: the kernel's own function of how far each of `letters` runs, which are these extents.
        serves: the operand that serves in its place where the step frees it, or -1.
    """

    cells: Callable
    letters: tuple[str, ...]
    extents: tuple[Extent, ...]
    serves: int


class Equations:
    """Equations by number. Two of these are the same only if they are one object.

    Attributes:
        pieces: the temporaries of each, and the number of the block that they belong to, or 0.
        blocks: the blocks of examples in it, by number.
    """

    def __init__(
        self,
        write: Callable[[], Iterable[Step]],
        rows: Array,
        pieces: Sequence[tuple[tuple[Piece, ...], int]],
        blocks: dict[int, tuple[int, int]],
    ) -> None:
        self._write, self.rows, self.pieces, self.blocks = write, rows, pieces, blocks

    @classmethod
    def read(cls, steps: Iterable[Step], depth: int, lay: Layout = COLUMNS, index: Index | None = None) -> Equations:
        """Read steps of a network of this depth that lie like this.

        Args:
            index: the numbers of blocks, where rows are put together; by default as they come.

        Raises:
            ValueError: there are too many layers to be numbered.
        """
        if depth >= _NEW // _LAYER:
            raise ValueError(f"networks of less than {_NEW // _LAYER:,} layers are counted, not of {depth:,}")
        blocks: dict[int, tuple[int, int]] = {}
        known: dict[tuple[int, int], int] = {}

        def number(examples: tuple[int, int] | None) -> int:
            if examples is None:
                return 0
            n = index(examples) if index else known.setdefault(examples, len(known) + 1)
            blocks[n] = examples
            return n

        steps = tuple(steps)
        read = [_read(step, depth, lay, number) for step in steps]
        return cls(lambda: steps, np.array([row for row, _ in read]), [(pieces, 0) for _, pieces in read], blocks)

    @classmethod
    def joined(cls, parts: Sequence[Equations]) -> Equations:
        """One after the other."""
        return cls(
            lambda: (step for part in parts for step in part.steps),
            np.concatenate([part.rows for part in parts]),
            [pieces for part in parts for pieces in part.pieces],
            {n: block for part in parts for n, block in part.blocks.items()},
        )

    def of_examples(self, block: tuple[int, int], number: int) -> Equations:
        """The same for a block of the batch: as if the steps were read of which each matrix is `Var.of_examples`."""

        def write() -> Iterator[Step]:
            for step in self.steps:
                operands = tuple(v.of_examples(block) for v in step.operands)
                yield Step(step.out.of_examples(block), step.op, operands, step.phase)

        rows = self.rows.copy()
        names, extents = rows[:, : _SIZE.start], rows[:, _SIZE.start : _PRODUCT.stop]
        there = names >= 0
        names[there] += _BLOCK * number * _BY_EXAMPLE[names[there] % _LAYER]
        extents[extents == _BATCH] = -number
        return Equations(write, rows, [(pieces, number) for pieces, _ in self.pieces], {number: block})

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The equations, as steps that free nothing: written out where somebody reads them."""
        return tuple(self._write())

    @property
    def made(self) -> Array:
        """The matrix that each makes, shape (equations,)."""
        return self.rows[:, _MADE]

    @property
    def reads(self) -> Array:
        """The matrices that each reads, shape (equations, MOST); -1 where there are fewer."""
        return self.rows[:, _READS]

    @property
    def over(self) -> Array:
        """Whether the result may lie where an operand lies, shape (equations, MOST)."""
        return self.rows[:, _OVER] == 1

    def flag(self, column: int) -> Array:
        """Whether `VIEW`, `AHEAD`, `BEHIND` or `RESULT` is said of each."""
        return self.rows[:, column] == 1

    @cached_property
    def sizes(self) -> Sizes:
        return Sizes(self)


def _read(step: Step, depth: int, lay: Layout, number: Callable) -> tuple[list[int], tuple[Piece, ...]]:
    def named(var: Var) -> int:
        return _BLOCK * number(var.examples) + _NEW * var.new + _LAYER * (var.layer or 0) + _KINDS[var.kind]

    def laid(var: Var) -> tuple[Extent, ...]:
        # The shape of a matrix whose layers are as wide as their number is the list of its extents.
        at = shape_of(var, range(2, depth + 3), 1)
        if var.examples is not None:
            at = tuple(-number(var.examples) if axis == "example" else x for axis, x in zip(var.axes, at, strict=True))
        return at[::-1] if lay.transposes(var) else at

    op, out = step.op, laid(step.out)
    temporaries = op.kernel.temporaries if op.kernel else ()
    letters: dict[str, Extent] = {}
    if op.is_product or temporaries:
        for names, var in zip(op.reads, step.operands, strict=True):
            letters |= zip(names, laid(var), strict=True)
        letters |= zip(op.makes, out, strict=True)
    over = op.over
    row = [
        named(step.out),
        *map(named, step.operands), *[-1] * (MOST - len(step.operands)),
        *out, *[0] * (2 - len(out)),
        *(letters.values() if op.is_product else (0, 0, 0)),
        *(n in over for n in range(MOST)),
        op.examples is not None,
        step.phase in ("forward", "loss"),
        step.phase == "backward",
        step.out.kind in RESULTS,
    ]  # fmt: skip
    names, extents = tuple(letters), tuple(letters.values())
    return row, tuple(Piece(f, names, extents, op.kernel.spends.get(k, -1)) for k, f in enumerate(temporaries))


class Cells(NamedTuple):
    """Sizes that are filled in.

    Attributes:
        sizes: the cells of what each equation makes, then those of each piece, then 0.
        written: for each equation the cells that it writes cell by cell, 0 for a product.
        flops: for each equation the operations of its product, a multiplication and an addition a term.
    """

    sizes: Array
    written: Array
    flops: Array


class Sizes:
    """What is left of equations to be filled in: which extents to multiply.

    Attributes:
        blocks: as in `Equations`.
        first: the number of the first piece of each equation; `serves` as in `Piece`.
    """

    def __init__(self, equations: Equations) -> None:
        rows = equations.rows
        self.blocks = equations.blocks
        self._made, self._product = rows[:, _SIZE].astype(np.int32), rows[:, _PRODUCT].astype(np.int32)
        self._pieces = [(piece, block) for pieces, block in equations.pieces for piece in pieces]
        self.first = np.cumsum([0, *(len(pieces) for pieces, _ in equations.pieces)])
        self.serves = np.array([piece.serves for piece, _ in self._pieces], np.int8)

    def extents(self, shape: Shape, N: int, edges: Mapping[int, int] | None = None) -> tuple[int, ...]:
        """How long each extent is.

        Args:
            edges: where a block begins or ends in truth, for each number at which one does in the steps.
        """
        at = edges or {}
        blocks = {n: at.get(stop, stop) - at.get(first, first) for n, (first, stop) in self.blocks.items()}
        return 1, N, *shape.widths, *(blocks.get(n, 1) for n in range(max(blocks, default=0), 0, -1))

    def cells(self, extents: tuple[int, ...]) -> Cells:
        """How many there are of what, where the extents are so long."""
        # Whole numbers of any length where 64 bits might not do for the sum over many steps.
        of = np.array(extents, np.int64 if max(extents) < 2**12 else object)
        known: dict[tuple, int] = {}
        pieces = []
        for (f, letters, at, _), block in self._pieces:
            long = tuple([extents[-block if block and e == _BATCH else e] for e in at])
            what = f, letters, long
            if what not in known:
                known[what] = f(dict(zip(letters, long, strict=True)))
            pieces.append(known[what])
        made = of[self._made].prod(axis=1)
        counted = [*made.tolist(), *pieces, 0]
        product = self._product[:, 0] != 0
        return Cells(
            np.array(counted, np.int64 if max(counted) < 2**36 else object),
            np.where(product, 0, made),
            2 * product * of[self._product].prod(axis=1),
        )
