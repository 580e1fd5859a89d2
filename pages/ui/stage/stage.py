"""The stage: matrices as real cells in the browser, played without asking the server.

Python sends a score and takes back edits and a cursor. Registered once, at import.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "mlpscope_stage",
    html='<div class="mlp">\n</div>',
    css=(_HERE / "stage.css").read_text(encoding="utf-8"),
    js="\n".join(
        path.read_text(encoding="utf-8") for path in (_HERE.parent / "colours.js", *sorted((_HERE / "js").glob("*.js")))
    ),
)


#: What the browser may report.
REPORTS = ("edits", "cursor", "open", "choose", "pick", "restore")


def stage(key: str, score: dict[str, Any]) -> None:
    """Draw a score or a board. `score["kind"]` is "player", "wall" or "board".

    What the stage reports (`REPORTS`) is component state under `key`.
    """
    # A list, not a dict: a dict would be searched for dataframes, which loads pandas and pyarrow.
    _mount(key=key, data=[score], **{f"on_{name}_change": _noted for name in REPORTS})


def _noted() -> None:
    """Streamlit keeps only state that has a callback; ours is read by the run that follows."""
