"""The declared dependency against the truth, by perturbation, in both directions."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given

import mlpcore as mlp
from mlpcore.equations.steps import ALL, covers, feeds
from mlpcore.passes.training_step import training_step
from tests.strategies import problems

#: Tried one after another on a cell inside the declaration: some must move the result.
#: Flat stretches (a relu that is off, an indicator) need a push across their edge.
PUSHES = (0.37, -2.5, 40.0, -40.0)


def measure_moves(step, values, operand, cell, push):
    """Which cells of the result move when one operand cell is pushed."""
    pushed = np.array(values[operand], dtype=float)
    pushed[cell] += push
    with np.errstate(all="ignore"):
        before = step.op(*(values[v] for v in step.operands))
        after = step.op(*({**values, operand: pushed}[v] for v in step.operands))
    return np.asarray(before != after)


def generic(values, seed):
    """Values without ties and zeros: soft targets and masks, and all positive in every other
    draw (the losses of the examples negative), so that a factor such as relu'(S) or an indicator
    is not zero in all of them."""
    rng = np.random.default_rng(seed)

    def one(v, shape):
        if v.kind in ("Y", "A"):
            return rng.uniform(0.2, 0.8, shape)
        drawn = rng.normal(size=shape)
        small = np.abs(np.tanh(drawn))  # below 1, where hard tanh has a slope
        return drawn if seed % 2 == 0 else -small if v.kind == "ell" else small

    return {v: one(v, np.shape(x)) for v, x in values.items()}


@given(problems(max_depth=3, max_width=3))
def test_every_step_reads_what_it_declares_and_nothing_else(problem):
    net, batch, loss = problem
    # The softmax of one class is 1, whatever it reads.
    assume(net.widths[-1] > 1 or not loss.one_hot)
    assume(all(len(layer.W) > 1 or not layer.f.coupled for layer in net.layers))
    steps = training_step(net, loss, "cache S")
    setup = mlp.Setup(net, batch, loss)
    draws = [generic(setup.run("cache S")[1], seed) for seed in range(2)]
    for step in steps:
        for position, operand in enumerate(step.operands):
            for cell in np.ndindex(np.shape(draws[0][operand])):
                declared = np.zeros(np.shape(draws[0][step.out]), dtype=bool)
                declared[feeds(step, position, cell)] = True
                ever = np.zeros_like(declared)
                for values, push in product(draws, PUSHES):
                    moves = measure_moves(step, values, operand, cell, push)
                    assert not (moves & ~declared).any(), (step, operand, cell)
                    ever |= moves
                assert ever[declared].all(), (step, operand, cell)


@given(problems(max_depth=3, max_width=3))
def test_provenance_and_feeds_are_one_relation(problem):
    net, _, loss = problem
    steps = training_step(net, loss)
    for step in steps:
        shape = {v: mlp.shape_of(v, net.widths, 3) for v in (step.out, *step.operands)}
        for cell in np.ndindex(shape[step.out]):
            read = mlp.provenance(step, cell)
            for position, operand in enumerate(step.operands):
                for other in np.ndindex(shape[operand]):
                    assert covers(read[operand], other) == covers(feeds(step, position, other), cell)


def test_provenance_indexes_arrays():
    sheet = mlp.EXAMPLES["worksheet"]
    steps, values = mlp.trace(sheet.net, sheet.batch)
    read = mlp.provenance(steps[0], (1, 2))
    assert read == {mlp.W(1): (1, ALL), mlp.Z(0): (ALL, 2)}
    row, column = values[mlp.W(1)][read[mlp.W(1)]], values[mlp.Z(0)][read[mlp.Z(0)]]
    # Not to the last bit: a sum of two products and a product of matrices may round differently.
    assert row @ column == pytest.approx(values[mlp.S(1)][1, 2], rel=1e-14)


@pytest.mark.parametrize("name", list(mlp.EXAMPLES))
def test_influence_holds_through_the_whole_pass(name):
    """Push an input cell: everything that moves anywhere later is inside the declared influence."""
    setup = mlp.EXAMPLES[name].setup
    steps, values = setup.run()
    for var, value in setup.inputs().items():
        cells = list(np.ndindex(value.shape))
        for cell in cells[:: max(1, len(cells) // 6)]:
            reached = mlp.influence(steps, var, cell)
            pushed = value.copy()
            pushed[cell] += 0.25
            later = mlp.evaluate(steps, {**setup.inputs(), var: pushed})
            for step in steps:
                allowed = np.zeros(np.shape(values[step.out]), dtype=bool)
                for block in reached.get(step.out, []):
                    allowed[block] = True
                moves = np.asarray(later[step.out] != values[step.out])
                assert not (moves & ~allowed).any(), (var, cell, step)


def test_influence_of_one_weight_on_the_sheet():
    steps, _ = mlp.EXAMPLES["worksheet"].setup.run()
    reached = mlp.influence(steps, mlp.W(1), (1, 0))
    assert reached[mlp.S(1)] == [(1, ALL)]
    assert reached[mlp.dW(2)] == [(ALL, ALL)]
    assert mlp.W(1) not in reached
    assert mlp.Z(0) not in reached
