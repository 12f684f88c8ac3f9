"""Look through a file that may come from anywhere before anything is made of it."""

from __future__ import annotations

import json
import os
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

import h5py

from kerastui.engine.saving.entries import read_entry
from kerastui.engine.saving.errors import DamagedFileError, UnsafeFileError, message
from kerastui.engine.saving.kinds import CONFIG, PICKLE_SUFFIXES, WEIGHTS, opened_zip, reading

SMALL = 256 << 20
"""Bytes that any part of a file may unpack to. A machine that runs TensorFlow has them; Keras stops at the same size
when it unpacks assets, and at 4 GiB for weights, which is already more than many machines have."""

ZIP_EXPANSION = 100
"""How many times larger than it is stored a part beyond `SMALL` may be. Keras stores, which is 1; zipped again, trained
weights come to 1.1 and JSON to about 20; what zip can reach at most is 1,032, and only a bomb comes near."""

HDF5_EXPANSION = 1000
"""The same for an HDF5 data set. Keras stores these too; h5repack brings weights that are all zero to about 1,000."""

LARGEST_CONFIG = 256 << 20
"""Bytes of a configuration. A thousand layers take about 1 MB; as Python objects it grows tenfold."""

VARIABLES_EXPANSION = 8
"""How many times more than the weights in the file the variables of the model may take: the weights, up to three slots
of an optimizer whose state was not saved, and twice that for weights saved in half precision."""

VARIABLES_FLOOR = 1 << 30
"""Bytes that the variables of a model may take whatever the file holds."""

_DRIVE = re.compile(r"^[A-Za-z]:")


def check_archive(path: str | os.PathLike[str]) -> int:
    """Refuse a `.keras` archive that reaches out of itself, or unpacks to far more than it is.

    Args:
        path: The archive.

    Returns:
        The bytes of weights in it, unpacked.

    Raises:
        UnsafeFileError: If an entry has an absolute path or `..` in it, is a link, is there twice, is a pickle, shares
            its bytes with another entry or is a bomb; or if the weights in it do what `check_hdf5` refuses.
        DamagedFileError: If it cannot be read.
    """
    with opened_zip(path) as archive:
        entries = archive.infolist()
        _check_names(path, entries)
        _check_sizes(path, entries)
        if WEIGHTS not in archive.namelist():
            return sum(entry.file_size for entry in entries if entry.filename.endswith(".npz"))
        with reading(path), read_entry(archive, WEIGHTS) as weights, h5py.File(weights, "r") as file:
            return _check_file(file, f"{os.fspath(path)} ({WEIGHTS})")


def check_hdf5(path: str | os.PathLike[str]) -> int:
    """Refuse an HDF5 file that reads other files, or declares far more than it holds.

    Args:
        path: The file.

    Returns:
        The bytes of all data sets in it.

    Raises:
        UnsafeFileError: If it has an external link, a data set stored in another file, a virtual data set, or one that
            declares far more than is stored.
        DamagedFileError: If it cannot be read.
    """
    with reading(path), h5py.File(path, "r") as file:
        return _check_file(file, path)


def read_config(path: str | os.PathLike[str]) -> Any:
    """Read the configuration out of a `.keras` archive or its unzipped folder.

    Args:
        path: The archive, checked by `check_archive`, or the folder.

    Returns:
        The configuration, a dictionary.

    Raises:
        UnsafeFileError: If it is larger than `LARGEST_CONFIG`.
        DamagedFileError: If it is no JSON, or no dictionary.
    """
    with reading(path):
        if Path(path).is_dir():
            with (Path(path) / CONFIG).open("rb") as file:
                written = file.read(LARGEST_CONFIG + 1)
        else:
            with opened_zip(path) as archive, archive.open(CONFIG) as entry:
                written = entry.read(LARGEST_CONFIG + 1)
        if len(written) > LARGEST_CONFIG:
            raise UnsafeFileError(message(path, f"its {CONFIG} has more than {LARGEST_CONFIG >> 20} MiB", _DISTRUST))
        return parsed(written, path)


