"""Commands for the settings: data, `Model.compile`, `Model.fit`, as functions from project to project.

As in `commands.py`, none touches the project it is given, and each raises `EditError` with a message fit for the
screen when what is asked cannot be done.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from kerastui.engine.project.document import Column, Fit, Project, Spec, Split
from kerastui.engine.project.edits import EditError


def set_optimizer(project: Project, optimizer: Spec) -> Project:
    """Set the optimizer and its arguments."""
    return replace(project, compile=replace(project.compile, optimizer=optimizer))


def set_loss(project: Project, output: str, loss: Spec | None) -> Project:
    """Set the loss of an output; `None` takes it away.

    Raises:
        EditError: There is no such output.
    """
    _output(project, output)
    losses = {**project.compile.losses, output: loss}
    kept = {key: value for key, value in losses.items() if value is not None}
    return replace(project, compile=replace(project.compile, losses=kept))


def set_metrics(project: Project, output: str, metrics: tuple[Spec, ...]) -> Project:
    """Set the metrics of an output.

    Raises:
        EditError: There is no such output.
    """
    _output(project, output)
    kept = {key: value for key, value in {**project.compile.metrics, output: metrics}.items() if value}
    return replace(project, compile=replace(project.compile, metrics=kept))


def set_compile(project: Project, **settings: Any) -> Project:
    """Set simple fields of `Compile`, by name.

    Raises:
        EditError: `steps_per_execution` is below 1.
    """
    compiled = replace(project.compile, **settings)
    _at_least("steps_per_execution", compiled.steps_per_execution, 1)
    return replace(project, compile=compiled)


def set_fit(project: Project, **settings: Any) -> Project:
    """Set fields of `Fit`, by name.

    Raises:
        EditError: `epochs`, `batch_size` or `validation_freq` is below 1.
    """
    fit: Fit = replace(project.fit, **settings)
    for name in ("epochs", "batch_size", "validation_freq"):
        _at_least(name, getattr(fit, name), 1)
    return replace(project, fit=fit)


def set_source(project: Project, source: str, columns: Mapping[str, Column]) -> Project:
    """Choose a data source and what its columns are for."""
    return replace(project, data=replace(project.data, source=source, columns=dict(columns)))


def set_column(project: Project, name: str, column: Column) -> Project:
    """Set role, encoding and binding of a column."""
    columns = {**project.data.columns, name: column}
    return replace(project, data=replace(project.data, columns=columns))


def set_split(project: Project, split: Split) -> Project:
    """Set how the rows are divided.

    Raises:
        EditError: A share is outside 0 to below 1, or nothing is left to train on.
    """
    for name in ("validation", "test"):
        share = getattr(split, name)
        if not 0 <= share < 1:
            raise EditError(f"{name} takes a share from 0 to below 1. Received: {name}={share}")
    if split.validation + split.test >= 1:
        raise EditError(f"nothing is left to train on: validation {split.validation} + test {split.test}")
    return replace(project, data=replace(project.data, split=split))


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of a project: a file name without surprises."""
    return bool(text) and text.replace("-", "_").isidentifier() and not keyword.iskeyword(text)


def _output(project: Project, name: str) -> None:
    if name not in project.graph.outputs:
        raise EditError(f"there is no output {name}")


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise EditError(f"{name} is {least} or more. Received: {name}={value}")
