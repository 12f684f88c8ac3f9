"""The palette: all layers by group, a search that ranks them, and a word on the one under the cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from kerastui.engine.catalog.catalog import Entry, Kind, catalog
from kerastui.engine.catalog.search import rank
from kerastui.engine.code_state import CodeState
from kerastui.screens.build.cards import shorten_name
from kerastui.screens.build.palette_drag import DragRows
from kerastui.screens.widgets import words
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, Line
from kerastui.screens.widgets.panel import Panel
from kerastui.screens.widgets.rows import Row, Rows

OPERATIONS: Final = "operations"
"""Group of the functions of `keras.ops`, which are applied to tensors like layers."""

INPUT: Final = "Input"
"""Key of the entry that adds an input to the graph; it is no layer."""

USUAL: Final = "Dense"
"""The layer under the cursor when the palette is first opened on a graph that has an input."""

_INPUT_SUMMARY = "An input of the graph: where data comes in."

OWN: Final = "my layers"
"""Category of the layers of the project's own code."""

GROUPS: Final = {
    "core": "core",
    "convolution": "convolution",
    "pooling": "pooling",
    "recurrent": "recurrent",
    "attention": "attention",
    "merging": "merging",
    "normalization": "normalization",
    "regularization": "regularization",
    "activation": "activation",
    "reshaping": "reshaping",
    "preprocessing": "preprocessing",
    "image preprocessing": "images",
    "other frameworks": "other",
    OPERATIONS: "operations",
    OWN: "my layers",
}
"""Categories of the catalog in the order shown, each with the word that fits the pane."""

OPEN: Final = frozenset({"core", "convolution", OWN})
"""Groups that start unfolded."""

LETTERS: Final = {"d": "Dense", "c": "Conv2D", "+": "Add", "&": "Concatenate"}
"""Keys that add a layer from within the palette."""

_BY_NAME = {name: key for key, name in LETTERS.items()}

HELP = """\
All layers of Keras, by group, and the functions of `keras.ops`. `/` searches by name, initials (`bn` finds
BatchNormalization) or what a layer does; the best comes first. `enter` adds the layer after the card that is selected
in the graph and selects the new one; so do the letters beside the names. `esc` goes back to the graph.

Classes in the project's `layers.py` stand under **my layers** as soon as the file is written, and follow its changes.
"""


class PaletteRows(DragRows):
    """The list of the palette."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "add", id="palette.add"),
        Binding("slash", "search", "search", key_display="/", id="palette.search"),
        *(
            Binding(
                {"+": "plus", "&": "ampersand"}.get(key, key),
                f"take('{name}')",
                name,
                show=key.isalpha(),
                key_display=key,
                id=f"palette.{name.lower()}",
                tooltip=f"add {name}",
            )
            for key, name in LETTERS.items()
        ),
        Binding("escape", "screen.graph", "back", id="palette.back"),
    ]

    class SearchAsked(Message):
        """Say that the search is to be opened."""

    def _draw_row(self, cells: Cells, row: Row) -> None:
        """Draw a row, with the letter of its layer at the right."""
        super()._draw_row(cells, row)
        if row.kind == "row":
            cells.put_right(cells.width - self._margin, _BY_NAME.get(row.key, ""), "primary")

    def action_take(self, name: str) -> None:
        """Add a layer by its letter."""
        self.post_message(self.Selected(self, name))

    def action_search(self) -> None:
        """Open the search."""
        self.post_message(self.SearchAsked())


class SearchInput(Input):
    """The line that is typed into; it takes the focus only while a search goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "add", id="palette.take"),
        Binding("escape", "leave", "back", id="palette.leave"),
        Binding("down", "list('move(1)')", "next", show=False, id="palette.next"),
        Binding("up", "list('move(-1)')", "previous", show=False, id="palette.previous"),
        Binding("pagedown", "list('move_page(1.0)')", "page down", show=False, id="palette.page_down"),
        Binding("pageup", "list('move_page(-1.0)')", "page up", show=False, id="palette.page_up"),
        # The list of groups is the next place in the palette itself.
        Binding("tab", "browse", "browse", id="palette.browse"),
    ]

    @dataclass
    class Asked(Message):
        """Say what the palette is to do.

        Args:
            what: `"leave"`, `"browse"`, or an action of the list.
        """

        what: str

    found = True
    """Whether there is anything to add."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Add nothing where nothing was found."""
        return self.found if action == "submit" else super().check_action(action, parameters)

    def action_leave(self) -> None:
        """End the search."""
        self.post_message(self.Asked("leave"))

    def action_browse(self) -> None:
        """Go on in the list."""
        self.post_message(self.Asked("browse"))

    def action_list(self, action: str) -> None:
        """Move the cursor of the list."""
        self.post_message(self.Asked(action))


