"""What the examples of the reference documents promise of saving, loading and exporting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.engine import keras, tf
from kerastui.engine.keras.models import load_model

X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


def trained_model() -> Any:
    inputs = keras.Input((3,), name="row")
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, X[:, :2], verbose=0)
    return model


def test_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = trained_model()
    model.export(str(tmp_path / "artifact"))
    artifact = tf.saved_model.load(str(tmp_path / "artifact"))
    np.testing.assert_allclose(artifact.serve(tf.constant(X)), model(X), rtol=1e-6)


def test_save_keras(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Do not pass an `input_shape`"):  # as Keras 3 does; the example is older
        first = tf.keras.layers.Dense(4, input_shape=(3,))
    model = tf.keras.Sequential([first, tf.keras.layers.Softmax()])
    model.save(str(tmp_path / "model.keras"))
    loaded = tf.keras.models.load_model(str(tmp_path / "model.keras"))
    assert isinstance(loaded, tf.keras.Sequential)
    rows = tf.random.uniform((10, 3), seed=1)
    np.testing.assert_allclose(model.predict(rows, verbose=0), loaded.predict(rows, verbose=0), rtol=1e-6)


def test_save_h5(tmp_path: Path) -> None:
    model = trained_model()
    expected, steps = model.predict(X, verbose=0), int(model.optimizer.iterations)
    model.save(str(tmp_path / "model.h5"))
    del model

    model = load_model(str(tmp_path / "model.h5"))
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-6)
    assert model.compiled
    assert int(model.optimizer.iterations) == steps
    history = model.fit(X, X[:, :2], epochs=2, verbose=0).history
    assert list(history) == ["loss", "mae"]
    assert history["loss"][1] < history["loss"][0]


def test_save_spec(tmp_path: Path) -> None:
    model = trained_model()
    args, kwargs = model.save_spec()
    assert [(spec.shape.as_list(), spec.dtype, spec.name) for spec in args] == [([None, 3], tf.float32, "row")]
    assert kwargs == {}

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow ships no types
    def doubled(*values: Any, **named: Any) -> Any:
        return 2 * model(*values, **named)

    folder = str(tmp_path / "served")
    model.save(folder, signatures={"serving_default": doubled.get_concrete_function(*args, **kwargs)})
    signatures = tf.saved_model.load(folder).signatures
    assert list(signatures) == ["serving_default"]
    (served,) = signatures["serving_default"](tf.constant(X)).values()
    np.testing.assert_allclose(served, 2 * model(X), rtol=1e-6)
