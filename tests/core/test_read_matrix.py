"""Pasted text becomes the matrix it shows, or a sentence that names row, column and reason."""

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcore.exchange import read_matrix
from mlpcore.setup import MAX_SIDE, MAX_TEXT

GOOD = [
    ("1 2\n3 4", [[1, 2], [3, 4]]),
    ("1,2\r\n3,4\r\n", [[1, 2], [3, 4]]),
    ("1, 2\n3, 4", [[1, 2], [3, 4]]),
    ("1;2\n3;4", [[1, 2], [3, 4]]),
    ("1,5;2\n3;4,25", [[1.5, 2], [3, 4.25]]),
    ("1\t2\n3\t4,5", [[1, 2], [3, 4.5]]),
    ("1,5 2,5\n3,1 4", [[1.5, 2.5], [3.1, 4]]),
    ("1 2; 3 4", [[1, 2], [3, 4]]),
    ('"0,5","1,5"\n"2","3"', [[0.5, 1.5], [2, 3]]),
    ("x,y\n1,2\n", [[1, 2]]),
    ("unit 1\tunit 2\n1\t2", [[1, 2]]),
    ("# from np.savetxt\n1.0e+00 -2.5E-01", [[1, -0.25]]),
    ("\ufeff1;2", [[1, 2]]),
    ("\u22120.5\u00a0\u2013.5", [[-0.5, -0.5]]),
    ("5.", [[5]]),
    ("[[1, 2],\n [3, 4]]", [[1, 2], [3, 4]]),
    ("[[1. 2.]\n [3. 4.]]", [[1, 2], [3, 4]]),
    ("W = np.array([[1., 2.], [3., -4.]], dtype=np.float64)", [[1, 2], [3, -4]]),
    ("array([[ 1.,  2.],\n       [ 3.,  4.]])", [[1, 2], [3, 4]]),
    ("tensor([[1., 2.]])", [[1, 2]]),
    ("[[1, 2], [3, 4]].T", [[1, 3], [2, 4]]),
    ("[0.1, 0.2]", [[0.1, 0.2]]),
    ("W_1 = [1 2; 3 4];", [[1, 2], [3, 4]]),
    ("[1, 2; 3, 4]'", [[1, 3], [2, 4]]),
    ("[1 2\n 3 4]", [[1, 2], [3, 4]]),
    ("[1, 2, ...\n 3; 4, 5, 6]", [[1, 2, 3], [4, 5, 6]]),
    ("[-0,1029; 0,2060]", [[-0.1029], [0.206]]),
    ("[0,35 -1,05; 2 3]'", [[0.35, 2], [-1.05, 3]]),
    ("[0,1,0; 0,0,1]", [[0, 1, 0], [0, 0, 1]]),
    ("[" + "\n".join([" ".join(["7"] * 20)] * 20) + "]", np.full((20, 20), 7)),
    (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", [[1, 2], [3, 4]]),
    (r"$$W_1 = \left(\begin{matrix} 1 & \phantom{-}2 \\ -3 & 4{,}5 \\ \end{matrix}\right)^T$$", [[1, -3], [2, 4.5]]),
    (r"\[ W = \begin{array}{cc} 1 & 2\\ 3 & 4 \end{array} \]", [[1, 2], [3, 4]]),
    (r"\begin{pmatrix} 1.5\cdot 10^{-7} & 2 \times 10^3 \end{pmatrix}", [[1.5e-7, 2000]]),
]


@pytest.mark.parametrize(("text", "values"), GOOD, ids=[text[:24] for text, _ in GOOD])
def test_what_people_paste(text, values):
    np.testing.assert_array_equal(read_matrix(text), np.array(values, dtype=float), strict=True)


def test_commas_in_brackets_are_read_as_the_size_of_the_target_has_it():
    text = "[0,25; 0,75]"
    assert read_matrix(text, (2,)).tolist() == [[0.25], [0.75]]
    assert read_matrix(text, (2, 2)).tolist() == [[0, 25], [0, 75]]
    assert read_matrix("[0,25]").tolist() == [[0, 25]]


BAD = [
    ("", "no numbers"),
    ("[[]]", "no numbers"),
    ("1,x", "row 1, column 2: “x” is not a number"),
    ("1 2\n3", "row 2 has 1 cell, row 1 has 2 cells"),
    ("1,,2\n3,4,5", "row 1, column 2: the cell is empty"),
    ("1,2,\n3,4,5", "row 2 has 3 cells, row 1 has 2 cells"),
    ("a,b", "row 1, column 1: “a” is not a number"),
    ("a,b\nc,d\n1,2", "row 1, column 1: “c” is not a number"),
    ("1\t2\n3\tnan", "row 2, column 2: nan is not a finite number"),
    ("1 1e999", "row 1, column 2: 1e999 is too large"),
    ("1,2,3 4", "row 1, column 3: “3 4” is not a number"),
    ("1.23,5;2", "row 1, column 1: “1.23,5” is not a number"),
    ("1_000", "row 1, column 1: “1_000” is not a number"),
    ("\u0661 2", "row 1, column 1"),
    ("=1+1;2", "row 1, column 1: “=1\\+1” is not a number"),
    ("[[1, 2], [3]]", "row 2 has 1 cell"),
    ("[[1, 2], 3]", "row 2: a row in brackets"),
    ("[[[1]]]", "row 1: a row in brackets"),
    ("[[1], [2]", "before the brackets|is not closed|expected"),
    ("[1 2", "not closed"),
    ("[1, 2] + [3, 4]", "is not a number|before|after|row"),
    ("2 * [1, 2]", "before the brackets stands “2 \\*"),
    ("__import__('os').system('x')[0]", "before the brackets"),
    (r"\frac{1}{4}\begin{bmatrix} 1 \end{bmatrix}", "before the matrix stands"),
    (r"\begin{bmatrix} 1 \end{bmatrix} + x", "after the matrix stands “\\+x”"),
    (r"\begin{bmatrix} 1", "is not closed by"),
    (r"\begin{bmatrix}1\end{bmatrix}\begin{bmatrix}1\end{bmatrix}", "there are 2 matrices"),
    (r"\begin{bmatrix} 0.0985 - 1 & 2 \end{bmatrix}", "row 1, column 1: “0.0985 - 1” is not a number"),
]


@pytest.mark.parametrize(("text", "says"), BAD, ids=[text[:24] for text, _ in BAD])
def test_a_refusal_names_row_column_and_reason(text, says):
    with pytest.raises(ValueError, match=says):
        read_matrix(text)


def test_the_worksheets_own_matrices_paste_in():
    sheet = (Path(__file__).parents[1] / "data" / "exercise_2.md").read_text(encoding="utf-8")
    found = re.findall(r"\\begin\{bmatrix\}.*?\\end\{bmatrix\}(?:\^T)?", sheet)
    sums = [text for text in found if re.search(r"\d [-+] \d", text)]
    assert (len(found), len(sums)) == (21, 1)
    for text in found:
        if text in sums:
            continue
        rows = [row.split("&") for row in re.search(r"x\}(.*)\\end", text)[1].split(r"\\")]
        wanted = np.array([[float(cell) for cell in row] for row in rows])
        np.testing.assert_array_equal(read_matrix(text), wanted.T if text.endswith("^T") else wanted)


def write(values, style):
    def comma(x):
        return repr(x).replace(".", ",")

    def lines(sep, cell=repr):
        return "\n".join(sep.join(map(cell, row)) for row in values)

    if style == "numpy":
        return f"np.array({values!r})"
    if style == "matlab":
        return "[" + "; ".join(" ".join(map(repr, row)) for row in values) + "]"
    if style == "latex":
        return r"\begin{bmatrix}" + r" \\ ".join(" & ".join(map(repr, row)) for row in values) + r"\end{bmatrix}"
    if style == "minus":
        return lines("\t").replace("-", "\u2212")
    return {"csv": lines(","), "blanks": lines(" "), "tabs": lines("\t", comma), "semicolons": lines(";", comma)}[style]


FINITE = st.floats(allow_nan=False, allow_infinity=False)
#: From two columns on: in a lone column a decimal comma cannot be told from one that parts cells.
MATRICES = st.tuples(st.integers(1, 4), st.integers(2, 4)).flatmap(
    lambda shape: st.lists(st.lists(FINITE, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0])
)
STYLES = ["numpy", "matlab", "latex", "minus", "csv", "blanks", "tabs", "semicolons"]


@pytest.mark.parametrize("style", STYLES)
@given(values=MATRICES)
def test_every_style_comes_back_bit_for_bit(style, values):
    read = read_matrix(write(values, style))
    assert read.tobytes() == np.array(values).tobytes()
    assert read.shape == np.shape(values)


FULL = [[row * 1e-3 + column / 7 for column in range(MAX_SIDE)] for row in range(MAX_SIDE)]


@pytest.mark.parametrize("style", STYLES)
def test_the_largest_matrix_is_read(style):
    assert read_matrix(write(FULL, style)).tolist() == FULL


GLUT = {
    "cells": "1," * 100_000,
    "cells by blanks": "1 " * 100_000,
    "cells of a literal": "[" + "1," * 100_000 + "]",
    "cells of LaTeX": r"\begin{bmatrix}" + "1&" * 100_000 + r"\end{bmatrix}",
    "heading": "h" * 1_000_000 + "\n1,2",
    "headings": "h," * 500_000 + "\n1,2",
    "rows": "1\n" * 500_000,
    "rows of a literal": "[" + "[1]," * 250_000 + "]",
    "brackets": "[" * 1_000_000,
    "closed brackets": "[" * 500_000 + "]" * 500_000,
    "blank lines": "\n" * 1_000_000,
    "remarks": "#\n" * 100_000,
    "a name": "W" * 1_000_000 + " = [1]",
    "a LaTeX name": "W" * 1_000_000 + r" = \begin{bmatrix}1\end{bmatrix}",
    "matrices": r"\begin{bmatrix}1\end{bmatrix}" * 30_000,
    "digits": "9" * 1_000_000,
    "long numbers": ("9" * 5_000 + ",") * 200,
    "continued": "[" + "1,\n" * 300_000 + "]",
    "quotes": '"' * 1_000_000,
    "wide characters": "\U0001f600" * 250_000,
    "too long": " " * (MAX_TEXT + 1),
}


@pytest.mark.parametrize("kind", GLUT)
def test_a_glut_costs_a_look(kind):
    text = GLUT[kind]
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"row|column|characters|matrix|matrices|brackets?|numbers|closed"):
            read_matrix(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(text.encode())
