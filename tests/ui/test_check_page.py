"""The page Check without a browser: text in, verdicts, mistakes and chapters out; kept by links and undo."""

from dataclasses import replace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore import exchange
from mlpcore.exchange.files import rows_of
from mlpcore.setup import resized, with_loss
from pages.ui.state import history, saved
from pages.ui.state.app_state import MAX_WORK, make_initial_state
from pages.ui.state.steps_taken import find_kept, list_steps
from tests.core.test_worksheet import SHEET as PRINTED
from tests.visits import CHECK, DERIVE, find_keyed, open_menu

SHEET = mlp.EXAMPLES["worksheet"].setup


def write(var, x):
    return f"{var.text} =\n" + "\n".join(" ".join(f"{cell:.4f}" for cell in row) for row in rows_of(x))


def write_mistaken(name, *shown):
    steps = mlp.training_step(SHEET.net, SHEET.loss)
    values = mlp.evaluate(mlp.MISTAKES[name].rewrite(steps), SHEET.inputs())
    return "\n\n".join(write(v, values[v]) for v in shown)


def read_words(app):
    assert not app.exception
    shown = [*app.markdown, *app.caption, *app.error, *app.info, *app.warning, *app.get("html")]
    return "\n".join(str(getattr(element, "value", "") or element.proto.body) for element in shown)


@pytest.fixture
def page(app):
    return app.switch_page(CHECK).run()


def enter(page, text):
    return page.text_area(key="work").input(text).run()


def test_the_printed_solution_is_right_in_every_cell(page):
    words = read_words(enter(page, PRINTED.read_text(encoding="utf-8")))
    assert "✓ All 11 matrices are right" in words
    assert 'class="wrong"' not in words


def test_the_first_wrong_matrix_its_mistake_and_the_chapter_are_named(page):
    shown = (mlp.S(1), mlp.delta(2), mlp.dW(2), mlp.delta(1), mlp.dW(1))
    words = read_words(enter(page, write_mistaken("W already updated", *shown)))
    assert r"First wrong: **δ\_1**" in words
    assert "**W already updated**" in words
    assert "∂L/∂W" in words
    assert "right given your own earlier numbers" in words
    assert words.count("**W already updated**") == 1
    button = page.button(key="chapter delta_1 W already updated")
    button.click().run()
    assert page.session_state["state"].place.chapter == mlp.MISTAKES["W already updated"].chapter


@pytest.mark.parametrize("scale", mlp.SCALES)
def test_the_right_formula_is_that_of_the_chosen_scale(page, scale):
    conventions = mlp.Conventions(scale=scale)
    setup = replace(SHEET, conventions=conventions)
    page.session_state["state"] = replace(make_initial_state(), setup=setup)
    steps, values = setup.run()
    words = read_words(enter(page, write(mlp.dZ(2), -values[mlp.dZ(2)])))
    own = next(s for s in steps if s.out == mlp.dZ(2))
    assert "**Y - Z for Z - Y**" in words
    assert f"right: ${own.latex}$" in words


def test_numbers_that_only_rounding_moved_are_not_wrong(page):
    words = read_words(enter(page, "delta_2 = -0,225 -0,247 0,265 0,251\ndL/dW_2 = -0,1028 -0,2057 0,0173"))
    assert "✓ Nothing is wrong" in words
    assert "4 of 7 cells are right; the others are what your own earlier numbers give" in words


def test_every_wrong_cell_is_announced_with_what_it_should_be(page):
    theirs = np.array(SHEET.run()[1][mlp.dW(1)])
    theirs[1, 0] = 0.5
    words = read_words(enter(page, write(mlp.dW(1), theirs)))
    assert 'aria-label="row 2, column 1: 0.5000, should be −0.0050, wrong"' in words
    assert words.count('class="wrong"') == 1
    assert 'class="wrong" role="gridcell" tabindex="0"' in words
    assert words.count('tabindex="0"') == 1
    assert "No single known mistake gives these numbers." in words
    assert "Two mistakes at once were not tried: too few digits" in words


def test_a_wrong_cell_beyond_what_is_shown_is_named(page):
    setup = resized(SHEET, (2, 20, 1), 4, ("relu", "identity"), (False, False))
    page.session_state["state"] = replace(page.session_state["state"], setup=setup)
    theirs = np.array(setup.run()[1][mlp.S(1)])
    theirs[18, 1] += 1
    words = read_words(enter(page, write(mlp.S(1), theirs)))
    assert "The first 16 rows and 4 columns of 20×4. Wrong beyond them: row 19, column 2." in words


def test_one_factor_for_all_cells_is_stated(page):
    words = read_words(enter(page, write(mlp.dW(1), 3 * SHEET.run()[1][mlp.dW(1)])))
    assert "times what it should be" in words


