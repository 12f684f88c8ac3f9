"""The lines of a form: what fields, headings, notes and rules look like, and the cursor among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from kerastui.screens.widgets.cursor_view import CursorView
from kerastui.screens.widgets.form_fields import Field, FormRow, Heading, Note, Rule
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, Line, ink_of, key_tag, line_width

_LABEL_LEAST = 8
_VALUE_LEAST = 14
"""Cells that values keep, whatever the labels want."""

_ASIDE_LEAST = 8
"""A longer aside is cut to no less; where there is no room for that it goes."""

_ROOMY = 9
"""From this many rows on, a blank row stands under the title."""


class FormLines(CursorView):
    """Draw a form's rows and move a cursor among its fields and headings."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "turn", "fold or unfold", id="form.turn"),
        Binding("enter,space", "flip", "toggle", id="form.toggle"),
        Binding("enter", "open", "edit", id="form.open"),
        Binding("delete,backspace", "clear", "to default", id="form.clear"),
        Binding("slash", "search", "find field", key_display="/", id="form.search"),
        Binding("left,h", "fold(True)", "fold", show=False, id="form.fold"),
        Binding("right,l", "fold(False)", "unfold", show=False, id="form.unfold"),
    ]

    @dataclass
    class OfKey(Message):
        """Speak of one row; the base of the messages below.

        Args:
            key: Key of the row.
        """

        key: str

    class Opened(OfKey):
        """Say that a field was opened."""

    class Cleared(OfKey):
        """Say that a field is to go back to its default."""

    class Moved(OfKey):
        """Say that the cursor is on another row."""

    class SearchAsked(Message):
        """Say that a field is to be found."""

    def __init__(
        self,
        value_column: int,
        *,
        folded: Iterable[str] = (),
        empty: Sequence[Line] = (),
        classes: str | None = None,
    ) -> None:
        super().__init__(classes=classes)
        self._value_column = value_column
        self._folded = set(folded)
        self._opened: dict[str, bool] = {}
        self._empty = tuple(empty)
        self._rows: tuple[FormRow, ...] = ()
        self._lines: list[FormRow | None] = []
        self._labels_end = 0

    def show(self, rows: Iterable[FormRow]) -> None:
        """Show other rows; the cursor stays on its key."""
        rows = tuple(rows)
        if rows == self._rows:
            return
        before = self.cursor_key
        self._rows = rows
        self._arrange(before)
        self.refresh_bindings()
        if self.cursor_key != before:
            self.cursor_moved()

    def field(self, key: str) -> Field | None:
        """Return a field by its key, `None` if there is none."""
        return next((row for row in self._rows if isinstance(row, Field) and row.key == key), None)

    def find(self, text: str) -> str:
        """Return the key of the first field after the cursor with a text in its label, `""` if none has it."""
        found = [row for row in self._rows if isinstance(row, Field) and text.lower() in row.label.lower()]
        keys = [row.key for row in self._rows if isinstance(row, Field | Heading)]
        here = keys.index(self.cursor_key) if self.cursor_key in keys else -1
        after = [row.key for row in found if keys.index(row.key) > here]
        return after[0] if after else found[0].key if found else ""

    @property
    def cursor_key(self) -> str | None:
        """Key of the field or heading with the cursor, `None` if there is none."""
        row = self._row_under_cursor()
        return row.key if row else None

    def _row_under_cursor(self) -> Field | Heading | None:
        """Return the row with the cursor."""
        line = self.cursor_line
        row = self._lines[line] if line is not None and line < len(self._lines) else None
        return row if isinstance(row, Field | Heading) else None

    def move_to(self, key: str) -> bool:
        """Put the cursor on a row, unfolding its heading, and say whether there is such a row."""
        heading = self._heading_of(key)
        if heading in self._folded and heading != key:
            self._set_folded(heading, False)
        if around := [field for field in self._around(key) if self._shut(field)]:
            self._opened |= {field.key: True for field in around}
            self._arrange(self.cursor_key)
        for position, line in enumerate(self._targets):
            if getattr(self._lines[line], "key", None) == key:
                self.place_cursor(position)
                return True
        return False

    def _heading_of(self, key: str) -> str:
        """Return the key of the heading a row belongs to, itself for a heading, `""` for none."""
        heading = ""
        for row in self._rows:
            if isinstance(row, Heading):
                heading = row.key
            elif isinstance(row, Rule):
                heading = ""
            if getattr(row, "key", None) == key:
                return heading
        return ""

    def _around(self, key: str) -> list[Field]:
        """Return the fields that a field is one of, the nearest first."""
        found: list[Field] = []
        field = self.field(key)
        while field is not None and (field := self.field(field.under)) is not None:
            found.append(field)
        return found

    def _shut(self, field: Field) -> bool:
        """Tell whether the fields of a field are hidden."""
        return bool(field.opens) and not self._opened.get(field.key, field.opens == "open")

    def _flip(self, field: Field) -> None:
        """Hide the fields of a field, or show them."""
        self._opened[field.key] = self._shut(field)
        self._arrange(field.key)

    def _set_folded(self, heading: str, folded: bool) -> None:
        """Fold a heading's fields, or show them."""
        (self._folded.add if folded else self._folded.discard)(heading)
        self._arrange(self.cursor_key)

    def _arrange(self, cursor: str | None) -> None:
        """Lay the rows out in lines: blank ones before headings and rules where there is room for them."""
        shown = self._unfolded()
        fields = [row for row in shown if isinstance(row, Field) and row.kind != "action"]
        ends = (2 + 2 * field.indent + line_width(field.label) + (2 if field.opens else 0) for field in fields)
        self._labels_end = max(ends, default=0)
        self._lines = self._spaced(shown) if self.size.height >= _ROOMY else [*shown]
        if len(self._lines) > self.size.height:
            self._lines = [*shown]
        targets = [line for line, row in enumerate(self._lines) if isinstance(row, Field | Heading)]
        keys = [getattr(self._lines[line], "key", "") for line in targets]
        position = keys.index(cursor) if cursor in keys else self._position
        self.set_lines(len(self._lines), targets, position)
        self.reveal()

    def _unfolded(self) -> list[FormRow]:
        """Return the rows that neither a heading nor a field hides."""
        shown: list[FormRow] = []
        hidden = False
        shut: set[str] = set()
        for row in self._rows:
            if isinstance(row, Heading | Rule):
                hidden = isinstance(row, Heading) and row.key in self._folded
                shown.append(row)
                continue
            inner = isinstance(row, Field) and row.under in shut
            if isinstance(row, Field) and (inner or self._shut(row)):
                shut.add(row.key)
            if not hidden and not inner:
                shown.append(row)
        return shown

    @staticmethod
    def _spaced(rows: Sequence[FormRow]) -> list[FormRow | None]:
        """Return the rows with blank ones at the top and before headings and rules."""
        lines: list[FormRow | None] = []
        for row in rows:
            if not lines or isinstance(row, Heading | Rule):
                lines.append(None)
            lines.append(row)
        return lines

    def on_resize(self) -> None:
        """Lay the rows out for the new size."""
        self._arrange(self.cursor_key)

    def value_place(self, key: str) -> tuple[int, int, int] | None:
        """Return column, row on the screen and width of a field's value, `None` if it is out of sight."""
        for line, row in enumerate(self._lines):
            if isinstance(row, Field) and row.key == key:
                start = self._value_start
                return start, line - self.scroll_offset.y, max(4, self.size.width - 1 - start)
        return None

    @property
    def _value_start(self) -> int:
        """Column at which the values' ground starts: later where labels are long, as long as values keep their room."""
        return max(_LABEL_LEAST, min(max(self._value_column, self._labels_end), self.size.width - _VALUE_LEAST))

    def render_line(self, y: int) -> Strip:
        """Draw one row of the screen."""
        cells = Cells(self.size.width, self.ground)
        line = self.line_at(y)
        if not self._rows:
            place = y - (self.size.height - len(self._empty)) // 2
            if 0 <= place < len(self._empty):
                text = self._empty[place]
                cells.put(max(1, (cells.width - line_width(text)) // 2), text, "muted", limit=cells.width - 1)
        elif line < len(self._lines) and (row := self._lines[line]) is not None:
            self._draw(cells, row, cursor=self.lit and line == self.cursor_line)
        return cells.strip(ink_of(self))

    def _draw(self, cells: Cells, row: FormRow, *, cursor: bool) -> None:
        """Draw a row by its kind."""
        end = cells.width - 1
        if cursor:
            cells.fill(0, cells.width, "sel")
        if isinstance(row, Rule):
            cells.put(1, glyphs().horizontal * (end - 1), "grid")
        elif isinstance(row, Note):
            cells.put(1 + 2 * row.indent, row.line, "muted", limit=end)
        elif isinstance(row, Heading):
            mark = glyphs().folded if row.key in self._folded else glyphs().unfolded
            cells.put(1, mark, "faint")
            x = cells.put(3, row.title, "text bold", limit=end)
            cells.put(x + 2, row.count, "muted", limit=end)
        else:
            self._draw_field(cells, row, cursor=cursor)
        if cursor:
            indented = isinstance(row, Field) and row.indent
            cells.put(1 if indented else 0, glyphs().selected, "primary")

    def _draw_field(self, cells: Cells, field: Field, *, cursor: bool) -> None:
        """Draw label, value and what stands beside it."""
        start, end = self._value_start, cells.width - 1
        label_start = 1 + 2 * field.indent
        if field.changed:
            cells.put(0, glyphs().changed, "primary")
        label_words = "text bold" if cursor else "muted"
        if field.kind == "action":
            cells.put(
                label_start, field.label, "text bold" if cursor else "text", limit=start - 1 if field.value else end
            )
            cells.put(start, field.value, "muted", limit=end)
            return
        x = cells.put(label_start, field.label, label_words, limit=start - 1)
        if field.opens:
            cells.put(x + 1, glyphs().folded if self._shut(field) else glyphs().unfolded, "faint", limit=start)
        stop = self._draw_right(cells, field, start, end, cursor=cursor)
        if field.kind == "switch":
            self._draw_switch(cells, field, start, stop)
        else:
            words = "text bold" if field.changed else "text" if field.kind == "readonly" else "muted"
            x = cells.put(start + 1, field.value, words, limit=stop - 1)
            self._draw_problem(cells, field, x, stop)

    def _draw_right(self, cells: Cells, field: Field, start: int, end: int, *, cursor: bool) -> int:
        """Draw ground, drop-down mark, repair and aside at the right; return the column the value must stop at."""
        boxed = field.kind in ("text", "choice")
        if boxed and not cursor:
            cells.fill(start, end, "panel")
        stop = end
        if field.kind == "choice":
            cells.put(end - 2, glyphs().dropdown, "muted")
            stop = end - 2
        if field.repair:
            return cells.put_right(stop, key_tag("f", field.repair, "success"), start=start + 8) - 1
        if field.aside and field.kind != "switch":
            room = stop - start - line_width(field.value) - 4
            if room >= min(_ASIDE_LEAST, line_width(field.aside)):
                stop = cells.put_right(stop - (1 if boxed else 0), field.aside, "muted", start=stop - room)
        return stop

    def _draw_switch(self, cells: Cells, field: Field, start: int, stop: int) -> None:
        """Draw `[x]` or `[ ]`, and words behind it."""
        words = "muted"
        if field.problem:
            words = field.severity
        elif field.on:
            words = "success bold"
        x = cells.put(start, "[x]" if field.on else "[ ]", words)
        x = self._draw_problem(cells, field, x, stop)
        cells.put(x + 3, field.aside, "muted", limit=stop)

    def _draw_problem(self, cells: Cells, field: Field, x: int, stop: int) -> int:
        """Draw the mark of a problem behind a value, with its words where there is room for them."""
        if not field.problem or x + 2 > stop:
            return x
        mark = glyphs().error if field.severity == "error" else glyphs().warning
        x = cells.put(x + 1, mark, field.severity)
        room = stop - x - 2
        if room >= line_width(field.problem):
            x = cells.put(x + 1, field.problem, field.severity, limit=stop)
        return x

    def cursor_moved(self) -> None:
        """Post the row the cursor is on."""
        self.refresh_bindings()
        if (key := self.cursor_key) is not None:
            self.post_message(self.Moved(key))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what acts on the row under the cursor; other keys fall through to the owner."""
        row = self._row_under_cursor()
        if action == "search":
            return row is not None
        if action == "turn":
            return isinstance(row, Heading)
        if action == "open":
            return isinstance(row, Field) and row.kind != "switch" and (row.kind != "readonly" or bool(row.opens))
        if action == "flip":
            return isinstance(row, Field) and row.kind == "switch"
        if action == "clear":
            return isinstance(row, Field) and row.changed
        if action == "fold":
            return any(isinstance(each, Heading) or (isinstance(each, Field) and each.opens) for each in self._rows)
        return True

    def action_turn(self) -> None:
        """Fold or unfold the heading with the cursor."""
        if (key := self.cursor_key) is not None:
            self._set_folded(key, key not in self._folded)

    def action_open(self) -> None:
        """Edit the field with the cursor."""
        row = self._row_under_cursor()
        if isinstance(row, Field) and row.kind == "readonly":
            self._flip(row)
        elif row is not None:
            self.post_message(self.Opened(row.key))

    def action_flip(self) -> None:
        """Toggle the switch with the cursor."""
        self.action_open()

    def action_clear(self) -> None:
        """Put the field with the cursor back to its default."""
        if (key := self.cursor_key) is not None:
            self.post_message(self.Cleared(key))

    def action_search(self) -> None:
        """Find a field."""
        self.post_message(self.SearchAsked())

    def action_fold(self, folded: bool) -> None:
        """Fold what the cursor is on or in, a field with fields of its own or a heading, or unfold it."""
        row = self._row_under_cursor()
        around = self._around(row.key) if isinstance(row, Field) else []
        owner = row if isinstance(row, Field) and row.opens and self._shut(row) != folded else None
        if owner is None and folded and around:
            owner = around[0]
        if owner is not None:
            self._flip(owner)
            self.move_to(owner.key)
            return
        heading = self._heading_of(self.cursor_key or "")
        if heading:
            if folded:
                self.move_to(heading)
            self._set_folded(heading, folded)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a click on a value, or a second click, opens it."""
        position = self.target_at(event)
        offset = event.get_content_offset(self)
        if position is None or offset is None:
            return
        event.stop()
        self.focus()
        self.place_cursor(position)
        row = self._row_under_cursor()
        on_value = isinstance(row, Field) and row.kind != "action" and offset.x >= self._value_start
        if isinstance(row, Heading):
            self.action_turn()
        elif (on_value or event.chain == 2) and any(self.check_action(each, ()) for each in ("open", "flip")):
            self.action_open()
