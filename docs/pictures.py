"""Make the pictures of the README anew: `uv run python docs/pictures.py` (a minute: a real run on the digits)."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from textual.pilot import Pilot

from kerastui.engine.project.workspace import Workspace
from kerastui.engine.templates import project
from kerastui.shell import KerasTUI

FOLDER = Path(__file__).parent / "pictures"
SIZE = (120, 40)
SPACE = "http://www.w3.org/2000/svg"


def take(app: KerasTUI, name: str) -> None:
    """Save what is on the screen as an SVG that fetches nothing and keeps the terminal's grid in any font."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", app.export_screenshot(), flags=re.DOTALL)
    ElementTree.register_namespace("", SPACE)
    root = ElementTree.fromstring(svg.replace("Fira Code", "monospace"))
    for text in root.iter(f"{{{SPACE}}}text"):
        content, length = text.text or "", text.attrib.pop("textLength", None)
        if length and content:
            # Words and symbols each at their own cell: a font that lacks a glyph borrows it from one of another width.
            x, step = float(text.attrib.pop("x")), float(length) / len(content)
            text.text = None
            for part in re.finditer(r"[!-~]+|[^\x00-\xa0]", content):
                place = {"x": f"{x + step * part.start():.1f}"}
                ElementTree.SubElement(text, f"{{{SPACE}}}tspan", place).text = part[0]
    (FOLDER / f"{name}.svg").write_text(ElementTree.tostring(root, encoding="unicode"), encoding="utf-8")


async def wait(pilot: Pilot[None], seconds: float = 120.0) -> None:
    """Wait until the engine is ready and everything is checked, or the run has ended."""
    app = pilot.app
    assert isinstance(app, KerasTUI)  # noqa: S101 - this is a script
    async with asyncio.timeout(seconds):
        while app.studio.engine_state.kind != "ready" or app.studio.stale or (app.studio.run and app.studio.run.live):
            await asyncio.sleep(0.1)
    await app.studio.settle()
    await pilot.pause()


async def main() -> None:
    """Open the demo, walk through its screens, train it, and take a picture of each."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["KERASTUI_HOME"] = home
        folder = Path(home) / "digits"
        Workspace.create(folder, project("digits"))
        app = KerasTUI(folder)
        async with app.run_test(size=SIZE) as pilot:
            await wait(pilot)
            await pilot.press("down", "down")
            for key, name in (("2", "build"), ("1", "data"), ("3", "configure")):
                await pilot.press(key)
                await wait(pilot)
                take(app, name)
            await pilot.press("f5")
            await pilot.pause(0.5)
            await wait(pilot)
            take(app, "train")
            await app.studio.close()


if __name__ == "__main__":
    asyncio.run(main())
