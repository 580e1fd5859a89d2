"""Matrices, counts, measurements and checks as pandas DataFrames with named axes. Loads pandas when asked.

Units, examples and steps count from 1, as everywhere on the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .benchmark.job import Report, tabulate
from .checking.numerical_gradients import GradCheck
from .memory.cost import Count
from .network import Array
from .values import Matrix

if TYPE_CHECKING:
    from pandas import DataFrame


def matrix(x: Array) -> DataFrame:
    """Make a frame of a matrix or vector; of one that `trace` gave, the axes have their names: unit, input, example.

    Raises:
        ValueError: it has more than two axes.
    """
    import pandas as pd

    if np.ndim(x) > 2:
        raise ValueError(f"a frame has two axes, and this array has {np.ndim(x)}")
    known = x.axes if isinstance(x, Matrix) else ()
    table = x.table if isinstance(x, Matrix) else np.atleast_2d(np.asarray(x))
    names: list[str | None] = list(known) if len(known) == 2 else [None, None]
    if len(known) == 1:
        names[known == ("example",)] = known[0]
    axes = [pd.RangeIndex(1, n + 1, name=name) for n, name in zip(table.shape, names, strict=True)]
    return pd.DataFrame(table, index=axes[0], columns=axes[1])


def profile(count: Count) -> DataFrame:
    """Make a frame of a counted pass: a row for each step, its FLOPs, and the bytes alive while it runs."""
    import pandas as pd

    columns = {
        "matrix": [step.out.text for step in count.steps],
        "equation": [step.op.name for step in count.steps],
        "phase": [step.phase for step in count.steps],
        "recomputed": [step.recompute for step in count.steps],
        "flops": count.flops,
        **count.by_category,
        "live": count.live,
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(count.steps) + 1, name="step"))


def measurements(report: Report) -> DataFrame:
    """Make a frame of a report: a row for each schedule, counted beside measured, and what it was measured under."""
    import pandas as pd

    return pd.DataFrame(tabulate(report)).set_index("schedule")


def gradients(check: GradCheck) -> DataFrame:
    """Make a frame of a gradient check: a row for each cell, its numerical gradient and the verdict.

    `reason` says why a cell could not be measured.
    """
    import pandas as pd

    rows = []
    for var, of in check.of.items():
        reasons = {skipped.cell: skipped.reason for skipped in of.skipped}
        for cell in np.ndindex(of.cells.shape):
            place = [i + 1 for i in cell] + [0] * (2 - len(cell))
            results = of.numerical[cell], of.estimate[cell], of.steps[cell], of.cells[cell], reasons.get(cell, "")
            rows.append((var.text, *place, *results))
    names = ["gradient", "row", "column", "numerical", "estimated error", "step size", "verdict", "reason"]
    return pd.DataFrame(rows, columns=names).set_index(names[:3])