def test_another_convention_is_offered_as_a_switch(page):
    other = replace(SHEET, conventions=mlp.Conventions(scale="1/2"))
    enter(page, write(mlp.dW(1), other.run()[1][mlp.dW(1)]))
    assert "with the constant 1/2 in front of the loss, it is right" in read_words(page)
    next(b for b in page.button if b.label == "Use the constant 1/2 in front of the loss").click().run()
    assert "✓ This matrix is right" in read_words(page)


def test_a_complete_solution_in_another_layout_is_offered_once(page):
    kept = replace(SHEET, conventions=mlp.Conventions("rows, W kept"))
    steps, values = kept.run()
    enter(page, "\n\n".join(write(s.out, values[s.out]) for s in steps if s.phase == "backward"))
    (offer,) = (b for b in page.button if b.label.startswith("Use "))
    assert "all matrices are right" in read_words(page)
    assert "the result transposed" not in read_words(page)
    assert offer.label == "Use S = Z Wᵀ + b (a row of Z is an example)"
    offer.click().run()
    assert page.session_state["state"].setup.conventions == kept.conventions
    assert "matrices are right" in read_words(page)


def test_a_mistake_that_right_numbers_refute_is_said_to_be_one(page):
    values = SHEET.run()[1]
    words = read_words(
        enter(page, write(mlp.delta(2), values[mlp.delta(2)]) + "\n" + write(mlp.dW(2), 2 * values[mlp.dW(2)]))
    )
    assert r"It would change ∂L/∂Z\_2" not in words
    assert r"It would change δ\_2 too, but your δ\_2 is without it." in words
    assert "yours: $" not in words


def test_one_cell_two_matrices_and_minus_zero_are_written_plainly(page):
    enter(page, "L = 0.7")
    assert "L** loss :red[✗ wrong]" in read_words(page)
    both = "\n".join(write(v, SHEET.run()[1][v]) for v in (mlp.delta(2), mlp.dW(2)))
    assert "✓ Both matrices are right" in read_words(enter(page, both))
    assert ">0<" in read_words(enter(page, "delta_2 = -0.00 1 2 3"))


def test_a_matrix_without_a_name_is_asked_for(page):
    enter(page, "-0.0033 -0.0041\n-0.0050 -0.0061\n-0.0376 0.0018")
    next(b for b in page.button if b.label == mlp.dW(1).symbol).click().run()
    assert page.session_state["state"].work.startswith("dL/dW_1 =")
    assert "✓ This matrix is right" in read_words(page)


@pytest.mark.parametrize("example", mlp.EXAMPLES)
def test_the_example_with_a_mistake_is_recognised_on_every_network(page, example):
    page.selectbox(key="example").select(example).run()
    next(b for b in page.button if b.label.startswith("Show an example")).click().run()
    assert page.session_state["state"].work
    words = read_words(page)
    assert "First wrong" in words
    assert "Derivation: " in "".join(b.label for b in page.button)


def test_new_weights_are_compared_with_the_update_that_the_stage_shows(app):
    find_keyed(app, "step optimiser").select("Adam").run()
    next(b for b in app.button if b.label == "Take 10").click().run()
    state = app.session_state["state"]
    steps = list_steps(state)
    inputs = state.training.step_optimiser.list_inputs(state.setup.net, state.setup.conventions.lay, find_kept(state))
    new = mlp.after(mlp.W(1))
    values = mlp.evaluate(steps, inputs | state.setup.inputs())
    page = app.switch_page(CHECK).run()
    words = read_words(enter(page, write(new, values[new]))).replace("\\", "")
    assert "✓ This matrix is right" in words
    assert "The update is the one that is shown on Step through: Adam." in words
    words = read_words(enter(page, write(new, state.setup.run()[1][new])))
    assert "**gradient descent**" in words
    assert "yours: $" in words
    page.button(key=f"chapter {new.text} gradient descent").click().run()
    assert steps[app.session_state["state"].step].out == new


