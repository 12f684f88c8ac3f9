"""Make the namespace's modules: each has Keras's public names, the old ones that Keras dropped, and ours in place."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from kerastui.engine.keras._ours import OURS, built_as_ours
from kerastui.engine.keras_private import keras, old_keras


def fill(package: str) -> None:
    """Fill the package of the namespace, and make the modules below it.

    Modules are made rather than found on import: Keras has loaded all of its own already, and all that is left to do is
    to copy some 60 short lists of names, which takes about a millisecond.

    Args:
        package: Name of the package, which is being imported. Its modules go into `sys.modules` below that.
    """
    contents: dict[str, dict[str, Any]] = {}
    # What comes later counts: an old name gives way to one of Keras 3, and that to ours.
    for path, names in (*_modules(old_keras), *_modules(keras), *OURS.items()):
        contents.setdefault(path, {}).update(names)
    for path, names in contents.items():
        module = _make_module(f"{package}.{path}") if path else sys.modules[package]
        # Of what stands among the applications, all that begins with a capital builds a model.
        builds = path.partition(".")[0] == "applications"
        for name, value in names.items():
            setattr(module, name, built_as_ours(value) if builds and name[0].isupper() else value)


def _modules(module: ModuleType, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk a package of Keras: the path of each module in it, and what it shows but for modules; outer ones first."""
    names = {name: value for name, value in vars(module).items() if name[0] != "_" and name != "src"}
    if not path:
        names["__version__"] = keras.__version__
    inner = {name: value for name, value in names.items() if isinstance(value, ModuleType)}
    yield path, {name: value for name, value in names.items() if name not in inner}
    for name, value in inner.items():
        yield from _modules(value, f"{path}.{name}".lstrip("."))


def _make_module(name: str) -> ModuleType:
    """Make an empty module of that name, known to the import system and to the module above it."""
    module = ModuleType(
        name, "The module of Keras with that name, with this project's models in the place of Keras's own."
    )
    # A package without a folder, so that modules below it are looked up in `sys.modules`.
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    module.__path__ = []
    module.__package__ = name
    sys.modules[name] = module
    above, _, last = name.rpartition(".")
    setattr(sys.modules[above], last, module)
    return module
