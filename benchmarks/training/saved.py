"""`.keras` of a model of 537 MB, saved and loaded by processes of `benchmarks/saving.py`."""

from __future__ import annotations

import tempfile
from typing import Any

from benchmarks.saving import in_a_process

LIBRARIES = ("ours", "stock")


def compare(repetitions: int) -> dict[str, Any]:
    """Save and load in turn, each in a new process.

    Args:
        repetitions: How often. The shortest time counts: the disk has moods that the median would follow.

    Returns:
        `save` and `load`, each seconds by library.
    """
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for action in ("save", "load"):
            times: dict[str, list[float]] = {library: [] for library in LIBRARIES}
            for _ in range(repetitions):
                for library in LIBRARIES:
                    said = in_a_process(action, "wide", library, f"{folder}/{library}.keras")
                    times[library].append(said["seconds"])
            found[action] = {library: min(all_) for library, all_ in times.items()}
    return found
