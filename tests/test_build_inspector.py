"""The inspector: every layer of Keras in its form, what a value would do, calls, models inside, notes, costs."""

from __future__ import annotations

from pathlib import Path

import pytest
from apps import fake, settled, until
from build_seat import seated
from msgspec.structs import replace
from projects import small_project

from kerastui.engine.catalog.catalog import Argument, Entry, catalog
from kerastui.engine.catalog.check import check_config
from kerastui.engine.catalog.starting import starting_config
from kerastui.engine.process.protocol import CallReport, Check, Checked, TensorReport
from kerastui.engine.project import commands, copies, details, grouping
from kerastui.engine.project.document import Call, Graph, Layer, Project, Spec
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.problems import Problem
from kerastui.screens.build import side_fields
from kerastui.screens.build.costs import cost_words, effect_words, total_words
from kerastui.screens.build.fields import layer_rows
from kerastui.screens.build.graph_view import Facts
from kerastui.screens.build.inspector_edits import edit_of
from kerastui.screens.build.side_fields import CALL
from kerastui.screens.widgets.form import Field, FormRow, Heading, Note
from kerastui.screens.widgets.form_lines import FormLines
from kerastui.screens.widgets.ink import plain

OTHER: dict[str, str] = {
    **{"int": "3", "float": "0.5", "number": "2", "str": "other", "int-tuple": "3", "number-tuple": "0.5"},
    **{"shape": "(3,)", "axis": "-1", "list": "(1, 2)", "any": "1", "dtype": "float16", "code": ""},
}
"""A value of each type that is typed; those that are chosen take their last choice."""


def one_layer(entry: Entry) -> Project:
    """Return input → a layer with the values it starts with."""
    project, source = commands.add_input(Project("p"), (8, 8, 3))
    return commands.add_layer(project, entry.name, starting_config(entry), source)[0]


def rows_of(project: Project, key: str, checked: Checked | None = None, compact: bool = False) -> list[FormRow]:
    return layer_rows(Facts(project, checked, ()), key, compact, 40)


def fields_in(rows: list[FormRow]) -> dict[str, Field]:
    return {row.key: row for row in rows if isinstance(row, Field)}


def notes_in(rows: list[FormRow]) -> list[str]:
    return [plain(row.line) for row in rows if isinstance(row, Note)]


def layer_of(project: Project) -> tuple[str, Layer]:
    return next(iter(project.graph.layers.items()))


def other_value(field: Field, argument: Argument) -> str | bool:
    """Return another valid value of a field."""
    if field.kind == "switch":
        return not field.on
    if field.kind == "choice":
        return next(choice.value for choice in reversed(field.choices) if choice.value != field.edit_text)
    if argument.type == "int" and argument.maximum is not None:
        return str(argument.maximum)
    return OTHER.get(argument.type, "0.25")


@pytest.mark.parametrize("entry", catalog().of("layer"), ids=lambda entry: entry.name)
def test_every_argument_of_every_layer_takes_its_default_and_another_value(entry: Entry) -> None:
    project = one_layer(entry)
    key, layer = layer_of(project)
    for name, field in fields_in(rows_of(project, key)).items():
        argument = entry.argument(name)
        if argument is None or field.kind == "readonly":
            continue
        _, changed = edit_of(project, key, name, other_value(field, argument))
        assert check_config(entry, changed.graph.layers[key].config) == check_config(entry, layer.config)
        if argument.required:
            with pytest.raises(ValueError, match="has no default"):
                edit_of(changed, key, name, None)
        else:
            # The text of the default is read as the default, and `del` gives the same document.
            given: str | bool = field.on if field.kind == "switch" else field.edit_text
            assert edit_of(changed, key, name, given)[1] == edit_of(changed, key, name, None)[1]


@pytest.mark.parametrize("entry", catalog().of("layer"), ids=lambda entry: entry.name)
def test_fields_within_objects_take_their_default_and_another_value(entry: Entry) -> None:
    project = one_layer(entry)
    key, _ = layer_of(project)
    inner = {name: field for name, field in fields_in(rows_of(project, key)).items() if name.count(".") == 1}
    for name, field in inner.items():
        if field.kind in ("text", "readonly") or name.endswith("."):
            continue
        given = other_value(field, Argument(name, "any"))
        _, changed = edit_of(project, key, name, given)
        assert check_config(entry, changed.graph.layers[key].config) == []
        assert fields_in(rows_of(changed, key))[name].changed


