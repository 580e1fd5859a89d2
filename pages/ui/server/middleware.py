"""What stands between the network and Streamlit: ASGI middleware, each of one purpose.

Streamlit limits one message and one file; what one visitor may take of what all share is limited
here. A host that ignores `st.App` runs the pages without any of it, and they work.
"""

from __future__ import annotations

import socket
import time
from asyncio import sleep
from collections import Counter
from contextlib import suppress

import streamlit as st
from google.protobuf.message import DecodeError
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

#: Messages a second that are taken from one visitor, and how many more at once. A hand that drags a
#: number sends some fifteen.
RATE, BURST = 20.0, 60
#: JSON becomes thirty times as large when it is read, and Streamlit keeps it. A message above `LIGHT` bytes is
#: weighed before: it may hold so many widgets, so many brackets, commas and colons (the largest matrix, pasted
#: into its cells, has 400,000), and no more than `LIGHT` besides texts. One message then takes 100 MB at most.
LIGHT, WIDGETS, PARTS = 100_000, 1_000, 600_000
#: Bytes of files that one visitor, and all together, may leave with the server. A state of the largest
#: size is 3 MB.
ONE_MAY, ALL_MAY = 12_000_000, 96_000_000
#: Seconds for which a page that was left may ask in vain: no browser is longer in the dark, unless it is there again.
LATE = 10.0
#: A file takes at least so many, however short it is.
LEAST = 65_536

#: Scripts are files of the server, what Streamlit makes of the text of a component (blob:), and one line
#: that stands in its page and no other; one of its libraries is WebAssembly. Styles are made in the page,
#: by Streamlit too. Who may frame the page is left to the host, for some show an app in a frame of their
#: own, and there is nothing here that a stolen click could reach.
POLICY = "; ".join(
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
#: The address holds what was entered: it is told to nobody else.
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def told(app: ASGIApp) -> ASGIApp:
    """Every answer says what the browser may do with it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, with_headers if scope["type"] == "http" else send)

    return answer


def prompt(app: ASGIApp) -> ASGIApp:
    """Small messages leave at once: the socket Streamlit opens holds them back until the last one is confirmed.

    (asyncio sees to that only where a socket was made for TCP by name.)
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            transport = getattr(getattr(receive, "__self__", None), "transport", None)
            with suppress(AttributeError, OSError):  # another server, or no TCP at all
                transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await app(scope, receive, send)

    return answer


def short(app: ASGIApp) -> ASGIApp:
    """Who announces a longer message than Streamlit reads is cut off at once: it would be held until all of it is
    here, and only then be refused. (The server takes from a browser as much as Streamlit may send to one.)
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            with suppress(AttributeError, TypeError):  # another server, or one without a limit
                connection = receive.__self__.conn
                connection.max_message_size = min(connection.max_message_size, _longest())
        await app(scope, receive, send)

    return answer


def paced(app: ASGIApp) -> ASGIApp:
    """No visitor is listened to more often than `RATE`; who sends faster waits, and so do the rest of its messages."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        due = 0.0

        async def slowly() -> Message:
            nonlocal due
            message = await receive()
            now = time.monotonic()
            due = max(due, now - BURST / RATE) + 1 / RATE
            if due > now:
                await sleep(due - now)
            return message

        await app(scope, slowly if scope["type"] == "websocket" else receive, send)

    return answer


def weighed(app: ASGIApp) -> ASGIApp:
    """Whoever sends what would take much memory to read is cut off, as for a message that is too long."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def lightly() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and is_heavy(message.get("bytes") or b""):
                await send({"type": "websocket.close", "code": 1009})
                return {"type": "websocket.disconnect", "code": 1009}
            return message

        await app(scope, lightly if scope["type"] == "websocket" else receive, send)

    return answer


def timely(app: ASGIApp) -> ASGIApp:
    """What a page asks of itself after it was left is not taken: it would bring that page back, or leave none.

    A click on another page closes the menu that is open, and Streamlit's browser then sends both in the wrong order.
    Until it has heard of the new page it goes by the old one's name.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        here = left = ""
        since = 0.0

        async def in_time() -> Message:
            nonlocal here, left, since
            while True:
                message = await receive()
                asked = _asked(message)
                page = asked.page_script_hash if asked else ""
                if not page:
                    return message
                if asked.fragment_id and page == left and time.monotonic() - since < LATE:
                    continue
                if asked.fragment_id:  # of the page that is there: the browser has heard of it
                    left = ""
                elif page != here:
                    left, since = here, time.monotonic()
                here = page
                return message

        await app(scope, in_time if scope["type"] == "websocket" else receive, send)

    return answer


def _asked(message: Message) -> ClientState | None:
    """The run that a message asks for, if it does."""
    with suppress(DecodeError):  # for Streamlit, which ends what it cannot read
        said = BackMsg.FromString(message.get("bytes") or b"")
        return said.rerun_script if said.HasField("rerun_script") else None
    return None


def _longest() -> int:
    """Bytes of a message that Streamlit reads."""
    return st.get_option("server.maxWidgetStateSize") * 10**6


def is_heavy(raw: bytes) -> bool:
    """Whether a message would take much more memory than its bytes."""
    if len(raw) <= LIGHT or len(raw) > _longest():
        return False  # what is too long is refused by Streamlit, unread
    try:
        widgets = BackMsg.FromString(raw).rerun_script.widget_states.widgets
    except DecodeError:
        return False  # for Streamlit, which ends what it cannot read
    if len(widgets) > WIDGETS:
        return True
    texts = [text.encode() for widget in widgets for text in (widget.json_value, widget.string_value)]
    rest = len(raw) - sum(map(len, texts))
    return rest > LIGHT or sum(text.count(mark) for text in texts for mark in (b"[", b"{", b",", b":")) > PARTS


def rationed(app: ASGIApp) -> ASGIApp:
    """A file is refused that would bring a visitor over `ONE_MAY`, or all of them over `ALL_MAY`."""
    coming: Counter[str] = Counter()  # bytes under way, by session

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "PUT" or "/upload_file/" not in scope["path"]:
            await app(scope, receive, send)
            return
        session = scope["path"].split("/")[-2]
        size = max(LEAST, _length(Headers(scope=scope)))
        held = _held()
        if held[session] + coming[session] + size > ONE_MAY or held.total() + coming.total() + size > ALL_MAY:
            while (await receive()).get("more_body"):
                pass  # who is cut short does not hear the answer
            refused = PlainTextResponse("There are too many files here already: remove one, or reload the page.", 413)
            await refused(scope, receive, send)
            return
        coming[session] += size
        try:
            await app(scope, receive, send)
        finally:
            coming[session] -= size
            if not coming[session]:
                del coming[session]

    return answer


def _length(headers: Headers) -> int:
    """Bytes of a body; as many as one file may have where it does not say, or says nonsense."""
    said = headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() else st.get_option("server.maxUploadSize") * 2**20


def _held() -> Counter[str]:
    """Bytes of the files that Streamlit holds, by session."""
    held: Counter[str] = Counter()
    if st.runtime.exists():
        files = getattr(st.runtime.get_instance().uploaded_file_mgr, "file_storage", {})
        for session, kept in list(files.items()):
            held[session] = sum(max(LEAST, len(file.data)) for file in list(kept.values()))
    return held


middleware = [Middleware(each) for each in (told, prompt, short, paced, weighed, timely, rationed)]
