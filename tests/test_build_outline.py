"""The panel below the graph: the project as Python, and the outline, in which every key of the graph works."""

from __future__ import annotations

from pathlib import Path

import h5py
from apps import settled, until
from build_seat import Seat, seated
from msgspec.structs import replace
from projects import small_project
from textual.events import Paste

from kerastui.engine.project import commands, copies, grouping
from kerastui.engine.project.document import Call, Graph, Layer, Project
from kerastui.engine.project.problems import Problem
from kerastui.engine.project.weights import saved_layers
from kerastui.engine.writing.python import python_code
from kerastui.screens.build.canvas import GraphCanvas
from kerastui.screens.build.graph_pane import MENU, ON_CANVAS, GraphPane
from kerastui.screens.build.outline import Outline, outline
from kerastui.screens.build.outline_rows import OutlineRows
from kerastui.screens.build.palette import SearchInput
from kerastui.screens.build.text_lines import CodeLines, coloured, cut
from kerastui.screens.widgets.choose import Choose
from kerastui.screens.widgets.ink import plain, spans
from kerastui.screens.widgets.modals import Prompt


def nested() -> Project:
    """Return `small_project` with its layers but the last in a model `encoder`."""
    return grouping.group(small_project(), ["flatten", "dense"], "encoder")[0]


async def in_outline(seat: Seat) -> OutlineRows:
    """Show the outline and give it the focus."""
    seat.screen.problems.show_tab(3)
    seat.screen.problems.focus_page()
    await settled(seat.pilot)
    rows = seat.screen.problems.outline
    assert seat.app.focused is rows
    return rows


def texts(rows: OutlineRows) -> list[str]:
    """Return the rows as text, blanks made one."""
    return [" ".join(rows.render_line(y).text.split()) for y in range(len(rows._rows))]


def test_python_in_colours_is_the_same_text() -> None:
    code = python_code(small_project()) + 'x = """one\n  two"""  # why\n'
    lines = coloured(code)
    assert "\n".join(map(plain, lines)) + "\n" == code
    told = {text: words for line in lines for text, words in spans(line) if words}
    assert (told["import"], told["64"], told["# why"], told['  two"""']) == ("primary", "val", "muted", "success")
    assert plain(cut([("abc", "muted"), ("def", "")], 4)) == "ef"
    assert [plain(line) for line in coloured("x = (\n")] == ["x = ("], "half of a program is no error"


