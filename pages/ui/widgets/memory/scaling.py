"""The chapter Scaling: bytes, operations and time over depth, width and batch."""

from __future__ import annotations

import streamlit as st

from mlpcore import bench, figures
from mlpcore.tally import AXES, Policy, along, place_on
from pages.ui import session
from pages.ui.chart.chart import chart
from pages.ui.memory import MemoryChoice, Subject, put
from pages.ui.widgets.memory.measure import choose_policies, downloads, number, rounds_and_start, under_way
from pages.ui.widgets.memory.sizes import asked
from pages.ui.widgets.words import complain

_WHAT = {"bytes": "Peak bytes", "flops": "Operations", "seconds": "Measured time"}
_AXES = {"depth": "Depth", "width": "Width", "batch": "Batch"}


def scaling(choice: MemoryChoice, about: Subject) -> None:
    """Counted lines through measured dots."""
    sizes, axis = about.sizes, choice.axis
    policies: list[Policy] = list(choice.policies)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for label, words, field, value in (("Over", _AXES, "axis", axis), ("Show", _WHAT, "what", choice.what)):
            st.segmented_control(
                label,
                list(words),
                format_func=words.get,
                width="content",
                **asked(f"memory {field}", put(field), value),
            )
        make = [lambda: bench.jobs_along(sizes, axis, policies, choice.rounds, bench.memory_limit())]
        rounds_and_start(make, choice, f"Measure along {_AXES[axis].lower()}")
    left, right = st.columns([7, 4], gap="medium", vertical_alignment="bottom")
    with left:
        choose_policies(choice)
    with right:
        under_way()
    for name in ("memory axis", "memory what", "memory policies"):
        complain(name)
    measured = bench.measured_along(session.runs().reports, sizes, axis)
    curves = []
    for policy, points in along(sizes, axis, policies).items():
        if not points:
            continue
        arms = measured.get(points[0][1].policy, {})
        got = {"bytes": "traced", "flops": "flops", "seconds": "seconds"}[choice.what]
        dots = tuple((at, float(getattr(arm, got))) for at, arm in sorted(arms.items()))
        lines = [] if choice.what == "seconds" else points
        value = {"bytes": "peak", "flops": "flops", "seconds": "flops"}[choice.what]
        curves.append(
            figures.Curve(
                points[0][1].policy,
                number(policy),
                tuple(at for at, _ in lines),
                tuple(float(getattr(t, value)) for _, t in lines),
                () if choice.what == "flops" else dots,
            )
        )
    words = AXES[axis][0]
    if choice.what == "seconds" and not any(c.dots for c in curves):
        st.info("Nothing was measured along here yet. Counted bytes and operations need no measurement.")
    else:
        said = f"{_WHAT[choice.what]} over {words} for {len(curves)} policies"
        chart("scaling", figures.scaling(curves, choice.what, words, place_on(sizes, axis)), said)
    notes = ["Lines are counted, filled marks were measured in this session; the dashed upright is the present size."]
    if not about.alike:
        notes.append("The layers of this network are not all alike; here they are taken to be like the first.")
    if axis == "width" and sizes.depth == 1:
        notes.append("One layer has no hidden one: its width does not change anything.")
    st.caption(" ".join(notes))
    downloads()