def parsed(written: bytes | str, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a configuration that is JSON.

    Args:
        written: The JSON.
        path: The file it comes from, for the error.

    Returns:
        The configuration.

    Raises:
        DamagedFileError: If it is no JSON, is nested without end, or is no dictionary.
    """
    hint = "Take the file from where it came from again"
    try:
        found = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(message(path, f"its configuration cannot be read ({error})", hint)) from None
    if not isinstance(found, dict):
        raise DamagedFileError(message(path, "its configuration is not that of a model", hint))
    return found


_DISTRUST = "Keras does not write such files: do not trust this one"


def _check_names(path: str | os.PathLike[str], entries: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename  # `filename` ends at a zero byte, and has the slashes of this system
        parts = name.replace("\\", "/").split("/")
        wrong = ""
        if parts[0] == "" or _DRIVE.match(name) or ".." in parts or "\0" in name:
            wrong = "would be unpacked outside its folder"
        elif stat.S_ISLNK(entry.external_attr >> 16):
            wrong = "is a link"
        elif name in seen:
            wrong = "is there twice"
        elif name.lower().endswith(PICKLE_SUFFIXES):
            wrong = "is a pickle, which runs code when it is read"
        if wrong:
            raise UnsafeFileError(message(path, f"the entry {name!r} of the archive {wrong}", _DISTRUST))
        seen.add(name)


def _check_sizes(path: str | os.PathLike[str], entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        _check_size(path, entry.filename, entry.file_size, entry.compress_size, ZIP_EXPANSION)
    declared = sum(entry.file_size for entry in entries)
    stored = sum(entry.compress_size for entry in entries)
    _check_size(path, "all entries together", declared, stored, ZIP_EXPANSION)
    if stored > os.path.getsize(path):  # one piece of compressed data under many names
        raise UnsafeFileError(message(path, "entries of the archive share their bytes", _DISTRUST))


def _check_size(path: str | os.PathLike[str], name: str, declared: int, stored: int, expansion: int) -> None:
    if declared > SMALL and declared > expansion * stored:
        raise UnsafeFileError(
            message(
                path,
                f"{name} would unpack to {declared:,} bytes from {stored:,}, "
                f"and more than {expansion} times beyond {SMALL >> 20} MiB is a bomb",
                _DISTRUST,
            )
        )


def _check_file(file: h5py.File, path: str | os.PathLike[str]) -> int:
    """Walk over all links by the library's own functions: opening a member would already follow an external link."""
    total, waiting, seen = 0, [file["/"]], set()
    while waiting:
        group = waiting.pop()
        at = h5py.h5o.get_info(group.id).addr
        if at in seen:  # a group can be linked from within itself
            continue
        seen.add(at)
        for name in group:
            link = group.id.links.get_info(name.encode("utf-8", "surrogateescape"))
            where = f"{group.name.rstrip('/')}/{name}"
            if link.type not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT):
                raise UnsafeFileError(message(path, f"{where} is a link to another file", _DISTRUST))
            if link.type == h5py.h5l.TYPE_SOFT:  # leads to what is reached by a hard link, or to a link refused there
                continue
            member = group[name]
            if isinstance(member, h5py.Group):
                waiting.append(member)
            elif isinstance(member, h5py.Dataset):
                total += _check_dataset(member, path)
    return total


def _check_dataset(dataset: h5py.Dataset, path: str | os.PathLike[str]) -> int:
    if dataset.external or dataset.is_virtual:
        what = f"{dataset.name} takes its data from {'another file' if dataset.external else 'other data sets'}"
        raise UnsafeFileError(message(path, what, _DISTRUST))
    declared = int(dataset.size or 0) * int(dataset.dtype.itemsize)
    _check_size(path, str(dataset.name), declared, dataset.id.get_storage_size(), HDF5_EXPANSION)
    return declared
