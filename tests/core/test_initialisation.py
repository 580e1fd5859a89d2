"""Initialisations against the moments their papers state, and against PyTorch's bounds."""

import numpy as np
import pytest

import mlpcore as mlp

NET = mlp.Network((mlp.Layer(np.ones((60, 80)), np.ones(60), "relu"), mlp.Layer(np.ones((30, 60)), None)))

#: Standard deviation of a weight of scale 1, for d rows and e columns.
DEVIATIONS = {
    "zeros": lambda d, e: 0.0,
    "constant": lambda d, e: 0.0,
    "uniform": lambda d, e: 1 / 3**0.5,
    "normal": lambda d, e: 1.0,
    "Xavier": lambda d, e: (2 / (d + e)) ** 0.5,
    "He": lambda d, e: (2 / e) ** 0.5,
    "orthogonal": lambda d, e: max(d, e) ** -0.5,
}


@pytest.mark.parametrize("name", mlp.INITIALISATIONS)
def test_weights_have_the_stated_moments_and_biases_are_0(name):
    net = mlp.initialise(NET, name, scale=0.5, seed=3)
    for layer in net.layers:
        d, e = layer.W.shape
        mean = 0.5 if name == "constant" else 0.0
        expected = 0.5 * DEVIATIONS[name](d, e)
        assert layer.W.mean() == pytest.approx(mean, abs=4 * expected / (d * e) ** 0.5 + 1e-15)
        assert layer.W.std() == pytest.approx(expected, rel=0.1, abs=1e-15)
    assert not net[1].b.any()
    assert net[2].b is None


@pytest.mark.parametrize("name", mlp.INITIALISATIONS)
def test_a_seed_gives_the_same_bits_and_another_seed_others(name):
    one, same, other = (mlp.initialise(NET, name, seed=seed) for seed in (7, 7, 8))
    assert one[1].W.tobytes() == same[1].W.tobytes()
    assert (one[1].W.tobytes() == other[1].W.tobytes()) == (name in ("zeros", "constant"))
    deeper = mlp.Network((*NET.layers, mlp.Layer(np.ones((4, 30)))))
    assert mlp.initialise(deeper, name, seed=7)[2].W.tobytes() == one[2].W.tobytes()


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (1, 6)])
def test_orthogonal_weights_have_orthonormal_rows_or_columns(shape):
    W = mlp.initialise(mlp.Network((mlp.Layer(np.ones(shape)),)), "orthogonal", scale=2.0)[1].W
    gram = W @ W.T if shape[0] <= shape[1] else W.T @ W
    np.testing.assert_allclose(gram, 4 * np.eye(min(shape)), atol=1e-12)


def test_xavier_has_the_bound_of_pytorch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    theirs = torch.nn.init.xavier_uniform_(torch.empty(60, 80)).abs().max()
    assert abs(mlp.initialise(NET, "Xavier")[1].W).max() == pytest.approx(float(theirs), rel=0.01)


def test_what_is_out_of_range_is_named():
    with pytest.raises(KeyError, match="there is no initialisation 'random'"):
        mlp.initialise(NET, "random")
    with pytest.raises(ValueError, match="scale must be a finite number"):
        mlp.initialise(NET, scale=float("inf"))
    with pytest.raises(ValueError, match="seed must be a whole number"):
        mlp.initialise(NET, seed=-1)
