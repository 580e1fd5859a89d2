"""The page Training: what it draws is the course of the present network."""

from dataclasses import replace

import pytest

import mlpcore as mlp
from mlpcore.training import QUESTIONS, hold_out
from pages.ui.state import saved
from pages.ui.state.training_page import VIEWS
from pages.ui.widgets import training as widgets
from tests.visits import list_payloads, open_menu, read_charts, read_payload, use_toolbar, visit

TRAINING = "pages/6_Training.py"
TITLE = "Loss over the steps of training"


@pytest.fixture
def page(app):
    app.selectbox(key="example").select("xor").run()
    app.switch_page(TRAINING).run()
    for menu in ("Initial weights", "Schedule, clipping, batches", "Data"):
        open_menu(app, menu)
    return app


def find(widgets, label):
    return next(w for w in widgets if w.label == label)


def test_the_curve_is_the_course_and_follows_rate_steps_and_optimiser(page):
    setup = mlp.EXAMPLES["xor"].setup
    for name, rate, steps in (("SGD", 0.1, 200), ("Adam", 0.05, 500), ("Momentum", 0.002, 50)):
        find(page.multiselect, "Optimisers").set_value([name]).run()
        find(page.select_slider, "Learning rate η").set_value(rate).run()
        find(page.select_slider, "Steps").set_value(steps).run()
        assert not page.exception
        drawn = read_charts(page)[TITLE]["data"][0]["y"]
        course = mlp.train(setup, steps, mlp.OPTIMISERS[name](rate=rate))
        assert drawn == pytest.approx(course.losses.tolist(), rel=1e-5)


def test_a_training_that_diverges_is_reported_and_its_network_refused(page):
    find(page.select_slider, "Learning rate η").set_value(20.0).run()
    find(page.select_slider, "Steps").set_value(2000).run()
    course = mlp.train(mlp.EXAMPLES["xor"].setup, 2000, mlp.SGD(20.0))
    assert not page.exception
    from mlpcore.figures.course import find_divergence

    assert find_divergence(course) is not None
    assert None in read_charts(page)[TITLE]["data"][0]["y"]
    next(b for b in page.button if b.label.startswith("Take the network")).click().run()
    assert "finite" in page.error[0].value
    state = page.session_state["state"]
    for view in ("matrices", "rate", "fit"):
        page.session_state["state"] = replace(state, training=replace(state.training, view=view))
        (info,) = page.run().info
        assert "the course has diverged" in info.value


def test_the_network_of_a_step_is_taken_and_undone(page):
    find(page.slider, "Step").set_value(7).run()
    next(b for b in page.button if b.label.startswith("Take the network of step 7")).click().run()
    assert not page.exception
    setup = mlp.EXAMPLES["xor"].setup
    page.switch_page("app.py").run()
    expected = mlp.train(setup, 7, mlp.SGD(0.1)).at(7).net[1].W
    assert read_payload(page)["matrices"]["W1"]["values"] == expected.ravel().tolist()
    use_toolbar(page, "undo")
    assert read_payload(page)["matrices"]["W1"]["values"] == setup.net[1].W.ravel().tolist()


def show(page, view):
    return next(b for b in page.button_group if b.key.split("~")[0] == "training view").set_value(view).run()


def test_every_optimiser_can_be_chosen_at_once_in_every_view(page):
    find(page.multiselect, "Optimisers").set_value(list(mlp.OPTIMISERS)).run()
    find(page.select_slider, "Steps").set_value(20).run()
    assert len(read_charts(page)[TITLE]["data"]) == len(mlp.OPTIMISERS)
    for view in VIEWS:
        show(page, view)
        assert not page.exception, view
        assert not page.error, view
        assert list(list_payloads(page._tree)), view


