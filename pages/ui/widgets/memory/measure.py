"""The chapter Measure: policies timed in the worker process, beside what is counted."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from mlpcore import SCHEDULES, figures
from mlpcore import benchmark as bench
from mlpcore.benchmark import Job, Report, Ticket
from mlpcore.memory.sizes import bytes_text, seconds_text
from mlpcore.memory.tally import BASE, Policy, compared
from mlpcore.schedules import find
from pages.ui.components.chart.chart import chart
from pages.ui.server.presence import track_presence
from pages.ui.state import session
from pages.ui.state.memory_page import BUILT, MOST_ROUNDS, MOST_RUNS, MemoryChoice, Subject, policy_of, put
from pages.ui.widgets.memory.sizes import asked
from pages.ui.widgets.words import complain, escaped, table

#: Seconds between two looks at a run under way.
LOOK = 0.5


def measure(choice: MemoryChoice, about: Subject) -> None:
    """Bytes against time: counted at once, measured on demand."""
    policies = offered(choice, about)
    choose_policies(choice)
    complain("memory policies")
    found = compared(*about.counted, policies)
    base = found[BASE]
    spots = [
        figures.Spot(t.policy, number(policy), t.peak / base.peak, t.flops / base.flops) for policy, t in found.items()
    ]
    report = newest(about)
    left, right = st.columns([7, 4], gap="medium")
    with left:
        chart("trade", figures.trade(spots, report), _spoken(report, len(spots)))
    with right:
        rounds_and_start(lambda: [Job(about.shape, about.N, tuple(policies), about.loss.name, choice.rounds)], choice)
        under_way()
        _said(report)
    _table(report)
    downloads()


def offered(choice: MemoryChoice, about: Subject) -> list[Policy]:
    """What is measured: the policies ticked, and the plan that was built in the chapter Plan."""
    built = []
    if choice.policy in BUILT:
        try:
            built = [policy_of(choice, about)]
            find(built[0])
        except ValueError:
            built = []
    return [*choice.policies, *built]


def number(policy: Policy) -> int:
    """A policy's place in the list, which gives it its colour and its shape in every chart."""
    return list(SCHEDULES).index(policy) if policy in SCHEDULES else len(SCHEDULES)


def choose_policies(choice: MemoryChoice) -> None:
    """Which policies are drawn and measured; what they are held against is always one of them."""
    st.pills(
        f"Policies, beside {BASE}",
        [name for name in SCHEDULES if name != BASE],
        selection_mode="multi",
        **asked("memory policies", _ticked, [name for name in choice.policies if name != BASE]),
    )


def _ticked(choice: MemoryChoice, names: list[str] | None) -> MemoryChoice:
    return put("policies")(choice, [BASE, *(names or [])])


