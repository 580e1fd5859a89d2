"""What goes wrong around a real server, and what a visitor still has afterwards."""

import asyncio
import shutil
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pages.ui.widgets.memory.measure import UPDATE_INTERVAL
from tests.browser.conftest import ROOT, serve
from tests.tools.load.page import WRONG
from tests.tools.load.usage import list_children
from tests.tools.load.visitor import NoAnswerError, Visitor

W1 = ("W1", (0, 0))
#: So that a test need not wait: those who left are forgotten after a second.
SOON = "--server.disconnectedSessionTTL=1"


@pytest.fixture
def start_server():
    started = []

    def start(*options, cwd=ROOT, **more):
        process, url = serve("app.py", cwd, *options, **more)
        started.append(process)
        return process, url

    yield start
    for process in started:
        process.kill()
        process.wait(10)


def read_kept(visitor):
    """What the tab keeps for the day on which the server has forgotten it."""
    return {name: visitor.get_payload(visitor.stage)["keep"][name] for name in ("link", "doc", "session")}


async def until(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


# --- the server is killed, in the middle of everybody's work -------------------------------------------


async def work(visitor, number, stop):
    """Type without a pause; returns what was answered last."""
    value = number / 100
    with suppress(NoAnswerError):
        while not stop.is_set():
            await visitor.edit(*W1, value)
            value += 1
    return visitor.read_matrix("W1")[0]


def test_a_server_killed_under_load_gives_everybody_back_what_was_answered(start_server):
    process, url = start_server()

    async def act():
        visitors = [Visitor(url, "Step_through") for _ in range(8)]
        for visitor in visitors:
            await visitor.__aenter__()
        stop = asyncio.Event()
        working = [asyncio.create_task(work(v, n, stop)) for n, v in enumerate(visitors)]
        await asyncio.sleep(2)
        process.kill()
        process.wait(10)
        answered = await asyncio.gather(*working)
        assert all(value >= 1 for value in answered)
        had = [read_kept(visitor) for visitor in visitors]
        start_server(port=url.rsplit(":", 1)[1])

        async def back(visitor, mine):
            old = mine.pop("session")
            await visitor.leave()
            await visitor.connect()
            await visitor.run()
            assert read_kept(visitor)["session"] != old  # another session: the server knows nothing
            await visitor.report("restore", mine)
            return visitor.read_matrix("W1")[0]

        assert await asyncio.gather(*map(back, visitors, had)) == answered
        for visitor in visitors:
            assert not visitor.list_faults()
            await visitor.edit(*W1, 0.5)
            assert visitor.read_matrix("W1")[0] == 0.5
            await visitor.leave()

    asyncio.run(act())


# --- a connection is cut ------------------------------------------------------------------------------


def test_who_is_cut_off_and_comes_back_goes_on(start_server):
    _, url = start_server()

    async def act():
        async with Visitor(url, "Step_through") as visitor:
            await visitor.edit(*W1, 0.25)
            before = read_kept(visitor)["session"]
            await visitor.break_connection()
            await asyncio.sleep(1)
            await visitor.connect()
            await visitor.run()
            assert read_kept(visitor)["session"] == before
            assert visitor.read_matrix("W1")[0] == 0.25
            await visitor.undo()
            assert visitor.read_matrix("W1")[0] == 0.6
            assert not visitor.list_faults()

    asyncio.run(act())


# --- a tab is closed in mid-measurement ------------------------------------------------------------------


async def measuring(visitor, pid):
    """A measurement of several seconds, under way."""
    await visitor.act("memory chapter", "Measure")
    await visitor.act("memory source", "deep and narrow")
    await visitor.act("memory measure")
    await until(lambda: list_children(pid))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks /proc")
def test_a_measurement_ends_when_it_is_cancelled_and_with_its_tab(start_server):
    process, url = start_server(SOON)

    async def act():
        for leave in (Visitor.leave, Visitor.break_connection):
            visitor = Visitor(url, "Memory_and_speed")
            await visitor.__aenter__()
            await measuring(visitor, process.pid)
            await leave(visitor)
            await until(lambda: not list_children(process.pid), 25)
        async with Visitor(url, "Memory_and_speed") as visitor:
            await measuring(visitor, process.pid)
            assert UPDATE_INTERVAL in visitor.timers.values()
            await visitor.act("memory cancel")
            await visitor.settle()
            assert UPDATE_INTERVAL not in visitor.timers.values()
            assert not visitor.has("memory cancel")
            assert not visitor.list_faults()

    asyncio.run(act())


# --- an exception in a page, on a host that starts every app with its details shown ------------------------

BROKEN = """
import streamlit as st

def wrong():
    raise ValueError("the secret inside")

@st.fragment
def part():
    if st.button("in a fragment"):
        wrong()

part()
st.button("in a callback", on_click=wrong)
if st.button("in the page"):
    wrong()
if "always" in st.query_params:
    wrong()
st.text("the end")
"""


def copy_app(folder, monkeypatch):
    """The app, in a folder of its own; returns a page of it that may be broken."""
    for name in ("pages", ".streamlit"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "app.py", folder)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return folder / "pages" / "1_Step_through.py"


@pytest.mark.parametrize("entry", ["found", "ignored"])
def test_no_trace_reaches_the_page_whatever_the_host_forces(start_server, tmp_path, monkeypatch, entry):
    page = copy_app(tmp_path, monkeypatch)
    first, last = page.read_text().split("layout.close_page(")
    page.write_text(f"{first}{BROKEN}layout.close_page({last}")
    script = (ROOT / "app.py").read_text()
    (tmp_path / "app.py").write_text(script if entry == "found" else script.split("\nelse:")[0])
    forced = ("--client.showErrorDetails=true", "--server.runOnSave=true", "--client.toolbarMode=auto")
    with (tmp_path / "log").open("w") as log:
        _, url = start_server(*forced, cwd=tmp_path, log=log)

        async def act():
            async with Visitor(url, "Step_through") as visitor:
                heard = []
                visitor.on_message = heard.append
                for where in ("in the page", "in a callback", "in a fragment"):
                    await visitor.act(where)
                    await visitor.run()
                    assert not visitor.list_errors()
                    assert "text" in visitor.list_kinds()  # to the end
                visitor.query = "always=1"
                await visitor.run()
                await visitor.run()
                await visitor.settle(0.5)  # a run that fails is followed by another, without the browser's values
                assert [WRONG in shown for shown in visitor.list_errors()] == ([True] if entry == "found" else [])
                visitor.query = ""
                await visitor.run()
                shown = b"".join(heard)
                assert b"secret" not in shown
                assert b"Traceback" not in shown
                assert b", line " not in shown
                await visitor.edit(*W1, 0.25)  # and what was entered is kept
                assert visitor.read_matrix("W1")[0] == 0.25

        asyncio.run(act())
    assert (tmp_path / "log").read_text().count("the secret inside") >= 4  # the operator can read it


AT_THE_END = """
import streamlit as st

if st.query_params.get("fails") == "again" and "once" not in st.session_state:
    st.session_state.once = True
    st.rerun()
if "fails" in st.query_params:
    raise ValueError
"""


def test_a_page_that_fails_after_it_is_complete_is_reloaded_once(start_server, tmp_path, monkeypatch):
    page = copy_app(tmp_path, monkeypatch)
    page.write_text(page.read_text() + AT_THE_END)
    _, url = start_server(cwd=tmp_path)

    async def act():
        async with Visitor(url, "Step_through", timeout=10) as visitor:
            await visitor.edit(*W1, 0.25)
            for how in ("at once", "at once", "again", "again"):  # each time that it is asked for
                visitor.query = f"fails={how}"
                await visitor.run()
                await visitor.settle(0.5)
                assert [WRONG in shown for shown in visitor.list_errors()] == [True]
                visitor.query = ""
                await visitor.run()
                await visitor.settle()
                assert not visitor.list_faults()
                assert visitor.read_matrix("W1")[0] == 0.25

    asyncio.run(act())
