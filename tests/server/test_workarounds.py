"""The workarounds for Streamlit and uvicorn: what each does, and whether it is still needed.

A test whose name ends in `still_needs_this` fails when upstream does by itself what the workaround does.
"""

import asyncio
import socket
import threading
import time
from collections import deque
from contextlib import contextmanager

import pytest
import streamlit as st
import uvicorn
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.web.server.starlette import starlette_server
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.sync.client import connect

from pages.ui.server import workarounds
from tests.browser.conftest import serve
from tests.server.test_middleware import run
from tests.tools.load.visitor import Visitor


@contextmanager
def connect_visitor(app, implementation, **settings):
    """A connection to a server of this app, on a socket as Streamlit makes it."""
    listening = starlette_server._bind_socket("127.0.0.1", 0, 16)
    server = uvicorn.Server(uvicorn.Config(app, ws=implementation, lifespan="off", log_level="error", **settings))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        with connect(f"ws://127.0.0.1:{listening.getsockname()[1]}", proxy=None) as visitor:
            yield visitor
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


# --- tcp_nodelay -----------------------------------------------------------------------------------------


async def report_nodelay(scope, receive, send):
    """Send whether small messages leave at once."""
    if scope["type"] == "websocket":
        sock = receive.__self__.transport.get_extra_info("socket")
        nodelay = str(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": nodelay})
        await receive()


@pytest.mark.parametrize("loop", ["asyncio", "auto"])
@pytest.mark.parametrize("implementation", ["websockets-sansio", "auto"])
def test_tcp_nodelay_sends_small_messages_at_once(implementation, loop):
    with connect_visitor(workarounds.tcp_nodelay(report_nodelay), implementation, loop=loop) as visitor:
        assert visitor.recv(10) != "0"


def test_tcp_nodelay_asyncio_still_needs_this():
    with connect_visitor(report_nodelay, "websockets-sansio", loop="asyncio") as visitor:
        assert visitor.recv(10) == "0"


# --- max_message_size ------------------------------------------------------------------------------------


async def report_length(scope, receive, send):
    """Send how long each message is."""
    while (message := await receive())["type"] != "websocket.disconnect":
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "websocket.send", "text": str(len(message["bytes"]))})


@contextmanager
def connect_limited(monkeypatch):
    """A connection on which Streamlit sends up to 30 MB and reads up to 2 MB."""
    monkeypatch.setattr(st, "get_option", {"server.maxWidgetStateSize": 2}.get)
    app = workarounds.max_message_size(report_length)
    with connect_visitor(app, "websockets-sansio", ws_max_size=30_000_000) as visitor:
        yield visitor


def test_max_message_size_refuses_a_long_message_before_it_has_arrived(monkeypatch):
    with connect_limited(monkeypatch) as visitor:
        visitor.send(bytes(2_000_000))
        assert visitor.recv(10) == "2000000"
        # A frame of 20 MB is announced, and none of it sent.
        visitor.socket.sendall(bytes([0x80 | Opcode.BINARY, 0x80 | 127]) + (20_000_000).to_bytes(8, "big") + bytes(4))
        with pytest.raises(ConnectionClosed) as ended:
            visitor.recv(10)
    assert ended.value.rcvd.code == 1009


def test_max_message_size_refuses_a_long_message_in_pieces(monkeypatch):
    def send_in_pieces(visitor):
        visitor.send(bytes(1_000_000) for _ in range(20))
        return visitor.recv(10)

    with connect_limited(monkeypatch) as visitor, pytest.raises(ConnectionClosed):
        send_in_pieces(visitor)


def test_max_message_size_streamlit_still_needs_this():
    options = {"server.maxWidgetStateSize": 7, "server.maxMessageSize": 30}
    before = {name: st.get_option(name) for name in options}
    try:
        for name, value in options.items():
            st.config.set_option(name, value)
        assert starlette_server._get_uvicorn_config_kwargs()["ws_max_size"] > workarounds.max_message_bytes()
    finally:
        for name, value in before.items():
            st.config.set_option(name, value)


