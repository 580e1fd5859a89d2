"""How quick the stage is, as ratios to a bare Streamlit app in the same run.

    .venv/bin/python -m tests.tools.benchmarks.bench_stage

The bare app has one button and a counter and runs on Streamlit's default settings; ours runs
on its own. Both are driven in the same Chromium, in turns, so that a slow machine is slow for
both. Times run from the event in the page to the frame in which its result is painted.
"""

import statistics
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, chromium, serve

ROUNDS = 40
BARE = """
import streamlit as st
st.session_state.setdefault("n", 0)
if st.button("press"):
    st.session_state.n += 1
st.write(f"count {st.session_state.n}")
"""

# Resolves with the milliseconds from the action to the frame after which `done` holds.
CLOCK = """
window.clock = (act, done) => new Promise((resolve) => {
    const start = performance.now();
    const look = () => requestAnimationFrame(() => {
        if (!done()) return look();
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now() - start);
        channel.port2.postMessage(null);
    });
    act();
    look();
});
const root = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).find((r) => r?.querySelector(".mlp"));
window.deep = (selector) => [...root.querySelectorAll(selector)];
0;
"""

BARE_RERUN = """(n) => clock(
    () => document.querySelector('[data-testid="stButton"] button').click(),
    () => document.body.innerText.includes(`count ${n}`))"""

STEP = """([key, n]) => clock(
    () => document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true })),
    () => deep(".counter")[0].textContent.startsWith(`${n} `))"""

# Type into W_1[1,1]: painted in its own cell, then in S_1[1,1], which only Python can compute.
EDIT = """async ([value, own, next]) => {
    const named = (start) => deep(".field td").find((c) => c.getAttribute("aria-label").startsWith(start));
    const cell = named("W 1, row 1, column 1");
    cell.focus();
    cell.dispatchEvent(new MouseEvent("dblclick", { bubbles: true, composed: true }));
    const input = cell.querySelector("input");
    input.value = value;
    const key = { key: "Enter", bubbles: true, composed: true };
    const enter = () => input.dispatchEvent(new KeyboardEvent("keydown", key));
    const start = performance.now();
    const itself = await clock(enter, () => cell.title.endsWith(own));
    await clock(() => {}, () => named("S 1, row 1, column 1").title.endsWith(next));
    return [itself, performance.now() - start];
}"""


def summary(times):
    ordered = sorted(times)
    return statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))]


@contextmanager
def side_by_side(count, script=BARE):
    """So many pages of one browser, the first on the bare app `script`, which is loaded; and the address of ours."""
    folder = Path(tempfile.mkdtemp())
    (folder / "bare.py").write_text(script, encoding="utf-8")
    servers = [serve("bare.py", folder), serve()]
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            pages = [browser.new_page(viewport={"width": 1280, "height": 720}) for _ in range(count)]
            pages[0].goto(servers[0][1])
            pages[0].get_by_text("count 0").wait_for()
            yield pages, servers[1][1]
            browser.close()
    finally:
        for process, _ in servers:
            process.terminate()


def main():
    with side_by_side(3) as ((bare, ours, board), url):
        ours.goto(f"{url}/Step_through")
        board.goto(f"{url}/Derivation")
        for page in (ours, board):
            page.locator("td").first.wait_for()
        for page in (bare, ours, board):
            page.evaluate(CLOCK)
            page.wait_for_timeout(1500)
        names = ("bare rerun", "step forward", "step back", "edited cell", "all downstream", "board frame")
        times = {name: [] for name in names}
        for n in range(1, ROUNDS + 3):
            bare.bring_to_front()
            time.sleep(0.3)  # a page that comes to the front paints slowly at first
            rerun = bare.evaluate(BARE_RERUN, n)
            bare.wait_for_timeout(150)
            ours.bring_to_front()
            time.sleep(0.3)
            forward = ours.evaluate(STEP, ["ArrowRight", 2])
            time.sleep(0.15)
            back = ours.evaluate(STEP, ["ArrowLeft", 1])
            time.sleep(0.9)  # let the cursor's own rerun, half a second after the last step, pass
            weight = 0.1 + n / 1000
            own, downstream = ours.evaluate(
                EDIT, [f"{weight}", f"= {weight:.14g}", f"= {weight * 0.75 + 0.01 * 0.8:.14g}"]
            )
            ours.keyboard.press("Escape")  # out of the matrix, as a person must before the arrows walk
            time.sleep(0.2)
            board.bring_to_front()
            time.sleep(0.3)
            frame = board.evaluate(STEP, ["ArrowRight", 2])
            board.evaluate(STEP, ["ArrowLeft", 1])
            if n > 2:  # two rounds to warm up
                measured = (rerun, forward, back, own, downstream, frame)
                for name, value in zip(times, measured, strict=True):
                    times[name].append(value)
    base = summary(times["bare rerun"])
    limits = {"step forward": 0.15, "step back": 0.15, "edited cell": 0.2, "all downstream": 1.0, "board frame": 0.15}
    print(f"{ROUNDS} rounds; a bare rerun: median {base[0]:.0f} ms, p95 {base[1]:.0f} ms")
    print(f"{'':16}{'median':>9}{'p95':>9}{'ratio':>9}{'p95 ratio':>11}{'limit':>8}")
    for name, limit in limits.items():
        median, p95 = summary(times[name])
        print(f"{name:16}{median:7.1f}ms{p95:7.1f}ms{median / base[0]:9.3f}{p95 / base[1]:11.3f}{limit:8.2f}")


if __name__ == "__main__":
    main()
