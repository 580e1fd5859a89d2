"""What an applied file or matrix would change, in words, before it is applied."""

from __future__ import annotations

import numpy as np

from ..setup import Setup
from .digits import Digits

Array = np.ndarray

_SHOWN = 6


def table(x: Array) -> str:
    """Write the first rows and columns of a matrix as aligned text."""
    digits = Digits(6, short=True)
    rows = [[digits(float(v)) for v in row[:_SHOWN]] for row in x[:_SHOWN]]
    wide = max(len(cell) for row in rows for cell in row)
    more = "  …" if x.shape[1] > _SHOWN else ""
    lines = ["  ".join(cell.rjust(wide) for cell in row) + more for row in rows]
    return "\n".join([*lines, "…"] if x.shape[0] > _SHOWN else lines)


def shape_words(x: Array) -> str:
    """Write a size in words: `3×2`, `3`, `a single number`."""
    return "×".join(map(str, np.shape(x))) or "a single number"


def resized_words(before: Setup, after: Setup) -> str:
    """List every input whose size changes; empty where none does."""
    old, new = before.inputs(), after.inputs()
    changes = []
    for var, x in new.items():
        if var not in old:
            changes.append(f"{var.text} is new, {shape_words(x)}")
        elif old[var].shape != x.shape:
            changes.append(f"{var.text} from {shape_words(old[var])} to {shape_words(x)}")
    changes += [f"{var.text} goes" for var in old if var not in new]
    return "; ".join(changes)


def summary(setup: Setup) -> str:
    """Describe a set-up in a line."""
    layers = ", ".join(layer.activation + " with dropout" * bool(layer.dropout) for layer in setup.net.layers)
    sizes = "-".join(map(str, setup.net.widths))
    many = "s" * (setup.batch.N != 1)
    return f"{sizes} ({layers}), {setup.batch.N} example{many}, {setup.loss.title}, rate {setup.rate:g}"
