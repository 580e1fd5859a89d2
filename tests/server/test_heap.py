"""The server starts over with one heap, once, where that is understood; what it starts hears nothing of it."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pages.ui import heap
from tests.browser.conftest import serve

ROOT = Path(__file__).parents[2]

glibc = pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="another C library keeps its memory otherwise"
)


def environ(pid):
    held = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(pair.decode().split("=", 1) for pair in held if b"=" in pair)


@glibc
def test_a_server_is_told_before_it_starts_and_keeps_its_number(tmp_path):
    with (tmp_path / "log").open("w") as log:
        process, _ = serve(log=log)
    try:
        told = environ(process.pid)
        assert told.items() >= heap.TOLD.items()
        assert told[heap.MARK] == str(process.pid)
    finally:
        process.terminate()
        process.wait(10)
    assert (tmp_path / "log").read_text().count("You can now view") == 2


@glibc
def test_whoever_chose_an_allocator_keeps_it(monkeypatch):
    monkeypatch.setenv("PYTHONMALLOC", "pymalloc")
    process, _ = serve()
    try:
        told = environ(process.pid)
        assert told["PYTHONMALLOC"] == "pymalloc"
        assert heap.MARK not in told
    finally:
        process.terminate()
        process.wait(10)


@glibc
@pytest.mark.parametrize(
    ("typed", "would"),
    [
        ("python /venv/bin/streamlit run app.py", True),
        ("python -m streamlit run app.py --server.port 8501", True),
        ("python -X dev -m streamlit run app.py", True),
        ("uvicorn app:app --workers 2", False),
        ("python -m pytest -k streamlit", False),
        ("python -c import\\ app", False),
        ("streamlit config show", False),
        ("streamlit", False),
        ("", False),
    ],
)
def test_only_streamlit_run_is_started_over(typed, would):
    assert heap.can_be_told({"PATH": "/bin"}, typed.split()) is would
    assert not heap.can_be_told({"MALLOC_ARENA_MAX": "4"}, typed.split())


def test_elsewhere_nothing_is_started_over(monkeypatch):
    typed = ["streamlit", "run", "app.py"]
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not heap.can_be_told({}, typed)
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not heap.can_be_told({}, typed)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(heap.sysconfig, "get_config_var", lambda _: 0)
    assert heap.can_be_told({}, typed)
    monkeypatch.setattr(heap.sysconfig, "get_config_var", lambda _: 1)
    assert not heap.can_be_told({}, typed)


def test_what_the_told_process_starts_hears_nothing_of_it():
    code = """
import os, subprocess, sys
from pages.ui import heap
os.environ.update(heap.TOLD, **{heap.MARK: str(os.getpid())})
heap.start_over()
print(sorted(heap.TOLD.keys() & os.environ.keys()))
subprocess.run([sys.executable, '-c', "import os; print('PYTHONMALLOC' in os.environ)"])
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["[]", "False"]


def test_a_system_that_will_not_start_it_over_goes_on_as_it_is(monkeypatch):
    def no(*_):
        raise OSError("not here")

    before = dict(os.environ)
    monkeypatch.setattr(heap, "can_be_told", lambda *_: True)
    monkeypatch.setattr(os, "listdir", lambda _: ["0", "100000"])
    monkeypatch.setattr(os, "execve", no)
    heap.start_over()
    monkeypatch.setattr(os, "listdir", no)
    heap.start_over()
    monkeypatch.setattr(os, "listdir", lambda _: [])
    monkeypatch.setattr(sys, "stdout", None)
    heap.start_over()
    assert dict(os.environ) == before


@pytest.mark.parametrize("library", [OSError(), object(), SimpleNamespace(malloc_trim=int)])
def test_memory_is_given_back_where_the_system_takes_it(monkeypatch, library):
    def load(name):
        if isinstance(library, OSError):
            raise library
        return library

    monkeypatch.setattr(heap.ctypes, "CDLL", load)
    heap.give_back()


def test_numpy_keeps_other_pieces_than_those_it_was_left_with():
    def ten():
        return [np.empty(500, np.uint8) for _ in range(10)]

    held = ten()
    left = {x.ctypes.data for x in held}
    del held
    again = ten()
    assert left & {x.ctypes.data for x in again[:7]}, "NumPy keeps none: there is nothing to do any more"
    del again
    heap.let_go()
    assert not left & {x.ctypes.data for x in ten()[:7]}
