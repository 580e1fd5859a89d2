"""The collected pastes: what people copy, and what is wanted of it."""

import json
from pathlib import Path

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore import exchange
from mlpcore.exchange import list_readings, list_shapes, read_matrix, read_named, read_written

DATA = Path(__file__).parents[1] / "data"
CASES = [json.loads(line) for line in (DATA / "paste.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_paste_is_read_as_wanted_or_refused(case):
    if case["want"] is None:
        with pytest.raises(ValueError, match=r"row|call|numbers|matri"):
            read_matrix(case["text"])
    elif isinstance(case["want"], dict):
        readings = list_readings(case["text"])
        assert [reading.values.tolist() for reading in readings] == case["want"]["readings"]
        for wanted in case["want"]["readings"]:
            assert read_matrix(case["text"], np.shape(wanted)).tolist() == wanted
    else:
        assert list_readings(case["text"])[0].values.tolist() == case["want"]
        assert read_matrix(case["text"]).tolist() == case["want"]


def test_all_of_the_cases_are_there():
    assert len(CASES) >= 63


@pytest.mark.parametrize(
    ("text", "place"),
    [("#N/A\t1\n2\t3", "row 1, column 1: “#N/A”"), ("$1.50\t$2", "row 1, column 1: “\\$1.50”"),
     ("½\t1", "row 1, column 1"),
     ("1\t2\n#DIV/0!\t3", "row 2, column 1: “#DIV/0!”"), ("np.zeros([2,3])", "np.zeros"), ("np.diag([1])", "np.diag"),
     ("1 2\n\n3 4", "after row 1 comes an empty line")],
)  # fmt: skip
def test_a_refusal_quotes_the_place_or_the_call(text, place):
    with pytest.raises(ValueError, match=place):
        read_matrix(text)


@pytest.mark.parametrize(
    ("text", "shape", "wanted"),
    [
        ("1,2\n3,4", (2, 2), [[1, 2], [3, 4]]),
        ("1,2\n3,4", (2, 1), [[1.2], [3.4]]),
        ("1,2\n3,4", (2,), [[1.2], [3.4]]),
        ("1,2", (), [[1.2]]),
        ("[1 2\n 3 4]", (4,), [[1, 2, 3, 4]]),
        ("[1 2\n 3 4]", (2, 2), [[1, 2], [3, 4]]),
    ],
)
def test_the_size_of_the_target_decides_between_readings(text, shape, wanted):
    assert read_matrix(text, shape).tolist() == wanted


def test_two_readings_that_both_fit_are_not_decided_in_silence():
    with pytest.raises(ValueError, match=r"two ways: 2×2 beginning with 1 and 2 or 2×1 beginning with 1\.2"):
        read_matrix("1,2\n3,4", (3, 4))


@pytest.mark.parametrize(
    ("text", "decimals"),
    [
        ("0.10 2", [[2, 0]]),
        ("1/3 0.5", [[np.inf, 1]]),
        ("1e-3 2.5e-2 1.25e3", [[3, 3, -1]]),
        ("1.5/0.010 3/4", [[pytest.approx(-np.log10(25)), np.inf]]),  # within 0.1/0.01 + 1.5·0.001/0.01²
        ("0,25;3", [[2, 0]]),
        ("10% 2.5%", [[2, 3]]),
        (r"\begin{bmatrix} 0.0050 & -0.1 \\ \frac{1}{2} & 0 \end{bmatrix}", [[4, 1], [np.inf, 0]]),
        ("A =\n\n  1.0e+03 *\n\n  1.0000  0.0020\n", [[1, 1]]),
    ],
)
def test_the_digits_that_were_written_are_counted(text, decimals):
    assert read_written(text).decimals.tolist() == decimals


@pytest.mark.parametrize(
    ("text", "left_out"),
    [("x1\tx2\n1\t2", "heading “x1 x2”"), ("# by hand\n1 2", "remark “# by hand”"), (",a,b\n0,1,2", "first column"),
     ("A =\n 1.0e+03 *\n 1 2", "multiplied by 1.0e\\+03")],
)  # fmt: skip
def test_what_is_no_cell_is_noted(text, left_out):
    notes = read_written(text).notes
    assert any(note for note in notes if left_out.replace("\\", "") in note), notes


# --- named -----------------------------------------------------------------------------------

SHEET = mlp.EXAMPLES["worksheet"].setup
STEPS, VALUES = SHEET.run()


def test_exercise_2_pasted_completely_is_read():
    found = read_named((DATA / "exercise_2.md").read_text(encoding="utf-8"))
    one = {mlp.S(1), mlp.Z(1), mlp.S(2), mlp.Z(2), mlp.delta(2), mlp.dW(2), mlp.delta(1), mlp.dW(1), mlp.loss}
    assert found.keys() == one | {mlp.notation.after(mlp.W(1)), mlp.notation.after(mlp.W(2))}
    for var, written in found.items():
        unit = 10.0 ** -float(written.decimals.max())
        assert np.abs(written.values - np.reshape(VALUES[var], written.shape)).max() < unit, var
    assert found[mlp.dW(2)].shape == (1, 3)
    assert found[mlp.loss].values == 0.49161
    assert found[mlp.loss].decimals == 5


@pytest.mark.parametrize("example", mlp.EXAMPLES)
@pytest.mark.parametrize("way", ["document", "numpy_script", "torch_script"])
def test_what_is_exported_comes_back_by_name(example, way):
    setup = mlp.EXAMPLES[example].setup
    steps, values = setup.run()
    more = [exchange.Digits(6)] if way == "document" else []
    text = getattr(exchange, way)(setup, steps, values, *more)
    if r"\cdots" in text:  # a matrix too wide for a page
        with pytest.raises(ValueError, match="stands for numbers that were left out"):
            read_named(text)
        return
    found = read_named(text)
    for var in (v for v in values if v.kind in ("W", "b", "S", "Z", "delta", "dW", "db", "loss")):
        written = found[var]
        np.testing.assert_allclose(written.values.ravel(), np.ravel(values[var]), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "name",
    ["dW1", "dL/dW_1", "dL_dW_1", "grad_W1", "W1.grad", r"\frac{\partial L}{\partial W_1}", "∂L/∂W₁",
     r"\frac{\partial \mathcal{L}}{\partial W_{1}}", r"\nabla_{W_1} \mathcal{L}", "The gradient dW1"],
)  # fmt: skip
def test_the_ways_to_write_a_gradient_are_one_name(name):
    assert exchange.name_of(name) == mlp.dW(1)


@pytest.mark.parametrize(
    "name", ["W", "W_1 X", "S_i", "x1 x2", "bias", "for", r"\frac{\partial \mathcal{L}}{\partial (W_1)_{ij}}"]
)
def test_what_is_no_name_is_none(name):
    assert exchange.name_of(name) is None


def test_every_matrix_of_a_pass_is_known_by_its_text_and_its_latex():
    for var in VALUES:
        assert exchange.name_of(var.text) == var or var == mlp.loss
        assert exchange.name_of(var.latex) == var


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("W1 = [1 2; 3 4]; b1 = [1; 2];", {mlp.W(1): [[1, 2], [3, 4]], mlp.b(1): [[1], [2]]}),
        ("S_1 = W_1 @ X = [[1,2]]", {mlp.S(1): [[1, 2]]}),
        ("S_1\n1 2\n3 4\n\nZ_1\n1 2\n3 4", {mlp.S(1): [[1, 2], [3, 4]], mlp.Z(1): [[1, 2], [3, 4]]}),
        ("db1 = [3]\nloss L = 0.49161", {mlp.db(1): [[3]], mlp.loss: [[0.49161]]}),
        ('{"W1": [[1,2]], "b1": [3]}', {mlp.W(1): [[1, 2]], mlp.b(1): [[3]]}),
        ("dW1 = 1.0e-03 * [-3.5 4]", {mlp.dW(1): [[-0.0035, 0.004]]}),
        ("S1 = W1 @ X\nN = 4\nZ1 = f(S1)\nv = [1 2 3]\nL = sum\n= 0,5 # or so", {mlp.loss: [[0.5]]}),
        ("S1 =\n1 2\n3 4\nN = 2", {mlp.S(1): [[1, 2], [3, 4]]}),
        ("L = 0,4916", {mlp.loss: [[0.4916]]}),
        ("dW1 =\n-0,1\t−0,25\t0,5", {mlp.dW(1): [[-0.1, -0.25, 0.5]]}),
        ("dW1 = -0,1 −0,25 0,5", {mlp.dW(1): [[-0.1, -0.25, 0.5]]}),
        ("dW1 = 0,1; 0,2; 0,3", {mlp.dW(1): [[0.1, 0.2, 0.3]]}),
        ("dW1 = 0.1, 0.2, 0.3\nL = 0.5, as printed", {mlp.dW(1): [[0.1, 0.2, 0.3]], mlp.loss: [[0.5]]}),
        ("W_2 <- W_2 - 0.5*dW_2 = [1 2]", {mlp.notation.after(mlp.W(2)): [[1, 2]]}),
        ("Y_out = [[1,2]]\nS_2 = [[3, 4]]", {mlp.Z(2): [[1, 2]], mlp.S(2): [[3, 4]]}),
        (">>> W1\narray([[1., 2.]])", {mlp.W(1): [[1, 2]]}),
        ("W1 =\n\n   1  2\n   3  4\n\nb1 =\n\n   5\n   6\n", {mlp.W(1): [[1, 2], [3, 4]], mlp.b(1): [[5], [6]]}),
    ],
)  # fmt: skip
def test_named_matrices_are_read(text, wanted):
    assert {var: written.values.tolist() for var, written in read_named(text).items()} == wanted


