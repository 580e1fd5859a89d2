"""Whether a visitor is still there: for what goes on while no run of the page does."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx


def grace() -> float:
    """Seconds for which Streamlit keeps the session of a visitor whose connection was lost."""
    return float(st.get_option("server.disconnectedSessionTTL"))


def presence() -> Callable[[], bool]:
    """Whether the visitor of this run is connected, or can still come back; to be asked from any thread.

    Where Streamlit cannot tell, everybody is there.
    """
    context = get_script_run_ctx(suppress_warning=True)
    session = context.session_id if context else None
    seen = time.monotonic()

    def there() -> bool:
        nonlocal seen
        if session is None or not st.runtime.exists() or st.runtime.get_instance().is_active_session(session):
            seen = time.monotonic()
        return time.monotonic() - seen < grace()

    return there
