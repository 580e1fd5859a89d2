"""What a server takes, seen from outside: memory and processor time, on Linux; nothing elsewhere."""

import os
from contextlib import suppress
from pathlib import Path


def memory(pid: int) -> float:
    """Megabytes that a process holds in memory; 0 where that cannot be told."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 where that cannot be told."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def children(of: int) -> list[int]:
    """The processes that a process has started and that are not gone; from /proc, so on Linux alone."""
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
