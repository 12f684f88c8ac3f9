"""A graph as a Python function that builds it with Keras's functional API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.project.document import MODEL, Call, Graph, Layer, Project, Spec, Structure
from kerastui.engine.project.graph import (
    layer_name,
    node_name,
    node_of,
    nodes,
    order,
    port_of,
    upstream,
    wires_into,
)
from kerastui.engine.project.inside import place_of
from kerastui.engine.project.taking import given_to, nested
from kerastui.engine.writing.names import Names
from kerastui.engine.writing.source import Expression, applied, call, lines, listed, quoted, table, text
from kerastui.engine.writing.values import Values

SEVERAL = frozenset(
    (
        *("array_split", "ctc_decode", "dsplit", "eig", "eigh", "fft", "fft2", "histogram", "hsplit", "ifft2"),
        *("lu_factor", "meshgrid", "moments", "nonzero", "qr", "rfft", "slogdet", "split", "stft", "svd", "top_k"),
        *("unravel_index", "unstack", "vsplit"),
    )
)
"""Functions that give several tensors, of which the first is meant where no other is named."""

SCATTERED = frozenset(("ops.average", "ops.batch_normalization", "ops.image.scale_and_translate", "ops.slice_update"))
"""Functions whose tensors do not all come first; those after the first are given by name."""

STARRED: Mapping[str, tuple[str, ...]] = MappingProxyType({"ops.einsum": ("subscripts",), "ops.meshgrid": ()})
"""Functions that take any number of tensors, each as an argument of its own, and what stands before them."""


class GraphWriter:
    """Write the functions of a project's graphs.

    Args:
        project: The project.
        values: Writes arguments.
        taken: Names of the module's functions and imports.
    """

    def __init__(self, project: Project, values: Values, taken: Sequence[str]) -> None:
        self.project, self.values, self.taken = project, values, taken

    def body(self, model: str, whole: str = "keras.Model", **named: Expression) -> list[str]:
        """Return the lines of the function that builds a graph.

        Args:
            model: Id of a model inside, `""` for the project's own graph.
            whole: What the model is made as.
            **named: What it is told beside inputs and outputs: its name.
        """
        return list(_Body(self, model).lines(whole, named))


class _Body:
    """Write one graph: a line for each input, each call, and each layer that has several calls."""

    def __init__(self, writer: GraphWriter, model: str) -> None:
        project = writer.project
        self.values, self.models = writer.values, project.models
        self.graph = graph = project.models[model] if model else project.graph
        self.notes = {node: project.notes.get(place_of(model, node), "") for node in nodes(graph)}
        self.needed = set().union(*(upstream(graph, node_of(source)) for source in graph.outputs.values()))
        self.names = Names(
            [*writer.taken, *(name for name in self.values.imports.values()), "name", "trainable", "numpy"]
        )
        self.inputs = [key for key in graph.inputs if key in self.needed or model]  # a model inside takes all of them
        shown = [*self.inputs, *(key for key in graph.calls if key in self.needed)]
        self.variables = {node: self.names.new(node) for node in shown}
        self.settable = model in writer.values.settable
        self.layers: dict[str, str] = {}
        self.called = Counter(call.layer for key, call in graph.calls.items() if key in self.needed)
        ports = [wire for key in graph.calls for wire in wires_into(graph, key)]
        ends = [(node_of(source), port_of(source)) for source in graph.outputs.values()]
        self.ports: dict[str, set[str]] = {}
        for node, port in [*((wire.source, wire.port) for wire in ports), *ends]:
            self.ports.setdefault(node, set()).add(port)

    def lines(self, whole: str, named: Mapping[str, Expression]) -> Iterator[str]:
        """Yield the lines of the body."""
        for key in self.inputs:
            yield from self.input(key)
        for node in order(self.graph):
            if node in self.graph.calls and node in self.needed:
                yield from self.call(node)
        inputs = [(node_name(self.graph, key), text(self.variables[key])) for key in self.inputs]
        outputs = [(output, self.source(source)) for output, source in self.graph.outputs.items()]
        ends = structure(inputs, self.graph.takes, "list"), structure(outputs, self.graph.gives, "dict")
        if not self.settable:
            yield from lines("return ", call(whole, *ends, **named))
            return
        yield from lines("model = ", call(whole, *ends, **named))
        yield "    if trainable is not None:"
        yield "        model.trainable = trainable"
        yield "    return model"

    def input(self, key: str) -> Iterator[str]:
        """Yield the line of an input."""
        found = self.graph.inputs[key]
        yield from self.note(key)
        dtype = {} if found.dtype == "float32" else {"dtype": text(quoted(found.dtype))}
        named = {**dtype, "name": text(quoted(node_name(self.graph, key)))}
        made = call("keras.Input", self.values.value(tuple(found.shape)), **named)
        yield from lines(f"{self.variables[key]} = ", made)

    def call(self, node: str) -> Iterator[str]:
        """Yield the lines of a call, and before its first one those of a layer that needs a name."""
        given = self.graph.calls[node]
        layer = self.graph.layers[given.layer]
        if layer.class_name.startswith("ops."):
            expression = self.operation(given, layer)
        else:
            if given.layer not in self.layers and self.called[given.layer] > 1:
                yield from self.layer(given.layer)
            function = (self.layers[given.layer],) if given.layer in self.layers else self.made(given.layer)
            expression = (*function, *self.arguments(given, layer))
        yield from self.note(node)
        yield from lines(f"{self.variables[node]} = ", expression)

    def note(self, node: str) -> Iterator[str]:
        """Yield what somebody wrote on a card, as comments."""
        yield from (f"    # {line}".rstrip() for line in self.notes[node].splitlines())

    def layer(self, key: str) -> Iterator[str]:
        """Yield the lines that make a layer on its own."""
        self.layers[key] = self.names.new(f"{key}_layer")
        yield from lines(f"{self.layers[key]} = ", self.made(key))

    def made(self, key: str) -> Expression:
        """Return the constructor of a layer."""
        layer = self.graph.layers[key]
        return self.values.object(Spec(layer.class_name, layer.config), "layer", layer_name(self.graph, key))

    def named(self, given: Call) -> dict[str, Expression]:
        """Return what a call is given by name: tensors, then what is no tensor."""
        layer = self.graph.layers[given.layer]
        tensors = {
            key: self.tensors(source if isinstance(source, str) else nested(layer, key, source))
            for key, source in given.named.items()
        }
        return tensors | {key: self.values.constant(value) for key, value in given.arguments.items()}

    def tensors(self, sources: Any) -> Expression:
        """Return a tensor by its source, or a list of them, nested as the sources are."""
        return self.source(sources) if isinstance(sources, str) else listed([self.tensors(each) for each in sources])

    def arguments(self, given: Call, layer: Layer) -> Expression:
        """Return what a layer is called with: tensors in order, then what has a name."""
        entry = catalog().layer(layer.class_name)
        if layer.class_name == MODEL:
            inner = self.models.get(str(layer.config.get("model")), Graph())
            tensors = [self.handed(layer, [self.source(source) for source in given_to(inner, given)])]
            left = {name: source for name, source in given.named.items() if name not in inner.inputs}
            return applied(*tensors, **self.named(replace(given, named=left)))
        tensors = [self.source(source) for source in given.inputs]
        if entry is not None and entry.inputs == "list":
            tensors = [listed(tensors)]
        return applied(*tensors, **self.named(given))

    def operation(self, given: Call, layer: Layer) -> Expression:
        """Return the call of a function of `keras.ops`."""
        function = self.values.class_(layer.class_name, "layer")
        tensors = [self.source(source) for source in given.inputs]
        more = {**layer.config, **given.arguments}
        if layer.class_name == "ops.get_item" and len(tensors) == 1:
            return (*tensors[0], f"[{self.values.index(more.get('key'))}]")
        named = self.named(given)
        settings = {key: self.values.constant(value) for key, value in layer.config.items() if key not in named}
        entry = catalog().layer(layer.class_name)
        if layer.class_name in STARRED:
            before = [settings.pop(name) for name in STARRED[layer.class_name] if name in settings]
            return call(function, *before, *tensors, **settings, **named)
        if entry is None:
            return call(function, *tensors, **settings, **named)
        if entry.inputs == "list":
            return call(function, listed(tensors), **settings, **named)
        # What has no name yet takes the tensors in order: of `ops.subtract` with a number as `x1`, `x2` does.
        free = (name for name in entry.tensors if name not in named)
        named |= dict(zip(free, tensors, strict=False))
        leading = entry.tensors[:1] if layer.class_name in SCATTERED else entry.tensors
        first = [named.pop(name) for name in takewhile(named.__contains__, leading)]
        return call(function, *first, **settings, **named)

    def handed(self, layer: Layer, tensors: Sequence[Expression]) -> Expression:
        """Return what a model inside is called with, in the structure that it takes."""
        graph = self.models.get(str(layer.config.get("model")), Graph())
        names = [node_name(graph, key) for key in graph.inputs]
        return structure(list(zip(names, tensors, strict=False)), graph.takes, "list")

    def source(self, source: str) -> Expression:
        """Return the tensor that a source names."""
        node, port = node_of(source), port_of(source)
        variable = self.variables[node]
        if node not in self.graph.calls:
            return text(variable)
        given = self.graph.calls[node]
        layer = self.graph.layers[given.layer]
        if layer.class_name == MODEL:
            return text(variable + self.output(layer, port))
        ports = self.ports.get(node, set())
        if port and not port.isdigit():
            return text(f"{variable}[{quoted(port)}]")
        if any(other and not other.isdigit() for other in ports):
            return text(f"next(iter({variable}.values()))")
        if not any(ports) and not gives_several(layer, given):
            return text(variable)
        # Cells above each other give their states in lists within the list.
        whole = f"keras.tree.flatten({variable})" if _has_stack(layer.config) else variable
        return text(f"{whole}[{port or 0}]")

    def output(self, layer: Layer, port: str) -> str:
        """Return how an output is taken from what a model inside gives."""
        graph = self.models.get(str(layer.config.get("model")), Graph())
        outputs = list(graph.outputs)
        at = port or next(iter(outputs), "")
        if graph.gives == "list":
            return f"[{outputs.index(at) if at in outputs else 0}]"
        return f"[{quoted(at)}]" if graph.gives == "dict" or len(outputs) > 1 else ""


def gives_several(layer: Layer, given: Call) -> bool:
    """Tell whether a call gives several tensors, though perhaps only the first is used."""
    return (
        (layer.class_name.startswith("ops.") and layer.class_name.rpartition(".")[2] in SEVERAL)
        or given.arguments.get("return_attention_scores") is True
        or _returns_state(layer.config)
    )


def structure(items: Sequence[tuple[str, Expression]], kind: Structure, usual: Structure) -> Expression:
    """Return tensors in the structure that a model takes or gives.

    Args:
        items: Name and tensor of each.
        kind: `"list"`, `"dict"`, or `""`: one tensor as it is, several as is usual.
        usual: What is usual for several.
    """
    if len(items) == 1 and not kind:
        return items[0][1]
    return table(items) if (kind or usual) == "dict" else listed([item for _, item in items])


def _returns_state(config: Mapping[str, Any]) -> bool:
    inner = config.get("layer")
    return config.get("return_state") is True or (isinstance(inner, Spec) and _returns_state(inner.config))


def _has_stack(config: Mapping[str, Any]) -> bool:
    cell, inner = config.get("cell"), config.get("layer")
    stacked = isinstance(cell, tuple) or (isinstance(cell, Spec) and cell.class_name == "StackedRNNCells")
    return stacked or (isinstance(inner, Spec) and _has_stack(inner.config))
