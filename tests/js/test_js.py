"""The unit tests of the components' modules, run by node; their types and style are checked by `.ci/lint`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REQUIRED = bool(os.environ.get("CI")) or os.environ.get("MLPSCOPE_BROWSER") == "required"


def test_units():
    if shutil.which("node") is None:
        assert not REQUIRED, "node is not on this machine, and here these tests may not be skipped"
        pytest.skip("node is not on this machine")
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", "."],
        cwd=HERE,
        env=os.environ | {"PYTHON": sys.executable},
        text=True,
        capture_output=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout
