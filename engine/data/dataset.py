"""Encode a table for training: split, learn encoders from the training part, put columns together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from kerastui.engine.data.binding import Shape, fitted, grouped
from kerastui.engine.data.check import NO_TARGET, check_columns
from kerastui.engine.data.encoders import CategoryEncoder, Encoder, learn
from kerastui.engine.data.errors import DataError
from kerastui.engine.data.profile import profile
from kerastui.engine.data.split import split_rows
from kerastui.engine.data.table import Table
from kerastui.engine.project.document import Column, Data

FORMAT = 1
"""Version of what `Dataset.describe` returns."""


@dataclass(frozen=True, eq=False)
class Part:
    """Hold one part of the data as arrays ready for a model.

    Args:
        inputs: float32 arrays of shape `(rows, *shape)`, by id of the graph input.
        targets: Arrays by name of the graph output: int64 `(rows,)` for class numbers, float32 `(rows, classes)` for
            one-hot, float32 `(rows, numbers)` or `(rows, *shape of a row)` for numbers.
        sample_weight: float32 `(rows,)`, `None` where no column is a weight.
        rows: Positions in the table, in the order of the arrays.
    """

    inputs: dict[str, NDArray[np.float32]]
    targets: dict[str, NDArray[Any]]
    sample_weight: NDArray[np.float32] | None
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Hold encoded data, and how it was encoded.

    Args:
        source: Where it came from, as the project says it.
        train: Part to learn from.
        validation: Part to watch the training with, `None` if not asked for.
        test: Part kept aside, `None` if not asked for.
        classes: Names of the classes in order, by name of the output whose target is one column of classes.
        encoders: What was learned about each column, by its name.
        inputs: Names of the columns of each graph input, in order.
        targets: Names of the columns of each graph output, in order.
        dropped: Rows left out for a missing value.
    """

    source: str
    train: Part
    validation: Part | None
    test: Part | None
    classes: dict[str, tuple[str, ...]]
    encoders: dict[str, Encoder]
    inputs: dict[str, list[str]]
    targets: dict[str, list[str]]
    dropped: int

    def describe(self) -> dict[str, Any]:
        """Return how columns become numbers, as plain values that JSON can hold, to be kept beside a saved model.

        Returns:
            `inputs` and `targets` by name, each with the `shape` of one row and its `columns` in order; a column is
            the fields of its encoder, which `msgspec.convert(column, Encoder)` turns into the encoder again. Also
            `classes`, `source`, and the number of `rows` of each part.
        """
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {
            "format": FORMAT,
            "source": self.source,
            "rows": {name: len(part) for name, part in parts.items() if part is not None},
            "inputs": {name: self._port(names, self.train.inputs[name]) for name, names in self.inputs.items()},
            "targets": {name: self._port(names, self.train.targets[name]) for name, names in self.targets.items()},
            "classes": {name: list(classes) for name, classes in self.classes.items()},
        }

    def _port(self, names: list[str], values: NDArray[Any]) -> dict[str, Any]:
        columns = [msgspec.to_builtins(self.encoders[name]) for name in names]
        return {"shape": list(values.shape[1:]), "columns": columns}


def encode(
    table: Table, data: Data, inputs: Mapping[str, Shape], outputs: Sequence[str], targets: bool = True
) -> Dataset:
    """Split a table and encode its parts.

    Means, ranges, most frequent values and the like are learned from the training part only; the names of classes and
    their order come from all rows, so that shapes and labels do not depend on the split.

    Args:
        table: What `read_table` returned.
        data: Columns and split. Single values bound to one input are put side by side in the order of the columns.
        inputs: Shape of each graph input without the batch axis, by id; `None` is any size. Data that holds as many
            numbers is given the input's shape, so that an `(8, 8)` image fits `(8, 8, 1)` and `(64,)`.
        outputs: Names of the graph's outputs.
        targets: Whether a column must be a target. Defaults to True.

    Raises:
        DataError: The data does not hold what the columns say, or does not fit the inputs.

    Example:
        >>> table = read_table("bundled:digits", Path())
        >>> data = Data("bundled:digits", suggest(profile(table)))
        >>> dataset = encode(table, data, {"pixels": (8, 8, 1)}, ["digit"])
        >>> dataset.train.inputs["pixels"].shape, dataset.train.targets["digit"].shape
        ((1438, 8, 8, 1), (1438,))
    """
    if not inputs or not outputs:
        what = f"the graph has no {'output' if inputs else 'input'} to bind the data to"
        raise DataError(what, table.name, "Add one on the Build screen.")
    for problem in check_columns(profile(table), data, inputs, outputs):
        if problem.severity == "error" and (targets or problem.what != NO_TARGET):
            raise DataError(problem.what, table.name, problem.hint)
    parts = split_rows(table, data)
    encoders = {
        name: learn(name, _as_used(column), table.columns[name], parts.train)
        for name, column in data.columns.items()
        if column.role != "ignore"
    }
    bound = _Bound(table, encoders, grouped(data, "input", inputs), grouped(data, "target", outputs), dict(inputs))
    weights = [name for name, column in data.columns.items() if column.role == "weight"]
    return Dataset(
        data.source,
        bound.part(parts.train, weights),
        bound.part(parts.validation, weights) if len(parts.validation) else None,
        bound.part(parts.test, weights) if len(parts.test) else None,
        bound.classes(),
        encoders,
        bound.inputs,
        bound.targets,
        parts.dropped,
    )


def _as_used(column: Column) -> Column:
    """Return the column, a sample weight without an encoding: a weight counts as it is."""
    return msgspec.structs.replace(column, encoding="none") if column.role == "weight" else column


@dataclass(frozen=True, eq=False)
class _Bound:
    """Hold what is needed to encode any rows of a table."""

    table: Table
    encoders: dict[str, Encoder]
    inputs: dict[str, list[str]]
    targets: dict[str, list[str]]
    shapes: dict[str, Shape]

    def part(self, rows: NDArray[np.int64], weights: list[str]) -> Part:
        inputs = {to: self._input(to, names, rows) for to, names in self.inputs.items()}
        targets = {to: self._target(names, rows) for to, names in self.targets.items()}
        weight = self._values(weights[0], rows).astype(np.float32) if weights else None
        return Part(inputs, targets, weight, rows)

    def classes(self) -> dict[str, tuple[str, ...]]:
        found = {to: self.encoders[names[0]] for to, names in self.targets.items() if len(names) == 1}
        return {to: encoder.classes for to, encoder in found.items() if isinstance(encoder, CategoryEncoder)}

    def _values(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        return self.encoders[name].apply(self.table.columns[name][rows])

    def _input(self, to: str, names: list[str], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        values = _side_by_side([self._values(name, rows) for name in names]).astype(np.float32, copy=False)
        shape = fitted(values.shape[1:], self.shapes[to])
        return values if shape is None else values.reshape(len(rows), *shape)

    def _target(self, names: list[str], rows: NDArray[np.int64]) -> NDArray[Any]:
        columns = [self._values(name, rows) for name in names]
        return columns[0] if columns[0].dtype == np.int64 else _side_by_side(columns)


def _side_by_side(columns: list[NDArray[Any]]) -> NDArray[Any]:
    matrices = [each[:, None] if each.ndim == 1 else each for each in columns]
    return matrices[0] if len(matrices) == 1 else np.concatenate(matrices, axis=1)