def test_cells_are_added_set_exchanged_and_taken_out() -> None:
    entry = catalog().layer("StackedRNNCells")
    assert entry is not None
    project = one_layer(entry)
    key, _ = layer_of(project)
    for field, given in (("cells.0", "LSTMCell"), ("cells.1", "GRUCell"), ("cells.1.units", "7")):
        _, project = edit_of(project, key, field, given)
    cells = (Spec("LSTMCell", {"units": 64}), Spec("GRUCell", {"units": 7}))
    assert project.graph.layers[key].config == {"cells": cells}
    fields = fields_in(rows_of(project, key))
    assert (fields["cells"].value, fields["cells.1"].value, fields["cells.2"].value) == (
        "2 layers",
        "GRUCell",
        "a layer",
    )
    assert fields["cells.1"].opens == "closed"
    assert fields["cells.1.units"].under == "cells.1"
    with pytest.raises(ValueError, match="units takes a whole number"):
        edit_of(project, key, "cells.1.units", "many")
    with pytest.raises(ValueError, match="has no layer Nothing"):
        edit_of(project, key, "cells.2", "Nothing")
    _, project = edit_of(project, key, "cells.0", None)
    assert project.graph.layers[key].config == {"cells": cells[1:]}


def test_an_initializer_by_name_has_fields_and_goes_back_to_its_name() -> None:
    project, key = small_project(), "dense"
    fields = fields_in(rows_of(project, key))
    assert fields["kernel_initializer"].opens == "closed"
    _, project = edit_of(project, key, "kernel_initializer.seed", "3")
    assert project.graph.layers[key].config["kernel_initializer"] == Spec("GlorotUniform", {"seed": 3})
    assert fields_in(rows_of(project, key))["kernel_initializer"].opens == "open"
    _, project = edit_of(project, key, "kernel_initializer.seed", None)
    assert "kernel_initializer" not in project.graph.layers[key].config


def attention() -> Project:
    """Return a call of attention with a mask by name."""
    project, source = commands.add_input(Project("p"), (8, 16))
    project, key = commands.add_layer(project, "MultiHeadAttention", {"num_heads": 2, "key_dim": 4}, source)
    call = Call(key, (source, source), {"value_mask": source})
    return replace(project, graph=replace(project.graph, calls={key: call}))


def test_a_call_has_its_own_arguments_and_says_where_tensors_by_name_come_from() -> None:
    project = attention()
    key, _ = layer_of(project)
    rows = rows_of(project, key)
    fields = fields_in(rows)
    assert "call" in [row.key for row in rows if isinstance(row, Heading)]
    assert fields[f"{CALL}@value_mask"].value == "← input"
    assert "input (∅, 8, 16)" in fields[f"{CALL}@value_mask"].help
    assert fields[f"{CALL}@query_mask"].value == "–"
    assert notes_in(rows)[:2] == ["query  (∅, 8, 16)  ← input", "value  (∅, 8, 16)  ← input"]
    _, after = edit_of(project, key, f"{CALL}use_causal_mask", True)
    assert after.graph.calls[key].arguments == {"use_causal_mask": True}
    assert after.graph.layers == project.graph.layers
    assert edit_of(after, key, f"{CALL}use_causal_mask", None)[1] == project
    with pytest.raises(ValueError, match="no argument speed"):
        edit_of(project, key, f"{CALL}speed", "1")


def nested() -> tuple[Project, str]:
    """Return a project with a model inside that two layers were grouped into, and the id of its call."""
    project, source = commands.add_input(Project("p"), (64,))
    project, first = commands.add_layer(project, "Dense", {"units": 32}, source)
    project, second = commands.add_layer(project, "Dense", {"units": 8}, first)
    project = commands.toggle_output(project, second)
    project, key = grouping.group(project, [first, second], "encoder")
    return project, key


def test_a_model_inside_says_what_it_takes_and_gives() -> None:
    project, key = nested()
    checked = Checked({"encoder/dense_1": CallReport((None, 8), "float32", 264, 264)}, (), 264, 264)
    rows = rows_of(project, key, checked)
    fields = fields_in(rows)
    assert fields[side_fields.APPLIES].value == "encoder"
    assert "layers   2" in notes_in(rows)
    assert any(line.startswith("outputs") and line.endswith("(∅, 8)") for line in notes_in(rows))
    _, after = edit_of(project, key, side_fields.INNER_GIVES, "dict")
    assert after.models["encoder"].gives == "dict"
    _, after = edit_of(after, key, side_fields.INNER_GIVES, None)
    assert after == project
    _, after = edit_of(project, key, side_fields.GIVES, "list")
    assert after.graph.gives == "list"
    _, after = edit_of(project, key, side_fields.TRAINABLE, False)
    assert after.graph.layers[project.graph.calls[key].layer].config["trainable"] is False
    with pytest.raises(EditError, match="there is no model nothing"):
        edit_of(project, key, side_fields.APPLIES, "nothing")
    with pytest.raises(EditError, match="there is no model nothing"):
        details.set_structure(project, "nothing", "takes", "list")


