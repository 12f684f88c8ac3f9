"""Commands for cards: where they stand, what is written on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec.structs import replace

from kerastui.engine.project.document import Graph, Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import nodes
from kerastui.engine.project.inside import split_place


def move(project: Project, positions: Mapping[str, tuple[int, int]]) -> Project:
    """Put cards at cells of the canvas, where they stay until `lay_out`.

    Args:
        project: The project.
        positions: Column and row of each card, by id.

    Raises:
        EditError: There is no such card.
    """
    _known(project, positions)
    return replace(project, layout={**project.layout, **positions})


def align(
    project: Project, positions: Mapping[str, tuple[int, int]], along: Literal["column", "row"] = "column"
) -> Project:
    """Put cards below each other, or side by side.

    Args:
        project: The project.
        positions: Where the cards stand now, by id; the first one gives the column, the lowest one the row, since a
            card stands below all that feed it.
        along: `"column"` or `"row"`.

    Raises:
        EditError: There are fewer than two cards, or one is not in the graph.
    """
    if len(positions) < 2:
        raise EditError("select two cards or more to align them")
    column = next(iter(positions.values()))[0]
    row = max(y for _, y in positions.values())
    if along == "column":
        return move(project, {key: (column, y) for key, (_, y) in positions.items()})
    return move(project, {key: (x, row) for key, (x, _) in positions.items()})


def lay_out(project: Project) -> Project:
    """Forget all positions set by hand, so that every card is placed automatically; those in other models stay."""
    return replace(project, layout={key: place for key, place in project.layout.items() if split_place(key)[0]})


def reach(graph: Graph) -> int:
    """Return the column and row up to which cards are drawn; only a file written by hand has a position beyond."""
    return 10_000 + 50 * (len(graph.inputs) + len(graph.calls))


def drawn(project: Project) -> dict[str, tuple[int, int]]:
    """Return the positions set by hand, none of them so far off that the picture would take minutes."""
    far = reach(project.graph)
    return {key: (min(max(x, -far), far), min(max(y, -far), far)) for key, (x, y) in project.layout.items()}


def set_note(project: Project, key: str, text: str) -> Project:
    """Write a note on a card; an empty one takes it away.

    Raises:
        EditError: There is no such card.
    """
    _known(project, {key: text})
    notes = {**project.notes, key: text.strip()}
    return replace(project, notes={place: note for place, note in notes.items() if note})


def _known(project: Project, keys: Mapping[str, object]) -> None:
    for key in keys:
        if key not in set(nodes(project.graph)):
            raise EditError(f"there is no input or layer {key}")
