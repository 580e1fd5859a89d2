"""Every printed number of exercise 2, read from the sheet's own LaTeX."""

import re
from pathlib import Path

import numpy as np
import pytest

import mlpcore as mlp

SHEET = Path(__file__).parents[1] / "data" / "exercise_2.md"
SHARED = Path(__file__).parents[3] / "shared" / "sheet" / "assignment-1.md"


def printed():
    """Each display's matrices as lists of rows of text; a trailing T is taken as transposed."""
    displays = re.findall(r"\$\$(.*?)\$\$", SHEET.read_text(encoding="utf-8"), re.S)
    found = []
    for display in displays:
        matrices = []
        for body, turned in re.findall(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}(\^T)?", display, re.S):
            rows = [[cell.strip() for cell in row.split("&")] for row in body.split(r"\\")]
            matrices.append([list(column) for column in zip(*rows, strict=True)] if turned else rows)
        found.append(matrices)
    return found


def agree(computed, text):
    """Within one unit of the last printed digit (the sheet truncates where others round)."""
    computed = np.atleast_2d(computed)
    assert computed.shape == (len(text), len(text[0]))
    for row, line in zip(computed, text, strict=True):
        for value, cell in zip(row, line, strict=True):
            unit = 10.0 ** -len(cell.partition(".")[2])
            assert abs(value - float(cell)) <= unit * (1 + 1e-9), (value, cell)


@pytest.fixture(scope="module")
def sheet():
    setup = mlp.EXAMPLES["worksheet"].setup
    return setup.run()[1]


RESULTS = [
    (0, 0, mlp.W(1)),
    (0, 1, mlp.Z(0)),
    (0, 2, mlp.S(1)),
    (1, 0, mlp.Z(1)),
    (2, 0, mlp.W(2)),
    (2, 2, mlp.S(2)),
    (4, 1, mlp.delta(2)),
    (5, 2, mlp.dW(2)),
    (6, 3, mlp.delta(1)),
    (7, 2, mlp.dW(1)),
    (8, 0, mlp.after(mlp.W(2))),
    (9, 0, mlp.after(mlp.W(1))),
]


@pytest.mark.parametrize(("display", "place", "var"), RESULTS, ids=lambda x: str(x))
def test_printed_matrices(sheet, display, place, var):
    displays = printed()
    assert len(displays) == 10
    agree(sheet[var], displays[display][place])


def test_slope_of_relu_is_the_printed_one(sheet):
    slope = mlp.ACTIVATIONS["relu"].derivative(sheet[mlp.S(1)])
    assert slope.tolist() == [[float(x) for x in row] for row in printed()[6][2]]


def test_losses_before_and_after_the_step(sheet):
    assert f"{sheet[mlp.loss]:.5f}" == "0.49161"
    assert "0.49161" in SHEET.read_text(encoding="utf-8")
    assert f"{sheet[mlp.after(mlp.loss)]:.5f}" == "0.46571"


def test_order_of_the_walk():
    steps, _ = mlp.EXAMPLES["worksheet"].setup.run()
    walk = ["S_1", "Z_1", "S_2", "Z_2", "L", "dL/dZ_2", "delta_2", "dL/dW_2", "dL/dZ_1", "delta_1", "dL/dW_1"]
    walk += ["new W_2", "new W_1", "new S_1", "new Z_1", "new S_2", "new Z_2", "new L"]
    assert [step.out.text for step in steps] == walk


@pytest.mark.skipif(not SHARED.exists(), reason="the whole worksheet is not beside this clone")
def test_our_copy_is_the_sheet():
    assert SHEET.read_text(encoding="utf-8").strip() in SHARED.read_text(encoding="utf-8")
