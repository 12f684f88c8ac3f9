"""`Model`, `Functional`, `Sequential` and `Trainer`: built in every way, side by side, as Keras's own."""

import copy
import itertools
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras.src.models.functional import Functional as KerasFunctional

from kerastui.engine import Functional, Input, Model, Sequential, Trainer, clone_model

Dense = keras.layers.Dense
ROW = np.linspace(-1, 1, 8, dtype="float32").reshape(2, 4)


def make_functional() -> Any:
    inputs = Input((4,))
    return Model(inputs, Dense(2)(inputs))


def make_functional_by_name() -> Any:
    inputs = Input((4,))
    return Model(inputs=inputs, outputs=Dense(2)(inputs), name="by_name")


def make_sequential() -> Any:
    return Sequential([Input((4,)), Dense(2)])


class Base(Model):
    """A class between `Model` and those below: Keras's way would turn it functional for all."""

    def kind(self) -> str:
        return "mine"


class Subclassed(Base):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


class FunctionalSubclass(Base):
    def __init__(self, units: int = 2) -> None:
        inputs = Input((4,))
        super().__init__(inputs=inputs, outputs=Dense(units)(inputs))
        self.units = units


class Either(Base):
    """One class, built functionally or not, as its caller wants."""

    def __init__(self, functional: bool) -> None:
        if functional:
            inputs = Input((4,))
            super().__init__(inputs, Dense(2)(inputs))
        else:
            super().__init__()
            self.dense = Dense(2)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if isinstance(self, Functional):
            return super().call(inputs, training=training, mask=mask)
        return self.dense(inputs)


def make_stock_functional_subclass() -> Any:
    class Stock(keras.Model):  # type: ignore[misc]  # Keras ships no types
        def __init__(self) -> None:
            inputs = keras.Input((4,))
            super().__init__(inputs=inputs, outputs=Dense(2)(inputs))

    return Stock()


MAKERS: dict[str, Callable[[], Any]] = {
    "functional": make_functional,
    "subclassed": Subclassed,
    "functional subclass": FunctionalSubclass,
    "sequential": make_sequential,
    "either, functional": lambda: Either(True),
    "either, subclassed": lambda: Either(False),
    "stock": make_stock_functional_subclass,
}
BASES = {cls: cls.__bases__ for cls in (Model, Functional, Sequential, Trainer, Base, Subclassed, FunctionalSubclass)}


def fits(model: Any) -> None:
    model.compile("sgd", "mse")
    model.fit(ROW, np.zeros((2, 2), "float32"), verbose=0)
    assert model.predict(ROW, verbose=0).shape == (2, 2)


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(MAKERS, 2)))
def test_models_of_two_kinds_work_side_by_side_whichever_was_made_first(first: str, second: str) -> None:
    models = [MAKERS[first](), MAKERS[second](), MAKERS[first]()]
    for model in models:
        assert model(ROW).shape == (2, 2)
    assert {cls: cls.__bases__ for cls in BASES} == BASES


