"""The outline: the graph as a list, in the order of the wires, for narrow screens and for screen readers.

What is changed here is changed by the graph: its cursor follows the outline's, and keys are handed on to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from kerastui.engine.project.document import MODEL, Project
from kerastui.engine.project.graph import node_name, nodes, order, wired, wires_into
from kerastui.engine.project.inside import opened
from kerastui.engine.project.plain import DocumentError
from kerastui.engine.project.taking import model_of
from kerastui.engine.studio import Studio
from kerastui.screens.build.ends import origin
from kerastui.screens.build.graph_view import Facts, class_text
from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Line, Span
from kerastui.screens.widgets.rows import Column, Row

COLUMNS: Final = (
    Column(words="muted", drop=4),
    Column(words="muted", gap=1),
    Column(words="text bold"),
    Column(words="muted"),
    Column(words="muted", flex=True, drop=2),
    Column(align="right"),
    Column(align="right", words="muted"),
    Column(align="right", words="muted", drop=3),
    Column(words="muted", drop=1),
)
"""Number, mark, name, class, what feeds it, shape, parameters, operations, marks."""

NAME: Final = 2
"""Index of the column of names."""

DEEPEST: Final = 12
"""Models within models that are shown; one that holds itself would have no end."""


class Place(msgspec.Struct, frozen=True):
    """Say where a row of the outline stands.

    Args:
        models: Ids of the models that it is in, the outermost first.
        node: Id of the input or call.
        applies: Id of the model that it applies, `""` if none.
        around: Key of the row whose model it is in, `""` for the project's own graph.
    """

    models: tuple[str, ...]
    node: str
    applies: str = ""
    around: str = ""


class Outline(msgspec.Struct, frozen=True):
    """Hold the rows of the outline, and where each stands by its key."""

    rows: tuple[Row, ...] = ()
    places: dict[str, Place] = {}

    def key_of(self, models: tuple[str, ...], node: str, near: str = "") -> str:
        """Return the key of the row of a card, `""` if it is not shown.

        Args:
            models: Ids of the models that are opened.
            node: Id of the card.
            near: A key that is preferred, where a model is applied more than once.
        """
        found = [key for key, place in self.places.items() if (place.models, place.node) == (models, node)]
        return near if near in found else next(iter(found), "")


def outline(studio: Studio, unfolded: Collection[str], marks: Collection[str], stale: bool = False) -> Outline:
    """Return the outline of the project.

    Args:
        studio: What is open.
        unfolded: Keys of the rows whose model is shown below them.
        marks: Ids of the cards that are marked, in the graph that is opened.
        stale: Whether shapes are older than the graph for long enough to be told.
    """
    places: dict[str, Place] = {}
    rows: list[Row] = []
    for key, place, row in _rows(studio, studio.project, (), "", "", unfolded, marks, stale):
        places[key] = place
        rows.append(row)
    return Outline(tuple(rows), places)


def _rows(
    studio: Studio,
    view: Project,
    models: tuple[str, ...],
    around: str,
    number: str,
    unfolded: Collection[str],
    marks: Collection[str],
    stale: bool,
) -> Iterator[tuple[str, Place, Row]]:
    """Yield the rows of a graph, and of the models in it that are unfolded."""
    facts = Facts(view, studio.checked, studio.problems, stale, models[-1] if models else "")
    marked = marks if models == studio.inside else ()
    for at, node in enumerate(_ordered(facts), 1):
        call = facts.graph.calls.get(node)
        layer = facts.graph.layers.get(call.layer) if call else None
        applies = str(layer.config.get("model", "")) if layer and layer.class_name == MODEL else ""
        key = f"{around}/{node}" if around else node
        opens = applies in studio.project.models and applies not in models and len(models) < DEEPEST
        fold = "" if not opens else glyphs().unfolded if key in unfolded else glyphs().folded
        cells = _cells(facts, node, f"{number}{at}", fold, len(models), node in marked)
        yield key, Place(models, node, applies if opens else "", around), Row(key, cells)
        if opens and key in unfolded:
            inner = opened(studio.project, applies)
            yield from _rows(studio, inner, (*models, applies), key, f"{number}{at}.", unfolded, marks, stale)


def _ordered(facts: Facts) -> list[str]:
    """Return the cards in the order of the wires; a graph that has none is listed as it is written."""
    try:
        return order(facts.graph)
    except DocumentError:
        return list(nodes(facts.graph))


def _cells(facts: Facts, node: str, number: str, fold: str, depth: int, marked: bool) -> tuple[Line, ...]:
    graph = facts.graph
    call = graph.calls.get(node)
    layer = graph.layers.get(call.layer) if call else None
    fed = ", ".join(origin(facts, wired(wire.source, wire.port)) for wire in wires_into(graph, node))
    shape = facts.shape(node)
    report = facts.report(node)
    computed = report is not None and report.shape is not None
    first = call is None or facts.calls[call.layer][0] == node
    params = (words.count(report.params) if first else "shared") if report and computed else ""
    flops = words.operations(report.flops) if report and computed and report.flops else ""
    waits = report is not None and report.waits
    return (
        number,
        _mark(facts, node),
        [("  " * depth, ""), (f"{fold} " if fold else "", "faint"), (node_name(graph, node), "")],
        class_text(layer, model_of(facts.project, layer)) if layer else "Input" if call is None else "",
        f"{glyphs().came} {fed}" if fed else "",
        "waits" if waits else f"{words.shape(shape)}{f' {glyphs().stale}' if facts.stale and call else ''}",
        params,
        flops,
        _marks(facts, node, marked),
    )


def _mark(facts: Facts, node: str) -> Line:
    """Return the mark of the worst problem, or else of an input, a shared layer or an output."""
    found = {problem.severity for problem in facts.about(node)}
    graph = facts.graph
    if "error" in found:
        return [(glyphs().error, "error")]
    if "warning" in found:
        return [(glyphs().warning, "warning")]
    if node in graph.inputs:
        return [(glyphs().input, "success")]
    calls = facts.calls[graph.calls[node].layer]
    if len(calls) > 1:
        return [(f"{glyphs().shared}{calls.index(node) + 1}", "accent")]
    return glyphs().output if node in facts.ends else ""


def _marks(facts: Facts, node: str, marked: bool) -> Line:
    """Return what else is to be known: that a card is marked, an output, frozen, or has a note."""
    call = facts.graph.calls.get(node)
    layer = facts.graph.layers.get(call.layer) if call else None
    found: list[Span] = []
    if marked:
        found.append(("marked", "primary bold"))
    if node in facts.ends:
        found.append(("output", "muted"))
    if layer and layer.config.get("trainable") is False:
        found.append((glyphs().frozen, "muted"))
    if node in facts.project.notes:
        found.append((glyphs().has_note, "muted"))
    return [each for span in found for each in ((" ", ""), span)][1:]
