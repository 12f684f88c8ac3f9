"""The Train screen: live curves, progress, epochs, notices, and the keys that steer the run."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from kerastui.engine.process.client import EngineLost, EngineRefused
from kerastui.engine.project.problems import Problem
from kerastui.engine.run_state import RunState
from kerastui.engine.studio import Studio, Topic
from kerastui.screens.stage import StageScreen
from kerastui.screens.train.chart import Chart
from kerastui.screens.train.charts import Charts
from kerastui.screens.train.curves import RunCurves
from kerastui.screens.train.epochs import EpochTable
from kerastui.screens.train.hardware import Hardware, in_short
from kerastui.screens.train.keeping import keep_model
from kerastui.screens.train.machine import Machine
from kerastui.screens.train.notices import Facts, empty_words, engine_words, notices_of
from kerastui.screens.train.notices_pane import EngineLine, Notices
from kerastui.screens.train.progress import ProgressBar, RunLine, State
from kerastui.screens.widgets.panel import PanelFrame

FIGURES_SECONDS = 0.25
"""Least time between two changes of the figures: faster ones cannot be read."""
MACHINE_SECONDS = 1.0

NARROW, LOW = 100, 34
"""Columns and rows below which there is one chart, with tabs."""

_AXES_OF_A_CHART = 8
"""Columns of a chart that the labels of its y axis take."""


class TrainScreen(StageScreen):
    """Train the network and watch it.

    Args:
        studio: What is open.
    """

    NUMBER = 4
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "#main"
    BINDING_GROUP_TITLE = "train"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "train", "train", id="train.train", tooltip="save the project and start a run"),
        Binding("space", "pause", "pause", id="train.pause", tooltip="hold the run after this batch"),
        Binding("space", "go_on", "go on", id="train.go_on", tooltip="let the paused run go on"),
        Binding("s", "stop", "stop, keep", id="train.stop", tooltip="end the run after this batch and keep the model"),
        Binding("w", "save_model", "save", id="train.save", tooltip="write the model as a .keras file"),
        Binding("m", "metric", "metric", id="train.metric", tooltip="show the next metric"),
        Binding("o", "smooth", "smooth", id="train.smooth", tooltip="smooth the training curve more, or not at all"),
        Binding("y", "log_y", "log y", id="train.log_y", tooltip="logarithmic or linear y axis"),
        Binding("x", "x_axis", "x axis", id="train.x_axis", tooltip="epochs, steps or time along the x axis"),
        Binding("c", "cursor", "cursor", id="train.cursor", show=False, tooltip="read values off all charts"),
        Binding("left", "move_cursor(-1)", "cursor left", id="train.left", show=False),
        Binding("right", "move_cursor(1)", "cursor right", id="train.right", show=False),
        Binding("shift+left", "move_cursor(-10)", "cursor far left", id="train.far_left", show=False),
        Binding("shift+right", "move_cursor(10)", "cursor far right", id="train.far_right", show=False),
        Binding("L", "app.log", "log", id="train.log", show=False, tooltip="log of the engine"),
        Binding("escape", "close_notice", "close the notice", id="train.close", show=False),
    ]
    help_title = "train"
    help_markdown = (
        "`F5` saves the project and starts a run on the data and settings as they are. It goes on while you work on "
        "other stages. Each run has a folder under `runs/` with its project file, `history.csv` and the model."
    )

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-normal"), (160, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (LOW, "-tall"), (50, "-high")]
        self._curves: RunCurves | None = None
        self._charts = Charts()
        self._machine = Machine()
        self._asked: State | None = None
        self._asked_of = ""
        self._saved = ""
        self._refused: tuple[str, str] | None = None
        self._told: tuple[object, ...] = ()
        self._figures_at = 0.0
        self._figures_timer: Timer | None = None

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the line of a lost engine, the run's figures, and the panes."""
        yield EngineLine()
        with Vertical(id="top"):
            yield RunLine()
            yield ProgressBar()
        with Horizontal(id="panes"):
            with Vertical(id="charts"):
                yield Chart(id="main")
                yield Chart(id="metric")
            with Vertical(id="side"):
                yield EpochTable()
                yield Notices()
                yield Hardware()

    def on_mount(self) -> None:
        """Look at the machine now and then."""
        self._look()
        self.set_interval(MACHINE_SECONDS, self._look)

    # What is shown --------------------------------------------------------------------------------------------------

    @property
    def _run(self) -> RunState | None:
        return self.studio.run

    @property
    def _live(self) -> bool:
        return self._run is not None and self._run.live and self.studio.engine_state.kind == "ready"

    @property
    def _single(self) -> bool:
        """Whether there is room for one chart only."""
        return self.size.width < NARROW or self.size.height < LOW

    def changed(self, topics: frozenset[Topic]) -> None:
        """Show the run again; the data alone changes nothing here."""
        if topics <= {"data"}:
            return
        self._follow()
        self._show_charts()
        self._show_figures()
        self._show_notices()

    def _follow(self) -> None:
        """Take in what the run has told; another run starts anew."""
        run = self._run
        if self._curves is None or self._curves.run is not run:
            self._curves = RunCurves(run) if run is not None else None
            self._asked, self._saved, self._refused = None, "", None
            self._charts.cursor, self._figures_at = None, 0.0
        elif run is not None:
            self._curves.follow()
        if run is not None and run.status != self._asked_of:
            self._asked, self._asked_of, self._figures_at = None, run.status, 0.0
        if self._curves is not None and self._charts.x not in self._curves.axes:
            self._charts.next_x(self._curves)

    def on_resize(self) -> None:
        """Fit charts and titles to the new size."""
        if self.is_mounted and self.is_current and self.studio.workspace is not None:
            self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        self._follow()
        self._show_charts()
        self._show_notices()
        self._look(again=True)

    def _show_charts(self) -> None:
        curves, main, metric = self._curves or RunCurves(RunState()), self.query_one("#main", Chart), self._metric_chart
        others = [name for name in curves.names if name != "loss"]
        metric.set_class(not others, "-empty")
        studio = self.studio
        empty = empty_words(studio.engine_state, studio.run, studio.blocking(), studio.project.graph)
        if self._single:
            names = ["loss", *others]
            main.show(self._charts.view(curves, self._charts.chosen(names), names, empty))
        else:
            main.show(self._charts.view(curves, "loss", (), empty))
            if others:
                metric.show(self._charts.view(curves, self._charts.chosen(others), others, empty))

    @property
    def _metric_chart(self) -> Chart:
        return self.query_one("#metric", Chart)

    def _show_figures(self) -> None:
        """Show the run's figures and its table, soon if they have just changed."""
        wait = self._figures_at - time.monotonic()
        if wait <= 0:
            self._show_figures_now()
        elif self._figures_timer is None:
            self._figures_timer = self.set_timer(wait, self._show_figures_now)

    def _show_figures_now(self) -> None:
        if self._figures_timer is not None:
            self._figures_timer.stop()
            self._figures_timer = None
        curves = self._curves
        self.query_one("#top").set_class(curves is None, "-empty")
        table = self.query_one(EpochTable)
        if curves is None:
            table.show(RunCurves(RunState()).table(()))
            return
        self._figures_at = time.monotonic() + FIGURES_SECONDS
        view = curves.figures(self._asked)
        self.query_one(RunLine).show(view)
        self.query_one(ProgressBar).show(view)
        metrics = [name for name in curves.run.names if name != "loss"]
        first = [name for name in metrics if name == self._charts.metric]
        table.show(curves.table(list(dict.fromkeys(["loss", *first, *metrics]))))

    def _show_notices(self) -> None:
        """Show the notices and the line of a lost engine, if anything they speak of has changed."""
        studio, run = self.studio, self._run
        engine, workspace = studio.engine_state, studio.open_workspace
        graph = workspace.project.graph
        facts = Facts(engine, workspace.folder, graph, self._curves, studio.blocking(), self._saved, self._refused)
        held = run.progress if run is not None and run.status == "paused" else None
        told = (facts, run and (run.status, len(run.history), run.saved, run.note), held)
        if told != self._told:
            self._told = told
            gone = engine.kind in ("lost", "broken")
            self.query_one(EngineLine).show(engine_words(engine, run) if gone else "")
            self.query_one(Notices).show(notices_of(facts))

    def _look(self, *, again: bool = False) -> None:
        """Look at the machine and show it, unless nobody sees it."""
        if not self.is_current:
            return
        hardware = self.query_one(Hardware)
        load = hardware.load if again else self._machine.look()
        hardware.set_class(load is None, "-blind")
        if load is not None and not again:
            hardware.show(load)
        self.query_one(EpochTable).retitle(bottom_left=in_short(load) if self._single else "")

    # The run --------------------------------------------------------------------------------------------------------

    def problem_at_hand(self) -> Problem | None:
        """Return what keeps a run from starting, if it has a repair."""
        problem = self.studio.blocking()
        return problem if problem is not None and problem.repair is not None else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        run, curves = self._run, self._curves
        match action:
            case "train":
                return not (run is not None and run.live) and self.studio.engine_state.kind in ("starting", "ready")
            case "pause":
                return self._live and run is not None and run.status == "running"
            case "go_on":
                return self._live and run is not None and run.status == "paused"
            case "stop":
                return self._live and run is not None and run.status != "starting"
            case "save_model":
                return run is not None and bool(run.history or run.points or run.saved)
            case "metric":
                return curves is not None and len(curves.names) > (1 if self._single else 2)
            case "smooth" | "log_y" | "x_axis" | "cursor":
                return curves is not None and bool(curves.names)
            case "move_cursor":
                return self._charts.cursor is not None
            case "close_notice":
                return self._refused is not None
        return super().check_action(action, parameters)

    async def action_train(self) -> None:
        """Start a run."""
        await self.run_action("app.train")

    def action_pause(self) -> None:
        """Hold the run after the batch at hand."""
        self._ask("pausing", self.studio.engine.pause)

    def action_go_on(self) -> None:
        """Let the paused run go on."""
        self._ask(None, self.studio.engine.resume)

    def action_stop(self) -> None:
        """End the run after the batch at hand and keep the model."""
        self._ask("stopping", self.studio.engine.stop)

    @work(exclusive=True, group="ask", exit_on_error=False)
    async def _ask(self, asked: State | None, request: Callable[[], Awaitable[None]]) -> None:
        """Ask the engine for something; the run line says so until it has happened."""
        self._asked, self._refused = asked, None
        self._show_figures_now()
        try:
            await request()
        except (EngineLost, EngineRefused) as error:
            self._asked = None
            self.refuse_action(error)

    @work(exclusive=True, group="save", exit_on_error=False)
    async def action_save_model(self) -> None:
        """Ask where to, and write the model as a `.keras` file."""
        self._refused = None
        try:
            saved = await keep_model(self)
        except (EngineLost, EngineRefused, OSError) as error:
            self.refuse_action(error)
            return
        if saved:
            self._saved = saved
            self.notify(saved, title="saved", timeout=3, markup=False)
        self._show_notices()

    def refuse_action(self, error: EngineLost | EngineRefused | OSError) -> None:
        """Say in the notices why something was not done; it stays until it is closed or something else is done."""
        match error:
            case EngineRefused():
                self._refused = error.what, error.hint
            case EngineLost():
                self._refused = str(error), "r starts a new engine"
            case _:
                place = Path(error.filename).name if error.filename else "the file"
                self._refused = f"{place}: {error.strerror or error}", "choose another place, or free some space"
        self._show_figures_now()
        self._show_notices()
        self.refresh_bindings()

    def action_close_notice(self) -> None:
        """Put away what was refused."""
        self._refused = None
        self._show_notices()
        self.refresh_bindings()

    # The charts -----------------------------------------------------------------------------------------------------

    @property
    def _at_hand(self) -> str:
        """Name of the loss or metric that keys for one chart mean: that of the focus, else of the first chart."""
        names = self._curves.names if self._curves is not None else []
        others = [name for name in names if name != "loss"]
        if self._single:
            return self._charts.chosen(["loss", *others])
        return self._charts.chosen(others) if others and self.focused is self._metric_chart else "loss"

    def action_metric(self) -> None:
        """Show the next metric."""
        if self._curves is not None:
            names = [name for name in self._curves.names if name != "loss" or self._single]
            at = names.index(self._charts.chosen(names))
            self._choose(names[(at + 1) % len(names)])

    def _choose(self, name: str) -> None:
        self._charts.metric = name
        self._show_charts()
        self._show_figures_now()

    @on(PanelFrame.TabClicked)
    def _tab_clicked(self, event: PanelFrame.TabClicked) -> None:
        event.stop()
        if self._curves is not None:
            self._choose([name for name in self._curves.names if name != "loss" or self._single][event.index])

    def action_smooth(self) -> None:
        """Smooth the chart at hand more, or not at all."""
        self._charts.smooth_more(self._at_hand)
        self._show_charts()

    def action_log_y(self) -> None:
        """Change the y axis of the chart at hand between linear and logarithmic."""
        self._charts.toggle_log(self._at_hand)
        self._show_charts()

    def action_x_axis(self) -> None:
        """Show epochs, steps or time along the x axis of all charts."""
        if self._curves is not None:
            self._charts.next_x(self._curves)
            self._show_charts()

    def action_cursor(self) -> None:
        """Show or hide the cursor on all charts."""
        if self._curves is not None:
            self._charts.toggle_cursor(self._curves)
            self._show_charts()
            self.refresh_bindings()

    def action_move_cursor(self, steps: int) -> None:
        """Move the cursor on all charts."""
        if self._curves is not None:
            columns = self.query_one("#main", Chart).size.width - _AXES_OF_A_CHART
            self._charts.move_cursor(self._curves, steps, columns)
            self._show_charts()
