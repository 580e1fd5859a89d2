"""Steps taken on the pages of the network."""

import json
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore import exchange
from mlpcore.setup import same
from pages.ui.components.stage.payload import build_pass_payload
from pages.ui.state.app_state import AppState
from pages.ui.state.steps_taken import find_kept, take_steps
from pages.ui.state.training_page import TrainingChoice
from pages.ui.state.wire_names import wire_name
from pages.ui.widgets import files
from tests.visits import DERIVE, STEP, find_keyed, make_edits, read_payload, send_events, use_toolbar


def press(app, label):
    next(b for b in app.button if b.label == label).click()
    return app.run()


def read_sentence(app):
    return next((m.value for m in app.markdown if "taken" in m.value), "")


def read_weights(app):
    return read_payload(app)["matrices"]["W1"]["values"]


@pytest.mark.parametrize("page", ["app.py", STEP, DERIVE])
def test_a_step_makes_the_new_parameters_the_parameters_and_undo_brings_them_back(app, page):
    app.switch_page(page).run()
    setup = mlp.EXAMPLES["worksheet"].setup
    values = setup.run()[1]
    press(app, "Take the step")
    if page != DERIVE:
        assert read_weights(app) == values[mlp.after(mlp.W(1))].ravel().tolist()
    assert "1 step taken" in read_sentence(app)
    assert f"from {values[mlp.loss]:.5g} to {values[mlp.after(mlp.loss)]:.5g}" in read_sentence(app)
    press(app, "Take 10")
    assert "11 steps taken" in read_sentence(app)
    use_toolbar(app, "undo")
    assert "1 step taken" in read_sentence(app)
    use_toolbar(app, "undo")
    assert not read_sentence(app)
    if page != DERIVE:
        assert read_weights(app) == setup.net[1].W.ravel().tolist()


def test_a_number_of_steps_that_is_none_takes_no_step(app):
    for text in ("0", "2,5", "many"):
        app.text_input(key="number of steps").set_value(text)
        press(app, "Take so many")
        assert f"“{text}” is not a whole number" in app.error[0].value
        assert not read_sentence(app)
    app.text_input(key="number of steps").set_value("1,000")
    press(app, "Take so many")
    assert "1,000 steps taken" in read_sentence(app)


def test_steps_taken_one_by_one_are_the_course_and_rewind_goes_to_the_start(app):
    app.selectbox(key="example").select("xor").run()
    setup = mlp.EXAMPLES["xor"].setup
    for _ in range(3):
        press(app, "Take the step")
    press(app, "Take 100")
    assert read_weights(app) == mlp.train(setup, 103).at(103).net[1].W.ravel().tolist()
    press(app, "Rewind to the start")
    assert read_weights(app) == setup.net[1].W.ravel().tolist()
    assert not read_sentence(app)


CASES = [*zip(mlp.EXAMPLES, cycle(mlp.OPTIMISERS)), *(("dropout", name) for name in mlp.OPTIMISERS)]


@pytest.mark.parametrize(("example", "optimiser"), CASES)
def test_a_course_is_its_steps_taken_one_by_one_masks_and_state_matrices_too(example, optimiser):
    choice = TrainingChoice(optimisers=(optimiser,), schedule="step", length=2)
    setup = mlp.EXAMPLES[example].setup
    state = AppState(setup, training=choice)
    course = mlp.train(setup, 3, replace(choice.step_optimiser, rate=setup.rate), redraw=True)
    for k in (1, 2, 3):
        state = replace(state, **take_steps(state, 1))
        assert same(state.setup, course.at(k))
        expected, kept = course.state(k), find_kept(state)
        assert kept.keys() == expected.keys()
        for var, x in kept.items():
            np.testing.assert_array_equal(x, expected[var])


def test_the_chosen_optimiser_makes_the_step_shown_and_its_state_goes_on_until_undone(app):
    app.selectbox(key="example").select("dropout").run()
    find_keyed(app, "step optimiser").select("Adam").run()
    setup = mlp.EXAMPLES["dropout"].setup
    course = mlp.train(setup, 12, mlp.Adam(setup.rate), redraw=True)
    for k, button in ((0, "Take the step"), (1, "Take 10"), (11, "Take the step")):
        values = course.trace(k)[1]
        for v in (mlp.Var("MW", 1), mlp.mask(1), mlp.Var("t"), mlp.after(mlp.Var("RW", 2)), mlp.after(mlp.W(1))):
            assert read_payload(app)["matrices"][wire_name(v)]["values"] == values[v].ravel().tolist()
        press(app, button)
    use_toolbar(app, "undo")
    assert read_payload(app)["matrices"]["MW1"]["values"] == course.state(11)[mlp.Var("MW", 1)].ravel().tolist()
    assert wire_name(mlp.after(mlp.W(1))) in read_payload(app)["checkable"]
    find_keyed(app, "step optimiser").select("RMSProp").run()
    assert set(read_payload(app)["matrices"]["RW1"]["values"]) == {0}


def test_a_step_that_makes_the_loss_larger_is_reported_and_an_edit_starts_anew(app):
    send_events(app, "wall", edits=make_edits(1, ["rate", [], 20.0]))
    press(app, "Take the step")
    course = mlp.train(
        mlp.Setup(*[getattr(mlp.EXAMPLES["worksheet"].setup, n) for n in ("net", "batch", "loss")], 20.0), 1
    )
    assert course.losses[1] > course.losses[0]
    assert "it made the loss larger" in read_sentence(app)
    send_events(app, "wall", edits=make_edits(2, ["rate", [], 0.1]))
    assert not read_sentence(app)


def test_parameters_that_leave_the_range_of_floats_are_refused(app):
    app.selectbox(key="example").select("xor").run()
    send_events(app, "wall", edits=make_edits(1, ["rate", [], 1e9]))
    before = read_weights(app)
    press(app, "Take 100")
    assert "finite" in app.error[0].value
    assert read_weights(app) == before
    assert np.isfinite(before).all()


@pytest.mark.parametrize("optimiser", mlp.OPTIMISERS)
def test_what_is_saved_has_the_update_and_the_state_that_the_stage_shows(optimiser):
    state = AppState(mlp.EXAMPLES["xor"].setup, training=TrainingChoice(optimisers=(optimiser,)))
    state = replace(state, **take_steps(state, 3))
    setup, steps, values = files._work_out(lambda: state, "setup")
    drawn = json.loads(build_pass_payload(setup, state.schedule, state.training.step_optimiser, find_kept(state)))
    assert {wire_name(var) for var in values} == {name for name in drawn["matrices"] if "(" not in name}
    for var, x in values.items():
        np.testing.assert_array_equal(np.ravel(x), drawn["matrices"][wire_name(var)]["values"])
    exec(exchange.numpy_script(setup, steps, values), {})
