"""Editing in Build by keys and by mouse: models inside, copies as text, classes, notes, several outputs."""

from __future__ import annotations

from pathlib import Path

from apps import fake, settled
from build_seat import Seat, seated
from textual.events import Paste
from textual.geometry import Offset

from kerastui.engine.project import copies, grouping
from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer, Project
from kerastui.screens.build.canvas_modes import Connecting
from kerastui.screens.build.canvas_view import Level
from kerastui.screens.build.graph_pane import GraphPane
from kerastui.screens.build.palette import PaletteRows
from kerastui.screens.widgets.modals import Choose
from kerastui.screens.widgets.rows import Rows

GRAPH = Graph(
    inputs={"x": Input((8,))},
    layers={
        "dense": Layer("Dense", {"units": 8}),
        "drop": Layer("Dropout", {"rate": 0.5}),
        "add": Layer("Add"),
        "end": Layer("Dense", {"units": 3, "activation": "softmax"}),
    },
    calls={
        "dense": Call("dense", ("x",)),
        "drop": Call("drop", ("dense",)),
        "add": Call("add", ("drop", "x")),
        "end": Call("end", ("add",)),
    },
    outputs={"end": "end"},
)


def nested() -> Project:
    """Return a project with a model of two outputs inside."""
    graph = Graph(inputs=GRAPH.inputs, layers=GRAPH.layers, calls=GRAPH.calls, outputs={"end": "end", "code": "dense"})
    return grouping.group(Project("two-view", graph=graph), ["dense", "drop"], "encoder")[0]


async def on_card(seat: Seat, key: str, dx: int = 4, dy: int = 1, button: int = 1) -> None:
    await seat.pilot.click(GraphPane, offset=card_place(seat, key, dx, dy), button=button)
    await settled(seat.pilot)


def card_place(seat: Seat, key: str, dx: int = 4, dy: int = 1) -> Offset:
    box = seat.screen.graph.scene.box(key)
    return seat.screen.graph.to_screen((box.x + dx, box.y + dy)) + Offset(1, 1)


async def test_a_model_is_opened_edited_and_left(tmp_path: Path) -> None:
    async with seated(tmp_path, nested()) as seat:
        await seat.press("down")
        card = seat.card("encoder")
        assert (card.nested, card.class_text, card.ports) == (True, "Model · 2", ("dense", "drop"))
        await seat.press("enter")
        assert "two-view › encoder" in seat.text
        assert seat.app.studio.model == "encoder"
        await seat.press("down", "down")
        await seat.add("flat")
        assert "flatten" in seat.app.studio.project.models["encoder"].calls
        assert seat.card("flatten").shape_text == "(∅, 8)"
        await seat.press("escape")
        assert seat.app.studio.model == ""
        assert seat.cursor == "encoder"
        await on_card(seat, "encoder")
        await seat.pilot.click(GraphPane, offset=card_place(seat, "encoder"), times=2)
        await settled(seat.pilot)
        assert seat.app.studio.model == "encoder"
        await seat.pilot.click(GraphPane, offset=Offset(5, 0))
        await settled(seat.pilot)
        assert seat.app.studio.model == ""
        await seat.press("u")
        assert "flatten" not in seat.app.studio.project.models["encoder"].calls


async def test_a_model_is_unfolded_in_place(tmp_path: Path) -> None:
    async with seated(tmp_path, nested(), size=(120, 29)) as seat:
        await seat.press("down")
        folded = seat.screen.graph.scene.box("encoder")
        await seat.press("plus")
        frame = seat.screen.graph.scene.box("encoder")
        assert seat.screen.graph.to_screen((frame.x, frame.bottom)).y <= seat.screen.graph.size.height, (
            "it is in the pane"
        )
        assert (frame.width, frame.height > 3 * folded.height) == (folded.width + 4, True)
        assert all(f" {name} " in seat.text for name in ("▾ encoder", "dense", "drop", "end"))
        assert seat.cursor == "encoder", "what is inside is looked at; the card is what is selected"
        assert "unfold" not in (words := await menu_words(seat))
        assert "fold" in words
        drop = seat.screen.graph.scene.inside["encoder"].box("drop")
        await seat.pilot.click(GraphPane, offset=card_place(seat, "encoder", drop.x + 4, drop.y + 3), times=2)
        await settled(seat.pilot)
        assert (seat.app.studio.model, seat.cursor) == ("encoder", "drop")
        await seat.add("flat")
        await seat.press("escape")
        assert (seat.cursor, seat.app.studio.model) == ("encoder", "")
        assert " flatten " in seat.text, "the frame shows what the model is now"
        await seat.press("minus")
        assert seat.screen.graph.scene.box("encoder").height == folded.height
        await seat.press("plus", "delete", "end", "g")
        await seat.press("ctrl+u")
        await seat.type("encoder")
        await seat.press("enter")
        assert seat.card("encoder").nested
        assert not seat.screen.graph.scene.inside, "another model of that name is not unfolded at once"


