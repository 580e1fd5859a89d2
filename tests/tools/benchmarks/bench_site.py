"""The app without a server: what a first visit loads, how soon the first matrix is there, how soon an edit is drawn.

Processor time is that of all of the browser's processes, which hardly depends on what else the machine does.

.venv/bin/python -m tests.tools.benchmarks.bench_site
"""

import gzip
import os
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, NEXT_FRAME, App, build_site, chromium, serve_site
from tests.browser.test_keep import type_into
from tests.tools.load.usage import list_children, measure_processor_time

#: Milliseconds from Enter in a cell to the next change of what is drawn.
WATCH = """() => {
  const all = (node) => [...node.querySelectorAll("*")].flatMap((e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
  const find = () => all(document).find((e) => e.ariaLabel?.startsWith("S 1, row 1, column 1,"));
  let cell = find(); // looked up anew only where it is gone: that takes as long as drawing it
  const label = () => (cell?.isConnected ? cell : (cell = find()))?.ariaLabel;
  const before = label();
  window.drawn = new Promise((resolve) => addEventListener("keydown", function begin({ key, timeStamp }) {
    if (key !== "Enter") return;
    removeEventListener("keydown", begin, true);
    const look = () => (label() === before ? setTimeout(look, 4) : resolve(performance.now() - timeStamp));
    look();
  }, true));
}"""

#: Once the service worker answers; asking again and again is evaluating texts, which the page forbids.
CONTROLLED = """new Promise((done) => {
  if (navigator.serviceWorker.controller) done();
  navigator.serviceWorker.addEventListener("controllerchange", () => done());
})"""


def measure_tree(process):
    """Seconds of processor time of what a process has started."""
    return sum(measure_processor_time(child) + measure_tree(child) for child in list_children(process))


def open_timed(app):
    start, before = time.perf_counter(), measure_tree(os.getpid())
    app.page.goto(app.url)
    app.page.locator("td:visible").first.wait_for(timeout=120000)
    return time.perf_counter() - start, measure_tree(os.getpid()) - before


def time_edits(app, count=15):
    found = []
    for n in range(count):
        app.settle()
        app.page.evaluate(WATCH)
        type_into(app, "W 1, row 1, column 1", str(0.1 + n / 100))
        found.append(app.page.evaluate("window.drawn"))
        app.page.evaluate(NEXT_FRAME)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site, profile = Path(folder) / "site", Path(folder) / "profile"
        build_site(site)
        with serve_site(site) as url:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            # What the service worker fetches for later is no part of the first visit.
            context, names = browser.new_context(service_workers="block"), set()
            context.on("request", lambda request: names.add(request.url.removeprefix(f"{url}/").split("?")[0]))
            cold = open_timed(App(context.new_page(), url))
            files = [path for path in (site / (name or "index.html") for name in names) if path.is_file()]
            size = sum(len(gzip.compress(path.read_bytes())) for path in files)
            every = sum(len(gzip.compress(path.read_bytes())) for path in site.rglob("*") if path.is_file())
            print(
                f"first visit: {size / 1e6:.1f} MB by gzip in {len(files)} files; the whole site {every / 1e6:.1f} MB"
            )
            browser.close()
            # From here on with a profile, as people have one: what the browser compiles it keeps there.
            context = playwright.chromium.launch_persistent_context(profile, executable_path=chromium(), args=FLAGS)
            app = App(context.pages[0], url)
            open_timed(app)
            app.page.evaluate(CONTROLLED)
            for name, (wall, cpu) in [("first", cold), *(("later", open_timed(app)) for _ in range(3))]:
                print(f"{name} visit: a matrix after {wall:.1f} s, {cpu:.1f} s of processor time")
            edits = sorted(time_edits(app))
            middle = statistics.median(edits)
            print(f"an edit is drawn after {middle:.0f} ms (median of {len(edits)}), at most {edits[-1]:.0f}")
            print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            context.close()


if __name__ == "__main__":
    main()
