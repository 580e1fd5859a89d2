"""Solutions out: scripts that assert their own numbers, LaTeX that compiles and says what the sheet says."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.exchange import (
    CUTS,
    Digits,
    document,
    lab_document,
    length,
    notebook,
    numpy_script,
    read_matrix,
    torch_script,
)
from mlpcore.exchange.files import file_name
from mlpcore.exchange.spreadsheet import list_blocks
from mlpcore.exchange.tracing import NUMPY, TORCH, Writer
from mlpcore.logits import LABS, Lab
from mlpcore.setup import resized, with_cells, with_loss
from tests.core.test_exercise_3 import labs
from tests.core.test_worksheet import printed
from tests.strategies import setups

SHEET = mlp.EXAMPLES["worksheet"].setup


def runs(text):
    """Carry a script out as a user would, in a namespace of its own."""
    names = {}
    exec(compile(text, "exported", "exec"), names)
    return names


def worked(setup, schedule="cache S"):
    return setup, *setup.run(schedule)


def source(file):
    return ["".join(cell["source"]) for cell in file["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("name", mlp.OPTIMISERS)
def test_every_export_has_the_update_of_the_chosen_optimiser(name):
    setup = replace(mlp.EXAMPLES["xor"].setup, conventions=mlp.Conventions("rows"))
    optimiser = mlp.OPTIMISERS[name](rate=0.05, clip=0.5)
    steps = mlp.training_step(setup.net, setup.loss, "cache S", setup.conventions, setup.batch.N, optimiser)
    kept = optimiser.list_inputs(setup.net, setup.conventions.lay)
    values = mlp.evaluate(steps, kept | setup.inputs())
    assert length(setup, steps) == sum(map(np.size, values.values()))
    names = runs(numpy_script(setup, steps, values))
    assert all(file_name(var) in names for var in values)
    given = document(setup, steps, values).split("Forward pass")[0]
    assert all(f"{var.latex} &= " in given for var in kept if any(var in step.operands for step in steps))
    blocks = list_blocks(setup, steps, values)
    assert {block.name for block in blocks if block.phase == "Update" or block.computed} >= {
        file_name(step.out) for step in steps if step.phase == "update"
    }
    if importlib.util.find_spec("torch"):
        runs(torch_script(setup, steps, values))


@given(setups(), st.sampled_from(tuple(mlp.SCHEDULES)), st.sampled_from((0.0, 0.5, 1.0)))
def test_the_numpy_script_asserts_every_number_of_any_pass(setup, schedule, at_kink):
    setup = replace(setup, conventions=replace(setup.conventions, at_kink=at_kink))
    _, steps, values = worked(setup, schedule)
    text = numpy_script(setup, steps, values)
    names = runs(text)
    for var in values:
        np.testing.assert_allclose(names[mlp.exchange.files.file_name(var)], values[var], rtol=1e-9, atol=1e-12)
    assert text.count("\ncheck(") == len(steps)


def test_the_script_is_what_a_person_would_write():
    text = numpy_script(*worked(SHEET))
    for line in (
        "S_1 = W_1 @ Z_0",
        "Z_1 = np.maximum(S_1, 0)",
        "N = Z_0.shape[1]  # the number of examples",
        "L = ((Z_2 - Y) ** 2).sum() / (2 * N)",
        "dL_dZ_2 = (Z_2 - Y) / N",
        "dL_dW_2 = delta_2 @ Z_1.T",
        "delta_1 = dL_dZ_1 * (S_1 > 0)",
        "W_1_new = W_1 - rate * dL_dW_1",
    ):
        assert f"\n{line}\n" in text


def test_a_script_defines_and_imports_what_it_uses_and_nothing_else():
    for activation in mlp.ACTIVATIONS:
        setup = replace(SHEET, net=mlp.Network([mlp.Layer(x.W, None, activation) for x in SHEET.net.layers]))
        for text in (numpy_script(*worked(setup)), torch_script(*worked(setup))):
            for name in re.findall(r"^(?:def |)(erfc|maximum|minimum|math|inf|nan)\b", text, re.M):
                assert len(re.findall(rf"(?<![.\w]){name}\b", text)) > 1
            for name in re.findall(r"^import (\w+)$", text, re.M):
                assert len(re.findall(rf"\b{name}\b", text)) > 1, (activation, name)


@pytest.mark.parametrize("name", ["worksheet", "three classes"])
def test_a_float32_network_agrees_with_its_own_scripts(name):
    setup = mlp.EXAMPLES[name].setup
    single = [mlp.Layer(x.W.astype("f4"), x.b if x.b is None else x.b.astype("f4"), x.activation)
              for x in setup.net.layers]  # fmt: skip
    batch = mlp.Batch(setup.batch.X.astype("f4"), setup.batch.Y.astype("f4"))
    setup = replace(setup, net=mlp.Network(single), batch=batch)
    names = runs(numpy_script(*worked(setup)))
    assert names["W_1"].dtype == names["dL_dW_1"].dtype == np.float32
    pytest.importorskip("torch")
    runs(torch_script(*worked(setup)))


@pytest.mark.parametrize("activation", mlp.ACTIVATIONS)
def test_pytorch_agrees_at_a_preactivation_of_exactly_0(activation):
    pytest.importorskip("torch")
    net = mlp.Network([mlp.Layer(np.eye(2), None, activation)])
    setup = mlp.Setup(net, mlp.Batch([[0.0, 1.0, 6.0], [-1.0, 0.0, 2.0]], [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]))
    text = torch_script(*worked(setup))
    assert "W_1.grad" in text
    runs(text)


@pytest.mark.parametrize(("logits", "compared"), [([1.0, 1.0, 1.0], True), ([2.0, 1.0, 1.0], False)])
def test_a_tie_of_crammer_and_singer_is_compared_or_the_reason_is_shown(logits, compared, capsys):
    pytest.importorskip("torch")
    net = mlp.Network([mlp.Layer(np.eye(3))])
    setup = mlp.Setup(net, mlp.Batch(np.array([logits]).T, mlp.one_hot([0], 3)), mlp.CrammerSinger(1.0))
    text = torch_script(*worked(setup))
    runs(text)
    assert ("W_1.grad" in text) is compared
    assert ("not compared" in capsys.readouterr().out) is not compared


@pytest.mark.parametrize("wrong", ["W_1 @ Z_0", "np.maximum(S_1, 0)", "rate * dL_dW_1"])
def test_a_script_with_a_wrong_equation_fails(wrong):
    text = numpy_script(*worked(SHEET)).replace(wrong, f"1.001 * ({wrong})", 1)
    with pytest.raises(AssertionError, match="Mismatch"):
        runs(text)


def test_the_script_runs_as_a_file(tmp_path):
    (tmp_path / "solution.py").write_text(numpy_script(*worked(SHEET)), encoding="utf-8")
    run = subprocess.run([sys.executable, "solution.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "every number agrees\n"


def test_infinities_and_nans_are_asserted_too():
    setup, _ = with_cells(SHEET, [(mlp.W(1), (0, 0), 1e308), (mlp.W(1), (0, 1), 1e308)])
    setup, _ = with_cells(setup, [(mlp.Z(0), (0, 0), 9.0), (mlp.W(2), (0, 0), -2.0)])
    _, steps, values = worked(setup)
    assert any(not np.isfinite(x).all() for x in values.values())
    runs(numpy_script(setup, steps, values))


@pytest.mark.parametrize("name", mlp.EXAMPLES)
@pytest.mark.parametrize("layout", mlp.LAYOUTS)
def test_the_notebook_runs_from_top_to_bottom(name, layout):
    setup = replace(mlp.EXAMPLES[name].setup, conventions=mlp.Conventions(layout))
    _, steps, values = worked(setup)
    file = json.loads(notebook(setup, steps, values))
    assert (file["nbformat"], file["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in file["cells"]}) == len(file["cells"])
    for cell in file["cells"]:
        assert set(cell) == {"cell_type", "id", "metadata", "source"} | (
            {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        )
    shown = ["".join(cell["source"]) for cell in file["cells"] if cell["cell_type"] == "markdown"]
    assert [text for text in shown if text.startswith("$$")] == [f"$${s.latex}$$" for s in steps]
    names = {}
    for text in source(file):
        exec(text, names)
    outputs = [cell["outputs"] for cell in file["cells"] if cell["cell_type"] == "code" and cell["outputs"]]
    assert [repr(values[s.out]) for s in steps] == [given["data"]["text/plain"] for (given,) in outputs]
    assert np.isclose(names["L"], values[mlp.loss])


@pytest.mark.parametrize("layout", mlp.LAYOUTS)
@pytest.mark.parametrize("loss", mlp.LOSSES)
def test_the_torch_script_runs_where_torch_is(loss, layout):
    pytest.importorskip("torch")
    setup = with_loss(mlp.EXAMPLES["three classes"].setup, loss)
    for f in mlp.ACTIVATIONS:
        # Off the zero of S_1[1, 3], where PyTorch may choose another derivative.
        net = mlp.Network(tuple(mlp.Layer(x.W, x.b + 0.015, f) for x in setup.net.layers))
        text = torch_script(*worked(replace(setup, net=net, conventions=mlp.Conventions(layout))))
        assert "W_1.grad" in text
        runs(text)


@pytest.mark.parametrize("name", mlp.LOSSES)
def test_the_torch_script_computes_the_same_with_torch_modules(name):
    text = torch_script(*worked(with_loss(mlp.EXAMPLES["three classes"].setup, name)))
    compile(text, "exported", "exec")
    assert "np." not in text
    assert "numpy" not in text.replace("numpy.maximum", "")
    assert not re.search(r"\b(axis|keepdims|astype)\b", text)
    assert "L.backward()" in text


@pytest.mark.parametrize("name", mlp.ACTIVATIONS)
@pytest.mark.parametrize("dialect", [NUMPY, TORCH], ids=["numpy", "torch"])
def test_every_activation_and_slope_can_be_written(name, dialect):
    f, S = mlp.ACTIVATIONS[name], np.array([[-1.5, 0.25], [0.0, 3.0]])
    for op, operands in ((f.apply, [S]), (f.at_kink(0.5).pullback, [S, S][: len(f.at_kink(0.5).pullback.reads)])):
        lines = Writer(dialect).write(op, operands, ["dZ", "S"][-len(operands) :], "out")
        assert lines[-1].startswith("out = ")


def test_a_pass_too_large_to_write_is_refused_with_the_reason():
    setup = resized(SHEET, (100, 100, 1), 10, ("relu", "relu"), (False, False))
    with pytest.raises(ValueError, match="up to 20,000 are written out"):
        numpy_script(*worked(setup))


# --- digits and LaTeX ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "places", "rounded", "truncated"),
    [
        (0.00503, 4, "0.0050", "0.0050"),
        (0.12050000000000001, 4, "0.1205", "0.1205"),
        (-0.24719, 4, "-0.2472", "-0.2471"),
        (0.5, 4, "0.5000", "0.5000"),
        (-0.0, 4, "0", "0"),
        (2.5, 0, "3", "2"),
        (0.00001234, 4, r"1.2340\cdot 10^{-5}", r"1.2340\cdot 10^{-5}"),
        (123456.789, 2, r"1.23\cdot 10^{5}", r"1.23\cdot 10^{5}"),
        (5e-324, 2, r"4.94\cdot 10^{-324}", r"4.94\cdot 10^{-324}"),
        (np.inf, 2, r"\infty", r"\infty"),
    ],
)
def test_digits(x, places, rounded, truncated):
    shown = {"5e-324": r"5.00\cdot 10^{-324}"}.get(repr(x))
    assert Digits(places, "rounded").latex(x) == (shown or rounded)
    assert Digits(places, "truncated").latex(x) == (shown or truncated)


@given(st.floats(-1e300, 1e300), st.integers(0, 14), st.sampled_from(tuple(CUTS)))
def test_what_is_written_is_within_a_unit_of_the_last_digit(x, places, cut):
    shown = read_matrix(rf"\begin{{matrix}} {Digits(places, cut).latex(x)} \end{{matrix}}")[0, 0]
    unit = 10.0**-places
    small = abs(x) < 1e5 and abs(shown - x) <= unit * 1.001
    assert small or abs(shown - x) <= max(unit, 1e-13) * abs(x) * 1.001


def matrices(text):
    return [read_matrix(found) for found in re.findall(r"\\begin\{bmatrix\}.*?\\end\{bmatrix\}", text)]


def test_as_the_worksheet_prints_it_has_the_digits_of_the_sheet():
    """All of the sheet's matrices, digit by digit, and its loss."""
    text = document(*SHEET_WORKED, Digits(4, "worksheet"))
    bodies = re.findall(r"\\begin\{bmatrix\} (.*?) \\end\{bmatrix\}", text)
    found = [[row.split(" & ") for row in body.split(r" \\ ")] for body in bodies]
    found += [[list(column) for column in zip(*m, strict=True)] for m in found]
    wanted = [m for display in printed() for m in display if not re.search(r"\d [-+] ", str(m))]
    assert len(wanted) == 20
    assert [m for m in wanted if m not in found] == []
    assert "&= 0.49161" in text


