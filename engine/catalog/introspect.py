"""Write the catalog from Keras itself: `python -m kerastui.engine.catalog.introspect assets/catalog.json`.

Nothing is described by hand: names come from Keras's public namespaces, arguments from the constructors, types from
`rules.py`, words from the docstrings. The only module of the catalog that imports Keras at the top.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from inspect import Parameter
from pathlib import Path
from typing import Any, Final

import keras
import msgspec

from kerastui.engine.catalog import docstrings, rules
from kerastui.engine.catalog.catalog import KINDS, MODULES, NESTED, Argument, Catalog, Entry, Kind
from kerastui.engine.catalog.operations import Function, functions

ROOTS: Final[Mapping[Kind, tuple[type, tuple[str, ...]]]] = {
    "layer": (keras.layers.Layer, ("call",)),
    "optimizer": (keras.optimizers.Optimizer, ("update_step", "apply")),
    "loss": (keras.losses.Loss, ("call",)),
    "metric": (keras.metrics.Metric, ("update_state",)),
    "schedule": (keras.optimizers.schedules.LearningRateSchedule, ("__call__",)),
    "callback": (keras.callbacks.Callback, ()),
    "initializer": (keras.initializers.Initializer, ("__call__",)),
    "regularizer": (keras.regularizers.Regularizer, ("__call__",)),
    "constraint": (keras.constraints.Constraint, ("__call__",)),
}
"""Base class of each kind and the methods one of which a usable class writes itself.

That tells abstract bases (`Layer`, `Wrapper`, `Optimizer`, …) from classes to use. `InputLayer` goes too: its `call`
takes no tensor, and the document has inputs of its own.
"""

_MADE_BY_FIT: Final = frozenset({"CallbackList", "History", "ProgbarLogger"})
"""Callbacks that `fit` makes itself; a second one does harm or nothing."""

_HIDDEN: Final = frozenset({"name", "autocast", "args", "kwargs", "self"})
"""Arguments left out: the document keeps names itself, and `autocast` is for writers of layers."""

_CATEGORIES: Final = {
    "activations": "activation",
    "convolutional": "convolution",
    "rnn": "recurrent",
    "image_preprocessing": "image preprocessing",
    "utils": "other frameworks",
    "export": "other frameworks",
}
"""Keras's own packages whose name is not already the word for the group."""

_SILENT: Final = frozenset({"data_format", "reduction", "seed", "value_range"})
"""Arguments that never tell one layer from another on a card."""

_CARD: Final = frozenset({"int", "float", "number", "choice", "str", "int-tuple", "number-tuple", "axis", "shape"})
"""Types short enough to be told on a card, where no argument is required."""


def introspect() -> Catalog:
    """Read the installed Keras.

    Returns:
        The catalog, the same for the same version of Keras: sorted, without addresses or paths.
    """
    entries = [entry for kind in KINDS if kind not in ("operation", "model") for entry in _entries(kind)]
    entries += [_operation(function) for function in functions().values()]
    metrics = {entry.name: entry.category for entry in entries if entry.kind == "metric"}
    entries = [
        msgspec.structs.replace(entry, category=metrics.get(entry.name, "")) if entry.kind == "loss" else entry
        for entry in entries
    ]
    return Catalog(keras.__version__, tuple(_borrow_help(_name_defaults(entries))))


def main(path: str) -> None:
    """Write the catalog to a file, one argument a block, so that a new Keras shows as a small diff."""
    Path(path).write_bytes(encode(introspect()))


