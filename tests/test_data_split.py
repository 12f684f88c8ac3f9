"""How rows are divided: property tests over sizes, shares and seeds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kerastui.engine.data.errors import DataError
from kerastui.engine.data.split import duplicates, empty_part, part_sizes, split_rows, twins
from kerastui.engine.data.table import Table, read_table
from kerastui.engine.project.document import Column, Data, Split

SHARES = st.sampled_from([0.0, 0.1, 0.15, 0.2, 0.25, 1 / 3])
CLASSES = st.lists(st.sampled_from("abc"), min_size=2, max_size=120)


def table_of(**columns: np.ndarray) -> Table:
    return Table("t", Path("t"), (), MappingProxyType(columns))


def labelled(classes: list[str], split: Split) -> tuple[Table, Data]:
    table = table_of(x=np.arange(float(len(classes))), y=np.array(classes, object))
    return table, Data("t", {"x": Column(), "y": Column("target", "label")}, split)


@given(CLASSES, SHARES, SHARES, st.integers(0, 2**32), st.booleans())
def test_parts_are_disjoint_and_cover_all_rows(
    classes: list[str], validation: float, test: float, seed: int, stratify: bool
) -> None:
    split = Split(validation, test, seed, stratify)
    assume(not empty_part(len(classes), split))
    table, data = labelled(classes, split)
    parts = split_rows(table, data)
    assert sorted([*parts.train, *parts.validation, *parts.test]) == list(range(len(classes)))
    assert (len(parts.train), len(parts.validation), len(parts.test)) == part_sizes(len(classes), split)
    again = split_rows(table, data)
    for name in ("train", "validation", "test"):
        assert np.array_equal(getattr(parts, name), getattr(again, name))


@given(CLASSES, SHARES, SHARES, st.integers(0, 2**32))
def test_stratified_parts_have_the_shares_of_all_rows(
    classes: list[str], validation: float, test: float, seed: int
) -> None:
    split = Split(validation, test, seed)
    assume(not empty_part(len(classes), split))
    table, data = labelled(classes, split)
    parts = split_rows(table, data)
    for rows in (parts.train, parts.validation, parts.test):
        counts = Counter(table.columns["y"][rows].tolist())
        for name, count in Counter(classes).items():
            # One row for rounding, one for each other class that was rounded the other way.
            assert abs(counts[name] - count * len(rows) / len(classes)) <= 3


def test_iris_is_divided_evenly() -> None:
    table = read_table("bundled:iris", Path())
    parts = split_rows(table, Data("bundled:iris", {"species": Column("target", "label")}))
    kinds = ("setosa", "versicolor", "virginica")
    assert Counter(table.columns["species"][parts.validation]) == dict.fromkeys(kinds, 10)
    assert Counter(table.columns["species"][parts.train]) == dict.fromkeys(kinds, 40)


def test_another_seed_gives_other_rows() -> None:
    table, data = labelled(["a", "b"] * 50, Split(seed=1))
    other = Data("t", data.columns, Split(seed=2))
    assert set(split_rows(table, data).validation) != set(split_rows(table, other).validation)


def test_rows_are_dropped_only_for_columns_that_are_used() -> None:
    table = table_of(
        x=np.array([1.0, np.nan, 3.0, 4.0, 5.0]),
        ignored=np.full(5, np.nan),
        filled=np.array([np.nan, 1.0, 2.0, 3.0, 4.0]),
        y=np.array(["a", "b", None, "a", "b"], object),
    )
    columns = {
        "x": Column(missing="drop"),
        "ignored": Column("ignore", missing="drop"),
        "filled": Column(missing="mean"),
        "y": Column("target", "label", "drop"),
    }
    parts = split_rows(table, Data("t", columns, Split(0.34)))
    assert sorted([*parts.train, *parts.validation]) == [0, 3, 4]
    assert parts.dropped == 2


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (Split(0.1), "4 rows leave none for validation"),
        (Split(0.25, 0.1), "4 rows leave none for test"),
        (Split(0.45, 0.5), "4 rows leave none for training"),
        (Split(0.5, 0.5), "shares from 0 that leave some for training"),
        (Split(-0.1), "shares from 0"),
    ],
)
def test_an_empty_part_is_refused(split: Split, message: str) -> None:
    table, data = labelled(["a", "b"] * 2, split)
    with pytest.raises(DataError, match=message):
        split_rows(table, data)


def test_planted_twins_are_found() -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 255, (100, 4, 4), np.uint8)
    numbers = random.normal(size=100)
    numbers[7] = np.nan
    ids = np.arange(100)
    columns = {"i": Column(), "x": Column(missing="mean"), "id": Column("ignore")}
    data = Data("t", columns, Split(0.3, 0.1))
    clean = table_of(i=images, x=numbers, id=ids)
    assert (twins(clean, data), duplicates(clean)) == (0, 0)
    parts = split_rows(clean, data)
    for to, source in zip([*parts.validation[:3], parts.test[0]], [7, *parts.train[:3]], strict=True):
        source = parts.train[5] if source not in parts.train else source
        images[to], numbers[to] = images[source], numbers[source]
    leaky = table_of(i=images, x=numbers, id=ids)
    assert twins(leaky, data) == 4
    assert duplicates(leaky) == 0
    assert duplicates(table_of(i=images, x=numbers)) == 4


def test_iris_has_one_row_twice() -> None:
    assert duplicates(read_table("bundled:iris", Path())) == 1
