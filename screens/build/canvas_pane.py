"""The pane that a graph is drawn in: what is shown, where it lies, how it is painted.

Walking, connecting and moving are added by `canvas.GraphCanvas`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.strip import Strip

from kerastui.screens.build.canvas_map import Map, draw_map, free_corner
from kerastui.screens.build.canvas_paint import Looks, Paint, paint_row
from kerastui.screens.build.canvas_scene import Scene
from kerastui.screens.build.canvas_view import Ghost, GraphView, Level
from kerastui.screens.build.layout import Box
from kerastui.screens.build.wires import Key, Point
from kerastui.screens.widgets.panel import PanelView

CACHED_ROWS = 1024
"""Painted rows kept: some thirty pages of a tall pane."""

MANY_CARDS = 40
"""Cards from which on a graph opens at line level."""

WIDE_PANE = 60
"""Columns from which on a graph opens at card level."""


class CanvasPane(PanelView):
    """Show a graph on a plane that scrolls, at one of three levels."""

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    CanvasPane {
        overflow: auto auto;
        scrollbar-size: 0 0;
        & > .graphcanvas--ground { color: $text; background: $surface; }
        & > .graphcanvas--card { color: $border; background: $panel; }
        & > .graphcanvas--card-selected { color: $primary; background: $sel; }
        & > .graphcanvas--card-marked { color: $primary; background: $panel; }
        & > .graphcanvas--card-error { color: $error; background: $error-ground; }
        & > .graphcanvas--card-shared { color: $accent; background: $panel; }
        & > .graphcanvas--card-nested { color: $muted; background: $panel; }
        & > .graphcanvas--name { color: $text; text-style: bold; }
        & > .graphcanvas--detail { color: $muted; }
        & > .graphcanvas--input { color: $success; }
        & > .graphcanvas--shared { color: $accent; }
        & > .graphcanvas--warning { color: $warning; }
        & > .graphcanvas--error { color: $error; }
        & > .graphcanvas--wire { color: $faint; }
        & > .graphcanvas--wire-selected { color: $primary; }
        & > .graphcanvas--wire-error { color: $error; }
        & > .graphcanvas--arrow { color: $muted; }
        & > .graphcanvas--connection { color: $primary; }
        & > .graphcanvas--legal { color: $success; }
        & > .graphcanvas--ghost { color: $muted; }
        & > .graphcanvas--key { color: $on-primary; background: $primary; text-style: bold; }
        & > .graphcanvas--repair-key { color: $on-primary; background: $success; text-style: bold; }
        & > .graphcanvas--repair { color: $success; }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"graphcanvas--{role}"
        for role in (
            *("ground", "card", "card-selected", "card-marked", "card-error", "card-shared", "card-nested"),
            *("name", "detail", "input", "shared", "warning", "error", "wire", "wire-selected", "wire-error"),
            *("arrow", "connection", "legal", "ghost", "key", "repair-key", "repair"),
        )
    }

    @dataclass
    class LevelChanged(Message):
        """The graph is shown at another level."""

        level: Level

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._scene = Scene(GraphView(), Level.CARD)
        self._chosen: Level | None = None
        self._cursor: str | None = None
        self._marks: frozenset[str] = frozenset()
        self._wire: Key | None = None
        self._ghost: Ghost | None = None
        self._ghost_at: Point | None = None
        self._dots: Scene | None = None
        self._map: tuple[object, Map] | None = None
        self._corner: tuple[object, Region | None] | None = None
        self._version = 0
        self._rows: LRUCache[object, Strip] = LRUCache(CACHED_ROWS)
        self._styles: dict[Paint, Style] = {}

    # What is shown

    @property
    def cursor(self) -> str | None:
        """Id of the card under the cursor."""
        return self._cursor

    @property
    def marks(self) -> frozenset[str]:
        """Ids of several selected cards."""
        return self._marks

    @property
    def wire(self) -> Key | None:
        """Selected wire: source, target, slot."""
        return self._wire

    @property
    def level(self) -> Level:
        """Level the graph is shown at."""
        return self._scene.level

    @property
    def scene(self) -> Scene:
        """The graph as it is laid out."""
        return self._scene

    def show(self, view: GraphView) -> None:
        """Show a graph; the card under the cursor stays where it is on the screen.

        Args:
            view: The graph. Cards that changed their looks only are repainted alone, without a new layout.
        """
        old, level = self._scene, self._chosen or self._best_level(view)
        at = self._screen_place(self._cursor)
        self._scene = old.with_view(view) if level is old.level else Scene(view, level)
        self._version += 1
        if self._scene.layout is old.layout and self._scene.width == old.width:
            self._refresh_changed(old)
            return
        cards = self._scene.cards
        if self._cursor not in cards:
            self._cursor = next(iter(cards), None)
        self._marks = self._marks.intersection(cards)
        self._drop()
        self._keep_place(self._cursor, at)
        if self._cursor is not None:
            self.scroll_to_card(self._cursor)
        if level is not old.level:
            self.post_message(self.LevelChanged(level))

    def _refresh_changed(self, old: Scene) -> None:
        if self._scene.view.edges != old.view.edges:
            self.refresh()
            return
        inside, before = self._scene.view.inside, old.view.inside
        for card in self._scene.view.cards:
            if old.cards[card.id] != card or inside.get(card.id) != before.get(card.id):
                box = self._scene.box(card.id)
                self._refresh_band(box.y, box.bottom)

    def _keep_place(self, card: str | None, at: Offset | None) -> None:
        """After a change of the layout, scroll so that a card is at the place of the pane where it was before."""
        self._resize_plane()
        place = self._screen_place(card)
        if at is not None and place is not None:
            to = self.scroll_offset + (place - at)
            # Repairs beside cards alone are no reason to scroll cards out of the pane.
            self._scroll(to if self._scene.layout.width > self.size.width - 2 else Offset(0, to.y))
        self.refresh()

    def _best_level(self, view: GraphView) -> Level:
        if not self.size.width:
            return Level.CARD
        return Level.CARD if self.size.width >= WIDE_PANE and len(view.cards) <= MANY_CARDS else Level.LINE

    def show_ghost(self, ghost: Ghost | None, at: Point | None = None) -> None:
        """Show a card that is being placed; `None` takes it away.

        Args:
            ghost: The card.
            at: Cell of its top left corner; beside or below the cursor where omitted.
        """
        self._ghost, self._ghost_at = ghost, at
        self.refresh()

    # Places

    @property
    def _pad(self) -> Offset:
        """Cells left of and above the layout: it is centred in a wider pane."""
        return Offset(max(1, (self.size.width - self._scene.width) // 2), 1)

    def to_virtual(self, place: Offset) -> Point:
        """Return the cell of the layout that a place of the pane shows."""
        return (place + self.scroll_offset - self._pad).x, (place + self.scroll_offset - self._pad).y

    def to_screen(self, cell: Point) -> Offset:
        """Return the place of the pane that shows a cell of the layout; it may lie outside of the pane."""
        return Offset(*cell) - self.scroll_offset + self._pad

    def _screen_place(self, card: str | None) -> Offset | None:
        if card is None or card not in self._scene.cards:
            return None
        box = self._scene.box(card)
        return self.to_screen((box.port, box.y))

    def _resize_plane(self) -> None:
        pad = self._pad
        self.virtual_size = Size(
            max(self._scene.width + 2 * pad.x, self.size.width) if self._scene.cards else self.size.width,
            self._scene.height + 2 * pad.y,
        )

    def _scroll(self, to: Offset) -> None:
        # Forced, since Textual knows only after the next layout that a plane which has just grown can be scrolled.
        self.scroll_to(to.x, to.y, animate=False, immediate=True, force=True)

    def scroll_to_card(self, card: str) -> None:
        """Scroll as little as possible so that a card, with the wires next to it, is in the pane."""
        self.scroll_to_box(self._scene.box(card))

    def scroll_to_box(self, box: Box) -> None:
        """Scroll as little as possible so that some cells of the layout are in the pane."""
        place = self.to_screen((box.x, box.y))
        dx = _shift(place.x - 1, place.x + box.width + 1, self.size.width)
        dy = _shift(place.y - 2, place.y + box.height + 2, self.size.height)
        if dx or dy:
            self._scroll(self.scroll_offset + Offset(dx, dy))

    def center(self, card: str) -> None:
        """Scroll so that a card is in the middle of the pane, as far as the plane reaches."""
        box = self._scene.box(card)
        place = self.to_screen((box.x + box.width // 2, box.y + box.height // 2))
        self._scroll(self.scroll_offset + place - Offset(self.size.width // 2, self.size.height // 2))

    def on_resize(self) -> None:
        """Choose a level that suits the new size unless the user did, and keep the cursor in the pane."""
        level = self._chosen or self._best_level(self._scene.view)
        if level is not self.level:
            self._set_level(level)
        self._resize_plane()
        if self._cursor is not None:
            self.scroll_to_card(self._cursor)

    # Drawing

    def notify_style_update(self) -> None:
        """Forget all painted rows: the theme or a style has changed."""
        self._styles.clear()
        self._rows.clear()
        super().notify_style_update()

    def _style(self, paint: Paint) -> Style:
        if paint not in self._styles:
            role, under = (self.get_component_rich_style(f"graphcanvas--{name}") for name in paint)
            self._styles[paint] = Style(color=role.color, bgcolor=under.bgcolor, bold=role.bold)
        return self._styles[paint]

    def _looks(self) -> Looks:
        ghosts = ((self._ghost, self._ghost_at or self._ghost_place()),) if self._ghost else ()
        return Looks(self._cursor, self._marks, self._wire, ghosts=ghosts)

    def _drop(self) -> None:
        """Drop what is in hand, since the layout changes under it, and a selected wire that is gone."""

    def _ghost_place(self) -> Point:
        """Return the top left cell for a card being placed: below the cursor's card, or beside what stands there."""
        if self._cursor is None:
            return 0, 0
        box, (width, height) = self._scene.box(self._cursor), self.level.size
        below = box.bottom + self.level.spacing.rows
        places = [(box.x, below), (box.right + 2, below), (box.x - width - 2, below), (box.right + 2, box.y)]
        free = [at for at in places if self._scene.free(Box(*at, width, height))] or places[-1:]
        return next((at for at in free if 0 <= self.to_screen(at).x <= self.size.width - width), free[0])

    def render_line(self, y: int) -> Strip:
        """Paint one line of the pane."""
        width = self.size.width
        if not self._scene.cards:
            return self._empty_line(y)
        left, row = self.to_virtual(Offset(0, y))
        looks = self._looks()
        key = (self._version, looks, left, row, width)
        strip = self._rows.get(key)
        if strip is None:
            painted = paint_row(self._scene, looks, row, left, left + width)
            strip = Strip([Segment(text, self._style(paint)) for text, paint in painted.runs()], width)
            self._rows[key] = strip
        return self._with_map(strip, y)

    def _with_map(self, strip: Strip, y: int) -> Strip:
        """Lay the map over a line of the pane, where the graph is larger than the pane."""
        shown = self._place_map()
        if shown is None or y not in shown[1].line_range:
            return strip
        overview, region = shown
        line = Strip([Segment(text, self._style(paint)) for text, paint in overview.texts(y - region.y, self._cursor)])
        return Strip.join([strip.crop(0, region.x), line, strip.crop(region.right, self.size.width)])

    def card_on_map(self, place: Offset) -> str | None:
        """Return the card whose dot of the map is nearest to a place of the pane, `None` beside the map."""
        shown = self._place_map()
        if shown is None or not shown[1].contains_point(place):
            return None
        return shown[0].nearest(place.x - shown[1].x, place.y - shown[1].y)

    def _place_map(self) -> tuple[Map, Region] | None:
        """Return the map and where it lies; drawn once for a view, placed once for a scroll offset."""
        scene, pane = self._scene, self.size
        if scene.level is Level.DOT or (scene.width <= pane.width and scene.height <= pane.height):
            return None
        drawn = (self._version, pane)
        if self._map is None or self._map[0] != drawn:
            self._dots = self._dots.with_view(scene.view) if self._dots else Scene(scene.view, Level.DOT)
            self._map = drawn, draw_map(self._dots, pane)
        overview = self._map[1]
        placed = (drawn, self.scroll_offset)
        if self._corner is None or self._corner[0] != placed:
            origin = Offset(*self.to_virtual(Offset(0, 0)))
            self._corner = placed, free_corner(scene, overview.size, pane, origin)
        corner = self._corner[1]
        return (overview, corner) if corner else None

    def _empty_line(self, y: int) -> Strip:
        width, middle = self.size.width, max(self.size.height // 2 - 1, 0)
        texts = {
            middle: [("no layers yet", ("detail", "ground"))],
            middle + 2: [(" a ", ("key", "key")), (" add", ("detail", "ground"))],
        }.get(y, [])
        used = sum(len(text) for text, _ in texts)
        blank = Segment(" " * max((width - used) // 2, 0), self._style(("ground", "ground")))
        segments = [blank, *(Segment(text, self._style(paint)) for text, paint in texts)]
        return Strip(segments).adjust_cell_length(width, self._style(("ground", "ground")))

    def _refresh_band(self, first: int, last: int) -> None:
        """Repaint the rows of the layout from `first` to below `last`, as far as they are in the pane."""
        top = self.to_screen((0, first)).y
        region = Region(0, top, self.size.width, last - first).intersection(Region(0, 0, *self.size))
        if region:
            self.refresh(region)

    def _refresh_card(self, card: str | None) -> None:
        """Repaint a card and its wires."""
        if card not in self._scene.cards or card is None:
            return
        box = self._scene.box(card)
        rows = [box.y, box.bottom]
        for edge in self._scene.edges_at.get(card, ()):
            path = self._scene.layout.wires.paths.get(edge.key, ())
            rows += [y for _, y in path] + [y + 1 for _, y in path]
        self._refresh_band(min(rows), max(rows))

    # Zoom

    def zoom(self, level: Level, anchor: str | None = None) -> None:
        """Show the graph at another level.

        Args:
            level: The level.
            anchor: Card that stays where it is on the screen; the one under the cursor where omitted.
        """
        self._chosen = level
        self._set_level(level, anchor)

    def _set_level(self, level: Level, anchor: str | None = None) -> None:
        if level is self.level:
            return
        anchor = anchor or self._cursor
        at = self._screen_place(anchor)
        self._scene = Scene(self._scene.view, level)
        self._drop()
        self._version += 1
        self._keep_place(anchor, at)
        if anchor is not None:
            box = self._scene.box(anchor)
            place = self.to_screen((box.x, box.y))
            if not Region(0, 0, *self.size).contains_region(Region(place.x, place.y, box.width, box.height)):
                self.scroll_to_card(anchor)
        self.post_message(self.LevelChanged(level))

    def fit(self) -> None:
        """Show the graph at the first level at which it fits the pane, else as dots."""
        for level in Level:
            scene = self._scene if level is self.level else Scene(self._scene.view, level)
            if scene.width + 2 <= self.size.width and scene.height + 2 <= self.size.height:
                break
        self.zoom(level)
        if self._cursor is not None:
            self.scroll_to_card(self._cursor)


def _shift(first: int, last: int, room: int) -> int:
    """Return by how much a view of a size must scroll to show what lies from `first` to below `last`."""
    if last - first > room or first < 0:
        return first
    return max(last - room, 0)