def rounds_and_start(
    make: Callable[[], list[Job]], choice: MemoryChoice, label: str = "Measure on this machine"
) -> None:
    """How often each is timed, and the button that hands the jobs in.

    Args:
        make: makes the jobs, once the button is pressed.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.slider(
            "Rounds", 5, MOST_ROUNDS, step=2, width=150, **asked("memory rounds", put("rounds"), choice.rounds | 1)
        )
        st.button(
            label,
            type="primary",
            key="memory measure",
            on_click=session.change,
            args=(None, lambda choice, _: _hand_in(choice, make), "memory measure"),
            kwargs={"about": "memory"},
        )


def _hand_in(choice: MemoryChoice, make: Callable[[], list[Job]]) -> MemoryChoice:
    """Into the queue. What is refused raises ValueError, which is said beside the button."""
    made = make()
    if not made:
        raise ValueError("no size along here is both quick and small enough to be measured")
    if len(session.runs().tickets) + len(made) > MOST_RUNS:
        raise ValueError(f"no more than {MOST_RUNS} measurements of yours may wait at a time: let some finish first")
    for job in made:
        job.check(bench.memory_limit())
    try:
        tickets = tuple(bench.shared().submit(job, track_presence()) for job in made)
    except RuntimeError as error:  # a host without threads
        raise ValueError(f"measuring needs a process of its own, and none can be started here: {error}") from None
    session.put_runs(tickets=(*session.runs().tickets, *tickets), message="")
    return choice


def under_way() -> None:
    """A run under way, looked at again and again; nothing is asked of the server where none is."""
    complain("memory measure")
    runs = session.runs()
    if runs.tickets:
        st.fragment(_progress, run_every=LOOK)()
    elif runs.message:
        st.error(escaped(runs.message))


def _progress() -> None:
    if _collect() or not session.runs().tickets:
        # Something is over, or was cancelled: the whole page is drawn anew, for only that ends the looking.
        st.rerun()
    tickets = session.runs().tickets
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(min(1.0, max(0.0, tickets[0].progress)), text=_state(tickets))
        st.button("Cancel", on_click=_cancel, key="memory cancel")


def _collect() -> bool:
    """Take what is over out of the queue; whether anything was."""
    runs = session.runs()
    over = [t for t in runs.tickets if t.state not in (bench.WAITING, bench.RUNNING)]
    if over:
        reports = tuple(t.report for t in over if t.report)
        wrong = [t.message for t in over if t.state == bench.FAILED]
        left = tuple(t for t in runs.tickets if t not in over)
        session.put_runs(tickets=left, reports=(*runs.reports, *reports), message=wrong[0] if wrong else "")
    return bool(over)


def _state(tickets: tuple[Ticket, ...]) -> str:
    ticket, more = tickets[0], len(tickets) - 1
    after = f", {more} more of yours after it" if more else ""
    if ticket.state == bench.WAITING:
        return f"Waiting: {ticket.ahead} before it in the queue{after}"
    left = "" if ticket.left is None else f", about {max(1, round(ticket.left))} s left"
    return f"Measuring {len(ticket.job.policies)} policies{left}{after}"


def _cancel() -> None:
    for ticket in reversed(session.runs().tickets):
        ticket.cancel()
    session.put_runs(tickets=(), message="")


def newest(about: Subject) -> Report | None:
    """The last report on exactly these sizes."""
    wanted = (about.shape, about.N, about.loss.name)
    fitting = [r for r in session.runs().reports if (r.job.shape, r.job.N, r.job.loss) == wanted]
    return fitting[-1] if fitting else None


def _spoken(report: Report | None, count: int) -> str:
    measured = f", {len(report.arms)} of them measured" if report else ""
    return f"Peak bytes against time for {count} policies, relative to caching everything{measured}"


def _said(report: Report | None) -> None:
    """What may be said of the numbers, and what they were measured on."""
    if report is None:
        st.markdown(
            "**Counted, not yet measured at this size.** Hollow: the counted peak, and the operations of the matrix "
            "products in place of time. A cell-by-cell function, a call and the memory's own pace are not in that "
            "count, so a measured time may lie above or below it."
        )
        return
    for sentence in bench.sentences(report):
        if sentence.startswith("The times are not reliable"):
            st.warning(escaped(sentence))
        else:
            st.markdown(escaped(sentence))
    on = report.machine
    st.caption(
        escaped(
            f"Hollow: counted; filled: measured, with the 95 % interval of the median of {report.job.rounds} ratios "
            f"of CPU time. Measured on {on['processor']}, {on['BLAS']}, kernel {on['kernel']}, threads "
            f"{on['threads']}, NumPy {on['NumPy']}, {report.job.shape.dtype}, {report.job.N:,} examples."
        )
    )


def _table(report: Report | None) -> None:
    if report is None:
        return
    base = report.arms[0]
    table(
        ("measured", "counted", "measured", "of S and Z", "time", "of S and Z", "95 % interval", "verdict"),
        [
            (
                arm.policy, f"{arm.counted:,} B", f"{arm.traced:,} B", f"{arm.traced / base.traced:.3f}",
                seconds_text(arm.seconds), f"{arm.ratio:.3f}", f"{arm.low:.3f} to {arm.high:.3f}",
                "" if arm is base else "tie" if arm.tie else "faster" if arm.ratio < 1 else "slower",
            )
            for arm in report.arms
        ],
    )  # fmt: skip


def downloads() -> None:
    """Everything that was measured in this session, as CSV."""
    reports = session.runs().reports
    if not reports:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            f"Download {len(reports)} measurement{'s' if len(reports) > 1 else ''} as CSV",
            bench.as_csv(reports),
            "mlpscope-measured.csv",
            "text/csv",
            key="memory csv",
        )
        largest = max(arm.counted for report in reports for arm in report.arms)
        st.caption(f"The largest peak among them is {bytes_text(largest)}.")
