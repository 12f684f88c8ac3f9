"""The themes: every colour of the app by role; dark and light, each again for colour-blind people, in 16 and in none.

Widgets name roles (`$muted`, `$train`, …), never a hex value. Roles that Textual derives itself (`$text`, `$border`, …)
are overridden through `Theme.variables`, so one name means one colour everywhere, in Textual's own widgets too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from textual.constants import COLOR_SYSTEM
from textual.theme import Theme

if TYPE_CHECKING:
    from textual.app import App

DARK_PALETTE: dict[str, str] = {
    "background": "#0e1218",
    "surface": "#131922",
    "panel": "#1b2330",
    "raised": "#243044",
    "sel": "#1d3a5c",
    "text": "#dbe2ec",
    "muted": "#98a5b9",
    "faint": "#5f6e88",
    "border": "#3a4658",
    "grid": "#222b38",
    "primary": "#6cb2ff",
    "accent": "#c3a2f7",
    "success": "#4fcca3",
    "warning": "#e8cf5a",
    "error": "#ff8078",
    "error-ground": "#3a1e22",
    "on-primary": "#0e1218",
    "train": "#6cb2ff",
    "train-raw": "#2b4a70",
    "val": "#f4a259",
    "val-raw": "#6b4a2c",
    "curve-1": "#6cb2ff",
    "curve-2": "#f4a259",
    "curve-3": "#c9ead8",
    "curve-4": "#e07fc9",
    "curve-5": "#f5ec85",
    "curve-6": "#9b9a8c",
}
"""Colour of each role in the dark theme."""

LIGHT_PALETTE: dict[str, str] = {
    "background": "#f4f5f7",
    "surface": "#fcfcfd",
    "panel": "#e8ebf0",
    "raised": "#dbe1ea",
    "sel": "#d3e5f8",
    "text": "#1b2430",
    "muted": "#566274",
    "faint": "#7c8899",
    "border": "#b9c2cf",
    "grid": "#e6e9ee",
    "primary": "#0b5cad",
    "accent": "#6b3fb0",
    "success": "#0b6e52",
    "warning": "#5c5200",
    "error": "#b3261e",
    "error-ground": "#fbe4e2",
    "on-primary": "#ffffff",
    "train": "#0b5cad",
    "train-raw": "#a9c8e8",
    "val": "#9a4700",
    "val-raw": "#e6c4a4",
    "curve-1": "#0b5cad",
    "curve-2": "#9a4700",
    "curve-3": "#241c1a",
    "curve-4": "#8a1a7a",
    "curve-5": "#0a0f70",
    "curve-6": "#7a30e0",
}
"""Colour of each role in the light theme."""

COLOUR_BLIND_PALETTE: dict[str, str] = {
    **DARK_PALETTE,
    "primary": "#6cb2ff",
    "accent": "#feb7d5",
    "success": "#82fdb7",
    "warning": "#faf341",
    "error": "#fa804f",
    "train": "#6cb2ff",
    "val": "#c86728",
    "curve-1": "#6cb2ff",
    "curve-2": "#c86728",
    "curve-3": "#b1df03",
    "curve-4": "#fbf1fe",
    "curve-5": "#89818c",
    "curve-6": "#e4ada3",
}
"""Dark, with hues that stay apart under protanopia, deuteranopia and tritanopia: violet beside blue does not, nor red
beside green. Found by a search among colours that keep the contrast; the tests simulate them."""

COLOUR_BLIND_LIGHT_PALETTE: dict[str, str] = {
    **LIGHT_PALETTE,
    "primary": "#0b5cad",
    "accent": "#aa0b5b",
    "success": "#02443b",
    "warning": "#796007",
    "error": "#601d03",
    "train": "#0b5cad",
    "val": "#be5513",
    "curve-1": "#0b5cad",
    "curve-2": "#be5513",
    "curve-3": "#6c6b6c",
    "curve-4": "#681a01",
    "curve-5": "#060369",
    "curve-6": "#100009",
}
"""The same, light."""

_WHITE = ("primary", "accent", "success", "warning", "error", "train", "val", *(f"curve-{n}" for n in range(1, 7)))

MONO_PALETTE: dict[str, str] = {
    **dict.fromkeys(_WHITE, "#ffffff"),
    "background": "#000000",
    "surface": "#000000",
    "panel": "#000000",
    "raised": "#000000",
    "sel": "#262626",
    "text": "#dcdcdc",
    "muted": "#b0b0b0",
    "faint": "#8a8a8a",
    "border": "#585858",
    "grid": "#303030",
    "error-ground": "#000000",
    "on-primary": "#000000",
    "train-raw": "#606060",
    "val-raw": "#606060",
}
"""Greys that stand for attributes: the terminal gets bold, reverse and underline for them, and no colour at all."""

_BLACK, _GREY, _WHITE_7, _BLUE, _YELLOW = "#000000", "#555555", "#aaaaaa", "#5555ff", "#ffff55"
_RED, _GREEN, _MAGENTA, _CYAN = "#ff5555", "#55ff55", "#ff55ff", "#55ffff"

SIXTEEN_PALETTE: dict[str, str] = {
    **dict.fromkeys(("background", "surface", "panel", "raised", "error-ground", "on-primary"), _BLACK),
    **dict.fromkeys(("faint", "border", "grid", "train-raw", "val-raw"), _GREY),
    "sel": "#262626",
    "text": "#ffffff",
    "muted": _WHITE_7,
    "primary": _BLUE,
    "accent": _MAGENTA,
    "success": _GREEN,
    "warning": _YELLOW,
    "error": _RED,
    "train": _BLUE,
    "val": _YELLOW,
    "curve-1": _BLUE,
    "curve-2": _YELLOW,
    "curve-3": _GREEN,
    "curve-4": _MAGENTA,
    "curve-5": _CYAN,
    "curve-6": _WHITE_7,
}
"""The 16 colours of a terminal, as Rich knows them: it finds the very ones again. `sel` stands for reverse video."""


def _derived(palette: dict[str, str]) -> dict[str, str]:
    """Return the variables of Textual's built-in widgets, expressed in our roles."""
    text, muted, primary = palette["text"], palette["muted"], palette["primary"]
    on_primary, raised, sel = palette["on-primary"], palette["raised"], palette["sel"]
    scrollbar = dict.fromkeys(("scrollbar-hover", "scrollbar-active"), palette["faint"])
    rail = dict.fromkeys(
        ("scrollbar-background", "scrollbar-background-hover", "scrollbar-background-active", "scrollbar-corner-color"),
        palette["surface"],
    )
    headings = {f"markdown-h{level}-color": text for level in range(1, 7)}
    coloured = {f"text-{role}": palette[role] for role in ("primary", "accent", "success", "warning", "error")}
    return {
        **scrollbar,
        **rail,
        **headings,
        **coloured,
        "scrollbar": palette["border"],
        "text-muted": muted,
        "text-disabled": muted,
        "foreground-muted": muted,
        "foreground-disabled": muted,
        "border-blurred": palette["border"],
        "block-cursor-foreground": text,
        "block-cursor-background": sel,
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-foreground": text,
        "block-cursor-blurred-background": sel,
        "block-hover-background": raised,
        "footer-key-foreground": primary,
        "footer-description-foreground": muted,
        "input-cursor-background": primary,
        "input-cursor-foreground": on_primary,
        "input-selection-background": sel,
        "input-selection-foreground": text,
        "link-color": primary,
        "link-color-hover": on_primary,
        "link-background-hover": primary,
    }


