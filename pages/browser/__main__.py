"""Build the app as files for a static host, or build and serve them on this machine.

python -m pages.browser OUT              writes the site to a folder
python -m pages.browser --serve [PORT]   builds it in a temporary folder and serves it at http://localhost:PORT
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pages.browser.build import build
from pages.browser.inputs import DEFAULT_FOLDER, InputError, collect


class Handler(SimpleHTTPRequestHandler):
    """A folder, with the types that browsers insist on: Windows may have others in its registry."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".css": "text/css",
        ".html": "text/html",
        ".json": "application/json",
        ".wasm": "application/wasm",
    }

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of single requests."""


def serve(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of a folder on this machine only; port 0 stands for any that is free."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(folder)))


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m pages.browser", description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, help="the folder to write; an earlier site in it is replaced")
    parser.add_argument("--serve", nargs="?", type=int, const=8000, metavar="PORT", help="serve it here (8000)")
    parser.add_argument(
        "--inputs",
        type=Path,
        default=DEFAULT_FOLDER,
        help="the folder of Pyodide and the wheels; what it lacks is fetched by npm and pip (%(default)s)",
    )
    arguments = parser.parse_args()
    if arguments.out is None and arguments.serve is None:
        parser.error("name a folder, or --serve")
    with tempfile.TemporaryDirectory() as temporary:
        out = arguments.out or Path(temporary) / "site"
        try:
            build(out, collect(arguments.inputs), arguments.inputs)
        except InputError as error:
            sys.exit(f"The site was not built: {error}.")
        files = [path for path in out.rglob("*") if path.is_file()]
        print(f"{out}: {len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB")
        if arguments.serve is not None:
            server = serve(out, arguments.serve)
            print(f"http://localhost:{server.server_address[1]} (Ctrl+C ends it)", flush=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                server.server_close()


if __name__ == "__main__":
    main()
