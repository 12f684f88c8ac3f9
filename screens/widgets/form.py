"""A form drawn line by line: fields with labels and values, edited in place.

It holds no values: the owner shows them, is told what was entered, changes the document and shows it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input, Static

from kerastui.screens.widgets.choose import Choose
from kerastui.screens.widgets.form_fields import Field, FormRow, Heading, Note, Rule
from kerastui.screens.widgets.form_lines import FormLines
from kerastui.screens.widgets.ink import Line
from kerastui.screens.widgets.modals import Prompt
from kerastui.screens.widgets.panel import Panel

__all__ = ["Field", "Form", "FormRow", "Heading", "Note", "Rule"]


class FieldEditor(Input):
    """The line editor that lies over a field's value."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "take", id="form.take"),
        Binding("escape", "cancel", "leave it", id="form.leave"),
        # A form has its own way to the next field: leaving it by tab takes the text, as enter does.
        Binding("tab", "submit", "take", show=False, id="form.take_tab"),
    ]

    @dataclass
    class Cancelled(Message):
        """Say that the editor was left without taking the text."""

    def action_cancel(self) -> None:
        """Leave the field as it is."""
        self.post_message(self.Cancelled())


class Form(Panel):
    """Show fields and let them be edited.

    Args:
        value_column: Content column at which the ground of the values starts, 13 in a narrow pane, 24 in a wide one.
        folded: Keys of the headings that start folded.
        empty: Lines shown in the middle while there is no field.
    """

    DEFAULT_CSS = """
    Form { layers: lines editor; }
    Form FormLines { layer: lines; }
    Form FieldEditor, Form FieldEditor:focus {
        layer: editor; position: absolute; display: none;
        height: 1; padding: 0 1; border: none;
        background: $raised; background-tint: $raised 0%; color: $text;
    }
    Form .form--refusal {
        layer: editor; position: absolute; display: none;
        width: auto; height: auto; padding: 0 1;
        background: $error-ground; color: $error;
    }
    Form .form--refusal.-effect { background: $raised; color: $text; }
    """

    @dataclass
    class OfField(Message):
        """Speak of one field; the base of the messages below.

        Args:
            form: The form.
            key: Key of the field.
        """

        form: Form
        key: str

        @property
        def control(self) -> Form:
            """The form, for selectors of `@on`."""
            return self.form

    @dataclass
    class Committed(OfField):
        """Say that a value was entered.

        Args:
            value: The text as typed or chosen, or the new state of a switch.
        """

        value: str | bool

    @dataclass
    class Typed(OfField):
        """Say that another value is in sight, which is not entered yet: `Form.hint` answers.

        Args:
            value: The text in the editor, or the choice under the cursor.
        """

        value: str

    class Reset(OfField):
        """Say that a field is to go back to its default."""

    class Activated(OfField):
        """Say that an action row was opened."""

    class Highlighted(OfField):
        """Say that the cursor is on another field or heading."""

    def __init__(
        self,
        value_column: int = 13,
        *,
        folded: Iterable[str] = (),
        empty: Sequence[Line] = (),
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._lines = FormLines(value_column, folded=folded, empty=empty, classes="-bare")
        self._editor = FieldEditor(compact=True)
        self._refusal = Static("", classes="form--refusal", markup=False)
        self._edited = ""
        self._opening = False
        self._tried: dict[str, str] = {}
        self._chooser: Choose | None = None

    def compose(self) -> ComposeResult:
        """Lay the editor over the lines."""
        yield self._lines
        yield self._editor
        yield self._refusal

    def show(self, rows: Iterable[FormRow]) -> None:
        """Show fields; the cursor, what is folded and an open editor with its text stay.

        Args:
            rows: Headings, fields, notes and rules, top to bottom.
        """
        self._lines.show(rows)
        if self.editing:
            if self._lines.field(self._edited) is None:
                self._close()
            else:
                self._place_editor()
        else:
            self._refusal.styles.display = "none"

    def focus(self, scroll_visible: bool = True) -> Self:
        """Give the focus to the form's lines."""
        self._lines.focus(scroll_visible)
        return self

    @property
    def cursor_key(self) -> str | None:
        """Key of the field or heading with the cursor, `None` if there is none."""
        return self._lines.cursor_key

    @property
    def editing(self) -> bool:
        """Whether the line editor is open."""
        return bool(self._edited)

    def move_to(self, key: str) -> bool:
        """Put the cursor on a field, unfolding its heading, and say whether there is such a field."""
        return self._lines.move_to(key)

    def help_for(self, key: str) -> str:
        """Return the help of a field, `""` for none."""
        field = self._lines.field(key)
        return field.help if field else ""

    def edit(self, key: str, text: str | None = None) -> None:
        """Open a field: the line editor, the choices, or the other state of a switch.

        Args:
            key: Key of the field.
            text: Text to start from; defaults to the field's value, selected.
        """
        field = self._lines.field(key)
        if field is None or not self.move_to(key):
            return
        if field.kind == "switch":
            self.post_message(self.Committed(self, key, not field.on))
        elif field.kind == "action":
            self.post_message(self.Activated(self, key))
        elif field.kind == "choice":
            self._choose(field)
        elif field.kind == "text":
            self._open(field, text)

    def refuse(self, key: str, message: str) -> None:
        """Answer `Committed`: open the editor again with the text that was typed and say what is wrong with it.

        Args:
            key: Key of the field.
            message: What was expected, one line.
        """
        field = self._lines.field(key)
        if field is None:
            return
        if field.kind == "text":
            self.edit(key, self._tried.get(key, field.edit_text))
        self._say(message)

    def hint(self, key: str, message: str, *, error: bool = False) -> None:
        """Answer `Typed`: say under the field what the value in sight would do, or what is wrong with it.

        Args:
            key: Key of the field; nothing is said if it is not at hand any more.
            message: The words; `""` takes away what was said.
            error: Whether the value cannot be taken.
        """
        if self._chooser is not None and self._chooser.is_current:
            self._chooser.say(message)
        elif self._edited == key:
            self._say(message, effect=not error)

    def _say(self, message: str, *, effect: bool = False) -> None:
        """Show a message under the field."""
        self._refusal.update(message)
        self._refusal.set_class(effect, "-effect")
        self._refusal.styles.display = "block" if message else "none"
        self._place_editor()

    def _open(self, field: Field, text: str | None) -> None:
        """Lay the editor over a field's value; the value is selected, so that typing replaces it."""
        self._edited = field.key
        self._opening = True
        self._lines.add_class("-lit")
        self._editor.value = field.edit_text if text is None else text
        self._editor.select_on_focus = text is None
        self._editor.styles.display = "block"
        self._refusal.styles.display = "none"
        self._place_editor()
        self._editor.focus()
        self._editor.cursor_position = len(self._editor.value)

    def _close(self) -> None:
        """Take the editor away and give the focus back to the lines."""
        had_focus = self._editor.has_focus or self._opening
        self._edited, self._opening = "", False
        self._lines.remove_class("-lit")
        self._editor.styles.display = "none"
        self._refusal.styles.display = "none"
        if had_focus:
            self._lines.focus()

    def _place_editor(self) -> None:
        """Put editor and message where the field is."""
        place = self._lines.value_place(self._edited or self.cursor_key or "")
        if place is None:
            return
        x, y, width = place
        self._editor.styles.offset = (x, y)
        self._editor.styles.width = width
        below = y + 1 < self._lines.size.height
        left = min(x, 1) if width < 32 else x
        self._refusal.styles.offset = (left, y + 1 if below else y - 1)
        self._refusal.styles.max_width = self._lines.size.width - left

    def _choose(self, field: Field) -> None:
        """Let the user choose among a field's choices."""

        def chosen(value: str | None) -> None:
            self._chooser = None
            if value is not None:
                self.post_message(self.Committed(self, field.key, value))

        def in_sight(value: str) -> None:
            self.post_message(self.Typed(self, field.key, value))

        self._chooser = Choose(field.label, field.choices, current=field.edit_text, in_sight=in_sight)
        self.app.push_screen(self._chooser, chosen)

    def find(self) -> None:
        """Ask for a part of a label and go to the first field that has it."""

        def go(text: str | None) -> None:
            if text and (key := self._lines.find(text)):
                self.move_to(key)

        def check(text: str) -> str:
            return "" if not text or self._lines.find(text) else "no field has this in its name"

        self.app.push_screen(Prompt("find a field", check=check), go)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        """Hand the text to the owner."""
        event.stop()
        key = self._edited
        self._tried = {key: event.value}
        self._close()
        if key:
            self.post_message(self.Committed(self, key, event.value))

    @on(FieldEditor.Cancelled)
    def _leave(self, event: FieldEditor.Cancelled) -> None:
        """Close the editor without a word to the owner."""
        event.stop()
        self._close()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        """Take the message away once the text is another one, and tell the owner of it."""
        event.stop()
        if not self.editing or event.value == self._tried.get(self._edited):
            return
        self._refusal.styles.display = "none"
        field = self._lines.field(self._edited)
        if field is not None and event.value != field.edit_text:
            self.post_message(self.Typed(self, self._edited, event.value))

    @on(Input.Blurred)
    def _blurred(self, event: Input.Blurred) -> None:
        """Close the editor when something else takes the focus, as with a click elsewhere."""
        event.stop()
        # Focus arrives a message later than it is asked for: an editor just opened again is still without it.
        lost = not self._editor.has_focus and not self._opening
        if self.editing and lost and self.screen.is_current and self.app.app_focus:
            self._close()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Note that the editor has the focus it was given."""
        if event.widget is self._editor:
            self._opening = False

    @on(FormLines.Opened)
    def _opened(self, event: FormLines.Opened) -> None:
        """Edit the field that was opened."""
        event.stop()
        self.edit(event.key)

    @on(FormLines.Cleared)
    def _cleared(self, event: FormLines.Cleared) -> None:
        """Tell the owner that a field is to go back to its default."""
        event.stop()
        self.post_message(self.Reset(self, event.key))

    @on(FormLines.Moved)
    def _moved(self, event: FormLines.Moved) -> None:
        """Tell the owner where the cursor is."""
        event.stop()
        if not self.editing:
            self._refusal.styles.display = "none"
        self.post_message(self.Highlighted(self, event.key))

    @on(FormLines.SearchAsked)
    def _search(self, event: FormLines.SearchAsked) -> None:
        """Find a field."""
        event.stop()
        self.find()

    def on_resize(self, event: events.Resize) -> None:
        """Keep an open editor on its field."""
        if self.editing:
            self.call_after_refresh(self._place_editor)

    @property
    def help_title(self) -> str:
        """Name of the field with the cursor."""
        field = self._lines.field(self.cursor_key or "")
        return field.label if field else ""

    @property
    def help_markdown(self) -> str:
        """Help of the field with the cursor."""
        return self.help_for(self.cursor_key or "")
