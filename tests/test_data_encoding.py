"""Encoding: what is learned from which rows, shapes, and the bundled tables from file to arrays."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.engine.data.binding import encoded_shapes, fitted
from kerastui.engine.data.dataset import Dataset, encode
from kerastui.engine.data.encoders import CategoryEncoder, Encoder, NumberEncoder, learn
from kerastui.engine.data.errors import DataError
from kerastui.engine.data.profile import profile, suggest
from kerastui.engine.data.table import Table, read_table
from kerastui.engine.project.document import Column, Data, Encoding, Missing, Split

ALL = np.arange(5)
NUMBERS = np.array([1.0, np.nan, 3.0, 3.0, 9.0])
WORDS = np.array(["b", None, "a", "b", "c"], object)


def table_of(**columns: np.ndarray) -> Table:
    return Table("t", Path("t"), (), MappingProxyType(columns))


def encoded(
    name: str, columns: dict[str, Column], shape: tuple[int | None, ...], split: Split | None = None
) -> Dataset:
    """Encode a bundled table, for one input and one output."""
    table = read_table(f"bundled:{name}", Path())
    return encode(table, Data(f"bundled:{name}", columns, split or Split()), {"x": shape}, ["y"])


def suggested(name: str) -> dict[str, Column]:
    return suggest(profile(read_table(f"bundled:{name}", Path())))


@pytest.mark.parametrize(("missing", "value"), [("mean", 4.0), ("median", 3.0), ("zero", 0.0), ("most-frequent", 3.0)])
def test_missing_numbers_are_filled(missing: Missing, value: float) -> None:
    encoder = learn("n", Column(missing=missing), NUMBERS, ALL)
    assert encoder.apply(NUMBERS).tolist() == [1, value, 3, 3, 9]


def test_standardise_and_scale() -> None:
    train = np.array([0, 2, 3])
    values = np.array([1.0, 100.0, 2.0, 3.0])
    standard = learn("n", Column("input", "standardise"), values, train)
    assert standard.apply(values[train]).mean() == pytest.approx(0, abs=1e-7)
    assert standard.apply(values[train]).std() == pytest.approx(1)
    scaled = learn("n", Column("input", "scale"), values, train)
    assert scaled.apply(values).tolist() == [0, 49.5, 0.5, 1]
    assert isinstance(scaled, NumberEncoder)
    assert scaled.restore(scaled.apply(values)).tolist() == values.tolist()
    assert scaled.text == "(x − 1) ÷ 2"
    constant = learn("n", Column("input", "standardise"), np.ones(3), np.arange(3))
    assert constant.apply(np.ones(2)).tolist() == [0, 0]


def test_large_numbers_keep_their_differences() -> None:
    seconds = 1.7e9 + np.arange(4)
    values = learn("t", Column("input", "scale"), seconds, np.arange(4)).apply(seconds)
    assert values == pytest.approx(np.arange(4) / 3)


@pytest.mark.parametrize(
    ("missing", "vectors"),
    [("category", [[0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]]), ("most-frequent", [[0, 1, 0], [0, 1, 0], [1, 0, 0]])],
)
def test_missing_text_is_a_class_or_the_most_frequent_one(missing: Missing, vectors: list[list[int]]) -> None:
    encoder = learn("w", Column("input", "one-hot", missing), WORDS, ALL)
    assert encoder.apply(WORDS[:3]).tolist() == vectors
    labels = learn("w", Column("input", "label", missing), WORDS, ALL)
    assert labels.apply(WORDS[:3]).tolist() == [row.index(1) for row in vectors]


def test_a_class_that_training_never_saw_is_all_zeros_and_does_not_change_the_width() -> None:
    encoder = learn("w", Column("input", "one-hot", "drop"), WORDS, np.array([0, 2, 3]))
    assert isinstance(encoder, CategoryEncoder)
    assert (encoder.classes, encoder.unseen) == (("a", "b", "c"), ("c",))
    assert encoder.apply(np.array(["c", "b", "new"], object)).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    target = learn("w", Column("target", "one-hot", "drop"), WORDS, np.array([0, 2, 3]))
    assert target.apply(np.array(["c"], object)).tolist() == [[0, 0, 1]]


@given(st.integers(0, 1000), st.floats(-1e4, 1e4))
def test_only_training_rows_are_learned_from(seed: int, other: float) -> None:
    """Whatever the other rows hold, the training rows are encoded the same."""
    values = np.random.default_rng(seed).normal(size=(40,))
    split = Split(0.25, 0.25, seed, stratify=False)
    columns = {"x": Column("input", "standardise", "median"), "y": Column("target", "scale")}
    first = encode(table_of(x=values, y=values), Data("t", columns, split), {"x": (1,)}, ["y"])
    changed = np.full(40, other)
    changed[first.train.rows] = values[first.train.rows]
    second = encode(table_of(x=changed, y=changed), Data("t", columns, split), {"x": (1,)}, ["y"])
    assert first.encoders == second.encoders
    assert np.array_equal(first.train.inputs["x"], second.train.inputs["x"])
    assert np.array_equal(first.train.targets["y"], second.train.targets["y"])


def test_labels_do_not_depend_on_the_split() -> None:
    found = [encoded("iris", suggested("iris"), (4,), Split(0.9, seed=seed, stratify=False)) for seed in range(5)]
    assert {dataset.classes["y"] for dataset in found} == {("setosa", "versicolor", "virginica")}
    for dataset in found:
        species = read_table("bundled:iris", Path()).columns["species"][dataset.train.rows]
        assert [dataset.classes["y"][label] for label in dataset.train.targets["y"]] == species.tolist()


def test_iris() -> None:
    dataset = encoded("iris", suggested("iris"), (4,), Split(0.2, 0.2))
    assert (len(dataset.train), dataset.test is not None and len(dataset.test)) == (90, 30)
    assert dataset.train.inputs["x"].shape == (90, 4)
    assert dataset.train.inputs["x"].dtype == np.float32
    assert dataset.train.inputs["x"].mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-6)
    assert dataset.train.targets["y"].dtype == np.int64
    assert np.bincount(dataset.train.targets["y"]).tolist() == [30, 30, 30]
    assert dataset.train.sample_weight is None


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (64,), (None, None, 1)])
def test_digits_take_the_shape_of_the_input(shape: tuple[int | None, ...]) -> None:
    dataset = encoded("digits", suggested("digits"), shape, Split(0.2))
    assert dataset.test is None
    assert dataset.validation is not None
    known = tuple(8 if size is None else size for size in shape)
    assert dataset.validation.inputs["x"].shape == (359, *known)
    images = read_table("bundled:digits", Path()).columns["image"][dataset.train.rows]
    assert np.allclose(dataset.train.inputs["x"].reshape(-1, 8, 8) * 16, images)
    assert dataset.classes["y"] == tuple("0123456789")


def test_penguins_as_a_regression_with_text_and_missing_values() -> None:
    columns = suggested("penguins") | {
        "species": Column("input", "one-hot"),
        "body_mass_g": Column("target", "none", "drop"),
        "year": Column("ignore"),
    }
    dataset = encoded("penguins", columns, (12,), Split(0.15, 0.15))
    assert dataset.dropped == 2
    assert dataset.train.inputs["x"].shape == (240, 12)
    assert np.isfinite(dataset.train.inputs["x"]).all()
    assert dataset.train.targets["y"].shape == (240, 1)
    assert dataset.train.targets["y"].min() >= 2700
    assert dataset.classes == {}
    assert dataset.inputs["x"][:2] == ["species", "island"]


def test_columns_are_bound_by_name_and_several_numbers_are_one_target() -> None:
    random = np.random.default_rng(0)
    table = table_of(a=random.normal(size=20), b=random.normal(size=20), c=random.normal(size=20), w=np.arange(20))
    columns = {
        "a": Column(to="right"),
        "b": Column("target"),
        "c": Column("target", to="out"),
        "w": Column("weight", "standardise"),
    }
    data = Data("t", columns | {"left": Column("ignore")}, Split(0.5))
    with pytest.raises(DataError, match="no column is bound to the input `left`"):
        encode(table, data, {"left": (1,), "right": (1,)}, ["out"])
    dataset = encode(table, data, {"right": ()}, ["out"])
    rows = dataset.train.rows
    assert np.allclose(dataset.train.inputs["right"], table.columns["a"][rows])
    assert np.allclose(dataset.train.targets["out"], np.stack([table.columns[n][rows] for n in "bc"], axis=1))
    assert dataset.train.sample_weight is not None
    assert dataset.train.sample_weight.tolist() == rows.tolist()


def test_description_goes_through_json_and_encodes_again() -> None:
    dataset = encoded("penguins", suggested("penguins"), (11,), Split(0.2, 0.1))
    description = json.loads(json.dumps(dataset.describe()))
    assert description["inputs"]["x"]["shape"] == [11]
    assert description["classes"] == {"y": ["Adelie", "Chinstrap", "Gentoo"]}
    assert description["rows"] == {"train": 241, "validation": 69, "test": 34}
    table = read_table("bundled:penguins", Path())
    encoders = [msgspec.convert(each, Encoder) for each in description["inputs"]["x"]["columns"]]
    again = [each.apply(table.columns[each.column][dataset.train.rows]) for each in encoders]
    matrix = np.concatenate([each.reshape(len(dataset.train), -1) for each in again], axis=1)
    assert np.array_equal(matrix, dataset.train.inputs["x"])
    assert {each.column: each for each in encoders}["sex"] == dataset.encoders["sex"]


def test_a_column_without_values_in_training_is_refused() -> None:
    with pytest.raises(DataError, match="every value of the training part is missing"):
        learn("w", Column("input", "one-hot", "category"), WORDS, np.array([1]))


@given(
    st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=12, max_size=30),
    st.sampled_from(get_args(Encoding)),
    st.sampled_from(["category", "most-frequent", "drop"]),
)
def test_shapes_foretold_are_the_shapes_that_come(
    words: list[str | None], encoding: Encoding, missing: Missing
) -> None:
    column = np.empty(len(words) + 3, object)
    column[:] = [*words, "a", "b", "c"]
    images = np.ones((len(column), 2, 3))
    table = table_of(i=images, n=np.arange(float(len(column))), w=column, y=column)
    text: Encoding = "one-hot" if encoding not in ("one-hot", "label") else encoding
    columns = {
        "i": Column("input", "scale", to="i"),
        "n": Column("input", "standardise", to="x"),
        "w": Column("input", text, missing, to="x"),
        "y": Column("target", text, "drop"),
    }
    data = Data("t", columns, Split(0.3, stratify=False))
    bound = encoded_shapes(profile(table), data, ["i", "x"], ["y"])
    dataset = encode(table, data, {"i": (None, None), "x": (None,)}, ["y"])
    assert dataset.train.inputs["i"].shape[1:] == bound["input", "i"].shape == (2, 3)
    assert dataset.train.inputs["x"].shape[1:] == bound["input", "x"].shape
    assert dataset.train.targets["y"].shape[1:] == bound["target", "y"].shape
    assert len(dataset.classes["y"]) == bound["target", "y"].classes == 3


def test_labels_for_screens() -> None:
    bound = encoded_shapes(profile(read_table("bundled:iris", Path())), Data("t", suggested("iris")), ["m"], ["k"])
    assert [(each.label, each.shape, each.rows, each.classes) for each in bound.values()] == [
        ("4 numbers", (4,), 150, 0),
        ("species", (), 150, 3),
    ]


def test_fitting_shapes() -> None:
    assert fitted((64,), (8, 8, 1)) == (8, 8, 1)
    assert fitted((1,), ()) == ()
    assert fitted((8, 8), (None, 8)) == (8, 8)
    assert fitted((8, 8), (None,)) is None
    assert fitted((6,), (5,)) is None
