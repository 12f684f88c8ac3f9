"""What is wrong with a model file. Each error is also of the type that Keras documents for its case."""

from __future__ import annotations

import os

Path = str | os.PathLike[str]


class ModelFileError(ValueError):
    """A model file that cannot be opened as asked; the message names the file, what is wrong and what to do."""


class MissingFileError(ModelFileError, FileNotFoundError):
    """There is no such file."""


class DamagedFileError(ModelFileError, OSError):
    """A file that is empty, cut short or otherwise not what its beginning promises."""


class ForeignFileError(ModelFileError, OSError):
    """A whole file, but not one that holds a Keras model."""


class UnsafeFileError(ModelFileError):
    """A file that would run code, read other files, or take far more memory than it holds."""


class UnknownObjectsError(ModelFileError, TypeError):
    """A file that needs classes or functions that are neither Keras's, nor registered, nor passed."""


class RebuildError(ModelFileError, TypeError):
    """A file whose configuration or weights do not make a model here."""


class NewerFileError(RebuildError):
    """A file of a newer Keras, with something in it that this one does not know."""


def message(path: Path, what: str, hint: str = "") -> str:
    """Word an error: the file, what is wrong with it, and what to do next.

    Args:
        path: The file.
        what: What is wrong, without a full stop.
        hint: What to do, without a full stop. Defaults to nothing.

    Returns:
        One paragraph.
    """
    return f"{os.fspath(path)}: {what.rstrip('.')}.{f' {hint}.' if hint else ''}"
