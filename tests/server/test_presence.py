"""Whether a visitor is still there, as Streamlit reports it."""

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


def test_a_lost_connection_counts_as_absent_only_after_the_grace_time(world):
    is_present = presence.track_presence()
    world.now = 500
    assert is_present()
    world.connected.clear()
    world.now += 30
    assert is_present()
    world.connected.add("me")
    world.now += 30
    assert is_present()
    world.connected.clear()
    world.now += presence.reconnect_seconds()
    assert not is_present()


def test_the_visitor_counts_as_present_where_streamlit_cannot_tell(world, monkeypatch):
    is_present = presence.track_presence()
    world.exists, world.now = False, 1000
    assert is_present()
    monkeypatch.setattr(presence, "get_script_run_ctx", lambda **_: None)
    world.exists = True
    is_present = presence.track_presence()
    world.now = 5000
    assert is_present()
