"""Wires in Build by keys: states one by one, a tensor twice, and the order of what is taken and given."""

from __future__ import annotations

from pathlib import Path

from apps import settled
from build_seat import Seat, seated
from msgspec.structs import replace

from kerastui.engine.project.document import Call, Graph, Input, Layer, Project
from kerastui.screens.build.canvas_modes import Connecting
from kerastui.screens.build.side_fields import ORDER
from kerastui.screens.widgets.modals import Choose
from kerastui.screens.widgets.rows import Rows


def project_of(layer: Layer, *inputs: str) -> Project:
    """Return a project with three inputs and one call, `it`."""
    graph = Graph({name: Input((4, 4)) for name in "xyz"}, {"it": layer}, {"it": Call("it", inputs)}, {"out": "it"})
    return Project("wiring", graph=graph)


async def connect(seat: Seat, source: str) -> list[str]:
    """Draw a wire from a card to `it`, and return what there is to choose then."""
    seat.screen.graph.select(source)
    await seat.press("c")
    mode = seat.screen.graph._mode
    assert isinstance(mode, Connecting)
    await seat.press(next(letter for letter, card in mode.labels.items() if card == "it"))
    return choices(seat)


def choices(seat: Seat) -> list[str]:
    """Return what the window in front offers."""
    if not isinstance(seat.app.screen, Choose):
        return []
    return [str(row.cells[0]) for row in seat.app.screen.query_one(Rows)._lines if row is not None]


async def test_states_are_connected_one_by_one(tmp_path: Path) -> None:
    async with seated(tmp_path, project_of(Layer("LSTM", {"units": 4}), "x"), ready=False) as seat:
        assert await connect(seat, "y") == ["input", "initial_state h", "mask"]
        await seat.press("down", "enter")
        assert await connect(seat, "z") == ["input", "initial_state h", "initial_state c", "mask"]
        await seat.press("down", "down", "enter")
        assert seat.graph.calls["it"] == Call("it", ("x",), {"initial_state": ("y", "z")})
        names = {edge.name for edge in seat.screen.graph.scene.edges_at["it"]}
        assert names == {"", "initial_state h", "initial_state c"}


async def test_a_state_that_is_cut_takes_what_stands_behind_it_along(tmp_path: Path) -> None:
    async with seated(tmp_path, project_of(Layer("LSTM", {"units": 4}), "x"), ready=False) as seat:
        both = Call("it", ("x",), {"initial_state": ("y", "z")})
        graph = replace(seat.graph, calls={"it": both})
        seat.app.studio.do("states", replace(seat.app.studio.project, graph=graph))
        seat.screen.graph.select("it")
        await seat.press("x")
        assert choices(seat) == ["x", "y → initial_state h", "z → initial_state c"]
        await seat.press("down", "enter")
        assert seat.graph.calls["it"] == Call("it", ("x",))
        assert "z cut too: initial_state is taken in order" in seat.text
        await seat.press("u")
        assert seat.graph.calls["it"] == both
        seat.screen.inspector.edit(ORDER)
        await settled(seat.pilot)
        assert seat.graph.calls["it"].named == {"initial_state": ("z", "y")}


async def test_a_layer_that_takes_a_list_takes_a_tensor_twice(tmp_path: Path) -> None:
    async with seated(tmp_path, project_of(Layer("Multiply"), "x"), ready=False) as seat:
        assert await connect(seat, "x") == []
        assert seat.graph.calls["it"].inputs == ("x", "x")


async def test_inputs_and_outputs_are_put_in_another_order(tmp_path: Path) -> None:
    async with seated(tmp_path, project_of(Layer("Subtract"), "x", "y"), ready=False) as seat:
        seat.screen.graph.select("it")
        await seat.press("s")
        assert seat.graph.calls["it"].inputs == ("y", "x")
        await seat.press("o")
        seat.screen.graph.select("x")
        await seat.press("s")
        assert list(seat.graph.inputs) == ["y", "x", "z"]
        await seat.press("o")
        seat.screen.graph.select("y")
        await seat.press("o", "s")
        assert choices(seat) == ["inputs y and x", "outputs x and y"]
        await seat.press("down", "enter")
        assert list(seat.graph.outputs) == ["y", "x"]
