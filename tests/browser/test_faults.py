"""What goes wrong between a browser and a real server: a network that is cut, two tabs, a host's own settings."""

import socket
import threading
from contextlib import suppress

import pytest

from tests.browser.conftest import DISCONNECTED, App
from tests.browser.test_keep import STEP, type_into

CELL = "W 1, row 2, column 1"


def follows(student, value):
    """Wait for what the server computes from that cell."""
    student.wait("S 1, row 2, column 1", value * 0.75 + 0.43 * 0.8)
    student.page.locator(".unanswered").wait_for(state="detached")
    assert student.names("td.pending") == []


class Wire:
    """A port of its own in front of a server, that can be cut (nothing goes through) and broken (nobody is there)."""

    def __init__(self, port):
        self.port, self.through, self.ends = port, threading.Event(), []
        self.through.set()
        self.open()

    def open(self, port=0):
        self.listening = socket.socket()
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listening.bind(("127.0.0.1", port))
        self.listening.listen()
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._accept, args=(self.listening,), daemon=True).start()

    def _accept(self, listening):
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection(("127.0.0.1", self.port))
                self.ends += [near, far]
                for here, there in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(here, there), daemon=True).start()

    def _carry(self, here, there):
        with suppress(OSError):
            while data := here.recv(65536):
                self.through.wait()
                there.sendall(data)
        for end in (here, there):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Let nothing arrive, without an error."""
        self.through.clear()

    def mend(self):
        self.through.set()

    def sever(self):
        """Every connection ends, and no new one is taken."""
        with suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.ends = []

    def splice(self):
        """It is there again, where it was."""
        self.open(int(self.url.rsplit(":", 1)[1]))


@pytest.fixture
def wire(server):
    wire = Wire(int(server.rsplit(":", 1)[1]))
    yield wire
    wire.mend()
    wire.sever()


@pytest.fixture
def student(wire, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    student = App(context.new_page(), wire.url).open(STEP)
    yield student
    assert not student.errors
    context.close()


def test_a_network_in_which_everything_is_lost_for_a_while_loses_nothing(wire, student):
    wire.cut()
    type_into(student, CELL, "0.5")
    student.page.locator(".unanswered").wait_for(timeout=6000)
    assert student.names("td.pending") == [CELL]
    wire.mend()
    follows(student, 0.5)


def test_a_severed_connection_is_taken_up_where_it_was(wire, student):
    type_into(student, CELL, "0.25")
    follows(student, 0.25)
    wire.sever()
    student.page.locator(DISCONNECTED).wait_for()
    type_into(student, CELL, "0.5")
    student.page.locator(".unanswered").wait_for(timeout=6000)
    wire.splice()
    follows(student, 0.5)
    assert student.page.get_by_text("The server was restarted.").count() == 0
    student.settle()
    student.press("Control+z")
    follows(student, 0.25)  # it is the same session: what can be undone is still there


def test_two_tabs_are_two_works_and_one_opened_from_the_other_begins_as_it_was(app):
    student = app(STEP)
    type_into(student, CELL, "0.5")
    follows(student, 0.5)
    student.page.wait_for_url("**s=*")
    with student.page.expect_popup() as opened:
        student.page.evaluate("window.open(location.href)")
    second = App(opened.value, student.url)
    second.page.locator("td:visible").first.wait_for(timeout=30000)
    second.settle()
    second.wait(CELL, 0.5)
    type_into(second, CELL, "0.75")
    follows(second, 0.75)
    assert student.value(CELL) == 0.5
    type_into(student, CELL, "0.25")
    follows(student, 0.25)
    assert second.value(CELL) == 0.75
    for tab, value in ((student, 0.25), (second, 0.75)):
        tab.page.reload()
        tab.wait(CELL, value)
    assert not second.errors
    second.page.close()


def test_the_pages_work_under_their_policy_and_script_in_text_does_not_run(server, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.add_init_script(
        "window.broken = [];"
        "document.addEventListener('securitypolicyviolation', (e) => broken.push([e.violatedDirective, e.blockedURI]))"
    )
    student = App(context.new_page(), server).open()
    page, policies = student.page, set()
    for name in ("Overview", "Step through", "Derivation", "Hinge loss", "Memory and speed"):
        link = page.locator('[data-testid="stPageLink"] a').filter(has_text=name)
        policies.add(context.request.get(link.evaluate("a => a.href")).headers["content-security-policy"])
        link.click()
        page.wait_for_function("(name) => document.title.startsWith(name)", arg=name)
        page.locator("td:visible, .mlp-chart:visible .main-svg").first.wait_for(timeout=30000)
        student.settle()
        page.get_by_text("File", exact=True).click()
        page.get_by_role("tab", name="Open or paste").click()
        page.locator('input[type="file"]').set_input_files(
            {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": b"1,2\n3,4\n"}
        )
        page.get_by_text(f"{name}.csv").first.wait_for()
        page.get_by_role("tab", name="Save").click()
        with page.expect_download() as download:
            page.get_by_role("button", name="State").click()
        assert download.value.suggested_filename == "mlpscope.json"
        student.press("Escape")
        assert page.evaluate("broken") == [], name
    assert len(policies) == 1  # what holds for this document holds for each page's
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', `<img src='x' onerror='window.canary = 1'>`);"
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.canary = 1' }))"
    )
    page.wait_for_function("() => broken.length >= 2")  # text would be script: refused at the second look
    assert page.evaluate("window.canary") is None
    assert not student.errors
    context.close()
