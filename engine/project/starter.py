"""A first network for a table, so that somebody with a CSV and an empty graph can train at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kerastui.engine.project import commands, settings
from kerastui.engine.project.checks import fitting_loss
from kerastui.engine.project.document import Compile, Graph, Project, Spec
from kerastui.engine.project.edits import EditError

if TYPE_CHECKING:
    from kerastui.engine.data.binding import Binding
    from kerastui.engine.data.profile import ColumnProfile

UNITS = 64
"""Width of the hidden layer."""

ACCURACY = {
    "SparseCategoricalCrossentropy": "SparseCategoricalAccuracy",
    "CategoricalCrossentropy": "CategoricalAccuracy",
    "MeanSquaredError": "MeanAbsoluteError",
}
"""The metric that goes with a loss."""


def starting_network(project: Project, profiles: Sequence[ColumnProfile]) -> Project:
    """Return the project with a network that fits its data: inputs, a hidden Dense, an output for each target.

    Array columns each get an input of their own and are flattened; all other input columns share one. Loss and metric
    of each output follow its target.

    Args:
        project: A project with columns and a graph without layers, which is replaced.
        profiles: What is in the columns.

    Raises:
        EditError: There are layers already, or no input or no target column.

    Example:
        >>> found = profile(read_table("bundled:iris", Path()))
        >>> project = set_source(Project("iris"), "bundled:iris", suggest(found))
        >>> list(starting_network(project, found).graph.calls)
        ['dense', 'dense_1']
    """
    if project.graph.calls:
        raise EditError("the graph has layers already; a starting network is for an empty one")
    columns = project.data.columns
    for role, missing in (("input", "no column is an input"), ("target", "no column is the target")):
        if not any(column.role == role for column in columns.values()):
            raise EditError(f"{missing}; r gives a column another role")
    project = replace(project, graph=Graph(), compile=Compile(optimizer=project.compile.optimizer), layout={})
    known = {each.name: each for each in profiles}
    arrays = [name for name, each in columns.items() if each.role == "input" and known[name].type == "array"]
    others = [name for name, each in columns.items() if each.role == "input" and name not in arrays]
    ends = []
    for name in arrays:
        project, end = _branch(project, profiles, [name], name)
        ends.append(end)
    if others:
        project, end = _branch(project, profiles, others, "features" if len(others) > 1 else others[0])
        ends.append(end)
    return _loosened(_outputs(_hidden(project, ends), profiles))


def _branch(project: Project, profiles: Sequence[ColumnProfile], columns: list[str], name: str) -> tuple[Project, str]:
    """Add an input for some columns, flat at its end."""
    project, key = commands.add_input(project, (1,))
    project = _bind(project, columns, key)
    shape = _bound(project, profiles, columns).shape or (1,)
    project = commands.set_input(project, key, shape, "float32")
    project = _named(project, key, name)
    if len(shape) == 1:
        return project, key
    return commands.add_layer(project, "Flatten", {}, key)


def _hidden(project: Project, ends: list[str]) -> Project:
    """Join the branches and add the hidden layer."""
    last = ends[0]
    if len(ends) > 1:
        project, last = commands.add_layer(project, "Concatenate", {}, ends[0])
        for end in ends[1:]:
            project = commands.connect(project, end, last)
    return commands.add_layer(project, "Dense", {"units": UNITS, "activation": "relu"}, last)[0]


def _outputs(project: Project, profiles: Sequence[ColumnProfile]) -> Project:
    """Add an output for each target; targets that are single numbers share one."""
    hidden = list(project.graph.calls)[-1]
    columns = project.data.columns
    targets = [name for name, column in columns.items() if column.role == "target"]
    classes = [name for name in targets if columns[name].encoding in ("label", "one-hot")]
    numbers = [name for name in targets if name not in classes]
    for names in [*([name] for name in classes), *([numbers] if numbers else [])]:
        project, key = commands.add_layer(project, "Dense", {"units": 1}, hidden)
        project, end = _in_units(project, profiles, names, key)
        project = commands.toggle_output(_named(project, end, names[0] if len(names) == 1 else "target"), end)
        output = list(project.graph.outputs)[-1]
        project = _fit_output(_bind(project, names, output), key, output, _bound(project, profiles, names))
    return project


def _in_units(project: Project, profiles: Sequence[ColumnProfile], names: list[str], key: str) -> tuple[Project, str]:
    """Let a single number come out in its own units, so that a mean far from 0 need not be learned step by step.

    Returns:
        The project and the id of the last call: a `Rescaling` by the target's spread and mean, else the call given.
    """
    found = next(each for each in profiles if each.name == names[0])
    plain = len(names) == 1 and project.data.columns[names[0]].encoding == "none"
    if not plain or found.mean is None or not found.std or found.shape:
        return project, key
    # Six digits: the exact figures do not matter, and a diff of the project stays readable.
    config = {"scale": float(f"{found.std:.6g}"), "offset": float(f"{found.mean:.6g}")}
    return commands.add_layer(project, "Rescaling", config, key)


def _fit_output(project: Project, key: str, output: str, bound: Binding) -> Project:
    """Give an output the units, the activation, the loss and the metric that suit its target."""
    layer = project.graph.calls[key].layer
    units = bound.classes or (bound.shape or (1,))[-1]
    project = commands.set_argument(project, layer, "units", units)
    if bound.classes:
        project = commands.set_argument(project, layer, "activation", "softmax")
    loss = fitting_loss(bound.classes, project.data.columns[bound.columns[0]].encoding, units)
    project = settings.set_loss(project, output, Spec(loss))
    return settings.set_metrics(project, output, (Spec(ACCURACY[loss]),))


def _bound(project: Project, profiles: Sequence[ColumnProfile], names: list[str]) -> Binding:
    """Return what some columns of the same role become together."""
    from kerastui.engine.data.binding import encoded_shapes

    data = replace(project.data, columns={name: project.data.columns[name] for name in names})
    found = next(iter(encoded_shapes(profiles, data, project.graph.inputs, project.graph.outputs).values()), None)
    if found is None or found.shape is None:
        raise EditError(f"{', '.join(names)} cannot be put together; ignore some of them")
    return found


def _bind(project: Project, columns: list[str], port: str) -> Project:
    for name in columns:
        project = settings.set_column(project, name, replace(project.data.columns[name], to=port))
    return project


def _loosened(project: Project) -> Project:
    """Bind the columns of an only input or output to the first one, so that it can be replaced by another."""
    for role, ports in (("input", project.graph.inputs), ("target", project.graph.outputs)):
        if len(ports) == 1:
            names = [name for name, column in project.data.columns.items() if column.role == role]
            project = _bind(project, names, "")
    return project


def _named(project: Project, key: str, name: str) -> Project:
    """Name an input or layer after a column, where the column's name can be one."""
    try:
        return commands.rename(project, key, name)
    except EditError:
        return project