async def test_the_code_is_copied_and_follows_the_graph(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        seat.screen.problems.show_tab(2)
        seat.screen.problems.focus_page()
        await until(seat.pilot, lambda: "import keras" in seat.text)
        await seat.press("y")
        assert seat.app.clipboard == python_code(seat.app.studio.project)
        assert any("copied" in notice for notice in seat.notices)
        seat.app.studio.edit("units", commands.set_argument(seat.app.studio.view, "dense", "units", 77))
        code = seat.screen.query_one(CodeLines)
        await until(seat.pilot, lambda: any("Dense(77" in plain(line) for line in code._texts))
        await seat.press("right")
        assert code._left == 0, "no line is longer than the pane"


async def test_the_code_says_where_the_file_of_weights_has_them(tmp_path: Path) -> None:
    """The tab and `copy as code` give what `kerastui code` prints."""
    project = replace(small_project(), weights="weights.h5")
    async with seated(tmp_path, project) as seat:
        folder = seat.app.studio.open_workspace.folder
        with h5py.File(folder / "weights.h5", "w") as file:
            file.attrs["layer_names"] = ["encoder/dense", "dense_1"]
        code = python_code(project, saved_layers(project, folder))
        assert '"dense": "encoder/dense"' in code
        seat.screen.problems.show_tab(2)
        seat.screen.problems.focus_page()
        await until(seat.pilot, lambda: "import keras" in seat.text)
        await seat.press("y")
        assert seat.app.clipboard == code
        seat.app.copy_to_clipboard("")
        seat.app.action_copy_code()
        assert seat.app.clipboard == code


async def test_the_outline_says_all_that_cards_say(tmp_path: Path) -> None:
    project = commands.set_argument(nested(), "dense_1", "trainable", False)
    project = replace(project, notes={"input": "scaled"})
    async with seated(tmp_path, project) as seat:
        rows = await in_outline(seat)
        key = next(key for key, call in seat.graph.calls.items() if call.layer != "dense_1")
        assert texts(rows) == [
            "▌1 ◇ pixels Input (∅, 8, 8) ▪",
            f"2 ▸ {key} Model · 2 ← pixels (∅, 64) 4,160 8.3 kFLOP",
            f"3 ◆ digit Dense 10 ← {key} (∅, 10) 650 1.3 kFLOP output ❆",
        ]
        rows.refresh_outline(stale=True)
        assert "(∅, 10) ↺" in texts(rows)[2]
        await seat.press("end", "f1")
        assert "densely-connected" in seat.text, "the layer is explained as it is in the graph"


async def test_models_unfold_and_the_graph_goes_along(tmp_path: Path) -> None:
    async with seated(tmp_path, nested()) as seat:
        rows = await in_outline(seat)
        await seat.press("home", "down", "right", "down", "down", "down")
        assert seat.app.studio.inside == ("encoder",)
        assert seat.cursor == "dense"
        assert texts(rows)[4].startswith("▌2.3 ◆ dense Dense 64")
        assert seat.screen.inspector.card == "dense"
        await seat.press("delete")
        assert "dense" not in seat.app.studio.project.models["encoder"].calls
        assert seat.app.focused is rows
        await seat.press("u")
        assert "dense" in seat.app.studio.project.models["encoder"].calls
        await seat.press("end")
        assert not seat.app.studio.inside
        assert seat.cursor == "dense_1"
        await seat.press("up", "left")
        assert len(rows._rows) == 3
        assert not seat.app.studio.inside


async def test_keys_of_the_graph_work_in_the_outline(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        rows = await in_outline(seat)
        await seat.press("home", "down", "down", "D")
        assert seat.graph.layers["dense_2"].config == seat.graph.layers["dense"].config
        assert rows.cursor_key == "dense_2"
        await seat.press("o")
        assert "dense_2" in seat.graph.outputs
        await seat.press("f2")
        assert isinstance(seat.app.screen, Prompt)
        await seat.type("twin")
        await seat.press("enter")
        assert seat.graph.layers["dense_2"].name == "twin"
        await seat.press("F")
        assert seat.graph.layers["dense_2"].config["trainable"] is False
        assert any(line.startswith("▌") and "twin" in line and "❆" in line for line in texts(rows))
        await seat.press("x")
        assert seat.graph.calls["dense_2"].inputs == ()
        await seat.press("delete")
        assert "dense_2" not in seat.graph.calls
        await seat.press("a")
        assert isinstance(seat.app.focused, SearchInput)
        await seat.press("escape")
        assert rows.has_focus


async def test_find_goes_through_all_models_and_a_double_click_opens(tmp_path: Path) -> None:
    async with seated(tmp_path, nested()) as seat:
        studio = seat.app.studio
        await seat.press("slash")
        await seat.type("den")
        assert "encoder / dense" in seat.text
        await seat.press("enter")
        assert (studio.inside, seat.cursor) == (("encoder",), "dense")
        await seat.press("n")
        assert (studio.inside, seat.cursor) == ((), "dense_1")
        await seat.press("N", "slash")
        assert "small / digit" in seat.text
        await seat.press("escape")
        rows = await in_outline(seat)
        await seat.press("slash")
        await seat.type("fl")
        await seat.press("enter")
        assert (studio.inside, seat.cursor) == (("encoder",), "flatten")
        assert rows.has_focus
        assert any(line.startswith("▌") and "flatten" in line for line in texts(rows))
        await seat.pilot.double_click(rows, offset=(12, 3))
        await settled(seat.pilot)
        assert (studio.inside, seat.screen.inspector.card) == (("encoder",), "flatten")
        assert seat.screen.inspector.has_focus_within, "a card is opened where it is"


async def test_the_outline_takes_pastes_and_has_the_menu_without_what_needs_a_canvas(tmp_path: Path) -> None:
    async with seated(tmp_path) as seat:
        rows = await in_outline(seat)
        assert rows.move_to("dense")
        rows.post_message(Paste(copies.copy_text(seat.app.studio.view, ["dense"]).replace("dense", "wide")))
        await settled(seat.pilot)
        assert seat.graph.calls["wide"].inputs == ("flatten",)
        assert rows.cursor_key == "wide"
        await seat.press("full_stop")
        menu = seat.app.screen
        assert isinstance(menu, Choose)
        assert "delete" in menu.found
        assert not {"move", "fit", "zoom(1)"} & set(menu.found)
        await seat.type("ma")
        await seat.press("enter")
        assert seat.screen.graph.marks == {"wide"}
        assert sum("marked" in line for line in texts(rows)) == 1
        await seat.press("escape")
        assert not seat.screen.graph.marks
        assert not any("marked" in line for line in texts(rows))
        assert rows.has_focus
        await seat.pilot.click(rows, offset=(12, 1), button=3)
        await settled(seat.pilot)
        assert isinstance(seat.app.screen, Choose)
        await seat.press("escape")
        assert seat.cursor == "flatten"
        seat.screen.graph.focus()
        await seat.press("full_stop")
        whole = seat.app.screen
        assert isinstance(whole, Choose)
        assert {"move", "fit", "zoom(1)"} <= set(whole.found)


async def test_a_wire_is_drawn_by_choosing_its_end_and_marked_rows_are_grouped(tmp_path: Path) -> None:
    project, add = commands.add_layer(small_project(), "Add", {}, "dense")
    async with seated(tmp_path, project) as seat:
        rows = await in_outline(seat)
        assert rows.move_to("flatten")
        await seat.press("c")
        assert isinstance(seat.app.screen, Choose)
        await seat.type("add")
        await seat.press("enter")
        assert seat.graph.calls[add].inputs == ("dense", "flatten")
        assert seat.screen.graph.mode == ""
        assert rows.move_to(add)
        await seat.press("R")
        await seat.type("flatten")
        await seat.press("enter")
        assert isinstance(seat.app.screen, Choose), "where the end of the wire goes"
        await seat.type("digit")
        await seat.press("enter")
        assert seat.graph.calls[add].inputs == ("dense",)
        assert seat.graph.calls["dense_1"].inputs == ("flatten",)
        await seat.press("u")
        assert rows.move_to("flatten")
        await seat.press("space", "down", "space")
        assert seat.screen.graph.marks == {"flatten", "dense"}
        assert sum("marked" in line for line in texts(rows)) == 2
        assert rows.move_to("dense")
        await seat.press("g", "enter")
        assert len(seat.app.studio.project.models) == 1
        assert "Model · 2" in seat.text


async def test_a_pane_has_the_whole_screen(tmp_path: Path) -> None:
    async with seated(tmp_path, size=(80, 24)) as seat:
        rows = await in_outline(seat)
        await seat.press("M")
        await until(seat.pilot, lambda: seat.screen.problems.outer_size.height == 22)
        assert not seat.screen.graph.region
        await seat.press("end", "enter")
        await until(seat.pilot, lambda: seat.screen.inspector.outer_size.width == 80)
        assert seat.screen.inspector.has_focus_within
        await seat.press("escape")
        await until(seat.pilot, lambda: seat.app.focused is rows)
        await seat.press("a")
        await until(seat.pilot, lambda: seat.screen.palette.region.width > 0)
        await seat.type("drop")
        await seat.press("enter")
        assert seat.graph.calls["dropout"].inputs == ("dense_1",)
        await until(seat.pilot, lambda: seat.app.focused is rows)
        assert rows.cursor_key == "dropout"
        await seat.press("M")
        await until(seat.pilot, lambda: seat.screen.graph.region.width == 51)
        await seat.press("escape")
        assert isinstance(seat.app.focused, GraphCanvas)


async def test_a_problem_in_a_model_is_named_with_it_and_gone_to(tmp_path: Path) -> None:
    project = commands.set_argument(nested(), "dense_1", "units", 10)
    inner = project.models["encoder"]
    layers = {**inner.layers, "dense": Layer("Dense", {"units": 0})}
    project = replace(project, models={"encoder": replace(inner, layers=layers)})
    async with seated(tmp_path, project, ready=False) as seat:
        problem = Problem("error", "build", "encoder/dense", "units takes a whole number above 0")
        seat.app.studio.problems = (problem,)
        seat.screen._show()
        await settled(seat.pilot)
        assert "encoder/dense" in seat.text
        await seat.press("f8")
        assert seat.app.studio.inside == ("encoder",)
        assert seat.cursor == "dense"


def test_an_outline_has_an_end_and_an_order_whatever_the_graph() -> None:
    loop = Graph(
        layers={"a": Layer("Dense"), "b": Layer("Dense")}, calls={"a": Call("a", ("b",)), "b": Call("b", ("a",))}
    )
    inner = Graph(layers={"m": Layer("Model", {"model": "m"})}, calls={"m": Call("m")})
    outer = replace(
        loop, layers={**loop.layers, "m": Layer("Model", {"model": "m"})}, calls={**loop.calls, "m": Call("m")}
    )
    project = Project("p", graph=outer, models={"m": inner})
    found: Outline = outline(_Studio(project), {"m", "m/m"}, ())  # type: ignore[arg-type]
    assert list(found.places) == ["a", "b", "m", "m/m"]
    assert found.places["m/m"].applies == "", "a model within itself does not unfold"
    assert found.key_of(("m",), "m") == "m/m"


class _Studio:
    """What an outline reads of a studio."""

    checked = None
    problems = ()
    inside = ()

    def __init__(self, project: Project) -> None:
        self.project = project


def test_all_keys_of_the_graph_but_those_of_the_canvas_are_handed_on() -> None:
    handed = {binding.id for binding in OutlineRows.BINDINGS if not isinstance(binding, tuple)}
    for name in MENU - ON_CANVAS:
        assert f"outline.{name}" in handed
        assert any(getattr(binding, "id", "") == f"graph.{name}" for binding in GraphPane.BINDINGS)
    assert "outline.move" not in handed
