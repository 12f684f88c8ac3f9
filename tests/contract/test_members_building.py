"""Contract: calling a model and `call`, building it from shapes, masks, and shapes of outputs."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Input, Model, Sequential

Dense = keras.layers.Dense
row = pytest.mark.row
X = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)


class Sub(Model):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden = Dense(4)
        self.out = Dense(2)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        x = self.out(self.hidden(inputs))
        if training:
            x = 2 * x
        return x if mask is None else x * tf.cast(mask, x.dtype)[:, None]


class Pair(Model):
    """`call` takes one structure of two tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = Dense(2), Dense(2)

    def call(self, inputs: Any) -> Any:
        a, b = (inputs["a"], inputs["b"]) if isinstance(inputs, dict) else inputs
        return self.one(a) + self.two(b)


class TwoArguments(Model):
    """`call` takes two tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.ids = keras.layers.Embedding(5, 2)
        self.times = Dense(2)

    def call(self, ids: Any, times: Any, training: Any = None) -> Any:
        return tf.reduce_sum(self.ids(ids), axis=1) + self.times(times)


def graph() -> Any:
    inputs = Input((3,))
    return Model(inputs, keras.layers.Dropout(0.5)(Dense(2)(inputs)))


@row("__call__")
def test_a_call_takes_arrays_and_tensors_and_gives_a_tensor() -> None:
    for model in (graph(), Sub()):
        output = model(X)
        assert tf.is_tensor(output)
        assert np.allclose(model(tf.constant(X)), output)
        assert isinstance(model(Input((3,))), keras.KerasTensor)


@row("__call__(*args)")
def test_a_call_passes_several_arguments_on() -> None:
    ids, times = np.zeros((4, 2), "int32"), X
    model = TwoArguments()
    assert np.allclose(model(ids, times), model(ids, times=times))
    with pytest.raises(TypeError, match="times"):
        model(ids)


@row("__call__(**kwargs)")
def test_a_call_passes_keywords_on() -> None:
    model = Sub()
    assert np.allclose(model(X, training=True), 2 * np.asarray(model(X)), atol=1e-6)
    with pytest.raises(TypeError, match="oops"):
        model(X, oops=1)


@row("call")
def test_call_is_to_be_written_by_a_subclass() -> None:
    class Empty(Model):
        pass

    with pytest.raises(NotImplementedError, match="Empty"):
        Empty()(X)
    assert Sub().call(tf.constant(X)).shape == (4, 2)


@row("call(inputs)")
def test_call_takes_the_structure_that_the_model_is_called_with() -> None:
    model = Pair()
    assert np.allclose(model([X, 2 * X]), model({"a": X, "b": 2 * X}))
    assert np.allclose(model((X, 2 * X)), model([X, 2 * X]))


@row("call(training)")
def test_training_reaches_the_layers() -> None:
    model, x = graph(), np.ones((64, 3), "float32")
    assert np.allclose(model(x), model(x, training=False))
    assert np.any(np.asarray(model(x, training=True)) == 0)
    assert np.any(np.asarray(model.call(tf.constant(x), training=True)) == 0)


@row("call(mask)")
def test_a_mask_reaches_call() -> None:
    mask = np.array([True, False, True, False])
    model = Sub()
    model.supports_masking = True
    assert np.array_equal(np.any(np.asarray(model(X, mask=mask)) != 0, axis=1), mask)


@row("call#mask_used")
def test_a_mask_reaches_the_layers_that_use_it() -> None:
    inputs = Input((3, 1))
    model = Model(inputs, keras.layers.LSTM(2)(inputs))
    x, mask = np.ones((1, 3, 1), "float32"), np.array([[True, False, False]])
    assert np.allclose(model(tf.constant(x), mask=mask), model(tf.constant(x[:, :1].repeat(3, 1)), mask=mask))
    once = keras.Model(inputs, model.layers[1](inputs[:, :1]))
    assert np.allclose(model(tf.constant(x), mask=mask), once(x), atol=1e-6)
    assert not np.allclose(model(tf.constant(x)), once(x))


@row("call#collab_fit_list")
def test_training_hands_a_list_to_a_call_of_several_arguments() -> None:
    ids, times = np.arange(8).reshape(4, 2) % 5, X
    model = TwoArguments()
    assert np.allclose(model([ids, times]), model(ids, times))
    model.compile("sgd", "mse")
    history = model.fit([ids, times], np.zeros((4, 2)), epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    assert model.predict([ids, times], verbose=0).shape == (4, 2)
    assert np.isfinite(model.evaluate((ids, times), np.zeros((4, 2)), verbose=0))


def test_a_list_is_spread_only_where_it_can_mean_nothing_else() -> None:
    model = TwoArguments()
    ids = np.zeros((4, 2), "int32")
    with pytest.raises(TypeError, match="times"):
        model([ids, X, X])


@row("build")
def test_build_makes_the_weights_that_a_call_would() -> None:
    built, called = Sub(), Sub()
    assert built.weights == []
    built.build((None, 3))
    called(X)
    assert built.built
    assert [weight.shape for weight in built.weights] == [weight.shape for weight in called.weights]
    paths = [weight.path.split("/", 1)[1].split("/")[-1] for weight in built.weights]
    assert paths == ["kernel", "bias"] * 2
    assert built(X).shape == (4, 2)


@row("build(input_shape)")
def test_build_takes_a_tuple_with_or_without_a_batch_size() -> None:
    for shape in ((None, 3), (4, 3), [4, 3]):
        model = Sub()
        model.build(input_shape=shape)
        assert model.count_params() == 3 * 4 + 4 + 4 * 2 + 2
    stack = Sequential([Dense(2)])
    stack.build((None, 3))
    assert len(stack.weights) == 2


@row("build#tensorshape")
def test_build_takes_a_tensor_shape() -> None:
    model = Sub()
    model.build(tf.TensorShape([None, 3]))
    assert len(model.weights) == 4
    assert model.get_build_config() == {"input_shape": (None, 3)}
    stack = Sequential([Dense(2)])
    stack.build(tf.TensorShape([None, 3]))
    assert len(stack.weights) == 2


@row("build#list_of_shapes")
def test_build_takes_a_list_of_shapes() -> None:
    for shapes in ([(None, 3), (None, 5)], ((None, 3), (None, 5)), [tf.TensorShape([None, 3]), [None, 5]]):
        model = Pair()
        model.build(shapes)
        assert [weight.shape for weight in model.weights] == [(3, 2), (2,), (5, 2), (2,)]
    spread = TwoArguments()
    spread.build([(None, 2), (None, 3)])
    assert len(spread.weights) == 3


@row("build#dict_of_shapes")
def test_build_takes_a_dictionary_of_shapes() -> None:
    model = Pair()
    model.build({"a": (None, 3), "b": tf.TensorShape([None, 5])})
    assert len(model.weights) == 4
    assert model({"a": np.ones((1, 3)), "b": np.ones((1, 5))}).shape == (1, 2)


@row("build#invalid")
def test_build_of_what_is_no_shape_is_refused_and_the_model_stays_unbuilt() -> None:
    for wrong in ("3", 3, None, ["a", 3], tf.TensorShape(None)):
        model = Sub()
        with pytest.raises(ValueError, match=r"`input_shape` must be a tuple.*Received: input_shape="):
            model.build(wrong)
        assert not model.built
    with pytest.raises(ValueError, match="`input_shape` must be a tuple"):
        Sequential([Dense(2)]).build("3")
    with pytest.raises(ValueError, match=r"cannot be built from shapes.*Received: input_shape=\(None, 3\)"):
        TwoArguments().build((None, 3))


def test_a_saved_subclass_that_was_built_from_shapes_comes_back(tmp_path: Any) -> None:
    model = Sub()
    model.build(tf.TensorShape([None, 3]))
    model.save(tmp_path / "m.keras")
    twin = keras.saving.load_model(tmp_path / "m.keras", custom_objects={"Sub": Sub})
    assert np.allclose(twin(X), model(X))


@row("compute_output_shape")
def test_output_shape_of_graph_stack_and_subclass() -> None:
    assert graph().compute_output_shape((7, 3)) == (7, 2)
    assert Sequential([Dense(2)]).compute_output_shape((None, 3)) == (None, 2)
    assert Sub().compute_output_shape((None, 3)) == (None, 2)


@row("compute_output_shape(input_shape)")
def test_output_shape_takes_the_same_shapes_as_build() -> None:
    assert Sub().compute_output_shape(tf.TensorShape([5, 3])) == (5, 2)
    assert Pair().compute_output_shape([(None, 3), (None, 5)]) == (None, 2)
    with pytest.raises(ValueError, match="Received: input_shape='3'"):
        Sub().compute_output_shape("3")


@row("compute_output_shape#subclass_builds")
def test_output_shape_makes_the_weights_of_a_subclass() -> None:
    model = Sub()
    assert model.compute_output_shape((None, 3)) == (None, 2)
    assert model.built
    assert len(model.weights) == 4
    before = model.get_weights()
    model.compute_output_shape((8, 3))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def embedded() -> Any:
    inputs = Input((3,), dtype="int32")
    x = keras.layers.Embedding(4, 2, mask_zero=True)(inputs)
    return Model(inputs, [x, keras.layers.LSTM(2)(x)])


@row("compute_mask")
def test_the_mask_of_a_graph_is_what_its_layers_give_the_outputs() -> None:
    first, second = embedded().compute_mask(np.array([[1, 2, 0]]))
    assert np.array_equal(first, [[True, True, False]])
    assert second is None


@row("compute_mask(inputs)")
def test_compute_mask_by_name_for_one_output() -> None:
    inputs = Input((3,), dtype="int32")
    model = Model(inputs, keras.layers.Embedding(4, 2, mask_zero=True)(inputs))
    assert np.array_equal(model.compute_mask(inputs=np.array([[0, 1, 0]])), [[False, True, False]])
    assert graph().compute_mask(X) is None


@row("compute_mask(mask)")
def test_compute_mask_hands_a_mask_on() -> None:
    inputs = Input((3, 2))
    model = Model(inputs, keras.layers.Activation("relu")(inputs))
    mask = np.array([[True, False, True]])
    assert np.array_equal(model.compute_mask(tf.ones((1, 3, 2)), mask=mask), mask)
    assert Sub().compute_mask(X, mask=mask) is mask
    assert Sub().compute_mask(X) is None
