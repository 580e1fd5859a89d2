"""Somebody's matrices against a pass: which cells are right, which follow from earlier ones, which mistake explains.

All is done in the worksheet's layout; `check_matrices` takes and gives matrices laid out as the set-up's
conventions say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ..equations.steps import Step, evaluate
from ..network import Array
from ..notation import Var
from ..passes.training_step import training_step
from .mistakes import MISTAKES

if TYPE_CHECKING:
    from ..setup import Setup

RIGHT, FOLLOWS, WRONG = "right", "right given yours", "wrong"

#: Passes from the given matrices, each cell moved within its last digit: how far that moves what follows.
SAMPLES = 24
#: A number that was not shortened may differ by this share of the largest entry: sums in another order.
ROUNDING = 1e-9
ROUNDING_32 = 1e-5
#: A number from here on is written with a power of ten, and its last zeros are no digits.
LARGE = 1e5
#: Two mistakes are named together only where fewer than this many pairs would fit a matrix of any numbers.
CHANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Written:
    """A matrix as it was written.

    Attributes:
        values: its numbers.
        decimals: of each cell the digits after the point that were written, -1 where it is exact; same shape.
        rounding: the share of the largest entry by which it may differ in any case.
    """

    values: Array
    decimals: Array
    rounding: float = ROUNDING

    def transposed(self) -> Written:
        return replace(self, values=self.values.T, decimals=self.decimals.T)


@dataclass(frozen=True, eq=False)
class Judged:
    """One matrix of somebody's work.

    Attributes:
        given: what was written; `right` what it should be.
        follows: what it should be given the matrices that were written before it.
        cells: the verdict of each cell, shape of `given`; all wrong where the shape is.
        unit: one unit of the last digit written, for each cell.
        mistakes: names in `MISTAKES` that reproduce the matrix, ties included.
        pairs: pairs of names that reproduce it together, where none does alone.
        shape: what is wrong with the shape, and which transposition fits; empty if it is right.
        steps: name of a mistake -> the last equation with it in, in the worksheet's layout.
    """

    given: Array
    right: Array
    follows: Array
    cells: Array
    unit: Array
    mistakes: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    shape: str = ""
    steps: Mapping[str, Step] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The worst verdict of its cells."""
        return next(v for v in (WRONG, FOLLOWS, RIGHT) if (self.cells == v).any())


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
        return next(v for v in (WRONG, FOLLOWS, RIGHT) if v in verdicts)


def find_units(values: Array, decimals: Array) -> Array:
    """Find one unit of the last digit of each cell; 0 where a cell is exact.

    Programs drop trailing zeros, so a cell has at least the decimals of any cell that could have been written
    with fewer; and at least the significant digits of any, if that makes its unit larger. Whole numbers are
    exact where no decimals are written at all, and from 10 on rounded to a whole number.
    """
    size = np.abs(np.where(np.isfinite(values), values, 0.0))
    inexact = decimals >= 0
    unit = np.zeros(values.shape)
    if not inexact.any():
        return unit
    places = np.where(inexact, decimals, -1)
    # Numbers that vanish at the decimals of the others are written to more of them, and stand for themselves.
    levels = sorted({int(p) for p in places[inexact]}, reverse=True)
    common = levels[-1]
    for above, below in zip(levels, [*levels[1:], None]):
        tiny = below is not None and (size[places == above] < 10.0**-below).all() and above > below
        if not tiny:
            common = above
            break
    shown = np.maximum(places, common)
    if common > 0:
        unit[inexact] = 10.0 ** -shown[inexact].astype(float)
    else:
        unit[inexact & (size >= 10)] = 1.0
        unit[inexact & (places > 0)] = 10.0 ** -places[inexact & (places > 0)].astype(float)
    magnitude = np.floor(np.log10(np.where(size > 0, size, 1.0)))
    digits = np.where(size > 0, places + magnitude + 1, 0)
    large = inexact & (size >= LARGE) & (places == 0)
    digits[large] = [len(f"{x:.0f}".rstrip("0")) for x in size[large]]
    most = float(digits[inexact].max(initial=0))
    if common > 0 or large.any():
        by_digits = 10.0 ** (magnitude - np.maximum(most, 1) + 1)
        unit = np.where(inexact & (size > 0), np.maximum(unit, by_digits), unit)
    return unit


