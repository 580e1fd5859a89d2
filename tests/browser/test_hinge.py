"""The laboratory of exercise 3 in a browser: stepping, terms, the slider, charts that stay, drops, the descent."""

import pytest

from pages.ui.components.stage import chapters_hinge
from tests.browser.conftest import wait_until
from tests.browser.test_derivation import chapter

CHAPTERS = [*chapters_hinge.CHAPTERS.values()]

CHARTS = {"Margin": 2, "Losses compared": 2, "One logit swept": 2, "Simplex": 3, "Descent": 1}


@pytest.fixture
def lab(app):
    return app("Hinge_loss")


@pytest.fixture
def board(visited):
    return visited("Hinge_loss")


def drawn(student, count):
    """Wait until that many charts stand, and say how often each was drawn."""
    student.page.wait_for_function(
        "n => document.querySelectorAll('.mlp-chart[data-drawn] .main-svg').length >= n", arg=count, timeout=15000
    )
    return student.page.locator(".mlp-chart").evaluate_all("c => c.map(x => Number(x.dataset.drawn))")


def test_what_brings_plotly_is_not_seen_where_no_chart_is_drawn(lab):
    loader = lab.page.locator(".st-key-plotly-loader")
    loader.wait_for(state="attached")
    assert lab.page.locator(".mlp-chart").count() == 0
    assert not loader.is_visible()
    assert not loader.locator("*").first.is_visible()


def test_the_pass_is_walked_with_arrows_right_after_a_chapter_is_chosen(board):
    chapter(board, "Term by term")
    chapter(board, "Step by step")
    for step in range(2, 8):
        board.press("ArrowRight")
        assert board.counter == f"{step} / 7"
    board.cell("gradient of the loss by O, row 1, column 2").hover()
    reading = board.page.locator(".reader .numbers").inner_text()
    assert reading.startswith("∂L/∂O[1, 2] = 0.288")
    assert reading.endswith("= −0.6157")


def test_a_cell_opens_into_its_terms_and_shows_why_some_do_not_count(board):
    chapter(board, "Term by term")
    board.cell("gradient of the loss by O, row 1, column 3").click()
    assert board.page.locator(".where").inner_text() == "j = 1, n = 3"
    board.page.mouse.move(5, 5)
    reading = board.page.locator(".reader .numbers").inner_text()
    assert reading.startswith("∂L/∂O[1, 3] = 0·0 + 1.0000·(")
    assert reading.endswith("= −0.4463")
    struck = board.names("td.struck")
    assert struck == ["d G by O jn, row 3, column 3"]
    board.cell("d G by O jn, row 3, column 3").hover()
    assert "Not counted, because A[3, 3] = (1 − 0)·[(−0.0805" in board.page.locator(".reader").inner_text()


@pytest.mark.parametrize("name", ["Margin", "One logit swept", "Simplex", "Descent"])
@pytest.mark.share(1)
def test_what_a_logit_feeds_is_named_through_what_is_not_drawn(board, name):
    chapter(board, name)
    board.cell("O, row 1, column 2").hover()
    reading = board.page.locator(".reader").inner_text()
    assert reading.endswith(
        "feeds P column 2 → G column 2 → A column 2 → ℓ [2] → ∂L/∂P column 2 → ∂L/∂O column 2 → all of L"
    )
    assert {f"gradient of the loss by O, row {row}, column 2" for row in (1, 2, 3)} <= set(
        board.names("td.fed:visible")
    )


def test_a_factor_lights_what_is_made_of_it(board):
    """On the terms of one cell too: a unit vector picks its example and its class."""
    chapter(board, "Term by term")
    board.cell("gradient of the loss by O, row 2, column 1").click()
    board.cell("A, row 3, column 1").hover()
    assert "terms, row 3, column 1" in board.names("td.fed:visible")
    assert not [name for name in board.names("td.fed:visible") if name.startswith("d G by O jn")]
    board.cell("P, row 1, column 2").hover()
    assert not [name for name in board.names("td.fed:visible") if name.startswith("d G by O jn")]
    board.cell("P, row 1, column 1").hover()
    assert [name for name in board.names("td.fed:visible") if name.startswith("d G by O jn")]


def test_an_edited_logit_changes_every_chapter(lab):
    chapter(lab, "One logit swept")
    drawn(lab, 2)
    lab.cell("O, row 2, column 1").dblclick()
    lab.page.keyboard.type("-3")
    lab.press("Enter")
    lab.wait("O, row 2, column 1", -3)
    lab.page.wait_for_function("() => [...document.querySelectorAll('.mlp-chart')].every(c => c.dataset.drawn >= 2)")
    chapter(lab, "Step by step")
    assert lab.value("O, row 2, column 1") == -3


