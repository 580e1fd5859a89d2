"""Measuring: jobs, refusals, processes left. No assertion compares times."""

import csv
import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.benchmark import Job, JobQueue, Measurement, RefusedError, format_csv, pareto_front, tabulate
from mlpcore.benchmark import queue as queue_module
from mlpcore.benchmark.machine import machine, memory_limit
from mlpcore.benchmark.worker import draw_numbers, find_unreliability, measure, median_interval
from mlpcore.memory.cost import count_pass
from mlpcore.memory.tally import totals
from tests.tools.load.cancels import cancel_often
from tests.tools.load.usage import list_children
from tests.visits import ROOT

SMALL = Job(mlp.Shape.of((6, 8, 3)), 5, ("cache S and Z", "cache S"), rounds=3)
#: Several seconds of work, so that it can be stopped in the middle.
LONG = Job(mlp.Shape.of((400,) * 6), 400, ("cache S and Z", "recompute everything"), rounds=2000)


linux_only = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")


@pytest.fixture
def queue():
    queue = JobQueue()
    yield queue
    queue.close()


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds=120):
    """Wait for a condition; the process that measures has the lowest priority, so on a busy machine it takes long."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def start(queue, job=LONG):
    """Submit a job and wait until it is being measured; its ticket and its process."""
    before = set(list_children(os.getpid()))
    ticket = queue.submit(job)
    wait_until(lambda: ticket.progress > 0)
    (pid,) = set(list_children(os.getpid())) - before
    return ticket, pid


@pytest.mark.parametrize(
    ("shape", "N", "loss"),
    [
        pytest.param(mlp.Shape.of((128,) * 7, "sigmoid"), 1000, "CrossEntropy", marks=pytest.mark.nightly),
        (mlp.Shape.of((32, *(128,) * 8), "sigmoid", dtype="float32"), 320, "MSE"),  # little more than 1 MiB
    ],
)
def test_what_is_measured_is_what_was_counted(queue, shape, N, loss):
    schedules = ("cache S and Z", "cache S", "cache Z", ("every", 2), ("blocks", 300), ("blocks", 256, "cache S"))
    job = Job(shape, N, schedules, loss, rounds=3)
    report = queue.submit(job).wait(120)
    assert [a.schedule for a in report.measurements] == [mlp.schedules.find(p).name for p in schedules]
    for m, schedule in zip(report.measurements, schedules, strict=True):
        counted = count_pass(shape, N, mlp.LOSSES[loss](), mlp.schedules.find(schedule))
        assert (m.counted, m.activations, m.recomputed_flops) == (
            counted.peak,
            counted.activations,
            counted.recomputed_flops,
        )
        assert m.counted > 2**20
        assert abs(m.traced / m.counted - 1) < 0.003
        assert m.counted <= m.arena <= 1.02 * m.counted
        assert m.low <= m.ratio <= m.high
        assert m.seconds > 0
    assert (report.measurements[0].ratio, report.measurements[0].ties_baseline) == (1.0, True)
    assert report.machine["threads"] in ("1", "unknown")


@pytest.mark.parametrize(
    "changed",
    [
        {"shape": mlp.Shape.of((32, 64, 64, 16), masked=(1, 2))},
        {"loss": mlp.MSE(penalty="L2")},
        {"conventions": mlp.Conventions("rows", at_kink=1.0)},
    ],
)
def test_dropout_a_penalty_and_conventions_are_measured_as_they_are_counted(changed):
    what = {"shape": mlp.Shape.of((32, 64, 64, 16)), "loss": mlp.MSE(), "conventions": mlp.Conventions()} | changed
    job = Job(N=40, schedules=("cache S and Z", "cache Z", "recompute everything"), rounds=3, **what)
    assert draw_numbers(job)[0].shape == job.shape
    report = measure(job, lambda _: None)
    for m in report.measurements:
        sums = totals(what["shape"], 40, what["loss"], mlp.schedules.find(m.schedule), what["conventions"])
        assert m.counted == sums.peak
        assert m.counted <= m.arena <= 1.02 * m.counted


def test_rows_hold_everything_and_survive_csv(queue):
    report = queue.submit(SMALL).wait(60)
    table = list(csv.DictReader(io.StringIO(format_csv([report, report]))))
    assert len(table) == 4
    assert [row["schedule"] for row in table[:2]] == ["cache S and Z", "cache S"]
    assert {"kernel", "threads", "dtype", "rounds", "examples", "widths", "unreliable", "tie"} <= set(table[0])
    assert table[0]["widths"] == "6-8-3"
    assert float(table[1]["ratio"]) == tabulate(report)[1]["ratio"]
    assert format_csv([]) == ""


def test_a_job_that_does_not_fit_is_refused_before_anything_is_allocated(queue):
    huge = Job(mlp.Shape.of((100_000,) * 5), 100_000, ("cache S and Z",))
    before = list_children(os.getpid())
    with pytest.raises(RefusedError, match=f"{huge.bytes_needed:,} bytes"):
        queue.submit(huge)
    assert huge.bytes_needed > 10**12
    assert list_children(os.getpid()) == before
    assert queue.tickets() == []
    assert 0 <= memory_limit() <= 4 * 2**30


@linux_only
def test_a_cancelled_run_leaves_no_process_and_the_next_one_runs(queue):
    ticket, pid = start(queue)
    waits = queue.submit(SMALL)
    assert (ticket.position, waits.position, waits.state) == (0, 1, "waiting")
    assert ticket.seconds_left > 0
    assert queue.tickets() == [ticket, waits]
    ticket.cancel()
    assert not is_alive(pid)
    assert (ticket.state, ticket.wait(5)) == ("cancelled", None)
    assert waits.wait(60).measurements
    assert waits.state == "done"


@linux_only
def test_a_waiting_job_can_be_cancelled_and_the_running_one_goes_on(queue):
    ticket, pid = start(queue)
    waits = queue.submit(SMALL)
    waits.cancel()
    assert (waits.state, queue.tickets()) == ("cancelled", [ticket])
    assert is_alive(pid)
    queue.close()
    assert not is_alive(pid)
    assert ticket.state == "cancelled"
    assert queue.submit(SMALL).wait(60).measurements  # it starts afresh


@linux_only
def test_a_job_that_is_not_wanted_is_cancelled_whether_it_runs_or_waits(queue, monkeypatch):
    monkeypatch.setattr(queue_module, "CHECK_INTERVAL", 0.05)
    wanted = {"first": True, "second": True}
    before = set(list_children(os.getpid()))
    first = queue.submit(LONG, lambda: wanted["first"])
    second = queue.submit(LONG, lambda: wanted["second"])
    third = queue.submit(SMALL)
    wait_until(lambda: first.progress > 0)
    (pid,) = set(list_children(os.getpid())) - before
    wanted["second"] = False  # it still waits
    wait_until(lambda: second.state == "cancelled")
    assert is_alive(pid)
    wanted["first"] = False
    wait_until(lambda: first.state == "cancelled" and not is_alive(pid))
    assert third.wait(60).measurements


@linux_only
def test_without_work_there_is_neither_a_process_nor_a_thread(queue):
    processes, threads = list_children(os.getpid()), threading.active_count()
    for _ in range(2):
        assert queue.submit(SMALL).wait(60).measurements
        wait_until(lambda: threading.active_count() == threads)
        assert list_children(os.getpid()) == processes


@linux_only
def test_many_cancels_leave_no_process_and_a_queue_that_works():
    running, waiting, left = cancel_often(20)
    assert (running + waiting, left) == (20, [])
    assert running
    assert waiting


@linux_only
def test_the_process_that_measures_lets_others_go_first(queue):
    before = set(list_children(os.getpid()))
    queue.submit(LONG)
    wait_until(lambda: set(list_children(os.getpid())) - before)
    (pid,) = set(list_children(os.getpid())) - before
    wait_until(lambda: os.getpriority(os.PRIO_PROCESS, pid) == 19)
    assert os.getpriority(os.PRIO_PROCESS, 0) < 19
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():  # Linux shares out between sessions first
        wait_until(lambda: os.getsid(pid) != os.getsid(0))
        wait_until(lambda: group.read_text(encoding="ascii").strip()[-8:] in ("", " nice 19"))


@linux_only
def test_a_queue_that_is_full_refuses(queue, monkeypatch):
    monkeypatch.setattr(queue_module, "MAX_WAITING", 2)
    start(queue)
    waiting = [queue.submit(SMALL) for _ in range(2)]
    with pytest.raises(RefusedError, match="2 measurements are waiting already"):
        queue.submit(SMALL)
    waiting[0].cancel()
    assert queue.submit(SMALL).position == 2


def test_times_are_called_unreliable_for_each_of_three_reasons():
    even, idle = [1.0, 1.01] * 10, [1.0] * 40
    assert find_unreliability(idle, [even, even]) == ""
    assert "1.5 times its CPU time" in find_unreliability([1.5] * 40, [even, even])
    assert "lay 67% apart" in find_unreliability(idle, [[1.0, 2.0] * 10, [1.0, 2.0] * 10])
    # Each is even enough, and yet their ratio is anything from 0.93 to 1.08.
    a, b = [1.0, 1.0, 1.08, 1.0] * 5, [1.0, 1.08, 1.0, 1.0] * 5
    assert find_unreliability(idle, [a, b]) == ""
    drift = [1 + 0.012 * n for n in range(15)]
    assert "leave it open by" in find_unreliability(idle, [drift, drift[::-1]])
    # The interval counts as a share of the ratio: 2.8 to 3.0 is 3 %.
    assert find_unreliability(idle, [[1.0] * 20, [2.8, 3.0] * 10]) == ""


@linux_only
def test_jobs_of_many_sessions_are_measured_one_at_a_time(queue):
    before = set(list_children(os.getpid()))
    tickets = []

    def submit():
        tickets.append(queue.submit(SMALL))

    threads = [threading.Thread(target=submit) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    most = 0
    while not all(ticket.finished.is_set() for ticket in tickets):
        most = max(most, len(set(list_children(os.getpid())) - before), sum(t.state == "running" for t in tickets))
        time.sleep(0.02)
    assert most == 1
    assert all(ticket.report.measurements for ticket in tickets)


@linux_only
@pytest.mark.parametrize("end", ["", "import signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_no_process_outlives_its_interpreter(end):
    code = f"""
