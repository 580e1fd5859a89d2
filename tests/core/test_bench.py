"""Measuring: what is asked, what is refused, what is left behind. No claim here rests on a clock."""

import csv
import io
import os
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
from mlpcore.benchmark import Arm, Bench, Job, RefusedError, as_csv, pareto, rows
from mlpcore.benchmark import queue as queued
from mlpcore.benchmark.machine import machine, memory_limit
from mlpcore.benchmark.worker import interval, measure, numbers, unreliable
from mlpcore.memory.cost import count_pass
from tests.tools.load.cancels import cancel_often
from tests.tools.load.usage import children
from tests.visits import ROOT

SMALL = Job(mlp.Shape.of((6, 8, 3)), 5, ("cache S and Z", "cache S"), rounds=3)
#: Several seconds of work, so that it can be stopped in the middle.
LONG = Job(mlp.Shape.of((400,) * 6), 400, ("cache S and Z", "recompute everything"), rounds=2000)


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.close()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def running(bench, job=LONG):
    ticket = bench.submit(job)
    until(lambda: ticket.progress > 0)
    return ticket, bench._process.pid


@pytest.mark.parametrize(
    ("shape", "N", "loss"),
    [
        (mlp.Shape.of((128,) * 7, "sigmoid"), 1000, "CrossEntropy"),
        (mlp.Shape.of((32, *(128,) * 8), "sigmoid", dtype="float32"), 320, "MSE"),  # little more than 1 MiB
    ],
)
def test_what_is_measured_is_what_was_counted(bench, shape, N, loss):
    policies = ("cache S and Z", "cache S", "cache Z", ("every", 2), ("blocks", 300), ("blocks", 256, "cache S"))
    job = Job(shape, N, policies, loss, rounds=3)
    report = bench.submit(job).wait(120)
    assert [a.policy for a in report.arms] == [mlp.schedules.find(p).name for p in policies]
    for arm, policy in zip(report.arms, policies, strict=True):
        counted = count_pass(shape, N, mlp.LOSSES[loss](), mlp.schedules.find(policy))
        assert (arm.counted, arm.activations, arm.again) == (counted.peak, counted.activations, counted.again)
        assert arm.counted > 2**20
        assert abs(arm.traced / arm.counted - 1) < 0.003
        assert arm.low <= arm.ratio <= arm.high
        assert arm.seconds > 0
    assert (report.arms[0].ratio, report.arms[0].tie) == (1.0, True)
    assert report.machine["threads"] in ("1", "unknown")


def test_rows_hold_everything_and_survive_csv(bench):
    report = bench.submit(SMALL).wait(60)
    table = list(csv.DictReader(io.StringIO(as_csv([report, report]))))
    assert len(table) == 4
    assert [row["policy"] for row in table[:2]] == ["cache S and Z", "cache S"]
    assert {"kernel", "threads", "dtype", "rounds", "examples", "widths", "unreliable", "tie"} <= set(table[0])
    assert table[0]["widths"] == "6-8-3"
    assert float(table[1]["ratio"]) == rows(report)[1]["ratio"]
    assert as_csv([]) == ""


def test_a_job_that_does_not_fit_is_refused_before_anything_is_allocated(bench):
    huge = Job(mlp.Shape.of((100_000,) * 5), 100_000, ("cache S and Z",))
    with pytest.raises(RefusedError, match=f"{huge.needs:,} bytes"):
        bench.submit(huge)
    assert huge.needs > 10**12
    assert bench._process is None
    assert bench.tickets() == []
    assert 0 <= memory_limit() <= 4 * 2**30


def test_a_cancelled_run_leaves_no_process_and_the_next_one_runs(bench):
    ticket, pid = running(bench)
    waits = bench.submit(SMALL)
    assert (ticket.ahead, waits.ahead, waits.state) == (0, 1, "waiting")
    assert ticket.left > 0
    assert bench.tickets() == [ticket, waits]
    ticket.cancel()
    assert not alive(pid)
    assert (ticket.state, ticket.wait(5)) == ("cancelled", None)
    assert waits.wait(60).arms
    assert waits.state == "done"


