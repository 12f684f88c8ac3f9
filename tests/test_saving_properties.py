"""Random graphs come back from every format with the same weights, bit for bit, and the same predictions."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerastui.engine import Input, Model, Sequential, load_model
from kerastui.engine.importing.files import largest_error
from kerastui.engine.importing.project import project_of, write_project
from kerastui.engine.saving.bridge.json_models import model_from_json

WIDTH = 3
"""Every tensor has this width, so that any layer takes any."""

LAYERS: list[Callable[[], Any]] = [
    lambda: keras.layers.Dense(WIDTH, activation="tanh"),
    lambda: keras.layers.BatchNormalization(),
    lambda: keras.layers.LayerNormalization(),
    lambda: keras.layers.Dropout(0.5),
    lambda: keras.layers.PReLU(),
    lambda: Sequential([Input((WIDTH,)), keras.layers.Dense(2), keras.layers.Dense(WIDTH, use_bias=False)]),
]


def nested() -> Any:
    a, b = Input((WIDTH,)), Input((WIDTH,))
    return Model([a, b], keras.layers.Dense(WIDTH)(keras.layers.Add()([a, b])))


JOINS: list[Callable[[], Any]] = [keras.layers.Add, keras.layers.Multiply, nested]


class Plan(NamedTuple):
    """A graph in numbers; Keras uses randomness of its own, which is not for a strategy to do."""

    inputs: int
    steps: list[tuple[bool, int, int, int]]
    """For each call: whether it joins, which layer (new or known) and on which two tensors."""
    two_outputs: bool
    seed: int


plans = st.builds(
    Plan,
    st.integers(1, 3),
    st.lists(st.tuples(st.booleans(), *[st.integers(0, 99)] * 3), min_size=1, max_size=5),
    st.booleans(),
    st.integers(0, 9),
)


def graph(plan: Plan) -> Any:
    """A functional model: layers used once or again, on any tensors there are."""
    inputs = [Input((WIDTH,)) for _ in range(plan.inputs)]
    tensors = list(inputs)
    known: dict[bool, list[Any]] = {False: [], True: []}
    for joins, which, first, second in plan.steps:
        made, layers = JOINS if joins else LAYERS, known[joins]
        which %= len(made) + len(layers)
        if which < len(made):
            layers.append(made[which]())
            layer = layers[-1]
        else:
            layer = layers[which - len(made)]
        a, b = tensors[first % len(tensors)], tensors[second % len(tensors)]
        tensors.append(layer([a, b]) if joins else layer(a))
    outputs = tensors[-2:] if plan.two_outputs and len(plan.steps) > 1 else tensors[-1]
    model: Any = Model(inputs if len(inputs) > 1 else inputs[0], outputs)
    random = np.random.default_rng(plan.seed)
    model.set_weights([random.uniform(0.1, 1, value.shape).astype(value.dtype) for value in model.get_weights()])
    return model


def by_weights(model: Any, folder: Path, name: str) -> Any:
    model.save_weights(folder / name)
    again = model_from_json(model.to_json())
    again.load_weights(folder / name)
    return again


def by_file(model: Any, folder: Path, name: str) -> Any:
    model.save(folder / name)
    return load_model(folder / name)


def by_folder(model: Any, folder: Path, name: str) -> Any:
    model.save(folder / name, zipped=False)
    return load_model(folder / name)


WAYS: dict[str, Callable[[Any, Path, str], Any]] = {
    "m.keras": by_file,
    "unzipped": by_folder,
    "m.h5": by_file,
    "saved_model": by_file,
    "m.weights.h5": by_weights,
    "w.h5": by_weights,
    "checkpoint": by_weights,
}


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans)
def test_a_random_graph_comes_back_from_every_format(plan: Plan) -> None:
    model = graph(plan)
    x = [np.random.default_rng(1).normal(size=(2, WIDTH)).astype("float32") for _ in model.inputs]
    expected = [np.asarray(one) for one in keras.tree.flatten(model(x if len(x) > 1 else x[0]))]
    weights = [value.tobytes() for value in model.get_weights()]
    for name, way in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            again = way(model, Path(folder), name)
        assert [value.tobytes() for value in again.get_weights()] == weights, name
        given_ = [np.asarray(one) for one in keras.tree.flatten(again(x if len(x) > 1 else x[0]))]
        assert len(given_) == len(expected), name
        for a, b in zip(given_, expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6, rtol=0, err_msg=name)
    keras.backend.clear_session()


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans)
def test_a_random_graph_comes_back_from_a_project(plan: Plan) -> None:
    model = graph(plan)
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder), project_of(model, "random"))
        assert largest_error(model, Path(folder)) <= 1e-6
    keras.backend.clear_session()
