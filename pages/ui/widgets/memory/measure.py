"""The chapter Measure: schedules timed in a process of their own, beside what is counted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import streamlit as st

from mlpcore import SCHEDULES, figures
from mlpcore import benchmark as bench
from mlpcore.benchmark import Job, Measurement, Report, Ticket
from mlpcore.memory.tally import BASE, compare
from mlpcore.schedules import Schedule
from mlpcore.units import bytes_text, seconds_text
from pages.ui.components.chart.chart import draw_chart
from pages.ui.server.presence import track_presence
from pages.ui.state import session
from pages.ui.state.memory_page import BUILT, MOST_ROUNDS, MOST_RUNS, MemoryChoice, Subject, find_schedule
from pages.ui.widgets.bound import bind, choose, on_click
from pages.ui.widgets.words import draw_table, escape_markdown, show_errors

#: Seconds between two updates of a running measurement.
UPDATE_INTERVAL = 0.5


def draw_measure(choice: MemoryChoice, about: Subject) -> None:
    """Show bytes against time: counted at once, measured on demand."""
    schedules = list_schedules(choice, about)
    choose_schedules(choice)
    tallies = compare(*about.counted, schedules, about.conventions)
    base = tallies[BASE]
    spots = [
        figures.Spot(name, index_schedule(name), t.peak / base.peak, t.flops / base.flops)
        for name, t in tallies.items()
    ]
    report = find_newest(about)
    left, right = st.columns([7, 4], gap="medium")
    with left:
        draw_chart("trade", figures.trade(spots, report), _describe_chart(report, len(spots)))
    with right:
        job = partial(Job, about.shape, about.N, tuple(schedules), about.loss, conventions=about.conventions)
        choose_rounds_and_start(lambda: [job(rounds=choice.rounds)], choice)
        show_progress()
        _show_summary(report)
    _show_table(report)
    offer_downloads()


def list_schedules(choice: MemoryChoice, about: Subject) -> list[Schedule]:
    """Return the schedules to measure: those chosen, and the one built in the chapter Plan."""
    schedules = [SCHEDULES[name] for name in choice.schedules]
    if choice.schedule in BUILT:
        with suppress(ValueError):
            schedules.append(find_schedule(choice, about))
    return schedules


def index_schedule(schedule: str) -> int:
    """Return a schedule's place in the list, which gives it its colour and its shape in every chart."""
    return list(SCHEDULES).index(schedule) if schedule in SCHEDULES else len(SCHEDULES)


def choose_schedules(choice: MemoryChoice) -> None:
    """Let the visitor choose the schedules to draw and measure; the baseline is always one of them."""
    st.pills(
        f"Schedules, beside {BASE}",
        [name for name in SCHEDULES if name != BASE],
        selection_mode="multi",
        **bind(
            "memory schedules", [name for name in choice.schedules if name != BASE], put_schedules, "memory", "memory"
        ),
    )


def put_schedules(choice: MemoryChoice, names: list[str] | None) -> MemoryChoice:
    """Take schedules in the order in which they are offered."""
    return replace(choice, schedules=tuple(name for name in SCHEDULES if name == BASE or name in (names or ())))


