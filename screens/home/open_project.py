"""The pop-up to open a project: enter goes into folders until one holds a project."""

from __future__ import annotations

from pathlib import Path

from kerastui.engine.project.files import FILE_NAME
from kerastui.screens.widgets.files import OpenFile


class OpenProject(OpenFile):
    """Let the user pick the folder of a project.

    Args:
        start: Folder to start in.
    """

    def __init__(self, start: Path) -> None:
        super().__init__("open a project", start, folders=True)

    def _enter(self, path: Path) -> None:
        """Take a folder that holds a project, go into any other."""
        if (path / FILE_NAME).is_file():
            self.dismiss(path)
        else:
            super()._enter(path)
