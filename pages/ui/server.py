"""The server around the pages: garbage collected in the background, errors as a sentence, its start told.

`runner.postScriptGC` is off, because a full collection after each rerun costs more than the
rerun. This collects instead, off the script thread, when something has happened.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

try:
    import resource
except ImportError:
    resource = None

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

#: Seconds between background collections.
PERIOD = 20.0

#: New with every start, so that a page can tell a server that was restarted from a network that was cut.
START = secrets.token_hex(8)

_log = logging.getLogger("mlpscope")


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Let many in, and collect garbage now and then, for as long as the server runs."""
    raise_limit()
    task = asyncio.create_task(_collect())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def raise_limit() -> None:
    """As many open files as the system lets this process have: each visitor takes some, and 1024 is soon reached."""
    if resource is None:  # Windows, which has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # where the most is more than the system grants: as it was
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _collect() -> None:
    while True:
        await asyncio.sleep(PERIOD)
        await asyncio.to_thread(gc.collect)


async def _start(_: Request) -> JSONResponse:
    return JSONResponse({"start": START})


routes = [Route("/mlpscope-start", _start)]


def on_script_error(error: Exception) -> bool:
    """Log the traceback, and show the visitor a sentence in place of it."""
    _log.error("uncaught in a page", exc_info=error)
    st.error("Something went wrong in this page. What you entered is kept; reload to go on.")
    return True
