"""Typing, pasting and scrubbing in the cell; what is wrong is shown at the cell and nothing is lost."""

import pytest

import mlpcore as mlp
from mlpcore.setup import with_cells

STEP = "Step_through"


def type_into(student, name, text, key="Enter"):
    student.cell(name).dblclick()
    student.page.keyboard.type(text)
    student.press(key)


def test_everything_downstream_follows_and_is_marked(app):
    student = app(STEP)
    type_into(student, "W 1, row 2, column 1", "-0.9")
    setup, _ = with_cells(mlp.EXAMPLES["worksheet"].setup, [(mlp.W(1), (1, 0), -0.9)])
    values = setup.run()[1]
    student.wait("S 1, row 2, column 1", values[mlp.S(1)][1, 0])
    marked = student.page.locator("td.changed:visible").evaluate_all("c => c.map(x => x.getAttribute('aria-label'))")
    assert {m.rsplit(",", 1)[0] for m in marked} == {
        "W 1, row 2, column 1",
        *(f"S 1, row 2, column {n}" for n in (1, 2, 3, 4)),
    }
    assert student.page.locator(".list button.changed").count() == 18
    student.press("Escape", "End")
    student.wait("new L", float(f"{values[mlp.after(mlp.loss)]:.6f}"))


TYPED = (("0,5", 0.5), (".25", 0.25), ("1e-2", 0.01), ("\u22120.25", -0.25), ("+3", 3), (" 7 ", 7), ("3 / 4", 0.75),
    ("12.5%", 0.125), ("2\u00b710^-3", 0.002),
)  # fmt: skip


@pytest.mark.site
def test_numbers_as_people_write_them(app):
    student = app(STEP)
    for text, value in TYPED:
        type_into(student, "W 1, row 1, column 1", text)
        student.wait("W 1, row 1, column 1", value)
    type_into(student, "W 1, row 1, column 1", "1/0")
    student.page.get_by_role("alert").filter(has_text="\u201c1/0\u201d is not a number").wait_for()
    assert student.value("W 1, row 1, column 1") == 0.002


#: What is no number, and what is said of it: never the same twice in a row, so that an old message is none.
NO_NUMBERS = (
    ("abc", "is not a number"),
    ("nan", "not a finite number"),
    ("1.2.3", "is not a number"),
    ("Infinity", "not a finite number"),
    ("<img src=x onerror=alert(1)>", "is not a number"),
    ("1e400", "too large"),
    (" ", "nothing was typed"),
)


def test_what_is_no_number_is_refused_at_the_cell(app):
    student = app(STEP)
    type_into(student, "W 1, row 1, column 2", "0.25")
    student.wait("W 1, row 1, column 2", 0.25)
    for text, says in NO_NUMBERS:
        type_into(student, "W 1, row 1, column 1", text)
        bubble = student.page.get_by_role("alert").filter(has_text=says)
        assert "is still 0.6" in bubble.inner_text()
        cell, message = student.cell("W 1, row 1, column 1").bounding_box(), bubble.bounding_box()
        assert abs(message["y"] - cell["y"]) < 120
        assert student.value("W 1, row 1, column 1") == 0.6
        assert student.value("W 1, row 1, column 2") == 0.25


def test_escape_leaves_the_old_value(app):
    student = app(STEP)
    type_into(student, "W 1, row 1, column 1", "5", key="Escape")
    student.settle()
    assert student.value("W 1, row 1, column 1") == 0.6


def test_tab_and_enter_go_on_to_the_next_cell(app):
    student = app(STEP)
    student.cell("W 1, row 1, column 1").focus()
    for text in ("1", "-1", "2", "0.5"):  # Tab at the end of a row goes to the next
        student.page.keyboard.type(text)
        student.press("Tab")
    for (r, c), value in (((1, 1), 1), ((1, 2), -1), ((2, 1), 2), ((2, 2), 0.5)):
        student.wait(f"W 1, row {r}, column {c}", value)
    student.cell("W 1, row 1, column 1").focus()
    student.page.keyboard.type("1")
    student.press("Tab")
    student.page.keyboard.type("2")
    student.press("Enter")
    student.page.keyboard.type("3")
    student.press("Enter")
    for name, value in (("row 1, column 1", 1), ("row 1, column 2", 2), ("row 2, column 2", 3)):
        student.wait(f"W 1, {name}", value)


