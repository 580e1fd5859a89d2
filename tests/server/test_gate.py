"""What stands in front of Streamlit: headers, a measured pace, a ration of files."""

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from pages.ui.server import middleware as gate

MB = 1_000_000


def run(coroutine):
    with ThreadPoolExecutor(1) as fresh:  # the browser tests leave a loop in this thread
        return fresh.submit(asyncio.run, coroutine).result()


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"referrer-policy", b"no-referrer")]})
    await send({"type": "http.response.body", "body": b"hello"})


def asked(app, method="GET", path="/", headers=()):
    """The status and headers of an answer."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": method, "path": path, "headers": [(k.encode(), v.encode()) for k, v in headers]}
    run(app(scope, receive, send))
    return sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}


def test_every_answer_tells_the_browser_what_is_allowed():
    _, headers = asked(gate.told(hello))
    assert headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self' blob:" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"  # what the app itself says stands


def test_scripts_are_not_taken_from_text_and_frames_are_left_to_the_host():
    rules = dict(rule.split(" ", 1) for rule in gate.POLICY.split("; "))
    assert not {"'unsafe-inline'", "'unsafe-eval'", "data:", "http:", "https:", "*"} & set(rules["script-src"].split())
    assert "frame-ancestors" not in rules
    assert "X-Frame-Options" not in gate.HEADERS


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only where somebody waits."""
    clock = SimpleNamespace(now=1000.0, waits=[])

    async def sleep(seconds):
        clock.waits.append(seconds)
        clock.now += seconds

    monkeypatch.setattr(gate, "sleep", sleep)
    monkeypatch.setattr(gate.time, "monotonic", lambda: clock.now)
    return clock


def test_who_floods_is_listened_to_at_a_measured_pace(clock):
    sent = count()

    async def receive():
        return next(sent)

    async def app(scope, receive, send):
        for n in range(gate.BURST + 100):
            assert await receive() == n
            if n < gate.BURST:
                assert not clock.waits

    run(gate.paced(app)({"type": "websocket"}, receive, None))
    assert sum(clock.waits) == pytest.approx(100 / gate.RATE)
    assert max(clock.waits) == pytest.approx(1 / gate.RATE)


def test_a_hand_never_waits(clock):
    async def receive():
        clock.now += 1 / 15
        return {}

    async def app(scope, receive, send):
        for _ in range(3000):
            await receive()

    run(gate.paced(app)({"type": "websocket"}, receive, None))
    assert not clock.waits


@pytest.fixture
def files(monkeypatch):
    """Streamlit's own store of files, and an app that puts into it what it is sent."""
    files = MemoryUploadedFileManager("/_stcore/upload_file")
    monkeypatch.setattr(st.runtime, "exists", lambda: True)
    monkeypatch.setattr(st.runtime, "get_instance", lambda: SimpleNamespace(uploaded_file_mgr=files))
    return files


def keeping(files):
    async def app(scope, receive, send):
        *_, session, file = scope["path"].split("/")
        if scope["method"] == "PUT":
            size = int(dict(scope["headers"])[b"content-length"])
            files.add_file(session, UploadedFileRec(file, "a.csv", "text/csv", bytes(size)))
        await hello(scope, receive, send)

    return gate.rationed(app)


def put(app, session, file, size):
    return asked(app, "PUT", f"/under/_stcore/upload_file/{session}/{file}", [("content-length", str(size))])[0]


def held(files):
    return sum(len(file.data) for kept in files.file_storage.values() for file in kept.values())


def test_one_visitor_leaves_only_so_much(files):
    app = keeping(files)
    assert [put(app, "one", n, 4 * MB) for n in range(5)] == [200, 200, 200, 413, 413]
    assert put(app, "two", "a", 4 * MB) == 200
    files.remove_file("one", "0")
    assert put(app, "one", "again", 4 * MB) == 200


def test_files_of_nothing_are_counted_too(files):
    app = keeping(files)
    answers = [put(app, "one", n, 0) for n in range(1000)]
    assert answers.count(200) == gate.ONE_MAY // gate.LEAST


