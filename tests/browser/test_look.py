"""What it looks like: sizes, themes, no page that scrolls sideways, one truth in two languages."""

import json

import pytest
from playwright.sync_api import expect

import mlpcore as mlp
from mlpcore.equations import cells
from mlpcore.equations.steps import ALL
from mlpcore.exchange import Digits
from tests.browser.conftest import wait_until

STEP = "Step_through"
SCREENS = {"beamer": (1280, 720), "desk": (1440, 900), "phone": (390, 844)}


@pytest.mark.parametrize("where", ["", STEP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", list(SCREENS))
@pytest.mark.share(3)
def test_fits_the_screen(app, screen, scheme, where):
    width, height = SCREENS[screen]
    student = app(where, viewport={"width": width, "height": height}, color_scheme=scheme)
    wide = student.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    small = student.page.locator("td:visible").evaluate_all(
        "c => Math.min(...c.map(x => parseFloat(getComputedStyle(x).fontSize)))"
    )
    assert small >= (18 if where and screen != "phone" else 10)
    # Every digit is inside its cell and stands out from it.
    cells = student.page.locator("td:visible")
    assert cells.evaluate_all("cells => cells.filter((c) => c.scrollWidth > c.clientWidth + 1).length") == 0
    assert faintest(cells) >= 4.5


def faintest(cells):
    """The least contrast of digits with what they are painted on: cell, veils over it, and the opacity of both."""
    return cells.evaluate_all(
        """cells => {
            const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
            const page = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor;
            const over = (layers, opacity) => {
                for (const [colour, alpha] of [[page, 1], ...layers.map((c) => [c, 1]), [page, 1 - opacity]]) {
                    context.globalAlpha = alpha; context.fillStyle = colour; context.fillRect(0, 0, 1, 1);
                }
                const f = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
                const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
                return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
            };
            return Math.min(...cells.map((c) => {
                const s = getComputedStyle(c);
                const colour = /\\w+\\([^)]*\\)/;
                const veils = c.matches(".struck") ? [s.backgroundImage.split("gradient(")[1].match(colour)[0]] : [];
                if (s.boxShadow.includes("99px")) veils.push(s.boxShadow.match(colour)[0]);
                let opacity = 1;
                for (let node = c; node; node = node.parentElement) opacity *= getComputedStyle(node).opacity;
                const ground = [s.backgroundColor, ...veils];
                const [a, b] = [over([...ground, s.color], opacity), over(ground, opacity)].sort((x, y) => y - x);
                return (a + 0.05) / (b + 0.05);
            }));
        }"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.share(1)
def test_what_steps_back_can_still_be_read(app, scheme):
    """Matrices that have nothing to do with the cell that is pointed at, and terms that are crossed out."""
    student = app(color_scheme=scheme)
    student.cell("W 1, row 1, column 1").hover()
    assert student.page.locator(".tile.dimmed:visible").count() == 0
    student.page.locator("summary").filter(has_text="View").click()
    student.page.get_by_label("Dim what a pointed cell does not concern").check()
    student.page.locator("summary").filter(has_text="View").click()
    for name in ("W 1, row 1, column 1", "delta 1, row 1, column 1"):
        student.cell(name).hover()
        assert student.page.locator(".tile.dimmed:visible").count() > 1
        assert faintest(student.page.locator("td:visible")) >= 4.5
    student = app("Hinge_loss", color_scheme=scheme)
    student.page.get_by_role("button", name="Term by term").click()
    student.settle()
    crossed = 0
    for _ in range(12):
        crossed += student.page.locator("td.struck:visible").count()
        assert faintest(student.page.locator("td:visible:not(.veiled)")) >= 4.5
        student.press("ArrowRight")
    assert crossed


#: Cells and ends of scales that do not show their number whole.
CUT_OFF = """() => [...document.querySelectorAll("*")]
    .flatMap((e) => [...(e.shadowRoot?.querySelectorAll("td, .scale") ?? [])])
    .filter((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        const [text, box] = [range.getBoundingClientRect(), node.getBoundingClientRect()];
        return text.right > box.right + 1 || text.bottom > box.bottom + 1;
    }).map((node) => node.textContent)"""


def test_decimals_are_chosen_once_for_all_pages(app):
    student = app()
    student.page.get_by_label("Decimals").select_option("2")
    for where, name, shown in (
        ("Overview", "S 1, row 1, column 2", "0.12"),
        ("Step through", "S 1, row 1, column 2", "0.12"),
        ("Derivation", "Z 0, row 1, column 1", "0.75"),
        ("Hinge loss", "O, row 1, column 1", "\u22122.00"),
        ("Step through", "S 1, row 1, column 2", "0.12"),
    ):
        student.page.get_by_role("link", name=where).click()
        student.cell(name).wait_for()
        student.settle()
        assert student.page.get_by_label("Decimals").input_value() == "2", where
        assert student.cell(name).inner_text() == shown
        assert student.page.evaluate(CUT_OFF) == [], where
    student.cell("S 1, row 1, column 2").hover()
    assert student.page.locator(".reader .numbers").inner_text().endswith("= 0.12")
    student.page.get_by_label("Decimals").select_option("8")
    student.page.reload()
    student.cell("S 1, row 1, column 2").wait_for()
    assert student.page.get_by_label("Decimals").input_value() == "8"


def test_what_a_cell_feeds_is_listed_completely(app):
    student = app()
    for name in ("Z 0", "S 1", "W 1", "delta 2"):
        student.cell(f"{name}, row 1, column 1").hover()
        assert "new L" in student.page.locator(".reader").inner_text()
        assert student.page.locator(".reader").evaluate("r => r.scrollHeight - r.clientHeight") <= 0


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("where", ["", STEP, "Derivation", "Hinge_loss"])
@pytest.mark.share(1)
def test_on_a_phone_texts_are_complete_and_about_fingers(app, where):
    student = app(where, **PHONE)
    reader = student.page.locator(".reader")
    assert "Point" not in reader.inner_text()
    assert "ap a cell" in reader.inner_text()
    assert reader.evaluate("r => r.scrollHeight - r.clientHeight") <= 0
    box = reader.bounding_box()
    assert box["y"] + box["height"] <= 844


def test_on_a_phone_a_cell_that_is_tapped_is_not_covered(app):
    student = app(**PHONE)
    top = student.page.locator(".reader").bounding_box()["y"]
    under = next(
        cell
        for cell in student.page.locator("td:visible").all()
        if (box := cell.bounding_box())["y"] < top - 8 < box["y"] + box["height"] + 40
    )
    under.tap(position={"x": 5, "y": 5})

    def uncovered():
        box = under.bounding_box()
        return box["y"] + box["height"] <= student.page.locator(".reader").bounding_box()["y"]

    wait_until(uncovered)


@pytest.mark.parametrize("where", ["", STEP, "Derivation", "Hinge_loss"])
@pytest.mark.share(1)
def test_on_a_phone_nothing_in_a_caption_overlaps(app, where):
    student = app(where, **PHONE)
    if where == "Hinge_loss":
        student.page.get_by_role("button", name="Margin", exact=True).click()
        student.settle()
    over = student.page.locator(".tile:visible figcaption").evaluate_all(
        """captions => captions.map((c) => [...c.children].map((x) => x.getBoundingClientRect()).filter((b) => b.width))
            .filter((boxes) => boxes.some((b, n) => n && b.left < boxes[n - 1].right - 0.5)).length"""
    )
    assert over == 0
    assert student.page.evaluate("document.documentElement.scrollWidth") <= 390


#: What of the parts of a line is beyond the edge of the window or of what scrolls sideways.
BEYOND = """nodes => nodes.filter((node) => {
    const right = node.getBoundingClientRect().right;
    for (let box = node.parentElement; box; box = box.parentElement)
        if (getComputedStyle(box).overflowX !== "visible" && right > box.getBoundingClientRect().right + 1) return true;
    return right > innerWidth;
}).map((node) => node.textContent)"""


@pytest.mark.parametrize("size", [(390, 844), (844, 390)])
@pytest.mark.share(1)
def test_on_a_phone_a_matrix_stands_above_300_px_and_nothing_beyond_the_edge(app, size):
    student = app("Derivation", viewport={"width": size[0], "height": size[1]})
    page = student.page
    main = page.locator('[data-testid="stMain"]')
    tops = {}
    for name in ("One cell", "Line by line", "Why transpose", "A product four ways"):
        page.get_by_role("button", name=name, exact=True).click()
        student.settle()
        assert main.evaluate("m => m.scrollWidth - m.clientWidth") == 0, name
        assert page.locator(".claim .badge:visible").evaluate_all(BEYOND) == [], name
        tops[name] = page.locator(".tile table").first.bounding_box()["y"]
    for where in ("Hinge loss", "Step through", "Overview"):
        page.get_by_role("link", name=where, exact=True).click()
        page.locator("h1").filter(has_text=where).wait_for(state="attached")
        page.locator(".mlp td:visible").first.wait_for()
        student.settle()
        tops[where] = page.locator(".tile table").evaluate_all(
            "t => Math.min(...t.map((x) => x.getBoundingClientRect().top))"
        )
    assert {where for where, top in tops.items() if top > 300} <= {"Line by line"}  # begins with a line of words


def test_the_step_stands_on_one_beamer_screen(visited):
    student = visited(STEP)
    page = student.page

    def look():
        for part in (".equation", ".field", ".reader"):
            box = page.locator(part).bounding_box()
            assert box["y"] + box["height"] <= page.viewport_size["height"], part
        parts = (".field td", ".field th", ".field .title", ".field .scale", ".formula:visible", ".reader .hint")
        return [page.locator(part).first.evaluate("x => parseFloat(getComputedStyle(x).fontSize)") for part in parts]

    small = look()
    page.set_viewport_size({"width": 1920, "height": 1080})
    student.settle()
    large = look()
    page.set_viewport_size({"width": 1280, "height": 720})
    assert large[0] == 42
    assert all(after > before for before, after in zip(small, large, strict=True))


def test_an_overview_that_does_not_fit_takes_the_width(app):
    student = app(viewport={"width": 1920, "height": 1080})
    student.choose("A larger one")
    tables = student.page.locator(".tile table")
    assert tables.evaluate_all("t => Math.max(...t.map((x) => x.getBoundingClientRect().right))") > 0.85 * 1920
    assert student.page.locator("td:visible").first.evaluate("c => parseFloat(getComputedStyle(c).fontSize)") > 11


def test_pointing_at_an_operand_shows_all_it_feeds_as_python_computes_it(visited):
    """The browser reads the same subscripts as `mlpcore.influence`; both must say the same."""
    student = visited(STEP)
    steps, _ = mlp.EXAMPLES["worksheet"].setup.run()
    student.cell("W 1, row 2, column 1").hover()
    marks = student.page.locator(".list .step").evaluate_all("s => s.map(x => x.querySelector('.mark').textContent)")
    reached = mlp.influence(steps, mlp.W(1), (1, 0))
    widths, N = mlp.EXAMPLES["worksheet"].net.widths, 4
    for step, mark in zip(steps, marks, strict=True):
        shape = mlp.shape_of(step.out, widths, N)
        (block,) = reached[step.out]
        size = 1
        for axis, n in zip(block, shape, strict=True):
            size *= n if axis == ALL else 1
        assert mark == f"{size} cell{'s' if size > 1 else ''}"


def form(x):
    """A number as the stage writes it with four decimals."""
    return Digits(4, power=False)(x).replace("-", "\u2212")


@pytest.mark.parametrize("name", ["worksheet", "three classes"])
@pytest.mark.share(1)
def test_formulas_under_the_pointer_are_those_of_python(app, name):
    student = app(STEP)
    if name != "worksheet":
        student.choose(mlp.EXAMPLES[name].title)
    steps, values = mlp.EXAMPLES[name].setup.run()

    student.page.locator(".mlp").focus()
    for step in steps:
        cell = (0,) * len(step.op.makes)
        student.page.locator(".slot.result td").first.hover()
        shown = student.page.locator(".reader .numbers").inner_text()
        written = cells.numbers(step, values, cell, form).replace(" - ", " \u2212 ")
        assert f"= {written}" in shown or written == form(float(values[step.out][cell])), step
        student.page.mouse.move(4, 4)
        student.page.locator(".mlp").focus()
        student.press("ArrowRight")


def test_a_large_network_is_windowed_and_right(app):
    """256 wide, 256 examples: typed in by keyboard nowhere, so set through the layers."""
    student = app()
    page = student.page
    page.get_by_role("button", name="Network").click()
    for label in ("Inputs", "Examples", "Units of layer 1"):
        field = page.get_by_label(label, exact=True)
        field.fill("256")
        field.press("Enter")
        student.settle()
    student.press("Escape")
    page.get_by_role("link", name="Step through").click()
    page.locator(".counter").wait_for()
    student.settle()
    table = page.locator(".slot.result table")
    assert table.get_attribute("aria-rowcount") == "256"
    assert page.locator("td:visible").count() < 4000
    assert page.locator("td:visible").evaluate_all("cells => cells.every((c) => c.textContent)")
    page.locator(".slot.result td").last.focus()
    window = page.locator(".slot.result .window")
    before = window.inner_text()
    student.press("ArrowRight")
    assert before != window.inner_text()
    above = page.locator(".slot.above .window").inner_text()
    assert window.inner_text().split(",")[1] == above.split(",")[1]
    first = page.locator(".slot.result td").first.get_attribute("aria-label")
    column = window.inner_text().split(", ")[1].split("\u2013")[0]
    assert first.startswith(f"S 1, row 1, column {column}")
    # By the wheel and by the bars, to the last cell, which can be typed into.
    before = window.inner_text()
    page.locator(".slot.result td").first.hover()
    page.mouse.wheel(0, 100)
    student.page.wait_for_function(
        "([w, was]) => w.textContent !== was", arg=[window.element_handle(), before], timeout=5000
    )
    for axis in ("rows", "columns"):
        page.get_by_label(f"First of the {axis} shown of W 1, weights, 256 by 256").press("End")
    cell = student.cell("W 1, row 256, column 256")
    cell.dblclick()
    page.keyboard.type("0.25")
    student.press("Enter")
    student.wait("W 1, row 256, column 256", 0.25)
    # A copy is of all of it, also of what is outside the window and was just typed.
    page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.locator('.field [aria-label="copy W 1 as text"]').dispatch_event("click")
    page.get_by_role("menuitem", name="CSV").click()
    page.wait_for_function("window.copied")
    rows = [line.split(",") for line in page.evaluate("window.copied").splitlines()]
    assert {len(row) for row in [rows, *rows]} == {256}
    assert rows[-1][-1] == "0.25"


@pytest.mark.parametrize(("label", "size"), [("Units of layer 1", "256"), ("Examples", "40"), ("Inputs", "100")])
@pytest.mark.share(1)
def test_every_drawn_cell_is_on_the_screen(app, label, size):
    """However tall or wide: what is drawn is not under the line below or beyond the edge."""
    student = app()
    page = student.page
    page.get_by_role("button", name="Network").click()
    page.get_by_label(label, exact=True).fill(size)
    page.get_by_label(label, exact=True).press("Enter")
    student.settle()
    student.press("Escape")
    page.get_by_role("link", name="Step through").click()
    page.locator(".counter").wait_for()
    student.settle()
    for _ in range(11):
        beyond = page.evaluate(
            """() => {
                const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot);
                const root = roots.find((r) => r?.querySelector(".mlp"));
                const field = root.querySelector(".field").getBoundingClientRect();
                return [...root.querySelectorAll(".field td")].map((c) => c.getBoundingClientRect())
                    .filter((b) => b.bottom > field.bottom + 1 || b.right > field.right + 1).length;
            }"""
        )
        assert beyond == 0, student.counter
        student.press("ArrowRight")


def test_the_overview_explains_the_app_until_that_is_dismissed(app):
    student = app()
    page = student.page
    assert page.get_by_role("heading", level=1).inner_text().startswith("MLPScope")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight") <= 720
    doors = page.locator(".doors")
    position = "reader => getComputedStyle(reader).position"
    assert page.locator(".reader").evaluate(position) == "static"  # unlike the words about a cell, it scrolls away
    page.get_by_role("button", name="Dismiss").click()
    assert doors.count() == 0
    assert page.locator(".reader").evaluate(position) == "sticky"
    page.reload()
    student.cell("W 1, row 1, column 1").wait_for()
    assert doors.count() == 0
    student.choose("XOR")
    page.get_by_role("button", name="What this is").click()
    page.get_by_role("button", name="Walk through the worksheet").click()
    page.locator(".counter").wait_for()
    student.settle()
    assert student.counter.startswith("1 /")
    assert student.value("W 1, row 1, column 1") == 0.6
    page.get_by_role("link", name="Overview").click()
    doors.wait_for()
    student.settle()
    page.get_by_role("button", name="Put in your own numbers").click()
    field = page.get_by_label("Sizes, as 3-5-4-3")
    field.fill("3-5-4-3")
    field.press("Enter")
    student.settle()
    student.press("Escape")
    assert page.get_by_role("grid", name="W 3, weights, 3 by 4").count() == 1
    page.get_by_role("button", name="Why is the gradient").click()
    page.wait_for_url("**/Derivation*")
    page.get_by_role("link", name="Overview").click()
    doors.wait_for()
    student.settle()
    page.get_by_role("button", name="Why P \u2212 Y").click()
    page.get_by_role("grid", name="P, probabilities").first.wait_for()
    assert page.get_by_role("button", name="Derivative of the loss").get_attribute("aria-pressed") == "true"


def test_presenting_fills_the_screen_and_takes_the_keys_of_a_clicker(app):
    student = app(STEP)
    page = student.page
    student.press("f", "g")
    picture, reader = page.locator(".picture"), page.locator(".reader")
    assert picture.is_visible()
    page.locator(".slot.result td:visible").first.click()
    heights = reader.evaluate(
        "r => [r.clientHeight, Math.max(...[...r.children].map((c) => c.offsetTop + c.offsetHeight))]"
    )
    assert heights[1] <= heights[0]
    student.press("Escape", "g")
    cells = page.locator("td:visible")
    assert cells.evaluate_all("c => Math.min(...c.map((x) => parseFloat(getComputedStyle(x).fontSize)))") >= 28
    assert not page.locator(".bar").is_visible()
    assert "view=presenting" in page.url
    student.press("b")
    assert page.locator(".black").is_visible()
    student.press("b", "PageDown")
    assert page.locator(".counter").text_content() == "2 / 18"
    student.press("PageUp", "r")
    # The formula, then the operands, then the result.
    veiled = page.locator(".field td.veiled")
    counts = []
    for _ in range(3):
        counts.append(veiled.count())
        student.press("PageDown")
    assert counts == [26, 12, 0]
    assert page.locator(".counter").text_content() == "2 / 18"
    page.reload()
    page.locator(".presenting td.veiled").first.wait_for()
    student.press("r", "g", "Escape")
    page.locator(".bar").wait_for()
    page.get_by_role("link", name="Hinge loss").click()  # it has no network to draw
    page.get_by_role("grid", name="O, logits").first.wait_for()
    assert not picture.is_visible()


def test_names_for_screen_readers(visited):
    student = visited(STEP)
    page = student.page
    assert page.get_by_role("gridcell", name="W 1, row 2, column 1, 0.7").count() == 1
    assert page.get_by_role("grid", name="W 1, weights, 3 by 2").count() == 1
    for role in ("toolbar", "grid"):
        names = page.get_by_role(role).evaluate_all("n => n.map(x => x.getAttribute('aria-label'))")
        assert all(names)
    unnamed = page.locator(".mlp button").evaluate_all(
        "b => b.filter(x => !x.hidden && !x.getAttribute('aria-label') && !x.textContent.trim()).length"
    )
    assert unnamed == 0
    page.keyboard.press("ArrowRight")
    assert page.locator("[aria-live]").last.inner_text().startswith("Step 2 of 18")


def test_a_gradient_that_cannot_be_measured_is_not_green(app):
    """Overflow makes the loss infinite: no difference can be taken, and the badge says so."""
    student = app(STEP)
    for name in ("W 1, row 1, column 1", "Z 0, row 1, column 1"):
        student.cell(name).dblclick()
        student.page.keyboard.type("1e200")
        student.press("Enter")
    student.page.locator('td[aria-label="S 1, row 1, column 1, \u221e"]').wait_for()
    assert student.page.locator("td:visible.odd").count() >= 1
    student.press("Escape", *["ArrowRight"] * 7)
    badge = student.page.locator(".equation .badge")
    expect(badge).to_have_class("badge open")
    assert "not measurable" in badge.get_attribute("title")


def test_nothing_comes_from_outside(app, server):
    student = app(STEP)
    urls = json.loads(
        student.page.evaluate("JSON.stringify(performance.getEntriesByType('resource').map(e => e.name))")
    )
    assert urls
    assert all(url.startswith((server, "data:", "blob:", server.replace("http", "ws"))) for url in urls)


#: The example with the most layers.
DEEPEST = max(mlp.EXAMPLES, key=lambda name: mlp.EXAMPLES[name].net.depth)


@pytest.mark.parametrize("names", [["worksheet", DEEPEST], pytest.param([*mlp.EXAMPLES], marks=pytest.mark.nightly)])
def test_every_step_of_an_example_is_drawn(app, names):
    student = app(STEP)
    for name in names:
        example = mlp.EXAMPLES[name]
        student.choose(example.title)
        steps, _ = example.setup.run()
        student.press("g", "Escape")  # goes to the select box that was just used
        assert not student.page.locator(".picture").is_visible()
        student.page.locator(".mlp").focus()
        for number, step in enumerate(steps, start=1):
            assert student.counter == f"{number} / {len(steps)}", name
            drawn = student.page.locator(".field table").count()
            assert drawn == len(step.operands) + 1, (name, step)
            wide = student.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 1280, (name, step)
            student.press("ArrowRight")
