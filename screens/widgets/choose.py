"""A pop-up to choose one of many: search, list, and help for the highlighted one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input

from kerastui.screens.widgets.dialog import Box, Dialog
from kerastui.screens.widgets.ink import Line
from kerastui.screens.widgets.rows import Column, Row, Rows
from kerastui.screens.widgets.words import count

_WIDE = 100
_KEYS = (("enter", "primary bold"), (" choose  ", "muted"), ("esc", "primary bold"), (" close", "muted"))


class Choice(msgspec.Struct, frozen=True):
    """Describe one thing to choose.

    Args:
        value: What is returned.
        label: Its name; defaults to `value`.
        summary: One line on what it is.
        help: Its help, in Markdown; defaults to the summary.
    """

    value: str
    label: str = ""
    summary: str = ""
    help: str = ""

    @property
    def name(self) -> str:
        """Its name as shown."""
        return self.label or self.value


def search(choices: Sequence[Choice], text: str) -> list[Choice]:
    """Return the choices that fit a search text, the best first.

    Names that begin with the text come first, then names that hold it, then summaries that hold it; within each, the
    order given.

    Args:
        choices: What there is.
        text: What was typed; upper and lower case are alike.
    """
    wanted = text.strip().lower()

    def rank(choice: Choice) -> int:
        name = choice.name.lower()
        if name.startswith(wanted):
            return 0
        return 1 if wanted in name else 2 if wanted in choice.summary.lower() else 3

    ranked = [(rank(choice), choice) for choice in choices]
    return [choice for place in range(3) for order, choice in ranked if order == place]


class Choose(Dialog[str | None]):
    """Let the user choose one of several values.

    Args:
        title: What is chosen.
        choices: What there is, in the order shown while nothing is typed.
        current: Value the cursor starts on.
        in_sight: Called with each value the cursor comes to; `say` may tell what it would do.
    """

    DEFAULT_CSS = """
    Choose Box { layout: vertical; }
    Choose Input, Choose Input:focus { border: none; height: 1; padding: 0 1; background: $panel; }
    Choose Horizontal { height: 1fr; margin-top: 1; }
    Choose Rows { width: 2fr; background: $raised; }
    Choose VerticalScroll { width: 3fr; background: $raised; padding: 0 1; scrollbar-size-vertical: 1; }
    Choose Markdown { background: $raised; padding: 0; }
    Choose.-narrow Horizontal { layout: vertical; }
    Choose.-narrow Rows { width: 1fr; height: 1fr; }
    Choose.-narrow VerticalScroll { width: 1fr; height: 1fr; border-top: solid $border; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "list('move(1)')", "next", show=False),
        Binding("up", "list('move(-1)')", "previous", show=False),
        Binding("pagedown", "list('move_page(1.0)')", "page down", show=False),
        Binding("pageup", "list('move_page(-1.0)')", "page up", show=False),
        Binding("enter", "take", "choose"),
    ]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        current: str = "",
        in_sight: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self._title, self._choices, self._current = title, tuple(choices), current
        self._in_sight = in_sight
        self._typed = ""

    def compose(self) -> ComposeResult:
        """Lay out search, list and help."""
        # Markdown costs 0.2 s to import, which the first frame of the app need not wait for.
        from textual.widgets import Markdown

        with Box(classes="-tall"):
            yield Input(placeholder="search", compact=True)
            with Horizontal():
                columns = (Column(words="text bold"), Column(words="muted", flex=True, drop=1))
                yield Rows(columns, empty=("nothing fits",), classes="-bare -lit")
                if any(choice.help for choice in self._choices):
                    with VerticalScroll(can_focus=False):
                        yield Markdown()

    @property
    def found(self) -> list[str]:
        """Values that fit what is typed, the best first."""
        return [choice.value for choice in search(self._choices, self._typed)]

    def on_mount(self) -> None:
        """Fill the list."""
        narrow = self.app.size.width < _WIDE
        self.set_class(narrow, "-narrow")
        # As tall as the list, but never so low that the help cannot be read.
        least = (24 if narrow else 18) if any(choice.help for choice in self._choices) else 7
        self.query_one(Box).styles.height = max(least, len(self._choices) + 4)
        self.query_one(Rows).can_focus = False
        self._fill("")
        self.query_one(Rows).move_to(self._current)
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        """Narrow the list."""
        event.stop()
        self._fill(event.value)

    def _fill(self, text: str) -> None:
        """Show the choices that fit a text, with the cursor on the best."""
        self._typed = text
        found = search(self._choices, text)
        with_help = any(choice.help for choice in self._choices)
        rows = self.query_one(Rows)
        rows.show([Row(choice.value, self._cells(choice, with_help)) for choice in found])
        if text and found:
            rows.move_to(found[0].value)
        state = f"{count(len(found))} of {count(len(self._choices))}"
        self.query_one(Box).retitle(left=self._title, right=state, bottom_right=_KEYS)

    def say(self, words: str) -> None:
        """Say in the border what the choice under the cursor would do; `""` says nothing."""
        self.query_one(Box).retitle(bottom_left=words)

    @staticmethod
    def _cells(choice: Choice, with_help: bool) -> tuple[Line, ...]:
        """Return the cells of a choice; its summary stands in the help where there is one."""
        return (choice.name,) if with_help else (choice.name, choice.summary)

    @on(Rows.Highlighted)
    async def _explain(self, event: Rows.Highlighted) -> None:
        """Show the help of the highlighted choice."""
        from textual.widgets import Markdown

        event.stop()
        if self._in_sight is not None:
            self.say("")
            self._in_sight(event.key)
        choice = next((each for each in self._choices if each.value == event.key), None)
        if choice is not None and (views := self.query(Markdown)):
            await views.first().update(choice.help or choice.summary)

    @on(Rows.Selected)
    @on(Input.Submitted)
    def _take(self) -> None:
        """Return the highlighted choice."""
        self.action_take()

    def action_take(self) -> None:
        """Return the highlighted choice; with nothing to choose, wait for another search."""
        if (key := self.query_one(Rows).cursor_key) is not None:
            self.dismiss(key)

    async def action_list(self, action: str) -> None:
        """Move the cursor of the list while the search has the focus."""
        await self.query_one(Rows).run_action(action)
