"""The pages as Streamlit runs them, without a browser: what they send and what they take back."""

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.passes.training_step import one_pass
from tests.visits import DERIVE, STEP, edit, field, send, told


def test_opens_on_the_worksheet(app):
    score = told(app)
    assert (score["kind"], score["example"]) == ("wall", "worksheet")
    assert score["matrices"]["W1"]["values"] == [0.6, 0.01, 0.7, 0.43, 0, 0.88]
    assert len(score["steps"]) == 18


def test_an_edit_is_taken_answered_and_kept_across_pages(app):
    send(app, "wall", edits=edit(1, ["W1", [1, 0], -0.5]))
    score = told(app)
    assert score["answer"] == {"client": "me", "seq": 1, "refused": []}
    assert score["matrices"]["W1"]["values"][2] == -0.5
    app.switch_page(STEP).run()
    score = told(app)
    assert score["kind"] == "player"
    assert score["matrices"]["W1"]["values"][2] == -0.5
    send(app, "player", edits=edit(1, ["rate", [], 0.25], client="other"))
    app.switch_page("app.py").run()
    assert told(app)["matrices"]["rate"]["values"] == [0.25]
    assert told(app)["matrices"]["W1"]["values"][2] == -0.5


def test_a_message_is_applied_once(app):
    send(app, "wall", edits=edit(1, ["W1", [0, 0], 9.0]))
    app.selectbox(key="example").select("xor").run()
    assert told(app)["matrices"]["W1"]["values"] == [1, 1, 1, 1]
    app.run()
    assert told(app)["matrices"]["W1"]["values"] == [1, 1, 1, 1]


def test_computed_cells_and_places_that_are_not_there_are_refused_by_name(app):
    send(app, "wall", edits=edit(1, ["W1", [7, 0], 1.0], ["W2", [0, 0], 5.0], ["S1", [0, 0], 1.0]))
    score = told(app)
    assert [(r["id"], r["index"]) for r in score["answer"]["refused"]] == [("W1", [7, 0])]
    assert score["matrices"]["W2"]["values"][0] == 5


HOSTILE = [
    None,
    7,
    "x",
    [],
    {},
    edit("1", ["W1", [0, 0], 1.0]),
    edit(1, None),
    {"client": "me", "seq": 1, "cells": "W1"},
    {"client": ["me"], "seq": 1, "cells": []},
    edit(1, ["W1", [0, 0], "1"]),
    edit(1, ["W1", [0, 0], True]),
    edit(1, ["W1", [0, 0], None]),
    edit(1, ["W1", [0, 0], float("nan")]),
    edit(1, ["W1", [0, 0], float("inf")]),
    edit(1, ["W1", [0, 0], 10**400]),
    edit(1, ["W1", [0.5, 0], 1.0]),
    edit(1, ["W1", [10**9, -(10**9)], 1.0]),
    edit(1, ["W1", ["0", 0], 1.0]),
    edit(1, ["W1", [True, False], 1.0]),
    edit(1, ["<script>", [0, 0], 1.0]),
    edit(1, [["W1"], [0, 0], 1.0]),
    edit(1, ["W1", [0, 0]]),
]


@pytest.mark.parametrize("message", HOSTILE, ids=[str(i) for i in range(len(HOSTILE))])
@pytest.mark.parametrize("event", ["edits", "open"])
def test_what_no_browser_sends_changes_nothing_and_breaks_nothing(app, message, event):
    before = told(app)["matrices"]
    send(app, "wall", **{event: message})
    assert told(app)["matrices"] == before
    send(app, "wall", edits=edit(2, ["W1", [0, 0], 0.125]))
    assert told(app)["matrices"]["W1"]["values"][0] == 0.125


@pytest.mark.parametrize("step", [-1, 10**12, "3", 1.5, True, None, [1]])
def test_a_cursor_that_is_none(app, step):
    app.switch_page(STEP).run()
    send(app, "player", cursor={"step": step})
    assert told(app)["cursor"]["step"] in (0, 10**12)


def test_the_cursor_survives_a_change_of_page(app):
    app.switch_page(STEP).run()
    send(app, "player", cursor={"step": 7})
    app.switch_page("app.py").run()
    app.switch_page(STEP).run()
    assert told(app)["cursor"]["step"] == 7


@pytest.mark.parametrize("name", list(mlp.EXAMPLES))
@pytest.mark.parametrize("page", ["app.py", STEP])
def test_every_example_opens_on_every_page(app, page, name):
    app.switch_page(page).run()
    app.selectbox(key="example").select(name).run()
    score = told(app)
    assert score["example"] == name
    assert score["matrices"]["W1"]["values"] == mlp.EXAMPLES[name].net[1].W.ravel().tolist()


def test_every_schedule_can_be_chosen(app):
    app.switch_page(STEP).run()
    for name in mlp.SCHEDULES:
        field(app, "Keep for the backward pass").select(name).run()
        expected = one_pass(mlp.EXAMPLES["worksheet"].net, schedule=name, N=4)
        assert [s["recompute"] for s in told(app)["steps"]][: len(expected)] == [s.recompute for s in expected]


