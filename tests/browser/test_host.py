"""A host that runs the script by itself and ignores `st.App`: none of our routes is there."""

import pytest

from .conftest import ROOT, App, serve


@pytest.fixture(scope="module")
def bare_host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("host")
    for name in ("pages", "mlpcore", ".streamlit"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "app.py").write_text(f"import runpy\nrunpy.run_path({str(ROOT / 'app.py')!r}, run_name='__main__')\n")
    process, url = serve(cwd=folder)
    yield url
    process.terminate()
    process.wait(10)


def test_without_our_routes_stage_chart_and_toolbar_work(bare_host, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    app, addresses = App(page, bare_host), []
    page.on("request", lambda request: addresses.append(request.url))
    app.open()
    app.cell("W 1, row 1, column 1").dblclick()
    page.keyboard.type("2")
    app.press("Enter")
    app.wait("S 1, row 1, column 1", 2 * 0.75 + 0.01 * 0.8)
    page.get_by_role("button", name="Undo", exact=False).click()
    app.wait("S 1, row 1, column 1", 0.458)
    app.open("Memory_and_speed")
    page.locator("[data-drawn]").first.wait_for(timeout=30000)
    assert not app.errors
    assert not [address for address in addresses if "mlpscope-assets" in address]
    page.close()
