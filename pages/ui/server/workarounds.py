"""Everything that relies on internals of Streamlit or uvicorn, because no public option does it.

Each names what happens without it and where it is known upstream; `tests/server/test_workarounds.py`, or for links
over a menu `tests/browser/test_walk.py`, fails when one is no longer needed. Where an internal is missing, nothing is
done: the app works without them.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

import streamlit as st
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.scriptrunner import RerunData, RerunException, get_script_run_ctx

#: Seconds for which reruns of a page that was left are dropped: by then every browser knows the new page.
STALE_SECONDS = 10.0


def tcp_nodelay(app: ASGIApp) -> ASGIApp:
    """Send small messages at once, where uvloop is not installed (it does so by itself).

    asyncio sets TCP_NODELAY only on a socket made with `proto=IPPROTO_TCP`, and Streamlit's is not. Without this
    each message waits until the one before is acknowledged, up to 40 ms. Known as Kludex/uvicorn#3149.
    """

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            with suppress(AttributeError, OSError):  # another server, or no TCP
                transport = getattr(receive, "__self__").transport  # noqa: B009
                transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await app(scope, receive, send)

    return run


def max_message_size(app: ASGIApp) -> ASGIApp:
    """Close a connection as soon as it announces a longer message than Streamlit reads.

    Streamlit gives uvicorn `server.maxMessageSize`, which is about what it sends. Without this a message of 30 MB is
    held in memory until it is complete, and refused only then (`server.maxWidgetStateSize`). No issue known.
    """

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            with suppress(AttributeError, TypeError):  # another server, or one without a limit
                connection = getattr(receive, "__self__").conn  # noqa: B009
                connection.max_message_size = min(connection.max_message_size, max_message_bytes())
        await app(scope, receive, send)

    return run


def max_message_bytes() -> int:
    """Return the length of the longest message that Streamlit reads from a browser."""
    return st.get_option("server.maxWidgetStateSize") * 10**6


def drop_stale_reruns(app: ASGIApp) -> ASGIApp:
    """Drop fragment reruns that a page asks for after the visitor has left it.

    A click on a link closes an open menu, and the browser asks for the new page first and for the old page's menu
    second. Without this the second request brings the old page back, or leaves a white one. No issue known.
    """

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        current = left = ""
        since = 0.0

        async def receive_fresh() -> Message:
            nonlocal current, left, since
            while True:
                message = await receive()
                parsed = parse_message(message.get("bytes") or b"")
                if parsed is None or not parsed.rerun_script.page_script_hash:
                    return message
                rerun, page = parsed.rerun_script, parsed.rerun_script.page_script_hash
                if rerun.fragment_id and page == left and time.monotonic() - since < STALE_SECONDS:
                    continue
                if rerun.fragment_id:  # of the current page: the browser knows it by now
                    left = ""
                elif page != current:
                    left, since = current, time.monotonic()
                current = page
                return message

        await app(scope, receive_fresh if scope["type"] == "websocket" else receive, send)

    return run


def parse_message(raw: bytes) -> BackMsg | None:
    """Return what a browser sent; None where it is no message, and Streamlit will end the connection."""
    try:
        return BackMsg.FromString(raw)
    except DecodeError:
        return None


def rerun_without_widget_values(kept: Collection[str], flag: str) -> bool:
    """Discard the browser's widget values after an error in a page, and run the page again, once.

    A browser can send a value that Streamlit fails to read, and sends it again with every rerun. Without this such a
    session stays broken until it is reloaded: through the public `st.session_state`, deleting a value reads it first.
    Related: streamlit/streamlit#16203.

    Args:
        kept: keys of the session state that survive.
        flag: key that is then set to True, for the app to remove after a successful run.

    Returns:
        Whether the page will run again. An error in that run has another cause, and nothing is done.
    """
    context = get_script_run_ctx()
    mark = frozenset({flag})  # stands in for the hashes of cached messages, and is passed on to runs that follow
    if context is None or context.script_requests is None:
        return False
    try:
        state = context.session_state._state  # the wrapper around it would let a pending rerun begin here
        if context.cached_message_hashes == mark:
            return False
        rerun = RerunData(context.query_string, None, context.page_script_hash, cached_message_hashes=mark)
        values = {name: state[name] for name in kept if name in state}
        state._new_widget_state.states.clear()
        state.clear()
        for name, value in {**values, flag: True}.items():
            state[name] = value
        context.script_requests.request_rerun(rerun)
    except (AttributeError, TypeError):
        return False
    return True


@contextmanager
def keep_pending_rerun() -> Iterator[None]:
    """Put a rerun back into the queue that was taken from it while an error is handled.

    Streamlit ignores a rerun that is raised in `on_script_error`. Without this the visitor's latest edit is not drawn
    if it arrives at that moment. No issue known.
    """
    try:
        yield
    except RerunException as pending:
        if (context := get_script_run_ctx()) is not None and context.script_requests is not None:
            context.script_requests.request_rerun(pending.rerun_data)
