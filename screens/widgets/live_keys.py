"""The keys that act at this moment, read from the active bindings: for the footer, `?` and `f1`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key
from textual.screen import Screen

from kerastui.screens.widgets.glyphs import ASCII, glyphs
from kerastui.screens.widgets.panel import PanelFrame

_SHOWN = {
    "enter": "enter",
    "backspace": "backspace",
    "delete": "del",
    "escape": "esc",
    "space": "space",
    "tab": "tab",
}
_ARROWS = {"up", "down", "left", "right"}
EVERYWHERE = "everywhere"
"""Group of the keys that act on every screen."""

_PLAIN_WORDS = {
    "app.focus_next": "next pane",
    "app.focus_previous": "previous pane",
    "app.command_palette": "commands",
    "command_palette": "commands",
    "quit": "quit",
}
"""Our words for what Textual's own bindings do."""

_UNSAID = {"screen.copy_text"}
"""Actions of Textual's that need no line: copying goes without saying, and its keys differ between terminals."""


class LiveKey(msgspec.Struct, frozen=True):
    """Name a key that acts now.

    Args:
        key: The key as Textual names it, for pressing it.
        shown: The key as it is shown.
        words: What it does.
        owner: Group in the list of keys: the widget's or screen's title.
        footer: Whether the footer may show it.
    """

    key: str
    shown: str
    words: str
    owner: str
    footer: bool


def key_name(binding: Binding) -> str:
    """Return how a key is written: `F5`, `^p`, `esc`, `del`, `↑`, `?`."""
    if binding.key_display:
        return binding.key_display
    modifiers, key = binding.parse_key()
    if key in _SHOWN:
        shown = _SHOWN[key]
    elif key in _ARROWS and glyphs() is ASCII:
        shown = key
    elif key.startswith("f") and key[1:].isdigit():
        shown = key.upper()
    else:
        shown = format_key(key)
    if "ctrl" in modifiers:
        modifiers.remove("ctrl")
        shown = f"^{shown}"
    return "+".join([*modifiers, shown])


def _owner(node: DOMNode, binding: Binding) -> str:
    """Return the group a key is listed in: the pane's title, the screen's group title, or everywhere."""
    if isinstance(node, App) or binding.action in _PLAIN_WORDS:
        return EVERYWHERE
    if node.BINDING_GROUP_TITLE:
        return node.BINDING_GROUP_TITLE
    above: DOMNode | None = node
    while above is not None and not isinstance(above, Screen):
        if isinstance(above, PanelFrame) and (title := above.title):
            return title
        above = above.parent if isinstance(above.parent, DOMNode) else None
    return "this pane" if above is not node else "this screen"


def live_keys(screen: Screen[object]) -> Sequence[LiveKey]:
    """Return the keys that act now, those of the focus first, of each owner those first that the footer may show.

    An action with several keys comes once.

    Args:
        screen: The screen whose focus counts.
    """
    found: dict[tuple[int, str], LiveKey] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not active.enabled or not binding.description or binding.system or binding.action in _UNSAID:
            continue
        place = (id(active.node), binding.action)
        known = found.get(place)
        if known is None:
            words = _PLAIN_WORDS.get(binding.action, binding.description)
            found[place] = LiveKey(binding.key, key_name(binding), words, _owner(active.node, binding), binding.show)
        elif binding.show == known.footer and key_name(binding) not in known.shown.split(" "):
            found[place] = msgspec.structs.replace(known, shown=f"{known.shown} {key_name(binding)}")
    owners = list(dict.fromkeys(key.owner for key in found.values()))
    return tuple(sorted(found.values(), key=lambda key: (owners.index(key.owner), not key.footer)))
