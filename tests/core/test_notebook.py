"""mlpcore as a notebook uses it: names, labels, reprs, pickles, heatmaps, messages."""

import math
import pickle
import re
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.equations.activations import normal_cdf
from tests.strategies import setups

SHEET = mlp.EXAMPLES["worksheet"]
REGISTRIES = {name: getattr(mlp, name) for name in dir(mlp) if isinstance(getattr(mlp, name), type(mlp.LOSSES))}


def trace(example=SHEET, layout="columns"):
    return mlp.trace(example.net, example.batch, example.loss, conventions=mlp.Conventions(layout))


# --- names -----------------------------------------------------------------------------------


@given(setups())
def test_every_matrix_is_found_by_its_written_name_as_by_its_var(setup):
    _, values = mlp.trace(setup.net, setup.batch, setup.loss, conventions=setup.conventions)
    for var in values:
        for name in (var.text, var.text.replace("dL/d", "d"), var.text.replace("_", "")):
            np.testing.assert_array_equal(values[name], values[var])
    np.testing.assert_array_equal(values["X"], values[mlp.Z(0)])
    assert values["loss"] == values[mlp.loss]


def test_a_name_that_is_not_there_lists_those_that_are():
    _, values = trace()
    with pytest.raises(KeyError, match=r"no matrix 'dW_9' .* dW_1"):
        values["dW_9"]
    with pytest.raises(KeyError):
        values[mlp.dW(9)]
    assert mlp.dW(1) in values


def test_what_is_computed_from_a_named_matrix_is_a_plain_array():
    _, values = trace()
    W = values["W_1"]
    assert W.name == mlp.W(1)
    for result in (W + 1, W @ W.T, np.exp(W), W.sum(axis=0)):
        assert type(result) is np.ndarray
    assert W[0].name is None
    assert isinstance(W.sum(), float)


# --- predict, labels, integers ---------------------------------------------------------------


@given(setups())
def test_predict_gives_the_output_of_the_pass_that_drops_nothing(setup):
    _, values = mlp.trace(setup.net.without_dropout(), setup.batch, setup.loss)
    np.testing.assert_array_equal(setup.net.predict(setup.batch.X), values[mlp.Z(setup.net.depth)])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_integer_labels_are_taken_as_one_hot_targets(labels):
    X = np.zeros((2, len(labels)))
    for given_ in (labels, np.array(labels), np.array(labels, dtype=np.uint8)):
        Y = mlp.Batch(X, given_, classes=5).Y
        np.testing.assert_array_equal(Y, np.eye(5)[labels].T)
    np.testing.assert_array_equal(mlp.Batch(X, labels).Y, mlp.one_hot(labels))
    assert mlp.one_hot(labels).shape == (max(labels) + 1, len(labels))


def test_labels_that_are_none_are_refused():
    with pytest.raises(ValueError, match="example 2 has class 4, but there are 3 classes"):
        mlp.one_hot([0, 3], 3)
    with pytest.raises(ValueError, match="whole numbers"):
        mlp.one_hot([0.5])
    with pytest.raises(ValueError, match="Y must be a matrix"):
        mlp.Batch([[1.0, 2.0]], [0.5, 1.0])  # one number an example may be a label or a target: neither is guessed


