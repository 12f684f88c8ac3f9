"""A repair that is offered changes something, and is one that a person would choose. No TensorFlow."""

from __future__ import annotations

import pytest

from kerastui.engine.process.protocol import CallReport, Checked
from kerastui.engine.project.checks import check_project
from kerastui.engine.project.document import Call, Compile, Graph, Input, Layer, Project, Spec, Value
from kerastui.engine.project.mending.mend import is_refuted, mended
from kerastui.engine.project.problems import Problem
from kerastui.engine.project.repairs import apply_repair


def single(class_name: str, config: dict[str, Value], shape: tuple[int | None, ...]) -> Project:
    """Return a project of one layer."""
    graph = Graph({"x": Input(shape)}, {"a": Layer(class_name, config)}, {"a": Call("a", ("x",))}, {"a": "a"})
    return Project("one", graph=graph, compile=Compile(losses={"a": Spec("MeanSquaredError")}))


@pytest.mark.parametrize(
    ("class_name", "config", "argument", "value"),
    [
        ("Dropout", {"rate": -1.0}, "rate", 0.0),
        ("Dropout", {"rate": 2.0}, "rate", 0.5),
        ("Permute", {"dims": (0, 1)}, "dims", (1, 2)),
        ("Permute", {"dims": (1, 0)}, "dims", (2, 1)),
    ],
)
def test_the_nearest_value_is_one_that_makes_sense(
    class_name: str, config: dict[str, Value], argument: str, value: Value
) -> None:
    project = single(class_name, config, (5, 8))
    found = mended(project, None, check_project(project))
    repair = next(problem.repair for problem in found if problem.repair is not None)
    after = apply_repair(project, repair)
    assert after.graph.layers["a"].config[argument] == value
    assert check_project(after) == []


@pytest.mark.parametrize(
    ("class_name", "config", "what"),
    [
        (
            "ConvLSTM2D",
            {"filters": 2, "kernel_size": 3},
            "ConvLSTM2D takes 5 axes with the batch, gets 4: (∅, 8, 8, 3)",
        ),
        (
            "TimeDistributed",
            {"layer": Spec("Conv2D", {"filters": 2, "kernel_size": 3})},
            "TimeDistributed takes 4 axes with the batch, gets 4: (∅, 8, 8, 3)",
        ),
    ],
)
def test_no_repair_is_offered_that_changes_nothing(class_name: str, config: dict[str, Value], what: str) -> None:
    project = single(class_name, config, (8, 8, 3))
    found = mended(project, None, [Problem("error", "build", "a", what)])
    assert all(problem.repair is None or apply_repair(project, problem.repair) != project for problem in found)


def test_a_flat_vector_becomes_the_largest_image_that_it_can_be() -> None:
    project = single("Conv2D", {"filters": 2, "kernel_size": 3}, (192,))
    found = mended(project, None, [Problem("error", "build", "a", "Conv2D takes 4 axes with the batch, gets 2: …")])
    assert found[0].repair is not None
    assert found[0].repair.label == "insert Reshape (8, 8, 3)"


def test_a_repair_that_only_moves_the_error_is_refuted() -> None:
    before = Checked({"pool": CallReport(), "end": CallReport(waits=True)}, (_error("pool"),), 0, 0)
    done = Checked({"pool": CallReport((None, 2)), "end": CallReport((None, 2))}, (), 0, 0)
    shown = Checked({"pool": CallReport((None, 2)), "end": CallReport()}, (_error("end"),), 0, 0)
    assert not is_refuted(_error("pool"), before, done)
    assert not is_refuted(_error("pool"), before, shown)  # it waited, and is seen now
    assert is_refuted(_error("pool"), before, before)
    fine = Checked({"pool": CallReport(), "other": CallReport((None, 2))}, (_error("pool"),), 0, 0)
    broken = Checked({"pool": CallReport((None, 2)), "other": CallReport()}, (_error("other"),), 0, 0)
    assert is_refuted(_error("pool"), fine, broken)


def _error(subject: str) -> Problem:
    return Problem("error", "build", subject, "no")