def encode(found: Catalog) -> bytes:
    """Return the catalog as the bytes of the asset."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"


def public(kind: Kind) -> Mapping[str, tuple[Any, tuple[str, ...]]]:
    """Return the usable objects of a kind with their other public names, by name, sorted."""
    names: dict[int, list[str]] = {}
    objects: dict[int, Any] = {}
    for name, item in sorted(vars(import_module(MODULES[kind])).items()):
        if not name.startswith("_") and usable(kind, item):
            names.setdefault(id(item), []).append(name)
            objects[id(item)] = item
    found = {}
    for key, item in objects.items():
        known = names[key]
        name = item.__name__ if item.__name__ in known else known[0]
        found[name] = (item, tuple(other for other in known if other != name))
    return dict(sorted(found.items()))


def usable(kind: Kind, item: object) -> bool:
    """Tell whether an object is one of a kind that can be used: no abstract base."""
    if kind == "activation":
        return inspect.isfunction(item) and next(iter(inspect.signature(item).parameters)) == "x"
    root, methods = ROOTS[kind]
    if not (inspect.isclass(item) and issubclass(item, root)) or item is root:
        return False
    written = not methods or any(getattr(item, method) is not getattr(root, method) for method in methods)
    return written and not (kind == "layer" and not _call_parameters(item))


def _entries(kind: Kind) -> Iterator[Entry]:
    for name, (item, aliases) in public(kind).items():
        yield describe(kind, name, item, aliases)


def describe(
    kind: Kind, name: str, item: Any, aliases: tuple[str, ...] = (), rule: Callable[..., Argument] = rules.argument
) -> Entry:
    """Describe a class, or an activation function.

    Args:
        kind: What it is for.
        name: Its public name.
        item: The class or function.
        aliases: Its other public names.
        rule: Describes an argument, as `rules.argument` does.
    """
    said = docstrings.read(item.__doc__ or "")
    arguments = tuple(_arguments(kind, item, rule))
    inputs, tensors = _inputs(item, said) if kind == "layer" else ("one", ())
    return Entry(
        kind=kind,
        name=name,
        category=_category(kind, item.__module__),
        summary=said.summary,
        help=said.help,
        arguments=arguments,
        inputs="list" if inputs == "list" else "many" if inputs == "many" else "one",
        tensors=tensors,
        named=tuple(_named(item, tensors)) if kind == "layer" else (),
        options=tuple(_options(item, tensors, said, rule)) if kind == "layer" else (),
        telling=_telling(arguments),
        aliases=aliases,
        offered=_offered(kind, name, item, arguments, tensors),
    )


def _arguments(kind: Kind, item: Any, rule: Callable[..., Argument]) -> Iterator[Argument]:
    """Describe the arguments of a constructor, then those it hands on to the base class of its kind."""
    if kind == "activation":
        parameters = dict(list(inspect.signature(item).parameters.items())[1:])
        bases: tuple[Any, ...] = (item,)
    else:
        root = ROOTS[kind][0]
        bases = item.__mro__[: item.__mro__.index(root) + 1]
        parameters = _parameters(item)
        parameters |= {key: each for key, each in _inherited(bases).items() if key not in parameters}
    for name, parameter in parameters.items():
        if name not in _HIDDEN and parameter.kind not in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL):
            text = next((text for base in bases if (text := _said(base).arguments.get(name))), "")
            yield rule(kind, name, parameter.default, text)


def _parameters(item: Any) -> dict[str, Parameter]:
    """Return the parameters of a class; of `__init__` itself, since Keras wraps `__new__`."""
    return {} if item.__init__ is object.__init__ else dict(inspect.signature(item.__init__).parameters)


def _inherited(bases: tuple[type, ...]) -> dict[str, Parameter]:
    """Return the parameters of the last class that the constructors before it hand on to it as `**kwargs`.

    `ActivityRegularization` sets `activity_regularizer` itself, `StringLookup` hands nothing on: the source tells.
    """
    *below, root = bases
    taken: set[str] = set()
    for base in below:
        if "__init__" in vars(base):
            call = _super_call(base)
            if call is None or all(each.arg is not None for each in call.keywords):
                return {}
            taken |= {each.arg for each in call.keywords if each.arg is not None} - _parameters(base).keys()
    return {name: parameter for name, parameter in _parameters(root).items() if name not in taken}


def _super_call(base: Any) -> ast.Call | None:
    """Find `super().__init__(…)` in the constructor of a class."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(base.__init__)))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return next((call for call in calls if ast.unparse(call.func) == "super().__init__"), None)


