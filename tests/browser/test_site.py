"""The app without a server: built from checked files, driven in Chromium, with nothing asked of any other host."""

import re
import shutil
from pathlib import Path

import pytest

from pages.browser import inputs
from pages.browser.build import hash_files
from tests.browser.conftest import App, build_site, serve_site, wait_until
from tests.browser.test_keep import type_into

PAGES = sorted((Path(inputs.__file__).parents[1]).glob("*.py"))
NAMES = [re.sub(r"^\d+_", "", page.stem) for page in PAGES]


#: How many libraries a memory that is kept has, for each that is.
KEPT = """async (name) => {
  const cache = await caches.open(`mlpscope-memory ${name}`);
  const found = await Promise.all((await cache.keys()).map((key) => cache.match(key)));
  return found.map((memory) => JSON.parse(memory.headers.get("x-libraries")).length);
}"""


def wait_for_memory(page):
    """Wait until one memory is kept, a whole one: that is some seconds after the first page is drawn."""
    wait_until(lambda: [n > 0 for n in page.evaluate(KEPT, "/course/")] == [True], 30)


def test_every_page_works_from_one_folder_and_then_without_a_network(site, browser, tmp_path):
    context = browser.new_context(viewport={"width": 1280, "height": 720}, accept_downloads=True)
    page = context.new_page()
    requests, logged = [], []
    context.on("request", lambda request: requests.append(request.url))
    context.on("console", lambda message: logged.append(message.text))
    with serve_site(site) as url:
        app = App(page, f"{url}/course").open()
        assert page.evaluate("navigator.serviceWorker.ready.then((found) => found.scope)") == f"{url}/course/"
        type_into(app, "W 1, row 1, column 1", "2")
        app.wait("S 1, row 1, column 1", 2 * 0.75 + 0.01 * 0.8)
        page.wait_for_url("**/course/?s=*")
        link = page.url
        for name in NAMES:
            page.locator('[data-testid="stPageLink"] a').filter(has_text=name.replace("_", " ")).click()
            page.wait_for_url(f"{url}/course/{name}*")
            app.settle()
            page.locator("td:visible, [data-drawn], textarea:visible").first.wait_for(timeout=30000)
            assert page.title() == f"{name.replace('_', ' ')} · MLPScope"
        page.get_by_text("File", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("button", name="State", exact=True).click()
        state = tmp_path / download.value.suggested_filename
        download.value.save_as(state)
        assert '"W"' in state.read_text(encoding="utf-8")
        # Another browser, which knows nothing of it, has it from the link.
        other = browser.new_page()
        visitor = App(other, url)
        visitor.open(link.removeprefix(f"{url}/"))
        visitor.wait("W 1, row 1, column 1", 2)
        type_into(visitor, "W 1, row 1, column 1", "3")
        visitor.wait("W 1, row 1, column 1", 3)
        other.get_by_text("File", exact=True).click()
        other.get_by_role("tab", name="Open or paste").click()
        other.locator('input[type="file"]').set_input_files(state)
        other.get_by_role("button", name="Apply").click()
        visitor.wait("W 1, row 1, column 1", 2)
        other.close()
    wait_for_memory(page)
    # The host is gone; the tab has what was entered.
    page.reload()
    page.locator('[data-testid="stPageLink"]').first.wait_for(timeout=60000)
    app.settle()
    page.locator('[data-testid="stPageLink"] a').first.click()
    page.locator("td:visible").first.wait_for(timeout=60000)  # Python starts anew in the browser
    app.wait("W 1, row 1, column 1", 2)
    assert not app.errors
    assert not visitor.errors
    assert not [text for text in logged if "memory" in text]  # of the first start it was read in all that followed
    assert not [where for where in requests if not where.startswith((f"{url}/course/", "blob:", "data:"))]
    context.close()


@pytest.mark.nightly
def test_a_memory_that_is_spoiled_is_replaced(site, browser):
    context = browser.new_context()
    logged = []
    context.on("console", lambda message: logged.append(message.text))
    with serve_site(site) as url:
        app = App(context.new_page(), f"{url}/course").open()
        wait_for_memory(app.page)
        app.page.evaluate("""async () => {
          const cache = await caches.open("mlpscope-memory /course/");
          const [key] = await cache.keys();
          await cache.put(key, new Response("spoiled", { headers: { "x-libraries": "[]" } }));
        }""")
        app.open()
        assert any("memory that was kept is of no use" in text for text in logged)
        wait_for_memory(app.page)
        logged.clear()
        app.open()
        assert not [text for text in logged if "memory" in text]
    assert not app.errors
    context.close()


def test_a_second_build_gives_the_same_files(site, tmp_path):
    build_site(tmp_path / "again")
    assert hash_files(tmp_path / "again") == hash_files(site / "course")


def test_a_start_that_fails_shows_why(site, browser):
    with serve_site(site) as url:
        for spoil, reason in (
            (lambda page: page.route("**/app.bin", lambda route: route.abort()), "app.bin could not be loaded"),
            (lambda page: page.route("**/numpy.bin", lambda route: route.fulfill(status=404)), "the host answers 404"),
            (lambda page: page.route("**/*.wasm", lambda route: route.abort()), "pyodide.asm.wasm could not be loaded"),
            (lambda page: page.route("**/worker.js", lambda route: route.abort()), "The worker could not be started"),
            (lambda page: page.add_init_script("delete window.WebAssembly"), "This browser has no WebAssembly"),
        ):
            page = browser.new_page()
            spoil(page)
            page.goto(f"{url}/course/")
            page.locator("#mlpscope-start").get_by_text(reason).wait_for(timeout=30000)
            page.close()
    page = browser.new_page()
    page.goto((site / "course" / "index.html").as_uri())
    page.locator("#mlpscope-start").get_by_text("from a file").wait_for(timeout=10000)
    page.close()


@pytest.mark.parametrize("name", [*inputs.CORE, "numpy"])
def test_a_file_with_another_hash_is_refused(name, tmp_path, site):
    folder = tmp_path / "inputs"
    shutil.copytree(inputs.DEFAULT_FOLDER, folder)
    (path,) = folder.glob(f"{name}*.whl" if name == "numpy" else name)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(inputs.InputError, match=f"{re.escape(path.name)} is not the expected file"):
        inputs.collect(folder)


def test_every_requirement_has_a_version_and_a_hash():
    lines = inputs.REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"#.*|[\w-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)


def test_the_licences_are_there_for_every_package(site):
    text = (site / "course" / "LICENSES.txt").read_text(encoding="utf-8")
    assert "Mozilla Public License Version 2.0" in text
    for line in inputs.REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        if "==" in line:
            name, version = line.split()[0].split("==")
            assert re.search(rf"(?im)^{re.sub('[-_]', '[-_]', name)} {re.escape(version)}: \S", text), name
