"""The palettes keep their promises of contrast, and reach Textual's variables under our names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt
from operator import mul
from pathlib import Path

import pytest
from build_seat import seated
from projects import small_project
from rich._palettes import STANDARD_PALETTE
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.theme import Theme
from widgets_demo import WidgetsDemo

from kerastui.engine import home
from kerastui.engine.project.arranging import set_note
from kerastui.engine.project.swapping import freeze
from kerastui.screens.widgets.filters import MonochromeFilter
from kerastui.screens.widgets.glyphs import to_ascii, use_ascii
from kerastui.screens.widgets.ink import Ink, clip, line_width, plain
from kerastui.themes import (
    COLOUR_BLIND_LIGHT_PALETTE,
    COLOUR_BLIND_PALETTE,
    DARK,
    DARK_PALETTE,
    LIGHT,
    LIGHT_PALETTE,
    MONO_PALETTE,
    SIXTEEN,
    of_terminal,
)

GROUNDS = ("background", "surface", "panel", "raised", "sel")
TEXT_ROLES = ("text", "muted", "primary", "accent", "success", "warning", "error")
PALETTES = [
    pytest.param(DARK_PALETTE, id="dark"),
    pytest.param(LIGHT_PALETTE, id="light"),
    pytest.param(COLOUR_BLIND_PALETTE, id="colour-blind"),
    pytest.param(COLOUR_BLIND_LIGHT_PALETTE, id="colour-blind-light"),
    pytest.param(MONO_PALETTE, id="mono"),
]


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


MACHADO = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
"""What is left of linear red, green and blue, after Machado, Oliveira and Fernandes (2009), at full strength."""

STATES = ("primary", "accent", "success", "warning", "error")
"""Focus and wires of it, shared and nested, and the three severities."""

CURVES = tuple(f"curve-{number}" for number in range(1, 7))


def lab(colour: str, sight: str) -> tuple[float, float, float]:
    """Return a colour in CIELAB (D65) as somebody sees it."""
    linear = []
    for value in Color.parse(colour).rgb:
        share = value / 255
        linear.append(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
    seen = [min(max(sum(map(mul, row, linear)), 0.0), 1.0) for row in MACHADO[sight]]
    white = ((0.4339, 0.3762, 0.1899), (0.2126, 0.7152, 0.0722), (0.0178, 0.1095, 0.8727))
    x, y, z = (
        part ** (1 / 3) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116
        for part in (sum(map(mul, row, seen)) for row in white)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: str, other: str, sight: str) -> float:
    """Return the difference of two colours after CIEDE2000, as somebody sees them."""
    (l1, a1, b1), (l2, a2, b2) = lab(one, sight), lab(other, sight)
    mean = (hypot(a1, b1) + hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * sqrt(mean**7 / (mean**7 + 25**7))
    c1, c2 = hypot(a1 * stretch, b1), hypot(a2 * stretch, b2)
    h1, h2 = degrees(atan2(b1, a1 * stretch)) % 360, degrees(atan2(b2, a2 * stretch)) % 360
    turn = (h2 - h1 + 180) % 360 - 180
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    hue = (h1 + h2 + (360 if abs(h1 - h2) > 180 else 0)) / 2
    t = 1 - 0.17 * cos(radians(hue - 30)) + 0.24 * cos(radians(2 * hue))
    t += 0.32 * cos(radians(3 * hue + 6)) - 0.2 * cos(radians(4 * hue - 63))
    by_light = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / sqrt(20 + (light - 50) ** 2))
    by_chroma = (c2 - c1) / (1 + 0.045 * chroma)
    by_hue = 2 * sqrt(c1 * c2) * sin(radians(turn / 2)) / (1 + 0.015 * chroma * t)
    around = 60 * exp(-(((hue - 275) / 25) ** 2))
    rotation = -2 * sqrt(chroma**7 / (chroma**7 + 25**7)) * sin(radians(around))
    return sqrt(by_light**2 + by_chroma**2 + by_hue**2 + rotation * by_chroma * by_hue)


def nearest(palette: dict[str, str], roles: Sequence[str]) -> float:
    """Return the smallest difference between two of some roles, whoever looks."""
    pairs = combinations(roles, 2)
    return min(difference(palette[one], palette[two], sight) for one, two in pairs for sight in MACHADO)


def test_differences_are_those_of_the_standard() -> None:
    assert difference("#ffffff", "#000000", "none") == pytest.approx(100, abs=0.1)
    assert difference("#ff0000", "#00ff00", "none") == pytest.approx(86.6, abs=0.2)


@pytest.mark.parametrize("palette", [COLOUR_BLIND_PALETTE, COLOUR_BLIND_LIGHT_PALETTE], ids=["dark", "light"])
def test_hues_of_the_colour_blind_pair_are_told_apart_by_everybody(palette: dict[str, str]) -> None:
    assert nearest(palette, STATES) > 14
    assert nearest(palette, CURVES) > 20
    assert nearest(palette, ("train", "val")) > 35
    assert nearest(palette, ("faint", "primary", "error")) > 14  # wires: at rest, selected, broken


@pytest.mark.parametrize("palette", [DARK_PALETTE, LIGHT_PALETTE], ids=["dark", "light"])
def test_pairs_that_lie_side_by_side_differ_for_everybody_in_the_ordinary_themes(palette: dict[str, str]) -> None:
    # Violet beside blue does not (1.3 and 0.4): there `≡1` and `╌` carry the meaning, or the colour-blind pair.
    assert nearest(palette, ("success", "warning", "error")) > 5
    assert nearest(palette, CURVES) > 5.9
    assert nearest(palette, ("train", "val")) > 35
    assert nearest(palette, ("faint", "primary", "error")) > 12


def test_the_theme_without_colours_draws_with_attributes() -> None:
    ink = Ink(MONO_PALETTE)
    words = ("text", "error", "text on sel", "on-primary on primary", "primary underline")
    drawn = [MonochromeFilter().apply([Segment("x", ink.style(each))], Color(0, 0, 0))[0].style for each in words]
    found = [(style.bold, style.reverse, style.underline) for style in drawn if style]
    assert found == [
        (False, False, None),
        (True, False, None),
        (False, True, None),
        (True, True, None),
        (True, False, True),
    ]
    assert all(style and style.color and style.color.is_default for style in drawn)


@pytest.mark.parametrize(
    ("term", "colorterm", "no_color", "theme"),
    [
        ("xterm", "", "", SIXTEEN.name),
        ("screen", "", "", SIXTEEN.name),
        ("xterm", "", "1", ""),
        ("xterm", "truecolor", "", ""),
        ("xterm-256color", "", "", ""),
    ],
)
def test_a_terminal_of_16_colours_gets_them(
    monkeypatch: pytest.MonkeyPatch, term: str, colorterm: str, no_color: str, theme: str
) -> None:
    for name, value in (("TERM", term), ("COLORTERM", colorterm), ("NO_COLOR", no_color)):
        monkeypatch.setenv(name, value)
    assert of_terminal() == theme


async def test_in_16_colours_what_is_selected_is_reversed(tmp_path: Path) -> None:
    async with seated(tmp_path, size=(80, 24)) as seat:
        seat.app.theme = SIXTEEN.name
        await seat.press("down")
        drawn = [part for strip in seat.app.screen._compositor.render_strips() for part in strip if part.style]
        colours = [each for part in drawn if part.style for each in (part.style.color, part.style.bgcolor)]
        known = {STANDARD_PALETTE[number] for number in range(16)}
        assert {colour.triplet for colour in colours if colour is not None} <= known
        reversed_ = {part.text.strip() for part in drawn if part.style and part.style.reverse}
        assert seat.cursor in reversed_, reversed_


def test_ascii_keeps_the_width() -> None:
    for text, plain_text in (("╭─ é 画 ▪ ❆ ✗", "+- e ?? n # x"), ("plain", "plain"), ("(∅, 3×3) → …", "(?, 3x3) > .")):
        assert to_ascii(text) == plain_text
        assert cell_len(to_ascii(text)) == cell_len(text)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_build_is_ascii_and_without_colours_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    home.save_settings(home.Settings(ascii=True))
    project = small_project()
    project = set_note(freeze(project, ["dense"]), "dense", "a note — with a dash")
    try:
        async with seated(tmp_path, project, size) as seat:
            assert seat.app.theme == "kerastui-mono"
            strips = [strip.text for strip in seat.app.screen._compositor.render_strips()]
            assert [line for line in strips if not line.isascii()] == []
            assert "#" in seat.text
    finally:
        home.save_settings(home.Settings())
        use_ascii(False)
