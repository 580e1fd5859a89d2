"""The page Training in a browser: what takes long, and what must not flicker."""

import os
from dataclasses import replace

import mlpcore as mlp
from pages.ui.state import saved
from pages.ui.state.app_state import make_initial_state
from pages.ui.state.training_page import TrainingChoice

SITE = "MLPSCOPE_SITE" in os.environ
#: From now on, the opacities of what a rerun has not drawn yet.
WATCH_STALE = """() => {
  window.opacities = new Set();
  const look = () => {
    for (const x of document.querySelectorAll('[data-stale="true"]')) window.opacities.add(getComputedStyle(x).opacity);
    requestAnimationFrame(look);
  };
  look();
}"""

LEGEND_IS_BELOW = """() => {
  const top = (part) => document.querySelector(`.mlp-chart ${part}`).getBoundingClientRect().top;
  return top(".legend") > top(".xtitle");
}"""


def open_courses(visitor, steps):
    """Open the page for so many steps of every optimiser."""
    choice = TrainingChoice(steps=steps, optimisers=tuple(mlp.OPTIMISERS))
    link = saved.build_keep_payload(replace(make_initial_state(), training=choice))["link"]
    visitor.page.goto(f"{visitor.url}/Training?s={link}")
    return visitor.page


def test_nothing_jumps_or_fades_and_matrices_have_the_stage_to_themselves(app):
    student = app()
    plotly = []
    student.page.route("**/PlotlyChart*.js", lambda route: plotly.append(route))  # it is large, and comes last
    page = open_courses(student, 624 if SITE else 1200)
    slider = page.get_by_role("slider", name="Learning rate η")
    page.get_by_role("button", name="Losses as CSV").wait_for(timeout=60000)
    chart, table = page.locator(".mlp-chart"), page.locator(".mlp-table")
    student.settle()
    room = chart.bounding_box()["height"], table.bounding_box()["y"]
    plotly[0].continue_()
    page.locator(".mlp-chart[data-drawn]").wait_for()
    assert (chart.bounding_box()["height"], table.bounding_box()["y"]) == room
    page.evaluate(WATCH_STALE)
    slider.press("ArrowLeft")
    student.settle()
    opacities = page.evaluate("[...opacities]")
    assert opacities == ["1"] or (SITE and not opacities)  # there a run may be over before a frame shows it
    page.evaluate("document.activeElement.blur()")
    student.press("f")
    assert page.locator(".presenting").count() == 0  # without matrices there is nothing to present
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".mlp-chart .legend").wait_for()
    # On a phone the names of the curves stand below them, not over the title.
    page.wait_for_function(LEGEND_IS_BELOW)
    # And what is drawn stands above its settings.
    assert chart.bounding_box()["y"] < page.locator(".st-key-training-settings").bounding_box()["y"]
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_text("Every matrix").click()
    student.cell("W 1, row 1, column 1").wait_for()
    assert page.locator(".doors").count() == 0  # the Overview alone shows what this is


def test_a_long_training_shows_the_time_left_and_is_cancelled_while_another_visitor_edits(app):
    other, student = app(), app()
    page = open_courses(student, 20_000)
    if SITE:  # one thread, which could neither show progress nor be interrupted
        page.get_by_text("Not trained: at this size at most 624 steps of each are taken here.").wait_for(timeout=60000)
        return
    train = page.get_by_role("button", name="Train 20,000 steps of 8 optimisers")
    train.click()
    page.get_by_text(" s left").wait_for()
    other.cell("W 1, row 1, column 1").focus()
    other.page.keyboard.type("0.5")
    other.press("Enter")
    other.wait("S 1, row 1, column 1", 0.5 * 0.75 + 0.01 * 0.8)
    page.get_by_role("button", name="Cancel").click()
    train.wait_for()
    student.settle()
    assert page.get_by_text(" s left").count() == 0
