"""Work that lasts and travels, in a real browser: links, reloads, restarts, cuts, undo, copies, files."""

import urllib.request

import pytest
from playwright.sync_api import expect

import mlpcore as mlp
from mlpcore.exchange import to_json
from mlpcore.setup import resized
from tests.browser.conftest import DISCONNECTED, NEXT_FRAME, App, serve

STEP = "Step_through"
EXACT = 0.1 + 0.2  # a number whose last bit a rounding would lose
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def type_into(student, name, text, key="Enter"):
    student.cell(name).dblclick()
    student.page.keyboard.type(text)
    student.press(key)


def type_cells(student):
    """Edits of several kinds, waited for until their consequences are there."""
    type_into(student, "W 1, row 1, column 1", repr(EXACT))
    type_into(student, "W 2, row 1, column 2", "-0.5")
    student.wait("W 1, row 1, column 1", 0.3)
    student.wait("W 2, row 1, column 2", -0.5)
    student.page.locator(".pending").first.wait_for(state="detached")
    student.settle()


def shown(student):
    """Every cell, to the last digit that is said of it."""
    return student.page.locator("td:visible").evaluate_all("c => c.map(x => [x.getAttribute('aria-label'), x.title])")


def read_clipboard(student):
    return student.page.evaluate("navigator.clipboard.readText()")


def read_exact(student, name):
    """A cell's number as its editor shows it: every digit."""
    student.cell(name).dblclick()
    text = student.page.locator("td input").input_value()
    student.press("Escape")
    return float(text)


def test_a_link_opens_the_same_cells_in_a_fresh_profile(app):
    student = app(**CLIPBOARD)
    type_cells(student)
    student.page.get_by_label("Copy link").click()
    student.page.get_by_text("Link copied.").wait_for()
    link = read_clipboard(student)
    student.page.wait_for_url(link)
    friend = app(link.removeprefix(f"{student.url}/"))
    assert shown(friend) == shown(student)
    assert read_exact(friend, "W 1, row 1, column 1") == EXACT


def test_a_link_leads_to_page_step_and_cell(app):
    student = app(STEP, **CLIPBOARD)
    student.press(*["ArrowRight"] * 4)
    student.settle()
    student.cell("Z 2, row 1, column 3").click()
    student.page.wait_for_url("**cell=*")
    student.page.wait_for_url("**s=*")
    student.page.get_by_label("Copy link").click()
    student.page.get_by_text("Link copied.").wait_for()
    friend = app(read_clipboard(student).removeprefix(f"{student.url}/"))
    assert friend.counter == student.counter == "5 / 18"
    assert friend.names("td.pinned") == ["Z 2, row 1, column 3"]
    friend.press("Escape", "ArrowRight")
    friend.settle()
    assert "cell=" not in friend.page.url


def test_a_reload_and_a_second_page_show_the_same_cells(app):
    student = app()
    type_cells(student)
    before = shown(student)
    student.page.reload()
    student.page.locator("td:visible").first.wait_for()
    student.settle()
    assert shown(student) == before
    student.page.get_by_role("link", name="Step through").click()
    student.page.locator(".counter").wait_for()
    student.page.wait_for_url("**/Step_through?s=*")
    student.wait("W 1, row 1, column 1", 0.3)
    student.page.reload()
    student.page.locator(".counter").wait_for()
    student.wait("W 1, row 1, column 1", 0.3)
    student.page.go_back()
    student.page.locator(".wall").wait_for()
    student.wait("W 2, row 1, column 2", -0.5)
    type_into(student, "W 2, row 1, column 2", "0.25")
    student.wait("W 2, row 1, column 2", 0.25)
    student.page.locator(".pending").first.wait_for(state="detached")
    student.settle()
    student.page.reload()
    student.wait("W 2, row 1, column 2", 0.25)


@pytest.mark.parametrize("page", ["", STEP, "Derivation"])
@pytest.mark.share(1)
def test_a_restarted_server_has_the_same_cells(browser, page):
    process, url = serve()
    port = url.rsplit(":", 1)[1]
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        student = App(context.new_page(), url).open(page)
        type_into(student, "W 1, row 1, column 1", repr(EXACT))
        student.wait("W 1, row 1, column 1", 0.3)
        student.page.locator(".pending").first.wait_for(state="detached")
        student.settle()
        before = shown(student)
        process.kill()
        process.wait(10)
        student.page.locator(DISCONNECTED).wait_for()
        process, _ = serve(port=port)
        student.page.get_by_text("The server was restarted.").wait_for()  # how soon: tests/benchmarks
        student.settle()
        assert shown(student) == before
        assert read_exact(student, "W 1, row 1, column 1") == EXACT
        type_into(student, "W 1, row 1, column 2", "0.75")
        student.wait("W 1, row 1, column 2", 0.75)
        student.page.locator(".pending").first.wait_for(state="detached")
        assert not student.errors
    finally:
        context.close()
        process.kill()
        process.wait(10)


