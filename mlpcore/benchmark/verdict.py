"""What may be said of a report: who is beaten, who ties, in words. No winner within the spread."""

from __future__ import annotations

from collections.abc import Sequence

from .job import TIE, Arm, Report

#: Below so many bytes a pass takes its time from Python's calls, not from arithmetic.
TINY = 64 * 2**10


def tied(a: Arm, b: Arm) -> bool:
    """Whether no winner in time can be named between two policies: their intervals meet."""
    return (a.low <= b.high and b.low <= a.high) or abs(a.ratio - b.ratio) < TIE


def unbeaten(arms: Sequence[Arm]) -> list[int]:
    """The Pareto front by bytes and time, in the order of bytes; a tie in time beats nobody in time.

    A policy is beaten by one that takes fewer bytes and is not clearly slower, and by one that takes
    no more bytes and is clearly faster.
    """

    def beats(b: Arm, a: Arm) -> bool:
        fewer, tie = b.counted < a.counted, tied(a, b)
        return (fewer and (tie or b.ratio < a.ratio)) or (b.counted == a.counted and not tie and b.ratio < a.ratio)

    front = [n for n, a in enumerate(arms) if not any(beats(b, a) for b in arms)]
    return sorted(front, key=lambda n: (arms[n].counted, arms[n].ratio))


def time_in_words(arm: Arm) -> str:
    """`tie`, or how much slower or faster than the first policy."""
    if arm.tie:
        return "tie"
    return f"{arm.ratio:.2f} of the time"


def sentences(report: Report) -> list[str]:
    """What a report allows to be said, the warnings first."""
    said = []
    if report.unreliable:
        said.append(f"The times are not reliable: {report.unreliable}. Trust the counted side, or measure again.")
    base, *others = report.arms
    if max(arm.counted for arm in report.arms) < TINY:
        said.append("So small a pass spends its time in calls, not in arithmetic: only the counted bytes mean much.")
    ties = [arm.policy for arm in others if arm.tie]
    if ties:
        said.append(f"In time no winner can be named between {base.policy} and {', '.join(ties)}: a tie.")
    if others:
        front = [report.arms[n].policy for n in unbeaten(report.arms)]
        said.append(f"Not beaten by any other here, fewest bytes first: {', '.join(front)}.")
    return said
