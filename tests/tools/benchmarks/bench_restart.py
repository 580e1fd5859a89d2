"""How soon a page has its numbers back when its server was killed and started again.

    .venv/bin/python -m tests.tools.benchmarks.bench_restart [rounds]

Seconds from the new server's first answer until the page says that it is back, for short and long
absences, beside what a page takes that is opened afresh in the same run.
"""

import sys
import time
from statistics import median

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, App, chromium, serve


def once(browser, page, away):
    process, url = serve()
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        student = App(context.new_page(), url).open(page)
        student.cell("W 1, row 1, column 1").dblclick()
        student.page.keyboard.type("0.3")
        student.press("Enter")
        student.page.wait_for_url("**s=*")
        student.settle()
        process.kill()
        process.wait(10)
        student.page.wait_for_timeout(1000 * away)
        process, _ = serve(port=int(url.rsplit(":", 1)[1]))
        start = time.perf_counter()
        student.page.get_by_text("The server was restarted.").wait_for()
        student.wait("W 1, row 1, column 1", 0.3)
        back = time.perf_counter() - start
        start = time.perf_counter()
        App(context.new_page(), url).open(page)
        return back, time.perf_counter() - start
    finally:
        context.close()
        process.kill()
        process.wait(10)


def main(rounds=5):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for page in ("", "Step_through", "Derivation"):
            for away in (0, 3, 10):
                backs, fresh = zip(*(once(browser, page, away) for _ in range(rounds)), strict=True)
                print(
                    f"{page or 'Whole pass':14} away {away:2d} s + start: back in {median(backs):.2f} s "
                    f"(at most {max(backs):.2f}), opened afresh in {median(fresh):.2f} s",
                    flush=True,
                )
        browser.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