async def test_a_click_on_its_mark_unfolds_a_model_at_card_and_line_level(tmp_path: Path) -> None:
    async with seated(tmp_path, nested()) as seat:
        for level_key, dx in (("0", 3), ("z", 1)):
            await seat.press(level_key)
            await on_card(seat, "encoder", dx, 0)
            assert "▾ encoder" in seat.text
            await on_card(seat, "encoder", 3, 0)
            assert "▾ encoder" not in seat.text
            assert seat.app.studio.model == "", "two clicks on the mark are no double click on the card"
        await seat.press("z", "plus")
        assert "encoder" not in seat.screen.graph.scene.inside, "a dot shows nothing inside"


async def menu_words(seat: Seat) -> list[str]:
    await seat.press("full_stop")
    menu = seat.app.screen
    assert isinstance(menu, Choose)
    found = [choice.label for choice in menu._choices]
    await seat.press("escape")
    return found


async def test_a_model_with_a_missing_graph_says_so(tmp_path: Path) -> None:
    graph = Graph(GRAPH.inputs, {"m": Layer(MODEL, {"model": "gone"})}, {"m": Call("m", ("x",))}, {"m": "m"})
    async with seated(tmp_path, Project("x", graph=graph), ready=False) as seat:
        await seat.press("down", "G")
        assert seat.notices == ["the model gone is not in the project"]


async def test_group_and_ungroup_by_keys(tmp_path: Path) -> None:
    async with seated(tmp_path, Project("x", graph=GRAPH)) as seat:
        await seat.press("g")
        assert seat.notices == []  # an input makes no group, and the key is not offered
        await seat.press("down", "space", "down", "space", "g")
        await seat.press(*["backspace"] * 5)
        await seat.type("encoder")
        await seat.press("enter")
        assert seat.cursor == "encoder"
        assert seat.app.studio.project.models["encoder"].inputs == {"x": Input((8,))}
        await seat.press("G")
        assert seat.graph == GRAPH
        assert seat.app.studio.project.models == {}
        assert seat.screen.graph.marks == {"dense", "drop"}


async def test_cards_are_copied_as_text_and_pasted(tmp_path: Path) -> None:
    async with seated(tmp_path, Project("x", graph=GRAPH)) as seat:
        await seat.press("p")
        assert seat.notices == ["nothing was copied yet; y copies the selected cards"]
        await seat.press("down", "space", "down", "space", "y")
        text = seat.app.clipboard
        assert text == copies.copy_text(Project("x", graph=GRAPH), ["dense", "drop"])
        await seat.press("escape", "p")
        assert seat.graph.calls["drop_1"].inputs == ("dense_1",)
        assert seat.screen.graph.marks == {"dense_1", "drop_1"}
        seat.screen.graph.post_message(Paste(text.replace("dense", "wide")))
        await settled(seat.pilot)
        assert seat.graph.calls["wide"].inputs == ("x",)
        seat.screen.graph.post_message(Paste("units = 64"))
        await settled(seat.pilot)
        assert seat.notices[0].startswith("the text is no graph")


async def test_a_class_is_swapped_from_the_palette(tmp_path: Path) -> None:
    async with seated(tmp_path, Project("x", graph=GRAPH)) as seat:
        await seat.press("end", "w")
        assert "in place of end" in seat.text
        await seat.type("conv1d")
        await seat.press("enter")
        assert seat.graph.layers["end"].class_name == "Conv1D"
        assert seat.graph.layers["end"].config["activation"] == "softmax"
        assert "units" not in seat.graph.layers["end"].config
        assert seat.graph.calls == GRAPH.calls
        assert seat.app.focused is seat.screen.graph


async def test_notes_freezing_and_the_name_of_an_output(tmp_path: Path) -> None:
    async with seated(tmp_path, nested()) as seat:
        await seat.press("down", "t")
        await seat.type("two towers")
        await seat.press("enter", "F")
        assert seat.app.studio.project.notes == {"encoder": "two towers"}
        assert (seat.card("encoder").note, seat.card("encoder").frozen) == (True, True)
        await seat.press("enter", "down", "O")
        await seat.press(*["backspace"] * 5)
        await seat.type("code")
        await seat.press("enter", "escape")
        assert seat.card("encoder").ports == ("code", "drop")
        assert seat.graph.outputs == {"end": "end", "code": "encoder"}


