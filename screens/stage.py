"""What all screens share: header, footer, the studio, and the keys that work everywhere in a project."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from kerastui.engine.project.document import Project
from kerastui.engine.project.edits import EditError
from kerastui.engine.project.problems import Problem
from kerastui.engine.studio import Studio, Topic
from kerastui.screens.widgets.footer import Footer
from kerastui.screens.widgets.header import Chip, Header, HeaderView, Mark, Stage
from kerastui.screens.widgets.refusal import Refusal, Refused

STAGES = ("Data", "Build", "Configure", "Train")
"""The stages of a project, in order; the number keys open them."""

EVERYTHING: frozenset[Topic] = frozenset({"document", "problems", "data", "engine", "run"})


class StudioScreen(Screen[None]):
    """Show the studio between a header and a footer, and follow its changes while visible.

    Args:
        studio: What is open.
    """

    DEFAULT_CSS = """
    StudioScreen { layers: default refusal; }
    """

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self._topics: set[Topic] = set()

    def compose(self) -> ComposeResult:
        """Stack header, body and footer."""
        yield Header()
        with Container(id="body"):
            yield from self.compose_body()
        yield Refusal()
        yield Footer()

    def compose_body(self) -> Iterable[Widget]:
        """Yield what stands between header and footer."""
        raise NotImplementedError

    def changed(self, topics: frozenset[Topic]) -> None:
        """Bring the widgets up to date; called after changes, and with every topic when the screen appears.

        Args:
            topics: What has changed since the last call.
        """
        raise NotImplementedError

    def header_view(self) -> HeaderView:
        """Return what the header shows."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Follow the studio."""
        self.call_later(self._listen)

    def on_screen_resume(self) -> None:
        """Show what changed while another screen was in front."""
        self._hear(*EVERYTHING)

    def do(self, label: str, after: Project) -> bool:
        """Make an edit; tell whether anything changed."""
        return self.studio.do(label, after) is not None

    def refuse(self, error: EditError | str) -> None:
        """Say why something cannot be done, until the next key or click."""
        self.query_one(Refusal).say(str(error))

    @on(Refused)
    def _show_refusal(self, event: Refused) -> None:
        event.stop()
        self.refuse(event.text)

    def on_key(self) -> None:
        """Take away why the last action was refused: what this key does comes after it."""
        self.query_one(Refusal).hush()

    def on_mouse_down(self) -> None:
        """Take away why the last action was refused."""
        self.query_one(Refusal).hush()

    def _listen(self) -> None:
        self.studio.listen(lambda topic: self._hear(topic))
        self.set_interval(1.0, self._second)
        self._hear(*EVERYTHING)

    def _hear(self, *topics: Topic) -> None:
        """Collect topics; one pass over the widgets answers all that arrive together."""
        if not self.is_current:
            return  # when the screen appears again it hears of everything
        waiting = bool(self._topics)
        self._topics.update(topics)
        if not waiting:
            self.call_next(self._deliver)

    def _deliver(self) -> None:
        if not self.is_current or not self.is_mounted:
            self._topics.clear()
            return
        topics, self._topics = frozenset(self._topics), set()
        with self.app.batch_update():
            if topics - {"data"}:
                self.query_one(Header).show(self.header_view())
            self.changed(topics)
        self.refresh_bindings()

    def _second(self) -> None:
        """Keep the seconds of a starting engine going."""
        if self.is_current and self.studio.engine_state.kind == "starting":
            self.query_one(Header).show(self.header_view())

    def chip(self) -> Chip:
        """Return the engine chip."""
        state = self.studio.engine_state
        run = self.studio.run
        if state.kind == "starting":
            seconds = int(time.monotonic() - state.since)
            return Chip("starting", f"starting TensorFlow… {seconds} s", short="starting")
        if state.kind != "ready" or state.versions is None:
            return Chip("lost", "engine lost" if state.kind == "lost" else "no engine", short="lost")
        major = ".".join(state.versions.tensorflow.split(".")[:2])
        gpus = sum(device.kind == "GPU" for device in state.versions.devices)
        aside = f"· TF {major} · {f'{gpus}×GPU' if gpus else f'{state.versions.cores}×CPU'}"
        if run is not None and run.live and run.status != "paused":
            return Chip("busy", f"busy {run.done:.0%}".replace("%", " %"), aside)
        return Chip("ready", "ready", aside)


