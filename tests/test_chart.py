"""The chart as text: axes, curves, labels, marks, cursor, and what reaches the terminal."""

from __future__ import annotations

import math

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from kerastui import themes
from kerastui.screens.train.chart import Chart
from kerastui.screens.train.plot import draw
from kerastui.screens.train.series import Place, Series
from kerastui.screens.train.view import ChartView, Curve, Mark, readings
from kerastui.screens.widgets.glyphs import use_ascii
from kerastui.screens.widgets.ink import Ink
from kerastui.themes import DARK_PALETTE

INK = Ink(DARK_PALETTE)


def series_of(values: list[float], every: int = 1) -> Series:
    series = Series("loss")
    for number, value in enumerate(values, start=1):
        series.append(number * every, float(number * every), number * every * 2.0, value)
    return series


def falling(name: str = "train") -> Curve:
    return Curve(name, series_of([4.0, 3.0, 2.0, 1.0]))


def text(view: ChartView, width: int = 40, height: int = 12) -> list[str]:
    return [row.strip(INK).text.rstrip() for row in draw(view, width, height)]


def colours(view: ChartView, width: int = 40, height: int = 12) -> dict[str, set[str]]:
    """Return the colours of each non-blank run of a chart's text."""
    found: dict[str, set[str]] = {}
    for row in draw(view, width, height):
        for segment in row.strip(INK):
            if segment.text.strip() and segment.style and segment.style.color:
                found.setdefault(segment.text.strip(), set()).add(segment.style.color.name)
    return found


def place(epoch: float) -> Place:
    return Place(int(epoch), epoch, epoch * 2)


def test_a_small_chart() -> None:
    view = ChartView("loss", (falling(),), x_range=(0, 8))
    assert text(view) == [
        "",
        "   4 ┤┈┈┈┈⠣⡀┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
        "     │     ⠑⡄",
        "     │      ⠈⢆",
        "   3 ┤┈┈┈┈┈┈┈┈⠣⡀┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
        "     │         ⠑⢄",
        "   2 ┤┈┈┈┈┈┈┈┈┈┈⠈⠢⡀┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
        "     │            ⠑⢄",
        "     │             ⠈⠢⡀",
        "   1 ┤┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈⠑⢄┈train 1.000┈┈┈┈",
        "     ╰┬───────┬───────┬───────┬───────┬",
        "      0       2       4       6       8",
    ]


def test_last_points_of_a_curve_are_where_the_ticks_say() -> None:
    rows = text(ChartView("loss", (Curve("train", series_of([0.0, 0.5, 1.0])),), x_range=(1, 3)), 30, 11)
    top, bottom = rows[1], rows[8]
    assert top.startswith(" 1.0 ┤")
    assert top[-1] in "⠈⠉⠊⠑⠔⡠"
    assert bottom.startswith(" 0.0 ┤")
    assert 0x2800 < ord(bottom[6]) < 0x2900


def test_log_axis_and_values_it_cannot_show() -> None:
    view = ChartView("loss", (Curve("train", series_of([1.0, 0.1, 0.0, 0.01])),), log_y=True, x_range=(0, 8))
    rows = text(view)
    assert rows[0].strip() == "1 clipped ↓"
    labels = [row[:4].strip() for row in rows if "┤" in row]
    assert labels == ["1", "0.1", "0.01"]
    nothing = ChartView("loss", (Curve("train", series_of([0.0, -1.0])),), log_y=True)
    assert text(nothing)[0].strip() == "2 clipped ↓"


def test_empty_chart_says_what_belongs_here() -> None:
    rows = text(ChartView("loss", (Curve("train", Series("loss")),)))
    assert [row.strip() for row in rows if row] == ["no run yet · f5 train"]
    assert rows[5].strip()
    rows = text(ChartView("loss", empty=(("waits for the first step", "muted"),)))
    assert "waits for the first step" in "".join(rows)


@pytest.mark.parametrize(("width", "height"), [(0, 0), (5, 12), (40, 1), (40, 3), (12, 4), (13, 5)])
def test_no_room(width: int, height: int) -> None:
    rows = draw(ChartView("loss", (falling(),), x_range=(0, 8)), width, height)
    assert [row.width for row in rows] == [width] * height


def test_colliding_labels_move_apart_and_are_aligned() -> None:
    train, val = Curve("train", series_of([2.0, 1.0, 0.5])), Curve("val", series_of([2.0, 1.2, 0.52]), "val")
    rows = text(ChartView("loss", (train, val), x_range=(0, 9)), 50, 14)
    first = next(index for index, row in enumerate(rows) if "train 0.500" in row)
    second = next(index for index, row in enumerate(rows) if "val   0.520" in row)
    assert abs(first - second) == 1
    assert rows[first].index("train") == rows[second].index("val")


def test_labels_stay_inside_when_the_run_is_over() -> None:
    curve = Curve("train", series_of([float(10 - number) for number in range(9)]))
    rows = text(ChartView("loss", (curve,), x_range=(0, 9)), 40, 12)
    labelled = [row for row in rows if "train 2.000" in row]
    assert len(labelled) == 1
    assert max(map(len, rows)) <= 40
    assert not any(0x2800 < ord(character) < 0x2900 for character in labelled[0][-11:])


