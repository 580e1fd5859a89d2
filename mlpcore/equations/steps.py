"""A pass is a list of equations, and everything the user sees is a reading of that list.

A `Step` says `out = op(*operands)`. Its `Op` carries the readings: the arithmetic, the
notation, the formula of a single cell, and the dependency as einsum subscripts. The
dependency is declared, never computed with; `tests/test_provenance.py` holds it to the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, wraps
from typing import Any, Self

import numpy as np

from ..notation import Var
from ..registry import name_constant
from .exact import ExactZeros
from .kernels import Kernel

Array = np.ndarray

#: One axis of a block of cells: a single position, or all of them.
Axis = int | slice
#: A block of cells of one matrix, usable as `values[var][index]`.
Index = tuple[Axis, ...]
ALL = slice(None)


@dataclass(frozen=True)
class View:
    """An operand seen through a function: `relu'(S_1)` where the formula needs the derivative.

    Attributes:
        name: the function, in plain text, as it stands in a cell formula.
        latex: LaTeX of the operand -> LaTeX of the view.
        arithmetic: operand -> the matrix that is shown in its place.
    """

    name: str
    latex: Callable[[str], str]
    arithmetic: Callable[[Array], Array]


def as_numbers(x: Any) -> Any:
    """Take a list, integers and truth values as float64; what is a float, or no array, stays as it is."""
    kind = x.dtype.kind if isinstance(x, (np.ndarray, np.generic)) else "i" if isinstance(x, (list, tuple, int)) else ""
    return np.asarray(x, dtype=np.float64) if kind and kind in "iub" else x


@dataclass(frozen=True, eq=False, repr=False)
class Op:
    """The right-hand side of an equation. Equal are those that are made alike.

    Attributes:
        name: a short name, unique among the equations.
        subscripts: the dependency, `"ij,jn,i->in"`; a letter of the result that an operand
            lacks is free: every result along it reads that operand.
        arithmetic: operands -> result. Every operand may carry leading axes, so that many
            perturbed passes run as one.
        notation: LaTeX of the operands -> LaTeX of the right-hand side.
        cell: the formula of one cell, in the small language of `mlpcore.equations.cells`.
        kink: operands -> a matrix that is constant where the operation is smooth: it changes at each kink, and on it.
        views: operand position -> the function the formula sees it through.
        examples: the block of examples, as (first, stop), that the result takes out of its operand:
            letter n of the result is n + first of the operand. None where letters mean the same.
        kernel: the arithmetic once more, into given buffers; None where there is only the arithmetic.
        exact: the arithmetic is sums and products, or linear in pieces, and takes fractions as well.
        largest_term: maxima of the operands -> how large a term of its sum can be, where terms may cancel.
        maker: a function and the arguments that make it; None for a constant of a module.
    """

    name: str
    subscripts: str
    arithmetic: Callable[..., Array]
    notation: Callable[..., str]
    cell: str
    kink: Callable[..., Array] | None = None
    views: Mapping[int, View] = field(default_factory=dict)
    examples: tuple[int, int] | None = None
    kernel: Kernel | None = None
    exact: bool = False
    largest_term: Callable[..., float] | None = None
    maker: tuple[Callable, tuple] | None = field(default=None, init=False)

    def __call__(self, *operands: Array) -> Array:
        return self.arithmetic(*map(as_numbers, operands))

    def made_by(self, make: Callable, *args: Any) -> Self:
        """Remember the function and the arguments that make it, and return it."""
        object.__setattr__(self, "maker", (make, args))
        return self

    @property
    def arguments(self) -> tuple:
        """What an `op_factory` made it from; nothing for any other operation."""
        make, given = self.maker or (None, ())
        return given[1] if make is _make_op else ()

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Op) and self.maker is not None and self.maker == other.maker)

    def __hash__(self) -> int:
        return hash((self.name, self.subscripts))

    def __reduce__(self) -> tuple[Callable, tuple]:
        return self.maker or name_constant(self)

    def __repr__(self) -> str:
        return f"Op({self.name!r}, {self.subscripts!r})"

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """The subscripts of each operand."""
        return tuple(self.subscripts.split("->")[0].split(","))

    @cached_property
    def makes(self) -> str:
        """The subscripts of the result."""
        return self.subscripts.split("->")[1]

    @cached_property
    def is_product(self) -> bool:
        """Tell whether it is a product of two matrices: they share one letter, and it is summed over."""
        if len(self.reads) < 2:
            return False
        shared = set(self.reads[0]) & set(self.reads[1])
        return len(shared) == 1 and len(set("".join(self.reads))) == 3 and not shared & set(self.makes)

    @property
    def over(self) -> tuple[int, ...]:
        """The operands whose place the result may take."""
        if self.kernel is not None:
            return self.kernel.overwritable
        return (0,) if self.makes and self.reads[0] == self.makes else ()


def op_factory(make: Callable[..., Op]) -> Callable[..., Op]:
    """Decorate what makes an `Op` from a constant or a few letters: one object for each."""

    @lru_cache(maxsize=64)
    @wraps(make)
    def remember(*args: Any, **named: Any) -> Op:
        return make(*args, **named).made_by(_make_op, remember, args, named)

    return remember


def _make_op(make: Callable[..., Op], args: tuple, named: dict) -> Op:
    return make(*args, **named)


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """One equation of a pass.

    Attributes:
        out, op, operands: `out = op(*operands)`.
        phase: forward, loss, backward, update or after (the loss after the step).
        recompute: this matrix was freed and is computed a second time.
        frees: what no later step reads, so that it may go.
    """

    out: Var
    op: Op
    operands: tuple[Var, ...]
    phase: str = "forward"
    recompute: bool = False
    frees: tuple[Var, ...] = ()

    @property
    def takes(self) -> Var | None:
        """The operand whose place the result takes: it is freed here, and read before it is overwritten.

        What was given, or is a view of it, is overwritten by the update alone.
        """
        freed = (v for k in self.op.over if (v := self.operands[k]) in self.frees)
        return next((v for v in freed if self.phase == "update" or v.role != "parameter"), None)

    @property
    def latex(self) -> str:
        return f"{self.out.latex} = {self.op.notation(*(v.latex for v in self.operands))}"

    def __repr__(self) -> str:
        return f"{self.out} = {self.op.name}({', '.join(map(repr, self.operands))})"

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex}$"


def evaluate(steps: Iterable[Step], values: Mapping[Var, Array], *, free: bool = False) -> dict[Var, Array]:
    """Carry out the steps in order; sums that are zero on the decimals entered are zero (see `equations.exact`).

    Args:
        values: what the steps start from; not changed.
        free: drop each matrix after the last step that reads it, as its schedule lists.

    Returns:
        Every matrix by name; with `free`, those that are still alive at the end.
    """
    values = dict(values)
    zeros = ExactZeros(values)
    # A finite input may overflow on the way; the infinity is shown as one, not warned about.
    with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
        for step in steps:
            result = step.op(*(values[v] for v in step.operands))
            values[step.out] = zeros.restore(step, result) if step.op.largest_term else result
            zeros.makers[step.out] = step
            if free:
                for var in step.frees:
                    values.pop(var, None)
    return values


def axis_sizes(op: Op, operands: Iterable[Array]) -> dict[str, int]:
    """Measure how far each letter of an equation's operands runs."""
    return {a: n for reads, x in zip(op.reads, operands, strict=True) for a, n in zip(reads, np.shape(x), strict=True)}


