"""The four panes of Configure: two forms, what the checks say, and the size of the run."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from kerastui.engine.project.problems import Problem
from kerastui.screens.configure.facts import Facts
from kerastui.screens.widgets import words
from kerastui.screens.widgets.form import Form
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Line, Span, key_tag
from kerastui.screens.widgets.rows import Column, Row, Rows

VALUES = 24
"""Column at which values start."""

WAITS = "waits for the engine"


class SettingsForm(Form):
    """A form of settings; fields that stand back are found too.

    Args:
        about: What the pane is for, in Markdown; the help of headings.
        unfold: Shows the fields that stand back.
    """

    def __init__(self, about: str, unfold: Callable[[], None], *, id: str, classes: str) -> None:  # noqa: A002
        super().__init__(VALUES, id=id, classes=classes)
        self._about, self._unfold = about, unfold

    def find(self) -> None:
        """Ask for a part of a label, among all fields."""
        self._unfold()
        super().find()

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
        room = max(20, self.size.width - 5)
        roomy = self.size.height >= 9 and len(self._problems) < 3
        rows: list[Row] = [_note(0, "")] if roomy else []
        for place, problem in enumerate(self._problems):
            rows += _problem_rows(place, problem, room, roomy)
        for place, line in enumerate(self._fits):
            for at, part in enumerate(textwrap.wrap(line, room)):
                mark: Span = (f"{glyphs().ok} ", "success") if at == 0 else ("  ", "")
                rows.append(_note(1000 + 10 * place + at, [mark, (part, "muted")]))
        self.show(rows)


def _problem_rows(place: int, problem: Problem, room: int, roomy: bool) -> list[Row]:
    """Return the lines of a problem: what, what to do, and the repair."""
    mark = glyphs().error if problem.severity == "error" else glyphs().warning
    first, *others = textwrap.wrap(problem.what, room) or [""]
    rows = [Row(str(place), ([(f"{mark} ", problem.severity), (first, "text bold")],))]
    lines: list[Line] = [[("  ", ""), (text, "text bold")] for text in others]
    lines += [[("  ", ""), (text, "text")] for text in textwrap.wrap(problem.hint, room)]
    if problem.repair is not None:
        lines += [""] if roomy else []
        lines.append([("  ", ""), *key_tag("f", problem.repair.label)])
    lines += [""] if roomy else []
    return rows + [_note(100 * (place + 1) + at, line) for at, line in enumerate(lines)]


def _note(number: int, line: Line) -> Row:
    return Row(f"note{number}", (line,), kind="note")


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
        super().__init__(columns, empty=("no data yet: Data",), id=id, classes=classes)

    def show_run(self, facts: Facts) -> None:
        """Show counts; what is not known yet says what it waits for.

        Args:
            facts: What is known.
        """
        counts: list[tuple[str, int | None, str]] = []
        checked = facts.checked
        counts.append(("parameters", checked.params if checked else None, "" if checked else WAITS))
        if checked and checked.trainable != checked.params:
            counts.append(("trainable", checked.trainable, "of them"))
        rows = facts.rows
        waits = "" if rows else "no data yet"
        counts.append(("training", rows.train if rows else None, "samples" if rows else waits))
        if rows is None or rows.validation:
            counts.append(("validation", rows.validation if rows else None, "samples" if rows else waits))
        if rows and rows.test:
            counts.append(("test", rows.test, "samples kept aside"))
        counts.append(("an epoch", facts.steps_an_epoch, "steps" if rows else waits))
        counts.append(("in all", facts.steps, _length(facts) if rows else waits))
        self.show([Row(name, (name, words.count(number), unit)) for name, number, unit in counts])

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