def test_what_cannot_be_read_is_explained_and_stays_in_the_field(page):
    for text in ("W_1 = [[1, x]]", "hello", "dL/dW_9 = [[1]]", "\\begin{bmatrix} 1", "=" * 9000, "[" * 9000):
        enter(page, text)
        assert len(page.error) == 1
        assert page.text_area(key="work").value == text


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("W2 = [0.02 0.03 0.09]\nS2 = W2 @ Z1", ("Only what is given was read", "of S_2 nothing is read"), "green"),
        ("S2 = W2 @ Z1", ("Formulas and code are not run",), "green"),
        ("S_2 = 9 9 9 9\nS_2 = 0.0986 0.0112 0.0634 0.0059", ("with other numbers: S_2. The last one", "right"), "✗"),
        ("S_2 = 0.0986 ? 0.0634 9\n\nL = 0.4916\nW_1 = [[x]]",
         ("1 of 4 cells wrong; not filled in: row 1, column 2", "row 1, column 2: ?, not filled in",
          "3 of 4 cells are right", "W_1 is not read: row 1, column 1"), "All"),
        ("S_2 = 0.0986 ? 0.0634 0.0059", ("✓ All cells that are filled in are right",), "This matrix"),
        ("dW1 =\n1.0e-03 *\n-3.3631 -4.1043\n-5.0447 -6.1564\n-37.6050 1.8031",
         ("1 of 6 cells wrong", "0.0018031, should be 0.0018027, wrong"), "Every wrong cell"),
        ("=====", ("No name of a matrix with its numbers",), "the cell is empty"),
        ("W_2[1,2] = 0.03\nW_2[1,3] = 0.03", ("W_2 is given by single cells",), "only one matrix"),
    ],
)  # fmt: skip
def test_what_is_read_of_a_text_and_how_it_is_judged(page, text, wanted, unwanted):
    words = read_words(enter(page, text)).replace("\\", "")
    for part in wanted:
        assert part in words
    assert unwanted not in words


def test_a_text_that_is_too_long_is_answered_and_stays_in_the_field(page):
    enter(page, text := "S_1 = 1 " + " " * MAX_WORK)
    assert "100,000 are the most that is read" in page.error[0].value
    assert page.text_area(key="work").value == text


def test_the_work_is_kept_across_pages_by_links_and_undo(page):
    enter(page, "dL/dW_1 = [[1, 2], [3, 4], [5, 6]]")
    state = page.session_state["state"]
    page.switch_page(DERIVE).run()
    page.switch_page(CHECK).run()
    assert page.text_area(key="work").value == state.work
    link = saved.build_keep_payload(state)["link"]
    assert saved.open_link(link).work == state.work
    assert history.undo(state).work == ""


def test_a_link_with_work_that_is_no_text_is_refused():
    for work in (7, "x" * (MAX_WORK + 1)):
        document = saved.write_document(make_initial_state()).replace(
            '"work": ""', f'"work": {work!r}'.replace("'", '"')
        )
        with pytest.raises(ValueError, match="work must be a text"):
            saved.read_saved({"doc": document})
    assert replace(make_initial_state(), work="x" * MAX_WORK).work


CHAPTER_NAMES = sorted({mistake.chapter for mistake in mlp.MISTAKES.values()})


def find_case(chapter):
    """A mistake that a chapter explains, and a set-up on which it changes a matrix."""
    for loss in mlp.LOSSES:
        setup = with_loss(mlp.EXAMPLES["three classes"].setup, loss)
        steps = mlp.training_step(setup.net, setup.loss)
        for name in (name for name, mistake in mlp.MISTAKES.items() if mistake.chapter == chapter):
            try:
                values = mlp.evaluate(mlp.MISTAKES[name].rewrite(steps), setup.inputs())
            except ValueError:  # it does not fit these sizes
                continue
            for var in (s.out for s in steps if exchange.name_of(s.out.text) == s.out):
                judged = mlp.check_work(setup, {var: values[var]}, pairs=False).of[var]
                if judged.verdict == "wrong" and name in judged.mistakes[:4]:
                    return setup, var, values[var], name
    raise AssertionError(f"no case of {chapter}")


@pytest.mark.parametrize("chapter", CHAPTER_NAMES)
@pytest.mark.share(2)
def test_what_explains_a_mistake_is_one_click_away(page, chapter):
    setup, var, theirs, name = find_case(chapter)
    page.session_state["state"] = replace(page.session_state["state"], setup=setup)
    enter(page, write(var, theirs))
    page.button(key=f"chapter {var.text} {name}").click().run()
    assert not page.exception
    state = page.session_state["state"]
    if chapter == "step":
        assert setup.run(state.schedule)[0][state.step].out in mlp.check_work(setup, {var: theirs}).of
    elif chapter.startswith("hinge/"):
        assert f"hinge/{state.lab_place.chapter}" == chapter
    else:
        assert state.place.chapter == chapter


def test_the_file_menu_hands_computed_matrices_to_the_check(app):
    open_menu(app, "File")
    app.text_area(key="pasted").input("dL/dW_1 = [[1, 2], [3, 4], [5, 6]]").run()
    assert not any("Put it into" in field.label for field in app.selectbox)
    next(b for b in app.button if b.label == "Check ∂L/∂W_1").click().run()
    assert app.session_state["state"].work == "dL/dW_1 = [[1, 2], [3, 4], [5, 6]]"
