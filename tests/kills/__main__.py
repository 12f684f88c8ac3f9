"""Kill the app with `kill -9` while somebody edits, many times: `python -m tests.kills [TIMES]`.

Each time a process of its own runs the app on a project, and random keys are pressed in its Build screen; it says which
document is on the screen after each key. It is killed at a random moment; then the project is opened again: at most one
edit may be lost, and undo must lead back, edit by edit, to the bytes the project began with.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kerastui.engine.project.files import dumps
from kerastui.engine.project.workspace import Workspace

CHILD = Path(__file__).with_name("child.py")


class Loss(AssertionError):
    """Say what a kill has lost."""


def kill_once(folder: Path, seed: int) -> int:
    """Edit, kill, open again.

    Args:
        folder: An empty folder for the project.
        seed: Chooses the keys and the moment.

    Returns:
        How many edits the project had.

    Raises:
        Loss: More than one edit is gone, or undo does not lead back to the start.
    """
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(folder), str(seed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if child.stdout is None or child.stderr is None:
        raise RuntimeError("no pipe")
    with child:
        start = child.stdout.readline()
        time.sleep(random.Random(seed).uniform(0.05, 2.5))
        child.send_signal(signal.SIGKILL)
        said = child.stdout.read().splitlines()
        if not start.startswith("edits "):
            raise Loss(f"seed {seed}: the app did not come up: {child.stderr.read()[-2000:]}")
    # The last line may be torn by the kill.
    seen = [int(line.split()[1]) for line in [start.strip(), *said] if line.endswith(".")][-1]
    workspace = Workspace.open(folder / "project")
    edits = 0
    while workspace.undo():
        edits += 1
    if edits < seen - 1:
        raise Loss(f"seed {seed}: {seen} edits were on the screen, {edits} are there")
    if dumps(workspace.project) != (folder / "start.toml").read_text(encoding="utf-8"):
        raise Loss(f"seed {seed}: undo does not lead back to the start")
    return edits


def main() -> int:
    """Kill as often as asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("times", nargs="?", type=int, default=100)
    given = parser.parse_args()
    edits = []
    with tempfile.TemporaryDirectory() as place:
        for seed in range(given.times):
            edits.append(kill_once(Path(place) / str(seed), seed))
            print(f"\r{seed + 1} of {given.times}", end="", file=sys.stderr, flush=True)
    print(f"\n{given.times} kills, {sum(edits)} edits, at most {max(edits)} in one: none lost more than one")
    return 0


if __name__ == "__main__":
    sys.exit(main())
