"""What Streamlit does with threads and event loops, done in the one thread and loop that a browser has.

No public option of Streamlit does this. It was tried on the versions named here, and elsewhere fails at the start.
"""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

#: Versions of Streamlit on which this was tried, and the name that it gives to the thread of a run.
TRIED_ON = ("1.67.0",)
SCRIPT_THREAD = "ScriptRunner.scriptThread"
_THEME = "streamlit.elements.lib.streamlit_plotly_theme"


class ScriptThread(threading.Thread):
    """A thread that runs in the event loop when its turn comes; while it does, it is the current thread.

    It is for a run of a page, which ends by itself. Any other thread cannot be started here.
    """

    current: ScriptThread | None = None

    def start(self) -> None:
        """Run in the event loop, after what is going on.

        Raises:
            RuntimeError: it is another thread than that of a run.
        """
        if self.name != SCRIPT_THREAD:
            raise RuntimeError("a browser has no threads")
        asyncio.get_running_loop().call_soon(self._run_now)

    def _run_now(self) -> None:
        ScriptThread.current = self
        try:
            self.run()
        finally:
            ScriptThread.current = None


def prepare() -> None:
    """Put the one thread and the one loop in place. Call it once, in the running loop.

    Raises:
        RuntimeError: this is another version of Streamlit.
    """
    import anyio.to_thread  # here, because importing it needs `ssl`
    import streamlit as st
    from streamlit import env_util

    if st.__version__ not in TRIED_ON:
        raise RuntimeError(f"the app without a server runs on Streamlit {TRIED_ON[0]}, and this is {st.__version__}")
    main, loop = threading.current_thread(), asyncio.get_running_loop()
    replacements: list[tuple[object, str, Any]] = [
        (threading, "Thread", ScriptThread),
        (threading, "current_thread", lambda: ScriptThread.current or main),
        # Streamlit gives each session a loop that never runs; on Pyodide a new loop would replace the running one.
        (asyncio, "new_event_loop", lambda: loop),
        (asyncio, "set_event_loop", lambda _: None),
        (loop, "close", lambda: None),
        (anyio.to_thread, "run_sync", _run_at_once),
        (env_util, "is_repl", bool),  # Streamlit asks once, and Python looks at the files of all modules
    ]
    for owner, name, value in replacements:
        setattr(owner, name, value)


async def _run_at_once(function: Callable[..., Any], *args: Any, **_: Any) -> Any:
    return function(*args)


class Absent(ModuleType):
    """A module that is imported and not used: any of its names is a class."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (OSError if name.endswith("Error") else object,), {})


# anyio imports it; Pyodide has it in a wheel of its own, with 2 MB of OpenSSL.
sys.modules.setdefault("ssl", Absent("ssl"))
# A template of Plotly, built at the start, that none of our charts has (`theme=None`).
sys.modules.setdefault(_THEME, Absent(_THEME))
# Streamlit's own compiles a pattern of all emojis for a third of a second; the app has one, its icon.
_emojis = ModuleType("streamlit.emojis")
vars(_emojis).update(ALL_EMOJIS={"🔬"}, EMOJI_EXTRACTION_REGEX=re.compile("^(🔬)(.*)"))
sys.modules.setdefault("streamlit.emojis", _emojis)
