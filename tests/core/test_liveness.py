"""What is recomputed and what each step frees, found by looking ahead from every step."""

from hypothesis import given, settings
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.equations.steps import Step
from mlpcore.memory.cost import count
from mlpcore.memory.liveness import find_lifetimes, mark_liveness
from mlpcore.schedules import Task, find
from tests.core.test_schedules import TRIED

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
@given(tasks, st.sampled_from(TRIED), layouts)
def test_what_goes_is_what_no_later_step_reads_and_nothing_is_computed_for_nothing(task, schedule, lay):
    steps = schedule.steps(task, lay)
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


@settings(max_examples=60)
@given(tasks, st.sampled_from(TRIED), layouts)
def test_a_marked_list_marked_again_stays_as_it_is(task, schedule, lay):
    steps = schedule.steps(task, lay)
    assert mark_liveness(steps) == steps


@settings(max_examples=60)
@given(tasks, st.sampled_from(TRIED))
def test_no_two_results_in_one_buffer_are_alive_in_the_same_step(task, schedule):
    steps = schedule.steps(task)
    taken = set()
    for n, (freed, until, buffer) in enumerate(find_lifetimes(steps)):
        assert n <= freed
        if buffer is not None:
            cells = {(buffer, at) for at in range(n, until + 1)}
            assert not taken & cells
            taken |= cells


def test_a_recomputation_that_only_an_idle_one_reads_is_left_out_too():
    S, Z = mlp.forward(mlp.Shape.of((2, 2)))
    assert mark_liveness([S, Z, S, Z]) == mark_liveness([S, Z])
    assert [s.recompute for s in mark_liveness([S, Z, S, Z], read_after=[Z.out])] == [False, False, True, True]


def test_steps_that_are_the_same_in_all_are_written_once():
    steps = find("recompute everything").steps(Task(mlp.Shape.of((2,) * 31), mlp.MSE(), 1))
    assert len(steps) > 900
    assert len({id(step) for step in steps}) < 300


def test_a_list_that_makes_a_matrix_in_two_ways_is_counted_as_it_stands():
    shape = mlp.Shape.of((2, 2, 2), "tanh")
    forward = mlp.forward(shape)
    other = Step(mlp.Z(1), forward[1].op, (mlp.Z(2),))
    steps = (*forward, other)
    counted = count(steps, shape, 3)
    assert counted.steps == steps
    assert [life.var for life in counted.lives if life.var] == [s.out for s in steps]
