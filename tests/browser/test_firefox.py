"""The app without a server in Firefox, which speaks WebDriver BiDi by itself: starts, edits and a link."""

import json
import os
import shutil
import subprocess

import pytest
from websockets.sync.client import connect

from tests.browser.conftest import build_site, must_run, serve_site, wait_until
from tests.browser.test_site import KEPT
from tests.server.test_balancer import free_port

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")

#: Waits for the cell whose label begins with a text.
FIND = """(label) => new Promise((found) => {
  const all = (root) => [...root.querySelectorAll("*")].flatMap((e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
  const look = () => {
    const cell = all(document).find((e) => e.ariaLabel?.startsWith(label) && e.getClientRects().length);
    cell ? found(cell) : setTimeout(look, 50);
  };
  look();
})"""

#: Waits until the address has what was entered.
LINK = """async () => {
  while (!location.search) await new Promise(setTimeout);
  return location.href;
}"""


class Firefox:
    """One page of Firefox."""

    def __init__(self, socket):
        self._socket, self._count = socket, 0
        self.command("session.new", capabilities={})
        self._context = self.command("browsingContext.getTree")["contexts"][0]["context"]

    def command(self, method, **params):
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while (answer := json.loads(self._socket.recv(180))).get("id") != self._count:
            pass  # an event
        assert answer["type"] == "success", answer
        return answer["result"]

    def open(self, url):
        self.command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def call(self, function, argument):
        answer = self.command(
            "script.callFunction",
            functionDeclaration=function,
            arguments=[{"type": "string", "value": argument}],
            target={"context": self._context},
            awaitPromise=True,
            resultOwnership="root",
        )
        assert answer["type"] == "success", answer
        return answer["result"]

    def find(self, label):
        return {"type": "element", "element": {"sharedId": self.call(FIND, label)["sharedId"]}}

    def type_into(self, label, text):
        click = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        pointer = [{"type": "pointerMove", "x": 0, "y": 0, "origin": self.find(label)}, *click, *click]
        keys = [{"type": kind, "value": key} for key in f"{text}\ue007" for kind in ("keyDown", "keyUp")]
        for kind, actions in (("pointer", pointer), ("key", keys)):
            source = {"type": kind, "id": kind, "actions": actions}
            self.command("input.performActions", context=self._context, actions=[source])


@pytest.fixture
def firefox(tmp_path):
    if FIREFOX is None:
        if must_run():
            pytest.fail("no Firefox on this machine, and here the browser tests may not be skipped")
        pytest.skip("no Firefox on this machine")
    port = free_port()
    command = [FIREFOX, "--headless", "--no-remote", "--profile", tmp_path, f"--remote-debugging-port={port}"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"HOME": str(tmp_path)})
    try:
        wait_until(lambda: "BiDi listening" in process.stderr.readline(), 60)
        with connect(f"ws://127.0.0.1:{port}/session", max_size=None, proxy=None) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        process.wait(20)
        process.stderr.close()


@pytest.mark.nightly
def test_the_app_starts_in_firefox_and_takes_an_edit(firefox, tmp_path):
    build_site(tmp_path / "site")
    with serve_site(tmp_path / "site") as url:
        links = []
        for visit in (2, 3):  # the second from what the first kept
            firefox.open(url)
            firefox.type_into("W 1, row 1, column 1,", str(visit))
            firefox.find(f"S 1, row 1, column 1, {visit * 0.75 + 0.01 * 0.8:g}")
            wait_until(lambda: firefox.call(KEPT, "/")["value"], 30)
            links.append(firefox.call(LINK, "")["value"])
        firefox.open(links[0])
        firefox.find("W 1, row 1, column 1, 2")
