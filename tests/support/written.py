"""Projects whose Python code is tested: each a case that the writer must get right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastui.engine import templates
from kerastui.engine.project.document import MODEL, Call, Compile, Fit, Graph, Input, Layer, Project, Spec


def graph(inputs: Mapping[str, Input], layers: Mapping[str, tuple[Layer, Any]], outputs: Mapping[str, str]) -> Graph:
    """Return a graph in which each layer has the calls beside it: the sources of one, or those of several by id."""
    calls: dict[str, Call] = {}
    for key, (_, given) in layers.items():
        several = given if isinstance(given, dict) else {key: given}
        calls |= {call: Call(key, tuple(sources.split())) for call, sources in several.items()}
    return Graph(inputs, {key: layer for key, (layer, _) in layers.items()}, calls, outputs)


def _awkward() -> Project:
    """Return a project whose ids are names that mean something to Python, or none at all."""
    layers = {
        "class": (Layer("Dense", {"units": 2}), "input"),
        "print": (Layer("Dense", {"units": 2}, "4th"), "class"),
        "layers": (Layer("Dense", {"units": 2}), "print"),
        "keras": (Layer("Add"), "layers print"),
        "9-lives.of": (Layer("Activation", {"activation": "relu"}), "keras"),
        "9_lives_of": (Layer("ReLU", {"max_value": 6.0}), "9-lives.of"),
        "name": (Layer("Dropout", {"rate": 0.25}), "9_lives_of"),
    }
    made = graph({"input": Input((3,), name="x")}, layers, {"the end": "name"})
    notes = {"class": "as wide as it must be", "keras": "a skip\n\nhere"}
    return Project('awk"ward \\ name', graph=made, notes=notes)


def _settings() -> Project:
    """Return a project with two outputs and something other than the default in every setting."""
    norm = {"kernel_regularizer": Spec("L1L2", {"l1": 1e-4, "l2": 0.5}), "kernel_constraint": Spec("MaxNorm")}
    layers = {
        "words": (Layer("Embedding", {"input_dim": 9, "output_dim": 3, "mask_zero": True}), "tokens"),
        "read": (Layer("GlobalAveragePooling1D"), "words"),
        "join": (Layer("Concatenate"), "read size"),
        "kind": (Layer("Dense", {"units": 3, "activation": "softmax", **norm}), "join"),
        "price": (Layer("Dense", {"units": 1, "use_bias": False, "bias_initializer": "ones"}), "join"),
    }
    made = graph(
        {"tokens": Input((4,), "int32"), "size": Input((2,))},
        layers,
        {"kind": "kind", "price": "price", "both": "join"},
    )
    rate = Spec("CosineDecay", {"initial_learning_rate": 0.01, "decay_steps": 100, "alpha": 0.1})
    return Project(
        "settings",
        graph=made,
        compile=Compile(
            optimizer=Spec("AdamW", {"learning_rate": rate, "weight_decay": 0.004}),
            losses={
                "kind": Spec("SparseCategoricalCrossentropy"),
                "price": Spec("Huber", {"delta": 2.0}),
                "both": Spec("MeanSquaredError"),
            },
            metrics={
                "kind": (Spec("SparseCategoricalAccuracy"), Spec("SparseTopKCategoricalAccuracy", {"k": 2})),
                "price": (Spec("MeanAbsoluteError", {"dtype": "float64"}),),
            },
            loss_weights={"price": 0.25},
            jit_compile=False,
            steps_per_execution=2,
        ),
        fit=Fit(
            epochs=2,
            batch_size=8,
            shuffle=False,
            validation_freq=2,
            seed=None,
            callbacks=(
                Spec("EarlyStopping", {"monitor": "loss", "patience": 3}),
                Spec("ReduceLROnPlateau", {"monitor": "loss", "factor": 0.5}),
                Spec("TerminateOnNaN"),
            ),
        ),
    )


def _recurrent() -> Project:
    layers = {
        "words": (Layer("Embedding", {"input_dim": 9, "output_dim": 3, "mask_zero": True}), "tokens"),
        "read": (
            Layer(
                "Bidirectional",
                {
                    "layer": Spec("LSTM", {"units": 2, "kernel_initializer": Spec("HeNormal", {"seed": 3})}),
                    "merge_mode": "sum",
                },
            ),
            "words",
        ),
        "cells": (Layer("RNN", {"cell": (Spec("LSTMCell", {"units": 2}), Spec("GRUCell", {"units": 3}))}), "words"),
        "join": (Layer("Concatenate"), "read cells"),
    }
    return Project("recurrent", graph=graph({"tokens": Input((4,), "int32")}, layers, {"join": "join"}))


def _shared() -> Project:
    layers = {
        "project": (Layer("Dense", {"units": 2}), {"project": "left", "project_1": "right"}),
        "unused": (Layer("Dense", {"units": 2}), "left"),
        "far": (Layer("Subtract"), "project project_1"),
    }
    return Project("shared", graph=graph({"left": Input((3,)), "right": Input((3,))}, layers, {"far": "far"}))


def _pictures() -> Project:
    layers = {
        "conv": (Layer("Conv2D", {"filters": 2, "kernel_size": (3, 3), "padding": "same"}), "image"),
        "norm": (Layer("BatchNormalization", {"trainable": False}), "conv"),
        "pool": (Layer("MaxPooling2D", {"pool_size": 2}), "norm"),
        "crop": (Layer("Cropping2D", {"cropping": ((1, 0), (0, 1))}), "pool"),
        "flat": (Layer("GlobalAveragePooling2D", {}, "features"), "crop"),
    }
    return Project("pictures", graph=graph({"image": Input((6, 6, 1))}, layers, {"features": "flat"}))


def _nested() -> Project:
    """Return a project with models inside models: called twice, frozen, in a wrapper, with states and structures."""
    cell = Graph(
        inputs={"text": Input((None, 8))},
        layers={"lstm": Layer("LSTM", {"units": 4, "return_state": True})},
        calls={"lstm": Call("lstm", ("text",))},
        outputs={"code": "lstm", "memory": "lstm:2"},
    )
    tower = Graph(
        inputs={"a": Input((4,)), "b": Input((4,), name="other")},
        layers={"dense": Layer("Dense", {"units": 4}), "inner": Layer(MODEL, {"model": "step"}), "add": Layer("Add")},
        calls={
            "dense": Call("dense", ("b",)),
            "inner": Call("inner", ("dense",)),
            "add": Call("add", ("inner", "dense")),
        },
        outputs={"sum": "add", "b": "b"},
        takes="dict",
        gives="list",
    )
    step = graph({"x": Input((4,))}, {"dense": (Layer("Dense", {"units": 4}), "x")}, {"y": "dense"})
    layers = {
        "encoder": Layer(MODEL, {"model": "encoder"}, "shared"),
        "gru": Layer("GRU", {"units": 4}),
        "each": Layer("TimeDistributed", {"layer": Spec(MODEL, {"model": "step"})}),
        "tower": Layer(MODEL, {"model": "tower", "trainable": False}),
        "cells": Layer(
            "RNN", {"cell": (Spec("LSTMCell", {"units": 2}), Spec("GRUCell", {"units": 3})), "return_state": True}
        ),
        "project": Layer("Dense", {"units": 4}),
    }
    calls = {
        "encoder": Call("encoder", ("left",)),
        "encoder_1": Call("encoder", ("right",)),
        "gru": Call("gru", ("right",), {"initial_state": "encoder:memory"}, {"training": True}),
        "project": Call("project", ("left",)),
        "each": Call("each", ("project",)),
        "tower": Call("tower", ("encoder:memory", "gru")),
        "cells": Call("cells", ("right",)),
        "cells_1": Call("cells", ("right",), {"initial_state": ("cells:1", "cells:2", "cells:3")}),
    }
    outputs = {"sum": "tower", "memory": "encoder_1:memory", "same": "tower:b", "each": "each", "state": "cells_1:1"}
    made = Graph({"left": Input((5, 8)), "right": Input((None, 8))}, layers, calls, outputs, takes="dict")
    return Project("nested", graph=made, models={"encoder": cell, "tower": tower, "step": step, "unused": step})


def _listed() -> Project:
    """Return a project that takes a list of one and gives one, with attention told what to do."""
    layers = {
        "attend": Layer("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}),
        "mask": Layer("Dense", {"units": 5, "activation": "hard_sigmoid"}),
    }
    calls = {
        "mask": Call("mask", ("x",)),
        "attend": Call(
            "attend", ("x", "x"), {"attention_mask": "mask"}, {"use_causal_mask": True, "return_attention_scores": True}
        ),
    }
    made = Graph({"x": Input((5, 4))}, layers, calls, {"seen": "attend"}, takes="list", gives="list")
    settings = Compile(losses={"seen": Spec("MeanSquaredError")}, metrics={"seen": (Spec("MeanAbsoluteError"),)})
    return Project("listed", graph=made, compile=settings)


def _operations() -> Project:
    """Return a project of functions of `keras.ops`, with numbers and arrays in place of tensors."""
    every = Spec("slice", {"start": None, "stop": None, "step": None})
    half = Spec("slice", {"start": 1, "stop": None, "step": None})
    layers = {
        "both": Layer("ops.matmul"),
        "parts": Layer("ops.split", {"indices_or_sections": 2, "axis": -1}),
        "less": Layer("ops.subtract"),
        "sum": Layer("ops.einsum", {"subscripts": "bij,bij->bi"}),
        "joined": Layer("ops.concatenate", {"axis": 1}),
        "cut": Layer("ops.get_item", {"key": (every, half)}),
        "mean": Layer("ops.average", {"axis": -1}),
        "shifted": Layer("ops.add"),
        "end": Layer("Dense", {"units": 2}),
    }
    calls = {
        "both": Call("both", ("x", "y")),
        "parts": Call("parts", ("both",)),
        "less": Call("less", ("parts:1",), {}, {"x1": 1.0}),
        "sum": Call("sum", ("less", "parts")),
        "joined": Call("joined", ("sum", "sum")),
        "cut": Call("cut", ("joined",)),
        "shifted": Call("shifted", ("cut",), {}, {"x2": Spec("constant", {"value": (1.0, 2.0, 3.0)})}),
        "mean": Call("mean", ("shifted",), {"weights": "cut"}),
        "end": Call("end", ("shifted",)),
    }
    made = Graph({"x": Input((2, 2)), "y": Input((2, 4))}, layers, calls, {"end": "end", "mean": "mean"})
    return Project("operations", graph=made)


def projects() -> dict[str, Project]:
    """Return all of them, the templates included, by name."""
    own = {
        "awkward": _awkward(),
        "settings": _settings(),
        "shared": _shared(),
        "pictures": _pictures(),
        "recurrent": _recurrent(),
        "nested": _nested(),
        "listed": _listed(),
        "operations": _operations(),
    }
    shipped = {item.name: templates.project(item.name) for item in templates.templates()}
    return own | {name: project for name, project in shipped.items() if not _has_code(project)}


def _has_code(project: Project) -> bool:
    """Tell whether a project needs files of code beside it."""
    graphs = (project.graph, *project.models.values())
    classes = {layer.class_name for made in graphs for layer in made.layers.values()}
    return bool(project.compile.model) or any("." in name and not name.startswith("ops.") for name in classes)
