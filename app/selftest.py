"""`kerastui selftest`: every template trains one epoch here, so that a person sees that the installation works."""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path

import click
import msgspec

from kerastui.engine import templates
from kerastui.engine.process.protocol import EventBody, RunFailed, RunFinished, RunStarted
from kerastui.engine.project import settings
from kerastui.engine.project.files import write
from kerastui.engine.training.events import EpochEnded
from kerastui.headless import Exit, train_project

STOPPED = "stopped"


class Outcome(msgspec.Struct, frozen=True):
    """Say how a template did.

    Args:
        template: Its name.
        rows: Rows it was trained on. Defaults to 0: it did not begin.
        loss: Its loss after the epoch. Defaults to `None`: there was none.
        seconds: How long reading, checking, training and saving took together.
        failed: What went wrong. Defaults to `""`: nothing.
    """

    template: str
    rows: int = 0
    loss: float | None = None
    seconds: float = 0.0
    failed: str = ""


def selftest(chosen: tuple[str, ...], as_json: bool) -> Exit:
    """Train templates one epoch each, in a temporary folder, and print how each did; ctrl+c ends it.

    Args:
        chosen: Names of templates; empty for all.
        as_json: Print one JSON object a template, and one that sums up.
    """
    names = [template.name for template in templates.templates()]
    unknown = [name for name in chosen if name not in names]
    if unknown:
        raise click.ClickException(f"there is no template {unknown[0]}; choose from {', '.join(names)}")
    outcomes: list[Outcome] = []
    for name in [name for name in names if not chosen or name in chosen]:
        outcomes.append(_try(name))
        _tell(outcomes[-1], as_json)
        if outcomes[-1].failed == STOPPED:
            break
    failed = [outcome.template for outcome in outcomes if outcome.failed]
    seconds = round(sum(outcome.seconds for outcome in outcomes), 2)
    if as_json:
        _print({"worked": len(outcomes) - len(failed), "failed": failed, "seconds": seconds})
    else:
        worked = f"{len(outcomes) - len(failed)} of {len(outcomes)} templates work · {seconds:.1f} s"
        click.echo(f"✗ {worked} · failed: {', '.join(failed)}" if failed else f"✓ {worked}")
    return 1 if failed else 0


def _try(name: str) -> Outcome:
    """Make a project of a template where nothing of it remains, and train it as `kerastui train` does."""
    began, heard, last = time.monotonic(), list[EventBody](), None
    project = settings.set_fit(templates.project(name), epochs=1)
    try:
        with tempfile.TemporaryDirectory(prefix="kerastui-selftest-") as made:
            folder = Path(made)
            write(folder, project)
            for file, text in templates.code(name).items():
                (folder / file).write_text(text, encoding="utf-8")
            last = train_project(folder, project, heard.append, trust=True)
    except OSError as error:
        place = error.filename or tempfile.gettempdir()
        last = RunFailed(f"{place}: {error.strerror}", "set TMPDIR to a folder that can be written")
    rows = next((event.samples for event in heard if isinstance(event, RunStarted)), 0)
    loss = next((event.logs.get("loss") for event in heard if isinstance(event, EpochEnded)), None)
    return Outcome(name, rows, loss, round(time.monotonic() - began, 2), _failure(last, loss))


def _failure(last: EventBody | None, loss: float | None) -> str:
    if isinstance(last, RunFailed):
        return f"{last.what}{f'; {last.hint}' if last.hint else ''}"
    if not isinstance(last, RunFinished):
        return "the run did not end"
    if last.reason == STOPPED:
        return STOPPED
    if not last.saved:
        return last.note
    return "" if loss is not None and math.isfinite(loss) else f"the loss is {loss}"


def _tell(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        _print(msgspec.to_builtins(outcome))
    elif outcome.failed:
        click.echo(f"✗ {outcome.template:<22}{outcome.failed}")
    else:
        figures = f"{outcome.rows:>6,} rows   loss {outcome.loss:<8.4g}{outcome.seconds:>6.1f} s"
        click.echo(f"✓ {outcome.template:<22}{figures}")


def _print(value: object) -> None:
    click.echo(msgspec.json.encode(value).decode())