@pytest.mark.parametrize("name", list(mlp.LOSSES))
def test_every_loss_can_be_chosen_where_targets_are_classes(app, name):
    app.selectbox(key="example").select("three classes").run()
    field(app, "Loss").select(name).run()
    expected = mlp.Setup(*[mlp.EXAMPLES["three classes"].net, mlp.EXAMPLES["three classes"].batch, mlp.LOSSES[name]()])
    assert told(app)["matrices"]["loss"]["values"] == [expected.run()[1][mlp.loss]]
    assert not app.error


def test_a_loss_that_does_not_fit_says_why_and_offers_a_way(app):
    field(app, "Units of layer 2").set_value("2").run()
    field(app, "Loss").select("CrossEntropy").run()
    assert "example 3 is (-1, 0)" in app.error[0].value
    assert field(app, "Loss").value == "MSE"
    assert told(app)["matrices"]["Y"]["values"] == [1, 1, -1, -1, 0, 0, 0, 0]
    next(b for b in app.button if b.label == "Turn the targets into classes").click().run()
    assert field(app, "Loss").value == "CrossEntropy"
    assert told(app)["matrices"]["Y"]["values"] == [1, 1, 0, 0, 0, 0, 1, 1]
    assert not app.error


@pytest.mark.parametrize("page", ["app.py", STEP, DERIVE])
def test_a_loss_on_classes_is_refused_with_one_output_and_nothing_is_lost(app, page):
    app.switch_page(page).run()
    field(app, "Loss").select("CrossEntropy").run()
    assert "no rival" in app.error[0].value
    assert not any(b.label == "Turn the targets into classes" for b in app.button)
    assert field(app, "Loss").value == "MSE"
    assert told(app.switch_page("app.py").run())["matrices"]["Y"]["values"] == [1, 1, -1, -1]


def test_layers_can_be_shaped(app):
    field(app, "Units of layer 1").set_value("5").run()
    field(app, "Activation").select("gelu").run()
    [w for w in app.checkbox if w.label == "Biases"][1].check().run()
    field(app, "Examples").set_value("6").run()
    score = told(app)
    assert score["matrices"]["W1"]["shape"] == [5, 2]
    assert score["matrices"]["W1"]["values"][:6] == [0.6, 0.01, 0.7, 0.43, 0, 0.88]
    assert score["matrices"]["b2"]["values"] == [0]
    assert score["matrices"]["Z0"]["shape"] == [2, 6]
    assert any("gelu" in s["cell"][0] for s in score["steps"] if s["out"] == "Z1")
    next(b for b in app.button if b.label == "Add a layer").click().run()
    assert told(app)["matrices"]["W3"]["shape"] == [1, 3]
    next(b for b in app.button if b.label == "Remove a layer").click().run()
    assert "W3" not in told(app)["matrices"]


def test_start_again_brings_the_example_back(app):
    send(app, "wall", edits=edit(1, ["W1", [0, 0], 9.0]))
    next(b for b in app.button if b.label == "Start again").click().run()
    assert told(app)["matrices"]["W1"]["values"][0] == 0.6


def test_an_overflow_is_shown_as_one(app):
    send(app, "wall", edits=edit(1, ["W1", [0, 0], 1e308], ["Z0", [0, 0], 1e308]))
    score = told(app)
    assert score["matrices"]["S1"]["values"][0] == "inf"
    assert not score["checks"]["dW1"]["agrees"]


def test_conventions_stand_where_they_are_met(app):
    def shown():
        return " ".join(c.value for c in app.caption)

    for page in ("app.py", STEP):
        app.switch_page(page).run()
        assert "relu'(0) = 0" in shown()
        assert "A rival" not in shown()
    app.switch_page("app.py").run()
    app.selectbox(key="example").select("three classes").run()
    field(app, "Loss").select("SoftmaxHinge").run()
    assert "A rival is active when its gap is >= 0" in shown()
    assert "relu" not in shown()


@pytest.mark.parametrize("text", ["abc", "2.5", "0", "-3", "1000", "", "²", "1e2", "9" * 5000])
def test_a_size_that_is_none_is_told_beside_its_field(app, text):
    before = told(app)["matrices"]
    field(app, "Units of layer 1").set_value(text).run()
    assert "is not a whole number from 1 to 256" in app.error[0].value
    assert field(app, "Units of layer 1").value == "3"
    assert told(app)["matrices"] == before


def test_the_note_is_the_example_s_only_while_its_numbers_are(app):
    assert told(app)["look"].startswith(mlp.EXAMPLES["worksheet"].look)
    send(app, "wall", edits=edit(1, ["W1", [0, 0], 9.0]))
    assert told(app)["look"].startswith("Your own numbers")


def test_the_largest_network_still_travels(app):
    for label in ("Inputs", "Units of layer 1", "Examples"):
        field(app, label).set_value("256").run()
    assert told(app)["matrices"]["W1"]["shape"] == [256, 256]
    assert set(told(app)["matrices"]["S1"]["values"]) == {"f32"}
    assert set(told(app)["matrices"]["W1"]["values"]) == {"f64"}
    assert np.prod(told(app)["matrices"]["S1"]["shape"]) == 65536
