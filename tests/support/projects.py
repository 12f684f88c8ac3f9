"""Projects for tests."""

from __future__ import annotations

from kerastui.engine.project import commands, settings
from kerastui.engine.project.document import Column, Project, Spec

SPARSE = "SparseCategoricalCrossentropy"


def small_project(name: str = "small") -> Project:
    """Return pixels → flatten → dense → digit on the bundled digits, ready to train."""
    project, pixels = commands.add_input(Project(name), (8, 8))
    project = commands.rename(project, pixels, "pixels")
    project, flatten = commands.add_layer(project, "Flatten", {}, pixels)
    project, dense = commands.add_layer(project, "Dense", {"units": 64, "activation": "relu"}, flatten)
    project, digit = commands.add_layer(project, "Dense", {"units": 10, "activation": "softmax"}, dense)
    project = commands.rename(project, digit, "digit")
    project = commands.toggle_output(project, digit)
    project = settings.set_loss(project, "digit", Spec(SPARSE))
    project = settings.set_metrics(project, "digit", (Spec("SparseCategoricalAccuracy"),))
    columns = {"image": Column("input", "scale"), "digit": Column("target", "label")}
    return settings.set_source(project, "bundled:digits", columns)
