"""What is chosen on the page Memory: inputs only, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcore import OPTIMISERS, SCHEDULES, Setup
from mlpcore.benchmark import Report, Ticket
from mlpcore.equations.activations import CELLWISE
from mlpcore.figures.trade import MEASURES
from mlpcore.losses import Loss
from mlpcore.memory.sizes import MOST_EXAMPLES, MOST_LAYERS, PRESETS, Sizes
from mlpcore.memory.tally import AXES, BASE, find_budget_schedules
from mlpcore.network import Shape
from mlpcore.passes.conventions import Conventions
from mlpcore.schedules import BUILDERS, Schedule
from pages.ui.state.validation import check_fields, one_of, within

#: Name -> title.
CHAPTERS = {"plan": "Plan", "measure": "Measure", "scaling": "Scaling", "slopes": "Z only"}
#: Where sizes come from, besides the presets.
OWN, TYPED = "own", "typed"
#: Schedules that take a number -> title.
BUILT = {
    "every": "gradient checkpointing, every k layers",
    "blocks": "micro-batches of n examples (gradient accumulation)",
    "within": "best within a byte budget",
}
MOST_ROUNDS = 101
#: Measurements of one visitor that may wait or run at a time: the queue belongs to everybody.
MOST_RUNS = 10
MOST_BYTES = 10**18


@dataclass(frozen=True)
class MemoryChoice:
    """The inputs of the page Memory.

    Attributes:
        chapter: a name of `CHAPTERS`.
        source: `own`, the network of the app; a name of `PRESETS`; or `typed`.
        sizes: where they are typed.
        schedule: a name of `SCHEDULES` or of `BUILT`.
        k, block, budget: the numbers of those in `BUILT`.
        room: the bytes that it has to fit into.
        schedules: the schedules that are measured and drawn over sizes.
        rounds: how often each is timed.
        axis, what: what is drawn over what, in the chapter Scaling.
        activation: the one whose derivative is shown.
        optimiser: a name of `OPTIMISERS`, whose state is counted.

    Raises:
        ValueError: nothing of that name, or a number out of range.
    """

    chapter: str = one_of(CHAPTERS, "plan")
    source: str = one_of((OWN, TYPED, *PRESETS), OWN)
    sizes: Sizes = PRESETS["deep and narrow"]
    schedule: str = one_of((*SCHEDULES, *BUILT), BASE)
    k: int = within(1, MOST_LAYERS, 3)
    block: int = within(1, MOST_EXAMPLES, 32)
    budget: int = within(0, MOST_BYTES, 0)
    room: int = within(1, MOST_BYTES, 16 * 10**9)
    schedules: tuple[str, ...] = one_of(
        SCHEDULES,
        ("cache S and Z", "cache S", "cache Z", "every √L layers", "recompute everything", "micro-batches"),
    )
    rounds: int = within(1, MOST_ROUNDS, 15)
    axis: str = one_of(AXES, "depth")
    what: str = one_of(MEASURES, "bytes")
    activation: str = one_of(CELLWISE, "gelu")
    optimiser: str = one_of(OPTIMISERS, "SGD")

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class Runs:
    """What was measured for this visitor. Not an input, and yet kept: a time cannot be made anew.

    Attributes:
        tickets: of the runs under way and those that wait; the queue itself belongs to the server.
        reports: what was found, the newest last.
        message: why the last run found nothing.
    """

    tickets: tuple[Ticket, ...] = ()
    reports: tuple[Report, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class Subject:
    """What is counted: sizes, and the conventions they are counted under."""

    shape: Shape
    N: int
    loss: Loss
    conventions: Conventions
    sizes: Sizes
    own: bool

    @property
    def counted(self) -> tuple[Shape, int, Loss]:
        """The arguments that every count begins with."""
        return self.shape, self.N, self.loss

    @property
    def alike(self) -> bool:
        """Whether `sizes` say all that is counted: hidden layers of one kind, and no penalty."""
        return self.sizes.shape == self.shape and self.loss.penalty is None


def find_subject(choice: MemoryChoice, setup: Setup) -> Subject:
    """Find what is counted: the network of the app, or the sizes that are chosen or typed."""
    if choice.source == OWN:
        shape = setup.net.shape
        sizes = Sizes(
            shape.widths, setup.batch.N, shape.dtype, all(shape.biases), shape.activations[0], setup.loss.name
        )
        return Subject(shape, setup.batch.N, setup.loss, setup.conventions, sizes, own=True)
    sizes = PRESETS.get(choice.source, choice.sizes)
    return Subject(sizes.shape, sizes.N, sizes.costs, setup.conventions, sizes, own=False)


def find_schedule(choice: MemoryChoice, about: Subject) -> Schedule:
    """Find the schedule that is chosen, its number brought into range.

    Raises:
        ValueError: the network is too deep for the planner.
    """
    if choice.schedule == "every":
        return BUILDERS["every"](min(choice.k, about.shape.depth))
    if choice.schedule == "blocks":
        return BUILDERS["blocks"](min(choice.block, about.N))
    if choice.schedule == "within":
        return BUILDERS["within"](find_budget(choice, about))
    return SCHEDULES[choice.schedule]


def find_budget(choice: MemoryChoice, about: Subject) -> int:
    """Find the stop of the slider that is closest to the budget; half way through the front where there is none yet.

    One that was set for a network so much smaller that the slider ends above it becomes the least that will do.
    """
    stops = list_budgets(about)
    front = find_budget_schedules(*about.counted, about.conventions)
    if choice.budget:
        wanted = choice.budget if choice.budget >= stops[0] else front[0].peak
        return min(stops, key=lambda stop: abs(stop - wanted))
    half = (front[0].peak + front[-1].peak) // 2
    return next(stop for stop in stops if stop >= half)


def list_budgets(about: Subject) -> list[int]:
    """List budgets to drag through: below the least that will do, the bytes of every schedule, above the most.

    Raises:
        ValueError: the network is too deep to be planned here.
    """
    front = find_budget_schedules(*about.counted, about.conventions)
    least, most = front[0].peak, front[-1].peak
    between = [least + (most - least) * n // 40 for n in range(41)]
    low = [max(1, least * n // 20) for n in range(14, 20)]
    exact = [schedule.peak for schedule in front][:60]
    return sorted({*low, *between, *exact, most + most // 10})


def ladder(value: int, most: int) -> list[int]:
    """List the stops of a slider that reaches far: powers of 2, and the present value."""
    return sorted({value, *(2**k for k in range(most.bit_length()))})
