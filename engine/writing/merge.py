"""Merge two changes of one project, value by value. No TensorFlow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from kerastui.engine.project.document import FORMAT, MODEL, Graph, Project
from kerastui.engine.project.files import dumps
from kerastui.engine.project.graph import check_references, dangling, layer_name, node_of, port_of, wires_into
from kerastui.engine.project.inside import place_of, split_place
from kerastui.engine.project.nesting import wrong_models
from kerastui.engine.project.plain import NONE, DocumentError, Plain, from_plain, to_plain
from kerastui.engine.writing.diff import describe

ABSENT = msgspec.UNSET


class Merged(NamedTuple):
    """Say what became of a merge.

    Args:
        project: The merged project; where both changed one value, it has ours.
        conflicts: What both changed, each a line with all values; none if the merge is whole.
    """

    project: Project
    conflicts: tuple[str, ...]

    def text(self) -> str:
        """Return the text of `kerastui.toml`, conflicts as comments at its top."""
        head = [f"# conflict: {conflict}" for conflict in self.conflicts]
        hint = ["# Both sides changed this; the file has ours. Put it right and save: these comments go away."]
        return "\n".join([*head, *(hint if head else []), dumps(self.project)])


def merge(base: Project, ours: Project, theirs: Project) -> Merged:
    """Merge what two sides made of one project.

    Values that one side changed are taken from it. A value that both changed, each in its own way, is a conflict; so is
    a merge whose graph would not hold, since one side took away what the other builds upon. The graph is ours then. A
    layer that we changed and they took away stays with its calls and wires.

    Args:
        base: What both began with.
        ours: One side, which is kept where both differ.
        theirs: The other side.

    Example:
        >>> from kerastui.engine.project import commands, settings
        >>> from kerastui.engine.templates import project
        >>> wider = commands.set_argument(project("digits"), "hidden", "units", 128)
        >>> longer = settings.set_fit(project("digits"), epochs=40)
        >>> merge(project("digits"), wider, longer).conflicts
        ()
    """
    merger = _Merger()
    first, second, third = (_opened(to_plain(side)) for side in (base, ours, theirs))
    plain = _closed(merger.tables(first, second, third, ()))
    try:
        project = from_plain(plain)
        for path in merger.torn:
            project = _with_layer_of(ours, project, path)
        check_whole(project)
        _check_left_over(project, (ours, theirs), bool(merger.torn))
    except DocumentError as error:
        where = f"{'.'.join(error.path)}: " if error.path else ""
        kept = from_plain(_with_graph_of(ours, plain))
        taken = {difference.text for difference in describe(base, kept)}
        lost = [difference.text for difference in describe(base, theirs) if difference.text not in taken]
        what = f"together the graph does not hold: {where}{error}; left out of theirs: {'; '.join(lost)}"
        return Merged(kept, (*merger.conflicts, what))
    return Merged(project, tuple(merger.conflicts))


def _with_layer_of(ours: Project, merged: Project, path: tuple[str, ...]) -> Project:
    """Return a merged project in which a layer has our calls and wires, and what is said of its cards is ours.

    Args:
        ours: Our project, which has the layer.
        merged: The merged project, which has it too.
        path: Keys that lead to the layer.
    """
    place, layer = path[:-2], path[-1]
    mine, graph = _graphs(ours)[place], _graphs(merged)[place]
    kept = {key for key, call in mine.calls.items() if call.layer == layer}
    calls = {**graph.calls, **{key: mine.calls[key] for key in kept}}
    for key in mine.calls.keys() & graph.calls.keys():
        if any(wire.source in kept for wire in wires_into(mine, key)):
            calls[key] = replace(calls[key], inputs=mine.calls[key].inputs, named=mine.calls[key].named)
    order = _order({}, dict(mine.calls), calls)
    outputs = {
        name: mine.outputs[name] if node_of(mine.outputs.get(name, "")) in kept else source
        for name, source in graph.outputs.items()
    }
    graph = replace(graph, calls={key: calls[key] for key in order if key in calls}, outputs=outputs)
    about = {place_of("" if len(place) == 1 else place[1], key) for key in (*kept, layer)}
    said = {
        field: {**getattr(merged, field), **{key: item for key, item in getattr(ours, field).items() if key in about}}
        for field in ("layout", "notes", "weights_from")
    }
    if len(place) == 1:
        return replace(merged, graph=graph, **said)
    return replace(merged, models={**merged.models, place[1]: graph}, **said)


def _with_graph_of(ours: Project, plain: Plain) -> Plain:
    """Return a merged plain project with our graph, and with all that speaks of its cards, inputs and outputs.

    A column that theirs binds to what our graph has not is as ours has it; where ours has none, it is ignored.
    """
    mine, inputs, outputs = to_plain(ours), ours.graph.inputs, ours.graph.outputs
    about = ("graph", "models", "compile", "layout", "notes", "weights", "weights_from")
    kept = {key: mine[key] for key in about if key in mine}
    columns: Plain = {}
    for name, column in plain["data"]["columns"].items():
        bound = column.get("to", "") in ("", *(inputs if column["role"] == "input" else outputs))
        columns[name] = column if bound else mine["data"]["columns"].get(name, column | {"role": "ignore", "to": ""})
    others = {key: item for key, item in plain.items() if key not in about}
    return {**others, "data": plain["data"] | {"columns": columns}, **kept}


def check_whole(project: Project) -> None:
    """Check that everything that a project mentions is there, models inside and their outputs too.

    Args:
        project: The project.

    Raises:
        DocumentError: With the path of what mentions something else.
    """
    for place, graph in _graphs(project).items():
        check_references(graph, place)
        for key in graph.calls:
            for wire in wires_into(graph, key):
                _check_port(project, graph, f"{wire.source}:{wire.port}", (*place, "calls", key))
        for name, source in graph.outputs.items():
            _check_port(project, graph, source, (*place, "outputs", name))
    for problem in wrong_models(project):
        model, call = split_place(problem.subject)
        path = ("models", model) if model else ("graph",)
        raise DocumentError(problem.what, (*path, "calls", call))


def _graphs(project: Project) -> dict[tuple[str, ...], Graph]:
    """Return the graphs of a project by the keys that lead to them."""
    return {("graph",): project.graph, **{("models", key): graph for key, graph in project.models.items()}}


def _check_left_over(project: Project, sides: tuple[Project, Project], torn: bool) -> None:
    """Check that a merge made nothing that neither side has: what is used nowhere, and equal names.

    Args:
        project: The merged project, which is whole.
        sides: What was merged.
        torn: Whether a layer that theirs took away was put back; no card may lead nowhere by that.

    Raises:
        DocumentError: With the path of what is left over.
    """
    before = [_left_over(side, torn) for side in sides]
    for path, what in _left_over(project, torn).items():
        if not any(path in side for side in before):
            raise DocumentError(what, path)


def _left_over(project: Project, ends: bool) -> dict[tuple[str, ...], str]:
    """Return what is used nowhere, and names that stand twice, by the keys that lead there; with `ends` loose ends."""
    found: dict[tuple[str, ...], str] = {}
    used = set[str]()
    for place, graph in _graphs(project).items():
        used |= {str(layer.config.get("model")) for layer in graph.layers.values() if layer.class_name == MODEL}
        called = {call.layer for call in graph.calls.values()}
        named = {("inputs", key): item.name or key for key, item in graph.inputs.items()}
        named |= {("layers", key): layer_name(graph, key) for key in graph.layers}
        times = Counter(named.values())
        found |= {(*place, "layers", key): f"no call of `{key}` is left" for key in graph.layers if key not in called}
        found |= {
            (*place, *path): f"{times[name]} are named `{name}`" for path, name in named.items() if times[name] > 1
        }
        found |= {(*place, "calls", key): f"`{key}` leads to no output" for key in (dangling(graph) if ends else ())}
    return found | {("models", key): f"no layer is the model `{key}`" for key in project.models if key not in used}


def _check_port(project: Project, graph: Graph, source: str, path: tuple[str, ...]) -> None:
    node, port = source.partition(":")[0], port_of(source)
    call = graph.calls.get(node)
    layer = graph.layers.get(call.layer) if call else None
    if port and layer is not None and layer.class_name == MODEL:
        inner = project.models.get(str(layer.config.get("model")))
        if inner is not None and port not in inner.outputs:
            raise DocumentError(f"`{node}` has no output `{port}`", path)


class _Merger:
    """Merge tables; collect conflicts, and the paths of layers that ours changed and theirs took away."""

    def __init__(self) -> None:
        self.conflicts: list[str] = []
        self.torn: list[tuple[str, ...]] = []

    def tables(self, base: Plain, ours: Plain, theirs: Plain, path: tuple[str, ...]) -> Plain:
        """Return a table with what both sides made of it; new entries stand after what they followed."""
        merged: Plain = {}
        for key in _order(base, ours, theirs):
            sides = (base.get(key, ABSENT), ours.get(key, ABSENT), theirs.get(key, ABSENT))
            value = self.value(*sides, (*path, key))
            if value is not ABSENT:
                merged[key] = value
        return merged

    def value(self, base: Any, ours: Any, theirs: Any, path: tuple[str, ...]) -> Any:
        """Return what a value becomes, `ABSENT` where it goes away."""
        if _same(ours, theirs) or _same(theirs, base):
            return ours
        if _same(ours, base):
            return theirs
        tables = [item for item in (base, ours, theirs) if item is not ABSENT]
        if _are_tables(ours, theirs) and _are_tables(*tables) and _alike(tables):
            return self.tables({} if base is ABSENT else base, ours, theirs, path)
        if path[0] != "layout":  # where a card stands is worth no question
            torn = theirs is ABSENT and path[:-1] in (("graph", "layers"), ("models", *path[1:2], "layers"))
            self.torn += [path] if torn else []
            with_it = "; the file has the layer with our calls and wires" if torn else ""
            self.conflicts.append(_conflict(path, base, ours, theirs) + with_it)
        return ours


def _order(base: Plain, ours: Plain, theirs: Plain) -> list[str]:
    """Return the keys of all: as ours has them, or theirs where we left them as they were."""
    kept = [key for key in base if key in ours and key in theirs]
    first, second = ours, theirs
    if kept == [key for key in ours if key in kept] and kept != [key for key in theirs if key in kept]:
        first, second = theirs, ours
    found = list(first)
    before = ""
    for key in second:
        if key not in found:
            at = found.index(before) + 1 if before in found else 0
            while at < len(found) and found[at] not in second:
                at += 1  # after what the other side put at the same place
            found.insert(at, key)
        before = key
    return found


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)


def _are_tables(*values: Any) -> bool:
    return all(isinstance(value, dict) and value != NONE for value in values)


def _alike(tables: list[Any]) -> bool:
    """Tell whether tables say something of the same thing: arguments of another class are no change of each other."""
    return len({table.get("class") for table in tables}) == 1


def _opened(plain: Plain) -> Plain:
    """Return a plain project whose lists of objects are tables, by class and number."""
    fit, build = plain["fit"], plain["compile"]
    return plain | {
        "fit": fit | {"callbacks": _by_class(fit["callbacks"])},
        "compile": build | {"metrics": {key: _by_class(group) for key, group in build["metrics"].items()}},
    }


def _closed(plain: Plain) -> Plain:
    fit, build = plain["fit"], plain["compile"]
    return plain | {
        "format": FORMAT,
        "fit": fit | {"callbacks": list(fit["callbacks"].values())},
        "compile": build | {"metrics": {key: list(group.values()) for key, group in build["metrics"].items()}},
    }


def _by_class(specs: list[Plain]) -> Plain:
    found: Plain = {}
    for spec in specs:
        number = sum(item["class"] == spec["class"] for item in found.values())
        found[f"{spec['class']}{f' {number + 1}' if number else ''}"] = spec
    return found


def _conflict(path: tuple[str, ...], base: Any, ours: Any, theirs: Any) -> str:
    """Return a line that names a value by where it stands, with what each side has."""
    place = ".".join(path)
    if len(path) > 2 and path[:2] == ("graph", "layers"):
        place = " ".join(path[2:])
    elif len(path) > 4 and path[0] == "models" and path[2] == "layers":
        place = f"{path[1]}/{' '.join(path[3:])}"
    elif path[0] in ("compile", "fit", "notes", "data"):
        place = " ".join(path)
    return f"{place}: ours {_shown(ours)}, theirs {_shown(theirs)}, before {_shown(base)}"


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "gone"
    return " ".join(_written(value).split())


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_written(item)}" for key, item in value.items()) + " }"
    return str(msgspec.json.encode(value).decode())
