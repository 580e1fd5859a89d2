"""The class losses against their published definitions, written out with loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.examples import one_hot
from mlpcore.setup import with_loss


def compute_published(name, o, labels, m):
    """Each definition as its paper has it, a sum over the examples."""
    total = 0.0
    for n, y in enumerate(labels):
        column = o[:, n]
        rivals = [column[k] - column[y] + m for k in range(len(column)) if k != y]
        if name == "ScoreHinge":  # Weston and Watkins 1999
            total += sum(max(0.0, g) for g in rivals)
        elif name == "CrammerSinger":  # Crammer and Singer 2001
            total += max([0.0, *rivals])
        elif name == "SquaredHinge":  # the same gaps, squared
            total += sum(max(0.0, g) ** 2 for g in rivals)
        elif name == "OneVsAll":  # Rifkin and Klautau 2004
            total += sum(max(0.0, m - (1 if k == y else -1) * column[k]) for k in range(len(column)))
        else:
            assert name == "SoftmaxHinge", f"write the literal form of {name} here"  # the worksheet, exercise 3
            p = np.exp(column - column.max())
            p /= p.sum()
            total += sum(max(0.0, p[k] - p[y] + m) for k in range(len(column)) if k != y)
    return total


def at_logits(o, labels, loss):
    classes = len(o)
    net = mlp.Network((mlp.Layer(np.eye(classes)),))
    values = mlp.trace(net, mlp.Batch(o, one_hot(list(labels), classes)), loss)[1]
    return values, values[mlp.dZ(1)]


HINGES = [name for name, kind in mlp.LOSSES.items() if mlp.margin in kind().constants()]


@pytest.mark.parametrize("name", HINGES)
@given(st.integers(2, 50), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_value_is_the_published_one(name, classes, N, seed):
    rng = np.random.default_rng(seed)
    o, labels, m = 2 * rng.normal(size=(classes, N)), rng.integers(classes, size=N), float(rng.normal())
    values, _ = at_logits(o, labels, mlp.LOSSES[name](margin=m))
    assert values[mlp.loss] == pytest.approx(compute_published(name, o, labels, m), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", HINGES)
@given(st.integers(2, 20), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_the_gradient_is_that_of_the_published_value(name, classes, N, seed):
    """Plain central differences of the definition above, where it is smooth."""
    rng = np.random.default_rng(seed)
    o, labels, m = 2 * rng.normal(size=(classes, N)), rng.integers(classes, size=N), float(rng.normal())
    values, gradient = at_logits(o, labels, mlp.LOSSES[name](margin=m))
    gaps = np.sort(values[mlp.G], axis=0)
    if np.abs(values[mlp.G]).min() < 1e-3 or (classes > 2 and np.diff(gaps, axis=0).min() < 1e-3):
        return  # too near a kink for differences
    h = 1e-5
    for cell in np.ndindex(o.shape):
        up, down = o.copy(), o.copy()
        up[cell] += h
        down[cell] -= h
        measured = (compute_published(name, up, labels, m) - compute_published(name, down, labels, m)) / (2 * h)
        assert gradient[cell] == pytest.approx(measured, rel=1e-6, abs=1e-6 * max(1.0, float(values[mlp.loss])))


@pytest.mark.parametrize("name", [n for n in HINGES if n != "OneVsAll"])
@given(st.integers(2, 20), st.integers(0, 2**32 - 1))
def test_a_shift_of_all_logits_changes_nothing(name, classes, seed):
    rng = np.random.default_rng(seed)
    o, labels = rng.normal(size=(classes, 3)), rng.integers(classes, size=3)
    values, gradient = at_logits(o, labels, mlp.LOSSES[name]())
    shifted, moved = at_logits(o + 7.5, labels, mlp.LOSSES[name]())
    np.testing.assert_allclose(shifted[mlp.loss], values[mlp.loss], rtol=1e-9)
    np.testing.assert_allclose(moved, gradient, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(gradient.sum(axis=0), 0, atol=1e-12)


def test_only_the_strongest_rival_pulls_and_ties_share():
    _, gradient = at_logits(np.array([[0.0], [1.0], [3.0]]), [0], mlp.CrammerSinger())
    assert gradient[:, 0].tolist() == [-1, 0, 1]
    _, gradient = at_logits(np.array([[0.0], [3.0], [3.0]]), [0], mlp.CrammerSinger())
    assert gradient[:, 0].tolist() == [-1, 0.5, 0.5]
    values, gradient = at_logits(np.array([[9.0], [3.0], [3.0]]), [0], mlp.CrammerSinger())
    assert values[mlp.loss] == 0
    assert not gradient.any()


@pytest.mark.parametrize("at_tie", [True, False])
def test_a_gap_of_exactly_zero_follows_the_choice(at_tie):
    pulls = {"CrammerSinger": [-1, 1], "SquaredHinge": [0, 0], "ScoreHinge": [-1, 1]}
    for name, wanted in pulls.items():
        loss = mlp.LOSSES[name](margin=1.0, at_tie=at_tie)
        values, gradient = at_logits(np.array([[1.0], [0.0]]), [0], loss)
        assert values[mlp.G][1, 0] == 0
        assert gradient[:, 0].tolist() == (wanted if at_tie else [0, 0]), name


@pytest.mark.parametrize("name", list(HINGES))
def test_one_class_has_no_rival(name):
    values, gradient = at_logits(np.array([[0.3, 2.0]]), [0, 0], mlp.LOSSES[name]())
    if name == "OneVsAll":
        assert values[mlp.loss] == pytest.approx(0.7)
    else:
        assert values[mlp.loss] == 0
        assert not gradient.any()


@pytest.mark.parametrize("name", HINGES)
@pytest.mark.parametrize("size", [745.0, 1e4, 1e308])
def test_huge_logits_stay_finite(name, size):
    o = np.array([[size, -size, 0.0], [-size, size, size], [0.0, 0.0, -size]])
    values, gradient = at_logits(o, [0, 0, 1], mlp.LOSSES[name]())
    assert np.isfinite(values[mlp.loss])
    assert np.isfinite(gradient).all()


#: The loss of one cell as it is written, of the output z and the target t.
LITERAL = {
    "BinaryCrossEntropy": lambda z, t: t * math.log(1 + math.exp(-z)) + (1 - t) * math.log(1 + math.exp(z)),
    "MSE over N d": lambda z, t: (z - t) ** 2,
    "Huber": lambda z, t: (z - t) ** 2 / 2 if abs(z - t) <= 1 else abs(z - t) - 0.5,
    "MAE": lambda z, t: abs(z - t),
}


def compute_literal(name, o, y):
    """The mean over all cells, in a loop."""
    assert name in LITERAL, f"write the literal form of {name} here"
    return sum(map(LITERAL[name], o.ravel().tolist(), y.ravel().tolist())) / o.size


CELL_LOSSES = [name for name, kind in mlp.LOSSES.items() if kind().scale == "1/(N d)"]


@pytest.mark.parametrize("name", CELL_LOSSES)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_a_loss_over_cells_is_the_mean_of_the_literal_one(name, d, N, seed):
    rng = np.random.default_rng(seed)
    o, y = 2 * rng.normal(size=(d, N)), rng.uniform(size=(d, N))
    net = mlp.Network((mlp.Layer(np.eye(d)),))
    values = mlp.trace(net, mlp.Batch(o, y), mlp.LOSSES[name]())[1]
    assert values[mlp.loss] == pytest.approx(compute_literal(name, o, y), rel=1e-12)
    if np.abs(np.abs(o - y) - 1).min() < 1e-4 or np.abs(o - y).min() < 1e-4:
        return  # too near a kink for differences
    for cell in np.ndindex(o.shape):
        up, down = o.copy(), o.copy()
        up[cell] += 1e-5
        down[cell] -= 1e-5
        measured = (compute_literal(name, up, y) - compute_literal(name, down, y)) / 2e-5
        assert values[mlp.dZ(1)][cell] == pytest.approx(measured, rel=1e-6, abs=1e-8)


def test_binary_cross_entropy_of_huge_logits_is_finite_and_exact():
    values = mlp.trace(
        mlp.Network((mlp.Layer([[1.0]]),)), mlp.Batch([[800.0, -800.0]], [[0, 1]]), mlp.BinaryCrossEntropy()
    )[1]
    assert values[mlp.loss] == 800.0
    assert values[mlp.dZ(1)].tolist() == [[0.5, -0.5]]


def test_targets_outside_zero_and_one_are_refused_and_can_be_turned():
    setup = mlp.EXAMPLES["worksheet"].setup
    with pytest.raises(ValueError, match="from 0 to 1, but Y has -1"):
        with_loss(setup, "BinaryCrossEntropy")
    assert with_loss(setup, "BinaryCrossEntropy", as_classes=True).batch.Y.tolist() == [[1, 1, 0, 0]]


def test_soft_targets_give_the_cross_entropy_of_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    logits, targets = rng.normal(size=(4, 6)), rng.dirichlet(np.ones(4), 6).T
    net = mlp.Network((mlp.Layer(np.eye(4)),))
    values = mlp.trace(net, mlp.Batch(logits, targets), mlp.CrossEntropy())[1]
    o = torch.tensor(logits.T, requires_grad=True)
    theirs = torch.nn.functional.cross_entropy(o, torch.tensor(targets.T))
    theirs.backward()
    assert values[mlp.loss] == pytest.approx(theirs.item(), rel=1e-12)
    np.testing.assert_allclose(values[mlp.dZ(1)], o.grad.numpy().T, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("targets", "fits"),
    [
        ([[0.5], [0.5]], "cross-entropy"),
        ([[1.0], [1.0]], "binary cross-entropy"),
        ([[2.0], [0.0]], "mean squared error"),
    ],
)
def test_an_error_names_the_loss_that_reads_these_targets(targets, fits):
    with pytest.raises(ValueError, match=rf"; {fits} reads"):
        mlp.ScoreHinge().check(np.array(targets))
