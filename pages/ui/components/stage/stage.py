"""The stage: matrices as real cells in the browser, played there without the server.

Python sends a payload and takes back events. The component is registered once, at import.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.ui.components.stage.payload import join_json
from pages.ui.server.assets import script

_mount = st.components.v2.component(
    "mlpscope_stage",
    html='<div class="mlp">\n</div>',
    js=script("stage"),
)

#: The names of the events that the stage may send.
EVENTS = ("edits", "cursor", "open", "choose", "pick", "hold", "restore")


def draw_stage(key: str, *parts: dict[str, Any] | str) -> None:
    """Draw the payload of a pass or a board, given in parts: objects or their JSON, sent as one object.

    Its `kind` is "player", "wall", "board" or, without matrices, "silent".
    The events are component state under `key`.
    """
    # Streamlit keeps only state that has a callback; the run that follows reads it.
    callbacks: dict[str, Any] = {f"on_{name}_change": lambda: None for name in EVENTS}
    # As bytes: Streamlit would serialize an object twice, to send it and to hash it.
    _mount(key=key, data=join_json(*parts).encode(), **callbacks)