def test_outputs_of_a_layer_with_several_stand_by_their_names() -> None:
    project, source = commands.add_input(Project("p"), (5, 3))
    project, key = commands.add_layer(project, "LSTM", {"units": 4, "return_state": True}, source)
    shapes = (TensorReport("0", (None, 4), "float32"), TensorReport("1", (None, 4), "float32"))
    checked = Checked({key: CallReport((None, 4), "float32", outputs=shapes)}, (), 0, 0)
    assert notes_in(rows_of(project, key, checked))[1:3] == ["out 0  (∅, 4)  float32", "    1  (∅, 4)  float32"]


def test_what_a_class_that_is_not_there_was_given_is_shown_as_it_is() -> None:
    layer = Layer("layers.Gone", {"alpha": 2})
    project = Project("p", graph=Graph(layers={"gone": layer}, calls={"gone": Call("gone")}))
    field = fields_in(rows_of(project, "gone"))["alpha"]
    assert (field.kind, field.value) == ("readonly", "2")


def two_dense(units: int) -> tuple[Project, Checked]:
    project = commands.set_argument(small_project(), "dense", "units", units)
    from fake_engine import check

    return project, check(project.graph)


def test_effects_in_words() -> None:
    before, after = two_dense(64), two_dense(128)
    facts = Facts(before[0], before[1], ())
    assert effect_words(facts, after[1], "dense") == ["(∅, 64) → (∅, 128)", "4,160 → 8,320 params"]
    assert effect_words(facts, before[1], "dense") == ["same shape, same params"]
    assert effect_words(facts, after[1], "input") == ["4,810 → 9,610 params"]
    broken = replace(after[1], problems=(Problem("error", "build", "dense_1", "cannot take it"),))
    assert effect_words(facts, broken, "dense")[-1] == "✗ digit: cannot take it"


def test_costs_give_way_from_the_end() -> None:
    project, checked = two_dense(64)
    facts = Facts(project, checked, ())
    whole = "3 layers · 4,810 params · 9.6 kFLOP · 552 B"
    assert total_words(facts, 60) == whole
    assert total_words(facts, len(whole) - 1) == "3 layers · 4,810 params · 9.6 kFLOP"
    assert total_words(facts, 3) == "3 layers"
    assert total_words(replace(facts, stale=True), 60) == f"{whole} ↺"
    assert total_words(Facts(project, None, ()), 60) == "3 layers"
    assert cost_words(facts, "dense", 60) == "4,160 params · 8.3 kFLOP · 256 B"
    frozen = replace(checked, calls={**checked.calls, "dense": replace(checked.calls["dense"], trainable=0)})
    assert cost_words(Facts(project, frozen, ()), "dense", 23) == "4,160 params · frozen"


def test_totals_within_a_model_are_its_own() -> None:
    project, _ = nested()
    places = {"encoder/dense": CallReport((None, 32), "float32", 2080, 2080, flops=4160, memory=128)}
    checked = Checked({**places, "encoder": CallReport((None, 8), "float32", 2344, 2344)}, (), 2344, 2344)
    facts = Facts(replace(project, graph=project.models["encoder"]), checked, (), model="encoder")
    assert total_words(facts, 60) == "2 layers · 2,080 params · 4.2 kFLOP · 128 B"


# On the screen ------------------------------------------------------------------------------------------------------


