"""A text that scrolls, plain or as coloured Python."""

from __future__ import annotations

import io
import keyword
import tokenize
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.strip import Strip

from kerastui.engine.project.document import Project
from kerastui.engine.project.weights import saved_layers
from kerastui.screens.widgets.cursor_view import CursorView
from kerastui.screens.widgets.ink import Cells, Line, Span, ink_of, line_width, plain, spans

STEP = 8
"""Columns that a long line moves by."""

_WORDS = {tokenize.COMMENT: "muted", tokenize.STRING: "success", tokenize.NUMBER: "val"}


class TextLines(CursorView):
    """Show a text that scrolls; while there is none, a muted sentence."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "aside(-1)", "to the left", show=False, id="text.left"),
        Binding("right,l", "aside(1)", "to the right", show=False, id="text.right"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="-bare")
        self._texts: Sequence[Line] = ()
        self._empty = ""
        self._left = 0

    def show(self, text: str | Sequence[Line], empty: str = "") -> None:
        """Show a text, or a muted sentence in place of one."""
        texts = tuple(text.splitlines() if isinstance(text, str) else text)
        if (texts, empty) == (self._texts, self._empty):
            return
        self._texts, self._empty = texts, empty
        self._left = min(self._left, self._most)
        # Every line takes the cursor, which is not drawn: arrows then scroll line by line.
        self.set_lines(len(texts), range(len(texts)), self._position)

    def place_cursor(self, position: int, *, tell: bool = True) -> None:
        """Scroll by as many lines as the cursor would move."""
        rows = self.size.height
        down = position > self._position
        last = max(len(self._texts) - 1, 0)
        edge = self.scroll_offset.y + rows - 1 if down else self.scroll_offset.y
        super().place_cursor(min(max(edge + position - self._position, 0), last), tell=tell)
        self.refresh()

    @property
    def _most(self) -> int:
        """Columns that the longest line reaches beyond the pane."""
        return max(max(map(line_width, self._texts), default=0) - self.size.width + 2, 0)

    def action_aside(self, step: int) -> None:
        """Move long lines aside."""
        self._left = min(max(self._left + step * STEP, 0), self._most)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        cells = Cells(self.size.width, self.ground)
        line = self.line_at(y)
        if self._texts:
            shown = cut(self._texts[line], self._left) if line < len(self._texts) else ""
            cells.put(1, shown, "text", limit=cells.width - 1)
        elif y == self.size.height // 2:
            cells.put(max(1, (cells.width - line_width(self._empty)) // 2), self._empty, "muted", limit=cells.width - 1)
        return cells.strip(ink_of(self))


class CodeLines(TextLines):
    """Show the project as Python."""

    BINDING_GROUP_TITLE = "code"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,ctrl+c", "copy", "copy", key_display="y", id="code.copy", tooltip="copy the code to the clipboard"),
    ]

    def action_copy(self) -> None:
        """Copy the code to the clipboard of the terminal."""
        if self._texts:
            self.app.copy_to_clipboard("\n".join(map(plain, self._texts)) + "\n")
            self.notify(f"copied {len(self._texts)} lines of Python", timeout=3)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to copy what is there."""
        return bool(self._texts) if action == "copy" else True


def cut(line: Line, left: int) -> Line:
    """Return a line without its first cells."""
    kept: list[Span] = []
    for text, words in spans(line) if left else ():
        kept.append((text[left:], words))
        left = max(left - len(text), 0)
    return kept or line


def code_lines(project: Project, folder: Path) -> list[Line]:
    """Return a project as lines of Python in colours; 0.2 s for a thousand layers, so not for the event loop.

    Args:
        project: The project.
        folder: Its folder, whose file of weights says which layers it has.
    """
    from kerastui.engine.writing.python import python_code

    return coloured(python_code(project, saved_layers(project, folder)))


def coloured(code: str) -> list[Line]:
    """Return the lines of Python code, with keywords, strings, numbers and comments in colours of their own.

    Args:
        code: The code; what cannot be read stays as it is.
    """
    lines = code.splitlines()
    found: list[list[Span]] = [[] for _ in lines]
    at = [0] * len(lines)
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            words = "primary" if keyword.iskeyword(token.string) else _WORDS.get(token.type, "")
            if words:
                _mark(lines, found, at, token, words)
    except (tokenize.TokenError, SyntaxError):
        pass
    return [[*each, (line[start:], "")] for line, each, start in zip(lines, found, at, strict=True)]


def _mark(lines: Sequence[str], found: list[list[Span]], at: list[int], token: tokenize.TokenInfo, words: str) -> None:
    """Give a token, which may go over several lines, its colour."""
    (first, start), (last, end) = token.start, token.end
    for row in range(first - 1, min(last, len(lines))):
        left, right = start if row == first - 1 else 0, end if row == last - 1 else len(lines[row])
        found[row] += [(lines[row][at[row] : left], ""), (lines[row][left:right], words)]
        at[row] = right
