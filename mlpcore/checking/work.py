"""Somebody's matrices against a pass: which cells are right, which follow from earlier ones, which mistake explains.

All is done in the worksheet's layout; `check_matrices` takes and gives matrices laid out as the set-up's
conventions say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ..equations.steps import Step, evaluate
from ..losses.scales import SCALES
from ..network import Array
from ..notation import Var
from ..passes.conventions import Conventions
from ..passes.layouts import LAYOUTS
from ..passes.optimisers import Optimiser
from ..passes.training_step import training_step
from .mistakes import MISTAKES

if TYPE_CHECKING:
    from ..setup import Setup

RIGHT, FOLLOWS, WRONG, OPEN = "right", "right given yours", "wrong", "not filled in"

#: Passes from the given matrices, each cell moved within its last digit: how far that moves what follows.
SAMPLES = 24
#: A number that was not shortened may differ by this share of the largest entry: sums in another order.
ROUNDING = 1e-9
ROUNDING_32 = 1e-5
#: Numbers of a pass from which on no two mistakes at once are tried.
LONG_PASS = 20_000
#: Two mistakes are named together only where fewer than this many pairs would fit a matrix of any numbers.
CHANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Written:
    """A matrix as it was written.

    Attributes:
        values: its numbers.
        decimals: of each cell the digits after the point that were written, infinite where it is exact, NaN where
            it is not filled in; same shape.
        rounding: the share of the largest entry by which it may differ in any case.
    """

    values: Array
    decimals: Array
    rounding: float = ROUNDING

    def fill(self, x: Array | float) -> Array:
        """Give the values, with those of another matrix where a cell is not filled in."""
        return np.where(np.isnan(self.decimals), x, self.values)

    def transposed(self) -> Written:
        return replace(self, values=self.values.T, decimals=self.decimals.T)


@dataclass(frozen=True, eq=False)
class Judged:
    """One matrix of a learner's work.

    Attributes:
        given: what was written; `right` what it should be.
        follows: what it should be given the matrices that were written before it.
        cells: the verdict of each cell, shape of `given`; all wrong where the shape is.
        unit: one unit of the last digit written, for each cell.
        mistakes: names in `MISTAKES` that reproduce the matrix, ties included.
        pairs: pairs of names that reproduce it together, where none does alone or only such as earlier matrices
            refute; None where none was tried.
        conventions: those under which the matrix is right, one of them changed.
        shape: what is wrong with the shape, and which transposition fits; empty if it is right.
        steps: name of a mistake -> the last equation with it in, in the worksheet's layout.
        against: name of a mistake -> an earlier matrix that it would change, and that was given without it. Such
            mistakes are named only where there are no others.
    """

    given: Array
    right: Array
    follows: Array
    cells: Array
    unit: Array
    mistakes: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] | None = None
    conventions: tuple[Conventions, ...] = ()
    shape: str = ""
    steps: Mapping[str, Step] = field(default_factory=dict)
    against: Mapping[str, Var] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The worst verdict of its cells."""
        return next(v for v in (WRONG, FOLLOWS, RIGHT, OPEN) if (self.cells == v).any())

    @property
    def is_explained(self) -> bool:
        """Whether its shape, a convention or a mistake that no other matrix refutes is why it is wrong."""
        return bool(self.shape or self.conventions or set(self.mistakes) - set(self.against))

    @property
    def factor(self) -> float | None:
        """By what the right numbers of the wrong cells are multiplied, where it is one factor for all; else None."""
        wrong = self.cells == WRONG
        if self.shape or not np.isfinite(self.given[wrong]).all():
            return None
        given, right, unit = (x[wrong] for x in (self.given, self.right, self.unit))
        if not (right * right).sum() > 0:
            return None
        factor = float((given * right).sum() / (right * right).sum())
        return factor if (np.abs(given - factor * right) <= unit).all() else None