def test_models_of_all_kinds_train_in_one_process() -> None:
    for model in [make() for make in MAKERS.values()]:
        fits(model)


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, -1])
def test_in_a_fresh_interpreter_all_kinds_are_made_in_either_order(order: int) -> None:
    code = (
        f"import sys; sys.path.insert(0, {__file__.rpartition('/')[0]!r})\n"
        "import test_model as t\n"
        f"models = [make() for make in list(t.MAKERS.values())[::{order}]]\n"
        "for model in models: model(t.ROW)\n"
        "assert {cls: cls.__bases__ for cls in t.BASES} == t.BASES\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("make", [make_functional, make_functional_by_name])
def test_model_of_inputs_and_outputs_is_functional(make: Callable[[], Any]) -> None:
    model = make()
    assert type(model) is Functional
    assert isinstance(model, (Model, keras.Model))
    assert isinstance(model, KerasFunctional)
    assert model.output_shape == (None, 2)


def test_a_functional_subclass_is_of_its_class_and_functional() -> None:
    model = FunctionalSubclass(3)
    assert isinstance(model, FunctionalSubclass)
    assert isinstance(model, Functional)
    assert isinstance(model, KerasFunctional)
    assert type(model).__name__ == "FunctionalSubclass"
    assert (model.kind(), model.units, model.output_shape) == ("mine", 3, (None, 3))
    assert type(FunctionalSubclass()) is type(model)
    assert not isinstance(Subclassed(), KerasFunctional)


def test_a_subclass_of_functional_and_one_of_sequential_keep_their_class() -> None:
    class MyFunctional(Functional):
        pass

    class MySequential(Sequential):
        pass

    inputs = Input((4,))
    assert type(MyFunctional(inputs, Dense(2)(inputs))) is MyFunctional
    assert type(MySequential([Dense(2)])) is MySequential


def test_intermediate_tensors_give_models_that_share_layers() -> None:
    inputs = Input((4,))
    hidden = Dense(3)(inputs)
    outputs = Dense(2)(hidden)
    full, head = Model(inputs, outputs), Model(hidden, outputs)
    assert head.weights[0] is full.weights[2]
    np.testing.assert_allclose(head(Model(inputs, hidden)(ROW)), full(ROW), rtol=1e-6)


def test_shared_and_nested_layers_and_dict_and_list_outputs() -> None:
    left, right = Input((4,), name="left"), Input((4,), name="right")
    shared, inner = Dense(3), make_sequential()
    model = Model(
        {"left": left, "right": right},
        {"sum": keras.layers.Add()([shared(left), shared(right)]), "inner": [inner(left), make_functional()(right)]},
    )
    result = model({"left": ROW, "right": ROW})
    np.testing.assert_allclose(result["sum"], 2 * np.asarray(shared(ROW)), rtol=1e-6)
    np.testing.assert_array_equal(result["inner"][0], inner(ROW))
    assert len(model.weights) == 6


def test_a_wrong_output_is_named() -> None:
    with pytest.raises(ValueError, match="outputs=3 including invalid value 3"):
        Model(Input((4,)), 3)


def test_sequential_add_pop_and_deferred_build() -> None:
    model = Sequential(name="stack")
    model.add(Dense(3))
    model.add(Dense(2))
    assert not model.built
    model.build((None, 4))
    assert [w.shape for w in model.weights] == [(4, 3), (3,), (3, 2), (2,)]
    assert model.pop().units == 2
    assert model.output_shape == (None, 3)
    model.add(Dense(5))
    assert model(ROW).shape == (2, 5)


def test_sequential_takes_its_arguments_by_position() -> None:
    model = Sequential([Input((4,)), Dense(2)], False, "frozen")
    assert (model.name, model.trainable_weights) == ("frozen", [])
    assert len(model.weights) == 2


@pytest.mark.parametrize("make", [make_functional, make_sequential])
def test_clones_have_our_class_their_own_weights_and_the_same_shape(make: Callable[[], Any]) -> None:
    model = make()
    model.compile("adam", "mse")
    twin = clone_model(model)
    assert type(twin) is type(model)
    assert twin.compiled
    assert [w.shape for w in twin.weights] == [w.shape for w in model.weights]
    assert not {id(w) for w in twin.weights} & {id(w) for w in model.weights}
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin(ROW), model(ROW))
    stock_twin = keras.models.clone_model(model)
    stock_twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(stock_twin(ROW), model(ROW))


def test_a_clone_keeps_our_class_in_nested_models() -> None:
    inputs = Input((4,))
    model = Model(inputs, make_sequential()(make_functional_like(inputs)))
    twin = clone_model(model)
    assert [type(layer) for layer in twin.layers] == [type(layer) for layer in model.layers]
    assert type(twin.layers[-1]) is Sequential


def make_functional_like(inputs: Any) -> Any:
    return Model(inputs, Dense(4)(inputs))(inputs)


@pytest.mark.parametrize("make", [make_functional, make_sequential])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_and_pickles_keep_class_and_weights(make: Callable[[], Any], duplicate: Callable[[Any], Any]) -> None:
    model = make()
    twin = duplicate(model)
    assert type(twin) is type(model)
    np.testing.assert_array_equal(twin(ROW), model(ROW))


@pytest.mark.parametrize("make", [make_functional, make_sequential])
def test_configurations_name_keras_and_nothing_of_ours(make: Callable[[], Any]) -> None:
    inputs = Input((4,))
    model = Model(inputs, make()(inputs))
    text = model.to_json()
    assert "kerastui" not in text
    assert "keras.src.models.functional" in text
    twin = Functional.from_config(json.loads(text)["config"])
    assert [type(layer) for layer in twin.layers] == [type(layer) for layer in model.layers]


def test_reviving_is_keras_own_elsewhere() -> None:
    revived = keras.models.model_from_json(make_sequential().to_json())
    assert type(revived) is keras.Sequential


def test_a_registered_functional_subclass_is_saved_under_its_registered_name() -> None:
    @keras.saving.register_keras_serializable("kerastui_test")
    class Registered(Model):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)

    inputs = Input((4,))
    model = Registered(inputs, Dense(2)(inputs))
    configuration = keras.saving.serialize_keras_object(model)
    assert configuration["registered_name"] == "kerastui_test>Registered"
    revived = keras.saving.deserialize_keras_object(configuration)
    assert isinstance(revived, Registered)
    assert isinstance(revived, Functional)


def test_summary_lists_the_layers() -> None:
    lines: list[str] = []
    make_functional().summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "Dense" in text
    assert "Total params: 10" in text


class Line(Trainer, keras.layers.Dense):  # type: ignore[misc]  # Keras ships no types
    def __init__(self, units: int) -> None:
        Dense.__init__(self, units)
        Trainer.__init__(self)


def test_the_trainer_mixin_trains_a_plain_layer() -> None:
    line = Line(1)
    line.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    x = np.linspace(-1, 1, 64, dtype="float32")[:, None]
    history = line.fit(x, 3 * x + 1, epochs=40, batch_size=16, verbose=0)
    assert history.history["loss"][-1] < 0.01 < history.history["loss"][0]
    assert line.evaluate(x, 3 * x + 1, verbose=0)[0] < 0.01
    np.testing.assert_allclose(line.predict(x, verbose=0), 3 * x + 1, atol=0.3)
