"""The laboratory of exercise 3 as Streamlit runs it, without a browser."""

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore import logits
from mlpcore.logits import LABS
from pages.ui.components.stage.chapters_hinge import CHAPTERS
from tests.visits import HINGE, find_field, make_edits, open_menu, read_charts, read_payload, send_events, use_toolbar


@pytest.fixture
def page(app):
    app.switch_page(HINGE).run()
    assert not app.exception
    return app


def go(page, chapter):
    kind = read_payload(page)["kind"]
    send_events(
        page, f"hinge {kind}", choose={"name": "chapter", "value": chapter, "at": np.random.default_rng().random()}
    )
    assert not page.exception


def margin(page):
    """The margin in force, and the ends of its slider."""
    knob = read_payload(page)["knob"]
    return read_payload(page)["matrices"][knob["of"]]["values"][0], knob["low"], knob["high"]


def slide(page, value, seq):
    send_events(page, "hinge board", edits=make_edits(seq, [read_payload(page)["knob"]["of"], [], value]))


def words(page):
    return " ".join(m.value for m in page.markdown).replace("\\", "")


def test_the_laboratory_opens_on_the_pass_with_its_checks(page):
    sent = read_payload(page)
    assert sent["kind"] == "player"
    assert [s["out"] for s in sent["steps"]] == ["P", "G", "A", "ell", "loss", "dP", "dO"]
    assert "closed form = backward pass" in words(page)
    assert words(page).count(":green[✓") == 2


@pytest.mark.parametrize("name", list(LABS))
@pytest.mark.parametrize("layout", ["columns", "rows"])
@pytest.mark.share(3)
def test_every_chapter_of_every_example(page, name, layout):
    open_menu(page, "Conventions")
    next(w for w in page.selectbox if w.label == "Examples are").select(layout).run()
    page.selectbox(key="lab example").select(name).run()
    for chapter in CHAPTERS:
        go(page, chapter)
        sent = read_payload(page)
        assert sent["choices"][0]["chosen"] == chapter
        if sent["kind"] == "board":
            assert sent["lines"]
        assert ":red" not in words(page)


def test_a_cell_typed_on_any_stage_is_taken_and_kept(page):
    send_events(page, "hinge player", edits=make_edits(1, ["O", [2, 1], 7.5]))
    assert (
        read_payload(page)["matrices"]["O"]["values"][9] == 7.5
        or read_payload(page)["matrices"]["O"]["values"][2 * 4 + 1] == 7.5
    )
    go(page, "terms")
    send_events(page, "hinge board", edits=make_edits(1, ["margin", [], -0.25], client="other"))
    assert read_payload(page)["answer"]["refused"] == []
    go(page, "margin")
    assert margin(page)[0] == -0.25
    assert "negative margin" in words(page)
    page.switch_page("app.py").run()
    page.switch_page(HINGE).run()
    assert read_payload(page)["matrices"]["O"]["values"][2 * 4 + 1] == 7.5
    next(b for b in page.button if b.label == "Start again").click().run()
    assert read_payload(page)["matrices"]["O"]["values"][2 * 4 + 1] == 0.2


def test_the_margin_slider_moves_the_active_set_and_the_mark(page):
    go(page, "margin")
    slide(page, -0.9, 1)
    assert margin(page)[0] == -0.9
    assert sum(read_payload(page)["matrices"]["A"]["values"]) == 1
    marks = read_charts(page)["loss L"]["layout"]["shapes"]
    assert marks[-1]["x0"] == -0.9


def test_kink_buttons_go_to_margins_where_a_gap_is_zero(page):
    go(page, "margin")
    assert "Kink:" not in words(page)
    next(b for b in page.button if b.label == "Kink →").click().run()
    assert 0.0 in read_payload(page)["matrices"]["G"]["values"]
    assert "Kink:" in words(page)
    at = margin(page)[0]
    next(b for b in page.button if b.label == "Kink →").click().run()
    assert margin(page)[0] > at


def show(page, *names):
    at = np.random.default_rng().random()
    send_events(page, "hinge board", choose={"name": "shown", "value": " ".join(names), "at": at})


