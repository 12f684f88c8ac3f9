"""The fields of the inspector: from a card of the graph to the rows of a form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from kerastui.engine.catalog.catalog import Argument, Entry, catalog
from kerastui.engine.catalog.values import format_value
from kerastui.engine.project.document import MODEL, Layer
from kerastui.engine.project.graph import layer_name, node_name
from kerastui.engine.project.problems import Problem
from kerastui.screens.build.ends import end_rows, problem_rows, sharing_rows
from kerastui.screens.build.graph_view import Facts
from kerastui.screens.build.side_fields import (
    IDLE,
    TAKES,
    call_rows,
    model_rows,
    note_rows,
    order_rows,
    output_rows,
    structure_field,
)
from kerastui.screens.widgets import words
from kerastui.screens.widgets.argument_fields import COMMON, fields_of
from kerastui.screens.widgets.choose import Choice
from kerastui.screens.widgets.form import Field, FormRow, Heading, Rule

GROUPS: Final = {"_initializer": "initializers", "_regularizer": "regularizers", "_constraint": "constraints"}
"""Ends of names of arguments that stand under a heading of their own."""

SHORT: Final = {"_initializer": "_init", "_regularizer": "_reg", "_constraint": "_constr"}
"""What these ends become where there are no headings and no room."""

FOLDED: Final = ("constraints", "more", IDLE)
"""Headings that start folded."""

NAME_HELP: Final = "Name shown on the card and given to Keras: letters, digits, `_`, `-` and `.`."


def input_rows(facts: Facts, key: str, width: int = 28) -> list[FormRow]:
    """Return the rows of an input of the graph.

    Args:
        facts: What is known of the graph.
        key: Id of the input.
        width: Cells of a line.
    """
    found = facts.graph.inputs[key]
    dense = catalog().layer("Dense")
    dtype = dense.argument("dtype") if dense else None
    names = ("float32", "float64", "float16", "int32", "int64", "bool", "string")
    own = [name for name in (dtype.choices if dtype else ()) if name not in names and not name.startswith("mixed")]
    shape_help = "Shape of one sample, without the batch axis: `8, 8`; `?` where a size is unknown."
    shape = words.shape(found.shape)
    return [
        Field("name", "name", node_name(facts.graph, key), changed=bool(found.name), help=NAME_HELP),
        Field("shape", "shape", shape, changed=True, help=shape_help),
        Field(
            "dtype",
            "dtype",
            found.dtype,
            kind="choice",
            changed=found.dtype != "float32",
            choices=tuple(map(Choice, (*names, *own))),
            help="Data type of the tensor.",
        ),
        Rule(),
        *end_rows(facts, key),
        *order_rows(facts, key),
        structure_field(TAKES, facts.graph.takes),
        *output_rows(facts, key),
        *note_rows(facts, key),
        *problem_rows(facts.about(key), width),
    ]


def layer_rows(facts: Facts, key: str, compact: bool, width: int = 28) -> list[FormRow]:
    """Return the rows of a layer.

    Args:
        facts: What is known of the graph.
        key: Id of the call that is selected.
        compact: The pane is narrow: no headings, only what is set or common, and the rest folded.
        width: Cells of a line.
    """
    call = facts.graph.calls[key]
    layer = facts.graph.layers[call.layer]
    entry = catalog().layer(layer.class_name)
    said = facts.about(key)
    name = Field("name", "name", layer_name(facts.graph, call.layer), changed=bool(layer.name), help=NAME_HELP)
    rows: list[FormRow] = [name]
    if layer.class_name == MODEL:
        rows += model_rows(facts, layer)
    elif entry is not None:
        wrong = _wrong(entry, said)
        rows += _arguments(entry, layer, wrong, compact)
        said = [problem for problem in said if _argument_of(entry, problem) is None]
    else:
        rows += [
            Field(name, name, format_value(value), "readonly", changed=True, help=f"`{format_value(value)}`")
            for name, value in layer.config.items()
        ]
    rows += call_rows(facts, key, entry)
    rows += [Rule(), *end_rows(facts, key), *order_rows(facts, key), *output_rows(facts, key)]
    return [*rows, *sharing_rows(facts, key, compact), *note_rows(facts, key), *problem_rows(said, width)]


def _arguments(entry: Entry, layer: Layer, wrong: Mapping[str, tuple[str, str]], compact: bool) -> Iterator[FormRow]:
    """Yield the fields of all arguments: required and common ones, what is set, groups, then the rest."""
    suffix = {each.name: _suffix(each.name) for each in entry.arguments}
    plain = [each for each in entry.arguments if compact or not suffix[each.name]]
    above = [each for each in plain if _stands_above(entry, each, layer, wrong)]
    # Required ones first; the others keep the constructor's order, so that nothing jumps when a value changes.
    for argument in sorted(above, key=lambda each: not each.required):
        label = (
            argument.name.replace(suffix[argument.name], SHORT[suffix[argument.name]]) if suffix[argument.name] else ""
        )
        yield from fields_of(argument, layer.config, wrong, label)
    if not compact:
        for end, title in GROUPS.items():
            members = [each for each in entry.arguments if suffix[each.name] == end]
            yield from _group(title, end, members, layer, wrong)
    rest = [each for each in plain if each not in above]
    if rest:
        yield Heading("more", f"{len(rest)} more at {'their ' if len(rest) < 10 or not compact else ''}default")
        for argument in rest:
            yield from fields_of(argument, layer.config, wrong)


def _stands_above(entry: Entry, argument: Argument, layer: Layer, wrong: Mapping[str, object]) -> bool:
    telling = argument.name == entry.telling
    known = argument.required or telling or argument.name in COMMON
    return known or argument.name in layer.config or argument.name in wrong


def _group(
    title: str, end: str, members: Sequence[Argument], layer: Layer, wrong: Mapping[str, tuple[str, str]]
) -> Iterator[FormRow]:
    if not members:
        return
    empty = all(each.name not in layer.config and each.default is None for each in members)
    yield Heading(title, title, "none" if empty else "")
    for argument in members:
        yield from fields_of(argument, layer.config, wrong, argument.name.removesuffix(end))


def _suffix(name: str) -> str:
    return next((end for end in GROUPS if name.endswith(end)), "")


def _argument_of(entry: Entry, problem: Problem) -> str | None:
    """Return the argument a problem is about, as far as its words or its repair name one."""
    if problem.repair is not None and problem.repair.kind == "argument" and entry.argument(problem.repair.name):
        return problem.repair.name
    first = problem.what.split(" ", 1)[0].rstrip(":")
    return first if entry.argument(first) is not None else None


def _wrong(entry: Entry, problems: Iterable[Problem]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for problem in problems:
        name = _argument_of(entry, problem)
        if name is not None:
            found.setdefault(name, (problem.what, problem.repair.label if problem.repair else ""))
    return found
