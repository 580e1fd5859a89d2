"""axe-core over every page, chapter and open menu. A share of it is in `test_walk`."""

import pytest

from pages.ui.layout import PAGES

#: The buttons of a page's chapters: of a stage, and of Streamlit.
CHAPTERS = '.chapters button, [data-testid="stButtonGroup"] button'


@pytest.mark.nightly
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("label", PAGES.values())
def test_axe_finds_nothing(app, label, scheme):
    student = app(color_scheme=scheme)
    page = student.page
    page.locator('[data-testid="stPageLink"] a').filter(has_text=label).click()
    page.wait_for_function("(title) => document.title.startsWith(title)", arg=label)
    student.settle()
    assert student.violations() == []
    if page.get_by_text("View", exact=True).count():
        page.get_by_text("View", exact=True).click()
        assert student.violations() == [], "View"
        page.get_by_text("View", exact=True).click()
    for menu in page.locator('[data-testid="stPopover"] button').all():
        menu.click()
        student.settle()
        assert student.violations() == [], menu.inner_text()
        student.press("Escape")
        student.settle()
    for number in range(page.locator(CHAPTERS).count()):
        chapter = page.locator(CHAPTERS).nth(number)
        words = chapter.inner_text()
        chapter.click()
        student.settle()
        assert student.violations() == [], words