@pytest.mark.parametrize(
    "text", ["S_1 = [[1, ?], [3, 4]]", "S_1 =\n1\t?\n3\t4", r"S_1 = \begin{matrix}1 & ? \\ 3 & 4\end{matrix}"]
)
def test_a_cell_that_is_not_filled_in_is_nan_or_an_error(text):
    written = exchange.list_named(text).matrices[mlp.S(1)]
    np.testing.assert_array_equal(written.values, [[1, np.nan], [3, 4]])
    np.testing.assert_array_equal(written.decimals, [[0, np.nan], [0, 0]])
    scaled = exchange.list_named("S_1 = 1.0e+03 * [[1, ?], [3, 4]]").matrices[mlp.S(1)]
    np.testing.assert_array_equal(scaled.values, [[1000, np.nan], [3000, 4000]])
    large = exchange.list_named("S_1 = [[8e200, ?], [9e200, 2e150]]").matrices[mlp.S(1)]
    np.testing.assert_array_equal(large.values, [[8e200, np.nan], [9e200, 2e150]])
    with pytest.raises(ValueError, match="S_1: row 1, column 2: the cell is not filled in"):
        read_named(text)


def test_what_is_not_read_hides_no_matrix():
    named = exchange.list_named("W_1 = [[x]]\nZ_1 = W_1 @ X\nL = 1/8*np.sum(Z_1)\nS_2 = [1]\nS_2 = [2]\nW_1_new = 1")
    assert list(named.matrices) == [mlp.S(2), mlp.notation.after(mlp.W(1))]
    assert named.matrices[mlp.S(2)].values == 2
    assert (named.repeated, named.formulas, list(named.errors)) == ([mlp.S(2)], [mlp.Z(1), mlp.loss], ["W_1"])


