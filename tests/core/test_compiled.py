"""The compiled steps against the plain evaluation, to the last bit, and the arena against the count."""

import tracemalloc
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.compiled import Program, compile_pass
from mlpcore.compiled.arena import Buffer, list_buffers, place_buffers
from mlpcore.compiled.program import SPARE
from mlpcore.equations.activations import CELLWISE
from mlpcore.equations.kernels import CHUNK, SHORT
from mlpcore.examples import one_hot
from mlpcore.memory.cost import count_pass
from mlpcore.memory.sizes import PRESETS
from mlpcore.passes.training_step import initial_values, one_pass
from tests.core.test_schedules import TRIED, close
from tests.strategies import problems


def compile_and_list(net, batch, loss, schedule="cache S and Z", layout="columns", updated=False):
    conventions = mlp.Conventions(layout)
    steps = one_pass(net, loss, schedule, conventions, batch.N)
    values = initial_values(net, batch, loss, conventions)
    rate = 0.3 if updated else None
    if updated:
        steps += conventions.lay.convert_steps(mlp.update(net))
        values[mlp.rate] = np.asarray(rate, net.dtype)
    return compile_pass(net, batch, loss, schedule, conventions, rate=rate), steps, values


@given(problems(max_depth=6), st.sampled_from(tuple(mlp.LAYOUTS)))
def test_compiled_steps_give_the_same_bits_in_an_arena_of_the_counted_size(problem, layout):
    net, batch, loss = problem
    for schedule in TRIED:
        compiled, steps, values = compile_and_list(net, batch, loss, schedule, layout)
        assert compiled.count.peak <= compiled.arena.nbytes <= 1.02 * compiled.count.peak
        if layout == "columns":
            assert compiled.count.peak == mlp.peak_bytes(net, batch.N, loss, schedule)
        expected = mlp.evaluate(steps, values, free=True)
        compiled.arena[...] = 0xFF  # NaN everywhere: what is not written is seen
        found = compiled.run(2)
        for var in expected:
            if layout == "columns":
                np.testing.assert_array_equal(found[var], expected[var], err_msg=f"{schedule.name} {var}")
            else:  # the plain evaluation turns results where it made them, and BLAS sums those in another order
                close(found[var], expected[var], 1e-12)


@pytest.mark.parametrize("activation", list(mlp.ACTIVATIONS))
def test_a_layer_with_dropout_has_the_same_bits(activation):
    rng = np.random.default_rng(0)
    masked = mlp.Layer(rng.normal(size=(3, 2)), None, activation, mlp.Dropout(0.6, seed=1))
    net = mlp.Network((masked, mlp.Layer(rng.normal(size=(2, 3)))))
    compiled, steps, values = compile_and_list(net, mlp.Batch(rng.normal(size=(2, 4)), np.ones((2, 4))), mlp.MSE())
    expected, found = mlp.evaluate(steps, values, free=True), compiled.run(2)
    for var in expected:
        np.testing.assert_array_equal(found[var], expected[var], err_msg=var.text)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("schedule", "loss"),
    [("cache S and Z", mlp.MSE()), ("cache S", mlp.CrossEntropy()), ("cache Z", mlp.MSE()),
     ("every √L layers", mlp.CrossEntropy()), (mlp.blocks(700), mlp.MSE()), (mlp.blocks(700), mlp.CrossEntropy())],
)  # fmt: skip
@pytest.mark.parametrize("activation", list(mlp.ACTIVATIONS))
def test_matrices_of_many_pieces_have_the_same_bits(activation, schedule, loss, dtype):
    """Wider than a piece of `CHUNK` cells, and not a multiple of it."""
    rng = np.random.default_rng(3)
    widths, N = (5, 23, 19, 3), 1501
    assert 23 * N > 2 * CHUNK
    assert 23 * N % CHUNK
    layers = [
        mlp.Layer(rng.normal(size=(r, c)).astype(dtype) * 2, rng.normal(size=r).astype(dtype), activation)
        for c, r in pairwise(widths)
    ]
    net = mlp.Network((*layers[:2], mlp.Layer(layers[2].W, layers[2].b)))
    X = rng.normal(size=(5, N)).astype(dtype)
    Y = one_hot(list(rng.integers(3, size=N)), 3)
    compiled, steps, values = compile_and_list(net, mlp.Batch(X, Y.astype(dtype)), loss, schedule)
    expected = mlp.evaluate(steps, values, free=True)
    found = compiled.run()
    for var in expected:
        assert found[var].dtype == expected[var].dtype == dtype
        np.testing.assert_array_equal(found[var], expected[var], err_msg=var.text)


