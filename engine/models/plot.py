"""Draw the graph of a model as text: a card for each call, one below the other, and lines between them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len, set_cell_size

from kerastui.engine.keras_private import calls_by_depth, calls_of, keras, operations_of, origin
from kerastui.engine.models.summary_rows import parameters, shape_text

NARROWEST = 20
"""Fewest terminal columns that a drawing is made for."""


@dataclass(frozen=True, slots=True)
class Card:
    """One call of a layer or operation.

    Attributes:
        layer: The layer or operation.
        title: Name and class.
        facts: Output shape, number of parameters, and whether the model gives its output.
        sources: Places, in the list of cards, of the cards whose outputs it takes; each once.
    """

    layer: Any
    title: str
    facts: str
    sources: tuple[int, ...]


def cards_of(model: Any) -> list[Card]:
    """List the calls of a model, each after those it takes its inputs from, branch after branch.

    Args:
        model: A built model; one that is no graph gives its layers, without sources.

    Raises:
        ValueError: If the model is not built.
    """
    if not model.built:
        raise ValueError(f"The model {model.name!r} cannot be drawn before it is built: call it on data first.")
    calls = _in_order(model)
    if not calls:
        return [Card(layer, *_words(layer, []), sources=()) for layer in operations_of(model)]
    places = {id(call): place for place, call in enumerate(calls)}
    given = {id(maker) for maker in _makers_of(model.outputs)}
    shared: dict[int, list[Any]] = {}
    for call in calls:
        shared.setdefault(id(call.operation), []).append(call)
    cards = []
    for call in calls:
        siblings = shared[id(call.operation)]
        which = f"call {siblings.index(call) + 1} of {len(siblings)}" if len(siblings) > 1 else ""
        words = _words(call.operation, [call], which, "output" if id(call) in given else "")
        makers = _makers_of(call.input_tensors)
        sources = tuple(dict.fromkeys(places[id(maker)] for maker in makers if id(maker) in places))
        cards.append(Card(call.operation, *words, sources=sources))
    return cards


def drawing(model: Any, width: int = 80, expand_nested: bool = False) -> list[str]:
    """Draw a built model, in lines.

    Args:
        model: The model.
        width: Terminal columns at most; a graph with many branches side by side may need more. Defaults to 80.
        expand_nested: Whether cards of nested models hold the drawing of what is inside. Defaults to False.

    Raises:
        ValueError: If the model is not built, or `width` is less than `NARROWEST`.
    """
    if width < NARROWEST:
        raise ValueError(f"`width` must be {NARROWEST} terminal columns or more. Received: width={width!r}")
    return list(_Drawing(cards_of(model), width, expand_nested).lines())


def dot_text(model: Any) -> str:
    """Write a built model as a Graphviz `digraph`, a box for each call.

    Args:
        model: The model.

    Raises:
        ValueError: If the model is not built.
    """
    lines = [f"digraph {_quoted(model.name)} {{", "  node [shape=box];"]
    for place, card in enumerate(cards_of(model)):
        label = _quoted(f"{card.title}\n{card.facts}")
        lines.append(f"  {place} [label={label}];")
        lines.extend(f"  {source} -> {place};" for source in card.sources)
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _makers_of(tensors: Iterable[Any]) -> list[Any]:
    found = (origin(tensor) for tensor in tensors)
    return [calls_of(operation)[index] for operation, index, _ in found if operation is not None]


def _in_order(model: Any) -> list[Any]:
    """Calls of a graph, depth first: a branch stays together, so that most lines run from a card to the next."""
    depths = calls_by_depth(model)
    inside = {id(call) for depth in depths for call in depth}
    order: dict[int, Any] = {}
    stack = [(call, False) for depth in depths for call in depth]
    while stack:
        call, ready = stack.pop()
        if id(call) in order or id(call) not in inside:
            continue
        if ready:
            order[id(call)] = call
        else:
            stack.append((call, True))
            stack.extend((maker, False) for maker in reversed(_makers_of(call.input_tensors)))
    return list(order.values())


def _words(layer: Any, calls: list[Any], *notes: str) -> tuple[str, str]:
    count = parameters(layer)
    amount = "not built" if count is None else f"{count:,} parameters" if count else ""
    title = f"{layer.name} · {type(layer).__name__}"
    return title, "  ".join(part for part in (shape_text(layer, calls), amount, *notes) if part)


class _Drawing:
    """Cards below each other. A card's output runs straight to the next card, or along a lane on the left to others.

    Args:
        cards: What to draw.
        width: Terminal columns at most.
        expand_nested: Whether to draw what is inside nested models.
    """

    def __init__(self, cards: Sequence[Card], width: int, expand_nested: bool) -> None:
        self.cards = cards
        self.expand_nested = expand_nested
        self.lane_of = _lanes(cards)
        self.gutter = 2 * (max(self.lane_of.values(), default=-1) + 1)
        room = max(width - self.gutter - 4, NARROWEST - 4)
        self.arrivals = [[at for at in card.sources if at != place - 1] for place, card in enumerate(cards)]
        self.bodies = [self.body(card, room, len(at)) for card, at in zip(cards, self.arrivals, strict=True)]
        self.inner = max((cell_len(line) for body in self.bodies for line in body), default=0)

    def body(self, card: Card, room: int, rows: int) -> list[str]:
        lines = [_cut(card.title, room), _cut(card.facts, room)]
        if self.expand_nested and isinstance(card.layer, keras.Model) and card.layer.built:
            lines += drawing(card.layer, max(room, NARROWEST), expand_nested=True)
        return lines + [""] * (rows - len(lines))  # a line for each input that comes along a lane

    def lines(self) -> Iterator[str]:
        busy: dict[int, int] = {}  # lane to the last card that takes from it
        for place, (card, body) in enumerate(zip(self.cards, self.bodies, strict=True)):
            straight = place - 1 in card.sources
            if place:
                yield self.line(busy, "", "▼".center(self.inner + 4) if straight else "")
            top = "─" * (self.inner + 2)
            yield self.line(busy, "", f"╭{top}╮")
            arriving = self.arrivals[place]
            for row, text in enumerate(body):
                source = arriving[row] if row < len(arriving) else None
                framed = f"│ {set_cell_size(text, self.inner)} │"
                yield self.line(busy, "" if source is None else self.arrival(busy, source, place), framed)
                if source is not None and busy.get(self.lane_of[source]) == place:
                    del busy[self.lane_of[source]]
            yield self.bottom(busy, place)

    def bottom(self, busy: dict[int, int], place: int) -> str:
        takers = [at for at, card in enumerate(self.cards[place + 1 :], place + 1) if place in card.sources]
        edge = list(f"╰{'─' * (self.inner + 2)}╯")
        if place + 1 in takers:
            edge["▼".center(self.inner + 4).index("▼")] = "┬"
        if place not in self.lane_of:
            return self.line(busy, "", "".join(edge))
        lane = self.lane_of[place]
        wire = self.wire(busy, lane, "╭", "─")
        busy[lane] = takers[-1]
        edge[0] = "┴"
        return self.line(busy, wire, "".join(edge))

    def arrival(self, busy: dict[int, int], source: int, place: int) -> str:
        lane = self.lane_of[source]
        return self.wire(busy, lane, "╰" if busy[lane] == place else "├", "▶")

    def wire(self, busy: dict[int, int], lane: int, start: str, end: str) -> str:
        """What lies in the gutter when a line runs between a lane and the card; the lanes further left go on."""
        cells = list(self.lanes(busy))
        begin = self.gutter - 2 * (lane + 1)
        for cell in range(begin, self.gutter):
            cells[cell] = "┼" if cells[cell] == "│" else "─"
        cells[begin], cells[-1] = start, end
        return "".join(cells)

    def lanes(self, busy: dict[int, int]) -> str:
        cells = [" "] * self.gutter
        for lane in busy:
            cells[self.gutter - 2 * (lane + 1)] = "│"
        return "".join(cells)

    def line(self, busy: dict[int, int], wire: str, text: str) -> str:
        return ((wire or self.lanes(busy)) + text).rstrip()


def _lanes(cards: Sequence[Card]) -> dict[int, int]:
    """Give each card whose output skips cards a lane, the nearest that is free from there to where it is last taken."""
    last: dict[int, int] = {}
    for place, card in enumerate(cards):
        last.update(dict.fromkeys((source for source in card.sources if source != place - 1), place))
    lanes: dict[int, int] = {}
    until: list[int] = []
    for source in sorted(last):
        # A lane is given back in the middle of the card that takes from it last, before that card's own begins.
        lane = next((at for at, end in enumerate(until) if end <= source), len(until))
        until[lane : lane + 1] = [last[source]]
        lanes[source] = lane
    return lanes


def _cut(text: str, cells: int) -> str:
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1) + "…"