def test_what_was_typed_while_the_server_was_away_is_taken_when_it_is_back(browser):
    process, url = serve()
    port = url.rsplit(":", 1)[1]
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        student = App(context.new_page(), url).open(STEP)
        process.kill()
        process.wait(10)
        type_into(student, "W 1, row 2, column 1", "0.5")
        student.page.locator(".unanswered").wait_for(timeout=6000)
        assert student.names("td.pending") == ["W 1, row 2, column 1"]
        process, _ = serve(port=port)
        student.wait("S 1, row 2, column 1", 0.5 * 0.75 + 0.43 * 0.8)
        assert student.page.locator(".unanswered").count() == 0
        assert student.names("td.pending") == []
        # And it survives a reload.
        process.kill()
        process.wait(10)
        type_into(student, "W 1, row 2, column 1", "0.25")
        student.page.locator("td.pending").wait_for()
        process, _ = serve(port=port)
        student.page.reload()
        student.wait("S 1, row 2, column 1", 0.25 * 0.75 + 0.43 * 0.8)
    finally:
        context.close()
        process.kill()
        process.wait(10)


def test_a_cut_network_loses_nothing_and_shows_nothing_stale_as_current(app):
    student = app(STEP)
    context = student.page.context
    context.set_offline(True)
    type_into(student, "W 1, row 2, column 1", "0.5")
    student.page.locator(".unanswered").wait_for(timeout=6000)
    assert student.names("td.pending") == ["W 1, row 2, column 1"]
    context.set_offline(False)
    student.wait("S 1, row 2, column 1", 0.5 * 0.75 + 0.43 * 0.8)
    student.page.locator(".unanswered").wait_for(state="detached")


def test_undo_and_redo_by_key_and_by_button(app):
    student = app(STEP)
    expect(student.page.get_by_role("button", name="Undo")).to_be_disabled()
    typed_value = "W 1, row 1, column 1"
    type_into(student, typed_value, "5")
    student.wait(typed_value, 5)
    student.page.locator(".pending").first.wait_for(state="detached")
    student.settle()
    student.press("Control+z")
    student.wait(typed_value, 0.6)
    student.press("Control+Shift+Z")
    student.wait(typed_value, 5)
    student.settle()
    student.page.get_by_role("button", name="Undo").click()
    student.wait(typed_value, 0.6)
    expect(student.page.get_by_role("button", name="Undo")).to_be_disabled()
    student.press("Control+y")
    student.wait(typed_value, 5)


def test_in_a_field_the_keys_are_the_fields_own(app):
    student = app(STEP)
    type_into(student, "W 1, row 1, column 1", "5")
    student.wait("W 1, row 1, column 1", 5)
    student.cell("W 1, row 1, column 2").dblclick()
    student.page.keyboard.type("12")
    student.press("Control+z")
    student.press("Escape")
    student.settle()
    assert student.value("W 1, row 1, column 1") == 5


def test_dragging_a_number_is_one_thing_to_undo(app):
    student = app(STEP)
    box = student.cell("W 1, row 1, column 1").bounding_box()
    x, y = box["x"] + 20, box["y"] + 10
    mouse = student.page.mouse
    mouse.move(x, y)
    mouse.down()
    for step in range(1, 12):
        mouse.move(x + 8 * step, y)
        student.page.evaluate(NEXT_FRAME)
    mouse.up()
    student.page.locator(".pending").first.wait_for(state="detached")
    student.settle()
    assert student.value("W 1, row 1, column 1") != 0.6
    student.press("Control+z")
    student.wait("W 1, row 1, column 1", 0.6)
    expect(student.page.get_by_role("button", name="Undo")).to_be_disabled()


def test_a_broken_link_shows_what_is_wrong_with_it(app):
    student = app()
    for query in ("?s=%3Cscript%3E", "?s=" + "A" * 6500):  # others in `ui/test_keeping`
        student.open(query)
        toast = student.page.locator(".toast")
        assert "The link in the address could not be opened" in toast.inner_text()
        assert student.value("W 1, row 1, column 1") == 0.6
        student.page.get_by_label("close this message").click()
        assert toast.count() == 0


def test_a_cell_that_is_not_there_holds_nothing(app):
    student = app("?cell=W1:2,1")
    assert student.names("td.pinned") != []
    for cell in ("W1:9,9", "__proto__:1"):  # others in `js/address.test.js`
        student.open(f"?cell={cell}")
        assert student.names("td.pinned") == [], cell


def test_a_state_too_long_for_a_link_survives_a_reload(app, tmp_path):
    wide = resized(mlp.EXAMPLES["worksheet"].setup, (40, 40, 1), 20, ("relu", "relu"), (True, True))
    file = tmp_path / "wide.json"
    file.write_text(to_json({"setup": wide}), encoding="utf-8")
    student = app(**CLIPBOARD)
    student.page.get_by_text("File", exact=True).click()
    student.page.get_by_role("tab", name="Open or paste").click()
    student.page.locator('input[type="file"]').set_input_files(file)
    student.page.get_by_text("40-40-1 (relu, relu), 20 examples").wait_for()
    student.page.get_by_role("button", name="Apply").click()
    name, value = "W 1, row 9, column 9", wide.net[1].W[8, 8]
    student.wait(name, value)
    student.press("Escape")
    student.settle()
    student.page.get_by_label("Copy link").click()
    student.page.get_by_text("too long for a link").wait_for()
    assert "s=" not in student.page.url
    student.page.reload()
    student.wait(name, value)


def test_the_server_answers_while_it_is_asked(server):
    """A link of any length reaches the server as part of an address."""
    with urllib.request.urlopen(f"{server}/?s={'A' * 6000}", timeout=5) as answer:
        assert answer.status == 200