async def test_wires_leave_the_output_and_enter_the_argument_that_is_chosen(tmp_path: Path) -> None:
    project = nested()
    graph = project.graph
    attention = Layer("MultiHeadAttention", {"num_heads": 1, "key_dim": 2})
    calls = {**graph.calls, "attention": Call("attention", ("x",))}
    layers = {**graph.layers, "attention": attention}
    project = Project("x", graph=Graph(graph.inputs, layers, calls, graph.outputs), models=project.models)
    async with seated(tmp_path, project, ready=False) as seat:
        await seat.press("down", "c")
        await seat.type("drop")
        await seat.press("enter")
        mode = seat.screen.graph._mode
        assert isinstance(mode, Connecting)
        assert mode.port == "drop"
        letters = {card: letter for letter, card in mode.labels.items()}
        await seat.press(letters["attention"])
        choices = [row.key for row in seat.app.screen.query_one(Rows)._lines if row is not None]
        assert choices[:3] == ["query", "value", "key"]
        await seat.type("key")
        await seat.press("enter")
        assert seat.graph.calls["attention"].inputs == ("x",)
        assert seat.graph.calls["attention"].named == {"key": "encoder:drop"}
        names = {edge.name for edge in seat.screen.graph.scene.edges_at["attention"]}
        assert names == {"query", "key"}


async def test_a_wire_is_selected_cut_and_taken_elsewhere(tmp_path: Path) -> None:
    async with seated(tmp_path, Project("x", graph=GRAPH)) as seat:
        pane = seat.screen.graph
        lane = pane.scene.layout.wires.paths["x", "add", 1][2]
        await seat.pilot.click(GraphPane, offset=pane.to_screen((lane[0], lane[1] + 2)) + Offset(1, 1))
        await settled(seat.pilot)
        assert pane.wire == ("x", "add", 1)
        await seat.press("delete")
        assert seat.graph.calls["add"].inputs == ("drop",)
        await seat.press("u", "end", "R")
        assert seat.notices[0] == "the wire from add can end at no other card"
        await seat.press("home", "down", "down", "R")
        mode = pane._mode
        assert isinstance(mode, Connecting)
        assert mode.wire == ("dense", "drop", 0)
        letters = {card: letter for letter, card in mode.labels.items()}
        assert set(letters) == {"add", "end"}
        await seat.press(letters["add"])
        assert [call.inputs for call in seat.graph.calls.values()][1:3] == [(), ("drop", "x", "dense")]


async def test_the_menu_lists_what_can_be_done_with_its_key(tmp_path: Path) -> None:
    async with seated(tmp_path, nested()) as seat:
        await on_card(seat, "encoder", button=3)
        assert isinstance(seat.app.screen, Choose)
        rows = {row.key: row.cells for row in seat.app.screen.query_one(Rows)._lines if row is not None}
        assert rows["ungroup"] == ("ungroup", "G")
        assert rows["copy"] == ("copy", "y")
        assert "align" not in rows
        await seat.type("ungr")
        await seat.press("enter")
        assert seat.graph.calls["drop"].inputs == ("dense",)
        await seat.press("full_stop")
        assert isinstance(seat.app.screen, Choose)


async def drag_layer(seat: Seat, name: str, end: Offset) -> tuple[int, int] | None:
    """Drag a layer from the palette to a place of the screen; return the position at which the canvas showed it."""
    rows, pane = seat.screen.query_one(PaletteRows), seat.screen.graph
    line = next(at for at, row in enumerate(rows._lines) if row is not None and row.key == name)
    await seat.pilot.mouse_down(offset=rows.content_region.offset + Offset(4, line))
    await seat.pilot.hover(offset=end)
    shown = pane.scene.stored(*pane._ghost_at) if pane._ghost_at else None
    await seat.pilot.mouse_up(offset=end)
    await settled(seat.pilot)
    return shown


async def test_a_layer_is_dragged_from_the_palette(tmp_path: Path) -> None:
    async with seated(tmp_path, Project("x", graph=GRAPH)) as seat:
        pane = seat.screen.graph
        ground = pane.content_region.offset
        x, y = pane.scene.layout.wires.paths["dense", "drop", 0][0]
        box = pane.scene.box("end")

        await drag_layer(seat, "Dense", ground + pane.to_screen((x, y)))
        assert seat.graph.calls["drop"].inputs == ("dense_1",)
        assert seat.graph.calls["dense_1"].inputs == ("dense",)
        await seat.press("u")
        await drag_layer(seat, "Dense", ground + pane.to_screen((box.x + 4, box.y + 1)))
        assert seat.graph.calls["dense_1"].inputs == ("end",)
        assert seat.graph.outputs == {"end": "dense_1"}
        await seat.press("u")
        await drag_layer(seat, "Dense", ground + Offset(4, 20))
        assert not seat.graph.calls["dense_1"].inputs
        assert "dense_1" in seat.app.studio.project.layout
        assert fake(seat.app).alive


