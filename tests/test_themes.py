"""The palettes keep their promises of contrast, and reach Textual's variables under our names."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme
from widgets_demo import WidgetsDemo

from kerastui.screens.widgets.ink import Ink, clip, line_width, plain
from kerastui.themes import DARK, DARK_PALETTE, LIGHT, LIGHT_PALETTE

GROUNDS = ("background", "surface", "panel", "raised", "sel")
TEXT_ROLES = ("text", "muted", "primary", "accent", "success", "warning", "error")
PALETTES = [pytest.param(DARK_PALETTE, id="dark"), pytest.param(LIGHT_PALETTE, id="light")]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours after WCAG 2."""

    def luminance(colour: str) -> float:
        parts = []
        for value in Color.parse(colour).rgb:
            share = value / 255
            parts.append(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_knows_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("role", TEXT_ROLES)
def test_text_roles_can_be_read_on_every_ground(palette: dict[str, str], role: str) -> None:
    ratios = {ground: round(contrast(palette[role], palette[ground]), 2) for ground in GROUNDS}
    assert min(ratios.values()) >= 4.5, ratios


@pytest.mark.parametrize("palette", PALETTES)
def test_blocks_errors_and_curves_can_be_read(palette: dict[str, str]) -> None:
    for block in ("primary", "success"):
        assert contrast(palette["on-primary"], palette[block]) >= 4.5
    assert contrast(palette["error"], palette["error-ground"]) >= 4.5
    for curve in ("train", "val", *(f"curve-{number}" for number in range(1, 7))):
        assert contrast(palette[curve], palette["surface"]) >= 4.5
    assert contrast(palette["faint"], palette["surface"]) >= 3


@pytest.mark.parametrize(("theme", "palette"), [(DARK, DARK_PALETTE), (LIGHT, LIGHT_PALETTE)])
async def test_every_role_is_a_css_variable_of_the_app(theme: Theme, palette: dict[str, str]) -> None:
    app = WidgetsDemo(theme.name)
    async with app.run_test():
        assert app.theme == theme.name
        variables = app.theme_variables
        assert {name: variables[name].lower() for name in palette} == palette
        assert app.screen.styles.background == Color.parse(palette["background"])
        assert app.screen.styles.color == Color.parse(palette["text"])


async def test_switching_the_theme_draws_in_the_other_colours() -> None:
    app = WidgetsDemo()
    async with app.run_test() as pilot:
        header = app.query_one("Header")
        before = header.render_line(0)
        app.theme = LIGHT.name
        await pilot.pause()
        grounds = {segment.style.bgcolor for segment in header.render_line(0) if segment.style}
        assert Color.parse(LIGHT_PALETTE["panel"]).rich_color in grounds
        assert header.render_line(0).text == before.text
        assert header.render_line(0) != before


def test_ink_reads_style_words() -> None:
    ink = Ink(DARK_PALETTE)
    style = ink.style("error bold underline on error-ground")
    assert (style.bold, style.underline, style.italic) == (True, True, None)
    assert style.color == Color.parse(DARK_PALETTE["error"]).rich_color
    assert style.bgcolor == Color.parse(DARK_PALETTE["error-ground"]).rich_color
    assert ink.style("on-primary on primary").color == Color.parse(DARK_PALETTE["on-primary"]).rich_color
    assert ink.style("muted") is ink.style("muted")
    with pytest.raises(KeyError, match="mutd"):
        ink.style("mutd")


def test_ink_takes_the_foreground_for_a_theme_with_automatic_text() -> None:
    assert Ink({"text": "auto 87%", "foreground": "#e0e0e0"}).color("text") == Color.parse("#e0e0e0")


@pytest.mark.parametrize(
    ("width", "text"),
    [(0, ""), (1, "…"), (5, "cann…"), (6, "cannot"), (7, "canno…")],
)
def test_clip_marks_what_it_cuts(width: int, text: str) -> None:
    line = (("cannot", "bold"), (" add", "muted"))
    cut = clip(line, width)
    assert line_width(cut) <= width
    assert plain(cut) == {6: "canno…", 7: "cannot…"}.get(width, text)


def test_clip_leaves_what_fits() -> None:
    assert plain(clip((("cannot", "bold"), (" add", "muted")), 10)) == "cannot add"
