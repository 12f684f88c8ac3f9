"""Names and structures of models that become projects: kept, or refused by name. No model is run."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from kerastui.engine.importing.graphs import graph_of

L = keras.layers

pytestmark = pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict")


def inputs(count: int) -> list[Any]:
    return [keras.Input((3,), name=f"in{number}") for number in range(count)]


@pytest.mark.parametrize("key", ["x/y", "a b", "_x", "", 7])
def test_keys_of_inputs_that_are_no_names_are_refused(key: Any) -> None:
    a, b = inputs(2)
    found = graph_of(keras.Model({key: a, "b": b}, L.Add()([a, b])))
    assert [refusal.name for refusal in found.refusals] == ["in0"]
    assert f"the key {key!r} of this input" in found.refusals[0].why


def test_keys_of_inputs_that_are_names_are_kept() -> None:
    a, b = inputs(2)
    found = graph_of(keras.Model({"left.1": a, ".b": b}, L.Add()([a, b])))
    assert (found.refusals, found.graph.takes) == ([], "dict")
    assert {key: value.name for key, value in found.graph.inputs.items()} == {"layer.b": ".b", "left.1": ""}


def test_structures_within_structures_are_refused() -> None:
    a, b, c = inputs(3)
    ends = {"y": L.Add()([a, b]), "both": [b, L.Add()([b, c])]}
    for given, gives, why in (
        ({"p": a, "q": [b, c]}, ends["y"], ["inputs in a structure within a structure"]),
        ([a, (b, c)], ends["y"], ["inputs in a structure within a structure"]),
        ([a, b, c], ends, ["outputs in a structure within a structure"]),
        ([[a], b, c], [ends["both"]], [f"{kind} in a structure within a structure" for kind in ("inputs", "outputs")]),
        ([a, b], {1: ends["y"]}, ["outputs with keys that are no text"]),
    ):
        model = keras.Model(given, gives, name="deep")
        assert [tuple(refusal) for refusal in graph_of(model).refusals] == [("deep", each) for each in why]


def test_a_model_inside_may_have_them_since_nobody_sees_it() -> None:
    a, b, c = inputs(3)
    inner = keras.Model({"p": a, "q": [b, c]}, [L.Add(name="sum")([a, b]), [L.Subtract(name="less")([b, c])]], name="m")
    x, y, z = inputs(3)
    found = graph_of(keras.Model([x, y, z], inner({"p": x, "q": [y, z]})[1][0]))
    assert (found.refusals, found.models["m"].takes, found.models["m"].gives) == ([], "", "list")
    assert (found.graph.calls["m"].inputs, list(found.graph.outputs.values())) == (("in0", "in1", "in2"), ["m:less"])
    assert list(found.models["m"].inputs) == ["p", "in1", "in2"]


def test_names_that_can_be_kept_are_kept_whatever_others_become() -> None:
    x = keras.Input((3,), name="in put")
    twice = L.Dense(3, name="twice")
    y = twice(twice(L.Dense(3, name="a b")(x)))
    for name in ("a_b", "a_b_1", "in_put", "twice_1"):
        y = L.Dense(3, name=name)(y)
    graph = graph_of(keras.Model(x, y)).graph
    assert list(graph.inputs) == ["in_put_1"]
    assert list(graph.layers) == ["a_b_2", "twice", "a_b", "a_b_1", "in_put", "twice_1"]
    assert list(graph.calls) == ["a_b_2", "twice", "twice_2", "a_b", "a_b_1", "in_put", "twice_1"]