class StageScreen(StudioScreen):
    """Show one stage of a project.

    Attributes:
        NUMBER: Number of the stage, from 1.
    """

    NUMBER: ClassVar[int]

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "repair", "repair", id="stage.repair", tooltip="apply the repair of the problem at hand"),
        Binding("f8", "next_problem", "next problem", id="stage.next_problem", show=False),
    ]

    _visited: Problem | None = None

    class StageChosen(Message):
        """Ask the app to show another stage.

        Args:
            number: Its number.
            subject: Id or name to put the cursor on there, `""` for none.
        """

        def __init__(self, number: int, subject: str = "") -> None:
            super().__init__()
            self.number, self.subject = number, subject

    def header_view(self) -> HeaderView:
        """Return name, stages and engine."""
        workspace = self.studio.workspace
        if workspace is None:
            return HeaderView("kerastui", chip=self.chip())
        stages = tuple(Stage(number, name, self._mark(number)) for number, name in enumerate(STAGES, 1))
        return HeaderView(workspace.project.name, workspace.unsaved, stages, self.NUMBER, self.chip())

    def show_subject(self, subject: str) -> None:
        """Put the cursor on what a problem is about; a screen with a cursor of that kind overrides this."""

    def problem_at_hand(self) -> Problem | None:
        """Return the problem that `f` repairs: the first of this stage with a repair, unless a screen knows better."""
        found = self.studio.problems_of(STAGES[self.NUMBER - 1].lower())
        return next((problem for problem in found if problem.repair is not None), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide `repair` where there is nothing to repair."""
        if action == "repair":
            problem = self.problem_at_hand() if self.studio.workspace else None
            return problem is not None and problem.repair is not None
        return super().check_action(action, parameters)

    async def action_repair(self) -> None:
        """Apply the repair of the problem at hand."""
        problem = self.problem_at_hand()
        if problem is not None and problem.repair is not None and problem.repair.kind == "trust":
            await self.app.run_action("app.trust")
        elif problem is not None and problem.repair is not None:
            try:
                self.studio.repair(problem.repair)
            except EditError as error:
                self.refuse(error)

    def action_next_problem(self) -> None:
        """Go to the problem after the one gone to last: those of this stage first, then those of the others."""
        found = [problem for problem in self.studio.problems if problem.severity != "note"]
        if not found:
            self.notify("no problems", timeout=3)
            return
        stages = [name.lower() for name in STAGES]
        here = stages[self.NUMBER - 1]
        found.sort(key=lambda problem: problem.stage != here)
        place = found.index(self._visited) + 1 if self._visited in found else 0
        problem = self._visited = found[place % len(found)]
        if problem.stage == here:
            self.show_subject(problem.subject)
        else:
            self.post_message(self.StageChosen(stages.index(problem.stage) + 1, problem.subject))

    @on(Header.StageClicked)
    def _clicked(self, event: Header.StageClicked) -> None:
        event.stop()
        self.post_message(self.StageChosen(event.number))

    def _mark(self, number: int) -> Mark:
        run = self.studio.run
        if number == len(STAGES):
            if run is None:
                return ""
            live: dict[str, Mark] = {"running": "running", "starting": "running", "paused": "paused"}
            ended: Mark = "error" if run.status in ("failed", "lost") else "ok"
            return live.get(run.status, ended)
        found = {problem.severity for problem in self.studio.problems_of(STAGES[number - 1].lower())}
        return "error" if "error" in found else "warning" if "warning" in found else "ok"
