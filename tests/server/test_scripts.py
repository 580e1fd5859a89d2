import asyncio
import re
from posixpath import dirname, normpath

import pytest
from starlette.requests import Request

from pages.ui.server import assets

COMPONENTS = ("stage", "chart", "toolbar")


def fetch(name, version):
    (route,) = assets.routes
    scope = {"type": "http", "path_params": {"name": name, "hash": version}, "query_string": b"", "path": "/"}
    scope |= {"headers": [], "server": ("here", 80), "scheme": "http"}
    return asyncio.run(route.endpoint(Request(scope)))


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_host_without_our_routes_is_sent_every_module_of_a_component(component):
    whole = assets.script(component)
    assert "mlpscope-assets/" not in whole
    assert whole.count("\nexport default draw;\n") == 1
    assert f'"{component}/{component}.css"' in whole
    assert "import.meta.url" not in whole


@pytest.mark.parametrize("component", COMPONENTS)
def test_modules_are_joined_after_those_they_import(component):
    names = re.findall(r'"([\w/-]+\.(?:js|css))": "', assets.script(component))
    assert len(names) == len(set(names)) > 2
    for at, name in enumerate(names):
        imported = re.findall(r'(?m)^import [^;]* from "(.+?)"', assets.FILES[name])
        assert {normpath(f"{dirname(name)}/{path}") for path in imported} <= set(names[:at])


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_server_with_our_routes_sends_an_import_that_is_kept_under_its_hash(monkeypatch, component):
    monkeypatch.setattr(assets.serving, "is_set", lambda: True)
    short = assets.script(component)
    assert len(short) < 300
    version, entry = re.search(r'new URL\("mlpscope-assets/(\w+)/(.+?)", location.href\)', short).groups()
    answer = fetch(entry, version)
    assert "export default function" in answer.body.decode()
    assert "immutable" in answer.headers["cache-control"]
    assert answer.media_type == "text/javascript"


def test_an_older_page_gets_the_present_files_which_it_does_not_keep():
    answer = fetch("stage/stage.css", "older")
    assert answer.media_type == "text/css"
    assert answer.body.decode() == assets.FILES["stage/stage.css"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["passwd", "stage/stage.py", "../server/assets.py", "stage/js/none.js"])
def test_nothing_but_scripts_and_styles_of_components_is_served(name):
    assert fetch(name, assets.HASH).status_code == 404


def test_every_import_of_a_module_is_a_file_that_is_served():
    for name, text in assets.FILES.items():
        for path in re.findall(r'from "(.+?)"|new URL\("(\..+?)", import\.meta', text):
            assert normpath(f"{dirname(name)}/{path[0] or path[1]}") in assets.FILES, (name, path)
