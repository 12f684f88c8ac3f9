"""The summary of a model as lines of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len

from kerastui.engine.models.summary_rows import Facts, Row, facts_of

CHAIN = (65, (0.45, 0.85, 1.0))
"""Width of a line and where the columns end, for a plain chain of layers."""

GRAPH = (98, (0.3, 0.6, 0.7, 1.0))
"""The same for a graph, which has a column more."""

TRAINABLE = 11
"""Width of the column `Trainable`, which is added to the line."""

HEADS = ("Layer (type)", "Output Shape", "Param #", "Connected to")

_ITEM_END = re.compile(r"[)}\]'],")  # a cell of several items is broken after each of them


def summary_lines(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> list[str]:
    """Write the summary of a built model.

    Args:
        model: The model.
        line_length: Width of a line, in terminal cells. Defaults to `None`: 65, or 98 for a graph. The column
            `Trainable` adds 11.
        positions: Where each column ends: parts of the line if the last is at most 1, else cells. Those beyond the
            number of columns are passed over, except the last. Defaults to `None`: `[.45, .85, 1.]`, or
            `[.3, .6, .7, 1.]` for a graph.
        expand_nested: Whether to list the layers of nested models. Defaults to False.
        show_trainable: Whether to add a column with `Y` or `N`. Defaults to False.
        layer_range: First and last layer to list, each a name or a regular expression. Defaults to `None`: all.

    Returns:
        The lines, without line ends.

    Raises:
        ValueError: If the model is not built, or an argument is none of these.

    Example:
        >>> import keras
        >>> from kerastui.engine import Input, Sequential
        >>> model = Sequential([Input((4,)), keras.layers.Dense(2, name="scores")], name="tiny")
        >>> summary_lines(model)[4].split()
        ['scores', '(Dense)', '(None,', '2)', '10']
    """
    facts = facts_of(model, expand_nested, layer_range)
    return list(_Page.of(facts, line_length, positions, show_trainable).lines(facts))


@dataclass(frozen=True, slots=True)
class _Page:
    """Where the columns end, and the width of a line."""

    ends: tuple[int, ...]
    width: int
    show_trainable: bool
    connected: bool

    @classmethod
    def of(
        cls, facts: Facts, line_length: int | None, positions: Sequence[float] | None, show_trainable: bool
    ) -> _Page:
        default_width, default_positions = CHAIN if facts.is_chain else GRAPH
        width = default_width if line_length is None else line_length
        if isinstance(width, bool) or not isinstance(width, int) or width < 1:
            raise ValueError(
                f"`line_length` must be a number of terminal columns, 1 or more. Received: line_length={line_length!r}"
            )
        ends = _column_ends(default_positions if positions is None else positions, width, len(default_positions))
        if show_trainable:
            width += TRAINABLE
            ends = (*ends, width)
        return cls(ends, width, show_trainable, not facts.is_chain)

    def lines(self, facts: Facts) -> Iterator[str]:
        yield f'Model: "{facts.name}"'
        yield "_" * self.width
        heads = HEADS if self.connected else HEADS[:3]
        yield from self.row((*heads, "Trainable") if self.show_trainable else heads, 0)
        yield "=" * self.width
        for row in facts.rows:
            yield from self.layer(row, 0)
        yield "=" * self.width
        for total in facts.totals:
            yield f"{total.label}: {total.count} ({total.memory})"
        yield "_" * self.width

    def layer(self, row: Row, level: int, last: bool = False) -> Iterator[str]:
        yield from self.row(self.cells(row, level), level)
        if row.inside:
            yield self.barred("¯", level + 1)
            for inner in row.inside:
                yield from self.layer(inner, level + 1, inner is row.inside[-1])
            yield self.barred("¯", level)
        elif not last:
            yield self.barred(" ", level)

    def barred(self, fill: str, level: int) -> str:
        return "|" * level + fill * (self.width - 2 * level) + "|" * level

    def cells(self, row: Row, level: int) -> tuple[str, ...]:
        cells: tuple[str, ...]
        cells = (f"{row.name} ({row.class_name})", row.shape, "0 (unused)" if row.params is None else str(row.params))
        if self.connected:
            # What a nested layer is connected to lies in another graph; the classic layout leaves it out.
            cells = (*cells, str(list(row.connections) if level == 0 else []))
        return (*cells, "Y" if row.trainable else "N") if self.show_trainable else cells

    def row(self, cells: Sequence[str], level: int) -> Iterator[str]:
        left = list(cells)
        while any(left):
            line = "|" * level + " "
            for column, end in enumerate(self.ends):
                start = self.ends[column - 1] if column else level
                last = column == len(self.ends) - 1
                # Every column but the last keeps three cells free: two between columns, one for the indent.
                text, left[column] = _bite(left[column], end - start - (level if last else 3))
                line = _padded(line + text + ("" if last else "  "), end - (level if last else 0))
            yield line + "|" * level


def _column_ends(positions: Sequence[float], width: int, columns: int) -> tuple[int, ...]:
    values = list(positions)
    numbers = all(isinstance(value, (int, float)) and value > 0 for value in values)
    if len(values) < columns or not numbers or values != sorted(set(values)):
        raise ValueError(
            f"`positions` must be {columns} or more rising numbers, where each column ends, as parts of the line or as "
            f"terminal columns. Received: positions={positions!r}"
        )
    relative = values[-1] <= 1
    chosen = [*values[: columns - 1], values[-1]] if relative else values[:columns]
    return tuple(int(width * value) if relative else int(value) for value in chosen)


def _bite(text: str, cells: int) -> tuple[str, str]:
    """Split off what fits into so many terminal cells, one character at least, and no more than one item of a list."""
    end = 1
    while end < len(text) and cell_len(text[: end + 1]) <= cells:
        end += 1
    item = _ITEM_END.search(text, 0, end)
    end = item.end() if item else end
    return text[:end], text[end:]


def _padded(text: str, cells: int) -> str:
    return text + " " * (cells - cell_len(text))


def print_lines(lines: Sequence[str], print_fn: Callable[[str], Any] | None = None) -> None:
    """Hand lines to `print_fn` one by one; to the standard output if it is `None`."""
    for line in lines:
        (print if print_fn is None else print_fn)(line)
