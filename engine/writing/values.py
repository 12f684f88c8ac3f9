"""Values and objects of the document as Python: `64`, `"relu"`, `keras.regularizers.L2(l2=0.0001)`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from kerastui.engine.catalog.catalog import KINDS, MODULES, NESTED, Entry, Kind, catalog
from kerastui.engine.project.document import MODEL, Spec, Value
from kerastui.engine.writing.names import Names
from kerastui.engine.writing.source import Expression, call, listed, quoted, text


class Values:
    """Write values, and remember what they need from elsewhere.

    Attributes:
        imports: Names that are imported from the project's own files: `{("layers", "ScaledTanh"): "ScaledTanh"}`.
        modules: Namespaces of Keras that are used by their last name: `layers`, `ops`.
        builders: Name of the function that builds a model of the project, by the model's id.
    """

    def __init__(self, names: Names) -> None:
        self.imports: dict[tuple[str, str], str] = {}
        self.modules: set[str] = set()
        self.builders: dict[str, str] = {}
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
            built = str(spec.config.get("model", ""))
            return call(self.builders.get(built, built), *given.values())
        function = self.class_(spec.class_name, kind, entry)
        if kind == "activation":
            return text(function)
        positional, named = self._arguments(spec.config, entry)
        return call(function, *positional, **named, **more, **given)

    def class_(self, name: str, kind: Kind, entry: Entry | None = None) -> str:
        """Return what a class is called in the code, and remember what that takes.

        Args:
            name: Its name in the document: `Dense`, `ops.matmul` or `layers.ScaledTanh`.
            kind: What it is for.
            entry: What the catalog says of it.
        """
        module, _, own = name.rpartition(".")
        if module == "ops":
            self.modules.add("ops")
            return name
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
