"""A student with the sheet beside the browser, without a mouse."""

import pytest
from playwright.sync_api import expect

import mlpcore as mlp
from mlpcore.setup import with_cells

STEP = "Step_through"


@pytest.mark.site
def test_the_right_arrow_steps_through_all_of_the_sheet(app):
    student = app(STEP)
    steps, values = mlp.EXAMPLES["worksheet"].setup.run()
    for number, step in enumerate(steps, start=1):
        assert student.counter == f"{number} / {len(steps)}"
        cell = student.page.locator(".slot.result td").first
        first = float(values[step.out].ravel()[0])
        assert cell.get_attribute("aria-label").startswith(step.out.spoken)
        shown = cell.get_attribute("title").rpartition("= ")[2].replace("\u2212", "-")
        assert float(shown) == pytest.approx(first, abs=1e-13)
        assert student.page.locator(".equation math").count() == 1
        student.press("ArrowRight")
    assert student.counter == "18 / 18"
    student.press("Home")
    assert student.counter == "1 / 18"


def test_keyboard_only_from_home_to_the_provenance_of_a_gradient(app):
    """Load the sheet, edit a weight, walk to dL/dW_1, read where it comes from: keys only."""
    student = app()
    page = student.page
    for _ in range(40):  # Tab along the page to W_1's first cell
        student.press("Tab")
        label = page.evaluate(
            "(() => { let e = document.activeElement; while (e?.shadowRoot) e = e.shadowRoot.activeElement;"
            " return e?.getAttribute('aria-label') })()"
        )
        if label and label.startswith("W 1,"):
            break
    assert label == "W 1, row 1, column 1, 0.6000"
    student.press("ArrowDown")
    page.keyboard.type("0.5")
    student.press("Enter")
    student.wait("W 1, row 2, column 1", 0.5)
    student.wait("S 1, row 2, column 1", 0.5 * 0.75 + 0.43 * 0.8)
    # The step of dL/dW_1 opens with Enter on its name.
    button = page.get_by_role("button", name="open the step of gradient of the loss by W 1", exact=False)
    button.focus()
    student.press("Enter")
    page.locator(".counter").wait_for(timeout=10000)
    student.settle()
    assert student.counter == "11 / 18"
    page.locator(".slot.result td").first.focus()
    student.press("ArrowDown")
    numbers = page.locator(".reader .numbers").inner_text()
    assert numbers.startswith("∂L/∂W_1[2, 1] = ")
    assert numbers.count("\u00b7") == 4
    lit = page.locator(".slot.left td.from").evaluate_all("cells => cells.map(c => c.getAttribute('aria-label'))")
    assert [x.rsplit(",", 1)[0] for x in lit] == [f"delta 1, row 2, column {n}" for n in (1, 2, 3, 4)]
    lit = page.locator(".slot.above td.from").evaluate_all("cells => cells.map(c => c.getAttribute('aria-label'))")
    assert [x.rsplit(",", 1)[0] for x in lit] == [f"Z 0, row 1, column {n}" for n in (1, 2, 3, 4)]


def test_cell_by_cell_fills_the_result_in(app):
    student = app(STEP)
    student.press("e")
    veiled = student.page.locator(".slot.result td.veiled")
    assert veiled.count() == 11
    student.press("ArrowRight", "ArrowRight")
    assert veiled.count() == 9
    assert student.page.url.endswith("view=cell-3")
    student.page.reload()
    expect(veiled).to_have_count(9)
    assert student.page.locator(".reader .numbers").inner_text().startswith("S_1[1, 3] = 0.6000\u00b7(\u22120.7500)")
    student.press(*["ArrowRight"] * 10)
    assert student.counter == "2 / 18"
    student.press("ArrowLeft")
    assert student.counter == "1 / 18"
    assert veiled.count() == 0


def test_play_runs_to_the_end_and_can_be_paused(app):
    student = app(STEP, alone=True)
    student.page.clock.install()
    student.page.get_by_label("Speed").select_option("fast")
    student.page.get_by_role("button", name="Play").click()
    student.page.get_by_text("3 / 18").wait_for(timeout=5000)
    student.page.get_by_role("button", name="Pause").click()
    stopped = student.counter
    student.page.clock.run_for(3000)
    assert student.counter == stopped


