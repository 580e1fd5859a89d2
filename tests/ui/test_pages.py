"""The pages as Streamlit runs them, without a browser: what they send and what they take back."""

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.passes.training_step import one_pass
from tests.visits import DERIVE, STEP, find_field, find_keyed, make_edits, open_menu, read_payload, send_events


def test_opens_on_the_worksheet(app):
    score = read_payload(app)
    assert (score["kind"], score["example"]) == ("wall", "worksheet")
    assert score["matrices"]["W1"]["values"] == [0.6, 0.01, 0.7, 0.43, 0, 0.88]
    assert len(score["steps"]) == 18


def test_an_edit_is_taken_answered_and_kept_across_pages(app):
    send_events(app, "wall", edits=make_edits(1, ["W1", [1, 0], -0.5]))
    score = read_payload(app)
    assert score["answer"] == {"client": "me", "seq": 1, "refused": []}
    assert score["matrices"]["W1"]["values"][2] == -0.5
    app.switch_page(STEP).run()
    score = read_payload(app)
    assert score["kind"] == "player"
    assert score["matrices"]["W1"]["values"][2] == -0.5
    send_events(app, "player", edits=make_edits(1, ["rate", [], 0.25], client="other"))
    app.switch_page("app.py").run()
    assert read_payload(app)["matrices"]["rate"]["values"] == [0.25]
    assert read_payload(app)["matrices"]["W1"]["values"][2] == -0.5


def test_an_event_is_applied_once(app):
    send_events(app, "wall", edits=make_edits(1, ["W1", [0, 0], 9.0]))
    find_keyed(app, "example").select("xor").run()
    assert read_payload(app)["matrices"]["W1"]["values"] == [1, 1, 1, 1]
    app.run()
    assert read_payload(app)["matrices"]["W1"]["values"] == [1, 1, 1, 1]


def test_edits_of_computed_or_missing_cells_are_refused_by_name(app):
    send_events(app, "wall", edits=make_edits(1, ["W1", [7, 0], 1.0], ["W2", [0, 0], 5.0], ["S1", [0, 0], 1.0]))
    score = read_payload(app)
    assert [(r["id"], r["index"]) for r in score["answer"]["refused"]] == [("W1", [7, 0])]
    assert score["matrices"]["W2"]["values"][0] == 5


def test_a_penalty_is_a_term_of_the_pass_and_new_weights_come_from_their_seed(app):
    find_field(app, "Penalty").select("L2").run()
    find_field(app, "Strength λ").set_value("0,25").run()
    find_field(app, "Biases too").check().run()
    sheet = mlp.EXAMPLES["worksheet"].setup
    loss = mlp.MSE(penalty="L2", strength=0.25, penalises_biases=True)
    values = mlp.Setup(sheet.net, sheet.batch, loss, sheet.rate).run()[1]
    score = read_payload(app)
    for name, var in (("loss", mlp.loss), ("dW1", mlp.dW(1)), ("strength", mlp.strength)):
        assert score["matrices"][name]["values"] == pytest.approx(np.ravel(values[var]).tolist(), rel=1e-12)
    find_field(app, "Strength λ").set_value("many").run()
    assert "many" in app.error[0].value
    next(w for w in app.number_input if w.label == "Seed").set_value(5).run()
    next(b for b in app.button if b.label == "Draw the weights anew").click().run()
    expected = mlp.initialise(sheet.net, "Xavier", seed=5)[1].W
    assert read_payload(app)["matrices"]["W1"]["values"] == expected.ravel().tolist()
    app.switch_page(DERIVE).run()
    assert read_payload(app)["kind"] == "board"


