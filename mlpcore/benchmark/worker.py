"""The other process: reads jobs as lines of JSON, measures one at a time, answers in lines.

Started by `mlpcore.benchmark.queue` with one BLAS thread. It ends with its parent: a thread watches the
pipe it is spoken to through, and when that closes the process is gone, whatever it is doing.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import random
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..compiled.arena import placed
from ..compiled.program import Program
from ..equations.kernels import ALIGNED
from ..examples import one_hot
from ..losses import LOSSES
from ..network import Batch, Layer, Network
from ..passes.training_step import initial_values, one_pass
from ..schedules import find
from .job import Arm, Job
from .machine import machine

#: One timing lasts at least so many seconds, by running small passes many times.
LONG_ENOUGH = 2e-3
#: Beyond these times are not trusted: wall over CPU time, the spread of equal timings, and half the
#: interval of a ratio, as a share of it.
BUSY_WALL, BUSY_SPREAD, BUSY_RATIO = 1.25, 0.2, 0.05
#: How far everybody else goes first; a time on the processor does not count the waiting.
NICE = 19
#: Bytes beside those of a job: Python, NumPy, BLAS.
BESIDE = 2**30


def numbers(job: Job) -> tuple[Network, Batch]:
    """A network and a batch of the shape that is asked for."""
    rng = np.random.default_rng(job.seed)
    shape, dtype = job.shape, np.dtype(job.shape.dtype)

    def drawn(*size: int, scale: float = 1.0) -> np.ndarray:
        return (scale * rng.standard_normal(size, dtype=np.float32)).astype(dtype)

    layers = (
        Layer(
            drawn(shape.widths[n], shape.widths[n - 1], scale=shape.widths[n - 1] ** -0.5),
            np.zeros(shape.widths[n], dtype) if shape.biased(n) else None,
            shape.activations[n - 1],
        )
        for n in shape.layers
    )
    d = shape.widths[-1]
    Y = one_hot(list(rng.integers(d, size=job.N)), d) if LOSSES[job.loss].one_hot else drawn(d, job.N)
    return Network(tuple(layers)), Batch(drawn(shape.widths[0], job.N), Y.astype(dtype))


def measure(job: Job, tell: Callable[[int, int], None]) -> dict:
    """Time and trace every policy of a job; `tell(done, of)` after each part of the work."""
    net, batch = numbers(job)
    loss = LOSSES[job.loss]()
    values = initial_values(net, batch, loss)
    counts = job.counts()
    arena = np.empty(max(placed(c.places)[1] for c in counts) + ALIGNED, np.uint8)
    policies = [find(p) for p in job.policies]
    programs = [Program(one_pass(net, loss, p, N=job.N), values, net.shape, job.N, arena=arena) for p in policies]
    parts = job.rounds + len(programs)

    order = random.Random(job.seed)
    times: list[list[float]] = [[] for _ in programs]
    walls: list[float] = []
    gc.collect()
    gc.disable()
    try:
        repeat = [_repetitions(program) for program in programs]
        for done in range(job.rounds):
            for n in order.sample(range(len(programs)), len(programs)):
                wall, cpu = time.perf_counter(), time.thread_time()
                programs[n].run(repeat[n])
                cpu, wall = time.thread_time() - cpu, time.perf_counter() - wall
                times[n].append(max(cpu, 1e-9) / repeat[n])
                walls.append(wall / max(cpu, 1e-9))
            tell(done + 1, parts)
    finally:
        gc.enable()
    del programs, arena
    arms = []
    for n, (policy, counted) in enumerate(zip(policies, counts, strict=True)):
        traced = _traced(lambda p=policy: Program(one_pass(net, loss, p, N=job.N), values, net.shape, job.N))
        ratios = [t / base for t, base in zip(times[n], times[0], strict=True)]
        low, high = interval(ratios)
        arms.append(
            Arm(
                policy.name, counted.peak, traced, counted.activations, sum(counted.flops), counted.again,
                statistics.median(times[n]), statistics.median(ratios), low, high,
            )
        )  # fmt: skip
        tell(job.rounds + n + 1, parts)
    return {"arms": [vars(a) for a in arms], "machine": machine(), "unreliable": unreliable(walls, times)}


def _repetitions(program: Program) -> int:
    """How often a pass has to run to last long enough, after a warm call."""
    program.run()
    begun = time.perf_counter()
    program.run()
    return max(1, min(1000, round(LONG_ENOUGH / max(time.perf_counter() - begun, 1e-7))))


def interval(values: list[float]) -> tuple[float, float]:
    """The order statistics that hold the median with 95 %, whatever the distribution."""
    ordered = sorted(values)
    n = len(ordered)
    off = round(0.98 * n**0.5)
    return ordered[max(0, n // 2 - off)], ordered[min(n - 1, (n - 1) // 2 + off)]


def unreliable(walls: list[float], times: list[list[float]]) -> str:
    """Why times, and their ratios to the first policy's, are not to be trusted; "" where they are.

    Args:
        walls: of every timing its wall time over its CPU time.
        times: for each policy, seconds of each round.
    """
    if statistics.median(walls) > BUSY_WALL:
        return f"the machine was busy: a pass took {statistics.median(walls):.1f} times its CPU time"
    spread = 0.0
    for arm in times:
        if len(arm) >= 4:
            first, _, last = statistics.quantiles(arm, n=4)
            spread = max(spread, (last - first) / statistics.median(arm))
    if spread > BUSY_SPREAD:
        return f"the machine was busy: half of equal timings lay {spread:.0%} apart"
    ends = [interval([t / base for t, base in zip(arm, times[0], strict=True)]) for arm in times]
    widest = max((high - low) / (high + low) for low, high in ends)
    if widest > BUSY_RATIO:
        return f"ratios of one policy in different rounds leave it open by {widest:.0%}; more rounds narrow that"
    return ""


def _traced(make: Callable[[], Program]) -> int:
    """Bytes that tracemalloc sees of a program: NumPy's buffers, and whatever a run adds to them."""
    tracemalloc.start()
    try:
        program = make()
        program.run()
        domain = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
        held = sum(s.size for s in tracemalloc.take_snapshot().filter_traces([domain]).statistics("filename"))
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        program.run()
        return held + tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _limit_memory(needs: int) -> None:
    """No more than the job needs and what Python and BLAS take, where the platform can hold us to it."""
    try:
        import resource
    except ImportError:
        return
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_mapped() + needs + BESIDE, hard))
    except (ValueError, OSError):
        return


def _mapped() -> int:
    """Bytes of address space in use."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 4 * BESIDE


def _step_back() -> None:
    """Whoever else wants the processor goes first, where the platform lets us say so.

    Linux may weigh whole sessions before it weighs the processes in them (autogroup). In that of the
    server, what is measured would use up the server's share, so this takes one of its own.
    """
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    group = Path("/proc/self/autogroup")
    if group.exists() and os.access(group, os.W_OK):
        with suppress(OSError):
            os.setsid()
        for _ in range(10):
            try:
                group.write_text(str(NICE), encoding="ascii")
                return
            except OSError:  # it may be set ten times a second, by anyone
                time.sleep(0.15)


def main() -> None:
    """Serve until the pipe closes."""
    _step_back()
    lines: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()

    def say(kind: str, **what: object) -> None:
        print(json.dumps({"kind": kind} | what), flush=True)

    while True:
        job = Job.from_json(json.loads(lines.get()))
        try:
            _limit_memory(job.needs)
            say("result", **measure(job, lambda done, of: say("progress", done=done, of=of)))
        except MemoryError:
            say("error", message=f"there was not enough memory for {job.needs:,} bytes")
        except Exception as error:  # whatever it is, it belongs to this job and is told
            say("error", message=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