@cache
def _said(item: Callable[..., Any]) -> docstrings.Docstring:
    return docstrings.read(item.__doc__ or "")


def _call_parameters(item: type) -> list[Parameter]:
    return list(inspect.signature(item.call).parameters.values())[1:]  # type: ignore[attr-defined]  # a layer has one


def _inputs(item: type, said: docstrings.Docstring) -> tuple[str, tuple[str, ...]]:
    """Say how a layer is called, from the signature of its `call` and the words and examples about it."""
    parameters = [each for each in _call_parameters(item) if each.kind is not Parameter.VAR_KEYWORD]
    needed = [each.name for each in parameters if each.default is Parameter.empty]
    more = [
        name
        for name, text in said.call.items()
        if name not in needed and "mask" not in name and re.match(r"optional \w+ tensor", text, re.IGNORECASE)
    ]
    if len(needed) > 1:
        return "many", (*needed, *more)
    of_several = re.match(r"(?:a )?list of", said.call.get(needed[0], ""), re.IGNORECASE)
    shown = re.search(r"\((?:\[\w+, \w+\]|\(\w+, \w+\))\)", said.help)
    merging = ".merging." in item.__module__
    return ("list" if of_several or merging or (shown and "cross" in said.summary) else "one"), tuple(needed)


def _named(item: type, tensors: tuple[str, ...]) -> list[str]:
    """Name the tensor arguments of `call` that are given by name: masks and states."""
    more = [each for each in _call_parameters(item) if each.name not in tensors and each.default is None]
    return [each.name for each in more if re.search(r"(?:^|_)(?:mask|state)$", each.name)]


def _options(
    item: type, tensors: tuple[str, ...], said: docstrings.Docstring, rule: Callable[..., Argument]
) -> Iterator[Argument]:
    """Describe the arguments of `call` that are no tensors and have a default: `training`, `use_causal_mask`."""
    for each in _call_parameters(item):
        tensor = each.name in tensors or each.name in _named(item, tensors)
        if not tensor and each.default is not Parameter.empty:
            text = said.call.get(each.name, "")
            switch = each.name == "training" or isinstance(each.default, bool)
            described = rule("layer", each.name, each.default, text)
            yield msgspec.structs.replace(described, type="bool", choices=()) if switch else described


def _operation(function: Function) -> Entry:
    """Describe a function of `keras.ops`."""
    said = docstrings.read(function.made.__doc__ or "")
    parameters = inspect.signature(function.made).parameters.values()
    arguments = tuple(
        _operand(each.name, _held(each.default), said.arguments.get(each.name, ""))
        for each in parameters
        if each.name not in (*function.tensors, *_HIDDEN) and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    )
    return Entry(
        kind="operation",
        name=f"ops.{function.name}",
        category=function.made.__module__.rpartition(".")[2],
        summary=said.summary,
        help=said.help,
        arguments=arguments,
        inputs="list" if function.takes_list else "many" if len(function.tensors) > 1 else "one",
        tensors=function.tensors,
        telling=_telling(arguments),
        offered=not any(each.required and each.type == "code" for each in arguments),
    )


def _operand(name: str, default: object, text: str) -> Argument:
    """Describe an argument of a function: no size has a limit there, and "size" may be two of them."""
    described = rules.argument("operation", name, default, text)
    counted = described.type != "int" or re.match(r"(?:an? |optional )*int", text.lower())
    return msgspec.structs.replace(described, minimum=None, type=described.type if counted else "any")


def _held(default: Any) -> Any:
    """Return a default as the document holds it: a data type such as `int` by its name."""
    return default.__name__ if isinstance(default, type) and default is not Parameter.empty else default


