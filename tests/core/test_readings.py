"""What a course shows beside its loss, and the data sets: against literal sums and steps taken one by one."""

import re
from dataclasses import replace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore import training
from mlpcore.training import readings

XOR = mlp.EXAMPLES["xor"].setup


@pytest.mark.parametrize("name", mlp.OPTIMISERS)
def test_the_trace_of_a_step_makes_the_parameters_of_the_next(name):
    course = mlp.train(XOR, 5, mlp.OPTIMISERS[name](rate=0.05, clip=0.4, schedule=mlp.WarmUp(3)))
    for k in range(5):
        values = course.trace(k)[1]
        for v, x in (course.parameters(k + 1) | course.state(k + 1)).items():
            np.testing.assert_allclose(values[mlp.after(v)], x, rtol=1e-12, atol=1e-14, err_msg=str(v))


def test_a_history_holds_norms_and_sizes_of_the_steps_themselves():
    course = mlp.train(XOR, 20, mlp.Adam(0.1), batch_size=2)
    history = readings.read_history(course, 5)
    assert history.at[0] == 0
    assert history.at[-1] == 19
    for place, k in enumerate(history.at.tolist()):
        net = course.at(k).net
        grads = mlp.gradients(net, XOR.batch, XOR.loss)
        for n in (1, 2):
            literal = sum(g**2 for v in (mlp.dW(n), mlp.db(n)) for g in grads[v].flat) ** 0.5
            assert history.gradients[n][place] == pytest.approx(literal, rel=1e-9)
            moved = course.at(k + 1).net[n].W - net[n].W
            assert history.updates[n][place] == pytest.approx(
                np.linalg.norm(moved) / np.linalg.norm(net[n].W), rel=1e-9
            )


def test_dead_and_saturated_units_are_named():
    dead = readings.read_history(mlp.train(mlp.EXAMPLES["dead relu"].setup, 3), 3)
    assert dead.dead[1] == [(2,)] * 3
    saturated = readings.read_history(mlp.train(mlp.EXAMPLES["saturated"].setup, 3), 3)
    assert saturated.saturated[1] == [(1,)] * 3
    assert saturated.dead[1] == [()] * 3


def test_a_course_that_diverges_is_read_up_to_there():
    course = mlp.train(XOR, 3000, mlp.SGD(50.0))
    history = readings.read_history(course, 5)
    assert np.isfinite(course.losses[history.at]).all()


@pytest.mark.parametrize("layout", mlp.LAYOUTS)
def test_the_loss_along_the_gradient_is_that_of_a_step_with_each_rate(layout):
    loss = mlp.MSE(penalty="L2")
    setup = replace(mlp.EXAMPLES["mazur"].setup, loss=loss, conventions=mlp.Conventions(layout))
    curve = readings.search_rate(setup, 0.5, points=9)
    grads = mlp.gradients(setup.net, setup.batch, loss)
    for rate, found in zip(curve.rates, curve.losses, strict=True):
        after = mlp.gradients(mlp.sgd(setup.net, grads, float(rate)), setup.batch, loss)[mlp.loss]
        assert found == pytest.approx(after, rel=1e-9)
    assert curve.best_loss <= np.nanmin(curve.losses)
    square = sum(float((g**2).sum()) for v, g in grads.items() if v != mlp.loss)
    assert curve.linear[-1] == pytest.approx(grads[mlp.loss] - curve.rates[-1] * square, rel=1e-9)


@pytest.mark.parametrize("start", mlp.INITIALISATIONS)
def test_no_rate_that_is_drawn_is_better_than_the_best(start):
    for seed in range(20):
        setup = mlp.EXAMPLES["worksheet"].setup
        setup = replace(setup, net=mlp.initialise(setup.net, start, scale=2.0, seed=seed))
        curve = readings.search_rate(setup, 0.1)
        assert curve.best_loss <= np.nanmin(curve.losses)
        assert readings.compute_losses(setup, mlp.train(setup, 1, mlp.SGD(curve.best)).parameters(1)) == curve.best_loss


def test_a_sweep_is_a_course_for_each_rate():
    finals = readings.sweep_rates(XOR, mlp.Adam(), [0.01, 0.1], 30)
    assert finals.tolist() == [mlp.train(XOR, 30, mlp.Adam(rate=rate)).losses[-1] for rate in (0.01, 0.1)]


