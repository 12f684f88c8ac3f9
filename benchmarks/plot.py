"""Time one redraw of the live chart, against plotext given every point.

Run it with `python benchmarks/plot.py`. Each figure is the best of five redraws of a chart of 77 × 15 cells, the
loss chart of a terminal of 120 × 40, every curve one point longer each time; the first redraw, which smooths the
whole series, does not count. plotext alone is given the points as they are; a million of them would take it half a
minute, so the figure for 100,000 is scaled up there and marked with ≈. Ratios are to the smoothed redraw.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from kerastui.screens.train.plot import draw
from kerastui.screens.train.series import Series
from kerastui.screens.train.view import ChartView, Curve

WIDTH, HEIGHT = 77, 15
STEPS = 43


def history(points: int, seed: int) -> Series:
    """Return a loss that falls with noise."""
    steps = np.arange(1, points + 1)
    noise = np.random.default_rng(seed).normal(0, 0.3, points)
    values = (2.4 * np.exp(-steps / points * 6) + 0.03) * np.exp(noise)
    series = Series("loss")
    series.extend(steps.tolist(), (steps / STEPS).tolist(), (steps * 0.02).tolist(), values.tolist())
    return series


def best_of(action: Callable[[], object], times: int) -> float:
    """Return the shortest time of an action in milliseconds, after one run that is not counted."""
    action()
    found = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        found.append((time.perf_counter() - start) * 1e3)
    return min(found)


def redraw(curves: list[Series], smoothing: float) -> float:
    """Return the milliseconds of a redraw, one more point in each curve every time."""
    shown = tuple(Curve(str(index), series) for index, series in enumerate(curves))
    view = ChartView("loss", shown, smoothing=smoothing, log_y=True)

    def once() -> None:
        for series in curves:
            place = series.place(-1)
            series.append(place.step + 1, place.epoch + 1 / STEPS, place.time + 0.02, 0.05)
        draw(view, WIDTH, HEIGHT)

    return best_of(once, 5)


def plain_plotext(curves: list[Series]) -> float:
    """Return the milliseconds that plotext takes for all points of the curves."""
    import plotext

    def once() -> None:
        plotext.clear_figure()
        plotext.limit_size(False, False)
        plotext.plot_size(WIDTH, HEIGHT)
        for index, series in enumerate(curves):
            plotext.plot(series.x("epoch").tolist(), np.log10(series.values).tolist(), marker="braille", color=index)
        plotext.build()

    return best_of(once, 1)


def main() -> None:
    """Print the table."""
    print(f"{'curves × points':>18} {'smoothed':>10} {'as they are':>12} {'plotext alone':>14} {'ratio':>8}")
    per_point = 0.0
    for number, points in ((10, 100), (1, 1_000), (1, 100_000), (1, 1_000_000), (10, 100_000), (10, 1_000_000)):
        curves = [history(points, seed) for seed in range(number)]
        smoothed, dense = redraw(curves, 0.93), redraw(curves, 0.0)
        scaled = number * points > 100_000
        alone = per_point * number * points if scaled else plain_plotext(curves)
        per_point = per_point if scaled else alone / points
        name, mark = f"{number} × {points:,}", "≈ " if scaled else ""
        whole = f"{mark}{alone:,.0f} ms"
        print(f"{name:>18} {smoothed:>7.1f} ms {dense:>9.1f} ms {whole:>14} {alone / smoothed:>7,.0f}×")


if __name__ == "__main__":
    main()
