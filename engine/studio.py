"""The studio: everything that is open at the moment, and what can be done with it. No terminal, no TensorFlow.

One object holds the workspace, the engine's client, the data, the problems and the run. Screens read it, call it, and
are told by topic when something changed; nothing is kept in widgets. The command line uses the same object.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

from kerastui.engine import home
from kerastui.engine.custom.trust import trust
from kerastui.engine.data_state import DataState
from kerastui.engine.open_project import EngineKind, EngineState, OpenProject, Topic
from kerastui.engine.process.client import EngineClient, EngineLost, EngineRefused, Heard, Lost
from kerastui.engine.process.launch import engine_of
from kerastui.engine.process.protocol import (
    Broken,
    Checked,
    Ready,
    RunFailed,
    RunFinished,
    RunStarted,
    Versions,
    Welcome,
)
from kerastui.engine.project.document import Project
from kerastui.engine.project.edits import Edit, EditError
from kerastui.engine.project.inside import closed, tidied
from kerastui.engine.project.mending.mend import is_refuted, to_prove
from kerastui.engine.project.problems import Repair
from kerastui.engine.project.repairs import apply_repair
from kerastui.engine.project.workspace import Workspace
from kerastui.engine.run_state import RunState, read_run, run_words
from kerastui.engine.runs import latest

__all__ = ["EngineState", "Studio", "Topic"]


class Studio(OpenProject):
    """Hold what is open, change it, and keep what is known of it up to date.

    Args:
        engine: Client of the engine.
    """

    def __init__(self, engine: EngineClient) -> None:
        super().__init__(engine)
        self._watching: asyncio.Task[None] | None = None
        self._jobs: set[asyncio.Task[None]] = set()
        self._checking: asyncio.Task[None] | None = None
        self._again = False
        self._starting = asyncio.Lock()
        engine.listen(self._hear)

    # Opening and editing --------------------------------------------------------------------------------------------

    def open(self, folder: Path) -> None:
        """Open the project in a folder.

        Raises:
            ProjectFileError: It cannot be read, or another process has it open; what was open stays open.
        """
        self._opened(Workspace.open(folder.absolute()))

    def create(self, folder: Path, project: Project, code: Mapping[str, str] | None = None) -> None:
        """Make a project in a folder and open it.

        Args:
            folder: The folder.
            project: The document.
            code: Files with code of its own, by name. Defaults to `None`: none.

        Raises:
            ProjectFileError: There is one already, or the folder cannot be written.
        """
        self._opened(Workspace.create(folder.absolute(), project, code))

    def do(self, label: str, after: Project) -> Edit | None:
        """Make the document equal to another one, as one edit that can be taken back.

        Models inside that nobody uses after the edit go with it.

        Args:
            label: What is done, for the history.
            after: The document as it should be; commands (`project/commands.py`) give it.
        """
        edit = self.open_workspace.do(label, tidied(after, self.project))
        if edit is not None:
            self._edited()
        return edit

    def edit(self, label: str, view: Project) -> Edit | None:
        """Make the graph that is opened in Build equal to that of another view, as one edit.

        Args:
            label: What is done, for the history.
            view: What commands made of `view`.
        """
        return self.do(label, closed(self.project, self.model, view))

    async def weigh(self, view: Project) -> Checked | None:
        """Check what an edit would give without making it; `None` where no engine answers.

        Args:
            view: What commands made of `view`.
        """
        if self.engine_state.kind != "ready":
            return None
        try:
            return await self.engine.check(closed(self.project, self.model, view))
        except (EngineLost, EngineRefused):
            return None

    def enter(self, model: str) -> None:
        """Open a model of the project in Build.

        Args:
            model: Id of the model.
        """
        self._inside = (*self.inside, model)
        self._tell("document")

    def leave(self, depth: int | None = None) -> None:
        """Go back to the graph around the model that is opened.

        Args:
            depth: How many models stay opened; one less than now where omitted.
        """
        self._inside = self.inside[: max(len(self.inside) - 1, 0) if depth is None else depth]
        self._tell("document")

    def undo(self) -> Edit | None:
        """Take the last edit back and return it, or `None` if there is none."""
        edit = self.open_workspace.undo()
        if edit is not None:
            self._edited()
        return edit

    def redo(self) -> Edit | None:
        """Do the edit that was last taken back again and return it, or `None` if there is none."""
        edit = self.open_workspace.redo()
        if edit is not None:
            self._edited()
        return edit

    def repair(self, repair: Repair) -> None:
        """Apply a repair as one edit.

        Raises:
            EditError: The place to repair is not there any more.
        """
        self.do(repair.label, apply_repair(self.project, repair))

    def save(self) -> None:
        """Write the project's file.

        Raises:
            ProjectFileError: It cannot be written.
        """
        self.open_workspace.save()
        self._tell("document")
        self.look_at_code()

    # The project's own code -----------------------------------------------------------------------------------------

    def look_at_code(self) -> None:
        """Have the project's own code read again if it has changed on disk, or has just come to be there."""
        if self.workspace is None:
            return
        if not self._code.is_there(self.workspace):
            return
        if self.code.kind == "none":
            self._code.expect(self.workspace)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.get_running_loop().create_task(self._watch_code())
        if self._code.changed(self.workspace):
            self._check()

    def trust(self) -> None:
        """Have the project's own code run, from now on.

        Raises:
            OSError: That cannot be written down.
        """
        trust(self.open_workspace.folder)
        self._code.expect(self.open_workspace)
        self._judge()
        self._tell("document")
        self._check()

    # The engine -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the engine, or join the one that trains the project; the state tells how it went."""
        async with self._starting:
            self._engine("starting")
            try:
                welcome = await self.engine.start(self.workspace.folder if self.workspace else None)
            except (EngineLost, EngineRefused) as error:
                self._engine("broken", str(error))
                return
            await self._joined(welcome)

    async def join(self) -> None:
        """Leave an idle engine for the one that trains the project that was just opened, if there is one."""
        from kerastui.engine.process.client import SocketClient

        if self.workspace is None or not isinstance(self.engine, SocketClient):
            return
        async with self._starting:
            found = engine_of(self.workspace.folder)
            if found is None or found.process == self.engine.process:
                return
            await self.engine.shutdown()
        await self.start()

    async def train(self) -> None:
        """Save the project and begin a run.

        Raises:
            ProjectFileError: The project cannot be saved.
            EngineRefused: A problem keeps it from starting, or the engine says why not.
            EngineLost: The engine has ended.
        """
        problem = self.blocking()
        if problem is not None:
            subject = f"{problem.subject}: " if problem.subject else ""
            raise EngineRefused(f"{subject}{problem.what}", problem.hint or f"put it right in {problem.stage}")
        workspace = self.open_workspace
        if workspace.unsaved:
            self.save()
        previous, self.run = self.run, RunState()
        self._tell("run")
        try:
            await self.engine.train(workspace.project, workspace.folder)
        except (EngineLost, EngineRefused):
            self.run = previous
            self._tell("run")
            raise

    async def settle(self) -> None:
        """Wait until the check of the document as it is now is in, and the data is read."""
        while self._jobs:
            await asyncio.wait(set(self._jobs))

    async def close(self, keep_engine: bool = False) -> None:
        """End the engine and leave it.

        Args:
            keep_engine: Let it go on, with its run.
        """
        for job in {*self._jobs, *([self._watching] if self._watching else [])}:
            job.cancel()
        if self.workspace is not None:
            self.workspace.close()
        if keep_engine:
            await self.engine.close()
        else:
            with contextlib.suppress(EngineRefused):
                await self.engine.shutdown()

    # What happens by itself -----------------------------------------------------------------------------------------

    def _opened(self, workspace: Workspace) -> None:
        if self.workspace is not None:
            self.workspace.close()
        self.workspace = workspace
        self._inside = ()
        self.data, self.checked, self._checked_project = DataState(), None, None
        self._code.expect(workspace)
        folder = latest(workspace.folder)
        self.run = read_run(folder) if folder else None
        if self.run is not None and self.run.status == "lost" and engine_of(workspace.folder) is not None:
            self.run = RunState()  # it goes on in an engine that is joined in a moment
        home.remember(workspace.folder)
        self._edited()
        self._tell("run")

    def _edited(self) -> None:
        self._judge()
        self._tell("document")
        self._read_data()
        self._check()
        self.look_at_code()

    def _read_data(self) -> None:
        if self.workspace is None or self.data.fits(self.workspace.project.data.source):
            return
        source = self.workspace.project.data.source
        self.data = DataState(source, "reading" if source else "none")
        self._tell("data")
        if source:
            self._spawn(self._reading(source, self.workspace.folder))

    async def _reading(self, source: str, folder: Path) -> None:
        state = await asyncio.to_thread(DataState.read, source, folder)
        if self.workspace is not None and self.workspace.project.data.source == source:
            self.data = state
            self._tell("data")
            self._judge()

    def _check(self) -> None:
        """Check the document; while a check is under way, the next one waits and takes the newest document."""
        if self.engine_state.kind != "ready" or self.workspace is None:
            return
        if self._checking is not None and not self._checking.done():
            self._again = True
            return
        self._checking = self._spawn(self._check_newest())

    async def _check_newest(self) -> None:
        self._again = True
        while self._again and self.workspace is not None:
            self._again = False
            project = self.workspace.project
            try:
                await self._read_code(self.workspace)
                checked = await self.engine.check(project)
            except (EngineLost, EngineRefused):
                return
            self.checked, self._checked_project = checked, project
            self._refuted = set()
            self._judge()
            await self._prove(project, checked)

    async def _prove(self, project: Project, checked: Checked) -> None:
        """Have the engine check what the repairs that are shown would make, and take back those that do not help."""
        for problem, repair in to_prove(self.problems):
            if self._again or self.workspace is None or self.workspace.project is not project:
                return
            try:
                after = await self.engine.check(apply_repair(project, repair))
            except EditError:
                continue
            except (EngineLost, EngineRefused):
                return
            if is_refuted(problem, checked, after):
                self._refuted.add((problem.subject, repair))
                self._judge()

    async def _read_code(self, workspace: Workspace) -> None:
        """Have the engine read the project's own code if it has not, or not as it is now."""
        state = await self._code.read(workspace)
        if state is not None and workspace is self.workspace:
            self._code.take(state)
            self._checked_project = None
            self._judge()
            self._tell("document")

    async def _watch_code(self) -> None:
        """Look at the files with code once a second, as long as there are any."""
        while self.workspace is not None and self.code.files:
            await asyncio.sleep(1.0)
            self.look_at_code()

    def _hear(self, event: Heard) -> None:
        match event:
            case Ready(versions):
                self._engine("ready", versions=versions)
            case Broken(what):
                self._engine("broken", what)
            case Lost():
                if self.run is not None:
                    self.run.lost()
                    self._tell("run")
                self._engine("lost", "the engine ended; r starts a new one, f12 shows its log")
            case _:
                if isinstance(event, RunStarted) and self.run is not None and self.run.run:
                    self.run = RunState()
                self.run = self.run or RunState()
                if self.run.hear(event):
                    if isinstance(event, RunFinished | RunFailed) and self.workspace is not None:
                        home.remember(self.workspace.folder, run_words(self.run))
                    self._tell("run")

    async def _joined(self, welcome: Welcome) -> None:
        if welcome.versions is not None:
            self._engine("ready", versions=welcome.versions)
        if self.workspace is not None and welcome.project == str(self.workspace.folder) and welcome.sequence:
            self.run = RunState()
            await self.engine.attach()

    def _engine(self, kind: EngineKind, note: str = "", versions: Versions | None = None) -> None:
        if kind != self.engine_state.kind or note != self.engine_state.note:
            self.engine_state = EngineState(kind, time.monotonic(), versions or self.engine_state.versions, note)
            if kind == "ready":
                self._code.new_engine()
            self._tell("engine")
            self._check()

    def _spawn(self, job: object) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(job)  # type: ignore[arg-type]
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        return task
