"""Dropout: a mask that is given, in both passes, and what draws, keeps and forgets it."""

from dataclasses import replace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore import exchange
from mlpcore.setup import with_cells
from tests.strategies import take_examples

SHEET = mlp.EXAMPLES["worksheet"].setup


def drop(setup, *dropouts):
    """Give the layers these dropouts, in turn."""
    layers = (replace(layer, dropout=d) for layer, d in zip(setup.net.layers, (*dropouts, None), strict=True))
    return replace(setup, net=mlp.Network(tuple(layers)))


SETUP = drop(SHEET, mlp.Dropout(0.5, seed=1))


def test_both_passes_carry_the_mask_as_written_out():
    values = SETUP.run()[1]
    X, Y, W1, W2, M = (np.asarray(SETUP.inputs()[v]) for v in (mlp.Z(0), mlp.Y, mlp.W(1), mlp.W(2), mlp.mask(1)))
    S1 = W1 @ X
    Z1 = M * np.maximum(S1, 0)
    delta2 = (W2 @ Z1 - Y) / 4
    delta1 = (W2.T @ delta2) * M * (S1 > 0)
    np.testing.assert_allclose(values[mlp.Z(1)], Z1, rtol=1e-14)
    np.testing.assert_allclose(values[mlp.dW(1)], delta1 @ X.T, rtol=1e-13)
    assert 0 < (M == 0).sum() < M.size
    assert set(M.ravel()) == {0.0, 2.0}


def test_softmax_under_a_mask_pulls_back_through_its_jacobian():
    layer = replace(SETUP.net[1], activation="softmax")
    values = replace(SETUP, net=mlp.Network((layer, SETUP.net[2]))).run()[1]
    M, dZ = (np.asarray(values[v]) for v in (mlp.mask(1), mlp.dZ(1)))
    e = np.exp(values[mlp.S(1)])
    P = e / e.sum(axis=0)
    np.testing.assert_allclose(values[mlp.Z(1)], M * P, rtol=1e-14)
    for n, p in enumerate(P.T):
        jacobian = np.diag(p) - np.outer(p, p)
        np.testing.assert_allclose(values[mlp.delta(1)][:, n], jacobian @ (M * dZ)[:, n], atol=1e-16)


def test_the_share_of_kept_cells_and_their_mean_are_those_of_inverted_dropout():
    M = mlp.Dropout(0.8, seed=3).draw(1, 200, 500)
    assert (M != 0).mean() == pytest.approx(0.8, abs=0.01)
    assert M.mean() == pytest.approx(1, abs=0.01)


def test_more_examples_keep_the_masks_of_those_before():
    few, many = (mlp.Dropout(0.5, seed=3).draw(2, 5, N) for N in (4, 9))
    np.testing.assert_array_equal(many[:, :4], few)


def test_predictions_drop_nothing():
    np.testing.assert_array_equal(SETUP.net.predict(SETUP.batch.X), SHEET.net.predict(SHEET.batch.X))


def test_an_edited_mask_is_kept_in_a_file_and_a_drawn_one_is_its_seed():
    edited, refused = with_cells(SETUP, [(mlp.mask(1), (0, 0), 7.0)])
    assert not refused
    assert edited.inputs()[mlp.mask(1)][0, 0] == 7
    for setup, holds in ((edited, True), (SETUP, False)):
        text = exchange.to_json({"setup": setup})
        assert ('"mask"' in text) is holds
        assert exchange.from_json(text)["setup"] == setup
    back, _ = with_cells(edited, [(mlp.mask(1), (0, 0), SETUP.inputs()[mlp.mask(1)][0, 0])])
    assert back == SETUP


def test_mini_batches_take_the_masks_of_their_examples():
    """By hand, example by example; the sheet's rate."""
    course = mlp.train(SETUP, 4, batch_size=2, seed=5)
    net = SETUP.net
    for step in range(4):
        epoch, place = divmod(step, 2)
        chosen = np.random.default_rng((5, epoch)).permutation(4)[place * 2 : place * 2 + 2]
        net = mlp.sgd(net, mlp.gradients(*take_examples(net, SETUP.batch, chosen), SETUP.loss), SETUP.rate)
    np.testing.assert_allclose(course.parameters(4)[mlp.W(1)], net[1].W, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mlp.Dropout(0), "above 0 and at most 1, not 0"),
        (lambda: mlp.Dropout(1.5), "at most 1"),
        (lambda: mlp.Dropout(float("nan")), "keep probability"),
        (lambda: mlp.Dropout(0.5, -1), "whole number from 0"),
        (lambda: mlp.Dropout(0.5, mask=[[1, np.inf]]), "the dropout mask"),
    ],
)
def test_what_is_no_dropout_is_refused_by_name(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("name", [f.name for f in mlp.ACTIVATIONS.values() if f.family])
def test_an_activation_with_another_number_is_found_by_name(name):
    row = mlp.ACTIVATIONS[name]
    other = mlp.ACTIVATIONS[f"{name}(0.25)"]
    assert other is row.family.at(0.25)
    assert mlp.ACTIVATIONS[f"{name}({row.parameter})"] is row
    assert mlp.Layer([[1.0]], None, f"{name.upper()}( 0.25 )").activation == other.name
    assert r"_{0.25}(" in other.apply.notation("S")
    for wrong in ("-1", "nan", "x"):
        with pytest.raises(KeyError, match=name):
            mlp.Layer([[1.0]], None, f"{name}({wrong})")
