"""The chapter Scaling: bytes, FLOPs and time over depth, width and batch."""

from __future__ import annotations

import streamlit as st

from mlpcore import SCHEDULES, Schedule, figures
from mlpcore import benchmark as bench
from mlpcore.memory.tally import AXES, count_along, find_size
from pages.ui.components.chart.chart import draw_chart
from pages.ui.state import session
from pages.ui.state.memory_page import MemoryChoice, Subject
from pages.ui.widgets.bound import choose
from pages.ui.widgets.memory.measure import (
    choose_rounds_and_start,
    choose_schedules,
    index_schedule,
    offer_downloads,
    show_progress,
)

_WHAT = {"bytes": "Peak bytes", "flops": "Matmul FLOPs", "seconds": "Measured time"}
_AXES = {"depth": "Depth", "width": "Width", "batch": "Batch"}


def draw_scaling(choice: MemoryChoice, about: Subject) -> None:
    """Draw counted lines through measured dots."""
    sizes, axis = about.sizes, choice.axis
    schedules = [SCHEDULES[name] for name in choice.schedules]
    choose_schedules(choice)
    left, right = st.columns([7, 4], gap="medium")
    with right:
        choose("memory", "axis", st.segmented_control, "Over", words=_AXES, width="content")
        choose("memory", "what", st.segmented_control, "Show", words=_WHAT, width="content")
        choose_rounds_and_start(
            lambda: bench.make_jobs(sizes, axis, schedules, choice.rounds, bench.memory_limit(), about.conventions),
            choice,
            f"Measure along {_AXES[axis].lower()}",
        )
        show_progress()
        _notes(choice, about)
    curves = _curves(choice, about, schedules)
    words = AXES[axis][0]
    with left:
        if choice.what == "seconds" and not any(c.dots for c in curves):
            st.info("Nothing was measured along here yet. Counted bytes and FLOPs need no measurement.")
        else:
            description = f"{_WHAT[choice.what]} over {words} for {len(curves)} schedules"
            draw_chart("scaling", figures.scaling(curves, choice.what, words, find_size(sizes, axis)), description)
    offer_downloads()


#: What is shown -> (what is counted of it, what is measured of it).
_READ: dict[str, tuple[str | None, str | None]] = {
    "bytes": ("peak", "traced"),
    "flops": ("flops", None),
    "seconds": (None, "seconds"),
}


def _curves(choice: MemoryChoice, about: Subject, schedules: list[Schedule]) -> list[figures.ScalingCurve]:
    """List what was counted along the axis, and what was measured of it in this session."""
    counted, got = _READ[choice.what]
    measured = bench.find_measurements(session.get_runs().reports, about.sizes, choice.axis, about.conventions)
    curves = []
    for name, points in count_along(about.sizes, choice.axis, schedules, about.conventions).items():
        if not points:
            continue
        arms = sorted(measured.get(name, {}).items())
        sizes = tuple(at for at, _ in points) if counted else ()
        values = tuple(float(getattr(sums, counted)) for _, sums in points) if counted else ()
        dots = tuple((at, float(getattr(arm, got))) for at, arm in arms) if got else ()
        curves.append(figures.ScalingCurve(name, index_schedule(name), sizes, values, dots))
    return curves


def _notes(choice: MemoryChoice, about: Subject) -> None:
    notes = ["Lines are counted, filled marks were measured in this session; dashed line: current size."]
    if choice.what == "seconds":
        notes = ["Time of a pass, measured in this session; lines only join what was measured."]
    if not about.alike:
        notes.append(
            "Counted with hidden layers like the first, identity in the last layer, no dropout and no penalty, unlike "
            "your network."
        )
    if choice.axis == "width" and about.sizes.depth == 1:
        notes.append("One layer has no hidden one: its width does not change anything.")
    busy = [r.unreliable for r in session.get_runs().reports if r.unreliable]
    if busy and choice.what == "seconds":
        st.warning(f"Some of these times are not reliable: {busy[-1]}.")
    st.caption(" ".join(notes))