@dataclass(frozen=True, eq=False)
class WorkReport:
    """The verdicts on all matrices that were given, in the order of the pass.

    Attributes:
        of: matrix -> its verdicts.
    """

    of: Mapping[Var, Judged]

    @property
    def first_wrong(self) -> Var | None:
        """The first matrix of the pass with a wrong cell, or None."""
        return next((var for var, judged in self.of.items() if judged.verdict == WRONG), None)

    @property
    def verdict(self) -> str:
        """The worst verdict of all."""
        verdicts = {judged.verdict for judged in self.of.values()}
        return next(v for v in (WRONG, FOLLOWS, RIGHT, OPEN) if v in verdicts)


def find_units(values: Array, decimals: Array, *, whole: bool = True) -> Array:
    """Find one unit of the last digit of each cell; 0 where a cell is exact.

    Programs drop trailing zeros, so a cell has at least the decimals of any cell that could have been written
    with fewer, unless a cell shows such a zero; and at least the significant digits of any, if that makes its unit
    larger.

    Args:
        whole: the numbers they should be are whole. Then whole numbers alone are exact; otherwise they are
            rounded, unless all are 0: zeros have no digit that could have been rounded.
    """
    size = np.abs(np.where(np.isfinite(values), values, 0.0))
    inexact = np.isfinite(decimals)
    unit = np.zeros(values.shape)
    levels = sorted(set(decimals[inexact].tolist()))
    if not levels:
        return unit
    if levels == [0]:
        return np.where(inexact & (not whole) & bool(size.any()), 1.0, unit)
    # Numbers that vanish at the decimals of the others are written with a power of ten, and stand for themselves.
    common = next((d for d in levels if d > 1 and (size[inexact & (decimals > d)] < 10.0**-d).all()), levels[-1])
    tenths = size * 10.0 ** np.clip(np.where(inexact, decimals, 0.0) - 1, -15, 15)
    if (inexact & (decimals > 0) & (size % 1 != 0) & (np.abs(tenths - np.rint(tenths)) < 1e-9 * tenths)).any():
        common = levels[0]  # 0.50 and 1.234: zeros are written, and each number stands for itself
    magnitude = np.floor(np.log10(np.where(size > 0, size, 1.0)))
    shown = inexact & (size > 0)
    digits = (decimals + magnitude + 1)[shown].max(initial=1)
    unit[inexact] = 10.0 ** -np.maximum(decimals[inexact], common)
    unit[shown] = np.maximum(unit[shown], 10.0 ** (magnitude[shown] - digits + 1))
    return unit


def check_matrices(
    setup: Setup,
    given: Mapping[Var, Written],
    *,
    optimiser: Optimiser | None = None,
    state: Mapping[Var, Array] | None = None,
    pairs: bool = True,
    progress: Callable[[float], object] = lambda share: None,
) -> WorkReport:
    """Judge every cell of matrices of a training step, and name the mistakes that reproduce the wrong ones.

    Args:
        optimiser, state: what makes the update, by default gradient descent, and its state after earlier steps.
        pairs: look for two mistakes at once where none fits alone.
        progress: is called with the share of the pairs that were tried, from 0 to 1.

    Raises:
        ValueError: a matrix that is none of this pass, or none at all.
    """
    work = _Work(setup, given, optimiser, state)
    report = work.judge()
    explained = work.explain(report)
    if pairs:
        explained |= work.explain_by_pairs(explained, progress)
    return WorkReport(dict(report.of) | explained)


