"""A list of steps compiled once: every matrix at its offset in one arena, every equation as NumPy calls.

Offsets are found from lifetimes alone (`mlpcore.compiled.arena`), before anything is allocated. A run is
a loop over calls and allocates nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..equations.kernels import CHUNK, Call, Kernel, align, allocate_aligned, call_in_pieces, call_on_matrices
from ..equations.steps import Step
from ..losses import MSE, Loss
from ..memory.cost import Count, count, laid
from ..memory.liveness import find_operands_in_place_of_temporaries
from ..network import Batch, Network, Shape
from ..notation import Var
from ..notation import rate as RATE
from ..passes.conventions import WORKSHEET, Conventions
from ..passes.layers import update
from ..passes.layouts import Layout
from ..passes.training_step import initial_values, one_pass
from ..schedules import Schedule
from .arena import list_buffers, place_buffers

Array = np.ndarray

#: Items that NumPy buffers where a call broadcasts; its default of 8192 costs more than small matrices do.
BUFFER_ITEMS = 128
#: Bytes above the peak that an update may cost, so that gradients lie side by side: one equation for all of them.
SPARE = 256

_LOSS = MSE()


class Program:
    """A list of steps bound to its inputs, ready to run again and again.

    Attributes:
        count: bytes and FLOPs, counted before anything was allocated.
        arena: all that the steps make, in one array of bytes; at least `count.peak` of them.
        values: every input and every result that is alive at the end, by name.
        parameters: the inputs that the steps overwrite, as copies; what was given is never written to.
            Write into them to start over; they are views of `parameter_block`.
        parameter_block: all of them side by side in one flat array: one copy saves or restores the network.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        values: Mapping[Var, Array],
        shape: Shape,
        N: int,
        lay: Layout = WORKSHEET.lay,
        arena: Array | None = None,
    ) -> None:
        """Compile `steps` for these inputs, N examples; both are laid out like `lay`.

        Args:
            arena: bytes to work in, for programs that take turns and do not need each other's results; where
                they are too few, new ones are allocated.

        Raises:
            KeyError: an input is missing.
        """
        self.count: Count = count(steps, shape, N, lay)
        updated = any(step.phase == "update" for step in steps)
        offsets, size = place_buffers(list_buffers(self.count.lives), self.count.peak, SPARE if updated else 0)
        if arena is None or len(arena := align(arena)) < size:
            arena = allocate_aligned(size)
        self.arena = arena[:size]
        self._dtype = np.dtype(shape.dtype)
        self.values = {v: np.asarray(x, self._dtype) for v, x in values.items()}
        self.parameters = self._copy_overwritten(steps)
        self.values |= self.parameters
        self._calls: list[Call] = []
        self._before: list[Call] = []
        self._products: list[tuple[Any, tuple]] = []
        self._pending: _Cellwise | None = None
        buffers: dict[tuple[Var | None, int], list[Array]] = {}
        for life in self.count.lives:
            stop = offsets[life.place] + life.bytes
            buffer = self.arena[offsets[life.place] : stop].view(self._dtype)
            buffers.setdefault((life.var, life.made), []).append(buffer)
        for n, step in enumerate(steps):
            if step.op.examples is None:
                overwritten = None if step.takes is None else self.values.get(step.takes)
                buffer = (
                    buffers[step.out, n][0].reshape(laid(step.out, shape, N, lay))
                    if overwritten is None
                    else overwritten
                )
                self._add_step(step, buffer, buffers.get((None, n), []))
            else:
                self.values[step.out] = step.op(*(self.values[v] for v in step.operands))
        self._flush()

    def run(self, times: int = 1) -> Mapping[Var, Array]:
        """Carry out the steps, so many times; the results lie in the arena until the next run.

        Returns:
            `values`.
        """
        _carry_out(self._calls, times)
        return self.values

    @staticmethod
    @contextmanager
    def run_quietly() -> Iterator[None]:
        """Compute without warnings and in small buffers; entering costs as much as five equations of small matrices."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
            np.setbufsize(BUFFER_ITEMS)  # errstate restores it
            yield

    def run_once(self) -> None:
        """Carry out the steps within `run_quietly`, for a caller who does something between two runs."""
        for function, arguments in self._calls:
            function(*arguments)

    def products(self, function: Callable | None = None) -> Callable[[int], None]:
        """Give the matrix products alone, on whatever lies there: the limit of `run`.

        Args:
            function: `np.matmul` or `np.dot`, in place of the calls that `run` makes.

        Returns:
            A function that carries them out so many times.
        """
        calls = self._products
        if function:
            calls = [(function, x if f is np.matmul else (f.__self__, *x)) for f, x in calls]
        return lambda times: _carry_out(calls, times)

    def _copy_overwritten(self, steps: Sequence[Step]) -> dict[Var, Array]:
        """Copy the inputs that the steps overwrite side by side into `parameter_block`."""
        named = (v for step in steps for v in (step.takes, *find_operands_in_place_of_temporaries(step).values()))
        given = {v: self.values[v] for v in named if v in self.values}
        self.parameter_block = allocate_aligned(sum(x.nbytes for x in given.values())).view(self._dtype)
        copies = {}
        start = 0
        for v, x in given.items():
            copies[v] = self.parameter_block[start : start + x.size].reshape(x.shape)
            copies[v][...] = x
            start += x.size
        return copies

    def _add_step(self, step: Step, out: Array, temporaries: list[Array]) -> None:
        """Add the calls of one step, or join them to those of the step before."""
        operands = [self.values[v] for v in step.operands]
        kernel = step.op.kernel
        if kernel is None or not kernel.cellwise:
            self._flush()
            calls = call_on_matrices(step.op, kernel, out, operands, temporaries)
            self._products += calls[:1] if step.op.is_product else []
            self._calls += _reuse_first_result(self._before, calls)
            self._before = calls
        elif not (kernel.is_copy and step.takes is not None):
            flat = out.reshape(-1)
            operands = [flat if x is out else x.reshape(-1) if x.ndim else x for x in operands]
            spared = find_operands_in_place_of_temporaries(step)
            aside = [None if k in spared else t for k, t in enumerate(temporaries)]
            equation = _Cellwise(kernel, flat, operands, aside)
            joined = self._pending and self._pending.join(equation)
            if not joined:
                self._flush()
            self._pending = joined or equation
            self._before = []
        for var in step.frees:
            self.values.pop(var, None)
        self.values[step.out] = out

    def _flush(self) -> None:
        if self._pending:
            self._calls += call_in_pieces(*self._pending)
        self._pending = None


def compile_pass(
    net: Network,
    batch: Batch,
    loss: Loss = _LOSS,
    schedule: str | Schedule = "cache S and Z",
    conventions: Conventions = WORKSHEET,
    *,
    rate: float | None = None,
    arena: Array | None = None,
) -> Program:
    """Compile a pass over a batch, ready to run again and again.

    Args:
        rate: where given, the update of the parameters belongs to the pass, in place: each run is a step of
            gradient descent. `program.values[mlp.rate][...] = x` changes it between runs.
        arena: see `Program`.

    Raises:
        ValueError: the batch does not fit the network, or the targets the loss.
        KeyError: no such schedule.
    """
    steps = one_pass(net, loss, schedule, conventions, batch.N)
    values = initial_values(net, batch, loss, conventions)
    if rate is not None:
        steps += conventions.lay.convert_steps(update(net))
        values[RATE] = np.array(rate, net.dtype)
    return Program(steps, values, net.shape, batch.N, conventions.lay, arena)


class _Cellwise(NamedTuple):
    """A cell by cell equation on flat matrices and single numbers; None where an operand serves as temporary."""

    kernel: Kernel
    out: Array
    operands: list[Array]
    temporaries: list[Array | None]

    def join(self, after: _Cellwise) -> _Cellwise | None:
        """Join this equation and the next, where they are of one kind and their matrices lie side by side.

        So do the updates of small networks, where calls are what takes time.
        """
        if self.kernel is not after.kernel or self.out.size + after.out.size > CHUNK:
            return None
        if any(t is not None for t in (*self.temporaries, *after.temporaries)):
            return None
        pairs = [(self.out, after.out), *zip(self.operands, after.operands, strict=True)]
        if not all(_are_adjacent(x, y) if x.ndim else x is y for x, y in pairs):
            return None
        out = _span(self.out, after.out)
        operands = [out if x is self.out else _span(x, y) if x.ndim else x for x, y in pairs[1:]]
        return self._replace(out=out, operands=operands)


def _reuse_first_result(before: Sequence[Call], calls: list[Call]) -> list[Call]:
    """Leave out a first call that the step before began with too: the difference Z - Y of a squared error."""
    if not before or len(calls) != 2 or before[0][0] is not calls[0][0]:
        return calls
    (*read, made), (*again, target) = before[0][1], calls[0][1]
    overwritten = any(arguments[-1] is made for _, arguments in before[1:])
    if overwritten or not all(x is y for x, y in zip(read, again, strict=True)):
        return calls
    function, arguments = calls[1]
    return [(function, (*(made if x is target else x for x in arguments[:-1]), target))]


def _are_adjacent(x: Array, y: Array) -> bool:
    return y.ndim == 1 and x.ctypes.data + x.nbytes == y.ctypes.data


def _span(x: Array, y: Array) -> Array:
    """View two adjacent flat matrices as one."""
    return np.lib.stride_tricks.as_strided(x, (x.size + y.size,))


def _carry_out(calls: Sequence[Call], times: int) -> None:
    with Program.run_quietly():
        for _ in range(times):
            for function, arguments in calls:
                function(*arguments)
