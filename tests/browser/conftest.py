"""A server and a browser for the tests that need eyes and hands."""

import base64
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.browser.__main__ import serve as serve_folder
from pages.browser.build import build
from pages.browser.inputs import DEFAULT_FOLDER, InputError, collect

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # All pages of a context in one process, without helpers beside it: with a page that stays open, scripts are
    # compiled once. Half the CPU of a visit.
    "--process-per-site",
    "--in-process-gpu",
    "--num-raster-threads=1",
]


def chromium():
    """Find Chromium; without its windows it takes a third less for each page."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def serve(script="app.py", cwd=ROOT, *options, port=None, log=subprocess.DEVNULL, python=sys.executable, env=None):
    """Start `streamlit run`, on a free port or on this one; returns the process and its address once it answers.

    Args:
        log: an open file for what the server says of itself.
        python: of the environment that it runs in.
        env: what is added to the environment.
    """
    if port is None:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
    process = subprocess.Popen(
        [python, "-m", "streamlit", "run", script, "--server.headless=true", f"--server.port={port}", *options],
        cwd=cwd,
        stdout=log,
        stderr=log,
        env=os.environ | (env or {}),
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(1200):
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).close()
            return process, url
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise RuntimeError("the server did not start")


def must_run():
    """Whether nothing may be skipped here."""
    return os.environ.get("MLPSCOPE_BROWSER") == "required" or bool(os.environ.get("CI"))


def build_site(folder):
    """Build the app without a server; what the build needs is fetched once and kept in a folder of the user's."""
    try:
        build(folder, collect(DEFAULT_FOLDER), DEFAULT_FOLDER)
    except InputError as error:
        if must_run():
            raise
        pytest.skip(str(error))


@contextmanager
def serve_site(folder):
    """Serve a folder of files at a free port; gives its address."""
    host = serve_folder(folder, 0)
    threading.Thread(target=host.serve_forever, daemon=True).start()
    yield f"http://localhost:{host.server_address[1]}"
    host.shutdown()
    host.server_close()


@pytest.fixture(scope="package")
def site(tmp_path_factory):
    """A folder with the app without a server in a folder of it, as on a course's page."""
    root = tmp_path_factory.mktemp("host")
    build_site(root / "course")
    return root


@pytest.fixture(scope="package")
def site_server(site):
    with serve_site(site / "course") as url:
        yield url


@pytest.fixture(scope="package")
def server(request):
    if os.environ.get("MLPSCOPE_SITE"):  # the same tests of the app without a server
        yield request.getfixturevalue("site_server")
        return
    process, url = serve()
    yield url
    process.terminate()
    process.wait(10)


def pytest_generate_tests(metafunc):
    if metafunc.definition.get_closest_marker("site") and not os.environ.get("MLPSCOPE_SITE"):
        metafunc.parametrize("address", ["server", "site_server"], indirect=True)


@pytest.fixture
def address(request):
    """Of the app that a test visits: with a server, or a second time without one."""
    return request.getfixturevalue(getattr(request, "param", "server"))


# For this folder only: while Playwright is there its event loop runs, and no other test could run one.
@pytest.fixture(scope="package")
def browser():
    where = chromium()
    if where is None:
        if must_run():
            pytest.fail("no Chromium on this machine, and here the browser tests may not be skipped")
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=FLAGS)
        yield browser
        browser.close()


