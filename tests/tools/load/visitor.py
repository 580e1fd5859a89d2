"""One visitor of a running server, without a browser: speaks Streamlit's protocol as its page does.

    async with Visitor(url, "Step_through") as v:
        await v.edit("W1", (0, 0), 0.3)      # a cell of the stage
        await v.act("Network")               # open a menu, press a button
        await v.act("Units of layer 1", "4") # type, choose, tick
        await v.go("Hinge loss")
        assert not v.list_faults()

Each returns the seconds until the server had finished. `post` sends the event of a component.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import requests
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.tools.load.page import Node, Page, make_widget_state


class NoAnswerError(Exception):
    """The server did not finish in time, or the connection is gone."""


class Visitor(Page):
    """A tab that is open on a page.

    Args:
        url: of the server, as http://host:port.
        page: its name in the address; empty for the first page.
        query: what stands behind the question mark.
        timeout: seconds to wait for an answer.
        session: id of a session to return to, as a browser does after a lost connection.
        cookie: the cookies of its browser.

    Attributes:
        on_message: called with every message as bytes, before it is read.
        closed: why the connection has ended; empty while it has not.
    """

    _names = count()

    def __init__(
        self, url: str, page: str = "", query: str = "", timeout: float = 30.0, session: str = "", cookie: str = ""
    ) -> None:
        super().__init__()
        self.url, self.page_name, self.query, self.timeout = url.rstrip("/"), page, query, timeout
        self.session_id, self.cookie = session, cookie
        self.closed = ""
        self.on_message = lambda raw: None
        self._reader: asyncio.Task | None = None
        self.client, self.seq = f"visitor{next(self._names)}", 0
        self._finished = asyncio.Event()

    async def __aenter__(self) -> Visitor:
        await self.connect()
        await self.run(page="")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    # --- connection -------------------------------------------------------------------------

    async def connect(self) -> None:
        """Open the socket without requesting the page."""
        self.ws = await websockets.connect(
            f"ws://{urlsplit(self.url).netloc}/_stcore/stream",
            origin=self.url,
            additional_headers={"Cookie": self.cookie} if self.cookie else {},
            subprotocols=["streamlit", "no-xsrf", self.session_id] if self.session_id else ["streamlit"],
            max_size=None,
            compression=None,
            ping_interval=None,
            open_timeout=self.timeout,
            close_timeout=2,
            proxy=None,
        )
        self.closed = ""
        self._reader = asyncio.create_task(self._listen())

    async def leave(self) -> None:
        """Close the tab."""
        if self._reader is None:
            return  # it was never opened
        with suppress(Exception):
            await self.ws.close()
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader

    async def break_connection(self) -> None:
        """Break the connection without a close frame."""
        self._reader.cancel()
        self.ws.transport.abort()
        self.closed = "cut"

    async def _listen(self) -> None:
        try:
            async for raw in self.ws:
                self.on_message(raw)
                if self.take(raw):
                    self._finished.set()
        except websockets.ConnectionClosed:
            pass
        finally:
            self.closed = self.closed or f"closed with {self.ws.close_code}"
            self._finished.set()

    # --- what a visitor does ----------------------------------------------------------------

    async def act(self, name: str | Node, value: Any = True) -> float:
        """Press, open, choose, tick or type: give a widget a value and wait for the run that follows."""
        node = name if isinstance(name, Node) else self.find(name)
        return await self.send(make_widget_state(node, value), node.fragment)

    async def post(self, key: str, name: str, value: dict[str, Any]) -> float:
        """Send an event as a component does with `setStateValue`; the other values of its state stay."""
        node = self.find(key)
        held = json.loads(self.values[node.id].json_value) if node.id in self.values else {}
        return await self.send(make_widget_state(node, {**held, name: value}), node.fragment)

    async def report(self, name: str, value: dict[str, Any]) -> float:
        """Send an event of the stage on the page: a cursor, a choice, a step to open."""
        return await self.post(self.stage, name, {**value, "session": self.get_payload(self.stage)["keep"]["session"]})

    async def edit(self, matrix: str, index: tuple[int, ...], value: float, stroke: int | None = None) -> float:
        """Type a number into a cell of the stage; edits of one `stroke` are one drag."""
        self.seq += 1
        stroke = self.seq if stroke is None else stroke
        cells = [[matrix, list(index), value]]
        return await self.report("edits", {"client": self.client, "seq": self.seq, "stroke": stroke, "cells": cells})

    async def undo(self, what: str = "undo") -> float:
        """Undo, or redo with "redo"."""
        payload = self.get_payload("tools")
        return await self.post("tools", "do", {"what": what, "at": time.time(), "session": payload["session"]})

    async def upload(self, node: Node, name: str, content: bytes) -> int:
        """Upload a file as a browser does: request an address, put the file there, report it. Return the status."""
        message, self.places = BackMsg(), ()
        message.file_urls_request.session_id = self.session_id
        message.file_urls_request.file_names.append(name)
        await self.send_raw(message.SerializeToString())
        while not self.places:
            await asyncio.sleep(0.005)
            if self.closed:
                raise NoAnswerError(self.closed)
        place = self.places[0]
        answer = await asyncio.to_thread(self._put, f"{self.url}/{place.upload_url.lstrip('/')}", name, content)
        state = WidgetState(id=node.id)
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(content), place.file_id
        info.file_urls.CopyFrom(place)
        await self.send(state, node.fragment)
        return answer

    def _put(self, where: str, name: str, content: bytes) -> int:
        with requests.Session() as browser:
            if self.cookie:
                browser.cookies.set(*self.cookie.split("=", 1))
            browser.get(f"{self.url}/_stcore/health", timeout=self.timeout)
            headers = {"X-Xsrftoken": browser.cookies.get("_streamlit_xsrf", "")}
            return browser.put(
                where, files={"file": (name, content)}, headers=headers, timeout=self.timeout
            ).status_code

    async def go(self, page: str) -> float:
        """Open another page, by the label of its link or its name in the address."""
        if page not in (links := self.list_links()):
            raise LookupError(f"there is no page {page!r}; there are {sorted(links)}")
        return await self.run(page=links[page])

    async def send(self, state: WidgetState, fragment: str = "") -> float:
        """Send the state of one widget, whatever it holds."""
        if (state.WhichOneof("value") or "").endswith("trigger_value"):
            return await self.run([state], fragment)
        self.values[state.id] = state
        return await self.run([], fragment)

    async def run(self, triggers: list[WidgetState] | tuple = (), fragment: str = "", page: str | None = None) -> float:
        """Request a run and wait until it has finished; return the seconds."""
        self._finished.clear()
        start = time.perf_counter()
        await self.request_run(triggers, fragment, page)
        try:
            await asyncio.wait_for(self._finished.wait(), self.timeout)
        except TimeoutError:
            raise NoAnswerError(f"nothing for {self.timeout:g} s") from None
        if self.closed:
            raise NoAnswerError(self.closed)
        return time.perf_counter() - start

    async def settle(self, quiet: float = 0.05) -> None:
        """Wait until there is a page and no run has been under way for `quiet` seconds: one may follow another."""
        clock = time.perf_counter
        start = still = clock()
        while not self.closed and clock() - still < quiet:
            await asyncio.sleep(0.01)
            if self.underway or not self.nodes:
                still = clock()
            if clock() - start > self.timeout:
                raise NoAnswerError(f"runs without end for {self.timeout:g} s")

    async def request_run(
        self, triggers: list[WidgetState] | tuple = (), fragment: str = "", page: str | None = None
    ) -> None:
        """Request a run without waiting for it."""
        message = BackMsg()
        ask = message.rerun_script
        ask.query_string, ask.fragment_id = self.query, fragment
        ask.page_script_hash = self.page_hash if page is None else page
        ask.page_name = "" if ask.page_script_hash else self.page_name
        ask.widget_states.widgets.extend([*self.values.values(), *triggers])
        ask.cached_message_hashes.extend(self.cache)
        self.runs += not fragment
        await self.send_raw(message.SerializeToString())

    async def send_raw(self, raw: bytes | str) -> None:
        """Send a message as it is.

        Raises:
            NoAnswerError: the connection is closed.
        """
        try:
            await self.ws.send(raw)
        except websockets.ConnectionClosed:
            self.closed = self.closed or "closed"
            raise NoAnswerError(self.closed) from None
