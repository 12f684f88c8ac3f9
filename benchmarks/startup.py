"""First frame of kerastui against an empty Textual app, as a ratio in one run.

Each is started in a process of its own on a pseudo-terminal, in turn; the clock runs from the start of the process to
the first frame, when Textual's `on_ready` has run and the screen was painted. Target: at most 1.3.
"""

from __future__ import annotations

import os
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 9
READY = b"\x1b]0;first-frame\x07"

EMPTY = """
from textual.app import App
class Empty(App):
    def on_ready(self):
        self.call_after_refresh(mark)
app = Empty
"""

OURS = """
from kerastui.shell import KerasTUI
class Ours(KerasTUI):
    def on_ready(self):
        self.call_after_refresh(mark)
app = Ours
"""

FRAME = """
import sys
def mark():
    assert "tensorflow" not in sys.modules and "keras" not in sys.modules
    sys.__stdout__.write("\\x1b]0;first-frame\\x07"); sys.__stdout__.flush()
"""


def first_frame(code: str, home: str) -> float:
    """Return the seconds from the start of a process to its app's first frame."""
    master, slave = pty.openpty()
    environment = {**os.environ, "KERASTUI_HOME": home, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    program = f"{FRAME}\n{code}\napp().run()"
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        start_new_session=True,
    )
    os.close(slave)
    seen = b""
    deadline = began + 60
    while READY not in seen:
        if time.perf_counter() > deadline or child.poll() is not None:
            raise RuntimeError(f"no first frame: {seen[-2000:].decode(errors='replace')}")
        if select.select([master], [], [], 0.5)[0]:
            seen += os.read(master, 65536)
    took = time.perf_counter() - began
    child.kill()
    child.wait()
    os.close(master)
    return took


def main() -> None:
    """Measure both in turn and print the medians and their ratio."""
    with tempfile.TemporaryDirectory() as home:
        pairs = []
        for _ in range(ROUNDS):
            pairs.append((first_frame(EMPTY, home), first_frame(OURS, home)))
            subprocess.run(
                [sys.executable, "-m", "kerastui", "engine", "stop"],
                env={**os.environ, "KERASTUI_HOME": home},
                check=True,
                capture_output=True,
            )
    empty, ours = (statistics.median(times) for times in zip(*pairs[1:], strict=True))
    print("| app | first frame, s |\n| --- | --- |")
    print(f"| empty Textual app | {empty:.3f} |\n| kerastui | {ours:.3f} |")
    print(f"ratio {ours / empty:.2f} (target: at most 1.3)")


if __name__ == "__main__":
    main()
