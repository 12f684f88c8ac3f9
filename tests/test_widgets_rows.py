"""Lists and tables by keys and mouse, and what they draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from widgets_demo import PALETTE, posted

from kerastui import themes
from kerastui.screens.widgets.ink import Cells
from kerastui.screens.widgets.rows import Column, Row, Rows

EPOCHS = (
    Column("ep", align="right", words="muted"),
    Column("loss", align="right"),
    Column("val", align="right", drop=1),
    Column("what", flex=True, drop=2),
)


class RowsApp(App[None]):
    """One list, and a key of its owner."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "owner('space')"),
        Binding("h", "owner('h')"),
        Binding("slash", "owner('/')"),
    ]

    def __init__(self, rows: Rows, content: Sequence[Row]) -> None:
        super().__init__()
        themes.install(self)
        self.rows, self._content = rows, content
        self.owner: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.rows

    def on_mount(self) -> None:
        self.rows.show(self._content)
        self.rows.focus()

    def action_owner(self, key: str) -> None:
        self.owner.append(key)


def epochs(count: int) -> list[Row]:
    return [Row(str(n), (str(n), f"{1 / n:.3f}", f"{2 / n:.3f}", "checkpoint")) for n in range(count, 0, -1)]


def inside(rows: Rows) -> list[str]:
    return [rows.render_line(y).text for y in range(rows.size.height)]


async def test_moving_by_keys() -> None:
    rows = Rows(EPOCHS, header=True)
    app = RowsApp(rows, epochs(100))
    async with app.run_test(size=(60, 24)) as pilot:
        assert rows.cursor_key == "100"
        for keys, at in [
            ("j down", "98"),
            ("k", "99"),
            ("up up", "100"),
            ("pagedown", "79"),
            ("ctrl+d", "69"),
            ("ctrl+u pageup", "100"),
            ("G", "1"),
            ("g", "100"),
            ("end", "1"),
            ("down", "1"),
            ("home", "100"),
        ]:
            await pilot.press(*keys.split())
            assert rows.cursor_key == at, keys


async def test_the_heading_stays_while_rows_scroll_and_the_cursor_is_in_sight() -> None:
    rows = Rows(EPOCHS, header=True)
    async with RowsApp(rows, epochs(100)).run_test(size=(60, 24)) as pilot:
        await pilot.pause()
        lines = inside(rows)
        assert lines[0].split() == ["ep", "loss", "val", "what"]
        assert lines[1].split() == ["▌100", "0.010", "0.020", "checkpoint"]
        await pilot.press("G")
        lines = inside(rows)
        assert lines[0].split() == ["ep", "loss", "val", "what"]
        assert lines[-1].split() == ["▌", "1", "1.000", "2.000", "checkpoint"]


async def test_only_rows_on_the_screen_are_drawn() -> None:
    rows = Rows(EPOCHS)
    async with RowsApp(rows, epochs(5_000)).run_test(size=(60, 24)) as pilot:
        await pilot.pause()
        drawn: list[str] = []
        original = rows._draw_row

        def spy(cells: Cells, row: Row) -> None:
            drawn.append(row.key)
            original(cells, row)

        rows._draw_row = spy  # type: ignore[method-assign]
        await pilot.press("j")
        await pilot.pause()
        assert sorted(set(drawn)) == ["4999", "5000"], "a step of the cursor draws the two rows it touches"
        drawn.clear()
        await pilot.press("G")
        await pilot.pause()
        assert len(set(drawn)) <= 24


@pytest.mark.parametrize(
    ("width", "titles"),
    [(60, ["ep", "loss", "val", "what"]), (26, ["ep", "loss", "val"]), (17, ["ep", "loss"])],
)
async def test_columns_are_dropped_where_there_is_no_room(width: int, titles: list[str]) -> None:
    rows = Rows(EPOCHS, header=True)
    async with RowsApp(rows, epochs(3)).run_test(size=(width, 24)) as pilot:
        await pilot.pause()
        assert inside(rows)[0].split() == titles


