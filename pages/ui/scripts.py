"""The scripts of our components: fetched by each browser once, where else they would travel with every message.

The stage's is 100 kB, more than all numbers of the worksheet. A host that ignores `st.App` serves
no addresses of ours: there the whole script goes to Streamlit, and everything works as well.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from threading import Event

_HERE = Path(__file__).parent
_COLOURS = _HERE / "colours.js"
#: The files of each component's script, in the order in which they are one.
_FILES = {
    "stage": (_COLOURS, *sorted((_HERE / "stage" / "js").glob("*.js"))),
    "chart": (_COLOURS, _HERE / "chart" / "chart.js"),
}
TEXTS = {name: "\n".join(path.read_text(encoding="utf-8") for path in files) for name, files in _FILES.items()}
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