@given(setups())
def test_integers_are_numbers_everywhere(setup):
    """A pass over whole numbers gives the same from integers as from floats, equation by equation."""
    inputs = {v: np.round(3 * x) if v not in (mlp.Y, mlp.rate, mlp.margin) else x for v, x in setup.inputs().items()}
    steps, _ = setup.run()
    whole = {v: x.astype(int) if (x == np.round(x)).all() else x for v, x in inputs.items()}
    one, other = mlp.evaluate(steps, inputs), mlp.evaluate(steps, whole)
    for var in one:
        np.testing.assert_allclose(other[var], one[var], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", list(mlp.ACTIVATIONS))
def test_an_activation_takes_lists_and_integers(name):
    f = mlp.ACTIVATIONS[name]
    for function in filter(None, (f.f, f.derivative)):
        for given_ in ([[1, 2]], np.array([[1, 2]]), np.array([[True, True]]) * 1):
            expected = function(np.asarray(given_, dtype=float))
            np.testing.assert_array_equal(function(given_), expected)
            assert function(given_).dtype == np.float64


# --- tails -----------------------------------------------------------------------------------


def exact_cdf(x: Fraction) -> Decimal:
    """Phi(x) of a negative number by the continued fraction of Mills' ratio, in 50 digits."""
    with localcontext() as context:
        context.prec = 50
        z = -Decimal(x.numerator) / Decimal(x.denominator)
        tail = Decimal(0)
        for k in range(4000, 0, -1):
            tail = k / (z + tail)
        pi = Decimal("3.14159265358979323846264338327950288419716939937510")
        return (-z * z / 2).exp() / (2 * pi).sqrt() / (z + tail)


@pytest.mark.parametrize("x", [-1.5, -3.0, -6.0, -9.25, -20.0, -37.0])
def test_gelu_is_accurate_in_its_left_tail(x):
    expected = exact_cdf(Fraction(x))
    assert float(normal_cdf(np.array([x]))[0]) == pytest.approx(float(expected), rel=1e-12, abs=0)
    gelu = mlp.ACTIVATIONS["gelu"]
    assert float(gelu.f([x])[0]) == pytest.approx(float(Decimal(x) * expected), rel=1e-12, abs=0)
    density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    assert float(gelu.derivative([x])[0]) == pytest.approx(float(expected) + x * density, rel=1e-12, abs=0)


@pytest.mark.parametrize("x", [0.5, 3.0, 10.0, 20.0, 100.0, 350.0, 720.0])
def test_the_derivative_of_tanh_is_accurate_in_its_tails(x):
    with localcontext() as context:
        context.prec = 40
        e = (-2 * Decimal(x)).exp()
        expected = float(4 * e / (1 + e) ** 2)
    for S in (x, -x):
        found = float(mlp.ACTIVATIONS["tanh"].derivative([S])[0])
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-307)


# --- reprs, equality, pickles ----------------------------------------------------------------


@pytest.mark.parametrize("name", REGISTRIES)
def test_every_row_of_a_registry_is_pickled_and_has_a_repr_without_addresses(name):
    assert pickle.loads(pickle.dumps(REGISTRIES[name])) is REGISTRIES[name]
    for key, row in REGISTRIES[name].items():
        assert pickle.loads(pickle.dumps(row)) == row, key
        assert " at 0x" not in repr(row), key


@given(
    setups(),
    st.sampled_from(list(mlp.SCHEDULES)),
    st.sampled_from(list(mlp.OPTIMISERS)),
    st.sampled_from([None, *mlp.RATE_SCHEDULES]),
    st.sampled_from([None, *mlp.PENALTIES]),
)
def test_a_set_up_its_steps_and_its_values_are_pickled(setup, schedule, optimiser, rate_schedule, penalty):
    setup = replace(setup, loss=replace(setup.loss, penalty=penalty))
    how = {"clip": 1.0, "schedule": mlp.RATE_SCHEDULES[rate_schedule]()} if rate_schedule else {}
    conventions = setup.conventions
    _, values = mlp.trace(setup.net, setup.batch, setup.loss, schedule, conventions)
    steps = mlp.training_step(
        setup.net, setup.loss, schedule, conventions, setup.batch.N, mlp.OPTIMISERS[optimiser](**how)
    )
    things = (setup, steps, values, mlp.count_pass(setup.net, 4, setup.loss, schedule))
    for thing, back in zip(things, pickle.loads(pickle.dumps(things)), strict=True):
        assert " at 0x" not in repr(thing)
        if thing is values:
            assert back.keys() == values.keys()
            assert all(np.array_equal(back[v], values[v], equal_nan=True) for v in values)
        else:
            assert back == thing
            assert (back != thing) is False


@pytest.mark.parametrize("layout", list(mlp.LAYOUTS))
def test_derivations_are_pickled(layout):
    conventions = mlp.Conventions(layout)
    setup = replace(mlp.EXAMPLES["xor"].setup, conventions=conventions)
    lab = replace(mlp.logits.LABS["tie"].lab, conventions=conventions)
    derived = [mlp.derivation.derive(setup, var, [(0,) * len(var.axes)]) for var in (mlp.W(1), mlp.b(2), mlp.Z(1))]
    losses = (replace(setup, loss=loss()) for loss in (mlp.MSE, mlp.BinaryCrossEntropy))
    classes = replace(mlp.EXAMPLES["three classes"].setup, conventions=conventions)
    derived += [mlp.derivation.derive_output(s, [(0, 1)]) for s in (*losses, classes)]
    for one in (*derived, mlp.logits.terms(lab), mlp.logits.jacobians(lab)):
        back = pickle.loads(pickle.dumps(one))
        assert back.steps == one.steps
        assert [claim.step for claim in back.claims] == [claim.step for claim in one.claims]
        assert all(np.array_equal(back.values[v], x, equal_nan=True) for v, x in one.values.items())


