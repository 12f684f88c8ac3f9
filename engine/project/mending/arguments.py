"""Repairs of classes, arguments and names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from kerastui.engine.catalog.catalog import Argument, Entry, catalog
from kerastui.engine.catalog.check import FOREIGN, check_config, check_value, is_whole
from kerastui.engine.catalog.literals import format_value
from kerastui.engine.catalog.starting import STARTING, starting_value
from kerastui.engine.project.document import MODEL, Value
from kerastui.engine.project.graph import NAME, free_id, layer_name, node_name, taken_names
from kerastui.engine.project.mending.case import Case
from kerastui.engine.project.problems import Repair


def near(name: str, known: Iterable[str]) -> str:
    """Return the known name that is nearest in spelling, or `""`."""
    names = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else ""


def other_class(case: Case) -> Repair | None:
    """Offer the class that is nearest in spelling where there is none of that name."""
    if case.entry is not None:
        return None
    if "." in case.class_name and not case.class_name.startswith("ops."):
        prefix = case.class_name.rpartition(".")[0] + "."  # a class of the project's own is replaced by such a one
        known = [entry.name for entry in catalog().of("layer") if entry.name.startswith(prefix)]
    else:
        known = [entry.name for entry in (*catalog().of("layer"), *catalog().of("operation"))]
    found = near(case.class_name, known)
    entry = catalog().layer(found) if found else None
    if entry is None:
        return None
    config, _ = mended_config(entry, case.layer.config)
    return case.layered(f"{case.class_name} → {found}", found, config)


def other_model(case: Case) -> Repair | None:
    """Offer the model that is nearest in spelling, or the only one, where there is none of that name."""
    wanted = case.layer.config.get("model")
    if case.class_name != MODEL or wanted in case.project.models:
        return None
    known = [key for key in case.project.models if key != case.model]
    found = near(str(wanted), known) or (known[0] if len(known) == 1 else "")
    return case.configured(f"model {wanted} → {found}", model=found) if found else None


def valid_arguments(case: Case) -> Repair | None:
    """Offer the nearest arguments that the class takes."""
    entry = case.entry
    if entry is None:
        return None
    refused = re.match(r"[\w.]+ (\w+): ", case.problem.what)
    argument = entry.argument(refused[1]) if refused else None
    if argument is not None and argument.name in case.layer.config:
        value = nearest(argument, case.layer.config[argument.name], refused=True)
        if argument.type == "layer":
            value = starting_value(entry, argument.name)
        if value is None or value == case.layer.config[argument.name]:
            return None
        words = f"{argument.name} {format_value(case.layer.config[argument.name])} → {format_value(value)}"
        return case.configured(words, **{argument.name: value})
    if not check_config(entry, case.layer.config):
        return None
    config, label = mended_config(entry, case.layer.config)
    return case.layered(label, case.class_name, config) if not check_config(entry, config) else None


def mended_config(entry: Entry, config: Mapping[str, Value]) -> tuple[dict[str, Value], str]:
    """Return arguments that a class takes, as near as possible to some that it may not take, and what was changed.

    Args:
        entry: The class.
        config: Arguments by name.
    """
    if entry.name in FOREIGN:
        return dict(config), ""
    said: list[str] = []
    found: dict[str, Value] = {}
    free = [argument.name for argument in entry.arguments if argument.name not in config]
    for name, value in config.items():
        argument = entry.argument(name)
        if argument is None:
            renamed = near(name, free)
            argument = entry.argument(renamed) if renamed else None
            said.append(f"{name} → {renamed}" if renamed else f"drop {name}")
            if argument is None:
                continue
            free.remove(argument.name)
        mended = nearest(argument, value)
        if mended != value:
            said.append(f"{argument.name} {format_value(value)} → {format_value(mended)}")
        if mended is not None or argument.nullable:
            found[argument.name] = mended
    for argument in entry.arguments:
        if argument.required and argument.name not in found:
            value = starting_value(entry, argument.name)
            if value is None:
                continue
            found[argument.name] = value
            said.append(f"set {argument.name}={format_value(value)}")
    return found, ", ".join(said)


def nearest(argument: Argument, value: Value, refused: bool = False) -> Value:
    """Return the value nearest to another one that an argument takes; its default, or a starting value, where none is.

    Args:
        argument: The argument.
        value: The value.
        refused: Keras refuses the value, though the catalog knows no reason.
    """
    if not refused and not check_value(argument, value):
        return value
    found: Value = None
    if argument.type in ("int", "float", "number", "schedule-or-float"):
        found = _within(argument, value)
    elif argument.type in ("int-tuple", "number-tuple"):
        found = _each_within(argument, value)
    elif argument.type == "axis":
        found = -1
    elif isinstance(value, str):
        known = argument.choices
        if argument.type == "activation":
            known = tuple(entry.name for entry in catalog().of("activation"))
        found = near(value, known) or None
    if found is not None and not check_value(argument, found):
        return found
    return STARTING.get(argument.name) if argument.required else argument.default


def _within(argument: Argument, value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    low, high = argument.minimum, argument.maximum
    if argument.name in ("rate", "dropout", "recurrent_dropout") and high == 1 and value > 1:
        return 0.5  # 1 drops everything
    if low is None and argument.type == "int":
        low = 1
    if low == 0 and high == 1 and value < 0:
        return 0.0
    number = value if low is None or value >= low else abs(value) if abs(value) >= low and value else low
    return number if high is None or number <= high else high


def _each_within(argument: Argument, value: Value) -> Value:
    items = value if isinstance(value, tuple) else (value,)
    if argument.name == "dims" and sorted(item for item in items if is_whole(item)) == [*range(len(items))]:
        return tuple(item + 1 for item in items if is_whole(item))  # axes counted from 0, the batch is 0
    numbers = [max(abs(item), 1) if is_whole(item) else item for item in items]
    several = isinstance(argument.default, tuple) and len(argument.default) == len(numbers)
    return tuple(numbers) if several else numbers[0] if numbers else None


def other_name(case: Case) -> Repair | None:
    """Offer a name that is free and fit for one that is not."""
    graph = case.graph
    name = node_name(graph, case.key)
    layers = {call.layer for call in graph.calls.values()}
    used = [*(node_name(graph, key) for key in graph.inputs), *(layer_name(graph, key) for key in layers)]
    if NAME.fullmatch(name) and used.count(name) < 2:
        return None
    free = free_id(re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_.-") or "layer", {*taken_names(graph), *used})
    return Repair(f"rename {name} → {free}", "rename", case.place(case.key), value=free)
