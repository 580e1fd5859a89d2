"""Measurements in a worker of their own, where a server starts a process. Each worker has a Python of its own."""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pyodide.ffi import create_proxy, to_js

from mlpcore.benchmark import DONE, FAILED, RUNNING, JobQueue, Report, Ticket, worker

#: Seconds that one timing lasts at least: the clock of a browser moves in steps of up to a millisecond.
MIN_TIMING = 0.05


class WorkerQueue(JobQueue):
    """A queue whose jobs run one after the other, each in a new worker of the browser.

    Args:
        open_measuring: opens a worker for a job, and calls a function with what it sends; all of it pickled.
    """

    def __init__(self, open_measuring: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self._open_measuring = open_measuring
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start the task that measures, unless it runs."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run_jobs())

    async def _run_jobs(self) -> None:
        while tickets := self.tickets():
            ticket = tickets[0]
            ticket.state, ticket.started = RUNNING, time.monotonic()
            answer = await self._measure(ticket)
            if isinstance(answer, Report):
                self.finish(ticket, DONE, report=answer)
            else:
                self.finish(ticket, FAILED, answer)

    async def _measure(self, ticket: Ticket) -> Report | str:
        """Measure in a worker, and end it with the job, when that is cancelled, or when it takes too long."""
        answer: asyncio.Future[Report | str] = asyncio.get_running_loop().create_future()

        def receive(data: Any) -> None:
            message = pickle.loads(data.to_bytes())
            if isinstance(message, float):
                ticket.progress = message
            elif not answer.done():
                answer.set_result(message)

        listener = create_proxy(receive)
        measuring = self._open_measuring(to_js(pickle.dumps(ticket.job)), listener)
        try:
            while not ticket.finished.is_set() and time.monotonic() - ticket.started < self.max_seconds:
                if (await asyncio.wait([answer], timeout=0.2))[0]:
                    return answer.result()
            return f"stopped after {self.max_seconds:.0f} seconds: make it smaller, or take fewer rounds"
        finally:
            measuring.terminate()
            listener.destroy()


def measure(job: Any, post: Callable[[Any], object], browser: str) -> None:
    """Measure a job in this worker.

    Args:
        job: pickled, a `Uint8Array`.
        post: is called with what `mlpcore.benchmark.worker` sends, pickled.
        browser: the name it gives itself.
    """
    vars(time)["thread_time"] = time.perf_counter  # a browser has no other clock
    worker.MIN_TIMING = MIN_TIMING

    def send(message: Report | float | str) -> None:
        if isinstance(message, Report):
            # It has no clock of CPU time.
            found = {"processor": f"a browser ({browser})", "clock": "elapsed time"}
            message = replace(message, machine=message.machine | found)
        post(to_js(pickle.dumps(message)))

    worker.answer(pickle.loads(job.to_bytes()), send)