def test_the_numbers_of_a_matrix_are_written_alike():
    digits = Digits(2)
    assert [*map(digits.for_matrix(mlp.S(1), [0.002, 0.1]), (0.002, 0.1))] == ["0.00", "0.10"]
    # Where all are small none may vanish, as in Adam's v.
    assert [*map(digits.for_matrix(mlp.S(1), [0.002, 0.01]), (0.002, 0.01))] == ["2.00e-3", "1.00e-2"]
    assert [*map(digits.for_matrix(mlp.S(1), [1e7, 0.01]), (1e7, 0.01))] == ["1.00e7", "1.00e-2"]


SHEET_WORKED = worked(SHEET)


def structure(text):
    """What a compiler would stumble over: unbalanced braces, environments, brackets that grow, strange letters."""
    assert text.isascii()
    bare = text.replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for letter in bare:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    assert depth == 0
    opened = []
    for how, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", text):
        if how == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened
    for block in re.findall(r"\\begin\{align\*\}(.*?)\\end\{align\*\}", text, re.S):
        flat = re.sub(r"\\begin\{bmatrix\}.*?\\end\{bmatrix\}", "M", block)
        for line in flat.split(r"\\"):
            assert line.count(r"\left") == line.count(r"\right")
            assert line.count("&") == 1
    for block in re.findall(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}", text):
        assert len({row.count("&") for row in block.split(r"\\")}) == 1


