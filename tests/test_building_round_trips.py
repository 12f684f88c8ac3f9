"""Random graphs through every form: document, model, configuration, files, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kerastui.engine import load_model
from kerastui.engine.building import build_model
from kerastui.engine.checking import Checker
from kerastui.engine.importing.project import project_of
from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer, Project, Spec
from kerastui.engine.project.files import dumps, loads
from kerastui.engine.project.graph import wires_into
from kerastui.engine.saving.converting import samples_for

WIDTH = 3
"""Every value is `(steps, 3)`, so that any two can be merged."""

SIMPLE: tuple[Layer, ...] = (
    Layer("Dense", {"units": WIDTH, "activation": "tanh"}),
    Layer("Conv1D", {"filters": WIDTH, "kernel_size": 2, "padding": "same"}),
    Layer("LayerNormalization"),
    Layer("BatchNormalization", {"trainable": False}),
    Layer("Bidirectional", {"layer": Spec("GRU", {"units": WIDTH, "return_sequences": True}), "merge_mode": "ave"}),
    Layer("RNN", {"cell": Spec("SimpleRNNCell", {"units": WIDTH}), "return_sequences": True}),
    Layer("TimeDistributed", {"layer": Spec("Dense", {"units": WIDTH})}),
    Layer("ops.sigmoid"),
    Layer("ops.roll", {"shift": 1, "axis": 1}),
    Layer("ops.get_item", {"key": (Spec("Ellipsis"), Spec("slice", {"start": None, "stop": None, "step": -1}))}),
)
"""Layers of one tensor."""

PAIRS = ("Add", "Multiply", "Attention", "ops.subtract", "ops.maximum", "ops.where")
"""Layers of two."""


class Maker:
    """Draw a graph step by step; every step adds one call to what is there."""

    def __init__(self, draw: Any, models: dict[str, Graph], depth: int) -> None:
        self.draw, self.models, self.depth = draw, models, depth
        count = draw(st.integers(1, 2))
        self.inputs = {f"x{place}": Input((4, WIDTH)) for place in range(count)}
        self.layers: dict[str, Layer] = {}
        self.calls: dict[str, Call] = {}
        self.sources = list(self.inputs)

    def graph(self, steps: int) -> Graph:
        for _ in range(steps):
            kinds = ["simple", "pair", "lstm", "shared", "option", "constant", *(["model"] if self.depth else [])]
            getattr(self, self.draw(st.sampled_from(kinds)))()
        used = {wire.source for key in self.calls for wire in wires_into(Graph(calls=self.calls), key)}
        for key in self.inputs:
            if key not in used:
                self.add(SIMPLE[0], {"inputs": (key,)})
        loose = [key for key in self.calls if key not in used]
        ends = {f"out{place}": source for place, source in enumerate(loose)}
        takes, gives = (self.draw(st.sampled_from(["", "list", "dict"])) for _ in range(2))
        graph = Graph(self.inputs, self.layers, self.calls, ends, takes, gives)
        # Several in a list and one alone are said without a word.
        takes = "" if takes == "list" and len(self.inputs) > 1 else takes
        gives = "" if gives == "dict" and len(ends) > 1 else gives
        return replace(graph, takes=takes, gives=gives)

    def source(self) -> str:
        return str(self.draw(st.sampled_from(self.sources)))

    def add(self, layer: Layer, call: Mapping[str, Any], ports: tuple[str, ...] = ()) -> str:
        key = f"n{len(self.calls)}"
        self.layers[key] = layer
        self.calls[key] = Call(key, **call)
        self.sources += [key, *(f"{key}:{port}" for port in ports)]
        return key

    def simple(self) -> None:
        self.add(self.draw(st.sampled_from(SIMPLE)), {"inputs": (self.source(),)})

    def pair(self) -> None:
        name = self.draw(st.sampled_from(PAIRS))
        if name == "ops.where":
            less = self.add(Layer("ops.less"), {"inputs": (self.source(),), "arguments": {"x2": 0.25}})
            self.sources.remove(less)
            self.add(Layer(name), {"inputs": (less, self.source(), self.source())})
        else:
            self.add(Layer(name), {"inputs": (self.source(), self.source())})

    def lstm(self) -> None:
        config = {"units": WIDTH, "return_sequences": True, "return_state": True}
        key = self.add(Layer("LSTM", config), {"inputs": (self.source(),)})
        named = {"initial_state": (f"{key}:1", f"{key}:2")}
        self.add(
            Layer("LSTM", {"units": WIDTH, "return_sequences": True}), {"inputs": (self.source(),), "named": named}
        )

    def shared(self) -> None:
        known = [key for key, layer in self.layers.items() if not layer.class_name.startswith(("ops.", "LSTM", MODEL))]
        known = [key for key in known if len(self.calls[key].inputs) == 1 and not self.calls[key].named]
        if known:
            key = f"n{len(self.calls)}"
            self.calls[key] = Call(self.draw(st.sampled_from(known)), (self.source(),))
            self.sources.append(key)

    def option(self) -> None:
        causal = {"inputs": (self.source(), self.source()), "arguments": {"use_causal_mask": True}}
        self.add(Layer("MultiHeadAttention", {"num_heads": 1, "key_dim": 2}), causal)

    def constant(self) -> None:
        value = Spec("constant", {"value": (0.5, -1.0, 2.0), "dtype": "float32"})
        self.add(Layer("ops.multiply"), {"inputs": (self.source(),), "arguments": {"x1": value}})

    def model(self) -> None:
        key = f"m{len(self.models)}"
        self.models[key] = Graph()
        inner = self.models[key] = Maker(self.draw, self.models, self.depth - 1).graph(self.draw(st.integers(1, 3)))
        ports = tuple(inner.outputs) if len(inner.outputs) > 1 else ()
        inputs = tuple(self.source() for _ in inner.inputs)
        layer = self.add(Layer(MODEL, {"model": key}), {"inputs": inputs}, ports)
        again = f"n{len(self.calls)}"
        self.calls[again] = Call(layer, tuple(self.source() for _ in inner.inputs))
        self.sources += [again, *(f"{again}:{port}" for port in ports)]


@st.composite
def projects(draw: Any) -> Project:
    """Return a project with a random graph, and models inside it two deep."""
    models: dict[str, Graph] = {}
    graph = Maker(draw, models, 2).graph(draw(st.integers(1, 6)))
    return Project("random", graph=graph, models=models)


def config_of(model: Any) -> Any:
    """Return a model's configuration, its layers in the order of their names."""
    return ordered(json.loads(model.to_json())["config"])


