"""The app: it owns the studio, switches between screens, and binds the keys that work everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.filter import LineFilter, Monochrome
from textual.screen import Screen

from kerastui import themes
from kerastui.engine import home
from kerastui.engine.process.client import EngineClient, EngineLost, EngineRefused, SocketClient
from kerastui.engine.project.edits import Edit
from kerastui.engine.project.files import ProjectFileError
from kerastui.engine.project.lock import ProjectInUse
from kerastui.engine.studio import Studio
from kerastui.screens.home.screen import HomeScreen
from kerastui.screens.stage import STAGES, StageScreen
from kerastui.screens.too_small import TooSmall, is_too_small
from kerastui.screens.widgets.filters import AsciiFilter, MonochromeFilter, ReverseFilter
from kerastui.screens.widgets.glyphs import ASCII, glyphs, use_ascii
from kerastui.windows import Windows

_ASCII, _MONOCHROME, _REVERSE = AsciiFilter(), MonochromeFilter(), ReverseFilter()


class KerasTUI(Windows):
    """Build a network as a graph, train it while you watch, take it away as a Keras model.

    Args:
        folder: A project's folder to open, or `None` for Home.
        engine: Client of the engine; an engine process of its own by default.
        theme: Name of the theme of this session; the person's own by default, the one without colours under `NO_COLOR`.
        ascii_only: Draw with plain ASCII; as the person's settings say by default.
        still: Move nothing but figures.
    """

    TITLE = "kerastui"
    CSS_PATH = Path(__file__).with_name("base.tcss")
    ENABLE_COMMAND_PALETTE = False  # ours is bound below, so that it lists one table of commands
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "save", id="app.save", show=False, tooltip="write kerastui.toml"),
        Binding("ctrl+z,u", "undo", "undo", id="app.undo", show=False, tooltip="take the last edit back"),
        Binding("ctrl+y,ctrl+r", "redo", "redo", id="app.redo", show=False, tooltip="do it again"),
        Binding("f5", "train", "train", id="app.train", show=False, tooltip="save and start a run"),
        Binding("shift+f5", "stop", "stop", id="app.stop", show=False, tooltip="end the run and keep the model"),
        *(
            Binding(str(number), f"stage({number})", name, id=f"app.stage{number}", show=False)
            for number, name in enumerate(STAGES, 1)
        ),
        Binding("ctrl+p", "commands", "commands", id="app.commands", show=False),
        Binding("question_mark", "keys", "keys", id="app.keys", show=False),
        Binding("f1", "help", "help", id="app.help", show=False, tooltip="explain what has the focus"),
        Binding("f12", "log", "log", id="app.log", show=False, tooltip="log of the engine"),
        Binding("r", "restart_engine", "new engine", id="app.restart_engine", tooltip="start a new engine"),
        Binding("ctrl+l", "redraw", "redraw", id="app.redraw", show=False),
        Binding("ctrl+q", "leave", "quit", id="app.quit", show=False, priority=True),
    ]

    def __init__(
        self,
        folder: Path | None = None,
        engine: EngineClient | None = None,
        *,
        theme: str = "",
        ascii_only: bool | None = None,
        still: bool = False,
    ) -> None:
        super().__init__(Studio(engine or SocketClient()))
        self._folder = folder
        self._stages: dict[int, StageScreen] = {}
        self._opened = 0
        self._told = ""
        settings = home.settings()
        use_ascii(settings.ascii if ascii_only is None else ascii_only)
        if still:
            self.animation_level = "none"
        chosen = theme or (themes.MONO.name if self.no_color else settings.theme)
        themes.install(self, chosen if chosen in themes.NAMES else themes.DARK.name)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what is done to each line before it goes to the terminal."""
        filters = super().get_line_filters()
        if self.theme == themes.MONO.name:
            # Textual's own answer to NO_COLOR is greys, which still are colours and tell no hue.
            filters = [*(each for each in filters if not isinstance(each, Monochrome)), _MONOCHROME]
        elif self.theme == themes.SIXTEEN.name:
            filters = [*filters, _REVERSE]
        return [*filters, _ASCII] if glyphs() is ASCII else filters

    def get_default_screen(self) -> Screen[Any]:
        """Begin at Home."""
        return HomeScreen(self.studio)

    def on_mount(self) -> None:
        """Open what was asked for."""
        self.studio.listen(lambda topic: self._engine_changed() if topic == "engine" else None)
        if self._folder is not None:
            self.open_project(self._folder)

    def on_ready(self) -> None:
        """Start the engine once the first frame is on the screen."""
        self._start_engine()

    def on_resize(self, event: events.Resize) -> None:
        """Cover the app while the terminal is too small for it, and say so."""
        small = isinstance(self.screen, TooSmall)
        if not is_too_small(*event.size):
            if small:
                self.pop_screen()
        elif not small:
            self.push_screen(TooSmall())
        elif isinstance(self.screen, TooSmall):
            self.screen.say(*event.size)

    @work(group="engine", exclusive=True, exit_on_error=False)
    async def _start_engine(self) -> None:
        await self.studio.start()

    # Projects and stages --------------------------------------------------------------------------------------------

    def open_project(self, folder: Path) -> None:
        """Open a project and show it: the graph, or the run if one goes on."""
        try:
            self.studio.open(folder)
        except ProjectInUse as error:
            self._tell(error.path.name, str(error), "nothing was opened, and nothing changed there")
            return
        except ProjectFileError as error:
            self._tell(error.path.name, str(error), "the file is as it was; put it right and open it again")
            return
        self.enter_project()

    def enter_project(self) -> None:
        """Show the project that was just opened or made."""
        for screen in self._stages.values():
            self.uninstall_screen(screen)
        self._stages.clear()
        self._opened += 1
        run = self.studio.run
        self.action_stage(len(STAGES) if run is not None and run.live else 2)
        workspace = self.studio.open_workspace
        if workspace.notice:
            self.notify(workspace.notice, severity="warning", markup=False)
        self._join_engine()

    @work(group="engine-join", exclusive=True, exit_on_error=False)
    async def _join_engine(self) -> None:
        await self.studio.join()

    @on(HomeScreen.ProjectChosen)
    def _chosen(self, event: HomeScreen.ProjectChosen) -> None:
        self.open_project(event.folder)

    @on(HomeScreen.ProjectMade)
    def _made(self, event: HomeScreen.ProjectMade) -> None:
        self.enter_project()

    @on(StageScreen.StageChosen)
    def _stage_chosen(self, event: StageScreen.StageChosen) -> None:
        self.action_stage(event.number)
        if event.subject:
            self.call_after_refresh(self._stages[event.number].show_subject, event.subject)

    def action_stage(self, number: int) -> None:
        """Show a stage of the project."""
        if self.studio.workspace is None or self._number == number:
            return
        if number not in self._stages:
            self._stages[number] = _stage(number)(self.studio)
            self.install_screen(self._stages[number], f"stage-{self._opened}-{number}")
        if self._number:
            self.switch_screen(self._stages[number])
        else:
            self.push_screen(self._stages[number])

    async def action_home(self) -> None:
        """Go back to Home; the project stays open until another one is."""
        if self._number:
            await self.pop_screen()

    @property
    def _number(self) -> int:
        """Number of the stage that is shown, 0 on Home."""
        found = [screen.NUMBER for screen in self.screen_stack if isinstance(screen, StageScreen)]
        return found[-1] if found else 0

    # Edits ----------------------------------------------------------------------------------------------------------

    def action_save(self) -> None:
        """Write the project's file, asking before what somebody else wrote is overwritten."""
        from kerastui.screens.widgets.modals import Confirm

        def answered(overwrite: bool | None) -> None:
            if overwrite:
                self._save()

        try:
            changed = self.studio.open_workspace.changed_outside
        except ProjectFileError as error:
            self._tell("save", str(error), "your edits are still open")
            return
        if changed:
            loss = "What was written there meanwhile would be lost."
            self.push_screen(Confirm("kerastui.toml was changed outside.", loss, deed="overwrite it"), answered)
        else:
            self._save()

    def _save(self) -> None:
        try:
            self.studio.save()
        except ProjectFileError as error:
            self._tell("save", str(error), "your edits are still open")
            return
        self.notify(str(self.studio.open_workspace.folder / "kerastui.toml"), title="saved", timeout=3, markup=False)

    def action_trust(self) -> None:
        """Have the project's own code run, once the person has said so."""
        from kerastui.screens.widgets.modals import Confirm

        def answered(trusts: bool | None) -> None:
            try:
                if trusts:
                    self.studio.trust()
            except OSError as error:
                self._tell("trust", f"it cannot be written down: {error.strerror}", "make kerastui's home writable")

        files = ", ".join(self.studio.code.files)
        question = f"Run the code of this project: {files}?"
        loss = (
            "It came from elsewhere, and it can do whatever you can: read, change and delete your files, and send them "
            "away. Read it first. It is then run each time the project is opened, checked or trained."
        )
        self.push_screen(Confirm(question, loss, deed="run it", keep="leave it"), answered)

    def on_app_focus(self) -> None:
        """Look whether code was written in another window meanwhile."""
        self.studio.look_at_code()

    def action_undo(self) -> None:
        """Take the last edit back."""
        self._say("took back", self.studio.undo(), "nothing to take back")

    def action_redo(self) -> None:
        """Do the edit that was last taken back again."""
        self._say("did again", self.studio.redo(), "nothing to do again")

    def _say(self, done: str, edit: Edit | None, nothing: str) -> None:
        self.clear_notifications()  # many steps back are one notice, not a stack over the panes
        self.notify(edit.label if edit else nothing, title=done if edit else "", timeout=2, markup=False)

    # Runs -----------------------------------------------------------------------------------------------------------

    @work(group="run", exclusive=True, exit_on_error=False)
    async def action_train(self) -> None:
        """Save the project and start a run, and show it."""
        live = self.studio.run is not None and self.studio.run.live
        if live or self.studio.blocking() is None:
            self.action_stage(len(STAGES))
        if live:
            return
        try:
            await self.studio.train()
        except ProjectFileError as error:
            self._tell("train", str(error), "make the folder writable; your edits are still open")
        except EngineRefused as error:
            self._tell("train", error.what, error.hint)
        except EngineLost as error:
            self._tell("train", str(error), "r starts a new engine")

    @work(group="run", exclusive=True, exit_on_error=False)
    async def action_stop(self) -> None:
        """End the run and keep the model."""
        try:
            await self.studio.engine.stop()
        except (EngineLost, EngineRefused) as error:
            self.notify(str(error), severity="warning", markup=False)

    def action_restart_engine(self) -> None:
        """Start a new engine in place of one that ended."""
        self._start_engine()

    def _engine_changed(self) -> None:
        state = self.studio.engine_state
        if state.kind in ("lost", "broken") and state.note != self._told:
            self.notify(state.note, title="engine", severity="error", timeout=8, markup=False)
        self._told = state.note if state.kind in ("lost", "broken") else ""
        self.refresh_bindings()

    # Leaving --------------------------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Quit; ask first where a run goes on or edits are nowhere on disk."""
        from kerastui.screens.widgets.modals import Choice, Choose, Confirm

        if self.screen.is_modal and not isinstance(self.screen, TooSmall):
            self.pop_screen()
            return
        run, workspace = self.studio.run, self.studio.workspace
        if run is not None and run.live and self.studio.engine_state.kind in ("ready", "starting"):
            choices = [
                Choice("keep", "let it train on", "open the project again to come back to it"),
                Choice("stop", "stop it and keep the model", "the epochs done are kept"),
            ]
            self.push_screen(Choose("quit while the run goes on", choices, current="keep"), self._leaving)
        elif workspace is not None and workspace.unsaved and not workspace.journalled:
            loss = f"{workspace.notice}. They would be lost."
            question = Confirm("Quit with edits that are not saved?", loss, deed="quit", keep="stay")
            self.push_screen(question, lambda quits: self._leaving("stop" if quits else None))
        else:
            self._leave(False)

    def _leaving(self, answer: str | None) -> None:
        if answer is not None:
            self._leave(keep_engine=answer == "keep")

    @work(group="leave", exclusive=True, exit_on_error=False)
    async def _leave(self, keep_engine: bool) -> None:
        await self.studio.close(keep_engine)
        self.exit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        workspace = self.studio.workspace
        if action == "restart_engine":
            return self.studio.engine_state.kind in ("lost", "broken")
        if action == "home":
            return bool(self._number)
        if action in ("save", "train", "stage", "picture", "copy_code"):
            return workspace is not None
        if action == "undo":
            return workspace is not None and workspace.can_undo
        if action == "redo":
            return workspace is not None and workspace.can_redo
        if action == "trust":
            return workspace is not None and not self.studio.code.trusted
        if action == "stop":
            return self.studio.run is not None and self.studio.run.live
        return True

    def _fatal_error(self) -> None:
        """End after a fault of our own: the traceback goes to the log, a sentence to the terminal.

        Textual's own version prints the traceback; it offers no public place to change that.
        """
        import traceback

        log = home.home() / "logs" / "app.log"
        with suppress(OSError):
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a") as file:
                traceback.print_exc(file=file)
        kept = "Every edit is in the project's journal: open it again to go on."
        self._exit_renderables.append(f"kerastui ended by a fault of its own. {kept}\nWhat happened is in {log}")
        self._close_messages_no_wait()


def _stage(number: int) -> Callable[[Studio], StageScreen]:
    """Return the class of a stage's screen; it is imported when it is first shown."""
    import importlib

    name = STAGES[number - 1]
    module = importlib.import_module(f"kerastui.screens.{name.lower()}.screen")
    found: Callable[[Studio], StageScreen] = getattr(module, f"{name}Screen")
    return found
