"""`kerastui picture`: the graph of a project as SVG, PNG, Mermaid, Graphviz or text."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from kerastui.code import put
from kerastui.engine.files import write_atomically
from kerastui.engine.process.protocol import Checked
from kerastui.engine.project.document import Project
from kerastui.engine.project.files import ProjectFileError, read
from kerastui.engine.project.inside import opened
from kerastui.engine.project.problems import Problem
from kerastui.engine.writing.diagrams import graphviz, mermaid
from kerastui.headless import Exit, code_problems, fail, quiet

if TYPE_CHECKING:
    from kerastui.engine.studio import Studio
    from kerastui.screens.build.canvas_view import GraphView

Theme = Literal["dark", "light"]

SUFFIXES = (".svg", ".png", ".mmd", ".dot", ".txt")
"""What a picture's file ends in."""

SCALE = 2
"""Pixels of a PNG for one of the SVG, so that its text is sharp on a fine screen."""


class PictureError(ValueError):
    """Say why there is no picture, and what to do."""


def picture(
    folder: Path,
    output: Path,
    *,
    model: str = "",
    unfold: bool = False,
    theme: Theme = "light",
    shapes: bool = True,
    trust: bool = False,
    overwrite: bool = False,
    as_json: bool = False,
) -> Exit:
    """Write a picture of a project's graph, in the format that the file's suffix names.

    Args:
        folder: The project's folder.
        output: The file to write.
        model: Id of the model inside to draw, `""` for the project's own graph.
        unfold: Draw models inside within their cards.
        theme: Colours of an SVG or PNG.
        shapes: Have the engine compute shapes and parameter counts, which takes some seconds.
        trust: Run the project's own code whatever the person has said of it; shapes end at its layers otherwise.
        overwrite: Replace a file that is there.
        as_json: Print one JSON object.

    Returns:
        0 if it was written.
    """
    if output.suffix not in SUFFIXES:
        return fail(f"a picture ends in {', '.join(SUFFIXES)}. Received: {output.name}", "", as_json)
    if output.exists() and not overwrite:
        return fail(f"{output} is there already", "--overwrite replaces it", as_json)
    try:
        project = read(folder)
    except ProjectFileError as error:
        return fail(str(error), "", as_json)
    if model and model not in project.models:
        known = ", ".join(project.models) or "none"
        return fail(f"there is no model {model} in the project", f"its models: {known}", as_json)
    checked = _checked(folder, project, trust) if shapes else None
    try:
        content = draw(project, output.suffix, model=model, unfold=unfold, theme=theme, checked=checked)
    except PictureError as error:
        return fail(str(error), "", as_json)
    return put(output, content, overwrite, as_json)


def draw(
    project: Project,
    suffix: str,
    *,
    model: str = "",
    unfold: bool = False,
    theme: Theme = "light",
    checked: Checked | None = None,
    problems: tuple[Problem, ...] = (),
) -> bytes:
    """Return a picture of a graph.

    Args:
        project: The project.
        suffix: Format, one of `SUFFIXES`.
        model: Id of the model inside to draw, `""` for the project's own graph.
        unfold: Draw models inside within their cards, as Mermaid and Graphviz always do.
        theme: Colours of an SVG or PNG.
        checked: What the engine says of the graph; no shapes are drawn without it.
        problems: Problems to be seen in the picture.

    Raises:
        PictureError: What draws this format is not installed.
    """
    texts: dict[str, Callable[[Project, Checked | None], str]] = {".mmd": mermaid, ".dot": graphviz}
    view = opened(project, model)
    if suffix in texts:
        return texts[suffix](view, checked).encode()
    from kerastui import themes
    from kerastui.screens.build.drawing import plain, svg
    from kerastui.screens.build.graph_view import Facts, all_models, graph_view

    cards = graph_view(Facts(view, checked, problems, model=model), all_models(project) if unfold else ())
    if checked is None:
        cards = _without_shapes(cards)
    if suffix == ".txt":
        return plain(cards).encode()
    colours = themes.LIGHT_PALETTE if theme == "light" else themes.DARK_PALETTE
    drawn = svg(cards, colours, f"{project.name}{f' › {model}' if model else ''}")
    return png(drawn) if suffix == ".png" else drawn.encode()


def save_beside(studio: Studio, theme: Theme) -> Path:
    """Write the graph that Build shows as an SVG into the project's folder, under a name that is free there.

    Args:
        studio: What is open.
        theme: Its colours.

    Returns:
        The file: `graph.svg`, else `graph-2.svg`, ….

    Raises:
        OSError: It cannot be written.
    """
    folder, stem = studio.open_workspace.folder, studio.model or "graph"
    number, path = 1, folder / f"{stem}.svg"
    while os.path.lexists(path):
        number += 1
        path = folder / f"{stem}-{number}.svg"
    drawn = draw(
        studio.project,
        ".svg",
        model=studio.model,
        theme=theme,
        checked=studio.checked,
        problems=studio.problems,
    )
    write_atomically(path, drawn)
    return path


def _without_shapes(view: GraphView) -> GraphView:
    """Return a view that tells the shapes of inputs alone."""
    cards = (card if card.role == "input" else replace(card, shape_text="") for card in view.cards)
    inside = {key: _without_shapes(each) for key, each in view.inside.items()}
    return replace(view, cards=tuple(cards), inside=inside)


def png(drawn: str) -> bytes:
    """Turn an SVG picture into a PNG.

    Raises:
        PictureError: The library that does so is not installed.
    """
    try:
        resvg: Any = import_module("resvg_py")
    except ImportError:
        what = "a PNG takes the library resvg-py: pip install 'kerastui[png]', or write an .svg"
        raise PictureError(what) from None
    return bytes(resvg.svg_to_bytes(svg_string=drawn, zoom=SCALE))


def _checked(folder: Path, project: Project, trust: bool) -> Checked:
    """Return the shapes of a project; what keeps its own code from running is said, and where its layers begin."""
    quiet()
    from kerastui.engine.checking import Checker

    for problem in code_problems(folder, project, trust):
        if problem.severity == "error":
            place = f"{problem.subject}: " if problem.subject else ""
            click.echo(f"kerastui: no shapes from its layers on: {place}{problem.what}; {problem.hint}", err=True)
    with redirect_stdout(sys.stderr):  # layers of the project's own may print
        return Checker().check(project)
