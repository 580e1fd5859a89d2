"""Check one's own numbers: from a matrix of the pass to the mistake's name and its chapter."""

import re

WRONG = "-0.0120\t-0.0147\n-0.0224\t-0.0273\n-0.0339\t0.0016"
PASTE = """(field, text) => {
    const data = new DataTransfer();
    data.setData("text", text);
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_a_wrong_gradient_leads_to_its_mistake_and_its_chapter_in_three_gestures(app):
    student = app()
    page = student.page
    pencil = page.get_by_role("button", name="check your own gradient of the loss by W 1", exact=True)
    pencil.click()  # the first
    field = page.get_by_role("textbox", name="your own gradient of the loss by W 1")
    field.evaluate(PASTE, WRONG)  # the second
    page.get_by_text("W already updated").wait_for()
    cell = page.locator(".mlp-check td[tabindex='0']")
    assert cell.get_attribute("aria-label") == "row 1, column 1: −0.0120, should be −0.0034, wrong"
    cell.focus()
    student.press("ArrowDown", "ArrowRight")
    spoken = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert spoken.startswith("row 2, column 2: −0.0273, should be ")
    page.get_by_role("button", name="Derivation: Last layer to first").click()  # the third
    page.get_by_role("button", name="Last layer to first", pressed=True).wait_for()
    student.settle()
    page.locator('[data-testid="stPageLink"]').filter(has_text=re.compile("^Check$")).click()
    area = page.get_by_label("Your matrices", exact=False)
    area.wait_for()
    assert area.input_value() == f"dL/dW_1 =\n{WRONG}"


def test_own_numbers_that_cannot_be_read_are_answered_beside_them_and_kept(app):
    page = (student := app("Step_through")).page
    page.get_by_role("button", name="check your own S 1", exact=True).first.click()
    field = page.get_by_role("textbox", name="your own S 1")
    field.fill("1 2\n3 x")
    field.press("Control+Enter")
    assert "Row 2, column 2: “x” is not a number." in page.get_by_role("alert").inner_text()
    student.press("Escape")
    page.get_by_role("button", name="check your own S 1", exact=True).first.click()
    assert field.input_value() == "1 2\n3 x"
