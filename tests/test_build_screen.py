"""The Build screen, driven by real keys on the real app with a scripted engine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from apps import fake, settled, until
from build_seat import seated
from projects import small_project
from textual.widgets import Static

from kerastui.engine.process.protocol import Check, ReplyBody, RequestBody, Summary
from kerastui.engine.project import commands, settings
from kerastui.engine.project.document import Project, Spec
from kerastui.engine.project.edits import EditError
from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.canvas_view import Level
from kerastui.screens.build.palette import LETTERS, Palette, PaletteRows
from kerastui.screens.widgets.choose import Choose
from kerastui.screens.widgets.footer import Footer
from kerastui.screens.widgets.modals import HelpScreen, Prompt


def clashing() -> Project:
    """Return a project where an addition does not fit: 64 and 10 wide."""
    project, dense = small_project(), "dense"
    project, add = commands.add_layer(project, "Add", {}, dense)
    return commands.connect(project, "dense_1", add)


async def test_shapes_of_the_check_stand_on_the_cards(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        assert seat.card("dense").shape_text == "(∅, 64)"
        assert seat.card("dense").right_text == "4,160"
        assert seat.card("dense").class_text == "Dense 64"
        assert seat.card("input").right_text == "float32"
        assert seat.card("dense_1").mark == "◆"
        assert "3 layers · 4,810 params" in seat.text
        assert "(∅, 64)" in seat.text


async def test_before_the_engine_is_ready_everything_but_shapes_works(tmp_path: Path) -> None:
    async with seated(tmp_path, ready=False) as seat:
        assert seat.card("dense").shape_text == "?"
        assert "shapes wait for the engine" in seat.text
        await seat.add("dropout")
        assert seat.graph.layers["dropout"].class_name == "Dropout"
        fake(seat.app).load()
        await settled(seat.pilot)
        assert seat.card("dense").shape_text == "(∅, 64)"


async def test_shapes_older_than_the_graph_are_marked_while_a_check_takes_long(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        engine, gate = fake(seat.app), asyncio.Event()
        answer = engine.request

        async def late(body: RequestBody) -> ReplyBody:
            if isinstance(body, Check):
                await gate.wait()
            return await answer(body)

        engine.request = late  # type: ignore[method-assign]
        await seat.pilot.press("end", "x")
        await until(seat.pilot, lambda: seat.card("dense").stale)
        await until(seat.pilot, lambda: "(∅, 64) ↺" in seat.text)
        gate.set()
        await settled(seat.pilot)
        assert not seat.card("dense").stale
        assert "↺" not in seat.text


async def test_add_two_layers_by_search_set_units_undo_and_redo(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "up")
        assert seat.cursor == "dense"
        await seat.add("dense")
        assert seat.cursor == "dense_2"
        assert seat.graph.calls["dense_2"].inputs == ("dense",)
        assert isinstance(seat.app.focused, GraphCanvas)
        await seat.add("drop")
        assert seat.graph.calls["dropout"].inputs == ("dense_2",)
        assert seat.graph.layers["dropout"].config == {"rate": 0.5}

        await seat.press("up", "enter", "enter")
        await seat.press("backspace", "backspace")
        await seat.type("128")
        await seat.press("enter")
        assert seat.graph.layers["dense_2"].config["units"] == 128
        assert seat.card("dense_2").shape_text == "(∅, 128)"
        assert seat.card("dropout").shape_text == "(∅, 128)"

        await seat.press("escape", "u", "ctrl+z")
        assert "dropout" not in seat.graph.calls
        assert seat.graph.layers["dense_2"].config["units"] == 64
        assert seat.card("dense_2").shape_text == "(∅, 64)"
        await seat.press("ctrl+r", "ctrl+y")
        assert seat.graph.layers["dense_2"].config["units"] == 128
        assert seat.card("dropout").shape_text == "(∅, 128)"


async def test_connect_by_keys_replaces_the_wire_of_a_layer_with_one_input(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "up")
        await seat.add("dropout")
        assert seat.graph.calls["dense_1"].inputs == ("dense",)
        await seat.press("c")
        assert "arrows or a letter" in seat.text
        assert "connect" in seat.text.splitlines()[-1]
        await seat.press("right", "left", "enter")
        assert seat.graph.calls["dense_1"].inputs == ("dropout",)
        assert seat.cursor == "dense_1"


async def test_connect_to_a_layer_that_takes_a_list_adds_a_wire(tmp_path: Path) -> None:
    project, add = commands.add_layer(small_project(), "Add", {}, "dense")
    async with seated(tmp_path, project) as seat:
        await seat.press("slash")
        await seat.type("flatten")
        await seat.press("enter")
        assert "f repair" in seat.text.splitlines()[-1]
        await seat.press("c")
        assert seat.screen.graph.mode == "wire"
        assert "f repair" not in seat.text.splitlines()[-1], "f is the letter of a card now"
        for key in ("left", "right"):
            if seat.screen.graph.target != add:
                await seat.press(key)
        await seat.press("enter")
        assert seat.graph.calls[add].inputs == ("dense", "flatten")
        assert seat.card(add).shape_text == "(∅, 64)"


async def test_a_wire_that_closes_a_cycle_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        before = seat.graph
        await seat.press("end")
        assert seat.cursor == "dense_1"
        await seat.press("c")
        assert not seat.screen.graph.in_mode
        assert any("close a cycle" in notice for notice in seat.notices)
        seat.screen.graph.post_message(GraphCanvas.ConnectRequested("dense_1", "flatten"))
        await settled(seat.pilot)
        with pytest.raises(EditError) as refused:
            commands.connect(seat.app.studio.project, "dense_1", "flatten")
        assert str(refused.value) in seat.notices
        assert seat.graph == before


async def test_cut_and_delete(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "x")
        assert not seat.graph.calls["dense_1"].inputs
        assert seat.card("dense_1").state == "error"
        assert "has no input" in seat.text
        await seat.press("u")
        await seat.press("end", "up", "delete")
        assert "dense" not in seat.graph.calls
        assert seat.graph.calls["dense_1"].inputs == ("flatten",)
        assert seat.cursor == "flatten"
        await seat.press("u", "home", "space", "down", "space", "backspace")
        assert set(seat.graph.calls) == {"dense", "dense_1"}
        assert seat.graph.inputs == {}


async def test_cut_asks_which_wire_where_there_are_several(tmp_path: Path) -> None:
    async with seated(tmp_path, clashing()) as seat:
        seat.screen.graph.select("add")
        await seat.press("x")
        assert isinstance(seat.app.screen, Choose)
        await seat.press("down", "enter")
        assert seat.graph.calls["add"].inputs == ("dense",)


async def test_insert_on_the_wire(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "i")
        assert "before digit" in seat.text
        await seat.type("batch")
        await seat.press("enter")
        assert seat.graph.calls["batch_normalization"].inputs == ("dense",)
        assert seat.graph.calls["dense_1"].inputs == ("batch_normalization",)
        assert seat.cursor == "batch_normalization"
        await seat.add("dropout")
        assert seat.graph.calls["dropout"].inputs == ("batch_normalization",)
        assert seat.graph.calls["dense_1"].inputs == ("batch_normalization",)


async def test_rename_refuses_a_name_that_is_taken(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "f2")
        assert isinstance(seat.app.screen, Prompt)
        await seat.press(*["backspace"] * 5)
        await seat.type("flatten")
        await seat.press("enter")
        assert isinstance(seat.app.screen, Prompt)
        assert "flatten is the name of another layer or input" in seat.text
        await seat.type("2")
        await seat.press("enter")
        assert seat.graph.layers["dense_1"].name == "flatten2"
        assert seat.card("dense_1").name == "flatten2"


async def test_the_inspector_refuses_what_no_argument_takes(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "enter", "enter")
        await seat.press("backspace", "backspace")
        await seat.type("many")
        await seat.press("enter")
        assert "units takes a whole number" in " ".join(seat.text.split())
        assert seat.screen.inspector.editing
        assert seat.graph.layers["dense_1"].config["units"] == 10
        await seat.press("escape")
        assert not seat.screen.inspector.editing
        await seat.press("escape")
        assert isinstance(seat.app.focused, GraphCanvas)


async def test_an_object_is_chosen_and_its_own_fields_set_and_reset(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "up", "enter")
        assert seat.screen.inspector.move_to("kernel_regularizer")
        await seat.press("enter")
        await seat.type("L2")
        await seat.press("enter")
        chosen = seat.graph.layers["dense"].config["kernel_regularizer"]
        assert chosen == Spec("L2", {})
        field = "kernel_regularizer.l2"
        assert seat.screen.inspector.move_to(field)
        await seat.press("enter", *["backspace"] * 5)
        await seat.type("1e-4")
        await seat.press("enter")
        assert seat.graph.layers["dense"].config["kernel_regularizer"] == Spec("L2", {"l2": 1e-4})
        assert "1e-4" in seat.text
        await seat.press("delete")
        assert seat.graph.layers["dense"].config["kernel_regularizer"] == chosen
        assert seat.screen.inspector.move_to("kernel_regularizer")
        await seat.press("delete")
        assert "kernel_regularizer" not in seat.graph.layers["dense"].config


async def test_switch_name_and_shape_of_an_input(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "enter")
        assert seat.screen.inspector.move_to("use_bias")
        await seat.press("space")
        assert seat.graph.layers["dense_1"].config["use_bias"] is False
        await seat.press("space")
        assert "use_bias" not in seat.graph.layers["dense_1"].config
        await seat.press("escape", "home", "enter", "enter")
        await seat.press(*["backspace"] * 6)
        await seat.type("?, 3")
        await seat.press("enter")
        assert seat.graph.inputs["input"].shape == (None, 3)
        assert seat.card("input").shape_text == "(∅, ∅, 3)"


async def test_shapes_that_clash_stand_on_the_card_and_below(tmp_path: Path) -> None:
    async with seated(tmp_path, clashing()) as seat:
        card = seat.card("add")
        assert (card.state, card.mark, card.shape_text, card.brief) == ("error", "✗", "(∅, 64) + (∅, 10)", "64 + 10")
        assert all(edge.broken for edge in seat.screen.graph.scene.edges if edge.target == "add")
        assert "cannot add (∅, 64) and (∅, 10)" in seat.text
        await seat.press("f8")
        assert seat.cursor == "add"
        assert card.repair == "insert Dense 64"
        await seat.press("f")
        assert seat.card("add").state == "warning"  # it leads nowhere
        assert seat.graph.calls["add"].inputs == ("dense", "dense_2")


async def test_one_key_applies_the_repair(tmp_path: Path) -> None:
    project = commands.set_argument(small_project(), "dense_1", "units", 4)
    async with seated(tmp_path, project) as seat:
        await until(seat.pilot, lambda: seat.app.studio.data.kind == "ready")
        await settled(seat.pilot)
        assert seat.card("dense_1").repair == "units 4 → 10"
        assert "units 4 → 10" in seat.text
        await seat.press("f")
        assert seat.graph.layers["dense_1"].config["units"] == 10
        assert seat.card("dense_1").state == "ok"
        assert seat.card("dense_1").repair == ""


async def test_tabs_below_the_graph(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("right_square_bracket")
        await until(seat.pilot, lambda: "dense (Dense)" in seat.text)
        asked = [body for body in fake(seat.app).requests if isinstance(body, Summary)]
        assert len(asked) == 1
        await seat.press("right_square_bracket")
        await until(seat.pilot, lambda: "import keras" in seat.text)
        await seat.press("right_square_bracket")
        assert "← flatten" in seat.text
        seat.screen.problems.focus_page()
        await until(seat.pilot, lambda: seat.screen.problems.outer_size.height > 12)
        await seat.press("home", "down", "enter")
        assert seat.cursor == "flatten"
        assert seat.screen.inspector.has_focus_within
        await seat.press("escape")
        assert seat.app.focused is seat.screen.problems.outline
        await seat.press("escape")
        assert isinstance(seat.app.focused, GraphCanvas)
        await seat.press(*["left_square_bracket"] * 3)
        assert "no problems" in seat.text


async def test_summary_says_why_there_is_none(tmp_path: Path) -> None:
    async with seated(tmp_path, ready=False) as seat:
        await seat.press("right_square_bracket")
        assert "waits for the engine" in seat.text
        fake(seat.app).refusals[Summary] = ("the graph has no output", "press o")
        fake(seat.app).load()
        await settled(seat.pilot)
        await until(seat.pilot, lambda: "the graph has no output" in seat.text)


async def test_a_problem_of_another_stage_is_gone_to(tmp_path: Path) -> None:
    project = settings.set_loss(small_project(), "digit", None)
    async with seated(tmp_path, project) as seat:
        assert "digit has no loss" in seat.text
        seat.screen.problems.focus_page()
        await seat.pilot.press("enter")
        await until(seat.pilot, lambda: getattr(seat.app.screen, "NUMBER", 0) == 3)


async def test_an_empty_project_begins_with_an_input(tmp_path: Path) -> None:
    async with seated(tmp_path, Project("empty")) as seat:
        assert "no layers yet" in seat.text
        assert "nothing is selected" in seat.text
        await seat.press("a", "enter")
        assert list(seat.graph.inputs) == ["input"]
        assert seat.cursor == "input"
        await seat.add("flatten")
        await seat.add("dense")
        await seat.press("o")
        assert seat.graph.outputs == {"dense": "dense"}
        assert seat.graph.calls["flatten"].inputs == ("input",)


async def test_letters_of_the_palette_add_and_stay_there(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "shift+tab")
        assert isinstance(seat.app.focused, PaletteRows)
        await seat.press("d", "c")
        assert seat.graph.calls["dense_2"].inputs == ("dense_1",)
        added = seat.cursor or ""
        assert seat.graph.layers[added].class_name == "Conv2D"
        assert seat.graph.calls[added].inputs == ("dense_2",)
        assert isinstance(seat.app.focused, PaletteRows)
        await seat.press("escape")
        assert isinstance(seat.app.focused, GraphCanvas)


async def test_marked_cards_feed_a_layer_that_takes_a_list(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("home", "down", "space", "down", "space")
        await seat.add("concatenate")
        assert seat.graph.calls["concatenate"].inputs == ("flatten", "dense")
        assert seat.card("concatenate").shape_text == "(∅, 128)"


async def test_duplicate_share_output_and_lay_out(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "up", "D")
        assert seat.graph.layers["dense_2"].config == seat.graph.layers["dense"].config
        assert seat.graph.calls["dense_2"].inputs == ("flatten",)
        await seat.press("o")
        assert seat.graph.outputs["dense_2"] == "dense_2"
        await seat.press("S")
        assert isinstance(seat.app.screen, Choose)
        await seat.type("dense")
        await seat.press("enter")
        assert seat.graph.calls["dense_3"].layer == "dense_2"
        assert seat.card("dense_3").shared == "dense_2"
        assert seat.card("dense_3").right_text == "shared"
        await seat.press("m", "right", "right", "enter")
        assert "dense_3" in seat.app.studio.project.layout
        await seat.press("L")
        assert seat.app.studio.project.layout == {}


async def test_find_a_card_by_name(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("slash")
        await seat.type("nowhere")
        assert "nothing fits" in seat.text
        await seat.press(*["backspace"] * 7)
        await seat.type("dense")
        await seat.press("enter")
        assert seat.cursor == "dense"
        await seat.press("n")
        assert seat.cursor == "dense_1"
        await seat.press("N")
        assert seat.cursor == "dense"


async def test_zoom_is_told_in_the_border(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        assert "zoom card" in seat.text
        await seat.press("z")
        assert seat.screen.graph.level is Level.LINE
        assert "zoom line" in seat.text


async def test_at_80_columns_the_palette_lies_over_the_graph(tmp_path: Path) -> None:
    async with seated(tmp_path, size=(80, 24)) as seat:
        palette = seat.screen.query_one(Palette)
        assert not palette.display
        assert seat.screen.graph.level is Level.LINE
        assert seat.screen.graph.outer_size.width == 51
        assert seat.screen.inspector.outer_size.width == 29
        await seat.press("end", "a")
        assert palette.display
        assert palette.outer_size.width == 51
        await seat.type("drop")
        assert "Applies dropout to the input" in seat.text
        await seat.press("escape")
        assert not palette.display
        assert isinstance(seat.app.focused, GraphCanvas)
        assert "dropout" not in seat.graph.calls
        await seat.add("drop")
        assert not palette.display
        assert seat.graph.calls["dropout"].inputs == ("dense_1",)
        assert "more at their default" in seat.text


async def test_sizes_of_the_panes(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        widths = [pane.outer_size.width for pane in (seat.screen.palette, seat.screen.graph, seat.screen.inspector)]
        assert widths == [22, 67, 31]
        assert seat.screen.problems.outer_size.height == 5
        await seat.pilot.resize_terminal(200, 60)
        await settled(seat.pilot)
        widths = [pane.outer_size.width for pane in (seat.screen.palette, seat.screen.graph, seat.screen.inspector)]
        assert widths == [28, 128, 44]
        assert seat.screen.problems.outer_size.height == 10
        await seat.pilot.resize_terminal(300, 80)
        await settled(seat.pilot)
        widths = [pane.outer_size.width for pane in (seat.screen.palette, seat.screen.graph, seat.screen.inspector)]
        assert widths == [28, 228, 44]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("end",), "densely-connected"),
        (("shift+tab", "down", "down"), "densely-connected"),
        (("end", "enter"), "required"),
    ],
)
async def test_help_of_each_pane(tmp_path: Path, keys: tuple[str, ...], expected: str) -> None:
    async with seated(tmp_path) as seat:
        await seat.press(*keys)
        await seat.press("f1")
        assert isinstance(seat.app.screen, HelpScreen)
        assert expected in seat.text


async def test_double_click_opens_the_inspector(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        pane = seat.screen.graph
        box = pane.scene.box("dense")
        place = pane.to_screen((box.x + 2, box.y + 1))
        at = (place.x + 1, place.y + 1)
        await seat.pilot.click(GraphCanvas, offset=at, times=2)
        await settled(seat.pilot)
        assert seat.cursor == "dense"
        assert seat.screen.inspector.has_focus_within


async def test_what_was_found_can_be_clicked(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("end", "a")
        await seat.type("dropout")
        assert seat.text.index("AlphaDropout") < seat.text.index("SpatialDropout1D")
        await seat.pilot.click(PaletteRows, offset=(3, 1), times=2)
        await settled(seat.pilot)
        assert seat.graph.layers[seat.cursor or ""].class_name == "AlphaDropout"
        assert isinstance(seat.app.focused, GraphCanvas)
        assert "search" in seat.text
        assert "convolution" in seat.text


async def test_a_wire_is_drawn_by_the_mouse(tmp_path: Path) -> None:
    project, add = commands.add_layer(small_project(), "Add", {}, "dense")
    async with seated(tmp_path, project) as seat:
        pane = seat.screen.graph
        start, end = pane.scene.box("flatten"), pane.scene.box(add)
        port = pane.to_screen((start.port, start.bottom - 1))
        goal = pane.to_screen((end.x + 5, end.y + 1))
        await seat.pilot.mouse_down(GraphCanvas, offset=(port.x + 1, port.y + 1))
        await seat.pilot.hover(GraphCanvas, offset=(goal.x + 1, goal.y + 1))
        await seat.pilot.mouse_up(GraphCanvas, offset=(goal.x + 1, goal.y + 1))
        await settled(seat.pilot)
        assert seat.graph.calls[add].inputs == ("dense", "flatten")
        assert seat.cursor == add


async def test_a_wire_that_cannot_be_drawn_says_why_and_stays_in_hand(tmp_path: Path) -> None:
    project, _ = commands.add_layer(small_project(), "Add", {}, "dense")
    async with seated(tmp_path, project) as seat:
        pane, before = seat.screen.graph, seat.graph
        await seat.press("slash")
        await seat.type("flatten")
        await seat.press("enter", "c")
        reasons = {"pixels": "pixels is an input", "flatten": "cannot feed itself", "dense": "feeds dense already"}
        names = {card.name: card.id for card in pane.scene.cards.values()}
        for name, reason in reasons.items():
            target = names[name]
            box = pane.scene.box(target)
            place = pane.to_screen((box.x + 4, box.y + 1))
            await seat.pilot.click(GraphCanvas, offset=(place.x + 1, place.y + 1))
            await settled(seat.pilot)
            assert any(reason in notice for notice in seat.notices)
            assert reason in seat.text
            assert pane.mode == "wire"
        assert "esc leave" in seat.text.splitlines()[-1]
        await seat.press("escape")
        assert seat.notices == []
        assert seat.graph == before


async def test_a_wire_dropped_on_a_card_that_cannot_take_it_says_why(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        pane, before = seat.screen.graph, seat.graph
        start, end = pane.scene.box("dense"), pane.scene.box("flatten")
        port = pane.to_screen((start.port, start.bottom - 1))
        goal = pane.to_screen((end.x + 5, end.y + 1))
        await seat.pilot.mouse_down(GraphCanvas, offset=(port.x + 1, port.y + 1))
        await seat.pilot.hover(GraphCanvas, offset=(goal.x + 1, goal.y + 1))
        await seat.pilot.mouse_up(GraphCanvas, offset=(goal.x + 1, goal.y + 1))
        await settled(seat.pilot)
        assert any("would close a cycle" in notice for notice in seat.notices)
        assert seat.graph == before
        assert pane.mode == ""


async def test_the_repair_is_that_of_the_card_under_the_cursor(tmp_path: Path) -> None:
    project, add = commands.add_layer(commands.toggle_output(small_project(), "dense_1"), "Add", {}, "dense_1")
    async with seated(tmp_path, commands.connect(project, "dense", add), ready=False) as seat:
        await seat.press("end")
        assert seat.cursor == add
        fake(seat.app).load()
        await settled(seat.pilot)
        assert seat.card(add).repair == "set digit units 10 → 64", "as the engine found after the card was selected"
        await seat.press("f")
        assert seat.graph.layers["dense_1"].config["units"] == 64, "and not the first of the list, that makes an output"


async def test_the_next_step_stands_in_the_footer(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        footer = seat.screen.query_one(Footer)
        assert "F5 train" in seat.text.splitlines()[-1]
        await seat.press("question_mark")
        assert not footer.render_line(0).text.strip(), "under a pop-up no key of the screen acts"
        await seat.press("escape", "end", "e")
        assert footer.render_line(0).text.startswith(" x cut   R take its end   e next wire   a add   c connect")
        await seat.press("x")
        assert seat.graph.calls["dense_1"].inputs == ()
        await seat.press("u", "home")
        assert "F5 train" in footer.render_line(0).text
        await seat.press("c")
        assert "F5 train" not in seat.text.splitlines()[-1]
        await seat.press("escape", "f5")
        await until(seat.pilot, lambda: seat.app.studio.run is not None)


async def test_a_second_layer_starts_at_the_usual_one(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        await seat.press("a")
        rows, about = seat.screen.query_one(PaletteRows), seat.screen.query_one("#about", Static)
        assert rows.cursor_key == "Dense"
        for letter, name in LETTERS.items():
            await seat.press(letter)
            assert rows.cursor_key == name, "the letter beside a name finds it in the search too"
            assert about.display
            await seat.press("backspace")
        await seat.type("qqq")
        assert "nothing fits" in seat.text
        assert not about.display
        assert "enter add" not in seat.text.splitlines()[-1]
        await seat.press("escape")
        await seat.add("dropout")
        await seat.press("a")
        assert rows.cursor_key == "Dense", "and not at the folded group of the last one, which enter would unfold"
