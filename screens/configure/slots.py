"""Where a Keras object stands in the settings: optimizer, loss, metric or callback, by the key of its field."""

from __future__ import annotations

from typing import Literal, Self, TypeAlias

import msgspec

from kerastui.engine.project import settings
from kerastui.engine.project.document import Compile, Project, Spec

SlotKind: TypeAlias = Literal["optimizer", "loss", "metric", "callback"]


class Slot(msgspec.Struct, frozen=True):
    """Name the place of an object in a project.

    Args:
        kind: Kind of the object.
        output: Name of the output it belongs to; `""` for optimizer and callbacks.
        index: Which of the output's metrics, or of the callbacks.
    """

    kind: SlotKind
    output: str = ""
    index: int = 0

    @property
    def key(self) -> str:
        """Key of the object's field; `key/path` are those of its arguments."""
        return f"{self.kind}:{self.output}:{self.index}"

    @classmethod
    def of(cls, key: str) -> Self | None:
        """Return the slot of a field's key and of those of its arguments, `None` if it is another field."""
        parts = key.partition("/")[0].split(":")
        if len(parts) != len(cls.__struct_fields__):
            return None
        kind, output, index = parts
        return msgspec.convert({"kind": kind, "output": output, "index": int(index)}, cls)

    def read(self, project: Project) -> Spec | None:
        """Return the object, `None` if there is none."""
        if self.kind == "optimizer":
            return project.compile.optimizer
        if self.kind == "loss":
            return project.compile.losses.get(self.output)
        several = self._several(project)
        return several[self.index] if self.index < len(several) else None

    def write(self, project: Project, spec: Spec | None) -> Project:
        """Return the project with another object in the place.

        Args:
            project: The project.
            spec: The object; `None` takes it away, or puts the default optimizer back. One past the last metric or
                callback is added.

        Raises:
            EditError: There is no such output.
        """
        if self.kind == "optimizer":
            return settings.set_optimizer(project, spec or Compile().optimizer)
        if self.kind == "loss":
            return settings.set_loss(project, self.output, spec)
        several = list(self._several(project))
        several[self.index : self.index + 1] = [spec] if spec else []
        if self.kind == "metric":
            return settings.set_metrics(project, self.output, tuple(several))
        return settings.set_fit(project, callbacks=tuple(several))

    def _several(self, project: Project) -> tuple[Spec, ...]:
        return project.compile.metrics.get(self.output, ()) if self.kind == "metric" else project.fit.callbacks


def next_slot(project: Project, kind: Literal["metric", "callback"], output: str = "") -> Slot:
    """Return the place of a metric or callback that is to be added.

    Args:
        project: The project.
        kind: What is added.
        output: Name of the output a metric is for.
    """
    several = project.compile.metrics.get(output, ()) if kind == "metric" else project.fit.callbacks
    return Slot(kind, output, len(several))
