"""Run code of a project: in a thread of its own, for a limited time; a file with what it prints caught."""

from __future__ import annotations

import ctypes
import importlib.util
import io
import linecache
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import TypeVar

from kerastui.engine.custom.files import Fault, stem_of

T = TypeVar("T")

LIMIT = 10.0
"""Seconds that running a file may take, or the call of a layer in a check."""

GRACE = 1.0
"""Seconds in which what takes longer must give in; after that its thread is left to itself."""

PRIVATE = "_kerastui_code."
"""What the names under which modules are kept in `sys.modules` begin with."""

_KEPT = 20_000
"""Letters kept of what a file prints."""


class Broken(Exception):
    """Say why a file cannot be run.

    Args:
        fault: What is wrong, and where.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


class Endless(Exception):
    """Say that code took too long.

    Args:
        at: Files and lines where it was then, the innermost first.
    """

    def __init__(self, at: tuple[tuple[str, int], ...]) -> None:
        super().__init__("it does not end")
        self.at = at


class _TimeIsUp(BaseException):
    """Raised in the thread of what takes too long; no `except Exception` catches it."""


def read_file(path: Path, name: str) -> bytes:
    """Read a file of code.

    Args:
        path: The file.
        name: Its name, as it is listed.

    Raises:
        Broken: It is none, or cannot be read.
    """
    if not path.is_file():  # a pipe would never end
        what = "is a folder" if path.is_dir() else "is not there" if not path.exists() else "is no file"
        raise Broken(Fault(name, f"{what}; it should be Python code"))
    try:
        return path.read_bytes()
    except OSError as error:
        raise Broken(Fault(name, f"cannot be read: {error.strerror}")) from None


def run_file(
    path: Path, name: str, content: bytes, siblings: Mapping[str, ModuleType] | None = None, limit: float = LIMIT
) -> ModuleType:
    """Run a file as a module of its own.

    It is kept in `sys.modules` under a private name alone. While it runs, it can import the files that were run before
    it by their names. What it prints goes to standard error afterwards, which is the log of an engine.

    Args:
        path: The file, absolute.
        name: Its name, as it is listed.
        content: What is in it.
        siblings: Modules that it can import, by name. Defaults to `None`: there are none.
        limit: Seconds it may take. Defaults to `LIMIT`.

    Raises:
        Broken: It is no Python, raises an error, ends the program or does not end.
    """
    module = ModuleType(stem_of(name))
    module.__file__ = str(path)
    runner = _Runner(lambda: _execute(module, content), module.__name__)
    with _caught(name), _importable({**(siblings or {}), module.__name__: module}):
        stuck = runner.run(limit)
    if stuck or isinstance(runner.error, _TimeIsUp):
        line = next((line for file, line in runner.at if file == module.__file__), 0)
        raise Broken(Fault(name, f"does not end: it was stopped after {limit:g} s", line))
    if runner.error is not None:
        raise Broken(_fault(runner.error, path, name)) from runner.error
    sys.modules[PRIVATE + module.__name__] = module
    return module


def run_limited(work: Callable[[], T], name: str, limit: float = LIMIT) -> T:
    """Run something that may not end, in a thread of its own.

    Args:
        work: What to run.
        name: Name for the thread.
        limit: Seconds it may take. Defaults to `LIMIT`.

    Raises:
        Endless: It takes longer.
        BaseException: What it raised.
    """
    given: list[T] = []
    runner = _Runner(lambda: given.append(work()), name)
    if runner.run(limit) or isinstance(runner.error, _TimeIsUp):
        raise Endless(runner.at)
    if runner.error is not None:
        raise runner.error
    return given[0]


def _execute(module: ModuleType, content: bytes) -> None:
    path, source = str(module.__file__), importlib.util.decode_source(content)
    # Tracebacks and AutoGraph read the source that was run, whatever is on disk by then: without a time of
    # change, `linecache` does not look again.
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    exec(compile(source, path, "exec", dont_inherit=True), vars(module))


class _Runner:
    """Run something in a thread, which can be left behind where nothing ends it."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        self.error: BaseException | None = None
        self.at: tuple[tuple[str, int], ...] = ()
        self._work = work
        self._thread = threading.Thread(target=self._run, name=f"code {name}", daemon=True)

    def run(self, limit: float) -> bool:
        """Run for a while; tell whether it still goes on although it was interrupted."""
        self._thread.start()
        self._thread.join(limit)
        if not self._thread.is_alive():
            return False
        self.at = tuple(self._present())
        deadline = time.monotonic() + GRACE
        while self._thread.is_alive() and time.monotonic() < deadline:
            # Again and again: `while True: try: … except: pass` swallows one.
            thread = ctypes.c_ulong(self._thread.ident or 0)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(_TimeIsUp))
            self._thread.join(0.05)
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self.error = error

    def _present(self) -> Iterator[tuple[str, int]]:
        frame: FrameType | None = sys._current_frames().get(self._thread.ident or 0)
        while frame is not None:
            yield frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back


class _Tail(io.TextIOBase):
    """Take what is printed and keep the end of it."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        """Add a text."""
        self.text = (self.text + text)[-_KEPT:]
        return len(text)


@contextmanager
def _caught(name: str) -> Iterator[None]:
    """Keep what is printed from standard output, which may be a pipe to a client, and standard input from `input`."""
    said, given = _Tail(), sys.stdin
    sys.stdin = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            yield
    finally:
        sys.stdin = given
        if said.text:
            sys.stderr.write(f"{name} prints:\n{said.text.rstrip()}\n")


@contextmanager
def _importable(modules: Mapping[str, ModuleType]) -> Iterator[None]:
    """Let modules be imported by their names for a while; none takes the place of one that is there already."""
    added = [name for name in modules if name not in sys.modules and name not in sys.stdlib_module_names]
    sys.modules.update({name: modules[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            sys.modules.pop(name, None)


def _fault(error: BaseException, path: Path, name: str) -> Fault:
    """Say what an error is, and the last line of the file that led to it."""
    line = _line(error.__traceback__, str(path))
    if isinstance(error, SyntaxError) and error.filename in (str(path), None, "<string>"):
        return Fault(name, f"{type(error).__name__}: {error.msg}", line or error.lineno or 0)
    if isinstance(error, UnicodeDecodeError):
        at = error.object[: error.start].count(b"\n") + 1
        return Fault(name, "is not UTF-8; save it as UTF-8", line or at)
    text = " ".join(str(error).split())
    what = f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing and (path.parent / f"{missing}.py").is_file():
        what += f"; list {missing}.py under `code` in kerastui.toml, before this file"
    return Fault(name, what, line)


def _line(trace: TracebackType | None, path: str) -> int:
    found = 0
    while trace is not None:
        found = trace.tb_lineno if trace.tb_frame.f_code.co_filename == path else found
        trace = trace.tb_next
    return found
