"""What a report shows, in words: no winner is named within the spread of the times."""

from __future__ import annotations

from collections.abc import Sequence

from .job import TIE, Measurement, Report

#: Bytes of a peak below which a pass spends its time in Python's calls, not in arithmetic.
TINY = 64 * 2**10


def is_tie(a: Measurement, b: Measurement) -> bool:
    """Return whether the times of two schedules are no different: their intervals overlap."""
    return (a.low <= b.high and b.low <= a.high) or abs(a.ratio - b.ratio) < TIE


def pareto_front_with_ties(measurements: Sequence[Measurement]) -> list[int]:
    """Return the indices of the Pareto front by bytes and time, in the order of bytes.

    One schedule dominates another if it takes fewer bytes and is not clearly slower, or no more bytes and is
    clearly faster.
    """

    def dominates(b: Measurement, a: Measurement) -> bool:
        faster = b.ratio < a.ratio and not is_tie(a, b)
        return faster if b.counted == a.counted else b.counted < a.counted and (faster or is_tie(a, b))

    front = [n for n, a in enumerate(measurements) if not any(dominates(b, a) for b in measurements)]
    return sorted(front, key=lambda n: (measurements[n].counted, measurements[n].ratio))


def describe_time(measurement: Measurement) -> str:
    """Return the time as a share of the baseline's, or that no difference is significant."""
    return "no significant difference in time" if measurement.ties_baseline else f"{measurement.ratio:.2f} of the time"


def summarise(report: Report) -> list[str]:
    """Describe what a report shows, in sentences, the warnings first."""
    sentences = []
    if report.unreliable:
        sentences.append(f"The times are not reliable: {report.unreliable}. Trust the counted side, or measure again.")
    baseline, *others = report.measurements
    if max(m.counted for m in report.measurements) < TINY:
        sentences.append(
            "So small a pass spends its time in calls, not in arithmetic: only the counted bytes mean much."
        )
    ties = [m.schedule for m in others if m.ties_baseline]
    if ties:
        sentences.append(
            "No significant difference in time between "
            + " and ".join(f"“{n}”" for n in (baseline.schedule, *ties))
            + "."
        )
    if others:
        front = [report.measurements[n].schedule for n in pareto_front_with_ties(report.measurements)]
        sentences.append(f"Pareto-optimal of those measured, fewest bytes first: {', '.join(front)}.")
    return sentences
