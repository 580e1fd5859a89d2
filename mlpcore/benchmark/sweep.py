"""Measurements along an axis of sizes: the jobs to measure, and what the reports hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..memory.sizes import Sizes
from ..memory.tally import AXES, compare, find_size, resize_along
from ..passes.conventions import WORKSHEET, Conventions
from ..schedules import Schedule
from .job import Job, Measurement, Report

#: Matmul FLOPs of a pass above which it takes seconds; such a size can be measured on its own.
MAX_FLOPS = 4 * 10**9
#: Sizes that are measured at once.
MAX_POINTS = 5


def make_jobs(
    sizes: Sizes,
    axis: str,
    schedules: Sequence[Schedule],
    rounds: int,
    limit: int,
    conventions: Conventions = WORKSHEET,
) -> list[Job]:
    """Return a job for each of a few sizes along an axis, the present one among them, that are quick and fit.

    Args:
        limit: the bytes that a job may take.
    """
    now, jobs = find_size(sizes, axis), {}
    for value in sorted({*AXES[axis][1], now}):
        here = resize_along(sizes, axis, value)
        sums = compare(here.shape, here.N, here.costs, schedules, conventions).values()
        if sums and max(s.flops for s in sums) <= MAX_FLOPS and 2 * max(s.total for s in sums) <= limit:
            jobs[value] = Job(here.shape, here.N, tuple(schedules), here.loss, rounds, conventions=conventions)
    others = [value for value in jobs if value != now]
    spread = np.linspace(0, len(others) - 1, min(len(others), MAX_POINTS - 1)).round().astype(int)
    chosen = {now, *(others[n] for n in spread)}
    return [job for value, job in jobs.items() if value in chosen]


def find_measurements(
    reports: Iterable[Report], sizes: Sizes, axis: str, conventions: Conventions = WORKSHEET
) -> dict[str, dict[int, Measurement]]:
    """Return schedule -> size on the axis -> the last measurement there."""
    found: dict[str, dict[int, Measurement]] = {}
    for report in reports:
        job = report.job
        value = {"depth": job.shape.depth, "width": max(job.shape.widths[1:-1] or job.shape.widths), "batch": job.N}
        here = resize_along(sizes, axis, value[axis])
        if (here.shape, here.N, here.costs, conventions) == (job.shape, job.N, job.costs, job.conventions):
            for measurement in report.measurements:
                found.setdefault(measurement.schedule, {})[value[axis]] = measurement
    return found