def test_the_list_jumps(visited):
    student = visited(STEP)
    student.page.get_by_role("button", name="step 10", exact=False).click()
    assert student.counter == "10 / 18"
    assert student.page.locator(".list [aria-current=step]").count() == 1


def test_the_place_and_the_held_cell_survive_a_change_of_page(app):
    student = app(STEP)
    student.press(*["ArrowRight"] * 6)
    student.page.wait_for_url("**s=*")  # Python knows the place
    student.page.get_by_role("link", name="Overview").click()
    student.page.locator(".wall td").first.wait_for()
    student.settle()
    # What a held cell of a gradient means, and what each example adds to it.
    student.cell("gradient of the loss by W 1, row 2, column 1").click()
    reader = student.page.locator(".reader")
    setup = mlp.EXAMPLES["worksheet"].setup
    moved, _ = with_cells(setup, [(mlp.W(1), (1, 0), setup.net[1].W[1, 0] + 0.01)])
    change = float(moved.run()[1][mlp.loss] - setup.run()[1][mlp.loss])
    expect(reader).to_contain_text(f"; exactly \u2212{-float(f'{change:.6g}'):.12f}".rstrip("0"))
    assert reader.locator(".terms > span").count() == 4
    assert "Example 1 has the largest term in size." in reader.inner_text()
    student.page.get_by_role("link", name="Step through").click()
    student.page.locator(".counter").wait_for()
    student.settle()
    assert student.counter == "7 / 18"
    expect(reader).to_contain_text("∂L/∂W_1[2, 1] = ")
    student.page.get_by_role("link", name="Derivation").click()
    expect(student.page.locator(".where")).to_have_text("i = 2, j = 1")


def test_the_picture_and_the_matrices_light_each_other(app):
    student = app(STEP)
    page = student.page
    student.press("g")
    edges, nodes = page.locator(".picture .edge"), page.locator(".picture .unit")
    assert (edges.count(), nodes.count()) == (9, 6)
    assert page.locator(".picture .played").count() == 9  # layer 1: three units, six edges
    widths = "lines => lines.map((line) => line.style.strokeWidth)"
    weights = edges.locator("line").evaluate_all(widths)
    page.locator("summary").filter(has_text="View").click()
    page.get_by_label("Its edges are gradients, not weights").check()
    assert edges.locator("line").evaluate_all(widths) != weights
    page.locator("summary").filter(has_text="View").click()
    edges.nth(2).locator("line").dispatch_event("pointerover")
    assert student.names("td.pointed") == ["W 1, row 2, column 1"]
    nodes.nth(3).hover()
    lit = {name for n in (1, 2, 3, 4) for name in [f"S 1, row 2, column {n}"]}
    assert set(student.names(".field td.from")) == lit
    assert "feeds S_2 column 1" in page.locator(".reader").inner_text()
    student.cell("W 1, row 3, column 2").hover()
    assert page.locator(".picture .edge.lit").count() == 1
    student.cell("S 1, row 1, column 4").hover()
    expect(page.locator(".picture figcaption")).to_contain_text(
        "example 4 of 4: 2 inputs, 3 units in layer 1, 1 unit in"
    )


def test_nothing_jumps_between_steps(visited):
    student = visited(STEP)
    corners = set()
    for _ in range(18):
        box = student.page.locator(".slot.result").bounding_box()
        bar = student.page.locator(".bar").bounding_box()
        reader = student.page.locator(".reader").bounding_box()
        corners.add((box["x"], box["y"], bar["y"], reader["y"]))
        student.press("ArrowRight")
    assert len(corners) == 1


def test_arrow_keys_cross_from_operand_to_result(visited):
    student = visited(STEP)
    student.cell("W 1, row 2, column 2").focus()

    def label():
        return student.page.evaluate(
            "(() => { let e = document.activeElement; while (e?.shadowRoot) e = e.shadowRoot.activeElement;"
            " return e.getAttribute('aria-label') })()"
        )

    student.press("ArrowRight")
    assert label().startswith("S 1, row 2, column 1")
    student.press("ArrowUp", "ArrowUp")
    assert label().startswith("Z 0, row 2, column 1")
    student.press("Escape", "ArrowRight")
    assert student.counter == "2 / 18"


