"""How quick the page Memory redraws where it only counts, as a ratio to a bare Streamlit app in the same run.

    .venv/bin/python -m tests.tools.benchmarks.bench_memory_page

Sixteen layers. Plan: the slider k under the timeline, the ledger and the table of all schedules. Scaling: the
slider of the batch under six curves. A redraw is over when the chart stands for the new value; the bare app is
that of `bench_stage`.
"""

import time

from tests.tools.benchmarks.bench_stage import BARE_RERUN, side_by_side, summary

ROUNDS = 30
LIMIT = 1.5

CLOCK = """
window.clock = (begin, done) => new Promise((resolve) => {
    const start = performance.now();
    begin();
    const look = () => done() ? requestAnimationFrame(() => resolve(performance.now() - start)) : setTimeout(look, 1);
    look();
});
0;
"""

SLIDE = """([which, key]) => {
    const slider = [...document.querySelectorAll('[role=slider], [data-testid=stSlider] input[type=range]')].at(which);
    const chart = document.querySelector('.mlp-chart');
    const before = chart.dataset.drawn;
    const press = new KeyboardEvent('keydown', { key, code: key, bubbles: true });
    return clock(() => { slider.focus(); slider.dispatchEvent(press); }, () => chart.dataset.drawn !== before);
}"""


def pick(page, label, option):
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=False).first.click()
    page.wait_for_timeout(1200)


def main():
    with side_by_side(3) as ((bare, plan, scaling), url):
        for page in (plan, scaling):
            page.goto(f"{url}/Memory_and_speed")
            page.locator(".mlp-chart[data-drawn]").wait_for()
            page.wait_for_timeout(1000)
            pick(page, "Network", "deep and narrow")
        pick(plan, "Cached for the backward pass", "gradient checkpointing, every k layers")
        scaling.locator('[data-testid="stButtonGroup"]').first.get_by_text("Scaling", exact=True).click()
        for page in (bare, plan, scaling):
            page.evaluate(CLOCK)
            page.wait_for_timeout(1500)
        times = {"bare rerun": [], "k under the timeline": [], "batch under the curves": []}
        for n in range(1, ROUNDS + 3):
            row = []
            for page, act in (
                (bare, lambda page, n=n: page.evaluate(BARE_RERUN, n)),
                (plan, lambda page, n=n: page.evaluate(SLIDE, [-1, "ArrowRight" if n % 2 else "ArrowLeft"])),
                (scaling, lambda page, n=n: page.evaluate(SLIDE, [2, "ArrowRight" if n % 2 else "ArrowLeft"])),
            ):
                page.bring_to_front()
                time.sleep(0.3)
                row.append(act(page))
                page.wait_for_timeout(300)
            if n > 2:
                for name, value in zip(times, row, strict=True):
                    times[name].append(value)
    base = summary(times.pop("bare rerun"))
    print(f"{ROUNDS} rounds; a bare rerun: median {base[0]:.0f} ms, p95 {base[1]:.0f} ms")
    for name, found in times.items():
        median, p95 = summary(found)
        print(f"{name:24} median {median:.0f} ms, p95 {p95:.0f} ms, ratio {median / base[0]:.2f} (limit {LIMIT})")


if __name__ == "__main__":
    main()