def _theme(name: str, palette: dict[str, str], *, dark: bool) -> Theme:
    """Build a Textual theme out of a palette."""
    return Theme(
        name=name,
        primary=palette["primary"],
        secondary=palette["accent"],
        warning=palette["warning"],
        error=palette["error"],
        success=palette["success"],
        accent=palette["accent"],
        foreground=palette["text"],
        background=palette["background"],
        surface=palette["surface"],
        panel=palette["panel"],
        dark=dark,
        variables={**_derived(palette), **palette},
    )


DARK = _theme("kerastui-dark", DARK_PALETTE, dark=True)
LIGHT = _theme("kerastui-light", LIGHT_PALETTE, dark=False)


COLOUR_BLIND = _theme("kerastui-colour-blind", COLOUR_BLIND_PALETTE, dark=True)
COLOUR_BLIND_LIGHT = _theme("kerastui-colour-blind-light", COLOUR_BLIND_LIGHT_PALETTE, dark=False)
MONO = _theme("kerastui-mono", MONO_PALETTE, dark=True)

SIXTEEN = _theme("kerastui-16", SIXTEEN_PALETTE, dark=True)

THEMES = (DARK, LIGHT, COLOUR_BLIND, COLOUR_BLIND_LIGHT, MONO, SIXTEEN)
NAMES = tuple(theme.name for theme in THEMES)
"""Names of the themes, the default first."""


def of_terminal() -> str:
    """Return the name of the theme for what this terminal can show, `""` for one that shows all colours."""
    console = Console(color_system=COLOR_SYSTEM, force_terminal=True)  # type: ignore[arg-type]  # what Textual does
    return SIXTEEN.name if console.color_system == "standard" and not console.no_color else ""


def install(app: App[Any], theme: str = DARK.name) -> None:
    """Register the themes with an app and switch to one; call it at the end of the app's `__init__`.

    Textual parses the style sheets before `on_mount`, so the variables must be there earlier.

    Args:
        app: The app.
        theme: Name of the theme to start with.
    """
    for each in THEMES:
        app.register_theme(each)
    app.theme = theme
