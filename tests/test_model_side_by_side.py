"""Our models beside Keras's own in one process, inside each other, cloned and with Keras's callbacks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui import engine
from kerastui.engine.models.tensorflow_ops import TensorFlowOp

Dense = keras.layers.Dense
X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = X.sum(axis=1, keepdims=True)


def functional(library: Any) -> Any:
    inputs = library.Input((3,))
    return library.Model(inputs, Dense(1)(inputs))


def subclass(library: Any) -> Any:
    class Sub(library.Model):  # type: ignore[misc]  # Keras ships no types
        def __init__(self) -> None:
            super().__init__()
            self.dense = Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    return Sub()


def functional_subclass(library: Any) -> Any:
    class Graph(library.Model):  # type: ignore[misc]  # Keras ships no types
        def __init__(self) -> None:
            inputs = library.Input((3,))
            super().__init__(inputs=inputs, outputs=Dense(1)(inputs))

    return Graph()


def stack(library: Any) -> Any:
    return library.Sequential([library.Input((3,)), Dense(1)])


KINDS = [functional, subclass, functional_subclass, stack]


def history(model: Any) -> list[float]:
    model(X)
    model.set_weights([np.ones((3, 1)), np.zeros(1)])
    model.compile("sgd", "mse")
    losses: list[float] = model.fit(X, 2 * Y, epochs=2, batch_size=4, shuffle=False, verbose=0).history["loss"]
    return losses


@pytest.mark.parametrize("turned", [False, True])
def test_all_kinds_of_both_libraries_in_one_process_in_both_orders(turned: bool) -> None:
    makers: list[tuple[Any, Callable[[Any], Any]]] = [(library, kind) for library in (engine, keras) for kind in KINDS]
    models = [kind(library) for library, kind in (reversed(makers) if turned else makers)]
    histories = [history(model) for model in models]
    assert np.allclose(histories, histories[0], rtol=1e-5)
    ours = [isinstance(model, engine.Model) for model in models]
    assert ours == ([False] * 4 + [True] * 4 if turned else [True] * 4 + [False] * 4)
    assert all(isinstance(model, keras.Model) for model in models)


@pytest.mark.parametrize("inner", KINDS)
@pytest.mark.parametrize(("outer", "inside"), [(engine, keras), (keras, engine)], ids=["in ours", "in Keras's"])
def test_models_of_one_library_are_layers_of_the_other(outer: Any, inside: Any, inner: Callable[[Any], Any]) -> None:
    layer = inner(inside)
    inputs = outer.Input((3,))
    model = outer.Model(inputs, 2 * layer(inputs))
    assert np.allclose(model(X), 2 * np.asarray(layer(X)))
    model.compile("sgd", "mse")
    losses = model.fit(X, Y, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.layers[1] is layer


@pytest.mark.parametrize("clone", [keras.models.clone_model, engine.clone_model], ids=["Keras's", "ours"])
@pytest.mark.parametrize("kind", [functional, stack])
def test_a_clone_has_the_architecture_and_weights_of_its_own(kind: Callable[[Any], Any], clone: Any) -> None:
    model = kind(engine)
    twin = clone(model)
    assert isinstance(twin, keras.Model)
    assert twin.get_config()["layers"][-1]["config"]["units"] == 1
    assert not {id(weight) for weight in twin.weights} & {id(weight) for weight in model.weights}
    if clone is engine.clone_model or kind is functional:
        assert type(twin) is type(model)


def test_callbacks_of_keras_work_on_each_kind(tmp_path: Path) -> None:
    for number, kind in enumerate(KINDS):
        model = kind(engine)
        seen: list[tuple[int, float]] = []

        class Seen(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
            def on_epoch_end(self, epoch: int, logs: Any = None, seen: Any = seen) -> None:
                assert isinstance(self.model, engine.Model)
                seen.append((epoch, logs["loss"]))

        path = tmp_path / f"{number}.weights.h5"
        callbacks = [
            Seen(),
            keras.callbacks.EarlyStopping("loss", min_delta=1e9, patience=1),
            keras.callbacks.ModelCheckpoint(path, monitor="loss", save_best_only=True, save_weights_only=True),
            keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
        ]
        model.compile("sgd", "mse")
        model.fit(X, Y, epochs=5, callbacks=callbacks, verbose=0)
        assert [epoch for epoch, _ in seen] == [0, 1]
        assert float(model.optimizer.learning_rate) == pytest.approx(0.05)
        assert path.exists()


def test_additions_leave_models_of_keras_as_they_are() -> None:
    model = functional(keras)
    with pytest.raises(NotImplementedError):
        model.add_loss(keras.ops.mean(model.output))
    with pytest.raises(ValueError, match="KerasTensor"):
        tf.convert_to_tensor(model.output)
    with pytest.raises(ValueError, match="Received invalid value"):
        Dense(1).add_loss("text")
    assert not hasattr(model, "get_weight_paths")


def test_functions_of_tensorflow_on_symbolic_tensors_compute_what_they_do_on_tensors() -> None:
    a, b = engine.Input((3,)), engine.Input((3,))
    functions: list[Callable[[Any, Any], Any]] = [
        lambda x, y: tf.abs(tf.reduce_mean(x, axis=1, keepdims=True)),
        lambda x, y: tf.concat([x, y], axis=1),
        lambda x, y: tf.concat([x, tf.ones((8, 3))], axis=-1),
        lambda x, y: tf.matmul(x, y, transpose_b=True),
        lambda x, y: tf.math.squared_difference(x, y),
        lambda x, y: tf.where(x > y, x, tf.zeros_like(y)),
        lambda x, y: tf.cast(tf.argmax(x + y, axis=1), tf.float32),
        lambda x, y: tf.reshape(x, [tf.shape(x)[0], 3, 1]),
        lambda x, y: tf.stack(tf.split(x, 3, axis=1)),
        lambda x, y: tf.nn.softmax(x) / tf.norm(y),
        lambda x, y: tf.ones((3,)) * x - tf.maximum(0.0, y),
        lambda x, y: tf.gather(tf.transpose(x), [0, 2]),
        lambda x, y: tf.nn.moments(x, axes=[1])[1],
        lambda x, y: tf.roll(tf.einsum("ij,ij->ij", x, y), 1, axis=1),
        lambda x, y: tf.clip_by_value(tf.math.cumsum(x, axis=1, reverse=True), -0.5, 0.5),
    ]
    for function in functions:
        model = engine.Model([a, b], function(a, b))
        expected = function(tf.constant(X), tf.constant(-X))
        assert np.allclose(model([X, -X]), expected, atol=1e-6)
        twin = engine.Model.from_config(model.get_config())
        assert np.allclose(twin([X, -X]), expected, atol=1e-6)


def test_what_has_its_like_in_keras_opens_in_stock_keras(tmp_path: Path) -> None:
    inputs = engine.Input((3,))
    model = engine.Model(inputs, tf.reduce_sum(tf.concat([tf.exp(inputs), tf.nn.relu(inputs)], 1), axis=-1))
    assert not any(isinstance(operation, TensorFlowOp) for operation in model.operations)
    model.save(tmp_path / "m.keras")
    assert np.allclose(keras.saving.load_model(tmp_path / "m.keras")(X), model(X))


@pytest.mark.parametrize(
    "symbol", ["io.read_file", "py_function", "raw_ops.ReadFile", "keras.Model", "os.system", "", 3]
)
def test_a_file_names_no_function_but_of_mathematics(symbol: Any) -> None:
    with pytest.raises(ValueError, match="`symbol` must name a function of TensorFlow"):
        TensorFlowOp(symbol)
    with pytest.raises(TypeError, match="`symbol` must name a function of TensorFlow"):
        TensorFlowOp.from_config({"symbol": symbol})
