"""A class at work: many students at once who edit, drag, step, undo, open menus, choose and go about.

    .venv/bin/python -m tests.tools.load.class_of [--people 30] [--seconds 30] [--think 5] [--arrive 1] [--after 0]
                                            [--url http://host:port --pid N ...] [--seed 0] [--servers 1]

Without an address it starts a server of its own, or several behind nginx. Every student types numbers that say whose
they are, and listens whether anybody else's come. Reported are the seconds of each kind of action, from the message
to the end of the run, the processor time of the servers for an action, their memory, and what was wrong. Two things
the browser does alone, and no server hears: to hold a cell (its light) and to go from cell to cell.
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
from tests.server.test_balancer import balanced
from tests.tools.load.student import PAGES, Book, Student
from tests.tools.load.usage import memory, processor

#: The students begin in different places; from there they go about.
ENTRIES = [*PAGES.values()]


async def lesson(
    url: str, people: int, seconds: float, think: float, arrive: float = 0.0, seed: int = 0, book: Book | None = None
) -> Book:
    """A class from its first arrival to its last word.

    Args:
        seconds: from the last arrival on.
        think: seconds between the end of an action and the next one, on average.
        arrive: seconds over which they come in.
    """
    book = book or Book()
    until = asyncio.get_running_loop().time() + arrive + seconds
    async with asyncio.TaskGroup() as group:
        for number in range(people):
            student = Student(url, number, book, seed, page=ENTRIES[number % len(ENTRIES)], timeout=60)
            group.create_task(student.live(until, think, arrive * number / people))
    return book


def at(share: float, seconds: Iterable[float]) -> float:
    """The milliseconds within which so large a share was done."""
    ordered = sorted(seconds)
    return 1000 * ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def row(name: str, seconds: list[float]) -> str:
    """A line of the report."""
    cells = "".join(f"{at(share, seconds):9.0f}" for share in (0.5, 0.95, 0.99, 1))
    return f"{name:14}{len(seconds):7}{cells}"


async def watched(args: argparse.Namespace) -> int:
    """Hold the lesson and say how it went."""

    def total(of: Callable[[int], float]) -> float:
        return sum(map(of, args.pid))

    most = start = total(memory)
    work, own, begun = total(processor), time.process_time(), time.perf_counter()

    async def watch() -> None:
        nonlocal most
        while True:
            await asyncio.sleep(0.25)
            most = max(most, total(memory))

    watching = asyncio.create_task(watch())
    book = await lesson(args.url, args.people, args.seconds, args.think, args.arrive, args.seed)
    wall = time.perf_counter() - begun
    used, own = total(processor) - work, time.process_time() - own
    acted = {name: seconds for name, seconds in book.seconds.items() if name != "arrive"}
    every = [second for seconds in acted.values() for second in seconds]
    print(f"{args.people} students, {args.think:g} s between actions, {wall:.0f} s, seed {args.seed}")
    print(f"{'ms':14}{'times':>7}" + "".join(f"{word:>9}" for word in ("p50", "p95", "p99", "most")))
    for name, seconds in [("arrive", book.seconds["arrive"]), *sorted(acted.items()), ("every action", every)]:
        print(row(name, seconds))
    runs = len(every) + len(book.seconds["arrive"])
    print(f"{runs / wall:.1f} runs a second; {1000 * used / runs:.1f} ms of the server's processor for one", end="; ")
    print(f"{used / wall:.2f} of a processor for the server, {own / wall:.2f} for the class")
    print(f"{book.size / runs / 1000:.0f} kB and {book.messages / runs:.0f} messages for one run")
    print(f"memory: {start:.0f} MB before, {most:.0f} at most, {total(memory):.0f} when they had left", end="")
    for _ in range(args.after):
        await asyncio.sleep(1)
    print(f", {total(memory):.0f} after {args.after} s" if args.after else "")
    watching.cancel()
    for wrong, times in (*book.wrong.most_common(20), *book.leaks.most_common(20)):
        print(f"{times} x {wrong}")
    deaf = args.people - len(book.heard)
    print(f"{book.wrong.total()} wrong, {book.leaks.total()} leaks; {deaf} never had a number of their own back")
    return int(bool(book.wrong or book.leaks))


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
        return asyncio.run(watched(args))
    if args.servers > 1:
        with tempfile.TemporaryDirectory() as folder, balanced(Path(folder), args.servers) as (cluster, args.url):
            args.pid = [process.pid for process in cluster.processes]
            return asyncio.run(watched(args))
    process, args.url = serve()
    args.pid = [process.pid]
    try:
        return asyncio.run(watched(args))
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    sys.exit(main())
