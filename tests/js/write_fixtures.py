"""Write what Python reads off random set-ups, for the modules to be compared with: `python -m tests.js.write_fixtures`.

Payloads as the stages get them, and beside them the formula and the provenance of cells of every step.
"""

from __future__ import annotations

import json
import random
import sys
from itertools import pairwise, product
from typing import Any

import numpy as np

import mlpcore as mlp
from mlpcore import exchange
from mlpcore.equations import cells
from mlpcore.equations.steps import Step, evaluate
from mlpcore.exchange import read_matrix
from mlpcore.network import Batch, Layer, Network
from mlpcore.notation import Var
from mlpcore.passes.conventions import LAYOUTS, SCALES, Conventions
from mlpcore.passes.training_step import training_step
from mlpcore.setup import Setup
from pages.ui.components.stage.payload import build_matrices, build_step
from pages.ui.state.wire_names import wire_name
from tests.core.test_worksheet import RESULTS, printed

SETUPS = 24
#: Of a large result, so many cells.
CELLS = 12
TYPED = ["0", "-0", "1", ".5", "5.", "-0.125", "+3", "0,5", "-1,25", "1e-2", "1E3", "2,5e+2", "\u22123.5", " 7 ",
         "1.7976931348623157e308", "4.9e-324"]  # fmt: skip
REFUSED = [
    "",
    " ",
    "abc",
    "1.2.3",
    "1,2,3",
    "--1",
    "1e",
    "e5",
    "nan",
    "-inf",
    "Infinity",
    "\u221e",
    "1e999",
    "0x10",
    "1_000",
]


def random_setup(rng: random.Random) -> Setup:
    """A small network with a loss, conventions and numbers drawn at random; some of the numbers are 0 or NaN."""
    widths = [rng.randint(1, 4) for _ in range(rng.randint(2, 4))]
    widths[-1] = max(widths[-1], 2)
    N = rng.choice((1, 2, 3, 10))
    numbers = np.random.default_rng(rng.randrange(2**32))

    def matrix(*shape: int) -> np.ndarray:
        return np.where(numbers.random(shape) < 0.15, 0.0, numbers.normal(size=shape) * 10.0 ** numbers.integers(-3, 3))

    layers = tuple(
        Layer(matrix(rows, cols), matrix(rows) if rng.random() < 0.6 else None, rng.choice(list(mlp.ACTIVATIONS)))
        for cols, rows in pairwise(widths)
    )
    loss = rng.choice(list(mlp.LOSSES.values()))
    one_hot = np.eye(widths[-1])[:, numbers.integers(0, widths[-1], N)]
    conventions = Conventions(layout=rng.choice(list(LAYOUTS)), scale=rng.choice(list(SCALES)))
    return Setup(Network(layers), Batch(matrix(widths[0], N), one_hot), loss(), conventions=conventions)


def formula(step: Step, values: dict[Var, np.ndarray], cell: tuple[int, ...]) -> dict[str, Any]:
    """What Python says of one cell: its formula, and the cells or stretches of each operand that it reads."""
    blocks = {
        wire_name(var): [index if isinstance(index, int) else None for index in read] for var, read in
        mlp.provenance(step, cell).items()
    }  # fmt: skip
    return {"index": cell, "text": cells.numbers(step, values, cell), "provenance": blocks}


def case(rng: random.Random) -> dict[str, Any]:
    """One set-up's payload, and what is expected of its cells."""
    setup = random_setup(rng)
    schedule = rng.choice(list(mlp.SCHEDULES))
    steps = training_step(setup.net.shape, setup.loss, schedule, setup.conventions, setup.batch.N)
    with np.errstate(all="ignore"):
        values = evaluate(steps, setup.inputs())
        payload = build_matrices(steps, values, setup.conventions.lay, setup.inputs()) | {
            "steps": [build_step(s, setup.conventions.lay) for s in steps]
        }
    expected = []
    for step in steps:
        every = list(product(*map(range, np.shape(values[step.out]))))
        chosen = every if len(every) <= CELLS else rng.sample(every, CELLS)
        expected.append([formula(step, values, cell) for cell in chosen])
    return {"payload": payload, "expected": expected}


def sheet() -> dict[str, list[dict[str, Any]]]:
    """Every number of exercise 2 that the sheet prints, with its digits there."""
    _, values = mlp.EXAMPLES["worksheet"].setup.run()
    found: dict[str, list[dict[str, Any]]] = {}
    for display, place, var in RESULTS:
        texts = [text for row in printed()[display][place] for text in row]
        cells_ = zip(np.ravel(values[var]).tolist(), texts, strict=True)
        found[wire_name(var)] = [{"value": value, "printed": text} for value, text in cells_]
    found["loss"] = [{"value": float(values[mlp.loss]), "printed": "0.49161"}]
    return found


def main(seed: int) -> None:
    """Write the fixtures to standard output."""
    rng = random.Random(seed)
    typed = [{"text": text, "value": float(read_matrix(text.replace(",", "."))[0, 0])} for text in TYPED]
    plain = [rng.uniform(-1, 1) * 10 ** rng.randint(-12, 12) for _ in range(200)]
    fixtures = {
        "cases": [case(rng) for _ in range(SETUPS)],
        "typed": typed,
        "refused": REFUSED,
        "numbers": [{"value": x} for x in plain],
        "matrices": [
            {"data": data, "digits": d, "cut": cut, "written": [how(x) for x in data]}
            for data in (
                [rng.uniform(-1, 1) * 10.0 ** (size + rng.randint(-2, 2)) for _ in range(4)] for size in range(-8, 8)
            )
            for d in (2, 4, 8)
            for cut, name in (("round", "rounded"), ("truncate", "truncated"), ("worksheet", "worksheet"))
            for how in (exchange.Digits(d, name).for_matrix(mlp.S(1), np.array(data)),)
        ],
        "sheet": sheet(),
    }
    json.dump(fixtures, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 17)
