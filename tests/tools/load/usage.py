"""Memory, processor time and child processes of a server, from /proc: on Linux only."""

import os
from contextlib import suppress
from pathlib import Path


def measure_memory(pid: int) -> float:
    """Measure the memory of a process in megabytes; 0 where there is no /proc."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0


def measure_processor_time(pid: int) -> float:
    """Measure the processor time of a process in seconds; 0 where there is no /proc."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def list_children(of: int) -> list[int]:
    """List the processes that a process has started and that still run."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                parent = file.read().rsplit(")", 1)[1].split()[1]
        except (OSError, IndexError):
            continue
        if parent == str(of):
            found.append(int(name))
    return found
