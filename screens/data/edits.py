"""What the keys of the Data screen do to the project, as functions from project to project."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from kerastui.engine.data.binding import encoded_shapes
from kerastui.engine.data.profile import FEW_CLASSES, ColumnProfile
from kerastui.engine.data.split import CATEGORICAL
from kerastui.engine.project import commands, settings
from kerastui.engine.project.document import Column, Encoding, Graph, Missing, Project, Role
from kerastui.engine.project.graph import node_name, node_of
from kerastui.screens.data.columns import missing_choices
from kerastui.screens.widgets.modals import Choice
from kerastui.screens.widgets.words import shape

NEW_INPUT = "new input"
"""What is chosen to bind a column to an input that is yet to be made; no id has a blank in it."""


def with_role(
    project: Project, profiles: Sequence[ColumnProfile], found: ColumnProfile, role: Role
) -> tuple[Project, list[str]]:
    """Give a column another role.

    Args:
        project: The project.
        profiles: What is in the columns.
        found: What is in this one.
        role: Its role.

    Returns:
        The project, and the targets that became inputs because a new target cannot share the output with them.
    """
    column = column_with_role(found, project.data.columns.get(found.name, Column("ignore")), role)
    project = settings.set_column(project, found.name, column)
    rivals = []
    for each in profiles:
        other = project.data.columns.get(each.name, Column("ignore"))
        rival = each.name != found.name and other.role == "target" and other.to == column.to
        if role == "target" and rival and {other.encoding, column.encoding} & {*CATEGORICAL}:
            project = settings.set_column(project, each.name, column_with_role(each, other, "input"))
            rivals.append(each.name)
    return project, rivals


def column_with_role(found: ColumnProfile, column: Column, role: Role) -> Column:
    """Return a column with another role, and the encoding and rule for missing values that suit it there."""
    if role in ("ignore", column.role):
        return replace(column, role=role)
    text = found.type in ("text", "bool") and not found.mostly_numeric
    if role == "input":
        encoding: Encoding = "scale" if found.type == "array" else "one-hot" if text else "standardise"
        rule: Missing = "drop" if found.type == "array" else "category" if text else "mean"
    elif role == "target":
        few = found.distinct <= 2 or (found.type == "int" and found.distinct <= FEW_CLASSES)
        encoding, rule = ("label" if text or (few and found.type != "array") else "standardise"), "drop"
    else:
        encoding, rule = "none", "drop"
    return Column(role, encoding, rule if found.missing else "error")


def column_with_encoding(found: ColumnProfile, column: Column, encoding: Encoding) -> Column:
    """Return a column with another encoding; a rule for missing values that it rules out becomes one that fits."""
    changed = replace(column, encoding=encoding)
    if column.missing in [choice.value for choice in missing_choices(changed)]:
        return changed
    rule: Missing = "category" if encoding in CATEGORICAL else "mean"
    return replace(changed, missing=rule if found.missing else "error")


def ports(graph: Graph, column: Column) -> list[Choice]:
    """Return what a column can be bound to: inputs and a new one, or outputs for a target."""
    if column.role == "target":
        return [
            Choice(name, summary=f"output of {node_name(graph, node_of(end))}") for name, end in graph.outputs.items()
        ]
    inputs = [
        Choice(key, node_name(graph, key), f"input {shape((None, *given.shape))}")
        for key, given in graph.inputs.items()
    ]
    return [*inputs, Choice(NEW_INPUT, "a new input", "of the shape this column has")]


def bound(project: Project, profiles: Sequence[ColumnProfile], found: ColumnProfile, to: str) -> Project:
    """Bind a column to an input or output.

    Args:
        project: The project.
        profiles: What is in the columns.
        found: What is in this one.
        to: Id of an input, name of an output, or `NEW_INPUT`.
    """
    column = project.data.columns[found.name]
    if to == NEW_INPUT:
        project, key = commands.add_input(project, (1,))
        project = settings.set_column(project, found.name, replace(column, to=key))
        made = encoded_shapes(profiles, project.data, project.graph.inputs).get(("input", key))
        return commands.set_input(project, key, made.shape, "float32") if made and made.shape else project
    known = project.graph.inputs if column.role == "input" else project.graph.outputs
    # The first one is bound to by place, so that it can be replaced by another.
    return settings.set_column(project, found.name, replace(column, to="" if to == next(iter(known), "") else to))
