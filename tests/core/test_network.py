"""Shapes are checked when a value is made, and the message names both."""

import numpy as np
import pytest

import mlpcore as mlp


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: mlp.Layer([[1, 2]], [1, 2]), [r"\(2,\)", r"\(1, 2\)"]),
        (lambda: mlp.Layer([1, 2]), ["a matrix", r"\(2,\)"]),
        (lambda: mlp.Layer([[1, "x"]]), ["must be a number"]),
        (lambda: mlp.Layer([[1, 2], [3]]), ["rows of equal length"]),
        (lambda: mlp.Layer(np.zeros((0, 2))), [r"\(0, 2\)", "empty"]),
        (lambda: mlp.Network(()), ["at least one layer"]),
        (lambda: mlp.Network((mlp.Layer(np.ones((3, 2))), mlp.Layer(np.ones((1, 4))))), [r"\(1, 4\)", r"\(3, 2\)"]),
        (lambda: mlp.Batch(np.ones((2, 3)), np.ones((1, 4))), [r"\(2, 3\)", r"\(1, 4\)"]),
    ],
)
def test_refusals_name_both_shapes(make, says):
    for text in says:
        with pytest.raises(ValueError, match=text):
            make()


@pytest.mark.parametrize("run", [mlp.trace, mlp.gradients, mlp.check_grads])
def test_a_batch_that_does_not_fit_is_refused_before_it_runs(run):
    net = mlp.EXAMPLES["worksheet"].net
    with pytest.raises(ValueError, match=r"X has shape \(3, 4\) and W_1 has shape \(3, 2\)"):
        run(net, mlp.Batch(np.ones((3, 4)), np.ones((1, 4))))
    with pytest.raises(ValueError, match=r"Y has shape \(2, 4\) and W_2 has shape \(1, 3\)"):
        run(net, mlp.Batch(np.ones((2, 4)), np.ones((2, 4))))


@pytest.mark.parametrize("name", ["CrossEntropy", "SoftmaxHinge", "ScoreHinge"])
def test_class_losses_refuse_targets_that_are_no_classes(name):
    sheet = mlp.EXAMPLES["worksheet"]
    with pytest.raises(ValueError, match=r"example 3 of Y is \(−1\)"):
        mlp.trace(sheet.net, sheet.batch, mlp.LOSSES[name]())


@pytest.mark.parametrize(
    ("look", "lists"),
    [
        (lambda: mlp.ACTIVATIONS["rleu"], "relu"),
        (lambda: mlp.LOSSES["mse"], "MSE"),
        (lambda: mlp.SCHEDULES["none"], "cache S"),
        (lambda: mlp.EXAMPLES["sheet"], "worksheet"),
        (lambda: mlp.Layer([[1.0]], None, "swosh"), "silu"),
        (lambda: mlp.gradients(mlp.EXAMPLES["xor"].net, mlp.EXAMPLES["xor"].batch, schedule="?"), "cache S"),
    ],
)
def test_unknown_names_are_refused_with_what_exists(look, lists):
    with pytest.raises(KeyError, match=lists):
        look()


def test_values_are_frozen_copies():
    W = np.ones((2, 2))
    layer = mlp.Layer(W)
    W[0, 0] = 5
    assert layer.W[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        layer.W[0, 0] = 5
    with pytest.raises(AttributeError):
        layer.activation = "relu"


def test_no_bias_is_not_a_zero_bias():
    without = mlp.Network((mlp.Layer([[1.0]]),))
    zero = mlp.Network((mlp.Layer([[1.0]], [0.0]),))
    batch = mlp.Batch([[2.0]], [[1.0]])
    assert mlp.db(1) not in mlp.gradients(without, batch)
    assert mlp.db(1) in mlp.gradients(zero, batch)
    assert "b_" not in " ".join(s.latex for s in mlp.trace(without, batch)[0])


def test_layers_count_from_one():
    net = mlp.EXAMPLES["worksheet"].net
    assert net.widths == (2, 3, 1)
    assert net[1].W.shape == (3, 2)
    with pytest.raises(IndexError, match="from 1 to 2"):
        net[0]


def test_shapes_from_sizes_alone_are_those_of_the_arrays():
    for example in mlp.EXAMPLES.values():
        _, values = example.setup.run()
        for var, value in values.items():
            assert mlp.shape_of(var, example.net.widths, example.batch.N) == np.shape(value), var
