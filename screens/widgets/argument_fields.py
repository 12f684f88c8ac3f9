"""Arguments of the catalog as fields of a form, and what is entered there as values of the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from kerastui.engine.catalog.catalog import NESTED, Argument, Entry, Kind, catalog
from kerastui.engine.catalog.values import format_value, parse_value
from kerastui.engine.project.document import Spec, Value
from kerastui.screens.widgets import words
from kerastui.screens.widgets.choose import Choice
from kerastui.screens.widgets.form import Field
from kerastui.screens.widgets.starting_values import starting_config

COMMON: Final = frozenset(
    {
        *("activation", "use_bias", "pool_size", "strides", "padding", "axis", "return_sequences", "dropout"),
        *("key_dim", "merge_mode", "value_range", "momentum", "negative_slope", "trainable"),
    }
)
"""Arguments that are shown although they are at their default: those that are changed most often."""

QUIET: Final = frozenset({"seed", "input_axes", "output_axes"})
"""Arguments of initializers that nobody needs to choose one: it is then stored by its name alone."""

NONE: Final = "none"
INHERIT: Final = "inherit"

Problems = Mapping[str, tuple[str, str]]
"""What is wrong with arguments, and the words of the repair or `""`, by path."""


def fields_of(
    argument: Argument,
    config: Mapping[str, Value],
    wrong: Problems,
    label: str = "",
    indent: int = 0,
    path: str = "",
) -> Iterator[Field]:
    """Yield the field of an argument, and those of the object it holds.

    Args:
        argument: Argument of the catalog.
        config: Arguments that are set, of the object the argument belongs to.
        wrong: What is wrong, by path.
        label: Label; defaults to its name.
        indent: How far it is set in.
        path: Path of the object the argument belongs to, with a dot at its end; `""` for the layer itself.
    """
    key = path + argument.name
    given = argument.name in config
    value = config[argument.name] if given else None if argument.required else argument.default
    problem, repair = wrong.get(key, ("", ""))
    missing = argument.required and not given
    offered = choices(argument)
    switch = argument.type == "bool" and not argument.nullable
    yield Field(
        key,
        label or argument.name,
        "" if missing else shown(argument, value),
        kind="switch" if switch else "choice" if offered else "text",
        on=value is True,
        changed=given,
        indent=indent,
        choices=offered,
        problem=problem,
        repair=repair,
        help=_help(argument),
        raw="" if missing else _raw(argument, value),
    )
    kind = NESTED.get(argument.type)
    if isinstance(value, Spec) and kind is not None and (entry := catalog().get(kind, value.class_name)) is not None:
        for inner in _inner(entry, value):
            yield from fields_of(inner, value.config, wrong, "", indent + 1, f"{key}.")


def _inner(entry: Entry, spec: Spec) -> list[Argument]:
    """Return the arguments of an object that are shown: all but of a layer, which has too many."""
    if entry.kind != "layer":
        return list(entry.arguments)
    return [each for each in entry.arguments if each.required or each.name in spec.config or each.name in COMMON]


def _help(argument: Argument) -> str:
    default = "required" if argument.required else f"default `{shown(argument, argument.default)}`"
    return f"{argument.help}\n\n*{default}*" if argument.help else f"*{default}*"


def shown(argument: Argument, value: Value) -> str:
    """Return a value as it stands in its field."""
    if value is None:
        return INHERIT if argument.type == "dtype" else NONE
    if isinstance(value, Spec):
        return value.class_name
    if isinstance(value, int) and not isinstance(value, bool):
        return words.count(value)
    return format_value(value)


def _raw(argument: Argument, value: Value) -> str:
    """Return the text the editor starts with: what `parse_value` reads, or the name of the present choice."""
    if isinstance(value, str | Spec) and (kind := NESTED.get(argument.type)) and kind != "layer":
        entry = catalog().get(kind, value if isinstance(value, str) else value.class_name)
        return _choice_name(entry) if entry else format_value(value)
    if value is None or isinstance(value, Spec):
        return shown(argument, value)
    return format_value(value)


def choices(argument: Argument) -> tuple[Choice, ...]:
    """Return what an argument can be, where that is a list; else nothing."""
    kind = NESTED.get(argument.type)
    if argument.type == "bool":
        return tuple(Choice(text) for text in ("true", "false", NONE)) if argument.nullable else ()
    if argument.type in ("choice", "dtype"):
        none = INHERIT if argument.type == "dtype" else NONE
        return (*((Choice(none),) if argument.nullable else ()), *(Choice(text) for text in argument.choices))
    if kind is None or argument.type in ("list", "schedule-or-float"):
        return ()
    return (*((Choice(NONE),) if argument.nullable else ()), *_objects(kind, catalog().own))


@lru_cache(maxsize=32)
def _objects(kind: Kind, own: tuple[Entry, ...] | None) -> Sequence[Choice]:
    """Return the objects of a kind as choices, while the project's own code gives some entries."""
    found = catalog().of(kind)
    if kind == "layer":
        # The cells that RNN takes are no layers of their own, and so not offered elsewhere.
        cells = [catalog().layer(name) for name in ("GRUCell", "LSTMCell", "SimpleRNNCell")]
        found = (*found, *(cell for cell in cells if cell is not None))
    return tuple(Choice(_choice_name(entry), "", entry.summary, f"{entry.summary}\n\n{entry.help}") for entry in found)


def _choice_name(entry: Entry) -> str:
    """Return the name Keras's users know an object by: `he_normal`, but `L2` and `MaxNorm`."""
    small = [alias for alias in entry.aliases if alias.islower()]
    return small[0] if entry.kind == "initializer" and small else entry.name


def entered(
    entry: Entry, config: Mapping[str, Value], path: Sequence[str], given: str | bool | None
) -> dict[str, Value]:
    """Return the arguments of an object after something was entered in a field.

    Args:
        entry: Entry of the object.
        config: Arguments that are set.
        path: Name of the argument, and on to the field within the object it holds.
        given: The text or state entered; `None` puts it back to its default.

    Raises:
        ValueError: It is no value of that argument; the message says what it takes.
    """
    name, *rest = path
    argument = entry.argument(name)
    if argument is None:
        raise ValueError(f"{entry.name} has no argument {name}")
    if not rest:
        value = None if given is None else _read(argument, given, config.get(name))
        kept = {key: each for key, each in config.items() if key != name}
        if given is None or (not argument.required and _same(value, argument.default)):
            return kept
        return {**config, name: value}
    inner = config.get(name)
    kind = NESTED.get(argument.type)
    found = catalog().get(kind, inner.class_name) if kind and isinstance(inner, Spec) else None
    if found is None or not isinstance(inner, Spec):
        raise ValueError(f"{name} holds no object any more")
    return {**config, name: Spec(inner.class_name, entered(found, inner.config, rest, given))}


def _read(argument: Argument, given: str | bool, before: Value) -> Value:
    """Return what was entered as a value."""
    if isinstance(given, bool):
        return given
    if argument.nullable and given in (NONE, INHERIT):
        return None
    kind = NESTED.get(argument.type)
    entry = catalog().get(kind, given.strip()) if kind and choices(argument) else None
    if entry is None or entry.kind == "activation":
        return parse_value(argument, given)
    if isinstance(before, Spec) and before.class_name == entry.name:
        return before
    plain = entry.kind != "layer" and all(each.name in QUIET for each in entry.arguments)
    return _choice_name(entry) if plain else Spec(entry.name, starting_config(entry))


def _same(value: Value, default: object) -> bool:
    return type(value) is type(default) and value == default
