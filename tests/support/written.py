"""Projects whose Python code is tested: each a case that the writer must get right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastui.engine import templates
from kerastui.engine.project.document import Call, Compile, Fit, Graph, Input, Layer, Project, Spec


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


def projects() -> dict[str, Project]:
    """Return all of them, the templates included, by name."""
    own = {
        "awkward": _awkward(),
        "settings": _settings(),
        "shared": _shared(),
        "pictures": _pictures(),
        "recurrent": _recurrent(),
    }
    return own | {item.name: templates.project(item.name) for item in templates.templates()}
