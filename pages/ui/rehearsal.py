"""A visitor without a browser: looks at every chapter before the first one comes, is there when the last has left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import zip_longest
from urllib.parse import urlencode

import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.session_manager import SessionClient

#: Seconds after which an answer is not waited for any longer.
PATIENCE = 60

_log = logging.getLogger("mlpscope")


class Nobody(SessionClient):
    """Hears which pages there are, and when what was asked for is there."""

    def __init__(self) -> None:
        self.pages: list[str] = []
        self.answered = asyncio.Event()
        self._waits_for = ""

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        """What a browser would be sent."""
        if msg.HasField("navigation"):  # a new session knows of the first page only
            self.pages = [page.page_script_hash for page in msg.navigation.app_pages]
        if msg.WhichOneof("type") == self._waits_for:
            self.answered.set()

    async def ask(self, session: str, message: BackMsg, answer: str) -> None:
        """Send what a browser would, and wait for a message of this kind."""
        self._waits_for = answer
        self.answered.clear()
        st.runtime.get_instance().handle_backmsg(session, message)
        await asyncio.wait_for(self.answered.wait(), PATIENCE)

    async def draw(self, session: str, page: str = "", link: str = "") -> None:
        """Have a page drawn, the first one where none is named; a session takes a link with its first page only."""
        message = BackMsg()
        message.rerun_script.page_script_hash = page
        message.rerun_script.query_string = link
        await self.ask(session, message, "script_finished")


@asynccontextmanager
async def visit(nobody: Nobody) -> AsyncIterator[str]:
    """A session that ends with what is done in it."""
    runtime = st.runtime.get_instance()
    session = runtime.connect_session(nobody, {})
    try:
        # What it asks for is as it is anyway, but it is answered.
        await nobody.ask(session, BackMsg(set_run_on_save=False), "session_status_changed")
        yield session
    finally:
        runtime.close_session(session)


def chapters() -> Iterator[str]:
    """Links to the second chapter of each page that has one, to the third, and so on."""
    from pages.ui.components.stage import chapters, chapters_hinge
    from pages.ui.state import memory_page as memory  # no earlier: see app.py
    from pages.ui.state import saved as parts
    from pages.ui.state.app_state import everyones

    first = everyones()
    shown = zip_longest(memory.CHAPTERS, chapters_hinge.CHAPTERS, chapters.CHAPTERS)
    for counted, lab, derived in list(shown)[1:]:
        work = replace(
            first,
            memory=replace(first.memory, chapter=counted or first.memory.chapter),
            lab_place=replace(first.lab_place, chapter=lab or first.lab_place.chapter),
            place=replace(first.place, chapter=derived or first.place.chapter),
        )
        yield urlencode({parts.PARAMETER: parts.kept(work, first)["link"]})


async def rehearse(*, pages: bool = True) -> None:
    """Draw every chapter of every page once, so that what it takes is there, for its first visitor too.

    To be called in the event loop, like all that touches Streamlit's sessions.

    Args:
        pages: without them nobody only comes and goes. Streamlit holds on to the session that it last sent
            something to, with all that its visitor had, until it sends something to another.
    """
    nobody = Nobody()
    try:
        async with visit(nobody) as session:
            if not pages:
                return
            await nobody.draw(session)  # the first one, with which all of them are told
            for page in nobody.pages:
                await nobody.draw(session, page)
        for link in chapters():
            async with visit(nobody) as session:
                for page in nobody.pages:
                    await nobody.draw(session, page, link)
    except (AttributeError, RuntimeError, TypeError, ValueError, TimeoutError):  # another Streamlit: it works without
        _log.debug("nobody has not been here", exc_info=True)
