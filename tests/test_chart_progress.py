"""The run's summary line, its progress bar and the table of epochs, at the widths of the mock-ups."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical

from kerastui import themes
from kerastui.screens.train.epochs import EpochRow, EpochsView, EpochTable
from kerastui.screens.train.progress import ProgressBar, RunLine, RunView
from kerastui.themes import DARK_PALETTE

RUN = RunView("training", 14, 38, 60, 25, 43, 1.5e-3, 32, 1420.4, 36, 21, best_epoch=26)
PAIRS = (("loss", "val"), ("acc", "val"))


def rows(count: int) -> list[EpochRow]:
    return [EpochRow(epoch, (1 / epoch, 2 / epoch, 1 - 1 / epoch, None)) for epoch in range(1, count + 1)]


class TrainApp(App[None]):
    CSS = "#side { height: 1fr; }"

    def __init__(self, side: int = 39) -> None:
        super().__init__()
        themes.install(self)
        self.side = side

    def compose(self) -> ComposeResult:
        yield RunLine()
        yield ProgressBar()
        with Vertical(id="side"):
            yield EpochTable()

    def on_mount(self) -> None:
        self.query_one("#side").styles.width = self.side


def drawn(app: App[None]) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


def colour_of(app: App[None], line: int, text: str) -> str:
    """Return the colour of the first segment of a line that holds a text."""
    strip = app.screen._compositor.render_strips()[line]
    style = next(segment.style for segment in strip if text in segment.text)
    assert style is not None
    assert style.color is not None
    return style.color.name


@pytest.mark.parametrize(
    ("width", "left", "right"),
    [
        (
            120,
            "  ► training   run 14   epoch 38/60   step 25/43   lr 1.5e-3   batch 32    ",
            "   1,420 samples/s   elapsed 0:36   ETA 0:21  ",
        ),
        (80, " ► training  run 14  epoch 38/60  step 25/43   ", "   ETA 0:21 "),
    ],
)
async def test_summary_line(width: int, left: str, right: str) -> None:
    app = TrainApp()
    async with app.run_test(size=(width, 24)) as pilot:
        app.query_one(RunLine).show(RUN)
        await pilot.pause()
        line = drawn(app)[0]
        assert line.startswith(left)
        assert line.endswith(right)
        assert len(line) == width
        assert colour_of(app, 0, "►") == DARK_PALETTE["success"]
        assert colour_of(app, 0, "epoch") == DARK_PALETTE["muted"]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (RunView("starting"), "  ◌ starting"),
        (RunView("paused", 1, 9, 60, 3, 43), "  ‖ paused   run 1   epoch  9/60   step  3/43"),
        (RunView("stopped", 1, 9, 60, elapsed=75), "  ■ stopped   run 1   epoch  9/60"),
        (RunView("finished", 1, 60, 60, elapsed=75), "  ✓ finished   run 1   epoch 60/60"),
        (RunView("failed", 1, 2, 60, elapsed=75), "  ✗ failed   run 1   epoch  2/60"),
    ],
)
async def test_states(view: RunView, expected: str) -> None:
    app = TrainApp()
    async with app.run_test(size=(120, 24)) as pilot:
        app.query_one(RunLine).show(view)
        await pilot.pause()
        line = drawn(app)[0].rstrip()
        assert line.startswith(expected)
        assert ("ETA" in line) == (view.state == "paused")
        assert ("elapsed 1:15" in line) == (view.elapsed is not None)


@pytest.mark.parametrize(("width", "inset"), [(120, 2), (80, 1)])
async def test_bar(width: int, inset: int) -> None:
    app = TrainApp()
    async with app.run_test(size=(width, 24)) as pilot:
        app.query_one(ProgressBar).show(RUN)
        await pilot.pause()
        line = drawn(app)[1]
        length = width - 2 * inset - 7
        assert line == f"{line[: inset + length]}{' ' * 3}63 %{' ' * inset}"
        bar = line[inset : inset + length]
        assert set(bar) == {"━", "◆"}
        assert bar.index("◆") == round(26 / 60 * length)
        strip = app.screen._compositor.render_strips()[1]
        colours = {
            name: sum(
                len(segment.text)
                for segment in strip
                if segment.style and segment.style.color and segment.style.color.name == DARK_PALETTE[name]
            )
            for name in ("primary", "grid", "success")
        }
        done = int((37 + 25 / 43) / 60 * length)
        assert colours == {"primary": done - 1, "grid": length - done, "success": 1}


@pytest.mark.parametrize(
    ("view", "share"),
    [
        (RunView("starting"), 0.0),
        (RunView("training", epoch=1, epochs=2, step=5, steps=None), 0.0),
        (RunView("training", epoch=2, epochs=2, step=5, steps=10), 0.75),
        (RunView("finished", epoch=2, epochs=2, step=10, steps=10), 1.0),
        (RunView("finished", epoch=3, epochs=2, step=11, steps=10), 1.0),
    ],
)
def test_share(view: RunView, share: float) -> None:
    assert view.share == share


async def test_a_hundred_per_cent_stands_for_the_end_alone() -> None:
    app = TrainApp()
    async with app.run_test(size=(120, 24)) as pilot:
        bar = app.query_one(ProgressBar)
        bar.show(RunView("training", epoch=100, epochs=100, step=999, steps=1000))
        await pilot.pause()
        assert drawn(app)[1].rstrip().endswith(" 99 %")
        bar.show(RunView("finished", epoch=100, epochs=100, step=1000, steps=1000))
        await pilot.pause()
        assert drawn(app)[1].rstrip().endswith(" 100 %")


async def test_epochs_newest_first_with_two_pairs() -> None:
    app = TrainApp()
    async with app.run_test(size=(120, 12)) as pilot:
        app.query_one(EpochTable).show(EpochsView(PAIRS, rows(38), running=38, best=36, best_value=1))
        await pilot.pause()
        lines = [line[:39] for line in drawn(app)[2:]]
        assert lines[0].startswith("╭─ epochs ──")
        assert lines[0].endswith("── newest first ─╮")
        assert lines[1] == "│    ep   loss    val │   acc    val  │"
        assert lines[2] == "│ ►  38  0.026  0.053 │ 0.974      –  │"
        assert lines[4].startswith("│ ◆  36  0.028  0.056")
        assert colour_of(app, 6, "0.056") == DARK_PALETTE["success"]
        assert colour_of(app, 6, "0.028") == DARK_PALETTE["text"]


async def test_narrow_table_keeps_the_first_pair() -> None:
    app = TrainApp(26)
    async with app.run_test(size=(80, 12)) as pilot:
        app.query_one(EpochTable).show(EpochsView(PAIRS, rows(120)))
        await pilot.pause()
        lines = [line[:26] for line in drawn(app)[2:]]
        assert lines[0].endswith(" newest ─╮")
        assert lines[1].split()[1:-1] == ["ep", "loss", "val"]
        assert lines[2].split()[1:-1] == ["120", "0.008", "0.017"]


async def test_large_values_have_room() -> None:
    app = TrainApp()
    async with app.run_test(size=(120, 12)) as pilot:
        app.query_one(EpochTable).show(EpochsView((("mse", "val"),), [EpochRow(1, (12345.678, 9876.5))]))
        await pilot.pause()
        assert drawn(app)[4][:39].split()[1:-1] == ["1", "12,345.678", "9,876.500"]


async def test_table_scrolls_and_stays_where_the_reader_is() -> None:
    app = TrainApp()
    async with app.run_test(size=(120, 12)) as pilot:
        table = app.query_one(EpochTable)
        assert "no epoch yet" in "".join(drawn(app))
        table.show(EpochsView(PAIRS, rows(50)))
        table.focus()
        await pilot.pause()
        await pilot.press("j", "j", "k")
        async with asyncio.timeout(10):
            while table.is_scrolling or table.scroll_offset.y != 1:
                await pilot.pause()
        table.scroll_to(y=20, animate=False)
        await pilot.pause()
        assert drawn(app)[4][:39].split()[1] == "30"
        table.show(EpochsView(PAIRS, rows(53)))
        await pilot.pause()
        assert drawn(app)[3][:39].split()[1:4] == ["ep", "loss", "val"]
        assert drawn(app)[4][:39].split()[1] == "30"
        table.scroll_home(animate=False)
        await pilot.pause()
        table.show(EpochsView(PAIRS, rows(54)))
        await pilot.pause()
        assert drawn(app)[4][:39].split()[1] == "54"
