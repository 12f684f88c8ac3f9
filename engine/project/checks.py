"""What can be said about a project without TensorFlow: wiring, arguments, outputs, losses that do not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kerastui.engine.catalog.catalog import Kind, catalog
from kerastui.engine.catalog.check import check_config
from kerastui.engine.project.document import Graph, Project, Spec, Value
from kerastui.engine.project.graph import consumers, dangling, layer_name, node_name
from kerastui.engine.project.problems import Problem, Repair, Stage

PROBABILITIES = {"softmax", "sigmoid"}
CLASS_LOSSES = {"SparseCategoricalCrossentropy", "CategoricalCrossentropy"}


def check_project(project: Project) -> list[Problem]:
    """Return what is wrong with a project, as far as the document alone tells.

    Args:
        project: The project.

    Returns:
        Problems of the Build and Configure stages, those that stop a run first.
    """
    found = [*_graph(project.graph), *_settings(project), *_callbacks(project)]
    ranks = {"error": 0, "warning": 1, "note": 2}
    return sorted(found, key=lambda problem: ranks[problem.severity])


def check_targets(
    project: Project,
    shapes: Mapping[str, tuple[int | None, ...]],
    classes: Mapping[str, int],
    encodings: Mapping[str, str],
) -> list[Problem]:
    """Return where an output and its loss do not fit the target they are trained on.

    Args:
        project: The project.
        shapes: Shape of each output with the batch axis, by output name.
        classes: Number of classes of each categorical target, by output name.
        encodings: Encoding of each target, by output name.

    Returns:
        Problems of the Build and Configure stages.
    """
    found: list[Problem] = []
    for name, source in project.graph.outputs.items():
        loss = project.compile.losses.get(name)
        shape = shapes.get(name)
        if loss is not None and shape is not None and name in encodings:
            found.extend(_target(project, name, source, loss, shape[-1], classes.get(name, 0), encodings[name]))
    return found


def _target(
    project: Project, name: str, source: str, loss: Spec, width: int | None, classes: int, encoding: str
) -> Iterator[Problem]:
    wanted = fitting_loss(classes, encoding, width)
    change = Repair(f"use {wanted}", "loss", name, value=wanted)
    kind = loss.class_name
    if classes and kind in {"MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh"} and encoding == "label":
        yield Problem("warning", "configure", name, f"{kind} treats {classes} classes as numbers", "", change)
    elif kind == "SparseCategoricalCrossentropy" and encoding != "label":
        yield Problem("error", "configure", name, f"{kind} takes integer labels; the target is not", "", change)
    elif kind == "CategoricalCrossentropy" and encoding != "one-hot":
        yield Problem("error", "configure", name, f"{kind} takes one-hot targets; the target is not", "", change)
    elif kind == "BinaryCrossentropy" and classes > 2 and encoding == "label":
        yield Problem(
            "error", "configure", name, f"{kind} tells two classes apart; the target has {classes}", "", change
        )
    if kind in CLASS_LOSSES and classes and width is not None and width < classes:
        call = project.graph.calls.get(source)
        units = call is not None and "units" in project.graph.layers[call.layer].config
        fix = Repair(f"units {width} → {classes}", "argument", call.layer, "units", classes) if call and units else None
        yield Problem(
            "error", "build", source, f"{width} values for {classes} classes", "give it one unit a class", fix
        )


def fitting_loss(classes: int, encoding: str, width: int | None) -> str:
    """Return the name of the loss that fits a target.

    Args:
        classes: Number of classes, 0 for numbers.
        encoding: `"label"`, `"one-hot"`, or how numbers are scaled.
        width: Last size of the output.
    """
    if encoding == "one-hot":
        return "CategoricalCrossentropy"
    if classes:
        return "BinaryCrossentropy" if classes == 2 and width == 1 else "SparseCategoricalCrossentropy"
    return "MeanSquaredError"


def _graph(graph: Graph) -> Iterator[Problem]:
    if not graph.inputs:
        yield Problem("error", "build", "", "the graph has no input", "a adds one")
    if not graph.outputs:
        yield Problem("error", "build", "", "the graph has no output", "select the last layer and press o")
    for key, call in graph.calls.items():
        if not call.inputs:
            name = layer_name(graph, call.layer)
            yield Problem("error", "build", key, f"{name} has no input", "connect a layer to it with c")
    checked: set[str] = set()
    for key, call in graph.calls.items():
        if call.layer not in checked:
            checked.add(call.layer)
            layer = graph.layers[call.layer]
            yield from _spec("build", key, "layer", Spec(layer.class_name, layer.config))
    if graph.outputs:
        for key in dangling(graph):
            if not consumers(graph, key):
                hint = "connect it, delete it, or make it an output with o"
                yield Problem("warning", "build", key, f"{node_name(graph, key)} leads to no output", hint)


def _settings(project: Project) -> Iterator[Problem]:
    settings = project.compile
    yield from _spec("configure", "optimizer", "optimizer", settings.optimizer)
    for name, source in project.graph.outputs.items():
        loss = settings.losses.get(name)
        if loss is None:
            yield Problem("error", "configure", name, f"{name} has no loss", "choose one under outputs")
            continue
        yield from _spec("configure", name, "loss", loss)
        for metric in settings.metrics.get(name, ()):
            yield from _spec("configure", name, "metric", metric)
        yield from _logits(project.graph, name, source, loss)


def _logits(graph: Graph, name: str, source: str, loss: Spec) -> Iterator[Problem]:
    """Compare the last activation with `from_logits`, where the loss has it."""
    call = graph.calls.get(source)
    entry = catalog().get("loss", loss.class_name)
    if call is None or entry is None or entry.argument("from_logits") is None:
        return
    layer = graph.layers[call.layer]
    ending = _ending(layer.class_name, layer.config.get("activation"))
    logits = loss.config.get("from_logits") is True
    turn = Repair(f"set from_logits={not logits}", "loss-argument", name, "from_logits", not logits)
    if ending in PROBABILITIES and logits:
        what = f"{ending} output; the loss has from_logits=True"
        yield Problem("warning", "configure", name, what, "the loss repeats it: training is slow", turn)
    elif ending == "linear" and layer.class_name == "Dense" and not logits:
        what = f"{node_name(graph, source)} ends without an activation; the loss expects probabilities"
        yield Problem("warning", "configure", name, what, "", turn)


def _ending(class_name: str, activation: Value) -> str:
    if class_name == "Softmax":
        return "softmax"
    if isinstance(activation, Spec):
        return activation.class_name.lower()
    return activation if isinstance(activation, str) else "linear"


def _callbacks(project: Project) -> Iterator[Problem]:
    validates = project.data.split.validation > 0
    for callback in project.fit.callbacks:
        yield from _spec("configure", callback.class_name, "callback", callback)
        entry = catalog().get("callback", callback.class_name)
        argument = entry.argument("monitor") if entry else None
        monitor = callback.config.get("monitor", argument.default if argument else None)
        if isinstance(monitor, str) and monitor.startswith("val_") and not validates:
            what = f"{callback.class_name} watches {monitor}, but nothing is validated"
            yield Problem("warning", "configure", callback.class_name, what, "give the split a validation part")


def _spec(stage: Stage, subject: str, kind: Kind, spec: Spec) -> Iterator[Problem]:
    """Compare a class and its arguments with the catalog, and those of the objects inside."""
    entry = catalog().get(kind, spec.class_name)
    if entry is None:
        near = catalog().search(spec.class_name, kind)
        hint = f"did you mean {near[0].name}?" if near else f"choose another {kind}"
        yield Problem("error", stage, subject, f"there is no {kind} {spec.class_name} in this Keras", hint)
        return
    for message in check_config(entry, spec.config):
        yield Problem("error", stage, subject, message)
