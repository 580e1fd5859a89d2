"""The server around the pages: found by plain `streamlit run`, tidy, and silent about its insides."""

import asyncio
import gc
import importlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.web.server.app_discovery import discover_asgi_app

from pages.ui import server

ROOT = Path(__file__).parents[1]


def test_the_entry_is_found_and_is_ours():
    assert discover_asgi_app(ROOT / "app.py").import_string == "app:app"
    assert isinstance(importlib.import_module("app").app, st.App)


def test_garbage_is_collected_while_the_server_runs(monkeypatch):
    collected = []
    monkeypatch.setattr(server, "PERIOD", 0.01)
    monkeypatch.setattr(gc, "collect", lambda: collected.append(1))

    async def live():
        async with server.lifespan(None):
            await asyncio.sleep(0.2)
        seen = len(collected)
        await asyncio.sleep(0.05)
        return seen

    with ThreadPoolExecutor(1) as fresh:  # the browser tests leave a loop in this thread
        seen = fresh.submit(asyncio.run, live()).result()
    assert seen >= 2
    assert len(collected) <= seen + 1  # one may have been under way


@pytest.mark.skipif(server.resource is None, reason="no limit here")
def test_the_server_takes_as_many_descriptors_as_it_may():
    limit = server.resource.RLIMIT_NOFILE
    before = server.resource.getrlimit(limit)
    try:
        server.resource.setrlimit(limit, (256, before[1]))
        server.raise_limit()
        assert server.resource.getrlimit(limit) == (before[1], before[1])
    finally:
        server.resource.setrlimit(limit, before)


def test_a_fault_in_a_page_is_a_sentence():
    def page():
        from pages.ui import server

        assert server.on_script_error(ValueError("the secret inside"))

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert "went wrong" in app.error[0].value
    assert "secret" not in app.error[0].value


def test_a_start_is_told_and_is_another_one_each_time(monkeypatch):
    (route,) = server.routes
    with ThreadPoolExecutor(1) as fresh:
        told = [fresh.submit(asyncio.run, route.endpoint(None)).result().body for _ in range(2)]
        assert told[0] == told[1] == json.dumps({"start": server.START}, separators=(",", ":")).encode()
        monkeypatch.setattr(server, "START", "another")
        assert fresh.submit(asyncio.run, route.endpoint(None)).result().body != told[0]
