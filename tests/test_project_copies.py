"""Commands that copy layers, or call them once more."""

from __future__ import annotations

import pytest

from kerastui.engine.project import commands, copies
from kerastui.engine.project.document import Call, Graph, Layer, Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.graph import check_references


def chain() -> Project:
    project, source = commands.add_input(Project("p"), (64,))
    project, first = commands.add_layer(project, "Dense", {"units": 32}, source)
    project = commands.rename(project, first, "encoder")
    project, _ = commands.add_layer(project, "Dropout", {"rate": 0.5}, first)
    return project


def test_one_copy_is_fed_by_the_same_source_and_has_a_layer_of_its_own() -> None:
    project, new = copies.duplicate(chain(), ["dense"])
    assert new == ["encoder_1"]
    assert project.graph.calls["encoder_1"].inputs == ("input",)
    assert project.graph.layers["encoder_1"].config == {"units": 32}
    assert project.graph.layers["encoder_1"].name == ""
    check_references(project.graph)


def test_wires_between_copied_cards_are_copied() -> None:
    project, new = copies.duplicate(chain(), ["dropout", "input", "dense"])
    assert new == ["input_1", "encoder_1", "dropout_1"]
    assert project.graph.calls["encoder_1"].inputs == ("input_1",)
    assert project.graph.calls["dropout_1"].inputs == ("encoder_1",)
    again, more = copies.duplicate(project, ["dropout_1"])
    assert more == ["dropout_2"]
    check_references(again.graph)


def test_copies_of_a_shared_layer_share_theirs() -> None:
    project, second = copies.share(chain(), "dense", "input")
    project, (first_copy, second_copy) = copies.duplicate(project, ["dense", second])
    assert project.graph.calls[first_copy].layer == project.graph.calls[second_copy].layer == first_copy
    check_references(project.graph)


def test_ids_and_names_that_are_free_elsewhere_are_kept() -> None:
    project, second = copies.share(chain(), "dense", "input")
    project = commands.connect(commands.delete(project, ["dense"]), second, "dropout")
    project, (twin,) = copies.duplicate(project, [second])
    project = commands.rename(project, twin, "dense_9")
    project, last = commands.add_layer(project, "Dense", {"units": 2}, twin)
    project = commands.rename(project, last, "dropout_9")
    everything = [*project.graph.inputs, *project.graph.calls]
    pasted, new = copies.paste_text(Project("other"), copies.copy_text(project, everything))
    assert new == everything
    assert pasted.graph == project.graph
    again, more = copies.paste_text(pasted, copies.copy_text(project, everything))
    assert not set(more) & set(new)
    names = [layer.name or key for key, layer in again.graph.layers.items()]
    assert len(set(names)) == len(names)
    check_references(again.graph)


def test_a_layer_that_loses_its_name_is_not_called_as_another_one_is_named() -> None:
    graph = Graph(
        layers={"a": Layer("Dense", {"units": 1}, "hidden"), "b": Layer("Dense", {"units": 2}, "a")},
        calls={"a": Call("a", ()), "b": Call("b", ())},
    )
    there = Project("there", graph=Graph(layers={"x": Layer("ReLU", {}, "hidden")}, calls={"x": Call("x", ())}))
    pasted, _ = copies.paste_text(there, copies.copy_text(Project("here", graph=graph), ["a", "b"]))
    assert [layer.name for layer in pasted.graph.layers.values()] == ["hidden", "", ""]
    kept, _ = copies.paste_text(Project("there"), copies.copy_text(Project("here", graph=graph), ["a", "b"]))
    assert [layer.name for layer in kept.graph.layers.values()] == ["hidden", "a"]


def test_share_calls_the_same_layer() -> None:
    project, new = copies.share(chain(), "dense")
    assert project.graph.calls[new].layer == "dense"
    assert project.graph.calls[new].inputs == ()
    project, other = copies.share(project, new, "dropout")
    assert project.graph.calls[other].inputs == ("dropout",)
    check_references(project.graph)


def test_what_cannot_be_copied_is_refused() -> None:
    with pytest.raises(EditError, match="no input or layer nowhere"):
        copies.duplicate(chain(), ["nowhere"])
    with pytest.raises(EditError, match="is an input"):
        copies.share(chain(), "input")
    with pytest.raises(EditError, match="no input or layer nowhere"):
        copies.share(chain(), "dense", "nowhere")
