"""What the documents show is run, and what they name is there."""

import re

import numpy as np
import pytest

from mlpcore.equations.activations import ACTIVATIONS, Activation
from tests.visits import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = {
    name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "tests/README.md", ".github/SECURITY.md")
}


def test_the_notebook_lines_run_and_give_what_they_state():
    code = re.search(r"## In a notebook\n.*?```python\n(.*?)```", README, re.S)[1]
    here = {}
    exec(code, here)
    mlp = here["mlp"]
    assert f"{float(here['values'][mlp.loss]):.5f}" == "0.49161"
    np.testing.assert_allclose(here["net"][2].W, [[0.0714, 0.1329, 0.0811]], atol=1.01e-4)
    assert all(claim.holds for claim in here["why"].claims if claim.meant)


def test_the_activation_it_shows_is_one():
    row = re.search(r"## Add an activation.*?```python\n(.*?)```", README, re.S)[1]
    shown = eval(row, {"Activation": Activation, "np": np})
    assert shown.name not in ACTIVATIONS
    S, h = np.array([-3.0, -0.5, 0.25, 2.0]), 1e-6
    np.testing.assert_allclose(shown.derivative(S), (shown.f(S + h) - shown.f(S - h)) / (2 * h), rtol=1e-6)
    np.testing.assert_allclose(shown.derivative_from_Z(shown.f(S)), shown.derivative(S), rtol=1e-12)
    assert shown.formula_from_Z


def test_every_room_it_names_is_there():
    for named in re.findall(r"^\| `(mlpcore|pages|tests)/([\w./]*)`", README, re.M):
        assert (ROOT / "/".join(named)).exists(), named


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_and_test_a_document_names_is_there(name):
    text = DOCUMENTS[name]
    paths = [module.replace(".", "/") + ".py" for module in re.findall(r"\b(tests\.tools\.\w+\.\w+)", text)]
    paths += [f"tests/tools/benchmarks/{bench}.py" for bench in re.findall(r"`\.\.\. (bench_\w+)`", text)]
    paths += [f"tests/{test}.py" for test in re.findall(r"`((?:\w+/)?test_\w+)[`:]", text)]
    paths += re.findall(r"`(\.ci/\w+)", text)
    assert paths
    for path in paths:
        assert (ROOT / path).exists(), path


def test_every_picture_and_document_it_links_to_is_there():
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(linked) >= 4
    for path in linked:
        assert (ROOT / path).exists(), path
