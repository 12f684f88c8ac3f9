"""The graph canvas: cards and wires on a plane that scrolls, edited by keys and mouse.

The canvas knows a `GraphView` and nothing of layers. What the user wants is posted as a message; the screen changes the
document and shows the canvas the new view.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual import events
from textual.geometry import Offset
from textual.message import Message

from kerastui.screens.build.canvas_keys import KeyCanvas
from kerastui.screens.build.canvas_modes import Connecting, Drag, Moving
from kerastui.screens.build.canvas_paint import Looks
from kerastui.screens.build.canvas_view import Ghost, Level
from kerastui.screens.build.layout import Box
from kerastui.screens.build.wires import Key, Point


class GraphCanvas(KeyCanvas):
    """Show a graph and let the user walk, connect, move and zoom in it, by keys and by mouse.

    The left button selects, connects from a port, takes the end of a wire elsewhere, moves cards, and draws a frame
    round several from the ground; with shift or ctrl it adds to what is selected. The middle one pans, the right one
    opens a menu.
    """

    @dataclass
    class MenuWanted(Message):
        """The right button was pressed, over what is selected now."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._drag: Drag | None = None
        self._frame: Box | None = None

    def _looks(self) -> Looks:
        looks = super()._looks()
        if self._frame is None:
            return looks
        box = self._frame
        return replace(looks, frame=((box.x, box.y), (box.right - 1, box.bottom - 1)))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of what is under the button: a card, its port, the end of a wire, the ground; or pan by the map."""
        place = event.get_content_offset(self)
        if place is None or not self._scene.cards:
            return
        x, y = self.to_virtual(place)
        mapped = self.card_on_map(place) if event.button == 1 else None
        if event.button == 3:
            self._open_menu(x, y)
        elif mapped is not None:
            self.center(mapped)
        else:
            self._drag = self._held(event, x, y)
            self.capture_mouse()

    def _held(self, event: events.MouseDown, x: int, y: int) -> Drag:
        """Return what the button holds."""
        card, wire = self._scene.card_at(x, y), self._scene.arrow_at(x, y)
        grab = Offset(x - self._scene.box(card).x, y - self._scene.box(card).y) if card else Offset(0, 0)
        drag = Drag("frame", card, event.screen_offset, grab, self.scroll_offset)
        drag.add, drag.marks, drag.cell, drag.wire = event.shift or event.ctrl, self._marks, (x, y), wire
        if event.button == 2:
            drag.kind, drag.card = "pan", None
        elif card is not None:
            drag.kind = "wire" if self._scene.is_port(x, y) else "card"
        elif wire is not None:
            drag.kind = "end"
        return drag

    def _open_menu(self, x: int, y: int) -> None:
        """Select what is under the mouse, unless it is selected, and ask for a menu."""
        card, wire = self._scene.card_at(x, y), self._scene.wire_at(x, y)
        if self.in_mode:
            self.leave_mode()
        if card is not None and card not in self._marks:
            self.clear_marks()
            self.select(card)
        elif card is None and wire is not None:
            self.select_wire(wire)
        self.post_message(self.MenuWanted())

    def hold_layer(self, ghost: Ghost | None, place: Offset) -> None:
        """Show a card that the mouse brings from elsewhere, and the wire that it would be put on.

        Args:
            ghost: The card, `None` when it is gone.
            place: Where the mouse is on the screen.
        """
        self.select_wire(self.under(place)[0] if ghost is not None else None)
        self.show_ghost(ghost, self._held_corner(place))

    def under(self, place: Offset) -> tuple[Key | None, str | None]:
        """Return the wire or the card at a place of the screen."""
        cell = self.to_virtual(place - self.content_region.offset)
        card = self._scene.card_at(*cell) if self._scene.cards else None
        wire = self._scene.wire_at(*cell) if self._scene.cards and card is None else None
        return wire, card

    def stored_at(self, place: Offset) -> Point:
        """Return the position to store for a card that the mouse drops at a place of the screen."""
        return self._scene.stored(*self._held_corner(place))

    def _held_corner(self, place: Offset) -> Point:
        """Return the top left cell of a card that the mouse holds by the middle of its first row."""
        x, y = self.to_virtual(place - self.content_region.offset)
        return x - self.level.size[0] // 2, y

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Draw, move, select or scroll with the button held."""
        drag = self._drag
        if drag is None:
            return
        moved = event.screen_offset - drag.start
        if not drag.moved and moved == Offset(0, 0):
            return
        if not drag.moved and drag.kind in ("card", "wire", "end"):
            self._mode = None  # what the keys have in hand gives way to what the mouse takes
        drag.moved = True
        x, y = self.to_virtual(event.get_content_offset_capture(self))
        if drag.kind == "pan":
            self._scroll(drag.scroll - moved)
        elif drag.kind == "frame":
            self._select_within(drag, x, y)
        elif drag.kind == "end" and drag.wire is not None:
            self._draw_wire(drag.wire[0], x, y, drag.wire)
        elif drag.kind == "card" and drag.card is not None:
            if not isinstance(self._mode, Moving):
                self._mode = self._moving(drag.card)
            self._mode.x, self._mode.y = x - drag.grab.x, y - drag.grab.y
        elif drag.card is not None:
            self._draw_wire(drag.card, x, y)
        self.refresh()

    def _select_within(self, drag: Drag, x: int, y: int) -> None:
        """Select the cards that the frame touches, from where the button was pressed to where it is."""
        left, top = min(x, drag.cell[0]), min(y, drag.cell[1])
        self._frame = Box(left, top, abs(x - drag.cell[0]) + 1, abs(y - drag.cell[1]) + 1)
        self._marks = self._scene.within(self._frame) | (drag.marks if drag.add else frozenset())

    def _draw_wire(self, source: str, x: int, y: int, wire: Key | None = None) -> None:
        if not isinstance(self._mode, Connecting):
            port = self._scene.port_at(source, self._drag.cell[0]) if self._drag and wire is None else ""
            port = next((self._scene.port_name(edge) for edge in self._scene.edges if edge.key == wire), port)
            self._mode = Connecting(source, self._scene.legal_targets(source, wire), port=port, wire=wire)
        target = self._scene.card_at(x, y)
        legal = target in self._mode.legal
        back = wire is not None and target == wire[1]
        self._mode.target = target if legal else None
        self._mode.over = None if legal or back else target
        self._mode.end = x, y

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Finish a drag, or select what was clicked; panning leaves all as it is."""
        drag, self._drag = self._drag, None
        self.release_mouse()
        if drag is None or drag.kind == "pan":
            return
        if self._frame is not None:
            self._frame = None
            self.select_wire(None)
            self.refresh()
            self.post_message(self.CardsMarked(self._marks))
        elif drag.moved:
            self._complete()
        elif drag.card is not None:
            fold = not self.in_mode and self._scene.is_fold(*drag.cell)
            self._click_card(drag.card, drag.add)
            if fold:
                self.post_message(self.FoldWanted())
        elif wire := self._scene.wire_at(*self.to_virtual(event.get_content_offset_capture(self))):
            self.select_wire(wire)
        elif drag.kind == "frame" and not drag.add:
            self.select_wire(None)
            self.clear_marks()

    def _click_card(self, card: str, add: bool) -> None:
        if isinstance(self._mode, Connecting):
            if card in self._mode.legal:
                self._mode.target = card
                self._complete()
            else:
                self.post_message(self.WireRefused(self._mode.source, card))
            return
        if add:
            self.toggle_mark(card)
        self.select(card)

    def on_click(self, event: events.Click) -> None:
        """Open a card by a double click."""
        place = event.get_content_offset(self)
        if event.chain == 2 and place is not None and self._scene.cards:
            cell = self.to_virtual(place)
            cards = self._scene.cards_at(*cell)
            if cards and not self._scene.is_fold(*cell):
                self.post_message(self.CardOpened(cards[0], tuple(cards[1:])))

    def on_mouse_release(self) -> None:
        """Drop what is in hand when something else takes the mouse."""
        if self._drag is not None:
            self._drag = self._frame = None
            self.leave_mode()

    def on_hide(self) -> None:
        """Let go of the mouse when the pane is hidden."""
        if self._drag is not None:
            self.release_mouse()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in with ctrl held."""
        self._wheel_zoom(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out with ctrl held."""
        self._wheel_zoom(event, 1)

    def _wheel_zoom(self, event: events.MouseScrollUp | events.MouseScrollDown, step: int) -> None:
        if not event.ctrl:
            return
        event.stop()
        event.prevent_default()
        levels = list(Level)
        to = levels.index(self.level) + step
        place = event.get_content_offset(self)
        anchor = self._scene.card_at(*self.to_virtual(place)) if place is not None else None
        if 0 <= to < len(levels):
            self.zoom(levels[to], anchor)
