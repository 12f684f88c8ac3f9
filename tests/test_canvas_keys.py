"""Walking, connecting, moving and zooming by keys and mouse."""

from __future__ import annotations

import pytest
from canvas_cases import SIZE, CanvasApp, chain, drag, picture, place, two_view
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Offset

from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.canvas_view import CardView, EdgeView, GraphView, Level


def shown_level(app: CanvasApp) -> Level:
    return app.canvas.level


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("down", "project"),
        ("down down down", "encoder"),
        ("j j up", "project"),
        ("down right", "project_1"),
        ("down l h", "project"),
        ("j l k", "strokes"),
        ("up", "pixels"),
        ("left", "pixels"),
        ("end", "digit"),
        ("end home", "pixels"),
        ("end up up", "encoder"),
    ],
)
async def test_cursor_follows_wires_and_rows(keys: str, expected: str) -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.press(*keys.split())
        await pilot.pause()
        assert app.canvas.cursor == expected
        if expected != "pixels":
            selected = app.of(GraphCanvas.CardSelected)[-1]
            assert selected.id == expected


async def test_cards_without_wires_are_reached() -> None:
    app = CanvasApp(GraphView(tuple(CardView(key, key) for key in "abc"), (EdgeView("a", "b"),)))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("down", "right")
        assert app.canvas.cursor == "c"
        await pilot.press("left")
        assert app.canvas.cursor == "a"


async def test_enter_opens_and_space_marks() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.press("j", "space", "j", "space", "enter")
        await pilot.pause()
        assert app.of(GraphCanvas.CardOpened) == [GraphCanvas.CardOpened("views")]
        assert app.canvas.marks == {"project", "views"}
        assert picture(app.canvas).count("┏") == 2
        await pilot.press("escape")
        assert not app.canvas.marks


async def test_connect_by_keys() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        app.canvas.select("views")
        await pilot.press("c")
        assert app.canvas.in_mode
        await pilot.press("down", "enter")
        await pilot.pause()
        assert not app.canvas.in_mode
        (asked,) = app.of(GraphCanvas.ConnectRequested)
        assert asked == GraphCanvas.ConnectRequested("views", "digit")
        await pilot.press("c", "escape", "enter")
        await pilot.pause()
        assert app.of(GraphCanvas.ConnectRequested) == [asked]


async def test_connect_to_nothing_asks_for_nothing() -> None:
    app = CanvasApp(GraphView((CardView("a", "a", role="input"),)))
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.press("c", "down", "enter")
        await pilot.pause()
        assert app.of(GraphCanvas.ConnectRequested) == []


async def test_move_by_keys_and_the_card_is_there_afterwards() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        app.canvas.select("digit")
        before = app.canvas.scene.box("digit")
        await pilot.press("m", "right", "right", "down", "enter")
        await pilot.pause()
        (moved,) = app.of(GraphCanvas.CardsMoved)
        view = two_view()
        app.canvas.show(GraphView(view.cards, view.edges, moved.positions))
        after = app.canvas.scene.box("digit")
        assert (after.x, after.y) == (before.x + 4, before.y + 5)


@pytest.mark.parametrize("level", list(Level))
async def test_stored_places_hold_at_every_level(level: Level) -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        app.canvas.zoom(level)
        app.canvas.select("digit")
        await pilot.press("m", "right", "right", "enter")
        await pilot.pause()
        wanted = app.canvas.scene.box("digit").x + 4
        (moved,) = app.of(GraphCanvas.CardsMoved)
        view = two_view()
        app.canvas.show(GraphView(view.cards, view.edges, moved.positions))
        assert app.canvas.scene.box("digit").x == wanted


async def test_zoom_keeps_the_cursor_where_it_is() -> None:
    app = CanvasApp(chain(200))
    async with app.run_test(size=(80, 40), message_hook=app.remember) as pilot:
        await pilot.pause()
        assert shown_level(app) is Level.LINE
        app.canvas.select("100")
        await pilot.pause()
        box = app.canvas.scene.box("100")
        before = app.canvas.to_screen((box.port, box.y))
        await pilot.press("Z")
        box = app.canvas.scene.box("100")
        after = app.canvas.to_screen((box.port, box.y))
        assert shown_level(app) is Level.CARD
        # A graph narrower than the pane stays in its middle, which may fall between two columns.
        assert (after.y, abs(after.x - before.x) <= 1) == (before.y, True)
        await pilot.press("z", "z", "z")
        await pilot.pause()
        assert [message.level for message in app.of(GraphCanvas.LevelChanged)] == [
            *(Level.LINE, Level.CARD, Level.LINE, Level.DOT, Level.CARD)
        ]


async def test_fit_shows_all_of_it() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=(70, 22)) as pilot:
        await pilot.pause()
        assert shown_level(app) is Level.CARD
        await pilot.press("0")
        assert shown_level(app) is Level.LINE
        assert {name for name in ("pixels", "digit") if name in picture(app.canvas)} == {"pixels", "digit"}


