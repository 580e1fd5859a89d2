"""A list in short and the list written out say the same; what it frees is found by looking ahead from every step."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.equations.steps import Step
from mlpcore.memory.cost import count, filled
from mlpcore.memory.listing import Listing
from mlpcore.memory.reading import Equations
from mlpcore.schedules import Task, find
from tests.core.test_schedules import POLICIES

layers = st.tuples(st.integers(1, 9), st.sampled_from(tuple(mlp.ACTIVATIONS)), st.booleans())
tasks = st.builds(
    lambda of, loss, N, at_kink: Task(
        mlp.Shape([3, *(d for d, *_ in of)], [f for _, f, _ in of], [b for *_, b in of]), loss(), N, at_kink
    ),
    st.lists(layers, min_size=1, max_size=7),
    st.sampled_from(tuple(mlp.LOSSES.values())),
    st.integers(1, 7),
    st.sampled_from((0.0, 0.5)),
)
layouts = st.sampled_from(tuple(mlp.LAYOUTS.values()))


@settings(max_examples=60)
@given(tasks, st.sampled_from(POLICIES), layouts)
def test_a_list_in_short_is_counted_as_the_list_that_is_written_out(task, policy, lay):
    """Blocks are not read step by step, but made of the rows of the whole batch."""
    short = policy.listing(task, lay)
    steps = short.steps
    assert Listing.of(steps, task.shape.depth, lay).steps == steps
    assert filled(short, steps, task.shape, 5) == count(steps, task.shape, 5, lay)


@settings(max_examples=60)
@given(tasks, st.sampled_from(POLICIES), layouts)
def test_what_goes_is_what_no_later_step_reads_and_nothing_is_computed_for_nothing(task, policy, lay):
    steps = policy.listing(task, lay).steps
    made = set()

    def read_later(n, var):
        for step in steps[n + 1 :]:
            if var in step.operands:
                return True
            if var == step.out:
                return False
        return False

    for n, step in enumerate(steps):
        assert step.recompute == (step.out in made)
        made.add(step.out)
        results = {v for v in made if v.kind in ("dW", "db", "loss") and not v.examples}
        assert set(step.frees) == {v for v in made - results if v in step.operands and not read_later(n, v)}
        assert not step.recompute or read_later(n, step.out)


def test_steps_that_are_the_same_in_all_are_written_once():
    steps = find("recompute everything").listing(Task(mlp.Shape.of((2,) * 31), mlp.MSE(), 1)).steps
    assert len(steps) > 900
    assert len({id(step) for step in steps}) < 300


def test_a_list_that_makes_a_matrix_in_two_ways_is_read_as_it_stands():
    shape = mlp.Shape.of((2, 2, 2), "tanh")
    forward = mlp.forward(shape)
    other = Step(mlp.Z(1), forward[1].op, (mlp.Z(2),))
    steps = (*forward, other)
    assert Listing.of(steps, 2).steps == steps
    assert [life.var for life in count(steps, shape, 3).lives if life.var] == [s.out for s in steps]


def test_too_many_layers_are_refused_in_words():
    with pytest.raises(ValueError, match="less than 16,384 layers"):
        Equations.read([], 1 << 14)
