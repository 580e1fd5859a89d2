"""Steps taken on the pages of the network."""

import numpy as np
import pytest

import mlpcore as mlp
from tests.visits import DERIVE, STEP, make_edits, read_payload, send_events, use_toolbar


def press(app, label):
    next(b for b in app.button if b.label == label).click()
    return app.run()


def read_said(app):
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
    assert "1 step taken" in read_said(app)
    assert f"from {values[mlp.loss]:.5g} to {values[mlp.after(mlp.loss)]:.5g}" in read_said(app)
    press(app, "Take 10")
    assert "11 steps taken" in read_said(app)
    use_toolbar(app, "undo")
    assert "1 step taken" in read_said(app)
    use_toolbar(app, "undo")
    assert not read_said(app)
    if page != DERIVE:
        assert read_weights(app) == setup.net[1].W.ravel().tolist()


def test_steps_taken_one_by_one_are_the_course_and_rewind_goes_to_the_start(app):
    app.selectbox(key="example").select("xor").run()
    setup = mlp.EXAMPLES["xor"].setup
    for _ in range(3):
        press(app, "Take the step")
    press(app, "Take 100")
    assert read_weights(app) == mlp.train(setup, 103).at(103).net[1].W.ravel().tolist()
    press(app, "Rewind to the start")
    assert read_weights(app) == setup.net[1].W.ravel().tolist()
    assert not read_said(app)


def test_a_step_that_makes_the_loss_larger_says_so_and_an_edit_starts_anew(app):
    send_events(app, "wall", edits=make_edits(1, ["rate", [], 20.0]))
    press(app, "Take the step")
    course = mlp.train(
        mlp.Setup(*[getattr(mlp.EXAMPLES["worksheet"].setup, n) for n in ("net", "batch", "loss")], 20.0), 1
    )
    assert course.losses[1] > course.losses[0]
    assert "it made the loss larger" in read_said(app)
    send_events(app, "wall", edits=make_edits(2, ["rate", [], 0.1]))
    assert not read_said(app)


def test_parameters_that_leave_the_range_of_floats_are_refused(app):
    app.selectbox(key="example").select("xor").run()
    send_events(app, "wall", edits=make_edits(1, ["rate", [], 1e9]))
    before = read_weights(app)
    press(app, "Take 100")
    assert "finite" in app.error[0].value
    assert read_weights(app) == before
    assert np.isfinite(before).all()
