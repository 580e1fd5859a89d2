"""What a time was measured on: processor, BLAS kernel, threads, versions; and what memory there is."""

from __future__ import annotations

import ctypes
import os
import platform
from functools import cache
from pathlib import Path

import numpy as np

#: Never plan to take more than this, whatever the machine says it has.
MOST = 4 * 2**30
#: Where a platform does not say how much memory is free.
UNKNOWN = 2**30

#: One thread, in the words of every BLAS; and OpenBLAS chooses its kernel for this machine itself.
ONE_THREAD = {
    f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMEXPR")
} | {"VECLIB_MAXIMUM_THREADS": "1"}
CHOSEN_FROM_OUTSIDE = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@cache
def _openblas() -> ctypes.CDLL | None:
    """The OpenBLAS that NumPy brought along, if it did."""
    root = Path(np.__file__).parent
    for folder in (root.parent / "numpy.libs", root / ".dylibs", root / ".libs"):
        for path in sorted(folder.glob("*openblas*")) if folder.is_dir() else ():
            try:
                return ctypes.CDLL(str(path))
            except OSError:
                continue
    return None


def _ask(name: str, returns: type) -> object | None:
    library = _openblas()
    for symbol in (f"scipy_openblas_{name}64_", f"openblas_{name}64_", f"scipy_openblas_{name}", f"openblas_{name}"):
        function = getattr(library, symbol, None) if library else None
        if function is not None:
            function.restype = returns
            return function()
    return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def machine() -> dict[str, str]:
    """Everything a figure needs beside it."""
    kernel = _ask("get_corename", ctypes.c_char_p)
    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    threads = _ask("get_num_threads", ctypes.c_int)
    return {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "BLAS": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        "kernel": kernel.decode() if isinstance(kernel, bytes) else "unknown",
        "threads": str(threads) if threads is not None else os.environ.get("OMP_NUM_THREADS", "unknown"),
        "NumPy": np.__version__,
        "Python": platform.python_version(),
    }


def memory_limit() -> int:
    """The bytes a job may take here: half of what is free, in a container half of what it has left."""
    free = []
    try:
        free.append(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        free.append(UNKNOWN)
    try:
        group = Path("/sys/fs/cgroup")
        most = (group / "memory.max").read_text(encoding="ascii").strip()
        if most != "max":
            free.append(int(most) - int((group / "memory.current").read_text(encoding="ascii")))
    except (OSError, ValueError):
        pass
    return max(0, min(MOST, *(n // 2 for n in free)))
