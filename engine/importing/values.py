"""Keras's own objects as the document names them: a public class, and the arguments that differ from the default."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from kerastui.engine.catalog.catalog import MODULES, Argument, Entry, Kind, catalog
from kerastui.engine.catalog.check import check_value
from kerastui.engine.catalog.objects import build_object
from kerastui.engine.keras_private import keras
from kerastui.engine.project.document import MODEL, Spec, Value

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({module: kind for kind, module in MODULES.items()})
BY_NAME: Final = frozenset({"initializer", "regularizer", "constraint"})
"""Kinds that are given by name alone where they take no arguments: `"he_normal"`."""


LARGEST: Final = 4_096
"""Numbers in an array that stands in a document; larger ones belong into a layer's weights."""


class Known:
    """Remember what constructing objects has told: a large model has the same few layers hundreds of times.

    Attributes:
        defaults: Configurations of objects with nothing but what they need.
        specs: What objects became, by their configuration.
    """

    def __init__(self) -> None:
        self.defaults: dict[str, dict[str, Any]] = {}
        self.specs: dict[str, Spec] = {}


class Unheld(ValueError):
    """Say what a project cannot hold, and no more than that: `my_fn is a function of its own`."""


def spec_of(made: Any, kind: Kind, known: Known, learned: Mapping[str, Any] = MappingProxyType({})) -> Spec:
    """Name a Keras object by its public class and the arguments that differ from the default.

    What the document says is built again and its configuration compared with that of the object, so nothing is lost
    without notice.

    Args:
        made: A layer, optimizer, loss, metric, … of Keras.
        kind: What it is.
        known: What is known from objects before; filled here.
        learned: Arguments that the configuration has not, since they were learned from data.

    Raises:
        Unheld: It is no public class of Keras, or has a setting that no argument gives.
    """
    serialised = keras.saving.serialize_keras_object(made)
    if getattr(import_module(MODULES[kind]), type(made).__name__, None) is not type(made):
        raise Unheld(f"{type(made).__name__} is no public class of Keras")
    return spec_from({**serialised, "config": {**serialised["config"], **learned}}, kind, known)


def spec_from(serialised: Mapping[str, Any], kind: Kind, known: Known, inside: bool = False) -> Spec:
    """Do what `spec_of` does, for an object as Keras serialises it.

    Args:
        serialised: A dict with `class_name` and `config`.
        kind: What it is.
        known: As in `spec_of`.
        inside: It is an argument of an object that is compared as a whole, and may have set something in it, as
            `Bidirectional` does in the layers it wraps.

    Raises:
        Unheld: As `spec_of` does.
    """
    name, config = str(serialised["class_name"]), serialised["config"]
    entry = catalog().get(kind, name)
    if entry is None or not isinstance(config, Mapping):
        raise Unheld(f"{name} is no public {kind} of Keras")
    given = {key: item for key, item in config.items() if key != "name"}
    key = repr((kind, name, inside, alike(given)))
    if key not in known.specs:
        known.specs[key] = _spec(entry, kind, given, known, inside)
    return known.specs[key]


