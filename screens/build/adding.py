"""What a layer that is chosen in the palette is for, and the edit that puts it there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kerastui.engine.catalog.catalog import Entry, catalog
from kerastui.engine.catalog.starting import starting_config
from kerastui.engine.project import commands, swapping
from kerastui.engine.project.document import Graph, Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import node_name, nodes
from kerastui.engine.studio import Studio
from kerastui.screens.build.palette import INPUT
from kerastui.screens.build.wires import Key
from kerastui.screens.widgets.starting_values import starting_shape


@dataclass(frozen=True, slots=True)
class Purpose:
    """Say where a layer goes; after the card under the cursor where nothing is said.

    Args:
        wire: The wire it is put on, `None` for none.
        replace: Id of the card whose class it gives, `""` for a new layer.
        loose: Nothing feeds it.
    """

    wire: Key | None = None
    replace: str = ""
    loose: bool = False


AFTER = Purpose()
"""The purpose of a layer that nothing else is asked for."""


def purpose_words(graph: Graph, purpose: Purpose, cursor: str | None) -> str:
    """Return where a layer would go, for the palette's border: `after dense`.

    Args:
        graph: The graph.
        purpose: What it is for.
        cursor: Id of the card under the cursor.
    """
    if purpose.wire is not None:
        return f"before {node_name(graph, purpose.wire[1])}"
    if purpose.replace:
        return f"in place of {node_name(graph, purpose.replace)}"
    return f"after {node_name(graph, cursor)}" if cursor else ""


def with_layer(
    studio: Studio, name: str, purpose: Purpose, cursor: str | None, marks: Collection[str]
) -> tuple[str, Project, str]:
    """Return what is done, the project with a layer that was chosen, and the id of its card.

    Args:
        studio: What is open.
        name: Name of its class, or `INPUT`.
        purpose: Where it goes.
        cursor: Id of the card under the cursor.
        marks: Ids of the selected cards, which all feed a layer that takes a list.

    Raises:
        EditError: The layer cannot be there.
    """
    project, entry = studio.view, catalog().layer(name)
    if purpose.replace:
        return _swapped(project, None if name == INPUT else entry, purpose.replace)
    if name == INPUT or entry is None:
        after, key = commands.add_input(project, starting_shape(studio))
    elif purpose.wire is not None:
        after, key = commands.insert_layer(project, name, starting_config(entry), *purpose.wire)
        return f"insert {node_name(after.graph, key)}", after, key
    else:
        after, key = _added(project, entry, () if purpose.loose else _feeding(project.graph, entry, cursor, marks))
    return f"add {node_name(after.graph, key)}", after, key


def _swapped(project: Project, entry: Entry | None, key: str) -> tuple[str, Project, str]:
    """Return what is done, the project with a card of another class, and the id of the card."""
    if entry is None:
        raise EditError("an input can take no layer's place; choose a layer, or esc")
    after, dropped = swapping.swap(project, key, entry.name, starting_config(entry))
    lost = f", without {', '.join(dropped)}" if dropped else ""
    return f"make {node_name(project.graph, key)} {entry.name}{lost}", after, key


def _feeding(graph: Graph, entry: Entry, cursor: str | None, marks: Collection[str]) -> Sequence[str]:
    """Return the cards that feed a new layer: the one under the cursor, or all selected ones where it takes a list."""
    fed_by = [key for key in nodes(graph) if key in marks] if entry.inputs == "list" else []
    return fed_by or ([cursor] if cursor is not None else [])


def _added(project: Project, entry: Entry, fed_by: Sequence[str]) -> tuple[Project, str]:
    """Return a project with a layer that some cards feed, and the id of its card."""
    first = fed_by[0] if fed_by else None
    project, key = commands.add_layer(project, entry.name, starting_config(entry), first)
    for other in fed_by[1:]:
        project = commands.connect(project, other, key)
    return project, key