class Palette(Panel):
    """Let the user choose a layer."""

    help_title = "layers"

    @dataclass
    class LayerChosen(Message):
        """Say that a layer is to be added.

        Args:
            name: Its class, or `INPUT`.
            searched: It was found by a search, so that the user goes back to the graph.
        """

        name: str
        searched: bool

    @dataclass
    class Highlighted(Message):
        """Say which layer is under the cursor: its class, `""` for none."""

        name: str

    class Left(Message):
        """Say that the user goes back to the graph."""

    _code = CodeState()

    def compose(self) -> ComposeResult:
        """Lay out search, list and what the highlighted layer does."""
        with Horizontal(id="search"):
            yield Static("/", id="slash")
            yield SearchInput(placeholder="search", compact=True)
        folded = [key for key in GROUPS if key not in OPEN]
        yield PaletteRows(folded=folded, empty=("nothing fits",), classes="-bare")
        yield Static("", id="about", markup=False)

    def on_mount(self) -> None:
        """Show all groups."""
        super().on_mount()
        self._input.can_focus = False
        self.set_purpose("")
        self._fill("")

    @property
    def help_markdown(self) -> str:
        """How the palette is used, and what the highlighted layer does."""
        entry = catalog().layer(self._rows.cursor_key or "")
        where = f"{entry.code}\n\n" if entry and entry.code else ""
        return f"## {entry.name}\n\n{where}{entry.summary}\n\n{entry.help}\n\n---\n\n{HELP}" if entry else HELP

    @property
    def _rows(self) -> PaletteRows:
        return self.query_one(PaletteRows)

    @property
    def _input(self) -> SearchInput:
        return self.query_one(SearchInput)

    @property
    def searching(self) -> bool:
        """Whether the search has the focus."""
        return self._input.has_focus

    def set_purpose(self, purpose: str) -> None:
        """Say in the border what the layer is for: `after dense`; `""` shows how many layers there are."""
        self._purpose = purpose
        total = words.count(len(catalog().of("layer")) + 1)
        self.set_titles("Layers", total, bottom_left=purpose)

    def show_code(self, code: CodeState) -> None:
        """Show the layers of the project's own code, and what is wrong with it."""
        if code != self._code:
            self._code = code
            self._fill(self._input.value)
            self.set_purpose(self._purpose)

    def search(self, at: str = "") -> None:
        """Start an empty search.

        Args:
            at: Layer to put the cursor on; `""` leaves it where it is, except on the input and on a group.
        """
        self._input.can_focus = True
        self._input.value = ""
        self._fill("")
        if not at and self._rows.cursor_key in (INPUT, *GROUPS):
            at = USUAL
        if at:
            self._rows.move_to(at)
        self._rows.add_class("-lit")
        self._input.focus()

    def end_search(self) -> None:
        """Show all groups again."""
        if self._input.value:
            self._input.value = ""

    def browse(self) -> None:
        """Give the focus to the list."""
        self._rows.focus()

    def _fill(self, text: str) -> None:
        """Show what fits a text, the best first; all groups for none."""
        rows = self._rows
        if not text.strip():
            entry = catalog().layer(rows.cursor_key or "")
            rows.show(_groups(rows.size.width, self._code))
            if entry is not None:
                # A folded group stays so: it would be one more to fold by hand after each search.
                group = OPERATIONS if entry.kind == "operation" else entry.category
                rows.move_to(group if group in rows.folded else entry.name)
            return
        kinds: tuple[Kind, ...] = ("layer", "operation")
        names = [entry.name for kind in kinds for entry in catalog().search(text, kind)]
        typed = rank(text, (INPUT,))
        if typed is not None:
            best = rank(text, (names[0],)) if names else None
            names.insert(0 if best is None or typed <= best else 1, INPUT)
        if letter := LETTERS.get(text.strip()):
            names = list(dict.fromkeys((letter, *names)))
        rows.show([_row(name, rows.size.width, 0) for name in names])
        if names:
            rows.move_to(names[0])
        else:
            self._explain("")

    def on_resize(self, event: events.Resize) -> None:
        """Shorten the names for the new width."""
        if self.is_mounted and not self._input.value:
            self.call_after_refresh(self._fill, "")

    @on(events.Click, "#search")
    def _search_clicked(self, event: events.Click) -> None:
        event.stop()
        if not self.searching:
            self.search()

    @on(PaletteRows.SearchAsked)
    def _search_asked(self, event: PaletteRows.SearchAsked) -> None:
        event.stop()
        self.search()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._fill(event.value)
        self._input.found = self._rows.cursor_key is not None
        self._input.refresh_bindings()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if (key := self._rows.cursor_key) is not None:
            if key in GROUPS:
                self._rows.fold(key, key not in self._rows.folded)
            else:
                self.post_message(self.LayerChosen(key, searched=True))

    @on(Rows.Selected)
    def _selected(self, event: Rows.Selected) -> None:
        event.stop()
        self.post_message(self.LayerChosen(event.key, searched=bool(self._input.value)))

    @on(SearchInput.Asked)
    async def _asked(self, event: SearchInput.Asked) -> None:
        event.stop()
        if event.what == "leave":
            self.post_message(self.Left())
        elif event.what == "browse":
            self.browse()
        else:
            await self._rows.run_action(event.what)

    @on(Input.Blurred)
    def _blurred(self, event: Input.Blurred) -> None:
        """Leave the line; what was found stays until the focus leaves the palette, so that it can be clicked."""
        event.stop()
        if self.screen.is_current and self.app.app_focus:
            self._rows.remove_class("-lit")
            self._input.can_focus = False

    @on(Rows.Highlighted)
    def _highlighted(self, event: Rows.Highlighted) -> None:
        event.stop()
        self._explain(event.key)

    def on_mouse_down(self) -> None:
        """Say nothing on the layer under the cursor: rows would move under the mouse, between two clicks."""
        self.add_class("-mouse")

    def on_key(self) -> None:
        """Say again what the layer under the cursor does."""
        self.remove_class("-mouse")

    @on(events.DescendantFocus)
    def _entered(self) -> None:
        self._explain(self._rows.cursor_key or "")

    def _explain(self, key: str) -> None:
        """Say what a layer does, and tell the owner which one it is."""
        name = "" if key in GROUPS else key
        about = self.query_one("#about", Static)
        about.update(Content.assemble((_shown(name), "bold $text"), "\n", _summary(name)))
        about.set_class(bool(name), "-filled")
        self.post_message(self.Highlighted(name))


