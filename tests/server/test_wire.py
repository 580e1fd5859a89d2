"""What is done to the connection of a visitor itself: what is small leaves at once, what is too long does not come."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest
import streamlit as st
import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.sync.client import connect

from pages.ui.server import middleware as gate
from tests.server.test_gate import run


@contextmanager
def visited(app, implementation, **settings):
    """A connection to a server of this app."""
    listening = socket.socket(socket.AF_INET)  # as Streamlit makes it
    listening.bind(("127.0.0.1", 0))
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


async def is_prompt(scope, receive, send):
    """Tell whether small messages leave at once."""
    if scope["type"] == "websocket":
        sock = receive.__self__.transport.get_extra_info("socket")
        said = str(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": said})
        await receive()


@pytest.mark.parametrize("implementation", ["websockets-sansio", "auto"])
def test_what_is_sent_to_a_visitor_is_not_held_back(implementation):
    with visited(gate.prompt(is_prompt), implementation) as visitor:
        assert visitor.recv(10) != "0"


async def echo(scope, receive, send):
    """Tell how long each message was."""
    while (message := await receive())["type"] != "websocket.disconnect":
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "websocket.send", "text": str(len(message["bytes"]))})


def test_a_message_that_is_too_long_is_refused_before_it_is_there(monkeypatch):
    monkeypatch.setattr(st, "get_option", {"server.maxWidgetStateSize": 2}.get)
    with visited(gate.short(echo), "websockets-sansio", ws_max_size=30_000_000) as visitor:
        visitor.send(bytes(2_000_000))
        assert visitor.recv(10) == "2000000"
        # A frame of 20 MB is told of, and none of it sent.
        visitor.socket.sendall(bytes([0x80 | Opcode.BINARY, 0x80 | 127]) + (20_000_000).to_bytes(8, "big") + bytes(4))
        with pytest.raises(ConnectionClosed) as ended:
            visitor.recv(10)
    assert ended.value.rcvd.code == 1009


def test_pieces_of_a_message_that_is_too_long_are_not_gathered(monkeypatch):
    monkeypatch.setattr(st, "get_option", {"server.maxWidgetStateSize": 2}.get)

    def answered(visitor):
        visitor.send(bytes(1_000_000) for _ in range(20))
        return visitor.recv(10)

    server = visited(gate.short(echo), "websockets-sansio", ws_max_size=30_000_000)
    with server as visitor, pytest.raises(ConnectionClosed):
        answered(visitor)


@pytest.mark.parametrize("way", [gate.prompt, gate.short])
def test_where_there_is_nothing_to_be_had_nothing_happens(way):
    reached = []

    async def app(scope, receive, send):
        reached.append(scope["type"])

    async def receive():
        return {}

    run(way(app)({"type": "websocket"}, receive, None))
    run(way(app)({"type": "lifespan"}, receive, None))
    assert reached == ["websocket", "lifespan"]
