"""The server around the pages: memory given back in the background, errors as a sentence, its start told.

`runner.postScriptGC` is off, because a full collection after each rerun costs more than the
rerun. This collects instead, off the script thread; what was imported at the start it leaves alone.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

try:
    import resource
except ImportError:
    resource = None

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit.runtime.scriptrunner import RerunException, get_script_run_ctx

from pages.ui import heap, quicker
from pages.ui.rehearsal import rehearse
from pages.ui.server import assets as scripts
from pages.ui.server.presence import grace

#: Rounds of the housekeeping in the time for which a departed visitor is waited for.
ROUNDS = 3

#: Seconds between two of them, at least.
LEAST = 0.5

#: Objects that are made before Python looks which of the young ones are garbage: more than a rerun makes, for
#: nearly all of its go by themselves, and to look at them while it is under way takes 4 % of it.
YOUNG = 10_000

#: Looks at the middle-aged before Python looks at all objects: in practice the housekeeping does so before.
OLD = 1_000

#: New with every start, so that a page can tell a server that was restarted from a network that was cut.
START = secrets.token_hex(8)

_log = logging.getLogger("mlpscope")


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Let many in, and keep house for as long as the server runs."""
    raise_limit()
    settle()
    quicker.remember_theme()
    quicker.read_one_entry()
    quicker.copy_places()
    quicker.present_plainly()
    quicker.poll_seldom()
    scripts.serving.set()
    task = asyncio.create_task(_keep_house())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def settle() -> None:
    """Import what every page needs, and take it out of all later collections, which would find nothing in it.

    What registers a component stays out, as in app.py: neither the stage nor a chart nor the shell.
    """
    import numpy.ma  # noqa: F401, which `numpy.unique` imports when it is first called

    from mlpcore import benchmark as bench  # noqa: F401
    from mlpcore import figures
    from pages.ui.state import session  # noqa: F401

    figures.smallest().to_json()  # Plotly loads the rest of itself when it is first used
    gc.set_threshold(YOUNG, 10, OLD)
    leave_alone()


def leave_alone() -> None:
    """Take what is there now out of all later collections: it stays for as long as the server runs."""
    gc.collect()
    gc.freeze()


def raise_limit() -> None:
    """As many open files as the system lets this process have: each visitor takes some, and 1024 is soon reached."""
    if resource is None:  # Windows, which has no such limit
        return
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (most, 10_240):  # macOS says that there is no limit, and grants this many
        with suppress(ValueError, OSError):
            if limit == most or limit > now:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
                return


async def _keep_house() -> None:
    await rehearse()
    await rehearse(pages=False)  # so that nothing of a visitor's is left among what stays
    await asyncio.to_thread(leave_alone)
    visited = False
    while True:
        there = dismiss()
        left = visited and there == 0
        if left:
            forget()
            await rehearse(pages=False)
        visited = there != 0
        await asyncio.to_thread(gc.collect)
        await asyncio.to_thread(heap.let_go if left else heap.give_back)
        await asyncio.sleep(max(LEAST, grace() / ROUNDS))


def dismiss() -> int | None:
    """Shut down the sessions whose visitors have been gone for longer than they are waited for.

    Streamlit itself looks at them when somebody else leaves, and not before. To be called in the
    event loop, like all that touches its sessions.

    Returns:
        How many sessions are left; None where that cannot be told.
    """
    try:
        manager = st.runtime.get_instance()._session_mgr
        expired = manager._session_storage._cache.expire()
        for _, departed in expired or ():
            departed.session.shutdown()
        return len(manager.list_sessions())
    except (AttributeError, RuntimeError, TypeError):  # a Streamlit that keeps them elsewhere: it lets them go later
        _log.debug("departed sessions are left to Streamlit", exc_info=True)
        return None


def forget() -> None:
    """Empty every cache of ours, but for those that hold one thing: there may be only one of it."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("mlpcore", "pages.")):
            for held in list(vars(module).values()):
                if hasattr(held, "cache_info") and held.cache_info().currsize > 1:
                    held.cache_clear()


async def _start(_: Request) -> JSONResponse:
    return JSONResponse({"start": START})


async def _script(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in scripts.TEXTS:
        return Response(status_code=404)
    keep = "public, max-age=31536000, immutable" if request.url.query == scripts.MARKS[name] else "no-store"
    return Response(scripts.TEXTS[name], media_type="text/javascript", headers={"Cache-Control": keep})


routes = [Route("/mlpscope-start", _start), Route("/mlpscope-script/{name}", _script)]


def on_script_error(error: Exception) -> bool:
    """Log the traceback; mend the page, or show the visitor a sentence in place of it."""
    from pages.ui.state import session  # no earlier: see app.py

    _log.error("uncaught in a page", exc_info=error)
    try:
        if not session.mend():
            st.error("Something went wrong in this page. What you entered is kept; reload to go on.")
    except RerunException as waiting:  # another run was asked for meanwhile: it is what the visitor will see
        get_script_run_ctx().script_requests.request_rerun(waiting.rerun_data)
    return True
