"""What Streamlit does for every run in a roundabout way, done directly. Each was a twentieth of our rerun or more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from functools import lru_cache, partial
from typing import Any

import streamlit as st
from streamlit.components.v2.bidi_component import main as bidi_component
from streamlit.runtime import app_session
from streamlit.runtime.state import SafeSessionState
from streamlit.watcher import polling_path_watcher

#: Values that are the same when they are copied; a tuple here holds whole numbers.
_PLAIN = (int, str, tuple, type(None))


def remember_theme() -> None:
    """Have Streamlit write its theme into a message once for a reading of its configuration.

    For every run it goes through all of its options six times, which was a fifth of our rerun.
    """
    with suppress(AttributeError):  # a Streamlit that does it otherwise
        write = app_session._populate_theme_msg
        if hasattr(write, "remembered"):
            return

        @lru_cache
        def remembered(kind: type, *section: str) -> Any:
            message = kind()
            write(message, *section)
            return message

        def written(message: Any, *section: str) -> None:
            if (known := remembered(type(message), *section)).ByteSize():  # nothing is said of what is not set
                message.MergeFrom(known)

        written.remembered = remembered
        st.config.on_config_parsed(remembered.cache_clear, force_connect=True)
        app_session._populate_theme_msg = written


def read_one_entry() -> None:
    """Have a widget that asks for its own entry of the session look up no other.

    Streamlit gathers all of them for each select box, slider and field.
    """
    every = vars(SafeSessionState).get("filtered_state")
    if isinstance(every, property) and not isinstance(every.fget, partial):
        SafeSessionState.filtered_state = property(partial(_Entries, every.fget))


class _Entries(Mapping):
    """What Streamlit calls the filtered state of a session, read entry by entry."""

    def __init__(self, every: Callable[[SafeSessionState], dict[str, Any]], state: SafeSessionState) -> None:
        self._every, self._state = every, state

    def __getitem__(self, name: str) -> Any:
        with self._state._lock:
            return self._state._state[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._every(self._state))

    def __len__(self) -> int:
        return len(self._every(self._state))


def copy_places() -> None:
    """Copy a place on a page as the few numbers that it is; each fragment has copies of all those above it."""
    with suppress(AttributeError):  # a Streamlit that keeps them otherwise
        for kind in (st.cursor.Cursor, st.cursor.SparseList):
            kind.__deepcopy__ = _copied


def present_plainly() -> None:
    """Have the state of our components read as the dictionary that it is.

    Streamlit makes a class for each reading, in which events could be found that ours do not send, and reads all
    of it at every run.
    """
    if hasattr(bidi_component, "make_bidi_component_presenter"):
        bidi_component.make_bidi_component_presenter = lambda *_, **__: _presented


class _State(dict):
    """What a component reported. As Streamlit's own, it is not copied: how deep a stranger nests it is not known."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _State:
        return self


def _presented(base: Any, _: Any) -> Any:
    return _State(base) if isinstance(base, dict) else base


def poll_seldom() -> None:
    """Have Streamlit look after `config.toml`, which only a developer changes, every two seconds and not five times
    a second: with nobody there it was half of what the server did.
    """
    if hasattr(polling_path_watcher, "_POLLING_PERIOD_SECS"):
        polling_path_watcher._POLLING_PERIOD_SECS = 2.0


def _copied(place: Any, memo: dict[int, Any]) -> Any:
    twin = object.__new__(type(place))
    vars(twin).update((k, v if isinstance(v, _PLAIN) else deepcopy(v, memo)) for k, v in vars(place).items())
    return twin