def test_best_epoch_stands_on_the_validation_curve() -> None:
    train = Curve("train", series_of([3.0] * 20))
    val = Curve("val", series_of([*[1.5] * 10, 1.45, *[1.5] * 9]), "val")
    view = ChartView("loss", (train, val), x_range=(0, 30), best=place(11))
    rows = text(view, 60, 16)
    row = next(index for index, line in enumerate(rows) if "◆" in line)
    assert rows[row - 2][rows[row].index("◆") - 3 :].startswith("best 11")
    assert colours(view, 60, 16)["◆"] == {DARK_PALETTE["success"]}
    high = ChartView("loss", (Curve("val", series_of([*[1.0] * 20, 0.0]), "val"),), x_range=(0, 30), best=place(9))
    rows = text(high, 60, 16)
    row = next(index for index, line in enumerate(rows) if "◆" in line)
    assert "best 9" in rows[row + 2]


def test_changes_during_the_run() -> None:
    marks = (
        Mark(place(2), "lr 1.5e-3"),
        Mark(place(3), "batch 64"),
        Mark(place(7.9), "lr 1e-4"),
        Mark(place(99), "never"),
    )
    rows = text(ChartView("loss", (falling(),), x_range=(0, 8), marks=marks), 60, 14)
    everything = "\n".join(rows)
    assert "┊lr 1.5e-3" in rows[1]
    assert "┊batch 64" in everything
    assert "lr 1e-4┊" in rows[1]
    assert "never" not in everything
    column = rows[1].index("┊")
    assert sum(row[column : column + 1] == "┊" for row in rows) >= 8


def test_zero_line_only_within() -> None:
    below = ChartView("loss", (Curve("train", series_of([-1.0, 1.0])),), x_range=(0, 8))
    assert any("─" * 20 in row for row in text(below)[:-2])
    assert not any("─" * 20 in row for row in text(ChartView("loss", (falling(),), x_range=(0, 8)))[:-2])


def test_smoothing_leaves_the_raw_values_faint() -> None:
    values = [1.0, 0.2, 1.4, 0.1] * 200
    noisy, epochs = (
        Curve("train", series_of(values)),
        Curve("val", series_of([1.0] * 8, every=100), "val", smooth=False),
    )
    plain, smooth = (
        colours(ChartView("loss", (noisy, epochs), smoothing=weight, x_range=(0, 1500)), 60, 16)
        for weight in (0.0, 0.9)
    )
    assert DARK_PALETTE["train-raw"] not in set().union(*plain.values())
    assert DARK_PALETTE["train-raw"] in set().union(*smooth.values())
    assert DARK_PALETTE["val-raw"] not in set().union(*smooth.values())
    assert any(label.startswith("train 0.6") for label in smooth)
    assert "train 0.100" in plain


def test_few_raw_values_are_single_dots() -> None:
    view = ChartView("loss", (Curve("train", series_of([1.0, 0.0] * 5)),), smoothing=0.9, x_range=(0, 20))
    faint = [label for label, found in colours(view, 60, 16).items() if DARK_PALETTE["train-raw"] in found]
    assert faint
    assert all(len(label) == 1 for label in faint)


def test_no_spike_is_lost() -> None:
    values = [0.5] * 100_000
    values[61_803] = 3.0
    rows = text(ChartView("loss", (Curve("train", series_of(values)),)), 60, 16)
    top = next(row for row in rows if row.strip().startswith("3"))
    assert sum(0x2800 < ord(character) < 0x2900 for character in top) == 1


def test_gaps_stay_open() -> None:
    values = [1.0] * 20 + [math.nan] * 20 + [2.0] * 20
    rows = text(ChartView("loss", (Curve("train", series_of(values)),), x_range=(0, 90)), 70, 12)
    dotted = {column for row in rows for column, character in enumerate(row) if 0x2800 < ord(character) < 0x2900}
    assert len(set(range(min(dotted), max(dotted))) - dotted) >= 10


def test_clipped_points_are_counted() -> None:
    values = [0.5 + 0.001 * (number % 10) for number in range(1000)]
    values[500], values[600], values[700] = 50.0, 60.0, -7.0
    curve = Curve("train", series_of(values))
    assert text(ChartView("loss", (curve,), clip=0.01), 60, 16)[0].strip() == "2 clipped ↑   1 clipped ↓"
    assert text(ChartView("loss", (curve,)), 60, 16)[0] == ""


@pytest.mark.parametrize(("axis", "last"), [("step", "8"), ("epoch", "8"), ("time", "0:16")])
def test_x_axes(axis: str, last: str) -> None:
    ends = {"step": (0.0, 8.0), "epoch": (0.0, 8.0), "time": (0.0, 16.0)}[axis]
    rows = text(ChartView("loss", (falling(),), x=axis, x_range=ends), 60, 12)  # type: ignore[arg-type]
    labels = rows[-1].split()
    assert labels[0] in ("0", "0:00")
    assert labels[-1] == last or axis == "time"
    assert 3 <= len(labels) <= 7
    assert rows[-2].count("┬") == len(labels)


