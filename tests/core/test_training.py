"""Optimisers against a literal transcription, PyTorch and the plain evaluation of their rows; courses of training."""

import math
import pickle
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.equations import cells
from mlpcore.equations.steps import feeds
from mlpcore.training import course as course_module
from tests.core.test_cells import evaluate_text
from tests.strategies import setups

#: Every optimiser, and every other form that one has.
VARIANTS = [
    *(kind(rate=0.05) for kind in mlp.OPTIMISERS.values()),
    mlp.Momentum(rate=0.05, mu=0.8, sign="-"),
    *(kind(rate=0.05, clip=0.3) for kind in (mlp.SGD, mlp.Momentum, mlp.Adam)),
    *(mlp.SGD(rate=0.5, schedule=kind(length=7)) for kind in mlp.RATE_SCHEDULES.values()),
    mlp.Adam(rate=0.05, clip=0.3, schedule=mlp.CosineDecay(40)),
]

#: The share of the rate in step t, counted from 1, as a literal formula.
SHARES = {
    "step": lambda s, t: s.gamma ** ((t - 1) // s.length),
    "cosine": lambda s, t: 0.5 * (1 + math.cos(math.pi * min(t - 1, s.length) / s.length)),
    "warm-up": lambda s, t: min(t, s.length) / s.length,
}


def step_by_momentum(o, eta, x, g, kept, t):
    if o.sign == "-":
        kept["V"] = o.mu * kept["V"] - eta * g
        return x + kept["V"]
    kept["V"] = o.mu * kept["V"] + g
    return x - eta * kept["V"]


def step_by_nesterov(o, eta, x, g, kept, t):
    kept["V"] = o.mu * kept["V"] + g
    return x - eta * (g + o.mu * kept["V"])


def step_by_adagrad(o, eta, x, g, kept, t):
    kept["R"] += g**2
    return x - eta * g / (math.sqrt(kept["R"]) + o.epsilon)


def step_by_rmsprop(o, eta, x, g, kept, t):
    kept["R"] = o.beta2 * kept["R"] + (1 - o.beta2) * g**2
    return x - eta * g / (math.sqrt(kept["R"]) + o.epsilon)


def step_by_uncorrected(o, eta, x, g, kept, t):
    kept["M"] = o.beta1 * kept["M"] + (1 - o.beta1) * g
    kept["R"] = o.beta2 * kept["R"] + (1 - o.beta2) * g**2
    return x - eta * kept["M"] / (math.sqrt(kept["R"]) + o.epsilon)


def step_by_adam(o, eta, x, g, kept, t):
    kept["M"] = o.beta1 * kept["M"] + (1 - o.beta1) * g
    kept["R"] = o.beta2 * kept["R"] + (1 - o.beta2) * g**2
    m_hat, r_hat = kept["M"] / (1 - o.beta1**t), kept["R"] / (1 - o.beta2**t)
    return x - eta * m_hat / (math.sqrt(r_hat) + o.epsilon)


#: A step of a single number as the papers write it, in Python floats.
LITERAL = {
    "SGD": lambda o, eta, x, g, kept, t: x - eta * g,
    "Momentum": step_by_momentum,
    "Nesterov": step_by_nesterov,
    "AdaGrad": step_by_adagrad,
    "RMSProp": step_by_rmsprop,
    "Adam": step_by_adam,
    "Uncorrected": step_by_uncorrected,
    "AdamW": lambda o, eta, x, g, kept, t: step_by_adam(o, eta, x, g, kept, t) - eta * o.decay * x,
}


def transcribe(optimiser, x, g, state, t, k):
    """Take step t of the number k."""
    assert optimiser.name in LITERAL, f"write the literal form of {optimiser.name} here"
    eta = optimiser.rate
    if optimiser.schedule:
        eta *= SHARES[optimiser.schedule.name](optimiser.schedule, t)
    return LITERAL[optimiser.name](optimiser, eta, x, g, state.setdefault(k, dict.fromkeys("VMR", 0.0)), t)


@pytest.mark.parametrize("optimiser", VARIANTS, ids=repr)
def test_a_course_is_the_literal_one(optimiser):
    setup = mlp.EXAMPLES["three classes"].setup
    course, net, state = mlp.train(setup, 50, optimiser), setup.net, {}
    for t in range(1, 51):
        grads = mlp.gradients(net, setup.batch, setup.loss)
        assert course.losses[t - 1] == pytest.approx(grads[mlp.loss], rel=1e-12)
        values = {}
        norm = math.sqrt(sum(g**2 for v, x in grads.items() if v != mlp.loss for g in x.flat))
        shorten = optimiser.clip / norm if optimiser.clip and norm > optimiser.clip else 1.0
        for v, x in net.parameters():
            g = grads[mlp.Var("d" + v.kind, v.layer)] * shorten
            cells_ = [transcribe(optimiser, x[c], g[c], state, t, (v, c)) for c in np.ndindex(x.shape)]
            values[v] = np.reshape(cells_, x.shape)
        net = net.with_parameters(values)
    assert len(course) == 50
    for (v, x), (_, expected) in zip(course.at(50).net.parameters(), net.parameters(), strict=True):
        np.testing.assert_allclose(x, expected, rtol=1e-12, atol=1e-12, err_msg=str(v))
    assert course.losses[50] == pytest.approx(mlp.gradients(net, setup.batch, setup.loss)[mlp.loss], rel=1e-12)


@pytest.mark.parametrize("optimiser", [o for o in VARIANTS if o.name != "Momentum" or o.sign == "+"], ids=repr)
def test_a_course_is_that_of_pytorch(optimiser):
    torch = pytest.importorskip("torch")
    if optimiser.clip:
        pytest.skip("PyTorch adds 1e-6 to the norm it divides by")
    schedules = {
        "step": lambda optim: torch.optim.lr_scheduler.StepLR(optim, 7, gamma=0.5),
        "cosine": lambda optim: torch.optim.lr_scheduler.LambdaLR(
            optim, lambda k: (1 + math.cos(math.pi * min(k / 7, 1))) / 2
        ),
        "warm-up": lambda optim: torch.optim.lr_scheduler.LinearLR(optim, 1 / 7, total_iters=6),
    }
    kinds = {
        "SGD": (torch.optim.SGD, {}),
        "Momentum": (torch.optim.SGD, {"momentum": 0.9}),
        "Nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
        "AdaGrad": (torch.optim.Adagrad, {}),
        "RMSProp": (torch.optim.RMSprop, {}),
        "Adam": (torch.optim.Adam, {}),
        "AdamW": (torch.optim.AdamW, {}),
    }
    if optimiser.name not in kinds:
        pytest.skip(f"PyTorch has no {optimiser.title}")
    setup = mlp.EXAMPLES["three classes"].setup
    course = mlp.train(setup, 50, optimiser)
    tensors = [torch.tensor(np.array(x), requires_grad=True) for _, x in setup.net.parameters()]
    W1, b1, W2, b2 = tensors
    kind, more = kinds[optimiser.name]
    optim = kind(tensors, lr=optimiser.rate, **more)
    X, labels = torch.tensor(np.array(setup.batch.X)), torch.tensor(setup.batch.Y.argmax(axis=0))
    schedule = schedules[optimiser.schedule.name](optim) if optimiser.schedule else None
    for _ in range(50):
        optim.zero_grad()
        out = W2 @ torch.tanh(W1 @ X + b1[:, None]) + b2[:, None]
        torch.nn.functional.cross_entropy(out.T, labels).backward()
        optim.step()
        if schedule:
            schedule.step()
    for (v, x), expected in zip(course.at(50).net.parameters(), tensors, strict=True):
        np.testing.assert_allclose(x, expected.detach().numpy(), rtol=1e-12, atol=1e-12, err_msg=str(v))


@settings(max_examples=25)
@given(setups(max_depth=3), st.sampled_from(VARIANTS))
def test_a_course_is_the_same_rows_evaluated_one_by_one(setup, optimiser):
    lay = setup.conventions.lay
    course = mlp.train(setup, 3, optimiser)
    net = setup.net
    state = {v: lay.convert(v, x) for v, x in optimiser.initial_state(net).items()}
    values = setup.inputs() | {v: np.asarray(x) for v, x in optimiser.numbers().items()}
    steps = mlp.training_step(net, setup.loss, conventions=setup.conventions, optimiser=optimiser)
    parameters = net.shape.parameters()
    for k in range(3):
        made = mlp.evaluate(steps, values | state)
        np.testing.assert_allclose(course.losses[k], made[mlp.loss], rtol=1e-9)
        state = {v: made[mlp.after(v)] for v in state}
        values |= {v: made[mlp.after(v)] for v in parameters}
        found = course.state(k + 1) | course.parameters(k + 1)
        assert found.keys() == state.keys() | set(parameters)
        for v, x in (state | {v: values[v] for v in parameters}).items():
            np.testing.assert_allclose(found[v], x, rtol=1e-9, atol=1e-12, err_msg=str(v))


def random_values(step, seed):
    rng = np.random.default_rng(seed)
    sizes = dict(zip("ij", (2, 3), strict=True))
    return {
        v: rng.uniform(0.2, 0.8, tuple(sizes[a] for a in reads))
        for v, reads in zip(step.operands, step.op.reads, strict=True)
    }


@pytest.mark.parametrize("optimiser", VARIANTS, ids=repr)
def test_every_row_in_place_has_the_bits_of_its_arithmetic(optimiser):
    for step in optimiser.update(mlp.Shape((3, 2), ("relu",), (True,))):
        if (kernel := step.op.kernel) is not None:
            values = [np.asarray(x) for x in random_values(step, 1).values()]
            expected = np.asarray(step.op(*values))
            out = np.empty(expected.size)
            flat = [x.reshape(-1) if x.ndim else x for x in values]
            for function, arguments in kernel.calls(out, *flat, *(np.empty(out.size) for _ in kernel.temporaries)):
                function(*arguments)
            assert out.tobytes() == expected.tobytes(), step


@pytest.mark.parametrize("optimiser", VARIANTS, ids=repr)
def test_every_row_reads_what_it_declares_and_its_cells_give_its_value(optimiser):
    for step in optimiser.update(mlp.Shape((3, 2), ("relu",), (True,))):
        values = random_values(step, 1)
        result = np.asarray(step.op(*(values[v] for v in step.operands)))
        for cell in np.ndindex(result.shape):
            text = cells.numbers(step, values | {step.out: result}, cell)
            value = evaluate_text(text.replace("^", "**"), sqrt=math.sqrt, floor=math.floor, cos=math.cos, π=math.pi)
            assert value == pytest.approx(result[cell], rel=1e-12), text
        for position, operand in enumerate(step.operands):
            for cell in np.ndindex(values[operand].shape):
                moved = np.zeros(result.shape, bool)
                for by in (
                    0.1,
                    5.0,
                    -0.7,
                    50.0,
                    -50.0,
                ):  # a schedule is flat in places, and so is what clips or takes a sign
                    pushed = values[operand].copy()
                    pushed[cell] += by
                    with np.errstate(invalid="ignore"):
                        moved |= step.op(*((values | {operand: pushed})[v] for v in step.operands)) != result
                declared = np.zeros(result.shape, bool)
                declared[feeds(step, position, cell)] = True
                assert (moved == declared).all(), (step, operand, cell)


def test_the_bytes_of_the_state_are_those_of_its_matrices():
    setup = mlp.EXAMPLES["three classes"].setup
    for kind in mlp.OPTIMISERS.values():
        state = mlp.train(setup, 1, kind()).state(1)
        assert kind().count_state_bytes(setup.net) == sum(x.nbytes for x in state.values())
    cells = setup.net.shape.parameter_cells
    assert mlp.Adam().count_state_bytes(setup.net) == 8 * (2 * cells + 1)


@pytest.mark.parametrize("name", mlp.OPTIMISERS)
def test_state_and_parameters_take_the_place_of_the_old_ones(name):
    """A step allocates nothing for them: what is new lies where the old was."""
    shape, optimiser = mlp.Shape((3, 4, 2), ("relu", "identity"), (True, False)), mlp.OPTIMISERS[name]()
    steps = optimiser.update(shape)
    made = {step.out: step.takes for step in steps}
    for v in (*shape.parameters(), *optimiser.state(shape)):
        assert made[mlp.after(v)] == v
    freed = [v for step in steps for v in step.frees]
    assert len(freed) == len(set(freed))
    assert {v for v in freed if v.kind in ("dW", "db")} == {mlp.dW(1), mlp.dW(2), mlp.db(1)}
    for n, step in enumerate(steps):
        assert not {v for later in steps[n + 1 :] for v in later.operands} & set(step.frees)


def test_a_course_with_few_copies_is_the_same(monkeypatch):
    setup, adam = mlp.EXAMPLES["xor"].setup, mlp.Adam(rate=0.1)
    for batch_size in (None, 3):
        full = mlp.train(setup, 20, adam, batch_size=batch_size, seed=4)
        monkeypatch.setattr(course_module, "MAX_COPIES", 5 * full._copies[0].nbytes)
        few = mlp.train(setup, 20, adam, batch_size=batch_size, seed=4)
        assert len(few._copies) < len(full._copies)
        assert few.losses.tobytes() == full.losses.tobytes()
        for k, what in product((0, 3, 4, 20), ("parameters", "state")):
            for v, x in getattr(full, what)(k).items():
                assert getattr(few, what)(k)[v].tobytes() == x.tobytes(), (k, v)
        monkeypatch.undo()


def test_a_course_that_was_pickled_is_the_same():
    course = mlp.train(mlp.EXAMPLES["xor"].setup, 20, mlp.Adam(rate=0.1), batch_size=3, seed=4)
    again = pickle.loads(pickle.dumps(course))
    assert again.losses.tobytes() == course.losses.tobytes()
    assert all(again.state(7)[v].tobytes() == x.tobytes() for v, x in course.state(7).items())


@pytest.mark.parametrize("layout", list(mlp.LAYOUTS))
@pytest.mark.parametrize("batch_size", [None, 3])
def test_every_step_has_masks_of_its_own_from_the_seed_plus_its_number(layout, batch_size):
    setup = replace(mlp.EXAMPLES["dropout"].setup, conventions=mlp.Conventions(layout))
    course = mlp.train(setup, 4, mlp.SGD(0.3), batch_size=batch_size, seed=7, redraw=True)
    net, X, Y, N = setup.net, setup.batch.X, setup.batch.Y, setup.batch.N
    keep, seed = net[1].dropout.keep, net[1].dropout.seed
    assert N == 4  # so that every step is an epoch, of one batch
    given = net[1].dropout.find_mask(1, net.widths[1], N)

    def mask(net, M):
        return mlp.Network((replace(net[1], dropout=mlp.Dropout(keep, mask=M)), *net.layers[1:]))

    for k in range(5):
        M = (keep > np.random.default_rng((seed + k, 1)).random((N, net.widths[1])).T) / keep if k else given
        loss = mlp.gradients(mask(net, M), setup.batch, setup.loss)[mlp.loss]
        assert course.losses[k] == pytest.approx(loss, rel=1e-12)
        np.testing.assert_array_equal(course.at(k).net[1].dropout.find_mask(1, len(M), N), M)
        assert course.trace(k)[1][mlp.loss] == pytest.approx(loss, rel=1e-12)
        chosen = np.random.default_rng((7, k)).permutation(N)[:batch_size]
        masked, batch = mask(net, M[:, chosen]), mlp.Batch(X[:, chosen], Y[:, chosen])
        net = mlp.sgd(masked, mlp.gradients(masked, batch, setup.loss), 0.3)
    again = pickle.loads(pickle.dumps(course))
    assert again.losses.tobytes() == course.losses.tobytes()


def test_a_batch_of_two_takes_the_gradient_of_two_examples():
    setup = mlp.EXAMPLES["xor"].setup
    course = mlp.train(setup, 2, mlp.SGD(0.1), batch_size=2, seed=1)
    order = np.random.default_rng((1, 0)).permutation(4)
    net = setup.net
    for k in range(2):
        chosen = order[2 * k : 2 * k + 2]
        batch = mlp.Batch(setup.batch.X[:, chosen], setup.batch.Y[:, chosen])
        assert course.losses[k] == pytest.approx(mlp.gradients(net, setup.batch, setup.loss)[mlp.loss], rel=1e-12)
        net = mlp.sgd(net, mlp.gradients(net, batch, setup.loss), 0.1)
        for (v, x), (_, y) in zip(course.at(k + 1).net.parameters(), net.parameters(), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-12, err_msg=str(v))


def test_what_is_out_of_range_is_named():
    setup = mlp.EXAMPLES["xor"].setup
    with pytest.raises(ValueError, match="100,000 steps"):
        mlp.train(setup, 100_001)
    with pytest.raises(ValueError, match="1 to 4 examples"):
        mlp.train(setup, 1, batch_size=5)
    with pytest.raises(ValueError, match="momentum must be from 0 to below 1"):
        mlp.Momentum(mu=1.0)
    with pytest.raises(ValueError, match="largest norm of the gradient must be above 0"):
        mlp.SGD(clip=0.0)
    with pytest.raises(ValueError, match="steps of the schedule must be a number above 0"):
        mlp.WarmUp(0)
    with pytest.raises(ValueError, match=r"\+ or -"):
        mlp.Momentum(sign="x")
    with pytest.raises(ValueError, match="learning rate must be a finite number"):
        mlp.SGD(float("nan"))
    course = mlp.train(setup, 3)
    with pytest.raises(IndexError, match="no step 4"):
        course.at(4)
    diverged = mlp.train(setup, 3000, mlp.SGD(50.0))
    assert not np.isfinite(diverged.losses[-1])
    with pytest.raises(ValueError, match="finite"):
        diverged.at(3000)