async def test_the_effect_of_a_value_is_told_while_it_is_typed(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        before = seat.graph
        await seat.press("end", "up", "enter", "enter", "1", "2", "8")
        await until(seat.pilot, lambda: "(∅, 64) → (∅, 128)" in seat.text)
        assert "4,160 → 8,320 params" in " ".join(seat.text.split())
        assert seat.graph == before, "it is told before it is done"
        asked = [body for body in fake(seat.app).requests if isinstance(body, Check)]
        assert len(asked) < 5, "not a question for each key"
        await seat.press("x")
        assert "units takes a whole number" in " ".join(seat.text.split())
        await seat.press("backspace", "enter")
        assert seat.graph.layers["dense"].config["units"] == 128
        assert "8,320 params · 16.6 kFLOP" in seat.text


async def test_names_and_notes_have_no_effect_to_be_told(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "up", "enter")
        inspector = seat.screen.inspector
        asked = len(fake(seat.app).requests)
        for field in ("name", "@note"):
            inspector.edit(field)
            await seat.press("h")
            assert inspector._in_sight is None
            assert not inspector._weighing
            await seat.press("escape")
        assert len(fake(seat.app).requests) == asked
        inspector.edit("name")
        await seat.press("slash")
        assert "a name is made of letters" in seat.text, "what is wrong with it is told"


async def test_a_tensor_by_name_is_cut_where_its_field_is_put_back(tmp_path: Path) -> None:
    async with seated(tmp_path, attention()) as seat:
        await seat.press("end", "enter")
        key = seat.cursor or ""
        assert seat.screen.inspector.move_to(f"{CALL}@value_mask")
        await seat.press("delete")
        assert seat.graph.calls[key].named == {}
        assert len(seat.graph.calls[key].inputs) == 2
        assert seat.notices == []
        await seat.press("u")
        assert seat.graph.calls[key].named == {"value_mask": "input"}


async def test_the_effect_of_a_choice_stands_in_the_chooser(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "up", "enter")
        seat.screen.inspector.edit("activation")
        await settled(seat.pilot)
        await seat.press("down")
        await until(seat.pilot, lambda: "same shape, same params" in seat.text)
        await seat.press("escape")


async def test_without_an_engine_nothing_is_told_and_nothing_waits(tmp_path: Path) -> None:
    async with seated(tmp_path, ready=False) as seat:
        assert await seat.app.studio.weigh(seat.app.studio.view) is None
        await seat.press("end", "enter", "enter", "8", "enter")
        assert seat.graph.layers["dense_1"].config["units"] == 8


async def test_a_sub_form_folds_in_place_and_a_note_is_written(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "up", "enter")
        inspector = seat.screen.inspector
        assert inspector.move_to("kernel_initializer")
        assert " seed " not in seat.text
        await seat.press("right", "down")
        assert inspector.cursor_key == "kernel_initializer.seed"
        await seat.press("enter", "5", "enter")
        assert seat.graph.layers["dense"].config["kernel_initializer"] == Spec("GlorotUniform", {"seed": 5})
        await seat.press("left")
        assert inspector.cursor_key == "kernel_initializer"
        assert inspector.move_to("@note")
        await seat.press("enter")
        await seat.type("as in the paper")
        await seat.press("enter")
        assert seat.app.studio.project.notes == {"dense": "as in the paper"}
        await seat.press("delete")
        assert seat.app.studio.project.notes == {}


async def test_an_output_is_renamed_with_what_uses_it(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "enter")
        assert seat.screen.inspector.move_to("output:digit")
        await seat.press("enter")
        await seat.type("label")
        await seat.press("enter")
        assert seat.graph.outputs == {"label": "dense_1"}
        assert set(seat.app.studio.project.compile.losses) == {"label"}


async def test_every_layer_is_drawn_in_the_form(tmp_path: Path) -> None:
    entries = catalog().of("layer")
    project = Project("all")
    layers = {entry.name.lower(): Layer(entry.name, starting_config(entry)) for entry in entries}
    calls = {key: Call(key) for key in layers}
    project = replace(project, graph=Graph(layers=layers, calls=calls))
    async with seated(tmp_path, small_project()) as seat:
        facts, lines = Facts(project, None, ()), seat.screen.inspector.query_one(FormLines)
        for key in layers:
            seat.screen.inspector.show_card(facts, key)
            drawn = [lines.render_line(y).text for y in range(lines.size.height)]
            assert any(key[:8] in line for line in drawn)
            assert seat.screen.inspector.title == key


async def test_the_model_inside_is_opened_from_its_form(tmp_path: Path) -> None:
    project, key = nested()
    async with seated(tmp_path, project) as seat:
        seat.screen.graph.select(key)
        await settled(seat.pilot)
        assert "2,344 params" in seat.text
        await seat.press("enter")
        if not seat.app.studio.inside:  # `enter` on a model opens it, or its form
            seat.screen.inspector.edit(side_fields.OPEN)
            await settled(seat.pilot)
        assert seat.app.studio.inside == ("encoder",)


def test_shared_layers_have_arguments_of_each_call() -> None:
    project = attention()
    key, _ = layer_of(project)
    project, second = copies.share(project, key, "input")
    heading = next(row for row in rows_of(project, second) if isinstance(row, Heading) and row.key == "call")
    assert heading.count == "2 of 2"


def test_a_function_of_keras_has_the_fields_of_its_arguments() -> None:
    project, source = commands.add_input(Project("p"), (8,))
    project, key = commands.add_layer(project, "ops.mean", {}, source)
    _, after = edit_of(project, key, "keepdims", True)
    assert after.graph.layers[key].config == {"keepdims": True}