async def test_a_dragged_layer_is_a_new_one_also_while_a_class_is_to_be_swapped(tmp_path: Path) -> None:
    async with seated(tmp_path, Project("x", graph=GRAPH)) as seat:
        pane = seat.screen.graph
        await seat.press("z", "end", "w")
        assert "in place of end" in seat.text
        shown = await drag_layer(seat, "Dense", pane.content_region.offset + Offset(20, 20))
        assert seat.graph.layers["end"] == GRAPH.layers["end"]
        assert seat.graph.calls["dense_1"] == Call("dense_1", ())
        assert seat.app.studio.project.layout["dense_1"] == shown


async def test_a_wire_dropped_where_it_was_leaves_the_order_of_the_inputs(tmp_path: Path) -> None:
    layers = {**GRAPH.layers, "minus": Layer("ops.subtract")}
    calls = {**GRAPH.calls, "minus": Call("minus", ("drop", "dense"))}
    async with seated(tmp_path, Project("x", graph=Graph(GRAPH.inputs, layers, calls, GRAPH.outputs))) as seat:
        pane = seat.screen.graph
        arrow = pane.to_screen(pane.scene.layout.wires.paths["drop", "minus", 0][-1]) + Offset(1, 1)
        await seat.pilot.mouse_down(GraphPane, offset=arrow)
        await seat.pilot.hover(GraphPane, offset=card_place(seat, "minus"))
        await seat.pilot.mouse_up(GraphPane, offset=card_place(seat, "minus"))
        await settled(seat.pilot)
        assert not isinstance(seat.app.screen, Choose)
        assert seat.graph.calls == calls
        assert not seat.notices


async def test_the_border_tells_what_goes_along_the_selected_wire(tmp_path: Path) -> None:
    attention = Layer("MultiHeadAttention", {"num_heads": 1, "key_dim": 2})
    layers, calls = {**GRAPH.layers, "look": attention}, {**GRAPH.calls, "look": Call("look", ("dense", "drop"))}
    async with seated(tmp_path, Project("x", graph=Graph(GRAPH.inputs, layers, calls, GRAPH.outputs))) as seat:
        totals = "5 layers"
        assert totals in seat.text
        await on_card(seat, "add")
        await seat.press("e")
        assert "drop → add · (∅, 8) float32" in seat.text
        await seat.press("e")
        assert "x → add · (∅, 8) float32" in seat.text
        assert totals not in seat.text
        await on_card(seat, "look")
        assert totals in seat.text
        await seat.press("e")
        assert "dense → look query · (∅, 8) float32" in seat.text
        await seat.press("x")
        assert seat.graph.calls["look"] == Call("look", (), {"value": "drop"})
        assert totals in seat.text


async def test_a_wire_from_a_line_asks_for_its_output(tmp_path: Path) -> None:
    async with seated(tmp_path, nested(), size=(80, 24)) as seat:
        pane = seat.screen.graph
        assert pane.level is Level.LINE
        await seat.pilot.mouse_down(GraphPane, offset=card_place(seat, "encoder", 21, 0))
        await seat.pilot.hover(GraphPane, offset=card_place(seat, "end", 4, 0))
        await seat.pilot.mouse_up(GraphPane, offset=card_place(seat, "end", 4, 0))
        await settled(seat.pilot)
        assert isinstance(seat.app.screen, Choose)
        await seat.type("drop")
        await seat.press("enter")
        assert seat.graph.calls["end"].inputs == ("encoder:drop",)


async def test_cards_are_aligned_and_zoomed_in_a_model(tmp_path: Path) -> None:
    async with seated(tmp_path, nested()) as seat:
        await seat.press("down", "enter", "down", "space", "down", "space", "A")
        await seat.press("enter")
        layout = seat.app.studio.project.layout
        assert layout["encoder/dense"][0] == layout["encoder/drop"][0]
        await seat.press("escape", "slash")
        await seat.type("drop")
        await seat.press("enter")
        assert seat.cursor == "drop"
        await seat.press("z", "0", "L", "escape")
        assert seat.app.studio.project.layout == {}
        assert seat.app.studio.model == ""