def ordered(item: Any) -> Any:
    if isinstance(item, dict):
        found = {key: ordered(each) for key, each in item.items()}
        if isinstance(found.get("layers"), list):
            found["layers"].sort(key=lambda layer: str(layer["config"].get("name", layer.get("name"))))
        return found
    return [ordered(each) for each in item] if isinstance(item, list) else item


def different(a: Any, b: Any, path: str = "") -> list[str]:
    """Return where two configurations differ."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [found for key in a for found in different(a[key], b[key], f"{path}.{key}")]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [found for place in range(len(a)) for found in different(a[place], b[place], f"{path}[{place}]")]
    return [] if a == b else [f"{path}: {a} {b}"]


def same(expected: Any, value: Any, tolerance: float) -> None:
    first, second = keras.tree.flatten(expected), keras.tree.flatten(value)
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=0, atol=tolerance, equal_nan=True)


@pytest.mark.slow
@settings(
    max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(project=projects())
def test_a_graph_survives_every_form(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert loads(dumps(project), Path("kerastui.toml")) == project
    checked = Checker().check(project)
    assert checked.problems == ()

    model = build_model(project)
    assert checked.params == model.count_params()
    config = config_of(model)
    assert config_of(build_model(project)) == config
    random = np.random.default_rng(0)
    model.set_weights([random.uniform(0.1, 1, value.shape).astype(value.dtype) for value in model.get_weights()])

    imported = project_of(model, "random")
    again = build_model(imported.project)
    assert different(config_of(again), config) == []
    assert config_of(build_model(project_of(again, "random").project)) == config

    samples = samples_for(model)
    expected = model(*samples, training=False)
    folder = tmp_path_factory.mktemp("forms")
    for ending in (".keras", ".h5"):
        model.save(folder / f"model{ending}")
        loaded = load_model(folder / f"model{ending}")
        assert [value.tobytes() for value in loaded.get_weights()] == [value.tobytes() for value in model.get_weights()]
        same(expected, loaded(*samples, training=False), 1e-6)
        assert config_of(build_model(project_of(loaded, "random").project)) == config
