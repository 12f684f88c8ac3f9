"""A project as Python code that runs with Keras alone, wherever kerastui is not installed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from kerastui.engine.project.document import MODEL, Graph, Project, Spec, Value
from kerastui.engine.project.graph import keras_name
from kerastui.engine.writing.graphs import GraphWriter
from kerastui.engine.writing.names import Names
from kerastui.engine.writing.settings import compiling, loading, showing, training
from kerastui.engine.writing.source import STEP, quoted, text
from kerastui.engine.writing.values import Values

FUNCTIONS = ("build_model", "compile_model", "load_weights", "train", "main", "model")
"""Names that every module of ours has."""


def python_code(project: Project, saved: Collection[str] = ()) -> str:
    """Write a project as Python code: the model, how it is compiled, and how it is trained.

    The code needs Keras 3 and, where the project has layers of its own, the files they are in. It gives a model with
    the same layers, names and predictions. A graph that is not complete gives code all the same, of what is there.

    Args:
        project: The project.
        saved: Paths of the layers in its file of weights; `()` where that is not known, and no layer was grouped since.

    Returns:
        The text of a module, formatted as ruff and black format it.

    Example:
        >>> from kerastui.engine.templates import project
        >>> print(python_code(project("digits")).splitlines()[8])
        def build_model() -> keras.Model:
    """
    names = Names(FUNCTIONS)
    values = Values(names)
    _own_classes(project, values)
    inside = _inner_first(project)
    values.builders = {key: names.new(f"build_{key}") for key in inside}
    writer = GraphWriter(project, values, [*FUNCTIONS, *values.builders.values()])
    whole = [
        "def build_model() -> keras.Model:",
        f'{STEP}"""Build the model, with new weights."""',
        *writer.body("", _made_as(project, values), name=text(quoted(keras_name(project.name)))),
    ]
    parts = [*(_model_inside(writer, key) for key in reversed(inside))]  # from outside in: who is frozen is known then
    parts = [*reversed(parts), whole]
    compiled = compiling(project, values)
    parts += [
        part for part in (compiled, loading(project, saved), training(project, values) if compiled else []) if part
    ]
    parts.append(showing(project, bool(compiled)))
    parts.append(['if __name__ == "__main__":', f"{STEP}main()"])
    return "\n\n\n".join("\n".join(part) for part in [_head(project, values), *parts]) + "\n"


def _head(project: Project, values: Values) -> list[str]:
    """Return docstring and imports."""
    used = [name for name in ("layers", "ops") if name in values.modules]
    numpy = ["import numpy"] if "numpy" in values.modules else []
    found = [
        f'"""The network of the project {_worded(project.name)}, for Keras 3."""',
        "",
        "import keras",
        *numpy,
        *([f"from keras import {', '.join(used)}"] if used else []),
    ]
    files: dict[str, list[str]] = {}
    for (module, name), written in sorted(values.imports.items()):
        files.setdefault(module, []).append(name if name == written else f"{name} as {written}")
    return [*found, *([""] if files else []), *(f"from {file} import {', '.join(files[file])}" for file in files)]


def _model_inside(writer: GraphWriter, key: str) -> list[str]:
    settable = ", trainable: bool | None = None" if key in writer.values.settable else ""
    return [
        f"def {writer.values.builders[key]}(name: str{settable}) -> keras.Model:",
        f'{STEP}"""Build the model {_worded(key)}, which stands inside others."""',
        *writer.body(key, name=text("name")),
    ]


def _made_as(project: Project, values: Values) -> str:
    """Return the class that the model is made as: Keras's, or one of the project's own."""
    own = project.compile.model
    return values.class_(own, "layer") if own else "keras.Model"


def _worded(name: str) -> str:
    """Return a name as it can stand within a docstring of one line."""
    return " ".join(name.split()).replace("\\", "/").replace('"', "'") or "model"


def _inner_first(project: Project) -> list[str]:
    """Return the ids of the models inside that are applied, each after those inside itself."""
    found: dict[str, None] = {}
    waiting: list[tuple[str, bool]] = [(key, False) for key in reversed(list(_applied(project.graph)))]
    seen: set[str] = set()
    while waiting:
        key, leaving = waiting.pop()
        if leaving:
            found[key] = None
        elif key in project.models and key not in seen:
            seen.add(key)
            waiting.append((key, True))
            waiting += [(inner, False) for inner in reversed(list(_applied(project.models[key])))]
    return list(found)


def _applied(graph: Graph) -> Iterator[str]:
    """Yield the ids of the models that a graph applies."""
    for layer in graph.layers.values():
        for spec in _specs(Spec(layer.class_name, layer.config)):
            if spec.class_name == MODEL:
                yield str(spec.config.get("model", ""))


def _specs(value: Value) -> Iterator[Spec]:
    """Yield the objects in a value, itself included."""
    if isinstance(value, Spec):
        yield value
        for item in value.config.values():
            yield from _specs(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _specs(item)


def _own_classes(project: Project, values: Values) -> None:
    """Have all classes of the project's own named before any variable is."""
    graphs: Mapping[str, Graph] = {"": project.graph, **project.models}
    specs = [Spec(layer.class_name, layer.config) for graph in graphs.values() for layer in graph.layers.values()]
    settings = project.compile
    specs += [settings.optimizer, *settings.losses.values(), *project.fit.callbacks]
    specs += [metric for group in settings.metrics.values() for metric in group]
    specs += [Spec(settings.model)]
    for spec in specs:
        for each in _specs(spec):
            if "." in each.class_name:
                values.class_(each.class_name, "layer")