def test_log_x_starts_at_the_first_point() -> None:
    curve = Curve("train", series_of([1.0] * 1000))
    labels = text(ChartView("loss", (curve,), x="step", log_x=True, x_range=(0, 1000)), 60, 12)[-1].split()
    assert labels == ["1", "10", "100", "1,000"]


def test_readings_at_the_cursor() -> None:
    train, val = Curve("train", series_of([4.0, 2.0, 0.0])), Curve("val", series_of([9.0]), "val")
    view = ChartView("loss", (train, val), smoothing=0.5, cursor=2.2)
    first, second = readings(view)
    assert (first.raw, first.place) == (2.0, Place(2, 2.0, 4.0))
    assert first.shown == pytest.approx(8 / 3)
    assert second.raw is None
    assert readings(ChartView("loss", (train,))) == []


def test_ascii_draws_each_curve_with_its_own_mark() -> None:
    use_ascii(True)
    try:
        train, val = Curve("train", series_of([4.0, 3.0, 1.0])), Curve("val", series_of([1.0, 2.0, 2.0]), "val")
        rows = "\n".join(text(ChartView("loss", (train, val), x_range=(0, 8), best=place(2)), 50, 14))
    finally:
        use_ascii(False)
    assert rows.isascii()
    assert "o" in rows


class ChartApp(App[None]):
    CSS = "Chart { height: 16; }"

    def __init__(self) -> None:
        super().__init__()
        themes.install(self)

    def compose(self) -> ComposeResult:
        yield Chart()


def drawn(app: App[None]) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def test_border_shows_title_state_and_readout() -> None:
    app = ChartApp()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        curves = (falling(), Curve("val", series_of([4.0, 3.5, 3.0]), "val", smooth=False))
        chart.show(ChartView("loss", curves, smoothing=0.93, log_y=True, x_range=(0, 8)))
        await pilot.pause()
        assert drawn(app)[0].startswith("╭─ loss ──")
        assert drawn(app)[0].endswith("── smooth 0.93 · log y · epoch ─╮")
        chart.show(ChartView("loss", curves, x_range=(0, 8), cursor=2))
        await pilot.pause()
        assert drawn(app)[0].endswith("── linear · epoch   │ 2  3.000  3.500 ─╮")
        assert any(row.count("┊") == 1 for row in drawn(app))
        chart.show(ChartView("loss", curves, x_range=(0, 8), x="time", cursor=4, tabs=("loss", "accuracy", "lr")))
        await pilot.pause()
        assert " loss │ accuracy │ lr " in drawn(app)[0]
        assert "│ 0:04  3.000  3.500 ─╮" in drawn(app)[0]


async def test_narrow_border_keeps_the_readout() -> None:
    app = ChartApp()
    async with app.run_test(size=(40, 24)) as pilot:
        view = ChartView("loss", (falling(),), smoothing=0.93, log_y=True, tabs=("loss", "accuracy"), x_range=(0, 8))
        app.query_one(Chart).show(view)
        await pilot.pause()
        assert drawn(app)[0].endswith("── smooth 0.93 ─╮")
        wide = ChartView("loss", (falling(),), smoothing=0.93, tabs=view.tabs, x_range=(0, 8), cursor=2)
        app.query_one(Chart).show(wide)
        await pilot.pause()
        assert drawn(app)[0].endswith("─ │ 2  3.482 ─╮")


async def test_only_changed_rows_are_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ChartApp()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        series = series_of([4.0, 1.0, 4.0, 1.0])
        view = ChartView("loss", (Curve("train", series),), x_range=(0, 50))
        chart.show(view)
        await pilot.pause()
        asked: list[Region] = []
        monkeypatch.setattr(chart, "refresh", lambda *regions, **_: asked.extend(regions))
        chart.show(view)
        assert asked == []
        series.append(5, 5.0, 10.0, 1.0)
        chart.show(view)
        assert 1 <= len(asked) <= 3
        assert {region.height for region in asked} == {1}


async def test_size_and_theme_redraw() -> None:
    app = ChartApp()
    async with app.run_test(size=(80, 24)) as pilot:
        chart = app.query_one(Chart)
        chart.show(ChartView("loss", (falling(),), x_range=(0, 8)))
        await pilot.pause()
        before = drawn(app)
        chart.display = False
        await pilot.pause()
        chart.show(ChartView("loss", (falling("other"),), x_range=(0, 8)))
        await pilot.pause()
        chart.display = True
        await pilot.pause()
        assert any("other 1.000" in row for row in drawn(app))
        await pilot.resize_terminal(60, 24)
        await pilot.pause()
        assert drawn(app) != before
        assert any("other 1.000" in row for row in drawn(app))
        strips = app.screen._compositor.render_strips()
        dark = {str(segment.style) for strip in strips for segment in strip if "other" in segment.text}
        app.theme = "kerastui-light"
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        light = {str(segment.style) for strip in strips for segment in strip if "other" in segment.text}
        assert dark != light
