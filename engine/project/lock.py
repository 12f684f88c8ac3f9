"""One process at a time edits a project: two would write over each other's journal and file."""

from __future__ import annotations

import contextlib
import os
import sys
import weakref
from pathlib import Path

from kerastui.engine.project.files import FILE_NAME, ProjectFileError
from kerastui.engine.project.journal import FOLDER

if sys.platform != "win32":
    import fcntl


class ProjectInUse(ProjectFileError):
    """Say that another process has the project open.

    Args:
        folder: The project's folder.
        process: Id of the process, `""` where it is not known.
    """

    def __init__(self, folder: Path, process: str) -> None:
        who = f"process {process}" if process else "its process is not known"
        super().__init__(folder / FILE_NAME, f"{folder} is open in another kerastui ({who}); close it there first")


class Lock:
    """Keep other processes from editing a project for as long as this object lives; a kill ends it too.

    Args:
        descriptor: The file that is locked.
    """

    def __init__(self, descriptor: int) -> None:
        weakref.finalize(self, os.close, descriptor)


_HELD: weakref.WeakValueDictionary[tuple[int, int], Lock] = weakref.WeakValueDictionary()


def hold(folder: Path) -> Lock | None:
    """Take the lock of a project, `.kerastui/lock`; a process that has it already shares it with itself.

    Args:
        folder: The project's folder, which is made if absent.

    Returns:
        The lock, or `None` where the system or the file system has none to give.

    Raises:
        ProjectInUse: Another process holds it.
    """
    if sys.platform == "win32":
        return None
    path = folder / FOLDER / "lock"
    # Asked by `stat`: where a lock belongs to the process (NFS), closing the file a second time would release it.
    with contextlib.suppress(OSError):
        if held := _HELD.get(_identity(path.stat())):
            return held
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return None
    lock = Lock(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _HELD[_identity(os.fstat(descriptor))] = lock
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except BlockingIOError:
        raise ProjectInUse(folder, os.read(descriptor, 32).decode(errors="replace").strip()) from None
    except OSError:  # no locks here, as on some network drives; or no room for the number, which only a message names
        pass
    return lock


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
