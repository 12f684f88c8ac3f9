"""The starting network: it fits the data it is made for, and is refused where it would overwrite work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from kerastui.engine.data_state import DataState
from kerastui.engine.project import settings
from kerastui.engine.project.checks import check_project
from kerastui.engine.project.document import Column, Project, Spec
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.starter import starting_network


def read(source: str, folder: Path) -> tuple[Project, DataState]:
    """Return a project with a source and its suggested columns, and no graph."""
    state = DataState.read(source, folder)
    assert state.kind == "ready", state.problem
    return settings.set_source(Project("start"), source, state.suggested()), state


@pytest.mark.parametrize("name", ["iris", "digits", "penguins"])
def test_nothing_is_wrong_with_the_network(name: str, tmp_path: Path) -> None:
    project, state = read(f"bundled:{name}", tmp_path)

    made = starting_network(project, state.profiles)

    found = [*check_project(made), *state.problems(made)]
    assert [problem.what for problem in found if problem.severity != "note"] == []
    assert {column.to for column in made.data.columns.values()} == {""}


def test_a_classifier_ends_in_softmax_over_the_classes(tmp_path: Path) -> None:
    project, state = read("bundled:iris", tmp_path)

    made = starting_network(project, state.profiles)

    last = made.graph.layers[made.graph.calls[made.graph.outputs["species"]].layer]
    assert last.config == {"units": 3, "activation": "softmax"}
    assert made.compile.losses == {"species": Spec("SparseCategoricalCrossentropy")}


def test_a_regressor_ends_in_one_unit(tmp_path: Path) -> None:
    project, state = read("bundled:penguins", tmp_path)
    for name, column in (("species", Column("input", "one-hot")), ("body_mass_g", Column("target", "none", "drop"))):
        project = settings.set_column(project, name, column)

    made = starting_network(project, state.profiles)

    end = made.graph.calls[made.graph.outputs["body_mass_g"]]
    # One unit, then the target's own units: its mean of 4,200 need not be learned step by step.
    assert made.graph.layers[end.layer].class_name == "Rescaling"
    assert made.graph.layers[end.layer].config == {"scale": 800.781, "offset": 4201.75}
    (unit,) = end.inputs
    assert made.graph.layers[made.graph.calls[unit].layer].config == {"units": 1}
    assert made.compile.losses == {"body_mass_g": Spec("MeanSquaredError")}
    assert [problem.what for problem in state.problems(made)] == []


def test_images_and_numbers_get_inputs_of_their_own(tmp_path: Path) -> None:
    rows = np.arange(40)
    np.savez(tmp_path / "mixed.npz", image=np.ones((40, 4, 4)) * rows[:, None, None], age=rows * 1.5, kind=rows % 3)
    project, state = read("mixed.npz", tmp_path)
    project = settings.set_column(project, "kind", Column("target", "label"))
    project = settings.set_column(project, "age", Column("input", "standardise"))

    made = starting_network(project, state.profiles)

    assert [each.shape for each in made.graph.inputs.values()] == [(4, 4), (1,)]
    assert "Concatenate" in [layer.class_name for layer in made.graph.layers.values()]
    assert [problem.what for problem in [*check_project(made), *state.problems(made)]] == []


def test_two_targets_get_two_outputs(tmp_path: Path) -> None:
    project, state = read("bundled:penguins", tmp_path)
    project = settings.set_column(project, "body_mass_g", Column("target", "standardise", "drop"))

    made = starting_network(project, state.profiles)

    assert list(made.graph.outputs) == ["species", "body_mass_g"]
    assert made.data.columns["body_mass_g"].to == "body_mass_g"
    assert {problem.severity for problem in state.problems(made)} <= {"note"}


def test_layers_are_not_overwritten(tmp_path: Path) -> None:
    project, state = read("bundled:iris", tmp_path)
    made = starting_network(project, state.profiles)

    with pytest.raises(EditError, match="has layers already"):
        starting_network(made, state.profiles)


@pytest.mark.parametrize(
    ("role", "reason"), [("input", "no column is the target"), ("target", "no column is an input")]
)
def test_a_missing_role_is_named(role: str, reason: str, tmp_path: Path) -> None:
    project, state = read("bundled:iris", tmp_path)
    columns = {name: column for name, column in project.data.columns.items() if column.role == role}
    project = replace(project, data=replace(project.data, columns=columns))

    with pytest.raises(EditError, match=reason):
        starting_network(project, state.profiles)