def test_every_matrix_of_a_step_is_shown_with_what_the_optimiser_keeps(page):
    find(page.multiselect, "Optimisers").set_value(["Adam"]).run()
    find(page.slider, "Step").set_value(7).run()
    show(page, "matrices")
    matrices = read_payload(page)["matrices"]
    course = mlp.train(mlp.EXAMPLES["xor"].setup, 8, mlp.Adam(0.1))
    for name, expected in (
        ("W1", course.parameters(7)[mlp.W(1)]),
        ("new.W1", course.parameters(8)[mlp.W(1)]),
        ("new.MW1", course.state(8)[mlp.Var("MW", 1)]),
    ):
        assert matrices[name]["values"] == pytest.approx(expected.ravel().tolist(), rel=1e-9)
        assert not matrices[name]["editable"]


def test_schedule_clipping_and_batches_make_the_course(page):
    find(page.selectbox, "Schedule of the rate").select("cosine").run()
    find(page.select_slider, "Steps of the schedule").set_value(50).run()
    find(page.select_slider, "Largest norm of the gradient").set_value(0.5).run()
    find(page.number_input, "Examples of a step (0: all)").set_value(2).run()
    find(page.number_input, "Seed of the batches").set_value(3).run()
    assert not page.exception
    course = mlp.train(
        mlp.EXAMPLES["xor"].setup, 200, mlp.SGD(0.1, schedule=mlp.CosineDecay(50), clip=0.5), batch_size=2, seed=3
    )
    assert read_charts(page)[TITLE]["data"][0]["y"] == pytest.approx(course.losses.tolist(), rel=1e-5)


@pytest.mark.parametrize("name", mlp.DATASETS)
def test_a_data_set_becomes_the_network_of_every_page(page, name):
    find(page.selectbox, "Data set").select(name).run()
    find(page.number_input, "Examples").set_value(30).run()
    next(b for b in page.button if b.label == "Use these data").click().run()
    next(b for b in page.button if b.label == "Standardise the inputs").click().run()
    assert not page.exception
    expected = mlp.standardise(mlp.make_setup(name, 30))
    assert read_charts(page)[TITLE]["data"][0]["y"][0] == pytest.approx(mlp.train(expected, 0).losses[0], rel=1e-5)


def test_every_question_brings_network_optimisers_and_its_answer_in_one_choice(page):
    for name, question in QUESTIONS.items():
        find(page.selectbox, "Question").select(name).run()
        assert not page.exception
        assert find(page.multiselect, "Optimisers").value == list(question.optimisers)
        made = [mlp.OPTIMISERS[o](rate=question.rate) for o in question.optimisers]
        courses = {o.title: mlp.train(question.setup, question.steps, o) for o in made}
        assert page.info[0].value.replace("\\", "") == question.answer(*courses.values())
    find(page.selectbox, "Question").select("dead").run()
    use_toolbar(page, "undo")
    assert page.session_state["state"].setup == question.setup


def test_initial_weights_and_penalty_are_those_of_the_course(page):
    find(page.selectbox, "Question").select("penalty").run()
    find(page.select_slider, "Penalty λ").set_value(0.01).run()
    find(page.selectbox, "Drawn").select("He").run()
    find(page.slider, "Seed of the weights").set_value(3).run()
    show(page, "loss")
    assert not page.exception
    setup = QUESTIONS["penalty"].setup
    expected = replace(setup, net=mlp.initialise(setup.net, "He", seed=3), loss=mlp.MSE(penalty="L2", strength=0.01))
    course = mlp.train(expected, 200, mlp.SGD(0.1))
    assert read_charts(page)[TITLE]["data"][0]["y"] == pytest.approx(course.losses.tolist(), rel=1e-5)


def test_what_is_held_out_has_a_curve_and_comes_back_with_the_network_of_a_step(page):
    find(page.slider, "Held out for validation").set_value(0.25).run()
    setup = mlp.EXAMPLES["xor"].setup
    rest, _ = hold_out(setup, 0.25)
    course = mlp.train(rest, 200, mlp.SGD(0.1))
    curves = read_charts(page)[f"{TITLE} (dots: examples held out)"]["data"]
    assert [c["name"] for c in curves] == ["Gradient descent", "Gradient descent, held out"]
    assert curves[0]["y"] == pytest.approx(course.losses.tolist(), rel=1e-5)
    assert any("over 3 examples (held out: 1); the whole" in c.value.replace("\\", "") for c in page.caption)
    next(b for b in page.button if b.label.startswith("Take the network")).click().run()
    page.switch_page("app.py").run()
    matrices = read_payload(page)["matrices"]
    assert matrices["Z0"]["values"] == setup.batch.X.ravel().tolist()
    assert matrices["W1"]["values"] == course.at(200).net[1].W.ravel().tolist()


