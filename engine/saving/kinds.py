"""Tell what a file is from what is in it: suffixes are given by people. Neither TensorFlow nor Keras is needed."""

from __future__ import annotations

import errno
import json
import os
import re
import struct
import zipfile
import zlib
from enum import Enum
from pathlib import Path
from typing import Any

import h5py

from kerastui.engine.saving.errors import DamagedFileError, MissingFileError, ModelFileError, message

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
"""What is in a `.keras` archive."""

PICKLED = re.compile(rb"\x80[\x02-\x05]")
PICKLE_SUFFIXES = (".pkl", ".pickle", ".joblib", ".dill")

_HDF5_SAYS = re.compile(r"\W*(can't|unable to|couldn't|unspecified error)\b.*\(.*\)\W*$", re.IGNORECASE | re.DOTALL)
"""How HDF5 words what it cannot read, whatever the class of the error: what it was about to do, and why not."""

_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO)

_LARGEST_METADATA = 1 << 20
"""Bytes read to tell generations apart; what Keras writes has about 80."""


class Kind(Enum):
    """What a file or folder holds; the value says it in words."""

    ARCHIVE = "a .keras archive"
    ARCHIVE_2 = "a .keras archive of Keras 2"
    FOLDER = "an unzipped .keras archive"
    HDF5 = "an HDF5 model"
    HDF5_2 = "an HDF5 model of Keras 2"
    SAVED_MODEL = "a SavedModel"
    OTHER_FOLDER = "a folder without a model that is known here"
    JSON = "an architecture in JSON, without weights"
    WEIGHTS = "weights alone, in HDF5"
    SHARDED_WEIGHTS = "weights alone, in several files"
    CHECKPOINT = "a checkpoint of TensorFlow, weights alone"
    PICKLE = "a pickle, or an archive with a pickle in it"
    NUMPY = "arrays of NumPy"
    LITERT = "a LiteRT model"
    OTHER = "no Keras model"


MODELS = frozenset({Kind.ARCHIVE, Kind.ARCHIVE_2, Kind.FOLDER, Kind.HDF5, Kind.HDF5_2, Kind.SAVED_MODEL})
"""Kinds that hold a whole model."""


def kind_of(path: str | os.PathLike[str]) -> Kind:
    """Tell what a file or folder is by its content.

    Args:
        path: The file or folder, or the prefix of a checkpoint.

    Returns:
        Its kind.

    Raises:
        MissingFileError: If nothing is there.
        DamagedFileError: If it is empty, or is cut short.
        OSError: If it cannot be read.

    Example:
        >>> kind_of("digits.keras")  # doctest: +SKIP
        <Kind.ARCHIVE: 'a .keras archive'>
    """
    path = Path(path)
    if path.is_dir():
        return _of_folder(path)
    if not path.exists():
        if Path(f"{path}.index").exists():
            return Kind.CHECKPOINT
        raise MissingFileError(message(path, "there is no such file or folder", "Check the path"))
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        raise DamagedFileError(message(path, "the file is empty", "Take it from where it came from again"))
    if head.startswith(b"PK\x03\x04"):
        return _of_zip(path)
    if h5py.is_hdf5(path):
        return _of_hdf5(path)
    return _of_bytes(path, head)


def _of_folder(path: Path) -> Kind:
    if (path / CONFIG).is_file():
        return Kind.FOLDER
    if (path / "saved_model.pb").is_file() or (path / "saved_model.pbtxt").is_file():
        return Kind.SAVED_MODEL
    return Kind.CHECKPOINT if (path / "checkpoint").is_file() else Kind.OTHER_FOLDER


def _of_bytes(path: Path, head: bytes) -> Kind:
    if PICKLED.match(head) or path.suffix in PICKLE_SUFFIXES:
        return Kind.PICKLE
    if head.startswith(b"\x93NUMPY"):
        return Kind.NUMPY
    if head[4:8] == b"TFL3":
        return Kind.LITERT
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _of_json(path)
    return Kind.OTHER


def _of_json(path: Path) -> Kind:
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except (ValueError, RecursionError):
        raise DamagedFileError(message(path, "begins as JSON, and is not", "It is cut short or was edited")) from None
    if "weight_map" in found:
        return Kind.SHARDED_WEIGHTS
    return Kind.JSON if "class_name" in found and "config" in found else Kind.OTHER


