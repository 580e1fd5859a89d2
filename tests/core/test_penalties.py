"""Penalties against literal sums, PyTorch's autograd and weight decay; in blocks, in courses, in links."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore import exchange
from mlpcore.passes.penalties import DATA
from tests.strategies import setups

#: What each adds to the loss and to one cell of a gradient, for strength s, as a literal sum.
LITERAL = {
    "L2": (lambda x, s: 0.5 * s * sum(v * v for v in x.flat), lambda x, s: s * x),
    "L2 without 1/2": (lambda x, s: s * sum(v * v for v in x.flat), lambda x, s: 2 * s * x),
    "L1": (lambda x, s: s * sum(abs(v) for v in x.flat), lambda x, s: s * np.sign(x)),
}


@pytest.mark.parametrize("penalty", mlp.PENALTIES)
@given(setups(max_depth=3), st.sampled_from(tuple(mlp.SCHEDULES)))
@settings(max_examples=15)
def test_a_penalty_adds_its_term_to_the_loss_and_to_every_gradient(penalty, setup, schedule):
    loss = replace(setup.loss, penalty=penalty, strength=0.3)
    net, batch, lay = setup.net, setup.batch, setup.conventions.lay
    plain = mlp.gradients(net, batch, replace(loss, penalty=None), "cache S and Z", setup.conventions)
    found = mlp.gradients(net, batch, loss, schedule, setup.conventions)
    term, gradient = LITERAL[penalty]
    penalised = [(v, x) for v, x in net.parameters() if v.kind == "W" or loss.penalises_biases]
    expected = plain[mlp.loss] + sum(term(x, 0.3) for _, x in penalised)
    np.testing.assert_allclose(found[mlp.loss], expected, rtol=1e-12)
    for v, x in net.parameters():
        d = mlp.Var("d" + v.kind, v.layer)
        more = gradient(lay.convert(v, x), 0.3) if v.kind == "W" or loss.penalises_biases else 0.0
        size = np.abs(plain[d]).max() + np.abs(x).max()
        np.testing.assert_allclose(found[d], plain[d] + more, rtol=1e-12, atol=1e-13 * size, err_msg=str(d))


@pytest.mark.parametrize("penalty", mlp.PENALTIES)
def test_pytorch_differentiates_the_same_loss(penalty):
    torch = pytest.importorskip("torch")
    setup = mlp.EXAMPLES["three classes"].setup
    loss = mlp.CrossEntropy(penalty=penalty, strength=0.2, penalises_biases=True)
    tensors = [torch.tensor(np.array(x), requires_grad=True) for _, x in setup.net.parameters()]
    W1, b1, W2, b2 = tensors
    labels = torch.tensor(setup.batch.Y.argmax(axis=0))
    out = W2 @ torch.tanh(W1 @ torch.tensor(np.array(setup.batch.X)) + b1[:, None]) + b2[:, None]
    size = sum(x.abs().sum() if penalty == "L1" else (x**2).sum() for x in tensors)
    total = torch.nn.functional.cross_entropy(out.T, labels) + (0.1 if penalty == "L2" else 0.2) * size
    total.backward()
    found = mlp.gradients(setup.net, setup.batch, loss)
    assert found[mlp.loss] == pytest.approx(total.item(), rel=1e-12)
    for (v, _), x in zip(setup.net.parameters(), tensors, strict=True):
        np.testing.assert_allclose(found[mlp.Var("d" + v.kind, v.layer)], x.grad.numpy(), rtol=1e-11, atol=1e-14)


def test_gradient_descent_under_l2_is_weight_decay_of_pytorch():
    torch = pytest.importorskip("torch")
    setup = mlp.EXAMPLES["three classes"].setup
    setup = mlp.Setup(setup.net, setup.batch, mlp.CrossEntropy(penalty="L2", strength=0.1, penalises_biases=True))
    course = mlp.train(setup, 50, mlp.SGD(0.3))
    tensors = [torch.tensor(np.array(x), requires_grad=True) for _, x in setup.net.parameters()]
    W1, b1, W2, b2 = tensors
    optim = torch.optim.SGD(tensors, lr=0.3, weight_decay=0.1)
    X, labels = torch.tensor(np.array(setup.batch.X)), torch.tensor(setup.batch.Y.argmax(axis=0))
    for _ in range(50):
        optim.zero_grad()
        out = W2 @ torch.tanh(W1 @ X + b1[:, None]) + b2[:, None]
        torch.nn.functional.cross_entropy(out.T, labels).backward()
        optim.step()
    for (v, x), expected in zip(course.at(50).net.parameters(), tensors, strict=True):
        np.testing.assert_allclose(x, expected.detach().numpy(), rtol=1e-12, atol=1e-12, err_msg=str(v))


@pytest.mark.parametrize("penalty", mlp.PENALTIES)
def test_a_penalty_is_kept_in_a_link_and_edited_like_any_number(penalty):
    sheet = mlp.EXAMPLES["three classes"].setup
    setup = mlp.Setup(sheet.net, sheet.batch, mlp.MSE(penalty=penalty, penalises_biases=True), sheet.rate)
    setup = setup.with_inputs({mlp.strength: np.asarray(0.25)})
    assert setup.loss == mlp.MSE(penalty=penalty, strength=0.25, penalises_biases=True)
    back = exchange.from_json(exchange.to_json({"setup": setup}))["setup"]
    assert back.loss == setup.loss
    assert "penalty" not in exchange.to_json({"setup": sheet})
    steps, values = setup.run()
    assert values[mlp.loss] > values[DATA]
    found = mlp.check_steps(steps, values)
    skipped = [cell for of in found.skipped.values() for cell in of]
    assert bool(skipped) == (penalty == "L1")  # |b| has a kink at the biases of this network that are 0
    assert all(cell.kink.kind == "b" and values[cell.kink][cell.kink_cell] == 0 for cell in skipped)
    assert found.verdict == ("not measurable" if skipped else "agrees")


def test_what_is_no_penalty_is_named():
    with pytest.raises(KeyError, match="there is no penalty 'L3'"):
        mlp.MSE(penalty="L3")
    with pytest.raises(ValueError, match="strength of the penalty must be a finite number"):
        mlp.MSE(penalty="L2", strength=float("nan"))
