"""Measurements along an axis of sizes: which are worth making, and which there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..memory.sizes import Sizes
from ..memory.tally import AXES, Policy, compared, place_on, put_on
from .job import Arm, Job, Report

#: A pass of more operations than this takes seconds; it can still be measured, one size at a time.
MOST_FLOPS = 4 * 10**9
#: Sizes that are measured at once.
POINTS = 5


def jobs_along(sizes: Sizes, axis: str, policies: Sequence[Policy], rounds: int, limit: int) -> list[Job]:
    """A job for each of a few sizes along an axis, the present one among them, that are quick and fit.

    Args:
        limit: bytes that a job may take.
    """
    values = []
    for value in sorted({*AXES[axis][1], place_on(sizes, axis)}):
        here = put_on(sizes, axis, value)
        sums = compared(here.shape, here.N, here.costs, policies).values()
        if sums and max(s.flops for s in sums) <= MOST_FLOPS and 2 * max(s.total for s in sums) <= limit:
            values.append(value)
    if len(values) > POINTS:
        values = [values[round(n * (len(values) - 1) / (POINTS - 1))] for n in range(POINTS)]
    there = (put_on(sizes, axis, value) for value in dict.fromkeys(values))
    return [Job(s.shape, s.N, tuple(policies), s.loss, rounds) for s in there]


def measured_along(reports: Iterable[Report], sizes: Sizes, axis: str) -> dict[str, dict[int, Arm]]:
    """Policy -> size on the axis -> what was measured there; where it was twice, the last time."""
    found: dict[str, dict[int, Arm]] = {}
    for report in reports:
        job = report.job
        value = {"depth": job.shape.depth, "width": max(job.shape.widths[1:-1] or job.shape.widths), "batch": job.N}
        try:
            here = put_on(sizes, axis, value[axis])
        except ValueError:
            continue
        if (here.shape, here.N, here.loss) == (job.shape, job.N, job.loss):
            for arm in report.arms:
                found.setdefault(arm.policy, {})[value[axis]] = arm
    return found