@pytest.mark.parametrize("workaround", [workarounds.tcp_nodelay, workarounds.max_message_size])
def test_a_workaround_does_nothing_where_the_server_has_no_such_internals(workaround):
    reached = []

    async def app(scope, receive, send):
        reached.append(scope["type"])

    async def receive():
        return {}

    run(workaround(app)({"type": "websocket"}, receive, None))
    run(workaround(app)({"type": "lifespan"}, receive, None))
    assert reached == ["websocket", "lifespan"]


# --- drop_stale_reruns -----------------------------------------------------------------------------------


def pass_through(*sent):
    """Of the reruns a browser sends, those that reach Streamlit: pairs of a page and a fragment."""
    queue, reached = deque(sent), []

    async def receive():
        if not queue:
            return {"type": "websocket.disconnect"}
        page, fragment = queue.popleft()
        message = BackMsg()
        message.rerun_script.page_script_hash = page
        message.rerun_script.fragment_id = fragment
        return {"type": "websocket.receive", "bytes": message.SerializeToString()}

    async def streamlit(scope, receive, send):
        while (message := await receive())["type"] == "websocket.receive":
            rerun = BackMsg.FromString(message["bytes"]).rerun_script
            reached.append((rerun.page_script_hash, rerun.fragment_id))

    run(workarounds.drop_stale_reruns(streamlit)({"type": "websocket"}, receive, None))
    return reached


def test_drop_stale_reruns_drops_fragments_of_the_page_that_was_left():
    stale = ("step", "menus")
    assert pass_through(("step", ""), ("home", ""), stale, stale, ("home", "wall")) == [
        ("step", ""),
        ("home", ""),
        ("home", "wall"),
    ]
    assert pass_through(("step", ""), ("home", ""), ("home", ""), stale) == [("step", ""), ("home", ""), ("home", "")]


def test_drop_stale_reruns_passes_fragments_of_a_page_that_is_shown_in_place_of_a_missing_one(monkeypatch):
    monkeypatch.setattr(workarounds, "STALE_SECONDS", 0)
    sent = [("home", ""), ("no page at all", ""), ("home", "menus")]
    assert pass_through(*sent) == sent


@pytest.mark.parametrize(
    "sent",
    [
        [("step", ""), ("step", "menus")],
        [("step", "menus")],  # a connection that begins again
        [("step", ""), ("home", ""), ("step", ""), ("step", "menus")],
        # A cell of the home page opens its step: the server changes the page, not the browser.
        [("step", ""), ("home", ""), ("home", "wall"), ("step", "player"), ("step", "")],
    ],
)
def test_drop_stale_reruns_passes_fragments_of_the_current_page(sent):
    assert pass_through(*sent) == sent


def test_drop_stale_reruns_leaves_what_is_no_message_to_streamlit():
    async def receive():
        return {"type": "websocket.receive", "bytes": b"\xff\xff"}

    async def streamlit(scope, receive, send):
        assert (await receive())["bytes"] == b"\xff\xff"

    run(workarounds.drop_stale_reruns(streamlit)({"type": "websocket"}, receive, None))


# --- rerun_without_widget_values: what it does is tested in test_faults and test_hostile -------------------


def test_rerun_without_widget_values_streamlit_still_needs_this(tmp_path):
    script = tmp_path / "plain.py"
    script.write_text("import streamlit as st\nst.multiselect('choice', ['a'], key='choice')\nst.text('the end')\n")
    process, url = serve(str(script), tmp_path)

    async def attack():
        async with Visitor(url) as visitor:
            assert "text" in visitor.list_kinds()
            await visitor.send(WidgetState(id=visitor.find("choice").id, json_value="{"))
            await visitor.settle()
            return visitor.traces

    try:
        assert asyncio.run(attack())
    finally:
        process.terminate()
        process.wait(10)
