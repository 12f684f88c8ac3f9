"""Apply the repair that a problem offers."""

from __future__ import annotations

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.project import commands, settings
from kerastui.engine.project.document import Project, Spec
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import node_of
from kerastui.engine.project.inside import closed, opened, split_place
from kerastui.engine.project.problems import Repair


def apply_repair(project: Project, repair: Repair) -> Project:
    """Return the project with a repair applied.

    Args:
        project: The project.
        repair: What to change.

    Raises:
        EditError: The place to repair is not there any more.
    """
    model, target = split_place(repair.target)
    if model:
        view = apply_repair(opened(project, model), replace(repair, target=target))
        return closed(project, model, view)
    if repair.kind == "trust":
        raise EditError("to trust a project is no edit of it")
    if repair.kind == "insert":
        call = project.graph.calls.get(repair.target)
        if call is None or len(call.inputs) != 1:
            raise EditError(f"{repair.target} has not one input any more")
        return commands.insert_layer(project, repair.name, {}, node_of(call.inputs[0]), repair.target)[0]
    if repair.kind == "argument":
        return commands.set_argument(project, repair.target, repair.name, repair.value)
    if repair.kind == "shape":
        found = project.graph.inputs.get(repair.target)
        if found is None:
            raise EditError(f"there is no input {repair.target} any more")
        return commands.set_input(project, repair.target, tuple(repair.value), found.dtype)
    loss = project.compile.losses.get(repair.target)
    if repair.kind == "loss":
        return settings.set_loss(project, repair.target, Spec(repair.value))
    if loss is None:
        raise EditError(f"{repair.target} has no loss any more")
    config = {**loss.config, repair.name: repair.value}
    entry = catalog().get("loss", loss.class_name)
    argument = entry.argument(repair.name) if entry else None
    if argument is not None and argument.default == repair.value:
        del config[repair.name]
    return settings.set_loss(project, repair.target, Spec(loss.class_name, config))
