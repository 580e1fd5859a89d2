"""One job measured again and again while others work: `python -m tests.tools.load.measuring --seconds 60`.

Printed are the ratio of each policy in every report and whether the report calls itself reliable. Run it
once on an idle machine and once beside a class (`tests/tools/load/class_of.py`, or any other load); with the
class's own figures, without and with this beside it, that is what measuring costs the others.
"""

from __future__ import annotations

import argparse
import statistics
import time

import mlpcore as mlp
from mlpcore.benchmark import Bench, Job, Report

JOB = Job(
    mlp.Shape.of((512,) * 9, "tanh", dtype="float32"),
    512,
    ("cache S and Z", "cache S", "cache Z", "every √L layers", "recompute everything", ("blocks", 128)),
)


def reports_for(seconds: float, job: Job = JOB) -> list[Report]:
    """What is found, one job after the other, until so many seconds are over."""
    bench = Bench()
    until = time.monotonic() + seconds
    found = []
    while time.monotonic() < until:
        report = bench.submit(job).wait()
        found += [report] if report else []
    bench.close()
    return found


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    found = reports_for(parser.parse_args().seconds)
    for report in found:
        print(*(f"{arm.ratio:.3f}" for arm in report.arms), report.unreliable or "reliable", sep="  ", flush=True)
    for n, arm in enumerate(found[0].arms):
        ratios = [r.arms[n].ratio for r in found if not r.unreliable]
        spread = f"{min(ratios):.3f} to {max(ratios):.3f}, median {statistics.median(ratios):.3f}" if ratios else "none"
        print(f"{arm.policy:32} reliable: {spread}")


if __name__ == "__main__":
    main()
