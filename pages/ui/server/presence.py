"""Whether a visitor is still connected, for work that goes on while no run of the page does."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx


def reconnect_seconds() -> float:
    """Return the seconds for which Streamlit keeps the session of a visitor whose connection was lost."""
    return float(st.get_option("server.disconnectedSessionTTL"))


def track_presence() -> Callable[[], bool]:
    """Return a function that tells, on any thread, whether the visitor of this run may still see its result.

    It is true while the visitor is connected and for `reconnect_seconds` after, and always where Streamlit cannot tell.
    """
    context = get_script_run_ctx(suppress_warning=True)
    session = context.session_id if context else None
    last_connected = time.monotonic()

    def is_present() -> bool:
        nonlocal last_connected
        if session is None or not st.runtime.exists() or st.runtime.get_instance().is_active_session(session):
            last_connected = time.monotonic()
        return time.monotonic() - last_connected < reconnect_seconds()

    return is_present