def test_a_waiting_job_can_be_cancelled_and_the_running_one_goes_on(bench):
    ticket, pid = running(bench)
    waits = bench.submit(SMALL)
    waits.cancel()
    assert (waits.state, bench.tickets()) == ("cancelled", [ticket])
    assert alive(pid)
    bench.close()
    assert not alive(pid)
    assert ticket.state == "cancelled"
    assert bench.submit(SMALL).wait(60).arms  # it starts afresh


def test_what_nobody_waits_for_any_more_is_ended(bench, monkeypatch):
    monkeypatch.setattr(queued, "LOOK", 0.05)
    there = {"first": True, "second": True}
    first = bench.submit(LONG, lambda: there["first"])
    second = bench.submit(LONG, lambda: there["second"])
    third = bench.submit(SMALL)
    until(lambda: first.progress > 0)
    pid = bench._process.pid
    there["second"] = False  # it still waits
    until(lambda: second.state == "cancelled")
    assert alive(pid)
    there["first"] = False
    until(lambda: first.state == "cancelled" and not alive(pid))
    assert third.wait(60).arms


def test_a_process_without_work_is_ended_and_another_one_started(bench, monkeypatch):
    monkeypatch.setattr(queued, "IDLE", 0.2)
    assert bench.submit(SMALL).wait(60).arms
    pid = bench._process.pid
    until(lambda: not alive(pid))
    assert bench.submit(SMALL).wait(60).arms


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="asks /proc")
def test_many_cancels_leave_no_process_and_a_queue_that_works():
    at_work, waiting, left = cancel_often(20)
    assert (at_work + waiting, left) == (20, [])
    assert at_work
    assert waiting


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="asks /proc")
def test_the_process_that_measures_lets_others_go_first(bench):
    _, pid = running(bench)
    assert pid in children(os.getpid())
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    assert os.getpriority(os.PRIO_PROCESS, 0) < 19
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():  # Linux weighs sessions first
        assert os.getsid(pid) != os.getsid(0)
        assert group.read_text(encoding="ascii").strip()[-8:] in ("", " nice 19")


def test_a_queue_that_is_full_refuses(bench, monkeypatch):
    monkeypatch.setattr(queued, "MOST_WAITING", 2)
    running(bench)
    waiting = [bench.submit(SMALL) for _ in range(2)]
    with pytest.raises(RefusedError, match="2 measurements are waiting already"):
        bench.submit(SMALL)
    waiting[0].cancel()
    assert bench.submit(SMALL).ahead == 2


def test_times_are_called_unreliable_for_each_of_three_reasons():
    even, idle = [1.0, 1.01] * 10, [1.0] * 40
    assert unreliable(idle, [even, even]) == ""
    assert "1.5 times its CPU time" in unreliable([1.5] * 40, [even, even])
    assert "lay 67% apart" in unreliable(idle, [[1.0, 2.0] * 10, [1.0, 2.0] * 10])
    # Each is even enough, and yet their ratio is anything from 0.93 to 1.08.
    a, b = [1.0, 1.0, 1.08, 1.0] * 5, [1.0, 1.08, 1.0, 1.0] * 5
    assert unreliable(idle, [a, b]) == ""
    drift = [1 + 0.012 * n for n in range(15)]
    assert "leave it open by" in unreliable(idle, [drift, drift[::-1]])
    # The interval counts as a share of the ratio: 2.8 to 3.0 is 3 %.
    assert unreliable(idle, [[1.0] * 20, [2.8, 3.0] * 10]) == ""


def test_one_process_serves_many_sessions(bench):
    tickets = []

    def session():
        tickets.append(bench.submit(SMALL))

    threads = [threading.Thread(target=session) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ticket.wait(60).arms for ticket in tickets)
    first = bench._process.pid
    assert bench.submit(SMALL).wait(60)
    assert bench._process.pid == first


