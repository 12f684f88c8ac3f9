"""What an entered value makes of the project: one edit each, with a label for the history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kerastui.engine.catalog.catalog import Argument, Entry, catalog
from kerastui.engine.catalog.check import check_value
from kerastui.engine.catalog.values import format_value
from kerastui.engine.project.document import Project, Spec, Value
from kerastui.screens.configure.settings import Setting, setting_of
from kerastui.screens.configure.slots import Slot
from kerastui.screens.widgets.argument_fields import NONE, entered

SCHEDULE: Final = "schedule"
"""Last part of the key of the field that puts a schedule in the place of a number."""

_LENGTHS: Final = ("decay_steps", "first_decay_steps")
"""Arguments of schedules that a new one gets from the length of the run."""


def change(project: Project, key: str, given: str | bool | None, steps: int | None) -> tuple[str, Project]:
    """Return the label of an edit, and the project after it.

    Args:
        project: The project.
        key: Key of the field something was entered in.
        given: Typed text, chosen value, or state of a switch; `None` puts the field back to its default, or takes a
            metric or callback away.
        steps: Steps of the whole run, `None` if not known.

    Raises:
        ValueError: The field does not take it; the message says what it takes.
    """
    setting = setting_of(key)
    if setting is not None:
        return _set(project, setting, given)
    slot = Slot.of(key)
    path = key.partition("/")[2]
    if slot is None:
        raise ValueError(f"there is no field {key}")
    if path:
        return _argument(project, slot, path, given, steps)
    return _object(project, slot, None if given is None else str(given))


def _set(project: Project, setting: Setting, given: str | bool | None) -> tuple[str, Project]:
    name = f"{setting.output} {setting.argument.name}".strip()
    if given is None:
        return f"{name} back to {format_value(setting.argument.default)}", setting.write(
            project, setting.argument.default
        )
    value = setting.parse(given)
    return f"{name} {format_value(value)}", setting.write(project, value)


def _object(project: Project, slot: Slot, name: str | None) -> tuple[str, Project]:
    """Choose the class of an object, or take the object away."""
    before = slot.read(project)
    words = f"{slot.output} {slot.kind}".strip()
    if name is None:
        if before is None:
            raise ValueError(f"{words} is not there any more")
        label = f"{words} back to its default" if slot.kind == "optimizer" else f"remove {words} {before.class_name}"
        return label, slot.write(project, None)
    entry = catalog().get(slot.kind, name)
    if entry is None:
        raise ValueError(f"there is no {slot.kind} {name} in this Keras")
    if before is None:
        return f"{'add ' if slot.kind != 'loss' else ''}{words} {name}", slot.write(project, Spec(name))
    if catalog().get(slot.kind, before.class_name) is entry:
        return "", project
    return f"{words} {name}", slot.write(project, Spec(name, carried(before, slot, entry)))


def carried(before: Spec, slot: Slot, entry: Entry) -> dict[str, Value]:
    """Return the arguments of an object that the class chosen in its place has too, with the same meaning.

    Args:
        before: The object so far.
        slot: Where it stands.
        entry: The class chosen.
    """
    old = catalog().get(slot.kind, before.class_name)
    kept = {}
    for name, value in before.config.items():
        had, has = old.argument(name) if old else None, entry.argument(name)
        if had is not None and has is not None and had.type == has.type and not check_value(has, value):
            kept[name] = value
    return kept


def _argument(
    project: Project, slot: Slot, path: str, given: str | bool | None, steps: int | None
) -> tuple[str, Project]:
    """Set an argument of an object, or of the object that stands in one of its arguments."""
    spec = slot.read(project)
    entry = catalog().get(slot.kind, spec.class_name) if spec else None
    if spec is None or entry is None:
        raise ValueError(f"there is no {slot.kind} here any more")
    names = path.split(".")
    if names[-1] == SCHEDULE:
        names.pop()
    argument = entry.argument(names[0])
    if argument is not None and len(names) == 1 and _names_schedule(argument, spec, given):
        config = _with_schedule(argument, spec.config, str(given), steps)
    else:
        config = entered(entry, spec.config, names, given)
    words = f"{spec.class_name} {'.'.join(names)}"
    label = f"{words} back to its default" if given is None else f"{words} {_said(given)}"
    return label, slot.write(project, Spec(spec.class_name, config))


def _said(given: str | bool) -> str:
    return format_value(given) if isinstance(given, bool) else given.strip()


def _names_schedule(argument: Argument, spec: Spec, given: str | bool | None) -> bool:
    """Tell whether a schedule was chosen by name, or a number in the place of one."""
    if argument.type != "schedule-or-float" or not isinstance(given, str):
        return False
    chosen = given == NONE and isinstance(spec.config.get(argument.name), Spec)
    return chosen or catalog().get("schedule", given) is not None


def _with_schedule(argument: Argument, config: Mapping[str, Value], name: str, steps: int | None) -> dict[str, Value]:
    """Put a schedule in the place of a number, or the number it starts from in the place of a schedule.

    A new schedule starts from the number that was there and, where it has one length, lasts as long as the run.
    """
    before = config.get(argument.name, argument.default)
    rest = {key: value for key, value in config.items() if key != argument.name}
    start = before.config.get("initial_learning_rate") if isinstance(before, Spec) else before
    entry = catalog().get("schedule", name)
    if entry is None:
        return rest if start is None or start == argument.default else {**rest, argument.name: start}
    if isinstance(before, Spec) and before.class_name == entry.name:
        return dict(config)
    inner = (
        {}
        if not isinstance(before, Spec)
        else {key: value for key, value in before.config.items() if entry.argument(key) is not None}
    )
    if entry.argument("initial_learning_rate") is not None and start is not None:
        inner["initial_learning_rate"] = start
    for length in _LENGTHS:
        if steps and entry.argument(length) is not None:
            inner.setdefault(length, steps)
    return {**rest, argument.name: Spec(entry.name, inner)}