def test_equal_layers_are_equal_and_others_are_not():
    layer = mlp.Layer([[0.0, 2.0]], [1.0], "tanh")
    same = mlp.Layer([[-0.0, 2.0]], [1.0], "tanh")
    assert layer == same
    assert hash(layer) == hash(same)
    for other in (
        mlp.Layer([[0.0, 2.0]], [1.0], "relu"),
        mlp.Layer([[0.0, 2.0]], None, "tanh"),
        mlp.Layer([[0.0, 2.5]], [1.0], "tanh"),
        mlp.Layer(np.array([[0.0, 2.0]], np.float32), [1.0], "tanh"),
    ):
        assert layer != other
    assert mlp.Network([layer]) == mlp.Network([same])
    assert SHEET.batch == mlp.Batch(SHEET.batch.X.copy(), SHEET.batch.Y.copy())
    assert eval(repr(SHEET.net), vars(mlp)) == SHEET.net


def test_steps_read_as_equations():
    steps, _ = trace()
    assert [repr(s) for s in steps[:2]] == ["S_1 = linear(W_1, Z_0)", "Z_1 = relu(S_1)"]
    assert steps[0]._repr_latex_() == r"$\displaystyle S_{1} = W_{1}\,Z_{0}$"


# --- pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", list(mlp.LAYOUTS))
def test_the_wall_of_a_pass_shows_every_number(layout):
    _, values = trace(layout=layout)
    wall = values._repr_html_()
    shown = [float(x) for x in re.findall(r"<td[^>]*>([^<]+)</td>", wall)]
    expected = np.concatenate([np.ravel(values[v]) for v in values if np.ndim(values[v])])
    np.testing.assert_allclose(sorted(shown), sorted(expected), rtol=1e-3, atol=1e-300)
    assert wall.count("<figure") == sum(np.ndim(values[v]) > 0 for v in values)
    assert f"ℒ = {values['loss']:.6g}" in wall or f"L = {values['loss']:.6g}" in wall


def test_a_large_matrix_is_shown_in_part_with_its_size():
    x = np.arange(2000.0).reshape(40, 50).view(mlp.Matrix)
    text = x._repr_html_()
    assert "40×50, full colour at 1999" in text
    assert "…" in text
    assert text.count("<tr>") == 12
    assert r"\vdots" in x._repr_latex_()
    assert np.zeros((2, 2, 2)).view(mlp.Matrix)._repr_html_().startswith("<pre>")


def test_a_step_is_shown_with_operands_formula_and_result():
    steps, values = trace()
    view = mlp.StepView(steps[0], values, (1, 2))
    html = view._repr_html_()
    assert html.count("<figure") == 3
    assert "S_1[2, 3] = " in html
    formula, result = re.search(r"S_1\[2, 3\] = (.*) = ([-\d.]+)</code>", html).groups()
    assert eval(formula.replace("·", "*")) == pytest.approx(values["S_1"][1, 2], abs=1e-3)
    assert float(result) == pytest.approx(values["S_1"][1, 2], abs=1e-4)
    assert view._repr_latex_().count("bmatrix") == 6  # both operands and the result
    with pytest.raises(IndexError):
        mlp.StepView(steps[0], values, (9, 9))


# --- frames ----------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", list(mlp.LAYOUTS))
def test_a_frame_of_a_matrix_has_named_axes(layout):
    _, values = trace(layout=layout)
    for var in (v for v in values if np.ndim(values[v])):
        frame = mlp.frames.matrix(values[var])
        np.testing.assert_array_equal(np.ravel(frame), np.ravel(values[var]))
        axes = var.axes[::-1] if mlp.LAYOUTS[layout].transposes(var) else var.axes
        assert [n for n in (frame.index.name, frame.columns.name) if n] == list(axes)
        assert frame.index[0] == 1


