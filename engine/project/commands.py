"""Commands: what a person does to a project, as functions from project to project.

None of them touches the project it is given. Each raises `EditError` with a message fit for the screen when what is
asked cannot be done. `Workspace.do` makes an edit of the result.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from kerastui.engine.project.document import Call, Column, Fit, Graph, Input, Layer, Project, Spec, Split, Value
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import calls_of, consumers, free_id, layer_name, nodes, taken_names, upstream

T = TypeVar("T")


def add_input(project: Project, shape: tuple[int | None, ...], dtype: str = "float32") -> tuple[Project, str]:
    """Add an input.

    Args:
        project: The project.
        shape: Shape of one sample, without the batch axis.
        dtype: Data type of the tensor.

    Returns:
        The new project and the id of the input.
    """
    graph = project.graph
    key = free_id("input", taken_names(graph))
    return _with(project, replace(graph, inputs={**graph.inputs, key: Input(shape, dtype)})), key


def add_layer(
    project: Project, class_name: str, config: Mapping[str, Value] | None = None, after: str | None = None
) -> tuple[Project, str]:
    """Add a layer and its call, fed by the node it is added after.

    The wires that are there stay. An output that was taken from the end of a chain moves on to the new end.

    Args:
        project: The project.
        class_name: Name of a `keras.layers` class.
        config: Its arguments that differ from the default.
        after: Id of the input or call that feeds it; none feeds it when `None`.

    Returns:
        The new project and the id of the new call.
    """
    graph = project.graph
    _known(graph, after)
    key = free_id(class_name, taken_names(graph))
    outputs = graph.outputs
    if after is not None and not consumers(graph, after):
        outputs = {name: key if source == after else source for name, source in outputs.items()}
    graph = replace(
        graph,
        layers={**graph.layers, key: Layer(class_name, dict(config or {}))},
        calls={**graph.calls, key: Call(key, () if after is None else (after,))},
        outputs=outputs,
    )
    return _with(project, graph), key


def insert_layer(
    project: Project, class_name: str, config: Mapping[str, Value] | None, source: str, target: str
) -> tuple[Project, str]:
    """Add a layer on the wire between two nodes.

    Args:
        project: The project.
        class_name: Name of a `keras.layers` class.
        config: Its arguments that differ from the default.
        source: Id of the node the wire comes from.
        target: Id of the call it enters.

    Returns:
        The new project and the id of the new call.

    Raises:
        EditError: There is no such wire.
    """
    graph = project.graph
    if target not in graph.calls or source not in graph.calls[target].inputs:
        raise EditError(f"there is no wire from {source} to {target}")
    key = free_id(class_name, taken_names(graph))
    calls = dict(graph.calls)
    calls[target] = replace(calls[target], inputs=_swapped(calls[target].inputs, source, key))
    calls[key] = Call(key, (source,))
    layers = {**graph.layers, key: Layer(class_name, dict(config or {}))}
    return _with(project, replace(graph, layers=layers, calls=calls)), key


def connect(project: Project, source: str, target: str, single: bool = False) -> Project:
    """Draw a wire from a node to a call.

    Args:
        project: The project.
        source: Id of the input or call that gives the value.
        target: Id of the call that takes it.
        single: The target's layer takes one input: a wire that is there is replaced.

    Raises:
        EditError: The wire is there already, or would close a cycle, or the target is an input.
    """
    graph = project.graph
    _known(graph, source)
    if target not in graph.calls:
        raise EditError(f"{target} is an input: nothing can feed it")
    if source == target or target in upstream(graph, source):
        raise EditError(f"{target} already feeds {source}: the wire would close a cycle")
    call = graph.calls[target]
    if source in call.inputs:
        raise EditError(f"{source} already feeds {target}")
    inputs = (source,) if single else (*call.inputs, source)
    return _with(project, replace(graph, calls={**graph.calls, target: replace(call, inputs=inputs)}))


def disconnect(project: Project, source: str, target: str) -> Project:
    """Cut the wire from a node to a call.

    Raises:
        EditError: There is no such wire.
    """
    graph = project.graph
    if target not in graph.calls or source not in graph.calls[target].inputs:
        raise EditError(f"there is no wire from {source} to {target}")
    call = graph.calls[target]
    inputs = tuple(item for item in call.inputs if item != source)
    return _with(project, replace(graph, calls={**graph.calls, target: replace(call, inputs=inputs)}))


def delete(project: Project, keys: Iterable[str]) -> Project:
    """Delete inputs and calls; what a deleted call with one source fed is fed by that source.

    A layer goes with its last call, settings of an output with the output.
    """
    for key in keys:
        project = _deleted(project, key)
    return project


def rename(project: Project, key: str, name: str) -> Project:
    """Give an input or a layer another name; its id, and so every wire and every setting, stays.

    Args:
        project: The project.
        key: Id of an input or a call.
        name: The new name: letters, digits, `_`, `-` and `.`.

    Raises:
        EditError: The name is empty, has other characters, or is taken.
    """
    graph = project.graph
    _known(graph, key)
    layer = graph.calls[key].layer if key in graph.calls else key
    if not name or not name.replace("_", "").replace("-", "").replace(".", "").isalnum() or not name.isascii():
        raise EditError(f"a name is made of letters, digits, _, - and . Received: {name!r}")
    own = {layer, key, graph.inputs[key].name if key in graph.inputs else graph.layers[layer].name}
    if name in taken_names(graph) - own:
        raise EditError(f"{name} is the name of another layer or input")
    stored = "" if name == layer else name
    if key in graph.inputs:
        inputs = _replaced(graph.inputs, key, replace(graph.inputs[key], name=stored))
        return _with(project, replace(graph, inputs=inputs))
    layers = _replaced(graph.layers, layer, replace(graph.layers[layer], name=stored))
    return _with(project, replace(graph, layers=layers))


def set_argument(project: Project, layer: str, argument: str, value: Value) -> Project:
    """Set an argument of a layer.

    Raises:
        EditError: There is no such layer.
    """
    found = _layer(project.graph, layer)
    return _with_layer(project, layer, replace(found, config={**found.config, argument: value}))


def reset_argument(project: Project, layer: str, argument: str) -> Project:
    """Put an argument of a layer back to its default.

    Raises:
        EditError: There is no such layer.
    """
    found = _layer(project.graph, layer)
    config = {key: value for key, value in found.config.items() if key != argument}
    return _with_layer(project, layer, replace(found, config=config))


def set_input(project: Project, key: str, shape: tuple[int | None, ...], dtype: str) -> Project:
    """Set shape and data type of an input.

    Raises:
        EditError: There is no such input, or a size is below 1.
    """
    graph = project.graph
    if key not in graph.inputs:
        raise EditError(f"there is no input {key}")
    if any(size is not None and size < 1 for size in shape):
        raise EditError(f"a size is 1 or more, or ? where unknown. Received: shape={shape}")
    inputs = _replaced(graph.inputs, key, replace(graph.inputs[key], shape=shape, dtype=dtype))
    return _with(project, replace(graph, inputs=inputs))


def toggle_output(project: Project, key: str) -> Project:
    """Make a call an output of the graph, or take that back; settings of the output go with it.

    Raises:
        EditError: There is no such call.
    """
    graph = project.graph
    _known(graph, key)
    names = [name for name, source in graph.outputs.items() if source == key]
    if names:
        outputs = {name: source for name, source in graph.outputs.items() if source != key}
        return _without_outputs(_with(project, replace(graph, outputs=outputs)), names)
    layer = graph.calls[key].layer if key in graph.calls else key
    name = free_id(layer_name(graph, layer), graph.outputs)
    return _with(project, replace(graph, outputs={**graph.outputs, name: key}))


def move(project: Project, key: str, position: tuple[int, int]) -> Project:
    """Put a card at a cell of the canvas, where it stays until `lay_out`.

    Raises:
        EditError: There is no such node.
    """
    _known(project.graph, key)
    return replace(project, layout={**project.layout, key: position})


def lay_out(project: Project) -> Project:
    """Forget all positions set by hand, so that every card is placed automatically."""
    return replace(project, layout={})


def set_optimizer(project: Project, optimizer: Spec) -> Project:
    """Set the optimizer and its arguments."""
    return replace(project, compile=replace(project.compile, optimizer=optimizer))


def set_loss(project: Project, output: str, loss: Spec | None) -> Project:
    """Set the loss of an output; `None` takes it away.

    Raises:
        EditError: There is no such output.
    """
    _output(project, output)
    losses = {**project.compile.losses, output: loss}
    kept = {key: value for key, value in losses.items() if value is not None}
    return replace(project, compile=replace(project.compile, losses=kept))


def set_metrics(project: Project, output: str, metrics: tuple[Spec, ...]) -> Project:
    """Set the metrics of an output.

    Raises:
        EditError: There is no such output.
    """
    _output(project, output)
    kept = {key: value for key, value in {**project.compile.metrics, output: metrics}.items() if value}
    return replace(project, compile=replace(project.compile, metrics=kept))


def set_compile(project: Project, **settings: Any) -> Project:
    """Set simple fields of `Compile`, by name.

    Raises:
        EditError: `steps_per_execution` is below 1.
    """
    compiled = replace(project.compile, **settings)
    _at_least("steps_per_execution", compiled.steps_per_execution, 1)
    return replace(project, compile=compiled)


def set_fit(project: Project, **settings: Any) -> Project:
    """Set fields of `Fit`, by name.

    Raises:
        EditError: `epochs`, `batch_size` or `validation_freq` is below 1.
    """
    fit: Fit = replace(project.fit, **settings)
    for name in ("epochs", "batch_size", "validation_freq"):
        _at_least(name, getattr(fit, name), 1)
    return replace(project, fit=fit)


def set_source(project: Project, source: str, columns: Mapping[str, Column]) -> Project:
    """Choose a data source and what its columns are for."""
    return replace(project, data=replace(project.data, source=source, columns=dict(columns)))


def set_column(project: Project, name: str, column: Column) -> Project:
    """Set role, encoding and binding of a column."""
    columns = _replaced(project.data.columns, name, column)
    return replace(project, data=replace(project.data, columns=columns))


def set_split(project: Project, split: Split) -> Project:
    """Set how the rows are divided.

    Raises:
        EditError: A share is outside 0 to below 1, or nothing is left to train on.
    """
    for name in ("validation", "test"):
        share = getattr(split, name)
        if not 0 <= share < 1:
            raise EditError(f"{name} takes a share from 0 to below 1. Received: {name}={share}")
    if split.validation + split.test >= 1:
        raise EditError(f"nothing is left to train on: validation {split.validation} + test {split.test}")
    return replace(project, data=replace(project.data, split=split))


def _deleted(project: Project, key: str) -> Project:
    graph = project.graph
    _known(graph, key)
    call = graph.calls.get(key)
    heir = call.inputs[0] if call is not None and len(call.inputs) == 1 else None
    calls = {
        other: replace(item, inputs=_swapped(item.inputs, key, heir))
        for other, item in graph.calls.items()
        if other != key
    }
    outputs = {
        name: heir if source == key else source
        for name, source in graph.outputs.items()
        if source != key or (heir in graph.calls and heir not in graph.outputs.values())
    }
    kept = replace(
        graph,
        inputs={other: item for other, item in graph.inputs.items() if other != key},
        calls=calls,
        outputs={name: source for name, source in outputs.items() if source is not None},
    )
    if call is not None and not calls_of(kept, call.layer):
        kept = replace(kept, layers={name: item for name, item in graph.layers.items() if name != call.layer})
    layout = {other: position for other, position in project.layout.items() if other != key}
    gone = [name for name in graph.outputs if name not in kept.outputs]
    return _without_outputs(replace(_with(project, kept), layout=layout), gone)


def _without_outputs(project: Project, names: Iterable[str]) -> Project:
    gone = set(names)
    compiled = project.compile
    return replace(
        project,
        compile=replace(
            compiled,
            losses=_without(compiled.losses, gone),
            metrics=_without(compiled.metrics, gone),
            loss_weights=_without(compiled.loss_weights, gone),
        ),
    )


def _without(items: Mapping[str, T], gone: set[str]) -> dict[str, T]:
    return {key: item for key, item in items.items() if key not in gone}


def _swapped(inputs: tuple[str, ...], old: str, new: str | None) -> tuple[str, ...]:
    """Give a call another source; it is left out where the call takes that one already."""
    if new is None or new in inputs:
        return tuple(item for item in inputs if item != old)
    return tuple(new if item == old else item for item in inputs)


def _replaced(items: Mapping[str, T], key: str, value: T) -> dict[str, T]:
    return {**items, key: value}


def _with(project: Project, graph: Graph) -> Project:
    return replace(project, graph=graph)


def _with_layer(project: Project, key: str, layer: Layer) -> Project:
    return _with(project, replace(project.graph, layers=_replaced(project.graph.layers, key, layer)))


def _layer(graph: Graph, key: str) -> Layer:
    if key not in graph.layers:
        raise EditError(f"there is no layer {key}")
    return graph.layers[key]


def _known(graph: Graph, key: str | None) -> None:
    if key is not None and key not in set(nodes(graph)):
        raise EditError(f"there is no input or layer {key}")


def _output(project: Project, name: str) -> None:
    if name not in project.graph.outputs:
        raise EditError(f"there is no output {name}")


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise EditError(f"{name} is {least} or more. Received: {name}={value}")


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of a project: a file name without surprises."""
    return bool(text) and text.replace("-", "_").isidentifier() and not keyword.iskeyword(text)
