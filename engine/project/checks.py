"""What can be said about a project without TensorFlow: wiring, arguments, outputs, losses that do not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import Kind, catalog
from kerastui.engine.catalog.check import check_config, suggest
from kerastui.engine.custom.files import is_own
from kerastui.engine.project.arranging import reach
from kerastui.engine.project.document import Graph, Project, Spec, Value
from kerastui.engine.project.graph import NAME, dangling, layer_name, node_name, node_of, nodes, sources
from kerastui.engine.project.inside import place_of, split_place
from kerastui.engine.project.measures import VALIDATION, is_reported, reported
from kerastui.engine.project.nesting import wrong_models
from kerastui.engine.project.problems import Problem, Repair, Stage, by_severity

PROBABILITIES = {"softmax", "sigmoid"}
CLASS_LOSSES = {"SparseCategoricalCrossentropy", "CategoricalCrossentropy"}
FILE_ARGUMENTS = ("filepath", "filename", "directory", "log_dir", "backup_dir")
"""Arguments of callbacks that name a file or folder, which lies in the folder of the run."""

REWRITE = "write it as a layer in layers.py; w on the card puts that in its place"
"""What to do about a `Lambda`."""

LEARNED = {
    "Discretization": ("bin_boundaries",),
    "IntegerLookup": ("vocabulary",),
    "StringLookup": ("vocabulary",),
    "TextVectorization": ("vocabulary",),
}
"""Layers that know nothing until they have seen data (`adapt`), and the argument that stands for it."""

INPUT_DTYPES = (
    *("float16", "bfloat16", "float32", "float64", "bool"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)


def check_project(project: Project) -> list[Problem]:
    """Return what is wrong with a project, as far as the document alone tells.

    Args:
        project: The project.

    Returns:
        Problems of the Build and Configure stages, those that stop a run first.
    """
    graph = project.graph
    found = [*_graph(graph), *_inputs(graph), *_names(graph), *_settings(project), *_fit(project), *_callbacks(project)]
    for key, model in project.models.items():
        inside = (*_graph(model), *_names(model))
        found += [replace(problem, subject=place_of(key, problem.subject)) for problem in inside]
    found += _positions(project)
    found += wrong_models(project)
    return by_severity(found)


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
    for name, end in project.graph.outputs.items():
        source = node_of(end)
        loss = project.compile.losses.get(name)
        shape = shapes.get(name)
        if loss is not None and shape is not None and name in encodings:
            known = classes.get(name, 0)
            if known and len(shape) != 2:
                what = f"{node_name(project.graph, source)} gives {len(shape)} axes with the batch, classes take 2"
                fix = Repair("insert Flatten", "insert", source, "Flatten") if source in project.graph.calls else None
                found.append(Problem("error", "build", source, what, "insert Flatten before it", fix))
            else:
                width = shape[-1] if shape else None
                found.extend(_target(project, name, source, loss, width, known, encodings[name]))
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
    elif kind == "BinaryCrossentropy" and classes == 2 and encoding == "label" and width not in (None, 1):
        yield Problem("error", "configure", name, f"{kind} takes one value, the output has {width}", "", change)
    one_each = encoding == "one-hot" and kind != "SparseCategoricalCrossentropy"
    if not (classes and width is not None and (one_each or kind in CLASS_LOSSES)):
        return
    if width != classes if one_each else width < classes:
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
        if not call.inputs and not call.named:
            name = layer_name(graph, call.layer)
            yield Problem("error", "build", key, f"{name} has no input", "connect a layer to it with c")
        layer = graph.layers[call.layer]
        learned = LEARNED.get(layer.class_name, ())
        if learned and not any(layer.config.get(argument) for argument in learned):
            what = f"{layer.class_name} has nothing to go by: it learns from data, which is not done here yet"
            yield Problem("error", "build", key, what, f"set its {learned[0]}")
    checked: set[str] = set()
    for key, call in graph.calls.items():
        if call.layer not in checked:
            checked.add(call.layer)
            layer = graph.layers[call.layer]
            yield from _spec("build", key, "layer", Spec(layer.class_name, layer.config))
    if graph.outputs:
        fed = {source for key in graph.calls for source in sources(graph, key)}
        for key in dangling(graph):
            if key not in fed:
                hint = "connect it, delete it, or make it an output with o"
                yield Problem("warning", "build", key, f"{node_name(graph, key)} leads to no output", hint)


def _inputs(graph: Graph) -> Iterator[Problem]:
    for key, value in graph.inputs.items():
        if value.dtype not in INPUT_DTYPES:
            what = f"the data is numbers, which an input of dtype {value.dtype} cannot hold"
            yield Problem("error", "build", key, what, "choose float32")


def _names(graph: Graph) -> Iterator[Problem]:
    """Find names that Keras refuses; commands give none, a file written by hand may."""
    named = {key: node_name(graph, key) for key in (*graph.inputs, *{call.layer: 0 for call in graph.calls.values()})}
    called = {call.layer: key for key, call in reversed(list(graph.calls.items()))}
    used = Counter(named.values())
    for key, name in named.items():
        subject = key if key in graph.inputs else called[key]
        if not NAME.fullmatch(name):
            what = f"{name!r} is no name for a layer"
            yield Problem("error", "build", subject, what, "letters, digits, _, - and . make a name; f2 gives another")
        elif used[name] > 1:
            yield Problem("error", "build", subject, f"{used[name]} layers are named {name}", "f2 gives another name")


def _positions(project: Project) -> Iterator[Problem]:
    """Find cards that a file puts so far off that they are drawn nearer."""
    graphs = {"": project.graph, **project.models}
    for place, position in project.layout.items():
        model, node = split_place(place)
        graph = graphs.get(model)
        if graph is not None and node in nodes(graph) and max(map(abs, position)) > reach(graph):
            what = f"{node_name(graph, node)} is drawn nearer than its place in kerastui.toml, {list(position)}"
            yield Problem("warning", "build", place, what, "move it, or L lays the cards out anew")


def _settings(project: Project) -> Iterator[Problem]:
    settings = project.compile
    yield from _spec("configure", "optimizer", "optimizer", settings.optimizer)
    if settings.model:
        yield from _spec("configure", "model", "model", Spec(settings.model))
    for name, source in project.graph.outputs.items():
        loss = settings.losses.get(name)
        if loss is None and settings.model:
            continue  # it may have a train step of its own
        if loss is None:
            yield Problem("error", "configure", name, f"{name} has no loss", "choose one under outputs in Configure")
            continue
        yield from _spec("configure", name, "loss", loss)
        for metric in settings.metrics.get(name, ()):
            yield from _spec("configure", name, "metric", metric)
        yield from _logits(project.graph, name, node_of(source), loss)


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


def _fit(project: Project) -> Iterator[Problem]:
    fit = project.fit
    counts = {
        "epochs": fit.epochs,
        "batch_size": fit.batch_size,
        "validation_freq": fit.validation_freq,
        "steps_per_execution": project.compile.steps_per_execution,
    }
    for name, count in counts.items():
        if not 0 < count < 2**31:
            what = f"{name} takes a whole number above 0 and below 2^31. Received: {count}"
            yield Problem("error", "configure", name, what)
    if fit.seed is not None and not 0 <= fit.seed < 2**32:
        what = f"seed takes a whole number from 0 to 2^32 - 1, or none. Received: {fit.seed}"
        yield Problem("error", "configure", "seed", what)
    if project.data.split.seed < 0:
        what = f"the seed of the split takes a whole number from 0 on. Received: {project.data.split.seed}"
        yield Problem("error", "data", "", what)


def _callbacks(project: Project) -> Iterator[Problem]:
    validates, known = project.data.split.validation > 0, reported(project)
    for callback in project.fit.callbacks:
        yield from _spec("configure", callback.class_name, "callback", callback)
        for name in FILE_ARGUMENTS:
            path = callback.config.get(name)
            if isinstance(path, str) and (PurePath(path).is_absolute() or ".." in PurePath(path).parts):
                what = f"{name} lies in the folder of the run. Received: {path}"
                hint = "take a path without / at its start and .."
                yield Problem("error", "configure", callback.class_name, what, hint)
        entry = catalog().get("callback", callback.class_name)
        argument = entry.argument("monitor") if entry else None
        monitor = callback.config.get("monitor", argument.default if argument else None)
        if isinstance(monitor, str) and monitor.startswith(VALIDATION) and not validates:
            what = f"{callback.class_name} watches {monitor}, but nothing is validated"
            yield Problem("warning", "configure", callback.class_name, what, "give the split a validation part")
        elif isinstance(monitor, str) and known and not is_reported(monitor, known):
            what = f"{callback.class_name} watches {monitor}, which the run does not report"
            names = [*known, *(f"{VALIDATION}{name}" for name in known if validates)]
            yield Problem("warning", "configure", callback.class_name, what, f"choose one of {', '.join(names)}")


def _spec(stage: Stage, subject: str, kind: Kind, spec: Spec) -> Iterator[Problem]:
    """Compare a class and its arguments with the catalog, and those of the objects inside."""
    entry = catalog().get(kind, spec.class_name)
    if entry is None and catalog().own is None and is_own(spec.class_name):
        return  # the code has not been read yet
    if entry is None and is_own(spec.class_name):
        file, _, name = spec.class_name.rpartition(".")
        what = f"{file}.py gives no {'class of models' if kind == 'model' else kind} {name}"
        yield Problem("error", stage, subject, what, f"choose another {kind}, or define it there")
        return
    if entry is None:
        near = catalog().search(spec.class_name, kind)
        close = suggest(spec.class_name, (item.name for item in catalog().of(kind))).removeprefix("; ")
        hint = close or (f"did you mean {near[0].name}?" if near else f"choose another {kind}")
        yield Problem("error", stage, subject, f"there is no {kind} {spec.class_name} in this Keras", hint)
        return
    hint = REWRITE if spec.class_name == "Lambda" else ""
    for message in check_config(entry, spec.config):
        yield Problem("error", stage, subject, message, hint)
