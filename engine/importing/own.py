"""Code that comes with a model that is imported: the files that its own classes are in become those of the project."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

from kerastui.engine.custom.files import stem_of

FIRST = "layers.py"
"""The file that a project reads without listing it."""


class Own(NamedTuple):
    """Hold the code that comes with a model.

    Args:
        names: Classes and functions, each with the name that the document has for it: `layers.ScaledTanh`.
        files: The files, those that others import first.
    """

    names: Mapping[Any, str] = MappingProxyType({})
    files: tuple[Path, ...] = ()

    @property
    def listed(self) -> tuple[str, ...]:
        """The names of the files, as `Project.code` lists them."""
        return tuple(path.name for path in self.files if path.name != FIRST)


def own_of_file(path: Path, found: Mapping[str, Any]) -> Own:
    """Return the code of one file.

    Args:
        path: The file.
        found: What it defines and imports, by name.
    """
    return Own(dict(_named(stem_of(path.name), found, str(path))), (path,))


def own_of_modules(modules: Iterable[ModuleType]) -> Own:
    """Return the code of modules that were imported, in the order in which their import began."""
    known = {Path(str(module.__file__)): module for module in reversed([*modules])}
    names = {item: name for path, each in known.items() for item, name in _named(path.stem, vars(each), str(path))}
    return Own(names, tuple(known))


def _named(stem: str, found: Mapping[str, Any], file: str) -> Iterator[tuple[Any, str]]:
    """Yield the public classes and functions that a file defines itself, each with its name in a document."""
    for name, item in found.items():
        public = name.isidentifier() and not name.startswith("_")
        if public and (inspect.isclass(item) or inspect.isfunction(item)) and _is_in(item, file):
            yield item, f"{stem}.{name}"


def _is_in(item: Any, file: str) -> bool:
    """Tell whether a class or function was written in a file; a class without a function of its own is not found."""
    functions = [item] if inspect.isfunction(item) else [*map(inspect.unwrap, filter(callable, vars(item).values()))]
    return any(getattr(getattr(each, "__code__", None), "co_filename", None) == file for each in functions)
