"""The names under which a run reports its losses and metrics, and the callbacks that watch one of them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.custom.files import is_own
from kerastui.engine.project.document import Project, Spec
from kerastui.engine.project.graph import free_id, stem

VALIDATION = "val_"
"""What the names of what is measured on the validation part begin with."""

NAMED = {"FBetaScore": "fbeta_score", "LogCoshError": "logcosh"}
"""Metrics whose name is not that of their class as Keras writes it."""


def reported(project: Project) -> list[str]:
    """Return the names of what a run measures, as they stand without validation.

    Args:
        project: The project.

    Returns:
        `loss`, that of each output where several have one, and the metrics; nothing where only the run knows them: with
        classes of the project's own, or outputs that are given in a list, which go by the names of their layers.
    """
    outputs, settings = project.graph.outputs, project.compile
    several = len(outputs) > 1
    metrics = [(name, metric.class_name) for name in outputs for metric in settings.metrics.get(name, ())]
    if settings.model or (several and project.graph.gives == "list") or any(is_own(each) for _, each in metrics):
        return []
    found = ["loss"]
    if sum(name in settings.losses for name in outputs) > 1:
        found += [f"{name}_loss" for name in outputs if name in settings.losses]
    found += [f"{name}_{metric_name(each)}" if several else metric_name(each) for name, each in metrics]
    return list(dict.fromkeys(found))


def is_reported(monitor: str, known: Iterable[str]) -> bool:
    """Tell whether a run has a value to watch; a number behind it, as of a second metric of one name, is let pass.

    Args:
        monitor: Its name, perhaps that of validation.
        known: What `reported` gives.
    """
    name = monitor.removeprefix(VALIDATION)
    return not {monitor, name, stem(name)}.isdisjoint({*known, "learning_rate"})


def renamed_monitor(callback: Spec, old: str, new: str, others: Iterable[str]) -> Spec:
    """Return a callback that watches what belongs to an output under its new name.

    Args:
        callback: The callback.
        old: Name of the output before.
        new: Its name now.
        others: Names of the other outputs: `digit_two_loss` belongs to `digit_two`, not to `digit`.
    """
    monitor = callback.config.get("monitor")
    if not isinstance(monitor, str):
        return callback
    name = monitor.removeprefix(VALIDATION)
    owners = [output for output in (old, *others) if name.startswith(f"{output}_")]
    if max(owners, key=len, default="") != old:
        return callback
    renamed = monitor.removesuffix(name) + new + name.removeprefix(old)
    return replace(callback, config={**callback.config, "monitor": renamed})


def metric_name(class_name: str) -> str:
    """Return the name that a metric of Keras has first in a process; `""` of a class of the project's own."""
    if is_own(class_name):
        return ""
    entry = catalog().get("metric", class_name)
    found = entry.name if entry else class_name
    return NAMED.get(found, free_id(found, ()))
