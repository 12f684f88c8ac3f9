"""What an entered value makes of the settings, and what is known of a run before it begins; no screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_engine import FakeEngine
from projects import SPARSE, small_project

from kerastui.engine.data_state import DataState
from kerastui.engine.process.protocol import CallReport, Checked
from kerastui.engine.project import settings
from kerastui.engine.project.document import Column, Data, Project, Spec, Split
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.workspace import Workspace
from kerastui.engine.studio import Studio
from kerastui.screens.configure.edits import change
from kerastui.screens.configure.facts import Facts, Rows, Target, fits, part_rows
from kerastui.screens.configure.fields import compile_rows
from kerastui.screens.configure.settings import SETTINGS, loss_weight, setting_of
from kerastui.screens.configure.slots import Slot, next_slot
from kerastui.screens.widgets.form import Field


def rate(project: Project) -> object:
    return project.compile.optimizer.config.get("learning_rate")


@pytest.mark.parametrize(
    ("key", "given", "label"),
    [
        ("optimizer::0/learning_rate", "3e-4", "Adam learning_rate 3e-4"),
        ("optimizer::0/amsgrad", True, "Adam amsgrad true"),
        ("optimizer::0", "SGD", "optimizer SGD"),
        ("loss:digit:0", None, f"remove digit loss {SPARSE}"),
        ("metric:digit:1", "AUC", "add digit metric AUC"),
        ("fit/epochs", "30", "epochs 30"),
        ("fit/seed", "none", "seed none"),
        ("split/validation", "0.25", "validation 0.25"),
        ("weight/digit", "2", "digit loss_weight 2.0"),
    ],
)
def test_labels_say_what_was_done(key: str, given: str | bool | None, label: str) -> None:
    said, after = change(small_project(), key, given, None)
    assert said == label
    assert after != small_project()


@pytest.mark.parametrize(
    ("key", "given", "reason"),
    [
        ("optimizer::0/learning_rate", "fast", "learning_rate takes a number"),
        ("optimizer::0/learning_rate", "", "Nothing was typed"),
        ("optimizer::0/speed", "1", "no argument speed"),
        ("optimizer::0", "Gradient", "no optimizer Gradient"),
        ("metric:digit:4/k", "1", "no metric here"),
        ("callback::0", None, "not there any more"),
        ("nowhere", "1", "no field nowhere"),
        ("fit/batch_size", "2.5", "batch_size takes a whole number"),
        ("compile/jit_compile", "maybe", "jit_compile takes one of auto, on, off"),
    ],
)
def test_what_is_refused_says_why(key: str, given: str | None, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        change(small_project(), key, given, None)


def test_a_split_that_leaves_nothing_to_train_on_is_refused() -> None:
    project = settings.set_split(small_project(), Split(validation=0.2, test=0.5))
    with pytest.raises(EditError, match="nothing is left"):
        change(project, "split/validation", "0.6", None)


def test_schedules_follow_each_other() -> None:
    key = "optimizer::0/learning_rate"
    project = change(small_project(), key, "0.02", None)[1]
    project = change(project, f"{key}.schedule", "ExponentialDecay", 900)[1]
    assert rate(project) == Spec("ExponentialDecay", {"initial_learning_rate": 0.02, "decay_steps": 900})
    project = change(project, f"{key}.decay_rate", "0.9", 900)[1]
    project = change(project, key, "PolynomialDecay", 100)[1]
    assert rate(project) == Spec("PolynomialDecay", {"initial_learning_rate": 0.02, "decay_steps": 900})
    project = change(project, key, "none", 900)[1]
    assert rate(project) == 0.02
    project = change(project, f"{key}.schedule", "PiecewiseConstantDecay", 900)[1]
    assert rate(project) == Spec("PiecewiseConstantDecay")
    assert rate(change(project, key, None, 900)[1]) is None


def test_what_a_schedule_lacks_stands_at_its_fields() -> None:
    project = change(small_project(), "optimizer::0/learning_rate.schedule", "ExponentialDecay", None)[1]
    fields = {row.key: row for row in compile_rows(Facts(project), ()) if isinstance(row, Field)}
    assert fields["optimizer::0/learning_rate.decay_steps"].problem.startswith("takes a whole number")
    assert fields["optimizer::0/learning_rate.initial_learning_rate"].problem == ""


def test_keys_lead_back_to_slots_and_settings() -> None:
    for slot in (Slot("optimizer"), Slot("loss", "a.b-c"), Slot("metric", "digit", 3), Slot("callback", index=2)):
        assert Slot.of(slot.key) == slot
        assert Slot.of(f"{slot.key}/some.path") == slot
    assert Slot.of("fit/epochs") is None
    assert all(setting_of(key) is setting for key, setting in SETTINGS.items())
    assert setting_of("weight/digit") == loss_weight("digit")
    assert next_slot(small_project(), "metric", "digit") == Slot("metric", "digit", 1)


def test_rows_of_the_parts_leave_out_dropped_ones(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b,y\n" + "".join(f"{i},{i if i % 5 else ''},{2 * i}\n" for i in range(50)))
    studio = Studio(FakeEngine())
    columns = {"a": Column(), "b": Column(missing="drop"), "y": Column("target")}
    project = Project("table", Data("table.csv", columns, Split(validation=0.25)))
    studio.workspace = Workspace.create(tmp_path / "project", project)
    assert part_rows(studio) is None
    studio.data = DataState.read(str(tmp_path / "table.csv"), tmp_path)
    assert part_rows(studio) == (30, 10, 0)
    studio.workspace.do("keep", settings.set_column(project, "b", Column(missing="mean")))
    assert part_rows(studio) == (37, 13, 0)


def test_only_what_was_compared_fits() -> None:
    project = small_project()
    assert fits(Facts(project))[0] == "softmax output, and the loss expects probabilities"
    report = CallReport((None, 10), "float32", 650, 650)
    checked = Checked({project.graph.outputs["digit"]: report}, (), 4810, 4810)
    facts = Facts(project, checked, (), Rows(90, 10, 0), {"digit": Target("label", 10)})
    assert fits(facts)[:2] == ["integer labels fit the sparse loss", "10 units, 10 classes"]
    assert facts.steps == 3 * 20
    wider = Facts(project, checked, (), None, {"digit": Target("one-hot", 9)})
    assert not any("labels" in line or "classes" in line for line in fits(wider))
    assert wider.steps is None
