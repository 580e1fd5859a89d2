"""A class at work on a real server: every answer right, nobody's numbers with anybody else."""

import asyncio
import json
import random
import subprocess
import sys

import pytest

import mlpcore as mlp
from mlpcore.exchange import to_json, to_link
from mlpcore.notation import W
from mlpcore.setup import resized
from tests.browser.conftest import serve
from tests.tools.load.class_of import run_class
from tests.tools.load.secrets import find_owners, sign_number
from tests.tools.load.student import PAGES, Record
from tests.visits import ROOT


@pytest.fixture(scope="module")
def server_log(tmp_path_factory):
    path = tmp_path_factory.mktemp("class") / "log"
    with path.open("w") as log:
        process, url = serve(log=log)
        yield url, path
        process.terminate()
        process.wait(10)


def test_a_class_works_at_once(server_log):
    url, log = server_log
    record = Record()
    for seed in range(3):  # again where a slow machine left too little time
        asyncio.run(run_class(url, people=10, seconds=10, think=0.3, seed=seed, record=record))
        if len(record.answered) == 10 and len(record.pages) == len(PAGES):
            break
    assert not record.wrong, dict(record.wrong)
    assert not record.leaks, dict(record.leaks)
    assert record.answered == set(range(10))  # so a number that reached another student would have been found
    assert len(record.pages) == len(PAGES)
    assert {"edit", "hold", "undo", "step", "menu", "widget"} <= set(record.seconds)
    assert "Traceback" not in log.read_text()


def test_a_secret_is_known_wherever_it_stands():
    number = sign_number(4711, 0.25)
    assert abs(number - 0.25) < 1e-3
    small = mlp.EXAMPLES["worksheet"].setup
    wide = resized(small, (40, 40, 2), 9, ("relu", "tanh"), (True, False))  # its matrices travel packed
    for setup in (small, wide):
        weights = setup.net[1].W.copy()
        weights[1, 1] = number
        document = to_json({"setup": setup.with_inputs({W(1): weights})})
        assert find_owners(document.encode()) == {4711}
        assert find_owners(json.dumps({"doc": document}).encode()) == {4711}
        assert not find_owners(to_json({"setup": setup}).encode())
    with_link = to_json({"setup": small.with_inputs({W(1): [[number, 0.5], [1, 2], [3, 4]]})})
    assert find_owners(json.dumps({"link": to_link(with_link)}).encode()) == {4711}


def test_what_is_computed_from_a_secret_is_not_taken_for_another_one():
    rng = random.Random(0)
    for owner in range(200):
        for _ in range(50):
            value = sign_number(owner, rng.uniform(0.1, 1))
            near = [value + k * 2.0**-56 for k in range(1, 20)] + [value - rng.random() * 1e-9, value * 0.5 + 1e-3]
            assert find_owners(json.dumps(near).encode()) <= {owner}


def test_no_page_loads_pandas():
    """It takes 70 MB, and where some load it while Plotly looks for it in the page of another, that page fails."""
    code = """
import sys
from dataclasses import replace
from pages.ui.state.memory_page import CHAPTERS as MEMORY
from pages.ui.components.stage.chapters_hinge import CHAPTERS as HINGE
from tests.visits import DERIVE, STEP, visit
app = visit()
def look(page, **changes):
    app.session_state["state"] = replace(app.session_state["state"], **changes)
    app.switch_page(page).run()
    for menu in ("Network", "Conventions", "Logits", "File"):
        app.session_state[f"menu {menu}"] = True
    app.run()
    assert not app.exception, (page, changes)
    app.text_area(key="pasted")  # the menus are open
for page in ("app.py", STEP, DERIVE):
    look(page)
for chapter in HINGE:
    look("pages/3_Hinge_loss.py", lab_place=replace(app.session_state["state"].lab_place, chapter=chapter))
for chapter in MEMORY:
    look("pages/4_Memory_and_speed.py", memory=replace(app.session_state["state"].memory, chapter=chapter))
print(len(HINGE) >= 8, len(MEMORY) >= 4, 'pandas' in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout.splitlines() == ["True True False"], ran.stderr[-2000:]