def test_a_matrix_whose_name_is_not_known_is_named():
    for text in (
        "S_1 = [[1, 2]]\nh1 = [[1, 2]]",
        "S_1 =\n1 2\nh1 =\n3 4",
        "S_1\n[[1 2]]\nh1\n[[3 4]]",
        "S_1 [[1 2]]\nh1 [[3 4]]",
    ):
        named = exchange.list_named(text)
        assert list(named.matrices) == [mlp.S(1)], text
        assert named.unknown == ["h1"], text
    code = "N = 4\nrng = np.random.default_rng(0)\nS_1 = np.array([[1, 2]], dtype=float)\nk = S_1.sum(axis=1)"
    assert exchange.list_named(code).unknown == []


@pytest.mark.parametrize("name", ["yhat", "output", "ŷ", r"\hat{y}", r"\hat{\mathbf{Y}}", "Y_{out}"])
def test_an_output_is_that_of_the_last_layer_of_the_network(name):
    shapes = exchange.list_shapes(SHEET)
    values = r"\begin{bmatrix}1 & 2\end{bmatrix}" if "{" in name else "[[1, 2]]"
    for before in ("", "Z_1 = ", "dW1 = "):
        found = exchange.list_named(f"{before + values if before else ''}\n\n{name} = {values}", shapes).matrices
        assert mlp.Z(2) in found, (name, before)


