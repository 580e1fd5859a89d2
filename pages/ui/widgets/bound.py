"""What widgets have in common that show a value of the state and change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from pages.ui.state import session

#: (field of the state, value of the widget) -> the field as it becomes.
Change = Callable[[Any, Any], Any]


def bind(widget: str, value: object, how: Change, about: str = "setup", notice: str = "") -> dict[str, Any]:
    """Give the arguments of a widget that shows a value of the state and changes it (see `session.change`)."""
    return _bind(session.sync_widget(widget, value), widget, how, about, notice)


def bind_in_menu(name: str, value: object, how: Change, about: str = "setup", notice: str = "") -> dict[str, Any]:
    """Give them for a widget in a menu, whose default is the value (see `session.make_widget_key`)."""
    key = session.make_widget_key(name, value)
    return _bind(key, key, how, about, notice or name)


def _bind(key: str, widget: str, how: Change, about: str, notice: str) -> dict[str, Any]:
    return {
        "key": key,
        "on_change": session.change,
        "args": (widget, how),
        "kwargs": {"name": notice or widget, "about": about},
    }


def choose(
    about: str,
    field: str,
    draw: Callable[..., Any],
    label: str,
    *arguments: Any,
    now: object = None,
    words: Mapping[Any, str] | None = None,
    **more: Any,
) -> None:
    """Draw a widget that shows and changes one field of a part of the state; what is wrong is noted under the part.

    Args:
        about: the part (see `session.change_at_once`); widgets have its name and the field's for a key.
        draw: makes the widget, from `label`, `arguments` and `more`.
        now: what it shows; by default the field.
        words: what is offered -> its title, where it offers names.
    """
    now = getattr(getattr(session.get_state(), about), field) if now is None else now
    if words is not None:
        arguments, more = (list(words),), more | {"format_func": words.__getitem__}
    draw(label, *arguments, **more, **bind(f"{about} {field}", now, put(field), about, about))


def choose_in_menu(
    label: str, words: Mapping[Any, str], name: str, value: Any, how: Change, about: str = "setup", notice: str = ""
) -> None:
    """Draw a choice in a menu of what `words` names."""
    options = list(words)
    bound = bind_in_menu(name, value, how, about, notice)
    st.selectbox(label, options, options.index(value), format_func=words.__getitem__, **bound)


def on_click(how: Callable[[Any], Any], notice: str, about: str = "setup") -> dict[str, Any]:
    """Give the arguments of a button that changes a field of the state."""
    return {"on_click": session.change_at_once, "args": (how, notice), "kwargs": {"about": about}}


def put(field: str) -> Change:
    """Make the change to another value of a field; nothing chosen is no change, and a list becomes a tuple."""

    def change(whole: Any, value: Any) -> Any:
        if value is None:
            return whole
        return replace(whole, **{field: tuple(value) if isinstance(value, list) else value})

    return change
