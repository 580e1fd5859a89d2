"""The server around the pages: found by plain `streamlit run`, tidy, and silent about its insides."""

import asyncio
import gc
import importlib
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.components.v2.bidi_component import main as bidi_component
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo
from streamlit.runtime.state import SafeSessionState
from streamlit.testing.v1 import AppTest
from streamlit.util import AttributeDictionary
from streamlit.watcher import polling_path_watcher
from streamlit.web.server.app_discovery import discover_asgi_app

from pages.ui import quicker
from pages.ui.server import lifespan as server
from pages.ui.server import middleware as gate
from tests.visits import DERIVE, MEMORY

ROOT = Path(__file__).parents[2]


def test_the_entry_is_found_and_is_ours():
    assert discover_asgi_app(ROOT / "app.py").import_string == "app:app"
    app = importlib.import_module("app").app
    assert isinstance(app, st.App)
    assert app._on_script_error is server.on_script_error
    assert app._user_middleware == gate.middleware


def test_garbage_is_collected_while_the_server_runs(monkeypatch):
    collected = []
    monkeypatch.setattr(server, "ROUNDS", 1e9)
    monkeypatch.setattr(server, "LEAST", 0.01)
    monkeypatch.setattr(server, "settle", lambda: None)
    monkeypatch.setattr(gc, "collect", lambda: collected.append(1))

    async def live():
        async with server.lifespan(None):
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
from pages.ui.server import lifespan as server
server.settle()
print(gc.get_freeze_count() > 50_000, 'mlpcore.benchmark' in sys.modules)
print({f'pages.ui.{m}' for m in ('components.stage.stage', 'components.chart.chart', 'components.toolbar.toolbar', 'layout', 'widgets')} & set(sys.modules))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["True True", "set()"]


class Departed:
    id = "departed"
    over = False

    def shutdown(self):
        self.over = True


def test_who_has_been_gone_for_long_is_let_go(monkeypatch):
    kept = MemorySessionStorage(ttl_seconds=60)
    now = [0.0]
    monkeypatch.setattr(kept._cache, "_timer", lambda: now[0])
    runtime = SimpleNamespace(_session_mgr=SimpleNamespace(_session_storage=kept))
    monkeypatch.setattr(st.runtime, "get_instance", lambda: runtime)
    gone = Departed()
    kept.save(SessionInfo(client=None, session=gone))
    now[0] = 59
    server.dismiss()
    assert not gone.over
    assert kept.get("departed")
    now[0] = 61
    server.dismiss()
    assert gone.over
    assert not kept._cache._data


@pytest.mark.parametrize("runtime", [None, SimpleNamespace(), SimpleNamespace(_session_mgr=object())])
def test_a_streamlit_that_keeps_its_sessions_elsewhere_is_left_alone(monkeypatch, runtime):
    monkeypatch.setattr(st.runtime, "get_instance", lambda: runtime)
    server.dismiss()


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


@pytest.mark.parametrize(("now", "then"), [(256, 10_240), (20_000, 20_000)])
def test_where_the_most_is_not_granted_what_is_granted_is_taken(monkeypatch, now, then):
    limits = [now, -1]

    def setrlimit(_, to):
        if to[0] == -1:
            raise ValueError("current limit exceeds maximum limit")
        limits[:] = to

    system = SimpleNamespace(RLIMIT_NOFILE=7, getrlimit=lambda _: tuple(limits), setrlimit=setrlimit)
    monkeypatch.setattr(server, "resource", system)
    server.raise_limit()
    assert limits == [then, -1]
    monkeypatch.setattr(server, "resource", None)
    server.raise_limit()


def test_a_fault_in_a_page_is_a_sentence():
    def page():
        from pages.ui.server import lifespan as server

        assert server.on_script_error(ValueError("the secret inside"))

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert "went wrong" in app.error[0].value
    assert "secret" not in app.error[0].value


def test_a_start_is_told_and_is_another_one_each_time(monkeypatch):
    (route,) = (r for r in server.routes if r.path == "/mlpscope-start")
    with ThreadPoolExecutor(1) as fresh:
        told = [fresh.submit(asyncio.run, route.endpoint(None)).result().body for _ in range(2)]
        assert told[0] == told[1] == json.dumps({"start": server.START}, separators=(",", ":")).encode()
        monkeypatch.setattr(server, "START", "another")
        assert fresh.submit(asyncio.run, route.endpoint(None)).result().body != told[0]