async def test_narrow_panes_and_many_cards_open_at_line_level() -> None:
    for view, size, level in ((two_view(), (50, 20), Level.LINE), (chain(41), (90, 30), Level.LINE)):
        app = CanvasApp(view)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            assert app.canvas.level is level


async def test_cursor_survives_a_new_graph_and_stays_in_place() -> None:
    app = CanvasApp(chain(30))
    async with app.run_test(size=(80, 30)) as pilot:
        app.canvas.select("15")
        await pilot.pause()
        box = app.canvas.scene.box("15")
        before = app.canvas.to_screen((box.port, box.y))
        view = chain(30)
        edges = [edge for edge in view.edges if edge.key != ("4", "5", 0)]
        extra = (EdgeView("4", "new"), EdgeView("new", "5"))
        app.canvas.show(GraphView((*view.cards, CardView("new", "new")), (*edges, *extra)))
        await pilot.pause()
        box = app.canvas.scene.box("15")
        assert app.canvas.cursor == "15"
        assert app.canvas.to_screen((box.port, box.y)) == before
        app.canvas.show(chain(3))
        assert app.canvas.cursor == "0"


async def test_selecting_an_unknown_card_is_refused() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE):
        with pytest.raises(KeyError, match="nobody"):
            app.canvas.select("nobody")


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 200), st.integers(-5, 90), st.integers(-5, 60))
async def test_places_go_there_and_back_while_scrolled(down: int, right: int, x: int, y: int) -> None:
    app = CanvasApp(chain(60))
    async with app.run_test(size=(40, 20)) as pilot:
        app.canvas.scroll_to(right, down, animate=False, immediate=True)
        await pilot.pause()
        assert app.canvas.to_screen(app.canvas.to_virtual(Offset(x, y))) == Offset(x, y)
        row = app.canvas.to_virtual(Offset(0, 3))[1]
        shown = [card.name for card, box in app.canvas.scene.cards_across(row, 0, 500) if box.y == row]
        assert all(name in app.canvas.render_line(3).text for name in shown if app.canvas.scroll_offset.x == 0)


async def test_click_selects_and_double_click_opens() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.pause()
        await pilot.click(GraphCanvas, offset=place(app, "encoder"))
        assert app.canvas.cursor == "encoder"
        await pilot.click(GraphCanvas, offset=place(app, "encoder"), times=2)
        await pilot.pause()
        assert app.of(GraphCanvas.CardOpened) == [GraphCanvas.CardOpened("encoder")]


async def test_click_finds_the_card_while_scrolled() -> None:
    app = CanvasApp(chain(200))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("pagedown", "pagedown", "pagedown")
        await pilot.pause()
        assert app.canvas.scroll_offset.y > 40
        row = app.canvas.to_virtual(Offset(0, 10))[1]
        card = next(key for key, box in app.canvas.scene.layout.boxes.items() if box.y in (row, row + 1))
        await pilot.click(GraphCanvas, offset=place(app, card, dy=0))
        assert app.canvas.cursor == card


async def test_drag_moves_a_card_by_where_it_was_taken() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.pause()
        scene = app.canvas.scene
        start = place(app, "digit")
        await drag(pilot, start, start + Offset(-12, 0))
        (moved,) = app.of(GraphCanvas.CardsMoved)
        box = scene.box("digit")
        assert moved == GraphCanvas.CardsMoved({"digit": scene.stored(box.x - 12, box.y)})
        assert not app.canvas.in_mode
        assert app.mouse_captured is None


async def test_drag_from_a_port_connects() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.pause()
        await drag(pilot, place(app, "pixels", dx=13, dy=2), place(app, "views"))
        assert app.of(GraphCanvas.ConnectRequested) == [GraphCanvas.ConnectRequested("pixels", "views")]
        await drag(pilot, place(app, "digit", dx=13, dy=2), place(app, "views"))
        assert len(app.of(GraphCanvas.ConnectRequested)) == 1


async def test_the_middle_button_pans_and_the_wheel_scrolls() -> None:
    app = CanvasApp(chain(60))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await drag(pilot, Offset(4, 15), Offset(4, 5), button=2)
        assert app.canvas.scroll_offset.y == 10
        await pilot._post_mouse_events([MouseScrollDown], GraphCanvas)
        await pilot.pause()
        assert app.canvas.scroll_target_y > 10


async def test_ctrl_wheel_zooms() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await pilot._post_mouse_events([MouseScrollDown], GraphCanvas, control=True)
        assert shown_level(app) is Level.LINE
        await pilot._post_mouse_events([MouseScrollUp], GraphCanvas, control=True)
        await pilot._post_mouse_events([MouseScrollUp], GraphCanvas, control=True)
        assert shown_level(app) is Level.CARD


async def test_click_on_a_wire_selects_it() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.pause()
        lane = app.canvas.scene.layout.wires.paths["views", "add", 1][2]
        await pilot.click(GraphCanvas, offset=app.canvas.to_screen((lane[0], lane[1] + 2)) + Offset(1, 1))
        await pilot.pause()
        assert app.of(GraphCanvas.WireSelected) == [GraphCanvas.WireSelected(("views", "add", 1))]
        assert app.canvas.wire == ("views", "add", 1)