import os, time, mlpcore as mlp
from mlpcore.benchmark import Job, shared_queue
from tests.tools.load.usage import list_children
ticket = shared_queue().submit(Job(mlp.Shape.of((400,) * 6), 400, ("cache S and Z",), rounds=3000))
while not ticket.progress: time.sleep(0.02)
print(*list_children(os.getpid()), flush=True)
{end}
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    pid = int(run.stdout)
    wait_until(lambda: not is_alive(pid))


@linux_only
def test_a_failed_job_gives_its_reason(queue, monkeypatch):
    ticket, pid = start(queue)
    os.kill(pid, signal.SIGKILL)
    assert ticket.wait(20) is None
    assert (ticket.state, ticket.message) == ("failed", "the process that measures ended before it was done")
    queue.max_seconds = 0.3
    ticket = queue.submit(LONG)
    ticket.wait(20)
    assert "stopped after" in ticket.message
    queue.max_seconds = 600

    def refuse(*_, **__):
        raise OSError("no processes here")

    queue.close()
    monkeypatch.setattr(subprocess, "Popen", refuse)
    ticket = queue.submit(SMALL)
    ticket.wait(20)
    assert (ticket.state, queue.tickets()) == ("failed", [])
    assert "needs a process of its own" in ticket.message


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"schedules": ()}, ValueError),
        ({"schedules": ("?",)}, KeyError),
        ({"schedules": (("every", 0),)}, ValueError),
        ({"N": 0}, ValueError),
        ({"rounds": 0}, ValueError),
        ({"loss": "?"}, KeyError),
    ],
)
def test_a_job_that_is_none_is_refused(wrong, error):
    with pytest.raises(error):
        Job(**{"shape": SMALL.shape, "N": 4, "schedules": ("cache S",)} | wrong)