PASTE = """([text]) => {
    let e = document.activeElement; while (e?.shadowRoot) e = e.shadowRoot.activeElement;
    const data = new DataTransfer(); data.setData("text/plain", text);
    const how = { clipboardData: data, bubbles: true, composed: true, cancelable: true };
    e.dispatchEvent(new ClipboardEvent("paste", how));
}"""


def paste(student, name, text):
    student.cell(name).focus()
    student.page.evaluate(PASTE, [text])


#: One block, as spreadsheets, programs and papers write it.
BLOCKS = ("1\t2\n3\t4", "1;2\r\n3;4\r\n", "1, 2\n3, 4", "1 2\n3 4", "1,0\t2,0\n3,0\t4,0",
    "1.0,2e0\n3.0,4.0", "A = [1 2; 3 4]", "np.array([[1., 2.],\n          [3., 4.]], dtype=float)", "[[1 2]\n [3 4]]",
    "np.array([[1, 3], [2, 4]]).T", r"\begin{pmatrix} 1 & 2 \\ 3 & 0.4\cdot 10^{1} \end{pmatrix}",
)  # fmt: skip


def test_a_block_is_pasted(app):
    student = app(STEP)
    for text in BLOCKS:
        paste(student, "W 1, row 2, column 1", text)
        for name, value in (("2, column 1", 1), ("2, column 2", 2), ("3, column 1", 3), ("3, column 2", 4)):
            student.wait(f"W 1, row {name}", value)
        student.wait("S 1, row 3, column 1", 3 * 0.75 + 4 * 0.8)
        student.press("Control+z")
        student.wait("W 1, row 2, column 1", 0.7)


#: What does not fit from W_1[2, 1] on, and what is said of it.
MISFITS = (
    ("1\t2\t3", "1\u00d73, but from W_1[2, 1] on there is room for 2\u00d72"),
    ("1\t2\n3", "Row 2 has 1 cell, row 1 has 2 cells. Nothing was changed."),
    ("1\tx", "Row 1, column 2: \u201cx\u201d is not a number"),
    ("-np.array([[1, 2], [3, 4]])", "only one matrix is read at a time"),
    ("1.2.3", "is not a number"),
    ("1,5\n2,5\n3,5", "3\u00d72, but from"),
)


def test_a_block_that_does_not_fit_changes_nothing(app):
    student = app(STEP)
    for text, says in MISFITS:
        paste(student, "W 1, row 2, column 1", text)
        student.page.get_by_role("alert").filter(has_text=says).wait_for()
        assert student.value("W 1, row 2, column 1") == 0.7


def test_a_block_into_a_transposed_matrix(app):
    """In dL/dW_1 the input stands transposed; what is pasted goes where it is seen to go."""
    student = app(STEP)
    student.press("End", *["ArrowLeft"] * 7)
    assert student.counter == "11 / 18"
    paste(student, "Z 0, row 1, column 3", "5\t6")
    student.wait("Z 0, row 1, column 3", 5)
    student.wait("Z 0, row 2, column 3", 6)


def test_dragging_sideways_scrubs(app):
    student = app(STEP)
    box = student.cell("W 1, row 1, column 1").bounding_box()
    x, y = box["x"] + 20, box["y"] + 20
    mouse = student.page.mouse
    mouse.move(x, y)
    mouse.down()
    for by in range(4, 84, 4):
        mouse.move(x + by, y)
    mouse.up()
    student.wait("W 1, row 1, column 1", 0.8)
    student.wait("S 1, row 1, column 1", 0.8 * 0.75 + 0.01 * 0.8)


@pytest.mark.site
def test_quick_edits_in_three_cells_all_survive(app):
    student = app(STEP)
    for row, value in ((1, 2), (2, 3), (3, 4)):
        student.cell(f"W 1, row {row}, column 1").focus()
        student.page.keyboard.type(str(value))
        student.press("Enter")
    for row, value in ((1, 2), (2, 3), (3, 4)):
        student.wait(f"S 1, row {row}, column 2", value * 0.2 + (0.01, 0.43, 0.88)[row - 1] * 0.05)


def test_switching_pages_loses_nothing(app):
    student = app()
    type_into(student, "rate", "0.25")
    student.settle()
    student.page.get_by_role("link", name="Step through").click()
    student.page.locator(".counter").wait_for()
    student.settle()
    student.page.get_by_role("button", name="step 12", exact=False).click()
    student.wait("rate", 0.25)


