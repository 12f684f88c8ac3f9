"""What columns become together, and how that fits the graph's inputs: shapes alone, nothing is encoded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Literal, TypeAlias

import msgspec

from kerastui.engine.data.profile import ColumnProfile
from kerastui.engine.data.split import CATEGORICAL
from kerastui.engine.project.document import Column, Data

Shape: TypeAlias = "tuple[int | None, ...]"
BoundRole: TypeAlias = Literal["input", "target"]


class Binding(msgspec.Struct, frozen=True):
    """Say which columns go to one input or output, and what they become.

    Args:
        role: `"input"` or `"target"`.
        to: Id of the graph input or name of the graph output; `""` where the graph has none.
        columns: Names of the columns, in order.
        rows: Rows of the table.
        shape: Shape of one row; `()` is a class number. `None` where the columns cannot be put together.
        classes: Number of classes where this is one column of classes, else 0.
        numbers: Whether all columns are single numbers.
    """

    role: BoundRole
    to: str
    columns: tuple[str, ...]
    rows: int
    shape: tuple[int, ...] | None
    classes: int = 0
    numbers: bool = False

    @property
    def label(self) -> str:
        """The columns, for people: `species`, `island, sex`, `4 numbers`."""
        if len(self.columns) > 2:
            return f"{len(self.columns)} {'numbers' if self.numbers else 'columns'}"
        return ", ".join(self.columns)


def grouped(data: Data, role: BoundRole, ports: Iterable[str]) -> dict[str, list[str]]:
    """Return the columns of a role by the input or output they are bound to.

    Args:
        data: Columns; `to = ""` stands for the first port.
        role: `"input"` or `"target"`.
        ports: Ids of the graph's inputs or names of its outputs.
    """
    first = next(iter(ports), "")
    groups: dict[str, list[str]] = {}
    for name, column in data.columns.items():
        if column.role == role:
            groups.setdefault(column.to or first, []).append(name)
    return groups


def encoded_shapes(
    profiles: Sequence[ColumnProfile], data: Data, inputs: Iterable[str] = (), outputs: Iterable[str] = ()
) -> dict[tuple[BoundRole, str], Binding]:
    """Return what the columns become, for each input and output something is bound to.

    Args:
        profiles: What `profile` returned.
        data: Columns, by name; those the profiles do not have are left out.
        inputs: Ids of the graph's inputs, so that `to = ""` is the first one.
        outputs: Names of the graph's outputs, likewise.

    Example:
        >>> found = profile(read_table("bundled:iris", Path()))
        >>> shapes = encoded_shapes(found, Data("bundled:iris", suggest(found)), ["measures"], ["kind"])
        >>> shapes["input", "measures"].shape
        (4,)
    """
    known = {each.name: each for each in profiles}
    bound: dict[tuple[BoundRole, str], Binding] = {}
    ports: tuple[tuple[BoundRole, Iterable[str]], ...] = (("input", inputs), ("target", outputs))
    for role, names in ports:
        for to, columns in grouped(data, role, names).items():
            present = [known[name] for name in columns if name in known]
            if present:
                bound[role, to] = _binding(role, to, present, data.columns)
    return bound


def _binding(role: BoundRole, to: str, found: list[ColumnProfile], columns: Mapping[str, Column]) -> Binding:
    shapes = [_shape(each, columns[each.name]) for each in found]
    categorical = [columns[each.name].encoding in CATEGORICAL for each in found]
    classes = _classes(found[0], columns[found[0].name]) if categorical == [True] else 0
    return Binding(
        role,
        to,
        tuple(each.name for each in found),
        found[0].rows,
        combined(shapes),
        classes,
        not any(categorical) and all(each.type != "array" for each in found),
    )


def _classes(found: ColumnProfile, column: Column) -> int:
    return found.distinct + (column.missing == "category")


def _shape(found: ColumnProfile, column: Column) -> tuple[int, ...]:
    if column.encoding == "one-hot":
        return (_classes(found, column),)
    if column.encoding == "label" and column.role == "target":
        return ()
    return found.shape or (1,)


def combined(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...] | None:
    """Return the shape of columns put side by side, `None` if they cannot be: only vectors can."""
    if len(shapes) == 1:
        return shapes[0]
    return (sum(shape[0] for shape in shapes),) if all(len(shape) == 1 for shape in shapes) else None


def fitted(shape: tuple[int, ...], wanted: Shape) -> tuple[int, ...] | None:
    """Return the shape in which data of a shape goes into a graph input, `None` if it does not fit.

    Args:
        shape: Shape of one encoded row.
        wanted: Shape of the input; `None` is any size.

    Returns:
        `shape` itself where it fits; with a last axis of 1 where that fits; else the input's shape, if its sizes are
        all known and it holds as many numbers.

    Example:
        >>> fitted((8, 8), (8, 8, 1)), fitted((8, 8), (64,)), fitted((4,), (5,))
        ((8, 8, 1), (64,), None)
    """
    for candidate in (shape, (*shape, 1)):
        if len(candidate) == len(wanted) and all(b in (None, a) for a, b in zip(candidate, wanted, strict=True)):
            return candidate
    known = tuple(size for size in wanted if size is not None)
    return known if len(known) == len(wanted) and prod(known) == prod(shape) else None


def shape_text(shape: Shape | None) -> str:
    """Return a shape for people, with `∅` for an unknown size: `(8, 8, 1)`, `(∅, 3)`, `(4,)`."""
    return "?" if shape is None else str(tuple(shape)).replace("None", "∅")
