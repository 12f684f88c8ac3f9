"""The catalog against Keras itself: the asset is fresh, nothing public is missing, and what it says can be built."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from importlib.resources import files
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from kerastui.engine.catalog.catalog import MODULES, Argument, Entry, Kind, catalog
from kerastui.engine.catalog.check import check_config
from kerastui.engine.catalog.objects import build_object
from kerastui.engine.project.document import Spec, Value

BASES: Mapping[Kind, tuple[str, frozenset[str]]] = {
    "layer": ("Layer", frozenset({"Wrapper", "InputLayer"})),
    "optimizer": ("Optimizer", frozenset()),
    "loss": ("Loss", frozenset()),
    "metric": ("Metric", frozenset()),
    "schedule": ("LearningRateSchedule", frozenset()),
    "callback": ("Callback", frozenset()),
    "initializer": ("Initializer", frozenset()),
    "regularizer": ("Regularizer", frozenset()),
    "constraint": ("Constraint", frozenset()),
}
"""Base class of each kind, and other classes that are not for use."""

SPECIAL: Mapping[str, Mapping[str, Value]] = {
    "CategoryEncoding": {"num_tokens": 4},
    "Discretization": {"num_bins": 4},
    "EinsumDense": {"equation": "ab,bc->ac"},
    "LossScaleOptimizer": {"inner_optimizer": Spec("SGD")},
    "Permute": {"dims": (2, 1)},
    "PiecewiseConstantDecay": {"boundaries": (10, 20), "values": (0.1, 0.01, 0.001)},
    "Pipeline": {"layers": (Spec("Rescaling", {"scale": 0.5}), Spec("RandomFlip"))},
    "RNN": {"cell": Spec("LSTMCell", {"units": 3})},
    "RandomPosterization": {"factor": 4},
    "SpectralNormalization": {"layer": Spec("Dense", {"units": 3})},
    "StackedRNNCells": {"cells": (Spec("GRUCell", {"units": 3}), Spec("GRUCell", {"units": 3}))},
}
"""Arguments that a rule cannot guess."""

OUTSIDE = frozenset({"TFSMLayer", "OrbaxCheckpoint", "STFT", "STFTSpectrogram"})
"""Entries that need a file or a package which is not there."""

SAMPLES: Mapping[str, Value] = {
    "activation": "relu",
    "axis": -1,
    "float": 0.5,
    "int": 2,
    "int-tuple": 2,
    "layer": Spec("LSTM", {"units": 3}),
    "list": (0, 1),
    "number": 0.5,
    "number-tuple": 0.5,
    "shape": (4,),
    "str": "somewhere.keras",
}


def needs_code(entry: Entry) -> bool:
    return any(argument.required and argument.type == "code" for argument in entry.arguments)


def buildable(*kinds: Kind) -> list[Any]:
    return [
        pytest.param(entry, id=f"{entry.kind}-{entry.name}")
        for entry in catalog().entries
        if entry.kind in (kinds or BASES) and entry.name not in OUTSIDE and not needs_code(entry)
    ]


def example(entry: Entry) -> dict[str, Value]:
    """Return the least arguments with which an entry can be built."""
    special = SPECIAL.get(entry.name, {})
    required = {each.name: sample(each) for each in entry.arguments if each.required and each.name not in special}
    return required | dict(special)


def sample(argument: Argument) -> Value:
    return SAMPLES[argument.type]


@pytest.fixture(scope="session")
def keras() -> ModuleType:
    """Keras, which takes 6 s the first time."""
    return import_module("keras")


@pytest.mark.slow
def test_the_asset_is_what_keras_says_today(keras: ModuleType) -> None:
    introspect = import_module("kerastui.engine.catalog.introspect")
    asset = (files("kerastui.assets") / "catalog.json").read_bytes()
    fresh = introspect.encode(introspect.introspect())
    assert fresh == asset, "run `make catalog`: the installed Keras differs from the catalog"
    assert introspect.encode(introspect.introspect()) == fresh
    assert catalog().keras == keras.__version__


@pytest.mark.slow
@pytest.mark.parametrize("kind", BASES)
def test_every_public_class_is_there(kind: Kind, keras: ModuleType) -> None:
    module = import_module(MODULES[kind])
    base, others = BASES[kind]
    root = getattr(module, base)
    public = {
        name
        for name, item in vars(module).items()
        if inspect.isclass(item) and issubclass(item, root) and item is not root and name not in others
    }
    assert {name for name in public if catalog().get(kind, name) is None} == set()
    assert len(public) >= len([entry for entry in catalog().entries if entry.kind == kind]) > 3
    for name in (base, *others):
        assert catalog().get(kind, name) is None


@pytest.mark.slow
def test_every_public_activation_is_there(keras: ModuleType) -> None:
    public = {name for name, item in vars(keras.activations).items() if inspect.isfunction(item)}
    public -= {"get", "serialize", "deserialize"}
    assert {name for name in public if catalog().get("activation", name) is None} == set()
    assert build_object(Spec("relu"), "activation") is keras.activations.relu


@pytest.mark.slow
@pytest.mark.parametrize("entry", buildable())
def test_every_entry_can_be_built(entry: Entry, keras: ModuleType) -> None:
    made = build_object(Spec(entry.name, example(entry)), entry.kind)
    assert made.__class__ is getattr(import_module(MODULES[entry.kind]), entry.name)
    assert check_config(entry, example(entry)) == []


@pytest.mark.slow
@pytest.mark.parametrize("entry", buildable("layer", "optimizer", "loss", "initializer", "regularizer", "constraint"))
def test_defaults_of_the_catalog_are_those_of_keras(entry: Entry, keras: ModuleType) -> None:
    given = example(entry)
    defaults = {each.name: each.default for each in entry.arguments if not each.required and each.name not in given}
    plain = build_object(Spec(entry.name, given), entry.kind)
    spelt = build_object(Spec(entry.name, defaults | given), entry.kind)
    if hasattr(plain, "get_config"):
        assert comparable(spelt.get_config()) == comparable(plain.get_config())


def comparable(config: Any) -> Any:
    """Leave out names that Keras counts up, seeds it draws, and arguments that are told only when they were given."""
    if isinstance(config, dict):
        drawn = ("name", "seed", "shared_object_id")
        return {key: comparable(each) for key, each in config.items() if key not in drawn and each is not None}
    return [comparable(item) for item in config] if isinstance(config, list | tuple) else config


@pytest.mark.slow
@pytest.mark.parametrize("entry", buildable("layer"))
def test_inherited_arguments_of_layers_are_accepted(entry: Entry, keras: ModuleType) -> None:
    inherited: dict[str, Value] = {"trainable": False, "activity_regularizer": Spec("L2", {"l2": 0.5})}
    config = example(entry) | {name: value for name, value in inherited.items() if entry.argument(name)}
    layer = build_object(Spec(entry.name, config), "layer", name="mine")
    assert layer.name == "mine"
    if entry.argument("trainable"):
        assert layer.trainable is False
    # Where a constructor names it, the layer may hand it to inner layers, or, as SimpleRNN does, forget it.
    named = "activity_regularizer" in inspect.signature(layer.__init__).parameters
    if entry.argument("activity_regularizer") and not named:
        assert float(layer.activity_regularizer.l2) == 0.5


@pytest.mark.slow
def test_objects_inside_are_made_first(keras: ModuleType) -> None:
    spec = Spec(
        "Bidirectional",
        {"layer": Spec("LSTM", {"units": 3, "kernel_regularizer": Spec("L2", {"l2": 0.25}), "activation": "relu"})},
    )
    layer = build_object(spec, "layer")
    assert float(layer.forward_layer.kernel_regularizer.l2) == 0.25
    decay = Spec("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 10})
    optimizer = build_object(Spec("Adam", {"learning_rate": decay}), "optimizer")
    assert optimizer.get_config()["learning_rate"]["class_name"] == "CosineDecay"
    restored = keras.layers.deserialize(keras.layers.serialize(layer))
    assert restored.get_config() == layer.get_config()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        (Spec("Dens"), "layer", "no layer named Dens; did you mean Dense?"),
        (Spec("Dense", {"unit": 3}), "layer", "Dense: Dense has no argument unit; did you mean units?"),
        (Spec("Dense"), "layer", "Dense: units is missing: it takes a whole number above 0"),
        (Spec("Dense", {"units": -3}), "layer", "Dense units: "),
        (Spec("Dropout", {"rate": 3}), "layer", "Dropout rate: "),
        (Spec("Dense", {"units": 3, "activation": "rleu"}), "layer", "Dense activation: "),
        (
            Spec("Dense", {"units": 3, "kernel_regularizer": Spec("L9")}),
            "layer",
            "Dense kernel_regularizer: no regularizer named L9",
        ),
        (Spec("Lambda"), "layer", "function is missing: it takes Python code"),
        (Spec("leaky_relu", {"negative_slope": 0.1}), "activation", "an activation is given by name alone"),
    ],
)
def test_what_cannot_be_built_is_told(spec: Spec, kind: Kind, message: str, keras: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        build_object(spec, kind)
    assert message in str(caught.value)


# Calls and operations -------------------------------------------------------------------------------------------------


def test_calls_take_tensors_by_name_and_options() -> None:
    lstm, heads = catalog().layer("LSTM"), catalog().layer("MultiHeadAttention")
    assert lstm is not None
    assert heads is not None
    assert lstm.named == ("initial_state", "mask")
    assert [option.name for option in lstm.options] == ["training"]
    assert heads.tensors == ("query", "value", "key")
    assert heads.named == ("query_mask", "value_mask", "key_mask", "attention_mask")
    assert {option.name: option.type for option in heads.options}["use_causal_mask"] == "bool"


def test_functions_of_keras_are_found_as_layers() -> None:
    for name, tensors, inputs, arguments in (
        ("ops.matmul", ("x1", "x2"), "many", []),
        ("ops.concatenate", ("xs",), "list", ["axis"]),
        ("ops.mean", ("x",), "one", ["axis", "keepdims"]),
        ("ops.where", ("condition", "x1", "x2"), "many", []),
        ("ops.get_item", ("x",), "one", ["key"]),
        ("ops.einsum", ("operands",), "list", ["subscripts"]),
    ):
        entry = catalog().layer(name)
        assert entry is not None
        assert (entry.kind, entry.tensors, entry.inputs) == ("operation", tensors, inputs)
        assert [argument.name for argument in entry.arguments] == arguments
    offered = {entry.name for entry in catalog().of("operation")}
    assert len(offered) > 280
    assert offered.isdisjoint({"ops.while_loop", "ops.cond", "ops.ones", "ops.shape", "ops.convert_to_numpy"})


@pytest.mark.slow
def test_the_command_counts_the_layers_that_are_offered(monkeypatch: pytest.MonkeyPatch, keras: ModuleType) -> None:
    from kerastui.cli import main
    from kerastui.engine.catalog.coverage import NOT_OFFERED

    done = CliRunner().invoke(main, ["layers", "--check"])
    assert done.exit_code == 0
    there, _, public = done.output.split()[0].partition("/")
    offered = {entry.name for entry in catalog().of("layer")}
    assert int(there) == len(offered) == int(public) - len(NOT_OFFERED)
    assert offered.isdisjoint(NOT_OFFERED)
    assert "left out: Lambda (runs a Python function" in done.output
    monkeypatch.setattr(keras.layers, "Twice", type("Twice", (keras.layers.Layer,), {}), raising=False)
    hidden = tuple(entry for entry in catalog().of("layer") if entry.name != "Dense")
    monkeypatch.setitem(catalog()._offered, "layer", hidden)
    done = CliRunner().invoke(main, ["layers", "--check"])
    assert done.exit_code == 1
    assert done.output.split()[0] == f"{int(there) - 1}/{int(public) + 1}"
    assert done.output.splitlines()[-2:] == ["missing: Dense", "missing: Twice"]
