"""A job for the clock and its report: plain frozen values, and their table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from ..losses import LOSSES, Loss
from ..memory.tally import Totals, totals
from ..network import Shape
from ..passes.conventions import WORKSHEET, Conventions
from ..schedules import Schedule, find

#: Ratios that differ by less are a tie, whatever their intervals.
TIE = 0.01


class RefusedError(ValueError):
    """A job that was not accepted: it would not fit, or too many wait. Nothing was allocated."""


@dataclass(frozen=True)
class Job:
    """Schedules to time against each other on one network and batch.

    Attributes:
        shape: of the network; its numbers are drawn at random.
        N: the number of examples.
        schedules: the first of them is the baseline; their names do as well.
        loss: a loss, or a name of `LOSSES`.
        rounds: the number of times that each is timed.
        seed: of the numbers, and of the order in each round.
        conventions: those of the pass.

    Raises:
        ValueError: no schedule, no example, no round.
        KeyError: no such schedule or loss.
    """

    shape: Shape
    N: int
    schedules: tuple[Schedule, ...]
    loss: Loss | str = "MSE"
    rounds: int = 15
    seed: int = 0
    conventions: Conventions = WORKSHEET

    def __post_init__(self) -> None:
        if not self.schedules:
            raise ValueError("choose at least one schedule to measure")
        if self.N < 1 or self.rounds < 1:
            raise ValueError("at least one example and one round are needed")
        _ = self.costs
        object.__setattr__(self, "schedules", tuple(map(find, self.schedules)))

    @property
    def costs(self) -> Loss:
        """The loss itself."""
        return LOSSES[self.loss]() if isinstance(self.loss, str) else self.loss

    def totals(self) -> list[Totals]:
        """Return the counted side of each schedule."""
        return [totals(self.shape, self.N, self.costs, schedule, self.conventions) for schedule in self.schedules]

    @property
    def bytes_needed(self) -> int:
        """The bytes allocated at once: parameters, inputs, and the one arena that all schedules share."""
        # Twice: tracing allocates a second arena, and drawing the inputs takes them twice for a moment.
        return 2 * max(t.total for t in self.totals())

    def check(self, limit: int) -> None:
        """Check that the job fits into so many bytes.

        Raises:
            RefusedError: it does not; the message names the bytes needed.
        """
        if self.bytes_needed > limit:
            raise RefusedError(
                f"this would take {self.bytes_needed:,} bytes, and {limit:,} may be used here: "
                "make the network or the batch smaller, or look at what is counted"
            )


@dataclass(frozen=True)
class Measurement:
    """One schedule, measured.

    Attributes:
        schedule: its name.
        counted: bytes of its peak, counted; `traced`: measured by tracemalloc.
        activations: bytes among these that depend on the schedule.
        flops, recomputed_flops: matmul FLOPs in all, and those of recomputation.
        seconds: CPU time of a pass, the median over rounds.
        ratio, low, high: its time over the baseline's: the median of the ratios within a round, and the 95 %
            interval of that median.
        arena: bytes of the one array it worked in; at least `counted`.
    """

    schedule: str
    counted: int
    traced: int
    activations: int
    flops: int
    recomputed_flops: int
    seconds: float
    ratio: float
    low: float
    high: float
    arena: int

    @property
    def ties_baseline(self) -> bool:
        """Whether its time cannot be told from the baseline's."""
        return self.low <= 1 <= self.high or abs(self.ratio - 1) < TIE


@dataclass(frozen=True)
class Report:
    """The result of a job.

    Attributes:
        measurements: one for each schedule, in order; the first is the baseline.
        machine: what it was measured on.
        unreliable: why the times are unreliable; "" where they are reliable.
    """

    job: Job
    measurements: tuple[Measurement, ...]
    machine: dict[str, str]
    unreliable: str = ""


def tabulate(report: Report) -> list[dict[str, object]]:
    """Return a row for each schedule, with everything it was measured under."""
    job, shape = report.job, report.job.shape
    conditions = {
        "widths": "-".join(map(str, shape.widths)),
        "activations": " ".join(shape.activations),
        "biases": all(shape.biases),
        "examples": job.N,
        "dtype": shape.dtype,
        "dropout in layers": " ".join(map(str, shape.masked)),
        "loss": job.costs.name,
        "penalty": job.costs.penalty or "",
        "layout": job.conventions.layout,
        "rounds": job.rounds,
        **report.machine,
        "unreliable": report.unreliable,
    }
    return [asdict(m) | {"tie": m.ties_baseline} | conditions for m in report.measurements]


def format_csv(reports: Iterable[Report]) -> str:
    """Return the rows of some reports as CSV with a header; "" for no report."""
    table = [row for report in reports for row in tabulate(report)]
    out = io.StringIO()
    if table:
        writer = csv.DictWriter(out, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    return out.getvalue()


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the indices of the points on the Pareto front, where less is better in both coordinates.

    Equal points are all on the front. In the order of the first coordinate.
    """
    front = [n for n, p in enumerate(points) if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)]
    return sorted(front, key=points.__getitem__)
