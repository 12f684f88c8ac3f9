"""The catalog as it is read: what Keras offers, with arguments, types, defaults and help. No Keras needed.

The asset is written by `introspect.py` for the pinned Keras; reading it takes some milliseconds and happens once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from kerastui.engine.catalog.search import rank
from kerastui.engine.project.document import MODEL

Kind: TypeAlias = Literal[
    "layer",
    "optimizer",
    "loss",
    "metric",
    "schedule",
    "callback",
    "initializer",
    "regularizer",
    "constraint",
    "activation",
    "operation",
    "model",
]
"""What an entry is for. Each kind is one public namespace of Keras, but for `"model"`: a class of the project's own, as
which a whole model is made."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

MODULES: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "layer": "keras.layers",
        "optimizer": "keras.optimizers",
        "loss": "keras.losses",
        "metric": "keras.metrics",
        "schedule": "keras.optimizers.schedules",
        "callback": "keras.callbacks",
        "initializer": "keras.initializers",
        "regularizer": "keras.regularizers",
        "constraint": "keras.constraints",
        "activation": "keras.activations",
        "operation": "keras.ops",
    }
)
"""Public namespace of each kind."""

ArgumentType: TypeAlias = Literal[
    "bool",
    "int",
    "float",
    "number",
    "str",
    "choice",
    "int-tuple",
    "number-tuple",
    "shape",
    "axis",
    "list",
    "dtype",
    "activation",
    "initializer",
    "regularizer",
    "constraint",
    "schedule-or-float",
    "layer",
    "optimizer",
    "code",
    "any",
]
"""What an argument takes. `"int-tuple"` is a whole number or a tuple of them (nested for paddings), `"number-tuple"`
the same of any numbers, `"axis"` an axis or several, `"layer"` a layer of its own, `"code"` a Python function or
object that a document cannot hold, `"any"` a free Python literal."""

NESTED: Final[Mapping[ArgumentType, Kind]] = MappingProxyType(
    {
        "activation": "activation",
        "initializer": "initializer",
        "regularizer": "regularizer",
        "constraint": "constraint",
        "schedule-or-float": "schedule",
        "layer": "layer",
        "optimizer": "optimizer",
        "list": "layer",
    }
)
"""Kind of the objects that stand in an argument of the type; a list of objects is always one of layers."""

Default: TypeAlias = bool | int | float | str | tuple[int | float | str | tuple[int, ...], ...] | None
"""Defaults that Keras's constructors have: the document's `Value` without objects."""


class Argument(msgspec.Struct, frozen=True, omit_defaults=True):
    """Describe one argument of a constructor.

    Args:
        name: Name of the argument.
        type: What it takes.
        required: Whether there is no default.
        default: Value when it is left out; meaningless where `required`.
        nullable: Whether it also takes `None`.
        choices: All texts of a `"choice"`; common texts, as suggestions, of a `"dtype"`.
        minimum: Least value that is allowed, where Keras says so.
        maximum: Greatest value that is allowed, where Keras says so.
        help: One paragraph; lines that start with `- ` are list items. `""` where Keras says nothing.
    """

    name: str
    type: ArgumentType
    required: bool = False
    default: Default = None
    nullable: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | float | None = None
    maximum: int | float | None = None
    help: str = ""


class Entry(msgspec.Struct, frozen=True, dict=True, omit_defaults=True):
    """Describe one class, activation function or operation of Keras.

    Args:
        kind: What it is for.
        name: Public name.
        category: Group in the palette; `""` where Keras has no groups.
        summary: One line.
        help: The rest of Keras's own description, as Markdown, without the arguments.
        arguments: Arguments in the constructor's order, then the inherited ones.
        inputs: How a layer is called: `"one"` tensor, a `"list"` of two or more, or `"many"` tensors of different
            roles, named in `tensors`.
        tensors: Names of the tensor arguments of a layer's `call` that are given in order, required ones first.
        named: Names of its further tensor arguments, which are given by name: masks, `initial_state`.
        options: Arguments of its `call` that are no tensors: `training`, `use_causal_mask`.
        telling: Name of the one argument to be shown on a card; `""` if none.
        aliases: Other public names of the same class.
        offered: False where picking it makes no sense: it needs Python code, is made by Keras itself, or works only
            inside another object. Palette and search leave it out.
        code: File and line of a class of the project's own, `layers.py:12`; `""` for one of Keras.
    """

    kind: Kind
    name: str
    category: str = ""
    summary: str = ""
    help: str = ""
    arguments: tuple[Argument, ...] = ()
    inputs: Literal["one", "list", "many"] = "one"
    tensors: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    options: tuple[Argument, ...] = ()
    telling: str = ""
    aliases: tuple[str, ...] = ()
    offered: bool = True
    code: str = ""

    @property
    def short(self) -> str:
        """Name without the file of a class of the project's own: `ScaledTanh` of `layers.ScaledTanh`."""
        return self.name.rpartition(".")[2] if self.code else self.name

    @cached_property
    def _by_name(self) -> Mapping[str, Argument]:
        return {argument.name: argument for argument in self.arguments}

    def argument(self, name: str) -> Argument | None:
        """Return the argument of that name, or `None`."""
        return self._by_name.get(name)


