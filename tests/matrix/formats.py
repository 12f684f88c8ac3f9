"""Each format: how a library writes it, and how it reads it."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.matrix.models import custom_objects, data, made


class Format(NamedTuple):
    """One kind of file.

    Attributes:
        file: Its name in the folder of a model.
        write: Writes a model to that path.
        read: Given the library, the kind of model and the path, gives a model, or a function that predicts.
        optimizer: Whether the state of the optimizer is in it.
    """

    file: str
    write: Callable[[Any, Path], Any]
    read: Callable[[Any, str, Path], Any]
    optimizer: bool = True


def _model(k: Any, kind: str, path: Path) -> Any:
    objects = custom_objects(k, kind)
    try:
        return k.models.load_model(path, custom_objects=objects)
    except Exception:
        if k.__name__.startswith("kerastui"):
            raise
        return k.models.load_model(path, custom_objects=objects, compile=False)


@functools.cache
def _target(k: Any, kind: str) -> Any:
    """Make the model that weights are read into, once for all files: making it takes longer than reading."""
    return made(k, kind)


def _weights(k: Any, kind: str, path: Path, **options: Any) -> Any:
    model = _target(k, kind)
    model.set_weights([0 * one for one in model.get_weights()])
    model.load_weights(path, **options)
    return model


def _by_name(k: Any, kind: str, path: Path) -> Any:
    return _weights(k, kind, path, by_name=True)


def _json(model: Any, path: Path) -> None:
    text = model.to_json()
    path.mkdir()
    (path / "model.json").write_text(text)
    try:
        model.save_weights(path / "model.h5")
    except ValueError:  # Keras 3 has no other format
        model.save_weights(path / "model.weights.h5")


def _from_json(k: Any, kind: str, path: Path) -> Any:
    model = k.models.model_from_json((path / "model.json").read_text(), custom_objects=custom_objects(k, kind))
    model(data(kind)[0])  # what tf_keras writes of a subclassed model has no shape of its inputs
    model.load_weights(next(path.glob("*.h5")))
    return model


def _served(k: Any, kind: str, path: Path) -> Any:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    return lambda rows: loaded.serve(tf.nest.map_structure(tf.constant, rows))


def _save_weights(model: Any, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    model.save_weights(path)


FORMATS: Mapping[str, Format] = {
    ".keras": Format("model.keras", lambda model, path: model.save(path), _model),
    ".keras, unzipped": Format("unzipped", lambda model, path: model.save(path, zipped=False), _model),
    ".h5": Format("model.h5", lambda model, path: model.save(path), _model),
    "SavedModel": Format("saved_model", lambda model, path: model.save(path), _model),
    "checkpoint": Format("checkpoint/latest", _save_weights, _weights),
    ".weights.h5": Format("model.weights.h5", _save_weights, _weights),
    "weights .h5": Format("topology.h5", _save_weights, _weights, optimizer=False),
    "weights .h5, by name": Format("by_name.h5", _save_weights, _by_name, optimizer=False),
    "JSON, and weights": Format("json", _json, _from_json, optimizer=False),
    "export": Format("export", lambda model, path: model.export(path), _served, optimizer=False),
}
