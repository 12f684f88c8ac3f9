"""`kerastui code`: a project as Python. TensorFlow is loaded where the project has code of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from kerastui.engine.files import write_atomically
from kerastui.engine.project.checks import check_project
from kerastui.engine.project.files import ProjectFileError, read
from kerastui.engine.project.weights import saved_layers
from kerastui.engine.writing.python import python_code
from kerastui.headless import Exit, code_problems, fail


def code(folder: Path, output: Path | None, overwrite: bool, as_json: bool, trust: bool = False) -> Exit:
    """Print a project as Python code, or write it to a file.

    Args:
        folder: The project's folder.
        output: The file to write; printed when `None`.
        overwrite: Replace a file that is there.
        as_json: Print one JSON object.
        trust: Run the project's own code, which tells what its layers take, whatever the person has said of it.

    Returns:
        0 if the code is there; 1 if the graph is not complete, and would give code that does not run.
    """
    try:
        project = read(folder)
    except ProjectFileError as error:
        return fail(str(error), "", as_json)
    own = [problem for problem in code_problems(folder, project, trust) if problem.severity == "error"]
    for problem in own or check_project(project):
        if problem.severity == "error" and problem.stage == "build":
            subject = f"{problem.subject}: " if problem.subject else ""
            return fail(f"{subject}{problem.what}", problem.hint, as_json)
    text = python_code(project, saved_layers(project, folder))
    if output is None:
        click.echo(json.dumps({"code": text}, ensure_ascii=False) if as_json else text, nl=as_json)
        return 0
    return put(output, text.encode(), overwrite, as_json)


def put(output: Path, content: bytes, overwrite: bool, as_json: bool, quietly: bool = False) -> Exit:
    """Write a file that a command was asked for.

    Args:
        output: The file.
        content: What it is to hold.
        overwrite: Replace what is there.
        as_json: Print one JSON object.
        quietly: Print nothing where it was written.

    Returns:
        0 if it was written.
    """
    if os.path.lexists(output) and not overwrite:
        return fail(f"{output} is there already", "--overwrite replaces it", as_json)
    try:
        write_atomically(output, content)
    except OSError as error:
        return fail(f"{output} cannot be written: {error.strerror}", "", as_json)
    if not quietly:
        click.echo(json.dumps({"file": str(output)}, ensure_ascii=False) if as_json else f"wrote {output}")
    return 0
