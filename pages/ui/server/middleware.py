"""ASGI middleware between the network and Streamlit: headers, rate limit, size limits, upload quota.

Streamlit limits a single message and a single file; here is limited what one visitor takes of what all share.
A host that ignores `st.App` runs the pages without any of it, and they work.
"""

from __future__ import annotations

import time
from asyncio import sleep
from collections import Counter

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.ui.server import metrics
from pages.ui.server.runs import take_turns
from pages.ui.server.workarounds import (
    drop_stale_reruns,
    max_message_bytes,
    max_message_size,
    parse_message,
    tcp_nodelay,
)

#: Messages per second that are read from one visitor, and how many more at once. Dragging a number sends some 15.
RATE, BURST = 20.0, 60
#: Parsed JSON takes thirty times its length in memory, and Streamlit keeps it. A message of more bytes than
#: `LIGHT_BYTES` is therefore inspected first: it may set so many widgets, and hold so many brackets, commas and colons
#: (the largest matrix, pasted into its cells, has 400,000) and `LIGHT_BYTES` besides texts. One message then takes
#: 100 MB at most.
LIGHT_BYTES, MAX_WIDGETS, MAX_MARKS = 100_000, 1_000, 600_000
#: Bytes of uploaded files that the server holds for one visitor, and for all. A state of the largest size is 3 MB.
VISITOR_QUOTA, SERVER_QUOTA = 12_000_000, 96_000_000
#: Bytes that every file counts for at least.
MIN_FILE_BYTES = 65_536

#: Scripts are files of the server, the text of a component as Streamlit serves it (blob:), and one inline script of
#: Streamlit's page; one of its libraries is WebAssembly. Styles are made in the page, by Streamlit too. Framing is
#: left to the host: some show an app in a frame of their own, and a stolen click has nothing to reach here.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' blob: 'wasm-unsafe-eval' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss: data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",  # the address holds what was entered
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def security_headers(app: ASGIApp) -> ASGIApp:
    """Add `HEADERS` to every response that does not set them itself."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    return run


def rate_limit(app: ASGIApp) -> ASGIApp:
    """Read at most `RATE` messages per second from one visitor; the others wait in the network."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        due = 0.0

        async def receive_slowly() -> Message:
            nonlocal due
            message = await receive()
            now = time.monotonic()
            due = max(due, now - BURST / RATE) + 1 / RATE
            if due > now:
                await sleep(due - now)
            return message

        await app(scope, receive_slowly if scope["type"] == "websocket" else receive, send)

    return run


def reject_heavy_messages(app: ASGIApp) -> ASGIApp:
    """Close a connection that sends a message which would take much memory to parse, as if it were too long."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_light() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and is_heavy(message.get("bytes") or b""):
                await send({"type": "websocket.close", "code": 1009})
                return {"type": "websocket.disconnect", "code": 1009}
            return message

        await app(scope, receive_light if scope["type"] == "websocket" else receive, send)

    return run


def is_heavy(raw: bytes) -> bool:
    """Return whether a message would take much more memory than its bytes."""
    if len(raw) <= LIGHT_BYTES or len(raw) > max_message_bytes():
        return False  # Streamlit refuses what is too long without parsing it
    if (parsed := parse_message(raw)) is None:
        return False
    widgets = parsed.rerun_script.widget_states.widgets
    if len(widgets) > MAX_WIDGETS:
        return True
    texts = [text.encode() for widget in widgets for text in (widget.json_value, widget.string_value)]
    rest = len(raw) - sum(map(len, texts))
    return (
        rest > LIGHT_BYTES or sum(text.count(mark) for text in texts for mark in (b"[", b"{", b",", b":")) > MAX_MARKS
    )


def upload_quota(app: ASGIApp) -> ASGIApp:
    """Refuse a file that would exceed `VISITOR_QUOTA` or `SERVER_QUOTA`."""
    incoming: Counter[str] = Counter()  # bytes of uploads under way, by session

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "PUT" or "/upload_file/" not in scope["path"]:
            await app(scope, receive, send)
            return
        session = scope["path"].split("/")[-2]
        size = max(MIN_FILE_BYTES, _body_bytes(Headers(scope=scope)))
        total = _stored_bytes() + incoming
        if total[session] + size > VISITOR_QUOTA or total.total() + size > SERVER_QUOTA:
            while (await receive()).get("more_body"):
                pass  # a browser that is cut off while it sends does not read the response
            refusal = PlainTextResponse("There are too many files here already: remove one, or reload the page.", 413)
            await refusal(scope, receive, send)
            return
        incoming[session] += size
        try:
            await app(scope, receive, send)
        finally:
            incoming[session] -= size
            if not incoming[session]:
                del incoming[session]

    return run


def _body_bytes(headers: Headers) -> int:
    """Return the length of a body; the largest that a file may have, where the header is missing or wrong."""
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else st.get_option("server.maxUploadSize") * 2**20


def _stored_bytes() -> Counter[str]:
    """Return the bytes of the files that Streamlit holds, by session."""
    stored: Counter[str] = Counter()
    if st.runtime.exists():
        sessions = getattr(st.runtime.get_instance().uploaded_file_mgr, "file_storage", {})
        for session, files in list(sessions.items()):
            stored[session] = sum(max(MIN_FILE_BYTES, len(file.data)) for file in list(files.values()))
    return stored


middleware = [
    Middleware(each)
    for each in (
        security_headers,
        tcp_nodelay,
        max_message_size,
        rate_limit,
        reject_heavy_messages,
        drop_stale_reruns,
        upload_quota,
        take_turns,
        *((metrics.count_runs,) if metrics.ADDRESS else ()),
    )
]
