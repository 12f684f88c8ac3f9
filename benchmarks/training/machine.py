"""The machine that figures come from."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LIBRARIES = ("tensorflow", "keras", "tf-keras", "jax", "jaxlib", "numpy", "kerastui")


def machine() -> dict[str, Any]:
    """Describe it: `cpu`, `cores`, `memory` in bytes, `load` now, `system`, `python`, `libraries` by name, `date`."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load": load(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
    }


def load() -> float:
    """Give the mean number of processes that wanted to run in the last minute."""
    return round(os.getloadavg()[0], 2)


def described(about: dict[str, Any], devices: dict[str, list[str]]) -> list[str]:
    """Put it into words.

    Args:
        about: As `machine` gave it, with `load_after` where the run is over.
        devices: By library, what it computes on.
    """
    libraries = ", ".join(f"{name} {version}" for name, version in about["libraries"].items() if version)
    after = f", {about['load_after']} at the end" if "load_after" in about else ""
    on = "; ".join(f"{family}: {', '.join(names)}" for family, names in devices.items())
    return [
        f"{about['cores']} cores, {about['cpu']}, {about['memory'] / 1e9:.0f} GB; load {about['load']} before{after}; "
        f"{about['system']}; {about['date']}",
        f"Python {about['python']}, {libraries}",
        f"Devices: {on}" if on else "",
    ]


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
