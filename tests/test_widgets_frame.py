"""Header, footer and panel as they are drawn, at two sizes."""

from __future__ import annotations

import pytest
from textual.message import Message
from widgets_demo import WidgetsDemo, drawn, posted

from kerastui.screens.widgets.footer import Footer
from kerastui.screens.widgets.form import Form
from kerastui.screens.widgets.header import Chip, Header, HeaderView
from kerastui.screens.widgets.panel import PanelFrame, Tab
from kerastui.screens.widgets.rows import Rows

SIZES = [(120, 40), (80, 24)]


@pytest.mark.parametrize(
    ("size", "left", "right"),
    [
        (
            (120, 40),
            " ◆ two-view •    1 Data ✓  2 Build ✗  3 Configure ▲  4 Train  5 Evaluate  6 Runs",
            "● ready · TF 2.21 · 2×CPU ",
        ),
        ((80, 24), " ◆ two-view •  1✓  2 Build ✗  3▲  4  5  6", "● ready "),
    ],
)
async def test_header(size: tuple[int, int], left: str, right: str) -> None:
    app = WidgetsDemo()
    async with app.run_test(size=size):
        line = drawn(app)[0]
    assert line.startswith(left)
    assert line.endswith(right)
    assert len(line) == size[0]


async def test_header_on_home_and_with_a_long_name() -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(80, 24)) as pilot:
        header = app.query_one(Header)
        chip = Chip("starting", "starting TensorFlow…", "2 s", short="starting")
        header.show(HeaderView("kerastui", version="0.1", chip=chip))
        await pilot.pause()
        assert drawn(app)[0].rstrip() == " ◆ kerastui  0.1" + " " * (79 - 16 - 10) + "◌ starting"
        header.show(HeaderView("n" * 90, unsaved=True, chip=chip))
        await pilot.pause()
        assert "n… •" in drawn(app)[0]
        assert drawn(app)[0].endswith("◌ starting ")


async def test_a_click_on_a_stage_posts_its_number() -> None:
    seen: list[Message] = []
    app = WidgetsDemo()
    async with app.run_test(size=(120, 40), message_hook=seen.append) as pilot:
        for x in (38, 62, 110):
            await pilot.click(Header, offset=(x, 0))
        await pilot.pause()
    assert [each.number for each in posted(seen, Header.StageClicked)] == [3, 5]


@pytest.mark.parametrize(("size", "most"), [((120, 40), 7), ((80, 24), 6), ((60, 24), 6)])
async def test_footer_shows_few_real_keys(size: tuple[int, int], most: int) -> None:
    app = WidgetsDemo()
    async with app.run_test(size=size) as pilot:
        app.query_one("#bottom").focus()
        await pilot.pause()
        line = drawn(app)[-1]
        assert line.startswith(" a add   c connect   i insert   m move")
        assert line.endswith("? keys ")
        assert "hidden" not in line, "a greyed key is not shown"
        assert "edit" not in line, "a key with show=False is not shown"
        shown = line[: line.rindex("^p" if "^p" in line else "?")].split("   ")
        assert 4 <= len([part for part in shown if part.strip()]) <= most
        for key in ("a", "c", "i", "m"):
            await pilot.press(key)
        assert app.noted == ["add", "connect", "insert", "move"]


async def test_footer_follows_the_focus_and_a_click_presses_the_key() -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert drawn(app)[-1].startswith(" enter fold or unfold   / find field")
        app.query_one("#bottom").focus()
        await pilot.pause()
        assert drawn(app)[-1].rstrip().endswith("z zoom   D double" + " " * 31 + "^p commands  ? keys")
        await pilot.click(Footer, offset=(10, 0))
        await pilot.pause()
        assert app.noted == ["connect"]


@pytest.mark.parametrize("size", SIZES)
async def test_panel_border(size: tuple[int, int]) -> None:
    app = WidgetsDemo()
    async with app.run_test(size=size):
        lines = drawn(app)
        wide = app.query_one("#wide").region
        top = lines[wide.y][wide.x : wide.right]
        bottom = lines[wide.bottom - 1][wide.x : wide.right]
        problems = lines[app.query_one("#bottom").region.y]
    assert top.startswith("╭─ two-view ──")
    assert top.endswith("─ zoom card ─╮")
    assert bottom.startswith("╰─ 7 layers")
    assert bottom.endswith("─ ✗ 1  ▲ 1 ─╯")
    assert problems.startswith("╭─ Problems ✗ 1 ▲ 1 │ Summary │ Code │ Outline ──")


async def test_panel_shows_the_focus_as_border_and_block() -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(120, 40)) as pilot:
        palette, wide = app.query_one("#palette", Rows), app.query_one("#wide", Form)

        def look(panel: PanelFrame) -> list[tuple[str, bool]]:
            strip = panel.render_lines(panel.size.region.grow(panel.gutter).at_offset((0, 0)))[0]
            primary = app.theme_variables["primary"]
            return [
                (segment.text, bool(segment.style and segment.style.bgcolor and segment.style.bgcolor.name == primary))
                for segment in strip
            ]

        assert (" two-view ", True) in look(wide)
        assert not any(block for _, block in look(palette))
        palette.focus()
        await pilot.pause()
        assert (" Layers ", True) in look(palette)
        assert not any(block for _, block in look(wide))


async def test_titles_are_shortened_before_they_are_clipped() -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(120, 40)) as pilot:
        palette = app.query_one("#palette", Rows)
        palette.set_titles("a title that is far too long for it", "state", "total of everything there is", "✗ 1")
        await pilot.pause()
        assert drawn(app)[palette.region.y][:22] == "╭─ a title that is… ─╮"
        assert drawn(app)[palette.region.bottom - 1][:22] == "╰─ total of… ── ✗ 1 ─╯"
        palette.retitle(left="short")
        await pilot.pause()
        assert drawn(app)[palette.region.y][:22] == "╭─ short ──── state ─╮"


async def test_retitling_draws_only_the_border_lines() -> None:
    app = WidgetsDemo()
    async with app.run_test(size=(120, 40)) as pilot:
        palette = app.query_one("#palette", Rows)
        await pilot.pause()
        drawn_rows: list[int] = []
        original = palette.render_line

        def spy(y: int) -> object:
            drawn_rows.append(y)
            return original(y)

        palette.render_line = spy  # type: ignore[method-assign, assignment]
        palette.retitle(right="9")
        await pilot.pause()
        assert "─ 9 ─╮" in drawn(app)[palette.region.y][:22]
        assert drawn_rows == []


async def test_a_click_on_a_tab_posts_its_index() -> None:
    seen: list[Message] = []
    app = WidgetsDemo()
    async with app.run_test(size=(120, 40), message_hook=seen.append) as pilot:
        await pilot.pause()
        bottom = app.query_one("#bottom", Rows)
        column = drawn(app)[bottom.region.y].index("Code")
        await pilot.click(bottom, offset=(column + 1, 0))
        await pilot.pause()
        clicks = posted(seen, PanelFrame.TabClicked)
        assert [(each.control, each.index) for each in clicks] == [(bottom, 2)]
        bottom.set_tabs([Tab("loss"), Tab("accuracy")], active=1)
        await pilot.pause()
        assert drawn(app)[bottom.region.y].startswith("╭─ loss │ accuracy ─")
