"""A visitor without a browser: looks at every page before the first one comes, and is there when the last has left."""

from __future__ import annotations

import asyncio
import logging

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
        if msg.HasField("new_session"):
            self.pages = [page.page_script_hash for page in msg.new_session.app_pages]
        if msg.WhichOneof("type") == self._waits_for:
            self.answered.set()

    async def ask(self, session: str, message: BackMsg, answer: str) -> None:
        """Send what a browser would, and wait for a message of this kind."""
        self._waits_for = answer
        self.answered.clear()
        st.runtime.get_instance().handle_backmsg(session, message)
        await asyncio.wait_for(self.answered.wait(), PATIENCE)

    async def draw(self, session: str, page: str) -> None:
        """Have a page drawn, the first one where none is named."""
        message = BackMsg()
        message.rerun_script.page_script_hash = page
        await self.ask(session, message, "script_finished")


async def rehearse(*, pages: bool = True) -> None:
    """Draw every page once, so that what it takes is there, for its first visitor too.

    To be called in the event loop, like all that touches Streamlit's sessions.

    Args:
        pages: without them nobody only comes and goes. Streamlit holds on to the session that it last sent
            something to, with all that its visitor had, until it sends something to another.
    """
    try:
        runtime, nobody = st.runtime.get_instance(), Nobody()
        session = runtime.connect_session(nobody, {})
        try:
            # What it asks for is as it is anyway, but it is answered.
            await nobody.ask(session, BackMsg(set_run_on_save=False), "session_status_changed")
            if pages:
                await nobody.draw(session, "")  # the first one, with which all of them are told
                for page in nobody.pages:
                    await nobody.draw(session, page)
        finally:
            runtime.close_session(session)
    except (AttributeError, RuntimeError, TypeError, ValueError, TimeoutError):  # another Streamlit: it works without
        _log.debug("nobody has not been here", exc_info=True)
