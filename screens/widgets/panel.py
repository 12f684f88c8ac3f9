"""The border of a pane: title, state, totals, problem counts and tabs in its two border lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from kerastui.screens.widgets.glyphs import ASCII, glyphs
from kerastui.screens.widgets.ink import Cells, Line, clip, ink_of, line_width, plain


class Tab(msgspec.Struct, frozen=True):
    """Name one tab of a pane.

    Args:
        label: Its word.
        aside: What stands behind the word, say the counts of problems.
    """

    label: str
    aside: Line = ""


class Titles(msgspec.Struct, frozen=True):
    """Hold what stands in the two border lines of a pane.

    Args:
        left: Title, in the top border.
        right: State of the pane (sort, filter, axis, zoom), in the top border.
        bottom_left: Totals, in the bottom border.
        bottom_right: Problem counts, in the bottom border.
        tabs: Tabs that take the place of the title.
        active: Index of the active tab.
    """

    left: Line = ""
    right: Line = ""
    bottom_left: Line = ""
    bottom_right: Line = ""
    tabs: tuple[Tab, ...] = ()
    active: int = 0


class PanelFrame(Widget):
    """Draw a pane's border; a mixin of `Panel` and `PanelView`, of which panes are subclasses."""

    DEFAULT_CSS = """
    PanelFrame {
        border: round $border;
        background: $surface;
        color: $text;
    }
    PanelFrame:focus, PanelFrame:focus-within { border: round $primary; }
    PanelFrame.-ascii { border: ascii $border; }
    PanelFrame.-ascii:focus, PanelFrame.-ascii:focus-within { border: ascii $primary; }
    PanelFrame.-bare { border: none; }
    """

    _titles: Titles = Titles()
    _tab_spans: tuple[tuple[int, int], ...] = ()
    _frame_ground: str = ""

    @dataclass
    class TabClicked(Message):
        """Say that a tab in the border was clicked.

        Args:
            panel: The pane.
            index: Index of the tab.
        """

        panel: PanelFrame
        index: int

        @property
        def control(self) -> PanelFrame:
            """The pane, for selectors of `@on`."""
            return self.panel

    @property
    def ground(self) -> str:
        """Colour behind the pane's content, for `Cells`."""
        if self._frame_ground:
            return self._frame_ground
        base, own = self.background_colors
        return (base + own).hex6

    @property
    def title(self) -> str:
        """Words of the title, or of the active tab."""
        tabs = self._titles.tabs
        return tabs[self._titles.active].label if tabs else plain(self._titles.left)

    def set_titles(self, left: Line, right: Line = "", bottom_left: Line = "", bottom_right: Line = "") -> None:
        """Set what stands in the border, all four places at once.

        Args:
            left: Title.
            right: State of the pane, muted where it names no style of its own.
            bottom_left: Totals.
            bottom_right: Problem counts.
        """
        self._retitle(
            msgspec.structs.replace(
                self._titles, left=left, right=right, bottom_left=bottom_left, bottom_right=bottom_right
            )
        )

    def retitle(
        self,
        *,
        left: Line | None = None,
        right: Line | None = None,
        bottom_left: Line | None = None,
        bottom_right: Line | None = None,
    ) -> None:
        """Change some of the places in the border; `None` leaves a place as it is."""
        given = {"left": left, "right": right, "bottom_left": bottom_left, "bottom_right": bottom_right}
        self._retitle(
            msgspec.structs.replace(self._titles, **{name: line for name, line in given.items() if line is not None})
        )

    def set_tabs(self, tabs: Sequence[Tab], active: int = 0) -> None:
        """Put tabs in the top border, in place of the title.

        Args:
            tabs: The tabs; none brings the title back.
            active: Index of the active one.
        """
        self._retitle(msgspec.structs.replace(self._titles, tabs=tuple(tabs), active=active))

    def _retitle(self, titles: Titles) -> None:
        """Take new titles and redraw the two border lines, if anything changed."""
        if titles == self._titles:
            return
        self._titles = titles
        if self.is_mounted and self.styles.border_top[0]:
            width, height = self.outer_size
            # Regions are counted from the content: the border lies one row and column outside of it.
            left, top = -self.gutter.left, -self.gutter.top
            self.refresh(Region(left, top, width, 1), Region(left, top + height - 1, width, 1))

    def on_mount(self) -> None:
        """Take the ASCII border where the terminal asks for it."""
        self.set_class(glyphs() is ASCII and not self.has_class("-bare"), "-ascii")

    @dataclass
    class WordClicked(Message):
        """Say that a word at the right of the bottom border was clicked.

        Args:
            word: The word.
        """

        word: str

    def on_click(self, event: events.Click) -> None:
        """Post the tab that was clicked in the top border, or the word in the bottom one."""
        place = event.screen_offset - self.region.offset
        if place.y == self.outer_size.height - 1:
            text = plain(self._titles.bottom_right)
            at = place.x - (self.outer_size.width - 3 - line_width(text))
            if 0 <= at < len(text) and text[at] != " ":
                self.post_message(self.WordClicked(f"{text[:at].rpartition(' ')[2]}{text[at:].partition(' ')[0]}"))
        if event.y != 0 or event.widget is not self:
            return
        for index, (start, stop) in enumerate(self._tab_spans):
            if start <= event.x < stop:
                event.stop()
                self.post_message(self.TabClicked(self, index))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Render the widget, with our own two border lines."""
        # Looking the ground up walks all ancestors and takes half the time of drawing a line: once a frame is enough.
        self._frame_ground = ""
        self._frame_ground = self.ground
        try:
            return self._framed(super().render_lines(crop), crop)
        finally:
            self._frame_ground = ""

    def _framed(self, strips: list[Strip], crop: Region) -> list[Strip]:
        """Put our two border lines in the place of Textual's."""
        if not self.styles.border_top[0]:
            return strips
        width, height = self.outer_size
        for row, line in ((0, self._top_line), (height - 1, self._bottom_line)):
            if row in crop.line_range:
                strips[row - crop.y] = self._finish(line(width)).crop(crop.x, crop.right)
        return strips

    def _finish(self, cells: Cells) -> Strip:
        """Turn a border line into a strip, with the ground of the pane and the app's line filters."""
        strip = cells.strip(ink_of(self))
        base, own = self.background_colors
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, base + own)
        return strip

    def _border_cells(self, width: int, first: str, last: str) -> Cells:
        """Return an empty border line with its corners."""
        border = "primary" if self.has_focus_within else "border"
        cells = Cells(width, self.ground)
        cells.put(0, first + glyphs().horizontal * (width - 2) + last, border)
        return cells

    def _top_line(self, width: int) -> Cells:
        """Draw the top border: title or tabs left, state right."""
        table, titles = glyphs(), self._titles
        cells = self._border_cells(width, table.top_left, table.top_right)
        left = clip(self._tabs_line(), max(0, width - 4)) if titles.tabs else self._title_line(max(0, width - 6))
        start = cells.put(2, left)
        if titles.right and (room := width - 3 - start - 3) > 3:
            cells.put_right(width - 2, [(" ", ""), *clip_words(titles.right, room, "muted"), (" ", "")])
        return cells

    def _title_line(self, room: int) -> Line:
        """Return the title with a blank each side: a block where the pane has the focus."""
        title = clip(self._titles.left, room)
        if not plain(title):
            return ""
        if self.has_focus_within:
            return ((f" {plain(title)} ", "on-primary bold on primary"),)
        return ((" ", ""), *title, (" ", ""))

    def _tabs_line(self) -> Line:
        """Return the tabs, the active one underlined, or a block where the pane has the focus."""
        focus = self.has_focus_within
        line: list[tuple[str, str]] = []
        places: list[tuple[int, int]] = []
        for index, tab in enumerate(self._titles.tabs):
            if index:
                line.append((glyphs().vertical, "border"))
            start = 2 + line_width(line)
            if index != self._titles.active:
                line.append((f" {tab.label} ", "muted"))
            elif focus:
                line.append((f" {tab.label} ", "on-primary bold on primary"))
            else:
                line += [(" ", ""), (tab.label, "primary bold underline"), (" ", "")]
            if tab.aside:
                line += [
                    *([(" ", "")] if focus and index == self._titles.active else []),
                    *clip(tab.aside, 1_000),
                    (" ", ""),
                ]
            places.append((start, 2 + line_width(line)))
        self._tab_spans = tuple(places)
        return line

    def _bottom_line(self, width: int) -> Cells:
        """Draw the bottom border: totals left, problem counts right."""
        table, titles = glyphs(), self._titles
        cells = self._border_cells(width, table.bottom_left, table.bottom_right)
        end = width - 2
        if titles.bottom_right:
            room = max(0, width - 6)
            end = cells.put_right(end, [(" ", ""), *clip_words(titles.bottom_right, room, "muted"), (" ", "")]) - 1
        if titles.bottom_left and end - 4 > 3:
            cells.put(2, [(" ", ""), *clip_words(titles.bottom_left, end - 4, "muted"), (" ", "")])
        return cells


def clip_words(line: Line, width: int, words: str) -> list[tuple[str, str]]:
    """Cut a line and give the spans without a style of their own some words."""
    return [(text, own or words) for text, own in clip(line, width)]


class Panel(PanelFrame):
    """A pane that holds widgets, one below the other."""

    DEFAULT_CSS = """
    Panel {
        width: 1fr;
        height: 1fr;
        layout: vertical;
        overflow: hidden hidden;
    }
    """


class PanelView(PanelFrame, ScrollView, can_focus=True):
    """A pane that draws its own lines and scrolls: override `render_line` and set `virtual_size`."""

    DEFAULT_CSS = """
    PanelView {
        width: 1fr;
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
    }
    """
