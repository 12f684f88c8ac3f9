"""What Build makes is what Keras makes: the reference network's summary, and a group with its weights. Needs Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from own_code import LAYERS, written
from reference_network import INNER, REFERENCE

from kerastui.engine.building import build_model
from kerastui.engine.custom.reading import read_code
from kerastui.engine.models.model import Functional
from kerastui.engine.project import commands, grouping
from kerastui.engine.project.document import Call, Graph, Input, Layer, Project
from kerastui.engine.project.inside import tidied
from kerastui.engine.starting_weights import load_weights, write_weights


def own_class() -> type[keras.layers.Layer]:
    """Return the class of the project's own from its text, without kerastui's reading of it."""
    found: dict[str, Any] = {"__name__": "by_hand"}
    exec(LAYERS, found)
    made: type[keras.layers.Layer] = found["ScaledTanh"]
    return made


def by_hand() -> Functional:
    """Return the reference network in Keras's own words."""
    first, second = keras.Input((64,), name="input"), keras.Input((64,), name="input_1")
    shared = keras.layers.Dense(64, name="dense")
    both = keras.layers.Concatenate(name="concatenate")([shared(first), shared(second)])
    inner = keras.Input((128,), name="concatenate")
    inside = keras.layers.LayerNormalization(name="layer_normalization")(
        keras.layers.Dropout(0.5, name="dropout")(inner)
    )
    model = Functional(inner, inside, name="model")
    added = keras.layers.Add(name="add")([model(both), both])
    own = own_class()(name="scaled_tanh")(added)
    ends = {name: keras.layers.Dense(64, name=name)(own) for name in ("dense_2", "dense_3")}
    return Functional([first, second], ends, name="reference")


def lines(model: Functional) -> list[str]:
    """Return the summary of a model, those inside it included."""
    said: list[str] = []
    model.summary(line_length=110, expand_nested=True, print_fn=lambda text, **_: said.append(str(text)))
    return said


@pytest.mark.slow
def test_the_summary_is_that_of_the_network_written_by_hand(tmp_path: Path) -> None:
    project = Project("reference", graph=REFERENCE, models={"model": INNER})
    assert not read_code(written(tmp_path / "project", project), (), trusted=True).errors
    try:
        assert lines(build_model(project)) == lines(by_hand())
    finally:
        read_code(tmp_path / "nowhere", ())  # what was read is one for the process


@pytest.mark.slow
def test_grouping_keeps_the_starting_weights(tmp_path: Path) -> None:
    graph = Graph(
        inputs={"x": Input((3,))},
        layers={key: Layer("Dense", {"units": 3}) for key in ("dense", "dense_1", "end")},
        calls={
            "dense": Call("dense", ("x",)),
            "dense_1": Call("dense_1", ("dense",)),
            "end": Call("end", ("dense_1",)),
        },
        outputs={"end": "end"},
    )
    project = Project("x", graph=graph, weights="weights.h5")
    model = build_model(project)
    write_weights(tmp_path / "weights.h5", {key: model.get_layer(key) for key in graph.layers})
    rows = np.eye(3, dtype="float32")
    expected = model.predict(rows, verbose=0)

    def predicted(after: Project) -> np.ndarray:
        built = build_model(after)
        assert load_weights(after, built, tmp_path) == ""
        return np.asarray(built.predict(rows, verbose=0))

    grouped, key = grouping.group(project, ["dense", "dense_1"], "encoder")
    np.testing.assert_array_equal(predicted(grouped), expected)
    # A layer that takes the id of one inside: when that comes out again, it gets another.
    grouped, new = commands.insert_layer(grouped, "Dense", {"units": 3}, key, "end")
    assert new == "dense"
    back, inside = grouping.ungroup(grouped, key)
    assert inside == ["dense_2", "dense_1"]
    np.testing.assert_array_equal(predicted(commands.delete(tidied(back, grouped), [new])), expected)