@pytest.mark.parametrize("N", [SHORT, SHORT + 1])
def test_a_bias_is_added_with_the_same_bits_to_short_rows_and_long_ones(N):
    """More rows than a piece holds, and a last piece that is not full; room for relu' and none."""
    rng = np.random.default_rng(5)
    rows = CHUNK // SHORT + 3
    assert CHUNK < rows * N < 2 * CHUNK
    hidden = mlp.Layer(rng.normal(size=(rows, 7)), rng.normal(size=rows), "relu")
    net = mlp.Network((hidden, mlp.Layer(rng.normal(size=(2, rows)), rng.normal(size=2))))
    batch = mlp.Batch(rng.normal(size=(7, N)), rng.normal(size=(2, N)))
    for schedule in ("cache S and Z", "cache Z"):
        for updated in (False, True):
            compiled, steps, values = compile_and_list(net, batch, mlp.MSE(), schedule, updated=updated)
            expected = mlp.evaluate(steps, values, free=True)
            compiled.arena[...] = 0xFF
            found = compiled.run()
            for var in expected:
                np.testing.assert_array_equal(found[var], expected[var], err_msg=var.text)


@pytest.mark.parametrize("kept", [False, True])
def test_the_derivative_of_relu_takes_the_place_of_s_only_if_s_is_freed(kept):
    rng = np.random.default_rng(0)
    net = mlp.Network((mlp.Layer(rng.normal(size=(50, 40)), None, "relu"), mlp.Layer(rng.normal(size=(2, 50)))))
    batch = mlp.Batch(rng.normal(size=(40, 4)), rng.normal(size=(2, 4)))
    steps = one_pass(net)
    if kept:
        steps = [replace(step, frees=tuple(v for v in step.frees if v != mlp.S(1))) for step in steps]
    compiled = Program(steps, initial_values(net, batch, mlp.MSE()), net.shape, 4)
    n = next(k for k, step in enumerate(steps) if step.out == mlp.delta(1))
    aside = [x.bytes for x in compiled.count.lives if (x.var, x.made) == (None, n)]
    assert aside == ([50 * 4 * 8, 50 * 8] if kept else [0, 50 * 8])  # the slope, and a byte for each truth value
    expected = mlp.evaluate(steps, initial_values(net, batch, mlp.MSE()), free=True)
    found = compiled.run()
    for var in expected:
        np.testing.assert_array_equal(found[var], expected[var], err_msg=var.text)


def test_an_update_alone_leaves_the_gradients_it_was_given():
    example = mlp.EXAMPLES["xor"]
    grads = mlp.gradients(example.net, example.batch, example.loss)
    given = {**dict(example.net.parameters()), **grads, mlp.rate: np.asarray(0.3)}
    before = {v: x.copy() for v, x in given.items()}
    found = Program(mlp.update(example.net), given, example.net.shape, example.batch.N).run()
    for var, value in mlp.sgd(example.net, grads, 0.3).parameters():
        np.testing.assert_array_equal(found[mlp.after(var)], value)
    for var, value in before.items():
        np.testing.assert_array_equal(given[var], value)


def test_the_products_alone_are_a_product_a_layer_each_way_whatever_carries_them_out():
    example = mlp.EXAMPLES["worksheet"]
    compiled, _, _ = compile_and_list(example.net, example.batch, mlp.MSE())
    compiled.run()
    seen = []
    compiled.products(lambda A, B, out: seen.append((A.shape, B.shape, out.shape)))(1)
    assert seen == [
        ((3, 2), (2, 4), (3, 4)), ((1, 3), (3, 4), (1, 4)),
        ((1, 4), (4, 3), (1, 3)), ((3, 1), (1, 4), (3, 4)), ((3, 4), (4, 2), (3, 2)),
    ]  # fmt: skip


