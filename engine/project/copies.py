"""Commands that copy: layers of their own, further calls of the same layer, and layers as text.

What is copied is a **fragment**: inputs, layers and calls with the models they apply, and what is written on the
cards. As text it is TOML below a line of its own (`HEADER`), in the tables of `kerastui.toml`, so that it can be read,
kept and pasted into another project.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer, Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.files import graph_tables, tables_text
from kerastui.engine.project.graph import (
    check_references,
    free_id,
    layer_name,
    node_name,
    nodes,
    rewired,
    stem,
    taken_names,
    wired,
    wires_into,
)
from kerastui.engine.project.inside import models_in, place_of, split_place, used_models
from kerastui.engine.project.plain import DocumentError, from_plain, graph_to_plain
from kerastui.engine.project.taking import refed
from kerastui.engine.project.weights import started_new

HEADER = "# kerastui graph"
"""First line of a text that holds a fragment."""

KEYS = {"graph", "models", "notes"}
"""Tables that such a text may have."""


class Fragment(msgspec.Struct, frozen=True):
    """Hold a part of a graph.

    Args:
        graph: Its inputs, layers and calls; calls may take values from elsewhere.
        models: The models that its layers apply, by id, with those inside them.
        notes: What is written on its cards and on those of its models, by place.
    """

    graph: Graph
    models: Mapping[str, Graph] = {}
    notes: Mapping[str, str] = {}


def fragment_of(project: Project, keys: Iterable[str]) -> Fragment:
    """Take inputs and calls out of a graph, in the graph's order.

    Args:
        project: The project.
        keys: Ids of inputs and calls.

    Raises:
        EditError: There is no such input or call.
    """
    graph, wanted = project.graph, set(keys)
    known = set(nodes(graph))
    for key in wanted - known:
        raise EditError(f"there is no input or layer {key}")
    calls = {key: call for key, call in graph.calls.items() if key in wanted}
    used = {call.layer for call in calls.values()}
    part = Graph(
        inputs={key: item for key, item in graph.inputs.items() if key in wanted},
        layers={key: layer for key, layer in graph.layers.items() if key in used},
        calls=calls,
    )
    models = used_models(project, part)
    notes = {
        place: note
        for place, note in project.notes.items()
        if (place in wanted if not split_place(place)[0] else split_place(place)[0] in models)
    }
    return Fragment(part, {key: model for key, model in project.models.items() if key in models}, notes)


def put_in(project: Project, fragment: Fragment, after: str | None = None) -> tuple[Project, list[str]]:
    """Put a fragment into a graph under ids that are free; its layers and models are its own.

    Args:
        project: The project.
        fragment: What to put in. Wires from what is not in it are kept where the project has such a source.
        after: Id of an input or call that feeds the calls which lost all their wires; `None` leaves them without.

    Returns:
        The new project and the ids of what was put in, in the fragment's order.
    """
    graph, part = project.graph, fragment.graph
    before, taken = taken_names(graph), taken_names(graph)
    layers = {call.layer: call.layer for call in part.calls.values() if call.layer not in taken and _plain(call.layer)}
    ids = {key: _fresh(key, node_name(part, key), taken, layers) for key in nodes(part)}
    for key, call in part.calls.items():
        if call.layer not in layers:
            layers[call.layer] = _fresh(ids[key], layer_name(part, call.layer), set(layers.values()), taken)
    models = _model_ids(project, fragment)
    known = set(nodes(graph))
    calls = {ids[key]: _copied(fragment, key, ids, layers, known, after) for key in part.calls}
    new_ids = {key: ids[key] for key in part.inputs} | layers
    names = _names({**part.inputs, **part.layers}, new_ids, before)
    after_graph = replace(
        graph,
        inputs=dict(graph.inputs) | {ids[key]: replace(item, name=names[key]) for key, item in part.inputs.items()},
        layers=dict(graph.layers)
        | {new: replace(_remodelled(part.layers[old], models), name=names[old]) for old, new in layers.items()},
        calls={**graph.calls, **calls},
    )
    inner = {models[key]: with_models(model, models) for key, model in fragment.models.items()}
    notes = {_place(place, ids, models): note for place, note in fragment.notes.items()}
    project = replace(
        project,
        graph=after_graph,
        models={**project.models, **inner},
        notes={**project.notes, **{place: note for place, note in notes.items() if place}},
    )
    new = [*layers.values(), *(place_of(key, layer) for key, model in inner.items() for layer in model.layers)]
    return started_new(project, new), list(ids.values())


def duplicate(project: Project, keys: Sequence[str]) -> tuple[Project, list[str]]:
    """Copy inputs and calls with layers of their own.

    Wires between the copied ones are copied too; wires from elsewhere come from the same place. Nothing is fed by the
    copies yet.

    Args:
        project: The project.
        keys: Ids of inputs and calls.

    Returns:
        The new project and the ids of the copies, in the graph's order.

    Raises:
        EditError: There is no such input or call.
    """
    return put_in(project, fragment_of(project, keys))


def copy_text(project: Project, keys: Iterable[str]) -> str:
    """Return inputs and calls as a text that `paste_text` takes, in this project or another.

    Args:
        project: The project.
        keys: Ids of inputs and calls.

    Raises:
        EditError: There is no such input or call.
    """
    fragment = fragment_of(project, keys)
    tables = graph_tables("graph", graph_to_plain(fragment.graph))
    for key, model in fragment.models.items():
        tables |= graph_tables(f"models.{key}", graph_to_plain(model))
    tables |= {"notes": dict(fragment.notes)}
    return "\n".join([HEADER, *tables_text(tables)]) + "\n"


def paste_text(project: Project, text: str, after: str | None = None) -> tuple[Project, list[str]]:
    """Put what `copy_text` gave into a graph.

    Args:
        project: The project.
        text: The text.
        after: Id of an input or call that feeds the calls whose wires came from elsewhere; `None` is none.

    Returns:
        The new project and the ids of what was put in.

    Raises:
        EditError: The text is no graph, or not a whole one.
    """
    return put_in(project, _read(text), after)


def share(project: Project, key: str, source: str | None = None) -> tuple[Project, str]:
    """Call the layer of a call once more: the same weights on another input.

    Args:
        project: The project.
        key: Id of a call.
        source: Id of the input or call that feeds the new call; none feeds it when `None`.

    Returns:
        The new project and the id of the new call.

    Raises:
        EditError: It is an input, or there is no such source.
    """
    graph = project.graph
    if key not in graph.calls:
        raise EditError(f"{node_name(graph, key)} is an input: only a layer can be shared")
    if source is not None and source not in set(nodes(graph)):
        raise EditError(f"there is no input or layer {source}")
    layer = graph.calls[key].layer
    new = free_id(stem(layer_name(graph, layer)), taken_names(graph))
    calls = {**graph.calls, new: Call(layer, () if source is None else (source,))}
    return replace(project, graph=replace(graph, calls=calls)), new


def with_models(graph: Graph, models: Mapping[str, str]) -> Graph:
    """Return a graph whose layers apply models under other ids.

    Args:
        graph: The graph.
        models: The new id of a model by the one that it had.
    """
    return replace(graph, layers={key: _remodelled(layer, models) for key, layer in graph.layers.items()})


def _plain(key: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_.-]+", key) is not None


def _fresh(key: str, name: str, taken: set[str], avoided: Collection[str] = ()) -> str:
    """Return the id of a copy: its own unless that is taken, else one that is to be avoided neither."""
    new = key if key not in taken and _plain(key) else free_id(stem(name), taken | set(avoided))
    taken.add(new)
    return new


def _names(items: Mapping[str, Input | Layer], ids: Mapping[str, str], taken: Collection[str]) -> dict[str, str]:
    """Return the names of copies: their own where the ids are and nobody else goes by them, else none.

    What loses its name goes by its id, which another may have been named; so it is asked again until none loses its.
    """
    nameless = {key for key, item in items.items() if not item.name or ids[key] != key}
    while True:
        used = {*taken, *(ids[key] for key in nameless)}
        lost = {key for key, item in items.items() if key not in nameless and item.name in used}
        if not lost:
            return {key: "" if key in nameless else item.name for key, item in items.items()}
        nameless |= lost


def _copied(
    fragment: Fragment,
    key: str,
    ids: Mapping[str, str],
    layers: Mapping[str, str],
    known: Collection[str],
    after: str | None,
) -> Call:
    """Return a call of a fragment with its sources where they are now."""
    part = fragment.graph
    call = part.calls[key]
    ends: list[str | None] = []
    for wire in wires_into(part, key):
        node = ids.get(wire.source, wire.source if wire.source in known else None)
        ends.append(None if node is None else wired(node, wire.port))
    copied = replace(refed(Project("", graph=part, models=fragment.models), key, ends), layer=layers[call.layer])
    if after is not None and call.inputs and not copied.inputs:
        copied = replace(copied, inputs=(after,))
    return copied


def _model_ids(project: Project, fragment: Fragment) -> dict[str, str]:
    taken = {*project.models, *taken_names(project.graph)}
    return {key: _fresh(key, key, taken) for key in fragment.models}


def _remodelled(layer: Layer, models: Mapping[str, str]) -> Layer:
    model = layer.config.get("model")
    if layer.class_name != MODEL or not isinstance(model, str):
        return layer
    return replace(layer, config={**layer.config, "model": models.get(model, model)})


def _place(place: str, ids: Mapping[str, str], models: Mapping[str, str]) -> str:
    """Return where a card of a fragment is now, `""` if it is not there."""
    model, node = split_place(place)
    return place_of(models[model], node) if model in models else ids.get(node, "")


def _read(text: str) -> Fragment:
    """Read a fragment from its text."""
    if not text.lstrip().startswith(HEADER):
        raise EditError(f"the text is no graph: one begins with the line {HEADER!r}, as copying some cards gives it")
    try:
        plain = tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        reason = re.sub(r"\s*\(at (.*)\)$", r" at \1", str(error))
        raise EditError(f"the text is no whole graph: {reason}") from None
    try:
        fragment = _fragment(plain)
        _check(fragment)
    except DocumentError as error:
        where = f"{'.'.join(error.path)}: " if error.path else ""
        raise EditError(f"the text is no whole graph: {where}{error}") from None
    return fragment


def _fragment(plain: Mapping[str, Any]) -> Fragment:
    for key in plain:
        if key not in KEYS:
            raise DocumentError(f"unknown key `{key}`; known here: {', '.join(sorted(KEYS))}", (key,))
    read = from_plain(plain)
    if not read.graph.inputs and not read.graph.calls:
        raise DocumentError("there is no layer in it")
    return Fragment(replace(read.graph, outputs={}), read.models, read.notes)


def _check(fragment: Fragment) -> None:
    """Check that a fragment is whole but for wires from elsewhere, and that no model is within itself."""
    part = fragment.graph
    known = set(nodes(part))
    calls = {
        key: rewired(call, [wired(w.source, w.port) if w.source in known else None for w in wires_into(part, key)])
        for key, call in part.calls.items()
    }
    check_references(replace(part, calls=calls))
    for key, model in fragment.models.items():
        check_references(model, ("models", key))
        if key in used_models(Project("", models=fragment.models), model):
            raise DocumentError("the model holds itself", ("models", key))
    for graph in (part, *fragment.models.values()):
        for key in models_in(graph):
            if key not in fragment.models:
                raise DocumentError(f"the model {key} is not in the text", ("models",))
