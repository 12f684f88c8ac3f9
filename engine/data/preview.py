"""Rows of a table as text, for a preview."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastui.engine.data.table import Table

MISSING_MARK = "–"
DIGITS = 6
"""Significant digits a float is shown with."""

JUDGED_ROWS = 1000
"""Rows that the number of decimals of a column is judged by, so that it stays the same while scrolling."""


def sample_rows(table: Table, start: int, count: int) -> list[list[str]]:
    """Return rows as text, one list per row, in the order of the columns.

    Args:
        table: What `read_table` returned.
        start: First row, from 0.
        count: Rows wanted; fewer come back at the end of the table.

    Returns:
        Floats with the same number of decimals in a column, a missing value as `–`, an array as its shape (`8×8`).
    """
    places = _decimals(table)
    texts = [
        [_text(value, places[name]) for value in values[start : start + count]]
        for name, values in table.columns.items()
    ]
    return [list(row) for row in zip(*texts, strict=True)]


@lru_cache(maxsize=4)
def _decimals(table: Table) -> dict[str, int]:
    return {name: _places(values) for name, values in table.columns.items()}


def _places(values: NDArray[Any]) -> int:
    if values.dtype.kind != "f" or values.ndim > 1:
        return 0
    judged = values[:JUDGED_ROWS]
    shown = [
        np.format_float_positional(value, DIGITS, fractional=False, trim="-") for value in judged if value == value
    ]
    return max((len(text.partition(".")[2]) for text in shown), default=0)


def _text(value: Any, places: int) -> str:
    if isinstance(value, np.ndarray):
        return "×".join(map(str, value.shape))
    if value is None or value != value:
        return MISSING_MARK
    return f"{value:.{places}f}" if isinstance(value, np.floating) else str(value)
