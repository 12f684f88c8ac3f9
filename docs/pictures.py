"""Make the pictures of the README anew: `uv run python docs/pictures.py` (two minutes: a real run on the digits).

`uv run python docs/pictures.py build FOLDER` draws Build alone, at three sizes in every theme, into a folder.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from textual.pilot import Pilot

from kerastui import themes
from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer, Project, Spec
from kerastui.engine.project.settings import set_loss
from kerastui.engine.project.workspace import Workspace
from kerastui.engine.templates import project
from kerastui.shell import KerasTUI

FOLDER = Path(__file__).parent / "pictures"
SIZE = (120, 40)
SIZES = ((80, 24), SIZE, (200, 60))
KEPT = (
    ((120, 40), themes.DARK.name),
    ((80, 24), themes.DARK.name),
    ((200, 60), themes.DARK.name),
    ((120, 40), themes.LIGHT.name),
    ((120, 40), themes.COLOUR_BLIND.name),
    ((120, 40), themes.MONO.name),
)
"""Sizes and themes of the pictures of Build that are kept here."""
ENCODER = Graph(
    inputs={"views": Input((64,))},
    layers={"hidden": Layer("Dense", {"units": 64, "activation": "relu"}), "out": Layer("Dense", {"units": 48})},
    calls={"hidden": Call("hidden", ("views",)), "out": Call("out", ("hidden",))},
    outputs={"out": "out"},
)
TWO_VIEW = Graph(
    inputs={"pixels": Input((64,)), "strokes": Input((64,))},
    layers={
        "project": Layer("Dense", {"units": 32, "activation": "relu", "kernel_initializer": Spec("HeNormal")}),
        "views": Layer("Concatenate"),
        "encoder": Layer(MODEL, {"model": "encoder"}),
        "add": Layer("Add"),
        "digit": Layer("Dense", {"units": 10, "activation": "softmax"}),
        "style": Layer("Dense", {"units": 2}),
    },
    calls={
        "project": Call("project", ("pixels",)),
        "project_1": Call("project", ("strokes",)),
        "views": Call("views", ("project", "project_1")),
        "encoder": Call("encoder", ("views",)),
        "add": Call("add", ("encoder", "views")),
        "digit": Call("digit", ("add",)),
        "style": Call("style", ("add",)),
    },
    outputs={"digit": "digit", "style": "style"},
)
"""Two inputs and outputs, a shared layer, a skip, a model inside, and an error whose repair is offered."""
SPACE = "http://www.w3.org/2000/svg"


def take(app: KerasTUI, name: str, folder: Path = FOLDER) -> None:
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
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.svg").write_text(ElementTree.tostring(root, encoding="unicode"), encoding="utf-8")


async def wait(pilot: Pilot[None], seconds: float = 120.0) -> None:
    """Wait until the engine is ready and everything is checked, or the run has ended."""
    app = pilot.app
    assert isinstance(app, KerasTUI)  # noqa: S101 - this is a script
    async with asyncio.timeout(seconds):
        while app.studio.engine_state.kind != "ready" or app.studio.stale or (app.studio.run and app.studio.run.live):
            await asyncio.sleep(0.1)
    await app.studio.settle()
    await pilot.pause()


async def build(into: Path, wanted: Sequence[tuple[tuple[int, int], str]]) -> None:
    """Draw Build, with one network at each size and in each theme that is wanted."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["KERASTUI_HOME"] = home
        folder = Path(home) / "two-view"
        made = Project("two-view", graph=TWO_VIEW, models={"encoder": ENCODER})
        made = set_loss(made, "digit", Spec("SparseCategoricalCrossentropy", {"from_logits": True}))
        Workspace.create(folder, set_loss(made, "style", Spec("MeanSquaredError")))
        for size in dict.fromkeys(size for size, _ in wanted):
            app = KerasTUI(folder)
            async with app.run_test(size=size) as pilot:
                await wait(pilot)
                await pilot.press("home", "down")
                for theme in (theme for each, theme in wanted if each == size):
                    app.theme = theme
                    await pilot.pause(0.3)
                    name = "" if (size, theme) == KEPT[0] else f"-{size[0]}x{size[1]}-{theme.removeprefix('kerastui-')}"
                    take(app, f"build{name}", into)
                await app.studio.close()


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
            for key, name in (("1", "data"), ("3", "configure")):
                await pilot.press(key)
                await wait(pilot)
                take(app, name)
            await pilot.press("f5")
            await pilot.pause(0.5)
            await wait(pilot)
            take(app, "train")
            await app.studio.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["build"]:
        asyncio.run(build(Path(sys.argv[2]), [(size, theme) for size in SIZES for theme in themes.NAMES]))
    else:
        asyncio.run(main())
        asyncio.run(build(FOLDER, KEPT))