async def test_escape_goes_to_the_screen_when_nothing_is_in_hand() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert not app.canvas.check_action("leave", ())
        await pilot.press("m")
        assert app.canvas.check_action("leave", ())
        await pilot.press("escape")
        assert not app.canvas.in_mode


async def test_a_frame_round_cards_selects_them() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.pause()
        await drag(pilot, place(app, "project", dx=-2, dy=-1), place(app, "views", dx=6, dy=0))
        assert app.canvas.marks == {"project", "views"}
        assert app.of(GraphCanvas.CardsMarked)[-1].ids == {"project", "views"}
        await drag(pilot, place(app, "pixels", dx=-2, dy=-1), place(app, "pixels", dx=1, dy=0), shift=True)
        assert app.canvas.marks == {"project", "views", "pixels"}
        await pilot.click(GraphCanvas, offset=place(app, "pixels"), shift=True)
        await pilot.click(GraphCanvas, offset=place(app, "strokes"), control=True)
        assert app.canvas.marks == {"project", "views", "strokes"}
        await pilot.click(GraphCanvas, offset=place(app, "pixels", dx=-2, dy=0))
        assert app.canvas.marks == set()


async def test_selected_cards_move_together() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        app.canvas.mark_all(["digit", "add"])
        await pilot.pause()
        boxes = {key: app.canvas.scene.box(key) for key in ("digit", "add")}
        await drag(pilot, place(app, "digit"), place(app, "digit") + Offset(4, 0))
        await pilot.press("end", "m", "right", "right", "enter")
        await pilot.pause()
        stored = {key: app.canvas.scene.stored(box.x + 4, box.y) for key, box in boxes.items()}
        assert app.of(GraphCanvas.CardsMoved) == [GraphCanvas.CardsMoved(stored)] * 2


async def test_a_letter_connects() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.press("c")
        assert " a " in picture(app.canvas)
        labels = {card: letter for letter, card in app.canvas._mode.labels.items()}  # type: ignore[union-attr]
        await pilot.press(labels["digit"])
        await pilot.pause()
        assert app.of(GraphCanvas.ConnectRequested) == [GraphCanvas.ConnectRequested("pixels", "digit")]


async def test_the_end_of_a_wire_is_taken_elsewhere() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.pause()
        x, y = app.canvas.scene.layout.wires.paths["add", "digit", 0][-1]
        await drag(pilot, app.canvas.to_screen((x, y)) + Offset(1, 1), place(app, "encoder"))
        x, y = app.canvas.scene.layout.wires.paths["pixels", "project", 0][-1]
        await drag(pilot, app.canvas.to_screen((x, y)) + Offset(1, 1), place(app, "encoder"))
        wire = ("pixels", "project", 0)
        assert app.of(GraphCanvas.ConnectRequested) == [GraphCanvas.ConnectRequested("pixels", "encoder", wire=wire)]
        assert app.of(GraphCanvas.WireRefused) == [GraphCanvas.WireRefused("add", "encoder")]


async def test_the_right_button_selects_and_asks_for_a_menu() -> None:
    app = CanvasApp(two_view())
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.pause()
        await pilot.click(GraphCanvas, offset=place(app, "views"), button=3)
        await pilot.pause()
        assert app.canvas.cursor == "views"
        assert len(app.of(GraphCanvas.MenuWanted)) == 1


async def test_each_output_has_a_port_named_on_focus() -> None:
    cards = (
        CardView("lstm", "lstm", class_text="LSTM", ports=("out", "h", "c")),
        CardView("a", "a"),
        CardView("b", "b", note=True),
    )
    edges = (EdgeView("lstm", "a"), EdgeView("lstm", "b", 0, port=2), EdgeView("a", "b", 1, name="mask"))
    app = CanvasApp(GraphView(cards, edges))
    async with app.run_test(size=SIZE, message_hook=app.remember) as pilot:
        await pilot.pause()
        scene = app.canvas.scene
        starts = [scene.layout.wires.paths[edge.key][0][0] for edge in edges[:2]]
        columns = scene.port_columns("lstm")
        assert starts == [columns[0], columns[2]]
        assert [scene.port_at("lstm", x) for x in columns] == ["out", "h", "c"]
        shown = picture(app.canvas).splitlines()
        assert any("┯out" in line and "┯h" in line and "┯c" in line for line in shown)
        assert any(" b " in line and "▪╮" in line for line in shown)
        await drag(pilot, place(app, "lstm", dx=columns[1] - scene.box("lstm").x, dy=2), place(app, "b"))
        assert app.of(GraphCanvas.ConnectRequested) == [GraphCanvas.ConnectRequested("lstm", "b", "h")]
        app.canvas.select("b")
        await pilot.pause()
        assert any("mask" in line for line in picture(app.canvas).splitlines())