def test_the_surface_has_the_losses_of_the_paths_on_it():
    """With two parameters the plane is all there is, so a path lies on it."""
    net = mlp.Network((mlp.Layer([[0.3]], [0.9], "tanh"),))
    setup = mlp.Setup(net, mlp.Batch([[-1.0, 0.5, 2.0]], [[-0.5, 0.2, 0.9]]))
    courses = {"SGD": mlp.train(setup, 50, mlp.SGD(0.3)), "Adam": mlp.train(setup, 50, mlp.Adam(0.1))}
    surface = readings.compute_surface(courses, 201)
    assert surface.share == pytest.approx(1.0)
    for name, course in courses.items():
        nearest = [
            surface.losses[np.abs(surface.y - y).argmin(), np.abs(surface.x - x).argmin()]
            for x, y in surface.paths[name]
        ]
        np.testing.assert_allclose(nearest, course.losses, atol=0.02)
    assert readings.compute_surface({"none": mlp.train(setup, 3, mlp.SGD(0.0))}) is None


def test_the_plane_of_two_weights_holds_the_losses_of_those_weights():
    courses = {"SGD": mlp.train(XOR, 20, mlp.SGD(0.1)), "Adam": mlp.train(XOR, 20, mlp.Adam(0.1))}
    names = readings.list_parameter_cells(XOR)
    assert len(names) == len(set(names)) == XOR.net.shape.parameter_cells
    surface = readings.compute_surface(courses, 5, cells=("W_1[1, 2]", "b_2[1]"), at=7)
    here = courses["SGD"].at(7)
    for row, column in ((0, 4), (3, 1)):
        W1 = here.net[1].W.copy()
        W1[0, 1] = surface.x[column]
        moved = here.net.with_parameters({mlp.W(1): W1, mlp.b(2): surface.y[[row]]})
        expected = mlp.gradients(moved, XOR.batch, XOR.loss)[mlp.loss]
        assert surface.losses[row, column] == pytest.approx(expected, rel=1e-9)
    end = courses["Adam"].at(20).net
    np.testing.assert_allclose(surface.paths["Adam"][-1], [end[1].W[0, 1], end[2].b[0]])


def test_what_is_held_out_is_not_trained_on_and_its_loss_is_that_of_the_same_network():
    setup = mlp.make_setup("moons", 30)
    rest, held_out = training.hold_out(setup, 0.3, seed=2)
    assert (rest.batch.N, held_out.N) == (21, 9)
    columns = np.concatenate([rest.batch.X, held_out.X], axis=1).T.tolist()
    assert sorted(columns) == sorted(setup.batch.X.T.tolist())
    course = mlp.train(rest, 8, mlp.Adam(0.1))
    at, losses = readings.read_validation(course, held_out, 3)
    assert at.tolist() == [0, 4, 8]
    for k, loss in zip(at.tolist(), losses, strict=True):
        net = course.at(k).net
        assert loss == pytest.approx(mlp.gradients(net, held_out, setup.loss)[mlp.loss], rel=1e-12)
    assert training.hold_out(setup, 0.0) == (setup, None)
    with pytest.raises(ValueError, match="one example only"):
        training.hold_out(mlp.EXAMPLES["mazur"].setup, 0.5)


def test_a_course_arrives_at_the_first_loss_that_is_low_enough():
    course = mlp.train(XOR, 40, mlp.Adam(0.1))
    there = readings.find_arrival(course, 0.5)
    assert course.losses[there] <= 0.5 * course.losses[0] < course.losses[:there].min()
    assert readings.find_arrival(course, 0.0) is None


def test_what_a_report_raises_ends_the_training():
    seen = []

    def stop(number):
        seen.append(number)
        if number >= 30:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        mlp.train(XOR, 1000, report=stop)
    assert seen == [0, 10, 20, 30]


def train_for(question, setup):
    optimisers = [mlp.OPTIMISERS[name](rate=question.rate) for name in question.optimisers]
    return [mlp.train(setup, min(question.steps, 60), o) for o in optimisers]


@pytest.mark.parametrize("name", training.QUESTIONS)
def test_a_question_is_answered_for_every_network(name):
    question = training.QUESTIONS[name]
    for example in (mlp.EXAMPLES[name] for name in ("mazur", "three classes", "saturated")):
        assert question.answer(*train_for(question, example.setup)).endswith(".")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rate", r"from 0.03125 to 4\.4.* it is least at η = 0\.14, 0\.001"),
        (
            "equal",
            "differ by at most 0 in any weight at the start, and by 0 after .*: they are still one unit, 3 times",
        ),
        ("dead", "In layer 1, unit 2 is dead at all .* weights there move by at most 0\\."),
        ("vanishing", r"0\.\d+ in layer 8 and .*e-0\d in layer 1, .*e-0\d of that"),
        ("momentum", "Gradient descent: 0 of .* Momentum: [1-9]"),
        ("correction", r"Adam: .* 1 η\. .* 3\.16 η"),  # 0.1 / sqrt(0.001)
        ("scale", r"best of 18 rates .* is 0\.1\d+; with standardised inputs it is 0\.0"),
        ("penalty", r"goes from 1\.7 to 0\.\d+ under L2 with λ = 0\.2, and to [12]\.\d+ without"),
        ("dropout", r"M_1 is 0 in 6 of 12 cells; δ_1 is 0 in 6 of these\."),
        (
            "wrong",
            r"p = 0\.9988 where the target is 0\. .* 0\.333 under .* 0\.00039 under",
        ),  # p / 3; × p(1 - p)
    ],
)
def test_the_network_of_a_question_shows_the_answer(name, words):
    question = training.QUESTIONS[name]
    assert re.search(words, question.answer(*train_for(question, question.setup)))