def test_typing_a_one_moves_the_class(app):
    student = app()
    student.choose("Three classes")
    type_into(student, "Y, row 3, column 1", "1")
    student.wait("Y, row 1, column 1", 0)
    student.wait("Y, row 3, column 1", 1)
    type_into(student, "Y, row 1, column 1", "0.25")  # a soft target: the rest stays with the other classes
    student.wait("Y, row 1, column 1", 0.25)
    student.wait("Y, row 3, column 1", 0.75)
    type_into(student, "Y, row 1, column 1", "1.5")
    student.page.get_by_role("alert").wait_for()
    assert "type 1 at the true class" in student.page.get_by_role("alert").inner_text()
    assert student.value("Y, row 1, column 1") == 0.25


def test_play_stops_for_an_edit(app):
    student = app(STEP, alone=True)
    student.page.clock.install()
    student.page.get_by_label("Speed").select_option("slow")
    student.press(" ")
    student.page.clock.run_for(3000)
    student.page.get_by_text("2 / 18").wait_for()
    student.press("Home")
    student.cell("W 1, row 1, column 1").dblclick()
    student.page.keyboard.type("0.125")
    student.page.clock.run_for(9000)
    assert student.counter == "1 / 18"
    student.press("Enter")
    student.wait("W 1, row 1, column 1", 0.125)
    assert student.counter == "1 / 18"


def test_escape_undoes_a_drag(app):
    student = app(STEP)
    box = student.cell("W 1, row 2, column 1").bounding_box()
    mouse = student.page.mouse
    mouse.move(box["x"] + 20, box["y"] + 20)
    mouse.down()
    mouse.move(box["x"] + 60, box["y"] + 20)
    student.wait("W 1, row 2, column 1", 0.8)
    student.press("Escape")
    mouse.up()
    student.wait("W 1, row 2, column 1", 0.7)
    student.settle()
    assert student.value("W 1, row 2, column 1") == 0.7


def test_a_computed_cell_is_announced_as_computed(app):
    student = app(STEP)
    student.cell("S 1, row 1, column 1").focus()
    student.press("5")
    assert "S_1 is computed, not typed" in student.page.get_by_role("alert").inner_text()
    paste(student, "S 1, row 1, column 2", "7")
    assert "S_1 is computed, not typed" in student.page.get_by_role("alert").inner_text()
    student.cell("S 1, row 2, column 1").dblclick()
    assert "S_1 is computed, not typed" in student.page.get_by_role("alert").inner_text()
    student.cell("W 1, row 1, column 1").click()
    assert student.page.get_by_role("alert").count() == 0
    assert student.value("S 1, row 1, column 1") == 0.458


def test_a_computed_cell_of_the_whole_pass_opens_no_other_page(app):
    student = app()
    student.cell("S 1, row 1, column 2").dblclick()
    assert "change a matrix in a solid frame" in student.page.get_by_role("alert").inner_text()
    student.settle()
    assert student.page.locator(".wall").count() == 1
    student.page.get_by_role("button", name="open the step of S 1, preactivation", exact=False).first.click()
    student.page.locator(".counter").wait_for()


def test_opening_the_layers_changes_nothing(app):
    """The popover's fields are built when it opens, after other runs; they must not report themselves."""
    student = app()
    page = student.page
    student.network("Loss", "Cross-entropy of softmax")
    before = student.names("td")
    values = page.locator("td").evaluate_all("c => c.map(x => x.textContent)")
    page.get_by_role("button", name="Network").click()
    page.get_by_text("there is none").wait_for()
    student.settle()
    assert page.get_by_label("Units of layer 1", exact=True).input_value() == "3"
    assert page.get_by_text("is not a whole number").count() == 0
    assert student.names("td") == before
    assert page.locator("td").evaluate_all("c => c.map(x => x.textContent)") == values
    field = page.get_by_label("Units of layer 1", exact=True)
    field.fill("abc")
    field.press("Enter")
    page.get_by_text("\u201cabc\u201d is not a whole number from 1 to 256").wait_for()
    student.settle()
    assert page.get_by_label("Units of layer 1", exact=True).input_value() == "3"
    assert student.names("td") == before
