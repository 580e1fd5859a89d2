"""The modules of the components: their unit tests, types and style, run by node."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REQUIRED = bool(os.environ.get("CI")) or os.environ.get("MLPSCOPE_BROWSER") == "required"


def run(*command):
    """Run a command of node's in this folder, or skip the test for who has no node."""
    if shutil.which(command[0]) is None:
        assert not REQUIRED, f"{command[0]} is not on this machine, and here these checks may not be skipped"
        pytest.skip(f"{command[0]} is not on this machine")
    done = subprocess.run(
        command, cwd=HERE, env=os.environ | {"PYTHON": sys.executable}, text=True, capture_output=True, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tools():
    """TypeScript and the linter, in the versions that the lock file names."""
    if not (HERE / "node_modules").exists():
        if not REQUIRED:
            pytest.skip("npm ci in tests/js brings TypeScript and the linter")
        run("npm", "ci", "--no-audit", "--no-fund")


def test_units():
    assert "# fail 0" in run("node", "--test", "--test-reporter=tap", ".")


@pytest.mark.parametrize("check", ["types", "lint"])
def test_checkers_find_nothing(tools, check):
    run("npm", "run", "--silent", check)
