"""What a network costs, in words: parameters, operations and memory of a layer, of all, and of an edit in sight."""

from __future__ import annotations

from collections.abc import Sequence

from kerastui.engine.process.protocol import CallReport, Checked
from kerastui.engine.project.graph import calls_of, node_name
from kerastui.engine.project.inside import place_of, split_place
from kerastui.engine.project.problems import Problem
from kerastui.screens.build.graph_view import Facts
from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import line_width


def cost_words(facts: Facts, key: str, room: int) -> str:
    """Return what a call costs: `2,080 params · 4.1 kFLOP · 128 B`, as much of it as there is room for.

    Args:
        facts: What is known of the graph.
        key: Id of the call.
        room: Cells for the words.
    """
    report = facts.report(key)
    # A shared layer's parameters are reported at its first call.
    first = facts.report(calls_of(facts.graph, facts.graph.calls[key].layer)[0])
    if report is None or report.shape is None or first is None:
        return ""
    return fitting([*_params(first.params, first.trainable), *_work(report.flops, report.memory)], room, facts.stale)


def total_words(facts: Facts, room: int) -> str:
    """Return what the graph comes to: `7 layers · 9,360 params · 22.5 kFLOP · 1.2 KiB`, as much as there is room for.

    Args:
        facts: What is known of the graph.
        room: Cells for the words.
    """
    parts = [words.plural(len(facts.graph.layers), "layer")]
    if facts.checked is not None:
        params, trainable, flops, memory = _sums(facts, facts.checked)
        parts += [*_params(params, trainable), *_work(flops, memory)]
    return fitting(parts, room, facts.stale and facts.checked is not None)


def _sums(facts: Facts, checked: Checked) -> tuple[int, int, int, int]:
    """Return parameters, trainable ones, operations and bytes of the graph that is shown."""
    if not facts.model:
        return checked.params, checked.trainable, checked.flops, checked.memory
    own = [report for place, report in checked.calls.items() if split_place(place)[0] == facts.model]
    sums = [sum(getattr(report, name) for report in own) for name in ("params", "trainable", "flops", "memory")]
    return sums[0], sums[1], sums[2], sums[3]


def _params(params: int, trainable: int) -> list[str]:
    """Return how many parameters there are, and which of them are trained if not all are."""
    trained = f"{words.count(trainable)} trainable" if trainable else "frozen"
    return [words.plural(params, "param"), *([trained] if trainable != params else [])]


def _work(flops: int, memory: int) -> list[str]:
    """Return operations and memory, where they are known: an older engine counts none."""
    return [*([words.operations(flops)] if flops else []), *([words.memory(memory)] if memory else [])]


def fitting(parts: Sequence[str], room: int, stale: bool = False) -> str:
    """Join as many parts as there is room for, the last left out first.

    Args:
        parts: The parts; the first always stays.
        room: Cells there are.
        stale: The figures are older than what they belong to.
    """
    between, mark = f" {glyphs().separator} ", f" {glyphs().stale}" if stale else ""
    for end in range(len(parts), 1, -1):
        if line_width(text := between.join(parts[:end]) + mark) <= room:
            return text
    return parts[0] + mark if parts else ""


def effect_words(facts: Facts, checked: Checked, key: str) -> list[str]:
    """Return what an edit in sight would do to a card: `(∅, 32) → (∅, 64)`, `2,080 → 4,160 params`, what it breaks.

    Args:
        facts: What is known of the graph as it is.
        checked: What the engine says of the graph as it would be.
        key: Id of the card.
    """
    place = place_of(facts.model, key)
    before, after = facts.report(key), checked.calls.get(place)
    told: list[str] = []
    if before is not None and after is not None and after.shape is not None:
        old, new = _params_of(facts, facts.checked, key), _params_of(facts, checked, key)
        told = [*_changed(words.shape(before.shape), words.shape(after.shape))]
        told += [f"{change} params" for change in _changed(words.count(old), words.count(new))]
        told += [] if told else _changed_work(before, after)
        told = told or ["same shape, same params"]
    elif before is None and facts.checked is not None:
        told = _in_sum(facts.checked, checked)
    known = {(problem.subject, problem.what) for problem in (facts.checked.problems if facts.checked else ())}
    fresh = [each for each in checked.problems if (each.subject, each.what) not in known and each.severity == "error"]
    return told + [_breaks(facts, problem, place) for problem in fresh[:1]]


def _params_of(facts: Facts, checked: Checked | None, key: str) -> int:
    first = calls_of(facts.graph, facts.graph.calls[key].layer)[0]
    report = checked.calls.get(place_of(facts.model, first)) if checked else None
    return report.params if report else 0


def _changed(old: str, new: str) -> list[str]:
    return [f"{old} {glyphs().to} {new}"] if old != new else []


def _changed_work(before: CallReport, after: CallReport) -> list[str]:
    """Return how operations change, where shape and parameters stay."""
    return _changed(words.operations(before.flops), words.operations(after.flops))


def _in_sum(before: Checked, after: Checked) -> list[str]:
    """Return what an edit of an input would do to the whole."""
    changes = _changed(words.count(before.params), words.count(after.params))
    return [f"{change} params" for change in changes] or ["same params"]


def _breaks(facts: Facts, problem: Problem, place: str) -> str:
    model, node = split_place(problem.subject)
    graph = facts.graph if model == facts.model else facts.project.models.get(model)
    name = node_name(graph, node) if graph else node
    own = problem.subject == place
    return f"{glyphs().error} {problem.what}" if own else f"{glyphs().error} {name}: {problem.what}"
