"""Contract: how a model is made: from tensors, as a subclass, from a configuration, and with data bound to inputs."""

import json
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastui.engine import Functional, Model, Sequential
from kerastui.engine import keras as our_keras
from kerastui.engine.models.inputs import Input, bound_inputs

Dense = keras.layers.Dense
row = pytest.mark.row
X = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
Y = np.zeros((4, 2), "float32")


class Sub(Model):
    """A subclass whose constructor has an argument of its own."""

    def __init__(self, units: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.hidden = Dense(4, activation=tf.nn.relu)
        self.drop = keras.layers.Dropout(0.5)
        self.out = Dense(units)

    def call(self, inputs: Any, training: bool = False) -> Any:
        x = self.hidden(inputs)
        if training:
            x = self.drop(x, training=training)
        return self.out(x)


class Open(Model):
    """A subclass that takes whatever `Model` does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mark = "open"


def tensors() -> tuple[Any, Any]:
    inputs = Input(shape=(3,), name="x")
    return inputs, Dense(2, name="out")(inputs)


@row("__init__")
def test_a_model_is_made_from_tensors_or_as_a_subclass() -> None:
    assert isinstance(Model(*tensors()), Functional)
    assert isinstance(Sub(), Model)
    assert not isinstance(Sub(), Functional)
    assert Sub()(X).shape == Model(*tensors())(X).shape == (4, 2)


@row("__init__(inputs)")
def test_inputs_by_name_must_be_symbolic_and_lead_to_the_outputs() -> None:
    inputs, outputs = tensors()
    assert Model(inputs=inputs, outputs=outputs).input is inputs
    with pytest.raises(ValueError, match="inputs"):
        Model(inputs=X, outputs=outputs)
    with pytest.raises(ValueError, match=r"not connected to `inputs`|cannot find parent"):
        Model(inputs=Input((3,)), outputs=outputs)


@row("__init__(outputs)")
def test_outputs_by_name_must_be_symbolic() -> None:
    inputs, outputs = tensors()
    assert Model(inputs, outputs=outputs).output is outputs
    with pytest.raises(ValueError, match="outputs"):
        Model(inputs=inputs, outputs=[outputs, None])


@row("__init__(*args)")
def test_positional_inputs_outputs_and_a_name_as_third() -> None:
    inputs, outputs = tensors()
    assert Model(inputs, outputs).output is outputs
    assert Model(inputs, outputs, "third").name == "third"
    assert Open(inputs, outputs, "third").name == "third"
    with pytest.raises(TypeError):
        Model(inputs, outputs, "third", True)


@row("__init__(**kwargs)")
def test_keywords_known_and_unknown() -> None:
    inputs, outputs = tensors()
    assert not Model(inputs, outputs, trainable=False).trainable_weights
    assert Sub(trainable=False, dtype="float64", name="sub").dtype == "float64"
    with pytest.raises(TypeError, match=r"Received also: nam='m'"):
        Model(inputs, outputs, nam="m")
    with pytest.raises(TypeError, match=r"Received also: nam='m', oops=1"):
        Sub(nam="m", oops=1)


@row("__init__(name)")
def test_name() -> None:
    inputs, outputs = tensors()
    assert Model(inputs, outputs, name="mine").name == "mine"
    assert Model(inputs=inputs, outputs=outputs, name=None).name.startswith("functional")
    assert Sub(name="mine").name == "mine"
    with pytest.raises(ValueError, match="name"):
        Model(inputs, outputs, name="a/b")


@row("__init__#functional")
def test_the_graph_has_all_layers_between() -> None:
    inputs = Input(shape=(3,))
    hidden = Dense(4, activation=tf.nn.relu)(inputs)
    model = Model(inputs=inputs, outputs=Dense(5, activation=tf.nn.softmax)(hidden))
    assert (model.output_shape, len(model.layers), len(model.weights)) == ((None, 5), 3, 4)
    assert np.allclose(np.asarray(model(X)).sum(axis=1), 1, atol=1e-6)


@row("__init__#multi_io_list")
def test_lists_of_inputs_and_outputs_have_outputs_of_different_names() -> None:
    a, b = Input((2,)), Input((2,))
    joined = keras.layers.Concatenate()([a, b])
    shared = Dense(1, name="out")
    model = Model([a, b], [shared(a), Dense(1, name="out_1")(joined), shared(b), shared(a)])
    assert len(model.predict([np.ones((1, 2))] * 2, verbose=0)) == 4
    assert model.output_names == ["out", "out_1", "out_2", "out_3"]
    assert Model.from_config(model.get_config()).output_names == model.output_names


@row("__init__#inputs_dict")
def test_a_dictionary_of_inputs() -> None:
    inputs = {name: Input((2,), name=name) for name in ("b", "a")}
    model = Model(inputs, {"difference": keras.layers.Subtract()([inputs["a"], inputs["b"]])})
    result = model({"a": np.ones((1, 2)), "b": np.zeros((1, 2))})
    assert np.array_equal(result["difference"], np.ones((1, 2)))


@row("__init__#inputs_tuple")
def test_a_tuple_of_inputs() -> None:
    inputs = (Input((2,)), Input((2,)))
    model = Model(inputs, keras.layers.Subtract()(list(inputs)))
    assert np.array_equal(model((np.ones((1, 2)), np.zeros((1, 2)))), np.ones((1, 2)))


@row("__init__#nested_inputs")
def test_inputs_in_a_list_of_lists() -> None:
    a, b, c = (Input((2,)) for _ in range(3))
    model = Model([[a, b], c], keras.layers.Add()([a, b, c]))
    ones = np.ones((1, 2), "float32")
    assert np.array_equal(model([[ones, 2 * ones], 3 * ones]), 6 * ones)


@row("__init__#intermediate_tensors")
def test_models_from_the_middle_of_another_share_its_layers() -> None:
    inputs = Input(shape=(None, None, 3))
    processed = keras.layers.RandomCrop(width=8, height=8)(inputs)
    conv = keras.layers.Conv2D(filters=2, kernel_size=3)(processed)
    feature = Dense(10)(keras.layers.GlobalAveragePooling2D()(conv))
    full, backbone, head = Model(inputs, feature), Model(processed, conv), Model(conv, feature)
    images = np.random.default_rng(0).normal(size=(1, 8, 8, 3)).astype("float32")
    assert np.allclose(head(backbone(images)), full(images), atol=1e-5)
    assert backbone.layers[-1] is full.layers[2]
    assert {id(weight) for weight in (*backbone.weights, *head.weights)} == {id(weight) for weight in full.weights}


@row("__init__#subclass")
def test_a_subclass_trains() -> None:
    model = Sub()
    model.compile("sgd", "mse")
    before = float(np.mean(np.square(model(X))))
    model.fit(X, Y, epochs=20, verbose=0)
    assert model.evaluate(X, Y, verbose=0) < before


@row("__init__#subclass_training_arg")
def test_call_is_told_whether_it_trains() -> None:
    seen = []

    class Spy(Sub):
        def call(self, inputs: Any, training: Any = None) -> Any:
            seen.append(training)
            return super().call(inputs, training=bool(training))

    keras.utils.set_random_seed(1)  # the weights of some seeds leave nothing to drop
    model = Spy()
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(X, Y, verbose=0)
    assert seen[-1] is True
    model.predict(X, verbose=0)
    assert seen[-1] is False
    assert np.allclose(model(X), model(X))
    x = np.ones((64, 3))
    assert not np.allclose(model(x, training=True), model(x, training=True))


@row("__init__#functional_subclass")
def test_a_subclass_given_inputs_and_outputs_becomes_functional() -> None:
    model = Open(*tensors())
    assert isinstance(model, Functional)
    assert type(model).__name__ == "Open"
    assert model.mark == "open"
    assert not isinstance(Open(), Functional)
    assert model.get_config()["output_layers"] == ["out", 0, 0]


@row("__init__#kwargs_keyword_named_inputs")
def test_data_by_the_names_of_inputs() -> None:
    a, b = Input((2,), name="a"), Input((2,), name="b")
    model = Model([a, b], keras.layers.Subtract()([a, b]))
    data = {"b": np.zeros((2, 2)), "a": np.ones((2, 2))}
    assert np.array_equal(model.predict(data, verbose=0), np.ones((2, 2)))
    model.compile("sgd", "mse")
    assert model.evaluate(data, np.ones((2, 2)), verbose=0) == 0


@row("from_config")
def test_from_config_gives_the_same_graph_with_new_weights() -> None:
    model = Model(*tensors())
    twin = Model.from_config(model.get_config())
    assert type(twin) is Functional
    assert twin.get_config() == model.get_config()
    assert not np.array_equal(twin.get_weights()[0], model.get_weights()[0])
    assert type(Open.from_config(Open(*tensors()).get_config())).__name__ == "Open"


@row("from_config(config)")
def test_from_config_of_graph_stack_and_subclass() -> None:
    stack = Sequential([Input((3,)), Dense(2)])
    assert type(Sequential.from_config(stack.get_config())) is Sequential
    assert Sub.from_config(Sub(units=7).get_config()).units == 7
    with pytest.raises(TypeError, match="unit_count"):
        Sub.from_config({"unit_count": 7})


@row("from_config(custom_objects)")
def test_from_config_with_custom_objects() -> None:
    class Mine(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
        def call(self, inputs: Any) -> Any:
            return 2 * inputs

    inputs = Input((3,))
    config = Model(inputs, Mine(name="mine")(inputs)).get_config()
    twin = Model.from_config(config, custom_objects={"Mine": Mine})
    assert isinstance(twin.get_layer("mine"), Mine)


@row("get_config")
def test_get_config_holds_the_graph() -> None:
    config = Model(*tensors(), name="m").get_config()
    assert (config["name"], [layer["name"] for layer in config["layers"]]) == ("m", ["x", "out"])
    json.dumps(config)
    config["layers"].clear()
    assert len(Model(*tensors()).get_config()["layers"]) == 2


@row("get_config#subclass_default")
def test_get_config_of_a_subclass_is_its_constructors_arguments() -> None:
    assert Sub(units=3, name="s").get_config()["units"] == 3
    layer = keras.layers.Dense(3, name="s").get_config()
    assert {key: Sub(units=3, name="s").get_config()[key] for key in ("name", "trainable", "dtype")} == {
        key: layer[key] for key in ("name", "trainable", "dtype")
    }


@row("to_json")
def test_to_json_is_read_by_model_from_json() -> None:
    text = Model(*tensors()).to_json()
    assert json.loads(text)["class_name"] == "Functional"
    assert type(our_keras.models.model_from_json(text)) is Functional
    assert keras.models.model_from_json(text).output_shape == (None, 2)


@row("to_json(**kwargs)")
def test_to_json_hands_its_keywords_on() -> None:
    model = Model(*tensors())
    text = model.to_json(indent=2, sort_keys=True)
    assert text == json.dumps(json.loads(model.to_json()), indent=2, sort_keys=True)


@row("to_json#custom_objects")
def test_model_from_json_with_custom_objects() -> None:
    text = Sequential([Input((3,)), Sub(units=5)]).to_json()
    model = our_keras.models.model_from_json(text, custom_objects={"Sub": Sub})
    assert model.layers[0].units == 5


@row("to_yaml")
def test_to_yaml_is_refused_with_what_to_use() -> None:
    for model in (Model(*tensors()), Sub(), Sequential()):
        with pytest.raises(RuntimeError, match="to_json"):
            model.to_yaml()


@row("to_yaml(**kwargs)")
def test_to_yaml_is_refused_with_keywords_too() -> None:
    with pytest.raises(RuntimeError, match="YAML"):
        Sub().to_yaml(default_flow_style=False)


@row("to_yaml#returns_yaml")
def test_neither_writes_nor_reads_yaml() -> None:
    with pytest.raises(RuntimeError, match="to_json"):
        our_keras.models.model_from_yaml(Model(*tensors()).to_yaml())


@row("to_yaml#model_from_yaml_named")
def test_model_from_yaml_exists_and_refuses() -> None:
    with pytest.raises(RuntimeError, match="model_from_json"):
        our_keras.models.model_from_yaml("class_name: Model")


@row("fit#x_none")
def test_x_none_takes_what_the_inputs_are_bound_to() -> None:
    x = Input(tensor=tf.constant(X), name="x")
    model = Model(x, Dense(2)(x))
    assert model.input_shape == (None, 3)
    assert bound_inputs(model) is not None
    model.compile("sgd", "mse", target_tensors=Y)
    expected = model.evaluate(X, Y, verbose=0)
    assert model.evaluate(verbose=0) == pytest.approx(expected)
    history = model.fit(epochs=2, verbose=0).history["loss"]
    assert history[0] == pytest.approx(expected)
    assert history[1] < history[0]


def test_bound_inputs_are_structured_as_the_inputs_and_all_bound() -> None:
    a, b = Input(tensor=X, name="a"), Input(tensor=X.astype("int32"), name="b")
    assert (b.dtype, b.shape) == ("int32", (None, 3))
    model = Model({"a": a, "b": b}, Dense(1)(a))
    assert np.array_equal(bound_inputs(model)["a"], X)
    assert np.array_equal(bound_inputs(Sequential([Input(tensor=X), Dense(1)])), X)
    assert bound_inputs(Model([a, Input((3,))], Dense(1)(a))) is None
    assert bound_inputs(Sub()) is None
    assert bound_inputs(keras.models.clone_model(model)) is None
    with pytest.raises(ValueError, match="Received: tensor of shape"):
        Input((4,), tensor=X)
