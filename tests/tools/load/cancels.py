"""Measurements begun and cancelled, and the processes left: `python -m tests.tools.load.cancels [--times 1000]`.

Several people at once hand in a job that takes minutes and cancel it a moment later: while it waits, while
its process starts, while it is at work. In the end no process may be left, and the queue has to work on.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import threading
import time

import mlpcore as mlp
from mlpcore.benchmark import Job, JobQueue
from tests.tools.load.usage import list_children

LONG = Job(mlp.Shape.of((300,) * 6), 300, ("cache S and Z", "recompute everything"), rounds=5000)
SHORT = Job(mlp.Shape.of((6, 8, 3)), 5, ("cache S and Z",), rounds=3)


def cancel_often(times: int, people: int = 4, seed: int = 0) -> tuple[int, int, list[int]]:
    """Begin and cancel so many jobs.

    Returns:
        The number cancelled while running, the number cancelled while waiting, and the processes left.
    """
    before = set(list_children(os.getpid()))
    queue = JobQueue()
    cancelled = {"running": 0, "waiting": 0}
    lock = threading.Lock()
    remaining = iter(range(times))

    def person(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        while True:
            with lock:
                if next(remaining, None) is None:
                    return
            ticket = queue.submit(LONG)
            time.sleep(chance.choice((0.0, 0.02, 0.3, 0.7)) * chance.random())
            with lock:
                cancelled[ticket.state] += 1
            ticket.cancel()

    threads = [threading.Thread(target=person, args=(n,)) for n in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = queue.submit(SHORT).wait(60)
    queue.close()
    if report is None:
        raise RuntimeError("after all the cancelling the queue measures no more")
    return cancelled["running"], cancelled["waiting"], [pid for pid in list_children(os.getpid()) if pid not in before]


def main() -> None:
    """Run from the command line; exit with status 1 where a process is left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--people", type=int, default=4)
    arguments = parser.parse_args()
    begun = time.monotonic()
    running, waiting, orphans = cancel_often(arguments.times, arguments.people)
    took = time.monotonic() - begun
    print(
        f"{running} cancelled while running, {waiting} while waiting, in {took:.0f} s; processes left: {len(orphans)}"
    )
    sys.exit(bool(orphans))


if __name__ == "__main__":
    main()
