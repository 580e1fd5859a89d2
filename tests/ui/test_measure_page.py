"""Measuring as Streamlit runs it, without a browser: reports are kept, cancelled jobs leave no process."""

import os
import subprocess
import sys
import time

import pytest

from mlpcore import benchmark as bench
from mlpcore.benchmark import Job
from pages.ui.state.memory_page import MOST_RUNS
from tests.ui.test_memory_page import choice, choose, figures, go, words
from tests.visits import MEMORY


@pytest.fixture
def page(app):
    app.switch_page(MEMORY).run()
    return choose(app, "memory source", "own")


@pytest.fixture
def queue(monkeypatch):
    """A queue for this test, closed afterwards."""
    own = bench.JobQueue()
    monkeypatch.setattr(bench, "shared_queue", lambda: own)
    yield own
    own.close()


def until(page, done, seconds=300):
    """Run the page as its fragment would, until something is so; the process that measures gives way to all others."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)
        page.run()
        assert not page.exception


def test_measuring_shows_counted_beside_measured_and_keeps_it(page, queue):
    go(page, "measure")
    assert "Counted, not yet measured" in words(page)
    choose(page, "memory rounds", 5)
    page.button(key="memory measure").click().run()
    assert page.session_state["runs"].tickets
    assert any(b.key == "memory cancel" for b in page.button)
    until(page, lambda: page.session_state["runs"].reports)
    assert not any(b.key == "memory cancel" for b in page.button)
    (report,) = page.session_state["runs"].reports
    assert [a.schedule for a in report.measurements] == list(choice(page).schedules)
    assert "only the counted bytes mean much" in words(page)
    filled = [t for t in figures(page)[0]["data"] if "error_y" in t]
    assert len(filled) == len(report.measurements)
    assert len(bench.format_csv([report]).splitlines()) == 1 + len(report.measurements)
    # A new run leaves what was found standing, and so does another page.
    page.button(key="memory measure").click().run()
    assert len([t for t in figures(page)[0]["data"] if "error_y" in t]) == len(report.measurements)
    page.switch_page("app.py").run()
    page.switch_page(MEMORY).run()
    until(page, lambda: len(page.session_state["runs"].reports) == 2)


def test_measuring_along_an_axis_puts_dots_on_the_lines(page, queue, monkeypatch):
    monkeypatch.setattr(bench.sweep, "MAX_POINTS", 2)
    monkeypatch.setattr(bench.sweep, "MAX_FLOPS", 10**5)
    go(page, "scaling")
    page.button_group(key="memory axis").set_value("batch").run()
    choose(page, "memory rounds", 5)
    page.button(key="memory measure").click().run()
    until(page, lambda: not page.session_state["runs"].tickets)
    dots = [t for t in figures(page)[0]["data"] if t["mode"] == "markers"]
    assert len(dots) == len(choice(page).schedules)
    assert len(dots[0]["x"]) == 2


def workers():
    """The processes of measurements that this one has started."""
    found = subprocess.run(["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True).stdout
    return [line for line in found.splitlines() if "mlpcore.benchmark.worker" in line]


@pytest.mark.skipif(sys.platform == "win32", reason="needs ps")
def test_a_cancelled_run_leaves_no_process_behind(page, queue):
    choose(page, "memory source", "wide and shallow")
    go(page, "measure")
    choose(page, "memory rounds", 101)
    page.button(key="memory measure").click().run()
    until(page, workers)
    assert len(workers()) == 1
    page.button(key="memory cancel").click().run()
    assert not page.exception
    assert not workers()
    assert page.session_state["runs"].tickets == ()
    assert page.session_state["runs"].reports == ()


def test_what_would_exhaust_the_machine_is_refused_with_its_bytes(page, queue):
    choose(page, "memory source", "wide and shallow")
    choose(page, "memory batch", 2**24)
    go(page, "measure")
    page.button(key="memory measure").click().run()
    sizes = choice(page).sizes
    needs = Job(sizes.shape, sizes.N, choice(page).schedules, sizes.loss).bytes_needed
    assert f"{needs:,} bytes" in page.error[0].value
    assert not queue.tickets()


def test_a_visitor_who_floods_the_queue_must_wait(page, queue):
    choose(page, "memory source", "wide and shallow")
    go(page, "measure")
    choose(page, "memory rounds", 101)
    for _ in range(MOST_RUNS + 2):
        page.button(key="memory measure").click().run()
    assert "may wait at a time" in page.error[0].value
    assert len(queue.tickets()) == len(page.session_state["runs"].tickets) == MOST_RUNS
    page.button(key="memory cancel").click().run()
    assert not queue.tickets()


def test_where_no_process_can_be_started_the_page_shows_it(page, queue, monkeypatch):
    def refuse(*_, **__):
        raise OSError("processes are not for this place")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    go(page, "measure")
    page.button(key="memory measure").click().run()
    until(page, lambda: page.session_state["runs"].message)
    assert "none can be started here" in words(page)
    monkeypatch.undo()
    go(page, "plan")
    assert figures(page)


def test_where_no_thread_can_be_started_the_page_shows_it(page, queue, monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    go(page, "measure")
    monkeypatch.setattr(queue, "submit", refuse)
    page.button(key="memory measure").click().run()
    assert "none can be started here" in words(page)
