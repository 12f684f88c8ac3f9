"""What a model was compiled with, as the document has it: optimizer, and for each output loss, metrics and weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, TypeVar

from kerastui.engine.catalog.catalog import catalog
from kerastui.engine.catalog.objects import build_object
from kerastui.engine.importing.values import Known, Unheld, own_spec, spec_from
from kerastui.engine.keras_private import LOSSES, METRICS
from kerastui.engine.project.document import Compile, Spec

T = TypeVar("T")
Shape = tuple[int | None, ...]

AUTOMATIC = {"accuracy": "Accuracy", "acc": "Accuracy", "crossentropy": "Crossentropy", "ce": "Crossentropy"}
"""Metrics that Keras chooses by output and target, and how the class that it takes ends."""


def compile_of(
    config: Mapping[str, Any], outputs: Mapping[str, Shape], own: Mapping[Any, str] = MappingProxyType({})
) -> tuple[Compile, list[str]]:
    """Turn the arguments of `compile` into the document's settings.

    Args:
        config: What `get_compile_config` gives; empty if the model was not compiled.
        outputs: The shape of each output, with the batch axis, by name.
        own: Classes and functions of the project's own code, with the name that the document has for each. Defaults to
            none.

    Returns:
        The settings, and what is not among them.
    """
    if not config:
        return Compile(), []
    reader = _Settings(outputs, own)
    optimizer = reader.tried("the optimizer", lambda: reader.spec(config.get("optimizer") or "adam", "optimizer"))
    losses = reader.each("the loss", config.get("loss"), reader.loss)
    weights = reader.each("the loss weight", config.get("loss_weights"), reader.weight)
    reader.losses = {name: loss.class_name for name, loss in losses.items()}
    metrics = reader.each("the metrics", reader.grouped(config.get("metrics")), reader.metrics)
    if config.get("weighted_metrics"):
        reader.notes.append("weighted_metrics")
    settings = Compile(
        optimizer=optimizer or Spec("Adam"),
        losses=losses,
        metrics={name: found for name, found in metrics.items() if found},
        loss_weights={name: weight for name, weight in weights.items() if weight != 1.0},
        jit_compile="auto" if config.get("jit_compile") is None else config["jit_compile"],
        steps_per_execution=int(config.get("steps_per_execution") or 1),
        run_eagerly=bool(config.get("run_eagerly")),
    )
    return settings, reader.notes


class _Settings:
    """Read settings for some outputs, and note what cannot be held."""

    def __init__(self, outputs: Mapping[str, Shape], own: Mapping[Any, str]) -> None:
        self.outputs = outputs
        self.own = {item.__name__: (item, name) for item, name in own.items()}
        self.losses: dict[str, str] = {}
        self.notes: list[str] = []
        self._known = Known()

    def tried(self, what: str, read: Callable[[], T | None]) -> T | None:
        """Read something; note it and return `None` where it cannot be held."""
        try:
            return read()
        except Unheld as error:
            self.notes.append(f"{what} ({error})")
            return None

    def each(self, what: str, given: Any, read: Callable[[Any, str], T | None]) -> dict[str, T]:
        """Read a setting of every output, from a dict by name, a list in order, or one for all."""
        names = list(self.outputs)
        if isinstance(given, Mapping) and "class_name" not in given:
            items = {name: given[name] for name in names if name in given}
        elif isinstance(given, list | tuple):
            items = dict(zip(names, given, strict=False))
        else:
            items = {name: given for name in names}
        found: dict[str, T] = {}
        for name, item in items.items():
            of = f"{what} of {name}" if len(names) > 1 else what
            value = None if item is None else self.tried(of, partial(read, item, name))
            if value is not None:
                found[name] = value
        return found

    def grouped(self, metrics: Any) -> Any:
        """Put the metrics of a single output into one group, as several outputs have them."""
        if len(self.outputs) == 1 and isinstance(metrics, list | tuple) and not any(map(_is_list, metrics)):
            return [metrics]
        return metrics

    def loss(self, item: Any, name: str) -> Spec:
        """Read a loss."""
        return self.spec(item[0] if _is_list(item) and len(item) == 1 else item, "loss")

    def weight(self, item: Any, name: str) -> float:
        """Read the weight of a loss."""
        return float(item)

    def metrics(self, given: Any, name: str) -> tuple[Spec, ...]:
        """Read the metrics of an output; those that cannot be held are noted one by one."""
        items = given if _is_list(given) else [given]
        of = f" of {name}" if len(self.outputs) > 1 else ""
        found = [self.tried(f"a metric{of}", partial(self.metric, item, name)) for item in items]
        return tuple(spec for spec in found if spec is not None)

    def metric(self, item: Any, name: str) -> Spec | None:
        """Read a metric; `None` for none."""
        if item is None:
            return None
        if isinstance(item, str) and item in AUTOMATIC:
            shape = self.outputs[name]
            sparse = self.losses.get(name, "").startswith("Sparse")
            kind = "Binary" if shape and shape[-1] == 1 else "SparseCategorical" if sparse else "Categorical"
            return Spec(f"{kind}{AUTOMATIC[item]}")
        return self.spec(item, "metric")

    def spec(self, item: Any, kind: Any) -> Spec:
        """Name a setting by class and arguments.

        Raises:
            Unheld: It is none of Keras's own, nor of the project's.
        """
        own = self._own(item)
        if own is not None:
            return own
        if isinstance(item, Mapping) and item.get("class_name") == "function":
            item = item["config"]
        if isinstance(item, str):
            name = _class_named(item, kind)
            if name is None:
                raise Unheld(f"{item} is none of Keras's")
            return Spec(name)
        if not isinstance(item, Mapping) or "class_name" not in item:
            raise Unheld(f"it is {type(item).__name__}")
        return spec_from(item, kind, self._known)

    def _own(self, item: Any) -> Spec | None:
        """Name a setting of the project's own code; `None` for another one."""
        name = item.get("class_name") if isinstance(item, Mapping) else item
        config = item["config"] if isinstance(item, Mapping) and "config" in item else {}
        name = config if name == "function" else name
        made, told = self.own.get(str(name).rpartition(">")[2], (None, ""))
        if not told:
            return None
        return own_spec(made, config, told) if isinstance(made, type) else Spec(told)


def _class_named(name: str, kind: str) -> str | None:
    """Return the public class that a name such as `"mse"` stands for."""
    if kind == "optimizer":
        known: Sequence[str] = [entry.name for entry in catalog().of("optimizer")]
        return next((each for each in known if each.lower() == name.lower()), None)
    if kind == "metric":
        found = METRICS.get(name)
        return found.__name__ if found is not None and catalog().get("metric", found.__name__) else None
    found = LOSSES.get(name)
    return found.__name__ if isinstance(found, type) else _classes_of_functions().get(found)


@lru_cache(maxsize=1)
def _classes_of_functions() -> dict[Any, str]:
    """Return which class of loss computes with which function."""
    classes: dict[Any, str] = {}
    for entry in catalog().of("loss"):
        function = getattr(build_object(Spec(entry.name), "loss"), "fn", None)
        if function is not None:
            classes[function] = entry.name
    return classes


def _is_list(item: Any) -> bool:
    return isinstance(item, list | tuple)