def _category(kind: Kind, module: str) -> str:
    """Name the group after the package (layers) or the module (the rest) in which Keras keeps the class."""
    parts = module.split(".")
    if kind == "layer":
        package = parts[-2] if len(parts) > 1 else ""
        return _CATEGORIES.get(package, package)
    if kind == "metric":
        return parts[-1].removesuffix("_metrics").replace("_", " ")
    return parts[-1].removesuffix("_initializers") if kind == "initializer" else ""


def _telling(arguments: tuple[Argument, ...]) -> str:
    """Choose the argument that tells most: the first required one, else the first short one."""
    required = [argument.name for argument in arguments if argument.required]
    short = [each.name for each in arguments if each.type in _CARD and each.name not in _SILENT]
    return next(iter(required + short), "")


def _offered(kind: Kind, name: str, item: Any, arguments: tuple[Argument, ...], tensors: tuple[str, ...]) -> bool:
    """Say whether picking it makes sense.

    Not so: what needs Python code; an activation that needs arguments, since it is given by name; cells, which take
    their states besides the input and live inside `RNN`; metrics of plain values, which take no target; the
    callbacks that `fit` makes itself.
    """
    needs = [argument for argument in arguments if argument.required]
    code = any(argument.type == "code" for argument in needs) or (kind == "activation" and bool(needs))
    functions = bool(arguments) and all(argument.type == "code" for argument in arguments)
    values = kind == "metric" and "y_true" not in inspect.signature(item.update_state).parameters
    made = kind == "callback" and name in _MADE_BY_FIT
    return not (code or functions or values or made or "states" in tensors or "args" in tensors)


def _name_defaults(entries: list[Entry]) -> list[Entry]:
    """Add the short names that stand as defaults, such as `"uniform"`, to the aliases of the class they mean."""
    known = {(entry.kind, name) for entry in entries for name in (entry.name, *entry.aliases)}
    defaults = {
        (NESTED[argument.type], argument.default)
        for entry in entries
        for argument in entry.arguments
        if argument.type in NESTED and isinstance(argument.default, str)
    }
    found: dict[tuple[Kind, str], list[str]] = {}
    for kind, name in sorted(defaults - known):
        meant = import_module(MODULES[kind]).get(name)
        found.setdefault((kind, type(meant).__name__), []).append(name)
    return [
        msgspec.structs.replace(entry, aliases=(*entry.aliases, *found.get((entry.kind, entry.name), ())))
        for entry in entries
    ]


def _borrow_help(entries: list[Entry]) -> Iterator[Entry]:
    """Give an argument without words those of the same argument elsewhere.

    Only words that two classes or more use for the same name and default, of the same kind first: those are Keras's
    idioms.
    """
    words: dict[tuple[str, ...], Counter[str]] = {}
    for entry in entries:
        for argument in entry.arguments:
            for key in _idioms(entry, argument) if argument.help else ():
                words.setdefault(key, Counter())[argument.help] += 1
    for entry in entries:
        told = [each if each.help else _retell(entry, each, words) for each in entry.arguments]
        yield msgspec.structs.replace(entry, arguments=tuple(told))


def _retell(entry: Entry, argument: Argument, words: Mapping[tuple[str, ...], Counter[str]]) -> Argument:
    for key in _idioms(entry, argument):
        text, uses = words.get(key, Counter({"": 0})).most_common(1)[0]
        if uses > 1:
            default = Parameter.empty if argument.required else argument.default
            return rules.argument(entry.kind, argument.name, default, text)
    return argument


def _idioms(entry: Entry, argument: Argument) -> tuple[tuple[str, ...], ...]:
    default = "" if argument.required else repr(argument.default)
    return (entry.kind, argument.name, default), (argument.name, default)


if __name__ == "__main__":
    main(sys.argv[1])