class _Work:
    """A pass in the worksheet's layout, and what was given of it."""

    def __init__(
        self,
        setup: Setup,
        given: Mapping[Var, Written],
        optimiser: Optimiser | None,
        state: Mapping[Var, Array] | None,
    ) -> None:
        if not given:
            raise ValueError("no matrix was given")
        self.lay, self.setup, self.optimiser = setup.conventions.lay, setup, optimiser
        self.steps = self._list_steps(setup.conventions)
        inputs = (optimiser.list_inputs(setup.net, self.lay, state) if optimiser else {}) | setup.inputs()
        self.inputs = {var: np.asarray(self.lay.convert(var, x), dtype=float) for var, x in inputs.items()}
        self.values = evaluate(self.steps, self.inputs)
        self.at = {step.out: k for k, step in enumerate(self.steps)}
        order = [*self.inputs, *self.at]
        for var in given:
            if var not in self.values:
                raise ValueError(f"{var.text} is no matrix of this pass")
        self.given = {var: self._fit(var, given[var]) for var in order if var in given}
        self.shapes = {var: np.shape(x) for var, x in self.values.items()}

    def _list_steps(self, conventions: Conventions) -> list[Step]:
        """List the training step under other conventions, in the worksheet's layout."""
        conventions = replace(conventions, layout="columns")
        return training_step(self.setup.net, self.setup.loss, conventions=conventions, optimiser=self.optimiser)

    def _fit(self, var: Var, written: Written) -> Written:
        """Give what was written the axes and the layout of the pass, where its shape allows it."""
        right = self.values[var]
        values, decimals = np.asarray(written.values, float), np.asarray(written.decimals)
        if np.ndim(right) < 2 and values.size == np.size(right) and max(values.shape, default=1) == values.size:
            return replace(written, values=values.reshape(np.shape(right)), decimals=decimals.reshape(np.shape(right)))
        if values.ndim < 2 == np.ndim(right):
            shape = (1, -1) if right.shape[0] == 1 or (self.lay.transposes(var) and right.shape[1] != 1) else (-1, 1)
            values, decimals = values.reshape(shape), decimals.reshape(shape)
        return replace(written, values=self.lay.convert(var, values), decimals=self.lay.convert(var, decimals))

    def _unit(self, var: Var) -> Array:
        written = self.given[var]
        size = np.abs(written.values[np.isfinite(written.values)]).max(initial=0.0)
        right = np.abs(self.values[var][np.isfinite(self.values[var])]).max(initial=0.0)
        return self.digits[var] * (1 + 1e-6) + written.rounding * max(size, right)

    def _find_digits(self, var: Var, written: Written) -> Array:
        right = self.values[var]
        whole = bool(_is_near(right, np.round(right), ROUNDING * np.maximum(1.0, np.abs(right))).all())
        return find_units(written.values, written.decimals, whole=whole)

    # --- verdicts ----------------------------------------------------------------------------

    def judge(self) -> WorkReport:
        given = {var: w for var, w in self.given.items() if w.values.shape == self.shapes[var]}
        self.digits = {var: self._find_digits(var, w) for var, w in given.items()}
        self.units = {var: self._unit(var) for var in given}
        self.follow, self.spread = self._follow(given)
        return WorkReport({var: self._judge(var) for var in self.given})

    def _judge(self, var: Var) -> Judged:
        written, right, words = self.given[var], self.values[var], ""
        if var in self.units:
            unit = self.units[var]
            near = _is_near(written.values, right, unit)
            follows = _is_near(written.values, self.follow[var], unit + self.spread[var])
            cells = np.select([np.isnan(written.decimals), near, follows], [OPEN, RIGHT, FOLLOWS], WRONG)
        else:
            unit = find_units(written.values, written.decimals)
            cells = np.full(written.values.shape, WRONG)
            words = self._describe_shape(var, written.values)
        found = (written.values, right, self.follow[var], cells, unit)
        given, right, follow, cells, unit = (self.lay.convert(var, np.asarray(x)) for x in found)
        return Judged(given, right, follow, cells, unit, shape=words)

    def _describe_shape(self, var: Var, values: Array) -> str:
        sizes = (self.lay.convert(var, np.asarray(x)).shape for x in (values, self.values[var]))
        own, wanted = ("×".join(map(str, s)) or "a single number" for s in sizes)
        words = f"{var.symbol} is {wanted}, and this is {own}"
        if values.ndim == 2 and values.T.shape == self.shapes[var]:
            words += ": transposed it fits"
        return words

    def _follow(self, given: Mapping[Var, Written]) -> tuple[dict[Var, Array], dict[Var, Array]]:
        """Compute each matrix from the given ones before it, and how far their last digits move it.

        As long as all of them are right, so are the unrounded ones: then only numbers as written lead elsewhere.
        """
        rng = np.random.default_rng(0)

        def copies(var: Var, x: Array) -> Array:
            """Give the matrix, and samples of it moved by up to a unit: either way, or away from 0 as if cut off.

            A matrix that is right to all digits in every cell was not shortened.
            """
            moved = np.repeat(x[None], SAMPLES, axis=0)
            exact = _is_near(x, self.values[var], np.asarray(ROUNDING * np.abs(x).max(initial=0.0))).all()
            unit = 0.0 * self.units[var] if exact else self.units[var]
            shares = rng.uniform(-1, 1, size=(SAMPLES, *x.shape))
            half = SAMPLES // 2
            shares[half:] = np.abs(shares[half:]) * np.where(x < 0, -1, 1)
            shares[-1] = np.where(x < 0, -1, 1)
            shares[0] = 0
            return moved + shares * unit

        values, center = dict(self.inputs), dict(self.inputs)
        right = self.values
        off = {var for var, w in given.items() if not _is_near(w.fill(right[var]), right[var], self.units[var]).all()}
        for var in self.inputs:
            if var in given:
                values[var] = copies(var, given[var].fill(self.inputs[var]))
        spread = {var: np.zeros(np.shape(x)) for var, x in self.inputs.items()}
        with np.errstate(all="ignore"):
            for step in self.steps:
                result = np.asarray(step.op(*(values[v] for v in step.operands)))
                moves = result.ndim > len(self.shapes[step.out])
                center[step.out] = result[0] if moves else result
                spread[step.out] = np.zeros(self.shapes[step.out])
                is_open = np.isnan(given[step.out].decimals) if step.out in given else np.True_
                if moves and not off.isdisjoint(step.operands):
                    spread[step.out] = 1.5 * np.abs(result - result[0]).max(axis=0)
                    if is_open.any():
                        off.add(step.out)
                values[step.out] = result
                if step.out in given:
                    own = copies(step.out, given[step.out].fill(center[step.out]))
                    values[step.out] = np.where(is_open, result, own)
        return center, spread

    # --- mistakes ----------------------------------------------------------------------------

    def explain(self, report: WorkReport) -> dict[Var, Judged]:
        """Name the mistakes that reproduce the wrong matrices."""
        wrong = {var: judged for var, judged in report.of.items() if judged.verdict == WRONG}
        sound = [var for var in self.given if var in self.at and var not in wrong]
        names: dict[Var, dict[str, Step]] = {var: {} for var in wrong if var in self.units and var in self.at}
        refuted: dict[Var, dict[str, tuple[Step, Var]]] = {var: {} for var in names}
        later = [var for var in names if var != report.first_wrong]
        for name, mistake in MISTAKES.items():
            for steps in mistake.variants(self.steps, *self._sizes()):
                for var in self._find_fits(steps, [v for v in names if name not in names[v]], later):
                    # The last equation up to the matrix that has the mistake in it.
                    places = range(self.at[var], -1, -1)
                    step = next(steps[k] for k in places if steps[k] is not self.steps[k])
                    if against := self._find_contradiction(steps, sound, var):
                        refuted[var][name] = step, against
                    else:
                        names[var][name] = step
        explained = dict(wrong)
        for var, found in names.items():
            others = {} if found else refuted[var]
            shown = found or {name: step for name, (step, _) in others.items()}
            refuting = {name: other for name, (_, other) in others.items()}
            explained[var] = replace(wrong[var], mistakes=tuple(shown), steps=shown, against=refuting)
        turned = [var for var in wrong if self._fits_transposed(var)]
        for var in turned:
            if wrong[var].shape:
                explained[var] = replace(wrong[var], mistakes=("the result transposed",))
        for var, conventions in self._find_conventions(list(names), turned).items():
            explained[var] = replace(explained[var], conventions=tuple(conventions))
        return explained

    def explain_by_pairs(
        self, explained: Mapping[Var, Judged], progress: Callable[[float], object]
    ) -> dict[Var, Judged]:
        """Name the pairs of mistakes that reproduce the matrices that no mistake does alone."""
        is_long = sum(np.size(x) for x in self.values.values()) > LONG_PASS
        wanted = [
            var
            for var, judged in explained.items()
            if not (is_long or judged.is_explained) and var in self.at and self._has_enough_digits(var, judged)
        ]
        sound = [var for var in self.given if var in self.at and var not in explained]
        pairs: dict[Var, list[tuple[str, str]]] = {var: [] for var in wanted}
        end = max((self.at[var] + 1 for var in wanted), default=0)
        usable = [name for name, m in MISTAKES.items() if any(k < end for k in m.places(self.steps))]
        both = list(combinations(usable if wanted else [], 2))
        for count, (a, b) in enumerate(both):
            if count % 32 == 0:
                progress(count / len(both))
            steps = MISTAKES[b].rewrite(MISTAKES[a].rewrite(self.steps))
            for var in self._find_fits(steps, wanted):
                if not self._find_contradiction(steps, sound, var):
                    pairs[var].append((a, b))
        return {var: replace(explained[var], pairs=tuple(found)) for var, found in pairs.items()}

    def _find_conventions(self, wanted: Sequence[Var], turned: Sequence[Var]) -> dict[Var, list[Conventions]]:
        """Find the conventions, one changed at a time, under which matrices are right.

        Args:
            wanted: wrong matrices of the right shape.
            turned: wrong matrices that are right when transposed.
        """
        now, found = self.setup.conventions, {var: list[Conventions]() for var in (*wanted, *turned)}
        for name, other_lay in LAYOUTS.items():
            for var in turned:
                if other_lay.transposes(var) != self.lay.transposes(var):
                    found[var].append(replace(now, layout=name))
        others = [replace(now, scale=scale) for scale in SCALES if scale != now.loss(self.setup.loss).scale]
        others += [replace(now, at_kink=share) for share in (0.0, 0.5, 1.0) if share != now.at_kink]
        others.append(replace(now, at_tie=not now.at_tie))
        for other in others if wanted else []:
            values = evaluate(self._list_steps(other), self.inputs)
            for var in wanted:
                if self._is_reproduced(var, values[var]):
                    found[var].append(other)
        return found

    def _fits_transposed(self, var: Var) -> bool:
        """Tell whether a matrix is right when transposed; an input as well as what is computed."""
        turned = self.given[var].transposed()
        if turned.values.shape != self.shapes[var]:
            return False
        return _reproduces(
            turned.fill(self.values[var]), self.values[var], self._find_digits(var, turned), turned.rounding
        )

    def _sizes(self) -> tuple[int, int]:
        """Give how many inputs and examples may be left out."""
        widths = [shape[-1] for var, shape in self.shapes.items() if var.kind == "W" and not var.new]
        examples = next(shape[-1] for var, shape in self.shapes.items() if var.kind == "Z")
        return max(widths), examples

    def _find_fits(self, steps: Sequence[Step], wanted: Sequence[Var], later: Sequence[Var] = ()) -> list[Var]:
        """Find the matrices that a list with a mistake in it reproduces: from the set-up, or from what was given."""
        found = self._run(steps, wanted, self.inputs, {})
        fits = [var for var, x in found.items() if self._is_reproduced(var, x)]
        rest = [var for var in wanted if var in later and var not in fits]
        return fits + [var for var, x in self._run_from_given(steps, rest).items() if self._follows(var, x)]

    def _find_contradiction(self, steps: Sequence[Step], sound: Sequence[Var], var: Var) -> Var | None:
        """Find a matrix before `var` that a list with a mistake makes neither from the set-up nor from what was given.

        Args:
            sound: the matrices that are not wrong.
        """
        earlier = [v for v in sound if self.at[v] < self.at[var]]
        made = self._run(steps, earlier, self.inputs, {})
        follows = self._run_from_given(steps, [var for var, x in made.items() if not self._follows(var, x)])
        return next((var for var, x in follows.items() if not self._follows(var, x)), None)

    def _follows(self, var: Var, found: Array) -> bool:
        """Tell whether a matrix was given so: what it is computed from is known to its last digit only."""
        return bool(_is_near(self.given[var].fill(found), found, self.units[var] + self.spread[var]).all())

    def _is_reproduced(self, var: Var, found: Array) -> bool:
        written = self.given[var]
        return _reproduces(written.fill(found), found, self.digits[var], written.rounding)

    def _run_from_given(self, steps: Sequence[Step], wanted: Sequence[Var]) -> dict[Var, Array]:
        given = {var: w.fill(self.values[var]) for var, w in self.given.items() if var in self.units}
        return self._run(steps, wanted, self.inputs | {v: x for v, x in given.items() if v in self.inputs}, given)

    def _run(
        self, steps: Sequence[Step], wanted: Sequence[Var], inputs: Mapping[Var, Array], given: Mapping[Var, Array]
    ) -> dict[Var, Array]:
        """Evaluate a rewritten list as far as shapes fit, and give the matrices that the rewriting can change.

        Args:
            given: what the steps that follow read in place of what was computed.
        """
        end = max((self.at[var] + 1 for var in wanted), default=0)
        first = next((k for k in range(end) if steps[k] is not self.steps[k]), end)
        values, found = dict(inputs), {}
        begin = 0 if given else first
        values |= {step.out: self.values[step.out] for step in self.steps[:begin]}
        with np.errstate(all="ignore"):
            for k in range(begin, end if first < end else 0):
                step = steps[k]
                try:
                    value = np.asarray(step.op.arithmetic(*(values[v] for v in step.operands)))
                except (ValueError, KeyError):
                    break
                if value.shape != self.shapes[step.out]:
                    break
                if step.out in wanted and k >= first:
                    found[step.out] = value
                values[step.out] = given.get(step.out, value)
        return found

    def _has_enough_digits(self, var: Var, judged: Judged) -> bool:
        """Tell whether a fit of two mistakes cannot be chance: the digits of the wrong cells against all pairs."""
        written = self.given[var]
        unit = np.maximum(self.digits[var], 1e-15)
        size = np.abs(written.fill(0.0)).max(initial=0.0)
        wrong = self.lay.convert(var, judged.cells) == WRONG
        chance = np.minimum(1.0, unit[wrong] / max(size, 1e-300)).prod()
        return len(MISTAKES) ** 2 * float(chance) < CHANCE


def _is_near(x: Array, wanted: Array, unit: Array) -> Array:
    """Tell of each cell whether it is within a unit; infinities and NaN agree with themselves."""
    with np.errstate(invalid="ignore"):
        same = (x == wanted) | (np.isnan(x) & np.isnan(wanted))
        return same | (np.abs(x - wanted) <= unit)


def _reproduces(x: Array, found: Array, unit: Array, rounding: float) -> bool:
    """Tell whether numbers, rounded or cut off to the digits that were written, are these in every cell."""
    if not np.isfinite(found).all():
        return bool(_is_near(x, found, unit).all())
    slack = 1e-6 * unit + rounding * np.abs(found).max(initial=0.0)
    over = (found - x) * np.where(x == 0, np.sign(found), np.sign(x))
    return bool(((over >= -0.5 * unit - slack) & (over <= unit + slack)).all())
