"""See to it that the engine has read the project's own code as it is on disk."""

from __future__ import annotations

from kerastui.engine.catalog.catalog import set_own
from kerastui.engine.code_state import CodeState
from kerastui.engine.custom.files import Fault, Stamp, code_files, stamp
from kerastui.engine.process.client import EngineClient, EngineLost, EngineRefused
from kerastui.engine.project.workspace import Workspace


class CodeWatch:
    """Know what the engine has read, and have it read what has changed since.

    Args:
        engine: Client of the engine.

    Attributes:
        state: What is known of the code.
    """

    def __init__(self, engine: EngineClient) -> None:
        self.state = CodeState()
        self._engine = engine
        self._read: Stamp | None = None
        self._fatal: Stamp | None = None
        self._known = False

    def expect(self, workspace: Workspace) -> None:
        """Know nothing of the code of a project but whether it is there and trusted."""
        self._read = None
        self.state = CodeState.before(workspace.project, workspace.folder)
        set_own(None if self.state.files and self.state.trusted else ())

    def new_engine(self) -> None:
        """Note that there is an engine that has read nothing yet."""
        self._read, self._known = None, False

    def is_there(self, workspace: Workspace) -> bool:
        """Tell whether there is code, or was at the last reading."""
        return bool(self.state.files or code_files(workspace.folder, workspace.project.code))

    def changed(self, workspace: Workspace) -> bool:
        """Tell whether the code is another one than at the last reading."""
        return stamp(workspace.folder, workspace.project.code) != (self._read or {})

    async def read(self, workspace: Workspace) -> CodeState | None:
        """Have the engine read the code if it has not, or not as it is now.

        Returns:
            The new state, for `take`; `None` where there is nothing new.

        Raises:
            EngineLost: The engine has ended. Where that came of the code, it is not run again before it is changed.
        """
        listed = workspace.project.code
        now = stamp(workspace.folder, listed)
        if now == self._read or not (now or self._known):
            return None
        self._read = now
        if now == self._fatal:
            return None
        try:
            state = CodeState.of(await self._engine.read_code(workspace.folder, listed))
        except EngineRefused as error:
            return CodeState("read", tuple(now), errors=(Fault(next(iter(now), ""), error.what),))
        except EngineLost:
            self._fatal = now
            fault = Fault(next(iter(now), ""), "the engine ended while it ran the code")
            self.state = CodeState("read", tuple(now), self.state.entries, (fault,))
            raise
        self._known = bool(state.files)
        return state

    def take(self, state: CodeState) -> None:
        """Make what was read known to the catalog."""
        self.state = state
        set_own(state.entries)
