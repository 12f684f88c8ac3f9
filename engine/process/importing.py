"""Import a model in a process of its own, which ends when it is no longer wanted; TensorFlow loads there alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from kerastui.engine.custom.trust import trust_new
from kerastui.engine.process.launch import environment
from kerastui.engine.project.bringing import Weights, bring_weights
from kerastui.engine.project.document import Project
from kerastui.engine.project.files import ProjectFileError, read

ASKS = "--allow-unsafe"
"""What the refusal of a model with code names: the way to open it nevertheless."""

ERROR_TAIL = 400
"""Characters of what the process wrote to its standard error that a message has at most."""


class ImportFailed(Exception):
    """Say why a model was not imported.

    Args:
        what: The reason, and what to do.
        code: Whether it is that code would be run, which the person can allow.
    """

    def __init__(self, what: str, code: bool = False) -> None:
        super().__init__(what)
        self.code = code


class Brought(msgspec.Struct, frozen=True):
    """Hold a model that was imported to be put into a project.

    Args:
        project: What it became.
        weights: Where its weights lie now, `None` if it came without.
        left_out: What of the model is not in it, in words.
    """

    project: Project
    weights: Weights | None
    left_out: tuple[str, ...]


async def make_project(source: str, folder: Path, unsafe: bool = False) -> tuple[str, ...]:
    """Make a project of a model; the folder appears at once and whole, or not at all.

    Args:
        source: A model file or `keras:NAME`.
        folder: The folder, absent or empty.
        unsafe: Whether code in the file may be run.

    Returns:
        What of the model is not in the project, in words.

    Raises:
        ImportFailed: The model cannot be imported, or the folder cannot be made.
    """
    near = next(parent for parent in folder.absolute().parents if parent.is_dir())
    try:
        with _folder_in(near) as temporary:
            left_out = await run_import(source, temporary / folder.name, unsafe)
            folder.parent.mkdir(parents=True, exist_ok=True)
            (temporary / folder.name).rename(folder)
    except OSError as error:
        raise ImportFailed(f"{folder} cannot be made: {error.strerror}") from None
    trust_new(folder)
    return left_out


async def bring_model(
    source: str, name: str, project: Project, model: str, folder: Path, unsafe: bool = False
) -> Brought:
    """Import a model to be put into a project, and put its weights into the project's folder.

    Args:
        source: A model file or `keras:NAME`.
        name: What it is called in the project.
        project: The project.
        model: Id of the model of the project that is opened; `""` is its own graph.
        folder: Its folder.
        unsafe: Whether code in the file may be run.

    Raises:
        ImportFailed: The model cannot be imported, or its weights cannot be written.
    """
    try:
        with _folder_in(folder) as temporary:
            left_out = await run_import(source, temporary / name, unsafe)
            foreign = read(temporary / name)
            _expect_code(temporary / name, folder)
            weights = await asyncio.to_thread(bring_weights, project, model, folder, foreign, temporary / name)
    except OSError as error:
        raise ImportFailed(f"the weights cannot be written into {folder}: {error.strerror or error}") from None
    except (ValueError, ProjectFileError) as error:
        raise ImportFailed(str(error)) from None
    return Brought(foreign, weights, left_out)


def _expect_code(source: Path, folder: Path) -> None:
    """Raise `ImportFailed` where layers of a model are in a file that the project does not have, or has another of."""
    for path in sorted(source.glob("*.py")):
        own = folder / path.name
        if not own.is_file() or own.read_bytes() != path.read_bytes():
            what = (
                f"it has layers of its own, in {path.name}, and the project has {'another' if own.exists() else 'none'}"
            )
            raise ImportFailed(f"{what}; put that file into {folder}, then import it again")


async def run_import(source: str, folder: Path, unsafe: bool = False) -> tuple[str, ...]:
    """Run `kerastui import` in a process of its own, which ends with the task that waits for it.

    Args:
        source: A model file, with its whole path, or `keras:NAME`.
        folder: Where the project is made.
        unsafe: Whether code in the file may be run.

    Returns:
        What of the model is not in the project, in words.

    Raises:
        ImportFailed: The model was refused, or the process ended.
    """
    options = ["--json", *([ASKS] if unsafe else [])]
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kerastui", "import", *options, "--", source, str(folder)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            cwd="/",
            env=environment(),
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        errors.seek(0)
        written = errors.read().decode(errors="replace")
    answer = _answer(output)
    if process.returncode == 0 and answer is not None:
        return tuple(answer.get("left_out", ()))
    if answer is None or "what" not in answer:
        ended = " ".join(written.split())[-ERROR_TAIL:]
        raise ImportFailed(f"the process that opened it ended with code {process.returncode}. {ended}".strip())
    what = str(answer["what"])
    raise ImportFailed(what, ASKS in what)


def _answer(output: bytes) -> dict[str, Any] | None:
    """Return the object in the last line of what the process printed."""
    lines = output.decode(errors="replace").splitlines()
    try:
        found = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@contextlib.contextmanager
def _folder_in(folder: Path) -> Iterator[Path]:
    """Give a hidden folder in another one that is gone afterwards."""
    temporary = Path(tempfile.mkdtemp(prefix=".import-", dir=folder))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
