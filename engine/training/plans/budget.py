"""How much data may lie on the device at once."""

from __future__ import annotations

from pathlib import Path

from kerastui.engine.keras_private import gpu_memory

SHARE = 4
"""Data may take one part in so many of the memory that is free: the model, its gradients and activations want room."""

SLAB = 32 << 20
"""Bytes of a slab: 10,000 rows of 784 numbers, which a small model is through with in some 60 ms."""

UNKNOWN = 4 << 30
"""Bytes taken to be free where nobody says."""

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def budget() -> int:
    """Give the bytes of data that may lie on the device: a GPU if there is one, else the memory of the host."""
    free = gpu_memory()
    return (host_memory() if free is None else free) // SHARE


def slab_room(of: int) -> int:
    """Give the bytes of a slab, of which two are there at a time.

    Args:
        of: The budget.
    """
    return max(min(SLAB, of // 2), 1)


def host_memory(meminfo: Path = _MEMINFO, cgroup: Path = _CGROUP) -> int:
    """Give the bytes of the host that are free, within the limit of a container if there is one.

    Args:
        meminfo: Where Linux tells.
        cgroup: Where Linux tells of the container.
    """
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        free = UNKNOWN
    try:
        limit = int((cgroup / "memory.max").read_text())
        statistics = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        used = int((cgroup / "memory.current").read_text()) - int(statistics["file"])  # what is read of files can go
    except (OSError, KeyError, ValueError):  # "max" is no number
        return free
    return max(min(free, limit - used), 0)
