"""What axe-core finds on every page, chapter and open menu, in both themes: nothing."""

from pathlib import Path

import pytest

from pages.ui.layout import PAGES

AXE = Path(__file__).parents[1] / "js/node_modules/axe-core/axe.min.js"
#: Each violation with the first elements it was found in.
RUN = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map(
    (v) => `${v.id} (${v.nodes.length}): ${v.nodes.slice(0, 2).map((n) => n.html.slice(0, 160)).join(" | ")}`)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(app, scheme):
    if not AXE.exists():
        pytest.skip("npm ci in tests/js brings axe-core")
    student = app(color_scheme=scheme)
    page = student.page
    page.add_script_tag(path=str(AXE))
    found = {}

    def look(where):
        student.settle()
        if violations := page.evaluate(RUN):
            found[where] = violations

    for name in PAGES.values():
        page.get_by_role("link", name=name, exact=True).click()
        page.locator(".st-key-menu-File").wait_for()
        student.settle()
        look(name)
        chapters = page.locator(".chapters button")
        for n in range(1, chapters.count()):
            chapters.nth(n).click()
            look(f"{name}, chapter {n + 1}")
    page.get_by_role("link", name="Overview", exact=True).click()
    for menu in ("Network", "Conventions", "File"):
        page.get_by_role("button", name=menu, exact=True).click()
        look(f"menu {menu}")
        student.press("Escape")
    assert not found
