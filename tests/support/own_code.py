"""Code of a project's own for tests, and projects that use it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from projects import small_project

from kerastui.engine.project import commands
from kerastui.engine.project import settings as settings_commands
from kerastui.engine.project.document import Column, Project, Spec
from kerastui.engine.project.workspace import Workspace

LAYERS = '''"""Layers of my own."""

from typing import Literal

import keras
from kerastui.engine import Model

print("layers.py is run")


class ScaledTanh(keras.layers.Layer):
    """Multiply the hyperbolic tangent.

    Args:
        scale: Factor.
    """

    def __init__(self, scale: float = 1.0, mode: Literal["plain", "odd"] = "plain", thing=object(), **kwargs):
        super().__init__(**kwargs)
        if scale == 0:
            raise ValueError("scale must not be 0")
        self.scale = scale

    def call(self, x):
        if self.scale < 0:
            raise ValueError("a factor below 0 is not thought of")
        return self.scale * keras.ops.tanh(x)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}


class Dense(keras.layers.Dense):
    """Shadow Keras's."""


class Pair(keras.layers.Layer):
    def call(self, inputs: list):
        return inputs[0] + inputs[1]


class Far(keras.losses.Loss):
    def __init__(self, power: int = 2, name="far", reduction="sum_over_batch_size"):
        super().__init__(name=name, reduction=reduction)
        self.power = power

    def call(self, y_true, y_pred):
        return keras.ops.mean(abs(y_true - y_pred) ** self.power, axis=-1)

    def get_config(self):
        return {**super().get_config(), "power": self.power}


def off(y_true, y_pred):
    """Say how far off."""
    return keras.ops.mean(abs(y_true - y_pred), axis=-1)


class Halving(Model):
    """Train with half of the loss."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = keras.metrics.Mean(name="seen")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        self.seen.update_state(1.0)
        return 0.5 * keras.ops.mean((y - y_pred) ** 2)


class Stock(keras.Model):
    """Not ours."""


class _Private(keras.layers.Layer):
    def call(self, x):
        return x
'''


def own_project(class_name: str = "layers.ScaledTanh", **config: float | str) -> Project:
    """Return pixels → flatten → dense → a layer of the project's own → digit."""
    project = small_project()
    project, _ = commands.insert_layer(project, class_name, config, "dense", "dense_1")
    return project


def regression(loss: str = "layers.Far") -> Project:
    """Return a small project on the bundled irises with a loss and a metric of its own, and few epochs."""
    project, given = commands.add_input(Project("flowers"), (1,))
    project, tanh = commands.add_layer(project, "layers.ScaledTanh", {"scale": 0.5}, given)
    project, out = commands.add_layer(project, "Dense", {"units": 1}, tanh)
    project = commands.toggle_output(project, out)
    if loss:
        project = settings_commands.set_loss(project, out, Spec(loss))
        project = settings_commands.set_metrics(project, out, (Spec("layers.off"),))
    columns = {
        "petal_length": Column("input", "standardise"),
        "petal_width": Column("target"),
        "sepal_length": Column("ignore"),
        "sepal_width": Column("ignore"),
        "species": Column("ignore"),
    }
    project = settings_commands.set_source(project, "bundled:iris", columns)
    return replace(project, fit=replace(project.fit, epochs=2, batch_size=50))


def written(folder: Path, project: Project, code: str = LAYERS, trusted: bool = True) -> Path:
    """Write a project with code of its own into a folder.

    Args:
        folder: The folder.
        project: The project.
        code: What is in its `layers.py`.
        trusted: Made by this program, so that it is run; else it came from elsewhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not trusted:
        (folder / "layers.py").write_text(code)
    Workspace.create(folder, project)
    (folder / "layers.py").write_text(code)
    return folder