def test_a_text_with_activations_a_has_preactivations_z():
    text = "Z1 = [[1]]\nA1 = [[2]]\ndA1 = [[3]]\ndZ1 = [[4]]\ndW1 = [[5]]\nA0 = [[6]]"
    named = exchange.list_named(text)
    wanted = {mlp.S(1): 1, mlp.Z(1): 2, mlp.dZ(1): 3, mlp.delta(1): 4, mlp.dW(1): 5, mlp.Z(0): 6}
    assert {var: x.values.item() for var, x in named.matrices.items()} == wanted
    assert named.activations_are_a
    assert list(exchange.list_named(text.replace("A", "q")).matrices) == [mlp.Z(1), mlp.dZ(1), mlp.dW(1)]


@pytest.mark.parametrize("between", ["\n", " \\quad ", "\n\n", "$$\n$$", r" \\ ", "\r\n", "; "])
def test_matrices_in_latex_each_have_their_name(between):
    lines = [
        rf"{v} = \begin{{bmatrix}} {n} & 2 \\ 3 & 4 \end{{bmatrix}}" for n, v in enumerate(("X", "W_1", r"\delta_2"))
    ]
    found = exchange.list_named(between.join(lines)).matrices
    assert {var: x.values[0, 0] for var, x in found.items()} == {mlp.Z(0): 0, mlp.W(1): 1, mlp.delta(2): 2}


def test_what_r_and_a_print_with_a_name_show_is_read():
    r = "> dW1\n      [,1] [,2]\n[1,]  0.1  0.2\n[2,]  0.3  0.4\n> L\n[1] 0.5\n> dW2\n     [,1]\n[1,]   -7\n"
    found = read_named(r)
    assert found[mlp.dW(1)].values.tolist() == [[0.1, 0.2], [0.3, 0.4]]
    assert (found[mlp.loss].values, found[mlp.dW(2)].values) == (0.5, -7)
    found = read_named("dW1 [[0.1 0.2]\n [0.3 0.4]]\ndW2 tensor([[-7.]])")
    assert found[mlp.dW(1)].values.tolist() == [[0.1, 0.2], [0.3, 0.4]]
    assert found[mlp.dW(2)].values == -7


def test_a_formula_is_no_value_and_a_fault_has_its_name():
    with pytest.raises(ValueError, match="no matrix in this text has a name"):
        read_named("delta_2 = 1/4 * [1 2]")
    with pytest.raises(ValueError, match=r"^S_1: row 2 has 1 cell"):
        read_named("S_1 = [[1,2],[3]]")


def test_the_shape_of_a_named_matrix_decides_between_two_readings():
    setup = mlp.EXAMPLES["three classes"].setup
    text = "1,2\n3,4\n5,6"
    for var, shape in ((mlp.W(1), (3, 2)), (mlp.b(1), (3, 1))):
        found = read_named(f"{var.text} =\n{text}", list_shapes(setup))
        assert found[var].shape == shape
    with pytest.raises(ValueError, match="W_1: this can be read in two ways: 2×2 beginning with 1 and 2 or 2×1"):
        read_named("W_1 =\n1,2\n3,4", list_shapes(setup))
