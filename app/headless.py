"""Commands that work without a terminal screen. They run in this process: no engine is started."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

import click

from kerastui.engine.home import keep_keras_at_home
from kerastui.engine.process.protocol import EventBody, RunFailed, RunFinished, RunStarted
from kerastui.engine.project.document import Project
from kerastui.engine.project.files import ProjectFileError, read
from kerastui.engine.project.problems import Problem, together
from kerastui.engine.training.events import EpochEnded, Paused, Progress, Resumed

Exit = int
"""Exit code: 0 if it worked, 1 if not."""


def train(folder: Path, as_json: bool, trust: bool = False) -> Exit:
    """Train a project and print what happens.

    Args:
        folder: The project's folder.
        as_json: Print one JSON object an event, the last
            `{"event": "finished", "metrics": {…}, "saved": "…"}` or `{"event": "failed", …}`.
        trust: Run the project's own code whatever the person has said of it.
    """
    project = _project(folder, as_json)
    if project is None:
        return 1
    last = train_project(folder, project, _json_teller() if as_json else _text_teller(project), trust)
    return 0 if isinstance(last, RunFinished) and last.saved else 1


def train_project(
    folder: Path, project: Project, tell: Callable[[EventBody], None], trust: bool = False
) -> EventBody | None:
    """Check a project and train it in this process; ctrl+c stops the run and keeps its model.

    Args:
        folder: The project's folder.
        project: The project.
        tell: Called with every event.
        trust: Run the project's own code whatever the person has said of it. Defaults to `False`.

    Returns:
        The event that ended it: `RunFinished` or `RunFailed`.
    """
    problem = next((item for item in _problems(folder, project, trust, all_=False) if item.severity == "error"), None)
    if problem is not None:
        subject = f"{problem.subject}: " if problem.subject else ""
        failed = RunFailed(f"{subject}{problem.what}", problem.hint)
        tell(failed)
        return failed
    from kerastui.engine.process.run import LOG_HINT, Run, RunError

    ended: list[EventBody] = []
    with _logged() as log:

        def heard(event: EventBody) -> None:
            if isinstance(event, RunFailed) and event.hint == LOG_HINT:
                event = RunFailed(event.what, f"{log} has the whole message" if log else "")
            if isinstance(event, RunFinished | RunFailed):
                ended.append(event)
            with suppress(BrokenPipeError):  # `| head` has read enough; the run goes on and keeps its model
                tell(event)

        run = Run(project, folder.absolute(), heard, lambda: None, True if trust else None)
        with _interrupts(run.control.stop):
            run.train()
        failure = run.begun.exception()
        if isinstance(failure, RunError):
            heard(RunFailed(failure.what, failure.hint))
    return ended[-1] if ended else None


def check(folder: Path, as_json: bool, trust: bool = False) -> Exit:
    """Print the problems of a project: those of the document, its code, the data and the shapes."""
    project = _project(folder, as_json)
    if project is None:
        return 1
    problems = _problems(folder, project, trust)
    if as_json:
        import msgspec

        found = [{key: value for key, value in msgspec.to_builtins(item).items() if value} for item in problems]
        click.echo(msgspec.json.encode({"problems": found}))
    for problem in () if as_json else problems:
        glyph = {"error": "✗", "warning": "▲", "note": "·"}[problem.severity]
        subject = f"{problem.subject}: " if problem.subject else ""
        click.echo(f"{glyph} {problem.stage:<10}{subject}{problem.what}{f' · {problem.hint}' if problem.hint else ''}")
    if not problems and not as_json:
        click.echo("✓ no problems")
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def summary(folder: Path, width: int | None, as_json: bool, trust: bool = False) -> Exit:
    """Print `Model.summary()` of a project's graph."""
    project = _project(folder, as_json)
    if project is None:
        return 1
    quiet()
    from kerastui.engine.building import BuildError, summary_text

    for problem in code_problems(folder, project, trust):
        if problem.severity == "error":
            return fail(f"{problem.subject}: {problem.what}".removeprefix(": "), problem.hint, as_json)
    try:
        with redirect_stdout(sys.stderr):
            text = summary_text(project, width or min(120, shutil.get_terminal_size((100, 24)).columns))
    except BuildError as error:
        return fail(f"{error.node}: {error.what}" if error.node else error.what, error.hint, as_json)
    click.echo(json.dumps({"summary": text}, ensure_ascii=False) if as_json else text)
    return 0


def _project(folder: Path, as_json: bool) -> Project | None:
    try:
        return read(folder)
    except ProjectFileError as error:
        fail(str(error), "", as_json)
        return None


def _problems(folder: Path, project: Project, trust: bool = False, all_: bool = True) -> list[Problem]:
    """Return the problems of a project.

    Args:
        folder: Its folder.
        project: The project.
        trust: Run its own code whatever the person has said of it.
        all_: Load Keras for those of the graph though there are errors already.
    """
    from kerastui.engine.data_state import DataState
    from kerastui.engine.project.checks import check_project
    from kerastui.engine.project.mending.mend import is_refuted, mended, to_prove, withdrawn
    from kerastui.engine.project.repairs import apply_repair
    from kerastui.engine.project.weights import check_weights

    data = DataState.read(project.data.source, folder.absolute())
    found = code_problems(folder, project, trust)  # the classes that the others find in the catalog
    found += [*check_project(project), *check_weights(project, folder), *data.problems(project)]
    shapes: list[Problem] = []
    checked = None
    if all_ or not any(problem.severity == "error" for problem in found):
        quiet()
        from kerastui.engine.checking import Checker

        with redirect_stdout(sys.stderr):  # layers of the project's own may print
            checker = Checker()
            checked = checker.check(project)
        shapes = [*checked.problems, *data.target_problems(project, checked)]
        problems = mended(project, checked, together(found, shapes))
        with redirect_stdout(sys.stderr):
            refuted = {
                (problem.subject, repair)
                for problem, repair in to_prove(problems)
                if is_refuted(problem, checked, checker.check(apply_repair(project, repair)))
            }
        return withdrawn(problems, refuted)
    return mended(project, checked, together(found, shapes))


