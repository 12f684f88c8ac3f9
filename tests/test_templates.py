"""The templates: sound documents, nothing wrong with them, and each trains."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from kerastui.engine import templates
from kerastui.engine.data_state import DataState
from kerastui.engine.project.checks import check_project
from kerastui.engine.project.files import dumps

NAMES = [template.name for template in templates.templates()]


def test_the_demo_is_the_first_template_and_every_file_is_listed() -> None:
    folder = Path(str(files("kerastui.assets"))) / "templates"

    assert NAMES[0] == templates.DEMO
    assert {path.stem for path in folder.glob("*.toml")} == {*NAMES, "empty"}


@pytest.mark.parametrize("name", [*NAMES, "empty"])
def test_a_template_is_written_as_the_program_writes_it(name: str) -> None:
    path = Path(str(files("kerastui.assets"))) / "templates" / f"{name}.toml"

    assert dumps(templates.project(name)) == path.read_text(encoding="utf-8")
    assert templates.project(name).name == name


def test_an_unknown_template_is_named() -> None:
    with pytest.raises(ValueError, match="Received: name='moon'"):
        templates.project("moon")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wrong_with_a_template(name: str, tmp_path: Path) -> None:
    project = templates.project(name)
    data = DataState.read(project.data.source, tmp_path)

    assert data.kind == "ready"
    found = [*check_project(project), *data.problems(project)]
    assert [problem.what for problem in found if problem.severity != "note"] == []


@pytest.mark.slow
@pytest.mark.parametrize("template", templates.templates(), ids=NAMES)
def test_a_template_trains(template: templates.Template, tmp_path: Path) -> None:
    from kerastui.engine.building import as_taken, build_model, compile_model
    from kerastui.engine.data.dataset import encode

    project = templates.project(template.name)
    table = DataState.read(project.data.source, tmp_path).table
    assert table is not None
    shapes = {name: given.shape for name, given in project.graph.inputs.items()}
    dataset = encode(table, project.data, shapes, list(project.graph.outputs))
    model = build_model(project)
    compile_model(project, model)
    outputs = list(project.graph.outputs)
    targets = {name: dataset.train.targets[name] for name in outputs}
    inputs = as_taken(project.graph, {name: dataset.train.inputs[name] for name in project.graph.inputs})

    history = model.fit(
        inputs,
        targets[outputs[0]] if len(outputs) == 1 else targets,
        batch_size=project.fit.batch_size,
        epochs=2,
        verbose=0,
    ).history

    assert model.count_params() == template.parameters
    assert history["loss"][1] < history["loss"][0]
