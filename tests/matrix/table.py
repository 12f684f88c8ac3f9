"""Arrange the matrix as text."""

import re
from collections.abc import Iterable, Iterator, Sequence

from tests.matrix.expected import LIBRARIES, MARKS, Cell
from tests.matrix.formats import FORMATS
from tests.matrix.models import KINDS

LONGEST = 110
"""So many characters of a library's error are shown."""


def table(cells: Sequence[Cell]) -> list[str]:
    """Arrange cells as a line for each format and writer, a column for each reader and kind.

    Args:
        cells: All of them, judged.

    Returns:
        Lines: the table, what its marks mean, the reasons for what cannot be, and what fails.
    """
    lines = list(_grid([cell for cell in cells if cell.was_written or cell.fails]))
    for mark, meaning in MARKS.items():
        shown = [cell for cell in cells if cell.mark == mark and not cell.fails]
        lines += ["", f"{mark}  {meaning}", *_reasons(cell for cell in shown if cell.reason)] if shown else []
    failing = [cell for cell in cells if cell.fails]
    if not failing:
        return [*lines, "", f"All {len(cells)} cells are as they have to be."]
    return [*lines, "", f"{len(failing)} of {len(cells)} cells are not as they have to be:", *_reasons(failing)]


def _grid(cells: Sequence[Cell]) -> Iterator[str]:
    kinds = [kind for kind in KINDS if any(cell.kind == kind for cell in cells)]
    titles = " ".join(f"{kind[:5]:5}" for kind in kinds)
    yield f"{'':36}" + "".join(f"  {reader + ' reads':{len(titles)}}" for reader in LIBRARIES)
    yield f"{'format':21} {'written by':14}" + f"  {titles}" * len(LIBRARIES)
    marks = {(cell.form, cell.writer, cell.reader, cell.kind): "✗" if cell.fails else cell.mark for cell in cells}
    rows = dict.fromkeys((cell.form, cell.writer) for cell in cells)
    for form, writer in sorted(rows, key=lambda row: list(FORMATS).index(row[0])):
        blocks = [
            " ".join(f"{marks.get((form, writer, reader, kind), '·'):5}" for kind in kinds) for reader in LIBRARIES
        ]
        yield f"{form:21} {writer:14}  {'  '.join(blocks)}"


def _reasons(cells: Iterable[Cell]) -> Iterator[str]:
    """Give each reason once, with what it stands in the way of; names and numbers in it are those of the first."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(re.sub(r"'[^']*'|/\S+|\d[-\d.e]*", "", cell.reason)[:40], []).append(cell)
    for those in found.values():
        yield f"   {those[0].reason[:LONGEST]}"
        forms: dict[tuple[str, str], list[str]] = {}
        for cell in those:
            reads = f"{cell.reader} reads {cell.form}" if cell.was_written else cell.form
            forms.setdefault((reads, cell.writer), []).append(cell.kind)
        joined: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for (reads, writer), kinds in forms.items():
            joined.setdefault((reads, tuple(dict.fromkeys(kinds))), []).append(writer)
        for (reads, those_kinds), writers in joined.items():
            which = "" if len(those_kinds) == len(KINDS) else f": {', '.join(those_kinds)}"
            yield f"      {reads} of {', '.join(writers)}{which}"
