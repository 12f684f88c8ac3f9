"""Wires and panning on the canvas: what a drag, a click and the map change, and what they leave alone."""

from __future__ import annotations

from canvas_cases import SIZE, CanvasApp, chain, drag, place, two_view
from textual.geometry import Offset, Region

from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.canvas_view import CardView, EdgeView, GraphView, Level
from kerastui.screens.build.wires import Key

LANE: Key = ("views", "add", 1)
"""A wire of `two_view` that is far from its first cards."""


def arrow(app: CanvasApp, wire: Key) -> Offset:
    """Return the place of the arrow of a wire, as the mouse sees it."""
    return app.canvas.to_screen(app.canvas.scene.layout.wires.paths[wire][-1]) + Offset(1, 1)


def role_at(app: CanvasApp, at: Offset) -> object:
    """Return the colour that the screen shows at a place of the canvas, repainted or not."""
    x, y = at + app.canvas.region.offset
    return next(iter(app.screen._compositor.render_strips()[y].crop(x, x + 1))).style


async def test_a_wire_that_is_dropped_where_it_was_stays() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.pause()
        await drag(pilot, arrow(app, ("encoder", "add", 0)), place(app, "add"))
        assert not app.of(GraphCanvas.ConnectRequested)
        assert not app.of(GraphCanvas.WireRefused)
        assert not app.canvas.in_mode


async def test_panning_completes_nothing() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=(68, 20), message_hook=app.remember) as pilot:
        await pilot.pause()
        await pilot.press("c")
        await drag(pilot, Offset(4, 15), Offset(4, 10), button=2)
        assert app.canvas.scroll_offset.y == 5
        assert app.canvas.in_mode
        assert not app.of(GraphCanvas.ConnectRequested)
        await pilot.press("escape")
        assert not app.canvas.in_mode


async def test_the_mouse_draws_its_own_wire_and_not_the_one_that_keys_began() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.press("c")
        await drag(pilot, place(app, "views", dx=13, dy=2), place(app, "digit"))
        assert app.of(GraphCanvas.ConnectRequested) == [GraphCanvas.ConnectRequested("views", "digit")]


async def test_ground_cards_and_frames_take_the_selection_of_a_wire_back() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.pause()
        lane = app.canvas.scene.layout.wires.paths[LANE][2]
        at = app.canvas.to_screen((lane[0], lane[1] + 2)) + Offset(1, 1)
        plain = role_at(app, at)
        ground, edge = place(app, "pixels", dx=-2, dy=0), place(app, "pixels", dx=1, dy=0)
        for leave in ("ground", "card", "frame"):
            await pilot.click(GraphCanvas, offset=at)
            await pilot.pause()
            assert app.canvas.wire == LANE
            assert role_at(app, at) != plain
            if leave == "frame":
                await drag(pilot, ground, edge)
            else:
                await pilot.click(GraphCanvas, offset=ground if leave == "ground" else edge)
            await pilot.pause()
            assert app.canvas.wire is None
            assert role_at(app, at) == plain
        assert [event.wire for event in app.of(GraphCanvas.WireSelected)] == [LANE, None] * 3


async def test_a_key_goes_through_the_wires_of_a_card() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        app.canvas.select("views")
        await pilot.press("e", "e", "e", "e", "e")
        await pilot.pause()
        into = [("project", "views", 0), ("project_1", "views", 1)]
        found = [event.wire for event in app.of(GraphCanvas.WireSelected)]
        assert found == [*into, ("views", "encoder", 0), LANE, into[0]]


async def test_the_map_pans_and_a_key_comes_back() -> None:
    app = CanvasApp(chain(60))
    async with app.run_test(size=(80, 24), message_hook=app.remember) as pilot:
        await pilot.pause()
        canvas = app.canvas
        shown = canvas._place_map()
        assert shown is not None
        overview, region = shown
        dot = region.offset + Offset(*overview.places["40"]) + Offset(0, 1)
        card = canvas.card_on_map(dot)
        assert card is not None
        assert overview.places[card] == overview.places["40"]
        await pilot.click(GraphCanvas, offset=dot + Offset(1, 1))
        await pilot.pause()
        box = canvas.scene.box(card)
        assert canvas.to_screen((box.x, box.y)).y == canvas.size.height // 2
        assert canvas.cursor == "0"
        assert not canvas.marks
        start = canvas.scene.box("0")
        seen = Region(0, 0, *canvas.size)
        assert not seen.contains_point(canvas.to_screen((start.x, start.y)))
        await pilot.press("v")
        assert seen.contains_point(canvas.to_screen((start.x, start.y)))


async def test_wires_are_drawn_from_the_right_end_of_a_line() -> None:
    cards = (CardView("lstm", "lstm", ports=("out", "h")), CardView("a", "a"), CardView("b", "b"))
    app = CanvasApp(GraphView(cards, (EdgeView("lstm", "a"),)))
    async with app.run_test(size=(80, 24), message_hook=app.remember) as pilot:
        app.canvas.zoom(Level.LINE)
        await pilot.pause()
        await drag(pilot, place(app, "a", dx=21, dy=0), place(app, "b", dy=0))
        await drag(pilot, place(app, "lstm", dx=21, dy=0), place(app, "b", dy=0))
        asked = [GraphCanvas.ConnectRequested("a", "b"), GraphCanvas.ConnectRequested("lstm", "b", None)]
        assert app.of(GraphCanvas.ConnectRequested) == asked
        await drag(pilot, place(app, "b", dx=20, dy=0), place(app, "b", dx=24, dy=0))
        assert len(app.of(GraphCanvas.CardsMoved)) == 1
