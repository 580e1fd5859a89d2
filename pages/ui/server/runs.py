"""The runs of pages as the network sees them: from a visitor's request to the message that ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.ui.server.workarounds import parse_message

#: The message that ends a run is shorter than this; longer ones need not be parsed.
MAX_END_BYTES = 256
#: Seconds after which a run no longer keeps others waiting: nearly all take a tenth of it.
MAX_TURN = 0.25


async def follow_runs(
    app: ASGIApp,
    scope: Scope,
    receive: Receive,
    send: Send,
    begin: Callable[[], Awaitable[None]],
    end: Callable[[], None],
) -> None:
    """Serve one visitor; await `begin` before a run starts, and call `end` when it has ended.

    What is asked for during a run belongs to it. A visitor who leaves ends it.
    """
    running = False

    async def receive_request() -> Message:
        nonlocal running
        message = await receive()
        parsed = None if running else parse_message(message.get("bytes") or b"")
        if parsed is not None and parsed.WhichOneof("type") == "rerun_script":
            await begin()
            running = True
        return message

    async def send_result(message: Message) -> None:
        nonlocal running
        await send(message)
        if running and _ends_run(message.get("bytes") or b""):
            running = False
            end()

    try:
        await app(scope, receive_request, send_result)
    finally:
        if running:
            end()


def _ends_run(raw: bytes) -> bool:
    if len(raw) > MAX_END_BYTES:
        return False
    try:
        return ForwardMsg.FromString(raw).WhichOneof("type") == "script_finished"
    except DecodeError:
        return False


def take_turns(app: ASGIApp) -> ASGIApp:
    """Start a run when the one before has ended, or has taken `MAX_TURN`.

    Python computes in one thread at a time, and threads that compete for it slow each other down.
    """
    turn = asyncio.Semaphore()

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await app(scope, receive, send)
            return
        timer: asyncio.TimerHandle | None = None

        async def begin() -> None:
            nonlocal timer
            await turn.acquire()
            timer = asyncio.get_running_loop().call_later(MAX_TURN, end)

        def end() -> None:
            nonlocal timer
            if timer is not None:
                timer.cancel()
                timer = None
                turn.release()

        await follow_runs(app, scope, receive, send, begin, end)

    return run
