"""What is open at the moment, to be read, and who is told when it changes. No terminal, no TensorFlow."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from kerastui.engine.code_state import CodeState
from kerastui.engine.code_watch import CodeWatch
from kerastui.engine.data_state import DataState
from kerastui.engine.process.client import EngineClient
from kerastui.engine.process.protocol import Checked, Versions
from kerastui.engine.project.checks import check_project
from kerastui.engine.project.document import Project
from kerastui.engine.project.inside import opened
from kerastui.engine.project.mending.mend import mended, withdrawn
from kerastui.engine.project.problems import Problem, Repair, together
from kerastui.engine.project.weights import check_weights
from kerastui.engine.project.workspace import Workspace
from kerastui.engine.run_state import RunState

Topic: TypeAlias = Literal["document", "problems", "data", "engine", "run"]
EngineKind: TypeAlias = Literal["starting", "ready", "lost", "broken"]
Listener: TypeAlias = Callable[[Topic], None]


class EngineState(msgspec.Struct, frozen=True):
    """Say how the engine is.

    Args:
        kind: `"starting"` (TensorFlow loads), `"ready"`, `"lost"` (it ended) or `"broken"` (it cannot start).
        since: When it became so, seconds of the monotonic clock.
        versions: What it runs on, once known.
        note: Why it is lost or broken, and what to do.
    """

    kind: EngineKind
    since: float
    versions: Versions | None = None
    note: str = ""


class OpenProject:
    """Hold what is open: the workspace, the engine's client, the data, the problems and the run.

    Args:
        engine: Client of the engine.
    """

    def __init__(self, engine: EngineClient) -> None:
        self.engine = engine
        self.engine_state = EngineState("starting", time.monotonic())
        self.workspace: Workspace | None = None
        self.data = DataState()
        self.checked: Checked | None = None
        self.problems: tuple[Problem, ...] = ()
        self.run: RunState | None = None
        self._checked_project: Project | None = None
        self._code = CodeWatch(engine)
        self._inside: tuple[str, ...] = ()
        self._listeners: list[Listener] = []
        self._refuted: set[tuple[str, Repair]] = set()

    @property
    def project(self) -> Project:
        """The document that is open.

        Raises:
            RuntimeError: None is.
        """
        return self.open_workspace.project

    @property
    def inside(self) -> tuple[str, ...]:
        """Ids of the models that are opened in Build, the outermost first; empty in the project's own graph."""
        models = self.project.models
        gone = next((at for at, model in enumerate(self._inside) if model not in models), len(self._inside))
        return self._inside[:gone]

    @property
    def model(self) -> str:
        """Id of the model that is opened in Build, `""` for the project's own graph."""
        return self.inside[-1] if self.inside else ""

    @property
    def view(self) -> Project:
        """The document as Build shows it: its graph is that of the model that is opened."""
        return opened(self.project, self.model)

    @property
    def open_workspace(self) -> Workspace:
        """The workspace that is open.

        Raises:
            RuntimeError: None is.
        """
        if self.workspace is None:
            raise RuntimeError("no project is open")
        return self.workspace

    @property
    def stale(self) -> bool:
        """Whether shapes and counts are older than the graph."""
        return self.workspace is not None and self._checked_project is not self.workspace.project

    @property
    def code(self) -> CodeState:
        """What is known of the project's own code."""
        return self._code.state

    def problems_of(self, stage: str) -> list[Problem]:
        """Return the problems of a stage: `"data"`, `"build"` or `"configure"`."""
        return [problem for problem in self.problems if problem.stage == stage]

    def blocking(self) -> Problem | None:
        """Return the first problem that keeps a run from starting, or `None`."""
        return next((problem for problem in self.problems if problem.severity == "error"), None)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a function with the topic of every change; the function returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _judge(self) -> None:
        """Put together what is wrong, from the document, the data and the last check."""
        if self.workspace is None:
            return
        project = self.workspace.project
        found = self.code.problems(project)  # first: what calls lack for want of it comes after
        found += [*check_project(project), *check_weights(project, self.workspace.folder)]
        found += self.data.problems(project)
        shapes: list[Problem] = []
        if self.checked is not None and not self.stale:
            shapes = [*self.checked.problems, *self.data.target_problems(project, self.checked)]
        checked = None if self.stale else self.checked
        self.problems = tuple(withdrawn(mended(project, checked, together(found, shapes)), self._refuted))
        self._tell("problems")

    def _tell(self, topic: Topic) -> None:
        for listener in list(self._listeners):
            listener(topic)
