"""Values and objects of the document as Python: `64`, `"relu"`, `keras.regularizers.L2(l2=0.0001)`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from kerastui.engine.catalog.catalog import KINDS, MODULES, NESTED, Entry, Kind, catalog
from kerastui.engine.project.document import MODEL, Spec, Value
from kerastui.engine.writing.names import Names
from kerastui.engine.writing.source import Expression, call, flat, listed, quoted, text


class Values:
    """Write values, and remember what they need from elsewhere.

    Attributes:
        imports: Names that are imported from the project's own files: `{("layers", "ScaledTanh"): "ScaledTanh"}`.
        modules: Namespaces of Keras that are used by their last name: `layers`, `ops`; and `numpy`.
        builders: Name of the function that builds a model of the project, by the model's id.
        settable: Ids of the models that are frozen, or set free, where they are applied.
    """

    def __init__(self, names: Names) -> None:
        self.imports: dict[tuple[str, str], str] = {}
        self.modules: set[str] = set()
        self.builders: dict[str, str] = {}
        self.settable: set[str] = set()
        self._names = names

    def value(self, value: Value, kind: Kind | None = None) -> Expression:
        """Write an argument.

        Args:
            value: What the document has.
            kind: Kind of the objects in it, where it is known.
        """
        if isinstance(value, Spec):
            return self.object(value, kind)
        if isinstance(value, tuple):
            return listed([self.value(item, kind) for item in value], "(")
        if isinstance(value, str):
            return text(quoted(value))
        if isinstance(value, float) and not math.isfinite(value):
            return text(f'float("{value}")')
        return text(repr(value))

    def object(self, spec: Spec, kind: Kind | None, name: str = "", **more: Expression) -> Expression:
        """Write the constructor of an object.

        Args:
            spec: Class and arguments.
            kind: What it is for; found by its name where it is `None`.
            name: The name it gets, `""` for Keras's own.
            **more: Arguments that stand after its own.
        """
        kind = kind or _kind_of(spec.class_name)
        entry = catalog().get(kind, spec.class_name)
        given = {"name": text(quoted(name))} if name else {}
        if spec.class_name == MODEL:
            return self._model(spec, name)
        function = self.class_(spec.class_name, kind, entry)
        if kind == "activation" or (kind in ("loss", "metric") and _is_function(spec)):
            return text(function)
        positional, named = self._arguments(spec.config, entry)
        return call(function, *positional, **named, **more, **given)

    def _model(self, spec: Spec, name: str) -> Expression:
        """Write how a model of the project is built; without a name of its own it has that of its graph."""
        key = str(spec.config.get("model", ""))
        trainable = spec.config.get("trainable")
        given = {} if trainable is None else {"trainable": self.value(trainable)}
        self.settable |= {key} if given else set()
        return call(self.builders.get(key, "build_model"), text(quoted(name or key)), **given)

    def constant(self, value: Value) -> Expression:
        """Write a value that a call takes beside tensors: an array, an index, or any other."""
        if isinstance(value, tuple):
            return listed([self.constant(item) for item in value], "(")
        if not isinstance(value, Spec):
            return self.value(value)
        config = value.config
        match value.class_name:
            case "slice":
                return call("slice", *(self.value(config.get(name)) for name in ("start", "stop", "step")))
            case "Ellipsis":
                return text("...")
            case "constant":
                self.modules.add("numpy")
                return call(
                    "numpy.array",
                    self.value(config.get("value")),
                    dtype=self.value(config.get("dtype", "float32")),
                )
        return self.object(value, None)

    def index(self, value: Value) -> str:
        """Write an index, as it stands between square brackets: `:, 1:3`."""
        if isinstance(value, tuple) and value:
            return ", ".join(self.index(item) for item in value) + ("," if len(value) == 1 else "")
        if isinstance(value, Spec) and value.class_name == "slice":
            start, stop, step = (value.config.get(name) for name in ("start", "stop", "step"))
            parts = [start, stop] if step is None else [start, stop, step]
            return ":".join("" if part is None else flat(self.value(part)) for part in parts)
        return flat(self.constant(value))

    def class_(self, name: str, kind: Kind, entry: Entry | None = None) -> str:
        """Return what a class is called in the code, and remember what that takes.

        Args:
            name: Its name in the document: `Dense`, `ops.matmul` or `layers.ScaledTanh`.
            kind: What it is for.
            entry: What the catalog says of it.
        """
        if name.startswith("ops."):
            self.modules.add("ops")
            return name
        module, _, own = name.rpartition(".")
        if module:
            if (module, own) not in self.imports:
                self.imports[module, own] = self._names.new(own)
            return self.imports[module, own]
        if kind == "layer":
            self.modules.add("layers")
        space = MODULES[kind]
        return f"{'layers' if kind == 'layer' else space}.{entry.name if entry else name}"

    def _arguments(
        self, config: Mapping[str, Value], entry: Entry | None
    ) -> tuple[list[Expression], dict[str, Expression]]:
        """Write arguments in the order of the constructor; the first, if it must be given, without its name."""
        known = {argument.name: argument for argument in entry.arguments} if entry else {}
        ordered = [*(key for key in known if key in config), *sorted(config.keys() - known.keys())]
        written = {
            key: self.value(config[key], NESTED.get(known[key].type) if key in known else None) for key in ordered
        }
        first = next(iter(known.values()), None)
        if first is not None and first.required and first.name in written:
            return [written.pop(first.name)], written
        return [], written


def _kind_of(name: str) -> Kind:
    return next((kind for kind in KINDS if catalog().get(kind, name) is not None), "layer")


def _is_function(spec: Spec) -> bool:
    """Tell whether a loss or metric of the project's own is a function, which is given and not called."""
    module, _, own = spec.class_name.rpartition(".")
    return bool(module) and own[:1].islower() and not spec.config
