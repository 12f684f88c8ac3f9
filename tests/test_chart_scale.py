"""Axes: round ticks, and places that agree with plotext's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kerastui.screens.train import braille
from kerastui.screens.train.scale import DOTS_DOWN, Scale, rounded_out, ticks


@pytest.mark.parametrize(
    ("low", "high", "wanted", "labels"),
    [
        (0, 60, 7, "0 10 20 30 40 50 60"),
        (0.65, 1.02, 3, "0.7 0.8 0.9 1.0"),
        (0, 1, 3, "0.0 0.5 1.0"),
        (0.93, 0.97, 5, "0.93 0.94 0.95 0.96 0.97"),
        (-3, 5, 4, "−2 0 2 4"),
        (0, 2580, 5, "0 500 1,000 1,500 2,000 2,500"),
        (0, 123456, 7, "0 20 k 40 k 60 k 80 k 100 k 120 k"),
        (0, 12e6, 7, "0 2 M 4 M 6 M 8 M 10 M 12 M"),
        (1e-6, 9e-6, 4, "2e-6 4e-6 6e-6 8e-6"),
    ],
)
def test_linear_ticks(low: float, high: float, wanted: int, labels: str) -> None:
    assert " ".join(tick.label for tick in ticks(low, high, wanted)) == labels


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0165, 3.6, "0.03 0.1 0.3 1 3"),
        (1e-9, 3.0, "1e-8 1e-6 1e-4 0.01 1"),
        (0.04, 0.9, "0.05 0.1 0.2 0.5"),
        (0.9, 1.6, "1.0 1.2 1.4 1.6"),
        (1, 100_000, "1 10 100 1,000 10 k 100 k"),
    ],
)
def test_log_ticks(low: float, high: float, labels: str) -> None:
    assert " ".join(tick.label for tick in ticks(low, high, 5, log=True)) == labels


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (57, "0:00 0:10 0:20 0:30 0:40 0:50"),
        (300, "0:00 1:00 2:00 3:00 4:00 5:00"),
        (4_000, "0:00 10:00 20:00 30:00 40:00 50:00 1:00:00"),
        (2.6, "0:00 0:01 0:02"),
        (1_000_000, "0:00 2 d 0 h 4 d 0 h 6 d 0 h 8 d 0 h 10 d 0 h"),
    ],
)
def test_time_ticks(seconds: float, labels: str) -> None:
    assert " ".join(tick.label for tick in ticks(0, seconds, 6, kind="time")) == labels


def test_whole_numbers_have_no_fractions() -> None:
    assert [tick.label for tick in ticks(0, 2, 6, kind="whole")] == ["0", "1", "2"]
    assert [tick.label for tick in ticks(0, 2, 5)] == ["0.0", "0.5", "1.0", "1.5", "2.0"]


@given(low=st.floats(-1e9, 1e9), span=st.floats(1e-3, 1e9), wanted=st.integers(1, 12))
def test_linear_axis_has_three_to_seven_ticks(low: float, span: float, wanted: int) -> None:
    high = low + span
    assume(span > abs(low) * 1e-9)
    found = ticks(low, high, wanted)
    assert 3 <= len(found) <= 7
    assert all(low - span * 1e-6 <= tick.value <= high + span * 1e-6 for tick in found)


@given(low=st.floats(1e-12, 1e6), decades=st.floats(0.01, 18), wanted=st.integers(3, 7))
def test_log_axis_has_three_to_seven_ticks(low: float, decades: float, wanted: int) -> None:
    high = low * 10**decades
    found = ticks(low, high, wanted, log=True)
    assert 3 <= len(found) <= 7
    assert all(low * 0.999 <= tick.value <= high * 1.001 for tick in found)
    assert len({tick.label for tick in found}) == len(found) or decades < 0.1


@given(low=st.floats(-1e6, 1e6), span=st.floats(0, 1e6), log=st.booleans())
def test_rounded_out_holds_the_range(low: float, span: float, log: bool) -> None:
    low = abs(low) + 1e-6 if log else low
    start, stop = rounded_out(low, low + span, log=log)
    assert start <= low + 1e-6 * span
    assert stop >= low + span - 1e-6 * span
    assert start < stop


@given(
    value=st.floats(0, 1),
    low=st.floats(-100, 100),
    span=st.floats(0.01, 1000),
    height=st.integers(2, 30),
)
@settings(max_examples=40, deadline=None)
def test_ticks_fall_on_plotexts_dots(value: float, low: float, span: float, height: int) -> None:
    import plotext

    value = low + value * span
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    plotext.plot_size(3, height)
    plotext.frame(False)
    plotext.xaxes(False, False)
    plotext.yaxes(False, False)
    plotext.xticks([])
    plotext.yticks([])
    plotext.xlim(0, 1)
    plotext.ylim(low, low + span)
    plotext.scatter([0], [value], marker="braille")
    rows = plotext.uncolorize(plotext.build()).splitlines()
    dot = Scale(low, low + span, height * DOTS_DOWN).dot(value)
    assert dot is not None
    assert rows[height - 1 - dot // DOTS_DOWN].strip(), (dot, rows)


@given(values=st.lists(st.floats(-5, 1005), min_size=1), dots=st.integers(2, 300), log=st.booleans())
def test_edges_part_the_dots(values: list[float], dots: int, log: bool) -> None:
    scale = Scale(0.5, 1000, dots, log)
    array = np.array([value for value in values if value > 0 or not log] or [1.0])
    by_edges = np.searchsorted(scale.edges(), array, side="right") - 1
    places = scale.dots_of(array)
    inside = (places >= 0) & (places < dots)
    np.testing.assert_array_equal(by_edges[inside], places[inside])


def test_dot_and_value_are_inverse() -> None:
    scale = Scale(0.01, 10, 61, log=True)
    assert [scale.dot(value) for value in (0.01, 0.1, 1.0, 10.0)] == [0, 20, 40, 60]
    assert scale.value(20) == pytest.approx(0.1)
    assert scale.dot(0.001) is None
    assert scale.dot(-1.0) is None


def rows_of(dots: list[braille.Dots], width: int, height: int) -> list[str]:
    rows = [[" "] * width for _ in range(height)]
    for row, column, text, _ in dots:
        rows[row][column : column + len(text)] = text
    return ["".join(row) for row in rows]


def test_band_and_points_as_braille() -> None:
    index = np.array([0, 1, 5])
    band = braille.band(4, 2, index, np.array([0.0, 4.0, -3.0]), np.array([7.0, 7.0, 1.0]))
    assert rows_of(band, 4, 2) == ["⣿   ", "⡇ ⢠ "]
    nowhere = np.array([np.nan, 99.0, -1.0])
    dots = braille.points(4, 2, np.array([0.0, 7.0, 7.0, *nowhere]), np.array([7.0, 0.0, 0.0, 0.0, 0.0, 3.0]))
    assert rows_of(dots, 4, 2) == ["⠁   ", "   ⢀"]


def test_lines_by_plotext() -> None:
    lines = [
        (np.array([0.0, 7.0]), np.array([0.0, 7.0])),
        (np.array([0.0, 3.0, 7.0]), np.array([7.0, np.nan, 0.0])),
        (np.array([4.0, 4.0]), np.array([-900.0, -400.0])),
    ]
    found = list(braille.curves(4, 2, lines))
    assert rows_of(found, 4, 2) == ["⠁ ⡠⠊", "⡠⠊ ⢀"]
    assert {dots.curve for dots in found if dots.text in "⠁⢀"} == {1}
