"""Turn a column into numbers, as learned from the training part.

An encoder is a plain value: it goes into a file beside the saved model, and read back encodes new data the same way.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from kerastui.engine.data.errors import DataError
from kerastui.engine.data.split import CATEGORICAL
from kerastui.engine.data.statistics import class_names, factorise, moments
from kerastui.engine.data.table import is_missing
from kerastui.engine.project.document import Column, Encoding, Missing

MISSING_CLASS = "∅"
"""Name of the class that missing values get with `missing = "category"`; it comes after all others."""


class NumberEncoder(msgspec.Struct, frozen=True, tag="number", tag_field="kind"):
    """Encode numbers: as they are, to zero mean and unit variance, or from min and max to 0 and 1.

    Args:
        column: Name of the column.
        encoding: `"none"`, `"standardise"` or `"scale"`.
        missing: How missing values are treated.
        fill: What a missing value is taken for; `None` where none may be.
        minimum: Smallest value of the training part, over all elements of an array column; so the next three.
        mean: Mean.
        maximum: Largest value.
        std: Standard deviation.
    """

    column: str
    encoding: Encoding
    missing: Missing
    fill: float | None
    minimum: float
    mean: float
    maximum: float
    std: float

    @property
    def offset(self) -> float:
        """What is subtracted from a value."""
        return {"standardise": self.mean, "scale": self.minimum}.get(self.encoding, 0.0)

    @property
    def divisor(self) -> float:
        """What the difference is divided by; 1 where all values are the same."""
        return {"standardise": self.std, "scale": self.maximum - self.minimum}.get(self.encoding, 1.0) or 1.0

    @property
    def text(self) -> str:
        """The formula, for people."""
        if self.encoding == "none":
            return "x as it is"
        sign = "−" if self.offset >= 0 else "+"
        return f"(x {sign} {abs(self.offset):.4g}) ÷ {self.divisor:.4g}"

    def apply(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return values of shape `(rows, ...)` encoded, in the same shape."""
        # Pixels need no float64; a date in seconds does, until the mean is gone.
        small = values.dtype.itemsize <= 2 or values.dtype == np.float32
        numbers: NDArray[Any] = values.astype(np.float32 if small else np.float64)
        if self.fill is not None and values.dtype.kind == "f":
            numbers[np.isnan(numbers)] = self.fill
        if self.encoding != "none":
            numbers -= self.offset
            numbers /= self.divisor
        return numbers.astype(np.float32, copy=False)

    def restore(self, numbers: NDArray[Any]) -> NDArray[np.float64]:
        """Return encoded numbers, such as a prediction, in the column's own unit."""
        return np.asarray(numbers, np.float64) * self.divisor + self.offset


class CategoryEncoder(msgspec.Struct, frozen=True, tag="category", tag_field="kind"):
    """Encode classes as integers from 0, or as vectors with a single one.

    Args:
        column: Name of the column.
        encoding: `"one-hot"` or `"label"`.
        missing: How missing values are treated.
        fill: Class a missing value is taken for; `None` where none may be.
        classes: Names of all classes of the data in order, so that the width does not depend on the split.
        unseen: Classes without a row in the training part; an input's one-hot vector for them is all zeros, as it is
            for a class the data does not have.
    """

    column: str
    encoding: Encoding
    missing: Missing
    fill: str | None
    classes: tuple[str, ...]
    unseen: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The classes, for people."""
        return f"{self.encoding}: {', '.join(self.classes)}"

    def codes(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Return the position of each value, shape `(rows,)`, among the classes; -1 for one that is not among them."""
        position = {name: place for place, name in enumerate(self.classes)}
        found, unique = factorise(values)
        missing = -1 if self.fill is None else position[self.fill]
        table = np.array([*(position.get(name, -1) for name in class_names(unique)), missing], np.int64)
        codes: NDArray[np.int64] = table[found]
        return codes

    def apply(self, values: NDArray[Any]) -> NDArray[np.float32] | NDArray[np.int64]:
        """Return values of shape `(rows,)` encoded: float32 `(rows, classes)` for one-hot, else int64 `(rows,)`."""
        codes = self.codes(values)
        if self.encoding == "label":
            return codes
        vectors = np.eye(len(self.classes) + 1, len(self.classes), dtype=np.float32)  # the last row, -1, is all zeros
        vectors[[self.classes.index(name) for name in self.unseen]] = 0
        encoded: NDArray[np.float32] = vectors[codes]
        return encoded


Encoder: TypeAlias = NumberEncoder | CategoryEncoder


def learn(name: str, column: Column, values: NDArray[Any], train: NDArray[np.int64]) -> Encoder:
    """Learn how to encode a column.

    Args:
        name: Name of the column.
        column: Its encoding and treatment of missing values.
        values: All its rows, shape `(rows, ...)`; of a column of classes all rows give the names and order of the
            classes, everything else comes from the training part.
        train: Rows of the training part.

    Raises:
        DataError: The training part has no value to learn from.
    """
    if is_missing(values[train]).all():
        raise DataError("every value of the training part is missing", f"column `{name}`", "Ignore the column.")
    if column.encoding in CATEGORICAL:
        return _learn_classes(name, column, values, train)
    return _learn_numbers(name, column, values[train])


def _learn_numbers(name: str, column: Column, values: NDArray[Any]) -> NumberEncoder:
    found = moments(values)
    if found is None:
        raise DataError("no value of the training part is finite", f"column `{name}`", "Ignore the column.")
    fill: float | None = None
    if column.missing == "mean":
        fill = found.mean
    elif column.missing == "median":
        fill = float(np.nanmedian(values))
    elif column.missing == "zero":
        fill = 0.0
    elif column.missing == "most-frequent":
        unique, counts = np.unique(values[~np.isnan(values)], return_counts=True)
        fill = float(unique[counts.argmax()])
    return NumberEncoder(name, column.encoding, column.missing, fill, *found)


def _learn_classes(name: str, column: Column, values: NDArray[Any], train: NDArray[np.int64]) -> CategoryEncoder:
    codes, unique = factorise(values)
    classes = class_names(unique)
    counts = np.bincount(codes[train][codes[train] >= 0], minlength=len(classes))
    fill = None
    unseen = tuple(each for each, count in zip(classes, counts.tolist(), strict=True) if not count)
    if column.missing == "category":
        fill = MISSING_CLASS
        classes = (*classes, MISSING_CLASS)
    elif column.missing == "most-frequent":
        fill = classes[int(counts.argmax())]
    # A target's vector is never all zeros: it is the truth, seen in training or not.
    return CategoryEncoder(
        name, column.encoding, column.missing, fill, classes, () if column.role == "target" else unseen
    )
