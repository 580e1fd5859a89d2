"""One job measured again and again while others work: `python -m tests.tools.load.measuring --seconds 60`.

Printed are the ratio of each schedule in every report and whether the report calls itself reliable. Run it
once on an idle machine and once beside a class (`tests/tools/load/class_of.py`, or any other load); with the
class's own figures, without and with this beside it, that is what measuring costs the others.
"""

from __future__ import annotations

import argparse
import statistics
import time

import mlpcore as mlp
from mlpcore.benchmark import Job, JobQueue, Report

JOB = Job(
    mlp.Shape.of((512,) * 9, "tanh", dtype="float32"),
    512,
    ("cache S and Z", "cache S", "cache Z", "every √L layers", "recompute everything", ("blocks", 128)),
)


def measure_for(seconds: float, job: Job = JOB) -> list[Report]:
    """Measure one job after the other for so many seconds and return the reports."""
    queue = JobQueue()
    end = time.monotonic() + seconds
    reports = []
    while time.monotonic() < end:
        report = queue.submit(job).wait()
        reports += [report] if report else []
    queue.close()
    return reports


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    reports = measure_for(parser.parse_args().seconds)
    for report in reports:
        print(*(f"{m.ratio:.3f}" for m in report.measurements), report.unreliable or "reliable", sep="  ", flush=True)
    for n, m in enumerate(reports[0].measurements):
        ratios = [r.measurements[n].ratio for r in reports if not r.unreliable]
        spread = f"{min(ratios):.3f} to {max(ratios):.3f}, median {statistics.median(ratios):.3f}" if ratios else "none"
        print(f"{m.schedule:32} reliable: {spread}")


if __name__ == "__main__":
    main()
