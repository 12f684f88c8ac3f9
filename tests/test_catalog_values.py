"""Values as text and back, and what is said about wrong ones."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.engine.catalog.catalog import Argument, ArgumentType, Entry, Kind, catalog
from kerastui.engine.catalog.check import check_config, check_value
from kerastui.engine.catalog.values import format_value, parse_value
from kerastui.engine.project.document import Spec, Value

ANY = Argument("value", "any", nullable=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
FLOATS = st.floats(allow_nan=False)
LEAVES = st.none() | st.booleans() | st.integers() | FLOATS | TEXTS
NAMES = st.sampled_from(["Dense", "L2", "Foo"])
KEYS = st.sampled_from(["units", "l2", "other"])
VALUES: st.SearchStrategy[Value] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.builds(Spec, NAMES, st.dictionaries(KEYS, inner)),
    max_leaves=8,
)
INTS = st.integers(-(10**6), 10**6)
BY_TYPE: dict[ArgumentType, st.SearchStrategy[Value]] = {
    "bool": st.booleans(),
    "int": INTS,
    "float": FLOATS,
    "number": INTS | FLOATS,
    "str": TEXTS,
    "dtype": TEXTS,
    "choice": st.sampled_from(["same", "valid"]),
    "int-tuple": INTS | st.lists(INTS | st.tuples(INTS, INTS), max_size=3).map(tuple),
    "number-tuple": FLOATS | st.tuples(FLOATS, INTS),
    "shape": st.lists(st.none() | INTS, max_size=4).map(tuple),
    "axis": INTS | st.tuples(INTS, INTS),
    "list": st.lists(LEAVES, max_size=3).map(tuple),
    "activation": st.sampled_from(["relu", "linear", "hard_swish"]),
    "initializer": st.sampled_from(["zeros", "HeNormal"])
    | st.builds(Spec, st.just("Constant"), st.just({"value": 0.5})),
    "regularizer": st.builds(Spec, st.just("L2"), st.fixed_dictionaries({"l2": FLOATS})),
    "constraint": st.builds(Spec, st.just("MaxNorm"), st.fixed_dictionaries({"axis": INTS | st.tuples(INTS)})),
    "schedule-or-float": FLOATS,
    "layer": st.builds(Spec, st.just("LSTM"), st.fixed_dictionaries({"units": st.integers(1, 99)})),
    "any": VALUES,
}


def argument(kind: Kind, name: str, key: str) -> Argument:
    return entry(kind, name).argument(key) or pytest.fail(f"{name} has no {key}")


def entry(kind: Kind, name: str) -> Entry:
    return catalog().get(kind, name) or pytest.fail(f"no {name}")


@given(VALUES)
def test_any_value_is_read_back(value: Value) -> None:
    assert repr(parse_value(ANY, format_value(value))) == repr(value)


@pytest.mark.parametrize("kind_of", BY_TYPE)
@given(data=st.data())
def test_every_type_reads_its_values_back(kind_of: ArgumentType, data: st.DataObject) -> None:
    for nullable in (False, True):
        taker = Argument("value", kind_of, nullable=nullable, choices=("same", "valid"))
        value = data.draw(BY_TYPE[kind_of] | st.none() if nullable else BY_TYPE[kind_of])
        if value is None and not nullable:
            continue
        assert repr(parse_value(taker, format_value(value))) == repr(value)


@given(st.text(max_size=20))
def test_typed_text_gives_a_value_or_a_message(text: str) -> None:
    for kind_of in BY_TYPE:
        taker = Argument("value", kind_of)
        message = ""
        try:
            value = parse_value(taker, text)
        except ValueError as error:
            message = str(error)
        assert message.startswith("value") if message else check_value(taker, value) == ""


def test_every_default_of_keras_suits_its_argument() -> None:
    for each in catalog().entries:
        for key in each.arguments:
            if not key.required:
                assert check_value(key, key.default) == "", (each.name, key)
                assert parse_value(key, format_value(key.default)) == key.default, (each.name, key)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3e-4, "3e-4"),
        (0.0015, "1.5e-3"),
        (-0.00025, "-2.5e-4"),
        (1e-5, "1e-5"),
        (0.01, "0.01"),
        (1.0, "1.0"),
        (1e16, "1e16"),
        (math.inf, "inf"),
        (None, "none"),
        (True, "true"),
        ("relu", "relu"),
        ("none", "'none'"),
        ("", "''"),
        ("3", "'3'"),
        ("val_loss", "val_loss"),
        ((3, 3), "(3, 3)"),
        ((3,), "(3,)"),
        ((None, 2), "(none, 2)"),
        (Spec("L2", {"l2": 1e-4}), "L2(l2=1e-4)"),
        (Spec("HeNormal"), "HeNormal()"),
    ],
)
def test_values_are_written_short(value: Value, text: str) -> None:
    assert format_value(value) == text


@pytest.mark.parametrize(
    ("kind", "name", "key", "text", "value"),
    [
        ("layer", "Dense", "units", " 64 ", 64),
        ("layer", "Dense", "units", "1_000", 1000),
        ("schedule", "CosineDecay", "decay_steps", "1e5", 100_000),
        ("layer", "Dense", "use_bias", "No", False),
        ("layer", "Dense", "activation", "relu", "relu"),
        ("layer", "Dense", "activation", "None", None),
        ("layer", "Dense", "kernel_regularizer", "L2(1e-4)", Spec("L2", {"l2": 1e-4})),
        ("layer", "Dense", "kernel_regularizer", "l2", "l2"),
        ("layer", "Dense", "kernel_initializer", "RandomNormal(stddev=1)", Spec("RandomNormal", {"stddev": 1.0})),
        ("layer", "Conv2D", "kernel_size", "3, 3", (3, 3)),
        ("layer", "Conv2D", "kernel_size", "3", 3),
        ("layer", "Conv2D", "padding", "same", "same"),
        ("layer", "ZeroPadding2D", "padding", "((1, 0), (0, 1))", ((1, 0), (0, 1))),
        ("layer", "Reshape", "target_shape", "(-1, 2)", (-1, 2)),
        ("layer", "LayerNormalization", "axis", "[1, 2]", (1, 2)),
        ("layer", "EinsumDense", "equation", "ab,bc->ac", "ab,bc->ac"),
        ("layer", "StringLookup", "vocabulary", "cat, dog", ("cat", "dog")),
        (
            "layer",
            "Bidirectional",
            "layer",
            "LSTM(32, kernel_regularizer=L2(0.1))",
            Spec("LSTM", {"units": 32, "kernel_regularizer": Spec("L2", {"l2": 0.1})}),
        ),
        ("layer", "StackedRNNCells", "cells", "(GRUCell(4), GRUCell(4))", (Spec("GRUCell", {"units": 4}),) * 2),
        ("optimizer", "Adam", "learning_rate", "1", 1.0),
        (
            "optimizer",
            "Adam",
            "learning_rate",
            "ExponentialDecay(0.1, 1000, 0.9)",
            Spec("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 1000, "decay_rate": 0.9}),
        ),
        ("callback", "CSVLogger", "separator", "' '", " "),
        ("callback", "CSVLogger", "filename", "runs/log 1.csv", "runs/log 1.csv"),
    ],
)
def test_typed_text_becomes_the_value(kind: Kind, name: str, key: str, text: str, value: Value) -> None:
    assert repr(parse_value(argument(kind, name, key), text)) == repr(value)


@pytest.mark.parametrize(
    ("kind", "name", "key", "text", "message"),
    [
        ("layer", "Dense", "units", "abc", "units takes a whole number above 0. Received: 'abc'"),
        ("layer", "Dense", "units", "0", "units takes a whole number above 0. Received: '0'"),
        ("layer", "Dense", "units", "true", "units takes a whole number above 0. Received: 'true'"),
        ("layer", "Dense", "units", "", "units takes a whole number above 0. Nothing was typed. Received: ''"),
        ("layer", "Dropout", "rate", "1.5", "rate takes a number from 0 to 1. Received: '1.5'"),
        ("layer", "Dense", "use_bias", "maybe", "use_bias takes true or false. Received: 'maybe'"),
        (
            "layer",
            "Conv2D",
            "padding",
            "sme",
            "padding takes one of valid, same. Received: 'sme'; did you mean same?",
        ),
        (
            "layer",
            "Dense",
            "activation",
            "rleu",
            "activation takes an activation, such as relu, or none. Received: 'rleu'; did you mean relu?",
        ),
        (
            "layer",
            "Dense",
            "kernel_regularizer",
            "L2(l3=1)",
            "kernel_regularizer: L2 has no argument l3; did you mean l2?",
        ),
        (
            "layer",
            "Dense",
            "kernel_regularizer",
            "LL2(1)",
            "Name the arguments of LL2",
        ),
        ("layer", "Conv2D", "kernel_size", "(3, 3", "It is not complete"),
        ("layer", "Conv2D", "kernel_size", "(3, 0)", "kernel_size takes whole numbers above 0, such as 3 or (3, 3)"),
        ("layer", "Lambda", "function", "print", "function takes Python code, which a project file cannot hold"),
        ("layer", "Bidirectional", "layer", "LSTM", "layer takes a layer, such as LSTM(units=32). Received: 'LSTM'"),
        ("optimizer", "Adam", "learning_rate", "fast", "learning_rate takes a number or a schedule"),
    ],
)
def test_a_wrong_text_is_told_plainly(kind: Kind, name: str, key: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"Received|argument") as caught:
        parse_value(argument(kind, name, key), text)
    assert message in str(caught.value)


def test_a_whole_configuration_is_checked() -> None:
    dense = entry("layer", "Dense")
    assert check_config(dense, {"units": 3, "activation": "relu", "kernel_initializer": Spec("HeNormal")}) == []
    assert check_config(dense, {"unit": 3}) == [
        "Dense has no argument unit; did you mean units?",
        "units is missing: it takes a whole number above 0",
    ]
    assert check_config(dense, {"units": "3"}) == ["units takes a whole number above 0. Received: '3'"]
    wrapped = {"layer": Spec("LSTM", {"unit": 3})}
    assert check_config(entry("layer", "Bidirectional"), wrapped) == [
        "layer: LSTM has no argument unit; did you mean units?"
    ]
    decay = {"learning_rate": Spec("ExponentialDecai")}
    assert check_config(entry("optimizer", "SGD"), decay) == [
        "learning_rate: no schedule named ExponentialDecai; did you mean ExponentialDecay?"
    ]
