"""What must hold in the matrix, and why the rest cannot."""

from typing import Any, NamedTuple

from tests.matrix.formats import FORMATS

LIBRARIES = ("keras", "tf_keras", "here")
TOLERANCE = 1e-5

OF_OURS = {
    "keras": set(FORMATS) - {"SavedModel", "checkpoint"},
    "tf_keras": {".h5", "checkpoint", "weights .h5", "weights .h5, by name", "JSON, and weights", "export"},
}
"""What the other libraries read of what is written here. What they make of each other's files is shown, no more."""

NOT_WRITTEN = {
    "keras": {
        "SavedModel": "Keras 3 writes no SavedModel that is a model, and reads none",
        "checkpoint": "Keras 3 knows no checkpoints of TensorFlow",
        "weights .h5": "Keras 3 writes weights as `.weights.h5` alone",
        "weights .h5, by name": "Keras 3 writes weights as `.weights.h5` alone",
    },
    "tf_keras": {".keras, unzipped": "tf_keras has no unzipped `.keras`"},
}


MARKS = {
    "=": "predictions are equal, and training goes on to the same weights",
    "p": "predictions are equal; the format holds no optimizer",
    "s": "predictions are equal; the reader loses the state of the optimizer",
    "≠": "it opens, and predicts something else",
    "·": "it is not written, or not read",
}


class Cell(NamedTuple):
    """A format, its writer and reader, a kind of model, and what came of it.

    Attributes:
        form: The format.
        writer: The library or layout that wrote.
        reader: The library that read.
        kind: The kind of model.
        mark: What the table shows.
        reason: Why it is no `=` or `p`.
        fails: Whether that is wrong.
        was_written: Whether the writer wrote it.
    """

    form: str
    writer: str
    reader: str
    kind: str
    mark: str
    reason: str = ""
    fails: bool = False
    was_written: bool = True


def judged(form: str, writer: str, reader: str, kind: str, unwritten: str | None, found: dict[str, Any]) -> Cell:
    """Judge what came of a cell.

    Args:
        form: The format.
        writer: Who wrote.
        reader: Who read.
        kind: The kind of model.
        unwritten: The error of the writer, if it had one.
        found: What the reader measured.

    Returns:
        The cell.
    """
    if unwritten is not None:
        reason = _why_not_written(form, writer, kind)
        return Cell(form, writer, reader, kind, "·", reason or unwritten, not reason, was_written=False)
    mark, reason = _came_of(form, found)
    must = reader == "here" or (writer == "here" and form in OF_OURS[reader])
    known = _why_not_read(form, writer, reader, kind, mark)
    return Cell(form, writer, reader, kind, mark, reason and (known or reason), must and not known and mark not in "=p")


def _came_of(form: str, found: dict[str, Any]) -> tuple[str, str]:
    if "predictions" not in found:
        return "·", str(found["error"])
    if not found["predictions"] <= TOLERANCE:
        return "≠", f"predictions are off by {found['predictions']:.1e}"
    if not FORMATS[form].optimizer:
        return "p", ""
    if "training" not in found:
        return "s", str(found["error"])
    off = found["training"]
    return ("=", "") if off <= TOLERANCE else ("s", f"after more steps of training it is off by {off:.1e}")


def _why_not_written(form: str, writer: str, kind: str) -> str:
    if kind == "subclassed" and form == ".h5":
        return NO_SHAPE
    return NOT_WRITTEN.get(writer, {}).get(form, "")


def _why_not_read(form: str, writer: str, reader: str, kind: str, mark: str) -> str:
    if kind == "subclassed" and form == ".h5":
        return NO_SHAPE
    if reader == "keras" and form in ("SavedModel", "checkpoint"):
        return NOT_WRITTEN["keras"][form]
    if reader == "keras" and form == ".h5" and mark == "s":
        return "Keras 3 restores no optimizer from `.h5`, not from its own either"
    if reader == "tf_keras" and form == ".h5" and kind == "custom":
        return "tf_keras cannot read a custom activation in `.h5`, not from its own either"
    if (reader, writer, form, kind) == ("tf_keras", "here", "JSON, and weights", "subclassed"):
        return "tf_keras makes no optimizer of the arguments that one of Keras 3 has"
    return ""


NO_SHAPE = "a subclassed model cannot be built from `.h5`, which holds no shape of its inputs; `load_weights` reads it"
