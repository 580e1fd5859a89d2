"""Runs take turns: one starts when the one before has ended, takes long, or has lost its visitor."""

import asyncio

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.ui.server import runs
from tests.server.test_middleware import run

ASKS, OTHER = BackMsg(), BackMsg(clear_cache=True)
ASKS.rerun_script.query_string = "x=1"
ENDS = ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY).SerializeToString()
LONG = ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY, hash="x" * runs.MAX_END_BYTES).SerializeToString()


def visit(limited, serve, *requests):
    """Let one visitor send requests to an app that serves each with `serve(request, send)`; return the task."""
    waiting = [{"type": "websocket.receive", "bytes": request.SerializeToString()} for request in requests]

    async def receive():
        return waiting.pop(0) if waiting else {"type": "websocket.disconnect"}

    async def send(message):
        pass

    return asyncio.create_task(limited({"type": "websocket", "serve": serve}, receive, send))


async def app(scope, receive, send):
    while (message := await receive())["type"] != "websocket.disconnect":
        await scope["serve"](message["bytes"], send)


def test_runs_do_not_overlap():
    running = most = served = 0

    async def serve(request, send):
        nonlocal running, most, served
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        served += 1
        await send({"type": "websocket.send", "bytes": ENDS})

    async def all_at_once():
        limited = runs.take_turns(app)
        await asyncio.gather(*(visit(limited, serve, ASKS, ASKS, ASKS) for _ in range(20)))

    run(all_at_once())
    assert served == 60
    assert most == 1


@pytest.mark.parametrize("reply", [b"", b"\xff", LONG, ForwardMsg(hash="1").SerializeToString()])
def test_a_run_that_does_not_end_keeps_others_waiting_for_a_while_only(reply, monkeypatch):
    monkeypatch.setattr(runs, "MAX_TURN", 0.05)
    order = []

    async def hang(request, send):
        order.append("first begins")
        await send({"type": "websocket.send", "bytes": reply})
        await asyncio.Event().wait()

    async def serve(request, send):
        order.append("second")

    async def both():
        limited = runs.take_turns(app)
        first = visit(limited, hang, ASKS)
        second = visit(limited, serve, ASKS)
        await asyncio.sleep(0.01)
        order.append("a while")
        await second
        first.cancel()

    run(both())
    assert order == ["first begins", "a while", "second"]


def test_a_visitor_who_leaves_gives_the_turn_back():
    served = []

    async def fail(request, send):
        raise ConnectionError

    async def serve(request, send):
        served.append(request)

    async def one_after_the_other():
        limited = runs.take_turns(app)
        with pytest.raises(ConnectionError):
            await visit(limited, fail, ASKS)
        await asyncio.wait_for(visit(limited, serve, ASKS), runs.MAX_TURN / 2)

    run(one_after_the_other())
    assert len(served) == 1


def test_what_asks_for_no_run_does_not_wait():
    served = []

    async def hang(request, send):
        await asyncio.Event().wait()

    async def serve(request, send):
        served.append(request)

    async def both():
        limited = runs.take_turns(app)
        first = visit(limited, hang, ASKS)
        await asyncio.sleep(0)
        await asyncio.wait_for(visit(limited, serve, OTHER, OTHER), runs.MAX_TURN / 2)
        first.cancel()

    run(both())
    assert len(served) == 2