def test_kept_preactivations_show_their_recomputation(app):
    student = app(STEP)
    student.network("Cached for the backward pass", "cache S")
    student.page.get_by_text("1 / 19").wait_for()
    student.press("ArrowRight")  # the popover was closed, and nothing else was touched
    assert student.counter == "2 / 19"
    student.page.get_by_role("button", name="step 8", exact=False).click()
    assert "recomputed" in student.page.locator(".equation").inner_text()


def test_a_click_holds_a_cell_until_escape(visited):
    student = visited(STEP)
    page = student.page
    student.cell("S 1, row 2, column 3").click()
    page.mouse.move(5, 5)
    held = {"W 1, row 2, column 1", "W 1, row 2, column 2", "Z 0, row 1, column 3", "Z 0, row 2, column 3"}
    assert set(student.names("td.from")) == held
    student.cell("S 1, row 1, column 1").hover()
    assert set(student.names("td.from")) != held
    page.mouse.move(5, 5)
    assert set(student.names("td.from")) == held
    student.press("Escape")
    assert student.names("td.from") == []


def test_a_block_of_the_batch_is_highlighted_where_it_stands_in_the_batch(app):
    student = app(STEP)
    page = student.page
    student.network("Cached for the backward pass", "micro-batches")
    steps = mlp.EXAMPLES["worksheet"].setup.run("micro-batches")[0]
    wanted = mlp.Z(0).of_examples((2, 4))
    student.press("Home", *["ArrowRight"] * next(n for n, s in enumerate(steps) if s.out == wanted))
    page.locator(".slot.result td").first.focus()
    student.press("ArrowDown")
    assert page.locator(".reader .numbers").inner_text() == "Z_0[3:4][2, 1] = 0.8000"
    assert student.names(".field td.from") == ["Z 0, row 2, column 3"]


def test_a_link_clicked_over_an_open_menu_opens_its_page(app):
    """The click closes the menu, and Streamlit's browser reports that afterwards, for the page that was left.

    So `drop_stale_reruns` is needed until the report no longer comes. On the way, every page is scanned with its open
    menu, which one Tab enters.
    """
    student = app()
    page = student.page
    student.cell("W 1, row 1, column 1").dblclick()
    page.keyboard.type("0.25")
    student.press("Enter")
    student.wait("W 1, row 1, column 1", 0.25)

    def open_file_menu(name):
        page.get_by_text("File", exact=True).click()
        student.settle()
        assert page.title() == f"{name} · MLPScope"

    current = "Overview"
    for name, part in (
        ("Step through", "td:visible"),
        ("Derivation", "td:visible"),
        ("Hinge loss", "td:visible"),
        ("Memory and speed", "table"),
        ("Check", "textarea"),
        ("Training", "td:visible"),
        ("Overview", "td:visible"),
    ):
        open_file_menu(current)
        assert student.violations(contrast=current == "Overview") == []
        student.press("Tab")
        page.locator('[data-testid="stPopoverBody"] input:focus').wait_for(timeout=5000)
        old, before = student.reruns[-1][0], len(student.reruns)
        page.locator('[data-testid="stPageLink"] a').filter(has_text=name).click()
        page.wait_for_url(f"**/{'' if name == 'Overview' else name.split()[0]}*")
        student.wait_until(lambda: (old, True) in student.reruns[before:])  # noqa: B023
        assert student.reruns[before] != (old, True)
        page.locator(part).first.wait_for()
        student.settle()
        current = name
    open_file_menu(current)  # whose answer comes after what would have come late
    student.wait("W 1, row 1, column 1", 0.25)


def test_every_page_shows_which_example_is_loaded(app):
    student = app()
    student.choose("XOR")
    page = student.page
    for name in ("Step through", "Derivation", "Overview", "Memory and speed", "Step through", "Overview"):
        page.locator('[data-testid="stPageLink"] a').filter(has_text=name).click()
        page.wait_for_url(f"**/{'' if name == 'Overview' else name.split()[0]}*")
        student.settle()
        if name != "Memory and speed":
            page.locator('[data-testid="stSelectbox"] input[value^="XOR"]').wait_for(timeout=5000)
    student.choose("Worksheet")
    student.wait("W 1, row 1, column 1", 0.6)
