"""The page Training in a browser: a training that takes long."""

from dataclasses import replace

import mlpcore as mlp
from pages.ui.state import saved
from pages.ui.state.app_state import make_initial_state
from pages.ui.state.training_page import TrainingChoice


def test_a_long_training_shows_the_time_left_and_is_cancelled_while_another_visitor_edits(app):
    choice = TrainingChoice(steps=20_000, optimisers=tuple(mlp.OPTIMISERS))
    link = saved.build_keep_payload(replace(make_initial_state(), training=choice))["link"]
    other, student = app(), app()
    page = student.page
    page.goto(f"{student.url}/Training?s={link}")
    train = page.get_by_role("button", name="Train 20,000 steps of 8 optimisers")
    train.click(timeout=60000)  # without a server Python starts first
    page.get_by_text(" s left").wait_for()
    other.cell("W 1, row 1, column 1").focus()
    other.page.keyboard.type("0.5")
    other.press("Enter")
    other.wait("S 1, row 1, column 1", 0.5 * 0.75 + 0.01 * 0.8)
    page.get_by_role("button", name="Cancel").click()
    train.wait_for()
    student.settle()
    assert page.get_by_text(" s left").count() == 0
