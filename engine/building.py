"""From the document to Keras: the model, compiled as the project says. Imports Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from kerastui.engine.calling import OPERATION, BuildError, call_layer, find, make_layer, name_operation, sources_of
from kerastui.engine.catalog.objects import build_object
from kerastui.engine.custom.whole import model_class
from kerastui.engine.explain import plain_message
from kerastui.engine.models.model import Functional
from kerastui.engine.models.summary_rich import table_text
from kerastui.engine.project.document import MODEL, Graph, Layer, Project, Spec
from kerastui.engine.project.graph import keras_name, layer_name, node_name, node_of, order, upstream
from kerastui.engine.project.inside import place_of
from kerastui.engine.project.measures import metric_name

__all__ = ["BuildError", "Builder", "as_given", "as_taken", "build_model", "compile_model", "summary_text"]


class Builder:
    """Make Keras models of graphs of a project.

    Args:
        models: Graphs of the project by id.
        within: Ids of the models that this one is made for, the outermost first.
        whole: Class of the project's own that the model is made as; `""` is Keras's.
    """

    def __init__(self, models: Mapping[str, Graph], within: tuple[str, ...] = (), whole: str = "") -> None:
        self.models, self.within, self.whole = models, within, whole
        self._made: dict[str, Any] = {}
        self._values: dict[str, Mapping[str, Any]] = {}

    def inside(self, spec: Spec) -> Functional:
        """Make a new model of a graph of the project.

        Args:
            spec: Class `MODEL`, the id of the graph as `model`, and perhaps `trainable`.

        Raises:
            BuildError: There is no such graph, it holds itself, or a call in it cannot be computed.
        """
        key = spec.config.get("model")
        if not isinstance(key, str) or key not in self.models:
            raise BuildError("", f"there is no model {key}", "choose one of the project's models")
        if key in self.within:
            circle = " → ".join((*self.within[self.within.index(key) :], key))
            raise BuildError("", f"the model {key} holds itself: {circle}", "take it out, or choose another model")
        made = Builder(self.models, (*self.within, key)).model(self.models[key], key)
        if spec.config.get("trainable") is not None:
            made.trainable = spec.config["trainable"]
        return made

    def model(self, graph: Graph, name: str) -> Functional:
        """Make the model of a graph.

        Args:
            graph: The graph.
            name: Name for Keras.

        Raises:
            BuildError: The graph has no input or output, or a call cannot be computed.
        """
        if not graph.inputs:
            raise BuildError(self._place(""), "the graph has no input", "add one with a")
        if not graph.outputs:
            hint = "select the last layer and make it one with o"
            raise BuildError(self._place(""), "the graph has no output", hint)
        self._made, self._values = {}, {}
        for key, value in graph.inputs.items():
            self._values[key] = {"": keras.Input(value.shape, dtype=value.dtype, name=node_name(graph, key))}
        needed = _needed(graph)
        for node in order(graph):
            if node in graph.calls and node in needed:
                self._call(graph, node)
        outputs = {key: find(self._place(""), source, self._values) for key, source in graph.outputs.items()}
        # A model inside takes all that it says; the project's own only what leads somewhere.
        keys = [key for key in graph.inputs if key in needed or self.within]
        inputs = {node_name(graph, key): self._values[key][""] for key in keys}
        try:
            made: Functional = model_class(self.whole)(as_taken(graph, inputs), as_given(graph, outputs), name=name)
            return made
        except Exception as error:  # a class of the project's own may raise anything
            raise BuildError(self._place(""), plain_message(error)) from None

    def _call(self, graph: Graph, node: str) -> None:
        call, place = graph.calls[node], self._place(node)
        layer = graph.layers[call.layer]
        name = layer_name(graph, call.layer)
        if not call.inputs and not call.named:
            raise BuildError(place, f"{name} has no input", "connect a layer to it with c")
        values = {source: find(place, source, self._values) for source in sources_of(call)}
        made = None
        if not layer.class_name.startswith(OPERATION):
            made = self._made.get(call.layer)
            if made is None:
                made = self._made[call.layer] = self._layer(place, layer, name)
        inner = self.models[str(layer.config["model"])] if layer.class_name == MODEL else None
        self._values[node] = call_layer(place, layer, made, call, values, inner)
        if made is None:
            name_operation(name if node == call.layer else node, self._values[node], list(values.values()))

    def _layer(self, place: str, layer: Layer, name: str) -> Any:
        try:
            return make_layer(place, layer, self.inside, name)
        except BuildError as error:
            raise BuildError(error.node or place, error.what, error.hint) from None

    def _place(self, node: str) -> str:
        return place_of(self.within[-1], node) if self.within else node


def build_model(project: Project) -> Functional:
    """Build the model of a project, not compiled.

    How it takes and gives its tensors is what `Graph.takes` and `Graph.gives` say.

    Args:
        project: The project.

    Raises:
        BuildError: The graph has no input or output, or a call cannot be computed.

    Example:
        >>> from kerastui.engine.project.files import read
        >>> model = build_model(read(Path("digits")))
        >>> model.summary()
    """
    return Builder(project.models, whole=project.compile.model).model(project.graph, keras_name(project.name))


def summary_text(project: Project, width: int) -> str:
    """Return the table of layers of a project's graph, as `Model.summary` shows it; nothing is allocated.

    Args:
        project: The project.
        width: Columns.

    Raises:
        BuildError: The graph has no input or output, or a call cannot be computed.
    """
    with tf.Graph().as_default():
        return table_text(build_model(project), width)


def compile_model(project: Project, model: Functional) -> None:
    """Compile a project's model with the project's settings.

    Raises:
        BuildError: An optimizer, loss or metric refuses its arguments, or an output has no loss.
    """
    settings = project.compile
    missing = [name for name in project.graph.outputs if name not in settings.losses]
    if missing and not settings.model:
        raise BuildError("", f"{missing[0]} has no loss", "choose one in Configure")
    try:
        losses = {
            name: None if name in missing else build_object(settings.losses[name], "loss")
            for name in project.graph.outputs
        }
        metrics = {
            # Named, since Keras numbers them through the whole process: a callback watches one name in every run.
            name: [
                build_object(metric, "metric", metric_name(metric.class_name))
                for metric in settings.metrics.get(name, ())
            ]
            for name in project.graph.outputs
        }
        weights = {name: settings.loss_weights.get(name, 1.0) for name in losses}
        model.compile(
            optimizer=build_object(settings.optimizer, "optimizer"),
            loss=as_given(project.graph, losses) if len(missing) < len(losses) else None,
            metrics=as_given(project.graph, metrics),
            loss_weights=None if len(losses) == 1 else as_given(project.graph, weights),
            jit_compile=settings.jit_compile,
            run_eagerly=settings.run_eagerly,
            steps_per_execution=settings.steps_per_execution,
        )
    except Exception as error:
        raise BuildError("", plain_message(error), "put it right in Configure") from None


def as_taken(graph: Graph, inputs: Mapping[str, Any]) -> Any:
    """Arrange something for each input, by name, as the model of a graph takes its inputs."""
    if graph.takes == "dict":
        return dict(inputs)
    several = list(inputs.values())
    return several if graph.takes == "list" or len(several) != 1 else several[0]


def as_given(graph: Graph, items: Mapping[str, Any]) -> Any:
    """Arrange something for each output, by name, as the model of a graph gives its outputs."""
    if graph.gives == "list":
        return list(items.values())
    return dict(items) if graph.gives == "dict" or len(items) > 1 else next(iter(items.values()))


def _needed(graph: Graph) -> set[str]:
    return set().union(*(upstream(graph, node_of(source)) for source in graph.outputs.values()))
