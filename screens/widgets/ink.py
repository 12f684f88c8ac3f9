"""Styled text for widgets that draw their own lines: roles instead of colours, cells instead of markup.

A style is written in words: names of palette roles (`muted`, `error`, …), `on ROLE` for the ground, and `bold`,
`italic`, `underline`, `strike`, `reverse`. User text needs no escaping, since nothing is parsed out of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias
from weakref import WeakKeyDictionary

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color, ColorParseError
from textual.strip import Strip
from textual.widget import Widget

from kerastui.screens.widgets.words import shorten

Span: TypeAlias = tuple[str, str]
"""A text and its style words; `""` inherits the words of the place it is put in."""

Line: TypeAlias = "str | Sequence[Span]"
"""One line of text: plain, or span by span."""

_ATTRIBUTES = frozenset({"bold", "italic", "underline", "strike", "reverse", "dim"})


class Ink:
    """Turn style words into terminal styles of one theme.

    Args:
        variables: CSS variables of the theme by name, as in `App.theme_variables`.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._styles: dict[str, Style] = {}

    def color(self, role: str) -> Color:
        """Return the colour of a role.

        Args:
            role: Name of a palette variable, without `$`.

        Raises:
            KeyError: If the theme has no such variable.
        """
        if role.startswith("#"):
            return Color.parse(role)
        try:
            return Color.parse(self._variables[role])
        except ColorParseError:
            # Textual's own themes say `auto 87%` for text: there the plain foreground serves.
            return Color.parse(self._variables["foreground"])

    def blend(self, role: str, other: str, share: float) -> str:
        """Mix two roles, for a heat map.

        Args:
            role: The role at share 0.
            other: The role at share 1.
            share: How much of the other one, 0 to 1.

        Returns:
            A hex colour that is allowed wherever a role is.
        """
        return self.color(role).blend(self.color(other), share).hex

    def style(self, words: str) -> Style:
        """Return the terminal style of some style words, say `"error bold on error-ground"`."""
        style = self._styles.get(words)
        if style is None:
            style = self._styles[words] = self._parse(words)
        return style

    def _parse(self, words: str) -> Style:
        """Read style words; the last colour and the last ground named win."""
        colour = ground = None
        attributes: dict[str, bool] = {}
        tokens = iter(words.split())
        for token in tokens:
            if token in _ATTRIBUTES:
                attributes[token] = True
            elif token == "on":
                ground = self.color(next(tokens)).rich_color
            else:
                colour = self.color(token).rich_color
        return Style(color=colour, bgcolor=ground, **attributes)  # type: ignore[arg-type]


_inks: WeakKeyDictionary[App[Any], tuple[Mapping[str, str], Ink]] = WeakKeyDictionary()


def ink_of(widget: Widget) -> Ink:
    """Return the ink of the theme a widget is shown in, cached until the theme changes."""
    app = widget.app
    known = _inks.get(app)
    if known is None or known[0] is not app.theme_variables:
        known = (app.theme_variables, Ink(app.theme_variables))
        _inks[app] = known
    return known[1]


def spans(line: Line) -> Sequence[Span]:
    """Return a line span by span."""
    return ((line, ""),) if isinstance(line, str) else line


def plain(line: Line) -> str:
    """Return the text of a line without its styles."""
    return line if isinstance(line, str) else "".join(text for text, _ in line)


def line_width(line: Line) -> int:
    """Return how many terminal cells a line takes."""
    return cell_len(plain(line))


def clip(line: Line, width: int) -> Sequence[Span]:
    """Cut a line to a number of cells, ending in `…` where something was cut."""
    if line_width(line) <= width:
        return spans(line)
    kept: list[Span] = []
    room = width
    for text, words in spans(line):
        cells = cell_len(text)
        if cells < room:
            kept.append((text, words))
            room -= cells
            continue
        # Something follows or overflows here, so the mark belongs at the end of this span.
        kept.append((shorten(text + "  ", room), words))
        break
    return kept


def key_tag(key: str, words: str, ink: Literal["success", "primary"] = "primary") -> Sequence[Span]:
    """Return an offered action: the key as a block, then the words.

    Args:
        key: The key as it is shown.
        words: What it does.
        ink: `"success"` for a repair that passes the check, `"primary"` for any other action.
    """
    return ((f" {key} ", f"on-primary bold on {ink}"), (" " + words, "text"))


class Cells:
    """One row of the screen, cell by cell; what is put later covers what was there.

    Args:
        width: Number of cells.
        ground: Role of the ground.
    """

    def __init__(self, width: int, ground: str = "surface") -> None:
        self.width = max(0, width)
        self._characters = [" "] * self.width
        self._words = [""] * self.width
        self._grounds = [ground] * self.width

    def put(self, x: int, line: Line, words: str = "text", limit: int | None = None) -> int:
        """Write a line from a column on.

        Args:
            x: First column; columns outside the row are skipped.
            line: What to write; spans without words take `words`.
            words: Style words; the ground stays unless they name one.
            limit: Column to stop before, with `…` where something was cut; defaults to the row's end.

        Returns:
            The column after the last character written.
        """
        stop = self.width if limit is None else min(limit, self.width)
        for text, own in clip(line, max(0, stop - x)):
            style, _, ground = (own or words).partition("on ")
            for character in text:
                wide = cell_len(character)
                if wide and x >= 0 and x + wide <= self.width:
                    self._set(x, character, wide, style, ground)
                x += wide
        return x

    def _set(self, x: int, character: str, wide: int, words: str, ground: str) -> None:
        """Write one character; the second cell of a wide one stays empty."""
        for offset in range(wide):
            self._characters[x + offset] = "" if offset else character
            self._words[x + offset] = words
            if ground:
                self._grounds[x + offset] = ground

    def put_right(self, end: int, line: Line, words: str = "text", start: int = 0) -> int:
        """Write a line so that it ends before a column.

        Args:
            end: Column after its last character.
            line: What to write.
            words: Style words.
            start: Column it must not pass to the left; it is cut with `…` there.

        Returns:
            The column of its first character.
        """
        cut = clip(line, max(0, end - start))
        first = end - line_width(cut)
        self.put(first, cut, words)
        return first

    def fill(self, start: int, stop: int, ground: str) -> None:
        """Give a run of cells another ground."""
        for x in range(max(0, start), min(stop, self.width)):
            self._grounds[x] = ground

    def strip(self, ink: Ink) -> Strip:
        """Return the row as a strip, one segment for each run of cells of the same look."""
        segments: list[Segment] = []
        start = 0
        words, grounds, characters = self._words, self._grounds, self._characters
        for x in range(1, self.width + 1):
            if x == self.width or words[x] != words[start] or grounds[x] != grounds[start]:
                style = ink.style(f"{words[start]} on {grounds[start]}")
                segments.append(Segment("".join(characters[start:x]), style))
                start = x
        return Strip(segments, self.width)
