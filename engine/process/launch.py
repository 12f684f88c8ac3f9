"""Start engine processes and find the ones that run."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from kerastui.engine.files import write_atomically
from kerastui.engine.home import log_folder, socket_folder

LOG_LIMIT = 2_000_000
"""Bytes after which a log is cut down to its tail."""

LOG_TAIL = 250_000
"""Bytes of a log that stay when it is cut."""


_children: dict[int, subprocess.Popen[bytes]] = {}
"""Engines that this process started: a child that ends must be collected by its parent."""


class Running(msgspec.Struct, frozen=True):
    """Describe an engine that runs.

    Args:
        process: Process id.
        socket: Path of its socket.
        log: Path of its log.
        project: Folder of the project it trains or trained last, or `""`.
    """

    process: int
    socket: str
    log: str
    project: str = ""


def start() -> Running:
    """Start an engine in a session of its own, so that it outlives this process, and return at once.

    Its standard error goes to a log file, which the engine keeps short (`trim_log`).

    Raises:
        OSError: The process cannot be started, or the folders of logs and sockets cannot be written.
    """
    name = secrets.token_hex(4)
    socket = socket_folder() / f"{name}.sock"
    log = log_folder() / f"engine-{name}.log"
    _drop_old_logs(log.parent)
    with log.open("ab") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "kerastui.engine.process", "--socket", str(socket), "--log", str(log)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            cwd="/",
            env=environment(),
        )
    _children[child.pid] = child
    return Running(child.pid, str(socket), str(log))


def register(running: Running) -> None:
    """Write down an engine, so that others find it."""
    with contextlib.suppress(OSError):
        write_atomically(Path(running.socket).with_suffix(".json"), msgspec.json.encode(running))


def unregister(running: Running) -> None:
    """Take away an engine's socket and what was written down of it."""
    for path in (Path(running.socket), Path(running.socket).with_suffix(".json")):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def engines() -> list[Running]:
    """Return the engines that run; what dead ones left behind is cleared away.

    Where no folder of sockets can be, no engine can run.
    """
    try:
        folder = socket_folder()
    except OSError:
        return []
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            running = msgspec.json.decode(path.read_bytes(), type=Running)
        except (OSError, msgspec.DecodeError):
            continue
        if is_alive(running.process):
            found.append(running)
        else:
            unregister(running)
    return found


def engine_of(folder: Path) -> Running | None:
    """Return the engine that trains the project in a folder, or trained it last."""
    return next((item for item in engines() if item.project == str(folder.absolute())), None)


def is_alive(process: int) -> bool:
    """Tell whether a process runs; a child of this process that has ended is collected on the way."""
    if process in _children:
        return _children[process].poll() is None
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def kill(running: Running) -> None:
    """End the process of an engine at once, if it is still there, and clear away what it leaves."""
    if is_alive(running.process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.process, signal.SIGKILL)
        if running.process in _children:
            _children[running.process].wait()
    unregister(running)


def trim_log(path: Path) -> None:
    """Cut a log down to its tail when it has grown past the limit; writers append, so they go on at its end."""
    with contextlib.suppress(OSError):
        if path.stat().st_size > LOG_LIMIT:
            with path.open("r+b") as file:
                file.seek(-LOG_TAIL, os.SEEK_END)
                tail = file.read()
                file.seek(0)
                file.write(tail[tail.find(b"\n") + 1 :])
                file.truncate()


def _drop_old_logs(folder: Path, keep: int = 20) -> None:
    logs = sorted(folder.glob("engine-*.log"), key=lambda path: path.stat().st_mtime)
    for path in logs[:-keep]:
        path.unlink(missing_ok=True)


def environment() -> dict[str, str]:
    """Return the environment of a process that loads TensorFlow."""
    # TensorFlow's own chatter at INFO tells a user nothing; warnings and errors stay in the log.
    return {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "1"),
        "KERAS_BACKEND": "tensorflow",
    }