def _of_zip(path: Path) -> Kind:
    with opened_zip(path) as archive:
        names = archive.namelist()
        if CONFIG in names:
            return Kind.ARCHIVE_2 if _version(archive, path).startswith(("1.", "2.")) else Kind.ARCHIVE
        if any(name.endswith((*PICKLE_SUFFIXES, ".pt")) for name in names):
            return Kind.PICKLE
        return Kind.NUMPY if names and all(name.endswith(".npy") for name in names) else Kind.OTHER


def _version(archive: zipfile.ZipFile, path: Path) -> str:
    """Give the version of Keras that an archive says wrote it; `""` if it says none."""
    if METADATA not in archive.namelist():
        return ""
    with reading(path), archive.open(METADATA) as file:
        metadata: Any = json.loads(file.read(_LARGEST_METADATA))
    return str(metadata.get("keras_version", "")) if isinstance(metadata, dict) else ""


def _of_hdf5(path: Path) -> Kind:
    with reading(path), h5py.File(path, "r") as file:
        if "model_config" in file.attrs:
            return Kind.HDF5 if text(file.attrs.get("keras_version", "")).startswith("3.") else Kind.HDF5_2
        weights = "layer_names" in file.attrs or {"layers", "vars", "_layer_checkpoint_dependencies"} & set(file)
        return Kind.WEIGHTS if weights else Kind.OTHER


def version_of(path: str | os.PathLike[str], kind: Kind) -> str:
    """Give the version of Keras that a model file says wrote it.

    Args:
        path: The file.
        kind: What it is.

    Returns:
        The version as `"3.15.1"`; `""` if the file says none.
    """
    path = Path(path)
    if kind in (Kind.ARCHIVE, Kind.ARCHIVE_2):
        with opened_zip(path) as archive:
            return _version(archive, path)
    if kind in (Kind.HDF5, Kind.HDF5_2):
        with h5py.File(path, "r") as file:
            return text(file.attrs.get("keras_version", ""))
    return ""


def opened_zip(path: str | os.PathLike[str]) -> zipfile.ZipFile:
    """Open a zip archive for reading.

    Args:
        path: The archive.

    Returns:
        The archive; close it.

    Raises:
        DamagedFileError: If its table of contents cannot be read.
    """
    with reading(path):
        return zipfile.ZipFile(path)


def text(value: Any) -> str:
    """Give an attribute of an HDF5 file as text; old files hold bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


class reading:  # noqa: N801 — used as a context manager, like a function
    """Within this, what a library says about a damaged file becomes a `DamagedFileError` that names the file."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        """Word the error."""
        ours = error is None or isinstance(error, ModelFileError) or not isinstance(error, Exception)
        if ours or (isinstance(error, OSError) and error.errno is not None):  # of the disk, not of the file
            return
        what = f"the file is damaged or cut short ({error})"
        raise DamagedFileError(message(self._path, what, "Take it from where it came from again")) from error


class storing:  # noqa: N801 — used as a context manager, like a function
    """Within this, what a library says of a disk that takes no more becomes an `OSError` with its number and the file.

    HDF5 says it in a `RuntimeError` as it closes a file, TensorFlow in errors of its own, OpenVINO hardly.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        """Word the error."""
        library = type(error).__module__.startswith(("tensorflow", "openvino"))
        numbered = getattr(error, "errno", None) is not None
        if numbered or not (library or isinstance(error, (OSError, RuntimeError))):
            return
        said = str(error)
        told = re.search(r"errno = (\d+)", said)
        number = int(told[1]) if told else next((one for one in _OF_THE_DISK if os.strerror(one) in said), 0)
        if number or "iostream error" in said:
            number = number or errno.EIO
            raise OSError(number, os.strerror(number), os.fspath(self._path)) from error


def is_damage(error: BaseException) -> bool:
    """Say whether an error is what libraries raise for bytes that make no sense, rather than for the disk or a model.

    Args:
        error: The error, from anywhere in making a model of a file.
    """
    if isinstance(error, ModelFileError):
        return False
    if isinstance(error, OSError):  # errors of the system have a number, those of HDF5 have none
        return error.errno is None
    damage = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, json.JSONDecodeError, UnicodeDecodeError)
    return isinstance(error, damage) or (
        isinstance(error, (RuntimeError, LookupError, ValueError)) and _HDF5_SAYS.match(str(error)) is not None
    )