@given(setups(), st.integers(0, 8), st.sampled_from(tuple(CUTS)))
def test_any_pass_is_sound_latex(setup, places, cut):
    text = document(*worked(setup), Digits(places, cut))
    structure(text)
    assert "@" not in text


def test_every_line_is_there_with_its_result():
    _, steps, values = SHEET_WORKED
    text = document(*SHEET_WORKED, Digits(14))
    for step in steps:
        left, right = step.latex.split(" = ", 1)
        assert f"{left} &= {right}" in text
    shown = matrices(text)
    for step in steps:
        if np.ndim(values[step.out]) == 2:
            assert any(m.shape == values[step.out].shape and np.allclose(m, values[step.out]) for m in shown)
    assert r"\frac{1}{2\cdot 4}" in text


@given(setups(), st.sampled_from((2, 4, 6)))
def test_the_parentheses_around_a_matrix_grow_with_it(setup, places):
    for line in document(*worked(setup), Digits(places)).splitlines():
        small = re.sub(r"\\(?:left|right)[()]", "", line)
        while "(" in small:
            inner = re.search(r"\(([^()]*)\)", small)
            if inner is None:
                break  # opened on this line and closed on the next: a sum of numbers
            assert "bmatrix" not in inner[0], line
            small = small.replace(inner[0], "·" if "bmatrix" not in inner[0] else "M", 1)


