"""The small pop-ups: a question, a line of text, a message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Button, Input, Static

from kerastui.screens.widgets.choose import Choice, Choose
from kerastui.screens.widgets.dialog import Box, Dialog
from kerastui.screens.widgets.keys import HelpScreen, KeysScreen
from kerastui.screens.widgets.log_view import LogView

__all__ = [
    "Choice",
    "Choose",
    "Confirm",
    "HelpScreen",
    "KeysScreen",
    "LogView",
    "Message",
    "PathSuggester",
    "Prompt",
    "complete_path",
]


class Confirm(Dialog[bool]):
    """Ask before something is lost; the focus is on the harmless answer.

    Args:
        question: What is about to be done, as a question: `"Delete run 10?"`.
        loss: What goes with it, and the way back if there is one.
        deed: The button that does it.
        keep: The button that does nothing.
    """

    DEFAULT_CSS = """
    Confirm .question { text-style: bold; color: $text; padding: 0 1; }
    Confirm .loss { color: $text; padding: 0 1; }
    Confirm Horizontal { height: 1; margin-top: 1; align-horizontal: right; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "do it", show=False),
        Binding("n", "answer(False)", "keep", show=False),
        Binding("left,right,h,l", "app.focus_next", "other answer", show=False),
    ]

    def __init__(self, question: str, loss: str = "", *, deed: str, keep: str = "keep it") -> None:
        super().__init__()
        self._question, self._loss, self._deed, self._keep = question, loss, deed, keep

    def compose(self) -> ComposeResult:
        """Lay out question, loss and the two answers."""
        with Box() as box:
            box.set_titles(self._deed)
            yield Static(self._question, classes="question", markup=False)
            if self._loss:
                yield Static(self._loss, classes="loss", markup=False)
            with Horizontal():
                yield Button(Content.assemble(("n", "bold"), f"  {self._keep}"), id="keep", compact=True)
                yield Button(Content.assemble(("y", "bold"), f"  {self._deed}"), id="deed", compact=True)

    def on_mount(self) -> None:
        """Put the focus on the harmless answer."""
        self.query_one("#keep").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        """Answer with the button pressed."""
        event.stop()
        self.dismiss(event.button.id == "deed")

    def action_answer(self, answer: bool) -> None:
        """Answer by key."""
        self.dismiss(answer)

    def action_leave(self) -> None:
        """Keep everything."""
        self.dismiss(False)


def complete_path(text: str) -> str:
    """Return a path as typed, continued to the first entry that fits, `""` if none does.

    Args:
        text: What was typed; `~` is the home folder. Hidden entries only fit when their dot was typed.
    """
    typed = Path(text).expanduser()
    folder, start = (typed, "") if text.endswith("/") else (typed.parent, typed.name)
    try:
        entries = sorted(entry for entry in folder.iterdir() if entry.name.startswith(start))
    except OSError:
        return ""
    for entry in entries:
        if start.startswith(".") or not entry.name.startswith("."):
            return text[: len(text) - len(start)] + entry.name + ("/" if entry.is_dir() else "")
    return ""


class PathSuggester(Suggester):
    """Offer the rest of a path."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Return the path continued, `None` if nothing fits."""
        return complete_path(value) or None if value else None


class Prompt(Dialog[str | None]):
    """Ask for one line of text.

    Args:
        title: What is asked for.
        label: A sentence above the field.
        value: Text to start from.
        check: Returns what is wrong with a text, `""` if it is fine; asked at each change.
        paths: Whether `tab` completes paths.
    """

    DEFAULT_CSS = """
    Prompt .label { color: $muted; padding: 0 1; }
    Prompt Input, Prompt Input:focus { border: none; height: 1; padding: 0 1; background: $panel; }
    Prompt .wrong { color: $error; padding: 0 1; height: auto; min-height: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete", id="prompt.complete", priority=True)
    ]

    def __init__(
        self,
        title: str,
        label: str = "",
        value: str = "",
        *,
        check: Callable[[str], str] | None = None,
        paths: bool = False,
    ) -> None:
        super().__init__()
        self._title, self._label, self._value = title, label, value
        self._check, self._paths = check, paths

    def compose(self) -> ComposeResult:
        """Lay out sentence, field and what is wrong."""
        with Box(classes="-low") as box:
            keys = [("tab", "primary bold"), (" complete  ", "muted")] if self._paths else []
            keys += [("enter", "primary bold"), (" take  ", "muted"), ("esc", "primary bold"), (" close", "muted")]
            box.set_titles(self._title, bottom_right=keys)
            if self._label:
                yield Static(self._label, classes="label", markup=False)
            yield Input(self._value, compact=True, suggester=PathSuggester() if self._paths else None)
            yield Static("", classes="wrong", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Complete only paths."""
        return self._paths if action == "complete" else True

    def action_complete(self) -> None:
        """Continue the path as offered."""
        field = self.query_one(Input)
        if completed := complete_path(field.value):
            field.value = completed
            field.cursor_position = len(completed)

    def _wrong(self, text: str) -> str:
        """Return what is wrong with a text and show it."""
        wrong = self._check(text) if self._check else ""
        self.query_one(".wrong", Static).update(wrong)
        return wrong

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        """Say what is wrong while it is typed; an empty field is not yet wrong."""
        event.stop()
        self._wrong(event.value) if event.value else self.query_one(".wrong", Static).update("")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Return the text, if it is fine."""
        event.stop()
        self._take(event.value)

    def _take(self, text: str) -> None:
        if not self._wrong(text):
            self.dismiss(text)

    @on(Box.WordClicked)
    def _word_clicked(self, event: Box.WordClicked) -> None:
        """Take the text or leave by a click on these words."""
        event.stop()
        if event.word in ("enter", "take"):
            self._take(self.query_one(Input).value)
        else:
            self.action_leave()


class Message(Dialog[None]):
    """Say at length what went wrong; it stays until read.

    Args:
        what: What went wrong, one sentence.
        where: Where.
        next_step: What to do.
        detail: Anything longer, as it came.
        log: Opens the log, with `l`; `None` where there is none.
    """

    DEFAULT_CSS = """
    Message Static { padding: 0 1; height: auto; }
    Message .what { text-style: bold; color: $error; }
    Message .where, Message .detail { color: $muted; }
    Message VerticalScroll { height: auto; max-height: 16; margin-top: 1; scrollbar-size-vertical: 1; }
    Message Box { width: 90; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "leave", "close", show=False),
        Binding("l", "log", "log", id="message.log"),
    ]

    def __init__(
        self,
        what: str,
        where: str = "",
        next_step: str = "",
        detail: str = "",
        *,
        log: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self._parts = {"what": what, "where": where, "next": next_step}
        self._detail, self._open_log = detail, log

    def compose(self) -> ComposeResult:
        """Lay out what, where, what to do, and the detail."""
        with Box() as box:
            keys = [("esc", "primary bold"), (" close", "muted")]
            keys += [("   l", "primary bold"), (" log", "muted")] if self._open_log else []
            box.set_titles("error", bottom_right=keys)
            for name, text in self._parts.items():
                if text:
                    yield Static(text, classes=name, markup=False)
            if self._detail:
                with VerticalScroll():
                    yield Static(self._detail, classes="detail", markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the log only where there is one."""
        return self._open_log is not None if action == "log" else True

    def action_log(self) -> None:
        """Close and open the log."""
        open_log = self._open_log
        self.dismiss(None)
        if open_log is not None:
            self.app.call_later(open_log)