def choose_rounds_and_start(
    make: Callable[[], list[Job]], choice: MemoryChoice, label: str = "Measure on this machine"
) -> None:
    """Let the visitor choose how often each is timed, and start the jobs with a button.

    Args:
        make: makes the jobs, once the button is pressed.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        choose("memory", "rounds", st.slider, "Rounds", 5, MOST_ROUNDS, now=choice.rounds | 1, step=2, width=150)
        st.button(
            label,
            type="primary",
            key="memory measure",
            **on_click(lambda choice: _submit(choice, make), "memory measure", "memory"),
        )


def _submit(choice: MemoryChoice, make: Callable[[], list[Job]]) -> MemoryChoice:
    """Submit the jobs to the queue.

    Raises:
        ValueError: a job is refused; the message is shown beside the button.
    """
    jobs = make()
    if not jobs:
        raise ValueError("no size along here is both quick and small enough to be measured")
    if len(session.get_runs().tickets) + len(jobs) > MOST_RUNS:
        raise ValueError(f"no more than {MOST_RUNS} measurements of yours may wait at a time: let some finish first")
    for job in jobs:
        job.check(bench.memory_limit())
    try:
        tickets = tuple(bench.shared_queue().submit(job, track_presence()) for job in jobs)
    except RuntimeError as error:  # a host without threads
        raise ValueError(f"measuring needs a process of its own, and none can be started here: {error}") from None
    session.update_runs(tickets=(*session.get_runs().tickets, *tickets), message="")
    return choice


def show_progress() -> None:
    """Show the measurements in the queue, updated while there are any."""
    show_errors("memory measure")
    runs = session.get_runs()
    if runs.tickets:
        st.fragment(_show_running, run_every=UPDATE_INTERVAL)()
    elif runs.message:
        st.error(escape_markdown(runs.message))


def _show_running() -> None:
    if _collect() or not session.get_runs().tickets:
        # Only a rerun of the whole page ends the updates of this fragment.
        st.rerun()
    tickets = session.get_runs().tickets
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(min(1.0, max(0.0, tickets[0].progress)), text=_describe_state(tickets))
        st.button("Cancel", on_click=_cancel, key="memory cancel")


def _collect() -> bool:
    """Move finished tickets out of the session, their reports into it; return whether there were any."""
    runs = session.get_runs()
    finished = [t for t in runs.tickets if t.state not in (bench.WAITING, bench.RUNNING)]
    if finished:
        reports = tuple(t.report for t in finished if t.report)
        errors = [t.message for t in finished if t.state == bench.FAILED]
        left = tuple(t for t in runs.tickets if t not in finished)
        session.update_runs(tickets=left, reports=(*runs.reports, *reports), message=errors[0] if errors else "")
    return bool(finished)


def _describe_state(tickets: tuple[Ticket, ...]) -> str:
    ticket, more = tickets[0], len(tickets) - 1
    after = f", {more} more of yours after it" if more else ""
    if ticket.state == bench.WAITING:
        return f"Waiting: {ticket.position} before it in the queue{after}"
    seconds = ticket.seconds_left
    left = "" if seconds is None else f", about {max(1, round(seconds))} s left"
    return f"Measuring {len(ticket.job.schedules)} schedules{left}{after}"


def _cancel() -> None:
    for ticket in reversed(session.get_runs().tickets):
        ticket.cancel()
    session.update_runs(tickets=(), message="")


def find_newest(about: Subject) -> Report | None:
    """Return the last report on exactly this pass, or None."""
    wanted = (*about.counted, about.conventions)
    jobs = ((report, report.job) for report in session.get_runs().reports)
    fitting = [report for report, job in jobs if (job.shape, job.N, job.costs, job.conventions) == wanted]
    return fitting[-1] if fitting else None


def _describe_chart(report: Report | None, count: int) -> str:
    measured = f", {len(report.measurements)} of them measured" if report else ""
    work = "time" if report else "matmul FLOPs"
    return f"Peak bytes against {work} for {count} schedules, relative to caching everything{measured}"


def _show_summary(report: Report | None) -> None:
    """Show what the numbers mean, and what they were measured on."""
    if report is None:
        st.markdown(
            "**Counted, not yet measured at this size.** Hollow: the counted peak, and matmul FLOPs in place of "
            "time. A cell-by-cell function, a call and the memory's own pace are not in that "
            "count, so a measured time may lie above or below it."
        )
        return
    for sentence in bench.summarise(report):
        if sentence.startswith("The times are not reliable"):
            st.warning(escape_markdown(sentence))
        else:
            st.markdown(escape_markdown(sentence))
    machine = report.machine
    st.caption(
        escape_markdown(
            f"Hollow: counted; filled: measured, with the 95 % interval of the median of {report.job.rounds} ratios "
            f"of {machine['clock']}. Measured on {machine['processor']}, {machine['BLAS']}, "
            f"kernel {machine['kernel']}, threads {machine['threads']}, NumPy {machine['NumPy']}, "
            f"{report.job.shape.dtype}, {report.job.N:,} examples. "
            "The measured pass works in one arena planned by the same count, so that measured bytes agree with counted "
            "ones in part by construction."
        )
    )


def _show_table(report: Report | None) -> None:
    if report is None:
        return
    base = report.measurements[0]
    draw_table(
        ("measured", "counted", "arena", "measured", "of S and Z", "time", "of S and Z", "95 % interval", "verdict"),
        [
            (
                m.schedule, f"{m.counted:,} B", f"{m.arena:,} B", f"{m.traced:,} B", f"{m.traced / base.traced:.3f}",
                seconds_text(m.seconds), f"{m.ratio:.3f}", f"{m.low:.3f} to {m.high:.3f}",
                "" if m is base else _compare_times(m),
            )
            for m in report.measurements
        ],
    )  # fmt: skip


def _compare_times(m: Measurement) -> str:
    return "no significant difference" if m.ties_baseline else "faster" if m.ratio < 1 else "slower"


def offer_downloads() -> None:
    """Offer everything that was measured in this session as CSV."""
    reports = session.get_runs().reports
    if not reports:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            f"Download {len(reports)} measurement{'s' if len(reports) > 1 else ''} as CSV",
            bench.format_csv(reports),
            "mlpscope-measured.csv",
            "text/csv",
            key="memory csv",
        )
        largest = max(m.counted for report in reports for m in report.measurements)
        st.caption(f"The largest peak among them is {bytes_text(largest)}.")
