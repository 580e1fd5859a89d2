"""The server around the pages: found by plain `streamlit run`, garbage collection, limits, errors."""

import asyncio
import gc
import importlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.web.server.app_discovery import discover_asgi_app

from pages.ui.server import lifespan
from pages.ui.server.middleware import middleware

ROOT = Path(__file__).parents[2]


def test_the_entry_is_found_and_is_ours():
    assert discover_asgi_app(ROOT / "app.py").import_string == "app:app"
    app = importlib.import_module("app").app
    assert isinstance(app, st.App)
    assert app._on_script_error is lifespan.on_script_error
    assert app._user_middleware == middleware


def test_garbage_is_collected_while_the_server_runs(monkeypatch):
    collected = []
    monkeypatch.setattr(lifespan, "COLLECTION_INTERVAL", 0.01)
    monkeypatch.setattr(lifespan, "freeze_imports", lambda: None)
    monkeypatch.setattr(gc, "collect", lambda: collected.append(1))

    async def live():
        async with lifespan.lifespan(None):
            async with asyncio.timeout(20):
                while len(collected) < 2:
                    await asyncio.sleep(0.01)
        seen = len(collected)
        await asyncio.sleep(0.05)
        return seen

    with ThreadPoolExecutor(1) as fresh:  # the browser tests leave a loop in this thread
        seen = fresh.submit(asyncio.run, live()).result()
    assert len(collected) <= seen + 1  # one may have been under way


def test_what_is_imported_at_the_start_is_spared_and_registers_no_component():
    code = """
import gc, sys
from pages.ui.server import lifespan
lifespan.freeze_imports()
print(gc.get_freeze_count() > 50_000, 'mlpcore.benchmark' in sys.modules)
views = 'components.stage.stage', 'components.chart.chart', 'components.toolbar.toolbar', 'layout', 'widgets'
print({f'pages.ui.{view}' for view in views} & set(sys.modules))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["True True", "set()"]


@pytest.mark.skipif(lifespan.resource is None, reason="no limit here")
def test_the_server_takes_as_many_descriptors_as_it_may():
    limit = lifespan.resource.RLIMIT_NOFILE
    before = lifespan.resource.getrlimit(limit)
    try:
        lifespan.resource.setrlimit(limit, (256, before[1]))
        lifespan.raise_descriptor_limit()
        assert lifespan.resource.getrlimit(limit) == (before[1], before[1])
    finally:
        lifespan.resource.setrlimit(limit, before)


@pytest.mark.parametrize(("now", "then"), [(256, 10_240), (20_000, 20_000)])
def test_where_the_most_is_not_granted_what_is_granted_is_taken(monkeypatch, now, then):
    limits = [now, -1]

    def setrlimit(_, to):
        if to[0] == -1:
            raise ValueError("current limit exceeds maximum limit")
        limits[:] = to

    system = SimpleNamespace(RLIMIT_NOFILE=7, getrlimit=lambda _: tuple(limits), setrlimit=setrlimit)
    monkeypatch.setattr(lifespan, "resource", system)
    lifespan.raise_descriptor_limit()
    assert limits == [then, -1]
    monkeypatch.setattr(lifespan, "resource", None)
    lifespan.raise_descriptor_limit()


def test_a_fault_in_a_page_is_a_sentence():
    def page():
        from pages.ui.server import lifespan

        assert lifespan.on_script_error(ValueError("the secret inside"))

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert "went wrong" in app.error[0].value
    assert "secret" not in app.error[0].value


def test_a_start_is_reported_and_is_another_one_each_time(monkeypatch):
    (route,) = (r for r in lifespan.routes if r.path == "/mlpscope-start")
    with ThreadPoolExecutor(1) as fresh:
        results = [fresh.submit(asyncio.run, route.endpoint(None)).result().body for _ in range(2)]
        assert results[0] == results[1] == json.dumps({"start": lifespan.START}, separators=(",", ":")).encode()
        monkeypatch.setattr(lifespan, "START", "another")
        assert fresh.submit(asyncio.run, route.endpoint(None)).result().body != results[0]
