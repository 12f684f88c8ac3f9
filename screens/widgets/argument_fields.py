"""Arguments of the catalog as fields of a form, and what is entered there as values of the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from kerastui.engine.catalog.catalog import NESTED, Argument, Entry, Kind, catalog
from kerastui.engine.catalog.check import takes
from kerastui.engine.catalog.starting import starting_config
from kerastui.engine.catalog.values import format_value, parse_value
from kerastui.engine.custom.files import is_own
from kerastui.engine.project.document import Spec, Value
from kerastui.screens.widgets import words
from kerastui.screens.widgets.choose import Choice
from kerastui.screens.widgets.form import Field

COMMON: Final = frozenset(
    {
        *("activation", "use_bias", "pool_size", "strides", "padding", "axis", "return_sequences", "dropout"),
        *("key_dim", "merge_mode", "value_range", "momentum", "negative_slope", "trainable"),
    }
)
"""Arguments that are shown although they are at their default: those that are changed most often."""

QUIET: Final = frozenset({"seed", "input_axes", "output_axes"})
"""Arguments of initializers that nobody needs to choose one: it is then stored by its name alone."""

MORE: Final = "*"
"""End of the key of the row that the seldom used arguments of a layer fold under."""

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
    under: str = "",
) -> Iterator[Field]:
    """Yield the field of an argument, and those of the object or the layers it holds.

    Args:
        argument: Argument of the catalog.
        config: Arguments that are set, of the object the argument belongs to.
        wrong: What is wrong, by path.
        label: Label; defaults to its name.
        indent: How far it is set in.
        path: Path of the object the argument belongs to, with a dot at its end; `""` for the layer itself.
        under: Key of the field that it is one of.
    """
    key = path + argument.name
    given = argument.name in config
    value = config[argument.name] if given else None if argument.required else argument.default
    problem, repair = wrong.get(key, ("", ""))
    missing = argument.required and not given
    offered = choices(argument)
    inner = list(_held(argument, value, wrong, indent + 1, key))
    switch = argument.type == "bool" and not argument.nullable
    fixed = holds_layers(argument) or argument.type == "code"
    yield Field(
        key,
        label or argument.name,
        "" if missing else shown(argument, value),
        kind="readonly" if fixed else "switch" if switch else "choice" if offered else "text",
        on=value is True,
        changed=given,
        indent=indent,
        choices=offered,
        problem=problem,
        repair=repair,
        help=_help(argument),
        raw="" if missing else _raw(argument, value),
        # What was chosen with its arguments is open; those of a plain name such as `glorot_uniform` are seldom wanted.
        opens="" if not inner else "closed" if isinstance(value, str) else "open",
        under=under,
    )
    yield from inner


def holds_layers(argument: Argument) -> bool:
    """Tell whether an argument takes a list of layers, such as the cells of `StackedRNNCells`."""
    return argument.type == "list" and argument.name.endswith(("layers", "cells"))


def _held(argument: Argument, value: Value, wrong: Problems, indent: int, key: str) -> Iterator[Field]:
    """Yield the fields of the object that an argument holds, or of each of its layers."""
    kind = NESTED.get(argument.type)
    if holds_layers(argument):
        yield from _layers(value if isinstance(value, tuple) else (), wrong, indent, key)
    elif kind is not None and kind != "activation" and isinstance(value, str | Spec):
        yield from _object_fields(kind, value, wrong, indent, key)


def _layers(items: Sequence[Value], wrong: Problems, indent: int, key: str) -> Iterator[Field]:
    """Yield a field for each layer of a list, with its own, and one that adds another."""
    for at, item in enumerate(items):
        path = f"{key}.{at}"
        name = item.class_name if isinstance(item, Spec) else str(item)
        inner = list(_object_fields("layer", item, wrong, indent + 1, path)) if isinstance(item, Spec) else []
        yield Field(
            path,
            str(at + 1),
            name,
            kind="choice",
            changed=True,
            indent=indent,
            choices=tuple(_objects("layer", catalog().own)),
            help=f"Layer {at + 1} of the list. `enter` puts another in its place, `del` takes it out.",
            opens="closed" if inner and len(items) > 1 else "open" if inner else "",
            under=key,
        )
        yield from inner
    yield Field(
        f"{key}.{len(items)}",
        "add",
        "a layer",
        kind="choice",
        indent=indent,
        choices=tuple(_objects("layer", catalog().own)),
        help="Put another layer at the end of the list.",
        raw="",
        under=key,
    )


def _object_fields(kind: Kind, value: str | Spec, wrong: Problems, indent: int, key: str) -> Iterator[Field]:
    """Yield the fields of an object: of a layer what is required, set or common first, the rest folded."""
    entry = catalog().get(kind, value.class_name if isinstance(value, Spec) else value)
    if entry is None:
        return
    config = value.config if isinstance(value, Spec) else {}
    rest: list[Argument] = []
    for argument in entry.arguments:
        if entry.kind == "layer" and not (argument.required or argument.name in config or argument.name in COMMON):
            rest.append(argument)
        else:
            yield from fields_of(argument, config, wrong, "", indent, f"{key}.", key)
    if rest:
        more = f"{key}.{MORE}"
        yield Field(more, f"{len(rest)} more", "", "readonly", indent=indent, opens="closed", under=key)
        for argument in rest:
            yield from fields_of(argument, config, wrong, "", indent, f"{key}.", more)


def _help(argument: Argument) -> str:
    default = "required" if argument.required else f"default `{shown(argument, argument.default)}`"
    told = f"Takes {takes(argument)}; {default}."
    return f"{argument.help}\n\n*{told}*" if argument.help else f"*{told}*"


def shown(argument: Argument, value: Value) -> str:
    """Return a value as it stands in its field."""
    if value is None:
        return INHERIT if argument.type == "dtype" else NONE
    if isinstance(value, Spec):
        return value.class_name
    if holds_layers(argument):
        return words.plural(len(value), "layer") if isinstance(value, tuple) else "no layers"
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
    kept = {key: each for key, each in config.items() if key != name}
    if rest:
        value = _held_after(argument, config.get(name, argument.default), rest, given)
    elif given is None:
        return kept
    else:
        value = _read(argument, given, config.get(name))
    if not argument.required and _is_default(argument, value):
        return kept
    return {**config, name: value}


def _held_after(argument: Argument, value: Value, path: Sequence[str], given: str | bool | None) -> Value:
    """Return the object or the layers that an argument holds after something was entered within."""
    if not holds_layers(argument):
        kind = NESTED.get(argument.type)
        found = _within(kind, value, path, given) if kind else None
        if found is None:
            raise ValueError(f"{argument.name} holds no object any more")
        return found
    items = list(value) if isinstance(value, tuple) else []
    at, rest = int(path[0]), path[1:]
    if not rest and given is None:
        return tuple(items[:at] + items[at + 1 :])
    before = items[at] if at < len(items) else None
    after = _within("layer", before, rest, given) if rest else _read_object("layer", str(given), before)
    if after is None:
        raise ValueError(f"{argument.name} has no layer {given if not rest else at + 1}")
    return (*items[:at], after, *items[at + 1 :])


def _within(kind: Kind, value: Value, path: Sequence[str], given: str | bool | None) -> Value:
    """Return an object after something was entered in one of its fields; `None` if it is none."""
    found = catalog().get(kind, value.class_name if isinstance(value, Spec) else str(value))
    if found is None or not isinstance(value, str | Spec):
        return None
    config = entered(found, value.config if isinstance(value, Spec) else {}, path, given)
    return Spec(found.name, config) if config or not _plain(found) else _choice_name(found)


def _read(argument: Argument, given: str | bool, before: Value) -> Value:
    """Return what was entered as a value."""
    if isinstance(given, bool):
        return given
    if argument.nullable and given in (NONE, INHERIT):
        return None
    name, kind = given.strip(), NESTED.get(argument.type)
    named = kind is not None and choices(argument) and (kind != "activation" or is_own(name))
    found = _read_object(kind, name, before) if kind is not None and named else None
    return parse_value(argument, given) if found is None else found


def _read_object(kind: Kind, name: str, before: Value) -> Value:
    """Return the object of a name, as it was before if it is the same; `None` if there is none of that name."""
    entry = catalog().get(kind, name)
    if entry is None:
        return None
    if isinstance(before, Spec) and before.class_name == entry.name:
        return before
    return _choice_name(entry) if _plain(entry) else Spec(entry.name, starting_config(entry))


def _plain(entry: Entry) -> bool:
    """Tell whether an object of Keras is stored by its name alone while none of its arguments is set."""
    return entry.kind != "layer" and not entry.code and all(each.name in QUIET for each in entry.arguments)


def _is_default(argument: Argument, value: Value) -> bool:
    """Tell whether a value is the default, also an object of the default's class with no argument set."""
    default, kind = argument.default, NESTED.get(argument.type)
    if kind is not None and isinstance(default, str) and isinstance(value, str | Spec):
        name, config = (value.class_name, value.config) if isinstance(value, Spec) else (value, {})
        return not config and catalog().get(kind, name) is catalog().get(kind, default) is not None
    return type(value) is type(default) and value == default