def test_the_frame_of_a_count_has_its_bytes_and_flops():
    count = mlp.count_pass(SHEET.net, 4)
    frame = mlp.frames.profile(count)
    assert frame["live"].max() == count.peak
    assert frame["flops"].sum() == sum(count.flops)
    assert frame.index.name == "step"
    assert frame.loc[count.at_peak + 1, "matrix"] == count.steps[count.at_peak].out.text


def test_the_frame_of_a_check_has_a_row_for_each_cell():
    _, values = trace()
    check = mlp.check_grads(SHEET.net, SHEET.batch, SHEET.loss)
    frame = mlp.frames.gradients(check)
    assert len(frame) == sum(c.size for c in check.of.values())
    row = frame.loc[("dL/dW_1", 2, 1)]
    assert row["numerical"] == pytest.approx(values["dW_1"][1, 0], rel=1e-6)
    assert set(frame["verdict"]) <= {"agrees", "disagrees", "not measurable", "not probed"}


def test_the_frame_of_a_report_has_a_row_for_each_schedule():
    from mlpcore.benchmark import Job, Measurement, Report

    job = Job(SHEET.net.shape, 4, ("cache S and Z", "cache S"))
    measured = [Measurement(p.name, 10, 11, 5, 100, 0, 1e-3, 1.0, 0.9, 1.1, 12) for p in job.schedules]
    frame = mlp.frames.measurements(Report(job, tuple(measured), {"cpu": "a"}))
    assert list(frame.index) == [p.name for p in job.schedules]
    assert frame.loc["cache S", "counted"] == 10
    assert frame.index.name == "schedule"


# --- wrong types -----------------------------------------------------------------------------

X, T = SHEET.batch.X, SHEET.batch.Y
WRONG = {
    "loss by name": (lambda: mlp.trace(SHEET.net, SHEET.batch, "MSE"), r"loss must be of type Loss, .* not 'MSE'"),
    "class of loss": (lambda: mlp.gradients(SHEET.net, SHEET.batch, mlp.MSE), "not the class MSE"),
    "loss of a count": (lambda: mlp.count_pass(SHEET.net, 4, "MSE"), "loss must be of type Loss"),
    "batch for net": (lambda: mlp.trace(SHEET.batch, SHEET.net), "net must be of type Network, not Batch"),
    "array for batch": (lambda: mlp.trace(SHEET.net, X), "batch must be of type Batch, not ndarray"),
    "margin": (lambda: mlp.ScoreHinge(margin="x"), "the margin must be a finite number, not 'x'"),
    "margin NaN": (lambda: mlp.ScoreHinge(margin=math.nan), "the margin must be a finite number, not nan"),
    "scale": (lambda: mlp.MSE(scale="1/3"), "there is no scale '1/3'"),
    "rate": (lambda: mlp.sgd(SHEET.net, {}, rate="fast"), "the rate must be a finite number, not 'fast'"),
    "rate of a set-up": (lambda: replace(SHEET.setup, rate=None), "the rate must be a finite number, not None"),
    "array for layer": (lambda: mlp.Network([X]), "layer 1 must be of type Layer, not ndarray"),
    "one layer": (lambda: mlp.Network(SHEET.net[1]), "layers must be of type Iterable, such as"),
    "strings": (lambda: mlp.Layer([["a"]]), "W: every entry must be a number"),
    "complex": (lambda: mlp.Layer([[1j]]), "W: every entry must be a number"),
    "activation": (lambda: mlp.Layer([[1.0]], None, 3), "there is no activation 3"),
    "schedule": (lambda: mlp.trace(SHEET.net, SHEET.batch, schedule=3), "a schedule is a name, .* not 3"),
    "X of predict": (lambda: SHEET.net.predict(X.T), r"X has shape \(4, 2\) .* needs 2 rows"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_type_is_named_with_what_was_expected(name):
    call, message = WRONG[name]
    with pytest.raises((TypeError, ValueError, KeyError), match=message):
        call()


def test_a_tensor_is_taken_and_one_that_needs_a_gradient_is_explained():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([[1.0, 2.0]], dtype=torch.float32)
    assert mlp.Layer(tensor).W.dtype == np.float32
    with pytest.raises(ValueError, match=r"W: .*Tensor.*detach"):
        mlp.Layer(tensor.requires_grad_())
