"""What a class costs on each page, beside as many people on a bare Streamlit app in the same run.

    .venv/bin/python -m tests.tools.benchmarks.bench_load [--people 100] [--seconds 30] [--think 5] [--after 90]

The bare app is that of `bench_stage`, a button and a counter on Streamlit's default settings: what every
Streamlit app costs, whatever is on it. Each page has a new pair of servers, warmed by one visitor; first the
bare one has its class, then ours. All arrive at once, and the first acts when the last has arrived; then they
press the button, or do on the page what students do on it (`tests/tools/load/student.py`: edits, drags, steps, undo,
menus, choices; on Memory no numbers are typed, and nothing is measured). Reported are the seconds until
everybody had the page, the server's processor time for a run of the script, the milliseconds from a message to
the end of its run, and megabytes: before the class came and at the peak; of ours at the end also those that are
left when the last class has been gone for a while. More people than the bare app can serve wait in a queue
there, and then only its processor time compares.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import streamlit as st

from mlpcore.benchmark.machine import machine
from tests.browser.conftest import serve
from tests.tools.benchmarks.bench_stage import BARE
from tests.tools.load.class_of import compute_percentile
from tests.tools.load.student import PAGES, Record, Student
from tests.tools.load.usage import measure_memory, measure_processor_time

#: Figure -> (its heading, how it is written, whether it has a ratio).
FIGURES = {
    "arrive": ("all there, s", "12.2f", True),
    "cost": ("CPU/run, ms", "12.1f", True),
    "p50": ("p50, ms", "12.0f", True),
    "p95": ("p95, ms", "12.0f", True),
    "runs": ("runs", "12d", False),
    "before": ("MB before", "12.0f", False),
    "peak": ("MB at most", "12.0f", False),
}


class Regular(Student):
    """A student who stays on one page; on the bare one there is a button to press."""

    async def run(self, *asked, **more):
        took = await super().run(*asked, **more)
        self.record.seconds.setdefault("run", []).append(took)
        return took

    async def act_at_random(self):
        home = self.page_hash
        await (self.act("press") if self.has("press") else super().act_at_random())
        if self.page_hash != home:
            await self.run(page=home)

    async def wander(self):
        await self.play()

    async def step(self):
        await (self.type_number() if self.get_payload(self.stage)["kind"] == "wall" else super().step())


async def run_class(url, pid, page, people, seconds, think):
    """Run a class on one page; return its record and its figures."""
    record, loop = Record(), asyncio.get_running_loop()
    before = peak = measure_memory(pid)

    async def watch():
        nonlocal peak
        while True:
            peak = max(peak, measure_memory(pid))
            await asyncio.sleep(0.25)

    watching = asyncio.create_task(watch())
    students = [Regular(url, number, record, page=page, timeout=120) for number in range(people)]
    begun = loop.time()
    came = await asyncio.gather(*(student.arrive() for student in students))
    arrived = loop.time() - begun
    record.seconds["run"] = runs = []
    used, until = measure_processor_time(pid), loop.time() + seconds
    await asyncio.gather(*(s.work(until, think) for s, there in zip(students, came, strict=True) if there))
    used = measure_processor_time(pid) - used
    await asyncio.gather(*(student.leave() for student in students))
    watching.cancel()
    figures = {
        "arrive": arrived,
        "cost": 1000 * used / len(runs),
        "p50": compute_percentile(0.5, runs),
        "p95": compute_percentile(0.95, runs),
    }
    return record, figures | {"runs": len(runs), "before": before, "peak": peak}


def report(found, people):
    """Print the lines of a page from the records and figures, bare and ours; return the number of faults."""
    (bare_record, bare), (record, ours) = found.values()
    for side, (_, figures) in reversed(found.items()):
        print(f"{side:14}" + "".join(f"{figures[f]:{how}}" for f, (_, how, _) in FIGURES.items()))
    ratios = [ours[f] / bare[f] for f, (_, _, compared) in FIGURES.items() if compared]
    print(f"{'ratio':14}" + "".join(f"{ratio:12.2f}" for ratio in ratios))
    wrong = record.wrong + record.leaks
    print(
        f"{'':14}{record.wrong.total()} failures (bare: {bare_record.wrong.total()}), {record.leaks.total()} leaks",
        end="",
    )
    print(f"; {len(record.answered)} of {people} received numbers of their own, and would have found another's")
    for what, times in wrong.most_common(5):
        print(f"{'':14}{times} x {what}")
    sys.stdout.flush()
    return wrong.total()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--think", type=float, default=5)
    parser.add_argument("--after", type=float, default=90)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    (folder / "bare.py").write_text(BARE, encoding="utf-8")
    on = machine()
    print(f"{on['processor']}, {os.cpu_count()} processors, Python {on['Python']}, Streamlit {st.__version__}")
    print(f"{args.people} people on a page, {args.think:g} s between two actions, for {args.seconds:g} s")
    print(f"{'':14}" + "".join(f"{heading:>12}" for heading, _, _ in FIGURES.values()), flush=True)
    total, held = 0, {}
    try:
        for name, page in PAGES.items():
            found = {}
            for side, (process, url) in {"bare": serve("bare.py", folder), name: serve()}.items():
                held[side] = process
                place = (url, process.pid, page if side == name else "")
                asyncio.run(run_class(*place, people=1, seconds=3, think=0.2))
                found[side] = asyncio.run(run_class(*place, args.people, args.seconds, args.think))
            held.pop("bare").kill()
            total += report(found, args.people)
        time.sleep(args.after)
        left = ", ".join(f"{measure_memory(process.pid):.0f} ({name})" for name, process in held.items())
        print(f"MB {args.after:g} s after the last had left: {left}")
    finally:
        for process in held.values():
            process.kill()
    return int(bool(total))


if __name__ == "__main__":
    sys.exit(main())