def test_dropout_and_the_number_of_an_activation_are_chosen_layer_by_layer(app):
    find_field(app, "Keep").set_value("0,5").run()
    assert read_payload(app)["matrices"]["M1"]["values"] == mlp.Dropout(0.5).draw(1, 3, 4).ravel().tolist()
    next(b for b in app.button if b.label == "Draw M_1 anew").click().run()
    drawn = mlp.Dropout(0.5, seed=1).draw(1, 3, 4).ravel().tolist()
    assert read_payload(app)["matrices"]["M1"]["values"] == drawn
    find_field(app, "Keep").set_value("0").run()
    assert "above 0 and at most 1" in app.error[0].value
    find_field(app, "Activation").select("softmax").run()
    assert read_payload(app)["matrices"]["M1"]["values"] == drawn
    assert all("M1" in step["operands"] for step in read_payload(app)["steps"] if step["out"] in ("Z1", "delta1"))
    find_field(app, "Keep").set_value("1").run()
    assert "M1" not in read_payload(app)["matrices"]
    find_field(app, "Activation").select("leaky relu").run()
    find_field(app, "Leaky relu: slope").set_value("0,2").run()
    assert any("leaky relu_0.2(" in s["cell"] for s in read_payload(app)["steps"])
    find_field(app, "Leaky relu: slope").set_value("7").run()
    for words in ("from 0 to 1, not 7", "still leaky relu(0.2)"):
        assert words in app.error[0].value


HOSTILE = [
    None,
    7,
    "x",
    [],
    {},
    make_edits("1", ["W1", [0, 0], 1.0]),
    make_edits(1, None),
    {"client": "me", "seq": 1, "cells": "W1"},
    {"client": ["me"], "seq": 1, "cells": []},
    make_edits(1, ["W1", [0, 0], "1"]),
    make_edits(1, ["W1", [0, 0], True]),
    make_edits(1, ["W1", [0, 0], None]),
    make_edits(1, ["W1", [0, 0], float("nan")]),
    make_edits(1, ["W1", [0, 0], float("inf")]),
    make_edits(1, ["W1", [0, 0], 10**400]),
    make_edits(1, ["W1", [0.5, 0], 1.0]),
    make_edits(1, ["W1", [10**9, -(10**9)], 1.0]),
    make_edits(1, ["W1", ["0", 0], 1.0]),
    make_edits(1, ["W1", [True, False], 1.0]),
    make_edits(1, ["<script>", [0, 0], 1.0]),
    make_edits(1, [["W1"], [0, 0], 1.0]),
    make_edits(1, ["W1", [0, 0]]),
]


@pytest.mark.parametrize("event", ["edits", "open"])
def test_a_malformed_stage_event_changes_nothing(app, event):
    for number, message in enumerate(HOSTILE):
        before = read_payload(app)["matrices"]
        send_events(app, "wall", **{event: message})
        assert read_payload(app)["matrices"] == before, message
        send_events(app, "wall", edits=make_edits(2, ["W1", [0, 0], number / 8], client=f"after {number}"))
        assert read_payload(app)["matrices"]["W1"]["values"][0] == number / 8, message


NOT_HELD = [
    ["W1", [0, 0]],
    ["dW1", [3, 0]],
    ["dW1", [0]],
    ["dW1", [-1, True]],
    ["dW1", 0],
    ["dW1", [[0], 0]],
    [1, [0, 0]],
]


def test_a_malformed_held_cell_is_none(app):
    for held in (None, 3, {}, *({"id": name, "index": index} for name, index in NOT_HELD)):
        send_events(app, "wall", hold=held)
        assert read_payload(app)["held"] is None, held
        send_events(app, "wall", hold={"id": "dW1", "index": [2, 1]})
        assert read_payload(app)["held"]["id"] == "dW1", held


def test_an_invalid_cursor_is_ignored(app):
    app.switch_page(STEP).run()
    for step in (-1, "3", 1.5, True, None, [1], 10**12):
        send_events(app, "player", cursor={"step": step})
        assert read_payload(app)["cursor"]["step"] in (0, 10**12), step


def test_the_cursor_survives_a_change_of_page(app):
    app.switch_page(STEP).run()
    send_events(app, "player", cursor={"step": 7})
    app.switch_page("app.py").run()
    app.switch_page(STEP).run()
    assert read_payload(app)["cursor"]["step"] == 7


@pytest.mark.parametrize("page", ["app.py", STEP])
def test_every_example_opens_on_every_page(app, page):
    app.switch_page(page).run()
    for name, example in mlp.EXAMPLES.items():
        find_keyed(app, "example").select(name).run()
        score = read_payload(app)
        assert score["example"] == name
        assert score["matrices"]["W1"]["values"] == example.net[1].W.ravel().tolist()


