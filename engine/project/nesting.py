"""Models within models: which calls hold them, and those that are not there or hold themselves."""

from __future__ import annotations

from collections.abc import Iterator

from kerastui.engine.project.document import MODEL, Graph, Layer, Project, Spec, Value
from kerastui.engine.project.inside import place_of
from kerastui.engine.project.problems import Problem


def held_by(layer: Layer) -> Iterator[str]:
    """Yield the ids of the models that a layer is, or has among its arguments."""
    waiting: list[Value] = [Spec(layer.class_name, layer.config)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, tuple):
            waiting.extend(value)
        elif isinstance(value, Spec):
            waiting.extend(value.config.values())
            if value.class_name == MODEL:
                yield str(value.config.get("model", ""))


def models_of(graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield each call of a graph that holds a model of the project, and the id of the model."""
    for key, call in graph.calls.items():
        for model in held_by(graph.layers[call.layer]):
            yield key, model


def wrong_models(project: Project) -> Iterator[Problem]:
    """Find calls that hold a model which is not there, and in each circle of models the call that closes it.

    Without the calls that it finds, each model can be made of those inside it.

    Args:
        project: The project.
    """
    path: list[str] = []
    seen: set[str] = set()
    waiting: list[tuple[str, str | None]] = [*models_of(project.graph), *(("", key) for key in project.models)]
    waiting.reverse()
    while waiting:
        place, model = waiting.pop()
        if model is None:  # all inside the last one has been seen
            path.pop()
        elif model in path:
            circle = " → ".join((*path[path.index(model) :], model))
            what = f"the model {model} holds itself: {circle}"
            yield Problem("error", "build", place, what, "take it out, or choose another model")
        elif model not in project.models:
            what = f"there is no model {model}"
            yield Problem("error", "build", place, what, "choose one of the project's models")
        elif model not in seen:
            seen.add(model)
            path.append(model)
            inside = [(place_of(model, key), inner) for key, inner in models_of(project.models[model])]
            waiting += [("", None), *reversed(inside)]
