"""A thousand layers in a chain, in every format, with Python's limit on recursion as it comes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras.src.models.sequential import Sequential as KerasSequential
from keras.src.ops import function

from kerastui.engine import Functional, Input, Model, Sequential, clone_model, load_model
from kerastui.engine.keras_private import build_map

DEPTH = 1000
LONG = "a_name_so_long_that_a_thousand_of_them_do_not_fit_into_one_attribute_of_hdf5"
X = np.array([[0.5], [-1.0]], "float32")


def layer(number: int, home: Any = keras) -> Any:
    """One of the thousand; some have weights, all of which cost time and say no more."""
    if number % 100:
        return home.layers.Activation("linear", name=f"{LONG}_{number}")
    return home.layers.Dense(1, kernel_initializer="ones", bias_initializer=home.initializers.Constant(number / DEPTH))


def chain(home: Any = keras, model: Any = Model) -> Any:
    tensor = inputs = home.Input((1,))
    for number in range(DEPTH):
        tensor = layer(number, home)(tensor)
    return model(inputs, tensor)


@pytest.fixture(scope="module")
def deep() -> Any:
    assert sys.getrecursionlimit() <= DEPTH
    model = chain()
    model.compile("sgd", "mse", run_eagerly=True)
    return model


def same(model: Any, other: Any) -> None:
    assert len(other.layers) == len(model.layers)
    np.testing.assert_array_equal(other(X), model(X))


@pytest.mark.slow
def test_a_thousand_layers_are_built_called_summarised_and_cloned(deep: Any) -> None:
    lines: list[str] = []
    deep.summary(print_fn=lines.append)
    assert len(deep.layers) == DEPTH + 1
    assert "\n".join(lines).count("(None, 1)") == DEPTH + 1
    twin = clone_model(deep)
    twin.set_weights(deep.get_weights())
    assert type(twin) is Functional
    same(deep, twin)


@pytest.mark.slow
def test_a_thousand_layers_come_back(deep: Any, tmp_path: Path) -> None:
    deep.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert loaded.compiled
    same(deep, loaded)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5", "prefix"])
def test_the_weights_of_a_thousand_layers_come_back(deep: Any, tmp_path: Path, name: str) -> None:
    before = [np.array(weight) for weight in deep.get_weights()]
    deep.save_weights(tmp_path / name)
    deep.set_weights([weight + 1 for weight in before])
    deep.load_weights(tmp_path / name)
    for weight, expected in zip(deep.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)


@pytest.mark.slow
def test_a_stack_of_a_thousand_layers_comes_back(tmp_path: Path) -> None:
    stack = Sequential()
    for one in (Input((1,)), *map(layer, range(DEPTH))):  # a call for each, not half a million
        stack.add(one)
    lines: list[str] = []
    stack.summary(print_fn=lines.append)
    assert "\n".join(lines).count("(None, 1)") == DEPTH
    same(stack, clone_model(stack))  # all start alike
    stack.save(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5")
    assert type(loaded) is Sequential
    same(stack, loaded)


def test_reviving_a_stack_calls_each_layer_once() -> None:
    stack = Sequential([Input((1,)), *[keras.layers.Dense(1) for _ in range(5)]])
    twin = Sequential.from_config(json.loads(json.dumps(stack.get_config())))
    assert [len(layer._inbound_nodes) for layer in twin.layers] == [1] * 5


def test_a_stack_that_grows_calls_each_layer_once_and_is_what_keras_makes() -> None:
    def grown(kind: Any) -> Any:
        stack = kind(name="stack")
        for one in (Input((4,)), keras.layers.Dense(3, name="a"), keras.layers.Dense(2, name="b")):
            stack.add(one)
        return stack

    stack, theirs = grown(Sequential), grown(KerasSequential)
    assert [len(layer._inbound_nodes) for layer in stack.layers] == [1, 1]
    assert [one.path for one in stack.weights] == [one.path for one in theirs.weights]
    assert stack.built
    stack.compile("sgd", "mse")
    stack.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    stack.pop()
    stack.add(keras.layers.Dense(5, name="c"))
    stack.add(keras.layers.Dense(1, name="d"))
    assert stack.output_shape == (None, 1)
    np.testing.assert_array_equal(
        stack.predict(np.ones((2, 4)), verbose=0), stack.layers[2](stack.layers[1](stack.layers[0](np.ones((2, 4)))))
    )
    for kind in (Sequential, KerasSequential):
        broken = grown(kind)
        with pytest.raises(ValueError, match="incompatible with the layer"):
            broken.add(keras.layers.Conv2D(3, 3))
        assert not broken.built
        with pytest.raises(AttributeError, match="no defined output shape yet"):
            _ = broken.output_shape


def recursive(inputs: Any, outputs: Any) -> tuple[list[Any], dict[Any, int]]:
    """Keras's own walk."""
    ordered, reached, done = list[Any](), dict[Any, int](), set[Any]()
    for output in keras.tree.flatten(outputs):
        function._build_map_helper(inputs, output, done, set(), ordered, reached)
    return ordered, reached


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(st.tuples(*[st.integers(0, 9)] * 4), min_size=1, max_size=12),
    ends=st.lists(st.integers(0, 99), min_size=1, max_size=3),
    starts=st.lists(st.integers(0, 99), max_size=2),
)
def test_graphs_are_walked_as_keras_walks_them(
    steps: list[tuple[int, int, int, int]], ends: list[int], starts: list[int]
) -> None:
    inputs = [Input((2,)), Input((2,))]
    tensors, known = list(inputs), list[Any]()
    for kind, which, one, other in steps:
        if kind < 3 and known:  # a layer that was called before
            used = known[which % len(known)]
        else:
            used = keras.layers.Add() if kind % 2 else keras.layers.Identity()
            known.append(used)
        chosen = [tensors[one % len(tensors)], tensors[other % len(tensors)]]
        tensors.append(used(chosen if isinstance(used, keras.layers.Add) else chosen[0]))
    outputs = [tensors[end % len(tensors)] for end in ends]
    inner = inputs + [tensors[start % len(tensors)] for start in starts]
    assert build_map(inner, outputs) == recursive(inner, outputs)
    order = list(build_map(inner, outputs)[1])
    assert order == list(recursive(inner, outputs)[1])


def test_a_tensor_made_of_itself_is_refused() -> None:
    tensor = Input((2,))
    node = keras.layers.Identity()(tensor)._keras_history.operation._inbound_nodes[0]
    again = node.output_tensors[0]
    node.arguments._flat_arguments, node.arguments.keras_tensors = [again], [again]
    with pytest.raises(ValueError, match="part of a cycle"):
        build_map([tensor], [again])


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same chain, written by tf_keras."""
    import tf_keras

    folder = tmp_path_factory.mktemp("tf_keras")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20 * DEPTH)  # tf_keras walks by recursion
    try:
        model = chain(tf_keras, tf_keras.Model)
        model.compile("sgd", "mse")
        model.save(folder / "m.h5")
        model.save(folder / "m.keras")
    finally:
        sys.setrecursionlimit(limit)
    return folder


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*HDF5 file.*legacy:UserWarning")
@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_a_thousand_layers_of_tf_keras_come_over(deep: Any, theirs: Path, name: str) -> None:
    same(deep, load_model(theirs / name))
