"""The difference of two projects in words: `describe(before, after)`. No TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import msgspec

from kerastui.engine.catalog.catalog import Kind
from kerastui.engine.project.document import Column, Data, Graph, Project, Spec
from kerastui.engine.project.edits import make_edit
from kerastui.engine.project.files import dumps
from kerastui.engine.project.plain import to_plain
from kerastui.engine.writing.differences import Difference, What, arguments, objects, shown, tables, told
from kerastui.engine.writing.differences_graph import graph_differences

__all__ = ["Difference", "describe"]

ADDED: tuple[str, What] = ("+", "added")
REMOVED: tuple[str, What] = ("−", "removed")
CHANGED: tuple[str, What] = ("", "changed")


def describe(before: Project, after: Project) -> list[Difference]:
    """Return what changed from one project to another, in the order of the file.

    Args:
        before: The project.
        after: The same, later.

    Returns:
        Differences, each a line; none where both give the same file.

    Example:
        >>> from kerastui.engine.project import commands
        >>> from kerastui.engine.templates import project
        >>> after = commands.set_argument(project("digits"), "hidden", "units", 128)
        >>> [difference.text for difference in describe(project("digits"), after)]
        ['hidden: units 64 → 128']
    """
    found = [
        *_top(before, after),
        *_data(before.data, after.data),
        *graph_differences(before.graph, after.graph, ""),
        *tables(before.models, after.models, _model),
        *_compile(before, after),
        *_fit(before, after),
        *tables(before.notes, after.notes, _note),
        *_moved(before, after),
    ]
    if not found and dumps(before) != dumps(after):
        found = list(_unnamed(before, after))
    return found


def _unnamed(before: Project, after: Project) -> Iterator[Difference]:
    """Yield what nothing above has words for: values by where they stand in the file, or their order."""
    if to_plain(before) == to_plain(after):
        yield Difference("changed", "", "the order of entries in the file")
        return
    for change in make_edit("", before, after).changes:
        place = " ".join(change.path)
        yield Difference("changed", place, f"{place}: {_field(change.old)} → {_field(change.new)}")


def _top(before: Project, after: Project) -> Iterator[Difference]:
    if before.name != after.name:
        yield Difference("renamed", "name", f"name {before.name} → {after.name}")
    if before.weights != after.weights:
        yield Difference(
            "changed", "weights", f"weights: {before.weights or 'new ones'} → {after.weights or 'new ones'}"
        )
    for file in before.code:
        if file not in after.code:
            yield Difference("removed", "code", f"− code {file}")
    for file in after.code:
        if file not in before.code:
            yield Difference("added", "code", f"+ code {file}")


def _data(before: Data, after: Data) -> Iterator[Difference]:
    if before.source != after.source:
        yield Difference("changed", "data", f"data: source {before.source or 'none'} → {after.source or 'none'}")
    yield from tables(before.columns, after.columns, _column)
    yield from _fields("split", before.split, after.split)


def _column(name: str, before: Column | None, after: Column | None) -> Iterator[Difference]:
    place = f"column {name}"
    if before is not None and after is not None:
        yield from _fields(place, before, after)
    else:
        column = before or after or Column()
        sign, what = REMOVED if after is None else ADDED
        encoding = "" if column.encoding == "none" else f", {column.encoding}"
        yield Difference(what, place, f"{sign} {place} ({column.role}{encoding})")


def _fields(place: str, before: msgspec.Struct, after: msgspec.Struct) -> Iterator[Difference]:
    """Yield what changed in the plain fields of a struct."""
    for name in before.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Difference("changed", place, f"{place}: {name} {_field(old)} → {_field(new)}")


def _field(value: object) -> str:
    return "none" if value == "" else shown(value)


def _model(key: str, before: Graph | None, after: Graph | None) -> Iterator[Difference]:
    if before is None or after is None:
        graph = before or after or Graph()
        sign, what = REMOVED if after is None else ADDED
        calls = f"{len(graph.calls)} call{'' if len(graph.calls) == 1 else 's'}"
        yield Difference(what, key, f"{sign} model {key} ({calls})")
    else:
        yield from graph_differences(before, after, key)


def _compile(before: Project, after: Project) -> Iterator[Difference]:
    one, other = before.compile, after.compile
    yield from objects("optimizer", one.optimizer, other.optimizer, "optimizer")
    yield from tables(one.losses, other.losses, partial(_object, kind="loss"))
    for name in dict.fromkeys([*one.metrics, *other.metrics]):
        yield from _listed(f"metrics of {name}", one.metrics.get(name, ()), other.metrics.get(name, ()), "metric")
    for name in dict.fromkeys([*one.loss_weights, *other.loss_weights]):
        old, new = one.loss_weights.get(name, 1.0), other.loss_weights.get(name, 1.0)
        if old != new:
            yield Difference("changed", f"loss weight of {name}", f"loss weight of {name}: {shown(old)} → {shown(new)}")
    for field in ("model", "jit_compile", "steps_per_execution", "run_eagerly"):
        yield from _setting(field, getattr(one, field), getattr(other, field))


def _object(name: str, before: Spec | None, after: Spec | None, kind: Kind) -> Iterator[Difference]:
    place = f"{kind} of {name}"
    if before is not None and after is not None:
        yield from objects(place, before, after, kind)
    elif after is not None:
        yield Difference("added", place, f"+ {place}: {told(after, kind)}")
    elif before is not None:
        yield Difference("removed", place, f"− {place}: {told(before, kind)}")


def _listed(place: str, before: tuple[Spec, ...], after: tuple[Spec, ...], kind: Kind) -> Iterator[Difference]:
    """Yield what changed in a list of objects, paired by class."""
    old, new = _numbered(before), _numbered(after)
    for key in old:
        if key not in new:
            yield Difference("removed", place, f"{place}: − {told(old[key], kind)}")
    for key, item in new.items():
        if key not in old:
            yield Difference("added", place, f"{place}: + {told(item, kind)}")
        else:
            yield from arguments(f"{place}: {item.class_name}", old[key].config, item.config, item.class_name, kind)
    if [key for key in old if key in new] != [key for key in new if key in old]:
        yield Difference("changed", place, f"{place}: order → {', '.join(item.class_name for item in after)}")


def _numbered(specs: tuple[Spec, ...]) -> Mapping[tuple[str, int], Spec]:
    found: dict[tuple[str, int], Spec] = {}
    for spec in specs:
        found[spec.class_name, sum(name == spec.class_name for name, _ in found)] = spec
    return found


def _fit(before: Project, after: Project) -> Iterator[Difference]:
    for field in ("epochs", "batch_size", "shuffle", "validation_freq", "seed"):
        yield from _setting(field, getattr(before.fit, field), getattr(after.fit, field))
    yield from _listed("callbacks", before.fit.callbacks, after.fit.callbacks, "callback")


def _setting(name: str, before: object, after: object) -> Iterator[Difference]:
    if before != after or type(before) is not type(after):
        yield Difference("changed", name, f"{name} {_field(before)} → {_field(after)}")


def _note(place: str, before: str | None, after: str | None) -> Iterator[Difference]:
    if after is None:
        yield Difference("removed", place, f"− note on {place}")
    else:
        sign, what = ADDED if before is None else CHANGED
        yield Difference(what, place, f"{sign} note on {place}: {' '.join(after.split())}".strip())


def _moved(before: Project, after: Project) -> Iterator[Difference]:
    """Yield how many cards stand elsewhere; where, nobody reads. Cards that came or went are told of already."""
    there = _places(before) & _places(after)
    moved = [key for key in there if before.layout.get(key) != after.layout.get(key)]
    if moved:
        yield Difference("moved", "layout", f"{len(moved)} card{'' if len(moved) == 1 else 's'} moved")


def _places(project: Project) -> set[str]:
    graphs = {"": project.graph, **project.models}
    return {
        f"{model}/{key}" if model else key for model, graph in graphs.items() for key in (*graph.inputs, *graph.calls)
    }
