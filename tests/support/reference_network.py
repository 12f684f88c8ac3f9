"""A network with all there is: two inputs and outputs, a shared layer, a skip, a model inside, a layer of one's own."""

from __future__ import annotations

from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer

OWN = "layers.ScaledTanh"
"""A class of the project's own `layers.py`, which is that of `own_code`."""

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
        "scaled_tanh": Layer(OWN),
        "dense_2": Layer("Dense", {"units": 64}),
        "dense_3": Layer("Dense", {"units": 64}),
    },
    calls={
        "dense": Call("dense", ("input",)),
        "dense_1": Call("dense", ("input_1",)),
        "concatenate": Call("concatenate", ("dense", "dense_1")),
        "model": Call("model", ("concatenate",)),
        "add": Call("add", ("model", "concatenate")),
        "scaled_tanh": Call("scaled_tanh", ("add",)),
        "dense_2": Call("dense_2", ("scaled_tanh",)),
        "dense_3": Call("dense_3", ("scaled_tanh",)),
    },
    outputs={"dense_2": "dense_2", "dense_3": "dense_3"},
)
