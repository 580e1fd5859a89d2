"""Each example shows what its sentence says."""

import re
from dataclasses import replace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.setup import resized, with_cells


@pytest.fixture
def run():
    return lambda name: mlp.EXAMPLES[name].setup.run()[1]


@pytest.mark.parametrize("name", list(mlp.EXAMPLES))
def test_every_example_runs_and_its_gradients_agree(name):
    example = mlp.EXAMPLES[name]
    assert example.look.endswith(".")
    check = mlp.check_grads(example.net, example.batch, example.loss)
    for c in check.of.values():
        assert c.agrees or (c.skipped and {s.reason for s in c.skipped} == {"kink"} and c.verdict != "disagrees")


def test_published_figures_of_the_sigmoid_example(run):
    """mattmazur.com, A Step by Step Backpropagation Example: 9 printed digits."""
    v = run("mazur")
    assert v[mlp.loss] == pytest.approx(0.298371109, abs=1e-9)
    assert v[mlp.Z(1)][:, 0] == pytest.approx([0.593269992, 0.596884378], abs=1e-9)
    assert v[mlp.Z(2)][:, 0] == pytest.approx([0.75136507, 0.772928465], abs=1e-9)
    assert v[mlp.dW(2)][0, 0] == pytest.approx(0.082167041, abs=1e-9)
    assert v[mlp.dW(1)][0, 0] == pytest.approx(0.000438568, abs=1e-9)
    new = v[mlp.after(mlp.W(2))]
    assert new.ravel() == pytest.approx([0.35891648, 0.408666186, 0.511301270, 0.561370121], abs=1e-9)
    new = v[mlp.after(mlp.W(1))]
    assert new.ravel() == pytest.approx([0.149780716, 0.19956143, 0.24975114, 0.29950229], abs=1e-8)


def test_xor_second_unit_wakes_only_for_both(run):
    assert (run("xor")[mlp.Z(1)][1] > 0).tolist() == [False, False, False, True]


def test_dead_relu_gets_no_gradient(run):
    v = run("dead relu")
    assert (v[mlp.S(1)][1] < 0).all()
    assert not v[mlp.delta(1)][1].any()
    assert not v[mlp.dW(1)][1].any()
    assert v[mlp.dW(1)][0].any()


def test_saturated_sigmoid_passes_almost_nothing(run):
    v = run("saturated")
    ratio = np.abs(v[mlp.delta(1)] / v[mlp.dZ(1)])
    assert ratio[0].max() < 1e-2 < 0.1 < ratio[1].min()


def test_symmetry_is_kept_by_the_step(run):
    v = run("symmetric")
    for var in (mlp.dW(1), mlp.after(mlp.W(1))):
        assert (v[var] == v[var][0]).all()


def test_three_classes(run):
    v = run("three classes")
    assert v[mlp.dZ(2)].sum(axis=0) == pytest.approx(np.zeros(5), abs=1e-15)
    assert ((v[mlp.dZ(2)] < 0) == (v[mlp.Y] == 1)).all()


def test_worksheet_example_three(run):
    v = run("worksheet")
    assert (v[mlp.Z(1)][:, 2] > 0).tolist() == [False, False, True]
    assert (v[mlp.delta(1)][:, 2] == 0).tolist() == [True, True, False]


def test_larger_has_a_batch_of_sixteen():
    assert mlp.EXAMPLES["larger"].net.widths == (4, 8, 8, 3)
    assert mlp.EXAMPLES["larger"].batch.N == 16


@pytest.mark.parametrize("name", list(mlp.EXAMPLES))
@pytest.mark.parametrize("layout", list(mlp.LAYOUTS))
def test_every_remark_holds_on_its_example_and_names_rows_as_the_layout_has_them(name, layout):
    example = mlp.EXAMPLES[name]
    setup = replace(example.setup, conventions=mlp.Conventions(layout))
    text = example.describe(setup)
    assert len(example.remarks) == sum(r.write(mlp.LAYOUTS[layout]) in text for r in example.remarks)
    assert not {"{", "}"} & set(text)
    _, values = setup.run()
    for where, index, symbol in re.findall(r"([Rr]ow|[Cc]olumn) (\d) of (S_1|δ_1|Z_1|∂L/∂Z_1|∂L/∂W_1)", text):
        var = next(v for v in values if v.symbol == symbol)
        plain = setup.conventions.lay.convert(var, values[var])[int(index) - 1]
        shown = values[var][int(index) - 1] if where.lower() == "row" else values[var][:, int(index) - 1]
        assert np.array_equal(shown, plain)


