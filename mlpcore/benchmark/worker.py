"""The process that measures: read a job from stdin, write shares of the work to stdout, then its report.

`mlpcore.benchmark.queue` starts it with one BLAS thread. It ends with its parent, however that ends: a thread
waits for the end of stdin and exits, whatever is being computed.
"""

from __future__ import annotations

import gc
import os
import pickle
import random
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..compiled import Program, compile_pass
from ..network import Batch, Dropout, Layer, Network
from .job import Job, Measurement, Report
from .machine import machine

#: Seconds that one timing lasts at least: small passes are repeated.
MIN_TIMING = 2e-3
#: Limits beyond which times are called unreliable: wall over CPU time, the spread of equal timings, and half
#: the interval of a ratio, as a share of it.
MAX_WALL, MAX_SPREAD, MAX_RATIO_ERROR = 1.25, 0.2, 0.05
#: The lowest priority; CPU time does not count the waiting for others.
NICE = 19
#: Bytes of memory that Python, NumPy and BLAS may take beside a job.
OVERHEAD = 2**30


def draw_numbers(job: Job) -> tuple[Network, Batch]:
    """Draw a network and a batch in the shape and precision of a job."""
    rng = np.random.default_rng(job.seed)
    shape, dtype = job.shape, np.dtype(job.shape.dtype)

    def draw(*size: int) -> np.ndarray:
        return rng.standard_normal(size, dtype=np.float32).astype(dtype, copy=False)

    layers = (
        Layer(
            below**-0.5 * draw(above, below),
            np.zeros(above, dtype) if biased else None,
            activation,
            Dropout(0.5) if n in shape.masked else None,
        )
        for n, (below, above), biased, activation in zip(
            shape.layers, pairwise(shape.widths), shape.biases, shape.activations, strict=True
        )
    )
    Y = job.costs.fit_targets(draw(shape.widths[-1], job.N))
    return Network(tuple(layers)), Batch(draw(shape.widths[0], job.N), Y.astype(dtype))


def measure(job: Job, show_progress: Callable[[float], object]) -> Report:
    """Time and trace every schedule of a job.

    Args:
        show_progress: called with the share of the work that is done, after each round and each trace.
    """
    net, batch = draw_numbers(job)
    counts = job.totals()
    # They take turns in the arena of the largest.
    largest = max(range(len(counts)), key=lambda n: counts[n].peak)
    compiled = partial(compile_pass, net, batch, job.costs, conventions=job.conventions)
    arena = compiled(job.schedules[largest]).arena
    programs = [compiled(schedule, arena=arena) for schedule in job.schedules]
    units = job.rounds + len(programs)

    order = random.Random(job.seed)
    times: list[list[float]] = [[] for _ in programs]
    walls: list[float] = []
    gc.collect()
    gc.disable()
    try:
        repeats = [_count_repeats(program) for program in programs]
        for done in range(job.rounds):
            for n in order.sample(range(len(programs)), len(programs)):
                wall, cpu = time.perf_counter(), time.thread_time()
                programs[n].run(repeats[n])
                cpu, wall = time.thread_time() - cpu, time.perf_counter() - wall
                times[n].append(max(cpu, 1e-9) / repeats[n])
                walls.append(wall / max(cpu, 1e-9))
            show_progress((done + 1) / units)
    finally:
        gc.enable()
    arenas = [program.arena.nbytes for program in programs]
    del programs, arena
    measurements = []
    for n, (schedule, counted) in enumerate(zip(job.schedules, counts, strict=True)):
        traced = _trace_bytes(partial(compiled, schedule))
        ratios = [t / base for t, base in zip(times[n], times[0], strict=True)]
        low, high = median_interval(ratios)
        measurements.append(
            Measurement(
                schedule.name, counted.peak, traced, counted.activations, counted.flops, counted.recomputed_flops,
                statistics.median(times[n]), statistics.median(ratios), low, high, arenas[n],
            )
        )  # fmt: skip
        show_progress((job.rounds + n + 1) / units)
    return Report(job, tuple(measurements), machine(), find_unreliability(walls, times))


def _count_repeats(program: Program) -> int:
    """Return how often a pass has to run to last `MIN_TIMING`, after a warm call."""
    program.run()
    begun = time.perf_counter()
    program.run()
    return max(1, min(1000, round(MIN_TIMING / max(time.perf_counter() - begun, 1e-7))))


def median_interval(values: list[float]) -> tuple[float, float]:
    """Return the order statistics between which the median lies with 95 %, whatever the distribution."""
    ordered = sorted(values)
    n = len(ordered)
    off = round(0.98 * n**0.5)
    return ordered[max(0, n // 2 - off)], ordered[min(n - 1, (n - 1) // 2 + off)]


def find_unreliability(walls: list[float], times: list[list[float]]) -> str:
    """Return why times, or their ratios to the first schedule's, are unreliable; "" where they are reliable.

    Args:
        walls: for every timing, its wall time over its CPU time.
        times: for each schedule, the seconds of each round.
    """
    if statistics.median(walls) > MAX_WALL:
        return f"the machine was busy: a pass took {statistics.median(walls):.1f} times its CPU time"
    spread = 0.0
    for seconds in times:
        if len(seconds) >= 4:
            first, _, last = statistics.quantiles(seconds, n=4)
            spread = max(spread, (last - first) / statistics.median(seconds))
    if spread > MAX_SPREAD:
        return f"the machine was busy: half of equal timings lay {spread:.0%} apart"
    ends = [median_interval([t / base for t, base in zip(seconds, times[0], strict=True)]) for seconds in times]
    widest = max((high - low) / (high + low) for low, high in ends)
    if widest > MAX_RATIO_ERROR:
        return f"ratios of one schedule in different rounds leave it open by {widest:.0%}; more rounds narrow that"
    return ""


def _trace_bytes(make: Callable[[], Program]) -> int:
    """Return the bytes that tracemalloc sees of a program: NumPy's buffers, and what a run adds to them."""
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


def _limit_memory(bytes_needed: int) -> None:
    """Limit this process to what a job needs and `OVERHEAD`, where the platform can."""
    try:
        import resource
    except ImportError:
        return
    with suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (bytes_needed + OVERHEAD, hard))


def _lower_priority() -> None:
    """Give this process the lowest priority, where the platform can.

    Linux may share the processor out between sessions before it looks at the processes in them (autogroup).
    In the session of the server this process would use up the server's share, so it opens one of its own.
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
            except OSError:  # the kernel allows ten changes a second, of all users together
                time.sleep(0.15)


def _exit_with_parent() -> None:
    """Wait until the parent's end of stdin is closed, then end this process at once."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)


def answer(job: Job, send: Callable[[Report | float | str], object]) -> None:
    """Measure a job and send shares of the work, then its report, or a message where it failed."""
    try:
        _limit_memory(job.bytes_needed)
        send(measure(job, send))
    except MemoryError:
        send(f"there was not enough memory for {job.bytes_needed:,} bytes")
    except Exception as error:  # who asked reports it as the failure of this job
        send(f"{type(error).__name__}: {error}")


def main() -> None:
    """Measure the job that the parent sends."""
    _lower_priority()
    job = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_exit_with_parent, daemon=True).start()

    def send(message: Report | float | str) -> None:
        pickle.dump(message, sys.stdout.buffer)
        sys.stdout.buffer.flush()

    answer(job, send)


if __name__ == "__main__":
    main()
