"""The rows of the contract about `save_spec`."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_models import X, line

from kerastui.engine import Model

row = pytest.mark.row


class Scaled(Model):
    """A subclass of two arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(2)

    def call(self, rows: Any, factor: Any = None) -> Any:
        """Scale what the layer gives."""
        return self.dense(rows) * factor


@row("save_spec")
def test_args_and_kwargs_of_a_call() -> None:
    model: Any = Scaled()
    assert model.save_spec() is None
    model(tf.constant(X), factor=tf.constant(2.0))
    args, kwargs = model.save_spec()
    assert args == [tf.TensorSpec((None, 3), tf.float32, "rows")]
    assert kwargs == {"factor": tf.TensorSpec((), tf.float32, "factor")}
    (spec,), nothing = line().save_spec()
    assert (tuple(spec.shape), spec.dtype, nothing) == ((None, 3), tf.float32, {})


@row("save_spec(dynamic_batch)")
@pytest.mark.parametrize(("dynamic", "size"), [(True, None), (False, len(X))])
def test_the_batch_is_open_or_as_called(dynamic: bool, size: int | None) -> None:
    model: Any = Scaled()
    model(tf.constant(X), factor=tf.constant(2.0))
    for (spec,), _ in (model.save_spec(dynamic), model.save_spec(dynamic_batch=dynamic)):
        assert tuple(spec.shape) == (size, 3)


@row("save_spec#fixed_batch_kept")
@pytest.mark.parametrize("dynamic", [True, False])
def test_a_batch_size_of_the_input_is_kept(dynamic: bool) -> None:
    inputs = keras.Input((3,), batch_size=5)
    model: Any = Model(inputs, keras.layers.Dense(2)(inputs))
    (spec,), _ = model.save_spec(dynamic)
    assert tuple(spec.shape) == (5, 3)


@row("save_spec#example")
def test_a_serve_function_made_of_it_is_a_signature(tmp_path: Path) -> None:
    model = line()

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow ships no types
    def serve(*args: Any, **kwargs: Any) -> Any:
        return model(*args, **kwargs)

    args, kwargs = model.save_spec()
    model.save(tmp_path / "m", signatures={"serving_default": serve.get_concrete_function(*args, **kwargs)})
    (given,) = tf.saved_model.load(tmp_path / "m").signatures["serving_default"](tf.constant(X)).values()
    np.testing.assert_allclose(given, model(X), rtol=1e-6)
