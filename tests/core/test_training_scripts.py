"""A training as a script: run by itself, it takes every step again and agrees with every loss."""

import csv
import io
import pickle
from dataclasses import replace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore import exchange
from mlpcore.exchange.training_scripts import count_reproducible
from tests.core.test_training import VARIANTS

THREE = mlp.EXAMPLES["three classes"].setup
SETUPS = {
    "xor": mlp.EXAMPLES["xor"].setup,
    "rows and penalty": replace(
        THREE, conventions=mlp.Conventions("rows"), loss=mlp.CrossEntropy(penalty="L1", penalises_biases=True)
    ),
}


def run(text):
    exec(compile(text, "training.py", "exec"), {})


@pytest.mark.parametrize("optimiser", VARIANTS, ids=repr)
@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_numpy_script_takes_every_step_again(optimiser, batch_size):
    for setup in SETUPS.values():
        text = exchange.numpy_training_script(mlp.train(setup, 12, optimiser, batch_size=batch_size, seed=5))
        assert "Every loss is asserted." in text
        run(text)


@pytest.mark.parametrize("name", mlp.OPTIMISERS)
def test_a_pytorch_script_takes_every_step_again(name):
    pytest.importorskip("torch")
    optimiser = mlp.OPTIMISERS[name](rate=0.05, clip=0.5, schedule=mlp.CosineDecay(20))
    for batch_size in (None, 2):
        course = mlp.train(SETUPS["rows and penalty"], 12, optimiser, batch_size=batch_size, seed=5)
        run(exchange.torch_training_script(course))


@pytest.mark.parametrize("layout", mlp.LAYOUTS)
@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_script_draws_the_dropout_masks_of_every_step(layout, batch_size):
    setup = replace(mlp.EXAMPLES["dropout"].setup, conventions=mlp.Conventions(layout))
    course = mlp.train(setup, 8, mlp.Momentum(0.05), batch_size=batch_size, redraw=True)
    assert not np.isclose(course.losses, mlp.train(setup, 8, mlp.Momentum(0.05)).losses).all()
    run(exchange.numpy_training_script(course))
    pytest.importorskip("torch")
    run(exchange.torch_training_script(course))


@pytest.mark.parametrize("layout", mlp.LAYOUTS)
def test_a_course_goes_on_from_the_state_of_its_own_optimiser_alone(layout):
    setup = replace(THREE, conventions=mlp.Conventions(layout))
    whole = mlp.train(setup, 12, mlp.Adam())
    rest = mlp.train(whole.at(5), 7, mlp.Adam(), state=whole.state(5))
    np.testing.assert_array_equal(rest.losses, whole.losses[5:])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(rest)).losses, rest.losses)
    run(exchange.numpy_training_script(rest))
    with pytest.raises(ValueError, match="no state of Momentum for this network, which keeps V_b_2"):
        mlp.train(setup, 1, mlp.Momentum(), state=whole.state(5))


def test_a_script_of_a_course_in_which_rounding_decides_asserts_what_comes_before_it():
    course = mlp.train(THREE, 200, mlp.SGD(20.0))
    count = count_reproducible(course)
    assert 5 < count < 100
    text = exchange.numpy_training_script(course)
    assert f"The first {count} losses are asserted." in text
    assert repr(float(course.losses[count - 1])) in text
    run(text)


def test_a_script_whose_losses_are_not_those_fails():
    course = mlp.train(SETUPS["xor"], 5)
    text = exchange.numpy_training_script(course)
    loss = repr(float(course.losses[3]))
    assert loss in text
    with pytest.raises(AssertionError, match="losses"):
        run(text.replace(loss, repr(float(course.losses[3]) * (1 + 1e-6))))


def test_losses_as_csv_come_back_to_the_last_bit():
    courses = {"a, b": mlp.train(SETUPS["xor"], 5), "c": mlp.train(SETUPS["xor"], 5, mlp.Adam())}
    head, *rows = csv.reader(io.StringIO(exchange.losses_to_csv(courses)))
    assert head == ["step", "a, b", "c"]
    read = np.array(rows, float).T
    assert read[0].tolist() == list(range(6))
    assert [x.tobytes() for x in read[1:]] == [course.losses.tobytes() for course in courses.values()]


def test_a_training_that_is_too_large_is_refused():
    big = mlp.make_setup("digits", 256)
    big = replace(big, batch=mlp.Batch(np.tile(big.batch.X, 3)[:, :256], np.tile(big.batch.Y, 3)[:, :256]))
    course = mlp.train(mlp.Setup(big.net, big.batch, big.loss), 3000)
    assert not exchange.can_write_training(course)
    with pytest.raises(ValueError, match="written out"):
        exchange.numpy_training_script(course)
