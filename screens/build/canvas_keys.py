"""The graph canvas by keys: walking, selecting, connecting, moving, zooming.

The canvas knows a `GraphView` and nothing of layers. What the user wants is posted as a message; the screen changes the
document and shows the canvas the new view.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.message import Message

from kerastui.screens.build.canvas_modes import Connecting, Moving
from kerastui.screens.build.canvas_paint import Looks
from kerastui.screens.build.canvas_pane import CanvasPane
from kerastui.screens.build.canvas_scene import Direction
from kerastui.screens.build.canvas_view import Ghost, Level
from kerastui.screens.build.layout import Box
from kerastui.screens.build.wires import Key

LABELS = "asdfgqwertyuiopzxvbnm"
"""Letters for cards a wire may end at: the home row first; `hjkl` walk, `c` is what began it."""


class KeyCanvas(CanvasPane):
    """Show a graph and let the user walk, connect, move and zoom in it by keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor('up')", "to its source", show=False, id="graph.up"),
        Binding("down,j", "cursor('down')", "to its target", show=False, id="graph.down"),
        Binding("left,h", "cursor('left')", "left in the row", show=False, id="graph.left"),
        Binding("right,l", "cursor('right')", "right in the row", show=False, id="graph.right"),
        Binding("home", "end('first')", "first card", show=False, id="graph.first"),
        Binding("end", "end('last')", "last card", show=False, id="graph.last"),
        Binding("pageup", "page(-1)", "page up", show=False, id="graph.page_up"),
        Binding("pagedown", "page(1)", "page down", show=False, id="graph.page_down"),
        Binding("enter", "open", "edit", id="graph.open", tooltip="Open the card, or finish what is being drawn"),
        Binding("space", "mark", "mark", show=False, id="graph.mark", tooltip="Select several cards"),
        Binding("c", "connect", "connect", id="graph.connect", tooltip="Draw a wire from this card"),
        Binding("m", "move", "move", show=False, id="graph.move", tooltip="Move this card with the arrow keys"),
        Binding("z", "zoom(1)", "zoom", id="graph.zoom_out", tooltip="Card, line, dot"),
        Binding("Z", "zoom(-1)", "zoom back", show=False, id="graph.zoom_in"),
        Binding("0", "fit", "fit", show=False, id="graph.fit", tooltip="Show the whole graph"),
        Binding("v", "center", "show card", show=False, id="graph.center", tooltip="Scroll back to this card"),
        Binding("e", "wire", "next wire", show=False, id="graph.wire", tooltip="Select a wire of this card"),
        Binding("escape", "leave", "leave", show=False, id="graph.leave"),
    ]

    @dataclass
    class CardSelected(Message):
        """The cursor came to a card."""

        id: str

    @dataclass
    class CardOpened(Message):
        """A card was opened by enter or a double click.

        Args:
            id: Id of the card.
            within: Ids of the cards unfolded in it that were clicked, each in the one before.
        """

        id: str
        within: tuple[str, ...] = ()

    @dataclass
    class FoldWanted(Message):
        """The mark by which a model is folded and unfolded was clicked; its card is selected."""

    @dataclass
    class CardsMarked(Message):
        """The set of selected cards changed."""

        ids: frozenset[str]

    @dataclass
    class CardsMoved(Message):
        """Cards were put at other places; the positions belong into `GraphView.pinned`."""

        positions: dict[str, tuple[int, int]]

    @dataclass
    class ConnectRequested(Message):
        """A wire was drawn from one card to another.

        Args:
            source: Id of the card it comes from.
            target: Id of the card it ends at.
            port: Name of the output it leaves, `""` for the first, `None` for one that is to be chosen yet.
            wire: The wire whose end was taken there, `None` for a new one.
        """

        source: str
        target: str
        port: str | None = ""
        wire: Key | None = None

    @dataclass
    class WireRefused(Message):
        """A wire was drawn to a card that it cannot end at."""

        source: str
        target: str

    @dataclass
    class WireSelected(Message):
        """Another wire is selected, or none any more."""

        wire: Key | None

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._mode: Connecting | Moving | None = None

    def _drop(self) -> None:
        self._mode = None
        if not any(edge.key == self._wire for edge in self._scene.edges):
            self.select_wire(None)

    def _looks(self) -> Looks:
        mode = self._mode
        if isinstance(mode, Moving):
            cards = self._scene.cards
            ghosts = tuple((Ghost(cards[key].name, cards[key].class_text), at) for key, at in mode.corners.items())
            return Looks(self._cursor, self._marks, self._wire, ghosts=ghosts)
        if not isinstance(mode, Connecting):
            return super()._looks()
        end = mode.end
        if mode.target:
            end = self._scene.box(mode.target).port, self._scene.box(mode.target).y - 1
        connection = self._scene.connection(mode.source, end, mode.port) if end else ()
        labels = tuple((card, letter) for letter, card in mode.labels.items())
        return Looks(mode.target, frozenset({mode.source}), mode.wire, mode.legal, connection, labels)

    # Cursor, marks, modes

    def select(self, card: str) -> None:
        """Move the cursor to a card and scroll it into the pane.

        Raises:
            KeyError: There is no such card.
        """
        if card not in self._scene.cards:
            raise KeyError(f"card must be shown. Received: card={card!r}")
        changed, old = card != self._cursor, self._cursor
        self.select_wire(None)
        self._cursor = card
        for touched in {old, card} - {None}:
            self._refresh_card(touched)
        self.scroll_to_card(card)
        if changed:
            self.post_message(self.CardSelected(card))

    def select_wire(self, wire: Key | None) -> None:
        """Select a wire, so that it can be cut, or its end taken elsewhere; `None` selects none."""
        if wire != self._wire:
            self._wire = wire
            self.refresh()
            self.post_message(self.WireSelected(wire))

    def move_cursor(self, direction: Direction) -> None:
        """Move along the wires or the row; while a wire is drawn, to the next card it may end at."""
        if isinstance(self._mode, Moving):
            self._nudge(direction)
            return
        if isinstance(self._mode, Connecting):
            start = self._mode.target or self._mode.source
            target = self._scene.towards(start, direction, self._mode.legal)
            if target is not None:
                self._mode.target = target
                self.scroll_to_card(target)
                self.refresh()
            return
        target = self._scene.beyond(self._cursor, direction) if self._cursor is not None else None
        if target is not None:
            self.select(target)

    def toggle_mark(self, card: str) -> None:
        """Add a card to the selected ones, or take it away."""
        self._marks ^= {card}
        self._refresh_card(card)
        self.post_message(self.CardsMarked(self._marks))

    def mark_all(self, cards: Collection[str]) -> None:
        """Select some cards and no others."""
        if self._marks != (marks := frozenset(cards)):
            self._marks = marks
            self.refresh()
            self.post_message(self.CardsMarked(marks))

    def clear_marks(self) -> None:
        """Select no more than the card under the cursor."""
        self.mark_all(())

    def begin_connect(
        self, source: str, legal: Collection[str] | None = None, port: str = "", wire: Key | None = None
    ) -> None:
        """Draw a wire from a card: arrows choose where it ends, enter connects, a letter does both, escape leaves.

        Args:
            source: Id of the card.
            legal: Ids of the cards it may end at; all that make no cycle where omitted.
            port: Name of the output it leaves, `""` for the first.
            wire: The wire whose end is taken elsewhere, `None` for a new one.
        """
        allowed = self._scene.legal_targets(source) if legal is None else frozenset(legal)
        fresh = allowed.difference(self._scene.targets[source])
        target = self._scene.towards(source, "down", fresh or allowed)
        self._mode = Connecting(source, allowed, target, port=port, labels=self._labels(allowed), wire=wire)
        self.scroll_to_card(self._mode.target or source)
        self.refresh()

    def _labels(self, cards: Collection[str]) -> dict[str, str]:
        """Give the cards that are in the pane, or nearest to it, a letter each."""
        top, bottom = self.to_virtual(Offset(0, 0))[1], self.to_virtual(Offset(0, self.size.height))[1]

        def distance(key: str) -> tuple[int, int, int]:
            box = self._scene.box(key)
            return max(top - box.y, box.y - bottom, 0), box.y, box.x

        return dict(zip(LABELS, sorted(cards, key=distance), strict=False))

    def begin_move(self, card: str) -> None:
        """Move a card, and the other selected ones with it: arrows choose the place, enter puts it there."""
        self._mode = self._moving(card)
        self.refresh()

    def _moving(self, card: str) -> Moving:
        box = self._scene.box(card)
        along = {key: self._scene.box(key) for key in self._marks if key != card} if card in self._marks else {}
        return Moving(card, box.x, box.y, {key: Offset(at.x - box.x, at.y - box.y) for key, at in along.items()})

    def leave_mode(self) -> None:
        """Drop the wire or the card in hand."""
        self._mode = None
        self.refresh()

    @property
    def in_mode(self) -> bool:
        """Whether a wire or a card is in hand, so that escape leaves it."""
        return self._mode is not None

    def _nudge(self, direction: Direction) -> None:
        if not isinstance(self._mode, Moving):
            return
        height = self.level.size[1] + self.level.spacing.rows
        dx, dy = {"up": (0, -height), "down": (0, height), "left": (-2, 0), "right": (2, 0)}[direction]
        self._mode.x, self._mode.y = self._mode.x + dx, max(self._mode.y + dy, 0)
        self.scroll_to_box(Box(self._mode.x, self._mode.y, *self.level.size))
        self.refresh()

    def _complete(self) -> None:
        """Do what the wire or the card in hand is for."""
        mode, self._mode = self._mode, None
        self.refresh()
        if isinstance(mode, Connecting) and mode.target and mode.target in mode.legal:
            self.post_message(self.ConnectRequested(mode.source, mode.target, mode.port, mode.wire))
        elif isinstance(mode, Connecting) and mode.over:
            self.post_message(self.WireRefused(mode.source, mode.over))
        elif isinstance(mode, Moving):
            moved = {key: self._scene.stored(*at, key) for key, at in mode.corners.items()}
            self.post_message(self.CardsMoved(moved))

    # Keys

    def on_key(self, event: events.Key) -> None:
        """Connect to the card whose letter is pressed while a wire is drawn."""
        mode = self._mode
        if isinstance(mode, Connecting) and event.character in mode.labels:
            event.stop()
            event.prevent_default()
            mode.target = mode.labels[event.character]
            self._complete()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let escape pass to the screen unless something is in hand, and keys rest on an empty canvas."""
        if action == "leave":
            return self.in_mode or bool(self._marks)
        if action in ("connect", "move", "mark", "open", "center"):
            return self._cursor is not None
        if action == "wire":
            return bool(self._scene.edges_at.get(self._cursor or ""))
        return True

    def action_cursor(self, direction: Direction) -> None:
        """Move the cursor."""
        self.move_cursor(direction)

    def action_end(self, which: str) -> None:
        """Go to the first or the last card."""
        order = sorted(self._scene.layout.boxes, key=lambda key: (self._scene.box(key).y, self._scene.box(key).x))
        if order:
            self.select(order[0 if which == "first" else -1])

    def action_page(self, pages: int) -> None:
        """Scroll by a page without moving the cursor."""
        self._scroll(self.scroll_offset + Offset(0, pages * max(self.size.height - 2, 1)))

    def action_open(self) -> None:
        """Open the card under the cursor, or finish what is in hand."""
        if self.in_mode:
            self._complete()
        elif self._cursor is not None:
            self.post_message(self.CardOpened(self._cursor))

    def action_mark(self) -> None:
        """Mark or unmark the card under the cursor."""
        if self._cursor is not None:
            self.toggle_mark(self._cursor)

    def action_connect(self) -> None:
        """Begin to draw a wire from the card under the cursor."""
        if self._cursor is not None:
            self.begin_connect(self._cursor)

    def action_move(self) -> None:
        """Begin to move the card under the cursor."""
        if self._cursor is not None:
            self.begin_move(self._cursor)

    def action_zoom(self, steps: int) -> None:
        """Go to the next level, round and round."""
        levels = list(Level)
        self.zoom(levels[(levels.index(self.level) + steps) % len(levels)])

    def action_fit(self) -> None:
        """Show the whole graph."""
        self.fit()

    def action_center(self) -> None:
        """Scroll the card under the cursor into the middle of the pane."""
        if self._cursor is not None:
            self.center(self._cursor)

    def action_wire(self) -> None:
        """Select the next wire of the card under the cursor, round and round, those into it first."""
        edges = self._scene.edges_at.get(self._cursor or "", [])
        wires = [edge.key for edge in sorted(edges, key=lambda edge: edge.source == self._cursor)]
        if wires:
            at = wires.index(self._wire) + 1 if self._wire in wires else 0
            self.select_wire(wires[at % len(wires)])

    def action_leave(self) -> None:
        """Drop what is in hand, else the marks."""
        if self.in_mode:
            self.leave_mode()
        else:
            self.clear_marks()
