"""How quick the laboratory redraws under its margin slider, as a ratio to a bare Streamlit app in the same run.

    .venv/bin/python -m tests.tools.benchmarks.bench_hinge

Ten examples, five classes, the chapter Margin: matrices on the stage and two Plotly charts. A redraw
is over when both charts stand for the new margin; the bare app is that of `bench_stage`.
"""

import time

from tests.tools.benchmarks.bench_stage import BARE_RERUN, CLOCK, side_by_side, summary

ROUNDS = 30
LIMIT = 1.5

# The slider moved by a notch, then until both charts were drawn again and the stage shows the same margin's matrices.
SLIDE = """(key) => {
    const slider = deep('.knob input')[0];
    const charts = [...document.querySelectorAll('.mlp-chart')];
    const before = charts.map((c) => c.dataset.drawn);
    const gap = deep('td').find((c) => c.ariaLabel?.startsWith('G, row 1, column 1,'));
    const shown = gap.ariaLabel;
    const by = key === 'ArrowRight' ? 0.005 : -0.005;
    return clock(
        () => { slider.value = Number(slider.value) + by; slider.dispatchEvent(new Event('input')); },
        () => charts.every((c, k) => c.dataset.drawn !== before[k]) && gap.ariaLabel !== shown);
}"""


def main():
    with side_by_side(2) as ((bare, ours), url):
        ours.goto(f"{url}/Hinge_loss")
        ours.locator("td").first.wait_for()
        ours.locator('[data-testid="stSelectbox"] input').first.click()
        ours.get_by_role("option", name="Ten examples", exact=False).click()
        ours.wait_for_timeout(500)
        ours.get_by_role("button", name="Margin", exact=True).click()
        ours.wait_for_function("() => document.querySelectorAll('.mlp-chart[data-drawn]').length === 2")
        for page in (bare, ours):
            page.evaluate(CLOCK)
            page.wait_for_timeout(1500)
        times = {"bare rerun": [], "margin slider": []}
        for n in range(1, ROUNDS + 3):
            bare.bring_to_front()
            time.sleep(0.3)
            rerun = bare.evaluate(BARE_RERUN, n)
            bare.wait_for_timeout(150)
            ours.bring_to_front()
            time.sleep(0.3)
            slid = ours.evaluate(SLIDE, "ArrowRight" if n % 2 else "ArrowLeft")
            ours.wait_for_timeout(300)
            if n > 2:
                times["bare rerun"].append(rerun)
                times["margin slider"].append(slid)
    base, ours = (summary(t) for t in times.values())
    print(f"{ROUNDS} rounds; a bare rerun: median {base[0]:.0f} ms, p95 {base[1]:.0f} ms")
    print(
        f"margin slider: median {ours[0]:.0f} ms, p95 {ours[1]:.0f} ms, ratio {ours[0] / base[0]:.2f} (limit {LIMIT})"
    )


if __name__ == "__main__":
    main()
