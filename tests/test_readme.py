"""What the README shows is run."""

import re

import numpy as np

from mlpcore.equations.activations import Activation
from tests.visits import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_notebook_lines_run_and_give_what_they_say():
    code = re.search(r"## In a notebook\n\n```python\n(.*?)```", README, re.S)[1]
    here = {}
    exec(code, here)
    mlp = here["mlp"]
    assert f"{float(here['values'][mlp.loss]):.5f}" == "0.49161"
    np.testing.assert_allclose(here["net"][2].W, [[0.0714, 0.1329, 0.0811]], atol=1.01e-4)
    assert all(claim.holds for claim in here["why"].claims if claim.meant)


def test_the_activation_it_shows_is_one():
    row = re.search(r"## Add an activation\n.*?```python\n(.*?)```", README, re.S)[1]
    shown = eval(row, {"Activation": Activation})
    S, h = np.array([-3.0, -0.5, 0.25, 2.0]), 1e-6
    np.testing.assert_allclose(shown.derivative(S), (shown.f(S + h) - shown.f(S - h)) / (2 * h), rtol=1e-6)


def test_every_room_it_names_is_there():
    for named in re.findall(r"^\| `(mlpcore|pages|tests)/([\w./]*)`", README, re.M):
        assert (ROOT / "/".join(named)).exists(), named


def test_every_benchmark_it_names_is_there():
    for module in re.findall(r"-m (tests\.benchmarks\.\w+)", README):
        assert (ROOT / (module.replace(".", "/") + ".py")).exists(), module
