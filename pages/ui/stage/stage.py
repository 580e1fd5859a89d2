"""The stage: matrices as real cells in the browser, played without asking the server.

Python sends a score and takes back edits and a cursor. Registered once, at import.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "mlpscope_stage",
    html='<div class="mlp">\n</div>',
    css=(_HERE / "stage.css").read_text(encoding="utf-8"),
    js="\n".join(path.read_text(encoding="utf-8") for path in sorted((_HERE / "js").glob("*.js"))),
)


def stage(key: str, score: dict[str, Any], **on_change: Callable[[], None]) -> None:
    """Draw a score. `score["kind"]` is "player" or "wall".

    Args:
        key: of the component; its DOM survives new data.
        on_change: `on_edits_change`, `on_cursor_change`, `on_open_change`, called before the
            script runs, when the browser reports one of them.
    """
    # A list, not a dict: a dict would be searched for dataframes, which loads pandas and pyarrow.
    _mount(key=key, data=[score], **on_change)
