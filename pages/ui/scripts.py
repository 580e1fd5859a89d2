"""The scripts of our components: fetched by each browser once, where else they would travel with every message.

The stage's is 100 kB, more than all numbers of the worksheet. A host that ignores `st.App` serves
no addresses of ours: there the whole script goes to Streamlit, and everything works as well.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from threading import Event

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_HERE = Path(__file__).parent
_COLOURS = _HERE / "colours.js"
#: The files of each component's script, in the order in which they are one.
_FILES = {
    "stage": (_COLOURS, *sorted((_HERE / "stage" / "js").glob("*.js"))),
    "chart": (_COLOURS, _HERE / "chart" / "chart.js"),
}
_TEXTS = {name: "\n".join(path.read_text(encoding="utf-8") for path in files) for name, files in _FILES.items()}
_MARKS = {name: sha256(text.encode()).hexdigest()[:16] for name, text in _TEXTS.items()}

#: Set by the server that has `routes`.
serving = Event()


def script(name: str) -> str:
    """What a component is registered with: the address of its script, or the script itself where none is served."""
    if not serving.is_set():
        return _TEXTS[name]
    return f"""
const {{ default: draw }} = await import(new URL("mlpscope-script/{name}?{_MARKS[name]}", location.href));
export default draw;
"""


async def _answer(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _TEXTS:
        return Response(status_code=404)
    # Under its mark a script never changes.
    keep = "public, max-age=31536000, immutable" if request.url.query == _MARKS[name] else "no-store"
    return Response(_TEXTS[name], media_type="text/javascript", headers={"Cache-Control": keep})


routes = [Route("/mlpscope-script/{name}", _answer)]
