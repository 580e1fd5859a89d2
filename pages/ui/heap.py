"""Where the server's memory lies: one heap, from which every free page can go back to the system.

Python keeps small objects by the megabyte and gives a megabyte back when the last object in it is gone, which after
a class is seldom; and the C library keeps a heap for each thread, which a run of a page is. Both can be told
otherwise, but only before they start.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

#: What Python and the C library (glibc) are told by.
TOLD = {
    "PYTHONMALLOC": "malloc",
    "MALLOC_ARENA_MAX": "1",
    # The heap grows by 4 MB and shrinks when 64 MB at its end are free, or by `give_back`: by 128 kB at a time, as the
    # C library has it, the arrival of 300 visitors took a third more of a processor.
    "MALLOC_TOP_PAD_": "4194304",
    "MALLOC_TRIM_THRESHOLD_": "67108864",
    # From here on a piece is not taken from the heap. It is what the C library begins with, and then raises.
    "MALLOC_MMAP_THRESHOLD_": "131072",
}

#: Says which process was told.
MARK = "MLPSCOPE_TOLD"


def start_over() -> None:
    """Start this process once more with what `TOLD` says, where it is `streamlit run` and is free to choose.

    Its number and its arguments stay; its port is opened anew, so Streamlit tells the address twice. Whoever sets one
    of these names keeps what was set. What this process starts, a measurement above all, hears nothing of them.
    """
    if os.environ.get(MARK) == str(os.getpid()):
        for name in TOLD:
            os.environ.pop(name, None)
    elif can_be_told(os.environ, sys.orig_argv):
        told = {**os.environ, **TOLD, MARK: str(os.getpid())}
        with suppress(OSError, AttributeError):  # no /proc, no output, not allowed: it goes on as it is
            for held in map(int, os.listdir("/proc/self/fd")):
                if held > 2:  # the port that Streamlit holds open for whatever comes after it
                    with suppress(OSError):
                        os.set_inheritable(held, False)
            sys.stdout.flush()
            os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], told)


def can_be_told(environ: Mapping[str, str], typed: Sequence[str]) -> bool:
    """Whether a process that was started so would hear of `TOLD`, and has nothing of it set otherwise.

    Args:
        typed: the words of its command line.
    """
    ours = any(Path(word).stem == "streamlit" and then == "run" for word, then in pairwise(typed))
    glibc = sys.platform == "linux" and platform.libc_ver()[0] == "glibc"
    free_threads = sysconfig.get_config_var("Py_GIL_DISABLED")  # has an allocator of its own, and no choice
    return ours and glibc and not (free_threads or sys.flags.ignore_environment or TOLD.keys() & environ.keys())


def let_go() -> None:
    """Empty what Python and NumPy keep of small pieces for the next who asks: a page is free when all of it is.

    For when nobody is there, and after a garbage collection.
    """
    getattr(sys, "_clear_internal_caches", getattr(sys, "_clear_type_cache", int))()
    give_back()
    # Of each size below a kilobyte NumPy keeps the first seven that are freed, from wherever they were. Those that are
    # made now lie in small gaps; they are freed first, and so it is these that are kept.
    scattered, close = _pieces(), _pieces()
    del close
    del scattered
    give_back()


def _pieces() -> list[object]:
    import numpy as np  # no earlier: whoever starts over reads it twice

    return [np.empty(n, np.uint8) for n in range(1, 1024) for _ in range(7)]


def give_back() -> None:
    """Return free memory to the system, where the C library can be asked to: glibc again."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
