"""A learner's work, as arrays or as text, against a set-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..checking.work import ROUNDING, ROUNDING_32, WorkReport, Written, check_matrices
from ..notation import Var
from ..passes.optimisers import Optimiser
from ..setup import Setup
from .numerals import EXACT
from .text import read_written
from .written import WrittenMatrix

Given = np.ndarray | list | float | str | WrittenMatrix


def list_shapes(setup: Setup) -> dict[Var, tuple[int, ...]]:
    """List the shapes of all matrices of a training step."""
    return {var: np.shape(x) for var, x in setup.run()[1].items()}


def check_work(
    setup: Setup,
    given: Mapping[Var, Given] | str,
    digits: int | None = None,
    *,
    optimiser: Optimiser | None = None,
    state: Mapping[Var, np.ndarray] | None = None,
    pairs: bool = True,
    progress: Callable[[float], object] = lambda share: None,
) -> WorkReport:
    """Judge matrices of a learner's training step cell by cell, and name the mistakes that reproduce the wrong ones.

    Args:
        given: arrays or texts by name, laid out as the set-up's conventions say; or one text with named matrices.
        digits: decimals that were kept; None for as many as are written.
        optimiser, state: what makes the update, by default gradient descent, and its state after earlier steps, laid
            out as the set-up's conventions say; the learning rate is the set-up's.
        pairs: try two mistakes at once where none explains a matrix alone.
        progress: is called with the share of the pairs that were tried, from 0 to 1.

    Raises:
        ValueError: a text that cannot be read, a matrix that is none of this pass, or none at all.
    """
    if isinstance(given, str):
        from .named import read_named

        given = dict(read_named(given, list_shapes(setup)))
    written = {var: _read(var, x, digits) for var, x in given.items()}
    return check_matrices(setup, written, optimiser=optimiser, state=state, pairs=pairs, progress=progress)


def _read(var: Var, given: Given, digits: int | None) -> Written:
    rounding = ROUNDING
    if isinstance(given, str):
        try:
            given = read_written(given)
        except ValueError as error:
            raise ValueError(f"{var.text}: {error}") from None
    if isinstance(given, WrittenMatrix):
        values, decimals = given.values, given.decimals
    else:
        array = np.asarray(given)
        rounding = ROUNDING_32 if array.dtype == np.float32 else ROUNDING
        values = array.astype(float)
        fractions = (np.format_float_positional(x, trim="-").partition(".")[2] for x in values.flat)
        decimals = np.array(list(map(len, fractions)), dtype=float).reshape(values.shape)
        if not decimals.any():
            decimals[...] = EXACT  # a program that rounds for its reader prints text; an array has all its digits
    if digits is not None:
        decimals = np.where(np.isnan(decimals), decimals, digits)
    return Written(values, decimals, rounding)
