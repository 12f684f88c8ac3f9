"""A list or table that draws only what is on the screen: recent projects, palette, problems, columns, epochs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import msgspec
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from kerastui.screens.widgets.cursor_view import CursorView
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, Line, ink_of, line_width

Align: TypeAlias = Literal["left", "right"]
RowKind: TypeAlias = Literal["row", "group", "note", "rule"]

_FLEX_LEAST = 8


class Column(msgspec.Struct, frozen=True):
    """Describe a column of a table.

    Args:
        title: Its heading.
        width: Cells it takes; 0 is as wide as its widest cell or heading.
        align: `"left"`, or `"right"` for numbers.
        words: Style words of cells that name none.
        flex: Whether it takes the room that is left.
        gap: Blank cells after it.
        drop: When the table is too narrow, columns go in descending order of this; 0 stays always.
    """

    title: str = ""
    width: int = 0
    align: Align = "left"
    words: str = "text"
    flex: bool = False
    gap: int = 2
    drop: int = 0


class Row(msgspec.Struct, frozen=True):
    """Describe a row.

    Args:
        key: Its stable name, unique in the list.
        cells: Its cells in the order of the columns; of a group its title and count, of a note its one text.
        kind: `"row"`, `"group"` (a heading that folds), `"note"` (a line without cursor) or `"rule"`.
        group: Key of the group row it folds under.
        depth: How far it is set in, two cells each.
    """

    key: str
    cells: tuple[Line, ...] = ()
    kind: RowKind = "row"
    group: str = ""
    depth: int = 0


class Rows(CursorView):
    """Show rows under a cursor.

    Args:
        columns: The columns; one that takes all the room by default.
        inset: Content column at which text starts; the cursor's mark stands one before it.
        header: Whether the headings are shown, in a row that does not scroll.
        spacing: Blank rows before each row, where there is room for them.
        markable: Whether `space` marks.
        keep_cursor: Whether the row with the cursor keeps its ground while the focus is elsewhere.
        empty: Lines shown in the middle while there is no row.
        folded: Keys of the groups that start folded.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "open", show=False, id="rows.select"),
        Binding("space", "mark", "mark", show=False, id="rows.mark"),
        Binding("left,h", "fold(True)", "fold", show=False, id="rows.fold"),
        Binding("right,l", "fold(False)", "unfold", show=False, id="rows.unfold"),
    ]

    @dataclass
    class OfRow(Message):
        """Speak of one row; the base of the messages below.

        Args:
            rows: The list.
            key: Key of the row.
        """

        rows: Rows
        key: str

        @property
        def control(self) -> Rows:
            """The list, for selectors of `@on`."""
            return self.rows

    class Highlighted(OfRow):
        """Say that the cursor is on another row."""

    class Selected(OfRow):
        """Say that a row was opened, by enter or a double click."""

    class Marked(OfRow):
        """Say that a row is to be marked, or no longer."""

    def __init__(
        self,
        columns: Sequence[Column] = (Column(flex=True),),
        *,
        inset: int = 1,
        header: bool = False,
        spacing: int = 0,
        markable: bool = False,
        keep_cursor: bool = False,
        empty: Sequence[Line] = (),
        folded: Iterable[str] = (),
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._columns = tuple(columns)
        self._inset, self._header, self._spacing = inset, header, spacing
        self._markable, self._keep_cursor = markable, keep_cursor
        self._empty = tuple(empty)
        self.folded = set(folded)
        """Keys of the groups that are folded."""
        self._rows: tuple[Row, ...] = ()
        self._lines: list[Row | None] = []
        self._widest: list[int] = []
        self._places: list[tuple[int, int, int]] = []
        self._margin = 1

    def show(self, rows: Iterable[Row]) -> None:
        """Show other rows; the cursor stays on its row, or at its place if the row is gone.

        Args:
            rows: The rows, top to bottom.
        """
        rows = tuple(rows)
        if rows == self._rows:
            return
        before = self.cursor_key
        self._rows = rows
        self._measure()
        self._arrange(before)
        if self.cursor_key != before:
            self.cursor_moved()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns of the same rows."""
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self._measure()
            self._arrange(self.cursor_key)

    def set_empty(self, *lines: Line) -> None:
        """Say what is shown in the middle while there is no row."""
        self._empty = lines
        self.refresh()

    @property
    def cursor_key(self) -> str | None:
        """Key of the row with the cursor, `None` if there is none."""
        line = self.cursor_line
        row = self._lines[line] if line is not None and line < len(self._lines) else None
        return row.key if row else None

    def move_to(self, key: str) -> bool:
        """Put the cursor on a row, unfolding its group.

        Args:
            key: Key of the row.

        Returns:
            Whether there is such a row.
        """
        row = next((row for row in self._rows if row.key == key), None)
        if row is None:
            return False
        if row.group in self.folded:
            self.fold(row.group, False)
        for position, line in enumerate(self._targets):
            if self._lines[line] is row:
                self.place_cursor(position)
                return True
        return False

    def fold(self, key: str, folded: bool) -> None:
        """Fold a group, or open it.

        Args:
            key: Key of the group row.
            folded: Whether its rows are hidden.
        """
        if folded == (key in self.folded):
            return
        (self.folded.add if folded else self.folded.discard)(key)
        self._arrange(self.cursor_key)

    def _measure(self) -> None:
        """Find the widest cell of each column."""
        self._widest = [line_width(column.title) if self._header else 0 for column in self._columns]
        for row in self._rows:
            if row.kind == "row":
                for index, cell in enumerate(row.cells[: len(self._widest)]):
                    self._widest[index] = max(self._widest[index], line_width(cell) + (0 if index else 2 * row.depth))

    def _arrange(self, cursor: str | None) -> None:
        """Lay the rows out in lines and keep the cursor on a key."""
        shown = [row for row in self._rows if row.group not in self.folded]
        head = 1 if self._header else 0
        room = self.size.height - head
        spacing = self._spacing if len(shown) * (1 + self._spacing) <= room else 0
        self._lines = []
        for row in shown:
            self._lines += [*[None] * spacing, row]
        targets = [line for line, row in enumerate(self._lines) if row and row.kind in ("row", "group")]
        keys = {each.key: place for place, line in enumerate(targets) if (each := self._lines[line])}
        position = keys.get(cursor or "", self._position)
        self._margin = 2 if len(self._lines) > room else 1  # the scroll bar, and a blank before it
        self._place_columns()
        self.set_lines(len(self._lines), targets, position, head)
        self.reveal()

    def _place_columns(self) -> None:
        """Give each column its cells, dropping some where the pane is too narrow."""
        room = self.size.width - self._inset - self._margin
        kept = list(range(len(self._columns)))

        def least(index: int) -> int:
            column = self._columns[index]
            widest = self._widest[index] if index < len(self._widest) else 0
            return column.width or (min(widest, _FLEX_LEAST) if column.flex else widest)

        def total() -> int:
            return sum(least(index) for index in kept) + sum(self._columns[index].gap for index in kept[:-1])

        while total() > room and (drops := [index for index in kept if self._columns[index].drop]):
            kept.remove(max(drops, key=lambda index: self._columns[index].drop))
        spare = room - total()
        self._places = []
        x = self._inset
        for index in kept:
            width = least(index) + (max(0, spare) if self._columns[index].flex else 0)
            spare = 0 if self._columns[index].flex else spare
            self._places.append((index, x, x + width))
            x += width + self._columns[index].gap

    def on_resize(self) -> None:
        """Lay the rows out for the new size."""
        self._arrange(self.cursor_key)

    def render_line(self, y: int) -> Strip:
        """Draw one row of the screen."""
        cells = Cells(self.size.width, self.ground)
        if not self._rows:
            self._draw_empty(cells, y)
        elif y < self._head:
            for index, start, stop in self._places:
                self._put(cells, start, stop, self._columns[index].title, self._columns[index].align, "muted bold")
        elif (line := self.line_at(y)) < len(self._lines) and (row := self._lines[line]):
            if line == self.cursor_line and (self.lit or self._keep_cursor):
                cells.fill(0, cells.width, "sel")
                if self.lit:
                    cells.put(self._inset - 1, glyphs().selected, "primary")
            self._draw_row(cells, row)
        return cells.strip(ink_of(self))

    def _draw_row(self, cells: Cells, row: Row) -> None:
        """Draw a row's content by its kind."""
        x, end = self._inset + 2 * row.depth, cells.width - self._margin
        if row.kind == "rule":
            cells.put(self._inset, glyphs().horizontal * (end - self._inset), "grid")
        elif row.kind == "note":
            cells.put(x, row.cells[0] if row.cells else "", "muted", limit=end)
        elif row.kind == "group":
            mark = glyphs().folded if row.key in self.folded else glyphs().unfolded
            cells.put(x, mark, "faint")
            count = row.cells[1] if len(row.cells) > 1 else ""
            stop = cells.put_right(end, count, "muted") if count else end
            cells.put(x + 2, row.cells[0], "muted bold", limit=stop - (1 if count else 0))
        else:
            for index, start, stop in self._places:
                if index < len(row.cells):
                    start += 0 if index else 2 * row.depth
                    column = self._columns[index]
                    self._put(cells, start, stop, row.cells[index], column.align, column.words)

    def _put(self, cells: Cells, start: int, stop: int, cell: Line, align: Align, words: str) -> None:
        """Draw one cell within its column."""
        if align == "right":
            cells.put_right(stop, cell, words, start=start)
        else:
            cells.put(start, cell, words, limit=min(stop, cells.width - self._margin))

    def _draw_empty(self, cells: Cells, y: int) -> None:
        """Draw what is shown while there is no row, in the middle."""
        place = y - (self.size.height - len(self._empty)) // 2
        if 0 <= place < len(self._empty):
            line = self._empty[place]
            cells.put(max(1, (cells.width - line_width(line)) // 2), line, "muted", limit=cells.width - 1)

    def cursor_moved(self) -> None:
        """Post the row the cursor is on."""
        if (key := self.cursor_key) is not None:
            self.post_message(self.Highlighted(self, key))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let keys that mean nothing here fall through to the owner."""
        if action == "mark":
            return self._markable or self._group_under_cursor() is not None
        if action == "fold":
            return any(row.kind == "group" for row in self._rows)
        return True

    def _group_under_cursor(self) -> str | None:
        """Return the key of the group row the cursor is on, `None` if it is on another row."""
        line = self.cursor_line
        row = self._lines[line] if line is not None else None
        return row.key if row and row.kind == "group" else None

    def action_select(self) -> None:
        """Open the row with the cursor; a group folds or unfolds."""
        if (group := self._group_under_cursor()) is not None:
            self.fold(group, group not in self.folded)
        elif (key := self.cursor_key) is not None:
            self.post_message(self.Selected(self, key))

    def action_mark(self) -> None:
        """Mark the row with the cursor; a group folds or unfolds."""
        if self._group_under_cursor() is not None:
            self.action_select()
        elif (key := self.cursor_key) is not None:
            self.post_message(self.Marked(self, key))

    def action_fold(self, folded: bool) -> None:
        """Fold the group the cursor is in, with the cursor on its heading, or unfold it."""
        line = self.cursor_line
        row = self._lines[line] if line is not None else None
        if row is None:
            return
        group = row.key if row.kind == "group" else row.group
        if group and folded and row.kind != "group":
            self.move_to(group)
        if group:
            self.fold(group, folded)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a second click opens."""
        position = self.target_at(event)
        if position is None:
            return
        event.stop()
        self.place_cursor(position)
        if event.chain == 2 or self._group_under_cursor() is not None:
            self.action_select()
