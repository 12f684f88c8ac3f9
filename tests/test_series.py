"""The numbers behind the charts: growing series, smoothing, reduction to columns, clipping."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastui.screens.train.scale import Scale
from kerastui.screens.train.series import Floats, Place, Series, Smoothing, outside, percentile_range, reduce

finite = st.floats(-1e6, 1e6, allow_nan=False)
anything = st.one_of(finite, st.just(math.nan), st.just(math.inf), st.just(-math.inf))


def series_of(values: list[float]) -> Series:
    series = Series("loss")
    for step, value in enumerate(values, start=1):
        series.append(step, step / 10, step * 0.5, value)
    return series


def tensorboard(values: list[float], weight: float) -> list[float]:
    """TensorBoard's loop, value by value; what is not finite is left out of the average and shown as a gap."""
    last, count, out = 0.0, 0, []
    for value in values:
        if not math.isfinite(value):
            out.append(math.nan)
            continue
        last = last * weight + (1 - weight) * value
        count += 1
        out.append(last / (1 - weight**count))
    return out


def test_series_keeps_points_and_extremes() -> None:
    series = series_of([2.0, math.nan, 0.5, math.inf, 1.0])
    assert len(series) == 5
    assert (series.minimum, series.maximum, series.gaps) == (0.5, 2.0, 2)
    series.extend([6, 7], [1, 1], [3, 3], [math.nan, 3.0])
    assert (series.maximum, series.gaps) == (3.0, 3)
    series = series_of([2.0, math.nan, 0.5, math.inf, 1.0])
    assert series.place(-1) == Place(5, 0.5, 2.5)
    np.testing.assert_array_equal(series.x("step"), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(series.x("time"), [0.5, 1.0, 1.5, 2.0, 2.5])
    np.testing.assert_array_equal(series.values, [2.0, math.nan, 0.5, math.inf, 1.0])


def test_extend_equals_append_across_growth() -> None:
    one, many = Series("a"), Series("b")
    values = np.random.default_rng(0).normal(size=3000).tolist()
    for step, value in enumerate(values):
        one.append(step, step / 7, step / 3, value)
    for start in range(0, 3000, 700):
        steps = list(range(start, min(start + 700, 3000)))
        many.extend(steps, [s / 7 for s in steps], [s / 3 for s in steps], [values[s] for s in steps])
    np.testing.assert_array_equal(one.values, many.values)
    np.testing.assert_array_equal(one.x("epoch"), many.x("epoch"))
    assert (one.minimum, one.maximum) == (many.minimum, many.maximum) == (min(values), max(values))


def test_points_must_not_go_back() -> None:
    series = series_of([1.0, 2.0])
    with pytest.raises(ValueError, match=r"must not decrease.*Received: step, epoch, time=\(1, 9, 9\)"):
        series.append(1, 9, 9, 0.0)
    with pytest.raises(ValueError, match="must not decrease"):
        series.extend([3, 4], [0.3, 0.2], [2.0, 2.0], [0.0, 0.0])
    with pytest.raises(ValueError, match="must not decrease"):
        series.append(3, math.nan, 9, 0.0)
    assert len(series) == 2


def test_nearest_point() -> None:
    series = series_of([5.0, 6.0, 7.0])
    assert [series.index_at("step", x) for x in (0.9, 1.0, 1.4, 1.6, 3.0, 3.1)] == [None, 0, 0, 1, 2, None]
    assert Series("empty").index_at("step", 1) is None


def test_smoothing_equals_tensorboards_formula() -> None:
    values = [2.0, 1.0, 4.0, 1.0, 1.0]
    expected = [2.0, 4 / 3, 20 / 7, 28 / 15, 44 / 31]  # by hand, weight one half
    np.testing.assert_allclose(Smoothing(0.5).extended(np.array(values)), expected, rtol=1e-12)
    np.testing.assert_allclose(tensorboard(values, 0.5), expected, rtol=1e-12)


@given(
    values=st.lists(anything, max_size=300),
    weight=st.sampled_from([0.0, 0.3, 0.6, 0.93, 0.999]),
    cuts=st.lists(st.integers(0, 300), max_size=4),
)
@settings(deadline=None)
def test_smoothing_in_pieces_equals_the_loop(values: list[float], weight: float, cuts: list[int]) -> None:
    smoothing = Smoothing(weight)
    array = np.array(values)
    for cut in sorted(cuts):
        smoothing.extended(array[:cut])
    np.testing.assert_allclose(smoothing.extended(array), tensorboard(values, weight), rtol=1e-9, atol=1e-6)


def test_smoothed_series_is_extended_and_follows_the_weight() -> None:
    series = series_of([1.0, 3.0])
    assert series.smoothed(0.0) is not None
    first = series.smoothed(0.9).copy()
    series.append(9, 9, 9, 5.0)
    np.testing.assert_allclose(series.smoothed(0.9)[:2], first)
    np.testing.assert_allclose(series.smoothed(0.5), tensorboard([1.0, 3.0, 5.0], 0.5))
    np.testing.assert_array_equal(series.smoothed(0.0), [1.0, 3.0, 5.0])


@pytest.mark.parametrize("weight", [-0.1, 1.0, math.nan])
def test_smoothing_refuses_a_weight(weight: float) -> None:
    with pytest.raises(ValueError, match=r"at least 0 and below 1. Received: weight="):
        Smoothing(weight)


@given(values=st.lists(finite, min_size=1, max_size=400), dots=st.integers(2, 80), log=st.booleans())
@settings(deadline=None)
def test_reduction_loses_no_extreme_and_no_point(values: list[float], dots: int, log: bool) -> None:
    series = series_of(values)
    columns = reduce(series.x("step"), series.values, Scale(1, len(values) + 1, dots, log))
    assert columns.low.min() == min(values)
    assert columns.high.max() == max(values)
    assert columns.counts.sum() == len(values)
    assert (columns.first[0], columns.last[-1]) == (values[0], values[-1])
    assert (np.diff(columns.dots) > 0).all()
    assert columns.joined.tolist() == [False] + [True] * (len(columns.dots) - 1)


@given(values=st.lists(anything, max_size=200), dots=st.integers(2, 40))
@settings(deadline=None)
def test_reduction_of_each_column(values: list[float], dots: int) -> None:
    series = series_of(values)
    scale = Scale(1, max(2, len(values)), dots)
    columns = reduce(series.x("step"), series.values, scale)
    places = scale.dots_of(series.x("step")) if values else np.empty(0)
    expected = {
        int(dot): [value for value, place in zip(values, places, strict=True) if place == dot and math.isfinite(value)]
        for dot in np.unique(places)
    }
    expected = {dot: inside for dot, inside in expected.items() if inside}
    assert columns.dots.tolist() == list(expected)
    assert columns.low.tolist() == [min(inside) for inside in expected.values()]
    assert columns.high.tolist() == [max(inside) for inside in expected.values()]
    assert columns.last.tolist() == [inside[-1] for inside in expected.values()]


def test_nan_leaves_a_gap() -> None:
    series = series_of([1.0, 2.0, math.nan, 3.0, 4.0])
    columns = reduce(series.x("step"), series.values, Scale(1, 5, 5))
    assert columns.dots.tolist() == [0, 1, 3, 4]
    assert columns.joined.tolist() == [False, True, False, True]


def test_points_beyond_the_axis_are_left_out() -> None:
    series = series_of([9.0, 1.0, 2.0, 3.0, 9.0])
    columns = reduce(series.x("step"), series.values, Scale(2, 4, 3))
    assert columns.first.tolist() == [1.0, 2.0, 3.0]
    assert reduce(series.x("step"), series.values, Scale(20, 40, 3)).dots.size == 0


def test_a_chosen_condition_leaves_gaps() -> None:
    def positive(values: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return values > 0

    series = series_of([1.0, 0.0, 2.0])
    assert reduce(series.x("step"), series.values, Scale(1, 3, 3), positive).joined.tolist() == [False, False]


def test_dense_and_filled() -> None:
    series = series_of([1.0] * 40)
    assert reduce(series.x("step"), series.values, Scale(1, 40, 4)).dense
    thin = reduce(series.x("step"), series.values, Scale(1, 40, 100))
    assert not thin.dense
    assert not thin.filled
    assert reduce(series.x("step"), series.values, Scale(1, 40, 40)).filled


def test_percentiles_leave_a_planted_spike_out() -> None:
    values = np.concatenate([np.linspace(0, 1, 999), [1e6, math.nan]])
    low, high = percentile_range(values, 0.01)
    assert low == pytest.approx(0.01, abs=0.002)
    assert high == pytest.approx(0.99, abs=0.002)
    assert outside(values, 0.0, 1.0) == (0, 1)
    assert outside(np.array([-2.0, 0.5, math.inf]), 0.0, 1.0) == (1, 1)
    assert all(math.isnan(limit) for limit in percentile_range(np.array([math.nan]), 0.01))


def test_a_spike_among_a_million_points_survives() -> None:
    values = np.ones(1_000_000)
    values[765_432] = 50.0
    columns = reduce(np.arange(1_000_000.0), values, Scale(0, 999_999, 140))
    assert np.flatnonzero(columns.high == 50.0).size == 1
    assert columns.counts.sum() == 1_000_000
