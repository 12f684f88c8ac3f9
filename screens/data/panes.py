"""The lines of the small panes: classes, split, what is bound to the graph, quality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from kerastui.engine.data.binding import Binding
from kerastui.engine.data.profile import ColumnProfile
from kerastui.engine.data.split import CATEGORICAL
from kerastui.engine.process.protocol import Checked
from kerastui.engine.project.document import Column, Graph, Split
from kerastui.engine.project.graph import node_name, node_of
from kerastui.engine.project.problems import Problem
from kerastui.screens.data.columns import decimals, number
from kerastui.screens.data.facts import Facts
from kerastui.screens.data.lines import bar, histogram, joined, place, rule, spread, wrapped
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Line, Span, key_tag, line_width
from kerastui.screens.widgets.words import count, percent, plural, shape, shorten

_NAME = 14
"""Columns that the name of a class takes at most."""


def mark(severity: str) -> Span:
    """Return the glyph of a severity in its colour."""
    table = glyphs()
    marks: Mapping[str, Span] = {
        "error": (table.error, "error"),
        "warning": (table.warning, "warning"),
        "note": (table.note, "muted"),
        "ok": (table.ok, "success"),
    }
    return marks[severity]


def tally(problems: Sequence[Problem]) -> Line:
    """Return how many errors and warnings there are: `✗ 1  ▲ 2`."""
    found = [(mark(kind), sum(problem.severity == kind for problem in problems)) for kind in ("error", "warning")]
    parts = [((f"{glyph} {number}", ink),) for (glyph, ink), number in found if number]
    return joined(*[piece for part in parts for piece in (part, "  ")][:-1]) if parts else ""


# Classes ------------------------------------------------------------------------------------------------------------


def classes_lines(found: ColumnProfile | None, column: Column) -> Callable[[int], list[Line]]:
    """Return the lines on the target: its classes, or how its numbers are spread."""
    if found is None:
        return lambda width: ["", *wrapped(mark("error"), "no column is the target; r gives one that role", width)]
    if column.encoding in CATEGORICAL:
        return lambda width: _class_bars(found, width)
    return lambda width: _spread_lines(found, width)


def _class_bars(found: ColumnProfile, width: int) -> list[Line]:
    names = [name for name, _ in found.classes]
    name_width = min(_NAME, max(map(len, names), default=0))
    present, most = found.rows - found.missing or 1, found.classes[0][1] if found.classes else 1
    counts_width = len(count(most))
    room = width - name_width - counts_width - 11
    lines: list[Line] = [""]
    for name, rows in found.classes:
        figures: Line = ((f"{count(rows):>{counts_width}}", "text"), (f" {percent(rows / present, 1):>7}", "muted"))
        left = place((0, shorten(name, name_width)), (name_width + 1, bar([(rows / most, "val")], max(1, room))))
        lines.append(spread(left, figures, width))
    if found.distinct > len(found.classes):
        lines.append(((f"and {count(found.distinct - len(found.classes))} more", "muted"),))
    return lines


def _spread_lines(found: ColumnProfile, width: int) -> list[Line]:
    if found.minimum is None:
        return ["", *wrapped(mark("error"), "no numbers to predict; e chooses label for classes", width)]
    blocks, places = histogram(found.histogram, width, 2), decimals(found)
    ends = 0 if found.type in ("int", "bool") else places
    return [
        *(((text, "val"),) for text in blocks),
        spread(((number(found.minimum, ends), "muted"),), ((number(found.maximum, ends), "muted"),), len(blocks[0])),
        (
            ("mean ", "muted"),
            (number(found.mean, places), "text"),
            ("   std ", "muted"),
            (number(found.std, places), "text"),
        ),
    ]


# Split --------------------------------------------------------------------------------------------------------------


def split_lines(facts: Facts | None, split: Split) -> Callable[[int], list[Line]]:
    """Return the lines on how the rows are divided."""

    def lines(width: int) -> list[Line]:
        if facts is None:
            return []
        if facts.problem:
            return ["", *wrapped(mark("error"), f"{facts.problem}; s changes the shares", width)]
        total = (facts.train + facts.validation + facts.test) or 1
        parts = [("train", facts.train, "train"), ("val", facts.validation, "val"), ("test", facts.test, "curve-4")]
        shown = [part for part in parts if part[1]]
        labels: list[Line] = [((name, ink), (f" {count(rows)}", "text")) for name, rows, ink in shown]
        drawn = bar([(rows / total, ink) for _, rows, ink in shown], width)
        overlap = _overlap(facts, width)
        gap = [""] if len(overlap) < 2 else []
        return ["", drawn, _across(labels, width), *gap, *overlap]

    return lines


def _across(labels: Sequence[Line], width: int) -> Line:
    """Return labels at the left, in the middle and at the right of a line."""
    if len(labels) < 2:
        return joined(*labels)
    if len(labels) == 2:
        return spread(labels[0], labels[1], width)
    middle = (width - 8) * 3 // 5
    return spread(place((0, labels[0]), (middle, labels[1])), labels[2], width)


def _overlap(facts: Facts, width: int) -> list[Line]:
    dropped = f" {glyphs().separator} {plural(facts.dropped, 'row')} dropped" if facts.dropped else ""
    if facts.twins:
        text = f"{plural(facts.twins, 'row')} of val and test are in train too, value for value{dropped}"
        return wrapped(mark("warning"), text, width)
    if not facts.validation:
        return wrapped(mark("warning"), f"nothing is validated{dropped}", width)
    return wrapped(mark("ok"), f"no row is in two parts{dropped}", width)


# Bound to the graph -------------------------------------------------------------------------------------------------


class Bound(msgspec.Struct, frozen=True):
    """Hold what the pane on the binding shows.

    Args:
        bindings: What the columns become, by input or output.
        graph: The network.
        checked: The engine's last check of it, for the shapes of outputs.
        problems: What is wrong with the data.
        starts: Whether a starting network is offered.
    """

    bindings: Sequence[Binding]
    graph: Graph
    checked: Checked | None
    problems: Sequence[Problem]
    starts: bool


def bound_lines(bound: Bound) -> Callable[[int], list[Line]]:
    """Return the lines on which columns go where in the graph."""

    def lines(width: int) -> list[Line]:
        rows = _bound_rows(bound)
        right = width - max((line_width(row[-1]) for row in rows), default=0)
        shapes, middle, marks = int(width * 0.36), int(width * 0.54), int(width * 0.6)
        head = [(1, "columns"), (shapes, "shape"), (marks + 2, "graph")]
        found: list[Line] = [place(*((x, ((text, "muted bold"),)) for x, text in head))]
        for left, given, arrow, state, name, kind, wanted in rows:
            named = joined(((name, "text bold"),), ((f"  {kind}", "muted"),))
            found.append(
                place(
                    (1, left), (shapes, given), (middle, arrow), (marks, (state,)), (marks + 2, named), (right, wanted)
                )
            )
        return [*found, *_bound_problem(bound, width)]

    return lines


def _bound_rows(bound: Bound) -> list[tuple[Line, Line, Line, Span, str, str, Line]]:
    wrong = {problem.subject: problem.severity for problem in reversed(bound.problems)}
    rows: list[tuple[Line, Line, Line, Span, str, str, Line]] = []
    for each in bound.bindings:
        glyph: Span = (glyphs().input, "primary") if each.role == "input" else (glyphs().output, "val")
        first = each.columns[0]
        kind, wanted = _port(bound, each)
        severity = wrong.get(each.to) or wrong.get(first) or ("ok" if kind else "error")
        severity = severity if severity in ("error", "warning") else "ok"
        ink = {"ok": "faint", "warning": "warning", "error": "error"}[severity]
        given = shape(None if each.shape is None else (each.rows, *each.shape))
        name = node_name(bound.graph, each.to) if each.role == "input" else each.to
        rows.append(
            (
                (glyph, (f" {each.label}", "text")),
                ((given, "text"),),
                ((f"{glyphs().horizontal * 2}{glyphs().running}", ink),),
                mark(severity),
                name or glyphs().missing,
                kind,
                ((wanted, "text"),),
            )
        )
    return rows


def _port(bound: Bound, each: Binding) -> tuple[str, str]:
    """Return class and shape of the input or output something is bound to; `""` where there is none."""
    graph = bound.graph
    if each.role == "input":
        given = graph.inputs.get(each.to)
        return ("Input", shape((None, *given.shape))) if given else ("", "")
    source = graph.outputs.get(each.to)
    if source is None:
        return "", ""
    tensor = bound.checked.tensor(source) if bound.checked else None
    call = graph.calls.get(node_of(source))
    return graph.layers[call.layer].class_name if call else "Input", shape(tensor.shape if tensor else None)


def _bound_problem(bound: Bound, width: int) -> list[Line]:
    """Return the first problem of the binding with its repair, or the offer of a starting network."""
    if bound.starts:
        offer = key_tag("n", "make a starting network: Dense 64, and an output that fits the target", "success")
        return [rule(width), (("  the graph is empty", "muted"),), joined("  ", offer)]
    ports = {*bound.graph.inputs, *bound.graph.outputs, ""}
    problem = next((each for each in bound.problems if each.subject in ports and each.severity != "note"), None)
    if problem is None:
        return []
    return [rule(width), *wrapped(mark(problem.severity), problem.what, width), repair_line(problem)]


def repair_line(problem: Problem) -> Line:
    """Return the offer of a repair, or what to do."""
    if problem.repair is not None:
        return joined("  ", key_tag("f", problem.repair.label, "success"))
    return ((f"  {problem.hint}", "muted"),)


# Quality ------------------------------------------------------------------------------------------------------------


def quality_lines(problems: Sequence[Problem], facts: Facts | None) -> Callable[[int], list[Line]]:
    """Return the lines on what is right and wrong with the data, what is wrong first."""

    def lines(width: int) -> list[Line]:
        found: list[Line] = [""] if not problems else []
        for problem in problems:
            found += wrapped(mark(problem.severity), problem.what, width)
            if problem.repair is not None:
                found.append(repair_line(problem))
            elif problem.hint:
                found += wrapped((" ", ""), problem.hint, width, "muted")
        return [*found, *_good(problems, facts, width)]

    return lines


def _good(problems: Sequence[Problem], facts: Facts | None, width: int) -> list[Line]:
    lines: list[Line] = []
    if not any(problem.severity == "error" for problem in problems):
        lines += wrapped(mark("ok"), "types hold in all rows", width)
    if facts is not None and facts.duplicates:
        lines += wrapped(
            mark("note"), plural(facts.duplicates, "row repeats an earlier one", "rows repeat an earlier one"), width
        )
    elif facts is not None:
        lines += wrapped(mark("ok"), "no row is there twice", width)
    return lines
