"""The footer: the keys of what has the focus, in one row; every key shown there works there."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from kerastui.screens.widgets.header import NARROW
from kerastui.screens.widgets.ink import Cells, ink_of
from kerastui.screens.widgets.live_keys import LiveKey, live_keys

MOST_KEYS = 7
"""Keys of the focus that are shown at most."""

_MOST_KEYS_NARROW = 6
_FEWEST_KEYS = 4
_GAP = 3

_GENERAL = {"ctrl+p": "commands", "question_mark": "keys"}
"""Keys that stand at the right wherever they are bound, and their words."""


class Footer(Widget):
    """Show the live keys; a click on one presses it."""

    DEFAULT_CSS = """
    Footer { dock: bottom; height: 1; width: 100%; background: $panel; color: $muted; }
    """

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._keys: Sequence[LiveKey] = ()
        self._general: Sequence[LiveKey] = ()
        self._places: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        """Follow the active bindings of the screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    def on_unmount(self) -> None:
        """Stop following."""
        self.screen.bindings_updated_signal.unsubscribe(self)

    def _follow(self, screen: Screen[object]) -> None:
        """Read the keys again; the signal comes at each change of focus and each `refresh_bindings`."""
        if not self.is_attached or screen is not self.screen:
            return
        # What is covered takes no keys; a pop-up names its own in its border.
        keys, active = (live_keys(screen), screen.active_bindings) if screen is self.app.screen else ((), {})
        self._keys = [key for key in keys if key.footer and key.key not in _GENERAL]
        self._general = [
            LiveKey(key, "^p" if key == "ctrl+p" else "?", words, "", True)
            for key, words in _GENERAL.items()
            if key in active and active[key].enabled
        ]
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        for start, stop, key in self._places:
            if start <= event.x < stop:
                event.stop()
                self.app.simulate_key(key)

    def render_line(self, y: int) -> Strip:
        """Draw the one row: keys of the focus left, general ones right."""
        cells = Cells(self.size.width, "panel")
        self._places = []
        narrow = cells.width < NARROW
        most = _MOST_KEYS_NARROW if narrow else MOST_KEYS
        general = list(self._general)
        keys = list(self._keys[:most])
        room = cells.width - 2
        while len(keys) > _FEWEST_KEYS and _width(keys, _GAP) + _GAP + _width(general, 2) > room:
            keys.pop()
        while len(general) > 1 and _width(keys, _GAP) + _GAP + _width(general, 2) > room:
            general.pop(0)
        while keys and _width(keys, _GAP) + _GAP + _width(general, 2) > room:
            keys.pop()
        self._put(cells, 1, keys, _GAP)
        self._put(cells, cells.width - 1 - _width(general, 2), general, 2)
        return cells.strip(ink_of(self))

    def _put(self, cells: Cells, x: int, keys: Sequence[LiveKey], gap: int) -> None:
        """Draw keys from a column on and note where they are, for the mouse."""
        for key in keys:
            start = x
            x = cells.put(x, _shown(key), "primary bold")
            x = cells.put(x + 1, key.words, "muted")
            self._places.append((start, x, key.key))
            x += gap


def _shown(key: LiveKey) -> str:
    """Return the first way a key is written: the footer has no room for its other names."""
    return key.shown.split(" ")[0]


def _width(keys: Sequence[LiveKey], gap: int) -> int:
    """Return the columns some keys take, with the gaps between them."""
    return sum(len(_shown(key)) + 1 + len(key.words) + gap for key in keys) - (gap if keys else 0)
