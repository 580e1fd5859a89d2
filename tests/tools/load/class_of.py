"""A class at work: many students at once who edit, drag, step, undo, open menus, choose and go about.

    .venv/bin/python -m tests.tools.load.class_of [--people 30] [--seconds 30] [--think 5] [--arrive 1] [--after 0]
                                            [--url http://host:port --pid N ...] [--seed 0] [--servers 1]

Without an address it starts a server of its own, or several behind nginx. Every student types numbers that carry its
mark, and looks for the marks of others in what it receives. Reported are the seconds of each kind of action, from the
message to the end of the run, the processor time of the servers for an action, their memory, and what was wrong. What
the browser does without the server, as going from cell to cell, is not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.browser.conftest import serve
from tests.server.test_balancer import serve_balanced
from tests.tools.load.student import PAGES, Record, Student
from tests.tools.load.usage import measure_memory, measure_processor_time

#: The students begin on different pages.
ENTRIES = [*PAGES.values()]


async def run_class(
    url: str,
    people: int,
    seconds: float,
    think: float,
    arrive: float = 0.0,
    seed: int = 0,
    record: Record | None = None,
) -> Record:
    """Run a class from the first arrival until all have left.

    Args:
        seconds: from the last arrival on.
        think: seconds between the end of an action and the next one, on average.
        arrive: seconds over which they arrive.
    """
    record = record or Record()
    until = asyncio.get_running_loop().time() + arrive + seconds
    async with asyncio.TaskGroup() as group:
        for number in range(people):
            student = Student(url, number, record, seed, page=ENTRIES[number % len(ENTRIES)], timeout=60)
            group.create_task(student.attend(until, think, arrive * number / people))
    return record


def compute_percentile(share: float, seconds: Iterable[float]) -> float:
    """Compute the milliseconds within which so large a share was done."""
    ordered = sorted(seconds)
    return 1000 * ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def format_row(name: str, seconds: list[float]) -> str:
    """Format a line of the report."""
    cells = "".join(f"{compute_percentile(share, seconds):9.0f}" for share in (0.5, 0.95, 0.99, 1))
    return f"{name:14}{len(seconds):7}{cells}"


async def run_and_report(args: argparse.Namespace) -> int:
    """Run the class and print the report."""

    def total(of: Callable[[int], float]) -> float:
        return sum(map(of, args.pid))

    peak = start = total(measure_memory)
    work, own, begun = total(measure_processor_time), time.process_time(), time.perf_counter()

    async def watch() -> None:
        nonlocal peak
        while True:
            await asyncio.sleep(0.25)
            peak = max(peak, total(measure_memory))

    watching = asyncio.create_task(watch())
    record = await run_class(args.url, args.people, args.seconds, args.think, args.arrive, args.seed)
    wall = time.perf_counter() - begun
    used, own = total(measure_processor_time) - work, time.process_time() - own
    acted = {name: seconds for name, seconds in record.seconds.items() if name != "arrive"}
    every = [second for seconds in acted.values() for second in seconds]
    print(f"{args.people} students, {args.think:g} s between actions, {wall:.0f} s, seed {args.seed}")
    print(f"{'ms':14}{'times':>7}" + "".join(f"{word:>9}" for word in ("p50", "p95", "p99", "most")))
    for name, seconds in [("arrive", record.seconds["arrive"]), *sorted(acted.items()), ("every action", every)]:
        print(format_row(name, seconds))
    runs = len(every) + len(record.seconds["arrive"])
    print(f"{runs / wall:.1f} runs a second; {1000 * used / runs:.1f} ms of the server's processor for one", end="; ")
    print(f"{used / wall:.2f} of a processor for the server, {own / wall:.2f} for the class")
    print(f"{record.size / runs / 1000:.0f} kB and {record.messages / runs:.0f} messages for one run")
    print(f"memory: {start:.0f} MB before, {peak:.0f} at most, {total(measure_memory):.0f} when they had left", end="")
    for _ in range(args.after):
        await asyncio.sleep(1)
    print(f", {total(measure_memory):.0f} after {args.after} s" if args.after else "")
    watching.cancel()
    for wrong, times in (*record.wrong.most_common(20), *record.leaks.most_common(20)):
        print(f"{times} x {wrong}")
    unchecked = args.people - len(record.answered)
    print(
        f"{record.wrong.total()} wrong, {record.leaks.total()} leaks; {unchecked} never received a number of their own"
    )
    return int(bool(record.wrong or record.leaks))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--think", type=float, default=5)
    parser.add_argument("--arrive", type=float, default=1)
    parser.add_argument("--after", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--url")
    parser.add_argument("--pid", type=int, nargs="*", default=[])
    parser.add_argument("--servers", type=int, default=1)
    args = parser.parse_args()
    if args.url:
        return asyncio.run(run_and_report(args))
    if args.servers > 1:
        with tempfile.TemporaryDirectory() as folder, serve_balanced(Path(folder), args.servers) as (cluster, args.url):
            args.pid = [process.pid for process in cluster.processes]
            return asyncio.run(run_and_report(args))
    process, args.url = serve()
    args.pid = [process.pid]
    try:
        return asyncio.run(run_and_report(args))
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    sys.exit(main())
