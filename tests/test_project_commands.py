"""Commands that group, copy as text, swap, freeze and arrange; and what holds of every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from random_edits import random_step

from kerastui.engine.project import arranging, commands, copies, grouping, swapping
from kerastui.engine.project import settings as settings_commands
from kerastui.engine.project.checks import check_project
from kerastui.engine.project.document import MODEL, Call, Column, Data, Graph, Input, Layer, Project, Spec
from kerastui.engine.project.edits import EditError, apply_edit, make_edit
from kerastui.engine.project.files import FILE_NAME, dumps, loads
from kerastui.engine.project.graph import check_references, nodes
from kerastui.engine.project.inside import closed, models_in, opened, tidied, used_models

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def two_view() -> Project:
    """Return two inputs, a shared layer, a skip past an encoder of two layers, two outputs."""
    graph = Graph(
        inputs={"left": Input((8,)), "right": Input((8,))},
        layers={
            "project": Layer("Dense", {"units": 4}),
            "views": Layer("Concatenate"),
            "dense": Layer("Dense", {"units": 6}, "hidden"),
            "drop": Layer("Dropout", {"rate": 0.5}),
            "add": Layer("Add"),
            "digit": Layer("Dense", {"units": 3}),
        },
        calls={
            "project": Call("project", ("left",)),
            "project_1": Call("project", ("right",)),
            "views": Call("views", ("project", "project_1")),
            "dense": Call("dense", ("views",)),
            "drop": Call("drop", ("dense",), arguments={"training": True}),
            "add": Call("add", ("drop", "views")),
            "digit": Call("digit", ("add",)),
        },
        outputs={"digit": "digit", "code": "dense"},
    )
    return Project("two-view", graph=graph, notes={"drop": "why"}, layout={"dense": (3, 4)}, weights="weights.h5")


def check_whole(project: Project) -> None:
    """Check that every reference is met, that nothing is circular and that every place that is told is there."""
    check_references(project.graph)
    for key, graph in project.models.items():
        check_references(graph, ("models", key))
        assert key not in used_models(project, graph)
    for graph in (project.graph, *project.models.values()):
        assert set(models_in(graph)) <= set(project.models)
    places = {*nodes(project.graph), *(f"{key}/{node}" for key, each in project.models.items() for node in nodes(each))}
    assert set(project.notes) <= places


@QUICK
@given(st.data())
def test_undoing_every_edit_gives_the_same_bytes(data: st.DataObject) -> None:
    project = data.draw(st.sampled_from([Project("x"), two_view()]))
    edits, texts = [], [dumps(project)]
    for _ in range(data.draw(st.integers(1, 25))):
        after = random_step(data, project)
        edits.append(make_edit("step", project, after))
        project = apply_edit(project, edits[-1])
        assert project == after
        check_whole(project)
        texts.append(dumps(project))
        assert dumps(loads(texts[-1], Path(FILE_NAME))) == texts[-1]
    for edit in reversed(edits):
        assert dumps(project) == texts.pop()
        project = apply_edit(project, edit.reverted())
    assert dumps(project) == texts.pop()


def random_project(data: st.DataObject) -> Project:
    """Draw a project a few edits away from one with a shared layer, a skip and two outputs."""
    project = replace(two_view(), weights="")
    for _ in range(data.draw(st.integers(0, 8))):
        project = random_step(data, project)
    return project


@QUICK
@given(st.data())
def test_what_is_grouped_comes_out_as_it_was(data: st.DataObject) -> None:
    project = random_project(data)
    calls = list(project.graph.calls)
    first = data.draw(st.integers(0, max(len(calls) - 1, 0)))
    keys = calls[first : first + data.draw(st.integers(1, 4))]
    try:
        grouped, key = grouping.group(project, keys, "inner")
    except EditError:
        return
    check_whole(grouped)
    again, inside = grouping.ungroup(grouped, key)
    assert set(inside) == set(keys)
    again = tidied(again, grouped)
    assert again == project


@QUICK
@given(st.data())
def test_a_copied_graph_is_pasted_into_another_project(data: st.DataObject) -> None:
    project = random_project(data)
    keys = [*nodes(project.graph)]
    if not keys:
        return
    pasted, new = copies.paste_text(Project("other"), copies.copy_text(project, keys))
    check_whole(pasted)
    assert new == keys
    assert pasted.graph == replace(project.graph, outputs={}, takes="", gives="")
    assert {key: pasted.models[key] for key in used_models(pasted)} == {
        key: project.models[key] for key in used_models(project)
    }
    assert copies.copy_text(pasted, new) == copies.copy_text(project, keys)


def test_a_group_is_a_model_with_the_wires_that_cross_its_border() -> None:
    known = {"views": Input((8,), "float16")}
    project, key = grouping.group(two_view(), ["drop", "dense"], "encoder", known)
    assert key == "encoder"
    assert project.graph.layers[key] == Layer(MODEL, {"model": "encoder"})
    assert list(project.graph.calls) == ["project", "project_1", "views", "encoder", "add", "digit"]
    assert project.graph.calls[key] == Call(key, ("views",))
    assert project.graph.calls["add"].inputs == ("encoder:drop", "views")
    assert project.graph.outputs == {"digit": "digit", "code": "encoder"}
    model = project.models["encoder"]
    assert model.inputs == {"views": Input((8,), "float16")}
    assert model.outputs == {"hidden": "dense", "drop": "drop"}
    assert model.calls["drop"] == Call("drop", ("dense",), {}, {"training": True})
    assert project.notes == {"encoder/drop": "why"}
    assert project.layout == {"encoder/dense": (3, 4)}


def test_starting_weights_follow_their_layers() -> None:
    project, key = grouping.group(two_view(), ["drop", "dense"], "encoder")
    assert project.weights_from == {"encoder/dense": "dense", "encoder/drop": "drop"}
    assert loads(dumps(project), Path(FILE_NAME)) == project
    back = tidied(grouping.ungroup(project, key)[0], project)
    assert back == two_view()
    project, _ = commands.add_layer(project, "Dense", {"units": 2}, "digit")
    taken, inside = grouping.ungroup(project, key)
    taken = tidied(taken, project)
    assert inside == ["dense_1", "drop"]
    assert taken.weights_from == {"dense": "", "dense_1": "dense"}
    view, inner = grouping.group(opened(project, "encoder"), ["dense"], "deep")
    deep = closed(project, "encoder", view)
    assert deep.weights_from == {"dense": "", "encoder/drop": "drop", "deep/dense": "dense"}
    assert tidied(closed(deep, "encoder", grouping.ungroup(opened(deep, "encoder"), inner)[0]), deep) == project
    assert commands.delete(taken, ["dense_1", "dense"]).weights_from == {}


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([], "nothing to group"),
        (["left", "project"], "left is an input of the graph"),
        (["project", "views"], "project is shared with a call outside of the group \\(project_1\\)"),
        (["views", "add"], "(hidden|drop) lies between the layers of the group, which would close a cycle"),
        (["nobody"], "there is no layer nobody"),
    ],
)
def test_a_group_that_cannot_be_is_refused(keys: list[str], why: str) -> None:
    with pytest.raises(EditError, match=why):
        grouping.group(two_view(), keys)


def test_what_is_no_model_cannot_be_ungrouped() -> None:
    with pytest.raises(EditError, match="hidden is no model"):
        grouping.ungroup(two_view(), "dense")
    with pytest.raises(EditError, match="left is no model"):
        grouping.ungroup(two_view(), "left")


def test_a_shared_model_leaves_shared_layers() -> None:
    project, key = grouping.group(two_view(), ["dense"], "encoder")
    project, again = copies.share(project, key, "right")
    project, _ = commands.add_layer(project, "Flatten", {}, again)
    after, inside = grouping.ungroup(project, again)
    check_whole(after)
    assert inside == ["dense_1"]
    assert after.graph.calls["dense_1"] == Call("dense", ("right",))
    assert after.graph.calls["dense"] == Call("dense", ("views",))
    assert tidied(after, project).models == {}


def test_layers_of_a_frozen_model_stay_frozen_and_are_told_of_training() -> None:
    project, key = grouping.group(two_view(), ["dense", "drop"], "encoder")
    call = replace(project.graph.calls[key], arguments={"training": False})
    project = replace(project, graph=replace(project.graph, calls={**project.graph.calls, key: call}))
    project, _ = commands.add_layer(project, "Dense", {}, key)
    project, outer = grouping.group(swapping.freeze(project, [key]), [key], "outer")
    for model in (outer, key):
        project = grouping.ungroup(project, model)[0]
    calls, layers = project.graph.calls, project.graph.layers
    assert [swapping.is_frozen(layers[each]) for each in ("dense_1", "dense")] == [True, False]
    assert all(calls[each].arguments["training"] is False for each in ("dense_1", "drop"))


def test_a_model_goes_with_its_last_layer_and_stays_while_another_uses_it() -> None:
    project, key = grouping.group(two_view(), ["dense", "drop"], "encoder")
    gone = tidied(commands.delete(project, [key]), project)
    assert (gone.models, gone.notes, gone.layout, gone.weights_from) == ({}, {}, {}, {})
    outer, deep = grouping.group(project, [key, "add"], "outer")
    emptied = closed(outer, "outer", commands.delete(opened(outer, "outer"), [key]))
    assert set(tidied(emptied, outer).models) == {"outer"}
    assert tidied(outer, project).models == outer.models
    assert deep == "outer"


def test_an_output_of_a_model_takes_its_wires_along() -> None:
    project, _ = grouping.group(two_view(), ["drop", "dense"], "encoder")
    renamed = grouping.rename_output(project, "encoder", "drop", "code")
    assert renamed.models["encoder"].outputs == {"hidden": "dense", "code": "drop"}
    assert renamed.graph.calls["add"].inputs == ("encoder:code", "views")
    with pytest.raises(EditError, match="hidden is the name of another output"):
        grouping.rename_output(project, "encoder", "drop", "hidden")
    with pytest.raises(EditError, match="Received: 'a b'"):
        grouping.rename_output(project, "encoder", "drop", "a b")


def test_an_output_of_the_project_takes_its_settings_along() -> None:
    project = settings_commands.set_loss(two_view(), "digit", Spec("MeanSquaredError"))
    project = replace(project, data=Data("x.csv", {"y": Column("target", to="digit")}))
    renamed = grouping.rename_output(project, "", "digit", "number")
    assert renamed.graph.outputs == {"number": "digit", "code": "dense"}
    assert list(renamed.compile.losses) == ["number"]
    assert renamed.data.columns["y"].to == "number"


def test_callbacks_watch_an_output_under_its_new_name() -> None:
    outputs = {"digit": "digit", "digit_two": "dense"}
    project = replace(two_view(), graph=replace(two_view().graph, outputs=outputs))
    watched = ("val_digit_loss", "digit_accuracy", "digit_two_loss", "val_loss")
    stops = tuple(Spec("EarlyStopping", {"monitor": monitor}) for monitor in watched)
    project = settings_commands.set_fit(project, callbacks=(*stops, Spec("EarlyStopping")))
    callbacks = grouping.rename_output(project, "", "digit", "number").fit.callbacks
    assert [callback.config.get("monitor") for callback in callbacks] == [
        "val_number_loss",
        "number_accuracy",
        "digit_two_loss",
        "val_loss",
        None,
    ]


def test_what_a_callback_watches_and_no_run_reports_is_told() -> None:
    project = settings_commands.set_loss(two_view(), "digit", Spec("MeanSquaredError"))
    project = settings_commands.set_loss(project, "code", Spec("MeanSquaredError"))
    metrics = (Spec("LogCoshError"), Spec("MeanIoU", {"num_classes": 2}))
    project = settings_commands.set_metrics(project, "code", metrics)

    def told(monitor: str) -> list[str]:
        stop = Spec("ReduceLROnPlateau", {"monitor": monitor})
        found = check_project(settings_commands.set_fit(project, callbacks=(stop,)))
        return [f"{problem.what}; {problem.hint}" for problem in found if problem.subject == "ReduceLROnPlateau"]

    known = ["loss", "digit_loss", "code_loss", "code_logcosh", "code_mean_io_u"]
    assert [told(name) for name in (*known, "val_code_loss", "code_mean_io_u_1", "learning_rate")] == [[]] * 8
    choices = ", ".join([*known, *(f"val_{name}" for name in known)])
    assert told("val_code_accuracy") == [
        f"ReduceLROnPlateau watches val_code_accuracy, which the run does not report; choose one of {choices}"
    ]
    project = settings_commands.set_metrics(project, "code", (Spec("layers.Own"),))
    assert told("val_code_accuracy") == []


def test_a_class_is_swapped_and_what_fits_stays() -> None:
    project = commands.set_argument(two_view(), "dense", "activation", "relu")
    after, dropped = swapping.swap(project, "dense", "Conv1D", {"filters": 8, "kernel_size": 3})
    assert after.graph.layers["dense"] == Layer(
        "Conv1D", {"filters": 8, "kernel_size": 3, "activation": "relu"}, "hidden"
    )
    assert dropped == ["units"]
    assert after.graph.calls["dense"] == project.graph.calls["dense"]
    with pytest.raises(EditError, match="there is no layer Dens"):
        swapping.swap(project, "dense", "Dens")
    with pytest.raises(EditError, match="left is an input"):
        swapping.swap(project, "left", "Dense")


def test_layers_are_frozen_and_thawed_together() -> None:
    some = swapping.freeze(two_view(), ["dense"])
    assert some.graph.layers["dense"].config == {"units": 6, "trainable": False}
    both = swapping.freeze(some, ["dense", "digit", "left"])
    assert swapping.is_frozen(both.graph.layers["digit"])
    assert swapping.freeze(both, ["dense", "digit"]) == two_view()
    with pytest.raises(EditError, match="only layers can be frozen"):
        swapping.freeze(two_view(), ["left"])


def test_cards_are_aligned() -> None:
    at = {"dense": (4, 10), "drop": (30, 15), "views": (9, 0)}
    assert arranging.align(Project("x", graph=two_view().graph), at).layout == {
        "dense": (4, 10),
        "drop": (4, 15),
        "views": (4, 0),
    }
    assert arranging.align(Project("x", graph=two_view().graph), at, "row").layout["views"] == (9, 15)
    with pytest.raises(EditError, match="two cards or more"):
        arranging.align(two_view(), {"dense": (0, 0)})


def test_wires_from_elsewhere_are_kept_where_there_is_such_a_source() -> None:
    text = copies.copy_text(two_view(), ["dense", "drop"])
    assert text.startswith("# kerastui graph\n\n[graph.layers.dense]\n")
    same, new = copies.paste_text(two_view(), text)
    assert new == ["hidden_1", "drop_1"]
    assert same.graph.calls["hidden_1"].inputs == ("views",)
    assert same.notes == {"drop": "why", "drop_1": "why"}
    empty, start = commands.add_input(Project("y"), (3,))
    other, new = copies.paste_text(empty, text)
    assert other.graph.calls["dense"].inputs == ()
    assert other.graph.layers["dense"].name == "hidden"
    fed, new = copies.paste_text(empty, text.replace("\n", "\r\n"), after=start)
    assert fed.graph.calls["dense"].inputs == (start,)
    assert fed.graph.calls["drop"].inputs == ("dense",)


def test_a_copied_model_is_a_model_of_its_own() -> None:
    project, key = grouping.group(two_view(), ["dense", "drop"], "encoder")
    after, new = copies.duplicate(project, [key])
    assert after.graph.layers[new[0]].config == {"model": "encoder_1"}
    assert after.models["encoder_1"] == after.models["encoder"]
    assert after.notes["encoder_1/drop"] == "why"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the text is no graph"),
        ("units = 64", "the text is no graph"),
        ("# kerastui graph\n[graph.calls]\ndense = {\nx = 1", "no whole graph: .*at line 3"),
        ("# kerastui graph\n", "no layer in it"),
        ("# kerastui graph\nname = 'x'", "unknown key `name`"),
        ("# kerastui graph\n[graph.calls]\na = { layer = 'a' }", "graph.calls.a.layer: there is no layer `a`"),
        ("# kerastui graph\n[graph.layers.a]\nclass = 3\n[graph.calls]\na = { layer = 'a' }", "graph.layers.a"),
        (
            "# kerastui graph\n[graph.layers.a]\nclass = 'Model'\nmodel = 'm'\n[graph.calls]\na = { layer = 'a' }",
            "the model m is not in the text",
        ),
        (
            "# kerastui graph\n[graph.layers.a]\nclass = 'Add'\n"
            "[graph.calls]\na = { layer = 'a', inputs = ['b'] }\nb = { layer = 'a', inputs = ['a'] }",
            "is a cycle",
        ),
        (
            "# kerastui graph\n[graph.layers.a]\nclass = 'Model'\nmodel = 'm'\n[graph.calls]\na = { layer = 'a' }\n"
            "[models.m.layers.b]\nclass = 'Model'\nmodel = 'm'\n[models.m.calls]\nb = { layer = 'b' }",
            "holds itself",
        ),
    ],
)
def test_a_text_that_is_no_graph_is_refused(text: str, why: str) -> None:
    with pytest.raises(EditError, match=why):
        copies.paste_text(two_view(), text)
