"""The builder at 50, 200 and 1,000 calls: from an edit to its check, opening, layout, panning, zooming, memory.

Run it with `uv run python benchmarks/builder.py`. The app runs as it does for a person, on a pane of 120×40, with its
own engine process; the peer of the check is one `keras.Model(inputs, outputs)` of the same graph, layers included, in
a process of its own. Figures are medians, milliseconds; ratios are what counts. Targets: edit to checked at most 1× at
200 calls, panning at 1,000 calls at most 1.2× of that at 50, layout no faster than n log n.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from kerastui.engine.project import commands
from kerastui.engine.project.document import Call, Graph, Input, Layer, Project
from kerastui.engine.project.workspace import Workspace
from kerastui.screens.build.canvas_scene import Scene
from kerastui.screens.build.canvas_view import Level
from kerastui.screens.build.graph_pane import GraphPane
from kerastui.screens.build.graph_view import facts_of, graph_view
from kerastui.screens.build.screen import BuildScreen
from kerastui.shell import KerasTUI

SIZES = (50, 200, 1000)
PANE = (120, 40)
EDITS = 15
PANS = 60

PEER = """
import json, sys, time
from kerastui.engine.keras_private import keras
def whole(count):
    start = keras.Input((32,))
    skip = tensor = start
    for number in range(count):
        if number % 5 < 4:
            tensor = keras.layers.Dense(32)(tensor)
        else:
            skip = tensor = keras.layers.Add()([tensor, skip])
    return keras.Model(start, tensor)
for count in json.loads(sys.argv[1]):
    taken = []
    for _ in range(6):
        keras.utils.clear_session()
        began = time.perf_counter()
        whole(count)
        taken.append(time.perf_counter() - began)
    print(json.dumps([count, sorted(taken[1:])[2] * 1000]), flush=True)
"""


def project(count: int) -> Project:
    """Return a chain of `Dense`, with a skip over each four of them."""
    layers, calls = {}, {}
    skip = last = "input"
    for number in range(count):
        key = f"layer_{number}"
        if number % 5 < 4:
            layers[key], calls[key] = Layer("Dense", {"units": 32}), Call(key, (last,))
        else:
            layers[key], calls[key] = Layer("Add"), Call(key, (last, skip))
            skip = key
        last = key
    return Project(f"chain-{count}", graph=Graph({"input": Input((32,))}, layers, calls, {"out": last}))


def resident() -> float:
    """Return the memory of this process, MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def until(what: Callable[[], object], seconds: float = 120) -> None:
    """Let the app go on until something holds."""
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.001)


async def measure(count: int, folder: Path) -> dict[str, float]:
    """Drive the app on a graph of a size."""
    made = project(count)
    Workspace.create(folder, made)
    app = KerasTUI()
    found: dict[str, float] = {}
    async with app.run_test(size=PANE) as pilot:
        await until(lambda: app.studio.engine_state.kind == "ready")
        await app.studio.settle()
        began = perf_counter()
        app.open_project(folder)
        await until(lambda: isinstance(app.screen, BuildScreen) and app.screen.is_mounted)
        await until(lambda: app.screen.query_one(GraphPane).scene.cards)
        await pilot.pause()
        found["open"] = (perf_counter() - began) * 1000
        await app.studio.settle()
        found["edit to checked"] = await edits(app, made)
        graph = app.screen.query_one(GraphPane)
        view = graph_view(facts_of(app.studio))
        found["layout"] = median(timed(partial(Scene, view, Level.CARD)) for _ in range(3))
        graph.zoom(Level.CARD)
        found["pan"] = median(timed(partial(pan, graph, down)) for down in range(1, PANS))
        found["zoom"] = median(timed(partial(zoom, graph, level)) for level in (*Level, *Level))
        found["memory, MiB"] = resident()
        await app.studio.close()
    return found


async def edits(app: KerasTUI, made: Project) -> float:
    """Return how long it takes from an edit near the start of the graph until the check of it is shown."""
    taken = []
    for units in range(33, 33 + EDITS):
        began = perf_counter()
        after = commands.set_argument(app.studio.project, "layer_1", "units", units)
        app.studio.do("units", commands.set_argument(after, "layer_3", "units", 32))
        await until(lambda: not app.studio.stale)
        taken.append((perf_counter() - began) * 1000)
    if (
        app.studio.checked is None
        or len(app.studio.checked.calls) != len(made.graph.calls)
        or app.studio.problems_of("build")
    ):
        raise RuntimeError("the check is not whole")
    return median(taken)


def timed(action: Callable[[], object]) -> float:
    """Return how long an action takes, milliseconds."""
    began = perf_counter()
    action()
    return (perf_counter() - began) * 1000


def pan(graph: GraphPane, down: int) -> None:
    """Scroll by a row and paint every line of the pane."""
    graph.scroll_to(0, down, animate=False, immediate=True)
    paint(graph)


def zoom(graph: GraphPane, level: Level) -> None:
    """Show another level and paint every line of the pane."""
    graph.zoom(level)
    paint(graph)


def paint(graph: GraphPane) -> None:
    """Paint every line of the pane."""
    for row in range(graph.size.height):
        graph.render_line(row)


def keras_model() -> dict[int, float]:
    """Return how long Keras takes for each graph."""
    said = subprocess.run([sys.executable, "-c", PEER, json.dumps(SIZES)], check=True, capture_output=True, text=True)
    return dict(json.loads(line) for line in said.stdout.splitlines() if line.startswith("["))


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["KERASTUI_HOME"] = home
        ours = {count: asyncio.run(measure(count, Path(home) / f"chain-{count}")) for count in SIZES}
    peer = keras_model()
    print(f"| ms | {' | '.join(f'{count:,} calls' for count in SIZES)} | 1,000 to 50 |")
    print("| --- " * (len(SIZES) + 2) + "|")
    for row in next(iter(ours.values())):
        cells = [ours[count][row] for count in SIZES]
        print(f"| {row} | {' | '.join(f'{cell:,.1f}' for cell in cells)} | {cells[-1] / cells[0]:.1f}× |")
    print(f"| keras.Model | {' | '.join(f'{peer[count]:,.1f}' for count in SIZES)} | |")
    ratio = ours[200]["edit to checked"] / peer[200]
    print(f"\nedit to checked at 200 calls: {ratio:.2f}× of keras.Model (target: at most 1)")
    print(f"pan at 1,000 calls: {ours[1000]['pan'] / ours[50]['pan']:.2f}× of 50 (target: at most 1.2)")
    grown = ours[1000]["layout"] / ours[50]["layout"]
    print(f"layout at 1,000 calls: {grown:.1f}× of 50 (n log n: {20 * math.log(1000) / math.log(50):.1f}×)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
