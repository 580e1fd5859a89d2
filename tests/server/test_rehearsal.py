"""A visitor without a browser, who draws every chapter first and comes once more when the last one has left."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.ui import rehearsal
from pages.ui.components.stage import chapters, chapters_hinge
from pages.ui.layout import PAGES as OFFERED
from pages.ui.server import lifespan as server
from pages.ui.state import memory_page as memory
from pages.ui.state import saved as parts
from pages.ui.state.app_state import everyones
from tests.visits import ROOT

#: A server's runtime without its addresses: what is drawn in it is said, a line for each page.
BARE = """
import asyncio, logging
from streamlit.runtime import Runtime, RuntimeConfig
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from pages.ui import rehearsal

class Nobody(rehearsal.Nobody):
    def write_forward_msg(self, msg):
        super().write_forward_msg(msg)
        if msg.HasField("page_config_changed"):
            print("page", msg.page_config_changed.title)
        if msg.HasField("delta") and msg.delta.new_element.HasField("exception"):
            print("exception", msg.delta.new_element.exception.message)

async def main():
    config = RuntimeConfig("app.py", MemoryMediaFileStorage("/media"), MemoryUploadedFileManager("/upload"))
    runtime = Runtime(config)
    await runtime.start()
    rehearsal.Nobody = Nobody
    await rehearsal.rehearse()
    print("left", len(runtime._session_mgr.list_sessions()))
    runtime.stop()
    await runtime.stopped

logging.getLogger("mlpscope").setLevel("DEBUG")
asyncio.run(main())
"""

PAGES = ("first", "second", "third")


def run(coroutine):
    with ThreadPoolExecutor(1) as fresh:  # the browser tests leave a loop in this thread
        return fresh.submit(asyncio.run, coroutine).result()


@pytest.fixture
def streamlit(monkeypatch):
    """What of a runtime answers: which pages there are, and that one is finished."""
    seen = SimpleNamespace(drawn=[], asked=0, open=set(), silent=False)

    def connect_session(client, user):
        seen.client = client
        seen.open.add("session")
        return "session"

    def handle_backmsg(session, message):
        assert session in seen.open
        answer = ForwardMsg()
        if message.HasField("rerun_script"):
            seen.drawn.append(message.rerun_script.page_script_hash)
            told = ForwardMsg()
            for page in PAGES:
                told.navigation.app_pages.add(page_script_hash=page)
            seen.client.write_forward_msg(told)
            answer.script_finished = ForwardMsg.FINISHED_SUCCESSFULLY
        else:
            seen.asked += 1
            answer.session_status_changed.run_on_save = False
        if not seen.silent:
            seen.client.write_forward_msg(answer)

    runtime = SimpleNamespace(
        connect_session=connect_session, handle_backmsg=handle_backmsg, close_session=seen.open.discard
    )
    monkeypatch.setattr(st.runtime, "get_instance", lambda: runtime)
    return seen


def test_every_chapter_of_every_page_is_drawn_and_nobody_stays():
    told = subprocess.run([sys.executable, "-c", BARE], cwd=ROOT, capture_output=True, text=True, timeout=120)
    said = told.stdout.splitlines()
    looks = max(map(len, (memory.CHAPTERS, chapters.CHAPTERS, chapters_hinge.CHAPTERS)))
    assert sorted(said) == sorted(
        ["left 0", "page Whole pass · MLPScope", *[f"page {name} · MLPScope" for name in OFFERED.values()] * looks]
    )
    assert "nobody" not in told.stderr


def test_links_lead_to_every_chapter():
    works = [everyones(), *(parts.begun(parse_qs(link)[parts.PARAMETER][0]) for link in rehearsal.chapters())]
    assert not any(work.says[1] for work in works)
    assert {work.memory.chapter for work in works} == set(memory.CHAPTERS)
    assert {work.place.chapter for work in works} == set(chapters.CHAPTERS)
    assert {chapters_hinge.chapter_of(work.lab_place) for work in works} == set(chapters_hinge.CHAPTERS)


def test_a_page_is_drawn_with_what_its_session_began_with(streamlit, monkeypatch):
    monkeypatch.setattr(rehearsal, "chapters", lambda: iter(["s=one"]))
    run(rehearsal.rehearse())
    assert streamlit.drawn == ["", *PAGES, *PAGES]
    assert not streamlit.open


def test_nobody_comes_and_goes_without_a_page(streamlit):
    run(rehearsal.rehearse(pages=False))
    assert (streamlit.asked, streamlit.drawn, streamlit.open) == (1, [], set())


def test_a_server_that_does_not_answer_is_left(streamlit, monkeypatch):
    monkeypatch.setattr(rehearsal, "PATIENCE", 0.01)
    streamlit.silent = True
    run(rehearsal.rehearse())
    assert not streamlit.open


@pytest.mark.parametrize("runtime", [None, SimpleNamespace(connect_session=lambda client, user: "session")])
def test_another_streamlit_has_no_rehearsal(monkeypatch, runtime):
    monkeypatch.setattr(st.runtime, "get_instance", lambda: runtime)
    run(rehearsal.rehearse())


def test_house_is_kept_once_after_the_last_has_left(monkeypatch):
    there, did = iter([0, 2, 1, 0, 0, 3, 0, 0]), []

    async def rehearse(pages=True):
        did.append("pages" if pages else "nobody")

    monkeypatch.setattr(server, "LEAST", 0)
    monkeypatch.setattr(server, "ROUNDS", 1e9)
    monkeypatch.setattr(server, "rehearse", rehearse)
    monkeypatch.setattr(server, "leave_alone", lambda: did.append("left alone"))
    monkeypatch.setattr(server, "forget", lambda: did.append("forgotten"))
    monkeypatch.setattr(server.heap, "give_back", lambda: None)
    monkeypatch.setattr(server.heap, "let_go", lambda: did.append("let go"))
    monkeypatch.setattr(server, "dismiss", lambda: next(there))
    with pytest.raises(RuntimeError):  # when it is told no more
        run(server._keep_house())
    assert did == ["pages", "nobody", "left alone", *["forgotten", "nobody", "let go"] * 2]


def test_what_there_is_one_of_is_kept_and_the_rest_forgotten():
    from mlpcore import MSE, Shape
    from mlpcore.benchmark import queue
    from mlpcore.memory import tally
    from mlpcore.schedules.policies import extra_layers
    from pages.ui.state.app_state import everyones

    one, work = queue.shared(), everyones()
    for depth in (5, 6, 7):
        extra_layers(depth, 2)
        tally.totals(Shape.of((depth, 2, 2)), 3, MSE(), tally.BASE)
    server.forget()
    assert extra_layers.cache_info().currsize == 0
    # One of each may be a thing of which there is only one.
    assert max(f.cache_info().currsize for f in vars(tally).values() if hasattr(f, "cache_info")) <= 1
    assert queue.shared() is one
    assert everyones() is work
