"""The command line. Nothing heavy is imported until a command needs it: `--help` and `--version` answer at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from kerastui import __version__
from kerastui.engines import engine
from kerastui.options import FILE, FOLDER, JSON, OVERWRITE, TRUST, conversion

THEME = click.option(
    "--theme", metavar="NAME", help="dark, light, colour-blind, colour-blind-light, mono or 16, for this session."
)
ASCII = click.option(
    "--ascii", "ascii_only", is_flag=True, help="Draw with plain ASCII, as under a locale that is not UTF-8."
)
STILL = click.option("--still", is_flag=True, help="Move nothing on the screen but figures.")
LOOKS = ("theme", "ascii_only", "still")


class DefaultGroup(click.Group):
    """A group that takes a folder where a command is expected, and opens it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command; `open` where the first word is a folder and no command."""
        if args and args[0] not in self.commands and (Path(args[0]).exists() or "/" in args[0]):
            return super().resolve_command(ctx, ["open", *args])
        return super().resolve_command(ctx, args)


@click.group(
    cls=DefaultGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`kerastui FOLDER` opens the project in a folder. Exit code 0 means that it worked.",
)
@click.version_option(__version__, prog_name="kerastui")
@THEME
@ASCII
@STILL
@click.pass_context
def main(ctx: click.Context, theme: str | None, ascii_only: bool, still: bool) -> None:
    """Build a neural network as a graph, train it while you watch, take it away as a Keras model."""
    if ctx.invoked_subcommand is None:
        _open(None)


@main.command("open", hidden=True)
@click.argument("folder", type=FOLDER)
@THEME
@ASCII
@STILL
def open_(folder: Path, theme: str | None, ascii_only: bool, still: bool) -> None:
    """Open the app on a project."""
    _open(folder)


@main.command()
@click.option("--folder", type=FOLDER, help="Where the demo project lies; in kerastui's home by default.")
@JSON
def demo(folder: Path | None, as_json: bool) -> None:
    """Open the bundled digits project, ready to train; without a terminal, train it."""
    from kerastui.engine.home import home
    from kerastui.engine.project.files import FILE_NAME

    folder = (folder or home() / "demo" / "digits").absolute()
    if not (folder / FILE_NAME).exists():
        _make(folder, "digits")
    if sys.stdin.isatty() and sys.stdout.isatty() and not as_json:
        _open(folder)
    else:
        _train(folder, as_json)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--template", "-t", default="empty", show_default=True, help="Template to begin with; `--list` names them."
)
@click.option(
    "--list",
    "listing",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda *a: _list(*a),
    help="List the templates.",
)
@JSON
def new(folder: Path, template: str, as_json: bool) -> None:
    """Make a project in FOLDER."""
    _make(folder.absolute(), template)
    _print({"folder": str(folder.absolute()), "template": template}, f"made {folder}", as_json)


@main.command()
@click.argument("folder", type=FOLDER)
@TRUST
@JSON
def train(folder: Path, trust: bool, as_json: bool) -> None:
    """Train the project in FOLDER; ctrl+c stops it and keeps the model."""
    _train(folder, as_json, trust)


@main.command()
@click.argument("folder", type=FOLDER)
@TRUST
@JSON
def check(folder: Path, trust: bool, as_json: bool) -> None:
    """Print the problems of the project in FOLDER; exit code 1 if one keeps it from training."""
    from kerastui.headless import check as run

    sys.exit(run(folder, as_json, trust))


@main.command()
@click.argument("folder", type=FOLDER)
@TRUST
@click.option("--width", type=click.IntRange(40), help="Columns of the table; the terminal's by default.")
@JSON
def summary(folder: Path, trust: bool, width: int | None, as_json: bool) -> None:
    """Print Model.summary() of the project in FOLDER."""
    from kerastui.headless import summary as run

    sys.exit(run(folder, width, as_json, trust))


@main.command("import")
@click.argument("source", type=FILE, metavar="MODEL")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--weights", metavar="NAME", help="Of keras:NAME: imagenet, or a file; without it they are new.")
@click.option("--freeze", is_flag=True, help="Have training change none of its layers.")
@conversion
def import_(source: Path, folder: Path, **options: Any) -> None:
    """Make a project in DIR of a model: its graph, its settings and its weights.

    MODEL is a .keras or HDF5 file of any Keras, a SavedModel, the JSON of an architecture, keras:NAME for a model of
    keras.applications (keras:MobileNetV2), or, with --allow-unsafe, a Python file with a function build_model or a
    variable that is a model, as `kerastui code` writes it. DIR is absent or empty.
    """
    from kerastui.import_model import import_model as run

    sys.exit(run(source, folder, **options))


@main.command()
@click.argument("source", type=FILE)
@click.argument("target", type=FILE)
@conversion
def convert(source: Path, target: Path, **options: Any) -> None:
    """Write the model file SOURCE as TARGET, in the format of its suffix.

    SOURCE is a .keras or HDF5 file of any Keras, a SavedModel, or the folder of a project, whose newest model is taken;
    where no run has kept one, it is built with the weights that training would start from.
    TARGET ends in .keras, .h5, .weights.h5, .json, .onnx, .tflite or .xml (OpenVINO); without a suffix it is a
    SavedModel.
    """
    from kerastui.convert import convert as run

    sys.exit(run(source, target, **options))


@main.command()
@click.argument("source", type=FILE)
@click.argument("target", type=FILE)
@click.option(
    "--format",
    "name",
    type=click.Choice(["tf_saved_model", "onnx", "litert", "openvino"]),
    help="What is to run it; by default what the suffix of TARGET says.",
)
@click.option("--calibrate", type=FILE, help=".npy or .npz with inputs: LiteRT computes in 8 bits, set by them.")
@click.option("--size", type=click.IntRange(1), help="What dimensions are that the model leaves open, not the batch.")
@conversion
def export(source: Path, target: Path, name: str | None, **options: Any) -> None:
    """Write the model in SOURCE, a model file or a project's folder, to be run without Keras.

    TARGET ends in .onnx, .tflite (LiteRT) or .xml (OpenVINO); without a suffix it is a SavedModel that TensorFlow
    Serving runs. Other suffixes are those of `kerastui convert`. Of a project the newest model is taken, as there.
    """
    from kerastui.convert import export as run

    sys.exit(run(source, target, name, **options))


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--output", "-o", type=FILE, help="File to write; printed without it.")
@TRUST
@OVERWRITE
@JSON
def code(folder: Path, output: Path | None, **options: Any) -> None:
    """Print the project in FOLDER as Python code, which runs with Keras alone, and layers of its own beside it."""
    from kerastui.code import code as run

    sys.exit(run(folder, output, **options))


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--output", "-o", type=FILE, required=True, help="File that ends in .svg, .png, .mmd, .dot or .txt.")
@click.option("--model", default="", help="Draw this model inside in place of the whole.")
@click.option("--unfold", is_flag=True, help="Draw models inside within their cards, as .mmd and .dot do.")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True, help="Colours.")
@click.option("--shapes/--no-shapes", default=True, help="Compute shapes, which loads TensorFlow; done by default.")
@TRUST
@OVERWRITE
@JSON
def picture(folder: Path, output: Path, **options: Any) -> None:
    """Draw the graph of the project in FOLDER: SVG, PNG, Mermaid (.mmd), Graphviz (.dot) or text (.txt)."""
    from kerastui.picture import picture as run

    sys.exit(run(folder, output, **options))


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--level", type=click.Choice(["card", "line", "dot"]), help="One level; all three without it.")
@click.option("--assert", "demand", is_flag=True, help="Exit code 1 where something is wrong.")
@JSON
def layout(folder: Path, level: str | None, demand: bool, as_json: bool) -> None:
    """Print how the graphs of the project in FOLDER lie on the canvas, and what is wrong with that.

    For each graph and level of detail: its size, cards that overlap, wires through cards, cells where wires cross,
    whether laying it out again gives the same, and the milliseconds that it takes.
    """
    from kerastui.layout import layout as run

    sys.exit(run(folder, level=level, demand=demand, as_json=as_json))


@main.command()
@click.argument("sides", nargs=-1, required=True, metavar="A B")
@JSON
def diff(sides: tuple[str, ...], as_json: bool) -> None:
    """Print what changed from project A to project B, in words.

    A and B are folders of projects or their files. Exit code 0 says that they are the same, 1 that they differ, 2 that
    one cannot be read. With the seven arguments of git it is an external diff driver: docs/git.md.
    """
    from kerastui import compare

    if len(sides) >= 7 or "GIT_DIFF_PATH_TOTAL" in os.environ:
        sys.exit(compare.diff_for_git(sides))
    if len(sides) != 2:
        raise click.UsageError(f"diff takes two projects. Received: {len(sides)}")
    sys.exit(compare.diff(Path(sides[0]), Path(sides[1]), as_json))


@main.command()
@click.argument("base", type=FILE)
@click.argument("ours", type=FILE)
@click.argument("theirs", type=FILE)
@click.option("--output", "-o", type=FILE, help="File to write; printed without it.")
@click.option("--path", "name", default="", help="What the file is called in messages.")
@OVERWRITE
@JSON
def merge(base: Path, ours: Path, theirs: Path, output: Path | None, name: str, overwrite: bool, as_json: bool) -> None:
    """Merge what OURS and THEIRS made of the project BASE, value by value.

    Exit code 0 says that all was merged, 1 that both changed the same: the file has ours then, and the conflicts at its
    top; 2 that a side cannot be read. As a merge driver of git: docs/git.md.
    """
    from kerastui.compare import merge as run

    sys.exit(run(base, ours, theirs, output, overwrite, name, as_json))


@main.command()
@click.option("--check", is_flag=True, help="Compare with the installed Keras; exit code 1 if something is missing.")
@JSON
def layers(check: bool, as_json: bool) -> None:
    """Print the layers that Build offers."""
    from kerastui.layers import run

    sys.exit(run(check, as_json))


@main.command()
@JSON
def doctor(as_json: bool) -> None:
    """Print versions, devices, and what is missing with the way to get it."""
    from kerastui.doctor import run

    sys.exit(run(as_json))


@main.command()
@click.option("--template", "-t", "chosen", multiple=True, metavar="NAME", help="This one alone; may be repeated.")
@JSON
def selftest(chosen: tuple[str, ...], as_json: bool) -> None:
    """Train every template one epoch, to see that all works; nothing of it is kept.

    Exit code 0 says that all were trained and saved, 1 that one was not. ctrl+c ends it.
    """
    from kerastui.selftest import selftest as run

    sys.exit(run(chosen, as_json))


main.add_command(engine)


def _open(folder: Path | None) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException("there is no terminal; `kerastui train FOLDER` trains without one")
    from kerastui import themes
    from kerastui.shell import KerasTUI

    asked = _asked()
    theme = asked["theme"] and f"kerastui-{asked['theme'].removeprefix('kerastui-')}"
    if theme and theme not in themes.NAMES:
        raise click.ClickException(f"no theme is called {asked['theme']}; choose from {', '.join(themes.NAMES)}")
    app = KerasTUI(
        folder,
        theme=theme or themes.of_terminal(),
        ascii_only=True if asked["ascii_only"] or not _speaks_utf8() else None,
        still=asked["still"],
    )
    app.run()
    sys.exit(app.return_code or 0)


def _asked() -> dict[str, Any]:
    """Return what `--theme`, `--ascii` and `--still` say, before the command's name or after it."""
    given = click.get_current_context()
    both = (given.find_root().params, given.params)
    return {name: next((each[name] for each in both if each.get(name)), None) or False for name in LOOKS}


