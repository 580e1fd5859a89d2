"""The laboratory of exercise 4 in a browser: charts that stay, a plan that plays, a run and its end."""

import pytest

from pages.ui.state.memory_page import MemoryChoice
from tests.browser.test_hinge import drawn


@pytest.fixture
def lab(app):
    student = app("Memory_and_speed")
    drawn(student, 1)
    pick(student, "Network", "current network")
    return student


def pick(lab, label, option):
    lab.page.get_by_role("combobox", name=label).click()
    lab.page.get_by_role("option", name=option, exact=False).first.click()
    lab.settle()


def chapter(lab, name):
    lab.page.get_by_role("radio", name=name).or_(lab.page.get_by_role("button", name=name, exact=True)).first.click()
    lab.settle()


def test_the_timeline_is_redrawn_in_place_under_a_slider(lab):
    pick(lab, "Network", "deep and narrow")
    pick(lab, "Cached for the backward pass", "gradient checkpointing, every k layers")
    (before,) = drawn(lab, 1)
    page = lab.page
    page.evaluate("""() => {
        window.gone = 0;
        const chart = document.querySelector('.mlp-chart .main-svg');
        const top = () => Math.round(chart.getBoundingClientRect().top);
        const first = top();
        window.watch = setInterval(() => { if (!chart.isConnected || top() !== first) window.gone++; }, 5);
    }""")
    slider = page.get_by_role("slider").last
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("n => Number(document.querySelector('.mlp-chart').dataset.drawn) > n", arg=before)
    lab.settle()
    assert page.evaluate("window.gone") == 0
    assert page.get_by_text("every 8 layers").count()


def test_a_plan_with_a_number_plays_on_the_stage(lab):
    pick(lab, "Cached for the backward pass", "micro-batches of n")
    lab.page.get_by_role("button", name="Play this plan").click()
    lab.page.locator("td:visible").first.wait_for()
    lab.settle()
    lab.page.get_by_role("button", name="Network").click()
    lab.page.locator('[data-testid="stSelectbox"] input[value="micro-batches of 4"]').wait_for()
    assert lab.counter.startswith("1 /")


def test_what_was_chosen_is_still_shown_after_another_chapter(lab):
    pick(lab, "Cached for the backward pass", "gradient checkpointing, every k layers")
    page = lab.page
    for _ in range(2):
        chapter(lab, "Measure")
        ticked = page.get_by_test_id("stButtonGroup").last.locator(
            "button[aria-checked=true], button[aria-pressed=true]"
        )
        assert ticked.count() == len(MemoryChoice().schedules) - 1  # of all but what they are held against
        chapter(lab, "Plan")
        page.locator('[data-testid="stSelectbox"] input[value="gradient checkpointing, every k layers"]').wait_for(
            timeout=5000
        )


def test_a_run_shows_progress_ends_and_stops_asking(lab):
    chapter(lab, "Measure")
    drawn(lab, 1)
    lab.page.get_by_role("button", name="Measure on this machine").click()
    lab.page.get_by_role("button", name="Download 1 measurement as CSV").wait_for(timeout=60000)
    lab.settle()
    assert lab.page.get_by_role("button", name="Cancel").count() == 0
    # Nobody asks the server any more: no message goes out while nothing happens.
    sent = []
    lab.page.on("websocket", lambda _: sent.append("new"))
    before = lab.page.evaluate("document.querySelector('.mlp-chart').dataset.drawn")
    states = lab.page.evaluate("""() => new Promise((done) => {
        const app = document.querySelector('[data-testid=stApp]');
        let runs = 0;
        const watch = new MutationObserver(() => { if (app.dataset.testScriptState !== 'notRunning') runs++; });
        watch.observe(app, { attributes: true });
        setTimeout(() => done(runs), 1800);
    })""")
    assert states == 0
    assert lab.page.evaluate("document.querySelector('.mlp-chart').dataset.drawn") == before


def test_a_run_is_cancelled(lab):
    pick(lab, "Network", "deep and narrow")
    chapter(lab, "Measure")
    lab.page.get_by_role("button", name="Measure on this machine").click()
    lab.page.get_by_role("button", name="Cancel").click()
    lab.page.get_by_role("button", name="Cancel").wait_for(state="detached")
    lab.settle()
    assert lab.page.get_by_text("Counted, not yet measured at this size.").count() == 1


@pytest.mark.parametrize("name", ["Plan", "Measure", "Scaling", "Z only"])
@pytest.mark.share(1)
def test_on_a_phone_nothing_is_wider_than_the_screen(app, name):
    student = app("Memory_and_speed", viewport={"width": 390, "height": 844})
    drawn(student, 1)
    chapter(student, name)
    drawn(student, 1)
    assert student.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    link = student.page.get_by_role("link", name="Memory and speed").bounding_box()
    assert link["x"] >= 0
    assert link["x"] + link["width"] <= 390  # the row of links is scrolled to it


def test_what_is_chosen_is_in_the_link(lab, app):
    pick(lab, "Network", "784-512-256-10")
    chapter(lab, "Scaling")
    lab.page.wait_for_function("() => new URL(location.href).searchParams.has('s')")
    again = app("Memory_and_speed")  # another visitor
    again.page.goto(lab.page.url)
    drawn(again, 1)
    again.settle()
    for student in (again, lab):
        student.page.locator('[data-testid="stSelectbox"] input[value="784-512-256-10"]').wait_for(timeout=5000)
        assert student.page.get_by_text("Over", exact=True).count()


def test_the_network_has_its_name_while_its_sizes_change(lab):
    """The browser names a choice by the words it was shown, and every second change had left the old ones there."""
    chosen = lab.page.get_by_test_id("stSelectbox").first
    for widths in ("2-3-3-1", "2-3 x 3-1", "2-3 x 4-1"):
        lab.page.get_by_role("slider", name="Layers").press("ArrowRight")
        chosen.get_by_text(f"Network: {widths}", exact=True).wait_for()
        lab.settle()
        assert chosen.locator("input").input_value() == "sizes chosen here"