@pytest.mark.parametrize("end", ["", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_no_process_outlives_its_interpreter(end):
    code = f"""
import time, mlpcore as mlp
from mlpcore.benchmark import Job, shared
ticket = shared().submit(Job(mlp.Shape.of((400,) * 6), 400, ("cache S and Z",), rounds=3000))
while not ticket.progress: time.sleep(0.02)
print(shared()._process.pid, flush=True)
{end}
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    pid = int(run.stdout)
    until(lambda: not alive(pid))


def test_what_goes_wrong_is_told(bench, monkeypatch):
    ticket, pid = running(bench)
    os.kill(pid, signal.SIGKILL)
    assert ticket.wait(20) is None
    assert (ticket.state, ticket.message) == ("failed", "the process that measures ended before it was done")
    bench.most_seconds = 0.3
    ticket = bench.submit(LONG)
    ticket.wait(20)
    assert "stopped after" in ticket.message
    bench.most_seconds = 600

    def none(*args, **how):
        raise OSError("no processes here")

    bench.close()
    monkeypatch.setattr(queued.subprocess, "Popen", none)
    ticket = bench.submit(SMALL)
    ticket.wait(20)
    assert (ticket.state, bench.tickets()) == ("failed", [])
    assert "needs a process of its own" in ticket.message


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"policies": ()}, ValueError),
        ({"policies": ("?",)}, KeyError),
        ({"policies": (("every", 0),)}, ValueError),
        ({"N": 0}, ValueError),
        ({"rounds": 0}, ValueError),
        ({"loss": "?"}, KeyError),
    ],
)
def test_a_job_that_is_none_is_refused(wrong, error):
    with pytest.raises(error):
        Job(**{"shape": SMALL.shape, "N": 4, "policies": ("cache S",)} | wrong)


def test_a_job_travels_as_plain_data():
    job = Job(mlp.Shape.of((3, 4, 2)), 9, ("cache S", ("blocks", 2, ("every", 2)), ("within", 10**6)), "ScoreHinge")
    assert Job.from_json(job.as_json()) == job


def test_progress_is_told_part_by_part():
    told = []
    found = measure(SMALL, lambda done, of: told.append((done, of)))
    assert told == [(n, 5) for n in range(1, 6)]
    assert len(found["arms"]) == 2


def test_numbers_are_drawn_in_the_precision_that_is_asked_for():
    for loss in mlp.LOSSES:
        net, batch = numbers(Job(mlp.Shape.of((3, 4, 2), dtype="float32"), 7, ("cache S",), loss))
        assert net.dtype == batch.X.dtype == batch.Y.dtype == np.float32
        assert mlp.gradients(net, batch, mlp.LOSSES[loss]())


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=20))
def test_the_front_is_what_nothing_beats(points):
    def beaten(p):
        return any(q[0] <= p[0] and q[1] <= p[1] and q != p for q in points)

    assert sorted(pareto(points)) == [n for n, p in enumerate(points) if not beaten(p)]


@given(st.lists(st.floats(0.5, 2), min_size=1, max_size=40))
def test_the_interval_holds_the_median(values):
    low, high = interval(values)
    assert min(values) <= low <= np.median(values) <= high <= max(values)


def test_a_tie_is_called_one():
    def arm(ratio, low, high):
        return Arm("", 1, 1, 1, 1, 0, 1.0, ratio, low, high)

    assert arm(1.04, 0.98, 1.10).tie
    assert arm(1.005, 1.002, 1.009).tie
    assert not arm(1.04, 1.02, 1.06).tie
    assert not arm(0.9, 0.88, 0.95).tie


def test_the_machine_is_named():
    about = machine()
    assert {"processor", "kernel", "threads", "NumPy", "BLAS"} <= set(about)
    assert all(isinstance(x, str) and x for x in about.values())
