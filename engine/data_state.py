"""The data that is open: table, profiles, and what is wrong with them for a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from kerastui.engine.process.protocol import Checked
from kerastui.engine.project.checks import check_targets
from kerastui.engine.project.document import Column, Project
from kerastui.engine.project.problems import Problem

if TYPE_CHECKING:
    from kerastui.engine.data.profile import ColumnProfile
    from kerastui.engine.data.table import Table


class DataState(msgspec.Struct, frozen=True):
    """Hold a data source as it was read.

    Args:
        source: The source, as in the document.
        kind: `"none"`, `"reading"`, `"ready"` or `"failed"`.
        table: The table, when ready.
        profiles: A profile of each column, when ready.
        problem: Why it failed.
    """

    source: str = ""
    kind: Literal["none", "reading", "ready", "failed"] = "none"
    table: Table | None = None
    profiles: tuple[ColumnProfile, ...] = ()
    problem: Problem | None = None

    @classmethod
    def read(cls, source: str, folder: Path) -> DataState:
        """Read a source; a second or so for 100,000 rows, so call it in a thread.

        Args:
            source: `"bundled:NAME"` or a path.
            folder: The project's folder.
        """
        from kerastui.engine.data.errors import DataError
        from kerastui.engine.data.profile import profile
        from kerastui.engine.data.table import read_table

        try:
            table = read_table(source, folder)
            return cls(source, "ready", table, profile(table))
        except DataError as error:
            return cls(source, "failed", problem=error.problem)

    def fits(self, source: str) -> bool:
        """Tell whether this is the state of a source, read or being read."""
        return self.source == source and (self.kind != "none" or not source)

    def suggested(self) -> dict[str, Column]:
        """Return roles and encodings that suit the columns."""
        from kerastui.engine.data.profile import suggest

        return suggest(self.profiles)

    def problems(self, project: Project) -> list[Problem]:
        """Return what is wrong with the data of a project."""
        if self.kind == "reading":
            return []
        if self.problem is not None:
            return [self.problem]
        from kerastui.engine.data.check import NO_TARGET, check_data

        found = check_data(self.profiles, project.data, project.graph)
        # A class of models of the project's own may learn from the inputs alone.
        return [problem for problem in found if not (problem.what == NO_TARGET and project.compile.model)]

    def target_problems(self, project: Project, checked: Checked) -> list[Problem]:
        """Return where outputs and losses do not fit the targets.

        Args:
            project: The project.
            checked: The engine's check of its graph.
        """
        if self.kind != "ready":
            return []
        from kerastui.engine.data.binding import encoded_shapes

        graph = project.graph
        bound = encoded_shapes(self.profiles, project.data, graph.inputs, graph.outputs)
        targets = {to: binding for (role, to), binding in bound.items() if role == "target"}
        shapes = {
            name: tensor.shape
            for name, source in graph.outputs.items()
            if (tensor := checked.tensor(source)) is not None
        }
        encodings = {name: project.data.columns[binding.columns[0]].encoding for name, binding in targets.items()}
        classes = {name: binding.classes for name, binding in targets.items()}
        return check_targets(project, shapes, classes, encodings)