def test_every_schedule_can_be_chosen(app):
    app.switch_page(STEP).run()
    for name in mlp.SCHEDULES:
        find_field(app, "Cached for the backward pass").select(name).run()
        expected = one_pass(mlp.EXAMPLES["worksheet"].net, schedule=name, N=4)
        assert [s["recompute"] for s in read_payload(app)["steps"]][: len(expected)] == [s.recompute for s in expected]


def test_every_loss_can_be_chosen_where_targets_are_classes(app):
    example = mlp.EXAMPLES["three classes"]
    for name, loss in mlp.LOSSES.items():
        find_keyed(app, "example").select("three classes").run()
        find_field(app, "Loss").select(name).run()
        expected = mlp.Setup(example.net, example.batch, loss()).run()[1][mlp.loss]
        assert read_payload(app)["matrices"]["loss"]["values"] == [expected], name
        assert not app.error


def test_a_loss_that_does_not_fit_shows_why_and_offers_a_way(app):
    find_field(app, "Units of layer 2").set_value("2").run()
    find_field(app, "Loss").select("CrossEntropy").run()
    (error,) = app.error  # once, in the menu
    assert "example 3 of Y is (−1, 0)" in error.value
    assert find_field(app, "Loss").value == "MSE"
    assert read_payload(app)["matrices"]["Y"]["values"] == [1, 1, -1, -1, 0, 0, 0, 0]
    next(b for b in app.button if b.label == "Turn the targets into classes").click().run()
    assert find_field(app, "Loss").value == "CrossEntropy"
    assert read_payload(app)["matrices"]["Y"]["values"] == [1, 1, 0, 0, 0, 0, 1, 1]
    assert not app.error


@pytest.mark.parametrize("page", ["app.py", STEP, DERIVE])
def test_a_loss_on_classes_is_refused_with_one_output_and_nothing_is_lost(app, page):
    app.switch_page(page).run()
    find_field(app, "Loss").select("CrossEntropy").run()
    assert "with one output there is none" in app.error[0].value
    assert not any(b.label == "Turn the targets into classes" for b in app.button)
    assert find_field(app, "Loss").value == "MSE"
    assert read_payload(app.switch_page("app.py").run())["matrices"]["Y"]["values"] == [1, 1, -1, -1]


def test_layers_can_be_shaped(app):
    find_field(app, "Units of layer 1").set_value("5").run()
    find_field(app, "Activation").select("gelu").run()
    [w for w in app.checkbox if w.label == "Biases"][1].check().run()
    find_field(app, "Examples").set_value("6").run()
    score = read_payload(app)
    assert score["matrices"]["W1"]["shape"] == [5, 2]
    assert score["matrices"]["W1"]["values"][:6] == [0.6, 0.01, 0.7, 0.43, 0, 0.88]
    assert score["matrices"]["b2"]["values"] == [0]
    assert score["matrices"]["Z0"]["shape"] == [2, 6]
    assert any("gelu" in s["cell"][0] for s in score["steps"] if s["out"] == "Z1")
    next(b for b in app.button if b.label == "Add a layer").click().run()
    assert read_payload(app)["matrices"]["W3"]["shape"] == [1, 3]
    next(b for b in app.button if b.label == "Remove a layer").click().run()
    assert "W3" not in read_payload(app)["matrices"]


def test_start_again_brings_the_example_back(app):
    send_events(app, "wall", edits=make_edits(1, ["W1", [0, 0], 9.0]))
    next(b for b in app.button if b.label == "Start again").click().run()
    assert read_payload(app)["matrices"]["W1"]["values"][0] == 0.6


def test_an_overflow_is_shown_as_one(app):
    send_events(app, "wall", edits=make_edits(1, ["W1", [0, 0], 1e308], ["Z0", [0, 0], 1e308]))
    score = read_payload(app)
    assert score["matrices"]["S1"]["values"][0] == "inf"
    assert score["checks"]["dW1"]["verdict"] == "not measurable"


