"""What changed from one project to another, in words: `dense_1: units 64 → 128`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from kerastui.engine.catalog.catalog import NESTED, Argument, Kind, catalog
from kerastui.engine.catalog.literals import format_value
from kerastui.engine.project.document import Spec, Value

What: TypeAlias = Literal["added", "removed", "changed", "renamed", "wired", "moved"]
T = TypeVar("T")


class Difference(msgspec.Struct, frozen=True):
    """Say one thing that changed.

    Args:
        what: What happened.
        place: Where: the id of a card, `encoder/dense` in a model inside, or the name of a setting.
        text: It in words, one line.
    """

    what: What
    place: str
    text: str


def arguments(
    place: str, before: Mapping[str, Value], after: Mapping[str, Value], class_name: str, kind: Kind
) -> Iterator[Difference]:
    """Yield a difference for each argument of an object that is not what it was.

    Args:
        place: What the object is, before the colon.
        before: Its arguments.
        after: The same, later.
        class_name: Its class, whose defaults stand for what is not given.
        kind: What it is for.
    """
    for words, old, new in _changes(before, after, class_name, kind):
        yield Difference("changed", place, f"{place}: {words} {old} → {new}")


def _changes(
    before: Mapping[str, Value], after: Mapping[str, Value], class_name: str, kind: Kind
) -> Iterator[tuple[str, str, str]]:
    """Yield name, old and new value of what differs; objects of one class are looked into."""
    entry = catalog().get(kind, class_name)
    for name in dict.fromkeys([*before, *after]):
        argument = entry.argument(name) if entry else None
        old, new = _given(before, name, argument), _given(after, name, argument)
        if _alike(old, new) and (name in before) == (name in after):
            continue
        if isinstance(old, Spec) and isinstance(new, Spec) and old.class_name == new.class_name:
            inner = NESTED.get(argument.type, "layer") if argument else "layer"
            for words, first, second in _changes(old.config, new.config, old.class_name, inner):
                yield f"{name} {words}", first, second
        elif _alike(old, new):  # the default was written out, or taken away again
            yield name, *(("default", shown(new)) if name in after else (shown(old), "default"))
        else:
            yield name, shown(old), shown(new)


def _given(config: Mapping[str, Value], name: str, argument: Argument | None) -> Any:
    if name in config:
        return config[name]
    return argument.default if argument is not None and not argument.required else msgspec.UNSET


def _alike(old: Any, new: Any) -> bool:
    return bool(old == new) and type(old) is type(new)


def shown(value: Any) -> str:
    """Return a value as it stands in a line: `64`, `relu`, `Adam(learning_rate=1e-3)`; `unset` where there is none."""
    if value is msgspec.UNSET:
        return "unset"
    if isinstance(value, Spec) and not value.config:
        return value.class_name
    return format_value(value)


def told(spec: Spec, kind: Kind = "layer") -> str:
    """Return an object with its arguments, the one that tells most without its name: `Dense 64, activation relu`."""
    entry = catalog().get(kind, spec.class_name)
    telling = entry.telling if entry and kind == "layer" and entry.telling in spec.config else ""
    rest = [f"{name} {shown(value)}" for name, value in spec.config.items() if name != telling]
    return ", ".join([f"{spec.class_name}{f' {shown(spec.config[telling])}' if telling else ''}", *rest])


def objects(place: str, before: Spec, after: Spec, kind: Kind) -> Iterator[Difference]:
    """Yield what changed in an object that there is one of, such as the optimizer."""
    if before.class_name != after.class_name:
        yield Difference("changed", place, f"{place}: {told(before, kind)} → {told(after, kind)}")
    else:
        yield from arguments(place, before.config, after.config, after.class_name, kind)


def tables(
    before: Mapping[str, T],
    after: Mapping[str, T],
    describe: Callable[[str, T | None, T | None], Iterator[Difference]],
) -> Iterator[Difference]:
    """Yield the differences of two tables, entry by entry: what is gone first, then in the order of the later one.

    Args:
        before: The table.
        after: The same, later.
        describe: Describes an entry by its key, `None` where it is not there.
    """
    for key in before:
        if key not in after:
            yield from describe(key, before[key], None)
    for key, item in after.items():
        if key not in before or before[key] != item:
            yield from describe(key, before.get(key), item)
