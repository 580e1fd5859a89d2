"""The scripts and styles of our components: served as they are, where else they would travel with every message.

The stage's are 120 kB, more than all numbers of the worksheet. A host that ignores `st.App` serves no
routes of ours: there all modules of a component go to Streamlit as one script, and everything works as well.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from posixpath import dirname, normpath
from threading import Event

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_ROOT = Path(__file__).parents[1] / "components"
_TYPES = {".js": "text/javascript", ".css": "text/css"}
_ENTRIES = {"stage": "stage/js/main.js", "chart": "chart/main.js", "toolbar": "toolbar/main.js"}

#: Path below `components` -> text, of every module and style sheet.
FILES = {
    path.relative_to(_ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(_ROOT.rglob("*"))
    if path.suffix in _TYPES
}
#: Of all files: under one hash they never change, and relative imports stay within it.
HASH = sha256(json.dumps(FILES).encode()).hexdigest()[:16]

#: Set by a server that serves `routes`.
serving = Event()

_IMPORT = re.compile(r'(?m)(^import [^;]* from )"(\..+?)"|new URL\("(\..+?)", import\.meta\.url\)')


def script(component: str) -> str:
    """Return what a component is registered with: an import of its entry, or one script where none is served."""
    entry = _ENTRIES[component]
    if not serving.is_set():
        return join_modules(entry)
    return f"""
const {{ default: draw }} = await import(new URL("mlpscope-assets/{HASH}/{entry}", location.href));
export default draw;
"""


def join_modules(entry: str) -> str:
    """Return one script that makes an object URL of each file `entry` needs, those that it imports before it."""
    modules: dict[str, str] = {}

    def add(name: str) -> str:
        if name not in modules:
            folder = dirname(name)
            linked = _IMPORT.sub(lambda m: (m[1] or "") + add(normpath(f"{folder}/{m[2] or m[3]}")), FILES[name])
            modules[name] = linked
        return f'"@{name}"'

    add(entry)
    return f"""
const urls = {{}};
for (const [name, text] of Object.entries({json.dumps(modules)})) {{
  const linked = text.replace(/"@([^"]+)"/g, (_, imported) => JSON.stringify(urls[imported]));
  const type = name.endsWith(".css") ? "text/css" : "text/javascript";
  urls[name] = URL.createObjectURL(new Blob([linked], {{ type }}));
}}
const {{ default: draw }} = await import(urls["{entry}"]);
export default draw;
"""


async def _send_file(request: Request) -> Response:
    text = FILES.get(request.path_params["name"])
    if text is None:
        return Response(status_code=404)
    # A page of an older version gets the files as they are now, and must not keep them.
    current = request.path_params["hash"] == HASH
    caching = "public, max-age=31536000, immutable" if current else "no-store"
    media_type = _TYPES[Path(request.path_params["name"]).suffix]
    return Response(text, media_type=media_type, headers={"Cache-Control": caching})


routes = [Route("/mlpscope-assets/{hash}/{name:path}", _send_file)]