def test_losses_compared_show_what_was_computed(page):
    page.selectbox(key="lab example").select("ten").run()
    go(page, "compare")
    three = ["dO.SoftmaxHinge", "dO.CrossEntropy", "dO.ScoreHinge"]
    assert [k for k in read_payload(page)["matrices"] if k.startswith("dO.")] == three
    one = LABS["ten"].lab
    show(page, *logits.list_class_losses(0.3))
    found = logits.compare(one.logits, one.targets, logits.list_class_losses(0.3), mlp.Conventions(scale="1"))
    sent = read_payload(page)["matrices"]
    for name, c in found.items():
        np.testing.assert_allclose(sent[f"dO.{name}"]["values"], c.gradient.ravel())
    send_events(page, "hinge board", choose={"name": "show", "value": "difference", "at": 5})
    np.testing.assert_allclose(read_payload(page)["matrices"]["dO.CrossEntropy"]["values"], 0)
    send_events(page, "hinge board", choose={"name": "over", "value": "1/N", "at": 6})
    sent = read_payload(page)["matrices"]["dO.SoftmaxHinge"]["values"]
    np.testing.assert_allclose(sent, found["SoftmaxHinge"].difference.ravel() / 10, atol=1e-15)


def test_every_loss_that_is_compared_is_defined_below_its_gradient(page):
    go(page, "compare")
    for shown in (["CrossEntropy", "ScoreHinge"], list(logits.list_class_losses(0.3))):
        show(page, *shown)
        matrices, *defined = read_payload(page)["lines"]
        assert [tile["id"] for tile in matrices["strip"]] == [f"dO.{name}" for name in shown]
        for name, line in zip(shown, defined, strict=True):
            assert f">{mlp.LOSSES[name].short}:<" in line["formula"].replace("&#x000A0;", " "), name
        assert all("math" in line["formula"] and len(line["why"]) > 20 for line in defined)


def test_exercise_3_is_answered_in_the_worksheets_words(page):
    assert "true class is to have at least m more probability than each competing class" in words(page)
    go(page, "margin")
    assert "Exercise 3 (i): the true class" in read_payload(page)["lines"][0]["why"]
    go(page, "terms")
    first = read_payload(page)["lines"][0]
    assert "Exercise 3 (ii)" in first["why"]
    assert first["formula"].count("&#x02211;") == 2
    assert "&#x02265;" in first["formula"]
    open_menu(page, "Conventions")
    next(w for w in page.selectbox if w.label.startswith("A competing class")).select(False).run()
    assert "&#x02265;" not in read_payload(page)["lines"][0]["formula"]


def test_logits_of_another_size_are_named_by_their_size(page):
    paste(page, "1 2\n3 4\n5 6\n7 8\n", "1, 2")
    assert "Yours: classes 4, examples 2" in page.selectbox(key="lab example").options
    next(b for b in page.button if b.label == "Start again").click().run()
    assert page.selectbox(key="lab example").options == [lab.title for lab in LABS.values()]


def test_sum_or_mean_is_one_choice_for_every_chapter_and_every_page(page):
    go(page, "compare")
    send_events(page, "hinge board", choose={"name": "over", "value": "1/N", "at": 6})
    go(page, "sweep")
    at, curve = read_payload(page)["matrices"]["dO"]["values"], read_charts(page)["∂L/∂o<sub>11</sub>"]["data"][0]
    now = LABS["four answers"].lab.logits[0, 0]
    assert np.interp(now, curve["x"], curve["y"]) == pytest.approx(at[0], abs=1e-4)
    for chapter in ("sweep", "simplex", "descend"):  # where no formula shows it
        go(page, chapter)
        assert "Reduction of every loss: mean (1/N)" in read_payload(page)["lines"][0]["why"]
    page.switch_page("app.py").run()
    assert "Reduction of every loss: mean (1/N)." in " ".join(c.value for c in page.caption)


def test_a_chapter_opens_on_the_logit_one_comes_from(page):
    go(page, "terms")
    send_events(
        page, "hinge board", pick={"frame": 6, "rev": read_payload(page)["cursor"]["rev"]}
    )  # class 2, example 3
    go(page, "simplex")
    assert read_payload(page)["frame"]["at"] == 2
    go(page, "sweep")
    assert read_payload(page)["frame"]["at"] == 2  # the right class, class 1, of example 3


