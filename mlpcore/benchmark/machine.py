"""What a time was measured on (processor, BLAS kernel, threads, versions), and the memory there is."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path

import numpy as np

#: Bytes that a job may take at most, whatever the machine has.
MAX_BYTES = 4 * 2**30
#: Free bytes assumed where a platform does not name them.
ASSUMED_FREE_BYTES = 2**30

#: The environment in which every BLAS computes on one thread.
ONE_THREAD = {
    f"{library}_THREADS": "1" for library in ("OPENBLAS_NUM", "OMP_NUM", "MKL_NUM", "BLIS_NUM", "VECLIB_MAXIMUM")
}
#: Variables by which OpenBLAS would not choose the kernel that fits this machine.
KERNEL_OVERRIDES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def _find_blas() -> dict[str, object]:
    """Return what threadpoolctl finds of the BLAS in use; nothing where it is not installed."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return {}
    return next((library for library in threadpool_info() if library["user_api"] == "blas"), {})


def _processor_name() -> str:
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return platform.processor() or platform.machine()


def machine() -> dict[str, str]:
    """Return what must stand beside every measured figure."""
    library = _find_blas()
    build = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return {
        "processor": _processor_name(),
        "clock": "CPU time",
        "system": f"{platform.system()} {platform.machine()}",
        "BLAS": f"{build.get('name', 'unknown')} {build.get('version', '')}".strip(),
        "kernel": str(library.get("architecture", "unknown")),
        "threads": str(library.get("num_threads", os.environ.get("OMP_NUM_THREADS", "unknown"))),
        "NumPy": np.__version__,
        "Python": platform.python_version(),
    }


def memory_limit() -> int:
    """Return the bytes that a job may take: half of what is free, in a container half of what that has left."""
    free = [ASSUMED_FREE_BYTES]
    with suppress(AttributeError, ValueError, OSError):
        free = [os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with suppress(ValueError, OSError):  # without a limit the file holds the word "max"
        limit, used = (
            int(Path("/sys/fs/cgroup", name).read_text("ascii")) for name in ("memory.max", "memory.current")
        )
        free.append(limit - used)
    return max(0, min(MAX_BYTES, *(n // 2 for n in free)))
