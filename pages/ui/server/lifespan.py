"""What the server does besides drawing pages: start-up, garbage collection, its own routes, errors.

`runner.postScriptGC` is off, because a full collection after every rerun costs more than the rerun.
Instead, what is imported at the start is frozen, and the rest is collected in the background.
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
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pages.ui.server import assets, metrics, workarounds
from pages.ui.state import session

#: Seconds between two garbage collections in the background.
COLLECTION_INTERVAL = 20.0

#: Thresholds of the three generations. A rerun makes fewer than 10,000 objects, and reference counting frees
#: nearly all of them; smaller thresholds look at them during the rerun, which takes 4 % of it. The last
#: generation is in practice collected in the background.
THRESHOLDS = (10_000, 10, 1_000)

#: Different at every start, so that a page can tell a restarted server from an interrupted network.
START = secrets.token_hex(8)

_log = logging.getLogger("mlpscope")


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Prepare the server, and collect garbage for as long as it runs."""
    raise_descriptor_limit()
    freeze_imports()
    assets.serving.set()
    if metrics.ADDRESS:
        metrics.serve()
    task = asyncio.create_task(_collect_garbage())
    yield
    assets.serving.clear()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def freeze_imports() -> None:
    """Import what every page needs, and exclude it from all later garbage collections (300 ms become 13).

    Modules that register a component are left out, see `app.py`: stage, chart, toolbar and layout.
    """
    import numpy.ma  # noqa: F401, which `numpy.unique` imports when it is first called

    from mlpcore import benchmark, figures  # noqa: F401

    figures.smallest().to_json()  # Plotly imports most of itself when it is first used
    gc.set_threshold(*THRESHOLDS)
    gc.collect()
    gc.freeze()


def raise_descriptor_limit() -> None:
    """Raise the limit of open files as far as the system allows: each visitor takes some of them."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (hard, 10_240):  # macOS calls the hard limit infinite, and grants this many
        with suppress(ValueError, OSError):
            if limit == hard or limit > soft:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
                return


async def _collect_garbage() -> None:
    while True:
        await asyncio.sleep(COLLECTION_INTERVAL)
        await asyncio.to_thread(gc.collect)


async def _send_start(_: Request) -> JSONResponse:
    return JSONResponse({"start": START})


routes = [Route("/mlpscope-start", _send_start), *assets.routes]


def on_script_error(error: Exception) -> bool:
    """Log an error, and run the page again without the browser's widget values, or show a sentence.

    Returns:
        True, so that Streamlit shows no traceback.
    """
    _log.error("uncaught in a page", exc_info=error)
    with workarounds.keep_pending_rerun():
        if not workarounds.rerun_without_widget_values(session.KEPT_KEYS, session.WIDGETS_DISCARDED):
            st.error("Something went wrong in this page. What you entered is kept; reload to go on.")
    return True