MODEL_ENTRY: Final = Entry(
    kind="layer",
    name=MODEL,
    category="models",
    summary="A model inside: a graph of the project, applied like a layer.",
    arguments=(
        Argument("model", "str", required=True, help="Which graph of the project it is."),
        Argument("trainable", "bool", default=True, help="Whether training changes its weights."),
    ),
    inputs="many",
    telling="model",
    offered=False,
)
"""What a layer that is a graph of the project takes; no class of Keras."""


class Catalog(msgspec.Struct, frozen=True, dict=True, omit_defaults=True):
    """Hold everything that the pinned Keras offers.

    Args:
        keras: Version of Keras that was introspected.
        entries: All entries, sorted by kind, then by name; those of the project's own code come last.
        own: Those of the project's own code; `None` while it has not been read.

    Example:
        >>> catalog().layer("Dense").telling
        'units'
    """

    keras: str
    entries: tuple[Entry, ...]
    own: tuple[Entry, ...] | None = ()

    @cached_property
    def _by_name(self) -> Mapping[tuple[Kind, str], Entry]:
        aliases = {(entry.kind, alias): entry for entry in self.entries for alias in entry.aliases}
        named = {(entry.kind, entry.name): entry for entry in (*self.entries, MODEL_ENTRY)}
        # A call of the document applies a function of `keras.ops` as it does a layer.
        functions: dict[tuple[Kind, str], Entry] = {
            ("layer", entry.name): entry for entry in self.entries if entry.kind == "operation"
        }
        return aliases | functions | named

    @cached_property
    def _offered(self) -> Mapping[Kind, tuple[Entry, ...]]:
        return {kind: tuple(entry for entry in self.entries if entry.kind == kind and entry.offered) for kind in KINDS}

    def get(self, kind: Kind, name: str) -> Entry | None:
        """Return the entry of that name or alias, also one that is not offered, or `None`."""
        return self._by_name.get((kind, name))

    def layer(self, name: str) -> Entry | None:
        """Return what a layer of the document is: a layer by name or alias, a function as `ops.NAME`, or `None`."""
        return self.get("layer", name)

    def of(self, kind: Kind) -> tuple[Entry, ...]:
        """Return the entries of a kind that are offered, sorted by name."""
        return self._offered[kind]

    def search(self, text: str, kind: Kind) -> list[Entry]:
        """Find offered entries by name, initials (`bn` for BatchNormalization), alias or summary, the best first.

        Args:
            text: What was typed; case and surrounding blanks do not matter. Empty finds everything.
            kind: Kind of the entries.

        Returns:
            Entries that match: exact name, beginning of it, beginnings of its words, any part of it, its letters in
            order, and last words of the summary.
        """
        if not text.strip():
            return list(self.of(kind))
        ranked = [
            (rank(text, (entry.short, entry.name, *entry.aliases), entry.summary), entry) for entry in self.of(kind)
        ]
        found = [(score, entry.name, entry) for score, entry in ranked if score is not None]
        return [entry for _, _, entry in sorted(found, key=lambda item: item[:2])]


def catalog() -> Catalog:
    """Return the catalog: that of the pinned Keras, and the classes of the project that is open (`set_own`).

    The first call loads it; later ones cost nothing.
    """
    return _with_own[-1] if _with_own else _keras()


def set_own(entries: tuple[Entry, ...] | None) -> None:
    """Have the catalog hold the classes of a project's own code, in the place of those before.

    Args:
        entries: Their entries; `None` where there is code that has not been read, so that nothing is said about it.
    """
    if entries != catalog().own:
        keras = _keras()
        _with_own[:] = [] if entries == () else [Catalog(keras.keras, (*keras.entries, *(entries or ())), entries)]


_with_own: list[Catalog] = []
"""The catalog with the classes of the project's own code, where there are any."""


@lru_cache(maxsize=1)
def _keras() -> Catalog:
    return msgspec.json.decode((files("kerastui.assets") / "catalog.json").read_bytes(), type=Catalog)
