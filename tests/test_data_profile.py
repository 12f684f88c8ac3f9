"""Figures about columns and the roles suggested from them."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kerastui.engine.data.profile import ColumnProfile, profile, suggest
from kerastui.engine.data.statistics import class_names, factorise, moments
from kerastui.engine.data.table import Table, read_table
from kerastui.engine.project.document import Column


def profile_of(**columns: list[Any] | np.ndarray) -> dict[str, ColumnProfile]:
    """Profile a table made of lists and arrays; `None` is a missing text."""
    named = {
        name: values if isinstance(values, np.ndarray) else np.array(values, object if None in values else None)
        for name, values in columns.items()
    }
    text = {name: values.astype(object) if values.dtype.kind == "U" else values for name, values in named.items()}
    return {each.name: each for each in profile(Table("t", Path("t"), (), MappingProxyType(text)))}


def test_figures_of_penguins() -> None:
    found = {each.name: each for each in profile(read_table("bundled:penguins", Path()))}
    assert {name: each.type for name, each in found.items()} == {
        "species": "text",
        "island": "text",
        "bill_length_mm": "float",
        "bill_depth_mm": "float",
        "flipper_length_mm": "int",
        "body_mass_g": "int",
        "sex": "text",
        "year": "int",
    }
    bill = found["bill_length_mm"]
    assert (bill.missing, bill.minimum, bill.maximum) == (2, 32.1, 59.6)
    assert bill.mean == pytest.approx(43.9219, abs=1e-4)
    assert bill.std == pytest.approx(5.4516, abs=1e-4)
    assert sum(bill.histogram) == 342
    assert found["species"].classes == (("Adelie", 152), ("Gentoo", 124), ("Chinstrap", 68))
    assert found["sex"].missing == 11


def test_figures_of_images() -> None:
    image = profile(read_table("bundled:digits", Path()))[0]
    assert (image.type, image.shape, image.minimum, image.maximum) == ("array", (8, 8), 0, 16)
    assert (image.distinct, image.classes, sum(image.histogram)) == (0, (), 1797 * 64)


def test_first_text_in_a_numeric_column() -> None:
    found = profile_of(x=["1", None, "2.5", "n/k", "oops"], n=["1", "2"] * 2 + ["3"], t=["a", "b", "a", "b", "7"])
    assert (found["x"].first_text, found["x"].numeric, found["x"].mostly_numeric) == ((3, "n/k"), 2, False)
    assert (found["n"].first_text, found["n"].mostly_numeric) == (None, True)
    assert (found["t"].first_text, found["t"].mostly_numeric) == ((0, "a"), False)


def test_missing_and_infinite_values() -> None:
    images = np.ones((3, 2, 2))
    images[1, 0, 0] = np.nan
    images[2, 1, 1] = np.inf
    found = profile_of(
        images=images, none=np.array([np.nan] * 3), x=np.array([1.0, np.inf, np.nan]), b=[True, False, True]
    )
    assert (found["images"].missing, found["images"].infinite, found["images"].maximum) == (1, 1, 1)
    assert (found["none"].missing, found["none"].mean, found["none"].histogram) == (3, None, ())
    assert (found["x"].missing, found["x"].infinite, found["x"].type) == (1, 1, "float")
    assert (found["b"].type, found["b"].classes) == ("bool", (("True", 2), ("False", 1)))


@given(arrays(np.float32, st.integers(1, 40), elements=st.floats(-1e6, 1e6, width=32)))
def test_moments_agree_with_numpy(values: np.ndarray) -> None:
    found = moments(values)
    assert found is not None
    wide = values.astype(float)
    assert found == pytest.approx((wide.min(), wide.mean(), wide.max(), wide.std()), rel=1e-9, abs=1e-6)


@given(st.lists(st.one_of(st.none(), st.text("abc", max_size=2)), min_size=1))
def test_factorise_keeps_text_and_missing_values(values: list[str | None]) -> None:
    column = np.empty(len(values), object)
    column[:] = values
    codes, unique = factorise(column)
    names = class_names(unique)
    assert [None if code < 0 else names[code] for code in codes] == values
    assert list(names) == sorted(set(values) - {None})  # type: ignore[type-var]


def test_numeric_classes_are_in_order_of_size() -> None:
    _, unique = factorise(np.array([10.0, 2.0, 0.5, np.nan]))
    assert class_names(unique) == ("0.5", "2", "10")


def test_suggestions_for_the_bundled_tables() -> None:
    digits, iris, penguins = (
        suggest(profile(read_table(f"bundled:{name}", Path()))) for name in ("digits", "iris", "penguins")
    )
    assert digits == {"image": Column("input", "scale"), "digit": Column("target", "label")}
    assert [column.encoding for column in iris.values()] == [*["standardise"] * 4, "label"]
    assert penguins["species"] == Column("target", "label")
    assert penguins["sex"] == Column("input", "one-hot", "category")
    assert penguins["body_mass_g"] == Column("input", "standardise", "mean")
    assert list(penguins) == list(read_table("bundled:penguins", Path()).columns)


def test_suggestions_by_content() -> None:
    rows = 30
    random = np.random.default_rng(0)
    found = profile_of(
        nr=np.arange(100, 100 + rows),
        user_id=random.permutation(rows * 7)[:rows],
        remark=[f"text {row}" for row in range(rows)],
        constant=np.ones(rows),
        flag=np.arange(rows) % 2,
        mistyped=[*map(str, random.normal(size=rows - 1)), "n.a"],
        sample_weight=random.uniform(size=rows),
        price=random.normal(size=rows),
    )
    columns = suggest(list(found.values()))
    assert {name: (column.role, column.encoding) for name, column in columns.items()} == {
        "nr": ("ignore", "none"),
        "user_id": ("ignore", "none"),
        "remark": ("ignore", "none"),
        "constant": ("ignore", "none"),
        "flag": ("input", "none"),
        "mistyped": ("input", "standardise"),
        "sample_weight": ("weight", "none"),
        "price": ("target", "none"),
    }
