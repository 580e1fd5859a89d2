"""What is asked of the clock, and what it answers: plain frozen values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields

from ..losses import LOSSES
from ..memory.cost import Count, count_pass
from ..memory.tally import totals
from ..network import Shape
from ..schedules import find

#: A ratio this close to 1 is called a tie, whatever its interval.
TIE = 0.01


class RefusedError(ValueError):
    """A job that would not fit; it was not started and nothing was allocated."""


@dataclass(frozen=True)
class Job:
    """Policies to be timed against each other on one network and batch.

    Attributes:
        shape: of the network; its numbers are drawn.
        N: how many examples.
        policies: names of schedules, or specs such as `("every", 3)`; the first is what the others are
            compared with.
        loss: a name of `LOSSES`.
        rounds: how often each is timed.
        seed: of the numbers and of the order in each round.

    Raises:
        ValueError: no policy, no example, no round.
        KeyError: no such schedule or loss.
    """

    shape: Shape
    N: int
    policies: tuple[str | tuple, ...]
    loss: str = "MSE"
    rounds: int = 15
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.policies:
            raise ValueError("choose at least one policy to measure")
        if self.N < 1 or self.rounds < 1:
            raise ValueError("at least one example and one round are needed")
        LOSSES[self.loss]
        for policy in self.policies:
            find(policy)

    def counts(self) -> list[Count]:
        """The counted side of each policy."""
        return [count_pass(self.shape, self.N, LOSSES[self.loss](), find(p)) for p in self.policies]

    @property
    def needs(self) -> int:
        """Bytes the job takes at once: parameters, inputs, and the one arena that all policies share."""
        loss = LOSSES[self.loss]()
        # The arena is there twice while tracemalloc looks on, and so are inputs as they are drawn.
        return 2 * max(totals(self.shape, self.N, loss, p).total for p in self.policies)

    def check(self, limit: int) -> None:
        """Refuse what does not fit into so many bytes.

        Raises:
            RefusedError: the message says how many bytes are needed.
        """
        if self.needs > limit:
            raise RefusedError(
                f"this would take {self.needs:,} bytes, and {limit:,} may be used here: "
                "make the network or the batch smaller, or look at what is counted"
            )

    def as_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict) -> Job:
        return cls(**data | {"shape": Shape(**data["shape"]), "policies": tuple(map(_tupled, data["policies"]))})


def _tupled(spec: object) -> object:
    return tuple(_tupled(x) for x in spec) if isinstance(spec, list) else spec


@dataclass(frozen=True)
class Arm:
    """One policy, measured.

    Attributes:
        policy: its name.
        counted: bytes of its peak, counted; `traced`: what tracemalloc saw.
        activations: of these, what the policy decides on.
        flops, again: operations of all products, and of those computed again.
        seconds: CPU time of a pass, the median over rounds.
        ratio, low, high: its time over that of the first policy: the median of the ratios within a
            round, and the 95 % interval of that median.
    """

    policy: str
    counted: int
    traced: int
    activations: int
    flops: int
    again: int
    seconds: float
    ratio: float
    low: float
    high: float

    @property
    def tie(self) -> bool:
        """Whether no winner can be named between it and the first policy."""
        return self.low <= 1 <= self.high or abs(self.ratio - 1) < TIE


@dataclass(frozen=True)
class Report:
    """What a job found.

    Attributes:
        arms: one a policy, in order.
        machine: what it was measured on.
        unreliable: why the times are not to be trusted; "" where they are.
    """

    job: Job
    arms: tuple[Arm, ...]
    machine: dict[str, str]
    unreliable: str = ""


def rows(report: Report) -> list[dict[str, object]]:
    """A row a policy, with everything it was measured under."""
    shape = report.job.shape
    about = {
        "widths": "-".join(map(str, shape.widths)),
        "activations": " ".join(shape.activations),
        "biases": all(shape.biases),
        "examples": report.job.N,
        "dtype": shape.dtype,
        "loss": report.job.loss,
        "rounds": report.job.rounds,
    }
    names = [f.name for f in fields(Arm)]
    return [
        {n: getattr(arm, n) for n in names}
        | {"tie": arm.tie}
        | about
        | report.machine
        | {"unreliable": report.unreliable}
        for arm in report.arms
    ]


def as_csv(reports: Iterable[Report]) -> str:
    """All rows of some reports as CSV, with a header."""
    table = [row for report in reports for row in rows(report)]
    out = io.StringIO()
    if table:
        writer = csv.DictWriter(out, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    return out.getvalue()


def pareto(points: Sequence[tuple[float, float]]) -> list[int]:
    """The numbers of the points that no other beats: none is as good in both and better in one.

    Equal points tie: all of them are on the front. In the order of the first coordinate.
    """
    front = []
    best = float("inf")
    for x in sorted({p[0] for p in points}):
        least = min(p[1] for p in points if p[0] == x)
        if least < best:
            front += [n for n, p in enumerate(points) if p == (x, least)]
            best = least
    return front
