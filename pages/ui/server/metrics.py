"""What Prometheus reads of a server: connections, reruns and their seconds, memory, measurements in the queue.

They are served at an address of their own, `MLPSCOPE_METRICS=host:port` in the environment, and counted only where that
is set: no address of the app leads to them.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from mlpcore import benchmark
from pages.ui.server.runs import follow_runs

ADDRESS = os.environ.get("MLPSCOPE_METRICS", "")

#: name -> type, help.
FAMILIES = {
    "mlpscope_connections": ("gauge", "Visitors who are connected."),
    "mlpscope_reruns_total": ("counter", "Runs of a page or a part of one that have ended."),
    "mlpscope_rerun_seconds_total": ("counter", "Seconds from a request for a run to its end, of all runs."),
    "mlpscope_measurements": ("gauge", "Measurements that run or wait."),
    "process_cpu_seconds_total": ("counter", "Processor time of the server."),
    "process_resident_memory_bytes": ("gauge", "Memory of the server."),
}
_counts: Counter[str] = Counter()
_seconds = 0.0


def count_runs(app: ASGIApp) -> ASGIApp:
    """Count connections, and runs from the visitor's message to the one that ends them."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await app(scope, receive, send)
            return
        begun = 0.0

        async def begin() -> None:
            nonlocal begun
            begun = time.monotonic()

        def end() -> None:
            global _seconds
            _counts["reruns"] += 1
            _seconds += time.monotonic() - begun

        _counts["connections"] += 1
        try:
            await follow_runs(app, scope, receive, send, begin, end)
        finally:
            _counts["connections"] -= 1

    return run


def describe() -> str:
    """Return the present figures in Prometheus' text format."""
    memory = 0
    with suppress(OSError, AttributeError, ValueError):  # neither Windows nor macOS has it
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        memory = pages * os.sysconf("SC_PAGE_SIZE")
    values = (
        _counts["connections"], _counts["reruns"], _seconds, len(benchmark.shared_queue().tickets()),
        time.process_time(), memory,
    )  # fmt: skip
    lines = []
    for (name, (kind, text)), value in zip(FAMILIES.items(), values, strict=True):
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", f"{name} {value}"]
    return "\n".join(lines) + "\n"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = describe().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def serve() -> None:
    """Serve the figures at `ADDRESS`, on a thread that ends with the server.

    Raises:
        ValueError: it is not host:port.
        OSError: it is taken.
    """
    host, _, port = ADDRESS.rpartition(":")
    if not (host and port.isdigit()):
        raise ValueError(f"MLPSCOPE_METRICS is host:port, as in 127.0.0.1:9100, not {ADDRESS!r}")
    server = ThreadingHTTPServer((host, int(port)), _Handler)
    threading.Thread(target=server.serve_forever, name="mlpscope.metrics", daemon=True).start()
