"""Whether a visitor is still there, as Streamlit tells it."""

from types import SimpleNamespace

import pytest
import streamlit as st

from pages.ui.server import presence


@pytest.fixture
def world(monkeypatch):
    """A clock and a Streamlit in which a visitor comes and goes."""
    world = SimpleNamespace(now=0.0, connected={"me"}, exists=True)
    runtime = SimpleNamespace(is_active_session=lambda name: name in world.connected)
    monkeypatch.setattr(presence.time, "monotonic", lambda: world.now)
    monkeypatch.setattr(presence, "get_script_run_ctx", lambda **_: SimpleNamespace(session_id="me"))
    monkeypatch.setattr(st.runtime, "exists", lambda: world.exists)
    monkeypatch.setattr(st.runtime, "get_instance", lambda: runtime)
    return world


def test_who_is_cut_off_is_waited_for_and_who_left_is_not(world):
    there = presence.track_presence()
    world.now = 500
    assert there()
    world.connected.clear()
    world.now += 30
    assert there()
    world.connected.add("me")
    world.now += 30
    assert there()
    world.connected.clear()
    world.now += presence.reconnect_seconds()
    assert not there()


def test_where_nobody_can_tell_everybody_is_there(world, monkeypatch):
    there = presence.track_presence()
    world.exists, world.now = False, 1000
    assert there()
    monkeypatch.setattr(presence, "get_script_run_ctx", lambda **_: None)
    world.exists = True
    there = presence.track_presence()
    world.now = 5000
    assert there()