def test_a_pasted_table_becomes_the_network_of_every_page_or_is_refused_with_its_place(page):
    def paste(text):
        find(page.text_area, "or a table, its last column the target").set_value(text).run()
        next(b for b in page.button if b.label == "Use this table").click().run()
        assert not page.exception
        return page.session_state["state"].setup

    for text, loss, widths in (
        ("1 2 0\n3 4 1\n5 6 1", "BinaryCrossEntropy", (2, 8, 1)),
        ("1,0.5\n2,0.7\n3,9", "MSE", (1, 8, 1)),
        ("a,b,class\n1,2,cat\n3,4,dog\n5,6,cat", "CrossEntropy", (2, 8, 2)),
    ):
        setup = paste(text)
        assert (setup.loss.name, setup.net.widths, setup.batch.N) == (loss, widths, 3)
    assert paste("1 2\n3 x") == setup
    assert "row 2" in page.error[0].value


def test_the_plane_of_two_weights_can_be_chosen(page):
    show(page, "paths")
    find(page.selectbox, "Plane").select_index(1).run()
    find(page.selectbox, "up").select("b_2[1]").run()
    assert not page.exception
    (figure,) = (f for title, f in read_charts(page).items() if title.startswith("Loss on a plane"))
    assert figure["layout"]["yaxis"]["title"]["text"] == "b_2[1]"


def test_what_cannot_follow_a_slider_waits_for_a_button_and_is_kept(page, monkeypatch):
    monkeypatch.setattr(widgets, "MOST_QUICK", 1)
    find(page.select_slider, "Steps").set_value(500).run()
    assert TITLE not in read_charts(page)
    next(b for b in page.button if b.label.startswith("Train 500 steps")).click().run()
    assert not page.exception
    assert len(read_charts(page)[TITLE]["data"][0]["y"]) == 501
    find(page.slider, "Step").set_value(7).run()
    assert TITLE in read_charts(page)
    find(page.select_slider, "Learning rate η").set_value(0.2).run()
    assert TITLE not in read_charts(page)


def test_dropout_masks_are_drawn_anew_or_kept(app):
    setup = mlp.EXAMPLES["dropout"].setup
    app.selectbox(key="example").select("dropout").run()
    page = app.switch_page(TRAINING).run()
    for redraw, words in ((True, "new dropout masks"), (False, "masks stay the same")):
        find(page.toggle, "New dropout masks at every step").set_value(redraw).run()
        course = mlp.train(setup, 200, mlp.SGD(0.1), redraw=redraw)
        assert read_charts(page)[TITLE]["data"][0]["y"] == pytest.approx(course.losses.tolist(), rel=1e-5)
        assert any(words in c.value for c in page.caption)


def test_what_was_chosen_is_in_the_link(page):
    find(page.select_slider, "Learning rate η").set_value(0.05).run()
    find(page.multiselect, "Optimisers").set_value(["Adam", "SGD"]).run()
    link = next(p for p in list_payloads(page._tree) if p.get("kind") == "silent")["keep"]["link"]
    other = visit(s=link).switch_page(TRAINING).run()
    assert find(other.multiselect, "Optimisers").value == ["Adam", "SGD"]
    assert find(other.select_slider, "Learning rate η").value == 0.05


def test_a_link_from_before_masks_were_redrawn_keeps_them():
    read = saved.PARTS["training"].read
    assert not read({"steps": 100}).redraw
    assert read({"steps": 100, "redraw": True}).redraw