@pytest.mark.parametrize(
    ("name", "var", "cell", "value"),
    [
        ("worksheet", mlp.Z(0), (0, 2), 3.0),
        ("xor", mlp.b(1), (1,), 0.0),
        ("mazur", mlp.W(2), (0, 0), 0.6),
        ("dead relu", mlp.b(1), (1,), 2.0),
        ("saturated", mlp.b(1), (0,), -9.0),
        ("symmetric", mlp.W(2), (0, 0), 0.4),
        ("symmetric", mlp.b(1), (0,), 0.4),
    ],
)
def test_a_remark_goes_where_an_edit_makes_it_false(name, var, cell, value):
    example = mlp.EXAMPLES[name]
    edited, _ = with_cells(example.setup, [(var, cell, value)])
    assert example.remarks[0].write(edited.conventions.lay) not in example.describe(edited)


def test_a_remark_goes_with_another_constant_or_size():
    three, mazur = mlp.EXAMPLES["three classes"], mlp.EXAMPLES["mazur"]
    assert not three.describe(replace(three.setup, conventions=mlp.Conventions(scale="1")))
    assert "0.298371" not in mazur.describe(replace(mazur.setup, conventions=mlp.Conventions(scale="1/N")))
    wider = resized(three.setup, (2, 3, 3), 6, ("tanh", "identity"), (True, True))
    assert not three.describe(wider)


@pytest.mark.parametrize("at_kink", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("activation", list(mlp.ACTIVATIONS))
def test_the_last_line_shows_the_derivative_of_the_activation_in_use(activation, at_kink):
    sentences = " ".join(mlp.Conventions(at_kink=at_kink).sentences([activation], None))
    met = re.findall(r"([a-z ]+)'\(0\) = ([0-9.]+): .* exactly 0, (.*) flows back", sentences)
    f = mlp.ACTIVATIONS[activation].at_kink(at_kink)
    if f.corner is None:
        assert not met
    else:
        [(name, share, flow)] = met
        assert (name.strip(), float(share)) == (activation, pytest.approx(float(f.derivative(np.zeros(1))[0])))
        assert (flow == "nothing", flow == "everything") == (float(share) == 0, float(share) == 1)


@pytest.mark.parametrize("name", [name for name, loss in mlp.LOSSES.items() if hasattr(loss(), "at_tie")])
def test_the_last_line_shows_what_a_gap_of_0_does(name):
    """In each example another competing class has a gap of exactly 0: all numbers are sums of quarters."""
    scores = np.array([[1.0, 0.25, -1.0], [0.0, 1.25, 0.0], [-0.5, -1.0, 1.0]])
    gradients, sentences = {}, {}
    for at_tie in (True, False):
        conventions = mlp.Conventions(at_tie=at_tie)
        net = mlp.Network([mlp.Layer(np.eye(3), None, "identity")])
        logits = np.zeros((3, 3)) if name == "SoftmaxHinge" else scores
        loss = mlp.LOSSES[name](margin=0.0 if name == "SoftmaxHinge" else 1.0)
        setup = mlp.Setup(net, mlp.Batch(logits, mlp.one_hot([0, 1, 2], 3)), loss, conventions=conventions)
        values = setup.run()[1]
        assert (values[mlp.G] == 0).any()
        gradients[at_tie] = values[mlp.dZ(1)]
        (sentences[at_tie],) = [s for s in conventions.sentences(None, loss) if "gap" in s]
    matters = not np.array_equal(gradients[True], gradients[False])
    assert ("exactly 0 contributes to the gradient" in sentences[True]) == matters
    assert ("exactly 0 does not contribute" in sentences[False]) == matters
    assert ("either way" in sentences[True]) != matters


def test_a_remark_is_about_the_pass_that_is_shown():
    mazur, larger = mlp.EXAMPLES["mazur"], mlp.EXAMPLES["larger"]
    adam = mlp.Adam(rate=0.5)
    steps = mlp.training_step(mazur.net, mazur.loss, optimiser=adam)
    values = mlp.evaluate(steps, adam.list_inputs(mazur.net, mazur.setup.conventions.lay, None) | mazur.setup.inputs())
    assert "becomes 0.358916" in mazur.describe(mazur.setup)
    assert "becomes 0.358916" not in mazur.describe(mazur.setup, values)
    assert "sums sixteen products" in larger.describe(larger.setup)
    assert "sums sixteen products" in larger.describe(larger.setup, larger.setup.run("cache Z")[1])
    assert "sums sixteen products" not in larger.describe(larger.setup, larger.setup.run("micro-batches")[1])