def test_conventions_stand_where_they_are_met(app):
    def shown():
        return " ".join(c.value for c in app.caption)

    for page in ("app.py", STEP):
        app.switch_page(page).run()
        assert "relu'(0) = 0" in shown()
        assert "A competing class" not in shown()
    app.switch_page("app.py").run()
    find_keyed(app, "example").select("three classes").run()
    find_field(app, "Loss").select("SoftmaxHinge").run()
    assert "A competing class is active where its gap is >= 0" in shown()
    assert "relu" not in shown()


def test_a_network_is_shaped_by_one_text(app):
    find_field(app, "Sizes, as 3-5-4-3").set_value("3-5-4-2").run()
    sent = read_payload(app)
    assert [sent["matrices"][f"W{n}"]["shape"] for n in (1, 2, 3)] == [[5, 3], [4, 5], [2, 4]]
    assert sent["matrices"]["Y"]["shape"] == [2, 4]
    find_field(app, "All activations").select("tanh").run()
    assert all("tanh" in str(s["cell"]) for s in read_payload(app)["steps"] if s["out"] in ("Z1", "Z2", "Z3"))
    for text, words in (
        ("7", "at least an input and an output"),
        ("3-y-2", "“y”"),
        ("3-0-2", "“0”"),
        ("3-5-x", "in “3-5-x” a size is missing"),
        ("3--4", "in “3--4” a size is missing"),
        ("3" * 99, "at least"),
    ):
        find_field(app, "Sizes, as 3-5-4-3").set_value(text).run()
        assert words in app.error[0].value
        assert find_field(app, "Sizes, as 3-5-4-3").value == "3-5-4-2"


def test_an_invalid_size_shows_an_error_beside_its_field(app):
    before = read_payload(app)["matrices"]
    for text in ("abc", "2.5", "2,5", "0", "-3", "1000", "", "²", "1e2", "9" * 5000):
        find_field(app, "Units of layer 1").set_value(text).run()
        (error,) = app.error
        assert error.value.startswith(f"“{text[:8]}"), text
        assert "is not a whole number from 1 to 256" in error.value
        assert find_field(app, "Units of layer 1").value == "3"
        assert read_payload(app)["matrices"] == before


def test_the_note_changes_with_the_first_edit(app):
    assert read_payload(app)["look"].startswith(mlp.EXAMPLES["worksheet"].look)
    send_events(app, "wall", edits=make_edits(1, ["W1", [0, 0], 9.0]))
    assert read_payload(app)["look"].startswith("Your network, begun from “Worksheet")


def test_the_largest_network_still_travels(app):
    for label in ("Inputs", "Units of layer 1", "Examples"):
        find_field(app, label).set_value("256").run()
    assert read_payload(app)["matrices"]["W1"]["shape"] == [256, 256]
    assert set(read_payload(app)["matrices"]["S1"]["values"]) == {"f32"}
    assert set(read_payload(app)["matrices"]["W1"]["values"]) == {"f64"}
    assert np.prod(read_payload(app)["matrices"]["S1"]["shape"]) == 65536


def test_a_message_under_way_does_not_choose_the_example_again(app):
    """The choice reads "Your network" after an edit; a message sent before that still carries what it read."""
    send_events(app, "wall", edits=make_edits(1, ["W1", [1, 0], -0.5]))
    edited = find_keyed(app, "example")
    assert edited.key != "example"
    app.session_state["example"] = "worksheet"  # what the browser's old widget says
    send_events(app, "wall", edits=make_edits(2, ["W1", [0, 0], 0.25]))
    assert read_payload(app)["matrices"]["W1"]["values"][:3] == [0.25, 0.01, -0.5]


def test_the_loss_that_fits_the_output_is_offered_with_its_reason(app):
    app.selectbox(key="example").select("mazur").run()
    open_menu(app, "Network")
    assert any("a squared error is multiplied by sigmoid'" in c.value for c in app.caption)
    app.button(key="fit output").click().run()
    assert not app.exception
    setup = app.session_state["state"].setup
    assert (setup.loss.name, setup.net.shape.activations[-1]) == ("BinaryCrossEntropy", "identity")
    assert not any(b.key == "fit output" for b in app.button)