def _groups(width: int, code: CodeState) -> list[Row]:
    """Return all layers by group, the input first, those of the project's own code last."""
    found: dict[str, list[Entry]] = {key: [] for key in GROUPS if key != OWN}
    for entry in catalog().of("layer"):
        found.setdefault(entry.category, []).append(entry)
    found[OPERATIONS] = list(catalog().of("operation"))
    own = found.pop(OWN, [])
    rows = [_row(INPUT, width, 1)]
    for key, entries in (*found.items(), *([(OWN, own)] if own or code.files else [])):
        rows.append(Row(key, (GROUPS.get(key, key), words.count(len(entries))), kind="group"))
        rows += _said(code) if key == OWN else []
        rows += [_row(entry.name, width, 1, key) for entry in entries]
    return rows


def _said(code: CodeState) -> list[Row]:
    """Return what is to be said of the project's own code: why it is not run, or where it is broken."""
    said: list[Line] = [[(f"{glyphs().error} {fault.place}", "error")] for fault in code.errors]
    if not code.trusted:
        said.append([(f"{glyphs().warning} not run", "warning")])
    elif code.kind == "unread":
        said.append("waits for the engine")
    return [Row(f"{OWN}:{at}", (line,), kind="note", group=OWN, depth=1) for at, line in enumerate(said)]


def _row(name: str, width: int, depth: int, group: str = "") -> Row:
    """Return the row of a layer, its name as long as a pane of some width can show beside the letter."""
    room = max(width - 3 - 2 * depth, 8)  # the cursor's mark, a blank, the scroll bar
    shown = _shown(name)
    return Row(name, (shorten_name(shown, room - 2 if name in _BY_NAME else room),), group=group, depth=depth)


def _shown(name: str) -> str:
    """Return the name shown: a class of the project's own without its file, if no other has its name."""
    entry = catalog().layer(name)
    if entry is None or not entry.code:
        return name.removeprefix("ops.")
    alone = sum(other.short == entry.short for other in catalog().of("layer")) == 1
    return entry.short if alone else name


def _summary(name: str) -> str:
    """Return what a layer does, in one line."""
    entry = catalog().layer(name)
    if entry is not None and entry.code:
        return entry.summary or f"defined in {entry.code}"
    return _INPUT_SUMMARY if name == INPUT else entry.summary if entry else ""
