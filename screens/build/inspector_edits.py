"""From what was entered in a field of the inspector to an edit of the project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from kerastui.engine.catalog.catalog import Argument, Entry, catalog
from kerastui.engine.catalog.values import parse_value
from kerastui.engine.project import arranging, commands, details, swapping
from kerastui.engine.project.document import MODEL, Project, Value
from kerastui.engine.project.graph import node_name, wires_into
from kerastui.screens.build.side_fields import (
    CALL,
    GIVES,
    INNER_GIVES,
    INNER_TAKES,
    NOTE,
    PLAIN,
    STRUCTURES,
    TAKES,
    TENSOR,
    TRAINABLE,
    applied,
)
from kerastui.screens.widgets import words
from kerastui.screens.widgets.argument_fields import entered
from kerastui.screens.widgets.glyphs import glyphs

Given = str | bool | None
"""What was entered: a text, the state of a switch, or `None` to put the field back to its default."""

Edit = tuple[str, Project]
"""The label of an edit, and the project after it."""

_SHAPE: Final = Argument("shape", "shape", required=True)

_ENDS: Final[Mapping[str, Literal["takes", "gives"]]] = {
    TAKES: "takes",
    INNER_TAKES: "takes",
    GIVES: "gives",
    INNER_GIVES: "gives",
}


def edit_of(project: Project, key: str, field: str, given: Given) -> Edit:
    """Return the edit that a field stands for.

    Args:
        project: The document as Build shows it.
        key: Id of the input or call that the inspector shows.
        field: Key of the field.
        given: What was entered.

    Returns:
        The label of the edit, and the project after it.

    Raises:
        ValueError: It is no value that the field takes; the message says what it takes.
        EditError: The edit cannot be made.
    """
    if field == "name":
        return _renamed(project, key, given)
    if field == NOTE:
        text = "" if given is None else str(given)
        return f"note on {node_name(project.graph, key)}", arranging.set_note(project, key, text)
    if field in _ENDS:
        return _structured(project, key, field, given)
    if key in project.graph.inputs:
        return _of_input(project, key, field, given)
    if field.startswith(TENSOR):
        return _cut(project, key, field.removeprefix(TENSOR))
    if field.startswith(CALL):
        return _of_call(project, key, field.removeprefix(CALL), given)
    if project.graph.layers[project.graph.calls[key].layer].class_name == MODEL:
        return _of_model(project, key, field, given)
    return _of_layer(project, key, field, given)


def _renamed(project: Project, key: str, given: Given) -> Edit:
    own = project.graph.calls[key].layer if key in project.graph.calls else key
    name = own if given is None else str(given).strip()
    return f"rename {node_name(project.graph, key)} → {name}", commands.rename(project, key, name)


def _structured(project: Project, key: str, field: str, given: Given) -> Edit:
    """Return the edit of how the graph, or a model that a layer applies, takes or gives tensors."""
    structure = STRUCTURES[PLAIN if given is None else str(given)]
    end, model = _ENDS[field], ""
    if field in (INNER_TAKES, INNER_GIVES):
        model = applied(project.graph.layers[project.graph.calls[key].layer])
    label = f"{model or project.name} {end} {structure or PLAIN}"
    return label, details.set_structure(project, model, end, structure)


def _of_input(project: Project, key: str, field: str, given: Given) -> Edit:
    found = project.graph.inputs[key]
    shape, dtype = found.shape, found.dtype
    if field == "shape":
        if given is None:
            raise ValueError("shape has no default: it is that of the data")
        shape = read_shape(str(given))
    else:
        dtype = "float32" if given is None else str(given)
    name = node_name(project.graph, key)
    label = f"set {name} {field} {words.shape(shape) if field == 'shape' else dtype}"
    return label, commands.set_input(project, key, shape, dtype)


def read_shape(text: str) -> tuple[int | None, ...]:
    """Read a shape as it is typed: `8, 8`, `(8, 8)`, `64`, `?, 3`.

    Raises:
        ValueError: It is no shape.
    """
    plain = text.replace(glyphs().unknown, "none").replace("?", "none").strip()
    try:
        value = parse_value(_SHAPE, plain if plain.startswith("(") else f"({plain},)" if plain else "()")
    except ValueError:
        raise ValueError(f"shape takes sizes such as 8, 8 or ?, 3. Received: {text!r}") from None
    sizes = value if isinstance(value, tuple) else (value,)
    found = tuple(size for size in sizes if size is None or isinstance(size, int))
    if len(found) != len(sizes):
        raise ValueError(f"shape takes sizes such as 8, 8 or ?, 3. Received: {text!r}")
    return found


def _of_layer(project: Project, key: str, field: str, given: Given) -> Edit:
    layer = project.graph.calls[key].layer
    found = project.graph.layers[layer]
    entry = catalog().layer(found.class_name)
    if entry is None:
        raise ValueError(f"there is no layer {found.class_name} in this Keras")
    label, argument, config = _argument_after(node_name(project.graph, key), entry, found.config, field, given)
    if argument in config:
        return label, commands.set_argument(project, layer, argument, config[argument])
    return label, commands.reset_argument(project, layer, argument)


def _of_call(project: Project, key: str, field: str, given: Given) -> Edit:
    call = project.graph.calls[key]
    found = catalog().layer(project.graph.layers[call.layer].class_name)
    # The arguments of a call are read as if they were those of a class.
    entry = Entry("layer", "call", arguments=found.options if found else ())
    label, argument, config = _argument_after(node_name(project.graph, key), entry, call.arguments, field, given)
    if argument in config:
        return label, details.set_call_argument(project, key, argument, config[argument])
    return label, details.reset_call_argument(project, key, argument)


def _cut(project: Project, key: str, argument: str) -> Edit:
    """Return the edit that takes away the tensors that a call takes by a name; these fields can only be put back."""
    wires = [wire for wire in wires_into(project.graph, key) if wire.argument == argument]
    names = ", ".join(node_name(project.graph, wire.source) for wire in wires)
    label = f"cut {names} → {node_name(project.graph, key)} {argument}"
    return label, details.disconnect_argument(project, key, argument)


def _argument_after(
    name: str, entry: Entry, config: Mapping[str, Value], field: str, given: Given
) -> tuple[str, str, Mapping[str, Value]]:
    """Return the label of an edit, the argument it changes, and all arguments after it."""
    path = field.split(".")
    argument = entry.argument(path[0])
    if given is None and len(path) == 1 and argument is not None and argument.required:
        raise ValueError(f"{field} has no default")
    after = entered(entry, config, path, given)
    kept = path[0] in after and given is not None
    return f"set {name} {field} {given}" if kept else f"reset {name} {field}", path[0], after


def _of_model(project: Project, key: str, field: str, given: Given) -> Edit:
    """Return the edit of a layer that applies a model of the project: which one, or whether it is trained."""
    layer, name = project.graph.calls[key].layer, node_name(project.graph, key)
    if field == TRAINABLE:
        frozen = given is False
        return f"{'freeze' if frozen else 'train'} {name}", swapping.freeze(project, [key], frozen)
    if given is None:
        raise ValueError("model has no default")
    return f"set {name} model {given}", details.set_model(project, layer, str(given))
