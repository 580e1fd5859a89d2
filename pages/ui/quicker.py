"""Three things that Streamlit does for every run in a roundabout way, done directly. Each was a tenth of our rerun."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from functools import lru_cache, partial
from typing import Any

import streamlit as st
from streamlit.runtime.state import SafeSessionState

#: Values that are the same when they are copied; a tuple here holds whole numbers.
_PLAIN = (int, str, tuple, type(None))


def remember_theme() -> None:
    """Have Streamlit look its theme up once for a reading of its configuration.

    For every run it goes through all of its options six times, which was a seventh of our rerun.
    """
    config = st.config
    with suppress(AttributeError):  # a Streamlit that does it otherwise
        look_up = config.get_options_for_section
        if hasattr(look_up, "remembered"):
            return
        remembered = lru_cache(look_up)

        def options(section: str) -> dict[str, object]:
            return dict(remembered(section))

        options.remembered = remembered
        config.on_config_parsed(remembered.cache_clear, force_connect=True)
        config.get_options_for_section = options


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


def _copied(place: Any, memo: dict[int, Any]) -> Any:
    twin = object.__new__(type(place))
    vars(twin).update((k, v if isinstance(v, _PLAIN) else deepcopy(v, memo)) for k, v in vars(place).items())
    return twin