def test_a_job_and_its_report_can_be_sent_to_another_process():
    job = Job(mlp.Shape.of((3, 4, 2)), 9, ("cache S", ("blocks", 2, ("every", 2)), ("within", 10**6)), "ScoreHinge")
    assert pickle.loads(pickle.dumps(job)) == job
    shares = []
    report = measure(SMALL, shares.append)
    assert shares == [n / 5 for n in range(1, 6)]
    assert len(report.measurements) == 2
    assert pickle.loads(pickle.dumps(report)) == report


def test_numbers_are_drawn_in_the_precision_that_is_asked_for():
    for loss in mlp.LOSSES:
        net, batch = draw_numbers(Job(mlp.Shape.of((3, 4, 2), dtype="float32"), 7, ("cache S",), loss))
        assert net.dtype == batch.X.dtype == batch.Y.dtype == np.float32
        assert mlp.gradients(net, batch, mlp.LOSSES[loss]())


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=20))
def test_a_point_is_on_the_pareto_front_if_no_other_dominates_it(points):
    def is_dominated(p):
        return any(q[0] <= p[0] and q[1] <= p[1] and q != p for q in points)

    assert sorted(pareto_front(points)) == [n for n, p in enumerate(points) if not is_dominated(p)]


@given(st.lists(st.floats(0.5, 2), min_size=1, max_size=40))
def test_the_interval_holds_the_median(values):
    low, high = median_interval(values)
    assert min(values) <= low <= np.median(values) <= high <= max(values)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "tie"),
    [(1.04, 0.98, 1.10, True), (1.005, 1.002, 1.009, True), (1.04, 1.02, 1.06, False), (0.9, 0.88, 0.95, False)],
)
def test_a_tie_is_an_interval_around_1_or_a_ratio_close_to_it(ratio, low, high, tie):
    assert Measurement("", 1, 1, 1, 1, 0, 1.0, ratio, low, high, 1).ties_baseline is tie


def test_the_machine_is_named():
    pytest.importorskip("threadpoolctl")
    about = machine()
    assert about["threads"].isdigit()
    assert {"processor", "kernel", "threads", "NumPy", "BLAS"} <= set(about)
    assert all(isinstance(x, str) and x for x in about.values())


def test_without_threadpoolctl_the_kernel_is_unknown(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert machine()["kernel"] == "unknown"
