"""`kerastui diff` and `kerastui merge`: what changed in words, and merging, for people and for git."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path

import click
import msgspec

from kerastui.code import put
from kerastui.engine.files import write_atomically
from kerastui.engine.project.document import Project
from kerastui.engine.project.files import FILE_NAME, ProjectFileError, loads, read_text
from kerastui.engine.writing.diff import describe
from kerastui.engine.writing.merge import merge as merge_projects
from kerastui.headless import Exit, fail

TROUBLE = 2
"""Exit code of a command that could not do its work; 1 says that there is a difference, or a conflict."""

EMPTY = Project("")


def diff(before: Path, after: Path, as_json: bool) -> Exit:
    """Print what changed from one project to another.

    Args:
        before: Its folder, or its `kerastui.toml` under any name.
        after: The same, later.
        as_json: Print one JSON object, `{"differences": [{"what": …, "place": …, "text": …}]}`.

    Returns:
        0 if they are the same, 1 if they differ, 2 if one cannot be read.
    """
    try:
        found = describe(_read(before), _read(after))
    except ProjectFileError as error:
        fail(str(error), "", as_json)
        return TROUBLE
    if as_json:
        click.echo(msgspec.json.encode({"differences": found}))
    for difference in () if as_json else found:
        click.echo(difference.text)
    return 1 if found else 0


def diff_for_git(arguments: tuple[str, ...]) -> Exit:
    """Print the difference that git asks for, as its external diff driver.

    A file that is no project is compared line by line, so that nothing is left unsaid.

    Args:
        arguments: What git gives: path, old file, its hash and mode, new file, its hash and mode; after a rename the
            new path and what git says of it as well; for a file with conflicts the path alone.

    Returns:
        0, which is what git wants of a driver.
    """
    if len(arguments) < 7:
        click.echo(f"{arguments[0]} is not merged yet")
        return 0
    old, new = Path(arguments[1]), Path(arguments[4])
    click.secho(" → ".join(dict.fromkeys([arguments[0], *arguments[7:8]])), bold=True)
    try:
        sides = [EMPTY if side == Path(os.devnull) else _read(side) for side in (old, new)]
    except ProjectFileError as error:
        click.echo(f"  compared line by line: {error}")
        click.echo("".join(_line_by_line(old, new)), nl=False)
        return 0
    for difference in describe(*sides):
        click.echo(f"  {_coloured(difference.text)}")
    return 0


def merge(base: Path, ours: Path, theirs: Path, output: Path | None, overwrite: bool, name: str, as_json: bool) -> Exit:
    """Merge what two sides made of a project.

    Args:
        base: The project both began with; a folder or a file, as the others.
        ours: One side, kept where both differ.
        theirs: The other side.
        output: The file to write; printed when `None`. It may be that of `ours`, as git has it.
        overwrite: Replace another file that is there.
        name: What the file is called in messages.
        as_json: Print one JSON object, `{"conflicts": […]}`, with the text where there is no output.

    Returns:
        0 if all was merged, 1 if there are conflicts, which are in the file too, 2 if a side cannot be read.
    """
    try:
        # Two sides that both added the file have none before it, which git gives as an empty file.
        before = EMPTY if base.is_file() and not base.stat().st_size else _read(base)
        merged = merge_projects(before, _read(ours), _read(theirs))
    except ProjectFileError as error:
        fail(f"{name or 'merge'}: {error}", "", as_json)
        return TROUBLE
    text = merged.text()
    if output is not None:
        if output.absolute() == _file(ours).absolute():
            write_atomically(output, text.encode())
        elif put(output, text.encode(), overwrite, as_json=False, quietly=True):
            return TROUBLE
    if as_json:
        found = {"conflicts": list(merged.conflicts)} | ({"text": text} if output is None else {})
        click.echo(json.dumps(found, ensure_ascii=False))
    elif output is None:
        click.echo(text, nl=False)
    for conflict in () if as_json else merged.conflicts:
        click.echo(f"conflict in {name or FILE_NAME}: {conflict}", err=True)
    return 1 if merged.conflicts else 0


def _file(path: Path) -> Path:
    return path / FILE_NAME if path.is_dir() else path


def _read(path: Path) -> Project:
    file = _file(path)
    return loads(read_text(file), file)


def _coloured(text: str) -> str:
    colour = {"+": "green", "−": "red"}.get(text[:1])
    return click.style(text, fg=colour) if colour else text


def _line_by_line(old: Path, new: Path) -> list[str]:
    before, after = _lines(old), _lines(new)
    return [line if line.endswith("\n") else f"{line}\n" for line in difflib.unified_diff(before, after)]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    except OSError:
        return []
