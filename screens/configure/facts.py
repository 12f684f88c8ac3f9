"""What is known of a run before it begins: sizes, steps, targets, problems, and what fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.process.protocol import Checked
from kerastui.engine.project.document import Project, Spec
from kerastui.engine.project.graph import node_of
from kerastui.engine.project.problems import Problem
from kerastui.engine.studio import Studio

REGRESSION: Final = frozenset(
    {"MeanSquaredError", "MeanAbsoluteError", "MeanSquaredLogarithmicError", "Huber", "LogCosh"}
)
"""Losses that compare numbers with numbers."""

NUMBERS: Final = frozenset({"none", "standardise", "scale"})
"""Encodings that leave numbers numbers."""


class Rows(NamedTuple):
    """Count the rows of each part of the data."""

    train: int
    validation: int
    test: int


class Target(NamedTuple):
    """Say what an output is compared with.

    Args:
        encoding: Encoding of the column.
        classes: Number of classes, 0 for numbers.
    """

    encoding: str
    classes: int


class Facts(msgspec.Struct, frozen=True):
    """Hold what is known at this moment.

    Args:
        project: The document.
        checked: The engine's last check, `None` before the first.
        problems: Problems of this stage, errors first.
        rows: Rows of each part, `None` while the data is not read or cannot be split.
        targets: What each output is compared with, by output name.
    """

    project: Project
    checked: Checked | None = None
    problems: tuple[Problem, ...] = ()
    rows: Rows | None = None
    targets: Mapping[str, Target] = {}

    @property
    def outputs(self) -> Mapping[str, str]:
        """Source of each output, by output name."""
        return self.project.graph.outputs

    @property
    def steps_an_epoch(self) -> int | None:
        """Steps in one pass over the training part; the last one may be smaller."""
        return -(-self.rows.train // self.project.fit.batch_size) if self.rows else None

    @property
    def steps(self) -> int | None:
        """Steps of the whole run."""
        return self.steps_an_epoch * self.project.fit.epochs if self.steps_an_epoch else None

    def shape(self, output: str) -> tuple[int | None, ...] | None:
        """Return the shape of an output with the batch axis, `None` if not known."""
        source = self.outputs[output]
        found = self.project.graph.inputs.get(source)
        if found is not None:
            return (None, *found.shape)
        tensor = self.checked.tensor(source) if self.checked else None
        return tensor.shape if tensor else None

    def ending(self, output: str) -> str:
        """Return the activation an output ends in: `softmax`, `linear` for none; `""` where its layer has none."""
        graph = self.project.graph
        call = graph.calls.get(node_of(self.outputs[output]))
        if call is None:
            return ""
        layer = graph.layers[call.layer]
        entry = catalog().layer(layer.class_name)
        argument = entry.argument("activation") if entry else None
        if argument is None:
            return layer.class_name.lower() if catalog().get("activation", layer.class_name.lower()) else ""
        value = layer.config.get("activation", argument.default)
        name = value.class_name if isinstance(value, Spec) else value
        return "linear" if name is None else str(name).lower()

    def about(self, subject: str) -> list[Problem]:
        """Return the problems of an output, a callback, or the optimizer."""
        return [problem for problem in self.problems if problem.subject == subject]


def facts_of(studio: Studio) -> Facts:
    """Return what is known of the project that is open.

    While a check of the newest edit is under way, what the last check says of outputs and targets stays: it would
    vanish and come back within some milliseconds.
    """
    project, checked = studio.project, studio.checked
    found = studio.problems_of("configure")
    if studio.stale and checked is not None:
        found += [problem for problem in studio.data.target_problems(project, checked) if problem.stage == "configure"]
    return Facts(project, checked, tuple(dict.fromkeys(found)), part_rows(studio), _targets(studio))


def part_rows(studio: Studio) -> Rows | None:
    """Return the rows of each part of the data, `None` while it is not read or cannot be split."""
    table, data = studio.data.table, studio.project.data
    if table is None:
        return None
    from kerastui.engine.data.split import empty_part, part_sizes
    from kerastui.engine.data.table import is_missing

    missing = {each.name for each in studio.data.profiles if each.missing}
    dropping = [
        name
        for name, column in data.columns.items()
        if column.role != "ignore" and column.missing == "drop" and name in missing
    ]
    rows = table.rows
    if dropping:
        gone = is_missing(table.columns[dropping[0]])
        for name in dropping[1:]:
            gone = gone | is_missing(table.columns[name])
        rows -= int(gone.sum())
    return None if empty_part(rows, data.split) else Rows(*part_sizes(rows, data.split))


def _targets(studio: Studio) -> dict[str, Target]:
    if studio.data.kind != "ready":
        return {}
    from kerastui.engine.data.binding import encoded_shapes

    project = studio.project
    bound = encoded_shapes(studio.data.profiles, project.data, project.graph.inputs, project.graph.outputs)
    return {
        to: Target(project.data.columns[binding.columns[0]].encoding, binding.classes)
        for (role, to), binding in bound.items()
        if role == "target"
    }


def fits(facts: Facts) -> list[str]:
    """Return what fits together, as far as it is known: only what was compared."""
    several = len(facts.outputs) > 1
    said = [f"{name}: {line}" if several else line for name in facts.outputs for line in _output_fits(facts, name)]
    said += _callbacks_fit(facts)
    if not any(problem.severity == "error" for problem in facts.problems):
        said.append(f"all arguments fit Keras {catalog().keras}")
    return said


def _output_fits(facts: Facts, name: str) -> Iterator[str]:
    loss, target, shape = facts.project.compile.losses.get(name), facts.targets.get(name), facts.shape(name)
    if loss is None:
        return
    if target is not None:
        if loss.class_name == "SparseCategoricalCrossentropy" and target.encoding == "label":
            yield "integer labels fit the sparse loss"
        elif loss.class_name == "CategoricalCrossentropy" and target.encoding == "one-hot":
            yield "one-hot targets fit the categorical loss"
        elif loss.class_name in REGRESSION and not target.classes and target.encoding in NUMBERS:
            yield f"{loss.class_name} compares numbers with numbers"
        if target.classes and shape and shape[-1] == target.classes:
            yield f"{target.classes} units, {target.classes} classes"
    entry, ending = catalog().get("loss", loss.class_name), facts.ending(name)
    if entry is not None and entry.argument("from_logits") is not None:
        logits = loss.config.get("from_logits") is True
        if ending in ("softmax", "sigmoid") and not logits:
            yield f"{ending} output, and the loss expects probabilities"
        elif ending == "linear" and logits:
            yield "no activation at the end, and the loss expects logits"


def _callbacks_fit(facts: Facts) -> Iterator[str]:
    share = facts.project.data.split.validation
    for callback in facts.project.fit.callbacks:
        entry = catalog().get("callback", callback.class_name)
        argument = entry.argument("monitor") if entry else None
        watched = callback.config.get("monitor", argument.default if argument else None)
        if watched == "val_loss" and share > 0:
            yield f"there is a val_loss for {callback.class_name}"
