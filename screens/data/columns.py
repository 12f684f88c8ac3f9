"""The columns of the data: what each is for, how it becomes numbers, and what can be chosen for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from textual.app import ComposeResult
from textual.strip import Strip
from textual.widget import Widget

from kerastui.engine.data.profile import ColumnProfile
from kerastui.engine.data.split import CATEGORICAL
from kerastui.engine.project.document import Column, Encoding, Missing, Role
from kerastui.screens.data.lines import histogram, joined
from kerastui.screens.widgets import rows as table
from kerastui.screens.widgets.glyphs import glyphs
from kerastui.screens.widgets.ink import Cells, Line, Span, ink_of
from kerastui.screens.widgets.modals import Choice
from kerastui.screens.widgets.panel import Panel
from kerastui.screens.widgets.rows import Row, Rows
from kerastui.screens.widgets.words import count, plural

ROLES: Mapping[Role, str] = {
    "input": "the network learns from it",
    "target": "what the network is to predict",
    "weight": "how much a row counts in the loss",
    "ignore": "left out",
}
ENCODINGS: Mapping[Encoding, tuple[str, str]] = {
    "none": ("as it is", "numbers as they are in the source"),
    "standardise": ("standardise", "mean 0 and standard deviation 1, learned from the training part"),
    "scale": ("scale", "smallest value 0, largest 1, learned from the training part"),
    "one-hot": ("one-hot", "a vector with a single 1 for each class"),
    "label": ("label", "classes as whole numbers from 0"),
}
MISSING: Mapping[Missing, str] = {
    "error": "refuse to train",
    "drop": "leave the row out",
    "mean": "the mean of the training part",
    "median": "the median of the training part",
    "zero": "0",
    "most-frequent": "the most frequent value of the training part",
    "category": "a class of its own",
}

_WIDE = 110
_FIGURES = 25
"""Columns that smallest value, mean and largest value take together."""


class ColumnRows(Rows):
    """The list of columns."""

    help_title = "columns"
    help_markdown = (
        "One row for each column of the data. The **role** says what it is for, the **encoding** how it becomes "
        "numbers; means, ranges and the like are learned from the training part only, so that nothing leaks from the "
        "validation part. `r` role, `e` encoding, `m` missing values, `b` which input or output it is bound to."
    )


class Detail(Widget):
    """Two lines on the column under the cursor."""

    DEFAULT_CSS = "Detail { dock: bottom; height: 3; }"

    _lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines."""
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the rule, or a line."""
        cells = Cells(self.size.width)
        if y == 0 and self._lines:
            cells.put(1, glyphs().horizontal * (cells.width - 2), "grid")
        elif 0 < y <= len(self._lines):
            cells.put(2, self._lines[y - 1], limit=cells.width - 1)
        return cells.strip(ink_of(self))


class ColumnsPane(Panel):
    """The list of columns, with the detail of one below."""

    def compose(self) -> ComposeResult:
        """Lay the detail below the list."""
        yield ColumnRows(
            layout(wide=False),
            inset=2,
            header=True,
            keep_cursor=True,
            classes="-bare",
            id="column-rows",
        )
        yield Detail()

    def on_resize(self) -> None:
        """Give what is left of the width to the names, or to the figures where there is plenty."""
        self.query_one(ColumnRows).set_columns(layout(self.size.width >= _WIDE))


def layout(wide: bool) -> tuple[table.Column, ...]:
    """Return the columns of the list.

    Args:
        wide: Whether names need not be cut.
    """
    figures = f"{'min':>7}{'mean':>9}{'max':>9}"
    return (
        table.Column("column", flex=not wide),
        table.Column("role"),
        table.Column("encoding"),
        table.Column("miss", align="right"),
        table.Column(figures, _FIGURES, words="muted", flex=wide, drop=1),
    )


def column_rows(
    profiles: Sequence[ColumnProfile], columns: Mapping[str, Column], marks: Mapping[str, Span]
) -> list[Row]:
    """Return the rows of the list.

    Args:
        profiles: What is in the columns.
        columns: What they are for; the source may lack some, and have more.
        marks: Mark of the columns something is wrong with.
    """
    known = {each.name: each for each in profiles}
    names = dict.fromkeys([*known, *columns])
    absent = "not in this source" if known else ""
    return [_row(name, known.get(name), columns.get(name, Column("ignore")), marks.get(name), absent) for name in names]


def _row(name: str, found: ColumnProfile | None, column: Column, mark: Span | None, absent: str) -> Row:
    ignored = column.role == "ignore"
    words = "muted" if ignored else "text"
    missing = found.missing if found else None
    title: Line = [(name, words), (" ", ""), mark] if mark else ((name, words),)
    figures = figures_of(found, "muted" if ignored else "text") if found else ((absent, "error"),)
    return Row(
        name,
        (
            title,
            role_words(column.role),
            ((glyphs().missing if ignored else encoding_words(found, column), words),),
            ((count(missing), "warning" if missing and not ignored else "muted"),),
            figures,
        ),
    )


def role_words(role: Role) -> Line:
    """Return a role with its glyph."""
    shown: Mapping[Role, Span] = {
        "input": (f"{glyphs().input} input", "primary"),
        "target": (f"{glyphs().output} target", "val bold"),
        "weight": (f"{glyphs().dot} weight", "accent"),
        "ignore": (f"{glyphs().note} ignored", "muted"),
    }
    return (shown[role],)


def encoding_words(found: ColumnProfile | None, column: Column) -> str:
    """Return an encoding, with the number of classes where it has them: `one-hot, 2 + ∅`."""
    words = ENCODINGS[column.encoding][0]
    if found is None or column.encoding not in CATEGORICAL:
        return words
    extra = f" + {glyphs().unknown}" if column.missing == "category" else ""
    return f"{words}, {count(found.distinct)}{extra}"


def figures_of(found: ColumnProfile, words: str) -> Line:
    """Return smallest value, mean and largest value in a style, or the classes of a text column."""
    if found.type == "array":
        return ((f"{'×'.join(map(str, found.shape))}  {span(found)}", "muted"),)
    if found.minimum is not None:
        whole = found.type in ("int", "bool")
        places = decimals(found)
        cells = [
            number(value, 0 if whole and index != 1 else places)
            for index, value in enumerate((found.minimum, found.mean, found.maximum))
        ]
        return ((f"{cells[0]:>7}{cells[1]:>9}{cells[2]:>9}", words),)
    if found.mostly_numeric and found.first_text:
        return ((f"{count(found.numeric)} numbers, else text", "warning"),)
    if found.distinct > 3:
        return ((plural(found.distinct, "different text"), "muted"),)
    return ((", ".join(name for name, _ in sorted(found.classes)), "muted"),)


def span(found: ColumnProfile) -> str:
    """Return the range of a column: `32.1 – 59.6`."""
    whole = all(value is not None and float(value).is_integer() for value in (found.minimum, found.maximum))
    places = 0 if whole else decimals(found)
    return f"{number(found.minimum, places)} – {number(found.maximum, places)}"


def decimals(found: ColumnProfile) -> int:
    """Return the decimals that figures of a column are shown with, the same for all of them."""
    size = max(abs(found.minimum or 0), abs(found.maximum or 0))
    return 3 if size < 1 else 2 if size < 10 else 1 if size < 10_000 else 0


def number(value: float | None, places: int) -> str:
    """Write a figure of a column; very large and very small ones with an exponent.

    Args:
        value: The figure, `None` for none.
        places: Decimals.
    """
    if value is None:
        return glyphs().missing
    large = abs(value) >= 1e7 or 0 < abs(value) < 1e-3
    return (f"{value:.1e}" if large else f"{value:,.{places}f}").replace("-", glyphs().minus)


def detail_lines(found: ColumnProfile | None, name: str, column: Column, learned: str) -> list[Line]:
    """Return the two lines below the list.

    Args:
        found: What is in the column.
        name: Its name.
        column: What it is for.
        learned: What its encoder learned, in words; `""` while it is not known.
    """
    if found is None:
        return [((name, "text bold"),)]
    parts: list[Line] = [((name, "text bold"),)]
    ink = "val" if column.role == "target" else "primary"
    counts = found.histogram or tuple(number for _, number in found.classes[:10])
    if counts:
        parts.append(((histogram(counts, len(counts))[0], ink),))
    if found.minimum is not None:
        parts.append(((span(found), "muted"),))
        parts.append((("std ", "muted"), (number(found.std, decimals(found) + 1), "text")))
    elif found.distinct:
        parts.append(((f"{plural(found.distinct, 'class', 'classes')}, most {found.classes[0][0]}", "muted"),))
    if found.missing and column.role != "ignore":
        parts.append((("missing ", "muted"), (f"{glyphs().to} {column.missing}", "text")))
    first = joined(*(piece for part in parts for piece in (part, "   ")))
    return [first, ((sentence(found, column, learned), "muted"),)]


def sentence(found: ColumnProfile, column: Column, learned: str) -> str:
    """Return in one sentence what becomes of a column."""
    if column.role == "ignore":
        return "ignored: the network does not see it"
    if column.role == "weight":
        return "weight: the loss of a row is multiplied by it"
    if column.encoding in CATEGORICAL:
        classes = [name for name, _ in sorted(found.classes)[:6]]
        more = ", …" if found.distinct > len(classes) else ""
        extra = f", {glyphs().unknown} for a missing value" if column.missing == "category" else ""
        return f"{column.encoding}: {', '.join(classes)}{more}{extra}"
    if column.encoding == "none":
        return "as it is: the numbers go in unchanged"
    known = f"{learned}, " if learned else ""
    return f"{column.encoding}: {known}learned from the training part only"


# What can be chosen -------------------------------------------------------------------------------------------------


def role_choices() -> list[Choice]:
    """Return the roles to choose from."""
    return [Choice(role, "ignored" if role == "ignore" else role, words) for role, words in ROLES.items()]


def encoding_choices(found: ColumnProfile) -> list[Choice]:
    """Return the encodings that a column of this type can have."""
    fitting: Iterable[Encoding] = ENCODINGS
    if found.type == "array":
        fitting = ("none", "standardise", "scale")
    elif found.type == "text" and not found.mostly_numeric:
        fitting = ("one-hot", "label")
    return [Choice(value, *ENCODINGS[value]) for value in fitting]


def missing_choices(column: Column) -> list[Choice]:
    """Return what a missing value of a column can become."""
    fitting: tuple[Missing, ...] = ("error", "drop")
    if column.role == "input":
        categorical = column.encoding in CATEGORICAL
        fitting += ("most-frequent", "category") if categorical else ("mean", "median", "zero", "most-frequent")
    return [Choice(value, summary=MISSING[value]) for value in fitting]


def roles_line(columns: Mapping[str, Column]) -> str:
    """Return how many columns have each role: `6 inputs · 1 target · 1 ignored`."""
    tally = {role: sum(column.role == role for column in columns.values()) for role in ROLES}
    words = [plural(tally[role], role) for role in ("input", "target", "weight") if tally[role]]
    ignored = [f"{count(tally['ignore'])} ignored"] if tally["ignore"] else []
    return f" {glyphs().separator} ".join([*words, *ignored])
