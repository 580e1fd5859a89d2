"""The formula of a cell, with numbers in it, is the cell: evaluated as written it gives the value."""

import math

import numpy as np
import pytest
from hypothesis import given

import mlpcore as mlp
from mlpcore.equations import cells
from mlpcore.passes.training_step import training_step
from tests.strategies import NAMES, problems


def evaluate_text(text, **functions):
    """Read a written formula as arithmetic: the dot multiplies, [a ≥ 0] is 1 or 0."""
    activations = [mlp.ACTIVATIONS[name] for name in NAMES]
    spelled = {a.function: a.function.replace(" ", "_").replace(".", "_") for a in activations}
    names = {spelled[a.function]: (lambda x, a=a: float(a.f(np.array([[x]]))[0, 0])) for a in activations}
    slopes = {
        spelled[a.function] + "_slope": (lambda x, a=a: float(a.derivative(np.array([[x]]))[0, 0]))
        for a in activations
        if a.derivative
    }
    for name in sorted(spelled, key=len, reverse=True):
        text = text.replace(name, spelled[name])
    text = text.replace("'(", "_slope(")
    text = text.replace("·", "*").replace("²", "**2").replace("≥", ">=").replace("[", "(").replace("]", ")")
    return eval(
        text,
        {
            "exp": math.exp,
            "log": math.log,
            "max": max,
            "min": min,
            "abs": abs,
            "sign": np.sign,
            "clip": clip,
            "huber": huber,
            **names,
            **slopes,
            **functions,
        },
    )  # our own text


def clip(d):
    return max(-1.0, min(d, 1.0))


def huber(d):
    return d * d / 2 if abs(d) <= 1 else abs(d) - 0.5


@given(problems(max_depth=2, max_width=4))
def test_written_numbers_give_the_value(problem):
    net, batch, loss = problem
    setup = mlp.Setup(net, batch, loss, 0.3)
    steps, values = setup.run()
    for step in steps:
        value = np.asarray(values[step.out])
        for cell in np.ndindex(value.shape):
            text = cells.numbers(step, values, cell, longest=10**6)
            assert evaluate_text(text) == pytest.approx(value[cell], rel=1e-9, abs=1e-9), (step, text)


def test_the_sheet_s_first_cell():
    setup = mlp.EXAMPLES["worksheet"].setup
    steps, values = setup.run()
    assert cells.numbers(steps[0], values, (0, 0)) == "0.6·0.75 + 0.01·0.8"
    assert cells.numbers(steps[0], values, (0, 2)) == "0.6·(-0.75) + 0.01·0.8"
    assert cells.symbols(steps[0]) == (
        r"\left(S_{1}\right)_{in} = \sum_{j} \left(W_{1}\right)_{ij}\,\left(Z_{0}\right)_{jn}"
    )


def test_long_sums_show_their_ends_and_count_the_rest():
    net = mlp.Network((mlp.Layer(np.arange(1.0, 21.0)[None, :]),))
    steps = training_step(net)
    values = mlp.Setup(net, mlp.Batch(np.ones((20, 1)), [[0.0]])).run()[1]
    text = cells.numbers(steps[0], values, (0, 0))
    assert text.startswith("1.0·1.0 + 2.0·1.0 + ")
    assert text.endswith(" + … 12 more … + 20.0·1.0")


@given(problems(max_depth=2, max_width=3))
def test_every_formula_has_symbols(problem):
    net, _, loss = problem
    for step in training_step(net, loss):
        text = cells.symbols(step)
        assert text.startswith(step.out.latex) or step.out.latex in text.split("=")[0]
        for operand in step.operands:
            assert operand.latex in text, (step, operand)
        assert text.count("{") == text.count("}")
