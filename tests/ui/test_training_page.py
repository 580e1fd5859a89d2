"""The page Training: what it draws is the course of the present network."""

import pytest

import mlpcore as mlp
from tests.visits import list_payloads, read_charts, read_payload, use_toolbar

TRAINING = "pages/6_Training.py"
TITLE = "Loss over the steps of training"


@pytest.fixture
def page(app):
    app.selectbox(key="example").select("xor").run()
    return app.switch_page(TRAINING).run()


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


def test_a_course_that_diverges_says_so_and_its_network_is_refused(page):
    find(page.select_slider, "Learning rate η").set_value(20.0).run()
    find(page.select_slider, "Steps").set_value(2000).run()
    course = mlp.train(mlp.EXAMPLES["xor"].setup, 2000, mlp.SGD(20.0))
    assert not page.exception
    from mlpcore.figures.course import find_divergence

    assert find_divergence(course) is not None
    assert None in read_charts(page)[TITLE]["data"][0]["y"]
    next(b for b in page.button if b.label.startswith("Take the network")).click().run()
    assert "finite" in page.error[0].value


def test_the_network_of_a_step_is_taken_and_undone(page):
    page.slider[0].set_value(7).run()
    next(b for b in page.button if b.label.startswith("Take the network of step 7")).click().run()
    assert not page.exception
    setup = mlp.EXAMPLES["xor"].setup
    page.switch_page("app.py").run()
    expected = mlp.train(setup, 7, mlp.SGD(0.1)).at(7).net[1].W
    assert read_payload(page)["matrices"]["W1"]["values"] == expected.ravel().tolist()
    use_toolbar(page, "undo")
    assert read_payload(page)["matrices"]["W1"]["values"] == setup.net[1].W.ravel().tolist()


def test_every_optimiser_can_be_chosen_at_once(page):
    find(page.multiselect, "Optimisers").set_value(list(mlp.OPTIMISERS)).run()
    assert not page.exception
    assert len(read_charts(page)[TITLE]["data"]) == len(mlp.OPTIMISERS)
    assert list(list_payloads(page._tree))
