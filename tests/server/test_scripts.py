import asyncio
import re

import pytest
from starlette.requests import Request

from pages.ui.server import assets as scripts
from pages.ui.server import lifespan as server


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setattr(scripts.serving, "is_set", lambda: True)


@pytest.mark.parametrize("name", scripts.TEXTS)
def test_a_host_without_our_addresses_is_sent_the_whole_script(name):
    whole = scripts.script(name)
    assert "export default function" in whole
    assert "mlpscope-script/" not in whole


def asked(name, query):
    (route,) = (r for r in server.routes if r.path == "/mlpscope-script/{name}")
    scope = {"type": "http", "path_params": {"name": name}, "query_string": query.encode(), "path": "/", "headers": []}
    return asyncio.run(route.endpoint(Request({**scope, "server": ("here", 80), "scheme": "http"})))


@pytest.mark.parametrize("name", scripts.TEXTS)
def test_the_address_brings_the_same_script_and_is_kept_under_its_mark(served, monkeypatch, name):
    short = scripts.script(name)
    assert len(short) < 300
    mark = re.search(rf'new URL\("mlpscope-script/{name}\?(\w+)", location.href\)', short)[1]
    monkeypatch.undo()
    answer = asked(name, mark)
    assert answer.body.decode() == scripts.script(name)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.media_type == "text/javascript"
    # An older page of a server that was renewed: the script as it is now, which nobody keeps.
    assert asked(name, "older").headers["cache-control"] == "no-store"
    assert asked("passwd", "").status_code == 404
