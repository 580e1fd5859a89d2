"""The derivative of the loss: every line down to dL/dZ_L on random networks, against authorities of its own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.derivation import derive_output
from mlpcore.derivation import output as module
from mlpcore.equations.steps import feeds
from tests.core.test_cells import evaluate_text
from tests.strategies import setups

CLASSES = mlp.EXAMPLES["three classes"].setup


def with_loss(setup, loss):
    return replace(setup, loss=loss, batch=mlp.Batch(setup.batch.X, loss.fit_targets(setup.batch.Y)))


@given(setups(max_depth=2), st.sampled_from(list(mlp.LOSSES)))
def test_every_line_is_true(setup, name):
    d = derive_output(with_loss(setup, mlp.LOSSES[name]()))
    for claim in d.claims:
        assert claim.verdict != "disagrees", (claim.step, claim.error, claim.against)
    assert d.claims[-1].step.out == d.gradient


@given(st.sampled_from([mlp.CrossEntropy, mlp.BinaryCrossEntropy, mlp.MSE]), st.integers(0, 2**32 - 1))
def test_every_line_holds_and_ends_at_the_gradient_with_its_constant(kind, seed):
    """Of moderate numbers every line is compared; the end is a literal transcription."""
    rng = np.random.default_rng(seed)
    net = mlp.Network((mlp.Layer(rng.normal(size=(3, 2)), rng.normal(size=3), "identity"),))
    conventions = mlp.Conventions(rng.choice(list(mlp.LAYOUTS)), rng.choice([None, "1", "1/N", "1/(2N)"]))
    batch = mlp.Batch(rng.normal(size=(2, 4)), np.eye(3)[:, rng.integers(3, size=4)])
    if kind is mlp.CrossEntropy and seed % 2:
        batch = mlp.Batch(
            batch.X, np.array([[0.333333, 0.5, 0.1, 1], [0.333333, 0.25, 0.2, 0], [0.333334, 0.25, 0.7, 0]])
        )
    setup = mlp.Setup(net, batch, kind(), 0.1, conventions)
    d = derive_output(setup)
    assert all(claim.holds for claim in d.claims), [(c.step, c.error) for c in d.claims if not c.holds]
    Z = net[1].W @ batch.X + net[1].b[:, None]
    P = {
        mlp.CrossEntropy: lambda: np.exp(Z) / np.exp(Z).sum(axis=0),
        mlp.BinaryCrossEntropy: lambda: 1 / (1 + np.exp(-Z)),
        mlp.MSE: lambda: 2 * Z - batch.Y,
    }[kind]()
    c = {None: {mlp.CrossEntropy: 4, mlp.BinaryCrossEntropy: 12, mlp.MSE: 8}[kind], "1": 1, "1/N": 4, "1/(2N)": 8}
    (cells,) = (x for v, x in d.values.items() if v == d.part(d.gradient, "jn"))
    wanted = (P - batch.Y) / c[conventions.scale]
    np.testing.assert_allclose(cells, [wanted[cell] for cell in d.cells], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("op", ["LOG_LOSS", "LOG_DERIVATIVE", "QUOTIENT_RULE", "SOFTMAX_COLUMN", "PUT_IN", "CANCELLED",
                                "SPLIT", "SUM", "DIFFERENCE"])  # fmt: skip
@pytest.mark.parametrize("wrong", [lambda x: -x, lambda x: 1.001 * x])
def test_a_wrong_line_of_cross_entropy_is_caught(monkeypatch, op, wrong):
    right = getattr(module, op)
    monkeypatch.setattr(module, op, replace(right, arithmetic=lambda *x: wrong(right(*x))))
    assert not all(claim.holds for claim in derive_output(CLASSES).claims)


@pytest.mark.parametrize(
    "op", ["CELL_LOG_LOSS", "BY_P", "ONE_FRACTION", "SIGMOID_DERIVATIVE", "BOTH_FACTORS", "DIFFERENCE"]
)
def test_a_wrong_line_of_binary_cross_entropy_is_caught(monkeypatch, op):
    right = getattr(module, op)
    monkeypatch.setattr(module, op, replace(right, arithmetic=lambda *x: 1.001 * right(*x)))
    assert not all(claim.holds for claim in derive_output(with_loss(CLASSES, mlp.BinaryCrossEntropy())).claims)


@pytest.mark.parametrize("loss", [mlp.CrossEntropy(), mlp.BinaryCrossEntropy(), mlp.MSE()])
def test_equations_read_what_they_declare_and_their_numbers_give_the_value(loss):
    d = derive_output(with_loss(CLASSES, loss), [(1, 2)])
    single = {v: x[0] if v in d.stacked else x for v, x in d.values.items()}
    rng = np.random.default_rng(0)
    for step in [*d.steps, *(c.step for c in d.claims)]:
        text = mlp.cells.numbers(step, single, (0,) * len(step.op.makes), longest=10**6)
        before = np.asarray(step.op(*(single[v] for v in step.operands)))
        assert evaluate_text(text) == pytest.approx(float(before[(0,) * before.ndim]), rel=1e-9, abs=1e-12), text
        operands = [rng.uniform(0.2, 0.8, np.shape(single[v])) for v in step.operands]
        before = np.asarray(step.op(*operands))
        for k, operand in enumerate(operands):
            for cell in np.ndindex(operand.shape):
                pushed = [x.copy() for x in operands]
                pushed[k][cell] += 0.07
                declared = np.zeros(before.shape, dtype=bool)
                declared[feeds(step, k, cell)] = True
                assert not ((np.asarray(step.op(*pushed)) != before) & ~declared).any(), step


@pytest.mark.parametrize("size", [20.0, 465.0, 1e3])
def test_probabilities_that_are_rounded_to_0_and_1_refute_nothing(size):
    net = mlp.Network((mlp.Layer(size * np.eye(3), None, "identity"),))
    batch = mlp.Batch(np.array([[1.0, 0.02], [0.0, -0.04], [-1.0, 0.0]]), np.eye(3)[:, [2, 0]])
    for loss in (mlp.CrossEntropy(), mlp.BinaryCrossEntropy()):
        assert all(claim.verdict != "disagrees" for claim in derive_output(mlp.Setup(net, batch, loss, 0.1)).claims)


def test_the_largest_batch_is_derived_as_well():
    rng = np.random.default_rng(0)
    batch = mlp.Batch(rng.normal(size=(2, 256)), rng.normal(size=(1, 256)))
    d = derive_output(mlp.Setup(mlp.Network((mlp.Layer([[1.0, 2.0]]),)), batch), [(0, 200)])
    assert all(claim.holds for claim in d.claims)
    assert any("N = 512" in claim.why for claim in d.claims)
