"""A canary in a real browser: no text that anybody brings is ever more than text, on any page.

The browser ignores the server's content policy: what is shown here is that there is nothing
for it to stop.
"""

import json
from urllib.parse import quote

import pytest

from tests.browser.conftest import App
from tests.tools.load.hostile import SCRIPTS
from tests.tools.load.student import PAGES

#: The pages by their names in the address.
ENTRIES = tuple(PAGES.values())

#: What markup would have made of it, in the page and in every shadow root.
BAIT = """() => {
    const roots = [document];
    for (const root of roots)
        for (const node of root.querySelectorAll("*")) if (node.shadowRoot) roots.push(node.shadowRoot);
    const bait = "img[src='x'], svg[onload], iframe[srcdoc], [onerror], [onclick], a[href^='javascript:'], b > script";
    return roots.flatMap((root) => [...root.querySelectorAll(bait)].map((node) => node.outerHTML));
}"""


@pytest.fixture(params=["a third", pytest.param("all", marks=pytest.mark.nightly)])
def texts(request):
    """What wants to be script: all of it at night, a share of it each time."""
    return SCRIPTS if request.param == "all" else SCRIPTS[::3]


@pytest.fixture
def visit(server, browser):
    """Open pages in a browser without a policy; in the end nothing may have sung."""
    context = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 720})
    context.add_init_script("window.c = () => { window.canary = 1; };")
    sung = []

    def come(where="", ready="td:visible"):
        page = context.new_page()
        page.on("dialog", lambda dialog: (sung.append(dialog.message), dialog.dismiss()))
        student = App(page, server)
        page.goto(f"{server}/{where}")
        page.locator(ready).first.wait_for(timeout=30000)
        student.settle()
        return student

    yield come
    for page in context.pages:
        silent(page)
    assert not sung
    context.close()


def silent(page):
    assert page.evaluate("window.canary") is None
    assert page.evaluate(BAIT) == []
    assert page.locator('[data-testid="stException"]').count() == 0


def test_the_canary_sings_where_text_is_markup(visit):
    """The test of this test: what it looks for is found where it is."""
    page = visit().page
    for text in SCRIPTS:
        page.evaluate("text => document.body.insertAdjacentHTML('beforeend', text)", text)
    page.wait_for_function("() => window.canary === 1")
    assert len(page.evaluate(BAIT)) >= 2
    page.close()


@pytest.mark.parametrize("where", ENTRIES)
@pytest.mark.share(2)
def test_links(visit, where, texts):
    ready = {"Memory_and_speed": "table", "Check": "textarea"}.get(where, "td:visible")
    for text in texts[ENTRIES.index(where) % len(texts) :: len(ENTRIES)]:
        student = visit(f"{where}?s={quote(text)}&cell={quote(text)}:1,1&x={quote(text)}", ready)
        silent(student.page)
        student.page.close()


def reading(student):
    """The page, with the part of its File menu open that takes files and texts."""
    student.page.get_by_text("File", exact=True).click()
    student.page.get_by_role("tab", name="Open or paste").click()
    return student.page


def test_pasted_texts_and_states(visit, texts):
    student = visit("Step_through")
    page = reading(student)
    area = page.get_by_label("or paste: a table")
    state = {"format": "mlpscope", "version": 1}
    for text in texts:
        brought = (
            text,
            f"1 2\n{text} 3",
            rf"\begin{{bmatrix}} {text} & 1 \\ 2 & 3 \end{{bmatrix}}",
            json.dumps({**state, "example": text}),
            json.dumps({**state, text: 1}),
            json.dumps({**state, "schedule": text}),
            json.dumps({**state, "lab_place": {"chapter": text, "chosen": {"target": text}}}),
        )
        for kind in (0, 2, 3 + SCRIPTS.index(text) % 4, 1):
            area.fill(brought[kind])
            area.press("Control+Enter")
            student.settle()
            silent(page)
        said = page.locator('[data-testid="stAlert"]').count()
        assert said  # it was read, and refused in words
    area.fill(json.dumps({**state, "lab_place": {"chapter": SCRIPTS[0], "chosen": {"target": SCRIPTS[1]}}}))
    area.press("Control+Enter")
    page.get_by_role("button", name="Apply").click()
    student.settle()
    for name in ("Overview", "Derivation", "Hinge loss", "Memory"):
        page.locator('[data-testid="stPageLink"]').filter(has_text=name).click()
        student.settle()
        silent(page)


def test_files_and_their_names(visit, texts):
    student = visit("Hinge_loss")
    page = reading(student)
    field = page.locator('[data-testid="stFileUploader"] input')
    for text in texts:
        name = text.replace("/", "\u2215")
        file = {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": f"1,2\n{text},4".encode()}
        field.set_input_files(file)
        page.locator('[data-testid="stAlert"]').first.wait_for()
        student.settle()
        silent(page)
        page.locator('[data-testid="stFileUploader"]').get_by_role("button", name="Remove").click()
        page.locator('[data-testid="stAlert"]').first.wait_for(state="detached")


def test_fields_and_cells(visit, texts):
    student = visit("Step_through")
    page = student.page
    page.get_by_text("Network", exact=True).click()
    for text in texts:
        field = page.get_by_label("Units of layer 1")
        field.fill(text)
        field.press("Enter")
        page.locator('[data-testid="stAlert"]').first.wait_for()
        student.settle()
        silent(page)
    page.get_by_text("Network", exact=True).click()
    student.settle()
    for text in texts:
        student.cell("W 1, row 1, column 1").dblclick()
        page.keyboard.insert_text(text)
        student.press("Enter")
        page.locator(".bubble").first.wait_for()
        silent(page)
        student.cell("W 1, row 1, column 1").evaluate(
            """(cell, text) => {
                const data = new DataTransfer();
                data.setData("text", `${text}\\t1\\n2\\t3`);
                cell.dispatchEvent(
                    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, composed: true }));
            }""",
            text,
        )
        silent(page)


def test_what_a_tab_kept(visit, server, texts):
    student = visit("Step_through")
    page = student.page
    for text in texts:
        document = json.dumps({"format": "mlpscope", "version": 1, "example": text})
        page.evaluate("doc => sessionStorage.setItem('mlpscope', doc)", document)
        page.goto(f"{server}/Step_through")
        page.locator("td:visible").first.wait_for()
        student.settle()
        page.locator(".toast").first.wait_for()
        assert "could not be brought back" in page.locator(".toast").inner_text()
        silent(page)