@pytest.mark.parametrize("name", list(CELLWISE))
def test_kernels_at_the_edges_of_floats(name):
    x = np.array([[-np.inf, -1e308, -745.0, -40.0, -1e-320, -0.0, 0.0, 1e-320, 40.0, 745.0, 1e308, np.inf, np.nan]])
    row = mlp.ACTIVATIONS[name]
    for op in (row.apply, row.pullback, *([row.pullback_from_Z] if row.derivative_from_Z else [])):
        operands = [np.ones_like(x), x][-len(op.reads) :]
        scratch = [np.full(x.size, np.nan) for _ in op.kernel.temporaries]
        out = np.full(x.size, np.nan)
        with np.errstate(all="ignore"):
            for function, arguments in op.kernel.calls(out, *(o.ravel() for o in operands), *scratch):
                function(*arguments)
            np.testing.assert_array_equal(out, op(*operands)[0], err_msg=op.name)


@pytest.mark.parametrize("schedule", list(mlp.SCHEDULES))
@pytest.mark.parametrize("loss", [mlp.MSE(), mlp.CrossEntropy()])
def test_a_run_allocates_nothing(schedule, loss):
    rng = np.random.default_rng(0)
    net = mlp.Network(tuple(mlp.Layer(rng.normal(size=(80, 80)), rng.normal(size=80), "tanh") for _ in range(4)))
    batch = mlp.Batch(rng.normal(size=(80, 1500)), one_hot([0] * 1500, 80))
    compiled, _, _ = compile_and_list(net, batch, loss, schedule, updated=True)
    compiled.run()
    tracemalloc.start()
    compiled.run()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Python's own numbers, and the buffer of 8192 items in which NumPy casts a comparison.
    assert most < 100_000 < compiled.arena.nbytes / 4


@given(problems(max_depth=4))
def test_an_update_in_place_is_a_step_of_descent_and_leaves_the_network_alone(problem):
    net, batch, loss = problem
    before = {v: x.copy() for v, x in net.parameters()}
    compiled, _, _ = compile_and_list(net, batch, loss, updated=True)
    once = {v: x.copy() for v, x in compiled.run().items()}
    after = mlp.sgd(net, mlp.gradients(net, batch, loss), 0.3)
    for var, value in after.parameters():
        np.testing.assert_array_equal(once[mlp.after(var)], value)
    twice = compiled.run()
    further = mlp.sgd(after, mlp.gradients(after, batch, loss), 0.3)
    for var, value in further.parameters():
        np.testing.assert_array_equal(twice[mlp.after(var)], value)
    for var, value in net.parameters():
        np.testing.assert_array_equal(value, before[var])


@pytest.mark.parametrize("name", list(mlp.EXAMPLES))
def test_the_update_of_a_small_network_is_one_equation(name):
    setup = mlp.EXAMPLES[name].setup
    program = compile_pass(setup.net, setup.batch, setup.loss, rate=0.5)
    assert program.arena.nbytes <= program.count.peak + SPARE
    _, (_, _, updated) = program._calls[-1]
    assert updated.size == setup.net.shape.parameter_cells <= CHUNK


def overlap(buffers, offsets):
    for k, (p, a) in enumerate(zip(buffers, offsets, strict=True)):
        for q, b in zip(buffers[:k], offsets[:k], strict=True):
            if p.first <= q.last and q.first <= p.last and a < b + q.size and b < a + p.size:
                return True
    return False


def find_peak(buffers):
    return max(sum(b.size for b in buffers if b.first <= n <= b.last) for n in {b.first for b in buffers})


def check_placement(counted):
    """Return the size of the arena over the counted peak."""
    buffers = list_buffers(counted.lives)
    offsets, size = place_buffers(buffers, counted.peak)
    assert find_peak(buffers) == counted.peak
    assert size == max(o + b.size for o, b in zip(offsets, buffers, strict=True))
    assert len(buffers) > 150 or not overlap(buffers, offsets)
    return size / counted.peak


