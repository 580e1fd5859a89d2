"""Measure one job at a time for all sessions of a server, each job in a process of its own.

The machine is one, and two measurements at once would disturb each other: `shared_queue()` is the queue of
this interpreter. One lock guards it; a `Ticket` can be read from any thread.

The process is started with `subprocess`, not by a pool of `multiprocessing` workers: those run the file of
`__main__` again, which under Streamlit is the page, leave a resource tracker behind when they are cancelled, and
measure on when the server is stopped. Threads are daemons: an interpreter waits for those of an executor at its end.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from .job import Job, RefusedError, Report
from .machine import KERNEL_OVERRIDES, ONE_THREAD, memory_limit

#: Seconds after which a running job is stopped.
MAX_SECONDS = 600.0
#: Seconds between two checks whether jobs are still wanted.
CHECK_INTERVAL = 1.0
#: Jobs that may wait; one more is refused.
MAX_WAITING = 100

#: The states of a ticket.
WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"


class Ticket:
    """A job in the queue.

    Attributes:
        job: what is measured.
        is_wanted: whether the result is still of use to anyone.
        state: waiting, running, done, failed or cancelled.
        progress: the share of the work that is done, 0 to 1.
        report: the result, once it is done.
        message: why it failed, once it has.
    """

    def __init__(self, job: Job, queue: JobQueue, is_wanted: Callable[[], bool]) -> None:
        self.job = job
        self.is_wanted = is_wanted
        self.state = WAITING
        self.progress = 0.0
        self.report: Report | None = None
        self.message = ""
        self.started = 0.0
        self.finished = threading.Event()
        self._queue = queue

    @property
    def position(self) -> int:
        """The number of jobs before this one."""
        tickets = self._queue.tickets()
        return tickets.index(self) if self in tickets else 0

    @property
    def seconds_left(self) -> float | None:
        """The time until it is done at its pace so far; None before any progress."""
        if self.state != RUNNING or not self.progress:
            return None
        return (time.monotonic() - self.started) / self.progress * (1 - self.progress)

    def cancel(self) -> None:
        """Take the job out of the queue; its process, if there is one, is gone when this returns."""
        self._queue.finish(self, CANCELLED)

    def wait(self, seconds: float | None = None) -> Report | None:
        """Wait until the job is finished, and return its report, or None where there is none."""
        self.finished.wait(seconds)
        return self.report


class JobQueue:
    """Jobs in the order in which they came; there are threads and a process only while one is measured."""

    def __init__(self, max_seconds: float = MAX_SECONDS) -> None:
        self.max_seconds = max_seconds
        self._lock = threading.RLock()
        self._tickets: list[Ticket] = []
        self._process: subprocess.Popen[bytes] | None = None

    def submit(self, job: Job, is_wanted: Callable[[], bool] = lambda: True) -> Ticket:
        """Append a job. It is cancelled as soon as `is_wanted`, called from another thread, returns False.

        Raises:
            RefusedError: it needs more memory than may be used, or too many jobs wait; nothing was allocated.
            RuntimeError: no thread can be started here.
        """
        job.check(memory_limit())
        with self._lock:
            waiting = sum(ticket.state == WAITING for ticket in self._tickets)
            if waiting >= MAX_WAITING:
                raise RefusedError(f"{waiting} measurements are waiting already: try again in a while")
            ticket = Ticket(job, self, is_wanted)
            self._tickets.append(ticket)
            try:
                self.begin()
            except RuntimeError:
                self._tickets.remove(ticket)
                raise
        return ticket

    def begin(self) -> None:
        """Start the first job, unless it runs.

        Raises:
            RuntimeError: no thread can be started here.
        """
        if self._tickets and self._tickets[0].state == WAITING:
            ticket = self._tickets[0]
            _start_thread(self._run, ticket)
            ticket.state, ticket.started = RUNNING, time.monotonic()

    def tickets(self) -> list[Ticket]:
        """Return the job that runs, and those that wait, in order."""
        with self._lock:
            return list(self._tickets)

    def finish(self, ticket: Ticket, state: str, message: str = "", report: Report | None = None) -> None:
        """Take a ticket out of the queue, unless it is out already, and end the process that works on it."""
        with self._lock:
            if ticket not in self._tickets:
                return
            if ticket.state == RUNNING and self._process is not None:
                self._process.kill()
                self._process.wait()
            self._tickets.remove(ticket)
            ticket.state, ticket.message, ticket.report = state, message, report
            ticket.finished.set()
            with suppress(RuntimeError):  # without a thread the next job waits for another to come or to go
                self.begin()

    def close(self) -> None:
        """Cancel all jobs and leave no process. A job that is submitted later is measured all the same."""
        with self._lock:
            for ticket in reversed(self.tickets()):
                ticket.cancel()

    def _run(self, ticket: Ticket) -> None:
        """Start a process, hand it the job, and read what it sends: shares of the work, then a report or a message."""
        with self._lock:
            if ticket not in self._tickets:
                return
            try:
                _start_thread(self._watch, ticket)
                self._process = process = _start_worker()
            except (OSError, RuntimeError, ValueError) as error:
                message = f"measuring needs a process of its own, and none can be started here: {error}"
                self.finish(ticket, FAILED, message)
                return
        answer: object = "the process that measures ended before it was done"
        with suppress(OSError, EOFError, pickle.UnpicklingError), process:
            assert process.stdin is not None
            assert process.stdout is not None
            pickle.dump(ticket.job, process.stdin)
            process.stdin.flush()
            while isinstance(received := pickle.load(process.stdout), float):
                ticket.progress = received
            answer = received
            process.kill()
        if isinstance(answer, Report):
            self.finish(ticket, DONE, report=answer)
        else:
            self.finish(ticket, FAILED, str(answer))

    def _watch(self, ticket: Ticket) -> None:
        """While a job runs, cancel what is no longer wanted, and stop the job when it takes too long."""
        while not ticket.finished.wait(min(CHECK_INTERVAL, self.max_seconds)):
            for each in self.tickets():
                if not each.is_wanted():
                    each.cancel()
            if time.monotonic() - ticket.started >= self.max_seconds:
                remedy = "make it smaller, take fewer rounds, or try when the machine has less to do"
                self.finish(ticket, FAILED, f"stopped after {self.max_seconds:.0f} seconds: {remedy}")


def _start_thread(work: Callable[[Ticket], None], ticket: Ticket) -> None:
    threading.Thread(target=work, args=(ticket,), name="mlpcore.benchmark", daemon=True).start()


def _start_worker() -> subprocess.Popen[bytes]:
    """Start the process for one job, with one BLAS thread.

    Raises:
        OSError: no process can be started here.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "mlpcore.benchmark.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        env={k: v for k, v in os.environ.items() if k not in KERNEL_OVERRIDES} | ONE_THREAD,
    )


@cache
def shared_queue() -> JobQueue:
    """Return the queue of this interpreter, for every session in it."""
    return JobQueue()
