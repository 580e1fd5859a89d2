"""One job at a time, for all sessions of a server: a queue in front of one worker process.

The queue is the one thing here that lasts: `shared()` gives the one of this process, because the
machine is one and two measurements at once would measure each other. Everything in it is guarded by
one lock; a `Ticket` can be looked at from any thread.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from .job import Arm, Job, RefusedError, Report
from .machine import CHOSEN_FROM_OUTSIDE, ONE_THREAD, memory_limit

#: A job that takes longer than this is stopped.
MOST_SECONDS = 600.0
#: Seconds between two looks at whether a job is still wanted.
LOOK = 1.0
#: Seconds after which a process without work is ended: it takes memory.
IDLE = 30.0
#: No more jobs than these wait; one that comes then is refused.
MOST_WAITING = 100

#: What a ticket says of itself.
WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"


class Ticket:
    """A job that was handed in.

    Attributes:
        job: what is measured.
        wanted: whether anybody still waits for it.
        state: waiting, running, done, failed or cancelled.
        progress: the share of the work that is done, 0 to 1.
        report: what was found, once it is done.
        message: what went wrong, once it failed.
    """

    def __init__(self, job: Job, bench: Bench, wanted: Callable[[], bool]) -> None:
        self.job = job
        self.wanted = wanted
        self.state = WAITING
        self.progress = 0.0
        self.report: Report | None = None
        self.message = ""
        self._bench = bench
        self._begun = 0.0
        self._over = threading.Event()

    @property
    def ahead(self) -> int:
        """How many jobs come before this one."""
        return self._bench.ahead(self)

    @property
    def left(self) -> float | None:
        """Seconds until it is done, as it went so far; None where nothing can be said yet."""
        if self.state != RUNNING or not self.progress:
            return None
        spent = time.monotonic() - self._begun
        return spent / self.progress * (1 - self.progress)

    def cancel(self) -> None:
        """Take it out of the queue, or end the process that works on it. Returns when that is done."""
        self._bench.cancel(self)

    def wait(self, seconds: float | None = None) -> Report | None:
        """Wait until it is over; the report, or None where there is none."""
        self._over.wait(seconds)
        return self.report

    def _end(self, state: str, message: str = "", report: Report | None = None) -> None:
        if not self._over.is_set():
            self.state, self.message, self.report = state, message, report
            self._over.set()


class Bench:
    """A queue of jobs and the process that works them off; both start with the first job."""

    def __init__(self, most_seconds: float = MOST_SECONDS) -> None:
        self.most_seconds = most_seconds
        self._lock = threading.RLock()
        self._news = threading.Condition(self._lock)
        self._waiting: deque[Ticket] = deque()
        self._now: Ticket | None = None
        self._process: subprocess.Popen | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, job: Job, wanted: Callable[[], bool] = lambda: True) -> Ticket:
        """Hand in a job. It is cancelled once `wanted`, asked now and then from another thread, says no.

        Raises:
            RefusedError: it would take more memory than may be used, or too many wait; nothing was
                allocated.
        """
        job.check(memory_limit())
        ticket = Ticket(job, self, wanted)
        with self._news:
            if len(self._waiting) >= MOST_WAITING:
                raise RefusedError(f"{len(self._waiting)} measurements are waiting already: try again in a while")
            self._closed = False
            self._waiting.append(ticket)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="mlpcore.benchmark", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._news.notify_all()
        return ticket

    def tickets(self) -> list[Ticket]:
        """The job that runs, and those that wait, in order."""
        with self._lock:
            return [*([self._now] if self._now else []), *self._waiting]

    def ahead(self, ticket: Ticket) -> int:
        """How many jobs come before a ticket."""
        tickets = self.tickets()
        return tickets.index(ticket) if ticket in tickets else 0

    def cancel(self, ticket: Ticket) -> None:
        """End a job; the process that works on it is killed and gone when this returns."""
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
            ticket._end(CANCELLED)
            if ticket is self._now:
                self._kill()

    def close(self) -> None:
        """Cancel everything and leave no process behind. A later job starts afresh."""
        with self._news:
            for ticket in self.tickets():
                self.cancel(ticket)
            self._kill()
            self._closed, thread, self._thread = True, self._thread, None
            self._news.notify_all()
        atexit.unregister(self.close)
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what was not yet said has no listener any more
                    pipe.close()

    def _work(self) -> None:
        me = threading.current_thread()

        def due() -> bool:
            return bool(self._waiting) or self._closed or self._thread is not me

        while True:
            with self._news:
                if not self._news.wait_for(due, IDLE):
                    self._kill()
                    self._news.wait_for(due)
                if self._thread is not me:
                    return
                if not self._waiting:
                    return
                ticket = self._now = self._waiting.popleft()
                ticket.state, ticket._begun = RUNNING, time.monotonic()
                process = self._start(ticket)
            if process is not None:
                self._talk(ticket, process)
            with self._lock:
                self._now = None

    def _start(self, ticket: Ticket) -> subprocess.Popen | None:
        """The worker, started where there is none. Called with the lock held."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._kill()
        env = {k: v for k, v in os.environ.items() if k not in CHOSEN_FROM_OUTSIDE} | ONE_THREAD
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mlpcore.benchmark.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(__file__).parents[2],
                env=env,
                encoding="utf-8",
            )
        except (OSError, ValueError) as error:
            ticket._end(FAILED, f"measuring needs a process of its own, and none can be started here: {error}")
        return self._process

    def _talk(self, ticket: Ticket, process: subprocess.Popen) -> None:
        threading.Thread(target=self._watch, args=(ticket,), daemon=True).start()
        try:
            process.stdin.write(json.dumps(ticket.job.as_json()) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                if self._hear(ticket, json.loads(line)):
                    return
        except (OSError, ValueError):
            pass  # the process is gone, which is said below
        ticket._end(FAILED, "the process that measures ended before it was done")
        with self._lock:
            if self._process is process:
                self._kill()

    def _hear(self, ticket: Ticket, said: dict) -> bool:
        """Take in a line; whether it was the last one of the job."""
        if said["kind"] == "progress":
            ticket.progress = said["done"] / said["of"]
            return False
        if said["kind"] == "error":
            ticket._end(FAILED, said["message"])
            return True
        arms = tuple(Arm(**arm) for arm in said["arms"])
        ticket.progress = 1.0
        ticket._end(DONE, report=Report(ticket.job, arms, said["machine"], said["unreliable"]))
        return True

    def _watch(self, ticket: Ticket) -> None:
        """While a job runs: end it when it takes too long, and whatever nobody waits for any more."""
        while not ticket._over.wait(min(LOOK, self.most_seconds)):
            for each in self.tickets():
                if not each.wanted():
                    self.cancel(each)
            if time.monotonic() - ticket._begun >= self.most_seconds:
                self._too_long(ticket)

    def _too_long(self, ticket: Ticket) -> None:
        with self._lock:
            if ticket is self._now:
                cure = "make it smaller, take fewer rounds, or try when the machine has less to do"
                ticket._end(FAILED, f"stopped after {self.most_seconds:.0f} seconds: {cure}")
                self._kill()


@cache
def shared() -> Bench:
    """The queue of this process, for every session in it."""
    return Bench()
