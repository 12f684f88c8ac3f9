"""Models inside a project, further outputs, tensors by name: in the document, its file and its commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from kerastui.cli import main
from kerastui.engine.project import arranging, commands
from kerastui.engine.project.checks import check_project
from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer, Project, Spec
from kerastui.engine.project.edits import EditError, apply_edit, make_edit
from kerastui.engine.project.files import ProjectFileError, dumps, loads, write
from kerastui.engine.project.graph import consumers, sources, wires_into
from kerastui.engine.project.inside import closed, opened
from kerastui.engine.project.nesting import wrong_models

ENCODER = Graph(
    inputs={"text": Input((None, 8))},
    layers={"lstm": Layer("LSTM", {"units": 4, "return_state": True})},
    calls={"lstm": Call("lstm", ("text",))},
    outputs={"code": "lstm", "memory": "lstm:2"},
    gives="dict",
)
PROJECT = Project(
    "seq",
    graph=Graph(
        inputs={"left": Input((None, 8)), "right": Input((None, 8))},
        layers={"encoder": Layer(MODEL, {"model": "encoder"}), "gru": Layer("GRU", {"units": 4})},
        calls={
            "encoder": Call("encoder", ("left",)),
            "gru": Call("gru", ("right",), {"initial_state": "encoder:memory"}, {"training": True}),
        },
        outputs={"gru": "gru"},
    ),
    models={"encoder": ENCODER},
    layout={"gru": (3, 4), "encoder/lstm": (1, 2)},
    notes={"encoder/lstm": "two states"},
    code=("more.py",),
)


def test_file_holds_models_ports_named_tensors_and_notes() -> None:
    text = dumps(PROJECT)
    assert loads(text, Path("kerastui.toml")) == PROJECT
    assert "[models.encoder.layers.lstm]" in text
    assert 'gru = { layer = "gru", inputs = ["right"], named = { initial_state = "encoder:memory" }' in text
    empty = Project("empty", models={"nothing": Graph()})
    assert loads(dumps(empty), Path("kerastui.toml")) == empty


def test_references_inside_a_model_are_checked() -> None:
    broken = dumps(PROJECT).replace('inputs = ["text"]', 'inputs = ["txt"]')
    with pytest.raises(ProjectFileError, match=r"models.encoder.calls.lstm.inputs.*`txt`"):
        loads(broken, Path("kerastui.toml"))


def test_wires_have_ports_arguments_and_slots() -> None:
    assert sources(PROJECT.graph, "gru") == ("right", "encoder")
    assert consumers(PROJECT.graph, "encoder") == ["gru"]
    inputs, state = wires_into(PROJECT.graph, "gru")
    assert (inputs.source, inputs.slot, inputs.argument) == ("right", 0, "")
    assert (state.source, state.port, state.argument, state.slot) == ("encoder", "memory", "initial_state", 1)


def test_commands_act_on_wires_by_name() -> None:
    cut = commands.disconnect(PROJECT, "encoder", "gru")
    assert cut.graph.calls["gru"] == Call("gru", ("right",), {}, {"training": True})
    again = commands.connect(cut, "encoder:memory", "gru", argument="initial_state")
    assert again.graph.calls["gru"].named == {"initial_state": "encoder:memory"}
    with pytest.raises(EditError, match="already feeds"):
        commands.connect(again, "encoder:memory", "gru", argument="initial_state")
    between, key = commands.insert_layer(PROJECT, "Dense", {"units": 4}, "encoder", "gru")
    assert between.graph.calls[key].inputs == ("encoder:memory",)
    assert between.graph.calls["gru"].named == {"initial_state": key}
    gone = commands.delete(PROJECT, ["right"])
    assert gone.graph.calls["gru"].inputs == ()
    assert gone.graph.calls["gru"].named == {"initial_state": "encoder:memory"}


def test_a_model_is_edited_like_a_project() -> None:
    view = opened(PROJECT, "encoder")
    assert view.layout == {"lstm": (1, 2)}
    assert view.notes == {"lstm": "two states"}
    view, key = commands.add_layer(view, "Dense", {"units": 2}, after="lstm")
    view = arranging.move(view, {key: (5, 6)})
    after = closed(PROJECT, "encoder", view)
    assert after.models["encoder"].outputs == {"code": key, "memory": "lstm:2"}
    assert after.layout == {"gru": (3, 4), "encoder/lstm": (1, 2), f"encoder/{key}": (5, 6)}
    assert after.graph == PROJECT.graph
    edit = make_edit("add", PROJECT, after)
    assert apply_edit(after, edit.reverted()) == PROJECT
    with pytest.raises(EditError, match="there is no model"):
        opened(PROJECT, "decoder")


def holding(*models: str, wrapped: bool = False) -> Graph:
    """Return a graph of calls behind each other, each of a model of the project."""
    layers = {f"to_{key}": Spec(MODEL, {"model": key}) for key in models}
    made = {
        key: Layer("TimeDistributed", {"layer": spec}) if wrapped else Layer(spec.class_name, spec.config)
        for key, spec in layers.items()
    }
    fed = dict(zip(made, ("x", *made), strict=False))
    return Graph({"x": Input((2,))}, made, {key: Call(key, (fed[key],)) for key in made}, {"y": ["x", *made][-1]})


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ({"": ("a", "b"), "a": ("b",), "b": ()}, {}),
        ({"": ("none",)}, {"to_none": "there is no model none"}),
        ({"": (), "a": ("none",)}, {"a/to_none": "there is no model none"}),
        ({"": ("a",), "a": ("a",)}, {"a/to_a": "the model a holds itself: a → a"}),
        ({"": ("b", "a"), "a": ("b",), "b": ("a",)}, {"a/to_b": "the model b holds itself: b → a → b"}),
        ({"": (), "a": ("b",), "b": ("c", "b"), "c": ()}, {"b/to_b": "the model b holds itself: b → b"}),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_models_that_are_not_there_or_hold_themselves(
    models: dict[str, tuple[str, ...]], expected: dict[str, str], wrapped: bool, tmp_path: Path
) -> None:
    graphs = {key: holding(*held, wrapped=wrapped) for key, held in models.items()}
    project = Project("p", graph=graphs.pop(""), models=graphs)
    assert {problem.subject: problem.what for problem in wrong_models(project)} == expected
    assert expected.items() <= {problem.subject: problem.what for problem in check_project(project)}.items()
    write(tmp_path, project)
    done = CliRunner().invoke(main, ["code", str(tmp_path)])
    assert done.exit_code == bool(expected)
    assert all(f"{place}: {what}" in done.output for place, what in expected.items())
