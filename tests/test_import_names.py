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