def test_the_margin_slider_redraws_in_place(lab):
    """No chart and no matrix is taken away while the slider moves, and nothing changes its place."""
    chapter(lab, "Margin")
    before = drawn(lab, 2)
    page = lab.page
    page.evaluate("""() => {
        window.gone = 0;
        window.curves = [...document.querySelectorAll('.mlp-chart')].map(c => c.data);
        const root = [...document.querySelectorAll('*')].map(e => e.shadowRoot).find(r => r?.querySelector('.mlp'));
        const kept = [...document.querySelectorAll('.mlp-chart .main-svg'), root.querySelector('table')];
        const top = () => kept.map(k => Math.round(k.getBoundingClientRect().top)).join();
        const first = top();
        window.watch = setInterval(() => { if (kept.some(k => !k.isConnected) || top() !== first) window.gone++; }, 5);
    }""")
    slider = page.get_by_label("Margin m")
    slider.focus()
    active = lab.names("td.from")
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    moved = "before => [...document.querySelectorAll('.mlp-chart')].every((c, i) => c.dataset.drawn > before[i])"
    page.wait_for_function(moved, arg=before)
    lab.settle()
    assert page.evaluate("window.gone") == 0
    assert active == lab.names("td.from")
    # The curves do not depend on where the line stands: the very same objects are in the charts.
    assert page.evaluate("curves.every((data, n) => data === document.querySelectorAll('.mlp-chart')[n].data)")
    assert "m = 0.5" in page.locator(".mlp-chart").first.text_content()


def test_all_follows_the_margin_while_the_hand_moves(lab):
    chapter(lab, "Margin")
    before = drawn(lab, 2)
    page = lab.page
    box = page.get_by_label("Margin m").bounding_box()
    loss = lab.value("l, column 1")
    page.mouse.move(box["x"] + box["width"] * 0.59, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2, steps=5)
    # The button is still down.
    moved = "before => [...document.querySelectorAll('.mlp-chart')].every((c, i) => c.dataset.drawn > before[i])"
    page.wait_for_function(moved, arg=before)
    page.wait_for_function(
        "was => document.querySelector('.mlp-chart .annotation-text').textContent !== was", arg="m = 0.3"
    )
    lab.settle()
    held = float(page.locator(".knob output").inner_text())
    assert held > 0.8
    assert lab.value("m") == held
    assert lab.value("l, column 1") > loss
    page.mouse.up()
    page.get_by_role("button", name="Undo").click()  # one gesture, one step back
    lab.wait("m", 0.3)


def test_the_charts_over_the_margin_stand_on_one_beamer_screen(board):
    chapter(board, "Margin")
    drawn(board, 2)
    ends = board.page.locator(".mlp-chart .xtitle").evaluate_all("t => t.map(x => x.getBoundingClientRect().bottom)")
    assert len(ends) == 2
    assert max(ends) <= 720
    sizes = board.page.locator("td").evaluate_all("c => c.map(x => parseFloat(getComputedStyle(x).fontSize))")
    assert min(sizes) >= 10.5


def test_hovering_a_map_reads_its_numbers_and_a_click_drops_the_example(lab):
    chapter(lab, "Simplex")
    drawn(lab, 3)
    plot = lab.page.locator(".mlp-chart .nsewdrag").first
    box = plot.bounding_box()
    lab.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.62)
    lab.page.locator(".mlp-chart .hovertext").first.wait_for()
    assert "loss" in lab.page.locator(".mlp-chart .hovertext").first.text_content()
    before = lab.value("O, row 2, column 1")
    lab.page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.62)
    wait_until(lambda: lab.value("O, row 2, column 1") != before)
    logits = [lab.value(f"O, row {k}, column 1") for k in (1, 2, 3)]
    assert max(logits) - min(logits) < 2


def test_a_dot_can_be_clicked_and_dragged_also_into_the_corner_where_another_stands(lab):
    chapter(lab, "Simplex")
    drawn(lab, 3)
    page = lab.page

    def middle(name):
        box = page.locator(".mlp-chart").nth(1).locator(".textpoint text", has_text=name).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    before = [[lab.value(f"O, row {k}, column {n}") for k in (1, 2, 3)] for n in (1, 2, 3, 4)]
    page.mouse.click(*middle("2"))
    page.get_by_text("n = 2", exact=True).wait_for()
    assert [[lab.value(f"O, row {k}, column {n}") for k in (1, 2, 3)] for n in (1, 2, 3, 4)] == before
    corner = middle("4")
    page.mouse.move(*middle("3"))
    page.mouse.down()
    page.mouse.move(corner[0] + 40, corner[1] - 40, steps=4)
    page.mouse.move(*corner, steps=4)
    page.mouse.up()
    page.get_by_text("n = 3", exact=True).wait_for()
    lab.settle()
    after = [[lab.value(f"O, row {k}, column {n}") for k in (1, 2, 3)] for n in (1, 2, 3, 4)]
    assert after[:2] + after[3:] == before[:2] + before[3:]
    assert after[2][0] > max(after[2][1:]) + 2


