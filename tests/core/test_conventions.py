"""The switched network agrees with the unswitched one, after transposing and scaling."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.checking.numerical_gradients import check_steps
from mlpcore.passes.training_step import initial_values, one_pass, training_step
from mlpcore.setup import with_cells, with_loss
from pages.ui.components.stage.payload import build_pass_payload
from tests.strategies import problems

LAYOUTS = tuple(mlp.LAYOUTS)
TURNED = LAYOUTS[1:]
SCALES = tuple(mlp.SCALES)

#: Written out by hand, not taken from the table under test.
CONSTANT = {"1/(2N)": lambda N: 1 / (2 * N), "1/N": lambda N: 1 / N, "1/2": lambda N: 0.5, "1": lambda N: 1.0}
# Of the losses over cells, which have no other name for it among the scales.
OVER_CELLS = "1/(N d)"
PUBLISHED = {"MSE": "1/(2N)", "CrossEntropy": "1/N"}  # every hinge is a sum


def test_a_loss_has_the_constant_it_is_published_with():
    assert {name: kind().scale for name, kind in mlp.LOSSES.items() if name in PUBLISHED} == PUBLISHED
    assert {kind().scale for kind in mlp.LOSSES.values() if mlp.margin in kind().constants()} == {"1"}


def transposed(layout, var, value):
    """What a layout does, said a second time."""
    if np.ndim(value) != 2 or layout == "columns" or (layout == "rows, W kept" and var.kind in ("W", "dW", "gW")):
        return value
    return np.transpose(value)


@pytest.mark.parametrize("layout", TURNED)
@given(problem=problems(max_depth=5), schedule=st.sampled_from(tuple(mlp.SCHEDULES)))
def test_every_matrix_of_a_training_step_is_the_transpose(layout, problem, schedule):
    plain = mlp.Setup(*problem)
    turned = replace(plain, conventions=mlp.Conventions(layout))
    values = turned.run(schedule)[1]
    steps, expected = plain.run(schedule)
    assert values.keys() == expected.keys()
    for var, value in expected.items():
        np.testing.assert_allclose(
            values[var], transposed(layout, var, value), rtol=1e-12, atol=1e-14, err_msg=var.text
        )
    # The products are other equations, not the same ones seen from the side.
    again = {s.out: s for s in turned.run(schedule)[0]}
    for step in steps:
        if step.op.name in ("linear", "affine", "weight gradient", "pull back"):
            assert again[step.out].latex != step.latex


@given(problems(max_depth=3), st.sampled_from(SCALES))
def test_loss_and_gradients_carry_the_constant_and_nothing_else_does(problem, scale):
    net, batch, loss = problem
    loss = replace(loss, penalty=None)  # which has no constant
    plain = mlp.trace(net, batch, loss)[1]
    scaled = mlp.trace(net, batch, loss, conventions=mlp.Conventions(scale=scale))[1]
    cells = batch.N * net.widths[-1]
    published = 1 / cells if loss.scale == OVER_CELLS else CONSTANT[loss.scale](batch.N)
    ratio = CONSTANT[scale](batch.N) / published
    for var, value in plain.items():
        times = ratio if var == mlp.loss or (var.of and var.kind != "loss") else 1.0
        np.testing.assert_allclose(scaled[var], times * value, rtol=1e-12, atol=1e-300, err_msg=var.text)


@pytest.mark.parametrize("layout", LAYOUTS)
@given(problem=problems(max_depth=3), scale=st.sampled_from((None, *SCALES)), at_kink=st.sampled_from([0.0, 0.5, 1.0]))
def test_gradients_agree_with_differences_under_every_convention(layout, problem, scale, at_kink):
    conventions = mlp.Conventions(layout, scale, at_kink, at_tie=False)
    check = mlp.check_grads(*problem, conventions=conventions)
    assert check.worst < 1e-6, check


@given(problems(max_depth=3), st.sampled_from(LAYOUTS))
def test_a_step_of_descent_is_the_same_in_every_layout(problem, layout):
    net, batch, loss = problem
    conventions = mlp.Conventions(layout)
    plain = mlp.sgd(net, mlp.gradients(net, batch, loss), 0.3)
    turned = mlp.sgd(net, mlp.gradients(net, batch, loss, conventions=conventions), 0.3, conventions)
    for (_, a), (_, b) in zip(plain.parameters(), turned.parameters(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@given(problems(max_depth=3, max_width=3), st.sampled_from(LAYOUTS))
def test_stacked_passes_are_the_passes_one_by_one_in_every_layout(problem, layout):
    net, batch, loss = problem
    conventions = mlp.Conventions(layout)
    steps = training_step(net, loss, conventions=conventions)
    values = mlp.Setup(net, batch, loss, 0.3, conventions).inputs()
    single = mlp.evaluate(steps, values)
    stacked = mlp.evaluate(steps, {v: np.stack([x, 2 * x, x]) for v, x in values.items()})
    for var, value in single.items():
        np.testing.assert_allclose(stacked[var][2], value, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("share", "relu", "leaky"), [(0.0, 0, 0.01), (0.5, 0.5, 0.505), (1.0, 1, 1)])
def test_the_slope_at_the_corner_is_the_chosen_one(share, relu, leaky):
    conventions = mlp.Conventions(at_kink=share)
    for name, slope in (("relu", relu), ("leaky relu", leaky)):
        net = mlp.Network((mlp.Layer([[1.0]], None, name),))
        values = mlp.trace(net, mlp.Batch([[0.0, 1.0, -1.0]], [[3.0, 3.0, 3.0]]), conventions=conventions)[1]
        left = {"relu": 0, "leaky relu": 0.01}[name]
        np.testing.assert_allclose(values[mlp.delta(1)] / values[mlp.dZ(1)], [[slope, 1, left]])
    assert mlp.ACTIVATIONS["elu"].at_kink(share) is mlp.ACTIVATIONS["elu"]  # its slope has no jump


def test_the_slope_from_the_output_is_withdrawn_where_it_would_be_wrong():
    relu = mlp.ACTIVATIONS["relu"].at_kink(0.5)
    assert relu.derivative_from_Z is None  # Z = 0 may be S = 0 or S = -1
    leaky = mlp.ACTIVATIONS["leaky relu"].at_kink(0.5)
    S = np.array([[-2.0, 0.0, 3.0]])
    np.testing.assert_array_equal(leaky.derivative_from_Z(leaky.f(S)), leaky.derivative(S))


@pytest.mark.parametrize("loss", [mlp.SoftmaxHinge, mlp.ScoreHinge])
@pytest.mark.parametrize(("at_tie", "active"), [(True, 1), (False, 0)])
def test_a_gap_of_exactly_zero_is_active_or_not_as_chosen(loss, at_tie, active):
    net = mlp.Network((mlp.Layer(np.eye(2)),))
    batch = mlp.Batch([[0.0], [0.0]], [[1.0], [0.0]])
    values = mlp.trace(net, batch, loss(margin=0.0), conventions=mlp.Conventions(at_tie=at_tie))[1]
    assert values[mlp.G][1, 0] == 0
    assert values[mlp.A][1, 0] == active
    assert (values[mlp.dZ(1)] != 0).any() == bool(active)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_edit_lands_in_the_cell_that_was_shown(layout):
    setup = replace(mlp.EXAMPLES["worksheet"].setup, conventions=mlp.Conventions(layout))
    for var, value in setup.inputs().items():
        for cell in np.ndindex(value.shape):
            new, refused = with_cells(setup, [(var, cell, 0.125)])
            assert not refused
            assert new.inputs()[var][cell] == 0.125
            assert (new.inputs()[var] != value).sum() <= 1
            assert new.conventions == setup.conventions


@pytest.mark.parametrize("layout", LAYOUTS)
def test_typing_a_one_moves_the_class_in_every_layout(layout):
    setup = replace(mlp.EXAMPLES["three classes"].setup, conventions=mlp.Conventions(layout))
    cell = (2, 0) if layout == "columns" else (0, 2)
    new, refused = with_cells(setup, [(mlp.Y, cell, 1.0)])
    assert not refused
    assert new.batch.Y[:, 0].tolist() == [0, 0, 1]
    assert with_loss(new, "SoftmaxHinge").conventions.layout == layout


@pytest.mark.parametrize("layout", TURNED)
def test_the_seal_is_lost_when_a_product_of_this_layout_is_wrong(layout):
    sheet = mlp.EXAMPLES["three classes"]
    conventions = mlp.Conventions(layout)
    steps = one_pass(sheet.net, sheet.loss, conventions=conventions)
    for name in ("weight gradient", "bias gradient", "pull back"):
        broken = [
            replace(s, op=replace(s.op, arithmetic=lambda *x, op=s.op: 1.001 * op(*x))) if s.op.name == name else s
            for s in steps
        ]
        values = mlp.evaluate(broken, initial_values(sheet.net, sheet.batch, sheet.loss, conventions))
        assert not check_steps(broken, values).agrees


def test_formulas_show_the_conventions_in_force():
    setup = mlp.EXAMPLES["worksheet"].setup
    latex = {}
    for layout in LAYOUTS:
        steps, _ = replace(setup, conventions=mlp.Conventions(layout, "1/N")).run()
        latex[layout] = {s.out.text: s.latex for s in steps}
    assert latex["columns"]["S_1"] == r"S_{1} = W_{1}\,Z_{0}"
    assert latex["rows"]["S_1"] == r"S_{1} = Z_{0}\,W_{1}"
    assert latex["rows, W kept"]["S_1"] == r"S_{1} = Z_{0}\,W_{1}^{\top}"
    assert r"\frac{2}{N}" in latex["rows"]["dL/dZ_2"]
    assert r"\frac{1}{N}" in latex["rows"]["L"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", list(mlp.EXAMPLES))
def test_the_score_of_every_example_in_every_layout(name, layout):
    setup = replace(mlp.EXAMPLES[name].setup, conventions=mlp.Conventions(layout))
    sent = json.loads(build_pass_payload(setup, "cache S"))
    assert all(c["verdict"] != "disagrees" for c in sent["checks"].values())
    for step in sent["steps"]:
        *operands, result = step["tiles"]
        for tile in operands:
            if tile["slot"] == "left" and result["rows"]:
                assert tile["rows"] == result["rows"]
            if tile["slot"] == "above" and result["cols"]:
                assert tile["cols"] == result["cols"]


@pytest.mark.parametrize("wrong", [{"layout": "diagonal"}, {"scale": "1/3"}])
def test_an_unknown_name_is_refused_with_what_exists(wrong):
    with pytest.raises(KeyError, match="choose one of"):
        mlp.Conventions(**wrong)


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_slope_outside_the_two_sides_is_refused(share):
    with pytest.raises(ValueError, match="from 0 to 1"):
        mlp.Conventions(at_kink=share)
