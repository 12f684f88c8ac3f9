"""One network with all there is, built by keys alone and by mouse alone: both make the same document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from apps import fake, settled, until
from build_seat import Seat, seated
from own_code import LAYERS
from reference_network import INNER, OWN, REFERENCE
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Offset

from kerastui.engine.catalog.catalog import Argument, Entry, set_own
from kerastui.engine.process.protocol import Code
from kerastui.engine.project.document import Project
from kerastui.screens.build.graph_pane import GraphPane
from kerastui.screens.build.palette import PaletteRows
from kerastui.screens.widgets.dialog import Box
from kerastui.screens.widgets.ink import plain
from kerastui.screens.widgets.rows import Rows


@pytest.fixture(autouse=True)
def _nothing_own() -> Iterator[None]:
    """The catalog is one for the process."""
    set_own(())
    yield
    set_own(())


async def write_layers(seat: Seat) -> None:
    """Put a layers.py into the project's folder and wait until its layer is in the palette."""
    scale = Argument("scale", "float", default=1.0)
    tanh = Entry("layer", OWN, category="my layers", arguments=(scale,), code="layers.py:10")
    fake(seat.app).code = Code(("layers.py",), (tanh,))
    studio = seat.app.studio
    (studio.open_workspace.folder / "layers.py").write_text(LAYERS)
    studio.look_at_code()
    await until(seat.pilot, lambda: studio.code.entries)
    await settled(seat.pilot)


def check_built(seat: Seat) -> None:
    """Compare what was built with the reference, but for where the cards stand."""
    assert seat.graph == REFERENCE
    assert seat.app.studio.project.models == {"model": INNER}
    assert seat.notices == []


async def find(seat: Seat, name: str) -> None:
    """Go to a card by its name."""
    await seat.press("slash")
    await seat.type(name)
    await seat.press("enter")


async def test_by_keys_alone(tmp_path: Path) -> None:
    async with seated(tmp_path, Project("reference")) as seat:
        await write_layers(seat)
        await seat.press("a", "enter")
        await seat.add("den")
        await seat.add("input")
        await find(seat, "den")
        await seat.press("S")
        await seat.type("_1")
        await seat.press("enter", "space", "left", "space")
        await seat.add("conc")
        await seat.press("escape")
        await seat.add("dropo")
        await seat.add("layern")
        await seat.press("space", "up", "space", "g", "enter")
        await seat.add("add")
        await find(seat, "conc")
        await seat.press("c", "a")  # the only card that may still take it has the first letter
        await seat.add("scaledt")
        await seat.add("den")
        await seat.press("o", "up")
        await seat.add("den")
        await seat.press("o")
        check_built(seat)


class Mouse:
    """Use the app by mouse alone."""

    def __init__(self, seat: Seat) -> None:
        self.seat, self.pilot = seat, seat.pilot

    def card(self, key: str, dx: int = 4, dy: int = 1) -> Offset:
        """Return the place of a cell of a card within the graph's pane, border included."""
        pane = self.seat.screen.graph
        box = pane.scene.box(key)
        return pane.to_screen((box.x + dx, box.y + dy)) + Offset(1, 1)

    async def click(self, key: str, button: int = 1, shift: bool = False) -> None:
        """Click on a card, which is scrolled into the pane by the wheel first."""
        pane = self.seat.screen.graph
        while not 1 < self.card(key).y < pane.size.height:
            await self.wheel(GraphPane, down=self.card(key).y > 1)
        await self.pilot.click(GraphPane, offset=self.card(key), button=button, shift=shift)
        await settled(self.pilot)

    async def wheel(self, widget: type[GraphPane] | type[Rows], down: bool) -> None:
        """Turn the wheel over a widget by a notch."""
        await self.pilot._post_mouse_events([MouseScrollDown if down else MouseScrollUp], widget, offset=Offset(2, 3))
        await self.pilot.pause()

    async def drag(self, start: Offset, end: Offset) -> None:
        """Drag with the left button, from and to places of the screen."""
        await self.pilot.mouse_down(offset=start)
        await self.pilot.hover(offset=Offset((start.x + end.x) // 2, (start.y + end.y) // 2))
        await self.pilot.hover(offset=end)
        await self.pilot.mouse_up(offset=end)
        await settled(self.pilot)

    async def row(self, rows: Rows, key: str) -> Offset:
        """Return where a row of a list is on the screen; the wheel brings it there."""
        line = next(line for line, row in enumerate(rows._lines) if row is not None and row.key == key)
        while not 0 <= line - rows.scroll_target_y < rows.size.height:
            await self.wheel(type(rows), down=line > rows.scroll_target_y)
        return rows.content_region.offset + Offset(5, int(line - rows.scroll_target_y))

    async def palette(self, name: str, group: str) -> Offset:
        """Return where a layer is in the palette, whose group is unfolded by a click."""
        rows = self.seat.screen.query_one(PaletteRows)
        if all(row is None or row.key != name for row in rows._lines):
            await self.pilot.click(offset=await self.row(rows, group))
            await self.pilot.pause()
        return await self.row(rows, name)

    async def add(self, name: str, group: str = "core") -> None:
        """Add a layer after the card that is selected, by a double click."""
        await self.pilot.click(offset=await self.palette(name, group), times=2)
        await settled(self.pilot)

    async def choose(self, key: str) -> None:
        """Choose from the list that is open."""
        await self.pilot.click(offset=await self.row(self.seat.app.screen.query_one(Rows), key), times=2)
        await settled(self.pilot)

    async def menu(self, card: str, action: str) -> None:
        """Choose from the menu of a card."""
        await self.click(card, button=3)
        await self.choose(action)

    async def take(self) -> None:
        """Take what a prompt offers."""
        box = self.seat.app.screen.query_one(Box)
        at = plain(box._titles.bottom_right).index("take")
        x = box.outer_size.width - 3 - len(plain(box._titles.bottom_right)) + at
        await self.pilot.click(offset=box.region.offset + Offset(x, box.outer_size.height - 1))
        await settled(self.pilot)


async def test_by_mouse_alone(tmp_path: Path) -> None:
    async with seated(tmp_path, Project("reference")) as seat:
        await write_layers(seat)
        mouse = Mouse(seat)
        await mouse.add("Input")
        await mouse.add("Dense")
        await mouse.add("Input")
        await mouse.menu("dense", "share")
        await mouse.choose("input_1")
        await mouse.click("dense_1", shift=True)
        await mouse.click("dense", shift=True)
        await mouse.add("Concatenate", "merging")
        await mouse.click("concatenate")
        await seat.pilot.click(GraphPane, offset=Offset(2, 3))  # the ground: nothing is selected any more
        await mouse.add("Dropout", "regularization")
        await mouse.add("LayerNormalization", "normalization")
        await mouse.click("dropout", shift=True)
        await mouse.click("layer_normalization", shift=True)
        await mouse.menu("dropout", "group")
        await mouse.take()
        await mouse.add("Add", "merging")
        pane = seat.screen.graph
        port = pane.region.offset + mouse.card("concatenate", 13, 2)
        await mouse.drag(port, pane.region.offset + mouse.card("add"))
        await mouse.drag(await mouse.palette(OWN, "my layers"), pane.region.offset + mouse.card("add"))
        await mouse.add("Dense")
        await mouse.menu("dense_2", "output")
        await mouse.click("scaled_tanh")
        await mouse.add("Dense")
        await mouse.menu("dense_3", "output")
        check_built(seat)
