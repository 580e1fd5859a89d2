"""Numbers at the edge of floats: finite and right, or refused; never a silent zero."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.losses import softmax

EXTREMES = [745.0, -745.0, 1e4, -1e4, 1e308, -1e308]


def identity(classes):
    return mlp.Network((mlp.Layer(np.eye(classes)),))


def logits(values, label, loss):
    batch = mlp.Batch(np.array(values, dtype=float)[:, None], np.eye(len(values))[:, [label]])
    return mlp.trace(identity(len(values)), batch, loss)[1]


@pytest.mark.parametrize("name", ["CrossEntropy", "SoftmaxHinge", "ScoreHinge"])
@pytest.mark.parametrize("a", EXTREMES)
@pytest.mark.parametrize("b", [0.0, *EXTREMES])
@pytest.mark.parametrize("label", [0, 1])
def test_extreme_logits_stay_finite(name, a, b, label):
    values = logits([a, b, 0.0], label, mlp.LOSSES[name]())
    for var in (mlp.loss, mlp.dZ(1)):
        assert np.isfinite(values[var]).all(), (var, values[var])
    assert abs(values[mlp.dZ(1)].sum()) < 1e-12


@pytest.mark.parametrize("a", [745.0, 1e4, 1e300])
def test_confidently_wrong_is_not_a_silent_zero(a):
    """Cross-entropy: the loss is the difference of the logits and the gradient is full size."""
    values = logits([a, 0.0], 1, mlp.CrossEntropy())
    assert values[mlp.loss] == pytest.approx(a, rel=1e-15)
    assert values[mlp.dZ(1)][:, 0].tolist() == pytest.approx([1.0, -1.0])


@given(st.lists(st.floats(-700, 700), min_size=2, max_size=6))
def test_softmax_against_exact_arithmetic(o):
    """e^(o - max) as exact fractions of correctly rounded exponentials, summed without rounding."""
    powers = [Fraction(math.exp(x - max(o))) for x in o]
    expected = [float(p / sum(powers)) for p in powers]
    np.testing.assert_allclose(softmax(np.array(o)[:, None])[:, 0], expected, rtol=1e-13, atol=0)


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=6), st.floats(-1e3, 1e3))
def test_softmax_does_not_see_a_shift(o, shift):
    o = np.array(o)[:, None]
    np.testing.assert_allclose(softmax(o + shift), softmax(o), rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("name", list(mlp.ACTIVATIONS))
def test_activations_at_the_edges(name):
    row = mlp.ACTIVATIONS[name]
    x = np.array([[-1e308, -1e4, -745.0, -40.0, -0.0, 0.0, 40.0, 745.0, 1e4, 1e308]])
    with np.errstate(over="ignore"):
        assert np.isfinite(row.f(x)).all()
        if row.derivative:
            slope = row.derivative(x)
            assert np.isfinite(slope).all()
            assert (np.abs(slope) < 1.2).all()


@pytest.mark.parametrize("name", [n for n, a in mlp.ACTIVATIONS.items() if a.derivative_from_Z])
def test_slope_from_the_output_is_the_slope(name):
    row = mlp.ACTIVATIONS[name]
    x = np.linspace(-6, 6, 241)[None, :]
    np.testing.assert_allclose(row.derivative_from_Z(row.f(x)), row.derivative(x), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        # NIST DLMF and mpmath, 16 digits.
        ("gelu", 1.0, 0.8413447460685429),
        ("gelu", -2.0, -0.04550026389635842),
        ("sigmoid", 2.0, 0.8807970779778825),
        ("silu", 2.0, 1.761594155955765),
        ("softplus", -3.0, 0.04858735157374206),
        ("elu", -1.0, -0.6321205588285577),
        ("tanh", 0.5, 0.46211715726000975),
        ("leaky relu", -2.0, -0.02),
        ("relu", -2.0, 0.0),
        ("identity", 1.5, 1.5),
    ],
)
def test_known_values(name, x, expected):
    assert mlp.ACTIVATIONS[name].f(np.array([[x]]))[0, 0] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(bad):
    with pytest.raises(ValueError, match="must be finite"):
        mlp.Layer([[1.0, bad]])
    with pytest.raises(ValueError, match="must be finite"):
        mlp.Layer([[1.0]], [bad])
    with pytest.raises(ValueError, match=r"entry \(1, 2\)"):
        mlp.Batch([[0.0, bad]], [[0.0, 0.0]])
    with pytest.raises(ValueError, match="finite"):
        mlp.SoftmaxHinge(margin=bad)
    with pytest.raises(ValueError, match="finite"):
        mlp.sgd(mlp.EXAMPLES["worksheet"].net, {}, bad)


def test_an_overflow_on_the_way_is_shown_not_hidden():
    setup = mlp.Setup(mlp.Network((mlp.Layer([[1e200]]), mlp.Layer([[1e200]]))), mlp.Batch([[1.0]], [[0.0]]))
    values = setup.run()[1]
    assert np.isinf(values[mlp.S(2)]).all()
    assert not mlp.check_grads(setup.net, setup.batch).agrees
