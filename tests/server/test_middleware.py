"""The middleware in front of Streamlit: headers, rate limit, upload quota."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from pages.ui.server import middleware

MB = 1_000_000


def run(coroutine):
    with ThreadPoolExecutor(1) as fresh:  # the browser tests leave a loop in this thread
        return fresh.submit(asyncio.run, coroutine).result()


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"referrer-policy", b"no-referrer")]})
    await send({"type": "http.response.body", "body": b"hello"})


def request(app, method="GET", path="/", headers=()):
    """The status and headers of an answer."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": method, "path": path, "headers": [(k.encode(), v.encode()) for k, v in headers]}
    run(app(scope, receive, send))
    return sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}


def test_every_answer_has_the_security_headers():
    _, headers = request(middleware.security_headers(hello))
    assert headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self' blob:" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"  # what the app itself says stands


def test_scripts_are_not_taken_from_text_and_frames_are_left_to_the_host():
    rules = dict(rule.split(" ", 1) for rule in middleware.CONTENT_SECURITY_POLICY.split("; "))
    assert not {"'unsafe-inline'", "'unsafe-eval'", "data:", "http:", "https:", "*"} & set(rules["script-src"].split())
    assert "frame-ancestors" not in rules
    assert "X-Frame-Options" not in middleware.HEADERS


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only where somebody waits."""
    clock = SimpleNamespace(now=1000.0, waits=[])

    async def sleep(seconds):
        clock.waits.append(seconds)
        clock.now += seconds

    monkeypatch.setattr(middleware, "sleep", sleep)
    monkeypatch.setattr(middleware.time, "monotonic", lambda: clock.now)
    return clock


def test_who_floods_is_listened_to_at_a_measured_pace(clock):
    sent = count()

    async def receive():
        return next(sent)

    async def app(scope, receive, send):
        for n in range(middleware.BURST + 100):
            assert await receive() == n
            if n < middleware.BURST:
                assert not clock.waits

    run(middleware.rate_limit(app)({"type": "websocket"}, receive, None))
    assert sum(clock.waits) == pytest.approx(100 / middleware.RATE)
    assert max(clock.waits) == pytest.approx(1 / middleware.RATE)


def test_a_hand_never_waits(clock):
    async def receive():
        clock.now += 1 / 15
        return {}

    async def app(scope, receive, send):
        for _ in range(3000):
            await receive()

    run(middleware.rate_limit(app)({"type": "websocket"}, receive, None))
    assert not clock.waits


@pytest.fixture
def files(monkeypatch):
    """Streamlit's own store of files, and an app that puts into it what it is sent."""
    files = MemoryUploadedFileManager("/_stcore/upload_file")
    monkeypatch.setattr(st.runtime, "exists", lambda: True)
    monkeypatch.setattr(st.runtime, "get_instance", lambda: SimpleNamespace(uploaded_file_mgr=files))
    return files


def limit_uploads(files):
    async def app(scope, receive, send):
        *_, session, file = scope["path"].split("/")
        if scope["method"] == "PUT":
            size = int(dict(scope["headers"])[b"content-length"])
            files.add_file(session, UploadedFileRec(file, "a.csv", "text/csv", bytes(size)))
        await hello(scope, receive, send)

    return middleware.upload_quota(app)


def put(app, session, file, size):
    return request(app, "PUT", f"/under/_stcore/upload_file/{session}/{file}", [("content-length", str(size))])[0]


def count_bytes(files):
    return sum(len(file.data) for kept in files.file_storage.values() for file in kept.values())


def test_one_visitor_leaves_only_so_much(files):
    app = limit_uploads(files)
    assert [put(app, "one", n, 4 * MB) for n in range(5)] == [200, 200, 200, 413, 413]
    assert put(app, "two", "a", 4 * MB) == 200
    files.remove_file("one", "0")
    assert put(app, "one", "again", 4 * MB) == 200


def test_files_of_nothing_are_counted_too(files):
    app = limit_uploads(files)
    answers = [put(app, "one", n, 0) for n in range(1000)]
    assert answers.count(200) == middleware.VISITOR_QUOTA // middleware.MIN_FILE_BYTES


def test_all_visitors_together_leave_only_so_much(files):
    app = limit_uploads(files)
    answers = [put(app, n, "a", 4 * MB) for n in range(60)]
    assert answers.count(200) == middleware.SERVER_QUOTA // (4 * MB)
    assert count_bytes(files) <= middleware.SERVER_QUOTA
    files.remove_session_files("0")  # as when a session is over
    assert put(app, "late", "a", 4 * MB) == 200


def test_what_is_still_under_way_counts(files):
    inside, most = [], []

    async def app(scope, receive, send):
        inside.append(1)
        most.append(len(inside))
        await asyncio.sleep(0.01)
        inside.pop()

    limited = middleware.upload_quota(app)

    async def many():
        async def send(message):
            pass

        async def receive():
            return {"type": "http.request", "body": b""}

        scope = {"type": "http", "method": "PUT", "path": "/_stcore/upload_file/one/a"}
        length = [(b"content-length", str(4 * MB).encode())]
        await asyncio.gather(*[limited(scope | {"headers": length}, receive, send) for _ in range(50)])
        seen = max(most)
        await asyncio.gather(*[limited(scope | {"headers": length}, receive, send) for _ in range(3)])
        return seen

    assert run(many()) == middleware.VISITOR_QUOTA // (4 * MB)
    assert len(most) == 6  # those that are over count no more


@pytest.mark.parametrize("length", [None, "", "-5", "1e9", "²", "many"])
def test_a_length_that_is_not_stated_is_the_longest(length):
    headers = middleware.Headers({} if length is None else {"content-length": length})
    assert middleware._body_bytes(headers) == st.get_option("server.maxUploadSize") * 2**20


def test_everything_else_passes(files):
    app = limit_uploads(files)
    for n in range(3):
        put(app, "one", n, 4 * MB)
    assert request(app, "DELETE", "/_stcore/upload_file/one/0")[0] == 200
    assert request(app, "GET", "/_stcore/upload_file/one/0")[0] == 200