def test_ones_are_as_many_as_the_examples_of_their_matrix():
    larger = mlp.EXAMPLES["larger"].setup
    assert r"\mathbf{1}_{16}" in document(*worked(larger))
    rows = replace(larger, conventions=mlp.Conventions("rows"))
    assert r"\mathbf{1}_{16}^{\top}" in document(*worked(rows))
    parts = document(*worked(larger, ("blocks", 2)))
    assert set(re.findall(r"\\mathbf\{1\}_(\S+?)[\s\\]", parts)) == {"{2}"}


def test_powers_and_exponentials_of_a_matrix_are_of_its_cells():
    classes = mlp.EXAMPLES["three classes"].setup
    for name in mlp.LOSSES:
        text = document(*worked(with_loss(classes, name, as_classes=True)))
        assert r"e^{" not in text
        assert r"\end{bmatrix}^2" not in text
        assert not re.search(r"\d/\(", text.split("Given")[1])
    assert r"\end{bmatrix}^{\odot 2}" in document(*worked(with_loss(classes, "SquaredHinge")))


REAL_TARGETS = {"1x7": resized(SHEET, (2, 3, 1), 7, ("relu", "identity"), (False, False)),
                "2x4": resized(SHEET, (2, 3, 2), 4, ("relu", "identity"), (False, False))}  # fmt: skip
