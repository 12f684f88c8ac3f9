"""Say what is in the columns of a table, and suggest what each is for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from kerastui.engine.data.statistics import LARGEST, Moments, class_names, factorise, moments
from kerastui.engine.data.table import Table, is_missing
from kerastui.engine.project.document import Column, Encoding

ColumnType: TypeAlias = Literal["int", "float", "text", "bool", "array"]

BINS = 10
MOST_CLASSES = 100
"""Classes a profile lists, the most common first; of a column with more it lists the most common only."""

HISTOGRAM_VALUES = 1_000_000
"""Values of an array column a histogram is drawn from, evenly spread; all of them would take seconds."""

FEW_CLASSES = 20
"""Whole numbers with at most so many different values are taken for class labels."""

MOST_CATEGORIES = 50
"""Text with at most so many different values is taken for a category."""

TARGET_NAMES = ("target", "label", "class", "species", "category", "outcome", "digit", "y")
ID_NAMES = ("id", "index", "uuid", "row", "rownames")


class ColumnProfile(msgspec.Struct, frozen=True):
    """Hold the figures of one column over all rows.

    Args:
        name: Name of the column.
        type: `"int"`, `"float"`, `"text"` or `"bool"` for one value per row, `"array"` for more. A column of whole
            numbers with missing values is `"int"`.
        rows: Number of rows.
        shape: Shape of one row; `()` is a single value.
        missing: Rows with a missing value.
        infinite: Rows with a value that is infinite, or too large for float32.
        minimum: Smallest value, infinite and missing ones apart; this and the next three are `None` for none.
        mean: Mean of those values.
        maximum: Largest of them.
        std: Their standard deviation.
        distinct: Number of different values; 0 for arrays, where they are not counted.
        singles: Number of values that occur in one row only; 0 for arrays.
        classes: The most common values and their counts, at most 100; empty for arrays.
        histogram: Counts of those values in ten bins of equal width from minimum to maximum; empty for text.
        numeric: Rows of a text column whose text reads as a number.
        first_text: Row (from 0) and value of the first text that is no number; `None` for other types.
    """

    name: str
    type: ColumnType
    rows: int
    shape: tuple[int, ...] = ()
    missing: int = 0
    infinite: int = 0
    minimum: float | None = None
    mean: float | None = None
    maximum: float | None = None
    std: float | None = None
    distinct: int = 0
    singles: int = 0
    classes: tuple[tuple[str, int], ...] = ()
    histogram: tuple[int, ...] = ()
    numeric: int = 0
    first_text: tuple[int, str] | None = None

    @property
    def mostly_numeric(self) -> bool:
        """Whether this is text although most of its values read as numbers."""
        return self.type == "text" and self.numeric * 2 > self.rows - self.missing


@lru_cache(maxsize=4)
def profile(table: Table) -> tuple[ColumnProfile, ...]:
    """Return the figures of every column; those of the last few tables are kept.

    Args:
        table: What `read_table` returned.

    Example:
        >>> profile(read_table("bundled:iris", Path()))[-1].classes
        (('setosa', 50), ('versicolor', 50), ('virginica', 50))
    """
    return tuple(_profile(name, values) for name, values in table.columns.items())


def _profile(name: str, values: NDArray[Any]) -> ColumnProfile:
    common: dict[str, Any] = {"name": name, "rows": len(values), "missing": int(is_missing(values).sum())}
    if values.dtype != object:
        common |= _figures(values)
    if values.ndim > 1:
        return ColumnProfile(type="array", shape=values.shape[1:], **common)
    codes, unique = factorise(values)
    counts = np.bincount(codes[codes >= 0], minlength=len(unique))
    ranked = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    common |= {
        "distinct": len(unique),
        "singles": int((counts == 1).sum()),
        "classes": tuple(zip(class_names(unique[ranked]), counts[ranked].tolist(), strict=True)),
    }
    if values.dtype == object:
        common |= _numbers_in_text(codes, unique, counts)
    return ColumnProfile(type=_type(values, common["missing"]), **common)


def _figures(values: NDArray[Any]) -> dict[str, Any]:
    infinite = 0
    if values.dtype.kind == "f":
        infinite = int((np.abs(values) > LARGEST).reshape(len(values), -1).any(axis=1).sum())
    found = moments(values)
    if found is None:
        return {"infinite": infinite}
    flat = values.reshape(-1)[:: max(1, values.size // HISTOGRAM_VALUES)].astype(np.float64)
    return {"infinite": infinite, "histogram": _histogram(flat[np.abs(flat) <= LARGEST], found), **found._asdict()}


def _histogram(values: NDArray[np.float64], found: Moments) -> tuple[int, ...]:
    """Count values in equal bins; np.histogram refuses a range too narrow for float64 to divide."""
    span = found.maximum - found.minimum
    place = (values - found.minimum) / span if span else np.full(values.shape, 0.5)
    bins = np.minimum((place * BINS).astype(np.int64), BINS - 1)
    return tuple(np.bincount(bins, minlength=BINS).tolist())


def _type(values: NDArray[Any], missing: int) -> ColumnType:
    if values.dtype == object:
        return "text"
    if values.dtype.kind != "f":
        return "bool" if values.dtype.kind == "b" else "int"
    present = values[~np.isnan(values)]
    # A missing value makes pandas read whole numbers as floats.
    whole = missing and present.size and np.isfinite(present).all() and (present == np.floor(present)).all()
    return "int" if whole else "float"


def _numbers_in_text(codes: NDArray[np.int64], unique: NDArray[Any], counts: NDArray[np.int64]) -> dict[str, Any]:
    number = np.array([*map(_is_number, unique), True])  # the last is what the code -1, a missing value, finds
    text = np.flatnonzero(~number[codes])
    if not text.size:
        return {"numeric": int(counts.sum())}
    row = int(text[0])
    return {"numeric": int(counts[number[:-1]].sum()), "first_text": (row, str(unique[codes[row]]))}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def suggest(profiles: Sequence[ColumnProfile]) -> dict[str, Column]:
    """Suggest a role, an encoding and a treatment of missing values for every column, in the source's order.

    The target is the last column with a name that says so (`label`, `class`, `species`, `y`, …), else the last column
    of single values. Ids, free text and columns with one value only are ignored.

    Args:
        profiles: What `profile` returned.

    Example:
        >>> suggest(profile(read_table("bundled:iris", Path())))["species"]
        Column(role='target', encoding='label', missing='error', to='')
    """
    target = _likely_target(profiles)
    return {each.name: _target(each) if each.name == target else _feature(each) for each in profiles}


def _likely_target(profiles: Sequence[ColumnProfile]) -> str | None:
    usable = [each for each in profiles if each.type != "array" and each.distinct > 1 and not _is_id(each)]
    for each in reversed(usable):
        name = each.name.lower()
        if name in TARGET_NAMES or name.rpartition("_")[2] in ("target", "label", "class"):
            return each.name
    return usable[-1].name if len(profiles) > 1 and usable else None


def _target(found: ColumnProfile) -> Column:
    few = found.distinct <= 2 or (found.type == "int" and found.distinct <= FEW_CLASSES)
    categorical = (found.type in ("text", "bool") and not found.mostly_numeric) or few
    return Column("target", "label" if categorical else "none", "drop" if found.missing else "error")


def _feature(found: ColumnProfile) -> Column:
    if found.name.lower() == "sample_weight" and found.type in ("int", "float"):
        return Column("weight", "none", "drop" if found.missing else "error")
    if found.type == "array":
        return Column("input", "scale", "drop" if found.missing else "error")
    if found.distinct <= 1 or _is_id(found):
        return Column("ignore")
    if found.type == "text" and not found.mostly_numeric:
        if found.distinct > min(MOST_CATEGORIES, found.rows // 2):
            return Column("ignore")
        return Column("input", "one-hot", "category" if found.missing else "error")
    flag = found.minimum == 0 and found.maximum == 1 and found.distinct == 2
    encoding: Encoding = "none" if flag else "standardise"
    return Column("input", encoding, "mean" if found.missing else "error")


def _is_id(found: ColumnProfile) -> bool:
    """Tell a row number or key from a measurement: different in every row, and named so or counting without a gap."""
    if found.rows < 2 or found.distinct < found.rows or found.type not in ("int", "text"):
        return False
    name = found.name.lower()
    if name in ID_NAMES or name.endswith("_id"):
        return True
    counts_up = found.minimum is not None and found.maximum is not None
    return counts_up and found.maximum - found.minimum == found.rows - 1  # type: ignore[operator]