def wait_until(condition, seconds=10):
    """Ask again and again whether something is so, where the page cannot be asked to wait for it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


#: Two frames: in the first an event's handlers have run, after the second what they changed is drawn.
NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
#: How a run ends that was not ended for the next one.
COMPLETE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


#: Matches while the page has no connection to its server.
DISCONNECTED = '[data-testid="stApp"]:not([data-test-connection-state="CONNECTED"])'


#: Hands on what the page and the worker of the app without a server send each other.
WATCH_WORKER = """
const encode = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
window.Worker = class extends Worker {
  constructor(...options) {
    super(...options);
    this.addEventListener("message", ({ data }) => data[0] === "message" && frameReceived(encode(data[2])));
  }
  postMessage(message, ...rest) {
    if (message[0] === "send") frameSent(encode(message[2]));
    super.postMessage(message, ...rest);
  }
};
"""


#: What axe finds, with the element: every rule that is on by default, and that names hold what is seen.
VIOLATIONS = """async (contrast) => {
  const rules = { "label-content-name-mismatch": { enabled: true }, "color-contrast": { enabled: contrast } };
  const { violations } = await axe.run(document, { resultTypes: ["violations"], rules });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}"""


class App:
    """The app as a person meets it."""

    def __init__(self, page, url):
        self.page, self.url = page, url
        self.errors = []
        self.unanswered = False  # whether a rerun was requested that has not ended
        self.reruns = []  # of each that was requested, the page and whether it is of a fragment
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", self._listen)
        # Without a server the messages go to a worker.
        page.expose_function("frameSent", lambda text: self._sent(base64.b64decode(text)))
        page.expose_function("frameReceived", lambda text: self._received(base64.b64decode(text)))
        page.add_init_script(WATCH_WORKER)

    def _listen(self, socket):
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, frame):
        message = BackMsg.FromString(frame) if isinstance(frame, bytes) else BackMsg()
        if message.HasField("rerun_script"):
            self.unanswered = True
            self.reruns.append((message.rerun_script.page_script_hash, bool(message.rerun_script.fragment_id)))

    def _received(self, frame):
        message = ForwardMsg.FromString(frame) if isinstance(frame, bytes) else ForwardMsg()
        if message.WhichOneof("type") == "script_finished" and message.script_finished in COMPLETE:
            self.unanswered = False

    def open(self, where=""):
        self.page.goto(f"{self.url}/{where}")
        self.page.locator("td:visible").first.wait_for(timeout=60000)
        self.settle()
        return self

    def settle(self):
        """Wait until what was just done has been sent, answered and drawn."""
        self.page.evaluate(NEXT_FRAME)
        self.wait_until(lambda: not self.unanswered)
        self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=20000)
        self.page.evaluate(NEXT_FRAME)

    def wait_until(self, condition):
        """Wait for a condition on what the page sends and receives."""
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end
            self.page.evaluate(NEXT_FRAME)

    def violations(self, contrast=True):
        """What axe-core finds wrong with what is on the screen; contrast takes it three quarters of its time."""
        self.page.evaluate(AXE_SCRIPT)
        return self.page.evaluate(VIOLATIONS, contrast)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def cell(self, name):
        """By the name a screen reader says, value left off: `W 1, row 2, column 1`."""
        return self.page.locator(f'td[aria-label^="{name}"]:visible').first

    def names(self, selector):
        """The cells that match, by name, values left off."""
        labels = self.page.locator(selector).evaluate_all("c => c.map(x => x.getAttribute('aria-label'))")
        return [label.rsplit(", ", 1)[0] for label in labels]

    def value(self, name):
        """The number of a cell, to the last digit that its title gives; NaN while it is not shown."""
        title = self.cell(f"{name}, ").get_attribute("title")
        return float(title.rpartition("= ")[2].replace("\u2212", "-") or "nan")

    def wait(self, name, value):
        wait_until(lambda: f"{self.value(name):g}" == f"{value:g}")

    @property
    def counter(self):
        return self.page.locator(".counter").inner_text()

    def network(self, label, title):
        """Choose in a field of the Network popover, which is closed again."""
        self.page.get_by_role("button", name="Network").click()
        self.page.locator('[data-testid="stSelectbox"]').filter(has_text=label).locator("input").click()
        self.page.get_by_role("option", name=title, exact=True).click()
        self.settle()
        self.press("Escape")
        self.settle()

    def choose(self, title):
        self.page.locator('[data-testid="stSelectbox"] input').first.click()
        self.page.get_by_role("option", name=title, exact=False).click()
        self.settle()


@pytest.fixture(scope="package")
def shared_context(browser):
    """Get a context by address, and by what cannot be set on its pages: whether there is a finger, what is permitted.

    It is kept, with a page that keeps its process: a new one fetches and compiles all of Streamlit's scripts again.
    """
    contexts = {}

    def get(address, **options):
        key = address, repr(sorted(options.items()))
        if key not in contexts:
            contexts[key] = browser.new_context(**options)
            page = contexts[key].new_page()
            page.route("**", lambda route: route.fulfill(body=""))
            page.goto(address)
        return contexts[key]

    return get


@pytest.fixture(scope="module")
def visited(server, shared_context):
    """Pages that the tests of a file share, as each takes seconds to open: they look, and change nothing."""
    students = {}

    def look_at(where):
        if where not in students:
            students[where] = App(shared_context(server).new_page(), server).open(where)
        student = students[where]
        student.page.bring_to_front()
        student.page.mouse.move(2, 2)
        if (chapters := student.page.locator(".chapters button")).count():
            chapters.first.click()
        student.press("Escape", "Home")
        student.settle()
        return student

    yield look_at
    for student in students.values():
        assert not student.errors
        assert student.page.locator('[data-testid="stException"]').count() == 0
        student.page.close()


@pytest.fixture
def app(address, browser, shared_context):
    """Open the app; in the end no script may have failed. A second visit in a test is another person's."""
    opened = []

    def visit(where="", viewport=None, color_scheme=None, alone=False, **options):
        shared = not (alone or opened)
        context = shared_context(address, **options) if shared else browser.new_context(**options)
        page = context.new_page()
        page.set_viewport_size(viewport or {"width": 1280, "height": 720})
        page.emulate_media(color_scheme=color_scheme)
        visitor = App(page, address)
        opened.append((shared, visitor))
        return visitor.open(where)

    yield visit
    for shared, visitor in opened:
        assert not visitor.errors
        assert visitor.page.locator('[data-testid="stException"]').count() == 0
        context = visitor.page.context
        if shared:
            visitor.page.evaluate("localStorage.clear()")
            visitor.page.close()
            context.set_offline(False)
            context.clear_cookies()
        else:
            context.close()
