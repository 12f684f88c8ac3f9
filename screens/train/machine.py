"""How busy this machine is, from the kernel's own figures; where there are none, nothing is claimed."""

from __future__ import annotations

from pathlib import Path

import msgspec

_IDLE = (3, 4)
"""Fields of a CPU's line in `/proc/stat` in which it did nothing: idle, and waiting for the disk."""
_COUNTED = 8
"""Fields that make up the whole time; guests' time after them is contained in the first ones."""


class Load(msgspec.Struct, frozen=True):
    """Hold one look at the machine.

    Args:
        cpu: Share of all its processors that was busy since the look before, 0 to 1; `None` at the first look.
        used: Bytes of memory in use by anybody, the kernel's caches not counted.
        memory: Bytes of memory in all.
    """

    cpu: float | None
    used: int
    memory: int


class Machine:
    """Look at this machine, now and again.

    Args:
        proc: The kernel's folder of figures, which only Linux has.
    """

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._before: tuple[int, int] | None = None

    def look(self) -> Load | None:
        """Return how busy the machine is, `None` where it cannot be told."""
        try:
            busy, whole = _times((self._proc / "stat").read_text())
            memory = _sizes((self._proc / "meminfo").read_text())
            used = memory["MemTotal"] - memory["MemAvailable"]
        except (OSError, ValueError, KeyError, IndexError):
            return None
        before, self._before = self._before, (busy, whole)
        cpu = None
        if before is not None and whole > before[1]:
            cpu = min(max((busy - before[0]) / (whole - before[1]), 0.0), 1.0)
        return Load(cpu, used, memory["MemTotal"])


def _times(text: str) -> tuple[int, int]:
    """Return busy and whole time of all processors since the start of the machine, in ticks."""
    fields = [int(field) for field in text.splitlines()[0].split()[1 : _COUNTED + 1]]
    whole = sum(fields)
    return whole - sum(fields[index] for index in _IDLE), whole


def _sizes(text: str) -> dict[str, int]:
    """Return the amounts of memory by name, in bytes."""
    lines = (line.split() for line in text.splitlines())
    return {parts[0].rstrip(":"): int(parts[1]) * 1024 for parts in lines if len(parts) == 3}