def check_matrices(setup: Setup, given: Mapping[Var, Written], *, pairs: bool = True) -> WorkReport:
    """Judge every cell of matrices of a training step, and name the mistakes that reproduce the wrong ones.

    Args:
        pairs: look for two mistakes at once where none fits alone.

    Raises:
        ValueError: a matrix that is none of this pass, or none at all.
    """
    work = _Work(setup, given)
    report = work.judge()
    found = dict(report.of)
    for var in found:
        if found[var].verdict == WRONG:
            found[var] = work.explain(var, found[var], earlier_wrong=var != report.first_wrong, pairs=pairs)
    return WorkReport(found)


class _Work:
    """A pass in the worksheet's layout, and what was given of it."""

    def __init__(self, setup: Setup, given: Mapping[Var, Written]) -> None:
        if not given:
            raise ValueError("no matrix was given")
        conventions = replace(setup.conventions, layout="columns")
        self.lay = setup.conventions.lay
        self.steps = training_step(setup.net, setup.loss, conventions=conventions)
        self.inputs = {var: np.asarray(self.lay.convert(var, x), dtype=float) for var, x in setup.inputs().items()}
        self.values = evaluate(self.steps, self.inputs)
        self.at = {step.out: k for k, step in enumerate(self.steps)}
        order = [*self.inputs, *self.at]
        for var in given:
            if var not in self.values:
                raise ValueError(f"{var.text} is no matrix of this pass")
        self.given = {var: self._fit(var, given[var]) for var in order if var in given}
        self.shapes = {var: np.shape(x) for var, x in self.values.items()}

    def _fit(self, var: Var, written: Written) -> Written:
        """Give what was written the axes and the layout of the pass, where its shape allows it."""
        right = self.values[var]
        values, decimals = np.asarray(written.values, float), np.asarray(written.decimals)
        if np.ndim(right) < 2 and values.size == np.size(right) and max(values.shape, default=1) == values.size:
            return replace(written, values=values.reshape(np.shape(right)), decimals=decimals.reshape(np.shape(right)))
        if values.ndim == 1 and np.ndim(right) == 2:
            shape = (1, -1) if right.shape[0] == 1 or (self.lay.transposes(var) and right.shape[1] != 1) else (-1, 1)
            values, decimals = values.reshape(shape), decimals.reshape(shape)
        if values.ndim == 2 and self.lay.transposes(var):
            values, decimals = values.T, decimals.T
        return replace(written, values=values, decimals=decimals)

    def _unit(self, var: Var) -> Array:
        written = self.given[var]
        size = np.abs(written.values[np.isfinite(written.values)]).max(initial=0.0)
        right = np.abs(self.values[var][np.isfinite(self.values[var])]).max(initial=0.0)
        return find_units(written.values, written.decimals) * (1 + 1e-6) + written.rounding * max(size, right)

    # --- verdicts ----------------------------------------------------------------------------

    def judge(self) -> WorkReport:
        given = {var: w for var, w in self.given.items() if w.values.shape == self.shapes[var]}
        self.units = {var: self._unit(var) for var in given}
        self.follow, self.spread = self._follow(given)
        return WorkReport({var: self._judge(var) for var in self.given})

    def _judge(self, var: Var) -> Judged:
        written, right = self.given[var], np.asarray(self.values[var])
        lay = lambda x: self.lay.convert(var, np.asarray(x))  # noqa: E731
        if var not in self.units:
            cells = np.full(written.values.shape, WRONG)
            words = self._describe_shape(var, written.values, right)
            unit = find_units(written.values, written.decimals)
            return Judged(
                written.values.T if self._turned(var, written) else written.values,
                lay(right), lay(self.follow[var]), cells.T if self._turned(var, written) else cells,
                unit, shape=words,
            )  # fmt: skip
        unit = self.units[var]
        near = _is_near(written.values, right, unit)
        follows = _is_near(written.values, self.follow[var], unit + self.spread[var])
        cells = np.where(near, RIGHT, np.where(follows, FOLLOWS, WRONG))
        return Judged(lay(written.values), lay(right), lay(self.follow[var]), lay(cells), lay(unit))

    def _turned(self, var: Var, written: Written) -> bool:
        return written.values.ndim == 2 and self.lay.transposes(var)

    def _describe_shape(self, var: Var, values: Array, right: Array) -> str:
        sizes = [self.lay.convert(var, x).shape if np.ndim(x) == 2 else np.shape(x) for x in (values, right)]
        own, wanted = ("×".join(map(str, s)) or "a single number" for s in sizes)
        words = f"{var.symbol} is {wanted}, and this is {own}"
        if values.ndim == 2 and values.T.shape == right.shape:
            words += ": transposed it fits"
        return words

    def _follow(self, given: Mapping[Var, Written]) -> tuple[dict[Var, Array], dict[Var, Array]]:
        """Compute each matrix from the given ones before it, and how far their last digits move it."""
        rng = np.random.default_rng(0)

        def copies(var: Var, x: Array) -> Array:
            """Give the matrix, and samples of it moved by up to a unit: either way, or away from 0 as if cut off."""
            moved = np.repeat(x[None], SAMPLES, axis=0)
            unit = self.units[var]
            shares = rng.uniform(-1, 1, size=(SAMPLES, *x.shape))
            half = SAMPLES // 2
            shares[half:] = np.abs(shares[half:]) * np.where(x < 0, -1, 1)
            shares[-1] = np.where(x < 0, -1, 1)
            shares[0] = 0
            return moved + shares * unit

        values = dict(self.inputs)
        for var in self.inputs:
            if var in given:
                values[var] = copies(var, given[var].values)
        center = dict(self.inputs)
        spread = {var: np.zeros(np.shape(x)) for var, x in self.inputs.items()}
        with np.errstate(all="ignore"):
            for step in self.steps:
                result = np.asarray(step.op(*(values[v] for v in step.operands)))
                if result.ndim > len(self.shapes[step.out]):
                    center[step.out] = result[0]
                    spread[step.out] = 1.5 * np.abs(result - result[0]).max(axis=0)
                else:
                    center[step.out], spread[step.out] = result, np.zeros(result.shape)
                values[step.out] = copies(step.out, given[step.out].values) if step.out in given else result
        return center, spread

    # --- mistakes ----------------------------------------------------------------------------

    def explain(self, var: Var, judged: Judged, *, earlier_wrong: bool, pairs: bool) -> Judged:
        """Name the mistakes that reproduce a wrong matrix."""
        written = self.given[var]
        if judged.shape:
            turned = written.transposed()
            if written.values.ndim != 2 or turned.values.shape != self.shapes[var]:
                return judged
            unit = find_units(turned.values, turned.decimals)
            if _reproduces(turned.values, self.values[var], unit, turned.rounding):
                return replace(judged, mistakes=("the result transposed",))
            return judged
        names: dict[str, Step] = {}
        for name, mistake in MISTAKES.items():
            for steps in mistake.variants(self.steps, *self._sizes()):
                if self._fits(var, steps, from_given=earlier_wrong):
                    wrong = next((s for s in reversed(steps[: self.at.get(var, -1) + 1]) if s not in self.steps), None)
                    if wrong is not None:
                        names[name] = wrong
                    break
        judged = replace(judged, mistakes=tuple(names), steps=names)
        if names or not pairs or not self._has_enough_digits(var, judged):
            return judged
        return replace(judged, pairs=tuple(self.find_pairs(var)))

    def _sizes(self) -> tuple[int, int]:
        widths = [shape[-1] for var, shape in self.shapes.items() if var.kind == "W" and not var.new]
        examples = next(shape[-1] for var, shape in self.shapes.items() if var.kind == "Z")
        return max(widths), examples

    def _fits(self, var: Var, steps: Sequence[Step], *, from_given: bool) -> bool:
        """Tell whether a list with a mistake in it reproduces a matrix, from the set-up or from what was given."""
        written = self.given[var]
        unit = find_units(written.values, written.decimals)
        found = self._run(var, steps, self.inputs, {})
        if found is not None and _reproduces(written.values, found, unit, written.rounding):
            return True
        if not from_given:
            return False
        before = {v: w.values for v, w in self.given.items() if v in self.units and self._is_before(v, var)}
        inputs = self.inputs | {v: x for v, x in before.items() if v in self.inputs}
        found = self._run(var, steps, inputs, before)
        # What was given is known to its last digit only, so what follows is met within that.
        return found is not None and bool(_is_near(written.values, found, self.units[var] + self.spread[var]).all())

    def _is_before(self, a: Var, b: Var) -> bool:
        return self.at.get(a, -1) < self.at.get(b, -1)

    def _run(
        self, var: Var, steps: Sequence[Step], inputs: Mapping[Var, Array], given: Mapping[Var, Array]
    ) -> Array | None:
        """Evaluate a rewritten list up to a matrix; None where shapes do not fit or nothing before it is rewritten."""
        if var not in self.at:
            return None
        end = self.at[var] + 1
        first = next((k for k in range(end) if steps[k] is not self.steps[k]), end)
        if first == end:
            return None
        values = dict(inputs)
        if not given:
            values |= {s.out: self.values[s.out] for s in self.steps[:first]}
            begin = first
        else:
            begin = 0
        with np.errstate(all="ignore"):
            for step in steps[begin:end]:
                try:
                    value = np.asarray(step.op.arithmetic(*(values[v] for v in step.operands)))
                except (ValueError, KeyError):
                    return None
                if value.shape != self.shapes[step.out]:
                    return None
                values[step.out] = value
                if step.out in given and step.out != var:
                    values[step.out] = given[step.out]
                elif step.out == var:
                    return value
        return None

    def _has_enough_digits(self, var: Var, judged: Judged) -> bool:
        """Tell whether a fit of two mistakes cannot be chance: the digits of the wrong cells against all pairs."""
        written = self.given[var]
        unit = np.maximum(find_units(written.values, written.decimals), 1e-15)
        size = np.abs(written.values).max(initial=0.0)
        wrong = self.lay.convert(var, judged.cells) == WRONG
        chance = np.minimum(1.0, unit[wrong] / max(size, 1e-300)).prod()
        return len(MISTAKES) ** 2 * float(chance) < CHANCE

    def find_pairs(self, var: Var) -> Iterator[tuple[str, str]]:
        """Yield the pairs of mistakes that reproduce a matrix together."""
        end = self.at.get(var, -1) + 1
        usable = [name for name, m in MISTAKES.items() if any(k < end for k in m.places(self.steps))]
        for a, b in combinations(usable, 2):
            steps = MISTAKES[b].rewrite(MISTAKES[a].rewrite(self.steps))
            if self._fits(var, steps, from_given=False):
                yield a, b


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


def count_decimals(values: Iterable[float]) -> list[int]:
    """Count the digits after the point with which Python writes numbers."""
    out = []
    for x in values:
        mantissa, _, exponent = repr(float(x)).partition("e")
        fraction = mantissa.partition(".")[2]
        out.append(max((0 if fraction == "0" else len(fraction)) - int(exponent or 0), 0))
    return out
