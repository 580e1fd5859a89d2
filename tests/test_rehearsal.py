"""A visitor without a browser, who draws every page first and comes once more when the last one has left."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.ui import rehearsal, server

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
                told.new_session.app_pages.add(page_script_hash=page)
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


def test_every_page_is_drawn_once_and_nobody_stays(streamlit):
    run(rehearsal.rehearse())
    assert streamlit.drawn == ["", *PAGES]
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
    monkeypatch.setattr(server, "forget", lambda: did.append("forgotten"))
    monkeypatch.setattr(server.heap, "give_back", lambda: None)
    monkeypatch.setattr(server.heap, "let_go", lambda: did.append("let go"))
    monkeypatch.setattr(server, "dismiss", lambda: next(there))
    with pytest.raises(RuntimeError):  # when it is told no more
        run(server._keep_house())
    assert did == ["pages", *["forgotten", "nobody", "let go"] * 2]


def test_what_there_is_one_of_is_kept_and_the_rest_forgotten():
    from mlpcore import MSE, Shape, tally
    from mlpcore.bench import queue
    from mlpcore.schedules.policies import extra_layers
    from pages.ui.work import everyones

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