def test_all_visitors_together_leave_only_so_much(files):
    app = keeping(files)
    answers = [put(app, n, "a", 4 * MB) for n in range(60)]
    assert answers.count(200) == gate.ALL_MAY // (4 * MB)
    assert held(files) <= gate.ALL_MAY
    files.remove_session_files("0")  # as when a session is over
    assert put(app, "late", "a", 4 * MB) == 200


def test_what_is_still_under_way_counts(files):
    inside, most = [], []

    async def app(scope, receive, send):
        inside.append(1)
        most.append(len(inside))
        await asyncio.sleep(0.01)
        inside.pop()

    rationed = gate.rationed(app)

    async def many():
        async def send(message):
            pass

        async def receive():
            return {"type": "http.request", "body": b""}

        scope = {"type": "http", "method": "PUT", "path": "/_stcore/upload_file/one/a"}
        length = [(b"content-length", str(4 * MB).encode())]
        await asyncio.gather(*[rationed(scope | {"headers": length}, receive, send) for _ in range(50)])
        seen = max(most)
        await asyncio.gather(*[rationed(scope | {"headers": length}, receive, send) for _ in range(3)])
        return seen

    assert run(many()) == gate.ONE_MAY // (4 * MB)
    assert len(most) == 6  # those that are over count no more


@pytest.mark.parametrize("said", [None, "", "-5", "1e9", "²", "many"])
def test_a_length_that_is_not_told_is_the_longest(said):
    headers = gate.Headers({} if said is None else {"content-length": said})
    assert gate._length(headers) == st.get_option("server.maxUploadSize") * 2**20


def test_everything_else_passes(files):
    app = keeping(files)
    for n in range(3):
        put(app, "one", n, 4 * MB)
    assert asked(app, "DELETE", "/_stcore/upload_file/one/0")[0] == 200
    assert asked(app, "GET", "/_stcore/upload_file/one/0")[0] == 200


def taken(*asked):
    """Of what a browser sends, what Streamlit hears: pairs of a page and a fragment."""
    sent, heard = deque(asked), []

    async def receive():
        if not sent:
            return {"type": "websocket.disconnect"}
        page, fragment = sent.popleft()
        message = BackMsg()
        message.rerun_script.page_script_hash = page
        message.rerun_script.fragment_id = fragment
        return {"type": "websocket.receive", "bytes": message.SerializeToString()}

    async def streamlit(scope, receive, send):
        while (message := await receive())["type"] == "websocket.receive":
            asked = BackMsg.FromString(message["bytes"]).rerun_script
            heard.append((asked.page_script_hash, asked.fragment_id))

    run(gate.timely(streamlit)({"type": "websocket"}, receive, None))
    return heard


def test_what_a_page_asks_after_it_was_left_is_not_taken():
    late = ("step", "menus")
    assert taken(("step", ""), ("home", ""), late, late, ("home", "wall")) == [
        ("step", ""),
        ("home", ""),
        ("home", "wall"),
    ]
    assert taken(("step", ""), ("home", ""), ("home", ""), late) == [("step", ""), ("home", ""), ("home", "")]


def test_a_page_that_is_there_after_all_is_listened_to_again(monkeypatch):
    monkeypatch.setattr(gate, "LATE", 0)
    asked = [("home", ""), ("no page at all", ""), ("home", "menus")]  # in its place the home page is shown
    assert taken(*asked) == asked


@pytest.mark.parametrize(
    "asked",
    [
        [("step", ""), ("step", "menus")],
        [("step", "menus")],  # a connection that begins again
        [("step", ""), ("home", ""), ("step", ""), ("step", "menus")],
        # A cell of the home page opens its step: the server changes the page, not the browser.
        [("step", ""), ("home", ""), ("home", "wall"), ("step", "player"), ("step", "")],
    ],
)
def test_what_a_page_asks_while_it_is_there_is_taken(asked):
    assert taken(*asked) == asked


def test_what_is_no_message_is_left_to_streamlit():
    async def receive():
        return {"type": "websocket.receive", "bytes": b"\xff\xff"}

    async def streamlit(scope, receive, send):
        assert (await receive())["bytes"] == b"\xff\xff"

    run(gate.timely(streamlit)({"type": "websocket"}, receive, None))
