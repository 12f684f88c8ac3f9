"""Which argument takes which tensor: wires that are drawn, cut and moved, and the order of inputs and outputs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kerastui.engine.project import commands, copies, grouping, ordering
from kerastui.engine.project.document import MODEL, Call, Column, Data, Graph, Input, Layer, Project, Spec
from kerastui.engine.project.edits import EditError, apply_edit, make_edit
from kerastui.engine.project.files import dumps
from kerastui.engine.project.inside import closed, opened
from kerastui.engine.project.taking import argument_labels, given_to, nested, parts
from kerastui.engine.project.weights import started_new
from kerastui.screens.build.graph_edits import argument_choices, with_wire

INNER = Graph(
    {"a": Input((4,)), "b": Input((4,))},
    {"less": Layer("Subtract")},
    {"less": Call("less", ("a", "b"))},
    {"first": "less", "second": "a"},
)


def project_of(layer: Layer, call: Call) -> Project:
    """Return a project with three inputs and one call, `it`, and a model of two inputs, `inner`."""
    inputs = {name: Input((None, 4)) for name in "xyz"}
    graph = Graph(inputs, {"it": layer}, {"it": call}, {"out": "it"})
    return Project("taking", graph=graph, models={"inner": INNER})


def wired(project: Project, *wires: tuple[str, str]) -> Call:
    """Draw wires, each a source and what takes it, and return the call."""
    for source, argument in wires:
        assert argument in [choice.value for choice in argument_choices(project, "it")]
        project = with_wire(project, source, "it", argument, None)
    return project.graph.calls["it"]


ATTENTION = Layer("MultiHeadAttention", {"num_heads": 1, "key_dim": 2})
LSTM = Layer("LSTM", {"units": 4})
MODEL_LAYER = Layer(MODEL, {"model": "inner"})


def test_each_state_of_a_recurrent_layer_is_a_choice() -> None:
    project = project_of(LSTM, Call("it", ("x",)))
    assert [choice.value for choice in argument_choices(project, "it")] == ["", "initial_state h", "mask"]
    assert wired(project, ("y", "initial_state h")).named == {"initial_state": "y"}
    call = wired(project, ("y", "initial_state h"), ("z", "initial_state c"))
    assert call.named == {"initial_state": ("y", "z")}
    both = project_of(LSTM, call)
    assert argument_labels(both, "it") == ["", "initial_state h", "initial_state c"]
    assert argument_choices(both, "it")[1].summary == "in place of y"
    assert wired(both, ("x", "initial_state h")).named == {"initial_state": ("x", "z")}


@pytest.mark.parametrize(
    ("layer", "states"),
    [
        (Layer("GRU"), ()),
        (Layer("ConvLSTM2D"), ("h", "c")),
        (Layer("RNN", {"cell": Spec("LSTMCell", {"units": 2})}), ("h", "c")),
        (Layer("Bidirectional", {"layer": Spec("GRU")}), ("forward h", "backward h")),
        (Layer("Bidirectional", {"layer": Spec("RNN", {"cell": Spec("Nobody")})}), ()),
        (Layer("RNN", {"cell": (Spec("GRUCell"), Spec("GRUCell"))}), ("cell 1 h", "cell 2 h")),
        (
            Layer("RNN", {"cell": Spec("StackedRNNCells", {"cells": (Spec("LSTMCell"), Spec("GRUCell"))})}),
            ("cell 1 h", "cell 1 c", "cell 2 h"),
        ),
        (Layer("RNN", {"cell": (Spec("GRUCell"), Spec("Nobody"))}), ()),
    ],
)
def test_states_of_a_layer(layer: Layer, states: tuple[str, ...]) -> None:
    assert parts(layer, "initial_state") == states


def test_states_of_stacked_cells_are_nested_as_the_cells_are() -> None:
    stack = Layer("RNN", {"cell": (Spec("LSTMCell"), Spec("GRUCell"))})
    assert nested(stack, "initial_state", "abc") == [["a", "b"], "c"]
    assert nested(stack, "initial_state", "ab") == ["a", "b"]
    both = Layer("Bidirectional", {"layer": Spec("RNN", stack.config)})
    assert nested(both, "initial_state", "abcdef") == [["a", "b"], "c", ["d", "e"], "f"]
    assert nested(LSTM, "mask", "ab") == ["a", "b"]


def test_a_cut_state_takes_those_behind_it_along_and_one_that_moves_changes_places() -> None:
    call = Call("it", ("x",), {"initial_state": ("y", "z"), "mask": "x"})
    project = project_of(LSTM, call)
    assert commands.disconnect(project, "y", "it", 1).graph.calls["it"].named == {"mask": "x"}
    assert commands.disconnect(project, "z", "it", 2).graph.calls["it"].named == {"initial_state": ("y",), "mask": "x"}
    assert commands.delete(project, ["y"]).graph.calls["it"].named == {"mask": "x"}
    moved = with_wire(project, "y", "it", "initial_state c", ("y", "it", 1))
    assert moved.graph.calls["it"].named["initial_state"] == ("z", "y")


def test_inputs_of_a_model_may_be_connected_in_any_order() -> None:
    project = project_of(MODEL_LAYER, Call("it"))
    second = wired(project, ("y", "b"))
    assert (second, given_to(INNER, second)) == (Call("it", (), {"b": "y"}), ["y"])
    assert wired(project, ("y", "b"), ("x", "a")) == Call("it", ("x", "y"))
    assert wired(project, ("y", "b"), ("z", "b"), ("x", "a")) == Call("it", ("x", "z"))


@pytest.mark.parametrize(
    ("layer", "inputs", "slot", "left"),
    [
        (ATTENTION, ("x", "y", "z"), 1, Call("it", ("x",), {"key": "z"})),
        (ATTENTION, ("x", "x", "x"), 0, Call("it", (), {"value": "x", "key": "x"})),
        (Layer("ops.subtract"), ("x", "y"), 0, Call("it", (), {"x2": "y"})),
        (MODEL_LAYER, ("x", "y"), 0, Call("it", (), {"b": "y"})),
        (Layer("Concatenate"), ("x", "y", "z"), 1, Call("it", ("x", "z"))),
    ],
)
def test_what_is_left_of_a_cut_keeps_its_argument(layer: Layer, inputs: tuple[str, ...], slot: int, left: Call) -> None:
    project = project_of(layer, Call("it", inputs))
    cut = commands.disconnect(project, inputs[slot], "it", slot)
    assert cut.graph.calls["it"] == left
    if left.named:
        gone = inputs[slot]
        again = with_wire(cut, gone, "it", {0: "query", 1: "value"}[slot] if layer is ATTENTION else first(layer), None)
        assert again.graph.calls["it"].inputs == inputs
        assert apply_edit(again, make_edit("draw", cut, again).reverted()) == cut


def first(layer: Layer) -> str:
    """Return the first argument of a layer of the test above."""
    return "a" if layer is MODEL_LAYER else "x1"


def test_what_is_deleted_leaves_the_arguments_of_others() -> None:
    project = project_of(ATTENTION, Call("it", ("x", "y", "z")))
    assert commands.delete(project, ["y"]).graph.calls["it"] == Call("it", ("x",), {"key": "z"})
    text = copies.copy_text(project, ["it", "z"])
    pasted, _ = copies.paste_text(Project("other"), text)
    assert pasted.graph.calls["it"] == Call("it", (), {"key": "z"})
    project = project_of(ATTENTION, Call("it", ("x", "drop", "z")))
    graph = project.graph
    layers, calls = {**graph.layers, "drop": Layer("Dropout")}, {"drop": Call("drop", ("x",)), **graph.calls}
    project = replace(project, graph=replace(graph, layers=layers, calls=calls))
    assert commands.delete(project, ["drop"]).graph.calls["it"].inputs == ("x", "x", "z")


def test_a_tensor_stands_twice_where_a_list_is_taken() -> None:
    project = project_of(Layer("Multiply"), Call("it", ("x",)))
    twice = with_wire(project, "x", "it", "", None)
    assert twice.graph.calls["it"].inputs == ("x", "x")
    assert commands.disconnect(twice, "x", "it", 1) == project
    with pytest.raises(EditError, match="x already feeds it"):
        with_wire(project_of(Layer("Dense"), Call("it", ("x",))), "x", "it", "", None)


def test_tensors_of_one_argument_change_places() -> None:
    project = project_of(Layer("ops.where"), Call("it", ("x", "y", "z")))
    assert ordering.move_wire(project, "it", 2, -2).graph.calls["it"].inputs == ("z", "x", "y")
    project = project_of(LSTM, Call("it", ("x",), {"initial_state": ("y", "z"), "mask": "x"}))
    assert ordering.move_wire(project, "it", 1, 1).graph.calls["it"].named["initial_state"] == ("z", "y")
    for slot, by in ((0, 1), (2, 1), (3, 1), (9, -1), (0, -1)):
        with pytest.raises(EditError, match="cannot be moved further"):
            ordering.move_wire(project, "it", slot, by)


def test_inputs_and_outputs_change_places_and_what_is_bound_stays() -> None:
    columns = {"u": Column(), "v": Column(to="y"), "t": Column("target")}
    project = replace(project_of(Layer("Add"), Call("it", ("x", "y"))), data=Data(columns=columns))
    project = replace(project, graph=replace(project.graph, outputs={"out": "it", "more": "x"}))
    moved = ordering.move_input(project, "", "x", 1)
    assert list(moved.graph.inputs) == ["y", "x", "z"]
    assert [column.to for column in moved.data.columns.values()] == ["x", "y", ""]
    assert dumps(apply_edit(moved, make_edit("move", project, moved).reverted())) == dumps(project)
    moved = ordering.move_output(project, "", "more", -1)
    assert list(moved.graph.outputs) == ["more", "out"]
    assert [column.to for column in moved.data.columns.values()] == ["", "y", "out"]
    assert ordering.move_input(project, "", "z", -1).data == project.data
    for name, by, why in (("nobody", 1, "there is no nobody among x, y, z"), ("x", -1, "x cannot be moved further")):
        with pytest.raises(EditError, match=why):
            ordering.move_input(project, "", name, by)


def test_calls_of_a_model_follow_the_order_of_its_inputs_and_outputs() -> None:
    project = project_of(MODEL_LAYER, Call("it", ("x", "y")))
    moved = ordering.move_input(project, "inner", "b", -1)
    assert list(moved.models["inner"].inputs) == ["b", "a"]
    assert moved.graph.calls["it"] == Call("it", ("y", "x"))
    assert ordering.move_input(moved, "inner", "b", 1) == project
    half = project_of(MODEL_LAYER, Call("it", ("x",)))
    assert ordering.move_input(half, "inner", "b", -1).graph.calls["it"] == Call("it", (), {"a": "x"})
    project = replace(project, graph=replace(project.graph, outputs={"p": "it", "q": "it:second"}))
    moved = ordering.move_output(project, "inner", "second", -1)
    assert list(moved.models["inner"].outputs) == ["second", "first"]
    assert moved.graph.outputs == {"p": "it:first", "q": "it"}


def test_ungrouping_leaves_what_is_fed_at_its_argument() -> None:
    project, key = grouping.group(project_of(ATTENTION, Call("it", ("x", "y", "z"))), ["it"], "inside")
    project = commands.disconnect(project, "y", key)
    assert project.graph.calls[key] == Call(key, ("x",), {"z": "z"})
    apart, (call,) = grouping.ungroup(project, key)
    assert apart.graph.calls[call] == Call("it", ("x",), {"key": "z"})


def test_layers_that_are_added_start_from_new_weights() -> None:
    project = replace(project_of(Layer("Dense"), Call("it", ("x",))), weights="weights.h5")
    gone = commands.delete(project, ["it"])
    again, key = commands.add_layer(gone, "Dense", {}, "x")
    assert again.weights_from == {key: ""}
    assert apply_edit(again, make_edit("add", gone, again).reverted()) == gone
    assert commands.insert_layer(project, "Dense", {}, "x", "it")[0].weights_from == {"dense": ""}
    assert copies.duplicate(project, ["it"])[0].weights_from == {"it_1": ""}
    view, inner = commands.add_layer(opened(project, "inner"), "Dense", {}, "a")
    outer = closed(project, "inner", view)
    assert outer.weights_from == {f"inner/{inner}": ""}
    assert closed(outer, "inner", opened(outer, "inner")) == outer
    assert started_new(replace(project, weights=""), ["it"]).weights_from == {}
