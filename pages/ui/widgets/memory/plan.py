"""The chapter Plan: a schedule, its timeline, its bytes and FLOPs, and whether it fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from mlpcore import OPTIMISERS, SCHEDULES, figures
from mlpcore.memory.cost import CATEGORIES, Count, find_in_place
from mlpcore.memory.tally import BASE, PLANNED, Tally, Totals, compare, find_budget_schedules, tally, totals
from mlpcore.schedules import BUILDERS, Schedule
from mlpcore.units import bytes_text, flops_text, read_bytes
from pages.ui.components.chart.chart import draw_chart
from pages.ui.state import session
from pages.ui.state.memory_page import (
    BUILT,
    MemoryChoice,
    Subject,
    find_budget,
    find_schedule,
    ladder,
    list_budgets,
)
from pages.ui.widgets.bound import bind_in_menu, choose, on_click
from pages.ui.widgets.words import draw_table, escape_markdown, show_errors


def draw_plan(choice: MemoryChoice, about: Subject) -> None:
    """Draw and count one schedule."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _choose_schedule(choice, about)
    try:
        schedule = find_schedule(choice, about)
        counted = tally(*about.counted, schedule, about.conventions)
    except ValueError as error:
        # No plan fits, or too deep to be planned: the words say what would do.
        st.error(escape_markdown(f"{str(error)[:1].upper()}{str(error)[1:]}."))
        _least(about)
        return
    state = OPTIMISERS[choice.optimiser]().count_state_bytes(about.shape)
    every = compare(*about.counted, _list_quick(about), about.conventions)
    every = {name: t._replace(state=state) for name, t in every.items()}
    mine, base = counted.totals._replace(state=state), every[BASE]
    st.markdown(escape_markdown(_describe_trade(every)))
    left, right = st.columns([7, 4], gap="medium")
    with left:
        draw_chart("timeline", figures.timeline(counted), _spoken(counted))
        if counted.left_out:
            st.caption(
                f"{counted.blocks:,} micro-batches: the first two and the last are drawn, {counted.left_out:,} "
                "between them left out (as large as the second)."
            )
        if in_place := _describe_in_place(counted.count):
            st.caption(escape_markdown(in_place))
    with right:
        _ledger(mine, base)
        _fit(choice, about, mine, every)
    _write_reasons(schedule, counted, about)
    _all(choice, every)


#: Less cached, nothing cached, and a batch in pieces: exercise 4 weighs these against keeping everything.
_OF_EXERCISE_4 = ("cache S", "recompute everything", "micro-batches")


def _describe_trade(found: dict[str, Totals]) -> str:
    """Say what there is to see at this size: bytes saved, products paid for them, or that nothing is saved."""
    base = found[BASE]
    weighed = (
        f"{name} {found[name].peak / base.peak:.2f} ({found[name].flops / base.flops:.2f} × the matmul FLOPs)"
        for name in _OF_EXERCISE_4
    )
    text = f"Peak bytes relative to {BASE}: {', '.join(weighed)}."
    equal = sum(t.peak == base.peak for t in found.values())
    return text if equal == 1 else f"{text} {equal} of {len(found)} schedules have the same peak at this size."


#: More results in place than this are counted, not named.
NAMED = 4


def _describe_in_place(counted: Count) -> str:
    """Say which results take the place of an operand, and need no bytes of their own."""
    pairs = [(old.var, new) for old, new in find_in_place(counted.lives) if old.var and new.var]
    named = [f"{new.var.symbol} over {old.symbol} (step {new.made + 1})" for old, new in pairs[:NAMED] if new.var]
    more = f" and {len(pairs) - NAMED} more" if len(pairs) > NAMED else ""
    return f"Written in place, in no bytes of their own: {', '.join(named)}{more}." if pairs else ""


def _least(about: Subject) -> None:
    """Offer the way out of a budget into which nothing fits."""
    if about.shape.depth <= PLANNED:
        least = find_budget_schedules(*about.counted, about.conventions)[0].peak
        st.button(
            f"Take {least:,} bytes",
            key="memory least",
            **on_click(lambda choice: replace(choice, budget=least), "memory least", "memory"),
        )


def _choose_schedule(choice: MemoryChoice, about: Subject) -> None:
    schedules = {name: name for name in SCHEDULES} | BUILT
    choose("memory", "schedule", st.selectbox, "Cached for the backward pass", words=schedules, width=230)
    optimisers = {name: kind.title for name, kind in OPTIMISERS.items()}
    choose("memory", "optimiser", st.selectbox, "Optimiser", words=optimisers, width=190)
    shape = about.shape
    if choice.schedule == "every" and shape.depth > 1:
        k = min(choice.k, shape.depth)
        choose("memory", "k", st.slider, "k: a checkpoint every k layers", 1, shape.depth, now=k, width=260)
    elif choice.schedule == "blocks":
        block = min(choice.block, about.N)
        stops = ladder(block, about.N)
        choose("memory", "block", st.select_slider, "Examples in a micro-batch", stops, now=block, width=260)
    elif choice.schedule == "within" and shape.depth <= PLANNED:
        label = "Budget: bytes alive at once, excluding parameters and inputs"
        choose("memory", "budget", st.select_slider, label, list_budgets(about), now=find_budget(choice, about),
               format_func="{:,} B".format, width=420)  # fmt: skip
    if about.own and st.button(
        "Play this plan", help="On the page Step through, equation by equation.", key="memory play"
    ):
        _play(choice, about)


def _play(choice: MemoryChoice, about: Subject) -> None:
    try:
        schedule = find_schedule(choice, about)
        tally(*about.counted, schedule, about.conventions)
    except ValueError:
        return  # no such plan, as is stated below
    session.play_schedule(schedule)
    st.switch_page("pages/1_Step_through.py")