@pytest.mark.parametrize("layout", mlp.LAYOUTS)
@pytest.mark.parametrize("scale", mlp.SCALES)
def test_an_answer_is_about_the_scale_the_layout_and_the_batches_of_its_course(scale, layout):
    asked = training.QUESTIONS["wrong"]
    setup = replace(asked.setup, conventions=mlp.Conventions(layout, scale))
    course = mlp.train(setup, 3, batch_size=1)
    values = course.trace(0)[1]
    last = mlp.delta(setup.net.depth)
    worst = np.abs(setup.conventions.lay.convert(last, values[last])).max()
    assert f"{worst:.3g} under binary cross-entropy" in asked.answer(course)

    asked = training.QUESTIONS["penalty"]
    setup = replace(asked.setup, conventions=mlp.Conventions(layout, scale))
    for draws in ({}, {"batch_size": 1}, {"batch_size": 2, "seed": 3}):
        with_it = mlp.train(setup, 20, mlp.SGD(0.3), **draws)
        without = mlp.train(setup.without_penalty(), 20, mlp.SGD(0.3), **draws)
        norm = np.sqrt(sum((layer.W**2).sum() for layer in without.at(20).net.layers))
        assert f"to {norm:.3g} without it" in asked.answer(with_it)


def test_momentum_overshoots_where_the_velocity_written_out_outweighs_the_gradient():
    """The gradient of the ravine by W_1[1, 1] is w - 2: its two inputs are not correlated, the first is +-1."""
    question = training.QUESTIONS["momentum"]
    answer = question.answer(mlp.train(question.setup, 20, mlp.Momentum(0.2)))
    step, w, velocity, before, g = 1, 0.0, 0.0, 0.0, -2.0
    while before * g >= 0:
        velocity = 0.9 * velocity + g
        w -= 0.2 * velocity
        step, before, g = step + 1, g, w - 2
    assert f"in step {step} the gradient by W_1[1, 1] changes sign, from {before:.3g} to {g:.3g}" in answer
    assert f"{0.9 * velocity:.3g} of its velocity is from earlier gradients, {g:.3g} from this one" in answer
    for quiet in (mlp.SGD(0.2), mlp.Momentum(0.001)):
        assert "sign" not in question.answer(mlp.train(question.setup, 20, quiet))


def test_a_prediction_is_the_output_of_the_pass():
    setup = mlp.EXAMPLES["three classes"].setup
    np.testing.assert_array_equal(setup.net.predict(setup.batch.X), setup.run()[1][mlp.Z(2)])


@pytest.mark.parametrize("name", mlp.DATASETS)
def test_a_data_set_is_the_same_from_its_seed_and_can_be_learned(name):
    setup, same, other = (mlp.make_setup(name, 40, seed=seed) for seed in (1, 1, 2))
    assert setup.batch.X.tobytes() == same.batch.X.tobytes()
    assert setup.batch.X.tobytes() != other.batch.X.tobytes()
    assert setup.batch.N == 40
    losses = mlp.train(setup, 300, mlp.Adam(0.03)).losses
    assert losses[-1] < 0.7 * losses[0]


def test_standardised_inputs_have_mean_0_and_deviation_1_or_do_not_vary():
    setup = mlp.standardise(mlp.make_setup("digits", 50, noise=0.0))
    np.testing.assert_allclose(setup.batch.X.mean(axis=1), 0, atol=1e-12)
    spread = setup.batch.X.std(axis=1)
    assert (np.isclose(spread, 1) | (spread == 0)).all()


def test_the_digits_are_pixels_with_their_classes():
    setup = mlp.make_setup("digits", 100, noise=0.0)
    assert setup.batch.X.shape == (64, 100)
    assert ((setup.batch.X >= 0) & (setup.batch.X <= 1)).all()
    assert setup.batch.Y.sum(axis=1).tolist() == [10] * 10
