"""Where kerastui keeps what belongs to the person and not to a project: settings, logs, sockets, recent projects."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import TypeVar

import msgspec

from kerastui.engine.files import write_atomically

T = TypeVar("T")


def home() -> Path:
    """Return the folder of settings and logs: `KERASTUI_HOME`, else the platform's folder for user data."""
    if given := os.environ.get("KERASTUI_HOME"):
        return Path(given).expanduser().absolute()
    import platformdirs  # 12 ms

    return Path(platformdirs.user_data_dir("kerastui", appauthor=False))


def keep_keras_at_home(environment: MutableMapping[str, str]) -> None:
    """Have Keras keep its own files here, unless the person has a Keras home already.

    Keras writes `~/.keras/keras.json` when it is first imported; kerastui writes nothing outside its home unasked.

    Args:
        environment: Environment in which Keras will be imported.
    """
    if "KERAS_HOME" not in environment and not (Path.home() / ".keras" / "keras.json").exists():
        environment["KERAS_HOME"] = str(home() / "keras")


def log_folder() -> Path:
    """Return the folder of log files, made if absent."""
    return _made(home() / "logs")


def socket_folder() -> Path:
    """Return the folder of the engines' sockets, private to the user.

    A socket's path may have some 100 bytes; under a longer home the folder lies in the system's temporary folder.
    """
    folder = home() / "run"
    if len(os.fsencode(folder)) > 70:
        folder = Path(tempfile.gettempdir()) / f"kerastui-{os.getuid()}" / f"{hash_of(str(home()))}"
    _made(folder)
    folder.chmod(0o700)
    return folder


def hash_of(text: str) -> str:
    """Return a short stable hash of a text, fit for a file name."""
    import hashlib

    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


class Recent(msgspec.Struct, frozen=True):
    """Remember a project that was open.

    Args:
        path: Its folder.
        opened: When it was last opened, seconds since the epoch.
        state: One line on how it was left, say `9 epochs · val 0.223`.
    """

    path: str
    opened: float
    state: str = ""


class Settings(msgspec.Struct, frozen=True):
    """Hold what the person chose for all projects.

    Args:
        theme: Name of the theme.
        ascii: Draw with plain ASCII, for a terminal or font without the glyphs.
    """

    theme: str = "kerastui-dark"
    ascii: bool = False


def recent() -> list[Recent]:
    """Return the projects that were open, newest first, without those whose folder is gone."""
    found = _read(home() / "recent.json", list[Recent], [])
    return [item for item in found if (Path(item.path) / "kerastui.toml").exists()]


def remember(folder: Path, state: str = "") -> None:
    """Put a project at the head of the recent ones; a home that cannot be written is no obstacle.

    Args:
        folder: Its folder.
        state: How it is left; what was known before stays where `""`.
    """
    path = str(folder.absolute())
    known = recent()
    before = next((item.state for item in known if item.path == path), "")
    items = [Recent(path, time.time(), state or before), *(item for item in known if item.path != path)]
    _write(home() / "recent.json", items[:20])


def settings() -> Settings:
    """Return the person's settings; the defaults if there are none or they cannot be read."""
    return _read(home() / "settings.json", Settings, Settings())


def save_settings(chosen: Settings) -> None:
    """Write the person's settings; a home that cannot be written is no obstacle."""
    _write(home() / "settings.json", chosen)


def _read(path: Path, kind: type[T], default: T) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return default


def _write(path: Path, value: object) -> None:
    with contextlib.suppress(OSError):
        write_atomically(path, msgspec.json.format(msgspec.json.encode(value), indent=2))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
