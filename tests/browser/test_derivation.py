"""The derivation page in a browser: frames, zeros and their reasons, the sweep, conventions."""

import pytest
from playwright.sync_api import expect

from pages.ui.components.stage import chapters
from tests.browser.conftest import wait_until

CHAPTERS = [title for title, *_ in chapters.CHAPTERS.values()]


@pytest.fixture
def derivation(app):
    return app("Derivation")


@pytest.fixture
def board(visited):
    return visited("Derivation")


def chapter(student, name):
    student.page.get_by_role("button", name=name, exact=True).click()
    student.settle()


def choose(student, name):
    student.page.get_by_role("button", name=name, exact=True).first.click()
    student.settle()


def filled(student, name):
    labels = student.page.locator(f'td[aria-label^="{name}, row"]').evaluate_all("c => c.map(x => x.ariaLabel)")
    return sum("not yet computed" not in label for label in labels), len(labels)


def test_moving_fills_the_gradient_cell_by_cell(board):
    assert filled(board, "gradient of the loss by W 1") == (1, 6)
    for reached in range(2, 7):
        board.press("ArrowRight")
        assert filled(board, "gradient of the loss by W 1") == (reached, 6)
    assert board.counter == "6 / 6"
    board.press("ArrowRight")
    assert board.counter == "6 / 6"
    assert board.value("gradient of the loss by W 1, row 3, column 1") == pytest.approx(-0.0376, abs=1e-4)


def test_a_click_on_a_cell_goes_there(board):
    board.cell("gradient of the loss by W 1, row 2, column 2").click()
    assert board.page.locator(".where").inner_text() == "i = 2, j = 2"
    board.cell("W 1, row 3, column 1").click()
    assert board.page.locator(".where").inner_text() == "i = 3, j = 1"
    lit = board.names("td.from")
    assert "Z 0, row 1, column 4" in lit
    assert "gradient of the loss by Z 1, row 3, column 2" in lit
    assert not any("Z 0, row 2" in name for name in lit)


def test_what_a_weight_feeds_is_named_as_on_the_whole_pass(app, derivation):
    whole = app()
    for student in (whole, derivation):
        student.cell("W 1, row 2, column 1").hover()
    reading = derivation.page.locator(".reader").inner_text()
    assert reading == whole.page.locator(".reader").inner_text()
    assert "new L" in reading
    # The other input has no part in what is multiplied with the slope here.
    for row, part in ((2, False), (1, True)):
        derivation.cell(f"Z 0, row {row}, column 3").hover()
        fed = derivation.names("td.fed:visible")
        assert any(name.startswith("column times row") for name in fed) == part


def test_the_choices_of_a_deep_network_stay_on_the_screen(app):
    student = app()
    student.choose("A larger one")
    student.page.get_by_role("link", name="Derivation").click()
    student.page.locator(".where").wait_for()
    chapter(student, "A product four ways")
    student.page.locator(".choice button").nth(20).wait_for()
    ends = student.page.locator(".choice button").evaluate_all("b => b.map(x => x.getBoundingClientRect().right)")
    assert max(ends) <= 1280


#: What the arrows of Line by line run through; whether the first one begins under the term that line 2 works out.
ARROWS = """() => {
    const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot);
    const root = roots.find((r) => r?.querySelector(".arrows"));
    const { left, top } = root.querySelector(".arrows").getBoundingClientRect();
    const texts = [...root.querySelectorAll(".claim :is(td, .hint, .numbers, .badge, mi, mo, mn)")];
    const boxes = texts.map((node) => [node.textContent, node.getBoundingClientRect()]);
    const points = [...root.querySelectorAll(".arrows path")].flatMap((path) =>
        Array.from({ length: path.getTotalLength() / 2 }, (_, k) => path.getPointAtLength(2 * k)));
    const crossed = points.flatMap(({ x, y }) => boxes.filter(([, b]) =>
        x + left > b.left && x + left < b.right && y + top > b.top && y + top < b.bottom).map(([text]) => text));
    const lines = [...root.querySelectorAll(".claim")];
    const made = lines[1].querySelector("mfrac").textContent;
    const term = [...lines[0].querySelectorAll("mfrac")].find((node) => node.textContent === made);
    const [start] = root.querySelector(".arrows .part").getAttribute("d").match(/[\\d.]+/);
    return { crossed, term: Math.abs(Number(start) + left - term.getBoundingClientRect().left) < 1 };
}"""


