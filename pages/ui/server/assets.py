"""The scripts of our components, with their styles: fetched once, where else they would travel with every message.

The stage's is 120 kB, more than all numbers of the worksheet. A host that ignores `st.App` serves
no addresses of ours: there the whole script goes to Streamlit, and everything works as well.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from threading import Event

_HERE = Path(__file__).parents[1] / "components"
_DRESS, _COLOURS = _HERE / "dress.js", _HERE / "colours.js"
#: The files of each component's script, in the order in which they are one; its style is the `.css` of its name.
_FILES = {
    "stage": (_DRESS, _COLOURS, *sorted((_HERE / "stage" / "js").glob("*.js"))),
    "chart": (_DRESS, _COLOURS, _HERE / "chart" / "chart.js"),
    "toolbar": (_DRESS, _HERE / "toolbar" / "toolbar.js"),
}


def _text(name: str) -> str:
    style = (_HERE / name / f"{name}.css").read_text(encoding="utf-8")
    return "\n".join((f"const STYLE = {json.dumps(style)};", *(file.read_text("utf-8") for file in _FILES[name])))


TEXTS = {name: _text(name) for name in _FILES}
#: Under its mark a script never changes.
MARKS = {name: sha256(text.encode()).hexdigest()[:16] for name, text in TEXTS.items()}

#: Set by a server that serves them.
serving = Event()


def script(name: str) -> str:
    """What a component is registered with: the address of its script, or the script itself where none is served."""
    if not serving.is_set():
        return TEXTS[name]
    return f"""
const {{ default: draw }} = await import(new URL("mlpscope-script/{name}?{MARKS[name]}", location.href));
export default draw;
"""
