"""The app as its browser's worker runs it: requests and connections are handed to it, where a server has sockets.

`web/worker.js` imports this in Pyodide, calls `start`, and then `answer` and `Connection` with what the page sends.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from pages.browser import one_thread  # isort: skip, before what imports `ssl`

import streamlit as st
from pyodide.ffi import to_js
from starlette.middleware import Middleware

from mlpcore import benchmark
from pages.browser.measuring import WorkerQueue
from pages.ui.server import assets, lifespan
from pages.ui.server.workarounds import drop_stale_reruns

assets.serving.set()
# What every page imports, and the pass that a visitor sees first, are in a memory that is kept
# (`web/workarounds.js`).
from pages.ui import layout, widgets  # noqa: E402, F401
from pages.ui.state.app_state import make_initial_state  # noqa: E402
from pages.ui.widgets.stages import build_pass  # noqa: E402

build_pass(make_initial_state())
lifespan.freeze_imports()

#: Streamlit's own addresses for a connection and for a request, without those of a network.
_SCOPE = {"asgi": {"version": "3.0"}, "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("localhost", 80)}

app = st.App(
    "app.py",
    routes=lifespan.routes,
    middleware=[Middleware(drop_stale_reruns)],
    on_script_error=lifespan.on_script_error,
)
_running = app.lifespan()(app)


async def start(post: Callable[[Any], object], open_measuring: Callable[[Any, Any], Any]) -> None:
    """Make the app ready for requests; it runs until the worker ends.

    Args:
        post: sends a message to the page.
        open_measuring: see `WorkerQueue`.
    """
    # This module may come from a memory that was kept: what must differ is drawn anew.
    random.seed()
    lifespan.START = secrets.token_hex(8)
    Connection.post = staticmethod(post)
    one_thread.prepare()
    benchmark.shared_queue = cache(partial(WorkerQueue, open_measuring))
    await _running.__aenter__()


def _make_scope(kind: str, path: str, query: str, headers: str) -> dict[str, Any]:
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in json.loads(headers)]
    where = {"type": kind, "path": path, "raw_path": path.encode(), "root_path": "", "query_string": query.encode()}
    return _SCOPE | where | {"headers": pairs, "state": {}}


async def answer(method: str, path: str, query: str, headers: str, body: Any) -> Any:
    """Answer one request.

    Args:
        headers: pairs of name and value, as JSON.
        body: a `Uint8Array`.

    Returns:
        For JavaScript: status, headers as JSON, body.
    """
    messages = [{"type": "http.request", "body": body.to_bytes(), "more_body": False}]
    status, pairs, parts = 500, [], []

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else await asyncio.Future()

    async def send(message: Any) -> None:
        nonlocal status, pairs
        if message["type"] == "http.response.start":
            status = message["status"]
            pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
        else:
            parts.append(message.get("body", b""))

    await app(_make_scope("http", path, query, headers) | {"scheme": "http", "method": method}, receive, send)
    return to_js([status, json.dumps(pairs), b"".join(parts)])


class Connection:
    """A web socket of the page, by its number there."""

    post: Callable[[Any], object]

    def __init__(self, number: int, query: str, headers: str) -> None:
        self._number = number
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._incoming.put_nowait({"type": "websocket.connect"})
        scope = _make_scope("websocket", "/_stcore/stream", query, headers)
        scope |= {"scheme": "ws", "subprotocols": dict(json.loads(headers))["sec-websocket-protocol"].split(", ")}
        self._task = asyncio.ensure_future(self._run(scope))

    async def _run(self, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._incoming.get, self._send)
        finally:
            self._post("close", 1000)

    async def _send(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            self._post("message", message.get("bytes") or message.get("text"))
        elif message["type"] == "websocket.close":
            self._post("close", message.get("code", 1000))

    def _post(self, kind: str, data: object) -> None:
        self.post(to_js([kind, self._number, data]))

    def receive(self, data: Any) -> None:
        """Take what the page sent: a `Uint8Array`."""
        self._incoming.put_nowait({"type": "websocket.receive", "bytes": data.to_bytes()})

    def close(self) -> None:
        """End it: the page has closed it."""
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1001})