def test_an_edge_is_shaded_while_there_is_more_beyond_it(board):
    chapter(board, "Line by line")
    board.press("ArrowDown", "ArrowDown")
    lines = board.page.locator(".claim")
    assert lines.evaluate_all("all => all.findIndex((line) => line.matches(':focus'))") == 1
    assert board.page.locator(".arrows .head").count() == lines.count() - 1
    assert board.page.evaluate(ARROWS) == {"crossed": [], "term": True}
    sheet = board.page.locator(".sheet")
    box = sheet.bounding_box()
    edge = {"x": box["x"] + 1, "y": box["y"] + box["height"] - 6, "width": 2, "height": 6}
    seen = board.page.screenshot(clip=edge)
    sheet.evaluate("s => (s.scrollTop = s.scrollHeight)")
    wait_until(lambda: board.page.screenshot(clip=edge) != seen)


def test_a_possible_action_is_named_only_where_it_is_possible(board):
    reading = {}
    for name in CHAPTERS:
        chapter(board, name)
        board.page.mouse.move(2, 2)
        reading[name] = board.page.locator(".reader").inner_text()
    moves = {name for name, words in reading.items() if "move on" in words}
    typed = {name for name, words in reading.items() if "solid frame" in words}
    assert moves == {"One cell", "Line by line", "A product four ways", "Derivative of the loss"}
    assert typed == {*moves, "Why transpose", "Last layer to first"} - {"Line by line"}


def test_a_zero_shows_why(board):
    page = board.page
    board.press("End")
    board.cell("d Z 1 by W 1 ij, row 1, column 2").hover()
    reading = page.locator(".reader").inner_text()
    assert "Z_1[1, 2] does not read W_1[3, 2]" in reading
    assert "feeds only row 3 of Z_1" in reading
    board.cell("d Z 1 by W 1 ij, row 3, column 4").hover()
    assert "a factor is zero" in page.locator(".reader").inner_text()
    board.cell("d Z 1 by W 1 ij, row 3, column 1").hover()
    assert page.locator(".reader .numbers").inner_text() == "∂Z_1[3, 1]/∂W_1[3, 2] = 1.0000·0.8000·1.0000 = 0.8000"


def test_terms_that_are_zero_are_counted_not_written(board):
    board.press("End")
    reading = board.page.locator(".reader .numbers").inner_text()
    assert reading.startswith("∂L/∂W_1[3, 2] = ")
    assert reading.count("·") == 3
    assert "+ 9 zero terms = 0.0018" in reading


def test_a_kink_is_not_called_agreement(app):
    student = app("Derivation")
    student.choose("XOR")
    choose(student, "delta 1, gradient of the preactivations")
    seal = student.page.locator(".claim .badge").first
    assert seal.inner_text().startswith("– not comparable here")
    student.cell("delta 1, row 1, column 2").click()
    assert "3 cells not checked: at a kink" in seal.inner_text()


def test_the_mark_of_a_product_comes_after_the_try(derivation):
    chapter(derivation, "Why transpose")
    tries = derivation.page.locator(".choice").last
    assert tries.locator(".mark").all_inner_texts() == ["✓"]
    tries.locator("button").nth(4).click()
    derivation.settle()
    assert tries.locator(".mark").all_inner_texts() == ["✗"]
    tries.locator("button").first.click()  # a wrong order is explained with its sizes
    derivation.settle()
    reading = derivation.page.locator(".claim").inner_text()
    assert "Inner dimensions do not match" in reading
    assert "this is not" in reading


def test_play_sweeps_the_whole_gradient(board):
    page = board.page
    page.get_by_label("Speed").select_option("fast")
    board.page.locator(".board").click(position={"x": 5, "y": 5})
    page.get_by_role("button", name="Play").click()
    page.locator(".counter", has_text="6 / 6").wait_for(timeout=15000)
    assert filled(board, "gradient of the loss by W 1") == (6, 6)
    page.get_by_role("button", name="Play").wait_for(timeout=5000)  # it has come to rest


@pytest.mark.parametrize("example", ["Worksheet", "Three classes"])
@pytest.mark.share(1)
def test_every_line_is_checked_and_the_updated_weights_fail(app, example):
    student = app("Derivation")
    student.choose(example)
    chapter(student, "Line by line")
    buttons = student.page.locator('[data-choice^="target/"]')
    failing = 0
    for n in range(buttons.count()):
        buttons.nth(n).click()
        student.settle()
        seals = student.page.locator(".claim .badge").all_inner_texts()
        assert seals
        wrong = [s for s in seals if not s.startswith("✓")]
        failing += len(wrong)
        assert all("not the gradient" in s for s in wrong), wrong
    assert failing == 2  # by Z_1 and by S_1: the two that go back through W_2


