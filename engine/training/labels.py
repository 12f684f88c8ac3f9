"""Which loss, metric, target and weight belongs to which output, and what the output is called in the logs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NoReturn

from kerastui.engine.keras_private import keras
from kerastui.engine.training.nearest import by_likeness

PER_OUTPUT = "a list with one entry per output, or a dict by output name"


def is_container(value: Any) -> bool:
    """Tell whether a value holds others: a list, a tuple or a dict."""
    return isinstance(value, (list, tuple, dict))


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Number the names that come again: `out`, `out_1`, `out_2`."""
    found: list[str] = []
    for name in names:
        number, candidate = 0, name
        while candidate in found:
            number += 1
            candidate = f"{name}_{number}"
        found.append(candidate)
    return tuple(found)


def output_labels(y_pred: Any, output_names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Name the outputs of a model.

    Args:
        y_pred: What the model returned: a tensor, or a structure of them.
        output_names: The names that the model has for them, in flat order.

    Returns:
        One name per output, in flat order, none twice: the keys where `y_pred` is a flat dict; else the model's names;
        else `output_1`, `output_2`, …, as in tf.keras.
    """
    paths = [path for path, _ in keras.tree.flatten_with_path(y_pred)]
    if isinstance(y_pred, dict) and all(len(path) == 1 for path in paths):
        return unique(str(path[0]) for path in paths)
    if output_names and len(output_names) == len(paths):
        return unique(output_names)
    return unique(_name_of_path(path) for path in paths)


def _name_of_path(path: tuple[Any, ...]) -> str:
    parts = [str(part + 1) if isinstance(part, int) else str(part) for part in path] or ["1"]
    name = "_".join(parts)
    return name if path and not isinstance(path[0], int) else f"output_{name}"


class Outputs:
    """The outputs of a model, for finding the part of an argument that each of them gets.

    Args:
        y_pred: What the model returned.
        output_names: The names that the model has for its outputs, in flat order; `None` for a subclassed model.
    """

    def __init__(self, y_pred: Any, output_names: Sequence[str] | None = None) -> None:
        self.structure = y_pred
        self.labels = output_labels(y_pred, output_names)
        self.tensors: list[Any] = keras.tree.flatten(y_pred)
        self._named = bool(output_names) or isinstance(y_pred, dict)

    def __len__(self) -> int:
        return len(self.tensors)

    def spread(self, argument: str, value: Any, *, strict: bool = True) -> list[Any]:
        """Find what each output gets of an argument.

        Args:
            argument: Its name, for messages.
            value: One value for all outputs, a list or dict with one per output, or the structure of the outputs.
                Outputs that a dict leaves out get `None`.
            strict: Whether the name in a dict for the only output must be the output's.

        Returns:
            One entry per output, in flat order.

        Raises:
            ValueError: If the length or the structure is another one, or a name is no output's.
        """
        return _Spreading(argument, value, strict and self._named).match(value, self.structure, self.labels)

    def targets(self, y: Any, wanted: Sequence[bool]) -> list[Any]:
        """Find the target of each output.

        Args:
            y: The targets as the user gave them.
            wanted: For each output, whether anything looks at its target. Outputs of which nothing does may be left
                out of `y`.

        Returns:
            One entry per output, in flat order; `None` where there is no target.

        Raises:
            ValueError: If there are more or fewer targets than outputs, or a name is no output's.
        """
        if y is None:
            return [None] * len(self)
        given = keras.tree.flatten(y)
        if len(given) == sum(wanted) < len(self) and not isinstance(y, dict):
            rest = iter(given)
            return [next(rest) if want else None for want in wanted]
        if len(self) > 1 and not is_container(y):
            raise ValueError(
                f"`y` must hold one target for each of the {len(self)} outputs {self._listed()}: {PER_OUTPUT}. "
                f"Received: a single {_describe(y)}"
            )
        found = [_only(target) for target in self.spread("y", y, strict=False)]
        if any(is_container(target) for target in found):
            raise ValueError(
                f"`y` must have one target per output {self._listed()}. Received: y with {len(given)} targets"
            )
        return found

    def sample_weights(self, sample_weight: Any) -> list[Any]:
        """Find the sample weights of each output: one tensor is for all of them.

        Raises:
            ValueError: If there is another number of weights than of outputs, or a name is no output's.
        """
        sample_weight = _only(sample_weight)
        return [_only(weight) for weight in self.spread("sample_weight", sample_weight, strict=False)]

    def _listed(self) -> str:
        return ", ".join(map(repr, self.labels))


class _Spreading:
    """One walk along an argument and the structure of the outputs."""

    def __init__(self, argument: str, received: Any, strict: bool) -> None:
        self._argument = argument
        self._received = received
        self._strict = strict

    def match(self, value: Any, node: Any, labels: Sequence[str]) -> list[Any]:
        if not is_container(node):
            return [self._for_one(value, labels[0])]
        if not is_container(value):
            return [value] * len(labels)
        if isinstance(value, dict):
            return self._by_name(value, node, labels)
        children = _children(node)
        if len(value) == len(children) and not isinstance(node, dict):
            return self._each(value, [child for _, child in children], labels)
        if len(value) == len(labels):
            return [self._for_one(one, label) for one, label in zip(value, labels, strict=True)]
        self._refuse(f"has {len(value)} entries, but there are {len(labels)} outputs", labels)

    def _for_one(self, value: Any, label: str) -> Any:
        if not isinstance(value, dict):
            return value
        if label in value or self._strict:
            self._require_known(value, [label])
            return value.get(label)
        if len(value) != 1:
            self._refuse(f"names {len(value)} outputs, but there is one", [label])
        return next(iter(value.values()))

    def _by_name(self, value: dict[Any, Any], node: Any, labels: Sequence[str]) -> list[Any]:
        if not isinstance(node, dict):
            self._require_known(value, labels)
            return [value.get(label) for label in labels]
        children = _children(node)
        self._require_known(value, [key for key, _ in children])
        return self._each([value.get(key) for key, _ in children], [child for _, child in children], labels)

    def _each(self, values: Iterable[Any], nodes: Sequence[Any], labels: Sequence[str]) -> list[Any]:
        found: list[Any] = []
        for value, node in zip(values, nodes, strict=True):
            start = len(found)
            found += self.match(value, node, labels[start : start + len(keras.tree.flatten(node))])
        return found

    def _require_known(self, value: dict[Any, Any], known: Sequence[Hashable]) -> None:
        for name in value:
            if name not in known:
                ordered = by_likeness(str(name), [str(item) for item in known])
                raise ValueError(
                    f"`{self._argument}` names an output that the model does not have: {name!r}. "
                    f"Its outputs, nearest first: {', '.join(map(repr, ordered))}. {self._show()}"
                )

    def _refuse(self, what: str, labels: Sequence[str]) -> NoReturn:
        raise ValueError(
            f"`{self._argument}` {what}: {', '.join(map(repr, labels))}. Expected {PER_OUTPUT}. {self._show()}"
        )

    def _show(self) -> str:
        shown = keras.tree.map_structure(
            lambda leaf: _Bare(_describe(leaf)) if hasattr(leaf, "shape") else leaf, self._received
        )
        return f"Received: {self._argument}={shown!r}"


class _Bare(str):
    """Text that is shown without quotes within a list or dict."""

    def __repr__(self) -> str:
        return str(self)


def _children(node: Any) -> list[tuple[Any, Any]]:
    """The entries of a container, in the order in which Keras flattens it."""
    if not isinstance(node, dict):
        return list(enumerate(node))
    keys: Iterable[Any] = node
    if not isinstance(node, OrderedDict):
        keys = (path[0] for path, _ in keras.tree.flatten_with_path(dict.fromkeys(node)))
    return [(key, node[key]) for key in keys]


def _only(value: Any) -> Any:
    """The entry of a list or tuple of one."""
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def _describe(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else f"array of shape {tuple(shape)}"