def held(value: Any, name: str) -> Value:
    """Turn what a call was given into a value of the document.

    Args:
        value: A plain value, an index, or an array.
        name: Name of the argument, for the error.

    Raises:
        Unheld: It is something else, or too large.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return tuple(held(item, name) for item in value)
    if isinstance(value, slice):
        return Spec("slice", {key: held(getattr(value, key), name) for key in ("start", "stop", "step")})
    if value is Ellipsis:
        return Spec("Ellipsis")
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        array = np.asarray(value)
        if array.size > LARGEST:
            raise Unheld(f"called with {name}, an array of {array.size:,} numbers")
        if array.dtype.kind not in "biufV":
            raise Unheld(f"called with {name}, an array of {array.dtype}")
        # float16 and bfloat16 are numbers that Python has too, in more digits.
        plain = array if array.dtype.kind in "biu" else array.astype("float64")
        dtype = keras.backend.standardize_dtype(value.dtype)
        return Spec("constant", {"value": _tuples(plain.tolist()), "dtype": dtype})
    raise Unheld(f"called with {name}, a {type(value).__name__}")


def _tuples(item: Any) -> Value:
    return tuple(_tuples(each) for each in item) if isinstance(item, list) else item


def wrapper_of(made: Any, model: str, known: Known) -> Spec:
    """Name a wrapper whose layer is a model, as `TimeDistributed` may have one.

    Args:
        made: The wrapper.
        model: Id of the model in the project.
        known: As in `spec_of`.

    Raises:
        Unheld: As `spec_of` does.
    """
    serialised = keras.saving.serialize_keras_object(made)
    stand_in = keras.saving.serialize_keras_object(keras.layers.Dense(1))
    spec = spec_from({**serialised, "config": {**serialised["config"], "layer": stand_in}}, "layer", known)
    return Spec(spec.class_name, {**spec.config, "layer": Spec(MODEL, {"model": model})})


def own_spec(cls: Any, config: Mapping[str, Any], class_name: str) -> Spec:
    """Name an object of the project's own code by the arguments of its constructor that differ from the default.

    Args:
        cls: Its class.
        config: What its `get_config` gives.
        class_name: What the document calls its class.

    Raises:
        Unheld: An argument is something that a document cannot hold.
    """
    base = {"trainable": True, "dtype": keras.config.dtype_policy().name} if issubclass(cls, keras.Layer) else {}
    usual = {name: each.default for name, each in inspect.signature(cls.__init__).parameters.items()}
    found = {name: alike(config[name]) for name in (*base, *usual) if name in config and name not in ("self", "name")}
    return Spec(class_name, {name: held(item, name) for name, item in found.items() if (base | usual)[name] != item})


def lambda_spec(made: Any) -> Spec:
    """Name a `Lambda` by its function and where that was written; neither code nor settings are kept.

    Args:
        made: The layer.
    """
    name = getattr(made.function, "__name__", type(made.function).__name__).strip("<>")
    code = getattr(made.function, "__code__", None)
    told = f"{name} at {PurePath(code.co_filename).name}:{code.co_firstlineno}" if code else name
    return Spec("Lambda", {"function": "".join(letter if letter.isprintable() else "_" for letter in told)})


def alike(item: Any) -> Any:
    """Reduce a serialised value to what matters: no names of objects, no difference of lists and tuples."""
    if isinstance(item, Mapping):
        if item.get("class_name") == "__tuple__":
            return alike(item["items"])
        if item.get("class_name") == "DTypePolicy":
            return item["config"]["name"]
        if "class_name" in item and "config" in item:
            config = item["config"]
            inner = {key: each for key, each in config.items() if key != "name"} if isinstance(config, dict) else config
            return (item["class_name"], alike(inner))
        return tuple(sorted((str(key), alike(each)) for key, each in item.items()))
    if isinstance(item, np.ndarray | np.generic):
        return alike(item.tolist())
    if isinstance(item, list | tuple):
        return tuple(alike(each) for each in item)
    return item


def _spec(entry: Entry, kind: Kind, given: Mapping[str, Any], known: Known, inside: bool) -> Spec:
    required = {item.name for item in entry.arguments if item.required}
    needed = {key: _argument(entry, key, given[key], known) for key in given if key in required}
    usual = _defaults(entry, kind, needed, known)
    arguments = dict(needed)
    for key, item in given.items():
        # What is no argument, such as `vocabulary_size`, follows from the arguments, or the comparison below says so.
        if key not in required and entry.argument(key) and (key not in usual or alike(item) != alike(usual[key])):
            arguments[key] = _argument(entry, key, item, known)
    differ = _different(Spec(entry.name, arguments), kind, given)
    for exact in (False, True):
        # A default may follow another argument, as the strides of a pooling layer do its size.
        again = [key for key in differ if entry.argument(key) and (exact or key not in arguments)]
        if again:
            arguments |= {key: _argument(entry, key, given[key], known, exact) for key in again}
            differ = _different(Spec(entry.name, arguments), kind, given)
    if differ and not inside:
        raise Unheld(f"{entry.name} comes back with another {' and '.join(differ)}")
    return Spec(entry.name, arguments)


def _defaults(entry: Entry, kind: Kind, needed: Mapping[str, Value], known: Known) -> dict[str, Any]:
    """Give the configuration of an object that got what it must get and nothing else."""
    key = repr((kind, entry.name, needed))
    if key not in known.defaults:
        try:
            known.defaults[key] = _config(build_object(Spec(entry.name, needed), kind))
        except ValueError:  # `Discretization` takes one of two arguments, each of which has a default
            known.defaults[key] = {item.name: item.default for item in entry.arguments if not item.required}
    return known.defaults[key]


def _config(made: Any) -> dict[str, Any]:
    return dict(keras.saving.serialize_keras_object(made)["config"])


def _different(spec: Spec, kind: Kind, given: Mapping[str, Any]) -> list[str]:
    """Build an object of what the document says, and name the settings that are not as given."""
    try:
        again = _config(build_object(spec, kind))
    except ValueError as error:
        raise Unheld(str(error)) from None
    return [key for key, item in given.items() if alike(item) != alike(again.get(key))]


def _argument(entry: Entry, key: str, item: Any, known: Known, exact: bool = False) -> Value:
    argument = entry.argument(key)
    if argument is None:
        raise Unheld(f"{entry.name} has no argument {key}")
    if argument.type == "code":
        raise Unheld(f"{entry.name} runs Python code")
    value = _value(argument, item, known)
    if exact:
        return value
    if isinstance(value, tuple) and len({*map(repr, value)}) == 1 and check_value(argument, value):
        return value[0]  # a pooling layer says (2,) where it takes 2
    return _shortest(value) if isinstance(value, float) else value


def _value(argument: Argument, item: Any, known: Known) -> Value:
    if isinstance(item, np.ndarray | np.generic):
        item = item.tolist()
    if item is None or isinstance(item, bool | int | float):
        return item
    if isinstance(item, str):
        if argument.type == "activation" and catalog().get("activation", item) is None:
            raise Unheld(f"its {argument.name} {item} is none of Keras's")
        return item
    if isinstance(item, list | tuple):
        return tuple(_value(argument, each, known) for each in item)
    if isinstance(item, Mapping) and item.get("class_name") == "__tuple__":
        return tuple(_value(argument, each, known) for each in item["items"])
    if isinstance(item, Mapping) and "class_name" in item and "config" in item:
        return _object(argument, item, known)
    is_code = isinstance(item, Mapping) and not item.keys().isdisjoint(("code", "class_name"))
    raise Unheld(f"its {argument.name} is {'Python code' if is_code else f'a {type(item).__name__}'}")


def _object(argument: Argument, item: Mapping[str, Any], known: Known) -> Value:
    name, config = str(item["class_name"]), item["config"]
    if name == "DTypePolicy":
        return str(config["name"])
    kind = KINDS.get(str(item.get("module")))
    if kind is None:
        shown = config if name == "function" else name
        raise Unheld(f"its {argument.name} is {shown}, which is no public object of Keras")
    spec = spec_from(item, kind, known, inside=True)
    entry = catalog().get(kind, spec.class_name)
    names = entry.aliases if entry is not None and kind in BY_NAME and not spec.config else ()
    return next((alias for alias in names if alias.islower() and _is_understood(kind, alias)), spec)


def _is_understood(kind: Kind, name: str) -> bool:
    """Tell whether Keras makes an object of a name; of `"constant"` it does not."""
    try:
        import_module(MODULES[kind]).get(name)
    except Exception:  # whatever the constructor raises
        return False
    return True


def _shortest(value: float) -> float:
    """Undo that Keras keeps a learning rate or the factor of a regularizer in 32 bits: 0.0003, not 0.000300000014."""
    with np.errstate(over="ignore"):
        narrow = np.float32(value)
    return float(str(narrow)) if float(narrow) == value else value
