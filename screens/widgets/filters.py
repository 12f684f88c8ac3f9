"""What is done to every line right before it goes to the terminal: ASCII for glyphs, attributes for colours."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from kerastui.screens.widgets.glyphs import to_ascii
from kerastui.themes import MONO_PALETTE, SIXTEEN_PALETTE

_PLAIN = Style.from_color(RichColor.default(), RichColor.default())


def _rich(palette: dict[str, str], role: str) -> RichColor:
    return Color.parse(palette[role]).rich_color


_HUES = (_rich(MONO_PALETTE, "primary"),)
"""In the theme without colours all hues are one grey: what has it is drawn bold."""

_SELECTED = (_rich(MONO_PALETTE, "sel"),)
"""The ground of what is selected, drawn in reverse as blocks of a hue are."""

_SELECTED_16 = _rich(SIXTEEN_PALETTE, "sel")
_REVERSED = Style.from_color(_rich(SIXTEEN_PALETTE, "muted"), _rich(SIXTEEN_PALETTE, "surface"))


class AsciiFilter(LineFilter):
    """Replace what the table of glyphs did not: letters with accents, and glyphs of Textual's own widgets."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return segments of the same widths in ASCII.

        Args:
            segments: Segments of a line.
            background: Colour behind them.
        """
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]


class MonochromeFilter(LineFilter):
    """Draw the theme without colours: the terminal's own two colours, bold, reverse and underline."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments without colours.

        Args:
            segments: Segments of a line.
            background: Colour behind them.
        """
        drawn: list[Segment] = []
        selected = False
        for text, style, control in segments:
            if style is not None:
                # A block in a selected row would vanish among the reversed cells around it.
                within = selected and style.bgcolor in _HUES
                selected = within or style.bgcolor in _SELECTED
                style = _monochrome(style, within)
            drawn.append(Segment(text, style, control))
        return drawn


class ReverseFilter(LineFilter):
    """Draw what is selected in reverse, where there is no colour for its ground: among 16 colours."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments, those that are selected in one colour, reversed.

        Args:
            segments: Segments of a line.
            background: Colour behind them.
        """
        return [Segment(text, _reversed(style), control) for text, style, control in segments]


@lru_cache(maxsize=1024)
def _reversed(style: Style | None) -> Style | None:
    if style is None or style.bgcolor != _SELECTED_16:
        return style
    return style + _REVERSED + Style(reverse=not style.reverse)


@lru_cache(maxsize=1024)
def _monochrome(style: Style, within: bool) -> Style:
    block = (style.bgcolor in _HUES or style.bgcolor in _SELECTED) and not within
    bold = bool(style.bold) or style.color in _HUES or style.bgcolor in _HUES
    return style + _PLAIN + Style(bold=bold, reverse=block != bool(style.reverse), dim=False)