def test_the_theme_is_written_once_until_the_configuration_is_read_anew(monkeypatch):
    written, plain = [], app_session._populate_theme_msg

    def write(message, section="theme"):
        written.append(section)
        plain(message, section)

    monkeypatch.setattr(app_session, "_populate_theme_msg", write)
    quicker.remember_theme()
    quicker.remember_theme()  # two servers in one process do not stand in front of each other

    def told(write):
        theme = CustomThemeConfig()
        write(theme)
        for section in ("light", "dark", "sidebar"):
            write(getattr(theme, section), f"theme.{section}")
        return theme

    first = told(app_session._populate_theme_msg)
    assert first == told(plain)
    assert first.dark.primary_color
    assert not first.HasField("sidebar")
    first.dark.primary_color = "spoilt by its reader"
    assert told(app_session._populate_theme_msg) == told(plain)
    assert written == ["theme", "theme.light", "theme.dark", "theme.sidebar"]
    st.config._on_config_parsed.send()
    assert told(app_session._populate_theme_msg) == told(plain)
    assert written == ["theme", "theme.light", "theme.dark", "theme.sidebar"] * 2


def test_a_widget_looks_up_its_own_entry_and_all_can_still_be_listed(app, monkeypatch):
    gathered = []
    every = vars(SafeSessionState)["filtered_state"]
    counted = property(lambda state: gathered.append(1) or every.fget(state))
    monkeypatch.setattr(SafeSessionState, "filtered_state", counted)
    quicker.read_one_entry()
    quicker.read_one_entry()
    app.switch_page(MEMORY).run()
    assert not app.exception
    assert not gathered
    state = app.session_state._state
    assert state.filtered_state["work"] is app.session_state["work"]
    assert "nothing of the kind" not in state.filtered_state
    assert not gathered
    assert dict(state.filtered_state) == every.fget(state)
    assert gathered


def test_the_state_of_a_component_is_read_as_the_dictionary_that_it_is(monkeypatch):
    made = []

    def presenter(*names):
        return lambda base, state: made.append(base) or {**base}

    monkeypatch.setattr(bidi_component, "make_bidi_component_presenter", presenter)

    def board():
        app = AppTest.from_file(str(ROOT / DERIVE), default_timeout=30).run()
        told = app.session_state["derivation"]
        assert not app.exception
        return told

    plain = board()
    assert made
    quicker.present_plainly()
    made.clear()
    assert board() == plain
    assert not made


@pytest.mark.parametrize("kind", [dict, AttributeDictionary])  # what a page may put there, and what a browser sends
def test_the_state_of_a_component_may_be_nested_deeper_than_a_copy_goes(monkeypatch, kind):
    monkeypatch.setattr(bidi_component, "make_bidi_component_presenter", None)
    quicker.present_plainly()
    nested = []
    for _ in range(600):
        nested = [nested]
    with pytest.raises(RecursionError):
        deepcopy(nested)
    app = AppTest.from_file(str(ROOT / DERIVE), default_timeout=30).run()
    app.session_state["derivation"] = kind(choose=nested)
    app.run()
    assert not app.exception


def test_the_configuration_is_looked_after_seldom(monkeypatch, tmp_path):
    watched, slept = tmp_path / "config.toml", []
    watched.write_text("")

    def sleep(seconds):
        slept.append(seconds)
        time.sleep(0.001)

    monkeypatch.setattr(polling_path_watcher, "_POLLING_PERIOD_SECS", 0.2)
    quicker.poll_seldom()
    monkeypatch.setattr(polling_path_watcher, "time", SimpleNamespace(sleep=sleep))
    changed = Event()
    watcher = polling_path_watcher.PollingPathWatcher(str(watched), lambda path: changed.set())
    watched.write_text("[server]")
    os.utime(watched, (time.time() + 9,) * 2)  # however coarse the clock of the file system is
    try:
        assert changed.wait(10)
    finally:
        watcher.close()
    assert set(slept) == {2.0}


def test_the_copy_of_a_place_moves_on_by_itself(monkeypatch):
    for kind in (st.cursor.Cursor, st.cursor.SparseList):
        monkeypatch.setattr(kind, "__deepcopy__", None, raising=False)  # put back afterwards
        del kind.__deepcopy__
    place = st.cursor.RunningCursor(0, (1, 2))
    place.lock_element()
    plain = deepcopy(place)
    quicker.copy_places()
    copied = deepcopy(place)
    assert vars(copied).keys() == vars(plain).keys()
    assert copied.delta_path == plain.delta_path == place.delta_path
    assert copied._transient_elements is not place._transient_elements
    copied.lock_element()
    assert copied.delta_path != place.delta_path
