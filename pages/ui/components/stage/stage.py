"""The stage: matrices as real cells in the browser, played without asking the server.

Python sends a score and takes back edits and a cursor. Registered once, at import.
"""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from pages.ui.server.assets import script

_mount = st.components.v2.component(
    "mlpscope_stage",
    html='<div class="mlp">\n</div>',
    js=script("stage"),
)


#: What the browser may report.
REPORTS = ("edits", "cursor", "open", "choose", "pick", "restore")


def stage(key: str, *parts: dict[str, Any] | str) -> None:
    """Draw a score or a board: objects, or their JSON, that are sent as one.

    Its `kind` is "player", "wall", "board" or, without matrices, "silent".
    What the stage reports (`REPORTS`) is component state under `key`.
    """
    texts = (part if isinstance(part, str) else json.dumps(part) for part in parts)
    whole = "{" + ",".join(text[1:-1] for text in texts if len(text) > 2) + "}"
    # As bytes: an object would be written twice, once to be sent and once to be told from others.
    _mount(key=key, data=whole.encode(), **{f"on_{name}_change": _noted for name in REPORTS})


def _noted() -> None:
    """Streamlit keeps only state that has a callback; ours is read by the run that follows."""