def test_the_choice_at_a_tie_stands_on_the_page_it_is_about(page):
    page.selectbox(key="lab example").select("tie").run()
    go(page, "margin")
    assert "A gap of exactly 0 counts as active" in words(page)
    active = sum(read_payload(page)["matrices"]["A"]["values"])
    open_menu(page, "Conventions")
    next(w for w in page.selectbox if w.label.startswith("A competing class")).select(False).run()
    assert sum(read_payload(page)["matrices"]["A"]["values"]) == active - 2
    assert "A gap of exactly 0 does not count as active" in words(page)


def test_a_click_on_a_map_drops_the_example_there(page):
    go(page, "simplex")
    page.session_state["simplex SoftmaxHinge"] = {"drop": {"x": 0.5, "y": 0.29, "at": 1}}
    page.run()
    o = np.array(read_payload(page)["matrices"]["O"]["values"]).reshape(3, 4)[:, 0]
    p = np.exp(o) / np.exp(o).sum()
    np.testing.assert_allclose(p, 1 / 3, atol=0.01)
    page.run()  # the same report again is no second click
    send_events(page, "hinge board", edits=make_edits(3, ["O", [0, 0], 5.0]))
    assert read_payload(page)["matrices"]["O"]["values"][0] == 5
    next(b for b in page.button if "confidently misclassified" in b.label).click().run()
    o = np.array(read_payload(page)["matrices"]["O"]["values"]).reshape(3, 4)[:, 0]
    assert (np.exp(o) / np.exp(o).sum())[1:].max() > 0.95


def test_an_example_that_is_dragged_goes_there_and_is_chosen(page):
    go(page, "simplex")
    before = np.array(read_payload(page)["matrices"]["O"]["values"]).reshape(3, 4)
    dots = read_charts(page)["hinge loss on probabilities"]["data"][-1]
    assert dots["text"] == ["2", "3", "4", "1"]  # the chosen one on top
    assert read_charts(page)["hinge loss on probabilities"]["drops"] == [1, 2, 3, 0]
    send_events(page, "simplex CrossEntropy", drop={"example": 1, "at": 1})
    np.testing.assert_array_equal(np.array(read_payload(page)["matrices"]["O"]["values"]).reshape(3, 4), before)
    assert read_payload(page)["cursor"]["frame"] == 1
    send_events(page, "simplex CrossEntropy", drop={"example": 2, "x": 0.0, "y": 0.0, "at": 2})
    after = np.array(read_payload(page)["matrices"]["O"]["values"]).reshape(3, 4)
    assert read_payload(page)["cursor"]["frame"] == 2
    np.testing.assert_array_equal(np.delete(after, 2, 1), np.delete(before, 2, 1))
    assert np.exp(after[0, 2]) / np.exp(after[:, 2]).sum() > 0.99
    use_toolbar(page, "undo")
    np.testing.assert_array_equal(np.array(read_payload(page)["matrices"]["O"]["values"]).reshape(3, 4), before)


MALFORMED_DROPS = [
    None, 7, {"x": "1", "y": 0}, {"x": None, "y": 1}, {"x": float("nan"), "y": 0}, {"x": 1e300, "y": 1}, {"y": 1}, [],
    {"example": 4, "x": 0, "y": 0}, {"example": -1}, {"example": 1.5}, {"example": 1e9, "x": 0, "y": 0},
]  # fmt: skip


def test_a_malformed_drop_event_changes_nothing(page):
    go(page, "simplex")
    before = read_payload(page)["matrices"]["O"]["values"]
    for drop in MALFORMED_DROPS:
        page.session_state["simplex CrossEntropy"] = {"drop": drop}
        page.run()
        assert not page.exception
        assert read_payload(page)["matrices"]["O"]["values"] == before, drop


def test_which_losses_are_drawn_is_chosen_and_kept(page):
    go(page, "sweep")
    assert len(read_charts(page)["loss L"]["data"]) == 3
    show(page, "OneVsAll", "SquaredHinge")
    assert [t["name"] for t in read_charts(page)["loss L"]["data"]] == ["squared hinge", "one-vs-rest"]
    for none in ("", "MSE", "OneVsAll nonsense"):
        show(page, *none.split())
        assert [t["name"] for t in read_charts(page)["loss L"]["data"]] == ["squared hinge", "one-vs-rest"]
    go(page, "descend")
    assert len(read_payload(page)["matrices"]) > 2
    (figure,) = read_charts(page).values()
    assert figure["play"]["steps"] == 100


def paste(page, text, labels):
    open_menu(page, "Logits").text_area(key="pasted logits").set_value(text).run()
    find_field(page, "True class of each example").set_value(labels).run()
    next(b for b in page.button if b.label == "Apply").click().run()


