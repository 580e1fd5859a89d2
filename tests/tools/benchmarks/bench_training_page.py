"""How quick a course is redrawn under its learning rate, as a ratio to a bare Streamlit app in the same run.

    .venv/bin/python -m tests.tools.benchmarks.bench_training_page

XOR with 1,000 steps of gradient descent and of Adam. Both apps are driven by a key on Streamlit's own slider, which
waits for 200 ms before it sends a value. A redraw is over when the chart stands for the new rate; frames in which the
chart is gone, another one or faded are counted.
"""

import time
from dataclasses import replace

import mlpcore as mlp
from pages.ui.state import saved
from pages.ui.state.app_state import make_initial_state
from pages.ui.state.training_page import TrainingChoice
from tests.tools.benchmarks.bench_stage import CLOCK, side_by_side, summary

ROUNDS = 12
LIMIT = 2.0
BARE_SLIDER = """
import streamlit as st
st.write(f"count {st.select_slider('rate', range(20))}")
"""

# Waits for a key on the slider of this label; then, when `done` holds, the milliseconds since and the frames that
# flickered.
WATCH = """([label, count]) => {
    const sliders = [...document.querySelectorAll('[data-testid="stSlider"]')];
    const slider = sliders.find((e) => e.innerText.startsWith(label));
    (slider.querySelector('input') ?? slider.querySelector('[role="slider"]')).focus();
    const chart = document.querySelector('.mlp-chart');
    const drawing = chart?.querySelector('.main-svg'), before = chart?.dataset.drawn;
    const faded = (e) => e && (getComputedStyle(e).opacity < 0.99 || faded(e.parentElement));
    let flickers = 0;
    const done = () => {
        if (!chart) return document.body.innerText.includes(`count ${count}`);
        if (chart.querySelector('.main-svg') !== drawing || !chart.isConnected || faded(chart)) flickers += 1;
        return chart.dataset.drawn !== before;
    };
    const key = new Promise((resolve) => document.addEventListener("keydown", resolve, { once: true, capture: true }));
    window.watched = key.then(() => clock(() => {}, done)).then((took) => [took, flickers]);
    return 0;
}"""


def measure(page, label, key, count=0):
    """Press a key on a slider of a page that comes to the front."""
    page.bring_to_front()
    time.sleep(0.3)
    page.evaluate(WATCH, [label, count])
    page.keyboard.press(key)
    took = page.evaluate("() => window.watched")
    page.wait_for_timeout(300)
    return took


def main():
    with side_by_side(2, BARE_SLIDER) as ((bare, ours), url):
        choice = TrainingChoice(steps=1000, optimisers=("SGD", "Adam"))
        state = replace(make_initial_state(), setup=mlp.EXAMPLES["xor"].setup, training=choice)
        ours.goto(f"{url}/Training?s={saved.build_keep_payload(state)['link']}")
        ours.locator(".mlp-chart[data-drawn]").first.wait_for()
        ours.wait_for_timeout(1500)
        for page in (bare, ours):
            page.evaluate(CLOCK.partition("const root")[0] + "0;")
        times, flickers = {"bare": [], "ours": []}, 0
        for n in range(ROUNDS + 2):
            key = "ArrowLeft" if n % 2 else "ArrowRight"
            rerun, _ = measure(bare, "rate", key, 1 - n % 2)
            slid, seen = measure(ours, "Learning rate", key)
            if n > 1:  # two rounds to warm up
                times["bare"].append(rerun)
                times["ours"].append(slid)
                flickers += seen
    base, slid = (summary(t) for t in times.values())
    print(f"{ROUNDS} rounds; a bare slider: median {base[0]:.0f} ms, p95 {base[1]:.0f} ms")
    print(
        f"two courses of 1,000 steps: median {slid[0]:.0f} ms, p95 {slid[1]:.0f} ms, ratio {slid[0] / base[0]:.2f} ",
        end="",
    )
    print(f"(limit {LIMIT}), p95 ratio {slid[1] / base[1]:.2f}, {flickers} frames with a flicker")


if __name__ == "__main__":
    main()