_RNG = np.random.default_rng(0)
_LARGE = Lab(_RNG.normal(size=(10, 8)), mlp.one_hot(list(range(8)), 10), conventions=mlp.Conventions(scale="1/(2N)"))
LABORATORIES = {name: example.lab for name, example in LABS.items()} | {"ten classes": _LARGE}
COMPILED = ("worksheet", "larger", "2x4", "micro-batches", "CrossEntropy", "four answers", "ten classes")
PAPERS = [*mlp.EXAMPLES, *mlp.LOSSES, *mlp.LAYOUTS, *REAL_TARGETS, "micro-batches", *LABORATORIES]


def paper(name):
    """A worked pass of an example, of a loss, of a layout, of real targets or of blocks of the batch; exercise 3."""
    if name in LABORATORIES:
        return lab_document(lab := LABORATORIES[name], *lab.run())
    if name in mlp.EXAMPLES:
        setup = mlp.EXAMPLES[name].setup
    elif name in mlp.LOSSES:
        setup = with_loss(mlp.EXAMPLES["three classes"].setup, name)
    elif name in REAL_TARGETS:
        setup = REAL_TARGETS[name]
    else:
        conventions = mlp.Conventions(name if name in mlp.LAYOUTS else "columns")
        setup = replace(mlp.EXAMPLES["larger"].setup, conventions=conventions)
    return document(*worked(setup, ("blocks", 2) if name == "micro-batches" else "cache S"))


@pytest.mark.parametrize("name", PAPERS)
def test_nothing_is_tiny_and_a_heading_stays_with_its_numbers(name):
    text = paper(name)
    assert r"\tiny" not in text
    for block in re.findall(r"\\begin\{align\*\}\n(.*?)\\end\{align\*\}", text, re.S):
        assert len(block.strip().splitlines()) == 1 or block.splitlines()[0].endswith(r"\\*")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX engine on this machine")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in COMPILED else [pytest.mark.nightly]) for name in PAPERS]
)
def test_it_compiles_within_the_margins(name, tmp_path):
    Path(tmp_path / "pass.tex").write_text(paper(name), encoding="utf-8")
    how = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "pass.tex"]
    run = subprocess.run(how, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert run.returncode == 0, run.stdout[-2000:]
    assert "Overfull" not in run.stdout


# --- exercise 3 ------------------------------------------------------------------------------


def read_sums(text):
    """Read the sums with numbers of each line's name, and what is written as their value."""
    for tex, python in (
        (r" *\\\\\*?\n&\\qquad \{\}", ""),
        (r"\\(left|right)\.", ""),
        (r"\\(left|right)|\\(?:begin|end)\{align\*\}\}?", ""),
        (r"\\cdot 10\^\{(.*?)\}", r"e\1"),
        (r"\\frac\{1\}\{(.*?)\}", r"1/(\1)*"),
        (r"\\cdot|\\,", "*"),
    ):
        text = re.sub(tex, python, text)
    for equation in re.findall(r"^(?:\\ell_|\\frac\{\\partial).*(?:\n&=.*)*", text.partition("subsubsection")[2], re.M):
        name, *sums = (part.replace("\\", "").strip(" *\n") for part in equation.split("&="))
        yield name, [eval(x) for x in sums[-2:] if "p_" not in x]


@given(labs(), st.booleans())
def test_the_sums_of_exercise_3_add_up_to_each_loss_and_each_gradient(lab, at_tie):
    lab = replace(lab, conventions=replace(lab.conventions, at_tie=at_tie))
    steps, values = lab.run()
    text = lab_document(lab, steps, values, Digits(12))
    structure(text)
    convert = lab.conventions.lay.convert
    loss, gradient = convert(mlp.ell, values[mlp.ell]), convert(mlp.dO, values[mlp.dO])
    wanted = [x for n in range(lab.N) for x in (loss[n], *gradient[:, n])]
    found = list(read_sums(text))
    assert len(found) == len(wanted)
    for (name, sums), value in zip(found, wanted, strict=True):
        assert sums == pytest.approx([value] * len(sums), abs=1e-10), name
    assert (
        sum(len(sums) == 2 for _, sums in found) == (1 + lab.classes) * convert(mlp.A, values[mlp.A]).any(axis=0).sum()
    )
