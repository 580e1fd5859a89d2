"""Streamlit Community Cloud rehearsed: an environment of requirements.txt alone, its flags, links that are opened cold.

It starts `streamlit run app.py` from the repository's folder, watches files and shows details of errors.
"""

import asyncio
import subprocess
import sys

import pytest

from tests.browser.conftest import ROOT, serve
from tests.tools.load.class_of import run_class
from tests.tools.load.student import PAGES
from tests.tools.load.usage import measure_memory
from tests.tools.load.visitor import Visitor

FLAGS = (
    "--client.showErrorDetails=full",
    "--client.toolbarMode=auto",
    "--server.fileWatcherType=poll",
    "--runner.fastReruns=true",
    "--browser.gatherUsageStats=false",
)
#: MB that a free app has at least.
LEAST_MEMORY = 690


async def open_cold(url, page):
    async with Visitor(url, page, timeout=60) as visitor:
        assert not visitor.list_faults(), (page, visitor.list_faults())
        assert visitor.list_links()
        return visitor.get_payload(visitor.stage)


def test_a_link_opened_first_shows_its_page_under_other_flags():
    process, url = serve("app.py", ROOT, *FLAGS)
    try:
        assert asyncio.run(open_cold(url, "Step_through"))["steps"]
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.nightly
def test_a_free_host_holds_sixty_visitors(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", ROOT / "requirements.txt"], check=True)
    for page in PAGES.values():  # a sleeping app is woken by a link to any page
        process, url = serve("app.py", ROOT, *FLAGS, python=python)
        try:
            asyncio.run(open_cold(url, page))
        finally:
            process.kill()
            process.wait(10)
    with (tmp_path / "log").open("w") as log:
        process, url = serve("app.py", ROOT, *FLAGS, python=python, log=log)
    try:
        record = asyncio.run(run_class(url, people=60, seconds=30, think=5, arrive=5))
        used = measure_memory(process.pid)
    finally:
        process.kill()
        process.wait(10)
    assert not record.wrong, dict(record.wrong)
    assert not record.leaks, dict(record.leaks)
    assert "Traceback" not in (tmp_path / "log").read_text()
    assert used < LEAST_MEMORY, f"{used:.0f} MB"