async def test_folding_by_keys() -> None:
    rows = Rows((Column(flex=True), Column(align="right")), folded=("pooling",))
    app = RowsApp(rows, PALETTE)
    async with app.run_test(size=(24, 24)) as pilot:
        await pilot.pause()
        assert [line.split()[:2] for line in inside(rows)[:7]] == [
            ["▌▾", "core"],
            ["Dense", "d"],
            ["Embedding"],
            ["▾", "convolution"],
            ["Conv2D", "c"],
            ["Conv1D"],
            ["▸", "pooling"],
        ]
        await pilot.press("j", "left")
        assert rows.cursor_key == "core"
        assert "core" in rows.folded
        assert inside(rows)[1].split() == ["▾", "convolution", "2"]
        await pilot.press("l")
        assert "core" not in rows.folded
        await pilot.press("G", "enter", "j")
        assert rows.cursor_key == "MaxPooling2D"
        await pilot.press("h", "space")
        assert rows.cursor_key == "pooling"
        assert "pooling" not in rows.folded
        assert app.owner == []


async def test_move_to_opens_the_group() -> None:
    rows = Rows(folded=("pooling",))
    async with RowsApp(rows, PALETTE).run_test():
        assert rows.move_to("MaxPooling2D")
        assert rows.cursor_key == "MaxPooling2D"
        assert not rows.move_to("nowhere")


async def test_messages_and_keys_that_fall_through_to_the_owner() -> None:
    seen: list[Message] = []
    rows = Rows(EPOCHS)
    app = RowsApp(rows, epochs(3))
    async with app.run_test(message_hook=seen.append) as pilot:
        await pilot.press("j", "enter", "space", "h", "slash")
        await pilot.pause()
    assert [each.key for each in posted(seen, Rows.Highlighted)] == ["3", "2"]
    assert [each.key for each in posted(seen, Rows.Selected)] == ["2"]
    assert posted(seen, Rows.Marked) == []
    assert app.owner == ["space", "h", "/"]


async def test_space_marks_only_where_rows_can_be_marked() -> None:
    seen: list[Message] = []
    app = RowsApp(Rows(EPOCHS, markable=True), epochs(3))
    async with app.run_test(message_hook=seen.append) as pilot:
        await pilot.press("space")
        await pilot.pause()
    assert [each.key for each in posted(seen, Rows.Marked)] == ["3"]
    assert app.owner == []


async def test_showing_other_rows_keeps_the_cursor_on_its_key() -> None:
    rows = Rows(EPOCHS)
    async with RowsApp(rows, epochs(3)).run_test() as pilot:
        await pilot.press("j")
        rows.show(epochs(50))
        assert rows.cursor_key == "2"
        await pilot.pause()
        assert any(line.startswith("▌ 2") for line in inside(rows)), "it is still in sight"
        rows.show([row for row in epochs(3) if row.key != "2"])
        assert rows.cursor_key == "1", "a row that is gone leaves the cursor at its place"
        rows.show([])
        assert rows.cursor_key is None


async def test_an_empty_list_says_what_belongs_there() -> None:
    rows = Rows(empty=("no projects yet", (("n", "primary bold"), (" new", "muted"))))
    async with RowsApp(rows, []).run_test(size=(40, 10)) as pilot:
        await pilot.press("j", "enter")
        texts = [line.strip() for line in inside(rows)]
        assert texts[texts.index("no projects yet") + 1] == "n new"


async def test_blank_rows_between_rows_go_where_there_is_no_room() -> None:
    rows = Rows(EPOCHS, spacing=1)
    async with RowsApp(rows, epochs(8)).run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert [inside(rows)[y].strip() for y in (0, 2)] == ["", ""]
        assert inside(rows)[3].split()[0] == "7"
        await pilot.resize_terminal(60, 12)
        await pilot.pause()
        assert inside(rows)[1].split()[0] == "7"


async def test_the_mouse_selects_and_opens() -> None:
    seen: list[Message] = []
    rows = Rows(EPOCHS, header=True)
    async with RowsApp(rows, epochs(5)).run_test(message_hook=seen.append) as pilot:
        await pilot.click(rows, offset=(5, 4))
        assert rows.cursor_key == "3"
        await pilot.click(rows, offset=(5, 5), times=2)
        await pilot.click(rows, offset=(5, 12))
        await pilot.pause()
    assert [each.key for each in posted(seen, Rows.Selected)] == ["2"]


async def test_a_blank_stands_between_the_numbers_and_the_scroll_bar() -> None:
    rows = Rows((Column(flex=True), Column(align="right")), classes="-bare")
    app = RowsApp(rows, [Row(str(number), (f"row {number}", "7")) for number in range(40)])
    async with app.run_test(size=(30, 10)) as pilot:
        await pilot.pause()
        assert rows.show_vertical_scrollbar
        assert rows.render_line(0).text.index("7") == 27
        rows.show([Row("0", ("row 0", "7"))])
        await pilot.pause()
        assert rows.render_line(0).text.index("7") == 28
