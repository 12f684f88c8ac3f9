"""The pop-ups of `f1` and `?`: what the focused thing is, and which keys act now."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from kerastui.screens.widgets.dialog import Box, Dialog
from kerastui.screens.widgets.helpable import find_help
from kerastui.screens.widgets.live_keys import EVERYWHERE, LiveKey, live_keys
from kerastui.screens.widgets.rows import Column, Row, Rows

_COLUMNS = (Column(words="primary bold", align="right"), Column(words="text", flex=True))


def key_rows(keys: Sequence[LiveKey]) -> list[Row]:
    """Return keys as rows of a list, under the names of those who own them.

    Args:
        keys: The keys, those of the focus first.
    """
    rows: list[Row] = []
    owners = sorted(dict.fromkeys(key.owner for key in keys), key=lambda owner: owner == EVERYWHERE)
    for owner in owners:
        rows.append(Row(f"group:{owner}", (owner, ""), kind="group"))
        rows += [
            Row(f"{owner}:{key.key}", (key.shown, key.words), group=f"group:{owner}", depth=1)
            for key in keys
            if key.owner == owner
        ]
    return rows


class KeysScreen(Dialog[None]):
    """List the keys that act at this moment.

    Args:
        keys: The keys; take them before the pop-up is opened, since it has keys of its own.
    """

    DEFAULT_CSS = """
    KeysScreen Box.-tall { width: 72; }
    KeysScreen Rows { background: $raised; }
    """

    def __init__(self, keys: Sequence[LiveKey]) -> None:
        super().__init__()
        self._keys = tuple(keys)

    @classmethod
    def for_focus(cls, screen: Screen[object]) -> KeysScreen:
        """Return the list of a screen's keys, those of its focused widget first."""
        return cls(live_keys(screen))

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Box(classes="-tall") as box:
            box.set_titles("keys", bottom_right=(("esc", "primary bold"), (" close", "muted")))
            rows = key_rows(self._keys)
            box.styles.height = len(rows) + 2
            view = Rows(_COLUMNS, classes="-bare")
            view.show(rows)
            yield view


class HelpScreen(Dialog[None]):
    """Explain one thing and list its keys.

    Args:
        title: Name of the thing.
        markdown: The explanation.
        keys: The keys that act on it.
    """

    DEFAULT_CSS = """
    HelpScreen VerticalScroll { height: 1fr; background: $raised; padding: 0 1; scrollbar-size-vertical: 1; }
    HelpScreen Markdown { background: $raised; padding: 0 1; }
    HelpScreen .keys { padding: 1 1 0 1; height: auto; }
    """

    def __init__(self, title: str, markdown: str, keys: Sequence[LiveKey] = ()) -> None:
        super().__init__()
        self._title, self._markdown, self._keys = title, markdown, tuple(keys)

    @classmethod
    def for_focus(cls, screen: Screen[object]) -> HelpScreen:
        """Return the help of what has the focus on a screen."""
        found = find_help(screen)
        title = found.help_title if found else ""
        return cls(title or "help", found.help_markdown if found else "", live_keys(screen))

    def compose(self) -> ComposeResult:
        """Lay out explanation and keys."""
        # Markdown costs 0.2 s to import, which the first frame of the app need not wait for.
        from textual.widgets import Markdown

        with Box(classes="-tall") as box:
            box.set_titles(self._title, bottom_right=(("esc", "primary bold"), (" close", "muted")))
            with VerticalScroll():
                if self._markdown:
                    yield Markdown(self._markdown)
                yield Static(self._keys_content(), classes="keys")

    def on_mount(self) -> None:
        """Let the arrows scroll at once."""
        self.query_one(VerticalScroll).focus()

    def _keys_content(self) -> Content:
        """Return the keys, a line each, aligned."""
        width = max((len(key.shown) for key in self._keys), default=0)
        lines = [Content.assemble((key.shown.rjust(width), "bold $primary"), f"  {key.words}\n") for key in self._keys]
        return Content("").join(lines)
