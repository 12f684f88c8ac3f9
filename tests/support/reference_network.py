"""A network with all there is: two inputs and outputs, a shared layer, a skip, a model inside, a layer of one's own."""

from __future__ import annotations

from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer

OWN = "UnitNormalization"
"""The layer in the place of a class of the project's own."""

INNER = Graph(
    inputs={"concatenate": Input((128,))},
    layers={"dropout": Layer("Dropout", {"rate": 0.5}), "layer_normalization": Layer("LayerNormalization")},
    calls={
        "dropout": Call("dropout", ("concatenate",)),
        "layer_normalization": Call("layer_normalization", ("dropout",)),
    },
    outputs={"layer_normalization": "layer_normalization"},
)

REFERENCE = Graph(
    inputs={"input": Input((64,)), "input_1": Input((64,))},
    layers={
        "dense": Layer("Dense", {"units": 64}),
        "concatenate": Layer("Concatenate"),
        "model": Layer(MODEL, {"model": "model"}),
        "add": Layer("Add"),
        "unit_normalization": Layer(OWN),
        "dense_2": Layer("Dense", {"units": 64}),
        "dense_3": Layer("Dense", {"units": 64}),
    },
    calls={
        "dense": Call("dense", ("input",)),
        "dense_1": Call("dense", ("input_1",)),
        "concatenate": Call("concatenate", ("dense", "dense_1")),
        "model": Call("model", ("concatenate",)),
        "add": Call("add", ("model", "concatenate")),
        "unit_normalization": Call("unit_normalization", ("add",)),
        "dense_2": Call("dense_2", ("unit_normalization",)),
        "dense_3": Call("dense_3", ("unit_normalization",)),
    },
    outputs={"dense_2": "dense_2", "dense_3": "dense_3"},
)
