"""The rows of the contract about `export`."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import X, line

from kerastui.engine import Model

row = pytest.mark.row

OTHER = """
import sys
import numpy as np, tensorflow as tf

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("keras", "kerastui", "tf_keras"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocked())
artifact = tf.saved_model.load(sys.argv[1] + "/art")
np.save(sys.argv[1] + "/y.npy", artifact.serve(tf.constant(np.load(sys.argv[1] + "/x.npy"))).numpy())
assert "serving_default" in artifact.signatures
"""


class Doubled(Model):
    """A subclass whose code the artifact does not need."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(2)

    def call(self, rows: Any) -> Any:
        """Double what the layer gives."""
        return 2 * self.dense(rows)


@row("export")
@row("export(filepath)")
def test_an_endpoint_serve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = line()
    model.export(filepath=tmp_path / "art")
    assert f"Saved artifact at '{tmp_path / 'art'}'" in capsys.readouterr().out
    artifact = tf.saved_model.load(tmp_path / "art")
    np.testing.assert_allclose(artifact.serve(tf.constant(X)), model(X), rtol=1e-6)
    model.export(str(tmp_path / "art"), verbose=False)
    assert not capsys.readouterr().out


@row("export#subclass")
def test_a_called_subclass(tmp_path: Path) -> None:
    model: Any = Doubled()
    model(tf.constant(X))
    assert model.export(tmp_path / "art", verify=X, verbose=False) <= 1e-6
    artifact = tf.saved_model.load(tmp_path / "art")
    np.testing.assert_allclose(artifact.serve(tf.constant(X[:2])), model(X[:2]), rtol=1e-5)


@row("export#multi_input")
@pytest.mark.parametrize("names", [True, False])
def test_two_inputs(tmp_path: Path, names: bool) -> None:
    a, b = keras.Input((3,), name="b"), keras.Input((3,), name="a")
    outputs = keras.layers.Dense(2)(keras.layers.Subtract()([a, b]))
    model: Any = Model({"b": a, "a": b} if names else [a, b], outputs)
    samples = {"b": X, "a": 2 * X}
    assert model.export(tmp_path / "art", verify=samples, verbose=False) <= 1e-6


@row("export#other_process")
def test_another_process_needs_no_keras(tmp_path: Path) -> None:
    model = line()
    model.export(tmp_path / "art", verbose=False)
    np.save(tmp_path / "x.npy", X)
    done = subprocess.run([sys.executable, "-c", OTHER, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), model(X), rtol=1e-6)


@row("export#export_archive")
def test_own_endpoints(tmp_path: Path) -> None:
    model = line()
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = [keras.InputSpec(shape=(None, 3), dtype="float32")]
    archive.add_endpoint("call", lambda x: model.call(x, training=False), input_signature=signature)
    archive.add_endpoint("negative", lambda x: -model.call(x), input_signature=signature)
    archive.write_out(str(tmp_path / "art"), verbose=False)
    artifact = tf.saved_model.load(str(tmp_path / "art"))
    np.testing.assert_allclose(artifact.call(X), model(X), rtol=1e-6)
    np.testing.assert_allclose(artifact.negative(X), -model(X), rtol=1e-6)
