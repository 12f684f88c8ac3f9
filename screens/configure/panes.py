"""The four panes of Configure: two forms, what the checks say, and the size of the run."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from kerastui.engine.project.problems import Problem
from kerastui.screens.configure.facts import Facts
from kerastui.screens.widgets import words
from kerastui.screens.widgets.form import Field, Form, FormRow
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Line, Span, key_tag
from kerastui.screens.widgets.modals import Prompt
from kerastui.screens.widgets.rows import Column, Row, Rows

VALUES = 24
"""Column at which values start."""

WAITS = "waits for the engine"
_NO_DATA = "no data yet"


class SettingsForm(Form):
    """A form of settings; fields that stand back are found too.

    Args:
        about: What the pane is for, in Markdown; the help of headings.
        every_row: Returns all rows, also those that stand back.
        reveal: Shows a field, by its key, and puts the cursor on it.
    """

    def __init__(
        self,
        about: str,
        every_row: Callable[[], Sequence[FormRow]],
        reveal: Callable[[str], None],
        *,
        id: str,  # noqa: A002
        classes: str,
    ) -> None:
        super().__init__(VALUES, id=id, classes=classes)
        self._about, self._every_row, self._reveal = about, every_row, reveal

    def refuse(self, key: str, message: str) -> None:
        """Say what is wrong with what was entered, wrapped to the room right of the labels."""
        super().refuse(key, "\n".join(textwrap.wrap(message, max(VALUES, self.size.width - VALUES - 6))))

    def find(self) -> None:
        """Ask for a part of a name and go to the next field that has it."""
        fields = [row for row in self._every_row() if isinstance(row, Field)]
        keys = [field.key for field in fields]
        after = keys.index(self.cursor_key) + 1 if self.cursor_key in keys else 0

        def found(text: str) -> str:
            for field in (*fields[after:], *fields[:after]):
                name = field.key.rpartition("/")[2].rpartition(".")[2]
                if text.strip().lower() in f"{field.label} {name}".lower():
                    return field.key
            return ""

        def go(text: str | None) -> None:
            if text and (key := found(text)):
                self._reveal(key)

        check = "no field has this in its name"
        self.app.push_screen(Prompt("find a field", check=lambda text: "" if found(text) else check), go)

    @property
    def help_title(self) -> str:
        """Name of the field with the cursor, else of the pane."""
        return super().help_title or self.title

    @property
    def help_markdown(self) -> str:
        """Help of the field with the cursor, else of the pane."""
        return super().help_markdown or self._about


class ChecksPane(Rows):
    """What is wrong with the settings, and what fits; long lines are wrapped."""

    help_title = "checks"

    def __init__(self, *, id: str, classes: str) -> None:  # noqa: A002
        super().__init__(empty=("nothing to check yet",), id=id, classes=classes)
        self._problems: tuple[Problem, ...] = ()
        self._fits: tuple[str, ...] = ()

    def show_checks(self, problems: Sequence[Problem], fits: Sequence[str]) -> None:
        """Show problems, then what fits.

        Args:
            problems: Problems, errors first.
            fits: What fits, one line each.
        """
        self._problems, self._fits = tuple(problems), tuple(fits)
        self._lay_out()

    @property
    def problem(self) -> Problem | None:
        """The problem with the cursor, `None` if there is none."""
        key = self.cursor_key or ""
        return self._problems[int(key)] if key.isdigit() and int(key) < len(self._problems) else None

    @property
    def help_markdown(self) -> str:
        """The whole of the problem with the cursor."""
        about = "Problems of these settings, and below them what was compared and fits. `f` applies the repair offered."
        problem = self.problem
        return f"**{problem.what}**\n\n{problem.hint}\n\n{about}" if problem else about

    def on_resize(self) -> None:
        """Wrap the lines to the new width."""
        self._lay_out()
        super().on_resize()

    def _lay_out(self) -> None:
        rows = self._arranged(roomy=True)
        self.show(rows if len(rows) <= self.size.height else self._arranged(roomy=False))

    def _arranged(self, *, roomy: bool) -> list[Row]:
        """Return the rows, with blank ones between what belongs together where there is room for them."""
        room = max(20, self.size.width - 5)
        rows = [_note("top")]
        for place, problem in enumerate(self._problems):
            rows += _problem_rows(place, problem, room, roomy)
        for place, line in enumerate(self._fits):
            for at, part in enumerate(textwrap.wrap(line, room)):
                mark: Span = (f"{glyphs().ok} ", "success") if at == 0 else ("  ", "")
                # The cursor can stand on what fits, so that the keys scroll there.
                rows.append(Row(f"fits {place} {at}", ([mark, (part, "muted")],), kind="note" if at else "row"))
        return rows


def _problem_rows(place: int, problem: Problem, room: int, roomy: bool) -> list[Row]:
    """Return the lines of a problem: what, what to do, and the repair."""
    mark = glyphs().error if problem.severity == "error" else glyphs().warning
    first, *others = textwrap.wrap(problem.what, room) or [""]
    rows = [Row(str(place), ([(f"{mark} ", problem.severity), (first, "text bold")],))]
    lines: list[Line] = [[("  ", ""), (text, "text bold")] for text in others]
    lines += [[("  ", ""), (text, "text")] for text in textwrap.wrap(problem.hint, room)]
    if problem.repair is not None:
        lines += [""] if roomy else []
        lines.append([("  ", ""), *key_tag("f", problem.repair.label, "success")])
    return rows + [_note(f"{place} {at}", line) for at, line in enumerate([*lines, ""])]


def _note(key: str, line: Line = "") -> Row:
    return Row(f"note {key}", (line,), kind="note")


RUN_HELP = {
    "parameters": "Numbers that the model holds, as the engine counted them.",
    "trainable": "Those of them that training changes.",
    "training": "Rows of the data the model learns from. Data divides the rows.",
    "validation": "Rows the model is validated with after an epoch; it does not learn from them.",
    "test": "Rows kept aside, which neither training nor validation sees.",
    "an epoch": "Steps in one pass over the training rows: rows by `batch_size`, rounded up.",
    "in all": "Steps of all epochs, unless the run is stopped before.",
}
"""What each line of the size of a run says."""


class RunPane(Rows):
    """The size of the run as it is set up."""

    def __init__(self, *, id: str, classes: str) -> None:  # noqa: A002
        columns = (
            Column(words="muted", gap=3),
            Column(words="text bold", align="right", gap=1),
            Column(words="muted", flex=True),
        )
        super().__init__(columns, id=id, classes=classes)

    def show_run(self, facts: Facts) -> None:
        """Show counts; what is not known yet says what it waits for.

        Args:
            facts: What is known.
        """
        checked, rows = facts.checked, facts.rows
        params = [("parameters", checked.params if checked else None, "" if checked else WAITS)]
        if checked and checked.trainable != checked.params:
            params.append(("trainable", checked.trainable, "of them"))
        parts = [("training", rows.train if rows else None, "samples" if rows else _NO_DATA)]
        if rows and rows.validation:
            parts.append(("validation", rows.validation, "samples"))
        if rows and rows.test:
            parts.append(("test", rows.test, "samples kept aside"))
        steps = [
            ("an epoch", facts.steps_an_epoch, "steps" if rows else _NO_DATA),
            ("in all", facts.steps, _length(facts) if rows else _NO_DATA),
        ]
        shown: list[Row] = []
        roomy = len(params) + len(parts) + len(steps) + 3 <= self.size.height
        for number, group in enumerate((params, parts, steps)):
            shown += [_note(str(number))] if roomy else []
            shown += [Row(name, (name, words.count(count), unit)) for name, count, unit in group]
        self.show(shown)

    @property
    def help_title(self) -> str:
        """Name of the line with the cursor."""
        return self.cursor_key or "run"

    @property
    def help_markdown(self) -> str:
        """What the line with the cursor says."""
        return RUN_HELP.get(self.cursor_key or "", "The size of the run as it is set up.")


def _length(facts: Facts) -> str:
    return f"steps in {words.plural(facts.project.fit.epochs, 'epoch')} of batches of {facts.project.fit.batch_size:,}"