def test_an_edit_on_the_board_changes_every_line(derivation):
    before = derivation.value("gradient of the loss by Z 1, row 1, column 1")
    derivation.cell("W 1, row 1, column 1").dblclick()
    derivation.page.keyboard.type("2")
    derivation.press("Enter")
    derivation.wait("W 1, row 1, column 1", 2)
    derivation.settle()
    assert derivation.value("gradient of the loss by Z 1, row 1, column 1") != before
    assert all(s.startswith("✓") for s in derivation.page.locator(".claim .badge").all_inner_texts())
    last = derivation.cell("Z 0, row 2, column 4")
    last.dblclick()
    derivation.page.keyboard.type("0.5")
    derivation.press("Tab")  # there is no next row
    expect(last).to_be_focused()


def test_outer_products_add_up_to_the_gradient(derivation):
    page = derivation.page
    chapter(derivation, "Why transpose")
    choose(derivation, "by outer products")
    assert derivation.counter == "1 / 4"
    page.get_by_label("Frame").fill("3")
    assert derivation.counter == "4 / 4"
    assert derivation.value("partial sum, row 3, column 1") == pytest.approx(-0.0376, abs=1e-4)
    assert "rank at most one" in page.locator(".reader").inner_text()


@pytest.mark.parametrize("way", ["dot products", "combinations of columns", "combinations of rows", "outer products"])
@pytest.mark.share(1)
def test_four_ways_end_at_the_same_product(derivation, way):
    chapter(derivation, "A product four ways")
    choose(derivation, way)
    derivation.press("End")
    assert derivation.value("partial sum, row 2, column 1") == pytest.approx(0.869)
    assert derivation.value("partial sum, row 3, column 4") == pytest.approx(-0.044)
    assert filled(derivation, "partial sum") == (12, 12)


def test_layouts_turn_every_page(derivation):
    page = derivation.page
    page.get_by_role("button", name="Conventions").click()
    page.get_by_label("Examples are").click()
    page.get_by_role("option", name="rows: S = Z W + b").click()
    derivation.settle()
    page.keyboard.press("Escape")
    assert derivation.value("Z 0, row 3, column 1") == -0.75
    derivation.press("End")
    assert derivation.page.locator(".where").inner_text() == "i = 3, j = 2"
    for other in ("Overview", "Step through"):
        page.get_by_text(other, exact=True).hover()
        page.get_by_text(other, exact=True).click()
        page.locator(".board").wait_for(state="detached")
        derivation.cell("Z 0, row 3, column 1").wait_for()
        assert derivation.value("Z 0, row 3, column 1") == -0.75
        assert "Examples are rows" in page.locator('[data-testid="stCaptionContainer"]').last.inner_text()
        derivation.settle()


def test_the_board_can_be_worked_from_the_keyboard(board):
    page = board.page
    board.cell("W 1, row 1, column 1").focus()
    board.press("ArrowDown", "ArrowRight")
    board.press("ArrowRight")  # over the edge, into the next matrix
    focused = page.locator("td:focus").get_attribute("aria-label")
    assert focused.startswith("gradient of the loss by Z 1, row 2, column 1")
    board.press("Escape", "End")
    assert board.counter == "6 / 6"
    board.press("Home", " ")
    page.locator(".counter", has_text="2 / 6").wait_for(timeout=5000)
    board.press(" ")


@pytest.mark.parametrize("example", ["Worksheet", "XOR", "Three classes"])
@pytest.mark.share(1)
def test_matrices_and_their_text_fit_one_screen(app, example):
    """At 1280x720 what is spoken of and what speaks of it are seen together."""
    student = app("Derivation")
    student.choose(example)
    for name in CHAPTERS:
        chapter(student, name)
        page = student.page
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        box = page.locator(".reader").bounding_box()
        assert box["y"] + box["height"] <= 720, name
        if name in ("One cell", "Why transpose", "A product four ways"):
            over = page.locator(".sheet").evaluate("e => e.scrollHeight - e.clientHeight")
            assert over <= 0, (name, over)


@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.share(1)
def test_nothing_hangs_over_on_a_phone(app, name):
    student = app("Derivation", viewport={"width": 390, "height": 844})
    chapter(student, name)
    assert student.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_nothing_jumps_between_frames(board):
    page = board.page
    places = set()
    for _ in range(6):
        tiles = page.locator(".tile").evaluate_all("t => t.map(x => [x.offsetLeft, x.offsetTop, x.offsetWidth].join())")
        places.add("|".join(tiles))
        board.press("ArrowRight")
    assert len(places) == 1