def draw_count(rng, k):
    L = int(rng.integers(1, 11))
    widths = tuple(int(d) for d in rng.integers(1, (9, 300)[k % 2], L + 1))
    N = int(rng.integers(1, 200))
    shape = mlp.Shape(
        widths,
        tuple(str(a) for a in rng.choice(list(mlp.ACTIVATIONS), L)),
        tuple(bool(x) for x in rng.integers(0, 2, L)),
        ("float32", "float64")[k % 3 == 0],
    )
    named = list(mlp.SCHEDULES.values())
    built = [
        mlp.every(int(rng.integers(1, 5))),
        mlp.binomial(int(rng.integers(1, 6))),
        mlp.blocks(int(rng.integers(20, 100)), named[int(rng.integers(len(named) - 1))]),
    ]
    schedule = (named + built)[int(rng.integers(len(named) + len(built)))]
    loss = list(mlp.LOSSES.values())[int(rng.integers(len(mlp.LOSSES)))]()
    N = min(N, 30) if schedule.block else N
    return count_pass(shape, N, loss, schedule, updated=bool(k % 2))


@pytest.mark.parametrize("schedule", list(mlp.SCHEDULES))
@pytest.mark.parametrize("name", list(PRESETS))
def test_the_arena_of_a_preset_is_as_large_as_the_counted_peak(name, schedule):
    sizes = PRESETS[name]
    for updated in (False, True):
        assert check_placement(count_pass(sizes.shape, sizes.N, sizes.costs, schedule, updated=updated)) == 1


@pytest.mark.parametrize("networks", [60, pytest.param(1000, marks=pytest.mark.nightly)])
def test_the_arena_of_a_random_network_is_at_most_2_percent_above_the_counted_peak(networks):
    rng = np.random.default_rng(0)
    ratios = [check_placement(draw_count(rng, k)) for k in range(networks)]
    assert max(ratios) <= 1.02
    assert sum(ratio > 1 for ratio in ratios) <= max(1, networks / 100)


def test_an_arena_is_at_most_2_percent_above_a_peak_that_cannot_be_met():
    """No placement within 11,952 bytes exists for this one, as an exact solver found."""
    widths, N = (5, 2, 1, 4, 5, 6, 4, 3, 2), 83
    activations = ("relu", "tanh", "gelu", "leaky relu", "leaky relu", "softplus", "sigmoid", "sigmoid")
    shape = mlp.Shape(widths, activations, (False, False, True, False, True, False, True, True), "float32")
    counted = count_pass(shape, N, mlp.ScoreHinge(), "cache Z")
    assert counted.peak == 11952
    assert 1 < check_placement(counted) <= 1.02


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 9)), min_size=1, max_size=14))
def test_any_buffers_are_placed_without_overlap(drawn):
    buffers = [Buffer(min(a, b), max(a, b), size) for a, b, size in drawn]
    offsets, size = place_buffers(buffers, find_peak(buffers))
    assert not overlap(buffers, offsets)
    assert size >= find_peak(buffers)
    assert size == max(o + b.size for o, b in zip(offsets, buffers, strict=True))


def test_parameters_are_read_and_written_between_runs():
    example = mlp.EXAMPLES["worksheet"]
    program = compile_pass(example.net, example.batch, example.loss, rate=0.5)
    initial = program.parameter_block.copy()
    first = program.run()[mlp.loss].copy()
    assert program.parameter_block.base is program.parameters[mlp.W(1)].base
    np.testing.assert_array_equal(program.parameters[mlp.W(2)], program.values[mlp.after(mlp.W(2))])
    assert program.run(20)[mlp.loss] < first
    program.parameter_block[:] = initial
    program.values[mlp.rate][...] = 0
    assert program.run(2)[mlp.loss] == first
    np.testing.assert_array_equal(program.parameter_block, initial)


def test_programs_that_take_turns_share_an_arena_where_it_suffices():
    example = mlp.EXAMPLES["worksheet"]
    large = compile_pass(example.net, example.batch, example.loss)
    small = compile_pass(example.net, example.batch, example.loss, "cache Z", arena=large.arena)
    assert np.shares_memory(small.arena, large.arena)
    assert not np.shares_memory(compile_pass(example.net, example.batch, arena=large.arena[:8]).arena, large.arena)
    np.testing.assert_array_equal(small.run()[mlp.dW(1)].copy(), large.run()[mlp.dW(1)])
