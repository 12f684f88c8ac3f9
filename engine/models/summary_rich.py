"""The summary of a model for a terminal: a table in colours, as wide as the terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from kerastui.engine.models.summary import HEADS
from kerastui.engine.models.summary_rows import Facts, Row, facts_of

INDENT = "  "
"""In front of the name of a nested layer, once for each level."""


def summary_renderable(
    model: Any,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> Group:
    """Make the summary of a built model as something that Rich prints.

    Args:
        model: The model.
        expand_nested: Whether to list the layers of nested models, indented. Defaults to False.
        show_trainable: Whether to add a column with `Y` or `N`. Defaults to False.
        layer_range: First and last layer to list, each a name or a regular expression. Defaults to `None`: all.

    Returns:
        Title, table and totals.

    Raises:
        ValueError: If the model is not built, or `layer_range` is not two texts that match a layer.
    """
    facts = facts_of(model, expand_nested, layer_range)
    table = Table(box=box.ROUNDED, header_style="bold", border_style="dim")
    table.add_column(HEADS[0], overflow="fold", ratio=3)
    table.add_column(HEADS[1], overflow="fold", ratio=3)
    table.add_column(HEADS[2], justify="right", no_wrap=True)
    if not facts.is_chain:
        table.add_column(HEADS[3], overflow="fold", ratio=3)
    if show_trainable:
        table.add_column("Trainable", justify="center")
    for row, level in _walk(facts.rows, 0):
        cells = _cells(row, level, not facts.is_chain)
        table.add_row(*cells, *([_trainable(row)] if show_trainable else []))
    return Group(Text(f'Model: "{facts.name}"', style="bold"), table, _totals(facts))


def print_summary(renderable: Any) -> None:
    """Print to the standard output, in colours if it shows them and `NO_COLOR` is not set."""
    Console(file=sys.stdout, highlight=False).print(renderable)


def table_text(model: Any, width: int) -> str:
    """Return the table of a built model as text without colours.

    Args:
        model: The model.
        width: Terminal columns.

    Raises:
        ValueError: If the model is not built.
    """
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as written:
        console.print(summary_renderable(model))
    return written.get().rstrip("\n")


def _walk(rows: Sequence[Row], level: int) -> Iterator[tuple[Row, int]]:
    for row in rows:
        yield row, level
        yield from _walk(row.inside, level + 1)


def _cells(row: Row, level: int, connected: bool) -> list[Text]:
    name = Text.assemble(INDENT * level + row.name, (f" ({row.class_name})", "cyan"))
    params = Text("0 (unused)", style="dim") if row.params is None else Text(f"{row.params:,}", style="green")
    cells = [name, Text(row.shape), params]
    return [*cells, Text("\n".join(row.connections), style="dim")] if connected else cells


def _trainable(row: Row) -> Text:
    return Text("Y", style="green") if row.trainable else Text("N", style="red")


def _totals(facts: Facts) -> Text:
    lines = [Text.assemble((f"{total.label}: ", "bold"), f"{total.count:,} ({total.memory})") for total in facts.totals]
    return Text("\n").join(lines)
