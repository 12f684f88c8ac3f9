"""The process that is killed: the app with random keys, without a terminal and without TensorFlow."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "support"))

from apps import make_app  # noqa: E402  # the path comes first

from kerastui.engine.project.files import dumps  # noqa: E402

KEYS = ("D", "o", "x", "delete", "u", "ctrl+y", "L", "S", "up", "down", "left", "right", "down", "F", "m", "enter")
"""Keys that edit, and keys that lead elsewhere; what opens a dialog is left with escape."""


async def main(folder: Path, seed: int) -> None:
    """Press keys until somebody ends it, and say how many edits there are after each."""
    os.environ["KERASTUI_HOME"] = str(folder / "home")
    folder.mkdir(parents=True)
    app = make_app(folder)
    keys = random.Random(seed)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2")
        await pilot.pause()
        (folder / "start.toml").write_text(dumps(app.studio.project), encoding="utf-8")
        while True:
            # Textual takes what is printed and writes it without a flush. The point says that it is on the screen.
            os.write(1, f"edits {len(app.studio.open_workspace._undo)} .\n".encode())
            await pilot.press(keys.choice(KEYS))
            await pilot.pause()
            while len(app.screen_stack) > 2:
                await pilot.press("escape")
                await pilot.pause()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
