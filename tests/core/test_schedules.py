"""What is kept must change nothing but memory: exercise 4."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.checking.numerical_gradients import check_steps
from mlpcore.passes.training_step import initial_values, one_pass
from mlpcore.schedules import extra_layers
from mlpcore.schedules.derivative_from_output import explain
from tests.strategies import problems, take_examples


def close(actual, expected, relative):
    """To so much of the largest entry; two sums of no more than a few hundred terms."""
    np.testing.assert_allclose(actual, expected, rtol=relative, atol=relative * np.abs(expected).max(initial=1e-300))


#: What can be chosen, and what can be built besides.
TRIED = [
    *mlp.SCHEDULES.values(), mlp.every(1), mlp.every(3), mlp.binomial(1), mlp.binomial(3), mlp.blocks(1), mlp.blocks(2),
    mlp.blocks(3, mlp.SCHEDULES["cache S"]), mlp.blocks(2, mlp.SCHEDULES["cache Z"]), mlp.blocks(2, mlp.binomial(2)),
]  # fmt: skip


@given(problems(max_depth=8, max_width=4))
def test_every_schedule_gives_the_same_gradients(problem):
    """Bit for bit where the same formulas are computed again."""
    net, batch, loss = problem
    expected = mlp.gradients(net, batch, loss)
    for schedule in TRIED:
        grads = mlp.gradients(net, batch, loss, schedule)
        assert grads.keys() == expected.keys()
        for var in expected:
            if not schedule.derivative_from_Z and schedule.block is None:
                np.testing.assert_array_equal(grads[var], expected[var])
            else:
                close(grads[var], expected[var], 1e-12)


@given(problems(max_depth=8, max_width=4))
def test_a_plan_reads_only_what_is_alive_and_frees_all_but_its_results(problem):
    """A simulator that knows nothing but names: a schedule is data."""
    net, batch, loss = problem
    for schedule in TRIED:
        given_ = set(initial_values(net, batch, loss))
        alive = set(given_)
        for step in one_pass(net, loss, schedule, N=batch.N):
            assert set(step.operands) <= alive, (schedule, step)
            assert step.out not in alive, (schedule, step)
            alive.add(step.out)
            assert set(step.frees) <= alive - given_
            alive -= set(step.frees)
        results = {v for v, _ in net.parameters()}
        assert alive - given_ == {mlp.Var("d" + v.kind, v.layer) for v in results} | {mlp.loss}


@given(st.integers(1, 12), st.integers(1, 6))
def test_no_plan_computes_fewer_layers_again_than_the_binomial_bound(depth, slots):
    """Found by trying every place of every checkpoint, not by the formula."""

    @cache
    def fewest(n, free):
        if n == 1:
            return 0
        if free == 1:
            return n * (n - 1) // 2
        return min(m + fewest(m, free) + fewest(n - m, free - 1) for m in range(1, n))

    net = mlp.Shape.of((2,) * (depth + 1), "tanh")
    steps = one_pass(net, mlp.MSE(), mlp.binomial(slots))
    again = sum(s.recompute and s.out.kind == "S" for s in steps)
    assert again == fewest(depth, min(slots, depth)) == extra_layers(depth, min(slots, depth))


@pytest.mark.parametrize(("depth", "slots", "again"), [(10, 3, 15), (10, 1, 45), (10, 10, 9), (4, 2, 4)])
def test_the_binomial_bound_in_numbers(depth, slots, again):
    """Griewank and Walther's t(l, c) counts a first sweep of l - 1 steps in; l = 10, c = 3 is its own example: 15."""
    assert extra_layers(depth, slots) == again


def test_recomputing_everything_is_quadratic_and_segments_are_linear():
    net = mlp.Shape.of((3,) * 10, "relu")

    def again(schedule):
        return sum(s.recompute and s.out.kind == "S" for s in one_pass(net, mlp.MSE(), schedule))

    assert again("cache S and Z") == again("cache S") == again("cache Z") == 0
    assert again("recompute everything") == 9 * 8 // 2
    assert again("every √L layers") == 6  # two segments of three layers are computed twice
    assert again(mlp.every(9)) == 0


def test_gelu_and_silu_keep_s_where_others_need_only_z():
    net = mlp.Shape((2, 3, 3, 3, 1), ("gelu", "tanh", "silu", "identity"), (False,) * 4)
    steps = one_pass(net, mlp.MSE(), "cache Z")
    reads = {s.out: s.operands[1] for s in steps if s.out.kind == "delta" and len(s.operands) == 2}
    assert reads == {mlp.delta(1): mlp.S(1), mlp.delta(2): mlp.Z(2), mlp.delta(3): mlp.S(3)}


@pytest.mark.parametrize("name", list(mlp.ACTIVATIONS))
def test_a_slope_is_known_from_the_output_or_a_pair_shows_why_not(name):
    for at_kink in (0.0, 0.5):
        f, said = mlp.ACTIVATIONS[name].at_kink(at_kink), explain(name, at_kink)
        assert said.enough == (f.derivative is None or f.derivative_from_Z is not None)
        if not said.enough:
            S, slopes = np.array(said.counterexample.S), np.array(said.counterexample.derivatives)
            np.testing.assert_allclose(f.f(S), said.counterexample.Z, rtol=1e-12, atol=0)
            np.testing.assert_allclose(f.derivative(S), slopes)
            assert abs(slopes[0] - slopes[1]) > 0.1


