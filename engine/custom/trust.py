"""Which projects' code is run: those that this program made, and those that the person trusts. No TensorFlow.

The list is in kerastui's home and never in a project, so that nothing that is cloned or downloaded trusts itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from pathlib import Path

import msgspec

from kerastui.engine.files import write_atomically
from kerastui.engine.home import home
from kerastui.engine.runs import FOLDER as RUNS


def is_trusted(folder: Path) -> bool:
    """Tell whether the code of a project is run.

    Args:
        folder: The project's folder, or that of one of its runs. A folder that was moved or copied is another one.
    """
    known, folder = _read(), folder.resolve()
    return str(folder) in known or (folder.parent.name == RUNS and str(folder.parent.parent) in known)


def trust(folder: Path) -> None:
    """Have the code of a project run from now on; folders that are gone are forgotten, whatever comes in their place.

    Args:
        folder: The project's folder.

    Raises:
        OSError: It cannot be written down.
    """
    known = [path for path in _read() if Path(path).is_dir()]
    if _name(folder) not in known:
        write_atomically(home() / "trusted.json", msgspec.json.format(msgspec.json.encode([*known, _name(folder)])))


def trust_new(folder: Path, code: Collection[str] = ()) -> None:
    """Trust a project that was just made; not where other Python code lay in the folder before.

    A home that cannot be written is no obstacle: the person is asked then, once there is code.

    Args:
        folder: The project's folder.
        code: Names of the files that were made with it. Defaults to none.
    """
    with contextlib.suppress(OSError):
        if all(path.name in code for path in folder.glob("*.py")):
            trust(folder)


def _name(folder: Path) -> str:
    return str(folder.resolve())


def _read() -> list[str]:
    try:
        return msgspec.json.decode((home() / "trusted.json").read_bytes(), type=list[str])
    except (OSError, msgspec.DecodeError):
        return []
