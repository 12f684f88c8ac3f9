"""Contract: `add_loss` in every form, and what `losses` gives."""

import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Model, Sequential, clone_model, load_model

Dense = keras.layers.Dense
row = pytest.mark.row
X = np.linspace(-1, 1, 40, dtype="float32").reshape(4, 10)


def graph(**kwargs: Any) -> tuple[Any, Any]:
    """Give the model of the documents' examples, and the output of its hidden layer."""
    inputs = Input((10,))
    hidden = Dense(10, name="hidden", **kwargs)(inputs)
    return Model(inputs, Dense(1, name="out")(hidden)), hidden


def with_loss() -> Any:
    model, hidden = graph()
    model.add_loss(tf.abs(tf.reduce_mean(hidden)))
    return model


def expected(model: Any, x: Any = X) -> float:
    return abs(float(np.mean(model.get_layer("hidden")(x))))


class Layer(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """Adds whatever it is told to, in `call`."""

    def __init__(self, make: Any) -> None:
        super().__init__()
        self.make = make

    def call(self, inputs: Any) -> Any:
        self.add_loss(self.make(inputs))
        return inputs


@row("losses")
def test_losses_of_a_layer_are_those_of_its_last_call() -> None:
    layer = Layer(lambda x: tf.abs(tf.reduce_mean(x)))
    for value in (1.0, 3.0):
        layer(np.full((10, 1), value))
        assert [float(loss) for loss in layer.losses] == [value]
    inputs = Input((1,))
    model = Model(inputs, Dense(1, kernel_regularizer="l2")(layer(inputs)))
    model(np.full((10, 1), 2.0))
    kernel = model.weights[0].numpy()
    assert [float(loss) for loss in model.losses] == [2.0, pytest.approx(0.01 * (kernel**2).sum())]


@row("losses#gradient_tape")
def test_losses_read_under_a_tape_carry_gradients() -> None:
    model, hidden = graph(kernel_regularizer=keras.regularizers.L2(0.5))
    model.add_loss(tf.reduce_sum(hidden))
    kernel = model.get_layer("hidden").kernel
    model.add_loss(lambda: 3 * tf.reduce_sum(kernel))
    with tf.GradientTape(persistent=True) as tape:
        model(X)
        by_call, by_function, regularization = (tf.identity(loss) for loss in model.losses)
    kernel_value = kernel.value
    rows = np.repeat(X.sum(0, keepdims=True).T, 10, axis=1)
    assert np.allclose(tape.gradient(by_call, kernel_value), rows, atol=1e-5)
    assert np.allclose(tape.gradient(by_function, kernel_value), 3)
    assert np.allclose(tape.gradient(regularization, kernel_value), kernel.numpy())


@row("add_loss")
def test_an_added_loss_is_what_training_minimises() -> None:
    model, _ = graph()
    model.add_loss(tf.reduce_mean(tf.square(model.output)))
    first = float(np.mean(np.square(model(X))))
    model.compile("sgd")
    history = model.fit(X, epochs=5, batch_size=4, verbose=0).history["loss"]
    assert history[0] == pytest.approx(first, rel=1e-4)
    assert all(after < before for before, after in itertools.pairwise(history))
    assert model.evaluate(X, verbose=0) < history[-1]


@row("add_loss(losses)")
@pytest.mark.parametrize("form", ["positional", "losses", "loss", "list", "twice"])
def test_add_loss_takes_one_or_several_by_either_name(form: str) -> None:
    model, hidden = graph()
    one, two = tf.reduce_mean(hidden), tf.reduce_sum(hidden)
    if form in ("positional", "twice"):
        model.add_loss(one)
    if form == "twice":
        model.add_loss(two)
    if form in ("losses", "loss"):
        model.add_loss(**{form: one})
    if form == "list":
        model.add_loss([one, [two]])
    many = 2 if form in ("list", "twice") else 1
    assert len(model.losses) == many
    values = np.asarray(model.get_layer("hidden")(X))
    model(X)
    assert np.allclose([float(loss) for loss in model.losses], [values.mean(), values.sum()][:many], atol=1e-5)


def test_add_loss_of_nothing_or_of_what_is_no_loss_is_refused() -> None:
    model, _ = graph()
    other = Input((10,))
    with pytest.raises(TypeError, match="one `losses`"):
        model.add_loss()
    with pytest.raises(TypeError, match="weight"):
        model.add_loss(lambda: 1.0, weight=2)
    with pytest.raises(ValueError, match="must be computed from the inputs of the model 'functional"):
        model.add_loss(tf.reduce_sum(other))
    with pytest.raises(ValueError, match="Received invalid value: much"):
        model.add_loss("much")
    assert model.losses == []


@row("add_loss(**kwargs)")
def test_add_loss_accepts_the_inputs_of_old() -> None:
    class Old(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
        def call(self, inputs: Any) -> Any:
            self.add_loss(tf.reduce_sum(inputs), inputs=inputs)
            return inputs

    layer = Old()
    layer(tf.ones((2, 3)))
    assert [float(loss) for loss in layer.losses] == [6.0]
    model, hidden = graph()
    model.add_loss(tf.reduce_mean(hidden), inputs=model.inputs)
    assert len(model.losses) == 1


@row("add_loss#symbolic")
def test_a_symbolic_loss_stands_for_itself_until_a_call_gives_it_a_value() -> None:
    model, hidden = graph()
    before = len(model.losses)
    loss = tf.abs(tf.reduce_mean(hidden))
    model.add_loss(loss)
    assert (before, len(model.losses)) == (0, 1)
    assert model.losses[0] is loss
    for x in (X, 2 * X):
        model(x)
        assert [float(value) for value in model.losses] == [pytest.approx(expected(model, x), abs=1e-6)]
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((4, 1)), epochs=2, batch_size=2, verbose=0)
    assert len(model.losses) == 1
    total = model.evaluate(X, np.zeros((4, 1)), batch_size=4, verbose=0)
    assert total == pytest.approx(float(np.mean(np.square(model(X)))) + expected(model), abs=1e-5)


def test_a_loss_added_between_two_trainings_counts_in_the_second() -> None:
    model, hidden = graph()
    model.compile(keras.optimizers.SGD(0.0), "mse")
    losses = [model.evaluate(X, np.zeros((4, 1)), verbose=0)]
    for addition in (tf.reduce_mean(tf.zeros_like(hidden) + 2), lambda: tf.constant(3.0)):
        model.add_loss(addition)
        losses.append(model.evaluate(X, np.zeros((4, 1)), verbose=0))
    assert np.diff(losses) == pytest.approx([2, 3], abs=1e-5)


def test_layers_and_inputs_that_only_a_loss_uses_belong_to_the_model() -> None:
    x, target = Input((10,), name="x"), Input((1,), name="target")
    outputs = Dense(1, name="out")(x)
    model = Model([x, target], outputs)
    model.add_loss(tf.reduce_mean(tf.square(Dense(1, name="only_loss")(outputs) - target)))
    assert [layer.name for layer in model.layers][-1] == "only_loss"
    assert len(model.trainable_weights) == 4
    model.compile("sgd")
    before = model.get_layer("only_loss").get_weights()
    model.fit({"x": X, "target": np.ones((4, 1))}, verbose=0)
    assert not np.array_equal(before[0], model.get_layer("only_loss").get_weights()[0])
    assert model.predict([X, np.ones((4, 1))], verbose=0).shape == (4, 1)


def test_a_model_with_losses_works_as_a_layer_and_in_a_subclass() -> None:
    class Outer(Model):
        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    inner = with_loss()
    inputs = Input((10,))
    for outer in (Model(inputs, inner(inputs)), Outer(inner), Sequential([Input((10,)), inner]), stock_around(inner)):
        outer(X)
        assert [float(loss) for loss in outer.losses] == [pytest.approx(expected(inner), abs=1e-6)]


def stock_around(inner: Any) -> Any:
    inputs = keras.Input((10,))
    return keras.Model(inputs, inner(inputs))


@row("add_loss#symbolic_library_ops")
def test_a_symbolic_loss_of_keras_operations() -> None:
    model, hidden = graph()
    model.add_loss(keras.ops.mean(keras.losses.mean_squared_error(keras.ops.zeros_like(hidden), hidden)))
    model(X)
    assert float(model.losses[0]) == pytest.approx(float(np.mean(np.square(model.get_layer("hidden")(X)))), rel=1e-5)


@row("add_loss#symbolic_in_config")
def test_a_symbolic_loss_survives_configuration_file_and_clone(tmp_path: Path) -> None:
    model = with_loss()
    model.compile("sgd", "mse")
    model.save(tmp_path / "m.keras")
    made = [
        Model.from_config(model.get_config()),
        keras.models.clone_model(model),
        clone_model(model),
        load_model(tmp_path / "m.keras"),
    ]
    for other in made:
        assert len(other.losses) == 1
        other.set_weights(model.get_weights())
        other(X)
        assert [float(loss) for loss in other.losses] == [pytest.approx(expected(model), abs=1e-6)]
    assert len(clone_model(made[1]).losses) == 1


def test_stock_keras_opens_a_file_with_losses_in_it(tmp_path: Path) -> None:
    x = Input((10,), name="x")
    hidden = Dense(3, name="hidden")(x)
    model = Model(x, Dense(3, name="out")(hidden))
    model.add_loss(tf.reduce_mean(Dense(3, name="only_loss")(hidden)))
    model.add_metric(tf.reduce_sum(hidden), name="sum")
    model.compile("adam", "mse")
    model.fit(X, np.zeros((4, 3)), verbose=0)
    model.save(tmp_path / "m.keras")
    stock = keras.saving.load_model(tmp_path / "m.keras", compile=False)
    assert type(stock).__module__.startswith("keras.")
    assert np.allclose(stock(X), model(X))
    assert keras.models.model_from_json(model.to_json()).output_shape == (None, 3)


@row("add_loss#lambda")
def test_a_function_is_called_whenever_losses_is_read_and_at_each_step() -> None:
    inputs = Input((10,))
    layer = Dense(10, kernel_initializer="ones", use_bias=False)
    model = Model(inputs, Dense(1, trainable=False)(layer(inputs)))
    model.add_loss(lambda: tf.reduce_mean(layer.kernel))
    assert [float(loss) for loss in model.losses] == [1.0]
    layer.kernel.assign(2 * layer.kernel)
    assert [float(loss) for loss in model.losses] == [2.0]
    model.compile(keras.optimizers.SGD(1.0))
    history = model.fit(X, epochs=3, batch_size=4, verbose=0).history["loss"]
    assert history == pytest.approx([2.0, 1.99, 1.98], abs=1e-4)
    assert not [key for key in model.get_config() if "loss" in key]
    assert Model.from_config(model.get_config()).losses == []


def test_a_function_on_a_plain_layer_and_in_call() -> None:
    layer = Dense(1, kernel_initializer="ones")
    layer.build((None, 3))
    layer.add_loss(lambda: tf.reduce_sum(layer.kernel))
    assert [float(loss) for loss in layer.losses] == [3.0]
    inside = Layer(lambda x: lambda: tf.reduce_sum(x))
    for _ in range(2):
        inside(tf.ones((2, 2)))
    assert [float(loss) for loss in inside.losses] == [4.0]