#: LaTeX of a formula of f' -> Python.
PYTHON = {
    r"\odot": "*", "^{-Z}": "**-Z", "^": "**", "|Z|": "abs(Z)", "[": "(", "]": ")",
    r"\text{ where }": "if", r", \text{ else }": " else ",
}  # fmt: skip


@pytest.mark.parametrize("name", [*(n for n, f in mlp.ACTIVATIONS.items() if f.derivative_from_Z), "elu(2.5)"])
def test_the_formula_from_the_output_gives_the_derivative(name):
    f, S = mlp.ACTIVATIONS[name], np.array([-7.3, -0.6, 0.4, 2.5, 6.5])
    code = f.formula_from_Z.removeprefix("f' = ")
    for latex, python in PYTHON.items():
        code = code.replace(latex, python)
    computed = [eval(code, {"Z": Z, "e": math.e}) for Z in f.f(S).tolist()]
    np.testing.assert_allclose(computed, f.derivative(S), rtol=1e-9, atol=1e-15)


@settings(max_examples=25)
@given(problems(max_depth=3, max_width=3), st.integers(1, 3), st.sampled_from(tuple(mlp.LAYOUTS)))
def test_the_gradient_of_a_block_is_that_of_its_examples_alone(problem, size, layout):
    """Against differences, and against the same network on those columns of the batch."""
    net, batch, loss = problem
    conventions = mlp.Conventions(layout)
    steps, values = mlp.trace(net, batch, loss, mlp.blocks(size), conventions)
    assert check_steps(steps, values).worst < 1e-6
    for var, value in values.items():
        if var.kind == "dW" and var.examples:
            first, stop = var.examples
            few, part = take_examples(net, batch, slice(first, stop))
            expected = mlp.gradients(few, part, replace(loss, whole=batch.N, penalty=None), conventions=conventions)
            close(value, expected[mlp.dW(var.layer)], 1e-12)


def test_a_cell_of_a_block_is_that_example_of_the_batch():
    sheet = mlp.EXAMPLES["worksheet"].setup
    steps, values = sheet.run(mlp.blocks(2))
    step = next(s for s in steps if s.out == mlp.Z(0).of_examples((2, 4)))
    assert mlp.provenance(step, (1, 0)) == {mlp.Z(0): (1, 2)}
    assert mlp.cells.numbers(step, values, (1, 0)) == "0.8"
    assert mlp.Z(0).of_examples((2, 4)) in mlp.influence(steps, mlp.Z(0), (0, 3))
    assert mlp.Z(0).of_examples((0, 2)) not in mlp.influence(steps, mlp.Z(0), (0, 3))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: mlp.every(0), "every 1, 2, 3"),
        (lambda: mlp.binomial(0), "at least 1"),
        (lambda: mlp.blocks(0), "at least one example"),
        (lambda: one_pass(mlp.EXAMPLES["xor"].net, schedule=mlp.blocks(2)), "how many examples"),
    ],
)
def test_a_schedule_that_is_none_is_refused_with_the_reason(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()


def test_cache_s_computes_hidden_activations_again_just_before_they_are_read():
    steps = one_pass(mlp.EXAMPLES["larger"].net, mlp.CrossEntropy(), "cache S")
    again = [i for i, s in enumerate(steps) if s.recompute]
    assert [steps[i].out for i in again] == [mlp.Z(2), mlp.Z(1)]
    assert [steps[i + 1].out for i in again] == [mlp.dW(3), mlp.dW(2)]
    assert all(steps[i].operands == (mlp.S(s.layer),) for i in again for s in [steps[i].out])


def test_bytes_counted_on_paper():
    """2-3-1, N = 4, float64. S_1 12, Z_1 12, S_2 4, and Z_2 in the place of S_2; then the loss with
    4 numbers and one sum on the side: 12 + 12 + 4 + 1 + 5 = 34. That is the most: at delta_1, in the
    place of dL/dZ_1, relu'(S_1) takes the place of S_1, and its truth values, made first, take 3:
    S_1 12, L 1, dW_2 3, delta_1 12, truth 3 = 31.
    """
    net = mlp.EXAMPLES["worksheet"].net
    steps = one_pass(net)
    assert mlp.live_bytes(steps, net.widths, 4)[:5] == [96, 192, 224, 224, 34 * 8]
    counted = mlp.count_pass(net, 4)
    assert mlp.peak_bytes(net, 4) == 34 * 8
    assert mlp.peak_bytes(net, 4, dtype=np.float32) == 34 * 4
    assert steps[counted.at_peak].out == mlp.loss
    assert counted.live[[step.out for step in steps].index(mlp.delta(1))] == 31 * 8


def test_keeping_only_s_needs_less_in_a_deep_net():
    net = mlp.Network(tuple(mlp.Layer(np.eye(16), None, "tanh") for _ in range(8)))
    assert mlp.peak_bytes(net, 64, schedule="cache S") < 0.75 * mlp.peak_bytes(net, 64)
