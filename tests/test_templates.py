"""The templates: sound documents, nothing wrong with them, and each trains."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from kerastui.engine import templates
from kerastui.engine.catalog.catalog import set_own
from kerastui.engine.data_state import DataState
from kerastui.engine.project.checks import check_project
from kerastui.engine.project.files import dumps
from kerastui.engine.project.workspace import Workspace

ROWS = 320
"""Rows that a template is trained on: what it takes is compiling."""

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


def test_id_0_is_no_document_to_the_recommender() -> None:
    layers = templates.project("collab-filtering").graph.layers
    assert layers["doc_embedding"].config["mask_zero"] is True
    assert "mask_zero=True" in templates.code("collab-filtering")["layers.py"]


def test_an_unknown_template_is_named() -> None:
    with pytest.raises(ValueError, match="Received: name='moon'"):
        templates.project("moon")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wrong_with_a_template(name: str, tmp_path: Path) -> None:
    project = templates.project(name)
    data = DataState.read(project.data.source, tmp_path)

    assert data.kind == "ready"
    # Classes of a template's own are known once its code has run, which takes TensorFlow.
    found = [*([] if templates.code(name) else check_project(project)), *data.problems(project)]
    assert [problem.what for problem in found if problem.severity != "note"] == []


@pytest.fixture
def forget_code() -> Iterator[None]:
    yield
    set_own(())


@pytest.mark.slow
@pytest.mark.usefixtures("forget_code")
@pytest.mark.parametrize("template", templates.templates(), ids=NAMES)
def test_a_template_trains(template: templates.Template, tmp_path: Path) -> None:
    from kerastui.engine.building import as_given, as_taken, build_model, compile_model
    from kerastui.engine.custom.reading import read_code
    from kerastui.engine.data.dataset import encode

    project = templates.project(template.name)
    Workspace.create(tmp_path / "project", project, templates.code(template.name))
    code = read_code(tmp_path / "project", project.code)
    assert not code.errors
    assert [problem.what for problem in check_project(project) if problem.severity != "note"] == []
    table = DataState.read(project.data.source, tmp_path).table
    assert table is not None
    graph = project.graph
    dataset = encode(table, project.data, {key: given.shape for key, given in graph.inputs.items()}, [*graph.outputs])
    model = build_model(project)
    compile_model(project, model)

    history = model.fit(
        as_taken(graph, {name: dataset.train.inputs[name][:ROWS] for name in graph.inputs}),
        as_given(graph, {name: dataset.train.targets[name][:ROWS] for name in graph.outputs}),
        batch_size=project.fit.batch_size,
        epochs=2,
        verbose=0,
    ).history

    assert model.count_params() == template.parameters
    assert history["loss"][1] < history["loss"][0]
