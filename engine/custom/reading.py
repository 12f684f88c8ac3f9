"""Read the code of a project into this process, which has TensorFlow: the catalog knows its classes then."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from kerastui.engine.catalog.catalog import Entry, set_own
from kerastui.engine.custom.files import Fault, code_files, stem_of, wrong_name
from kerastui.engine.custom.objects import set_objects
from kerastui.engine.custom.running import LIMIT, PRIVATE, Broken, read_file, run_file
from kerastui.engine.custom.trust import is_trusted
from kerastui.engine.process.protocol import Code

if TYPE_CHECKING:
    from kerastui.engine.custom.entries import Described


class _Loaded(NamedTuple):
    """A file as it was run last without an error."""

    module: ModuleType
    described: Described


class _Reader:
    """What was read last: the code of one project."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.contents: dict[str, bytes | Fault] = {}
        self.loaded: dict[str, _Loaded] = {}
        self.code = Code()


_reader = _Reader()


def read_code(folder: Path, listed: Sequence[str], trusted: bool | None = None, limit: float = LIMIT) -> Code:
    """Read the code of a project, if it is trusted; nothing is run where nothing has changed.

    When one file changes, all are run again, since one can import another. A file that is broken keeps what it gave
    before. The catalog and `build_object` know the classes then, and those of another project no more.

    Args:
        folder: The project's folder.
        listed: `Project.code`: files beside `layers.py`.
        trusted: Whether the code may be run. Defaults to `None`: what the person has said of the folder.
        limit: Seconds that each file may take. Defaults to `LIMIT`.

    Returns:
        Entries, errors and notes.
    """
    folder = folder.absolute()
    files = code_files(folder, listed)
    if folder != _reader.folder:
        _forget([*_reader.loaded])
        _reader.folder, _reader.contents, _reader.code = folder, {}, Code()
    if not (is_trusted(folder) if trusted is None else trusted):
        _forget([*_reader.loaded])
        _reader.contents, _reader.code = {}, Code(files, trusted=not files)
    else:
        contents = {name: _content(folder, name, files[:at]) for at, name in enumerate(files)}
        if contents != _reader.contents or _reader.code.files != files:
            _reader.contents = contents
            _reader.code = _read(folder, files, contents, limit)
    _publish(folder)
    return _reader.code


def _content(folder: Path, name: str, before: Iterable[str]) -> bytes | Fault:
    wrong = wrong_name(name, before)
    if wrong:
        return Fault(name, wrong)
    try:
        return read_file(folder / name, name)
    except Broken as error:
        return error.fault


def _read(folder: Path, files: tuple[str, ...], contents: Mapping[str, bytes | Fault], limit: float) -> Code:
    from kerastui.engine.custom.entries import describe_module, forget_registered

    _forget([name for name in _reader.loaded if name not in files])
    errors: list[Fault] = []
    siblings: dict[str, ModuleType] = {}
    for name in files:
        content = contents[name]
        try:
            if isinstance(content, Fault):
                raise Broken(content)
            module = run_file(folder / name, name, content, siblings, limit)
        except Broken as error:
            errors.append(error.fault)
        else:
            if name in _reader.loaded:
                forget_registered(_reader.loaded[name].module)
            _reader.loaded[name] = _Loaded(module, describe_module(module, name, content))
        if name in _reader.loaded:
            siblings[stem_of(name)] = _reader.loaded[name].module
    described = [_reader.loaded[name].described for name in files if name in _reader.loaded]
    entries = tuple(entry for each in described for entry in each.entries)
    notes = (*(note for each in described for note in each.notes), *_twins(entries))
    return Code(files, entries, tuple(errors), notes, True)


def _twins(entries: Iterable[Entry]) -> Iterator[Fault]:
    """Say which classes several files have, at the later one."""
    known: dict[str, Entry] = {}
    for entry in entries:
        other = known.setdefault(entry.short, entry)
        if other.name != entry.name:
            file, _, line = entry.code.partition(":")
            yield Fault(file, f"{entry.short} is also in {other.code}; this one is {entry.name}", int(line or 0))


def _forget(names: Iterable[str]) -> None:
    """Leave files behind: what they registered, and their modules."""
    from kerastui.engine.custom.entries import forget_registered

    for name in names:
        module = _reader.loaded.pop(name).module
        forget_registered(module)
        sys.modules.pop(PRIVATE + module.__name__, None)


def _publish(folder: Path) -> None:
    loaded = _reader.loaded.values()
    objects = {name: item for each in loaded for name, item in each.described.objects.items()}
    set_objects(objects, {str(folder / name): name for name in _reader.contents})
    set_own(_reader.code.entries)