def _speaks_utf8() -> bool:
    """Tell whether the locale asks for UTF-8; one that is not set at all, as in most containers, is taken for it."""
    asked = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "UTF-8")
    return "utf8" in asked.lower().replace("-", "")


def _make(folder: Path, template: str) -> None:
    from msgspec.structs import replace

    from kerastui.engine import templates
    from kerastui.engine.project.files import ProjectFileError
    from kerastui.engine.project.workspace import Workspace

    names = ["empty", *(item.name for item in templates.templates())]
    if template not in names:
        raise click.ClickException(f"there is no template {template}; choose from {', '.join(names)}")
    project = templates.project(template)
    try:
        named = replace(project, name=folder.name) if template != "digits" else project
        Workspace.create(folder, named, templates.code(template))
    except ProjectFileError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be made: {error.strerror}") from None


def _list(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        from kerastui.engine.templates import templates

        click.echo(f"{'empty':<22}No layers yet")
        for item in templates():
            click.echo(f"{item.name:<22}{item.title:<26}{item.note}")
        ctx.exit()


def _train(folder: Path, as_json: bool, trust: bool = False) -> None:
    from kerastui.headless import train as run

    sys.exit(run(folder, as_json, trust))


def _print(value: dict[str, Any], text: str, as_json: bool) -> None:
    import json

    click.echo(json.dumps(value) if as_json else text)
