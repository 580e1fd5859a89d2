"""The usual questions about training: a network and optimisers that show the answer, and the answer, computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..examples import EXAMPLES
from ..initialisation import initialise
from ..losses import MSE
from ..network import Batch, Layer, Network
from ..notation import Var, Z, after, delta, mask
from ..notation import loss as LOSS
from ..passes.optimisers import Momentum, Nesterov
from ..registry import Registry
from ..setup import Setup
from .course import Course
from .datasets import standardise
from .readings import name_cell, read_history, search_rate, sweep_rates


@dataclass(frozen=True, repr=False)
class Question:
    """A question about training: a row of `QUESTIONS`.

    Attributes:
        title: the question.
        setup: a network that shows the answer.
        view: what shows it best: "loss", "matrices", "layers", "weights", "rate", "paths" or "fit".
        answer: courses, of which most answers read the first -> what they say, whatever the network.
        rate, steps: of the courses; at: the step to look at; optimisers: names of `OPTIMISERS`.
    """

    title: str
    setup: Setup
    view: str
    answer: Callable[..., str]
    rate: float
    steps: int
    at: int | None = None
    optimisers: tuple[str, ...] = ("SGD",)

    def __repr__(self) -> str:
        return f"Question({self.title!r})"


def _count_rises(course: Course) -> int:
    """Count the steps after which the loss is larger than before, or no number."""
    return int((~(course.losses[1:] <= course.losses[:-1])).sum())


def _answer_rate(course: Course, *_: Course) -> str:
    rate = course.optimiser.rate
    best = search_rate(course.setup, rate)
    return (
        f"At η = {rate:g} the first step takes the loss from {course.losses[0]:.4g} to {course.losses[1]:.4g}; along "
        f"−gradient, up to η = {best.rates[-1]:.3g}, it is least at η = {best.best:.3g}, {best.best_loss:.4g}. Of "
        f"{len(course):,} steps, {_count_rises(course):,} make it larger."
    )


def _answer_equal(course: Course, *_: Course) -> str:

    def spread(net: Network) -> float:
        layer = net[1]
        parts = [layer.W, *([] if layer.b is None else [layer.b[:, None]]), *([net[2].W.T] if net.depth > 1 else [])]
        return float(np.ptp(np.concatenate(parts, axis=1), axis=0).max())

    before, after = spread(course.setup.net), spread(course.at(len(course)).net)
    units = course.setup.net.widths[1]
    words = (
        f"The {units} units of layer 1 differ by at most {before:.3g} in any weight at the start, and by {after:.3g} "
        f"after {len(course):,} steps"
    )
    return f"{words}: they are still one unit, {units} times." if units > 1 and before == after == 0 else f"{words}."


def _answer_dead(course: Course, *_: Course) -> str:
    history = read_history(course, 20)
    words = []
    for n in course.setup.net.shape.layers:
        dead = sorted(set(history.dead[n][0]).intersection(*history.dead[n]))
        if dead:
            units = f"unit {dead[0]} is" if len(dead) == 1 else f"units {', '.join(map(str, dead))} are"
            moved = course.at(len(course)).net[n].W - course.setup.net[n].W
            most = float(np.abs(moved[[unit - 1 for unit in dead]]).max())
            words.append(
                f"In layer {n}, {units} dead at all {len(history.at)} steps that were looked at; weights there move by "
                f"at most {most:.3g}."
            )
    return " ".join(words) or f"No unit is dead at all {len(history.at)} steps that were looked at."


def _answer_vanishing(course: Course, *_: Course) -> str:
    norms, last = read_history(course, 2).gradients, course.setup.net.depth
    low, high = float(norms[1][0]), float(norms[last][0])
    if not high:
        return "The gradient of the last layer is 0."
    others = f" and {low:.2g} in layer 1, {low / high:.2g} of that" if last > 1 else ""
    return (
        f"At the start the norm of the gradient is {high:.2g} in layer {last}{others}. The loss goes from "
        f"{course.losses[0]:.4g} to {course.losses[-1]:.4g}."
    )


def _answer_overshoot(*courses: Course) -> str:
    counts = [
        f"{course.optimiser.title}: {_count_rises(course):,} of {len(course):,} steps make the loss larger; it ends at "
        f"{course.losses[-1]:.3g}."
        for course in courses
    ]
    return " ".join([*counts, *filter(None, map(_explain_overshoot, courses))])


@np.errstate(over="ignore", invalid="ignore")
def _explain_overshoot(course: Course) -> str:
    """Say where a weight goes on against a gradient that has changed sign, so that the loss rises, and why.

    "" where none does in the first 200 steps.
    """
    optimiser = course.optimiser
    if not isinstance(optimiser, Momentum | Nesterov) or course.batch_size:
        return ""
    before, values = None, course.trace(0)[1]
    for k in range(1, min(len(course), 200)):
        before, values = values, course.trace(k)[1]
        if not values[after(LOSS)] > values[LOSS]:
            continue
        for x in course.setup.net.shape.parameters():
            g, V = Var("d" + x.kind, x.layer), Var("V" + x.kind, x.layer)
            left = optimiser.mu * values[V]
            new = values[after(V)] - left
            moves = [v[after(x)] - v[x] for v in (before, values)]
            goes_on = (before[g] * values[g] < 0) & (left * new < 0) & (np.abs(left) > np.abs(new))
            for cell in np.argwhere(goes_on & (moves[0] * moves[1] > 0))[:1].tolist():
                at = tuple(cell)
                return (
                    f"{optimiser.title}: in step {k + 1} the gradient by {name_cell(x, at)} changes sign, from "
                    f"{before[g][at]:.3g} to {values[g][at]:.3g}, and the weight goes on as before: {left[at]:.3g} of "
                    f"its velocity is from earlier gradients, {new[at]:.3g} from this one. The loss rises from "
                    f"{values[LOSS]:.3g} to {values[after(LOSS)]:.3g}."
                )
    return ""


def _answer_correction(*courses: Course) -> str:
    words = []
    for course in courses:
        start, after = (course.parameters(k) for k in (0, 1))
        moved = max(float(np.abs(after[v] - x).max()) for v, x in start.items())
        words.append(
            f"{course.optimiser.title}: the first step moves a weight by up to {moved:.3g}, "
            f"{moved / course.optimiser.rate:.3g} η."
        )
    return " ".join(words)


#: Rates that are tried for inputs as they are and for standardised ones.
_TRIED = 10.0 ** np.arange(-7.0, 2.0, 0.5)


def _answer_unscaled(course: Course, *_: Course) -> str:
    spread = course.setup.batch.X.std(axis=1)
    ends = []
    for setup in (course.setup, standardise(course.setup)):
        finals = sweep_rates(setup, course.optimiser, _TRIED, min(len(course), 100), **course.draws)
        ends.append(float(np.nanmin(np.where(np.isfinite(finals), finals, np.inf))))
    return (
        f"The deviations of the inputs go from {spread.min():.3g} to {spread.max():.3g}. With the best of "
        f"{len(_TRIED)} rates from 1e-7 to 31.6, the loss after {min(len(course), 100)} steps is {ends[0]:.3g}; with "
        f"standardised inputs it is {ends[1]:.3g}."
    )


def _answer_penalty(course: Course, *_: Course) -> str:
    loss = course.setup.loss
    if loss.penalty is None:
        return "This loss has no penalty: add one in the menu Network."

    def norm(net: Network) -> float:
        return float(np.sqrt(sum((layer.W**2).sum() for layer in net.layers)))

    without = course.repeat(course.setup.without_penalty(), len(course), course.optimiser)
    return (
        f"The norm of all weights goes from {norm(course.setup.net):.3g} to {norm(course.at(len(course)).net):.3g} "
        f"under {loss.penalty} with λ = {loss.strength:g}, and to {norm(without.at(len(course)).net):.3g} without it."
    )


def _answer_masks(course: Course, *_: Course) -> str:
    values, lay, words = course.trace(0)[1], course.setup.conventions.lay, []
    for n in course.setup.net.shape.masked:
        dropped = lay.convert(mask(n), values[mask(n)]) == 0
        still = int((lay.convert(delta(n), values[delta(n)])[dropped] == 0).sum())
        words.append(
            f"In step 1 the mask M_{n} is 0 in {dropped.sum()} of {dropped.size} cells; δ_{n} is 0 in {still} of these."
        )
    return " ".join(words) or "No layer has dropout: choose some in the menu Network."


def _answer_wrong(course: Course, *_: Course) -> str:
    setup = replace(course.setup, conventions=replace(course.setup.conventions, layout="columns"))
    net, last = setup.net, setup.net.depth
    if setup.loss.name != "BinaryCrossEntropy" or net[last].activation != "identity":
        return "The loss is not binary cross-entropy of a linear output: choose that in the menu Network."
    cross = setup.run()[1][delta(last)]
    sigmoid = Network((*net.layers[:-1], replace(net[last], activation="sigmoid")))
    values = replace(setup, net=sigmoid, loss=MSE()).run()[1]
    p, targets, squared = values[Z(last)], setup.batch.Y, values[delta(last)]
    worst = np.unravel_index(np.abs(p - targets).argmax(), p.shape)
    return (
        f"The most wrong output is p = {p[worst]:.4g} where the target is {targets[worst]:.4g}. There δ_{last} is "
        f"{cross[worst]:.3g} under binary cross-entropy and {squared[worst]:.3g} under squared error of p."
    )


def _make_ravine() -> Setup:
    """Make a linear unit on two inputs of unlike size: a loss that is steep in one direction and flat in the other."""
    X = np.array([[1.0, -1.0, 1.0, -1.0], [0.2, 0.2, -0.2, -0.2]])
    return Setup(Network((Layer([[0.0, 0.0]], None, "identity"),)), Batch(X, np.array([[2.0, 3.0]]) @ X), MSE(), 0.2)


def _make_deep_sigmoid() -> Setup:
    layers = tuple(Layer(np.zeros((3, 2 if n == 1 else 3)), np.zeros(3), "sigmoid") for n in range(1, 8))
    net = initialise(Network((*layers, Layer(np.zeros((1, 3)), np.zeros(1), "sigmoid"))), "Xavier", seed=0)
    return Setup(net, _example("xor").batch, MSE(), 0.5)


def _make_unscaled() -> Setup:
    X = np.array([[210.0, -180.0, 95.0, -120.0], [0.3, -0.8, 0.5, 0.2]])
    return Setup(Network((Layer([[0.0, 0.0]], [0.0], "identity"),)), Batch(X, [[1, 0, 1, 0]]), MSE(), 1e-5)


def _example(name: str) -> Setup:
    return EXAMPLES[name].setup


_DEAD = _example("dead relu")

#: Name -> `Question`. What stands here can be asked, and what can be asked is tested.
QUESTIONS: dict[str, Question] = Registry(
    "question",
    {
        "rate": Question(
            "What if the learning rate is too large?", _example("xor"), "rate", _answer_rate, 2.0, 50, at=0
        ),
        "equal": Question("What if all weights are equal?", _example("symmetric"), "weights", _answer_equal, 0.5, 200),
        "dead": Question("Does a dead relu come back?", _DEAD, "layers", _answer_dead, 0.1, 200),
        "vanishing": Question(
            "Why do gradients vanish in sigmoid layers?", _make_deep_sigmoid(), "layers", _answer_vanishing, 0.5, 200,
            at=0,
        ),
        "momentum": Question(
            "Why does momentum overshoot?", _make_ravine(), "paths", _answer_overshoot, 0.2, 100,
            optimisers=("SGD", "Momentum"),
        ),
        "correction": Question(
            "What is Adam's bias correction for?", _example("xor"), "loss", _answer_correction, 0.01, 50, at=1,
            optimisers=("Adam", "Uncorrected"),
        ),
        "scale": Question("What if the inputs are not scaled?", _make_unscaled(), "paths", _answer_unscaled, 1e-5, 100),
        "penalty": Question(
            "What does an L2 penalty do to the weights?", replace(_DEAD, loss=MSE(penalty="L2", strength=0.2)),
            "weights", _answer_penalty, 0.1, 200,
        ),
        "dropout": Question(
            "What does dropout do in the backward pass?", _example("dropout"), "matrices", _answer_masks, 0.1, 50, at=0
        ),
        "wrong": Question(
            "Why cross-entropy for confident mistakes?", _example("confidently wrong"), "loss", _answer_wrong, 0.1, 100
        ),
    },
)  # fmt: skip
