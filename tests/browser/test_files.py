"""Matrices read_clipboard, solutions saved, and the row of controls they are reached by, in a real browser."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mlpcore.exchange import read_matrix
from tests.browser.test_keep import CLIPBOARD, EXACT, STEP, read_clipboard, type_into

WAYS = ("NumPy", "LaTeX", "MATLAB", "CSV", "Spreadsheet")


def test_every_matrix_can_be_copied_in_every_way(app):
    student = app(STEP, **CLIPBOARD)
    type_into(student, "W 1, row 3, column 1", "1e-7")
    student.wait("W 1, row 3, column 1", 1e-7)
    wanted = [[0.6, 0.01], [0.7, 0.43], [1e-7, 0.88]]
    for name in WAYS:
        student.page.locator('[aria-label="W 1, weights, 3 by 2"]:visible').hover()
        student.page.locator('[aria-label="copy W 1 as text"]:visible').click()
        student.page.get_by_role("menuitem", name=name).click()
        student.page.get_by_text(f"Copied as {name}.").wait_for()
        text = read_clipboard(student)
        assert read_matrix(text).tolist() == wanted, text
        if name == "NumPy":
            assert np.array_equal(eval(text, {"np": np}), wanted)


def test_cells_take_what_was_copied_here(app):
    """Numbers that are whole, tiny and negative, into a cell that is held and into one that is being typed in.

    A spreadsheet is given the decimal comma of its reader.
    """
    student = app(STEP, **CLIPBOARD, locale="de-DE")
    for name in WAYS:
        type_into(student, "Z 0, row 1, column 1", "1")
        type_into(student, "Z 0, row 2, column 1", "-3e-7")
        type_into(student, "Z 0, row 1, column 2", "0")
        type_into(student, "Z 0, row 2, column 2", "2")
        student.page.locator('[aria-label="copy Z 0 as text"]:visible').click()
        student.page.get_by_role("menuitem", name=name).click()
        student.page.get_by_text(f"Copied as {name}.").wait_for()
        text = read_clipboard(student)
        assert ("-0,75" in text) is (name == "Spreadsheet"), text
        for held in (True, False):
            student.page.get_by_role("button", name="Start again").click()
            student.wait("Z 0, row 1, column 1", 0.75)
            student.cell("Z 0, row 1, column 1").click()
            if not held:
                student.press("Enter")
            student.press("Control+v")
            student.wait("Z 0, row 1, column 1", 1)  # the page shows the block once the server has read it
            for cell, value in (("1, column 1", 1), ("2, column 1", -3e-7), ("1, column 2", 0), ("2, column 4", -0.05)):
                assert student.value(f"Z 0, row {cell}") == value, text


def test_a_paste_that_can_be_read_in_two_ways_asks(app):
    student = app(STEP, **CLIPBOARD)
    student.cell("Z 0, row 1, column 1").click()
    student.page.evaluate("navigator.clipboard.writeText('1,2\\n3,4')")
    student.press("Control+v")
    student.page.get_by_role("menuitem", name="2×2 beginning with 1 and 2").wait_for()
    student.press("ArrowDown", "Enter")
    student.wait("Z 0, row 2, column 1", 3.4)
    assert [student.value(f"Z 0, row 1, column {c}") for c in (1, 2)] == [1.2, 0.2]


def test_the_copy_menu_works_by_key(app):
    student = app(STEP, **CLIPBOARD)
    student.page.locator('[aria-label="copy W 1 as text"]:visible').focus()
    student.press("Enter", "ArrowDown", "ArrowDown", "Enter")
    student.page.get_by_text("Copied as MATLAB.").wait_for()
    assert read_clipboard(student) == "[0.6 0.01; 0.7 0.43; 0 0.88]"
    assert student.counter == "1 / 18"


@pytest.mark.site
def test_files_are_of_the_work_as_it_is_on_the_click(app):
    student = app(accept_downloads=True)
    student.page.get_by_text("File", exact=True).click()
    student.page.get_by_role("button", name="State", exact=True).wait_for()
    student.press("Escape")
    type_into(student, "W 1, row 1, column 1", repr(EXACT))
    student.wait("W 1, row 1, column 1", 0.3)
    student.page.locator(".pending").first.wait_for(state="detached")
    student.settle()
    student.page.get_by_text("File", exact=True).click()
    for label, name in (("State", "mlpscope.json"), ("NumPy", "pass.py"), ("LaTeX", "pass.tex")):
        with student.page.expect_download() as download:
            student.page.get_by_role("button", name=label, exact=True).click()
        assert download.value.suggested_filename == name
        text = Path(download.value.path()).read_text(encoding="utf-8")
        if label == "State":
            assert json.loads(text)["setup"]["layers"][0]["W"][0][0] == EXACT
        elif label == "NumPy":
            exec(compile(text, name, "exec"), {})
        else:
            assert r"\begin{bmatrix} 0.3000 & 0.0100" in text
    student.press("Escape")
    student.page.get_by_role("link", name="Hinge loss").click()
    student.page.get_by_role("grid", name="O, logits").first.wait_for()  # the menu of the page before is gone
    student.settle()
    student.page.get_by_text("File", exact=True).click()
    with student.page.expect_download() as download:
        student.page.get_by_role("button", name="LaTeX", exact=True).click()
    assert download.value.suggested_filename == "exercise_3.tex"
    assert "Example 4: true class 1" in Path(download.value.path()).read_text(encoding="utf-8")


def test_the_controls_stand_in_one_row(app):
    student = app()
    for name, width in product(("Overview", "Step through", "Derivation", "Hinge loss"), (1280, 1440)):
        student.page.locator('[data-testid="stPageLink"] a').filter(has_text=name).click()
        student.page.wait_for_function("(name) => document.title.startsWith(name)", arg=name)
        student.page.set_viewport_size({"width": width, "height": 800})
        student.settle()
        tops = [
            student.page.get_by_text(text, exact=True).first.bounding_box()["y"]
            for text in ("Overview", "File", "Derivation")
        ]
        undo = student.page.get_by_role("button", name="Undo").bounding_box()
        assert max(tops) - min(tops) < 12
        assert abs(undo["y"] + undo["height"] / 2 - tops[0]) < 20