def test_pasted_logits_and_labels_are_taken(page):
    paste(page, "1 2 3\n4 5 6\n7 8 9\n0,5 0 0\n", "4, 1, 2")
    sent = read_payload(page)["matrices"]
    assert sent["O"]["shape"] == [4, 3]
    assert sent["O"]["values"][9] == 0.5
    assert sent["Y"]["values"] == [0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]


REFUSED = [
    ("1 2\n3 x\n", "1, 2", "row 2, column 2"),
    ("1 2\n3 4\n", "1, 3", "example 2 has class 3, but there are 2 classes"),
    ("1 2\n3 4\n", "1", "1 true classes for 2 examples"),
    ("1 2\n3 4\n", "1, zero", "“zero” is not a class"),
    ("1 2\n3 4\n", "1, 0", "“0” is not a class"),
    ("1 2\n3\n", "1, 2", "row 2"),
    ("1 nan\n3 4\n", "1, 2", "column 2"),
    ("\n".join(["1 2"] * 51), "1, 2", "50 classes"),
]


def test_refused_logits_show_the_reason_and_stay_in_the_field(page):
    before = read_payload(page)["matrices"]["O"]
    for text, labels, says in REFUSED:
        paste(page, text, labels)
        assert says in " ".join(e.value for e in page.error).replace("\\", "")
        assert read_payload(page)["matrices"]["O"] == before
        assert page.text_area(key="pasted logits").value == text
        assert find_field(page, "True class of each example").value == labels


def test_logits_with_two_readings_are_asked_for(page):
    before = read_payload(page)["matrices"]["O"]
    open_menu(page, "Logits").text_area(key="pasted logits").set_value("1,2\n3,4")
    next(w for w in page.text_input if w.label == "True class of each example").set_value("1")
    next(b for b in page.button if b.label == "Apply").click().run()  # before the question could be shown
    assert "can be read in two ways" in page.error[0].value
    assert read_payload(page)["matrices"]["O"] == before
    next(s for s in page.selectbox if s.label == "Read it as").select("2×1 beginning with 1.2").run()
    next(b for b in page.button if b.label == "Apply").click().run()
    assert read_payload(page)["matrices"]["O"]["values"] == [1.2, 3.4]


def test_the_networks_output_comes_in_and_the_loss_goes_out(page):
    page.switch_page("app.py").run()
    page.selectbox(key="example").select("three classes").run()
    page.switch_page(HINGE).run()
    open_menu(page, "Logits")
    next(b for b in page.button if b.label == "Take the network's output").click().run()
    example = mlp.EXAMPLES["three classes"]
    _, values = mlp.trace(example.net, example.batch, example.loss)
    np.testing.assert_allclose(read_payload(page)["matrices"]["O"]["values"], values[mlp.Z(2)].ravel())
    assert read_payload(page)["matrices"]["Y"]["values"] == example.batch.Y.ravel().tolist()
    next(b for b in page.button if b.label == "Use this loss in the network").click().run()
    page.switch_page("app.py").run()
    assert find_field(page, "Loss").value == "SoftmaxHinge"
    assert read_payload(page)["matrices"]["margin"]["values"] == [0.3]


def test_a_network_with_one_output_refuses_the_hinge_with_the_reason(page):
    open_menu(page, "Logits")
    next(b for b in page.button if b.label == "Use this loss in the network").click().run()
    assert "with one output there is none" in page.error[0].value
    page.switch_page("app.py").run()
    assert read_payload(page)["matrices"]["Y"]["values"] == [1, 1, -1, -1]
    page.selectbox(key="example").select("three classes").run()
    page.switch_page(HINGE).run()
    open_menu(page, "Logits")
    next(b for b in page.button if b.label == "Use this loss in the network").click().run()
    assert "It is the loss of every page, with m = 0.3." in " ".join(c.value for c in page.caption)


def test_the_slider_stands_at_the_margin_after_another_example(page):
    go(page, "margin")
    slide(page, -0.5, 1)
    for name in (*list(LABS)[1:], next(iter(LABS))):
        page.selectbox(key="lab example").select(name).run()
        assert margin(page) == (LABS[name].lab.loss.margin, -1.0, 1.2)
    slide(page, 7.25, 2)
    assert margin(page) == (7.25, -1.0, 8.0)