def _spoken(counted: Tally) -> str:
    step = counted.count.steps[counted.count.at_peak]
    return (
        f"Live bytes and matrices over {len(counted.count.steps)} steps under {counted.totals.schedule}: the peak is "
        f"{counted.count.peak:,} bytes, at step {counted.count.at_peak + 1}, which makes {step.out.symbol}"
    )


def _ledger(counted: Totals, base: Totals) -> None:
    """Show what the bytes are spent on at the peak, beside those of caching everything."""
    mine, theirs = counted.list_bytes(), base.list_bytes()

    words = {
        "scratch": "scratch within a step",
        "gradients": "gradients of parameters, and ℒ",
        "state": "state of the optimiser",
    }

    def row(name: str, a: int, b: int, text: Callable[[float], str] = bytes_text) -> tuple[str, str, str]:
        return words.get(name, name), text(a), text(b)

    draw_table(
        ("at the peak", "this plan", "S and Z"),
        [
            *(row(c, mine[c], theirs[c]) for c in CATEGORIES),
            row("peak", counted.peak, base.peak),
            *(row(c, mine[c], theirs[c]) for c in ("parameters", "inputs", "state")),
            row("total", counted.total, base.total),
            row("matmul FLOPs", counted.flops, base.flops, flops_text),
            row("of which recomputed", counted.recomputed_flops, base.recomputed_flops, flops_text),
        ],
        strong=("peak", "total"),
    )


def _fit(choice: MemoryChoice, about: Subject, counted: Totals, others: dict[str, Totals]) -> None:
    """Say whether it fits into so many bytes."""
    st.text_input(
        "Will it fit into",
        bytes_words(choice.room),
        **bind_in_menu("memory room", choice.room, _with_room, "memory"),
        help="16 GB, 512 MiB, 40000: the memory there is for a pass.",
    )
    show_errors("memory room", kept=f"It is still {bytes_words(choice.room)}.")
    spare = choice.room - counted.total
    if spare >= 0:
        st.success(f"**Yes.** {counted.total:,} bytes are needed in total: {_share(counted.total, choice.room)} of it.")
        return
    smallest = totals(*about.counted, BUILDERS["blocks"](1), about.conventions)._replace(state=counted.state)
    found = [*others.values(), smallest]
    fitting = sorted((t for t in found if t.total <= choice.room), key=lambda t: (t.flops, t.total))
    if fitting:
        cure = f"**{fitting[0].schedule}** would, with {bytes_text(fitting[0].total)}."
    else:
        least = min(found, key=lambda t: t.total)
        words = f"{bytes_text(least.total)}, {least.schedule}"
        cure = f"Nor would any in the table, or micro-batches of 1: the least is {words}."
    st.error(f"**No.** {counted.total:,} bytes are needed in total, {bytes_text(-spare)} too many. {cure}")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if part / whole >= 0.001 else "less than 0.1 %"


def bytes_words(n: int) -> str:
    """Write bytes as a person would type them, exactly."""
    for unit, size in (("GB", 10**9), ("GiB", 2**30), ("MB", 10**6), ("MiB", 2**20), ("kB", 10**3)):
        if n % size == 0:
            return f"{n // size} {unit}"
    return str(n)


def _with_room(choice: MemoryChoice, text: str) -> MemoryChoice:
    return replace(choice, room=read_bytes(str(text)))


def _list_quick(about: Subject) -> list[Schedule]:
    """List the schedules that are counted at once: not those for which the planner takes seconds."""
    return [schedule for schedule in SCHEDULES.values() if about.shape.depth <= 8 or not schedule.planned]


def _write_reasons(schedule: Schedule, counted: Tally, about: Subject) -> None:
    """Say what the schedule is for, and how one under a budget was found."""
    parts = [f"**{counted.totals.schedule}**: {schedule.why}"]
    if schedule.planned:
        front = find_budget_schedules(*about.counted, about.conventions)
        parts.append(
            f"Found by dynamic programming; {len(front)} plan{'s are' if len(front) > 1 else ' is'} Pareto-optimal, "
            f"from {bytes_text(front[0].peak)} to {bytes_text(front[-1].peak)}. This one takes "
            f"{counted.count.peak / front[-1].peak:.2f} of the bytes of the fastest."
        )
    recomputed = counted.count.recomputed_cells
    if recomputed and not counted.totals.recomputed_flops:
        parts.append(
            f"What is recomputed here is f(S), {recomputed:,} cells of it and no product: the price of the bytes "
            "is time that no count of FLOPs shows, and the chapter Measure does."
        )
    at = counted.count.at(counted.count.at_peak)
    if counted.blocks == 1 and 2 * at["gradients"] > counted.count.peak:
        parts.append(
            "Gradients of parameters are most of the peak, and no schedule changes them: a larger batch shows more."
        )
    st.markdown(escape_markdown(" ".join(parts)).replace(r"\*\*", "**"))


def _all(choice: MemoryChoice, found: dict[str, Totals]) -> None:
    """Show every schedule at this size."""
    base, room = found[BASE], bytes_words(choice.room)
    draw_table(
        ("schedule", "peak", "÷ S and Z", "cached and workspace", "÷ S and Z", "matmul FLOPs", "total", f"fits {room}"),
        [
            (
                t.schedule, bytes_text(t.peak), f"{t.peak / base.peak:.2f}", bytes_text(t.activations),
                f"{t.activations / base.activations:.2f}", f"{t.flops / base.flops:.2f} ×", bytes_text(t.total),
                "yes" if t.total <= choice.room else "no",
            )
            for t in found.values()
        ],
    )  # fmt: skip