def bind(letters: str, index: Index, by: int = 0) -> dict[str, Axis]:
    """Pair each letter with its position; an example is moved `by` so many places."""
    return {a: i + by if a == "n" and not isinstance(i, slice) else i for a, i in zip(letters, index, strict=True)}


def _first(op: Op) -> int:
    return op.examples[0] if op.examples else 0


def _read(letters: str, bound: Mapping[str, Axis]) -> Index:
    return tuple(bound.get(letter, ALL) for letter in letters)


def provenance(step: Step, cell: Index) -> dict[Var, Index]:
    """Find the cells of each operand that a cell of the result reads.

    A letter the cell fixes is fixed in the operand, any other runs over its whole axis:
    cell (i, n) of `"ij,jn,i->in"` reads row i, column n and bias i.
    """
    bound = bind(step.op.makes, cell, _first(step.op))
    return {v: _read(letters, bound) for v, letters in zip(step.operands, step.op.reads, strict=True)}


def feeds(step: Step, position: int, cell: Index) -> Index:
    """Find the cells of the result that read a cell of operand number `position`."""
    return _read(step.op.makes, bind(step.op.reads[position], cell, -_first(step.op)))


def _outside(op: Op, position: int, cell: Index) -> bool:
    """Tell whether these cells of an operand are of examples that the step does not take."""
    n = bind(op.reads[position], cell).get("n", ALL)
    return op.examples is not None and not isinstance(n, slice) and not op.examples[0] <= n < op.examples[1]


def covers(a: Index, b: Index) -> bool:
    """Tell whether block a holds every cell of block b."""
    return all(x in (ALL, y) for x, y in zip(a, b, strict=True))


def influence(steps: Iterable[Step], var: Var, cell: Index) -> dict[Var, list[Index]]:
    """Find every cell further on that a cell of `var` feeds, through all the steps that follow.

    Returns:
        For each matrix that is reached, its blocks of cells, none inside another.
    """
    reached: dict[Var, list[Index]] = {var: [cell]}
    for step in steps:
        for position, operand in enumerate(step.operands):
            for block in reached.get(operand, ()):
                if _outside(step.op, position, block):
                    continue
                new = feeds(step, position, block)
                old = reached.setdefault(step.out, [])
                if not any(covers(o, new) for o in old):
                    old[:] = [o for o in old if not covers(new, o)] + [new]
    del reached[var]
    return reached