def test_losses_are_chosen_where_more_of_them_move_nothing(lab):
    chapter(lab, "Losses compared")
    drawn(lab, 2)
    page = lab.page
    more = [page.locator(f'[data-choice="shown/{n}"]') for n in ("CrammerSinger", "SquaredHinge", "OneVsAll")]
    places = [chip.bounding_box() for chip in more]
    for chip in more:
        chip.click()  # without waiting for an answer
    page.locator("figcaption", has_text="one-vs-rest").wait_for()
    lab.settle()
    assert page.locator("figcaption").count() == 6
    assert [chip.get_attribute("aria-pressed") for chip in more] == ["true"] * 3
    assert [chip.bounding_box() for chip in more] == places
    lefts = page.locator(".tile table").evaluate_all(
        "t => t.map(x => x.getBoundingClientRect()).map(b => [Math.round(b.top), Math.round(b.left)])"
    )
    tops = sorted({top for top, _ in lefts})
    assert len(tops) == 2
    assert len({min(left for top, left in lefts if top == row) for row in tops}) == 1


def test_the_legend_of_the_maps_stands_on_one_beamer_screen(board):
    chapter(board, "Simplex")
    drawn(board, 3)
    legend = board.page.get_by_text("Dots: the examples of class 1").bounding_box()
    corners = board.page.locator(".mlp-chart .annotation-text").evaluate_all(
        "a => Math.max(...a.map(x => x.getBoundingClientRect().bottom))"
    )
    assert legend["y"] + legend["height"] < corners <= 720
    # No example that stands in a corner covers its name.
    covered = board.page.locator(".mlp-chart").evaluate_all(
        """charts => charts.flatMap((c) => [...c.querySelectorAll(".annotation-text")].filter((name) => {
            const a = name.getBoundingClientRect();
            return [...c.querySelectorAll(".points path")].some((dot) => {
                const b = dot.getBoundingClientRect();
                return a.left < b.right && b.left < a.right && a.top < b.bottom - 1 && b.top < a.bottom - 1;
            });
        }).map((name) => name.textContent))"""
    )
    assert covered == []


def test_the_descent_plays_to_its_end(board):
    chapter(board, "Descent")
    drawn(board, 1)
    page = board.page
    words = page.locator(".mlp-play output")
    assert words.inner_text() == "step 100 of 100"
    page.locator(".mlp-play button").click()
    now = "document.querySelector('.mlp-play output').textContent"
    page.wait_for_function(f"() => Number({now}.split(' ')[1]) < 90")
    page.wait_for_function(f"() => {now} === 'step 100 of 100'")
    assert page.locator(".mlp-play button").inner_text() == "Play the descent"
    reading = page.locator(".mlp-chart").text_content()
    assert "hinge loss on probabilities: still wrong" in reading
    assert "cross-entropy: right from step" in reading


def test_on_a_phone_the_descent_has_a_triangle_to_look_at_and_its_count_on_one_line(app):
    student = app("Hinge_loss", viewport={"width": 390, "height": 844})
    chapter(student, "Descent")
    drawn(student, 1)
    open_chapter = student.page.locator('.chapters [aria-pressed="true"]').bounding_box()
    assert open_chapter["x"] + open_chapter["width"] <= 390
    names = student.page.locator(".mlp-chart .annotation-text", has_text="class")
    boxes = {t: names.filter(has_text=t).bounding_box() for t in ("class 2", "class 3")}
    assert boxes["class 2"]["y"] - boxes["class 3"]["y"] > 180
    assert student.page.locator(".mlp-play output").bounding_box()["height"] < 40
    # Chapters and choices are rows that scroll; the page does not.
    assert student.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert student.page.locator(".choices").evaluate("e => e.getBoundingClientRect().right <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 720), (390, 844)])
@pytest.mark.share(1)
def test_every_chapter_fits_across_the_screen(app, size, scheme):
    width, height = size
    student = app("Hinge_loss", viewport={"width": width, "height": height}, color_scheme=scheme)
    for name in CHAPTERS:
        chapter(student, name)
        if name in CHARTS:
            drawn(student, CHARTS[name])
        assert student.page.evaluate("document.documentElement.scrollWidth") <= width, name
        inside = student.page.locator(".mlp-chart").evaluate_all(
            "c => c.every(x => [...x.querySelectorAll('text')].every(t => { const b = t.getBoundingClientRect();"
            " return !b.width || (b.left >= -1 && b.right <= innerWidth + 1); }))"
        )
        assert inside, name


def test_the_pass_and_the_terms_stand_on_one_beamer_screen(board):
    for name, parts in (("Step by step", (".field", ".reader")), ("Term by term", (".sheet", ".reader"))):
        chapter(board, name)
        for part in parts:
            box = board.page.locator(part).first.bounding_box()
            assert box["y"] + box["height"] <= 720, (name, part)


def test_enormous_logits_are_drawn_too(lab):
    chapter(lab, "Margin")
    drawn(lab, 2)
    lab.choose("Enormous logits")
    lab.page.wait_for_function("() => [...document.querySelectorAll('.mlp-chart')].every(c => c.dataset.drawn >= 2)")
    lab.settle()
    assert lab.page.locator(".knob output").inner_text() == "0.300"
    chapter(lab, "One logit swept")
    drawn(lab, 2)
    assert "out of range" in lab.page.locator(".mlp-chart").first.text_content()