def code_problems(folder: Path, project: Project, trust: bool, flag: str = "--trust") -> list[Problem]:
    """Run a project's own code, if it is trusted, and return what is wrong with it.

    Args:
        folder: The project's folder.
        project: The project.
        trust: Run it whatever the person has said of it.
        flag: The option of the command that says so.
    """
    from msgspec.structs import replace

    from kerastui.engine.code_state import TRUST, CodeState

    code = CodeState.before(project, folder.absolute())
    if code.files and (code.trusted or trust):
        quiet()
        from kerastui.engine.custom.reading import read_code

        code = CodeState.of(read_code(folder, project.code, trusted=True))
    said = f"{flag} runs it"
    return [replace(item, hint=said) if item.repair == TRUST else item for item in code.problems(project)]


def _json_teller() -> Callable[[EventBody], None]:
    import msgspec

    output = sys.stdout

    def tell(event: EventBody) -> None:
        value: dict[str, Any] = msgspec.to_builtins(event)
        value.pop("project", None)
        names = {RunStarted: "started", EpochEnded: "epoch", RunFinished: "finished", RunFailed: "failed"}
        value["event"] = names.get(type(event), value["event"])
        click.echo(msgspec.json.encode(value).decode(), output)  # a loss that is not a number becomes null

    return tell


def _text_teller(project: Project) -> Callable[[EventBody], None]:
    output, errors = sys.stdout, sys.stderr
    broken: list[int] = []
    noted: list[str] = []
    plans: list[str | None] = [None]

    def tell(event: EventBody) -> None:
        match event:
            case RunStarted():
                click.echo(
                    f"{project.name} · run {event.run} · {event.samples:,} samples · {event.params:,} parameters "
                    f"· {event.epochs} epochs of {event.steps} steps",
                    output,
                )
                if event.note:
                    noted.append(event.note)
                    click.echo(event.note, errors)
            case Progress() if event.plan != plans[-1]:
                plans.append(event.plan)
                click.echo(f"plan: {event.plan}", output)
            case EpochEnded():
                logs = "  ".join(f"{name} {value:.4g}" for name, value in event.logs.items())
                click.echo(f"epoch {event.epoch:>{len(str(event.epochs))}}/{event.epochs}  {logs}", output)
                if not broken and not math.isfinite(event.logs.get("loss", 0.0)):
                    broken.append(event.epoch)
                    click.echo("the loss is not a number any more; a smaller learning_rate may help", errors)
            case RunFinished():
                if event.note and event.note not in noted:
                    click.echo(event.note, errors)
                click.echo(f"{event.reason} after {event.epochs} epochs · saved {event.saved or 'nothing'}", output)
            case RunFailed():
                click.echo(f"kerastui: {event.what}{f'; {event.hint}' if event.hint else ''}", errors)
            case Paused() | Resumed():
                pass

    return tell


@contextmanager
def _interrupts(stop: Callable[[], None]) -> Iterator[None]:
    """Make the first ctrl+c stop the run and keep its model; a second one ends the program at once."""
    errors = sys.__stderr__

    def asked(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        click.echo("stopping after this batch; ctrl+c again to leave without the model", errors)
        stop()

    before = signal.signal(signal.SIGINT, asked)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _logged() -> Iterator[str]:
    """Send what Keras, its callbacks and tracebacks print to a log; yield its path, `""` where none can be written."""
    from kerastui.engine.home import log_folder
    from kerastui.engine.process.launch import trim_log

    with ExitStack() as stack:
        try:
            path = log_folder() / "train.log"
            trim_log(path)
            log = stack.enter_context(path.open("a"))
            name = str(path)
        except OSError:
            log, name = stack.enter_context(open(os.devnull, "w")), ""
        with redirect_stdout(log), redirect_stderr(log):
            yield name


def quiet() -> None:
    """Load TensorFlow without its chatter, which its libraries write to the file behind `stderr` as they load."""
    import importlib
    import tempfile

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    keep_keras_at_home(os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 2)
        try:
            importlib.import_module("kerastui.engine.building")
        except BaseException:
            chatter.seek(0)
            os.write(kept, chatter.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def fail(what: str, hint: str, as_json: bool) -> Exit:
    """Print why a command failed.

    Args:
        what: What is wrong.
        hint: What to do; may be empty.
        as_json: Print it as a JSON object.

    Returns:
        The exit code, 1.
    """
    if as_json:
        click.echo(json.dumps({"event": "failed", "what": what, "hint": hint}, ensure_ascii=False))
    else:
        click.echo(f"kerastui: {what}{f'; {hint}' if hint else ''}", err=True)
    return 1
