"""What the app shows over its screens and gives away: help, keys, commands, the log, pictures, code, looks."""

from __future__ import annotations

import msgspec
from textual.app import App
from textual.command import CommandPalette

from kerastui.engine import home
from kerastui.engine.studio import Studio


class Windows(App[None]):
    """Open windows that change nothing in the project.

    Args:
        studio: What is open.
    """

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio

    def action_commands(self) -> None:
        """Open the command palette."""
        from kerastui.commands import Commands

        if not any(isinstance(screen, CommandPalette) for screen in self.screen_stack):
            self.push_screen(CommandPalette(providers=[Commands], placeholder="search commands"))

    def action_keys(self) -> None:
        """Show all keys of what has the focus."""
        from kerastui.screens.widgets.modals import KeysScreen

        self.push_screen(KeysScreen.for_focus(self.screen))

    def action_help(self) -> None:
        """Explain what has the focus."""
        from kerastui.screens.widgets.modals import HelpScreen

        self.push_screen(HelpScreen.for_focus(self.screen))

    def action_log(self) -> None:
        """Show the log of the engine."""
        from kerastui.screens.widgets.modals import LogView

        log = self.studio.engine.log
        if log is None:
            self.notify("there is no engine yet, and so no log", markup=False)
        else:
            self.push_screen(LogView(log, "engine log"))

    def action_picture(self) -> None:
        """Write a picture of the graph that Build shows into the project's folder, beside those that are there."""
        from kerastui.picture import PictureError, save_beside

        try:
            path = save_beside(self.studio, "light" if self.theme.endswith("light") else "dark")
        except (OSError, PictureError) as error:
            self._tell("picture", str(error), "choose another folder with `kerastui picture`")
            return
        self.notify(str(path), title="picture", timeout=3, markup=False)

    def action_copy_code(self) -> None:
        """Copy the project as Python code, as `kerastui code` prints it."""
        from kerastui.engine.project.weights import saved_layers
        from kerastui.engine.writing.python import python_code

        project = self.studio.project
        code = python_code(project, saved_layers(project, self.studio.open_workspace.folder))
        self.copy_to_clipboard(code)
        self.notify(f"{code.count(chr(10))} lines of Python", title="copied", timeout=3, markup=False)

    def action_redraw(self) -> None:
        """Draw everything again."""
        self.refresh(layout=True)

    def action_theme(self, name: str) -> None:
        """Choose a theme and remember it."""
        self.theme = name
        home.save_settings(msgspec.structs.replace(home.settings(), theme=name))

    def action_glyphs(self, name: str) -> None:
        """Choose plain ASCII or all glyphs, for the next start: what is drawn already keeps its glyphs."""
        home.save_settings(msgspec.structs.replace(home.settings(), ascii=name == "ascii"))
        self.notify("from the next start on", title=f"glyphs: {name}", timeout=3, markup=False)

    def _tell(self, what: str, where: str, next_step: str) -> None:
        from kerastui.screens.widgets.modals import Message

        self.push_screen(Message(what, where, next_step))
