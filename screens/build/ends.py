"""Lines of the inspector on what goes into a card and comes out, with whom it shares weights, and what is wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.project.graph import (
    Wire,
    calls_of,
    consumers,
    node_name,
    node_of,
    port_of,
    sources,
    wired,
    wires_into,
)
from kerastui.engine.project.problems import Problem
from kerastui.screens.build.graph_view import Facts
from kerastui.screens.widgets import words
from kerastui.screens.widgets.form import FormRow, Note
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Span

LABEL = 5
"""Cells of the labels `in` and `out`; names of tensors may be longer."""


def end_rows(facts: Facts, key: str) -> list[FormRow]:
    """Return what goes in and what comes out.

    Args:
        facts: What is known of the graph.
        key: Id of an input or call.
    """
    lines = [*_inputs(facts, key), *_outputs(facts, key)]
    width = max(len(label) + 2 for label, _, _ in lines)
    rows: list[FormRow] = [Note(_line(*line, max(width, LABEL))) for line in lines]
    return rows


def origin(facts: Facts, source: str) -> str:
    """Return where a tensor comes from, as a person reads it: `lstm:1`; of a shared layer with its call."""
    node, graph = node_of(source), facts.graph
    calls = facts.calls[graph.calls[node].layer] if node in graph.calls else ()
    call = f" {glyphs().shared}{calls.index(node) + 1}" if len(calls) > 1 else ""
    return wired(node_name(graph, node), port_of(source)) + call


def _inputs(facts: Facts, key: str) -> list[tuple[str, str, str]]:
    """Return label, shape and words of each tensor that goes in, in order."""
    if key not in facts.graph.calls:
        return []
    given = [wire for wire in wires_into(facts.graph, key) if not wire.argument]
    if not given:
        return [("in", "nothing", "")]
    found = []
    for at, wire in enumerate(given):
        source = wired(wire.source, wire.port)
        about = facts.dtype(source) if len(given) == 1 else f"{glyphs().came} {origin(facts, source)}"
        found.append((_role(facts, wire, at), words.shape(facts.shape(source)), about))
    return found


def _role(facts: Facts, wire: Wire, at: int) -> str:
    """Return the label of a tensor that goes in: its role where the layer's tensors have different ones."""
    graph = facts.graph
    entry = catalog().layer(graph.layers[graph.calls[wire.target].layer].class_name)
    if entry is not None and entry.inputs == "many" and at < len(entry.tensors):
        return entry.tensors[at]
    return "in" if at == 0 else ""


def _outputs(facts: Facts, key: str) -> list[tuple[str, str, str]]:
    """Return label, shape and data type of each tensor that comes out; with its port where there are several."""
    report = facts.report(key)
    if report is not None and report.shape is not None and len(report.outputs) > 1:
        return [
            (f"out {each.port}" if at == 0 else f"    {each.port}", words.shape(each.shape), each.dtype)
            for at, each in enumerate(report.outputs)
        ]
    out = facts.shape(key)
    return [("out", words.shape(out) if out else "waits" if report and report.waits else "?", facts.dtype(key))]


def _line(label: str, shape: str, about: str, width: int) -> list[Span]:
    return [(label.ljust(width), "muted"), (shape, "text"), (f"  {about}", "muted")]


def sharing_rows(facts: Facts, key: str, compact: bool) -> list[FormRow]:
    """Return a note on a shared layer: how many calls, and where each stands.

    Args:
        facts: What is known of the graph.
        key: Id of a call.
        compact: Leave out where each stands.
    """
    graph = facts.graph
    calls = calls_of(graph, graph.calls[key].layer)
    if len(calls) < 2:
        return []
    count = f"one weight set, {len(calls)} calls"
    rows: list[FormRow] = [Note(), Note([(f"{glyphs().shared} ", "accent"), (count, "text")])]
    if compact:
        return rows
    for number, call in enumerate(calls, 1):
        into = ", ".join(node_name(graph, each) for each in consumers(graph, call)) or glyphs().missing
        of = ", ".join(node_name(graph, each) for each in sources(graph, call)) or glyphs().missing
        rows.append(Note([(f"{number} ", "muted"), (f"{of} ", "text"), (f"{glyphs().to} {into}", "muted")], indent=1))
    return rows


def problem_rows(problems: Iterable[Problem], width: int) -> list[FormRow]:
    """Return the problems that no field shows, wrapped.

    Args:
        problems: The problems.
        width: Cells of a line.
    """
    rows: list[FormRow] = []
    for problem in problems:
        mark = glyphs().error if problem.severity == "error" else glyphs().warning
        text = f"{problem.what}; {problem.hint}" if problem.hint else problem.what
        for at, line in enumerate(wrapped(text, width - 2)):
            start = (f"{mark} ", problem.severity) if at == 0 else ("  ", "")
            rows.append(Note([start, (line, "text")]))
    return [Note(), *rows] if rows else []


def wrapped(text: str, width: int) -> Sequence[str]:
    """Break a text into lines of a width."""
    return textwrap.wrap(text, max(width, 8))
