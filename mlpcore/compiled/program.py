"""A list of steps compiled once: every matrix in its place in one arena, every equation as calls.

Where each matrix lies is found from the lives alone (`mlpcore.compiled.arena`), without arrays, so the arena
is as large as the counted peak says. A run is a loop over calls; nothing is allocated in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from ..equations.kernels import CHUNK, Call, Kernel, aligned, from_a_line, in_pieces, whole
from ..equations.steps import Step
from ..memory.cost import COLUMNS, Count, count, laid
from ..memory.liveness import find_operands_in_place_of_temporaries as spent
from ..network import Shape
from ..notation import Var
from ..passes.layouts import Layout
from .arena import placed

Array = np.ndarray

#: So many calls are written out one after the other; Python takes 20 ns less a call than in a loop.
FEW = 100
#: Items that NumPy takes on the side where a call broadcasts; by itself it takes 8192.
BUFFER = 128


class Program:
    """A list of steps bound to its inputs, ready to run again and again.

    Attributes:
        count: what was counted before anything was allocated.
        arena: all that the steps make, in one array of bytes.
        values: every input and every result that is alive at the end, by name. What an update writes
            over is a copy; what was given is never written to.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        values: Mapping[Var, Array],
        shape: Shape,
        N: int,
        lay: Layout = COLUMNS,
        arena: Array | None = None,
    ) -> None:
        """Compile `steps` for inputs of these shapes; both are laid out like `lay`.

        Args:
            arena: bytes to work in, for programs that take turns and do not need each other's results.

        Raises:
            KeyError: an input is missing.
        """
        self.count: Count = count(steps, shape, N, lay)
        offsets, size, self._parts = placed(self.count.places)
        self.arena = aligned(size) if arena is None else from_a_line(arena)[:size]
        self._dtype = np.dtype(shape.dtype)
        self.values = {v: np.asarray(x, self._dtype) for v, x in values.items()}
        self._own([v for step in steps for v in (step.takes, *spent(step).values()) if v in values])
        self._calls: list[Call] = []
        self._products: list[Call] = []
        self._pending: _Flat | None = None
        at: dict[tuple[Var | None, int], list[tuple[int, int]]] = {}  # offset and cells of each life
        for life in self.count.lives:
            at.setdefault((life.var, life.made), []).append((offsets[life.place], life.bytes // shape.itemsize))
        for n, step in enumerate(steps):
            self._add(step, n, at, lambda var: laid(var, shape, N, lay))
        self._emit()
        self._run = _repeated(self._calls)

    def run(self, times: int = 1) -> Mapping[Var, Array]:
        """Carry out the steps, so many times; the results lie in the arena until the next run.

        Returns:
            `values`.
        """
        self._run(times)
        return self.values

    def products(self, function: Callable | None = None) -> Callable[[int], None]:
        """The products of two matrices alone, on whatever lies there, so many times: the limit of `run`.

        Args:
            function: `np.matmul` or `np.dot`, in place of the calls that `run` makes.
        """
        calls = self._products
        if function:
            calls = [(function, (f.__self__, *x) if f is not np.matmul else x) for f, x in calls]
        return _repeated(calls)

    def _own(self, taken: Sequence[Var]) -> None:
        """Copies of the parameters that an update takes the place of, side by side."""
        block = aligned(sum(self.values[v].nbytes for v in taken)).view(self._dtype)
        low = 0
        for v in taken:
            given = self.values[v]
            self.values[v] = block[low : low + given.size].reshape(given.shape)
            self.values[v][...] = given
            low += given.size

    def _add(self, step: Step, n: int, at: Mapping, shape_of: Callable) -> None:
        operands = [self.values[v] for v in step.operands]
        if step.op.examples:  # a view, made once and for all
            self.values[step.out] = step.op(*operands)
            return
        taken = self.values.get(step.takes)
        out = self._view(at[step.out, n][0][0], shape_of(step.out)) if taken is None else taken
        kernel = step.op.kernel
        parts = self._parts if kernel is not None and kernel.cellwise else 1
        given = [self._view(low, (-(-cells // parts),)) for low, cells in at.get((None, n), ())]
        if kernel is None or not kernel.cellwise:
            self._emit()
            calls = whole(step.op, kernel, out, operands, given)
            self._calls += calls
            self._products += calls[:1] if self.count.flops[n] else []
        elif not (kernel.copies and step.takes is not None):
            served, flat = spent(step), out.reshape(-1)
            aside = [None if k in served else t for k, t in enumerate(given)]
            operands = [flat if x is out else x.reshape(-1) if x.ndim else x for x in operands]
            self._join(_Flat(kernel, flat, operands, aside, max(1, min(CHUNK, flat.size) // parts)))
        for var in step.frees:
            self.values.pop(var, None)
        self.values[step.out] = out

    def _join(self, flat: _Flat) -> None:
        joined = self._pending and self._pending.joined(flat)
        if not joined:
            self._emit()
        self._pending = joined or flat

    def _emit(self) -> None:
        if self._pending:
            self._calls += in_pieces(*self._pending)
        self._pending = None

    def _view(self, offset: int, shape: tuple[int, ...]) -> Array:
        stop = offset + self._dtype.itemsize * int(np.prod(shape))
        return self.arena[offset:stop].view(self._dtype).reshape(shape)


class _Flat(NamedTuple):
    """A cell by cell equation on flat matrices and single numbers."""

    kernel: Kernel
    out: Array
    operands: list[Array]
    temporaries: list[Array | None]
    at_once: int

    def joined(self, after: _Flat) -> _Flat | None:
        """This equation and the next one as one, where they are of one kind and their matrices lie
        side by side: so are the updates of small networks."""
        if self.kernel is not after.kernel or self.out.size + after.out.size > CHUNK:
            return None
        pairs = [(self.out, after.out), *zip(self.operands, after.operands, strict=True)]
        if not all(_beside(x, y) if x.ndim else x is y for x, y in pairs):
            return None
        out = _both(self.out, after.out)
        operands = [out if x is self.out else _both(x, y) if x.ndim else x for x, y in pairs[1:]]
        larger = max(self, after, key=lambda f: f.at_once)
        at_once = larger.at_once if any(t is not None for t in larger.temporaries) else CHUNK
        return larger._replace(out=out, operands=operands, at_once=at_once)


def _beside(x: Array, y: Array) -> bool:
    return y.ndim == 1 and x.ctypes.data + x.nbytes == y.ctypes.data


def _both(x: Array, y: Array) -> Array:
    return np.lib.stride_tricks.as_strided(x, (x.size + y.size,))


def _repeated(calls: Sequence[Call]) -> Callable[[int], None]:
    """All calls in turn, so many times."""
    carry_out = _written_out(calls) if len(calls) <= FEW else partial(_in_a_loop, calls)

    def run(times: int) -> None:
        with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
            np.setbufsize(BUFFER)  # until the end of the block, as the rest of what errstate holds
            carry_out(times)

    return run


def _in_a_loop(calls: Sequence[Call], times: int) -> None:
    for _ in range(times):
        for function, arguments in calls:
            function(*arguments)


def _written_out(calls: Sequence[Call]) -> Callable[[int], None]:
    """The calls as lines of a function, each function and argument a name in it: there is no text of
    anybody's in the lines."""
    values = [x for function, arguments in calls for x in (function, *arguments)]
    names = iter(range(len(values)))
    lines = [f"   x{next(names)}({', '.join(f'x{next(names)}' for _ in arguments)})" for _, arguments in calls]
    text = [f"def bound({', '.join(f'x{n}' for n in range(len(values)))}):", " def run(times):"]
    scope: dict[str, Callable] = {}
    exec("\n".join([*text, "  for _ in range(times):", *(lines or ["   pass"]), " return run"]), scope)
    return scope["bound"](*values)
